"""What a network is made of, as a table: shapes, parameters, multiply-adds, receptive fields.

The network is run once, on a batch without numbers (torch's "meta" device): nothing is computed, so
a network of any size is described at once, and its own weights are not touched. Hooks tell which
layer is at work, and every operation says which rows of the picture its output can see.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from math import ceil, floor
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from course_utils.geometry import Layer, receptive_field

BATCH = 2
"""Pictures in the batch: batch normalisation refuses to train on one value for each channel."""
OUTSIDE = "outside"
"""Name of the row for what runs, or is stored, in no layer."""
Rows = Callable[[int], int]


class Row(NamedTuple):
    """One layer of a network.

    Attributes
    ----------
    name : str
    output_shape : tuple of int
        (channels, rows, columns) of what it makes of one picture.
    parameters : int
        Numbers that are learned.
    multiply_adds : int
        Products of a weight and a value, for one picture; a multiply-add is two operations (FLOPs).
    receptive_field : int
        Side in input pixels, of the unit that sees most; as if the picture went on at its border.

    Examples
    --------
    >>> Row("c1", (16, 128, 128), 2768, 45350912, 5).parameters
    2768
    """

    name: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    receptive_field: int


class Description(tuple[Row, ...]):
    """The rows of a table of layers; printed, they are aligned and have their totals below.

    Examples
    --------
    >>> Description([Row("c1", (6, 28, 28), 156, 117600, 5)])
    layer       output  parameters  multiply-adds  receptive field
    c1     6 x 28 x 28         156        117,600                5
    total                      156        117,600
    """

    __slots__ = ()

    @property
    def parameters(self) -> int:
        """Parameters of all rows."""
        return sum(row.parameters for row in self)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of all rows, for one picture."""
        return sum(row.multiply_adds for row in self)

    def __str__(self) -> str:
        cells = [("layer", "output", "parameters", "multiply-adds", "receptive field")]
        for row in self:
            shape = " x ".join(map(str, row.output_shape))
            counts = f"{row.parameters:,}", f"{row.multiply_adds:,}"
            cells.append((row.name, shape, *counts, str(row.receptive_field)))
        cells.append(("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}", ""))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = (
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__


def describe(
    model: nn.Module,
    input_size: tuple[int, int],
    *,
    in_channels: int | None = None,
    depth: int | None = 1,
) -> Description:
    """The table of a network's layers, in the order in which they run.

    Parameters
    ----------
    model : Module
        Takes a batch of images (N, channels, H, W).
    input_size : tuple of int
        Height and width.
    in_channels : int, optional
        Channels of the image; by default the model's `in_channels`, or 3.
    depth : int, at least 1, optional
        1 gives a row to each child of the model, 2 to their children too; None to each layer that
        has no children.

    Returns
    -------
    Description
        A tuple of `Row`. What runs outside of all layers adds to the row "outside", if it costs
        anything. A layer that runs twice has two rows, the parameters in the first.

    Raises
    ------
    ValueError
        If the size is not two whole numbers, or the model does not take it.

    Examples
    --------
    >>> lenet = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5))
    >>> describe(lenet, (32, 32), in_channels=1)
    layer        output  parameters  multiply-adds  receptive field
    0       6 x 28 x 28         156        117,600                5
    1       6 x 14 x 14           0              0                6
    2      16 x 10 x 10       2,416        240,000               14
    total                     2,572        357,600
    """
    if len(input_size) != 2 or any(not isinstance(n, int) or n < 1 for n in input_size):
        raise ValueError(f"input_size must be (height, width) in pixels, got {input_size!r}.")
    channels = in_channels or int(getattr(model, "in_channels", 3))
    layers = {layer: name for name, layer in _layers(model, depth)}
    parameters = _parameters(model, layers)
    tracer, rows = _Tracer(), list[Row]()

    def started(layer: nn.Module, given: Any) -> None:
        tracer.products_before = tracer.products

    def ended(layer: nn.Module, given: Any, made: Any) -> None:
        products = tracer.products - tracer.products_before
        tracer.products_in_layers += products
        count = parameters.pop(layers[layer], 0)
        shape, field = tuple(made.shape[1:]), tracer.receptive_field(made)
        rows.append(Row(layers[layer], shape, count, products // BATCH, field))

    made = _run(model, (BATCH, channels, *input_size), tracer, layers, started, ended)
    outside = (tracer.products - tracer.products_in_layers) // BATCH
    if outside or OUTSIDE in parameters:
        shape, field = tuple(made.shape[1:]), tracer.receptive_field(made)
        rows.append(Row(OUTSIDE, shape, parameters.get(OUTSIDE, 0), outside, field))
    return Description(rows)


def outputs_of(model: nn.Module, image: Tensor) -> dict[str, Tensor]:
    """What each child of a model makes of an image, by the child's name, in order of running.

    Parameters
    ----------
    model : Module
    image : Tensor
        What the model takes.

    Returns
    -------
    dict of str to Tensor
        A child that runs twice gives its last output.

    Examples
    --------
    >>> pyramid = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
    >>> made = outputs_of(pyramid, torch.zeros(1, 1, 8, 8))
    >>> [(name, tuple(each.shape[2:])) for name, each in made.items()]
    [('0', (4, 4)), ('1', (2, 2))]
    """
    made: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., None]:
        return lambda layer, given, output: made.update({name: output})

    handles = [layer.register_forward_hook(keep(name)) for name, layer in model.named_children()]
    try:
        model(image)
    finally:
        for handle in handles:
            handle.remove()
    return made


def _layers(model: nn.Module, depth: int | None) -> list[tuple[str, nn.Module]]:
    """The modules that get a row, with their names: cut at the depth, or leaves above it."""
    found = [
        (name, layer)
        for name, layer in model.named_modules()
        if name
        and not isinstance(layer, nn.Identity)
        and (name.count(".") + 1 == depth or not any(layer.children()))
        and (depth is None or name.count(".") < depth)
    ]
    return found or [(type(model).__name__, model)]


def _parameters(model: nn.Module, layers: dict[nn.Module, str]) -> dict[str, int]:
    """Parameters of each layer; those shared count once, those of no layer are outside."""
    counts, seen = dict[str, int](), set[nn.Parameter]()
    for layer, name in (*layers.items(), (model, OUTSIDE)):
        new = set(layer.parameters()) - seen
        seen |= new
        if new:
            counts[name] = sum(parameter.numel() for parameter in new)
    return counts


def _run(
    model: nn.Module,
    shape: tuple[int, ...],
    tracer: "_Tracer",
    layers: Iterable[nn.Module],
    started: Callable[..., None],
    ended: Callable[..., None],
) -> Tensor:
    """Run the model on an image without numbers, with its weights replaced by such too."""
    named = (*model.named_parameters(), *model.named_buffers())
    weights = {name: tensor.detach().to("meta") for name, tensor in named}
    kinds = [each.dtype for each in weights.values() if each.is_floating_point()]
    image = torch.empty(shape, device="meta", dtype=kinds[0] if kinds else None)
    handles = [layer.register_forward_pre_hook(started) for layer in layers]
    handles += [layer.register_forward_hook(ended) for layer in layers]
    try:
        with torch.no_grad(), tracer:
            tracer.sees(image, lambda row: row, lambda row: row)
            return functional_call(model, weights, (image,))
    finally:
        for handle in handles:
            handle.remove()


class _Tracer(TorchDispatchMode):
    """Counts products, and keeps for every tensor the first and last input row a row of it sees.

    Both are functions of the row, exact to the pixel also behind a join or an enlargement, where
    rows of one map see unequally much.
    """

    def __init__(self) -> None:
        super().__init__()
        self.products = self.products_before = self.products_in_layers = 0
        self.tensors: dict[int, tuple[Tensor, Rows, Rows]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        first = made[0] if isinstance(made, tuple | list) else made
        name = func.overloadpacket.__name__
        self.products += _products(name, args, first)
        given = [each for each in tree_leaves((args, kwargs)) if id(each) in self.tensors]
        if given and isinstance(first, Tensor):
            self.sees(first, *self._through(name, args, given, first))
        return made

    def sees(self, tensor: Tensor, first: Rows, last: Rows) -> None:
        """Note which input rows a tensor's rows see; the tensor is kept, so that its id stays."""
        self.tensors[id(tensor)] = (tensor, cache(first), cache(last))

    def receptive_field(self, tensor: Tensor) -> int:
        """Input rows that the unit sees which sees most."""
        _, first, last = self.tensors[id(tensor)]
        rows = tensor.shape[2] if tensor.ndim == 4 else 1
        return max(last(row) - first(row) + 1 for row in range(rows))

    def _through(
        self, name: str, args: Any, given: list[Tensor], made: Tensor
    ) -> tuple[Rows, Rows]:
        firsts = [self.tensors[id(each)][1] for each in given]
        lasts = [self.tensors[id(each)][2] for each in given]
        first, last = firsts[0], lasts[0]
        reach = _reach(name, args, given[0], made)
        if reach is not None:
            low, high = reach
            return lambda row: first(low(row)), lambda row: last(high(row))
        if any(each.ndim != made.ndim or each.shape[2:3] != made.shape[2:3] for each in given):
            heights = [each.shape[2] if each.ndim == 4 else 1 for each in given]
            start = min(f(0) for f in firsts)
            end = max(f(height - 1) for f, height in zip(lasts, heights, strict=True))
            return lambda row: start, lambda row: end  # a dense layer, a mean over the map, ...
        return (
            lambda row: min(f(row) for f in firsts),
            lambda row: max(f(row) for f in lasts),
        )


def _reach(name: str, args: Any, given: Tensor, made: Tensor) -> tuple[Rows, Rows] | None:
    """First and last row of its input that a row of an operation's output reads, if it moves."""
    if name == "convolution" and args[6]:
        kernel, stride, padding = args[1].shape[2], args[3][0], args[4][0]
        reach = receptive_field([Layer(kernel, dilation=args[5][0])])[0].size - 1
        return (
            lambda row: -((reach - padding - row) // stride),  # rounded up
            lambda row: (row + padding) // stride,
        )
    layer = _layer(name, args)
    if layer is not None:
        field = receptive_field([layer])[0]
        before = int(field.start - (field.size - 1) / 2)
        return (
            lambda row: row * field.jump + before,
            lambda row: row * field.jump + before + field.size - 1,
        )
    if name == "slice" and args[1] == 2:
        return (lambda row: row + args[2],) * 2
    if name in ("constant_pad_nd", "replication_pad2d", "reflection_pad2d"):
        top = args[1][2] if len(args[1]) > 2 else 0
        return (lambda row: row - top,) * 2
    if name in ("upsample_bilinear2d", "upsample_nearest2d"):
        ratio = Fraction(given.shape[2], made.shape[2])
        half = Fraction(1, 2) if name == "upsample_bilinear2d" else 0
        return (
            lambda row: floor((row + half) * ratio - half),
            lambda row: ceil((row + half) * ratio - half) if half else floor(row * ratio),
        )
    return None


def _layer(name: str, args: Any) -> Layer | None:
    """A convolution's or pooling's geometry along the rows."""
    if name == "convolution":
        return Layer(args[1].shape[2], args[3][0], args[4][0], args[5][0])
    if name in ("max_pool2d_with_indices", "avg_pool2d"):
        stride = args[2][0] if len(args) > 2 and args[2] else args[1][0]
        padding = args[3][0] if len(args) > 3 else 0
        return Layer(args[1][0], stride, padding)
    return None


def _products(name: str, args: Any, made: Any) -> int:
    """Multiply-adds of an operation on the whole batch; biases and pooling count nothing."""
    if name == "convolution":
        placed = args[0] if args[6] else made  # a transposed one stamps at each input
        return placed.numel() * args[1][0].numel()
    if name in ("addmm", "mm", "bmm"):
        return made.numel() * args[1 if name == "addmm" else 0].shape[-1]
    return 0
