"""Lesson 08: three ways to enlarge a picture, and transposed convolution from three sides.

Conventions that all exercises share: pictures, maps and kernels are arrays of rows and columns;
pixels are numbered row by row; place 0 is the centre of the first pixel; the kernel of a
convolution is not turned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils import geometry
from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]


def _pixel(index: tuple[int, ...]) -> str:
    return f"row {index[0]}, column {index[1]}" if len(index) == 2 else f"entry {index[0]}"


# ----------------------------------------------------------------------------------------------
# 8.1 Nearest


def _picture(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Whole grey levels, no two neighbours alike."""
    return rng.permutation(90)[: int(np.prod(shape))].reshape(shape)


def _nearest_cases(rng: np.random.Generator) -> Cases:
    shapes = [(1, 2), (2, 2), (2, 3), (3, 2), (4, 5)]
    return {
        "factor 2": [(_picture(rng, *shape), 2) for shape in shapes],
        "other factors": [
            *((_picture(rng, *shape), factor) for shape in shapes for factor in (3, 4)),
            (_picture(rng, 2, 2), 1),
            (_picture(rng, 2, 3), 7),
        ],
    }


def nearest_upsample(image: np.ndarray, factor: int) -> np.ndarray:
    """Every pixel becomes a square of factor x factor pixels."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def _rounded_places(image: np.ndarray, factor: int) -> np.ndarray:
    rows, columns = (
        np.minimum(np.rint(np.arange(n * factor) / factor).astype(int), n - 1) for n in image.shape
    )
    return image[rows[:, None], columns]


def _corners_only(image: np.ndarray, factor: int) -> np.ndarray:
    large = np.zeros([n * factor for n in image.shape], dtype=image.dtype)
    large[::factor, ::factor] = image
    return large


NEAREST_UPSAMPLE = Exercise(
    reference=nearest_upsample,
    cases=_nearest_cases,
    mistakes={
        "The picture as a whole is repeated, like tiles: repeat each pixel.": (
            lambda image, factor: np.tile(image, (factor, factor))
        ),
        "Only the rows are repeated: do the same with the columns.": (
            lambda image, factor: image.repeat(factor, axis=0)
        ),
        "Only the columns are repeated: do the same with the rows.": (
            lambda image, factor: image.repeat(factor, axis=1)
        ),
        "Between the pixels are zeros: the whole square takes the pixel's value.": _corners_only,
        "The squares are shifted by half a square: places are cut to whole numbers, not rounded.": (
            _rounded_places
        ),
        "The values are divided among the pixels of a square: each takes the whole value.": (
            lambda image, factor: nearest_upsample(image, factor) / (factor**2 if factor > 1 else 2)
        ),
        "Neighbours are mixed: nearest copies one value.": (
            lambda image, factor: bilinear_upsample(image, factor)
        ),
    },
    entry=_pixel,
)

# ----------------------------------------------------------------------------------------------
# 8.2 Where the sample points lie


def _point_cases(rng: np.random.Generator) -> Cases:
    sizes = [(2, 4), (3, 6), (4, 8), (5, 3), (8, 4), *rng.integers(3, 12, (4, 2)).tolist()]
    sizes += [(3, 7), (1, 3)]
    return {
        "outer edges agree": [(n, m, False) for n, m in sizes],
        "corner centres agree": [(n, m, True) for n, m in sizes],
    }


def sample_points(n: int, m: int, align_corners: bool) -> np.ndarray:
    """Places of m output pixels among n input pixels, whose centres are 0 ... n - 1."""
    return np.linspace(0, n - 1, m) if align_corners else np.arange(0.5, m) * (n / m) - 0.5


def _points(edges: Any = None, corners: Any = None) -> Callable[..., np.ndarray]:
    """A mistake in one convention, or in both; functions of n, m and the index."""

    def mistaken(n: int, m: int, align_corners: bool) -> np.ndarray:
        wrong = corners if align_corners else edges
        return sample_points(n, m, align_corners) if wrong is None else wrong(n, m, np.arange(m))

    return mistaken


SAMPLE_POINTS = Exercise(
    reference=sample_points,
    cases=_point_cases,
    mistakes={
        "These are left edges of the output pixels: take their centres, half a pixel further.": (
            _points(edges=lambda n, m, i: i * n / m),
            _points(edges=lambda n, m, i: i * n / m - 0.5),
        ),
        "The places are counted from the outer edge: place 0 is the centre of the first pixel.": (
            _points(edges=lambda n, m, i: (i + 0.5) * n / m)
        ),
        "The points are kept between the outer centres: with outer edges they may lie beyond.": (
            _points(edges=lambda n, m, i: np.clip((i + 0.5) * n / m - 0.5, 0, n - 1))
        ),
        "The points lie as in the other convention: align_corners=True puts the outer centres on "
        "each other, False the outer edges.": (
            lambda n, m, align_corners: sample_points(n, m, not align_corners),
            lambda n, m, align_corners: sample_points(n, m, False),
            lambda n, m, align_corners: sample_points(n, m, True),
        ),
        "With align_corners=True the last point misses the last centre: count the steps between "
        "the first point and the last.": (
            _points(corners=lambda n, m, i: i * (n - 1) / m),
            _points(corners=lambda n, m, i: i * n / (m - 1)),
        ),
        "The points are rounded to whole pixels: return them as they are.": (
            lambda n, m, align_corners: np.floor(sample_points(n, m, align_corners) + 0.5)
        ),
        "The first and last points lie on the edges: the edges of the squares agree, and the "
        "points are their centres.": (_points(edges=lambda n, m, i: np.linspace(-0.5, n - 0.5, m))),
        "The step is upside down: many output pixels lie close together among few input pixels.": (
            _points(lambda n, m, i: (i + 0.5) * m / n - 0.5, lambda n, m, i: i * m / n)
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 8.3 Bilinear


def _bilinear_cases(rng: np.random.Generator) -> Cases:
    shapes = [(2, 2), (2, 3), (3, 2), (4, 5)]
    row = [(_picture(rng, 1, n), factor) for n in (2, 3, 5) for factor in (2, 3, 4)]
    pictures = [(_picture(rng, *shape), factor) for shape in shapes for factor in (2, 3, 4)]
    return {"one row": row, "pictures": [*pictures, (_picture(rng, 3, 1), 2)]}


def bilinear_upsample(image: np.ndarray, factor: int) -> np.ndarray:
    """Mix the two nearest pixels along each axis; outer edges agree, border values go on."""
    return _mixed(image, factor)


def _weights(n: int, factor: int, aligned: bool, border: str, shift: float, swap: bool) -> Any:
    """One row for each output pixel: how much it takes of each input pixel."""
    m = n * factor
    points = sample_points(n, m, aligned) + shift
    left = (np.trunc if border == "cut" else np.floor)(points).astype(int)
    if border == "on":  # beyond the outer centres the line through the last two pixels goes on
        left = np.clip(left, 0, max(n - 2, 0))
    part = points - left
    matrix = np.zeros((m, n))
    for tap, weight in (
        ((left, part), (left + 1, 1 - part))
        if swap
        else (
            (left, 1 - part),
            (left + 1, part),
        )
    ):
        exists = (tap >= 0) & (tap < n) if border == "zero" else tap > -n - m
        rows = np.flatnonzero(exists)
        if border == "ring":
            tap = tap % n
        elif border == "ring on the left":
            tap = np.where(tap < 0, tap % n, tap)
        np.add.at(matrix, (rows, np.clip(tap[rows], 0, n - 1)), weight[rows])
    return matrix


def _mixed(
    image: np.ndarray,
    factor: int,
    *,
    aligned: bool = False,
    border: str = "repeat",
    shift: float = 0,
    swap: bool = False,
) -> np.ndarray:
    rows, columns = (_weights(n, factor, aligned, border, shift, swap) for n in image.shape)
    return rows @ image @ columns.T


def _one_axis(axis: int) -> Callable[..., np.ndarray]:
    """Bilinear along one axis and nearest along the other."""

    def mistaken(image: np.ndarray, factor: int) -> np.ndarray:
        matrix = _weights(image.shape[axis], factor, False, "repeat", 0, False)
        mixed = matrix @ image if axis == 0 else image @ matrix.T
        return mixed.repeat(factor, axis=1 - axis)

    return mistaken


BILINEAR_UPSAMPLE = Exercise(
    reference=bilinear_upsample,
    cases=_bilinear_cases,
    mistakes={
        "Values are copied, not mixed: this is nearest.": nearest_upsample,
        "The corner centres are made to agree: here the outer edges must.": (
            lambda image, factor: _mixed(image, factor, aligned=True)
        ),
        "Beyond the border the values fall to zero: repeat the border value there.": (
            lambda image, factor: _mixed(image, factor, border="zero")
        ),
        "Beyond the border the slope goes on: repeat the border value there.": (
            lambda image, factor: _mixed(image, factor, border="on")
        ),
        "Beyond the border stands a pixel of the other side, as index -1 is the last one: repeat "
        "the border value there.": (
            lambda image, factor: _mixed(image, factor, border="ring on the left"),
            lambda image, factor: _mixed(image, factor, border="ring"),
        ),
        "Places are cut towards 0: below 0 that is not the pixel on their left.": (
            lambda image, factor: _mixed(image, factor, border="cut")
        ),
        "The weights are exchanged: the nearer neighbour weighs more.": (
            lambda image, factor: _mixed(image, factor, swap=True)
        ),
        "The points are the left edges of the output pixels: take their centres.": (
            lambda image, factor: _mixed(image, factor, shift=0.5 - 0.5 / factor)
        ),
        "Only columns are mixed: mix the rows in the same way.": _one_axis(1),
        "Only rows are mixed: mix the columns in the same way.": _one_axis(0),
    },
    entry=_pixel,
)

# ----------------------------------------------------------------------------------------------
# 8.4 Unpooling


def _pool(image: np.ndarray, window: int, stride: int) -> Arguments:
    """Maxima and their indices, then the size of the picture."""
    height, width = image.shape
    index = np.arange(image.size).reshape(image.shape)
    views = (
        np.lib.stride_tricks.sliding_window_view(array, (window, window))[::stride, ::stride]
        for array in (image, index)
    )
    values, indices = (view.reshape(*view.shape[:2], -1) for view in views)
    best = values.argmax(axis=-1)[..., None]
    pooled, places = (np.take_along_axis(a, best, -1)[..., 0] for a in (values, indices))
    return pooled, places, height, width


def _unpool_cases(rng: np.random.Generator) -> Cases:
    def picture(*shape: int) -> np.ndarray:
        values = _picture(rng, *shape) - 70
        return np.where(values == 0, 33, values)

    apart = [_pool(picture(*shape), 2, 2) for shape in [(2, 4), (4, 2), (4, 4), (4, 6), (6, 8)]]
    apart.append(_pool(picture(6, 9), 3, 3))
    overlapping: list[Arguments] = []
    while len(overlapping) < 6:
        shape, stride = [(4, 5), (5, 4), (5, 7), (7, 5)][len(overlapping) % 4], 1 + len(apart) % 2
        case = _pool(picture(*shape), 3, stride)
        if len(np.unique(case[1])) < case[1].size and (case[0] < 0).any():
            overlapping.append(case)
    return {"windows side by side": apart, "windows that overlap": overlapping}


def unpool(pooled: np.ndarray, indices: np.ndarray, height: int, width: int) -> np.ndarray:
    """Each value back at its index, zeros everywhere else."""
    flat = np.zeros(height * width, dtype=pooled.dtype)
    flat[indices] = pooled
    return flat.reshape(height, width)


def _added(pooled: np.ndarray, indices: np.ndarray, height: int, width: int) -> np.ndarray:
    flat = np.zeros(height * width)
    np.add.at(flat, indices, pooled)
    return flat.reshape(height, width)


def _in_every_pixel(pooled: np.ndarray, _: np.ndarray, height: int, width: int) -> np.ndarray:
    rows = np.arange(height) * pooled.shape[0] // height
    columns = np.arange(width) * pooled.shape[1] // width
    return pooled[rows[:, None], columns]


def _top_left(pooled: np.ndarray, _: np.ndarray, height: int, width: int) -> np.ndarray:
    large = np.zeros((height, width))
    steps = (height // pooled.shape[0], width // pooled.shape[1])
    rows, columns = (np.arange(n) * step for n, step in zip(pooled.shape, steps, strict=True))
    large[rows[:, None], columns] = pooled
    return large


def _without_negatives(*arguments: Any) -> np.ndarray:
    return np.maximum(unpool(*arguments), 0)


UNPOOL = Exercise(
    reference=unpool,
    cases=_unpool_cases,
    mistakes={
        "A maximum of several windows is added up: it stands at its index once.": _added,
        "The values are copied into whole windows: each stands at its index alone.": (
            _in_every_pixel
        ),
        "The values stand at the first pixels of their windows: use the indices.": _top_left,
        "The indices are read column by column: they count row by row.": (
            lambda pooled, indices, height, width: (
                unpool(pooled, indices, width, height).reshape(width, height).T
            )
        ),
        "Height and width of the result are exchanged.": (
            lambda pooled, indices, height, width: unpool(pooled, indices, width, height)
        ),
        "Negative maxima are lost: a value is put back whatever its sign.": _without_negatives,
        "The indices are written into the picture: write the pooled values there.": (
            lambda pooled, indices, height, width: unpool(indices, indices, height, width)
        ),
        "The empty pixels are filled: they are 0.": (
            lambda pooled, indices, height, width: np.where(
                np.isin(np.arange(height * width).reshape(height, width), indices),
                unpool(pooled, indices, height, width),
                pooled.min(),
            )
        ),
        "The counting of the indices starts at 1: the first pixel has index 0.": (
            lambda pooled, indices, height, width: np.roll(
                unpool(pooled, indices, height, width).ravel(), -1
            ).reshape(height, width)
        ),
    },
    entry=_pixel,
)

# ----------------------------------------------------------------------------------------------
# 8.5 The output's size


def _size_cases(rng: np.random.Generator) -> Cases:
    plain: list[Arguments] = [(3, 3, 2, 0, 0), (1, 4, 3, 0, 0), (4, 2, 2, 0, 0), (5, 3, 1, 0, 0)]
    plain += [(*map(int, rng.integers([2, 1, 1], [30, 9, 6])), 0, 0) for _ in range(6)]
    padded: list[Arguments] = [(4, 4, 2, 1, 0), (4, 3, 2, 1, 1), (7, 5, 3, 2, 2), (3, 3, 2, 0, 1)]
    while len(padded) < 12:
        n, kernel, stride, padding = map(int, rng.integers([3, 3, 2, 1], [30, 9, 6, 4]))
        if (n - 1) * stride + kernel > 2 * padding:
            padded.append((n, kernel, stride, padding, int(rng.integers(0, stride))))
    return {"no padding": plain, "padding and output padding": padded}


def transposed_output_size(
    n: int, kernel: int, stride: int, padding: int, output_padding: int
) -> int:
    """Side of what a transposed convolution makes of n pixels."""
    return geometry.transposed_conv_output_size(n, kernel, stride, padding, output_padding)


TRANSPOSED_OUTPUT_SIZE = Exercise(
    reference=transposed_output_size,
    cases=_size_cases,
    mistakes={
        "The last stamp is taken for a step: between n stamps lie n - 1 steps.": (
            lambda n, kernel, stride, padding, output_padding: (
                n * stride - 2 * padding + kernel + output_padding
            )
        ),
        "The kernel's own width is missing: the last stamp reaches as far as its kernel.": (
            lambda n, kernel, stride, padding, output_padding: (
                n * stride - 2 * padding + output_padding
            ),
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride - 2 * padding + output_padding
            ),
        ),
        "Padding makes the output larger: in a transposed convolution it is cut off.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride + 2 * padding + kernel + output_padding
            )
        ),
        "Padding is cut off at one end only: both ends lose it.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride - padding + kernel + output_padding
            )
        ),
        "Padding is not cut off.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride + kernel + output_padding
            )
        ),
        "Output padding is missing: it comes on top.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride - 2 * padding + kernel
            )
        ),
        "Output padding counts at both ends: it belongs to one.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n - 1) * stride - 2 * padding + kernel + 2 * output_padding
            )
        ),
        "This is the size that a convolution makes, the way down: turn the formula round.": (
            lambda n, kernel, stride, padding, output_padding: (
                (n + 2 * padding - kernel) // stride + 1 + output_padding
            ),
            lambda n, kernel, stride, padding, output_padding: (
                (n + 2 * padding - kernel) // stride + 1
            ),
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 8.6 to 8.8 Transposed convolution


def _square(rng: np.random.Generator, side: int) -> np.ndarray:
    values = rng.permutation(np.arange(-side * side, side * side + 4))
    return values[values != 0][: side * side].reshape(side, side)


def _stamp_cases(rng: np.random.Generator) -> Cases:
    settings = [(1, 3, 2), (2, 2, 1), (2, 3, 2), (3, 3, 2), (3, 4, 2), (3, 2, 3), (4, 5, 3)]
    plain = [(_square(rng, n), _square(rng, k), stride, 0) for n, k, stride in settings]
    padded = [
        (_square(rng, n), _square(rng, k), stride, padding)
        for n, k, stride, padding in [
            (2, 3, 2, 1),
            (2, 4, 2, 1),
            (3, 3, 1, 1),
            (3, 5, 3, 2),
            (4, 4, 2, 3),
            (3, 3, 2, 0),
        ]
    ]
    return {"without padding": plain, "with padding": padded}


def _stamped(
    values: np.ndarray, kernel: np.ndarray, stride: int, lay: Any = lambda old, new: old + new
) -> np.ndarray:
    """Stamp by stamp; `lay` says what becomes of the pixels under a stamp."""
    n, k = len(values), len(kernel)
    output = np.zeros((transposed_output_size(n, k, stride, 0, 0),) * 2)
    for row, column in np.ndindex(values.shape):
        here = np.s_[row * stride : row * stride + k, column * stride : column * stride + k]
        output[here] = lay(output[here], values[row, column] * kernel)
    return output


def _cut(array: np.ndarray, first: int, last: int) -> np.ndarray:
    return array[first : len(array) - last, first : len(array) - last]


def _counts(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    return np.maximum(_stamped(np.ones_like(values), np.ones_like(kernel), stride), 1)


def transpose_by_stamping(
    values: np.ndarray, kernel: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    """Each value lays the kernel, times itself; overlaps add; padding is cut off."""
    return _cut(_stamped(values, kernel, stride), padding, padding)


def _cut_after(make: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A mistake in the stamping, with the padding cut off as it should be."""
    return lambda values, kernel, stride, padding: _cut(
        make(values, kernel, stride), padding, padding
    )


def _replaced(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    return _stamped(values, kernel, stride, lambda old, new: new)


def _averaged(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    return _stamped(values, kernel, stride) / _counts(values, kernel, stride)


def _slices_from_before_the_start(
    values: np.ndarray, kernel: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    n, k = len(values), len(kernel)
    output = np.zeros((transposed_output_size(n, k, stride, padding, 0),) * 2)
    for row, column in np.ndindex(values.shape):
        top, left = row * stride - padding, column * stride - padding
        output[top : top + k, left : left + k] += values[row, column] * kernel
    return output


def _pixels_from_before_the_start(
    values: np.ndarray, kernel: np.ndarray, stride: int, padding: int
) -> np.ndarray:
    n, k = len(values), len(kernel)
    output = np.zeros((transposed_output_size(n, k, stride, padding, 0),) * 2)
    for row, column, down, right in np.ndindex(n, n, k, k):
        top, left = row * stride - padding, column * stride - padding
        output[top + down, left + right] += values[row, column] * kernel[down, right]
    return output


TRANSPOSE_BY_STAMPING = Exercise(
    reference=transpose_by_stamping,
    cases=_stamp_cases,
    mistakes={
        "A later stamp replaces an earlier one: where stamps overlap they add.": (
            _cut_after(_replaced)
        ),
        "Where stamps overlap the mean is taken: they add.": _cut_after(_averaged),
        "The kernel is turned by half a turn: a stamp lays it as it is.": (
            _cut_after(lambda values, kernel, stride: _stamped(values, kernel[::-1, ::-1], stride))
        ),
        "Every stamp is the bare kernel: multiply it by its value.": (
            _cut_after(lambda values, kernel, stride: _stamped(values**0, kernel, stride))
        ),
        "The stamps lie one pixel apart: move on by the stride.": (
            lambda values, kernel, stride, padding: _cut(
                _stamped(values, kernel, 1), padding, padding
            )
        ),
        "Rows and columns of the values are exchanged: the value's row decides how far down.": (
            _cut_after(lambda values, kernel, stride: _stamped(values.T, kernel, stride))
        ),
        "Padding is added as zeros: it is cut off.": (
            lambda values, kernel, stride, padding: np.pad(
                _stamped(values, kernel, stride), padding
            )
        ),
        "Padding is not cut off.": (
            lambda values, kernel, stride, padding: _stamped(values, kernel, stride)
        ),
        "Stamps begin before row 0, where a negative index means the other end: stamp on the whole "
        "output first, and cut afterwards.": (
            _slices_from_before_the_start,
            _pixels_from_before_the_start,
        ),
        "Padding is cut off at the upper left only: all four sides lose it.": (
            lambda values, kernel, stride, padding: _cut(
                _stamped(values, kernel, stride), padding, 0
            )
        ),
    },
    entry=_pixel,
)


def _matrix_cases(rng: np.random.Generator) -> Cases:
    return {
        "stride 1": [(_square(rng, k), n, 1) for k, n in [(1, 2), (2, 2), (2, 3), (3, 4), (2, 5)]],
        "larger strides": [
            (_square(rng, k), n, stride)
            for k, n, stride in [(1, 3, 2), (2, 4, 2), (3, 5, 2), (3, 6, 3), (2, 5, 3), (3, 6, 2)]
        ],
    }


def convolution_matrix(kernel: np.ndarray, n: int, stride: int) -> np.ndarray:
    """Matrix of a convolution of an n x n picture, without padding."""
    return _matrix(kernel, n, stride)


def _matrix(kernel: np.ndarray, n: int, stride: int, down: int = 0, right: int = 0) -> np.ndarray:
    """The same, with other steps downwards or to the right where they are given."""
    k, m = len(kernel), geometry.conv_output_size(n, len(kernel), stride)
    matrix = np.zeros((m, m, n, n))
    for row, column in np.ndindex(m, m):
        top, left = row * (down or stride), column * (right or stride)
        matrix[row, column, top : top + k, left : left + k] = kernel
    return matrix.reshape(m * m, n * n)


def _in_one_piece(kernel: np.ndarray, n: int, stride: int) -> np.ndarray:
    k, m = len(kernel), geometry.conv_output_size(n, len(kernel), stride)
    matrix = np.zeros((m * m, n * n))
    for output, (row, column) in enumerate(np.ndindex(m, m)):
        first = row * stride * n + column * stride
        room = n * n - first
        matrix[output, first : first + k * k] = kernel.ravel()[:room]
    return matrix


def _by_columns(*order: int) -> Callable[..., np.ndarray]:
    """The matrix with its outputs (axes 0, 1) or pixels (axes 2, 3) in another order."""

    def mistaken(kernel: np.ndarray, n: int, stride: int) -> np.ndarray:
        m = geometry.conv_output_size(n, len(kernel), stride)
        matrix = convolution_matrix(kernel, n, stride).reshape(m, m, n, n)
        return matrix.transpose(order).reshape(m * m, n * n)

    return mistaken


CONVOLUTION_MATRIX = Exercise(
    reference=convolution_matrix,
    cases=_matrix_cases,
    mistakes={
        "The kernel is turned by half a turn: here it is used as it is.": (
            lambda kernel, n, stride: convolution_matrix(kernel[::-1, ::-1], n, stride)
        ),
        "This is the matrix of the way up: a row belongs to an output of the convolution.": (
            lambda kernel, n, stride: convolution_matrix(kernel, n, stride).T
        ),
        "The windows lie one pixel apart: move on by the stride.": (
            lambda kernel, n, stride: _matrix(kernel, n, stride, 1, 1)
        ),
        "The stride counts downwards only: it counts to the right as well.": (
            lambda kernel, n, stride: _matrix(kernel, n, stride, right=1)
        ),
        "The stride counts to the right only: it counts downwards as well.": (
            lambda kernel, n, stride: _matrix(kernel, n, stride, down=1)
        ),
        "There is a row for every place at stride 1: fewer windows exist.": (
            lambda kernel, n, stride: convolution_matrix(kernel, n, 1)
        ),
        "The kernel's rows follow each other without a gap: each begins in another picture row.": (
            _in_one_piece
        ),
        "The kernel lies transposed in the picture: its rows and columns are exchanged, or pixels "
        "and outputs are both numbered column by column.": _by_columns(1, 0, 3, 2),
        "The outputs are numbered column by column: number them row by row.": (
            _by_columns(1, 0, 2, 3)
        ),
        "The pixels are numbered column by column: number them row by row.": (
            _by_columns(0, 1, 3, 2)
        ),
    },
    entry=lambda index: f"row {index[0]}, column {index[1]} of the matrix",
)


def _by_matrix_cases(rng: np.random.Generator) -> Cases:
    settings = [(2, 2, 1), (2, 3, 2), (3, 3, 1), (3, 3, 2), (2, 4, 3), (3, 4, 2), (3, 2, 3)]
    return {"the way up": [(_square(rng, n), _square(rng, k), stride) for n, k, stride in settings]}


def transpose_by_matrix(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """Transposed convolution without padding, as the transposed matrix of the convolution."""
    return _stamped(values, kernel, stride)


def _by_inverse(values: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    side = transposed_output_size(len(values), len(kernel), stride, 0, 0)
    matrix = convolution_matrix(kernel, side, stride)
    return (np.linalg.pinv(matrix) @ values.ravel()).reshape(side, side)


TRANSPOSE_BY_MATRIX = Exercise(
    reference=transpose_by_matrix,
    cases=_by_matrix_cases,
    mistakes={
        "The result is one long row of pixels: bring it back into rows and columns.": (
            lambda values, kernel, stride: _stamped(values, kernel, stride).ravel()
        ),
        "This is an inverse of the matrix: take its transpose.": _by_inverse,
        "The kernel is turned by half a turn: use it as it is.": (
            lambda values, kernel, stride: _stamped(values, kernel[::-1, ::-1], stride)
        ),
        "Rows and columns of the values are exchanged: number them row by row.": (
            lambda values, kernel, stride: _stamped(values.T, kernel, stride)
        ),
        "Rows and columns of the kernel are exchanged.": (
            lambda values, kernel, stride: _stamped(values, kernel.T, stride)
        ),
        "Where stamps overlap the mean is taken: a matrix product adds.": _averaged,
    },
    entry=_pixel,
)

# ----------------------------------------------------------------------------------------------
# 8.9 The bilinear kernel


def bilinear_kernel(factor: int) -> np.ndarray:
    """Kernel of the transposed convolution that enlarges bilinearly."""
    return np.outer(_slope(factor), _slope(factor))


def _slope(factor: int, reach: float = 0, move: float = 0, side: int = 0) -> np.ndarray:
    """One row of the pyramid, other than it should be where an argument is given."""
    side = side or 2 * factor - factor % 2
    places = np.arange(side) - (side - 1) / 2 - move
    return np.maximum(1 - np.abs(places) / (reach or factor), 0)


def _pyramid(**change: Any) -> Callable[[int], np.ndarray]:
    def mistaken(factor: int) -> np.ndarray:
        settings = {name: make(factor) for name, make in change.items()}
        return np.outer(_slope(factor, **settings), _slope(factor, **settings))

    return mistaken


def _cone(factor: int) -> np.ndarray:
    places = np.arange(len(_slope(factor))) - (len(_slope(factor)) - 1) / 2
    return np.maximum(1 - np.hypot(places[:, None], places) / factor, 0)


BILINEAR_KERNEL = Exercise(
    reference=bilinear_kernel,
    cases=lambda rng: {
        "even factors": [(2,), (4,), (2 * int(rng.integers(3, 6)),)],
        "odd factors": [(1,), (3,), (5,), (2 * int(rng.integers(3, 6)) + 1,)],
    },
    mistakes={
        "The weights add up to 1: at every output pixel the weights that meet there must.": (
            lambda factor: bilinear_kernel(factor) / bilinear_kernel(factor).sum()
        ),
        "This is one row of the pyramid: multiply it by itself in both directions.": _slope,
        "The slopes of rows and columns are added: multiply them.": (
            lambda factor: np.add.outer(_slope(factor), _slope(factor))
        ),
        "All weights are 1: this kernel copies, as nearest does.": (
            lambda factor: np.ones((factor, factor)),
            lambda factor: np.ones((2 * factor - factor % 2,) * 2),
        ),
        "Its peak lies beside the middle: both halves must be alike.": (
            _pyramid(move=lambda factor: 0.5)
        ),
        "The weights fall by straight-line distance, as a cone: rows and columns fall each by "
        "itself.": _cone,
        "For odd factors the side is even: an odd factor has a middle pixel.": (
            _pyramid(side=lambda factor: 2 * factor)
        ),
        "The weights fall too fast: they must reach zero only at distance f from the middle.": (
            _pyramid(reach=lambda factor: factor - 0.5 if factor % 2 else factor / 2 + 0.5),
            _pyramid(reach=lambda factor: 1),
        ),
        "The weights are divided by the largest: an even factor has no weight at the middle, so "
        "that its largest is below 1.": (
            lambda factor: bilinear_kernel(factor) / bilinear_kernel(factor).max()
        ),
    },
    entry=_pixel,
)

EXERCISES = {
    "8.1": NEAREST_UPSAMPLE,
    "8.2": SAMPLE_POINTS,
    "8.3": BILINEAR_UPSAMPLE,
    "8.4": UNPOOL,
    "8.5": TRANSPOSED_OUTPUT_SIZE,
    "8.6": TRANSPOSE_BY_STAMPING,
    "8.7": CONVOLUTION_MATRIX,
    "8.8": TRANSPOSE_BY_MATRIX,
    "8.9": BILINEAR_KERNEL,
}
