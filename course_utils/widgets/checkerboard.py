"""Where stamps of a transposed convolution overlap, and the checkerboards it brings (lesson 08)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from PIL import Image

from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.geometry import transposed_conv_output_size
from course_utils.widgets.explore import explore
from course_utils.widgets.number_grid import panel_row, shaded_numbers
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

WEIGHTS = ("all equal", "random")
SIDE = 240  # screen pixels of a panel
FLAT = 12  # side of the flat grey input
GREY = 0.5  # its brightness


def draw_checkerboard(
    kernel: int = 3, stride: int = 2, weights: str = "all equal", picture: str = "cat"
) -> Figure:
    """Draw the overlap of the stamps, and what it does to a flat grey and to a real picture.

    Parameters
    ----------
    kernel, stride : int
        Of the transposed convolution. Its weights are scaled to keep the mean brightness.
    weights : str
        One of `WEIGHTS`; random ones are positive, the same at every call.
    picture : str
        A name that `course_utils.datasets.pictures.load_picture` knows.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "inside the picture a pixel has 4 stamps" in alt_text(draw_checkerboard(4, 2))
    True
    """
    counts = inner_counts(kernel, stride)
    flat = from_flat_grey(kernel, stride, weights)
    photograph = inside(_small(picture), layer_weights(weights, kernel, stride), stride)
    shown = f"{counts.min()} to {counts.max()}" if np.ptp(counts) else f"{counts.min()}"
    figure = panel_row(
        (f"stamps per pixel: {shown}", shaded_numbers(counts[: 3 * stride, : 3 * stride], SIDE)),
        ("from flat grey", _enlarged(flat)),
        (f"from the picture {picture}", _enlarged(photograph)),
    )
    set_alt_text(
        figure,
        f"Kernel {kernel}, stride {stride}, weights {weights}: inside the picture a pixel has "
        f"{shown} stamp{'' if shown == '1' else 's'}. Flat grey of {GREY:.2f} comes out between "
        f"{flat.min():.2f} and "
        f"{flat.max():.2f}.",
    )
    return figure


def inner_counts(kernel: int, stride: int) -> np.ndarray:
    """Stamps on each pixel where no border is near: one period of the pattern, repeated.

    Parameters
    ----------
    kernel, stride : int, at least 1

    Returns
    -------
    ndarray of int, shape (m, m)
        m is a multiple of the stride.

    Examples
    --------
    >>> inner_counts(3, 2)[:2, :2]
    array([[4, 2],
           [2, 1]])
    >>> int(np.ptp(inner_counts(6, 3)))
    0
    """
    ones = np.ones((kernel, kernel), dtype=int)
    return inside(np.ones((FLAT, FLAT), dtype=int), ones, stride)


def from_flat_grey(kernel: int, stride: int, weights: str) -> np.ndarray:
    """What a flat grey picture becomes, away from the border.

    Parameters
    ----------
    kernel, stride : int, at least 1
    weights : str
        One of `WEIGHTS`.

    Returns
    -------
    ndarray of float64, shape (m, m)
        Its mean is `GREY`; values above 1 are drawn white.

    Examples
    --------
    >>> from_flat_grey(1, 2, "all equal")[:2, :2]
    array([[2., 0.],
           [0., 0.]])
    """
    grey = np.full((FLAT, FLAT), GREY)
    return inside(grey, layer_weights(weights, kernel, stride), stride)


def rule_in_words(kernel: int, stride: int, weights: str) -> str:
    """Say in one line whether a pattern appears, and why.

    Parameters
    ----------
    kernel, stride : int, at least 1
    weights : str
        One of `WEIGHTS`.

    Returns
    -------
    str

    Examples
    --------
    >>> rule_in_words(4, 2, "all equal")
    '4 is divisible by 2: the stamps overlap evenly.'
    >>> rule_in_words(5, 1, "random")
    'At stride 1 every pixel gets all the weights: no pattern, whatever they are.'
    """
    if kernel < stride:
        rule = f"Kernel {kernel} is smaller than stride {stride}: pixels between stay empty."
    elif stride == 1:
        rule = "At stride 1 every pixel gets all the weights: no pattern, whatever they are."
    elif rest := kernel % stride:
        rule = f"{kernel} divided by {stride} leaves {rest}: the stamps overlap unevenly."
    else:
        rule = f"{kernel} is divisible by {stride}: the stamps overlap evenly."
        if weights == "random":
            rule += " Unequal weights bring a pattern back all the same."
    brightest = from_flat_grey(kernel, stride, weights).max()
    if brightest > 1:
        rule += f" Flat grey of {GREY} reaches {brightest:.2f}, drawn as white (1)."
    return rule


def inside(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Transposed convolution of a square input, without the margin that fewer stamps reach.

    Parameters
    ----------
    values : ndarray, shape (n, n)
    kernel : ndarray, shape (k, k)
    stride : int, at least 1

    Returns
    -------
    ndarray, shape (m, m)

    Examples
    --------
    >>> inside(np.ones((4, 4)), np.ones((2, 2)), 2).shape
    (8, 8)
    """
    n, k = len(values), len(kernel)
    size = max(transposed_conv_output_size(n, k, stride), n * stride)  # with the last gap, if any
    whole = np.zeros((size, size), values.dtype)
    for row, column in np.ndindex(kernel.shape):  # each weight stamps all values at once
        last = (n - 1) * stride + 1
        part = np.s_[row : row + last : stride, column : column + last : stride]
        whole[part] += kernel[row, column] * values
    margin = stride * ((k - 1) // stride)
    end = margin + (n - margin // stride) * stride
    return whole[margin:end, margin:end]


def layer_weights(name: str, kernel: int, stride: int) -> np.ndarray:
    """Positive weights of a transposed convolution that keeps the mean brightness.

    Parameters
    ----------
    name : str
        One of `WEIGHTS`.
    kernel, stride : int

    Returns
    -------
    ndarray of float64, shape (kernel, kernel)
        Their sum is stride x stride.

    Raises
    ------
    ValueError
        If there are no such weights.

    Examples
    --------
    >>> layer_weights("all equal", 2, 2)
    array([[1., 1.],
           [1., 1.]])
    """
    if name not in WEIGHTS:
        raise ValueError(f"name must be one of {', '.join(WEIGHTS)}, got {name!r}.")
    weights = np.ones((kernel, kernel))
    if name == "random":
        weights = np.random.default_rng(kernel).uniform(0.5, 1.5, (kernel, kernel))
    return weights * stride**2 / weights.sum()


def demo() -> Demo:
    """Let the student choose kernel, stride and weights, and look for checkerboards.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    def draw(kernel: int, stride: int, weights: str) -> tuple[Figure, str]:
        return draw_checkerboard(kernel, stride, weights), rule_in_words(kernel, stride, weights)

    return explore(
        draw,
        kernel=Slider("Kernel", 1, 8, value=3),
        stride=Slider("Stride", 1, 4, value=2),
        weights=Dropdown(description="Weights", options=WEIGHTS),
    )


def _enlarged(grey: np.ndarray) -> Image.Image:
    """Grey levels in [0, 1] as a panel."""
    levels = np.rint(255 * np.clip(grey, 0, 1)).astype(np.uint8)
    return Image.fromarray(levels).resize((SIDE, SIDE), Image.Resampling.NEAREST)


@cache
def _small(name: str, side: int = 48) -> np.ndarray:
    """The middle of a picture in grey, each pixel the mean of a square, in [0, 1]."""
    image = load_picture(name).image.astype(float)
    grey = image if image.ndim == 2 else image.mean(axis=-1)
    step = min(grey.shape) // side
    top, left = ((length - side * step) // 2 for length in grey.shape)
    square = grey[top : top + side * step, left : left + side * step] / 255
    return square.reshape(side, step, side, step).mean(axis=(1, 3))
