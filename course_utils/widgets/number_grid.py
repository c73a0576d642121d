"""Grids of numbers, drawn fast enough for a slider: pixels, weights, products and sums.

Matplotlib needs milliseconds for each short text; here a word is drawn once and then stamped
wherever it comes again. What is drawn ends in a Matplotlib figure, so that it has alternative text.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import colormaps, get_data_path
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont

BLANK = 255
LINE = (150, 150, 150)
CURRENT = (200, 80, 0)  # frames around what is looked at: dark orange
Frame = tuple[int, int, int, int]  # top, left, bottom, right, in cells, the last two excluded


def number_grid(
    texts: np.ndarray,
    colours: np.ndarray,
    cell: int,
    *,
    frames: Sequence[Frame] = (),
    size: int = 0,
) -> Image.Image:
    """Draw a grid of cells with a number written in each.

    Parameters
    ----------
    texts : ndarray of str, shape (R, C)
        What stands in each cell; "" leaves it empty.
    colours : ndarray of uint8, shape (R, C, 3)
        Of the cells. The numbers are black on bright cells and white on dark ones.
    cell : int
        Side of a cell in pixels of the screen.
    frames : sequence of (top, left, bottom, right)
        Cells with a thick frame around them, the last two numbers excluded.
    size : int
        Of the letters in pixels; by default as large as three digits allow.

    Returns
    -------
    Image
        RGB, (C * cell + 1) x (R * cell + 1) pixels.

    Examples
    --------
    >>> grid = number_grid(np.array([["1", "2"]]), np.full((1, 2, 3), 255, np.uint8), 20)
    >>> grid.size
    (41, 21)
    """
    rows, columns = texts.shape
    size = size or min(15, max(8, int(0.42 * cell)))
    pixels = np.full((rows * cell + 1, columns * cell + 1, 3), LINE, np.uint8)
    pixels[1:, 1:] = colours.repeat(cell, axis=0).repeat(cell, axis=1)
    pixels[::cell] = LINE
    pixels[:, ::cell] = LINE
    picture = Image.fromarray(pixels)
    bright = colours @ np.array([0.299, 0.587, 0.114]) > 130
    for row, column in np.argwhere(texts != ""):
        text = written(str(texts[row, column]), size)
        corner = (
            round((column + 0.5) * cell - text.width / 2),
            round((row + 0.5) * cell - text.height / 2) + 1,
        )
        picture.paste("black" if bright[row, column] else "white", corner, text)
    pen = ImageDraw.Draw(picture)
    for top, left, bottom, right in frames:
        box = (left * cell, top * cell, right * cell, bottom * cell)
        pen.rectangle(box, outline=CURRENT, width=3)
    return picture


def shaded_numbers(numbers: np.ndarray, side: int, frames: Sequence[Frame] = ()) -> Image.Image:
    """Draw a grid of whole numbers that fills a square, the larger the darker.

    Parameters
    ----------
    numbers : ndarray of int, at least 0, shape (R, C)
        At most `side` rows and columns; without any the square stays white.
    side : int
        Of the square in pixels of the screen.
    frames : sequence of (top, left, bottom, right)
        As for `number_grid`.

    Returns
    -------
    Image
        RGB, side x side pixels.

    Examples
    --------
    >>> shaded_numbers(np.array([[0, 7], [12, 100]]), 240).size
    (240, 240)
    """
    square = sheet(side, side)
    if numbers.size:
        cell = (side - 1) // max(numbers.shape)
        shade = colormaps["Blues"](0.75 * numbers / max(1, numbers.max()))[..., :3]
        digits = len(str(numbers.max()))
        grid = number_grid(
            numbers.astype(str),
            np.rint(255 * shade).astype(np.uint8),
            cell,
            frames=frames,
            size=max(7, min(15, int(0.6 * cell), int(1.4 * cell / digits))),
        )
        square.paste(grid, ((side - grid.width) // 2, (side - grid.height) // 2))
    return square


def panel_row(*panels: tuple[str, Image.Image]) -> Figure:
    """Lay pictures beside each other, each under its title.

    Parameters
    ----------
    *panels : tuple of str and Image
        Title and picture, from left to right.

    Returns
    -------
    Figure
        It still needs `set_alt_text`.

    Examples
    --------
    >>> square = sheet(240, 240)
    >>> panel_row(("input", square), ("output", square)).get_size_inches().tolist()
    [5.16, 2.72]
    """
    gap, top = 12, 26
    width = sum(picture.width + gap for _, picture in panels) + gap
    row = sheet(width, max(picture.height for _, picture in panels) + top + 6)
    left = gap
    for title, picture in panels:
        write(row, (left + picture.width / 2, top / 2), title, anchor="m")
        row.paste(picture, (left, top))
        left += picture.width + gap
    return figure_of(row)


def sheet(width: int, height: int) -> Image.Image:
    """An empty white picture to lay grids and words on.

    Parameters
    ----------
    width, height : int
        In pixels of the screen.

    Returns
    -------
    Image

    Examples
    --------
    >>> sheet(300, 200).size
    (300, 200)
    """
    return Image.new("RGB", (width, height), "white")


def write(
    picture: Image.Image,
    place: tuple[float, float],
    text: str,
    size: int = 14,
    colour: str | tuple[int, int, int] = "black",
    anchor: str = "l",
) -> None:
    """Write a line of text onto a picture, in place.

    Parameters
    ----------
    picture : Image
    place : tuple of float
        (left, middle) of the line in pixels; with `anchor` "m" or "r" its centre or right end.
    text : str
    size : int
        Of the letters in pixels.
    colour : str or tuple of int
    anchor : {"l", "m", "r"}

    Examples
    --------
    >>> picture = sheet(100, 20)
    >>> write(picture, (5, 10), "sum")
    >>> bool((np.asarray(picture) < 255).any())
    True
    """
    stamp = written(text, size)
    left = place[0] - {"l": 0, "m": stamp.width / 2, "r": stamp.width}[anchor]
    ink = colour if isinstance(colour, tuple | str) else tuple(colour)
    picture.paste(ink, (round(left), round(place[1] - stamp.height / 2)), stamp)


def signed_colours(values: np.ndarray, largest: float) -> np.ndarray:
    """Colour numbers by sign and size: blue below 0, white at 0, orange above.

    Parameters
    ----------
    values : ndarray of float, any shape
    largest : float
        The size that gets the full colour.

    Returns
    -------
    ndarray of uint8, shape of values + (3,)

    Examples
    --------
    >>> signed_colours(np.array([-2.0, 0.0, 2.0]), 2).tolist()
    [[120, 170, 230], [255, 255, 255], [245, 175, 95]]
    """
    share = np.clip(np.abs(values) / max(largest, 1e-12), 0, 1)[..., None]
    full = np.where(values[..., None] < 0, (120, 170, 230), (245, 175, 95))
    return np.rint(255 + share * (full - 255.0)).astype(np.uint8)


def grey_colours(values: np.ndarray, largest: float) -> np.ndarray:
    """Colour numbers as grey levels, 0 black.

    Parameters
    ----------
    values : ndarray of float, any shape
        In [0, largest].
    largest : float
        Drawn white.

    Returns
    -------
    ndarray of uint8, shape of values + (3,)

    Examples
    --------
    >>> grey_colours(np.array([0, 9]), 9).tolist()
    [[40, 40, 40], [255, 255, 255]]
    """
    level = np.rint(40 + 215 * np.clip(values / largest, 0, 1)).astype(np.uint8)
    return np.repeat(level[..., None], 3, axis=-1)


def as_text(values: np.ndarray) -> np.ndarray:
    """Write each number: whole ones without a point, others with two digits behind it.

    Parameters
    ----------
    values : ndarray of float, any shape

    Returns
    -------
    ndarray of str, same shape

    Examples
    --------
    >>> as_text(np.array([3.0, -0.25, -1.0])).tolist()
    ['3', '-0.25', '-1']
    """
    flat = [
        f"{round(v)}" if abs(v - round(v)) < 1e-9 else f"{v:.2f}" for v in values.ravel().tolist()
    ]
    return np.array(flat, dtype=object).reshape(values.shape)


def figure_of(picture: Image.Image) -> Figure:
    """Make a figure that is filled by a picture, one pixel of it a pixel of the screen.

    Parameters
    ----------
    picture : Image

    Returns
    -------
    Figure
        Without axes. It still needs `set_alt_text`.

    Examples
    --------
    >>> figure_of(sheet(300, 200)).get_size_inches().tolist()
    [3.0, 2.0]
    """
    figure = Figure(figsize=(picture.width / 100, picture.height / 100), dpi=100)
    FigureCanvasAgg(figure)
    figure.figimage(np.asarray(picture.convert("RGBA")))  # quicker to draw than RGB
    return figure


@cache
def written(text: str, size: int) -> Image.Image:
    """A word as a mask, drawn once.

    Parameters
    ----------
    text : str
    size : int
        Of the letters in pixels.

    Returns
    -------
    Image
        Mode "L": how much of each pixel is ink.

    Examples
    --------
    >>> written("7", 14).mode
    'L'
    """
    font = _font(size)
    left, _, right, _ = (round(side) for side in font.getbbox(text))
    ascent, descent = font.getmetrics()
    mask = Image.new("L", (max(1, right - left), ascent + descent))
    ImageDraw.Draw(mask).text((-left, 0), text, 255, font)
    return mask


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)
