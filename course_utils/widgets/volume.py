"""A picture of 7 x 7 x 3 and two 3 x 3 x 3 filters: every output number traced (lesson 06)."""

import io
from functools import cache
from typing import Any

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.geometry import conv_output_size
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.filter_stepper import PADDING
from course_utils.widgets.number_grid import (
    CURRENT,
    as_text,
    figure_of,
    number_grid,
    sheet,
    signed_colours,
    write,
)
from course_utils.widgets.still import Demo

SETTINGS = {"7 x 7 x 3, padding 0": 0, "5 x 5 x 3, padding 1": 1}
STRIDE = 2
CHANNELS = ("red", "green", "blue")
NAMES = ("A: right minus left", "B: red minus blue")
_STEP = np.array([[-1, 0, 1]] * 3)
FILTERS = np.array([[_STEP] * 3, [np.full((3, 3), weight) for weight in (1, 0, -1)]])
"""Two filters, shape (2, 3, 3, 3): filter, channel, row, column."""
BIASES = np.array([1, -2])
SIDE = 3  # of each output map, in both settings
_LIGHT = np.array([[255, 150, 140], [150, 225, 150], [155, 180, 255]])  # of the channels
_TITLE = 24  # height of the line above the maps


@cache
def input_volume(setting: str = "7 x 7 x 3, padding 0") -> np.ndarray:
    """Coffee in a cup on its saucer, in few pixels, channels first, without its padding.

    Parameters
    ----------
    setting : str
        One of `SETTINGS`. The 5 x 5 pixels are the inner ones of the 7 x 7.

    Returns
    -------
    ndarray of int, shape (3, n, n)
        Levels 0 to 3 of red, green and blue: medians of 36 x 36 pixels of the photograph.

    Raises
    ------
    ValueError
        If the setting is none of them.

    Examples
    --------
    >>> input_volume().shape, input_volume("5 x 5 x 3, padding 1").shape
    ((3, 7, 7), (3, 5, 5))
    """
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {', '.join(SETTINGS)}, got {setting!r}.")
    part = load_picture("coffee").image[20:272, 160:412].astype(float)
    middle = np.median(part.reshape(7, 36, 7, 36, 3), axis=(1, 3))  # (7, 7, 3)
    volume = np.rint(middle * 3 / 255).astype(int).transpose(2, 0, 1)
    cut = SETTINGS[setting]
    return volume[:, cut : 7 - cut, cut : 7 - cut]


@cache
def output_volume(setting: str = "7 x 7 x 3, padding 0") -> np.ndarray:
    """What the two filters make of the picture at stride 2.

    Parameters
    ----------
    setting : str
        One of `SETTINGS`.

    Returns
    -------
    ndarray of int, shape (2, 3, 3)

    Raises
    ------
    ValueError
        If the setting is none of them.

    Examples
    --------
    >>> output_volume().shape
    (2, 3, 3)
    """
    side = conv_output_size(input_volume(setting).shape[1], 3, STRIDE, SETTINGS[setting])
    result = np.zeros((len(FILTERS), side, side), dtype=int)
    for index in np.ndindex(*result.shape):
        number, row, column = index
        result[index] = products(row, column, setting)[number].sum() + BIASES[number]
    return result


def products(row: int, column: int, setting: str = "7 x 7 x 3, padding 0") -> np.ndarray:
    """The 27 products of each filter at one place of the output.

    Parameters
    ----------
    row, column : int, 0 to 2
        Of the output.
    setting : str
        One of `SETTINGS`.

    Returns
    -------
    ndarray of int, shape (2, 3, 3, 3)
        Filter, channel, row, column.

    Raises
    ------
    ValueError
        If the setting is none of them.

    Examples
    --------
    >>> products(0, 0)[0].size
    27
    """
    volume, padding = input_volume(setting), SETTINGS[setting]
    padded = np.pad(volume, [(0, 0), (padding, padding), (padding, padding)])
    top, left = row * STRIDE, column * STRIDE
    return FILTERS * padded[:, top : top + 3, left : left + 3]


def draw_volume(
    cell: tuple[int, int] = (1, 1), setting: str = "7 x 7 x 3, padding 0"
) -> tuple[Figure, str]:
    """Draw the window of one output number in all channels, and the products of both filters.

    Parameters
    ----------
    cell : tuple of int
        (row, column) in the two output maps side by side: columns 0 to 2 are filter A's map,
        columns 3 to 5 filter B's.
    setting : str
        One of `SETTINGS`.

    Returns
    -------
    tuple of Figure and str
        The line adds up the chosen number.

    Examples
    --------
    >>> draw_volume((0, 4))[1].split(":")[0]
    'Filter B, row 0, column 1'
    """
    row, (number, column) = cell[0], divmod(cell[1], SIDE)
    volume, padding = input_volume(setting), SETTINGS[setting]
    padded = np.pad(volume, [(0, 0), (padding, padding), (padding, padding)])
    top, left = row * STRIDE, column * STRIDE
    drawing = sheet(720, 420)
    for channel, name in enumerate(CHANNELS):
        middle = 104 + 190 * channel
        write(drawing, (middle, 11), name, anchor="m")
        colours = _channel_colours(padded[channel], channel, padding)
        window = (top, left, top + 3, left + 3)
        grid = number_grid(as_text(padded[channel]), colours, 24, frames=[window])
        drawing.paste(grid, (middle - grid.width // 2, 22))
    by_filter = products(row, column, setting)
    _paste_filters(drawing, 218, "weights", FILTERS, number, largest=1)
    _paste_filters(drawing, 312, "weight x level", by_filter, number, largest=3)
    parts = by_filter[number].sum(axis=(1, 2))
    total = int(parts.sum() + BIASES[number])
    write(drawing, (600, 34), f"filter {'AB'[number]}, sums")
    for line, (words, value) in enumerate(
        [*zip(CHANNELS, parts, strict=True), ("bias", BIASES[number]), ("output", total)]
    ):
        height = 56 + 22 * line
        write(drawing, (600, height), words, colour=CURRENT if words == "output" else "black")
        write(drawing, (700, height), str(value), anchor="r")
    name = "AB"[number]
    summed = " + ".join(f"({part})" if part < 0 else str(part) for part in [*parts, BIASES[number]])
    line_below = f"Filter {name}, row {row}, column {column}: {summed} = {total}"
    figure = figure_of(drawing)
    listed = "; ".join(
        f"{colour} {', '.join(map(str, by_filter[number, channel].ravel()))}"
        for channel, colour in enumerate(CHANNELS)
    )
    set_alt_text(
        figure,
        f"Input {setting}, stride {STRIDE}. {line_below} (red + green + blue + bias). "
        f"The 27 products: {listed}.",
    )
    return figure, line_below


def draw_output(setting: str = "7 x 7 x 3, padding 0") -> Figure:
    """Draw the output volume: the two maps side by side.

    Parameters
    ----------
    setting : str
        One of `SETTINGS`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "Filter A's map" in alt_text(draw_output())
    True
    """
    figure = figure_of(_output_picture(setting))
    set_alt_text(figure, _output_in_words(setting))
    return figure


def demo() -> Demo:
    """Let the student choose an output number and see what it is made of.

    Returns
    -------
    Demo

    Examples
    --------
    >>> demo().caption.split(":")[0]
    'Filter A, row 1, column 1'
    """
    choice = Dropdown(description="Input", options=list(SETTINGS))
    start = (1, 1)
    picture = _output_picture(choice.value, start)
    canvas = Canvas(
        "Output: filter A's map, then filter B's",
        png=_png(picture),
        alt=_output_in_words(choice.value),
        rows=SIDE,
        columns=2 * SIDE,
        box=(0, _TITLE / picture.height, 1, 1 - _TITLE / picture.height),
        width=picture.width,
        hover=True,
    )
    canvas.cursor = list(start)
    canvas.help = "Arrow keys move."

    def show_choice(_: dict[str, Any]) -> None:
        with canvas.hold_sync():
            canvas.png = _png(_output_picture(choice.value, tuple(canvas.cursor)))
            canvas.alt = _output_in_words(choice.value)

    choice.observe(show_choice, "value")
    canvas.observe(show_choice, "cursor")
    return explore(draw_volume, canvas, choice)


def _channel_colours(levels: np.ndarray, channel: int, padding: int) -> np.ndarray:
    """Cells of one channel: 0 black, 3 the channel's light colour, padding in its own colour."""
    share = 0.25 + 0.75 * levels[..., None] / 3
    colours = np.rint(share * _LIGHT[channel]).astype(np.uint8)
    border = np.ones(levels.shape, dtype=bool)
    border[padding : len(levels) - padding, padding : len(levels) - padding] = False
    colours[border] = PADDING
    return colours


def _paste_filters(
    drawing: Image.Image, top: int, title: str, values: np.ndarray, chosen: int, largest: int
) -> None:
    """A 3 x 3 grid for each filter under each channel; the chosen filter's has a frame."""
    write(drawing, (600, top + 45), title)
    for channel in range(3):
        for number in range(2):
            frames = [(0, 0, 3, 3)] if number == chosen else []
            block = values[number, channel]
            grid = number_grid(
                as_text(block), signed_colours(block, largest), 24, frames=frames, size=11
            )
            left = 104 + 190 * channel - 80 + 86 * number
            write(drawing, (left + 36, top), "AB"[number], 12, anchor="m")
            drawing.paste(grid, (left, top + 9))


def _output_picture(setting: str, chosen: tuple[int, int] | None = None) -> Image.Image:
    """Both maps side by side under their names, the chosen cell framed.

    There is no gap between the maps: the canvas counts their cells.
    """
    maps = np.concatenate(list(output_volume(setting)), axis=1)
    frames = [(*chosen, chosen[0] + 1, chosen[1] + 1)] if chosen else []
    colours = signed_colours(maps, np.abs(maps).max())
    grid = number_grid(as_text(maps), colours, 48, frames=frames)
    pen = ImageDraw.Draw(grid)
    pen.line([(grid.width // 2, 0), (grid.width // 2, grid.height)], fill="black", width=3)
    picture = sheet(grid.width, grid.height + _TITLE)
    for number, name in enumerate("AB"):
        write(picture, ((1 + 2 * number) * grid.width / 4, 11), f"map of filter {name}", anchor="m")
    picture.paste(grid, (0, _TITLE))
    return picture


def _output_in_words(setting: str) -> str:
    maps = (
        f"Filter {name}'s map: "
        + "; ".join(", ".join(map(str, row)) for row in output_volume(setting)[number].tolist())
        for number, name in enumerate("AB")
    )
    return " ".join(f"{words}." for words in maps)


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()
