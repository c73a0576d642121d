"""What is special to the checks of lesson 02: other right answers, changes that change nothing."""

import numpy as np
from scipy import ndimage
from skimage import filters

from course_utils import thresholding
from course_utils.metrics import mask_iou


def histogram_by_loop(grey, num_levels):
    counts = [0] * num_levels
    for level in grey.ravel().tolist():
        counts[level] += 1
    return counts


def histogram_by_edges(grey, num_levels):
    return np.histogram(grey, bins=num_levels, range=(-0.5, num_levels - 0.5))[0].astype(np.float32)


def peaks_by_stretches(histogram):
    """Shorten each flat stretch to one level, and look at the two beside it."""
    last = [i for i in range(len(histogram)) if [*histogram, -1][i + 1] != histogram[i]]
    counts = [-1, *histogram[last], -1]
    return [
        level
        for level, a, b, c in zip(last, counts, counts[1:], counts[2:], strict=False)
        if a < b > c
    ]


def peaks_by_scipy(histogram):
    from scipy.signal import find_peaks

    _, found = find_peaks(np.concatenate([[-1], histogram, [-1]]), plateau_size=1)
    return found["right_edges"] - 1


def valley_by_scipy(histogram):
    counts = histogram.astype(np.float64)
    while len(peaks_by_scipy(counts)) > 2:
        counts = ndimage.uniform_filter1d(counts, 3, mode="nearest")
    found = peaks_by_scipy(counts)
    if len(found) == 1:
        return -1.0
    return min(range(found[0], found[1] + 1), key=lambda level: counts[level])


def curve_of_pixels(histogram):
    """From the pixels themselves, by the variance within."""
    pixels = np.repeat(np.arange(len(histogram)), histogram).astype(float)
    curve = []
    for t in range(len(histogram)):
        parts = [part for part in (pixels[pixels <= t], pixels[pixels > t]) if part.size]
        within = sum(part.size / pixels.size * part.var() for part in parts)
        curve.append(pixels.var() - within)
    return curve


def otsu_by_library(histogram):
    return filters.threshold_otsu(hist=histogram)


def otsu_by_loop(histogram):
    best, chosen = -1.0, None
    for t, height in enumerate(curve_of_pixels(histogram)):
        if height > best + 1e-9:
            best, chosen = height, t
    return chosen


def mean_by_tables(grey, size):
    def total(values):
        padded = np.pad(values.astype(float), size // 2)
        table = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        return (
            table[size:, size:]
            - table[:-size, size:]
            - table[size:, :-size]
            + table[:-size, :-size]
        )

    return total(grey) / total(np.ones_like(grey))


def mean_by_uniform_filter(grey, size):
    total, count = (
        ndimage.uniform_filter(values, size, mode="constant")
        for values in (grey.astype(float), np.ones(grey.shape))
    )
    return (total / count).astype(np.float32)


def best_by_metrics(grey, target):
    scores = [mask_iou(target, grey > t) for t in range(256)]
    return np.array([np.argmax(scores), max(scores)])


def best_from_levels(grey, target):
    candidates = [0, *sorted(set(grey.ravel().tolist()))]
    scores = {t: mask_iou(target, grey > t) for t in candidates}
    best = max(candidates, key=lambda t: (scores[t], -t))
    return best, scores[best]


def three_by_running_sums(histogram):
    levels, pixels = np.arange(len(histogram)), histogram.sum()
    n, total = np.cumsum(histogram), np.cumsum(histogram * levels)
    low, high = np.triu_indices(len(histogram) - 1, k=1)
    counts = np.array([n[low], n[high] - n[low], n[-1] - n[high]])
    sums = np.array([total[low], total[high] - total[low], total[-1] - total[high]])
    between = (sums**2 / np.maximum(counts, 1)).sum(axis=0) / pixels
    best = np.flatnonzero(between > between.max() - 1e-9)[0]
    return low[best], high[best]


OTHER_RIGHT_ANSWERS = [
    ("2.1", histogram_by_loop),
    ("2.1", histogram_by_edges),
    ("2.1", lambda grey, num_levels: [np.sum(grey == k) for k in range(num_levels)]),
    ("2.2", peaks_by_stretches),
    ("2.2", peaks_by_scipy),
    ("2.3", valley_by_scipy),
    ("2.4", curve_of_pixels),
    ("2.4", thresholding.between_class_variance),
    ("2.5", otsu_by_library),
    ("2.5", otsu_by_loop),
    ("2.6", mean_by_tables),
    ("2.6", mean_by_uniform_filter),
    ("2.7", best_by_metrics),
    ("2.7", best_from_levels),
    ("2.8", three_by_running_sums),
]

MUTATED_NAMES = {"zeros": "ones"}

EQUIVALENT = {
    (
        "2.2",  # only asked where the two differ
        "histogram[level + 1] > histogram[level] -> histogram[level + 1] >= histogram[level]",
    ),
    ("2.6", "max(row - half, 0) -> max(0, row - half)"),
    ("2.6", "max(column - half, 0) -> max(0, column - half)"),
    ("2.6", "np.zeros -> np.ones"),  # every entry is written
    ("2.7", "256 -> 257"),  # no pixel is above 256: that mask is empty, its IoU 0
    ("2.8", "0 -> 1"),  # a constant on every sum; and every sum is above 1
    ("2.8", "len(histogram) - 1 -> len(histogram) + 1"),  # thresholds above all pixels: no gain
    ("2.8", "pixels > 0 -> pixels >= 0"),  # nan is never larger: pairs with an empty class fall out
    ("2.8", "between > best + 1e-06 -> between >= best + 1e-06"),
}
"""Changes that leave every result the same."""
