"""Transposed convolution stamp by stamp, and how often its stamps overlap (lesson 08).

Each input value lays a copy of the kernel, times itself, on the output; where copies overlap they
add. The first demo steps through the copies, the second shows what their overlap does to a picture.
"""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.geometry import transposed_conv_output_size
from course_utils.plotting import show_image
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

VALUES = np.array([[1, 2, 0], [3, 1, 2], [0, 2, 1]])
"""The input that is stamped."""
KERNELS = ("all ones", "counting", "pyramid")
WEIGHTS = ("all equal", "random")
SIDE = 240  # screen pixels of a panel with numbers
FLAT = 12  # side of the flat grey input of the second demo
FRAME = (213, 94, 0)  # vermilion: the value that stamps, and its stamp


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
    figure, axes = _panels(3)
    here = divmod(stamps - 1, len(VALUES)) if stamps else None
    _show_numbers(VALUES, axes[0], "input", _frame(here, 1))
    corner = None if here is None else tuple(stride * place - padding for place in here)
    framed = _frame(corner, kernel)
    _show_numbers(output, axes[1], f"output, {len(output)} x {len(output)}", framed)
    _show_numbers(counts, axes[2], "stamps on each pixel", framed)
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
        except ValueError as impossible:
            return _nothing_to_draw(str(impossible)), f"Impossible: {impossible}"

    return explore(
        draw,
        stamps=Slider("Stamps", 0, VALUES.size, value=5),
        kernel=Slider("Kernel", 1, 5, value=3),
        stride=Slider("Stride", 1, 4, value=2),
        padding=Slider("Padding", 0, 5, value=0),
        output_padding=Slider("Output padding", 0, 3, value=0),
        values=Dropdown(description="Weights", options=KERNELS, value="counting"),
    )


def draw_overlap(
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
    >>> "inside the picture a pixel has 4 stamps" in alt_text(draw_overlap(4, 2))
    True
    """
    counts = inner_counts(kernel, stride)
    flat = inside(np.full((FLAT, FLAT), 0.5), layer_weights(weights, kernel, stride), stride)
    photograph = inside(_small(picture), layer_weights(weights, kernel, stride), stride)
    figure, axes = _panels(3)
    shown = f"{counts.min()} to {counts.max()}" if np.ptp(counts) else f"{counts.min()}"
    _show_numbers(counts[: 3 * stride, : 3 * stride], axes[0], f"stamps per pixel: {shown}")
    show_image(np.clip(flat, 0, 1), axes[1], title="from flat grey")
    show_image(np.clip(photograph, 0, 1), axes[2], title=f"from the picture {picture}")
    set_alt_text(
        figure,
        f"Kernel {kernel}, stride {stride}, weights {weights}: inside the picture a pixel has "
        f"{shown} stamps. Flat grey of 0.50 comes out between {flat.min():.2f} and "
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


def overlap_demo() -> Demo:
    """Let the student choose kernel, stride and weights, and look for checkerboards.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(overlap_demo(), Demo)
    True
    """

    def draw(kernel: int, stride: int, weights: str) -> tuple[Figure, str]:
        rest = kernel % stride
        rule = f"{kernel} is divisible by {stride}: the stamps overlap evenly."
        if kernel < stride:
            rule = f"Kernel {kernel} is smaller than stride {stride}: pixels between stay empty."
        elif rest:
            rule = f"{kernel} divided by {stride} leaves {rest}: the stamps overlap unevenly."
        elif weights == "random":
            rule += " Unequal weights bring a pattern back all the same."
        return draw_overlap(kernel, stride, weights), rule

    return explore(
        draw,
        kernel=Slider("Kernel", 1, 8, value=3),
        stride=Slider("Stride", 1, 4, value=2),
        weights=Dropdown(description="Weights", options=WEIGHTS),
    )


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """Square panels of `SIDE` pixels in a row, at fixed places, so that numbers stay sharp."""
    gap, top = 12, 26
    width, height = count * SIDE + (count + 1) * gap, SIDE + top + 6
    figure, axes = new_figure(1, count, width=width / 100, height=height / 100)
    figure.set_layout_engine("none")
    for index, ax in enumerate(axes[0]):
        left = gap + index * (SIDE + gap)
        ax.set_position((left / width, 6 / height, SIDE / width, SIDE / height))
        ax.set_axis_off()
    return figure, list(axes[0])


def _nothing_to_draw(message: str) -> Figure:
    """The input alone, where no output exists."""
    figure, axes = _panels(3)
    _show_numbers(VALUES, axes[0], "input")
    axes[1].set_title("no output", y=1)
    set_alt_text(figure, f"The input alone. {message}")
    return figure


def _frame(corner: tuple[int, ...] | None, side: int) -> tuple[int, int, int] | None:
    return None if corner is None else (corner[0], corner[1], side)


def _show_numbers(
    numbers: np.ndarray, ax: Axes, title: str, frame: tuple[int, int, int] | None = None
) -> None:
    """Draw a square of whole numbers, the larger the darker, with a frame around some."""
    pixels = _numbered(numbers)
    if frame is not None:
        cell = SIDE // len(numbers)
        top, left, side = (
            (part * cell) + (i < 2) * _margin(numbers) for i, part in enumerate(frame)
        )
        first, last = _margin(numbers), _margin(numbers) + len(numbers) * cell - 1
        image = Image.fromarray(pixels)
        corners = (max(left, first), max(top, first))
        ends = (min(left + side - 1, last), min(top + side - 1, last))
        if ends[0] > corners[0] and ends[1] > corners[1]:
            ImageDraw.Draw(image).rectangle((*corners, *ends), outline=FRAME, width=3)
        pixels = np.asarray(image)
    ax.imshow(pixels, interpolation="nearest", aspect="auto")
    ax.set_title(title, y=1)


def _margin(numbers: np.ndarray) -> int:
    return (SIDE - len(numbers) * (SIDE // len(numbers))) // 2


def _numbered(numbers: np.ndarray) -> np.ndarray:
    """Numbers on shaded squares as pixels: texts of Matplotlib would take far longer."""
    cell, margin = SIDE // len(numbers), _margin(numbers)
    shade = numbers / max(1, numbers.max())
    pixels = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    colours = (255 * colormaps["Blues"](0.75 * shade)[..., :3]).astype(np.uint8)
    squares = colours.repeat(cell, axis=0).repeat(cell, axis=1)
    squares[::cell] = squares[:, ::cell] = 255
    pixels[margin : margin + len(squares), margin : margin + len(squares)] = squares
    for (row, column), number in np.ndenumerate(numbers):
        word = _word(int(number), cell, bool(shade[row, column] > 0.7))
        top = margin + row * cell + (cell - word.shape[0]) // 2
        left = margin + column * cell + (cell - word.shape[1]) // 2
        ink = word[..., None] / 255
        part = pixels[top : top + word.shape[0], left : left + word.shape[1]]
        colour = 255 if shade[row, column] > 0.7 else 0
        part[:] = (ink * colour + (1 - ink) * part).astype(np.uint8)
    return pixels


@cache
def _word(number: int, cell: int, bold: bool) -> np.ndarray:
    """A number as grey pixels that fit into a cell."""
    size = min(15, int(0.62 * cell))
    if len(str(number)) > 2:
        size = min(size, int(1.5 * cell / len(str(number))))
    face = findfont("DejaVu Sans:bold" if bold else "DejaVu Sans")
    font = ImageFont.truetype(face, max(size, 7))
    left, top, right, bottom = font.getbbox(str(number))
    box = Image.new("L", (int(right - left) + 1, int(bottom - top) + 1))
    ImageDraw.Draw(box).text((-left, -top), str(number), fill=255, font=font)
    return np.asarray(box)[:cell, :cell]


@cache
def _small(name: str, side: int = 48) -> np.ndarray:
    """The middle of a picture in grey, each pixel the mean of a square, in [0, 1]."""
    image = load_picture(name).image.astype(float)
    grey = image if image.ndim == 2 else image.mean(axis=-1)
    step = min(grey.shape) // side
    top, left = ((length - side * step) // 2 for length in grey.shape)
    square = grey[top : top + side * step, left : left + side * step] / 255
    return square.reshape(side, step, side, step).mean(axis=(1, 3))
