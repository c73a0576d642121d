"""Five ways to enlarge one small picture, side by side, with the error of each (lesson 08)."""

from collections.abc import Mapping
from functools import cache, lru_cache

import numpy as np
import torch
from ipywidgets import Dropdown
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw, ImageFont
from torch.nn import functional

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.thresholding import grey_levels
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

METHODS = ("nearest", "bilinear", "cubic", "unpooling", "learned stamp")
PICTURES = ("cat", "coins", "astronaut", "immunohistochemistry", "page")
TEACHER = "camera"
"""What the learned stamp, a transposed convolution, saw; never shown in the comparison."""
LARGEST = 8  # factor
WINDOW = 60  # pixels of the picture that a tile shows, along each side
TILE, GAP, TITLE = 180, 8, 24  # screen pixels
LIMIT = 384  # pixels: longer sides are cut
FULL_COLOUR = 0.6  # weights of a stamp from this size on have the full colour


@cache
def grey_picture(name: str, factor: int) -> np.ndarray:
    """Grey levels of a picture in [0, 1], its sides cut to multiples of the factor.

    Parameters
    ----------
    name : str
        As for `course_utils.datasets.pictures.load_picture`.
    factor : int, at least 1

    Returns
    -------
    ndarray of float64, shape (H, W)

    Examples
    --------
    >>> grey_picture("coins", 8).shape
    (296, 384)
    """
    grey = _whole(name)
    height, width = (length // factor * factor for length in grey.shape)
    return grey[:height, :width]


def made_small(image: np.ndarray, factor: int) -> np.ndarray:
    """Make a picture small: each pixel is the mean of a square of factor x factor.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Sides divisible by the factor.
    factor : int, at least 1

    Returns
    -------
    ndarray of float64, shape (H / factor, W / factor)

    Examples
    --------
    >>> made_small(np.array([[0, 2], [4, 6]]), 2)
    array([[3.]])
    """
    height, width = image.shape
    return image.reshape(height // factor, factor, width // factor, factor).mean(axis=(1, 3))


@cache
def learned_kernel(factor: int, teacher: str = TEACHER) -> np.ndarray:
    """The transposed convolution that restores the small version of one picture best.

    Kernel 3 factor, stride factor, padding factor: an output pixel is a weighted sum of the 3 x 3
    small pixels around it. The squared error is smallest at the solution of a linear system, the
    place to which gradient descent on it goes too.

    Parameters
    ----------
    factor : int, at least 2
    teacher : str
        As for `course_utils.datasets.pictures.load_picture`.

    Returns
    -------
    ndarray of float64, shape (3 factor, 3 factor)

    Examples
    --------
    >>> kernel = learned_kernel(2)
    >>> kernel.shape, bool(kernel.min() < 0)
    ((6, 6), True)
    """
    image = grey_picture(teacher, factor)
    small = made_small(image, factor)
    rows, columns = small.shape
    around = [  # small pixels whose stamps reach a square, in the order of the kernel's parts
        small[1 + i : rows - 1 + i, 1 + j : columns - 1 + j].ravel()
        for i in (1, 0, -1)
        for j in (1, 0, -1)
    ]
    squares = image.reshape(rows, factor, columns, factor)[1:-1, :, 1:-1]
    wanted = squares.transpose(0, 2, 1, 3).reshape(-1, factor**2)  # (small pixels, factor^2)
    seen = np.stack(around)  # (9, small pixels)
    weights = np.linalg.solve(seen @ seen.T, seen @ wanted)  # (9, factor^2)
    parts = weights.reshape(3, 3, factor, factor)
    return parts.transpose(0, 2, 1, 3).reshape(3 * factor, 3 * factor)


@cache
def enlarged(name: str, factor: int, method: str) -> np.ndarray:
    """Make a picture small and enlarge it again.

    Parameters
    ----------
    name : str
        As for `course_utils.datasets.pictures.load_picture`.
    factor : int, at least 2
    method : str
        One of `METHODS`. Unpooling starts from maxima with their places instead of means.

    Returns
    -------
    ndarray of float64, shape (H, W)

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> enlarged("coins", 8, "nearest").shape
    (296, 384)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    image = torch.from_numpy(grey_picture(name, factor))[None, None]  # (1, 1, H, W)
    small = functional.avg_pool2d(image, factor)
    if method == "unpooling":
        maxima, places = functional.max_pool2d(image, factor, return_indices=True)
        large = functional.max_unpool2d(maxima, places, [factor, factor])
    elif method == "learned stamp":
        kernel = torch.from_numpy(learned_kernel(factor))[None, None]
        large = functional.conv_transpose2d(small, kernel, stride=factor, padding=factor)
    elif method == "nearest":
        large = functional.interpolate(small, scale_factor=factor, mode="nearest")
    else:
        mode = "bicubic" if method == "cubic" else method
        large = functional.interpolate(small, scale_factor=factor, mode=mode, align_corners=False)
    return large[0, 0].numpy()


def psnr(image: np.ndarray, restored: np.ndarray) -> float:
    """Peak signal-to-noise ratio of a restored picture: the higher, the nearer.

    Parameters
    ----------
    image, restored : ndarray of float, shape (H, W)
        Values in [0, 1].

    Returns
    -------
    float
        ``-10 log10(mean squared error)``, in decibels; infinite for equal pictures.

    Examples
    --------
    >>> psnr(np.zeros((2, 2)), np.full((2, 2), 0.1))
    20.0
    """
    error = np.mean((image - restored) ** 2)
    return float(np.inf) if error == 0 else float(-10 * np.log10(error))


def draw_upsamplers(
    picture: str = "cat", factor: int = 4, down: int = 40, right: int = 40
) -> Figure:
    """Draw a part of a picture, and what five upsamplers make of its small version.

    Parameters
    ----------
    picture : str
        As for `course_utils.datasets.pictures.load_picture`.
    factor : int, 2 to 8
    down, right : int, 0 to 100
        Place of the part that is shown enlarged, in percent of the way.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "bilinear" in alt_text(draw_upsamplers("coins", 4))
    True
    """
    image, scores = grey_picture(picture, factor), scores_of(picture, factor)
    place = tuple(
        int(percent / 100 * (length - WINDOW) / factor) * factor
        for percent, length in zip((down, right), image.shape, strict=True)
    )
    top, left = place
    part = np.s_[top : top + WINDOW, left : left + WINDOW]
    tiles = {"zoom place": _thumbnail(picture, factor), "original": _grey(image[part])}
    for method in METHODS:
        tiles[f"{method}, {scores[method]:.1f} dB"] = _grey(enlarged(picture, factor, method)[part])
    tiles["stamp, purple below 0"] = _signed(learned_kernel(factor))
    figure, ax = _tiled(tiles)
    step = max(image.shape) / TILE
    corner, side = (GAP + left / step, TITLE + top / step), WINDOW / step
    ax.add_artist(Rectangle(corner, side, side, fill=False, edgecolor="#d55e00", linewidth=2))
    in_words = ", ".join(f"{method} {value:.1f} dB" for method, value in scores.items())
    set_alt_text(
        figure,
        f"The picture {picture} made small by {factor} and enlarged again, rows {top} to "
        f"{top + WINDOW - 1}, columns {left} to {left + WINDOW - 1}. PSNR: "
        f"{in_words}. The learned stamp has weights from {learned_kernel(factor).min():.2f} to "
        f"{learned_kernel(factor).max():.2f}.",
    )
    return figure


@cache
def scores_of(picture: str, factor: int) -> dict[str, float]:
    """PSNR of the picture after each way down and up again.

    A frame of two small pixels is left out: there a transposed convolution lacks stamps.

    Parameters
    ----------
    picture, factor
        As for `enlarged`.

    Returns
    -------
    dict of str to float
        Method -> decibels.

    Examples
    --------
    >>> scores = scores_of("cat", 2)
    >>> scores["bilinear"] > scores["nearest"] > scores["unpooling"]
    True
    """
    inside = np.s_[2 * factor : -2 * factor, 2 * factor : -2 * factor]
    image = grey_picture(picture, factor)[inside]
    return {method: psnr(image, enlarged(picture, factor, method)[inside]) for method in METHODS}


def demo() -> Demo:
    """Let the student choose picture, factor and zoom place.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    return explore(
        draw_upsamplers,
        picture=Dropdown(description="Picture", options=PICTURES),
        factor=Slider("Factor", 2, LARGEST, value=4),
        down=Slider("Zoom down", 0, 100, 5, value=40, unit="%"),
        right=Slider("Zoom right", 0, 100, 5, value=40, unit="%"),
    )


@cache
def _whole(name: str) -> np.ndarray:
    return grey_levels(load_picture(name).image)[:LIMIT, :LIMIT] / 255


def _grey(values: np.ndarray) -> np.ndarray:
    """Grey levels in [0, 1] as colours, uint8 (H, W, 3)."""
    levels = (255 * np.clip(values, 0, 1)).astype(np.uint8)
    return levels[..., None].repeat(3, axis=-1)


@cache
def _thumbnail(picture: str, factor: int) -> np.ndarray:
    """The whole picture, its longer side as long as a tile, on white."""
    image = grey_picture(picture, factor)
    step = max(image.shape) / TILE
    rows, columns = (np.arange(int(length / step)) * step for length in image.shape)
    small = np.full((TILE, TILE, 3), 255, dtype=np.uint8)
    part = image[rows.astype(int)[:, None], columns.astype(int)]
    small[: len(rows), : len(columns)] = _grey(part)
    return small


def _signed(kernel: np.ndarray) -> np.ndarray:
    """Weights as colours, uint8 (k, k, 3): the same weight has the same colour at every factor."""
    share = np.clip(0.5 + kernel / (2 * FULL_COLOUR), 0, 1)
    return (255 * colormaps["PuOr_r"](share)[..., :3]).astype(np.uint8)


def _tiled(tiles: Mapping[str, np.ndarray]) -> tuple[Figure, Axes]:
    """Eight titled square pictures as one: panels and texts would take twice as long to draw."""
    height, width = 2 * (TITLE + TILE) + GAP, 4 * (GAP + TILE) + GAP
    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    figure, axes = new_figure(width=width / 100, height=height / 100)
    figure.set_layout_engine("none")
    ax = axes[0, 0]
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set(xlim=(0, width), ylim=(height, 0))
    for index, (title, tile) in enumerate(tiles.items()):
        top = TITLE + index // 4 * (TITLE + TILE)
        left = GAP + index % 4 * (GAP + TILE)
        pixel = np.arange(TILE) * len(tile) // TILE  # nearest: the tile is filled at every factor
        canvas[top : top + TILE, left : left + TILE] = tile[pixel[:, None], pixel]
        canvas[top - TITLE : top, left : left + TILE] = _title(title)[..., None]
    figure.figimage(canvas, origin="upper", zorder=-1)
    return figure, ax


@lru_cache(maxsize=256)
def _title(text: str) -> np.ndarray:
    """A line of text above a tile, as grey pixels."""
    line = Image.new("L", (TILE, TITLE), 255)
    font = ImageFont.truetype(findfont("DejaVu Sans"), 13)
    ImageDraw.Draw(line).text((TILE // 2, TITLE - 7), text, fill=0, font=font, anchor="ms")
    return np.asarray(line)
