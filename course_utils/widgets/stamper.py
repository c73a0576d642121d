"""Transposed convolution stamp by stamp (lesson 08).

Each input value lays a copy of the kernel, times itself, on the output; where copies overlap they
add.
"""

from collections.abc import Mapping

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from PIL import Image

from course_utils.figures import set_alt_text
from course_utils.geometry import transposed_conv_output_size
from course_utils.widgets.explore import explore
from course_utils.widgets.number_grid import Frame, panel_row, shaded_numbers, write
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

VALUES = np.array([[1, 2, 0], [3, 1, 2], [0, 2, 1]])
"""The input that is stamped."""
KERNELS = ("all ones", "counting", "pyramid")
SIDE = 240  # screen pixels of a panel


def make_kernel(name: str, side: int) -> np.ndarray:
    """A kernel of whole numbers, easy to follow by eye.

    Parameters
    ----------
    name : str
        "all ones"; "counting", 1, 2, 3, ... row by row; or "pyramid", highest in the middle.
    side : int, at least 1

    Returns
    -------
    ndarray of int, shape (side, side)

    Raises
    ------
    ValueError
        If there is no such kernel.

    Examples
    --------
    >>> make_kernel("pyramid", 3).tolist()
    [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    """
    if name == "all ones":
        return np.ones((side, side), dtype=int)
    if name == "counting":
        return np.arange(1, side**2 + 1).reshape(side, side)
    if name == "pyramid":
        slope = np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1))
        return np.outer(slope, slope)
    raise ValueError(f"name must be one of {', '.join(KERNELS)}, got {name!r}.")


def stamp(
    values: np.ndarray,
    kernel: np.ndarray,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    *,
    stamps: int | None = None,
) -> np.ndarray:
    """Transposed convolution: every value lays the kernel, times itself, on the output.

    Parameters
    ----------
    values : ndarray, shape (n, n)
    kernel : ndarray, shape (k, k)
    stride : int, at least 1
        Output pixels from one stamp to the next.
    padding : int, at least 0
        Rows and columns that are cut off on every side afterwards.
    output_padding : int, at least 0
        Rows and columns that are kept at the lower and the right end all the same.
    stamps : int, optional
        Only the first so many values stamp, row by row; all by default.

    Returns
    -------
    ndarray, shape (m, m)
        m is `geometry.transposed_conv_output_size`.

    Raises
    ------
    ValueError
        If the sizes are impossible, in the words of `transposed_conv_output_size`.

    Examples
    --------
    >>> stamp(np.array([[1, 2]]).T * [[1, 0]], np.ones((3, 3), int), stride=2)
    array([[1, 1, 1, 0, 0],
           [1, 1, 1, 0, 0],
           [3, 3, 3, 0, 0],
           [2, 2, 2, 0, 0],
           [2, 2, 2, 0, 0]])
    """
    n, k = len(values), len(kernel)
    size = transposed_conv_output_size(n, k, stride, padding, output_padding)
    whole = np.zeros((size + 2 * padding,) * 2, dtype=np.result_type(values, kernel))
    for row, column in list(np.ndindex(values.shape))[:stamps]:
        top, left = row * stride, column * stride
        whole[top : top + k, left : left + k] += values[row, column] * kernel
    return whole[padding : padding + size, padding : padding + size]


def overlap_counts(
    n: int, kernel: int, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> np.ndarray:
    """Number of stamps that touch each output pixel.

    Parameters
    ----------
    n, kernel, stride, padding, output_padding : int
        As for `geometry.transposed_conv_output_size`; input and kernel are squares.

    Returns
    -------
    ndarray of int, shape (m, m)

    Raises
    ------
    ValueError
        As `stamp`.

    Examples
    --------
    >>> overlap_counts(3, kernel=3, stride=2)[2]
    array([2, 2, 4, 2, 4, 2, 2])
    >>> overlap_counts(3, kernel=4, stride=2)[3]
    array([2, 2, 4, 4, 4, 4, 2, 2])
    """
    ones = np.ones((n, n), dtype=int), np.ones((kernel, kernel), dtype=int)
    return stamp(*ones, stride, padding, output_padding)


def draw_stamps(
    stamps: int = 5,
    kernel: int = 3,
    stride: int = 2,
    padding: int = 0,
    output_padding: int = 0,
    values: str = "counting",
) -> Figure:
    """Draw the input, the output after some stamps, and how many stamps touched each pixel.

    Parameters
    ----------
    stamps : int, 0 to 9
        Input values that have stamped, row by row.
    kernel, stride, padding, output_padding : int
        As for `stamp`.
    values : str
        Name of the kernel, one of `KERNELS`.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        As `stamp`.

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> alt_text(draw_stamps(9, kernel=3, stride=2))[:62]
    'After 9 of 9 stamps, kernel 3, stride 2, padding 0: output 7 x'
    """
    weights = make_kernel(values, kernel)
    settings = (stride, padding, output_padding)
    output = stamp(VALUES, weights, *settings, stamps=stamps)
    ones = np.ones_like(VALUES), np.ones_like(weights)
    counts = stamp(*ones, *settings, stamps=stamps)
    here = divmod(stamps - 1, len(VALUES)) if stamps else None
    corner = None if here is None else tuple(stride * place - padding for place in here)
    stamped = _frames(corner, kernel, len(output))
    figure = panel_row(
        ("input", shaded_numbers(VALUES, SIDE, _frames(here, 1, len(VALUES)))),
        (f"output, {len(output)} x {len(output)}", shaded_numbers(output, SIDE, stamped)),
        ("stamps on each pixel", shaded_numbers(counts, SIDE, stamped)),
    )
    set_alt_text(
        figure,
        f"After {stamps} of {VALUES.size} stamps, kernel {kernel}, stride {stride}, padding "
        f"{padding}: output {len(output)} x {len(output)}, first row {output[0].tolist()}, sum "
        f"{output.sum()}; a pixel has {counts.min()} to {counts.max()} stamps.",
    )
    return figure


def what_happens(
    stamps: int, kernel: int, stride: int, padding: int, output_padding: int, values: str
) -> str:
    """Say in one line what the last stamp did and where the output's size comes from.

    Parameters
    ----------
    stamps, kernel, stride, padding, output_padding, values
        As for `draw_stamps`.

    Returns
    -------
    str

    Examples
    --------
    >>> what_happens(5, 3, 2, 0, 0, "all ones")
    'Stamp 5: value 1 times the kernel. Size (3 - 1) x 2 - 2 x 0 + 3 + 0 = 7.'
    """
    n = len(VALUES)
    size = transposed_conv_output_size(n, kernel, stride, padding, output_padding)
    last = "Nothing is stamped yet."
    if stamps:
        last = f"Stamp {stamps}: value {VALUES.flat[stamps - 1]} times the kernel."
    return (
        f"{last} Size ({n} - 1) x {stride} - 2 x {padding} + {kernel} + {output_padding} = {size}."
    )


def demo() -> Demo:
    """Let the student step through the stamps and change the layer.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    def draw(**settings: int | str) -> tuple[Figure, str]:
        try:
            return draw_stamps(**settings), what_happens(**settings)  # type: ignore[arg-type]
        except ValueError as refused:
            reason = f"Impossible: {_without_dilation(settings) or refused}"
            return _nothing_to_draw(reason), reason

    return explore(
        draw,
        stamps=Slider("Stamps", 0, VALUES.size, value=5),
        kernel=Slider("Kernel", 1, 5, value=3),
        stride=Slider("Stride", 1, 4, value=2),
        padding=Slider("Padding", 0, 5, value=0),
        output_padding=Slider("Output padding", 0, 3, value=0),
        values=Dropdown(description="Weights", options=KERNELS, value="counting"),
    )


def _frames(corner: tuple[int, ...] | None, side: int, size: int) -> list[Frame]:
    """A frame around a square of cells, as far as it lies on the grid; none where nothing does."""
    if corner is None:
        return []
    top, left = (max(place, 0) for place in corner)
    bottom, right = (min(place + side, size) for place in corner)
    return [(top, left, bottom, right)] if top < bottom and left < right else []


def _without_dilation(settings: Mapping[str, int | str]) -> str:
    """Why the output padding is too large, for a layer that has no dilation; else nothing."""
    extra, stride = settings["output_padding"], settings["stride"]
    if int(extra) < int(stride):
        return ""
    return f"output padding must be smaller than the stride, got {extra} with stride {stride}."


def _nothing_to_draw(reason: str) -> Figure:
    """The input alone, where no output exists."""
    empty = Image.new("RGB", (2 * SIDE + 12, SIDE), (236, 236, 236))
    write(empty, (empty.width / 2, SIDE / 2), "no output with these settings", anchor="m")
    figure = panel_row(("input", shaded_numbers(VALUES, SIDE)), ("", empty))
    set_alt_text(figure, f"The input alone. {reason}")
    return figure
