"""The checks of lesson 04: what `test_check_strength.py` needs to know, and what is special."""

import heapq
import itertools

import numpy as np
from scipy import ndimage
from skimage import filters
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from course_utils.checks.lesson04 import EXERCISES


def magnitude_by_loop(image):
    height, width = image.shape
    levels = [[float(level) for level in row] for row in image.tolist()]

    def at(row, column):
        return levels[min(max(row, 0), height - 1)][min(max(column, 0), width - 1)]

    result = []
    for row in range(height):
        result.append([])
        for column in range(width):
            right = left = below = above = 0.0
            for offset, weight in ((-1, 1), (0, 2), (1, 1)):
                right += weight * at(row + offset, column + 1)
                left += weight * at(row + offset, column - 1)
                below += weight * at(row + 1, column + offset)
                above += weight * at(row - 1, column + offset)
            result[-1].append(((right - left) ** 2 + (below - above) ** 2) ** 0.5)
    return result


def magnitude_by_skimage(image):
    return 4 * np.sqrt(2) * filters.sobel(image.astype(float))


def magnitude_in_float32(image):
    levels = image.astype(np.float32)
    return np.hypot(ndimage.sobel(levels, 0), ndimage.sobel(levels, 1))


def directions_by_angle_between(rows, columns):
    axes = np.array([[0, 1], [1, 1], [1, 0], [1, -1]]) / np.sqrt([[1], [2], [1], [2]])
    along = np.abs(np.tensordot(axes, np.array([rows, columns]), 1))  # (4, H, W)
    return along.argmax(axis=0)


def directions_by_tangent(rows, columns):
    tangent = np.tan(np.pi / 8)
    diagonal = np.where(rows * columns > 0, 1, 3)
    flat, steep = abs(rows) <= tangent * abs(columns), abs(columns) < tangent * abs(rows)
    return np.where(flat, 0, np.where(steep, 2, diagonal)).astype(np.uint8)


def suppressed_by_rolling(magnitude, direction):
    padded = np.pad(magnitude, 1)
    result = np.zeros_like(magnitude)
    for number, step in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        sides = [np.roll(padded, (s * step[0], s * step[1]), (0, 1)) for s in (1, -1)]
        larger = np.maximum(*sides)[1:-1, 1:-1]
        here = (direction == number) & (magnitude >= larger)
        result[here] = magnitude[here]
    return result


def hysteresis_by_growing(strength, low, high):
    kept = strength >= high
    while True:
        grown = ndimage.binary_dilation(kept, np.ones((3, 3))) & (strength >= low)
        if np.array_equal(grown, kept):
            return kept
        kept = grown


def hysteresis_by_stack(strength, low, high):
    kept = np.zeros(strength.shape, dtype=np.uint8)
    waiting = [tuple(place) for place in np.argwhere(strength >= high).tolist()]
    while waiting:
        row, column = waiting.pop()
        inside = 0 <= row < strength.shape[0] and 0 <= column < strength.shape[1]
        if inside and not kept[row, column] and strength[row, column] >= low:
            kept[row, column] = 1
            steps = itertools.product((-1, 0, 1), repeat=2)
            waiting += [(row + r, column + c) for r, c in steps]
    return kept


def distance_by_scipy(mask):
    return ndimage.distance_transform_edt(mask).astype(np.float32)


def distance_by_pairs(mask):
    places = np.indices(mask.shape).reshape(2, -1).T
    way = places[:, None] - places[~mask.ravel()]
    return np.sqrt((way**2).sum(axis=-1)).min(axis=1).reshape(mask.shape)


def areas_with_other_numbers(mask, min_distance):
    distance = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(
        distance, min_distance=min_distance, labels=mask.astype(int), exclude_border=False
    )
    is_peak = np.zeros(mask.shape, dtype=bool)
    is_peak[tuple(peaks.T)] = True
    regions = watershed(distance.max() - distance, ndimage.label(is_peak)[0], mask=mask)
    return sorted(int(np.sum(regions == number)) for number in np.unique(regions) if number)


def areas_by_queue(mask, min_distance):
    distance = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(
        distance, min_distance=min_distance, labels=mask.astype(int), exclude_border=False
    )
    regions, joined = np.zeros(mask.shape, dtype=int), 0
    shore = []
    for number, (row, column) in enumerate(peaks.tolist(), start=1):
        regions[row, column] = number
        shore.append((-distance[row, column], 0, row, column))
    heapq.heapify(shore)
    while shore:
        level, _, row, column = heapq.heappop(shore)
        for r, c in ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)):
            inside = 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1]
            if inside and mask[r, c] and not regions[r, c]:
                joined += 1
                regions[r, c] = regions[row, column]
                heapq.heappush(shore, (max(level, -distance[r, c]), joined, r, c))
    return np.sort(np.bincount(regions.ravel())[1:])


OTHER_RIGHT_ANSWERS = [
    ("4.1", magnitude_by_loop),
    ("4.1", magnitude_by_skimage),
    ("4.1", magnitude_in_float32),
    ("4.2", directions_by_angle_between),
    ("4.2", directions_by_tangent),
    ("4.3", suppressed_by_rolling),
    ("4.4", hysteresis_by_growing),
    ("4.4", hysteresis_by_stack),
    ("4.5", distance_by_scipy),
    ("4.5", distance_by_pairs),
    ("4.6", areas_with_other_numbers),
    ("4.6", areas_by_queue),
]
EQUIVALENT = {
    # the norm, the larger of two and "both neighbours" do not depend on the order
    ("4.1", "np.hypot(rows, columns) -> np.hypot(columns, rows)"),
    ("4.3", "max(ahead, behind) -> max(behind, ahead)"),
    ("4.3", "(1, -1) -> (-1, 1)"),
}


def test_scenes_of_coins_touch():
    for seed in range(3):
        cases = EXERCISES["4.6"].cases(np.random.default_rng(seed))
        for mask, min_distance in cases["a scene of coins"]:
            assert ndimage.label(mask)[1] < 7
            assert len(EXERCISES["4.6"].reference(mask, min_distance)) == 7
