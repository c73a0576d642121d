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


OUTPUT_SIZE = Exercise(
    reference=output_size,
    cases=_size_cases,
    mistakes={
        "The first place is missing: add one after the division.": (
            _sized(lambda free, stride, *rest: free // stride)
        ),
        "One is added before the division: divide the free pixels, then count the first place.": (
            _sized(lambda free, stride, *rest: (free + 1) // stride)
        ),
        "The division is not rounded down: half a place does not exist.": (
            _sized(lambda free, stride, *rest: free / stride + 1)
        ),
        "The division is rounded up or to the nearest: the last place must fit wholly.": (
            _sized(lambda free, stride, *rest: -(-free // stride) + 1),
            _sized(lambda free, stride, *rest: round(free / stride) + 1),
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
    """Padding on all three axes; raises what the product with too many channels raises."""
    stride, padding, dilation = settings
    padded, side = np.pad(inputs, padding), filters.shape[-1]
    reach = geometry.kernel_extent(side, dilation)
    window = padded[:, 0:reach:dilation, 0:reach:dilation]
    np.sum(window * filters[0])
    return _conv(padded, filters, bias, stride, 0, dilation)


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
        "The filters' maps are added: each filter gives a map of its own.": _one_map,
        "This is the mean of the products: a filter adds them.": _mean_of_products,
        "Rows and columns of the maps are exchanged.": (
            lambda *given: conv2d(*given).swapaxes(1, 2)
        ),
        "The last row and column of places are missing: range ends before its end.": (
            _conv_how(fewer=1)
        ),
        "The window moves by 1: at output row r it starts at row r times the stride.": (
            _conv_how(step=1)
        ),
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
    },
    entry=_by_place,
)

# ----------------------------------------------------------------------------------------------
# 6.3 The patches as one matrix


def _patch_cases(rng: np.random.Generator) -> Cases:
    one: list[Arguments] = [(np.array([[[1.0, 2, 3], [4, 5, 6]]]), 2, 1)]
    volumes: list[Arguments] = []
    for height, width, side in [(2, 3, 2), (3, 5, 2), (4, 5, 3), (5, 4, 2)]:
        one.append((rng.permutation(height * width).reshape(1, height, width) + 1.0, side, 1))
    for height, width, side, stride in [
        (2, 3, 2, 1),
        (3, 3, 2, 1),
        (4, 5, 2, 2),
        (2, 6, 2, 3),
        (7, 5, 3, 2),
    ]:
        numbers = rng.permutation(2 * height * width) + 1.0
        volumes.append((numbers.reshape(2, height, width), side, stride))
    return {"one channel": one, "volumes and stride": volumes}


def im2col(inputs: np.ndarray, side: int, stride: int) -> np.ndarray:
    """The windows of a volume as columns."""
    return _columns(_windows(inputs, side, stride))


def _windows(inputs: np.ndarray, side: int, stride: int) -> np.ndarray:
    """All windows, shape (rows, columns, C, side, side)."""
    views = np.lib.stride_tricks.sliding_window_view(inputs, (side, side), axis=(1, 2))  # type: ignore[call-overload]
    return views[:, ::stride, ::stride].transpose(1, 2, 0, 3, 4)


def _columns(windows: np.ndarray) -> np.ndarray:
    rows, columns = windows.shape[:2]
    return windows.reshape(rows * columns, -1).T


def _ordered(*axes: int) -> Callable[..., np.ndarray]:
    """A mistake in an order: the axes (row, column, channel, window row, window column)."""
    return lambda inputs, side, stride: _columns(_windows(inputs, side, stride).transpose(axes))


IM2COL = Exercise(
    reference=im2col,
    cases=_patch_cases,
    mistakes={
        "Each window is a row: make it a column, one for each place.": (
            lambda inputs, side, stride: im2col(inputs, side, stride).T
        ),
        "Inside a column the channel changes fastest: write channel after channel.": (
            _ordered(0, 1, 3, 4, 2)
        ),
        "Inside a column each channel is written column by column: write it row by row.": (
            _ordered(0, 1, 2, 4, 3)
        ),
        "The places run column by column: they run row by row.": _ordered(1, 0, 2, 3, 4),
        "The stride is not used.": lambda inputs, side, stride: im2col(inputs, side, 1),
        "The windows do not overlap: the next one starts stride pixels further.": (
            lambda inputs, side, stride: im2col(inputs, side, side)
        ),
        "The last row and column of places are missing: range ends before its end.": (
            lambda inputs, side, stride: _columns(_windows(inputs, side, stride)[:-1, :-1])
        ),
        "Only the first channel is used.": (
            lambda inputs, side, stride: im2col(inputs[:1], side, stride)
        ),
        "The windows are flipped: that belongs to convolution proper.": (
            lambda inputs, side, stride: _columns(_windows(inputs, side, stride)[..., ::-1, ::-1])
        ),
        "The windows stay pictures: lay all numbers of a window in one column.": (
            lambda inputs, side, stride: _windows(inputs, side, stride)
        ),
    },
    entry=lambda index: f"row {index[0]} of the matrix, place {index[1]}",
)

# ----------------------------------------------------------------------------------------------
# 6.4 One product


def _product_cases(rng: np.random.Generator) -> Cases:
    example = (np.array([[1.0, 2], [2, 3], [4, 5], [5, 6]]), np.array([[[[1.0, 0], [0, 1]]]]))
    one: list[Arguments] = [(*example, np.array([10.0]), (1, 2))]
    several: list[Arguments] = []
    for channels, side, shape in [(1, 2, (2, 1)), (2, 2, (2, 3)), (3, 3, (4, 2)), (2, 3, (1, 5))]:
        for filters, cases in ((1, one), (3, several)):
            patches = _volume_of(rng, channels * side**2, shape[0] * shape[1])
            cases.append((patches, *_layer_of(rng, filters, channels, side), shape))
    return {"one filter": one, "several filters": several}


def apply_filters(
    patches: np.ndarray, filters: np.ndarray, bias: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """The maps of F filters by one matrix product."""
    return _flat_product(patches, filters, bias).reshape(len(filters), *shape)


def _flat_product(patches: np.ndarray, filters: np.ndarray, bias: np.ndarray) -> np.ndarray:
    return filters.reshape(len(filters), -1) @ patches + bias[:, None]


def _with_filters(change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda patches, filters, bias, shape: apply_filters(
        patches, np.ascontiguousarray(change(filters)).reshape(filters.shape), bias, shape
    )


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
        "The filters are flipped: networks do not flip.": (
            _with_filters(lambda filters: filters[..., ::-1, ::-1])
        ),
        "In the matrix of the filters the channel changes fastest: the patches run channel by "
        "channel.": _with_filters(lambda filters: filters.transpose(0, 2, 3, 1)),
        "In the matrix of the filters each channel runs column by column: it runs row by row.": (
            _with_filters(lambda filters: filters.transpose(0, 1, 3, 2))
        ),
        "Rows and columns of the maps are exchanged.": (
            lambda patches, filters, bias, shape: apply_filters(
                patches, filters, bias, shape
            ).swapaxes(1, 2)
        ),
        "The maps are scrambled: rows and columns are exchanged in the reshape.": (
            lambda patches, filters, bias, shape: apply_filters(patches, filters, bias, shape[::-1])
        ),
        "The result is still a matrix: give each filter's row the shape of a map.": (
            lambda patches, filters, bias, shape: _flat_product(patches, filters, bias)
        ),
        "The filters come last: they are the first axis of the result.": (
            lambda patches, filters, bias, shape: apply_filters(
                patches, filters, bias, shape
            ).transpose(1, 2, 0)
        ),
        "The maps are mixed: a product with places as rows needs a transpose before the reshape.": (
            lambda patches, filters, bias, shape: _flat_product(patches, filters, bias).T.reshape(
                len(filters), *shape
            )
        ),
        "The maps of the filters are added: each filter has a map of its own.": (
            lambda patches, filters, bias, shape: apply_filters(patches, filters, bias, shape).sum(
                axis=0
            )
        ),
    },
    entry=_by_place,
)

# ----------------------------------------------------------------------------------------------
# 6.5 and 6.6 What a layer holds and what it costs


def _holding_cases(rng: np.random.Generator) -> Cases:
    sizes = [(3, 2, 3), (1, 6, 5), (32, 64, 3), (5, 4, 1)]
    sizes += [(int(a), int(b), int(c)) for a, b, c in rng.integers(2, 30, (6, 3))]
    return {
        "without bias": [(*size, False) for size in sizes],
        "with bias": [(*size, True) for size in sizes],
    }


def parameter_count(channels: int, filters: int, kernel: int, bias: bool) -> int:
    """Weights of all filters, and a bias for each."""
    return filters * (channels * kernel * kernel + int(bias))


PARAMETER_COUNT = Exercise(
    reference=parameter_count,
    cases=_holding_cases,
    mistakes={
        "The biases are missing.": lambda channels, filters, kernel, bias: parameter_count(
            channels, filters, kernel, False
        ),
        "The biases are counted although the layer has none.": (
            lambda channels, filters, kernel, bias: parameter_count(channels, filters, kernel, True)
        ),
        "There is one bias for each filter, not for each of its channels.": (
            lambda channels, filters, kernel, bias: filters * channels * (kernel**2 + bias)
        ),
        "There is one bias for each filter, not one for the whole layer.": (
            lambda channels, filters, kernel, bias: filters * channels * kernel**2 + bias
        ),
        "There is one bias for each filter, not for each channel of the input.": (
            lambda channels, filters, kernel, bias: channels * (filters * kernel**2 + bias)
        ),
        "A kernel has k x k weights: it is counted along one side only.": (
            lambda channels, filters, kernel, bias: filters * (channels * kernel + bias)
        ),
        "A filter reaches through all channels: each of them has weights of its own.": (
            lambda channels, filters, kernel, bias: filters * (kernel**2 + bias)
        ),
        "These are the parameters of one filter.": (
            lambda channels, filters, kernel, bias: channels * kernel**2 + bias
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
