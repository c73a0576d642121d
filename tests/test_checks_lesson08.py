"""What is special to the checks of lesson 08: other right answers, changes that change nothing."""

import numpy as np
import pytest
from lesson_checks import all_cases, groups, verdicts
from scipy import ndimage, signal

from course_utils import geometry
from course_utils.checks import lesson08
from course_utils.widgets.stamper import stamp


def nearest_by_loop(image, factor):
    height, width = image.shape
    return [
        [image[i // factor, j // factor] for j in range(width * factor)]
        for i in range(height * factor)
    ]


def nearest_by_torch(image, factor):
    torch = pytest.importorskip("torch")
    batch = torch.as_tensor(image.astype(np.float64))[None, None]
    return torch.nn.functional.interpolate(batch, scale_factor=factor, mode="nearest")[0, 0]


def points_by_step(n, m, align_corners):
    if align_corners:
        return [i * (n - 1) / (m - 1) for i in range(m)]
    return [-0.5 + n / m / 2 + i * n / m for i in range(m)]


def bilinear_by_torch(image, factor):
    torch = pytest.importorskip("torch")
    batch = torch.as_tensor(image.astype(np.float64))[None, None]
    return torch.nn.functional.interpolate(
        batch, scale_factor=factor, mode="bilinear", align_corners=False
    )[0, 0]


def bilinear_by_scipy(image, factor):
    rows, columns = (
        np.clip(lesson08.sample_points(n, n * factor, False), 0, n - 1) for n in image.shape
    )
    places = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(image.astype(np.float64), places, order=1)


def bilinear_by_interp(image, factor):
    for _ in range(2):
        n = len(image)
        points = lesson08.sample_points(n, n * factor, False)
        image = np.array([np.interp(points, np.arange(n), column) for column in image.T])
    return image


def unpool_by_loop(pooled, indices, height, width):
    large = np.zeros((height, width), dtype=np.float32)
    for value, index in zip(pooled.ravel(), indices.ravel(), strict=True):
        large[divmod(int(index), width)] = value
    return large


def unpool_by_torch(pooled, indices, height, width):
    torch = pytest.importorskip("torch")
    large = torch.zeros(height * width, dtype=torch.float64)
    large[torch.as_tensor(indices).flatten()] = torch.as_tensor(pooled.astype(float)).flatten()
    return large.reshape(height, width)


def size_by_counting(n, kernel, stride, padding, output_padding):
    covered = max(i * stride + k for i in range(n) for k in range(kernel)) + 1
    return covered - padding - padding + output_padding


def stamped_by_stuffing(values, kernel, stride, padding):
    stuffed = np.zeros(((len(values) - 1) * stride + 1,) * 2)
    stuffed[::stride, ::stride] = values
    whole = signal.convolve2d(stuffed, kernel)
    return whole[padding : len(whole) - padding, padding : len(whole) - padding]


def stamped_by_torch(values, kernel, stride, padding):
    torch = pytest.importorskip("torch")
    batch = (torch.as_tensor(array.astype(np.float64))[None, None] for array in (values, kernel))
    return torch.nn.functional.conv_transpose2d(*batch, stride=stride, padding=padding)[0, 0]


def matrix_by_unit_pictures(kernel, n, stride):
    """Column by column: what the convolution makes of a picture with a single 1."""
    columns = []
    for pixel in range(n * n):
        picture = np.zeros(n * n)
        picture[pixel] = 1
        whole = signal.correlate2d(picture.reshape(n, n), kernel, mode="valid")
        columns.append(whole[::stride, ::stride].ravel())
    return np.array(columns).T


def transposed_by_einsum(values, kernel, stride):
    n, k = len(values), len(kernel)
    place = np.zeros(((n - 1) * stride + k, n, k))
    for i in range(n):
        for j in range(k):
            place[i * stride + j, i, j] = 1
    return np.einsum("rac,sbd,ab,cd->rs", place, place, values, kernel)


def kernel_by_convolution(factor):
    """A box with a box: the triangle of the squares' overlap, for even factors between pixels."""
    box = np.ones(factor) / factor
    slope = np.convolve(box, box) * factor
    if factor % 2 == 0:
        slope = np.convolve(slope, [0.5, 0.5])
    return np.outer(slope, slope)


def kernel_by_interpolation(factor):
    """What bilinear upsampling makes of a single 1."""
    single = np.zeros((5, 5))
    single[2, 2] = 1
    large = lesson08.bilinear_upsample(single, factor)
    rows = np.flatnonzero(large.any(axis=1))
    return large[rows[0] : rows[-1] + 1, rows[0] : rows[-1] + 1]


OTHER_RIGHT_ANSWERS = [
    ("8.1", nearest_by_loop),
    ("8.1", nearest_by_torch),
    ("8.1", lambda image, factor: np.kron(image, np.ones((factor, factor), dtype=image.dtype))),
    ("8.2", points_by_step),
    ("8.3", bilinear_by_torch),
    ("8.3", bilinear_by_scipy),
    ("8.3", bilinear_by_interp),
    ("8.4", unpool_by_loop),
    ("8.4", unpool_by_torch),
    ("8.5", size_by_counting),
    ("8.5", geometry.transposed_conv_output_size),
    ("8.6", stamped_by_stuffing),
    ("8.6", stamped_by_torch),
    ("8.6", stamp),
    ("8.7", matrix_by_unit_pictures),
    ("8.8", transposed_by_einsum),
    ("8.8", stamp),
    ("8.9", kernel_by_convolution),
    ("8.9", kernel_by_interpolation),
]

MUTATED_NAMES = {"zeros": "ones", "row": "column", "top": "left", "n": "k", "k": "n", "m": "n"}

EQUIVALENT = {
    ("8.3", "n - 1 -> n + 1"),  # the left neighbour never lies beyond the last pixel
    ("8.3", "np.clip(left, 0, n - 1) -> np.clip(0, left, n - 1)"),  # 0 kept above left: the same
    ("8.3", "np.clip(left + 1, 0, n - 1) -> np.clip(0, left + 1, n - 1)"),
    ("8.7", "np.zeros -> np.ones"),  # every row is written
}
"""Changes that leave every result the same."""


# ----------------------------------------------------------------------------------------------
# Frequent slips, written as a student would


def bilinear_by_loop(cut, neighbour):
    def answer(image, factor):
        height, width = image.shape
        large = np.zeros((height * factor, width * factor))
        for i in range(height * factor):
            for j in range(width * factor):
                y, x = (i + 0.5) / factor - 0.5, (j + 0.5) / factor - 0.5
                top, left = int(cut(y)), int(cut(x))
                rows = [neighbour(top, height), neighbour(top + 1, height)]
                columns = [neighbour(left, width), neighbour(left + 1, width)]
                down, right = y - top, x - left
                for row, share in zip(rows, (1 - down, down), strict=True):
                    for column, part in zip(columns, (1 - right, right), strict=True):
                        large[i, j] += share * part * image[row, column]
        return large

    return answer


def inside(index, length):
    return min(max(index, 0), length - 1)


def stamped_from_before_the_start(values, kernel, stride, padding):
    n, k = len(values), len(kernel)
    m = (n - 1) * stride + k - 2 * padding
    output = np.zeros((m, m))
    for r in range(n):
        for c in range(n):
            top, left = r * stride - padding, c * stride - padding
            output[top : top + k, left : left + k] += values[r, c] * kernel
    return output


def matrix_of_windows(kernel, n, stride, turned=False, by_columns=False):
    k = len(kernel)
    m = (n - k) // stride + 1
    matrix = np.zeros((m * m, n * n))
    for output in range(m * m):
        top, left = stride * (output // m), stride * (output % m)
        if by_columns:
            top, left = left, top
        window = np.zeros((n, n))
        window[top : top + k, left : left + k] = kernel.T if turned else kernel
        matrix[output] = window.ravel()
    return matrix


def pyramid_without_division(factor):
    side = 2 * factor - factor % 2
    slope = np.maximum(1 - np.abs(np.arange(side) - (side - 1) / 2), 0)
    return np.outer(slope, slope)


def pyramid_with_peak_1(factor):
    kernel = lesson08.bilinear_kernel(factor)
    return kernel / kernel.max()


@pytest.mark.parametrize(
    ("number", "answer", "told"),
    [
        (
            "8.2",
            lambda n, m, align_corners: np.linspace(-0.5, n - 0.5, m),
            "The first and last points lie on the edges",
        ),
        ("8.3", bilinear_by_loop(np.floor, lambda i, n: min(i, n - 1)), "Beyond the border stands"),
        ("8.3", bilinear_by_loop(np.floor, lambda i, n: i % n), "Beyond the border stands a pixel"),
        ("8.3", bilinear_by_loop(np.trunc, inside), "Places are cut towards 0"),
        ("8.6", stamped_from_before_the_start, "Stamps begin before row 0"),
        (
            "8.7",
            lambda kernel, n, stride: matrix_of_windows(kernel, n, stride, turned=True),
            "The kernel lies transposed in the picture",
        ),
        (
            "8.7",
            lambda kernel, n, stride: matrix_of_windows(kernel, n, stride, by_columns=True),
            "The outputs are numbered column by column",
        ),
        ("8.9", pyramid_without_division, "The weights fall too fast"),
        ("8.9", pyramid_with_peak_1, "The weights are divided by the largest"),
    ],
)
def test_a_frequent_slip_is_named(number, answer, told):
    for seed in range(3):
        wrong = [message for message, _ in verdicts(number, answer, seed=seed)]
        assert wrong
        assert wrong[0].startswith(f"not yet. {told}")


# ----------------------------------------------------------------------------------------------
# What the cases hold


def test_overlapping_windows_share_a_maximum_and_some_maxima_are_negative():
    for seed in range(5):
        for pooled, indices, height, width in groups("8.4", seed)["windows that overlap"]:
            assert len(np.unique(indices)) < indices.size
            assert (pooled < 0).any()
            assert indices.max() < height * width


def test_every_size_in_the_cases_is_possible():
    for seed in range(5):
        assert all(lesson08.transposed_output_size(*case) >= 1 for case in all_cases("8.5", seed))


def test_the_pseudo_inverse_is_told_from_the_transpose():
    ((message, _),) = verdicts("8.8", lesson08._by_inverse)
    assert message.startswith("not yet. This is an inverse of the matrix: take its transpose.")


@pytest.mark.parametrize(("factor", "padding"), [(2, 1), (3, 1), (4, 2), (5, 2)])
def test_the_kernel_enlarges_as_bilinear_does_inside(factor, padding):
    image = np.random.default_rng(factor).random((6, 6))
    stamped = lesson08.transpose_by_stamping(
        image, lesson08.bilinear_kernel(factor), factor, padding
    )
    mixed = lesson08.bilinear_upsample(image, factor)
    inside = np.s_[factor:-factor, factor:-factor]
    assert stamped.shape == mixed.shape
    np.testing.assert_allclose(stamped[inside], mixed[inside])
