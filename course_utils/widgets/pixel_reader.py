"""Step over a picture and read each pixel: position, colour, class, instance (lesson 01)."""

import io
from functools import cache
from typing import Any

import numpy as np
from ipywidgets import RadioButtons
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from course_utils.datasets.pictures import Picture, load_picture
from course_utils.datasets.street import drawn_street
from course_utils.drawing import colour_numbers
from course_utils.figures import set_alt_text
from course_utils.labels import IGNORE_INDEX, display_palette
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.number_grid import figure_of, sheet, write
from course_utils.widgets.still import Demo

COLOURINGS = ("photograph", "semantic", "instance", "panoptic")
COLUMNS = 160  # at most so many are shown: a key press then moves far enough to be seen
REACH = 3  # the window shows so many pixels on every side of the one that is read
SIDE = 2 * REACH + 1
WIDTH = 480  # of the picture on screen; these are pixels of the screen too:
CELL, MARGIN, TITLE = 42, 14, 24  # an enlarged pixel, between the two panels, above them
GREY = 128  # void, in colourings


@cache
def reduced_picture(name: str) -> Picture:
    """A picture small enough to step over, with every n-th pixel of every n-th row.

    Parameters
    ----------
    name : str
        One that `load_picture` knows, or "street" for the drawn street scene.

    Returns
    -------
    Picture
        At most `COLUMNS` columns wide. Taking every n-th pixel keeps the labels as they are.

    Examples
    --------
    >>> reduced_picture("rocket").image.shape
    (107, 160, 3)
    """
    picture, step = _whole(name), _step(name)
    image, label_map, instance_map = (
        array[::step, ::step] for array in (picture.image, picture.label_map, picture.instance_map)
    )
    return Picture(image, label_map, instance_map, picture.class_names)


def coloured(picture: Picture, colouring: str) -> np.ndarray:
    """Colour a picture by class, by instance, or by both.

    Parameters
    ----------
    picture : Picture
    colouring : str
        One of `COLOURINGS`.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        "semantic": a colour for each class. "instance": one for each object, black where there is
        none. "panoptic": the colour of the class, in another shade for each of its objects. Void
        is grey.

    Raises
    ------
    ValueError
        If there is no such colouring.

    Examples
    --------
    >>> rocket = reduced_picture("rocket")
    >>> [len(np.unique(coloured(rocket, c).reshape(-1, 3), axis=0)) for c in COLOURINGS[1:]]
    [5, 8, 9]
    """
    if colouring not in COLOURINGS:
        raise ValueError(f"colouring must be one of {', '.join(COLOURINGS)}, got {colouring!r}.")
    if colouring == "photograph":
        grey = picture.image.ndim == 2
        return np.repeat(picture.image[..., None], 3, axis=-1) if grey else picture.image
    void = picture.label_map == IGNORE_INDEX
    palette = display_palette(len(picture.class_names))
    by_class = palette[np.where(void, 0, picture.label_map)]
    if colouring == "semantic":
        return np.where(void[..., None], np.uint8(GREY), by_class)
    ids, index = np.unique(picture.instance_map, return_inverse=True)
    index = index.reshape(picture.instance_map.shape) + (ids[0] != 0)  # 0 stays "no object"
    count = len(ids) - (ids[0] == 0)
    if colouring == "instance":
        number = np.concatenate([[0], 1 + colour_numbers(index, count, 12)])
        image = display_palette(13)[number[index]]
    else:
        shade = _shades(by_class, index, count)[index][..., None]
        image = ((1 - shade) * by_class + shade * 255).astype(np.uint8)
        image[void] = GREY
    return image


def describe_pixel(picture: Picture, row: int, column: int) -> str:
    """Say what is known of a pixel.

    Parameters
    ----------
    picture : Picture
    row, column : int
        Counted from 0, from the top and from the left.

    Returns
    -------
    str

    Examples
    --------
    >>> describe_pixel(reduced_picture("rocket"), 53, 80)
    'row 53, column 80: colour (138, 130, 117), class 2 (rocket), instance 6'
    """
    colour = np.atleast_1d(picture.image[row, column]).tolist()
    level = (
        f"colour ({', '.join(map(str, colour))})" if len(colour) > 1 else f"grey level {colour[0]}"
    )
    label, instance = int(picture.label_map[row, column]), int(picture.instance_map[row, column])
    name = "void" if label == IGNORE_INDEX else picture.class_names[label]
    of_object = f"instance {instance}" if instance else "no instance"
    return f"row {row}, column {column}: {level}, class {label} ({name}), {of_object}"


def draw_pixel(
    cell: tuple[int, int], colouring: str = "semantic", picture: str = "rocket"
) -> tuple[Figure, str]:
    """Draw the pixels around one, as photograph and with their numbers, and say what it is.

    Parameters
    ----------
    cell : tuple of int
        (row, column) of the pixel, in the reduced picture.
    colouring : str
        One of `COLOURINGS`. The numbers are red, green and blue, or the grey level, of the
        photograph; otherwise class index, instance number, or both, one above the other.
    picture : str
        As for `reduced_picture`.

    Returns
    -------
    tuple of Figure and str

    Examples
    --------
    >>> figure, line = draw_pixel((53, 80), "instance")
    >>> line
    'row 53, column 80: colour (138, 130, 117), class 2 (rocket), instance 6'
    """
    source = reduced_picture(picture)
    rows, columns = source.label_map.shape
    row, column = cell
    top = min(max(row - REACH, 0), rows - SIDE)
    left = min(max(column - REACH, 0), columns - SIDE)
    window = np.s_[top : top + SIDE, left : left + SIDE]
    values = _values(source, colouring)[window]
    place = (row - top, column - left)
    shown = sheet(2 * SIDE * CELL + 2 * MARGIN, SIDE * CELL + TITLE + 4)
    around = f"around it, {_STEPS.get(_step(picture), f'every {_step(picture)}th')} pixel"
    for number, (title, kind) in enumerate(
        [(around, "photograph"), (_TITLES[colouring], colouring)]
    ):
        panel = _enlarged(_colourings(picture)[kind][window], place, values if number else None)
        at = number * (SIDE * CELL + MARGIN) + MARGIN // 2
        shown.paste(panel, (at, TITLE))
        middle = (at + SIDE * CELL // 2, TITLE // 2)
        write(shown, middle, title, anchor="m")
    figure = figure_of(shown)
    line = describe_pixel(source, row, column)
    words = ", ".join(" ".join(map(str, pixel)) for pixel in values[place[0]].tolist())
    set_alt_text(
        figure,
        f"{SIDE} x {SIDE} pixels enlarged, as photograph and with numbers "
        f"({_TITLES[colouring]}). Read: {line}. Numbers in its row, from the left: {words}.",
    )
    return figure, line


def demo(picture: str = "rocket") -> Demo:
    """Let the student hover or step over a picture and choose what its numbers are.

    Parameters
    ----------
    picture : str
        As for `reduced_picture`.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    source = reduced_picture(picture)
    rows, columns = source.label_map.shape
    pictures = {name: _png(image) for name, image in _colourings(picture).items()}
    colouring = RadioButtons(description="Shown", options=COLOURINGS)
    canvas = Canvas(
        "Read a pixel",
        png=pictures["photograph"],
        alt=_alt(picture, "photograph"),
        rows=rows,
        columns=columns,
        width=columns * (WIDTH // columns),
        hover=True,
    )

    def recolour(change: dict[str, Any]) -> None:
        with canvas.hold_sync():
            canvas.png, canvas.alt = pictures[change["new"]], _alt(picture, change["new"])

    colouring.observe(recolour, "value")

    def draw(cell: tuple[int, int], colouring: str) -> tuple[Figure, str]:
        return draw_pixel(cell, colouring, picture)

    return explore(draw, canvas, colouring=colouring)


_STEPS = {1: "every", 2: "every 2nd", 3: "every 3rd"}
_TITLES = {
    "photograph": "red, green, blue",
    "semantic": "class index",
    "instance": "instance number",
    "panoptic": "class index, instance number",
}


@cache
def _colourings(name: str) -> dict[str, np.ndarray]:
    return {colouring: coloured(reduced_picture(name), colouring) for colouring in COLOURINGS}


def _shades(by_class: np.ndarray, index: np.ndarray, count: int) -> np.ndarray:
    """How light each object is drawn, 0 to 0.6: evenly spaced among the objects of one class."""
    colours = [tuple(by_class[index == number][0].tolist()) for number in range(1, count + 1)]
    shades = [0.0]
    for number, colour in enumerate(colours):
        of_class = [k for k, other in enumerate(colours) if other == colour]
        shades.append(0.6 * of_class.index(number) / max(len(of_class) - 1, 1))
    return np.array(shades)


@cache
def _whole(name: str) -> Picture:
    return drawn_street() if name == "street" else load_picture(name)


@cache
def _step(name: str) -> int:
    """Every how many pixels of the whole picture one is shown."""
    return -(-_whole(name).image.shape[1] // COLUMNS)


def _values(picture: Picture, colouring: str) -> np.ndarray:
    """The numbers of each pixel, shape (H, W, n)."""
    if colouring == "photograph":
        return picture.image.reshape(*picture.label_map.shape, -1)
    maps = {"semantic": [picture.label_map], "instance": [picture.instance_map]}
    return np.stack(maps.get(colouring, [picture.label_map, picture.instance_map]), axis=-1)


def _enlarged(window: np.ndarray, place: tuple[int, int], values: np.ndarray | None) -> Image.Image:
    """Pixels as squares with their numbers written in, the one at `place` framed.

    Drawn without Matplotlib, which needs ten times longer for so many short texts.
    """
    panel = Image.fromarray(window).resize((SIDE * CELL, SIDE * CELL), Image.Resampling.NEAREST)
    lines = 0 if values is None else values.shape[-1]
    bright = window @ np.array([0.299, 0.587, 0.114]) > 140
    for row, column, line in np.ndindex(SIDE, SIDE, lines):
        assert values is not None  # else there are no lines
        y = (row + (line + 0.7) / (lines + 0.4)) * CELL
        colour = "black" if bright[row, column] else "white"
        text, middle = str(values[row, column, line]), (column + 0.5) * CELL
        write(panel, (middle, y), text, 18 - 2 * lines, colour, anchor="m")
    pen = ImageDraw.Draw(panel)
    y, x = (CELL * part for part in place)
    for inset, colour in ((0, "black"), (2, "white")):
        box = (x + inset, y + inset, x + CELL - 1 - inset, y + CELL - 1 - inset)
        pen.rectangle(box, outline=colour, width=2)
    return panel


def _png(image: np.ndarray) -> bytes:
    factor = max(1, WIDTH // image.shape[1])
    file = io.BytesIO()
    Image.fromarray(image.repeat(factor, axis=0).repeat(factor, axis=1)).save(file, "png")
    return file.getvalue()


def _alt(name: str, colouring: str) -> str:
    picture = reduced_picture(name)
    classes = ", ".join(picture.class_names)
    what = "as it was taken" if colouring == "photograph" else f"coloured by {colouring} label"
    rows, columns = picture.label_map.shape
    return f"The picture {name}, {rows} x {columns} pixels, {what}. Its classes: {classes}."
