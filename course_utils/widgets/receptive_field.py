"""Receptive-field explorer: what one output sees, in theory and by its gradient (lesson 07)."""

import io
from functools import cache, lru_cache
from typing import Any

import numpy as np
import torch
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw
from torch import nn

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.geometry import Layer, conv_output_size, receptive_field
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.still import Demo

STACKS: dict[str, list[Layer]] = {
    "one 5 x 5": [Layer(5)],
    "four 3 x 3": [Layer(3, padding=1)] * 4,
    "twelve 3 x 3": [Layer(3, padding=1)] * 12,
    "four 3 x 3, stride 2": [Layer(3, stride=2, padding=1)] * 4,
    "four 3 x 3, dilation 1 2 4 8": [Layer(3, padding=d, dilation=d) for d in (1, 2, 4, 8)],
    "three 3 x 3, dilation 4": [Layer(3, padding=4, dilation=4)] * 3,
    "LeNet-5 up to S4": [Layer(5), Layer(2, stride=2), Layer(5), Layer(2, stride=2)],
}
"""Name -> layers, from the picture upwards; a kernel of 2 is sub-sampling."""
SIDE = 64  # of the picture
WIDTH = 320  # of the output on screen
CHOSEN = "#0099ff"  # around the chosen output and the pixels that it sees
NETWORKS, CHANNELS = 6, 8  # networks with random weights over which a gradient is averaged
HELD = 0.95  # share of the gradient whose area is told


def effective_share(gradient: np.ndarray, area: int, held: float = HELD) -> float:
    """Share of the theoretical receptive field in which most of the gradient lies.

    Parameters
    ----------
    gradient : ndarray of float, any shape, at least 0
        How much an output answers to each pixel.
    area : int
        Pixels of the theoretical receptive field.
    held : float, in (0, 1]
        The part of the whole that counts as most.

    Returns
    -------
    float
        The fewest pixels that hold this part, divided by `area`.

    References
    ----------
    Luo et al., Understanding the effective receptive field in deep convolutional neural networks,
    2016, https://arxiv.org/abs/1701.04128

    Examples
    --------
    >>> effective_share(np.array([0.0, 1, 7, 1, 1]), area=5, held=0.75)
    0.4
    """
    held_by_largest = np.cumsum(np.sort(gradient, axis=None)[::-1])
    needed = np.searchsorted(held_by_largest, held * held_by_largest[-1] * (1 - 1e-9)) + 1
    return float(needed / area)


@lru_cache(maxsize=256)
def measured_gradient(stack: str, row: int, column: int) -> np.ndarray:
    """How much one output answers to each pixel of the picture.

    Parameters
    ----------
    stack : str
        One of `STACKS`.
    row, column : int
        The output.

    Returns
    -------
    ndarray of float, shape (SIDE, SIDE)
        Absolute gradient, averaged over networks with random weights and ReLU. Shared: do not
        write to it.

    Examples
    --------
    >>> int((measured_gradient("one 5 x 5", 30, 30) > 0).sum())
    25
    """
    image, output = _run(stack)
    weights = torch.randn(output.shape[1], generator=torch.Generator().manual_seed(1))
    chosen = (output[0, :, row, column] * weights).sum()
    (gradient,) = torch.autograd.grad(chosen, image, retain_graph=True)
    return gradient[0].abs().mean(dim=0).numpy()


def draw_field(
    stack: str = "four 3 x 3", cell: tuple[int, int] | None = None
) -> tuple[Figure, str]:
    """Draw the theoretical receptive field of an output as a square, and its measured gradient.

    Parameters
    ----------
    stack : str
        One of `STACKS`.
    cell : tuple of int, optional
        (row, column) of the output; the middle one by default.

    Returns
    -------
    tuple of Figure and str
        The figure, and sizes in words.

    Raises
    ------
    ValueError
        If there is no such stack, or the cell lies outside the output.

    Examples
    --------
    >>> draw_field("four 3 x 3, stride 2", (2, 2))[1].splitlines()[0]
    'output (2, 2) of 4 x 4: theoretical field 31 x 31, jump 16'
    """
    side = output_side(stack)
    row, column = cell or (side // 2, side // 2)
    if not (0 <= row < side and 0 <= column < side):
        raise ValueError(f"cell must lie on {side} x {side} outputs, got ({row}, {column}).")
    field = receptive_field(STACKS[stack])[-1]
    top, left = (field.start + field.jump * at - (field.size - 1) / 2 for at in (row, column))
    gradient = measured_gradient(stack, row, column)
    figure, axes = new_figure(width=3.6, height=3.7)
    ax = axes[0, 0]
    ax.imshow(_tinted(gradient), interpolation="nearest")
    ax.set(xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5))
    ax.set_axis_off()
    ax.set_title(f"picture: what output ({row}, {column}) sees", y=1)
    ax.add_patch(
        Rectangle((left - 0.5, top - 0.5), field.size, field.size, fill=False, ec=CHOSEN, lw=2)
    )
    share = effective_share(gradient, field.size**2)
    line = (
        f"output ({row}, {column}) of {side} x {side}: theoretical field {field.size} x "
        f"{field.size}, jump {field.jump}\n{100 * HELD:.0f} % of the gradient lies in "
        f"{100 * share:.0f} % of that square"
    )
    set_alt_text(
        figure,
        f"Picture of a cat; {stack}, {line}. The square spans rows {top:.0f} to "
        f"{top + field.size - 1:.0f}, columns {left:.0f} to {left + field.size - 1:.0f}.",
    )
    return figure, line


def output_side(stack: str) -> int:
    """Rows, and columns, of a stack's output.

    Parameters
    ----------
    stack : str
        One of `STACKS`.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no such stack.

    Examples
    --------
    >>> output_side("LeNet-5 up to S4")
    13
    """
    if stack not in STACKS:
        raise ValueError(f"stack must be one of {', '.join(STACKS)}, got {stack!r}. Choose one.")
    side = SIDE
    for layer in STACKS[stack]:
        side = conv_output_size(side, *layer)
    return side


def demo() -> Demo:
    """Let the student choose a stack of layers and click an output.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    stack = Dropdown(description="Layers", options=list(STACKS), value="four 3 x 3")
    canvas = Canvas(
        "Choose an output",
        png=_output_png(stack.value),
        alt=_output_alt(stack.value),
        rows=SIDE,  # fine enough for every stack: the grid stays, the output changes
        columns=SIDE,
        width=WIDTH,
        caption=_output_caption(stack.value),
    )

    def show_output(_change: dict[str, Any]) -> None:
        cell = _cell_at(stack.value, canvas.clicked)
        with canvas.hold_sync():
            canvas.png = _output_png(stack.value, cell)
            canvas.alt = _output_alt(stack.value, cell)
            canvas.caption = _output_caption(stack.value, cell)

    stack.observe(show_output, "value")
    canvas.observe(show_output, "event")

    def draw(place: tuple[int, int] | None, stack: str) -> tuple[Figure, str]:
        return draw_field(stack, _cell_at(stack, place))

    return explore(draw, canvas, stack=stack)


def _cell_at(stack: str, place: tuple[int, int] | None) -> tuple[int, int] | None:
    """The output that lies at a place of the canvas."""
    side = output_side(stack)
    return place and (place[0] * side // SIDE, place[1] * side // SIDE)


@cache
def _grey() -> np.ndarray:
    """The cat's head in grey, float in [0, 1], shape (SIDE, SIDE)."""
    grey = load_picture("cat").image[10:266:4, 90:346:4].mean(axis=-1) / 255
    return grey.astype(np.float32)


@cache
def _run(stack: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The picture, once for each network, and what all networks of a stack make of it."""
    output_side(stack)  # says which stacks there are
    image = torch.from_numpy(_grey() - 0.5).repeat(1, NETWORKS, 1, 1).requires_grad_()
    generator = torch.Generator().manual_seed(0)
    x, channels = image, NETWORKS
    for layer in STACKS[stack]:
        if layer.kernel == 2:
            x = nn.functional.avg_pool2d(x, 2)
            continue
        conv = nn.Conv2d(channels, CHANNELS * NETWORKS, *layer, groups=NETWORKS, bias=False)
        nn.init.kaiming_normal_(conv.weight, generator=generator)
        x, channels = conv(x).relu(), CHANNELS * NETWORKS
    return image, x


def _tinted(gradient: np.ndarray) -> np.ndarray:
    """The picture, tinted orange where the gradient is large."""
    strength = np.sqrt(gradient / gradient.max())[..., None]
    pale = 0.35 + 0.65 * _grey()[..., None]
    return (1 - strength) * pale + strength * np.array([0.9, 0.35, 0.0])


@cache
def _output_picture(stack: str) -> Image.Image:
    output = _run(stack)[1].detach()[0].mean(dim=0).numpy()
    low, high = output.min(), output.max()
    shown = Image.fromarray(np.uint8(255 * (output - low) / (high - low + 1e-9)))
    return shown.resize((WIDTH, WIDTH), Image.Resampling.NEAREST).convert("RGB")


def _output_png(stack: str, cell: tuple[int, int] | None = None) -> bytes:
    """The output of a stack, enlarged, with a frame around the chosen cell (the middle one)."""
    side = output_side(stack)
    row, column = cell or (side // 2, side // 2)
    picture = _output_picture(stack).copy()
    left, top, right, bottom = (
        round(at * WIDTH / side) for at in (column, row, column + 1, row + 1)
    )
    ImageDraw.Draw(picture).rectangle(
        (max(left - 3, 0), max(top - 3, 0), min(right + 2, WIDTH - 1), min(bottom + 2, WIDTH - 1)),
        outline=CHOSEN,
        width=3,
    )
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def _output_caption(stack: str, cell: tuple[int, int] | None = None) -> str:
    """No wider than the output, so that both pictures stay side by side."""
    side = output_side(stack)
    row, column = cell or (side // 2, side // 2)
    return f"output, {side} x {side} cells, ({row}, {column}) framed"


def _output_alt(stack: str, cell: tuple[int, int] | None = None) -> str:
    return f"Mean over the channels of {stack}: {_output_caption(stack, cell)}."
