"""Lesson 07: pooling with indices, receptive fields, LeNet-5's counts, shifts, effective fields.

Conventions that all exercises share: maps are arrays (H, W) without channels; windows start at the
top left corner; a window that does not fit is left out.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]
Function = Callable[..., Any]
Rule = Callable[..., Any]
Field = tuple[int, int, float]


# ----------------------------------------------------------------------------------------------
# 7.1 and 7.2 Pooling


def _windows(
    shape: tuple[int, ...], window: int, stride: int, *, ceil: bool = False
) -> tuple[int, int, list[tuple[int, int]]]:
    """Rows and columns of the output, and the top left corner of each window."""
    rows, columns = (
        (-(-(side - window) // stride) if ceil else (side - window) // stride) + 1 for side in shape
    )
    return rows, columns, [(r * stride, c * stride) for r in range(rows) for c in range(columns)]


def _max_pool(
    image: np.ndarray,
    window: int,
    stride: int,
    padding: int = 0,
    *,
    index: Callable[..., int] = lambda row, column, down, right, shape, columns, padding: (
        row * shape[1] + column
    ),
    pick: Callable[[np.ndarray], Any] = np.argmax,
    ceil: bool = False,
    fill: float = -np.inf,
    behind: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Maximum pooling whose index, choice, padding or number of windows may be mistaken."""
    ends = (padding, padding if behind else 0)
    padded = np.pad(image.astype(float), ends, constant_values=fill)
    rows, columns, corners = _windows(padded.shape, window, stride, ceil=ceil)
    values, indices = [], []
    for top, left in corners:
        part = padded[top : top + window, left : left + window]
        down, right = (int(i) for i in np.unravel_index(int(pick(part)), part.shape))
        values.append(part[down, right])
        row, column = top + down - padding, left + right - padding
        indices.append(index(row, column, down, right, image.shape, columns, padding))
    shape = (rows, columns)
    return np.reshape(values, shape), np.reshape(indices, shape)


def max_pool(
    image: np.ndarray, window: int, stride: int, padding: int
) -> tuple[np.ndarray, np.ndarray]:
    """The maximum of each window, and its index in reading order over the unpadded image."""
    return _max_pool(image, window, stride, padding)


def _in_the_padded_image(
    row: int, column: int, down: int, right: int, shape: tuple[int, int], columns: int, padding: int
) -> int:
    return (row + padding) * (shape[1] + 2 * padding) + column + padding


def _from_zero(
    image: np.ndarray, window: int, stride: int, padding: int, *, index: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A running maximum that starts at 0, and an index that starts there too or is right."""
    pooled, indices = max_pool(image, window, stride, padding)
    return np.maximum(pooled, 0), np.where(pooled > 0, indices, 0) if index else indices


def _max_pool_cases(rng: np.random.Generator) -> Cases:
    def image(rows: int, columns: int) -> np.ndarray:
        return rng.integers(-9, 9, (rows, columns))

    plain = [(np.array([[1, 3, 2, 0], [5, 4, 1, 1]]), 2, 2, 0), (image(4, 6), 2, 2, 0)]
    plain += [(image(6, 3), 3, 3, 0), (image(9, 6), 3, 3, 0), (image(2, 4) - 20, 1, 1, 0)]
    plain += [(np.array([[-4, -4, -2, -7], [-4, -9, -3, -2]]), 2, 2, 0)]  # equals, all below 0
    plain += [(image(4, 6) / 4, 2, 2, 0)]
    plain += [(image(4, 3), 2, 1, 0), (image(5, 7), 2, 2, 0), (image(7, 5), 3, 2, 0)]
    plain += [(image(6, 8), 2, 3, 0), (image(5, 4) - 20, 3, 1, 0), (image(8, 7), 3, 3, 0)]
    padded = [(np.array([[4, 8], [6, 2]]), 2, 2, 1), (np.array([[-4, -8], [-7, -3]]), 2, 1, 1)]
    padded += [(image(4, 5), 3, 2, 1), (image(5, 4) - 20, 2, 2, 1), (image(3, 6) / 4, 3, 1, 1)]
    padded += [(image(6, 7), 5, 3, 2), (image(7, 4) - 9, 4, 1, 2), (image(5, 6), 3, 3, 1)]
    return {"without padding": plain, "with padding": padded}


MAX_POOL = Exercise(
    reference=max_pool,
    cases=_max_pool_cases,
    mistakes={
        "The index is counted inside each window: count it over the whole image.": (
            lambda image, window, stride, padding: _max_pool(
                image,
                window,
                stride,
                padding,
                index=lambda r, c, down, right, *_: down * window + right,
            )
        ),
        "The index is that of the window's first pixel: count to the place of its maximum.": (
            lambda image, window, stride, padding: _max_pool(
                image,
                window,
                stride,
                padding,
                index=lambda r, c, down, right, shape, *_: (r - down) * shape[1] + c - right,
            )
        ),
        "The index is counted column by column: reading order goes along the rows.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, index=lambda r, c, d, e, shape, *_: c * shape[0] + r
            )
        ),
        "The index is counted with the width of the output: the image's width is meant.": (
            lambda image, window, stride, padding: _max_pool(
                image,
                window,
                stride,
                padding,
                index=lambda r, c, d, e, shape, columns, *_: r * columns + c,
            )
        ),
        "The row is multiplied by the number of rows: in reading order a row is as long as the "
        "image is wide.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, index=lambda r, c, d, e, shape, *_: r * shape[0] + c
            )
        ),
        "The index is counted over the padded image: the image without padding is meant.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, index=_in_the_padded_image
            )
        ),
        "Row and column of the index are those of the padded image: a pixel of the image stands "
        "`padding` further up and further to the left.": (
            lambda image, window, stride, padding: _max_pool(
                image,
                window,
                stride,
                padding,
                index=lambda r, c, d, e, shape, n, p: (r + p) * shape[1] + c + p,
            )
        ),
        "The index is searched in the whole image, where the same value stands earlier: search it "
        "in the window.": (
            lambda image, window, stride, padding: (
                max_pool(image, window, stride, padding)[0],
                np.array(
                    [
                        [np.flatnonzero(image == value)[0] for value in row]
                        for row in max_pool(image, window, stride, padding)[0]
                    ]
                ),
            )
        ),
        "The padding wins where all pixels are below 0: it has no values.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, fill=0
            ),
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, fill=0, index=_in_the_padded_image
            ),
        ),
        "The padding is left out: its pixels have no value, but windows start there.": (
            lambda image, window, stride, padding: _max_pool(image, window, stride)
        ),
        "The image is padded at the top and left only: both ends are padded.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, behind=False
            )
        ),
        "This is the minimum of each window.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, pick=np.argmin, fill=np.inf
            )
        ),
        "Where a window holds its maximum several times, the last place is returned: return the "
        "first.": (
            lambda image, window, stride, padding: _max_pool(
                image,
                window,
                stride,
                padding,
                pick=lambda part: part.size - 1 - np.argmax(part[::-1, ::-1]),
            )
        ),
        "Values below 0 are lost: start from the window's own values, not from 0.": (
            lambda image, window, stride, padding: _from_zero(
                image, window, stride, padding, index=False
            ),
            lambda image, window, stride, padding: _from_zero(
                image, window, stride, padding, index=True
            ),
        ),
        "The maxima are cut to whole numbers: put them into an array of floats.": (
            lambda image, window, stride, padding: tuple(
                np.trunc(part) for part in max_pool(image, window, stride, padding)
            )
        ),
        "The windows are moved by their own width: move them by the stride.": (
            lambda image, window, stride, padding: _max_pool(image, window, window, padding)
        ),
        "Windows that hang over the edge are counted: leave out those that do not fit.": (
            lambda image, window, stride, padding: _max_pool(
                image, window, stride, padding, ceil=True
            )
        ),
        "The last window of each row and column is missing: mind the + 1 in the size.": (
            lambda image, window, stride, padding: tuple(
                part[:-1, :-1] for part in max_pool(image, window, stride, padding)
            )
        ),
        "The indices come first: return the maxima, then the indices.": (
            lambda image, window, stride, padding: max_pool(image, window, stride, padding)[::-1]
        ),
    },
    entry=lambda index: (
        f"the {('maximum', 'index')[index[0]]} in row {index[1]}, column {index[2]}"
    ),
)


def _average_pool(
    image: np.ndarray,
    window: int,
    stride: int,
    padding: tuple[int, int],
    reduce: Callable[[np.ndarray], Any] = np.nanmean,
    fill: Any = np.nan,
) -> np.ndarray:
    """Pool an image padded in front and behind with a value, or an edge with `fill` "edge"."""
    how: dict[str, Any] = (
        {"mode": "edge"} if fill == "edge" else {"mode": "constant", "constant_values": fill}
    )
    padded = np.pad(image.astype(float), padding, **how)
    rows, columns, corners = _windows(padded.shape, window, stride)
    parts = [padded[top : top + window, left : left + window] for top, left in corners]
    return np.reshape([reduce(part) for part in parts], (rows, columns))


def average_pool(image: np.ndarray, window: int, stride: int, padding: int) -> np.ndarray:
    """Mean of the pixels that exist in each window of the padded image."""
    return _average_pool(image, window, stride, (padding, padding))


def _average_pool_cases(rng: np.random.Generator) -> Cases:
    def image(rows: int, columns: int) -> np.ndarray:
        return rng.integers(0, 200, (rows, columns)).astype(np.uint8)

    plain = [(np.array([[7, 8], [6, 9]], np.uint8), 2, 2, 0), (image(4, 6), 2, 2, 0)]
    plain += [(image(5, 7), 3, 2, 0), (image(6, 5), 2, 1, 0), (image(7, 6), 3, 3, 0)]
    padded = [(np.array([[4, 8]], np.uint8), 3, 1, 1), (image(4, 5), 3, 2, 1)]
    padded += [(np.array([[0, 8]], np.uint8), 3, 1, 1)]  # black is a value, padding is none
    padded += [(image(5, 4), 2, 2, 1), (image(6, 7), 5, 3, 2), (image(4, 4), 3, 1, 1)]
    return {"without padding": plain, "with padding": padded}


AVERAGE_POOL = Exercise(
    reference=average_pool,
    cases=_average_pool_cases,
    mistakes={
        "The padding counts as pixels of value 0: divide by the number of pixels that exist.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, stride, (padding, padding), np.mean, 0
            )
        ),
        "Black pixels are left out: 0 is a value of the image, the padding is none.": (
            lambda image, window, stride, padding: _average_pool(
                image,
                window,
                stride,
                (padding, padding),
                lambda part: part[part > 0].mean() if (part > 0).any() else 0.0,
                0,
            ),
            lambda image, window, stride, padding: _average_pool(
                image,
                window,
                stride,
                (padding, padding),
                lambda part: part[part > 0].mean() if (part > 0).any() else np.nan,
                0,
            ),
        ),
        "The padding is left out: its pixels have no value, but windows start there.": (
            lambda image, window, stride, padding: _average_pool(image, window, stride, (0, 0))
        ),
        "The image is padded at the top and left only: both ends are padded.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, stride, (padding, 0)
            )
        ),
        "The padding is filled with the pixels at the edge: it has no values at all.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, stride, (padding, padding), np.mean, "edge"
            )
        ),
        "This is the maximum of each window.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, stride, (padding, padding), np.nanmax
            )
        ),
        "This is the sum of each window: divide by the number of pixels.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, stride, (padding, padding), np.nansum
            )
        ),
        "Sums wrap round at 256: turn uint8 into float before you add.": (
            lambda image, window, stride, padding: _average_pool(
                image,
                window,
                stride,
                (padding, padding),
                lambda part: np.nansum(part) % 256 / np.isfinite(part).sum(),
            )
        ),
        "The windows are moved by their own width: move them by the stride.": (
            lambda image, window, stride, padding: _average_pool(
                image, window, window, (padding, padding)
            )
        ),
    },
    entry=lambda index: f"row {index[0]}, column {index[1]}",
)

# ----------------------------------------------------------------------------------------------
# 7.3 Receptive fields


def _fields(
    layers: Any,
    grow: Rule = lambda size, jump, k, s, d: size + d * (k - 1) * jump,
    step: Rule = lambda jump, k, s, d: jump * s,
    place: Rule = lambda start, jump, k, p, d: start + (d * (k - 1) / 2 - p) * jump,
    first: int = 1,
    jump_first: bool = False,
) -> list[Field]:
    """Size, jump and start after each layer, by rules that may be mistaken."""
    size, jump, start, found = first, 1, 0.0, []
    for kernel, stride, padding, dilation in layers:
        after = step(jump, kernel, stride, dilation)
        used = after if jump_first else jump
        size = grow(size, used, kernel, stride, dilation)
        start = place(start, used, kernel, padding, dilation)
        jump = after
        found.append((size, jump, start))
    return found


def _reaching(reach: Callable[[int, int], int]) -> tuple[Function, Function]:
    """A mistaken reach of a kernel, in the size alone, and in size and start."""

    def grow(size: int, jump: int, k: int, s: int, d: int) -> int:
        return size + reach(k, d) * jump

    def place(start: float, jump: int, k: int, p: int, d: int) -> float:
        return start + (reach(k, d) / 2 - p) * jump

    return lambda layers: _fields(layers, grow), lambda layers: _fields(layers, grow, place=place)


def _from_the_wrong_end(layers: Any) -> list[Field]:
    """Sizes by (size - 1) stride + extent, which walks from the top down, walked from below."""
    return _fields(layers, lambda size, jump, k, s, d: (size - 1) * s + d * (k - 1) + 1)


def receptive_field(layers: Any) -> list[Field]:
    """Size, jump and start after each layer (kernel, stride, padding, dilation)."""
    return _fields(layers)


def _field_cases(rng: np.random.Generator) -> Cases:
    def stack(count: int, dilations: bool, paddings: bool) -> Arguments:
        rows = [
            (
                int(rng.integers(2, 6)),
                int(rng.integers(1, 4)),
                int(rng.integers(0, 3)) if paddings else 0,
                int(rng.integers(1, 5)) if dilations else 1,
            )
            for _ in range(count)
        ]
        return (rows,)

    strided: list[Arguments] = [([(3, 1, 0, 1), (3, 1, 0, 1)],), ([(5, 1, 0, 1), (3, 1, 0, 1)],)]
    strided += [([(5, 1, 0, 1), (2, 2, 0, 1), (5, 1, 0, 1)],), ([(3, 2, 0, 1), (4, 3, 0, 1)],)]
    dilated: list[Arguments] = [([(3, 1, 0, 1), (3, 1, 0, 2)],), ([(3, 2, 0, 3), (3, 1, 0, 2)],)]
    padded: list[Arguments] = [([(3, 1, 1, 1), (3, 2, 1, 1)],), ([(3, 2, 1, 1), (4, 1, 2, 1)],)]
    for count in (2, 3, 5):
        strided.append(stack(count, False, False))
        dilated.append(stack(count, True, False))
        padded.append(stack(count, True, True))
    return {"strides": strided, "dilation": dilated, "padding": padded}


RECEPTIVE_FIELD = Exercise(
    reference=receptive_field,
    cases=_field_cases,
    mistakes={
        "This is each layer's own kernel, its footprint: the field grows from layer to layer.": (
            lambda layers: _fields(layers, lambda size, jump, k, s, d: d * (k - 1) + 1)
        ),
        "The kernels are added up whole: a kernel of k taps reaches over k - 1 steps.": (
            *_reaching(lambda k, d: d * (k - 1) + 1),
            lambda layers: _fields(layers, lambda size, jump, k, s, d: size + (d * (k - 1) + 1)),
            lambda layers: _fields(
                layers, lambda size, jump, k, s, d: size + (d * (k - 1) + 1) * jump, first=0
            ),
        ),
        "Kernels are multiplied: fields grow by adding.": (
            lambda layers: _fields(layers, lambda size, jump, k, s, d: size * k),
            lambda layers: _fields(layers, lambda size, jump, k, s, d: size * (d * (k - 1) + 1)),
        ),
        "The field starts at 0: before the first layer, a pixel sees itself.": (
            lambda layers: _fields(layers, first=0)
        ),
        "Every step counts as one pixel: after a stride, a step is as long as the jump.": (
            lambda layers: _fields(layers, lambda size, jump, k, s, d: size + d * (k - 1)),
            lambda layers: _fields(
                layers,
                lambda size, jump, k, s, d: size + d * (k - 1),
                place=lambda start, jump, k, p, d: start + d * (k - 1) / 2 - p,
            ),
        ),
        "A layer's stride is used for its own kernel: it lengthens the steps of the layers above "
        "it only. Grow the size first, then the jump.": (
            lambda layers: _fields(layers, jump_first=True)
        ),
        "A layer's stride multiplies the field below it: this rule walks from the top layer down "
        "to the picture. On the way up, use the jump.": _from_the_wrong_end,
        "The strides are added: jumps multiply.": (
            lambda layers: _fields(layers, step=lambda jump, k, s, d: jump + s - 1)
        ),
        "The jump is that of the last layer alone: it is the product of all strides so far.": (
            lambda layers: _fields(layers, step=lambda jump, k, s, d: s)
        ),
        "Dilation is left out: its taps lie further apart.": _reaching(lambda k, d: k - 1),
        "Dilation d is taken for d gaps between two taps: neighbouring taps are d steps apart.": (
            *_reaching(lambda k, d: (d + (d > 1)) * (k - 1)),
            *_reaching(lambda k, d: (d + 1) * (k - 1)),
        ),
        "The kernel is multiplied by the dilation: only the steps between taps stretch.": (
            _reaching(lambda k, d: d * k - 1)
        ),
        "Dilation makes the jump longer: only stride does.": (
            lambda layers: _fields(layers, step=lambda jump, k, s, d: jump * s * d)
        ),
        "The start lacks the padding: it moves the first field towards the top left.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + d * (k - 1) / 2 * jump
            )
        ),
        "The padding moves the start to the wrong side: the first field moves into the padding.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + (d * (k - 1) / 2 + p) * jump
            )
        ),
        "The padding is taken off the start in pixels of the picture: it is as many units of the "
        "layer below, each a jump apart.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + d * (k - 1) / 2 * jump - p
            )
        ),
        "The start moves by a whole reach of the kernel: the middle lies half as far.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + (d * (k - 1) - p) * jump
            )
        ),
        "The start moves by whole steps only: an even kernel's middle lies between two taps.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + (d * (k - 1) // 2 - p) * jump
            ),
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + (d * (k // 2) - p) * jump
            ),
        ),
        "The start ignores the jump: steps of a layer are as long as the jump below it.": (
            lambda layers: _fields(
                layers, place=lambda start, jump, k, p, d: start + d * (k - 1) / 2 - p
            )
        ),
        "The start is where the first field begins: its middle is meant.": (
            lambda layers: [
                (size, jump, start - (size - 1) / 2) for size, jump, start in _fields(layers)
            ]
        ),
        "Size and jump are exchanged.": (
            lambda layers: [(jump, size, start) for size, jump, start in _fields(layers)]
        ),
        "The start is missing: return size, jump and start.": (
            lambda layers: [(size, jump) for size, jump, _ in _fields(layers)]
        ),
        "Only the last layer is returned: return size, jump and start after each of them.": (
            lambda layers: _fields(layers)[-1]
        ),
    },
    entry=lambda index: f"the {('size', 'jump', 'start')[index[1]]} after layer {index[0] + 1}",
)

# ----------------------------------------------------------------------------------------------
# 7.4 and 7.5 Shapes and parameters


def _shapes(
    shape: Any,
    layers: Any,
    side: Callable[..., int] = lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    maps: Callable[[int, int], int] = lambda channels, filters: filters or channels,
    chained: bool = True,
    poolings: Callable[..., int] | None = None,
) -> list[tuple[int, int, int]]:
    """Shape after each layer, by rules that may be mistaken, of poolings by their own."""
    found, (channels, rows, columns) = [], shape
    for filters, kernel, stride, padding in layers:
        if not chained:
            channels, rows, columns = shape
        channels = maps(channels, filters)
        rule = poolings if poolings and not filters else side
        rows, columns = (rule(n, kernel, stride, padding) for n in (rows, columns))
        found.append((channels, rows, columns))
    return found


def map_shapes(shape: Any, layers: Any) -> list[tuple[int, int, int]]:
    """Channels, rows and columns after each layer (filters, kernel, stride, padding)."""
    return _shapes(shape, layers)


def _shape_cases(rng: np.random.Generator) -> Cases:
    def stack(count: int, pooling: bool) -> Arguments:
        layers = []
        for number in range(count):
            pools = pooling and number % 2 == 1
            kernel = 2 + int(rng.integers(0, 2)) if pools else int(rng.integers(2, 6))
            stride = 2 if pools else int(rng.integers(1, 3))
            padding = 0 if pools else int(rng.integers(0, 3))
            layers.append((0 if pools else int(rng.integers(2, 20)), kernel, stride, padding))
        shape = (int(rng.integers(1, 4)), int(rng.integers(60, 90)), int(rng.integers(91, 130)))
        return shape, layers

    plain: list[Arguments] = [
        ((3, 7, 9), [(2, 3, 2, 0)]),
        ((1, 8, 11), [(4, 3, 1, 1), (2, 5, 1, 1)]),
    ]
    pooled: list[Arguments] = [((1, 32, 40), [(6, 5, 1, 0), (0, 2, 2, 0), (16, 5, 1, 0)])]
    plain += [((2, 9, 8), [(5, 3, 1, 0), (1, 3, 1, 0)])]  # one map is a number of maps too
    plain += [stack(count, False) for count in (2, 2, 3, 3)]
    pooled += [stack(count, True) for count in (2, 3, 3, 4)]
    return {"convolutions": plain, "with pooling": pooled}


MAP_SHAPES = Exercise(
    reference=map_shapes,
    cases=_shape_cases,
    mistakes={
        "The padding is added once: it is added at both ends.": (
            lambda shape, layers: _shapes(shape, layers, lambda n, k, s, p: (n + p - k) // s + 1)
        ),
        "The padding is left out.": (
            lambda shape, layers: _shapes(shape, layers, lambda n, k, s, p: (n - k) // s + 1)
        ),
        "One place of the kernel is missing: mind the + 1.": (
            lambda shape, layers: _shapes(shape, layers, lambda n, k, s, p: (n + 2 * p - k) // s)
        ),
        "Sizes are rounded up: a window that does not fit is left out.": (
            lambda shape, layers: _shapes(
                shape, layers, lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1
            )
        ),
        "The kernel is not taken off the side before the stride divides it.": (
            lambda shape, layers: _shapes(shape, layers, lambda n, k, s, p: (n + 2 * p) // s)
        ),
        "After a pooling there are no channels left: it keeps those it gets.": (
            lambda shape, layers: _shapes(shape, layers, maps=lambda channels, filters: filters)
        ),
        "Channels and filters are multiplied: there are as many maps as filters.": (
            lambda shape, layers: _shapes(
                shape, layers, maps=lambda channels, filters: channels * max(filters, 1)
            )
        ),
        "Every layer is given the input: give it what the layer below makes.": (
            lambda shape, layers: _shapes(shape, layers, chained=False)
        ),
        "Sizes are not rounded down: there are whole places only.": (
            lambda shape, layers: _shapes(shape, layers, lambda n, k, s, p: (n + 2 * p - k) / s + 1)
        ),
        "A pooling's side is only divided by its stride: its window must fit, as a kernel must.": (
            lambda shape, layers: _shapes(shape, layers, poolings=lambda n, k, s, p: n // s),
            lambda shape, layers: _shapes(shape, layers, poolings=lambda n, k, s, p: n // k),
        ),
        "Rows and columns are exchanged.": (
            lambda shape, layers: [(c, w, h) for c, h, w in _shapes(shape, layers)]
        ),
        "The number of rows is used for the columns too.": (
            lambda shape, layers: [(c, h, h) for c, h, w in _shapes(shape, layers)]
        ),
        "The channels come last: they come first.": (
            lambda shape, layers: [(h, w, c) for c, h, w in _shapes(shape, layers)]
        ),
        "Only the last layer is returned: return the shape after each of them.": (
            lambda shape, layers: _shapes(shape, layers)[-1]
        ),
    },
    entry=lambda index: (
        f"the number of {('channels', 'rows', 'columns')[index[1]]} after layer {index[0] + 1}"
    ),
)


def _parameters(
    channels: int,
    layers: Any,
    count: Callable[..., int] = lambda c, f, k, pairs: (pairs or c * f) * k * k + f,
    pooled: Callable[[int, int], int] = lambda channels, kernel: 2 * channels,
    keeps: bool = True,
    updates: bool = True,
) -> list[int]:
    """Parameters of each layer, by rules that may be mistaken."""
    found = []
    for filters, kernel, pairs in layers:
        if filters:
            found.append(count(channels, filters, kernel, pairs))
            channels = filters if updates else channels
        else:
            found.append(pooled(channels, kernel))
            channels = channels if keeps else 1
    return found


def parameters(channels: int, layers: Any) -> list[int]:
    """Parameters of each layer (filters, kernel, pairs); filters 0 is sub-sampling."""
    return _parameters(channels, layers)


def _parameter_cases(rng: np.random.Generator) -> Cases:
    def stack(count: int) -> Arguments:
        rows = [(int(rng.integers(2, 30)), int(rng.integers(1, 6)), 0) for _ in range(count)]
        return int(rng.integers(1, 5)), rows

    def like_lenet() -> Arguments:
        first, second = int(rng.integers(4, 9)), int(rng.integers(10, 20))
        pairs = int(rng.integers(second, first * second))
        layers = [(first, 5, 0), (0, 2, 0), (second, 3, pairs), (0, 2, 0), (30, 4, 0), (7, 1, 0)]
        return int(rng.integers(1, 4)), layers

    full: list[Arguments] = [(3, [(2, 3, 0)]), (1, [(6, 5, 0), (16, 5, 0)])]
    full += [stack(count) for count in (2, 3, 4)]
    lenet: list[Arguments] = [(4, [(0, 2, 0)]), (6, [(16, 5, 60)]), (3, [(0, 2, 0), (5, 3, 0)])]
    return {"every map connected": full, "as in LeNet-5": lenet + [like_lenet() for _ in range(4)]}


PARAMETERS = Exercise(
    reference=parameters,
    cases=_parameter_cases,
    mistakes={
        "The biases are missing: one for each filter.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: (pairs or c * f) * k * k
            )
        ),
        "There is one bias for the whole layer: each filter has its own.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: (pairs or c * f) * k * k + 1
            )
        ),
        "A bias is counted for every channel that a filter reads: it has one.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: (pairs or c * f) * (k * k + 1)
            )
        ),
        "The kernel's side is not squared.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: (pairs or c * f) * k + f
            )
        ),
        "A filter reads one channel only: it has a kernel for each channel below.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: (pairs or f) * k * k + f
            )
        ),
        "Sub-sampling is counted without parameters: here it is trained.": (
            lambda channels, layers: _parameters(channels, layers, pooled=lambda c, k: 0)
        ),
        "Sub-sampling has one coefficient and one bias in all: each map has its own.": (
            lambda channels, layers: _parameters(channels, layers, pooled=lambda c, k: 2)
        ),
        "Sub-sampling has a weight for each of its inputs: they are added, and one coefficient "
        "multiplies the sum.": (
            lambda channels, layers: _parameters(
                channels, layers, pooled=lambda c, k: c * (k * k + 1)
            )
        ),
        "Sub-sampling has a coefficient and no bias: it has both.": (
            lambda channels, layers: _parameters(channels, layers, pooled=lambda c, k: c)
        ),
        "The pairs are ignored: where they are given, only these maps are connected.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: c * f * k * k + f
            )
        ),
        "The layer after a sub-sampling reads one map: it reads all that came in.": (
            lambda channels, layers: _parameters(channels, layers, keeps=False)
        ),
        "Every layer is counted as if it read the picture: it reads the maps of the layer below.": (
            lambda channels, layers: _parameters(channels, layers, updates=False)
        ),
        "There is a bias for every connected pair: there is one for each filter.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: pairs * (k * k + 1) or c * f * k * k + f
            )
        ),
        "The pairs are counted for every filter: they are all that the layer has.": (
            lambda channels, layers: _parameters(
                channels, layers, lambda c, f, k, pairs: f * (pairs or c) * k * k + f
            )
        ),
        "This is the sum: return one number for each layer.": (
            lambda channels, layers: sum(_parameters(channels, layers))
        ),
    },
    entry=lambda index: f"layer {index[0] + 1}",
)

# ----------------------------------------------------------------------------------------------
# 7.6 Shifts


def _shift_change(
    before: np.ndarray,
    after: np.ndarray,
    moved: Callable[[np.ndarray], np.ndarray] = lambda b: (b[:, :-1] + b[:, 1:]) / 2,
    error: Callable[[np.ndarray], Any] = lambda d: np.sqrt(np.mean(d**2)),
    spread: Callable[[np.ndarray, np.ndarray], Any] = lambda b, a: b.std(),
    cut: slice = slice(1, None),
) -> float:
    """The measure, in which any step may be mistaken."""
    with np.errstate(divide="ignore", invalid="ignore"):  # a mistaken spread may be 0
        return float(np.divide(error(after[:, cut] - moved(before)), spread(before, after)))


def shift_change(before: np.ndarray, after: np.ndarray) -> float:
    """Root mean square change beyond a move by half a cell, as a share of the deviation."""
    return _shift_change(before, after)


def _shift_cases(rng: np.random.Generator) -> Cases:
    cases: list[Arguments] = [
        (np.array([[0.0, 1.0, 0.0, 1.0]]), np.array([[1.0, 1.0, 1.0, 1.0]])),
        (np.array([[0.0, 2.0, 4.0, 6.0]]), np.array([[9.0, 1.0, 3.0, 5.0]])),
    ]
    for rows, columns in ((3, 4), (4, 6), (6, 5), (2, 9)):
        before = rng.uniform(1, 9, (rows, columns))
        cases.append((before, rng.uniform(0, 12, (rows, columns))))
    return {"half a cell": cases}


SHIFT_CHANGE = Exercise(
    reference=shift_change,
    cases=_shift_cases,
    mistakes={
        "The output is compared with the old one in its old place: first move that by half a "
        "cell.": (
            lambda before, after: _shift_change(before, after, lambda b: b[:, 1:]),
            lambda before, after: _shift_change(before, after, lambda b: b, cut=slice(None)),
        ),
        "The old output is moved by a whole cell: half a cell is the mean of two neighbours.": (
            lambda before, after: _shift_change(before, after, lambda b: b[:, :-1])
        ),
        "The old output is moved to the left: the picture went to the right, so compare with the "
        "columns from the second on.": (
            lambda before, after: _shift_change(before, after, cut=slice(None, -1))
        ),
        "The new output's first column is compared too, with the last of the old: nothing is known "
        "of it.": (
            lambda before, after: _shift_change(
                before, after, lambda b: (b + np.roll(b, 1, axis=1)) / 2, cut=slice(None)
            )
        ),
        "The mean of the sizes is taken: square the differences first.": (
            lambda before, after: _shift_change(before, after, error=lambda d: np.abs(d).mean())
        ),
        "The root is missing: this is the mean of the squares.": (
            lambda before, after: _shift_change(before, after, error=lambda d: np.mean(d**2))
        ),
        "The deviation of the differences is taken, which leaves out their mean: take the root of "
        "the mean of their squares.": (
            lambda before, after: _shift_change(before, after, error=lambda d: np.std(d))
        ),
        "The deviation is that of a sample (ddof=1): divide by the number of values.": (
            lambda before, after: _shift_change(before, after, spread=lambda b, a: b.std(ddof=1))
        ),
        "The deviation is that of the moved output: that of `before`, all of it, is meant.": (
            lambda before, after: _shift_change(
                before, after, spread=lambda b, a: ((b[:, :-1] + b[:, 1:]) / 2).std()
            )
        ),
        "The rows are moved: the picture went to the right, so the columns are.": (
            lambda before, after: (
                _shift_change(before.T, after.T) if len(before) > 1 else float("nan")
            )
        ),
        "The squares are added up: take their mean.": (
            lambda before, after: _shift_change(
                before, after, error=lambda d: np.sqrt(np.sum(d**2))
            )
        ),
        "The change is not divided by the standard deviation of the old output.": (
            lambda before, after: _shift_change(before, after, spread=lambda b, a: 1.0)
        ),
        "The change is divided by the deviation of the new output: the old one is meant.": (
            lambda before, after: _shift_change(before, after, spread=lambda b, a: a.std())
        ),
        "The change is divided by the variance: the standard deviation is its root.": (
            lambda before, after: _shift_change(before, after, spread=lambda b, a: b.var())
        ),
        "The change is divided by the mean of the old output: its standard deviation is meant.": (
            lambda before, after: _shift_change(before, after, spread=lambda b, a: b.mean())
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 7.7 Effective receptive field


def _fewest(
    gradient: np.ndarray,
    held: float,
    weight: Callable[[np.ndarray], np.ndarray] = np.abs,
    order: Callable[[np.ndarray], np.ndarray] = lambda w: np.sort(w)[::-1],
    reached: Callable[..., np.ndarray] = np.greater_equal,
) -> int:
    """How many values in their order are needed to reach the part `held` of the whole."""
    sums = np.cumsum(order(weight(gradient.ravel().astype(float))))
    return int(np.argmax(reached(sums, held * sums[-1]))) + 1


def effective_share(gradient: np.ndarray, held: float) -> float:
    """Fewest pixels that hold the part `held` of the gradient, as a share of all pixels."""
    return _fewest(gradient, held) / gradient.size


def _effective_cases(rng: np.random.Generator) -> Cases:
    def bell(side: int, signs: bool) -> np.ndarray:
        steps = np.abs(np.arange(side) - side // 2)
        heights = np.rint(60 * np.exp(-(steps[:, None] ** 2 + steps**2) / side)).astype(int)
        heights += rng.integers(0, 6, heights.shape)
        return heights * rng.choice([-1, 1], heights.shape) if signs else heights

    plain: list[Arguments] = [
        (np.array([[0, 1, 8, 1, 0]]), 0.5),
        (np.array([[4, 2], [1, 1]]), 0.75),
    ]
    mixed: list[Arguments] = [(np.array([[-6, 2], [1, -1]]), 0.75), (np.array([[-3, 5, 2]]), 0.5)]
    for side, held in ((3, 0.5), (5, 0.75), (5, 0.875), (7, 0.9375)):
        plain.append((bell(side, False), held))
        mixed.append((bell(side, True), held))
    return {"one sign": plain, "both signs": mixed}


EFFECTIVE_SHARE = Exercise(
    reference=effective_share,
    cases=_effective_cases,
    mistakes={
        "The number of pixels is returned: divide it by the number of all pixels.": (
            lambda gradient, held: _fewest(gradient, held)
        ),
        "Negative gradients are not counted with their size: a pixel matters either way.": (
            lambda gradient, held: (
                _fewest(gradient, held, lambda w: np.maximum(w, 0)) / gradient.size
            ),
            lambda gradient, held: (
                float(
                    np.searchsorted(
                        np.cumsum(np.sort(gradient, axis=None)[::-1]), held * gradient.sum()
                    )
                    + 1
                )
                / gradient.size
            ),
        ),
        "The gradients are squared: add up their sizes.": (
            lambda gradient, held: _fewest(gradient, held, np.square) / gradient.size
        ),
        "The smallest gradients are taken first: the fewest pixels are the largest ones.": (
            lambda gradient, held: _fewest(gradient, held, order=np.sort) / gradient.size
        ),
        "The pixels are taken in reading order: sort them by size first.": (
            lambda gradient, held: _fewest(gradient, held, order=lambda w: w) / gradient.size
        ),
        "The part must be exceeded: at least the part is asked, so reaching it is enough.": (
            lambda gradient, held: _fewest(gradient, held, reached=np.greater) / gradient.size
        ),
        "Each row is sorted by itself: sort all pixels of the field together.": (
            lambda gradient, held: (
                _fewest(np.sort(np.abs(gradient))[::-1], held, order=lambda w: w) / gradient.size
            ),
            lambda gradient, held: (
                _fewest(np.sort(np.abs(gradient))[:, ::-1], held, order=lambda w: w) / gradient.size
            ),
        ),
        "The share is that of the pixels with a gradient: of all pixels of the field is asked.": (
            lambda gradient, held: _fewest(gradient, held) / np.count_nonzero(gradient)
        ),
        "One pixel is missing: the one that reaches the part belongs to them.": (
            lambda gradient, held: (_fewest(gradient, held) - 1) / gradient.size
        ),
        "The pixels above a part of the largest gradient are counted: what counts is their sum.": (
            lambda gradient, held: float(
                np.mean(np.abs(gradient) >= held * np.abs(gradient).max())
            ),
            lambda gradient, held: float(
                np.mean(np.abs(gradient) >= (1 - held) * np.abs(gradient).max())
            ),
        ),
        "This is the part that the other pixels make: 1 minus the share.": (
            lambda gradient, held: 1 - effective_share(gradient, held)
        ),
    },
)

EXERCISES = {
    "7.1": MAX_POOL,
    "7.2": AVERAGE_POOL,
    "7.3": RECEPTIVE_FIELD,
    "7.4": MAP_SHAPES,
    "7.5": PARAMETERS,
    "7.6": SHIFT_CHANGE,
    "7.7": EFFECTIVE_SHARE,
}
