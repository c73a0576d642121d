"""Pooling explorer: kind, window, stride and shift, and what is kept and lost (lesson 07)."""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.geometry import conv_output_size
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

KINDS = ("maximum", "average", "stride alone", "maximum, then blur")
PICTURES = ("coins", "page", "cat")
SIDE, REACH = 96, 8  # pixels of the picture that are shown, and the largest shift
GREY: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 1}
SIGNED = "PuOr_r"  # orange above 0, purple below
SEEN, TRAINED, TESTED = 25, 400, 100  # side of the measured maps; how many digits


def pool(images: np.ndarray, kind: str, window: int, stride: int) -> np.ndarray:
    """Pool the last two axes of an array, without padding.

    Parameters
    ----------
    images : ndarray of float, shape (..., H, W)
    kind : str
        One of `KINDS`. "stride alone" keeps every n-th value, whatever the window; "maximum, then
        blur" takes the maximum at every place, blurs with a tent of 2 stride - 1 taps, then
        strides.
    window, stride : int, at least 1

    Returns
    -------
    ndarray of float, shape (..., H', W')

    Raises
    ------
    ValueError
        If there is no such kind, or the window does not fit.

    References
    ----------
    Zhang, Making convolutional networks shift-invariant again, 2019,
    https://arxiv.org/abs/1904.11486

    Examples
    --------
    >>> signal = np.array([[0.0, 0, 1, 1, 0, 0, 1, 1]])
    >>> pool(np.repeat(signal, 2, axis=0), "maximum", 2, 2)
    array([[0., 1., 0., 1.]])
    >>> pool(np.repeat(signal, 2, axis=0), "average", 2, 2)
    array([[0., 1., 0., 1.]])
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}. Choose one.")
    for side in images.shape[-2:]:
        conv_output_size(side, window, stride)  # says what does not fit
    reduce = {"average": np.add, "stride alone": None}.get(kind, np.maximum)
    if reduce is None:
        return images[..., ::stride, ::stride]
    dense = kind == "maximum, then blur"
    for axis in (-1, -2):  # a square window is a row of columns
        first, *others = _taps(images, window, 1 if dense else stride, axis)
        images = first.copy()
        for tap in others:
            reduce(images, tap, out=images)
    if kind == "average":
        images = images / window**2
    return _blurred_samples(images, stride) if dense else images


def beyond_moving(before: np.ndarray, after: np.ndarray, shift: int, stride: int) -> np.ndarray:
    """What a shift of the picture to the right changed in its pooling, beyond moving it.

    Parameters
    ----------
    before, after : ndarray of float, shape (H, W)
        The picture pooled, and the picture moved by `shift` pixels and pooled.
    shift, stride : int
        In pixels of the picture.

    Returns
    -------
    ndarray of float, shape (H, W')
        `after` minus `before` moved by ``shift / stride`` cells; between whole cells `before` is
        interpolated. The columns at the left of which nothing is known are left out.

    Examples
    --------
    >>> before = np.array([[0.0, 1.0, 0.0, 1.0]])
    >>> beyond_moving(before, np.ones((1, 4)), shift=1, stride=2)
    array([[0.5, 0.5, 0.5]])
    """
    cells, rest = divmod(shift, stride)
    part = rest / stride
    moved = before if not rest else (1 - part) * before[:, 1:] + part * before[:, :-1]
    lost = cells + (rest > 0)
    return after[:, lost:] - moved[:, : before.shape[1] - lost]


def shift_change(before: np.ndarray, after: np.ndarray, shift: int, stride: int) -> float:
    """How much a pooled picture changes beyond moving, when the picture moves to the right.

    Parameters
    ----------
    before, after : ndarray of float, shape (H, W)
        The picture pooled, and the picture moved by `shift` pixels and pooled.
    shift, stride : int
        In pixels of the picture.

    Returns
    -------
    float
        Root mean square of `beyond_moving`, as a share of the standard deviation of `before`. 0 is
        equivariant; nan for a picture of one value.

    Examples
    --------
    >>> before = np.array([[0.0, 1.0, 0.0, 1.0]])
    >>> shift_change(before, np.array([[5.0, 0.0, 1.0, 0.0]]), shift=2, stride=2)
    0.0
    >>> shift_change(before, np.ones((1, 4)), shift=1, stride=2)
    1.0
    """
    error = np.sqrt(np.mean(beyond_moving(before, after, shift, stride) ** 2))
    spread = before.std()
    return float(error / spread) if spread else float("nan")


@lru_cache(maxsize=128)
def what_and_where(kind: str, window: int, stride: int, shift: int = 0) -> tuple[float, float]:
    """Measure what a pooling keeps of handwritten digits: which digit it is, and at which place.

    For each of ten digits a map tells how much every place of a picture looks like that digit. The
    ten maps are pooled, and the strongest of all cells answers: its map names the digit, the middle
    of its window is the place.

    Parameters
    ----------
    kind, window, stride
        As for `pool`.
    shift : int, 0 to 8
        Pixels by which the pictures are moved to the right.

    Returns
    -------
    tuple of float
        Share of 100 digits named rightly, and mean distance to the true place in pixels.

    Examples
    --------
    >>> [what_and_where("maximum", side, side)[0] for side in (1, 2, 4)]
    [0.96, 0.96, 0.96]
    """
    maps, digits, places = _likenesses()
    pooled = pool(maps[..., REACH - shift : REACH - shift + SEEN], kind, window, stride)
    side = pooled.shape[-1]
    digit, row, column = np.unravel_index(pooled.reshape(TESTED, -1).argmax(1), (10, side, side))
    middle = 0 if kind == "stride alone" else (window - 1) / 2
    middles = np.stack([row, column], axis=1) * stride + middle
    errors = np.linalg.norm(middles - places - [0, shift], axis=1)
    return float(np.mean(digit == digits)), float(errors.mean())


def moved(picture: str, shift: int) -> np.ndarray:
    """Read one of the demo's pictures, moved to the right.

    Parameters
    ----------
    picture : str
        One of `PICTURES`.
    shift : int, 0 to 8
        In pixels. What comes in at the left is the photograph, not an invention.

    Returns
    -------
    ndarray of float, shape (96, 96)
        Grey, in [0, 1].

    Raises
    ------
    ValueError
        If there is no such picture, or the shift is out of range.

    Examples
    --------
    >>> bool((moved("coins", 3)[:, 3:] == moved("coins", 0)[:, :-3]).all())
    True
    """
    if not 0 <= shift <= REACH:
        raise ValueError(f"shift must lie in 0 to {REACH} pixels, got {shift}.")
    return _wide(picture)[:, REACH - shift : REACH - shift + SIDE]


def draw_pooling(
    picture: str = "coins", kind: str = "maximum", window: int = 2, stride: int = 2, shift: int = 0
) -> tuple[Figure, str]:
    """Draw a picture, its pooling, and what the shift changed in the pooling beyond moving it.

    In the third panel orange is brighter than the moved output, purple darker; the columns of which
    nothing is known stay empty.

    Parameters
    ----------
    picture : str
        One of `PICTURES`.
    kind, window, stride
        As for `pool`.
    shift : int, 0 to 8
        Pixels by which the picture is moved to the right.

    Returns
    -------
    tuple of Figure and str
        The figure, and what is measured in words.

    Raises
    ------
    ValueError
        If there is no such picture or kind, or the shift is out of range.

    Examples
    --------
    >>> draw_pooling("coins", "maximum", 2, 2, shift=2)[1].splitlines()[0]
    '96 x 96 -> 48 x 48; moved by 2 pixels the output changes by 0 % of its spread'
    """
    before, image = moved(picture, 0), moved(picture, shift)
    first, output = pool(before, kind, window, stride), pool(image, kind, window, stride)
    change = shift_change(first, output, shift, stride)
    beyond = beyond_moving(first, output, shift, stride)
    unknown = output.shape[1] - beyond.shape[1]
    beyond = np.pad(beyond, ((0, 0), (unknown, 0)), constant_values=np.nan)
    figure, axes = new_figure(1, 3, width=7.6, height=2.75)
    size = "" if kind == "stride alone" else f"{window} x {window}, "
    titles = (
        f"picture, moved by {shift}",
        f"{kind}: {size}stride {stride}",
        "change of the output",
    )
    for ax, values, title in zip(axes[0], (image, output, beyond), titles, strict=True):
        signed = values is beyond
        colours = {"cmap": SIGNED, "vmin": -0.5, "vmax": 0.5} if signed else GREY
        ax.imshow(values, interpolation="nearest", **colours)
        ax.set_axis_off()
        ax.set_title(title, y=1)
    what, where = what_and_where(kind, window, stride, shift)
    side = output.shape[0]
    line = (
        f"{SIDE} x {SIDE} -> {side} x {side}; moved by {shift} pixel{'s' * (shift != 1)} the "
        f"output changes by {change:.0%} of its spread".replace("%", " %")
        + f"\nOn {TESTED} digits, not on this picture: WHAT, {what:.0%} named; "
        f"WHERE, {where:.1f} pixels off".replace("%", " %")
    )
    set_alt_text(
        figure,
        f"The picture {picture}, its pooling ({titles[1]}), and what the shift changed beyond "
        f"moving it, orange where brighter, purple where darker. {line}.",
    )
    return figure, line


def demo() -> Demo:
    """Let the student choose picture, kind, window, stride and shift.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_pooling,
        picture=Dropdown(description="Picture", options=PICTURES),
        kind=Dropdown(description="Pooling", options=KINDS),
        window=Slider("Window", 1, 6, value=2, unit="px"),
        stride=Slider("Stride", 1, 6, value=2, unit="px"),
        shift=Slider("Shift", 0, REACH, unit="px"),
    )


def _blurred_samples(images: np.ndarray, stride: int) -> np.ndarray:
    """Weighted mean of neighbours at every n-th place, 1 2 1 for stride 2.

    Beyond the border the picture is mirrored, outermost pixels included: stride 2 repeats them.
    """
    tent = np.minimum(np.arange(1, 2 * stride), np.arange(2 * stride - 1, 0, -1)) / stride**2
    tent = tent.astype(images.dtype)
    around = [(0, 0)] * (images.ndim - 2) + [(stride - 1, stride - 1)] * 2
    padded = np.pad(images, around, mode="symmetric")
    for axis in (-1, -2):
        taps = zip(tent, _taps(padded, len(tent), stride, axis), strict=True)
        padded = sum(weight * tap for weight, tap in taps)
    return padded


def _taps(images: np.ndarray, window: int, stride: int, axis: int) -> list[np.ndarray]:
    """The first value of every window along an axis, the second, ..., the last."""
    places = conv_output_size(images.shape[axis], window, stride)
    along = np.moveaxis(images, axis, -1)
    taps = [along[..., t : t + stride * (places - 1) + 1 : stride] for t in range(window)]
    return [np.moveaxis(tap, -1, axis) for tap in taps]


@cache
def _wide(picture: str) -> np.ndarray:
    """The picture with room for the shift at its left, (SIDE, SIDE + REACH), in [0, 1]."""
    corners = {"coins": (90, 230, 1), "page": (40, 60, 1), "cat": (20, 90, 2)}
    if picture not in corners:
        raise ValueError(f"picture must be one of {', '.join(PICTURES)}, got {picture!r}.")
    top, left, step = corners[picture]
    image = load_picture(picture).image / 255
    grey = image.mean(axis=-1) if image.ndim == 3 else image
    return grey[top : top + step * SIDE : step, left : left + step * (SIDE + REACH) : step].copy()


@cache
def _likenesses() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maps (TESTED, 10, SEEN, SEEN + REACH) of how alike a place and each digit are; the truth.

    Likeness is the cosine of 8 x 8 pixels with the nearest of 40 examples of the digit.
    """
    bunch = load_digits()
    examples = bunch.images[:TRAINED].reshape(TRAINED, 64).astype(np.float32)
    examples /= np.linalg.norm(examples, axis=1, keepdims=True)
    rng = np.random.default_rng(0)
    places = rng.integers(0, SEEN - REACH - 1, size=(TESTED, 2))
    maps = np.empty((TESTED, 10, SEEN, SEEN + REACH), np.float32)
    for number, (row, column) in enumerate(places):
        paper = np.zeros((SEEN + 7, SEEN + REACH + 7), np.float32)
        paper[row : row + 8, column + REACH : column + REACH + 8] = bunch.images[1000 + number]
        patches = sliding_window_view(paper, (8, 8)).reshape(-1, 64)
        length = np.maximum(np.linalg.norm(patches, axis=1), 40)  # half a digit is no digit
        alike = (patches @ examples.T) / length[:, None]
        for digit in range(10):
            best = alike[:, bunch.target[:TRAINED] == digit].max(axis=1)
            maps[number, digit] = best.reshape(SEEN, SEEN + REACH)
    return maps, bunch.target[1000 : 1000 + TESTED], places
