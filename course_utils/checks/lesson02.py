"""Lesson 02: the histogram, three ways to a threshold from it, a local mean, and a ceiling.

Conventions that all exercises share: a histogram has one entry for each level, from level 0 on; a
threshold t is a level, class 0 is the levels <= t and class 1 the levels > t; of several thresholds
that are equally good the lowest is meant.
"""

from itertools import combinations
from typing import Any

import numpy as np
from scipy import ndimage

from course_utils import thresholding
from course_utils.checks.exercise import Arguments, Exercise
from course_utils.checks.values import LONGEST_VALUE

Cases = dict[str, list[Arguments]]


def _level(index: tuple[int, ...]) -> str:
    return f"the count at level {index[0]}"


def _pixel(index: tuple[int, ...]) -> str:
    return f"the mean at row {index[0]}, column {index[1]}"


# ----------------------------------------------------------------------------------------------
# 2.1 The histogram


def _picture_cases(rng: np.random.Generator) -> Cases:
    shapes = [(1, 3), (2, 2), (2, 4), (3, 5), (6, 7)]
    few = [
        (rng.integers(1, levels - 2, shape).astype(np.uint8), levels)
        for shape in shapes
        for levels in (6, 9)
    ]
    few.append((np.array([[0, 5, 5, 7]], dtype=np.uint8), 8))
    many = [(rng.integers(1, 5, (30, 40)).astype(np.uint8), levels) for levels in (8, 12)]
    return {"few pixels": few, "many pixels": [*many, (np.full((20, 30), 2, np.uint8), 7)]}


def _large_picture(grey: np.ndarray, num_levels: int) -> str | None:
    """A picture with too many pixels to write out, in words."""
    if grey.size <= LONGEST_VALUE:
        return None
    low, high = grey.min(), grey.max()
    levels = f"all of level {low}" if low == high else f"of levels {low} to {high}"
    return f"grey has {grey.shape[0]} x {grey.shape[1]} pixels, {levels}, num_levels = {num_levels}"


def histogram(grey: np.ndarray, num_levels: int) -> np.ndarray:
    """Number of pixels at each level 0 ... num_levels - 1."""
    return np.bincount(grey.ravel(), minlength=num_levels)


def _counted(change: Any) -> Any:
    """A mistake made from the right counts."""
    return lambda grey, num_levels: change(histogram(grey, num_levels))


HISTOGRAM = Exercise(
    reference=histogram,
    cases=_picture_cases,
    mistakes={
        "The entries end at the brightest level that occurs: there is one for every level.": (
            lambda grey, num_levels: np.bincount(grey.ravel())
        ),
        "Only levels that occur have an entry: the index of an entry must be its level.": (
            lambda grey, num_levels: np.unique(grey, return_counts=True)[1]
        ),
        "These are shares of the pixels: expected are numbers of pixels.": (
            _counted(lambda counts: counts / counts.sum())
        ),
        "The counts are added up from level to level: each entry counts one level alone.": (
            _counted(np.cumsum)
        ),
        "The counts stand one place too far to the left: level 0 has the first entry.": (
            _counted(lambda counts: np.roll(counts, -1))
        ),
        "It always has 256 entries: use num_levels.": (
            lambda grey, num_levels: histogram(grey, 256)
        ),
        "The range of the picture is cut into equal parts: an entry must belong to one level.": (
            lambda grey, num_levels: np.histogram(grey, bins=num_levels)[0]
        ),
        "A level counts once at most: histogram[grey] += 1 adds 1 however often it occurs.": (
            _counted(lambda counts: np.minimum(counts, 1))
        ),
        "The counts do not fit into uint8 and wrap round at 256: use a wider integer type.": (
            _counted(lambda counts: counts % 256)
        ),
    },
    entry=_level,
    words=_large_picture,
)

# ----------------------------------------------------------------------------------------------
# 2.2 Peaks


def _peak_cases(rng: np.random.Generator) -> Cases:
    pointed = [
        np.array([1, 3, 2]),
        np.array([4, 1, 2]),
        np.array([1, 5, 2, 3, 1, 4]),
        np.array([0, 2, 9, 7, 3, 5, 6, 1]),
        *(rng.permutation(20)[:size] for size in (5, 7, 9, 12)),
    ]
    flat = [
        np.array([1, 3, 3, 1]),
        np.array([3, 2, 2, 1, 4, 0]),
        np.array([1, 2, 2, 3, 0, 1]),
        np.array([0, 0, 4, 4, 4, 1, 5, 5]),
        *(np.repeat(rng.permutation(9)[:5], rng.integers(1, 4, 5)) for _ in range(4)),
    ]
    return {
        "pointed peaks": [(counts,) for counts in pointed],
        "flat tops": [(counts,) for counts in flat],
    }


def find_peaks(histogram: np.ndarray) -> np.ndarray:
    """Levels at which the counts stop rising and fall next."""
    return thresholding.peaks(histogram)


def _where(rises: Any, falls: Any, outside: tuple[float, float] = (-1, -1)) -> Any:
    """Levels chosen by comparing each count with the one before and the one after."""

    def chosen(histogram: np.ndarray) -> np.ndarray:
        padded = np.concatenate([outside[:1], histogram, outside[1:]])
        before, here, after = padded[:-2], padded[1:-1], padded[2:]
        return np.flatnonzero(rises(here, before) & falls(here, after))

    return chosen


def _first_of_flat_tops(histogram: np.ndarray) -> np.ndarray:
    first = np.flatnonzero(np.diff(histogram, prepend=-1))  # of each flat stretch
    return first[thresholding.peaks(histogram[first])]


def _middle_of_flat_tops(histogram: np.ndarray) -> np.ndarray:
    return (_first_of_flat_tops(histogram) + thresholding.peaks(histogram)) // 2


def _at_an_end(histogram: np.ndarray) -> np.ndarray:
    """Which of the peaks touch the first or the last level."""
    last = thresholding.peaks(histogram) == len(histogram) - 1
    return (_first_of_flat_tops(histogram) == 0) | last


_HIGH = float(np.iinfo(np.int32).max)

FIND_PEAKS = Exercise(
    reference=find_peaks,
    cases=_peak_cases,
    mistakes={
        "The first and the last level are never peaks: beyond the ends all counts as lower.": (
            lambda histogram: np.setdiff1d(find_peaks(histogram), [0, len(histogram) - 1]),
            _where(np.greater, np.greater, (_HIGH, _HIGH)),
        ),
        "The first level is never a peak: before it all counts as lower.": (
            lambda histogram: np.setdiff1d(find_peaks(histogram), [0])
        ),
        "The last level is never a peak: after it all counts as lower.": (
            lambda histogram: np.setdiff1d(find_peaks(histogram), [len(histogram) - 1])
        ),
        "Flat tops are missed: the count after a peak's last level is what must be lower.": (
            _where(np.greater, np.greater)
        ),
        "Of a flat top it returns the first level: the last one is asked for.": _first_of_flat_tops,
        "Of a flat top it returns the middle, as SciPy does: the last level is asked for.": (
            _middle_of_flat_tops
        ),
        "SciPy's find_peaks has other rules: the first and the last level are never peaks, and of "
        "a flat top it returns the middle.": (
            lambda histogram: np.setdiff1d(
                _middle_of_flat_tops(histogram),
                _middle_of_flat_tops(histogram)[_at_an_end(histogram)],
            )
        ),
        "A flat stretch on the way down counts as a peak: look at what came before the stretch.": (
            _where(np.greater_equal, np.greater)
        ),
        "A flat stretch on the way up counts as a peak: look at what comes after the stretch.": (
            _where(np.greater, np.greater_equal)
        ),
        "Every level of a flat stretch counts as a peak: something must be lower on both sides.": (
            _where(np.greater_equal, np.greater_equal)
        ),
        "These are the valleys: a peak is higher than what is beside it.": (
            lambda histogram: thresholding.peaks(-histogram),
            _where(np.less, np.less, (_HIGH, _HIGH)),
        ),
        "Only the highest peak is found: return all of them.": (
            lambda histogram: np.array([histogram.argmax()]),
            lambda histogram: int(histogram.argmax()),
        ),
        "These are the counts at the peaks: return the levels.": (
            lambda histogram: histogram[find_peaks(histogram)]
        ),
        "The levels are counted from 1: the first entry is level 0.": (
            lambda histogram: find_peaks(histogram) + 1
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 2.3 The valley


def _clear_at_every_step(counts: np.ndarray) -> bool:
    """Whether no answer hangs on the last digits: neighbours differ, one count is smallest."""
    smooth = counts.astype(float)
    while True:
        if np.abs(np.diff(smooth)).min() < 1e-6:
            return False
        found = thresholding.peaks(smooth)
        if len(found) <= 2:
            break
        smooth = thresholding.smoothed(smooth)
    if len(found) < 2:
        return True
    between = np.sort(smooth[found[0] : found[1] + 1])
    return bool(between[1] - between[0] > 1e-6)


def _bumpy(rng: np.random.Generator, size: int, jitter: int) -> np.ndarray:
    """Two bells of random height, and jitter on top."""
    levels = np.arange(size)
    counts = np.zeros(size)
    for middle in (rng.uniform(0.15, 0.3) * size, rng.uniform(0.65, 0.85) * size):
        counts += rng.uniform(30, 90) * np.exp(-(((levels - middle) / (0.13 * size)) ** 2))
    return np.rint(counts + rng.uniform(0, jitter, size)).astype(int)


def _valley_cases(rng: np.random.Generator) -> Cases:
    cases: dict[str, list[np.ndarray]] = {"two peaks": [], "more or fewer peaks": []}
    two, more = cases.values()
    two += [np.array([2, 9, 3, 1, 5, 4]), np.array([0, 7, 2, 2, 8, 1])]
    while len(two) < 8 or len(more) < 8:
        small = len(two) < 8
        counts = _bumpy(rng, int(rng.integers(9, 14 if small else 20)), 1 if small else 40)
        count = len(thresholding.peaks(counts))
        if not _clear_at_every_step(counts):
            continue
        threshold, kept = valley_threshold(counts), two if count == 2 else more
        if len(kept) < 8 and (count == 2 or (count > 3 and threshold > 1)):
            kept.append(counts)
    # the smallest count of the smoothed histogram is at another level than that of the histogram
    more += [np.array([1, 4, 9, 12, 7, 3]), np.array([6, 5, 3, 2, 1])]
    return {name: [(counts,) for counts in found] for name, found in cases.items()}


def _smoothed_until_two(histogram: np.ndarray) -> np.ndarray:
    smooth = np.asarray(histogram, dtype=float)
    while len(thresholding.peaks(smooth)) > 2:
        smooth = thresholding.smoothed(smooth)
    return smooth


def valley_threshold(histogram: np.ndarray) -> int:
    """Level with the smallest count between the last two peaks; -1 where there are not two."""
    found = thresholding.valley_threshold(histogram)
    return -1 if found is None else found


def _from_peaks(choose: Any, prepare: Any = _smoothed_until_two, none: int = -1) -> Any:
    """A mistake in what is made of the histogram and the two peaks; `none` where there is one."""

    def mistaken(histogram: np.ndarray) -> int:
        smooth = prepare(histogram)
        found = thresholding.peaks(smooth)
        return int(choose(smooth, *found[:2], histogram)) if len(found) >= 2 else none

    return mistaken


def _lowest(smooth: np.ndarray, left: int, right: int, histogram: np.ndarray) -> int:
    return left + int(smooth[left : right + 1].argmin())


def _between_highest(histogram: np.ndarray) -> int:
    """Without any smoothing: the two highest peaks as they are."""
    found = thresholding.peaks(histogram)
    left, right = np.sort(found[np.argsort(-histogram[found], kind="stable")[:2]])
    return _lowest(histogram, left, right, histogram)


VALLEY_THRESHOLD = Exercise(
    reference=valley_threshold,
    cases=_valley_cases,
    mistakes={
        "The histogram is not smoothed, and the first two of many peaks are taken: smooth it until "
        "two are left.": _from_peaks(_lowest, lambda histogram: histogram),
        "The histogram is not smoothed, and the two highest peaks are taken: smooth it until two "
        "are left.": lambda histogram: (
            -1 if len(thresholding.peaks(histogram)) < 2 else _between_highest(histogram)
        ),
        "The histogram is smoothed once only: go on until two peaks are left.": (
            _from_peaks(
                _lowest,
                lambda h: thresholding.smoothed(h) if len(thresholding.peaks(h)) > 2 else h,
            )
        ),
        "The histogram is smoothed before its peaks are counted for the first time: count first.": (
            _from_peaks(_lowest, lambda h: _smoothed_until_two(thresholding.smoothed(h)))
        ),
        "The smallest count of the whole histogram is taken: look between the two peaks.": (
            _from_peaks(lambda smooth, left, right, histogram: smooth.argmin())
        ),
        "The level is counted from the left peak: add the peak's own level.": (
            _from_peaks(lambda smooth, left, right, h: smooth[left : right + 1].argmin())
        ),
        "The middle between the peaks is taken: the smallest count between them is asked for.": (
            _from_peaks(lambda smooth, left, right, histogram: (left + right) // 2),
            _from_peaks(lambda smooth, left, right, histogram: (left + right + 1) // 2),
        ),
        "The smallest count is looked for in the histogram as it was: use the smoothed one, in "
        "which the peaks were found.": (
            _from_peaks(
                lambda smooth, left, right, histogram: left + histogram[left : right + 1].argmin()
            )
        ),
        "This is the left peak: go on to the smallest count after it.": (
            _from_peaks(lambda smooth, left, right, histogram: left)
        ),
        "Where one peak is left there is no valley: return the number that says so.": (
            lambda histogram: max(valley_threshold(histogram), 0),
            lambda histogram: (
                int(thresholding.peaks(histogram)[0])
                if valley_threshold(histogram) < 0
                else valley_threshold(histogram)
            ),
            thresholding.valley_threshold,  # None
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 2.4 and 2.5 Otsu


def _two_groups(rng: np.random.Generator, size: int, gaps: bool = False) -> np.ndarray:
    """A histogram with two groups of levels of unequal size; with gaps, some do not occur."""
    split = int(rng.integers(size // 3, 2 * size // 3))
    counts = np.concatenate([rng.integers(1, 9, split), rng.integers(3, 30, size - split)])
    counts[split - 1 : split + 1] = 1
    if gaps:
        counts[split - 1 : split + 2] = 0
        counts[: rng.integers(1, 3)] = counts[size - rng.integers(1, 3) :] = 0
    return counts[::-1].copy() if rng.random() < 0.5 else counts


def _clear(counts: np.ndarray) -> bool:
    """Whether one height is the largest by far more than rounding, at a level above 1."""
    heights = np.unique(thresholding.between_class_variance(counts).round(9))
    best = thresholding.otsu_threshold(counts)
    return bool(len(heights) > 1 and heights[-1] - heights[-2] > 1e-4 and best > 1)


def _otsu_cases(rng: np.random.Generator) -> Cases:
    full = [np.array([4, 1, 1, 9]), np.array([5, 6, 2, 1, 8])]
    gaps = [np.array([0, 0, 3, 0, 0, 2, 0]), np.array([0, 2, 4, 0, 0, 0, 9, 1])]
    for found, with_gaps in ((full, False), (gaps, True)):
        while len(found) < 9:
            counts = _two_groups(rng, int(rng.integers(7, 16)), with_gaps)
            if _clear(counts):
                found.append(counts)
    return {
        "every level occurs": [(counts,) for counts in full],
        "levels that do not occur": [(counts,) for counts in gaps],
    }


def between_class_variance(histogram: np.ndarray) -> np.ndarray:
    """w0 w1 (mu1 - mu0)^2 for each threshold, 0 where a class is empty."""
    return thresholding.between_class_variance(histogram)


def _classes(histogram: np.ndarray, weighted: bool = True) -> tuple[np.ndarray, ...]:
    """Shares w0, w1 and means mu0, mu1 of each threshold; the mean of an empty class is 0."""
    levels = np.arange(len(histogram))
    shares, means = [], []
    for upper in (False, True):
        part = (levels > levels[:, None]) == upper  # (threshold, level)
        counts = part * (histogram if weighted else 1)
        shares.append((part * histogram).sum(axis=1) / histogram.sum())
        means.append((counts @ levels) / np.maximum(counts.sum(axis=1), 1))
    return (*shares, *means)


def _curve(formula: Any, weighted: bool = True) -> Any:
    """A mistake in the formula; 0 where a class is empty, as it should be."""

    def mistaken(histogram: np.ndarray) -> np.ndarray:
        w0, w1, mu0, mu1 = _classes(histogram, weighted)
        return np.where(w0 * w1 > 0, formula(w0, w1, mu0, mu1, histogram.sum()), 0)

    return mistaken


def _within(histogram: np.ndarray) -> np.ndarray:
    levels = np.arange(len(histogram))
    total = np.average(levels**2, weights=histogram) - np.average(levels, weights=histogram) ** 2
    return total - between_class_variance(histogram)


def _undefined(value: float) -> Any:
    def mistaken(histogram: np.ndarray) -> np.ndarray:
        w0, w1, _, _ = _classes(histogram)
        return np.where(w0 * w1 > 0, between_class_variance(histogram), value)

    return mistaken


def _empty_mean_is_zero(histogram: np.ndarray) -> np.ndarray:
    w0, w1, mu0, mu1 = _classes(histogram)
    filled = w0 * w1 > 0
    return np.where(filled, between_class_variance(histogram), (mu1 - mu0) ** 2)


def _means_of_counts(histogram: np.ndarray) -> np.ndarray:
    w0, w1, _, _ = _classes(histogram)
    each = range(1, len(histogram))
    difference = [histogram[t:].mean() - histogram[:t].mean() for t in each]
    return w0 * w1 * np.array([*difference, 0]) ** 2


BETWEEN_CLASS_VARIANCE = Exercise(
    reference=between_class_variance,
    cases=_otsu_cases,
    mistakes={
        "Class 0 is the levels below t: t itself belongs to it too.": (
            lambda histogram: np.roll(between_class_variance(histogram), 1)
        ),
        "The last threshold is missing: expected is one entry for each level.": (
            lambda histogram: between_class_variance(histogram)[:-1]
        ),
        "The difference of the means is not squared.": (
            _curve(lambda w0, w1, mu0, mu1, n: w0 * w1 * (mu1 - mu0)),
            _curve(lambda w0, w1, mu0, mu1, n: w0 * w1 * (mu0 - mu1)),
        ),
        "The classes are weighted by their numbers of pixels: use shares of all pixels.": (
            _curve(lambda w0, w1, mu0, mu1, n: n**2 * w0 * w1 * (mu1 - mu0) ** 2)
        ),
        "The shares are missing: far means alone do not make a class.": (
            _curve(lambda w0, w1, mu0, mu1, n: (mu1 - mu0) ** 2)
        ),
        "Only one of the two shares is used: multiply both.": (
            _curve(lambda w0, w1, mu0, mu1, n: w0 * (mu1 - mu0) ** 2),
            _curve(lambda w0, w1, mu0, mu1, n: w1 * (mu1 - mu0) ** 2),
        ),
        "The means are those of the levels, not of the pixels: weight each level by its count.": (
            _curve(lambda w0, w1, mu0, mu1, n: w0 * w1 * (mu1 - mu0) ** 2, weighted=False)
        ),
        "The means are those of the counts: a mean level weights each level by its count.": (
            _means_of_counts
        ),
        "This is a standard deviation: leave the square root out.": (
            lambda histogram: np.sqrt(between_class_variance(histogram))
        ),
        "This is the variance within the classes: it is what the one between them leaves over.": (
            _within
        ),
        "Where a class is empty it gives nan: nothing lies between, so write 0.": (
            _undefined(np.nan)
        ),
        "Where a class is empty its mean counts as 0: nothing lies between, so write 0.": (
            _empty_mean_is_zero
        ),
    },
    entry=lambda index: f"the value for threshold {index[0]}",
)


def otsu_threshold(histogram: np.ndarray) -> int:
    """Lowest threshold with the largest variance between the classes."""
    return thresholding.otsu_threshold(histogram)


def _of_best(choose: Any) -> Any:
    """A mistake in which of the equally good thresholds is taken, or in what is returned."""

    def mistaken(histogram: np.ndarray) -> float:
        curve = between_class_variance(histogram)
        return float(choose(np.flatnonzero(np.isclose(curve, curve.max())), curve))

    return mistaken


def _mean_level(histogram: np.ndarray) -> float:
    return float(np.average(np.arange(len(histogram)), weights=histogram))


OTSU_THRESHOLD = Exercise(
    reference=otsu_threshold,
    cases=_otsu_cases,
    mistakes={
        "Of several best thresholds it takes the last: the lowest is asked for.": (
            _of_best(lambda best, curve: best[-1])
        ),
        "Of several best thresholds it takes the middle: the lowest is asked for.": (
            _of_best(lambda best, curve: best.mean()),
            _of_best(lambda best, curve: (best[0] + best[-1]) // 2),
        ),
        "This is the height of the curve: return the level at which it is reached.": (
            _of_best(lambda best, curve: curve.max())
        ),
        "This is the first level of class 1: the threshold is the last level of class 0.": (
            lambda histogram: otsu_threshold(histogram) + 1
        ),
        "The variance between the classes is made as small as possible: look for the largest.": (
            lambda histogram: int(between_class_variance(histogram).argmin()),
            lambda histogram: int(_within(histogram).argmax()),
        ),
        "This is the mean grey level: look for the highest point of the curve.": (
            _mean_level,
            lambda histogram: int(_mean_level(histogram)),
            lambda histogram: round(_mean_level(histogram)),
        ),
        "This is the largest peak of the histogram: look for the highest point of the curve.": (
            lambda histogram: int(histogram.argmax())
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 2.6 The mean of the neighbours


def _local_cases(rng: np.random.Generator) -> Cases:
    flat, varied = [], []
    for size in (3, 3, 5):  # a frame just wide enough that a window at the border sees one level
        inside = rng.integers(120, 256, (1, 2))
        flat.append((np.pad(inside, size // 2 + 1, constant_values=9).astype(np.uint8), size))
    for shape, size in (((1, 4), 3), ((3, 3), 3), ((4, 5), 3), ((4, 6), 5), ((7, 8), 5)):
        varied.append((rng.integers(0, 256, shape).astype(np.uint8), size))
    varied.append((rng.integers(0, 256, (3, 4)).astype(np.uint8), 9))  # larger than the picture
    return {"the same level all round": flat, "varied border": varied}


def local_mean(grey: np.ndarray, size: int) -> np.ndarray:
    """Mean of the size x size neighbours that exist, for each pixel."""
    return _window(np.ones((size, size)), grey)


def _window(weights: np.ndarray, grey: np.ndarray, mode: str = "", divide: bool = True) -> Any:
    """Weighted sum of the neighbours, divided by the weights of those that exist.

    With a mode of `scipy.ndimage.correlate`, the picture is continued and all weights count.
    """
    values = grey.astype(float)
    total = ndimage.correlate(values, weights, mode=mode or "constant")
    if not divide:
        return total
    if mode:
        return total / weights.sum()
    return total / ndimage.correlate(np.ones_like(values), weights, mode="constant")


def _corner(size: int) -> np.ndarray:
    """Weights of a window that starts at the pixel itself."""
    return np.pad(np.ones((size, size)), ((size - 1, 0), (size - 1, 0)))


def _others(size: int) -> np.ndarray:
    weights = np.ones((size, size))
    weights[size // 2, size // 2] = 0
    return weights


def _one_short(size: int) -> np.ndarray:
    """Weights of the slice from half before the pixel up to, but not including, half after it."""
    weights = np.ones((size, size))
    weights[-1] = weights[:, -1] = 0
    return weights


def _slices_from_below_zero(grey: np.ndarray, size: int) -> np.ndarray:
    half = size // 2
    means = np.full(grey.shape, np.nan)
    for row, column in np.ndindex(grey.shape):
        part = grey[row - half : row + half + 1, column - half : column + half + 1]
        means[row, column] = part.mean() if part.size else np.nan
    return means


_BORDER = "expected is the mean of the neighbours that exist."

LOCAL_MEAN = Exercise(
    reference=local_mean,
    cases=_local_cases,
    mistakes={
        f"Neighbours outside the picture count as 0: {_BORDER}": (
            lambda grey, size: _window(np.ones((size, size)), grey, "constant")
        ),
        f"The picture is mirrored at its border: {_BORDER}": (
            lambda grey, size: _window(np.ones((size, size)), grey, "reflect")
        ),
        f"The border pixels are repeated outside: {_BORDER}": (
            lambda grey, size: _window(np.ones((size, size)), grey, "nearest")
        ),
        "The window reaches size pixels to each side: size is its whole width.": (
            lambda grey, size: local_mean(grey, 2 * size + 1)
        ),
        "The window starts at the pixel: the pixel is its middle.": (
            lambda grey, size: _window(_corner(size), grey)
        ),
        "The window's last row and column are missing: a slice leaves out the place where it "
        "ends.": (lambda grey, size: _window(_one_short(size), grey)),
        "A slice that starts below 0 counts from the other end, so windows at the border are empty "
        "or wrong.": _slices_from_below_zero,
        "The pixel itself is left out: it belongs to its window.": (
            lambda grey, size: _window(_others(size), grey)
        ),
        "This is the sum over the window: divide it.": (
            lambda grey, size: _window(np.ones((size, size)), grey, divide=False)
        ),
        "The sum does not fit into uint8 and wraps round: convert the picture to float first.": (
            lambda grey, size: (
                _window(np.ones((size, size)), grey, divide=False)
                % 256
                / _window(np.ones((size, size)), np.ones_like(grey), divide=False)
            )
        ),
        "The window has one row only: it is a square.": (
            lambda grey, size: _window(np.ones((1, size)), grey)
        ),
    },
    entry=_pixel,
)

# ----------------------------------------------------------------------------------------------
# 2.7 The ceiling


def _target_cases(rng: np.random.Generator) -> Cases:
    cases: dict[str, list[Arguments]] = {"few levels": [], "256 levels": []}
    for found, top, shapes in (
        (cases["few levels"], 8, [(1, 5), (2, 3), (2, 4), (3, 4), (4, 5)]),
        (cases["256 levels"], 256, [(3, 4), (5, 6), (8, 9)]),
    ):
        for shape in shapes:
            target = rng.random(shape) < 0.4
            target.flat[0], target.flat[-1] = True, False
            grey = rng.integers(0, top // 2, shape) + target * rng.integers(0, top // 2, shape)
            found.append((grey.astype(np.uint8), target))
    for found in cases.values():
        grey = np.array([[5, 5, 9, 5, 5, 5, 1, 1, 1, 1, 1, 1]], np.uint8)
        found.append((grey, np.arange(12)[None] < 3))  # accuracy and IoU disagree
        found.append((np.array([[5, 3, 9, 4]], np.uint8), np.arange(4)[None] < 3))  # all is best
        found.append((np.array([[1, 1, 2, 6]], np.uint8), np.arange(4)[None] > 1))  # equals
    return cases


def _scores(grey: np.ndarray, target: np.ndarray, formula: Any, above: Any = np.greater) -> Any:
    """A score of the mask for each of the 256 thresholds, from its TP, FP, FN, TN; 0 for 0 / 0."""
    masks = above(grey.astype(int), np.arange(256)[:, None, None])  # (256, H, W)
    tp, fp = (masks & target).sum(axis=(1, 2)), (masks & ~target).sum(axis=(1, 2))
    fn = target.sum() - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(formula(tp, fp, fn, target.size - tp - fp - fn))


def _iou(tp: Any, fp: Any, fn: Any, tn: Any) -> Any:
    return tp / (tp + fp + fn)


def best_threshold(grey: np.ndarray, target: np.ndarray) -> tuple[int, float]:
    """Lowest threshold with the highest IoU, and that IoU."""
    scores = _scores(grey, target, _iou)
    return int(scores.argmax()), float(scores.max())


def _best(formula: Any, above: Any = np.greater, shown: Any = None) -> Any:
    """A mistake in what is compared (`formula`, `above`), or in the score that is returned."""

    def mistaken(grey: np.ndarray, target: np.ndarray) -> tuple[int, float]:
        scores = _scores(grey, target, formula, above)
        best = int(scores.argmax())
        return best, float(_scores(grey, target, shown or formula, above)[best])

    return mistaken


def _last_best(grey: np.ndarray, target: np.ndarray) -> tuple[int, float]:
    scores = _scores(grey, target, _iou)
    return int(np.flatnonzero(np.isclose(scores, scores.max()))[-1]), float(scores.max())


def _only_levels_that_occur(grey: np.ndarray, target: np.ndarray) -> tuple[int, float]:
    levels = np.unique(grey)
    scores = _scores(grey, target, _iou)[levels]
    return int(levels[scores.argmax()]), float(scores.max())


BEST_THRESHOLD = Exercise(
    reference=best_threshold,
    cases=_target_cases,
    mistakes={
        "Pixels at the threshold count as object: they belong to class 0.": (
            _best(_iou, np.greater_equal)
        ),
        "The object is taken as the darker class: it is the levels above the threshold.": (
            _best(_iou, np.less_equal)
        ),
        "The masks are compared by pixel accuracy: use IoU.": (
            _best(lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn))
        ),
        "The threshold is chosen by pixel accuracy: use IoU for that too.": (
            _best(lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn), shown=_iou)
        ),
        "The score is Dice: IoU divides the pixels in both masks by the pixels in either.": (
            _best(lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn))
        ),
        "The score is the share of the object that was found: false alarms must count too.": (
            _best(lambda tp, fp, fn, tn: tp / (tp + fn))
        ),
        "Of several best thresholds it takes the last: the lowest is asked for.": _last_best,
        "Only levels that occur are tried: a threshold may lie below the darkest pixel.": (
            _only_levels_that_occur
        ),
        "Only the threshold is returned: the IoU is asked for as well.": (
            lambda grey, target: best_threshold(grey, target)[0]
        ),
        "Only the IoU is returned: the threshold is asked for as well.": (
            lambda grey, target: best_threshold(grey, target)[1]
        ),
    },
    entry=lambda index: ("the threshold", "the IoU")[index[0]],
)

# ----------------------------------------------------------------------------------------------
# 2.8 Challenge: two thresholds


def _three_cases(rng: np.random.Generator) -> Cases:
    found = [
        np.array([5, 1, 4, 1, 6]),
        np.array([0, 7, 0, 0, 5, 6, 0, 9]),
        np.array([0, 1, 0, 0, 0, 9, 0, 9]),
    ]
    while len(found) < 9:
        counts = rng.integers(0, 4, int(rng.integers(8, 14)))
        counts[rng.choice(len(counts), 3, replace=False)] += rng.integers(5, 20, 3)
        scores = np.unique(_three_classes(counts)[1].round(9))
        if np.count_nonzero(counts) > 4 and scores[-1] - scores[-2] > 1e-4:
            found.append(counts)
    return {"three classes": [(counts,) for counts in found]}


def _three_classes(histogram: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    """Every pair of thresholds in order, and its variance between the classes."""
    levels = np.arange(len(histogram))
    mean = np.average(levels, weights=histogram)
    pairs, scores = list(combinations(range(len(histogram) - 1), 2)), []
    for low, high in pairs:
        score = 0.0
        for part in (slice(0, low + 1), slice(low + 1, high + 1), slice(high + 1, None)):
            if histogram[part].sum():
                middle = np.average(levels[part], weights=histogram[part])
                score += histogram[part].sum() / histogram.sum() * (middle - mean) ** 2
        scores.append(score)
    return pairs, np.array(scores)


def two_thresholds(histogram: np.ndarray) -> tuple[int, int]:
    """First pair of thresholds with the largest variance between three classes."""
    pairs, scores = _three_classes(histogram)
    return pairs[int(np.flatnonzero(scores > scores.max() - 1e-9)[0])]


def _otsu_twice(histogram: np.ndarray, brighter: bool) -> tuple[int, int]:
    first = otsu_threshold(histogram)
    levels = np.arange(len(histogram))
    part = np.where((levels > first) == brighter, histogram, 0)
    second = otsu_threshold(part) if part.any() else first
    return min(first, second), max(first, second)


def _last_pair(histogram: np.ndarray) -> tuple[int, int]:
    pairs, scores = _three_classes(histogram)
    return pairs[int(np.flatnonzero(scores > scores.max() - 1e-9)[-1])]


def _by_library(histogram: np.ndarray) -> np.ndarray:
    from skimage.filters import threshold_multiotsu

    return threshold_multiotsu(hist=histogram)


TWO_THRESHOLDS = Exercise(
    reference=two_thresholds,
    cases=_three_cases,
    mistakes={
        "Otsu's threshold is found first and the brighter class cut once more: try all pairs.": (
            lambda histogram: _otsu_twice(histogram, brighter=True)
        ),
        "Otsu's threshold is found first and the darker class cut once more: try all pairs.": (
            lambda histogram: _otsu_twice(histogram, brighter=False)
        ),
        "Of several best pairs it takes the last: the lowest thresholds are asked for.": _last_pair,
        "Of several best pairs it takes another than the first, as threshold_multiotsu may do: the "
        "lowest thresholds are asked for.": _by_library,
        "The higher threshold comes first: the lower one is asked for first.": (
            lambda histogram: two_thresholds(histogram)[::-1]
        ),
        "These are the first levels of the upper classes: a threshold is the last of the lower.": (
            lambda histogram: tuple(t + 1 for t in two_thresholds(histogram))
        ),
        "The variance between the classes is made as small as possible: look for the largest.": (
            lambda histogram: _three_classes(histogram)[0][
                int(_three_classes(histogram)[1].argmin())
            ]
        ),
    },
    entry=lambda index: ("the low threshold", "the high threshold")[index[0]],
)

EXERCISES = {
    "2.1": HISTOGRAM,
    "2.2": FIND_PEAKS,
    "2.3": VALLEY_THRESHOLD,
    "2.4": BETWEEN_CLASS_VARIANCE,
    "2.5": OTSU_THRESHOLD,
    "2.6": LOCAL_MEAN,
    "2.7": BEST_THRESHOLD,
    "2.8": TWO_THRESHOLDS,
}
