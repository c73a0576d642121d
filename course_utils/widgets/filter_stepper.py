"""A filter that moves over a small picture: its products and their sum (lesson 06)."""

from functools import cache
from typing import Any

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure

from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.geometry import conv_output_size, kernel_extent
from course_utils.widgets.explore import explore
from course_utils.widgets.number_grid import (
    as_text,
    figure_of,
    grey_colours,
    number_grid,
    sheet,
    signed_colours,
    write,
)
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

SIDE = 9  # of the largest small picture
BRIGHTEST = 9  # one digit for each pixel
WEIGHTS = ("Sobel", "blur", "sharpen", "right minus left", "all ones")
LARGEST = {"kernel": 5, "padding": 2, "stride": 3, "dilation": 3}
_PANEL, _HEIGHT = 324, 390  # width of the padded picture, height of the drawing
PADDING = (250, 236, 170)  # pale yellow: no level of a picture, grey or coloured


@cache
def small_picture() -> np.ndarray:
    """The cameraman's head before the sky, so small that every pixel can be read.

    Returns
    -------
    ndarray of int, shape (9, 9)
        Grey levels from 0 (black) to 9 (the brightest), each from the mean of 12 x 12 pixels of
        the photograph.

    Examples
    --------
    >>> small_picture().shape, int(small_picture().min()), int(small_picture().max())
    ((9, 9), 1, 9)
    """
    part = load_picture("camera").image[56:164, 196:304].astype(float)
    means = part.reshape(SIDE, 12, SIDE, 12).mean(axis=(1, 3))
    return np.rint(means * BRIGHTEST / means.max()).astype(int)


def make_weights(name: str, kernel: int) -> np.ndarray:
    """Weights of a filter of any size.

    Parameters
    ----------
    name : str
        One of `WEIGHTS`. "Sobel": right minus left, with more weight to the middle rows; "blur":
        one over their number; "sharpen": the middle against its four neighbours, adding up to 1;
        "right minus left": the last column minus the first.
    kernel : int, at least 1
        Side of the filter.

    Returns
    -------
    ndarray of float, shape (kernel, kernel)

    Raises
    ------
    ValueError
        If the name is none of them.

    Examples
    --------
    >>> make_weights("Sobel", 3).tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    if name not in WEIGHTS:
        raise ValueError(f"name must be one of {', '.join(WEIGHTS)}, got {name!r}.")
    if name == "sharpen":
        return _sharpen(kernel)
    if name == "blur":
        return np.full((kernel, kernel), 1 / kernel**2)
    if name == "all ones" or kernel == 1:  # a single tap is no difference
        return np.ones((kernel, kernel))
    if name == "Sobel":  # (1 + x)^(k - 1) down, (x - 1) (1 + x)^(k - 2) across, lowest power first
        return np.outer(_binomial(kernel - 1), np.convolve([-1, 1], _binomial(kernel - 2)))
    return np.tile([-1.0, *[0.0] * (kernel - 2), 1.0], (kernel, 1))


def answers(
    picture: np.ndarray, weights: np.ndarray, padding: int, stride: int, dilation: int
) -> np.ndarray:
    """Sum of the products at every place of the filter.

    Parameters
    ----------
    picture : ndarray, shape (n, n)
    weights : ndarray, shape (k, k)
    padding, stride, dilation : int

    Returns
    -------
    ndarray of float, shape (m, m)
        m as `conv_output_size` says.

    Raises
    ------
    ValueError
        As `conv_output_size`.

    Examples
    --------
    >>> answers(np.eye(3), np.ones((2, 2)), padding=0, stride=1, dilation=1).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    side = conv_output_size(len(picture), len(weights), stride, padding, dilation)
    padded = np.pad(picture, padding)
    result = np.zeros((side, side))
    for row, column in np.ndindex(*weights.shape):
        top, left = row * dilation, column * dilation
        window = np.s_[top : top + side * stride : stride, left : left + side * stride : stride]
        result += weights[row, column] * padded[window]
    return result


def draw_filter(
    place: int = 1,
    n: int = 7,
    kernel: int = 3,
    padding: int = 0,
    stride: int = 1,
    dilation: int = 1,
    weights: str = "Sobel",
) -> tuple[Figure, str]:
    """Draw a filter at one place of a small picture, its products, and the sums found so far.

    Parameters
    ----------
    place : int, at least 1
        Which output is computed, row by row; beyond the last, the last.
    n : int, 1 to 9
        Side of the picture.
    kernel, padding, stride, dilation : int
        As for `conv_output_size`.
    weights : str
        One of `WEIGHTS`.

    Returns
    -------
    tuple of Figure and str
        The line says the sum and the size; for impossible settings, what is wrong with them.

    Examples
    --------
    >>> draw_filter(place=2, n=5)[1].split(":")[0]
    'Output row 0, column 1 (place 2 of 9)'
    """
    picture, taps = small_picture()[:n, :n], make_weights(weights, kernel)
    try:
        result = answers(picture, taps, padding, stride, dilation)
    except ValueError as error:
        return _impossible(picture, padding, f"Impossible: {error}")
    side = len(result)
    place = min(max(place, 1), side**2)
    row, column = divmod(place - 1, side)
    top, left = row * stride, column * stride
    extent = kernel_extent(kernel, dilation)
    under = np.s_[top : top + extent : dilation, left : left + extent : dilation]
    products = taps * np.pad(picture, padding)[under]
    drawing = _with_picture(picture, padding, (top, left, top + extent, left + extent), under)
    cell = min(30, 150 // kernel)
    weight_texts = as_text(taps) if weights != "blur" else np.full(taps.shape, f"1/{taps.size}")
    for below, (title, texts, values) in enumerate(
        [("weights", weight_texts, taps), ("weight x pixel", as_text(products), products)]
    ):
        write(drawing, (430, 12 + 196 * below), title, anchor="m")
        grid = number_grid(
            texts.astype(object), signed_colours(values, np.abs(values).max()), cell, size=11
        )
        drawing.paste(grid, (430 - grid.width // 2, 24 + 196 * below))
    shown = as_text(result)
    shown.ravel()[place:] = ""
    cell = min(36, 216 // side)
    colours = signed_colours(result, np.abs(result).max())
    colours.reshape(-1, 3)[place:] = 245
    longest = max(len(text) for text in as_text(result).ravel())
    letters = max(7, min(15, int(0.42 * cell), int(1.45 * cell / longest)))  # keeps off the lines
    here = (row, column, row + 1, column + 1)
    grid = number_grid(shown, colours, cell, frames=[here], size=letters)
    write(drawing, (636, 12), f"sums: {side} x {side}", anchor="m")
    drawing.paste(grid, (636 - grid.width // 2, 24))
    size = f"floor(({n} + 2 x {padding} - {extent}) / {stride}) + 1 = {side}"
    adding = f"{taps.size} products add up to" if taps.size > 1 else "only product is"
    told = f"the {adding} {as_text(result[row, column, None])[0]}"
    line = f"Output row {row}, column {column} (place {place} of {side**2}): {told}. Side: {size}."
    figure = figure_of(drawing)
    listed = ", ".join(as_text(products).ravel())
    settings = f"padding {padding}, stride {stride}, dilation {dilation}"
    set_alt_text(
        figure,
        f"A {kernel} x {kernel} filter ({weights}) on {n} x {n} pixels, {settings}. {line} "
        f"Products: {listed}. Sums of row {row} so far: {', '.join(shown[row, : column + 1])}.",
    )
    return figure, line


def demo() -> Demo:
    """Let the student move a filter and choose picture size, kernel, padding, stride, dilation.

    Returns
    -------
    Demo

    Examples
    --------
    >>> demo().caption.split(" (")[0]
    'Output row 0, column 0'
    """
    place = Slider("Place", 1, 25)
    settings = {
        "n": Slider("Picture side n", 1, SIDE, value=7),
        "kernel": Slider("Kernel k", 1, LARGEST["kernel"], value=3),
        "padding": Slider("Padding p", 0, LARGEST["padding"]),
        "stride": Slider("Stride s", 1, LARGEST["stride"]),
        "dilation": Slider("Dilation d", 1, LARGEST["dilation"]),
    }

    def as_many_places(_: Any) -> None:
        try:
            side = conv_output_size(**{name: slider.value for name, slider in settings.items()})
        except ValueError:
            return
        place.maximum = float(max(2, side**2))
        place.value = min(place.value, side**2)

    for slider in settings.values():
        slider.observe(as_many_places, "value")
    weights = Dropdown(description="Weights", options=WEIGHTS)
    return explore(draw_filter, place, **settings, weights=weights)


def _sharpen(kernel: int) -> np.ndarray:
    """-1 at the middle's neighbours above, below, left and right; the middle makes the sum 1."""
    weights, middle = np.zeros((kernel, kernel)), kernel // 2
    weights[max(middle - 1, 0) : middle + 2, middle] = -1
    weights[middle, max(middle - 1, 0) : middle + 2] = -1
    weights[middle, middle] = 0
    weights[middle, middle] = 1 - weights.sum()
    return weights


def _binomial(power: int) -> np.ndarray:
    """The numbers of (1 + x) to a power: 1, 1 1, 1 2 1, ..."""
    numbers = np.ones(1)
    for _ in range(power):
        numbers = np.convolve(numbers, [1, 1])
    return numbers


def _with_picture(
    picture: np.ndarray, padding: int, window: tuple[int, int, int, int], taps: Any
) -> Any:
    """A sheet with the padded picture at its left, the window framed, its taps at full colour."""
    padded = np.pad(picture, padding)
    colours = np.full((*padded.shape, 3), PADDING, np.uint8)
    inner = slice(padding, padding + len(picture))
    colours[inner, inner] = grey_colours(picture, BRIGHTEST)
    if taps is not None:
        tinted = (0.55 * colours[taps] + 0.45 * np.array([255, 170, 60])).astype(np.uint8)
        colours[taps] = tinted
    cell = min(36, _PANEL // len(padded))
    grid = number_grid(as_text(padded), colours, cell, frames=[window] if window else [])
    drawing = sheet(760, _HEIGHT)
    around = f", with padding {len(padded)} x {len(padded)}" if padding else ""
    title = f"picture {len(picture)} x {len(picture)}{around}"
    write(drawing, (_PANEL // 2, 12), title, anchor="m")
    drawing.paste(grid, (_PANEL // 2 - grid.width // 2, 24))
    return drawing


def _impossible(picture: np.ndarray, padding: int, line: str) -> tuple[Figure, str]:
    drawing = _with_picture(picture, padding, (), None)  # type: ignore[arg-type]
    write(drawing, (560, 120), "no place for the filter", anchor="m")
    figure = figure_of(drawing)
    set_alt_text(figure, f"{len(picture)} x {len(picture)} pixels without a filter. {line}")
    return figure, line
