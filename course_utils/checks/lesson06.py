"""Lesson 06: the size of a convolution, its sums, the same as a matrix product, what it costs.

Conventions that all exercises share: volumes are (C, H, W), filters (F, C, k, k), rows before
columns. As in every framework nothing is flipped, and padding is zeros at both ends.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils import geometry
from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]


def _by_place(index: tuple[int, ...]) -> str:
    return f"filter {index[0]}, row {index[1]}, column {index[2]}"


# ----------------------------------------------------------------------------------------------
# 6.1 What size comes out?


def _size_cases(rng: np.random.Generator) -> Cases:
    plain: list[Arguments] = [(7, 3, 2, 0, 1), (8, 3, 2, 0, 1), (5, 3, 2, 1, 1), (4, 2, 3, 1, 1)]
    gaps: list[Arguments] = [(9, 3, 1, 0, 2), (9, 3, 2, 1, 3), (7, 2, 1, 0, 4), (8, 4, 2, 2, 2)]
    tight: list[Arguments] = [(3, 3, 1, 0, 1), (3, 5, 4, 1, 1), (3, 9, 1, 0, 1), (5, 3, 2, 0, 2)]
    tight += [(2, 3, 4, 0, 1), (4, 3, 3, 0, 3), (1, 4, 2, 1, 1), (1, 3, 1, 1, 1), (6, 3, 1, 1, 1)]
    tight += [(4, 3, 1, 0, 3)]
    for _ in range(8):
        n, kernel, stride, padding, dilation = (
            int(rng.integers(low, high)) for low, high in ((9, 40), (2, 6), (1, 4), (0, 3), (2, 4))
        )
        plain.append((n, kernel, stride, padding, 1))
        gaps.append((n + kernel * dilation, kernel, stride, padding, dilation))
        tight.append(
            (int(rng.integers(1, 9)), kernel + 3, stride, padding, int(rng.integers(1, 3)))
        )
    return {"stride and padding": plain, "dilation": gaps, "kernels that may not fit": tight}


def output_size(n: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Places of a kernel along a side, 0 where it does not fit."""
    if geometry.kernel_extent(kernel, dilation) > n + 2 * padding:
        return 0
    return geometry.conv_output_size(n, kernel, stride, padding, dilation)


def _sized(
    change: Callable[..., Any], *, fits: Callable[..., bool] | None = None
) -> Callable[..., Any]:
    """A mistake in the formula, `change(free, stride, kernel, dilation, n, padding)`."""

    def mistaken(n: int, kernel: int, stride: int, padding: int, dilation: int) -> Any:
        extent = geometry.kernel_extent(kernel, dilation)
        if not (fits or (lambda n, padding, extent, kernel: extent <= n + 2 * padding))(
            n, padding, extent, kernel
        ):
            return 0
        return change(n + 2 * padding - extent, stride, kernel, dilation, n, padding)

    return mistaken


def _as_if(**changed: int) -> Callable[..., Any]:
    """The right formula with a setting taken for another."""

    def mistaken(n: int, kernel: int, stride: int, padding: int, dilation: int) -> Any:
        given = {"stride": stride, "padding": padding, "dilation": dilation} | changed
        return output_size(n, kernel, **given)

    return mistaken


def _with_extent(extent_of: Callable[[int, int], int]) -> Callable[..., Any]:
    def mistaken(n: int, kernel: int, stride: int, padding: int, dilation: int) -> Any:
        return max((n + 2 * padding - extent_of(kernel, dilation)) // stride + 1, 0)

    return mistaken


def _part_divided(size: Callable[[int, int, int, int], int]) -> Callable[..., Any]:
    """A mistake in what is divided, `size(n, padding, extent, stride)`."""

    def mistaken(n: int, kernel: int, stride: int, padding: int, dilation: int) -> Any:
        extent = geometry.kernel_extent(kernel, dilation)
        return size(n, padding, extent, stride) if extent <= n + 2 * padding else 0

    return mistaken


OUTPUT_SIZE = Exercise(
    reference=output_size,
    cases=_size_cases,
    mistakes={
        "The first place is not counted: the kernel lies there before it moves.": (
            _sized(lambda free, stride, *rest: free // stride)
        ),
        "One is added before the division: the first place needs no step.": (
            _sized(lambda free, stride, *rest: (free + 1) // stride)
        ),
        "The division is not rounded down: half a place does not exist.": (
            _sized(lambda free, stride, *rest: free / stride + 1)
        ),
        "The division is rounded up or to the nearest: the last place must fit wholly.": (
            _sized(lambda free, stride, *rest: -(-free // stride) + 1),
            _sized(lambda free, stride, *rest: round(free / stride) + 1),
        ),
        "The kernel's own length is not subtracted: it must lie wholly on the padded side.": (
            _sized(lambda free, stride, k, d, n, padding: (n + 2 * padding) // stride),
            _sized(lambda free, stride, k, d, n, padding: (n + 2 * padding) // stride + 1),
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding) // stride,
            lambda n, kernel, stride, padding, dilation: (n + 2 * padding) // stride + 1,
        ),
        "Only a part of the free pixels is divided: mind which of / and - comes first.": (
            _part_divided(lambda n, padding, extent, s: n + 2 * padding - extent // s + 1),
            _part_divided(lambda n, padding, extent, s: (n + 2 * padding) // s - extent + 1),
            _part_divided(lambda n, padding, extent, s: n + 2 * padding // s - extent + 1),
        ),
        "The stride is not used: the kernel moves by so many pixels.": _as_if(stride=1),
        "The padding is not used: it makes the side longer.": _as_if(padding=0),
        "The padding counts once: it stands at each of the two ends.": (
            lambda n, kernel, stride, padding, dilation: output_size(
                n + padding, kernel, stride, 0, dilation
            )
        ),
        "The dilation is not used: the kernel reaches further than its weights are many.": (
            _as_if(dilation=1)
        ),
        "The extent is one gap too long: there are fewer gaps than weights.": (
            _with_extent(lambda kernel, dilation: kernel * dilation)
        ),
        "The dilation is taken for the number of zeros between two weights, one too many.": (
            _with_extent(lambda kernel, dilation: kernel + (kernel - 1) * dilation)
        ),
        "Where the kernel does not fit, the formula goes on, below zero or above: test first.": (
            _sized(lambda free, stride, *rest: free // stride + 1, fits=lambda *given: True),
            _sized(lambda free, stride, *rest: int(free / stride) + 1, fits=lambda *given: True),
        ),
        "A kernel as long as the padded side has no place here: it fits exactly once.": (
            _sized(
                lambda free, stride, *rest: free // stride + 1,
                fits=lambda n, padding, extent, kernel: extent < n + 2 * padding,
            )
        ),
        "Whether the kernel fits is judged without its gaps.": (
            _sized(
                lambda free, stride, *rest: free // stride + 1,
                fits=lambda n, padding, extent, kernel: kernel <= n + 2 * padding,
            )
        ),
        "Whether the kernel fits is judged without the padding.": (
            _sized(
                lambda free, stride, *rest: free // stride + 1,
                fits=lambda n, padding, extent, kernel: extent <= n,
            )
        ),
    },
    entry=lambda index: "the size",
)

# ----------------------------------------------------------------------------------------------
# 6.2 Convolution by loops


def _volume_of(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.integers(1, 10, shape).astype(float)


def _layer_of(
    rng: np.random.Generator, filters: int, channels: int, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Random filters and biases of small whole numbers, none of them 0."""
    weights = rng.integers(1, 6, (filters, channels, side, side)) * rng.choice([-1.0, 1.0, 1.0])
    return weights, rng.integers(20, 60, filters).astype(float)


def _conv_cases(rng: np.random.Generator) -> Cases:
    groups: Cases = {"one channel": [], "volumes": [], "stride and padding": [], "dilation": []}
    example = (np.array([[[1.0, 2], [3, 4]]]), np.array([[[[1.0, 0], [0, 1]]]]), np.array([10.0]))
    groups["one channel"].append((*example, 1, 0, 1))
    # first, in each group, what is small enough to be read
    groups["volumes"].append((_volume_of(rng, 2, 2, 3), *_layer_of(rng, 1, 2, 2), 1, 0, 1))
    for group, channels, height, width, *settings in [
        ("stride and padding", 1, 3, 4, 2, 0, 1),
        ("stride and padding", 1, 2, 3, 1, 1, 1),
        ("stride and padding", 2, 3, 4, 2, 0, 1),
        ("dilation", 1, 3, 4, 1, 0, 2),
        ("dilation", 1, 4, 5, 2, 0, 2),
        ("dilation", 2, 3, 4, 1, 0, 2),
    ]:
        small = _volume_of(rng, channels, height, width)
        groups[group].append((small, *_layer_of(rng, 1, channels, 2), *settings))
    for height, width, side in [(2, 3, 2), (4, 3, 2), (4, 5, 3), (6, 5, 3)]:
        groups["one channel"].append(
            (_volume_of(rng, 1, height, width), *_layer_of(rng, 1, 1, side), 1, 0, 1)
        )
        groups["volumes"].append(
            (_volume_of(rng, 3, height, width), *_layer_of(rng, 2, 3, side), 1, 0, 1)
        )
    for height, width, side, stride, padding in [
        (3, 4, 2, 2, 0),
        (4, 6, 2, 2, 1),
        (5, 5, 3, 2, 1),
        (7, 6, 3, 3, 2),
        (3, 5, 3, 1, 1),
    ]:
        volume = _volume_of(rng, 2, height, width)
        groups["stride and padding"].append(
            (volume, *_layer_of(rng, 3, 2, side), stride, padding, 1)
        )
    for height, width, side, stride, padding, dilation in [
        (3, 5, 2, 1, 0, 2),
        (7, 6, 3, 1, 1, 2),
        (9, 8, 3, 2, 2, 3),
    ]:
        volume = _volume_of(rng, 2, height, width)
        groups["dilation"].append((volume, *_layer_of(rng, 2, 2, side), stride, padding, dilation))
    return groups


def conv2d(
    inputs: np.ndarray,
    filters: np.ndarray,
    bias: np.ndarray,
    stride: int,
    padding: int,
    dilation: int,
) -> np.ndarray:
    """Cross-correlation of a volume with F filters: a shifted copy of the input per weight."""
    return _conv(inputs, filters, bias, stride, padding, dilation)


def _conv(
    inputs: np.ndarray,
    filters: np.ndarray,
    bias: np.ndarray,
    stride: int,
    padding: int,
    dilation: int,
    *,
    pad: Any = None,
    step: int = 0,
    fewer: int = 0,
) -> np.ndarray:
    """`pad` and `step` (of the window, instead of the stride) and `fewer` places are mistakes."""
    ends = ((0, 0), (padding, padding), (padding, padding))
    padded = pad(inputs, padding) if pad else np.pad(inputs, ends)
    side = filters.shape[-1]
    rows, columns = (output_size(n, side, stride, 0, dilation) - fewer for n in padded.shape[1:])
    output = np.zeros((len(filters), max(rows, 0), max(columns, 0)))
    step = step or stride
    for row, column in np.ndindex(side, side):
        top, left = row * dilation, column * dilation
        here = padded[:, top : top + rows * step : step, left : left + columns * step : step]
        output += np.tensordot(filters[:, :, row, column], here, 1)
    return output + bias[:, None, None]


def _conv_with(change: Callable[..., Arguments]) -> Callable[..., np.ndarray]:
    """A mistake in what goes in: `change` gets all arguments and returns them changed."""

    def mistaken(
        inputs: Any, filters: Any, bias: Any, stride: int, padding: int, dilation: int
    ) -> np.ndarray:
        return _conv(*change(inputs, filters, bias, stride, padding, dilation))

    return mistaken


def _conv_how(**how: Any) -> Callable[..., np.ndarray]:
    return lambda *given: _conv(*given, **how)


def _pads_channels(inputs: Any, filters: Any, bias: Any, *settings: int) -> np.ndarray:
    """Padding on all three axes: right for a filter of one channel, which NumPy repeats.

    With more channels it raises what the product with too many of them raises.
    """
    _, padding, dilation = settings
    padded, reach = np.pad(inputs, padding), geometry.kernel_extent(filters.shape[-1], dilation)
    window = padded[:, 0:reach:dilation, 0:reach:dilation]
    np.sum(window * filters[0])
    return conv2d(inputs, filters, bias, *settings)


def _short_window(add_up: Callable[[np.ndarray, np.ndarray], Any]) -> Callable[..., np.ndarray]:
    """Every dilation-th pixel of a window that is as long as the kernel.

    NumPy repeats a single pixel and raises where several are left; `add_up` says in which words.
    """

    def mistaken(
        inputs: Any, filters: Any, bias: Any, stride: int, padding: int, dilation: int
    ) -> np.ndarray:
        output = conv2d(inputs, filters, bias, stride, padding, dilation)
        padded = np.pad(inputs, ((0, 0), (padding, padding), (padding, padding)))
        side = filters.shape[-1]
        for number, row, column in np.ndindex(*output.shape):
            top, left = row * stride, column * stride
            window = padded[:, top : top + side : dilation, left : left + side : dilation]
            output[number, row, column] = add_up(window, filters[number]) + bias[number]
        return output

    return mistaken


def _mean_of_products(inputs: Any, filters: Any, bias: Any, *settings: int) -> np.ndarray:
    return _conv(inputs, filters / filters[0].size, bias, *settings)


def _one_map(*given: Any) -> np.ndarray:
    return conv2d(*given).sum(axis=0)


CONV2D = Exercise(
    reference=conv2d,
    cases=_conv_cases,
    mistakes={
        "The kernel is flipped: this is convolution proper, and networks do not flip.": (
            _conv_with(lambda x, w, *rest: (x, w[..., ::-1, ::-1], *rest))
        ),
        "The bias is missing: add it once to every sum.": (
            _conv_with(lambda x, w, b, *rest: (x, w, 0 * b, *rest))
        ),
        "The bias is added once for each channel: a filter has one.": (
            _conv_with(lambda x, w, b, *rest: (x, w, len(x) * b, *rest))
        ),
        "The bias is added to every product: add it once to their sum.": (
            _conv_with(lambda x, w, b, *rest: (x, w, w[0].size * b, *rest))
        ),
        "Every map gets the first filter's bias: each filter has its own.": (
            _conv_with(lambda x, w, b, *rest: (x, w, 0 * b + b[0], *rest))
        ),
        "Only the first channel is used: add up the products of all channels.": (
            _conv_with(lambda x, w, *rest: (x[:1], w[:, :1], *rest))
        ),
        "Each channel overwrites the one before it: add them up.": (
            _conv_with(lambda x, w, *rest: (x[-1:], w[:, -1:], *rest))
        ),
        "The filters' maps are added: each filter gives a map of its own.": _one_map,
        "This is the mean of the products: a filter adds them.": _mean_of_products,
        "Rows and columns of the maps are exchanged.": (
            lambda *given: conv2d(*given).swapaxes(1, 2)
        ),
        "The last row and column of places are missing: range ends before its end.": (
            _conv_how(fewer=1)
        ),
        "The window moves by 1: use the stride.": (_conv_how(step=1)),
        "The stride is not used: the output has too many places.": (
            _conv_with(lambda x, w, b, s, p, d: (x, w, b, 1, p, d))
        ),
        "The padding is not used.": _conv_with(lambda x, w, b, s, p, d: (x, w, b, s, 0, d)),
        "The padding repeats the border: it is zeros.": (
            _conv_how(pad=lambda x, p: np.pad(x, ((0, 0), (p, p), (p, p)), mode="edge"))
        ),
        "The padding stands at one end only: pad before and after.": (
            _conv_how(pad=lambda x, p: np.pad(x, ((0, 0), (p, 0), (p, 0)))),
            _conv_how(pad=lambda x, p: np.pad(x, ((0, 0), (0, p), (0, p)))),
        ),
        "The channels are padded too: np.pad needs (0, 0) for the first axis.": _pads_channels,
        "The dilation is not used: take every dilation-th pixel of a longer window.": (
            _conv_with(lambda x, w, b, s, p, d: (x, w, b, s, p, 1))
        ),
        "The window ends too early: with gaps between its pixels it is longer than the kernel.": (
            _short_window(lambda window, weights: np.sum(window * weights)),
            _short_window(lambda window, weights: np.sum(weights * window)),
            _short_window(
                lambda window, weights: sum(
                    np.sum(w * k) for w, k in zip(window, weights, strict=True)
                )
            ),
        ),
    },
    entry=_by_place,
)

# ----------------------------------------------------------------------------------------------
# 6.3 The patches as one matrix


def _patch_cases(rng: np.random.Generator) -> Cases:
    one: list[Arguments] = [(np.array([[[1.0, 2, 3], [4, 5, 6]]]), 2, 1, 1)]
    volumes: list[Arguments] = []
    for height, width, side, stride in [(2, 3, 2, 1), (3, 5, 2, 2), (4, 5, 3, 1), (5, 4, 2, 1)]:
        numbers = rng.permutation(height * width).reshape(1, height, width) + 1.0
        one.append((numbers, side, stride, 1))
    for height, width, side, stride, dilation in [
        (2, 3, 2, 1, 1),
        (3, 3, 2, 1, 2),
        (3, 4, 2, 1, 2),
        (4, 5, 2, 2, 1),
        (5, 6, 2, 2, 3),
        (2, 6, 2, 3, 1),
        (7, 8, 3, 2, 2),
    ]:
        numbers = rng.permutation(2 * height * width) + 1.0
        volumes.append((numbers.reshape(2, height, width), side, stride, dilation))
    return {"one channel": one, "volumes and gaps": volumes}


def im2col(inputs: np.ndarray, side: int, stride: int, dilation: int) -> np.ndarray:
    """The windows of a volume as columns."""
    return _columns(_windows(inputs, side, stride, dilation))


def _windows(inputs: np.ndarray, side: int, stride: int, dilation: int) -> np.ndarray:
    """All windows, shape (rows, columns, C, side, side)."""
    reach = geometry.kernel_extent(side, dilation)
    views = np.lib.stride_tricks.sliding_window_view(inputs, (reach, reach), axis=(1, 2))  # type: ignore[call-overload]
    return views[:, ::stride, ::stride, ::dilation, ::dilation].transpose(1, 2, 0, 3, 4)


def _columns(windows: np.ndarray) -> np.ndarray:
    rows, columns = windows.shape[:2]
    return windows.reshape(rows * columns, -1).T


def _patches(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """A mistake in the windows (row, column, channel, window row, window column)."""
    return lambda *given: _columns(change(_windows(*given)))


def _ordered(*axes: int) -> Callable[..., np.ndarray]:
    """A mistake in an order of these axes."""
    return _patches(lambda windows: windows.transpose(axes))


def _unmoved(inputs: np.ndarray, side: int, stride: int, dilation: int) -> np.ndarray:
    """As many windows as there should be, but one pixel apart."""
    rows, columns = _windows(inputs, side, stride, dilation).shape[:2]
    return _columns(_windows(inputs, side, 1, dilation)[:rows, :columns])


def _cut_short(inputs: np.ndarray, side: int, stride: int, dilation: int) -> np.ndarray:
    """Every dilation-th pixel of a window that is as long as its side."""
    rows, columns = _windows(inputs, side, stride, dilation).shape[:2]
    short = _windows(inputs, side, stride, 1)[:rows, :columns]
    return _columns(short[..., ::dilation, ::dilation])


IM2COL = Exercise(
    reference=im2col,
    cases=_patch_cases,
    mistakes={
        "Each window is a row: make it a column, one for each place.": (
            lambda *given: im2col(*given).T
        ),
        "The numbers are scrambled: a reshape does not turn rows into columns.": (
            lambda *given: im2col(*given).T.reshape(im2col(*given).shape)
        ),
        "Inside a column the channel changes fastest: write channel after channel.": (
            _ordered(0, 1, 3, 4, 2)
        ),
        "Inside a column each channel is written column by column: write it row by row.": (
            _ordered(0, 1, 2, 4, 3)
        ),
        "The places run column by column: they run row by row.": _ordered(1, 0, 2, 3, 4),
        "The stride is not used: there are too many places.": (
            lambda inputs, side, stride, dilation: im2col(inputs, side, 1, dilation)
        ),
        "The windows lie one pixel apart: use the stride.": _unmoved,
        "The windows do not overlap: the next one starts stride pixels further.": (
            lambda inputs, side, stride, dilation: im2col(inputs, side, side, dilation)
        ),
        "The dilation is not used: take every dilation-th pixel of a longer window.": (
            lambda inputs, side, stride, dilation: im2col(inputs, side, stride, 1)
        ),
        "The window ends too early: with gaps between its pixels it is longer than its side.": (
            _cut_short
        ),
        "Stride and dilation are exchanged.": (
            lambda inputs, side, stride, dilation: im2col(inputs, side, dilation, stride)
        ),
        "The dilation is used as padding: there is none here.": (
            lambda inputs, side, stride, dilation: im2col(
                np.pad(inputs, ((0, 0), (dilation, dilation), (dilation, dilation))),
                side,
                stride,
                1,
            )
        ),
        "The last row and column of places are missing: range ends before its end.": (
            _patches(lambda windows: windows[:-1, :-1])
        ),
        "Only the first channel is used.": (
            lambda inputs, *settings: im2col(inputs[:1], *settings)
        ),
        "The windows are flipped: that belongs to convolution proper.": (
            _patches(lambda windows: windows[..., ::-1, ::-1])
        ),
        "The windows stay pictures: lay all numbers of a window in one column.": _windows,
    },
    entry=lambda index: f"row {index[0]} of the matrix, place {index[1]}",
)

# ----------------------------------------------------------------------------------------------
# 6.4 One product


def _product_cases(rng: np.random.Generator) -> Cases:
    example = (np.array([[1.0, 2], [2, 3], [4, 5], [5, 6]]), np.array([[[[1.0, 0], [0, 1]]]]))
    one: list[Arguments] = [(*example, np.array([10.0]), (1, 1, 2))]
    several: list[Arguments] = [(*example, np.array([10.0]), (2, 1, 1))]
    for pictures, filters, channels, side, rows, columns in [
        (1, 2, 1, 2, 1, 2),
        (1, 1, 2, 2, 2, 3),
        (1, 3, 2, 2, 2, 3),
        (1, 3, 3, 3, 4, 2),
        (2, 2, 1, 2, 1, 2),
        (2, 3, 2, 2, 2, 3),
        (3, 2, 3, 3, 2, 1),
        (3, 1, 2, 3, 1, 4),
    ]:
        patches = _volume_of(rng, channels * side**2, pictures * rows * columns)
        layer = _layer_of(rng, filters, channels, side)
        (one if pictures == 1 else several).append((patches, *layer, (pictures, rows, columns)))
    return {"one picture": one, "several pictures": several}


def apply_filters(
    patches: np.ndarray, filters: np.ndarray, bias: np.ndarray, shape: tuple[int, int, int]
) -> np.ndarray:
    """The maps of F filters for N pictures by one matrix product."""
    return _by_filter(_flat_product(patches, filters, bias), shape).swapaxes(0, 1)


def _flat_product(patches: np.ndarray, filters: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return filters.reshape(len(filters), -1) @ patches + bias[:, None]


def _by_filter(flat: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """The product of shape (F, places) as (F, N, rows, columns)."""
    return flat.reshape(len(flat), *shape)


def _with_filters(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda patches, filters, bias, shape: apply_filters(
        patches, np.ascontiguousarray(change(filters)).reshape(filters.shape), bias, shape
    )


def _from_product(
    change: Callable[[np.ndarray, tuple[int, int, int]], np.ndarray],
) -> Callable[..., np.ndarray]:
    """A mistake in what is made of the product (F, places)."""
    return lambda patches, filters, bias, shape: change(
        _flat_product(patches, filters, bias), shape
    )


def _with_bias(add: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """The bias added to the product (F, places) by a way that may raise NumPy's error."""
    return lambda patches, filters, bias, shape: _by_filter(
        add(_flat_product(patches, filters, 0 * bias), bias), shape
    ).swapaxes(0, 1)


APPLY_FILTERS = Exercise(
    reference=apply_filters,
    cases=_product_cases,
    mistakes={
        "The bias is missing.": lambda patches, filters, bias, shape: apply_filters(
            patches, filters, 0 * bias, shape
        ),
        "The bias is added to every product: add it once to each sum.": (
            lambda patches, filters, bias, shape: apply_filters(
                patches, filters, len(patches) * bias, shape
            )
        ),
        "The biases are laid along the places: each belongs to a whole row of the product.": (
            _with_bias(lambda flat, bias: flat + bias),
            _with_bias(lambda flat, bias: bias + flat),
        ),
        "The biases are laid along the columns of a map: each belongs to a whole map.": (
            lambda patches, filters, bias, shape: (
                apply_filters(patches, filters, 0 * bias, shape) + bias
            ),
            lambda patches, filters, bias, shape: (
                bias + apply_filters(patches, filters, 0 * bias, shape)
            ),
        ),
        "The filters are flipped: networks do not flip.": (
            _with_filters(lambda filters: filters[..., ::-1, ::-1])
        ),
        "In the matrix of the filters the channel changes fastest: the patches run channel by "
        "channel.": _with_filters(lambda filters: filters.transpose(0, 2, 3, 1)),
        "In the matrix of the filters each channel runs column by column: it runs row by row.": (
            _with_filters(lambda filters: filters.transpose(0, 1, 3, 2))
        ),
        "In the matrix of the filters the filters are mixed: a row holds one filter's weights.": (
            _with_filters(lambda filters: filters.reshape(-1, len(filters)).T)
        ),
        "Rows and columns of the maps are exchanged.": (
            lambda *given: apply_filters(*given).swapaxes(2, 3)
        ),
        "The maps are scrambled: rows and columns are exchanged in the reshape.": (
            _from_product(
                lambda flat, shape: _by_filter(flat, (shape[0], shape[2], shape[1])).swapaxes(0, 1)
            )
        ),
        "The result is still a matrix: give each filter's row the shape of its maps.": (
            _from_product(lambda flat, shape: flat)
        ),
        "The filters come first: the pictures are the first axis, then the filters.": (
            _from_product(_by_filter)
        ),
        "The filters come last: they are the second axis.": (
            lambda *given: apply_filters(*given).transpose(0, 2, 3, 1)
        ),
        "Pictures and filters are mixed: in the product each filter has a row for all pictures.": (
            _from_product(lambda flat, shape: flat.reshape(shape[0], -1, *shape[1:]))
        ),
        "The maps are mixed: in a product with places as rows the filter changes fastest.": (
            _from_product(lambda flat, shape: flat.T.reshape(shape[0], -1, *shape[1:])),
            _from_product(lambda flat, shape: flat.T.reshape(-1, *shape).swapaxes(0, 1)),
        ),
        "The maps of the filters are added: each filter has a map of its own.": (
            lambda *given: apply_filters(*given).sum(axis=1)
        ),
    },
    entry=lambda index: f"picture {index[0]}, {_by_place(index[1:])}",
)

# ----------------------------------------------------------------------------------------------
# 6.5 and 6.6 What a layer holds and what it costs


def _holding_cases(rng: np.random.Generator) -> Cases:
    one: list[Arguments] = [(3, 2, 3, 1, True), (1, 6, 5, 1, True), (5, 4, 1, 1, False)]
    several: list[Arguments] = [(6, 4, 3, 2, True), (4, 4, 3, 4, True), (6, 3, 2, 3, False)]
    for groups in (2, 3, 5):
        channels, filters, kernel = (int(n) for n in rng.integers(2, 12, 3))
        for bias in (False, True):
            one.append((channels, filters, kernel, 1, bias))
            several.append((groups * channels, groups * filters, kernel, groups, bias))
    return {"one group": one, "several groups": several}


def parameter_count(channels: int, filters: int, kernel: int, groups: int, bias: bool) -> int:
    """Weights of all filters, each through the channels of its group, and a bias for each."""
    return filters * (channels // groups * kernel * kernel + int(bias))


def _count(each: Callable[[int, int, int, int, bool], int]) -> Callable[..., int]:
    """A mistake in the sum: `each(channels, filters, kernel, groups, bias)`, channels per group."""
    return lambda channels, filters, kernel, groups, bias: each(
        channels // groups, filters, kernel, groups, bias
    )


PARAMETER_COUNT = Exercise(
    reference=parameter_count,
    cases=_holding_cases,
    mistakes={
        "The biases are missing.": _count(lambda c, filters, k, groups, bias: filters * c * k**2),
        "The biases are counted although the layer has none.": (
            _count(lambda c, filters, k, groups, bias: filters * (c * k**2 + 1))
        ),
        "There is one bias for each filter, not for each of its channels.": (
            _count(lambda c, filters, k, groups, bias: filters * c * (k**2 + bias))
        ),
        "There is one bias for each filter, not one for the whole layer.": (
            _count(lambda c, filters, k, groups, bias: filters * c * k**2 + bias)
        ),
        "There is one bias for each filter, not for each channel of the input.": (
            _count(lambda c, filters, k, groups, bias: filters * c * k**2 + c * groups * bias)
        ),
        "There is one bias for each filter, not one for each group.": (
            _count(lambda c, filters, k, groups, bias: filters * c * k**2 + groups * bias)
        ),
        "A kernel has k x k weights: it is counted along one side only.": (
            _count(lambda c, filters, k, groups, bias: filters * (c * k + bias))
        ),
        "A filter reaches through all channels of its group: each has weights of its own.": (
            _count(lambda c, filters, k, groups, bias: filters * (k**2 + bias))
        ),
        "The groups are not used: a filter reaches through the channels of its own group only.": (
            _count(lambda c, filters, k, groups, bias: filters * (c * groups * k**2 + bias))
        ),
        "These are the parameters of one filter.": (
            _count(lambda c, filters, k, groups, bias: c * k**2 + bias)
        ),
        "These are the parameters of one group of filters: add up all groups.": (
            _count(lambda c, filters, k, groups, bias: filters // groups * (c * k**2 + bias))
        ),
        "A group is counted with all filters: each filter belongs to one group.": (
            _count(lambda c, filters, k, groups, bias: groups * filters * (c * k**2 + bias))
        ),
        "The biases are divided by the groups too: each filter has a whole one.": (
            lambda channels, filters, kernel, groups, bias: (
                filters * (channels * kernel**2 + bias) // groups
            )
        ),
    },
    entry=lambda index: "the number",
)


def _cost_cases(rng: np.random.Generator) -> Cases:
    plain: list[Arguments] = [(7, 7, 3, 2, 3, 1, 0), (4, 6, 1, 1, 2, 1, 0)]
    moved: list[Arguments] = [(7, 7, 3, 2, 3, 2, 0), (5, 5, 3, 2, 3, 2, 1), (8, 5, 2, 3, 3, 1, 1)]
    for _ in range(5):
        height, width, channels, filters, kernel, stride, padding = (
            int(rng.integers(low, high))
            for low, high in ((9, 40), (9, 40), (2, 9), (2, 9), (2, 6), (2, 4), (1, 3))
        )
        plain.append((height, width, channels, filters, kernel, 1, 0))
        moved.append((height, width, channels, filters, kernel, stride, padding))
    return {"stride 1, no padding": plain, "stride and padding": moved}


def multiply_adds(
    height: int, width: int, channels: int, filters: int, kernel: int, stride: int, padding: int
) -> int:
    """Numbers of the output, times the weights of a filter."""
    rows, columns = (output_size(n, kernel, stride, padding, 1) for n in (height, width))
    return rows * columns * filters * channels * kernel * kernel


def _cost(count: Callable[..., Any]) -> Callable[..., Any]:
    """A mistake in what is multiplied: `count(right, rows, columns, c, f, k, height, width)`."""

    def mistaken(
        height: int, width: int, channels: int, filters: int, kernel: int, stride: int, padding: int
    ) -> Any:
        rows, columns = (output_size(n, kernel, stride, padding, 1) for n in (height, width))
        right = rows * columns * filters * channels * kernel * kernel
        return count(right, rows, columns, channels, filters, kernel, height, width)

    return mistaken


MULTIPLY_ADDS = Exercise(
    reference=multiply_adds,
    cases=_cost_cases,
    mistakes={
        "The input's size is used: a window is laid once for each number of the output.": (
            _cost(lambda right, r, c, channels, f, k, h, w: h * w * f * channels * k**2)
        ),
        "The stride is not used: there are fewer places.": (
            lambda height, width, channels, filters, kernel, stride, padding: multiply_adds(
                height, width, channels, filters, kernel, 1, padding
            )
        ),
        "The padding is not used: there are more places.": (
            lambda height, width, channels, filters, kernel, stride, padding: multiply_adds(
                height, width, channels, filters, kernel, stride, 0
            )
        ),
        "The height is used for both sides of the output.": (
            _cost(lambda right, r, c, *rest: right // c * r)
        ),
        "The width is used for both sides of the output.": (
            _cost(lambda right, r, c, *rest: right // r * c)
        ),
        "The channels are missing: every channel has weights of its own.": (
            _cost(lambda right, r, c, channels, *rest: right // channels)
        ),
        "The filters are missing: each of them moves over the whole input.": (
            _cost(lambda right, r, c, channels, f, *rest: right // f)
        ),
        "A kernel has k x k weights: it is counted along one side only.": (
            _cost(lambda right, r, c, channels, f, k, *rest: right // k)
        ),
        "Multiplications and additions are counted apart: here the two together count once.": (
            _cost(lambda right, *rest: 2 * right)
        ),
        "The biases are counted: they are added, not multiplied.": (
            _cost(lambda right, r, c, channels, f, *rest: right + r * c * f)
        ),
        "This is how many numbers come out: each of them takes many products.": (
            _cost(lambda right, r, c, channels, f, *rest: r * c * f)
        ),
    },
    entry=lambda index: "the number",
)

# ----------------------------------------------------------------------------------------------
# 6.7 Flip


def _filter_cases(rng: np.random.Generator) -> Cases:
    one: list[Arguments] = [(np.array([[[[1.0, 2], [3, 4]]]]),)]
    several: list[Arguments] = []
    for filters, channels, side in [(2, 2, 2), (3, 2, 3), (2, 3, 2)]:
        one.append(((rng.permutation(side**2) + 1.0).reshape(1, 1, side, side),))
        numbers = rng.permutation(filters * channels * side**2) + 1.0
        several.append((numbers.reshape(filters, channels, side, side),))
    return {"one kernel": one, "filters and channels": several}


def flip_filters(filters: np.ndarray) -> np.ndarray:
    """Every kernel turned by 180 degrees."""
    return filters[:, :, ::-1, ::-1]


FLIP_FILTERS = Exercise(
    reference=flip_filters,
    cases=_filter_cases,
    mistakes={
        "Only the rows are reversed: a turn by 180 degrees reverses the columns too.": (
            lambda filters: filters[:, :, ::-1]
        ),
        "Only the columns are reversed: a turn by 180 degrees reverses the rows too.": (
            lambda filters: filters[..., ::-1]
        ),
        "The kernels are transposed: a turn by 180 degrees reverses both axes.": (
            lambda filters: filters.swapaxes(2, 3)
        ),
        "The kernels are turned by 90 degrees: turn twice.": (
            lambda filters: np.rot90(filters, 1, (2, 3)),
            lambda filters: np.rot90(filters, -1, (2, 3)),
        ),
        "The order of filters and channels is reversed, and no kernel is turned: the kernels are "
        "the last two axes.": lambda filters: filters[::-1, ::-1],
        "The order of the channels is reversed as well: flip the last two axes only.": (
            lambda filters: filters[:, ::-1, ::-1, ::-1]
        ),
        "The order of the filters is reversed as well: flip the last two axes only.": (
            lambda filters: filters[::-1, :, ::-1, ::-1]
        ),
        "All four axes are reversed: flip the last two only.": (
            lambda filters: filters[::-1, ::-1, ::-1, ::-1]
        ),
        "The signs are changed: the weights keep their values and change their places.": (
            lambda filters: -filters
        ),
    },
    entry=lambda index: "filter {}, channel {}, row {}, column {}".format(*index),
)

EXERCISES = {
    "6.1": OUTPUT_SIZE,
    "6.2": CONV2D,
    "6.3": IM2COL,
    "6.4": APPLY_FILTERS,
    "6.5": PARAMETER_COUNT,
    "6.6": MULTIPLY_ADDS,
    "6.7": FLIP_FILTERS,
}
