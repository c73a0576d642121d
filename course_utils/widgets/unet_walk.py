"""Walk the U: every tensor of a U-Net in its place, its shape and its channels (lesson 12)."""

import io
from typing import Any

import numpy as np
import torch
from ipywidgets import Checkbox, Dropdown
from matplotlib import patches
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from course_utils.figures import new_figure, set_alt_text, to_png
from course_utils.models.unet import UNet
from course_utils.transforms import to_float
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.still import Demo

MOST_CHANNELS = 16  # shown
SIDE = 96  # pixels of a channel on screen at least
WIDTH = 760  # of the drawn U on screen
TILE, TALL = 0.76, 1.4  # of a place: width of its picture, height
CHOSEN = "#ff6600"
Tensors = dict[str, np.ndarray]


def walk(net: UNet, image: np.ndarray, *, skips: bool = True) -> Tensors:
    """Every tensor of the drawing for one picture, from the image to the logits.

    Parameters
    ----------
    net : UNet
        With concatenated skips.
    image : ndarray of uint8, shape (3, H, W)
    skips : bool
        False sends zeros to the decoder in place of the encoder's maps; nothing is trained anew.

    Returns
    -------
    dict of str to ndarray of float32, shape (C, H, W)
        "image", c1, p1, ..., out.

    Raises
    ------
    ValueError
        If the network has no skips that could be left out, or does not take the picture.

    Examples
    --------
    >>> net = UNet(width=2, depth=1)
    >>> [(name, x.shape) for name, x in walk(net, np.zeros((3, 8, 8), np.uint8)).items()][2:5]
    [('p1', (2, 4, 4)), ('c2', (4, 4, 4)), ('u3', (2, 8, 8))]
    """
    if not net.skips or net.join != "concatenate":
        raise ValueError(
            "net must concatenate its skips, got one without them or with sums. Build it with "
            'UNet(skips=True, join="concatenate").'
        )
    batch = to_float(torch.as_tensor(image)[None])
    hooks = []
    if not skips:
        for number in range(net.depth + 2, 2 * net.depth + 2):
            block = getattr(net, f"c{number}")
            hooks.append(block.register_forward_pre_hook(_silence))
    was_training = net.training
    try:
        with torch.no_grad():
            tensors = net.eval().tensors(batch)
    finally:
        net.train(was_training)
        for hook in hooks:
            hook.remove()
    return {"image": batch[0].numpy()} | {name: x[0].numpy() for name, x in tensors.items()}


def places(depth: int) -> dict[str, tuple[int, int]]:
    """Row and column of each tensor in the drawn U; a row is a size, the largest on top.

    Parameters
    ----------
    depth : int
        Poolings.

    Returns
    -------
    dict of str to tuple of int

    Examples
    --------
    >>> list(places(1).items())[:4]
    [('image', (0, 0)), ('c1', (0, 1)), ('p1', (1, 1)), ('c2', (1, 2))]
    """
    at = {"image": (0, 0)}
    for level in range(depth):
        at |= {f"c{level + 1}": (level, level + 1), f"p{level + 1}": (level + 1, level + 1)}
    at[f"c{depth + 1}"] = (depth, depth + 1)
    for step in range(1, depth + 1):
        row, column = depth - step, depth + 1 + step
        at |= {f"u{depth + 1 + step}": (row, column), f"c{depth + 1 + step}": (row, column + 1)}
    return at | {"out": (0, 2 * depth + 3)}


def draw_u(tensors: Tensors, *, skips: bool = True) -> Figure:
    """Draw the U with each tensor's picture, the mean over its channels, in its place.

    Parameters
    ----------
    tensors : dict
        From `walk`.
    skips : bool
        Whether arrows show them.

    Returns
    -------
    Figure

    Examples
    --------
    >>> figure = draw_u(walk(UNet(width=2, depth=1), np.zeros((3, 8, 8), np.uint8)))
    >>> len(figure.axes)
    8
    """
    at = places(_depth(tensors))
    rows, columns = _grid(at)
    figure, axes = new_figure(width=7.6, height=7.6 * rows * TALL / columns)
    figure.set_layout_engine("none")
    whole = axes[0, 0]
    whole.set(position=(0, 0, 1, 1), xlim=(0, columns), ylim=(rows, 0))
    whole.set_axis_off()
    if skips:
        _draw_skips(whole, at)
    for name, (row, column) in at.items():
        left, high = column + (1 - TILE) / 2, TILE / TALL
        box = (left / columns, 1 - (row + 0.04 + high) / rows, TILE / columns, high / rows)
        ax = figure.add_axes(box)
        _show(ax, tensors[name].mean(axis=0))
        shape = f"{name}\n{len(tensors[name])} x {tensors[name].shape[-1]}$^2$"
        whole.text(column + 0.5, row + 0.62, shape, ha="center", va="top", fontsize=7)
    set_alt_text(figure, _alt_of_the_u(tensors))
    return figure


def draw_tensor(tensors: Tensors, name: str, *, skips: bool = True) -> tuple[Figure, str]:
    """Draw the channels of one tensor, 16 at most, each with its own range of greys.

    Parameters
    ----------
    tensors : dict
        From `walk`.
    name : str
    skips : bool
        What the line says about them.

    Returns
    -------
    tuple of Figure and str
        The figure, and name, origin, shape and range in words.

    Raises
    ------
    ValueError
        If there is no such tensor.

    Examples
    --------
    >>> tensors = walk(UNet(width=2, depth=1), np.zeros((3, 8, 8), np.uint8))
    >>> draw_tensor(tensors, "p1")[1].splitlines()[0]
    'p1: 2 x 4 x 4 = 32 numbers, c1 max-pooled'
    """
    if name not in tensors:
        raise ValueError(f"name must be one of {', '.join(tensors)}, got {name!r}. Choose one.")
    x = tensors[name]
    shown = x[np.linspace(0, len(x) - 1, min(len(x), MOST_CHANNELS)).astype(int)]
    side = 4 if len(shown) > 3 else len(shown)
    figure, axes = new_figure(-(-len(shown) // side), side, width=4.4, height=4.7)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, channel in zip(axes.flat, shown, strict=False):
        _show(ax, channel)
    shape = " x ".join(map(str, x.shape))
    dead = np.mean(x.reshape(len(x), -1).max(axis=1) <= 0)
    line = f"{name}: {shape} = {x.size:,} numbers, {_origin(tensors, name, skips=skips)}\n"
    line += f"values {x.min():.2f} to {x.max():.2f}"
    line += f"; {np.mean(x == 0):.0%} are 0, {dead:.0%} of the channels throughout"
    figure.suptitle(f"{name}: {len(shown)} of {len(x)} channels", fontsize=10)
    set_alt_text(figure, f"{len(shown)} channels of {line}.".replace("\n", "; "))
    return figure, line


def demo(net: UNet, image: np.ndarray) -> Demo:
    """Let the student choose a tensor in the drawn U, or by name, and cut the skips.

    Parameters
    ----------
    net : UNet
        Trained; it is run twice, at once.
    image : ndarray of uint8, shape (3, H, W)

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(UNet(width=2, depth=1), np.zeros((3, 8, 8), np.uint8)), Demo)
    True
    """
    runs = {skips: walk(net, image, skips=skips) for skips in (True, False)}
    drawn = {
        skips: Image.open(io.BytesIO(to_png(draw_u(run, skips=skips))))
        for skips, run in runs.items()
    }
    at = places(net.depth)
    rows, columns = _grid(at)
    tensor = Dropdown(description="Tensor", options=list(at), value="c1")
    skips = Checkbox(description="Skips", value=True, indent=False)

    def picture() -> tuple[bytes, str]:
        name, run = tensor.value, runs[skips.value]
        png = _framed(drawn[skips.value], at[name], rows, columns)
        return png, f"{name} is framed. {_alt_of_the_u(run)}"

    png, alt = picture()
    canvas = Canvas(
        "Choose a tensor",
        png=png,
        alt=alt,
        rows=rows,
        columns=columns,
        width=WIDTH,
        caption="click a tensor, or choose its name",
    )

    def choose(_change: dict[str, Any]) -> None:
        names = [name for name, place in at.items() if place == canvas.clicked]
        if names:
            tensor.value = names[0]

    def show_u(_change: dict[str, Any]) -> None:
        with canvas.hold_sync():
            canvas.png, canvas.alt = picture()

    canvas.observe(choose, "event")
    tensor.observe(show_u, "value")
    skips.observe(show_u, "value")

    def draw(_place: Any, tensor: str, skips: bool) -> tuple[Figure, str]:
        return draw_tensor(runs[skips], tensor, skips=skips)

    return explore(draw, canvas, tensor=tensor, skips=skips)


def _silence(_block: torch.nn.Module, joined: tuple[torch.Tensor]) -> torch.Tensor:
    """The joined map with zeros where the skip's channels are, its second half."""
    x = joined[0].clone()
    x[:, x.shape[1] // 2 :] = 0
    return x


def _depth(tensors: Tensors) -> int:
    return sum(name.startswith("p") for name in tensors)


def _grid(at: dict[str, tuple[int, int]]) -> tuple[int, int]:
    rows, columns = (max(sizes) + 1 for sizes in zip(*at.values(), strict=True))
    return rows, columns


def _show(ax: Axes, channel: np.ndarray) -> None:
    """A map in grey: 0 is black where nothing is below it."""
    low, high = min(float(channel.min()), 0.0), float(channel.max())
    ax.imshow(channel, cmap="gray", vmin=low, vmax=max(high, low + 1e-6), interpolation="nearest")
    ax.set_axis_off()


def _draw_skips(ax: Axes, at: dict[str, tuple[int, int]]) -> None:
    """An arrow from the encoder to the decoder on each level."""
    depth = max(row for row, _ in at.values())
    for level in range(depth):
        left, right = at[f"c{level + 1}"], at[f"u{2 * depth + 1 - level}"]
        ax.add_patch(
            patches.FancyArrowPatch(
                (left[1] + 0.9, level + 0.3),
                (right[1] + 0.1, level + 0.3),
                arrowstyle="-|>",
                mutation_scale=9,
                color="0.6",
            )
        )


def _alt_of_the_u(tensors: Tensors) -> str:
    sizes = "; ".join(
        f"{name} {len(x)} x {x.shape[-2]} x {x.shape[-1]}" for name, x in tensors.items()
    )
    return f"The tensors of a U-Net, drawn as a U, each with the mean of its channels: {sizes}."


def _origin(tensors: Tensors, name: str, *, skips: bool) -> str:
    """What a tensor is made of, in words."""
    depth, kind = _depth(tensors), name[0]
    if name in ("image", "out"):
        return "the picture" if name == "image" else f"a 1 x 1 convolution of c{2 * depth + 1}"
    number = int(name[1:])
    if kind == "p":
        return f"c{number} max-pooled"
    if kind == "u":
        return f"c{number - 1} enlarged by a transposed convolution"
    if number <= depth + 1:
        return f"double convolution of {'the image' if number == 1 else f'p{number - 1}'}"
    skip = f"c{2 * depth + 2 - number}"
    return f"double convolution of u{number} beside {skip if skips else f'zeros for {skip}'}"


def _framed(drawn: Image.Image, place: tuple[int, int], rows: int, columns: int) -> bytes:
    """The drawn U with a frame around one place, as PNG."""
    framed = drawn.convert("RGB")
    high, wide = framed.height / rows, framed.width / columns
    top, left = round(place[0] * high), round(place[1] * wide)
    box = (left + 1, top + 1, round(left + wide) - 2, round(top + high) - 2)
    ImageDraw.Draw(framed).rectangle(box, outline=CHOSEN, width=4)
    file = io.BytesIO()
    framed.quantize(128).save(file, "png")
    return file.getvalue()
