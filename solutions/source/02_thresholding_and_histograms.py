# %% [markdown]
# # Exercises to lesson 02: Thresholding and histograms
#
# You build the histogram, three ways to choose a threshold, and the ceiling that none of them can
# pass, and then decide which of them suits which picture: **20 points, about 100 minutes**, and one
# optional challenge. Write each answer where the stub is and run the check below it. A check says
# "right", or what is wrong, with the smallest example it found. Run the checks as often as you
# like; nobody counts.
#
# **Needs:** lesson 02. **Run time:** about 10 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 2.1 takes 5 minutes, 2.2 and 2.3 take 30 together, 2.4 and 2.5 take 25, 2.6 and
# 2.7 take 15 each, the written answer 10; the challenge 20 more. In a class of 90 minutes, do 2.2 at
# the blackboard with the histogram `[0, 2, 2, 3, 1]` and leave 2.7 as homework.
#
# **Typical errors:** `np.bincount` without `minlength` (2.1); flat tops and the two ends (2.2); the
# valley counted from the left peak (2.3); class 0 without t itself, the means of levels in
# place of pixels, nan where a class is empty (2.4); the level after the threshold (2.5); neighbours
# outside counted as 0, sums that wrap round in uint8 (2.6). Each has its own message in the checks.
# %%
from itertools import combinations

import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import compare


# %% [markdown]
# **Conventions of the whole sheet.** Levels start at 0. A threshold t is a level: class 0 is the
# levels <= t, class 1 the levels > t. Of several thresholds that are equally good, the lowest is
# meant. A histogram may have fewer than 256 levels: the examples are small enough to check by hand.
#
# ## 2.1 The histogram (2 points)
#
# Count how many pixels have each level, one entry for every level, whether it occurs or not.
#
# **Example.** `[[0, 2, 2]]` with 4 levels gives `[1, 0, 2, 0]`.
# %%
def histogram(grey, num_levels):
    """Number of pixels at each level 0 ... num_levels - 1, shape (num_levels,).

    grey : uint8 array of shape (H, W), all values below num_levels
    """
    ### BEGIN SOLUTION
    counts = np.zeros(num_levels, dtype=int)
    for level in grey.ravel():
        counts[level] = counts[level] + 1
    return counts  # np.bincount(grey.ravel(), minlength=num_levels) does the same, much faster
    ### END SOLUTION


# %% [markdown]
# First small pictures, then some with hundreds of pixels of one level.
# %% points=1
check("2.1", histogram, aspect="few pixels")
### BEGIN HIDDEN TESTS
check("2.1", histogram, aspect="few pixels", seed=201)
### END HIDDEN TESTS
# %% points=1
check("2.1", histogram, aspect="many pixels")
### BEGIN HIDDEN TESTS
check("2.1", histogram, aspect="many pixels", seed=202)
picture = np.full((40, 70), 3, np.uint8)
check("2.1", histogram, cases=[(picture, 256), (np.uint8([[0, 255]]), 256)])
### END HIDDEN TESTS


# %% [markdown]
# ## 2.2 Peaks (2 points)
#
# A peak is a level at which the counts stop rising and fall next. Walk from left to right. Beyond
# both ends, everything counts as lower, so the first and the last level can be peaks. Where
# neighbouring levels have equal counts, look past them: the stretch is a peak if the counts rise
# before it and fall after it, and then its **last** level is returned.
#
# **Example.** `[0, 2, 2, 1, 1, 3]` gives `[2, 5]`: the flat top ends at level 2; the two ones lie in
# a valley; the counts fall after the end.
# %%
def find_peaks(histogram):
    """Levels of the peaks from left to right, shape (P,), or a list.

    histogram : array of shape (L,), int or float
    """
    ### BEGIN SOLUTION
    peaks, rising = [], True
    for level in range(len(histogram)):
        is_last = level == len(histogram) - 1
        if rising and (is_last or histogram[level + 1] < histogram[level]):
            peaks.append(level)
        if not is_last and histogram[level + 1] != histogram[level]:
            rising = histogram[level + 1] > histogram[level]
    return peaks
    ### END SOLUTION


# %% [markdown]
# First histograms without equal neighbours, then with flat stretches: on tops, on slopes, in
# valleys.
# %% points=1
check("2.2", find_peaks, aspect="pointed peaks")
### BEGIN HIDDEN TESTS
check("2.2", find_peaks, aspect="pointed peaks", seed=203)
### END HIDDEN TESTS
# %% points=1
check("2.2", find_peaks, aspect="flat tops")
### BEGIN HIDDEN TESTS
check("2.2", find_peaks, aspect="flat tops", seed=204)
check("2.2", find_peaks, cases=[(np.array([5]),), (np.array([2, 2, 2]),)])
### END HIDDEN TESTS


# %% [markdown]
# ## 2.3 The valley (2 points)
#
# Smooth the histogram until at most two peaks are left, and return the level with the smallest count
# between these two, found in the *smoothed* histogram. A histogram that has two peaks from the start is not
# smoothed at all. Where only one peak is left there is no valley: return -1. Smooth with this
# function:
# %%
def smooth(histogram):
    """Mean of each entry and its two neighbours; the ends are their own outer neighbours."""
    padded = np.pad(np.asarray(histogram, dtype=float), 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


print(smooth([3, 0, 0, 6]))


# %% [markdown]
# **Example.** `[2, 9, 3, 1, 5, 4]` has its peaks at levels 1 and 4; level 3 has the smallest count
# between them.
# %%
def valley_threshold(histogram):
    """Level of the valley between the last two peaks, or -1.

    histogram : int array of shape (L,)
    """
    ### BEGIN SOLUTION
    while len(find_peaks(histogram)) > 2:
        histogram = smooth(histogram)
    peaks = find_peaks(histogram)
    if len(peaks) < 2:
        return -1
    left, right = peaks
    return left + np.argmin(histogram[left : right + 1])
    ### END SOLUTION


# %% [markdown]
# First histograms that need no smoothing, then some with more peaks, or with one.
# %% points=1
check("2.3", valley_threshold, aspect="two peaks")
### BEGIN HIDDEN TESTS
check("2.3", valley_threshold, aspect="two peaks", seed=205)
### END HIDDEN TESTS
# %% points=1
check("2.3", valley_threshold, aspect="more or fewer peaks")
### BEGIN HIDDEN TESTS
check("2.3", valley_threshold, aspect="more or fewer peaks", seed=206)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** `skimage.filters.threshold_minimum` smooths at least once, and does not count the
# last level as a peak. Ask which of the two a student would expect, and show the rocket of the
# lesson, where it matters.


# %% [markdown]
# ## 2.4 Otsu's curve (3 points)
#
# For every threshold t, compute w0 w1 (mu1 - mu0)^2: w0 and w1 are the *shares* of the pixels in the
# two classes, mu0 and mu1 the mean levels of these pixels. Where a class is empty, nothing lies
# between: the value is 0. (For the last level, class 1 is always empty.)
#
# **Example.** `[2, 0, 2]`, threshold 0: half of the pixels have level 0, half level 2, so 1/2 * 1/2 *
# (2 - 0)^2 = 1. Threshold 1 gives the same classes. The result is `[1, 1, 0]`.
# %%
def between_class_variance(histogram):
    """Variance between the classes for each threshold, shape (L,).

    histogram : int array of shape (L,), with at least one pixel
    """
    ### BEGIN SOLUTION
    levels = np.arange(len(histogram))
    curve = np.zeros(len(histogram))
    for t in levels[:-1]:
        n0, n1 = histogram[: t + 1].sum(), histogram[t + 1 :].sum()
        if n0 > 0 and n1 > 0:
            mean0 = (histogram * levels)[: t + 1].sum() / n0
            mean1 = (histogram * levels)[t + 1 :].sum() / n1
            curve[t] = n0 * n1 / histogram.sum() ** 2 * (mean1 - mean0) ** 2
    return curve
    ### END SOLUTION


# %% [markdown]
# First histograms in which every level occurs, then with gaps and empty ends.
# %% points=2
check("2.4", between_class_variance, aspect="every level occurs")
### BEGIN HIDDEN TESTS
check("2.4", between_class_variance, aspect="every level occurs", seed=207)
### END HIDDEN TESTS
# %% points=1
check("2.4", between_class_variance, aspect="levels that do not occur")
### BEGIN HIDDEN TESTS
check("2.4", between_class_variance, aspect="levels that do not occur", seed=208)
check("2.4", between_class_variance, cases=[(np.array([0, 5, 0]),), (np.array([7]),)])
### END HIDDEN TESTS


# %% [markdown]
# ## 2.5 Otsu's threshold (2 points)
#
# Return the level at which the curve is highest, the lowest of them if there are several.
#
# **Example.** `[3, 1, 0, 0, 4]` gives 1: the thresholds 1, 2 and 3 make the same classes.
# %%
def otsu_threshold(histogram):
    """Lowest threshold with the largest variance between the classes.

    histogram : int array of shape (L,), with at least one pixel
    """
    ### BEGIN SOLUTION
    curve = between_class_variance(histogram)
    return np.flatnonzero(curve == curve.max())[0]
    ### END SOLUTION


# %% [markdown]
# In the second check, several thresholds are equally good.
# %% points=1
check("2.5", otsu_threshold, aspect="every level occurs")
### BEGIN HIDDEN TESTS
check("2.5", otsu_threshold, aspect="every level occurs", seed=209)
### END HIDDEN TESTS
# %% points=1
check("2.5", otsu_threshold, aspect="levels that do not occur")
### BEGIN HIDDEN TESTS
check("2.5", otsu_threshold, aspect="levels that do not occur", seed=210)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# Otsu's threshold on the course's pictures, equal to scikit-image's.
# %% tags=["solution"]
from skimage.filters import threshold_otsu

for name in ("coins", "cell", "camera", "page", "lit_text"):
    grey = load_picture(name).image
    by_hand, by_library = otsu_threshold(histogram(grey, 256)), threshold_otsu(grey)
    print(f"{name:>8}: by hand {by_hand}, by the library {by_library}")


# %% [markdown]
# ## 2.6 The mean of the neighbours (3 points)
#
# For every pixel, return the mean of the `size` x `size` window that has this pixel in its middle
# (`size` is odd). At the border a part of the window lies outside the picture. **Border rule:** only
# the neighbours that exist count, in the sum and in the number it is divided by. (This is the rule
# of the lesson's `window_mean_cut`; `threshold_local` mirrors the picture.)
#
# **Example.** `[[0, 3, 9]]` with size 3 gives `[[1.5, 4, 6]]`: two, three and two neighbours exist.
#
# Two loops and slices are a fine answer. `grey` is uint8: mind that if you add pixels.
# %%
def local_mean(grey, size):
    """Mean of the neighbours that exist, the pixel included, float array of shape (H, W).

    grey : uint8 array of shape (H, W)
    size : odd int, the window's side in pixels
    """
    ### BEGIN SOLUTION
    half = size // 2
    means = np.zeros(grey.shape)
    for row in range(grey.shape[0]):
        for column in range(grey.shape[1]):
            rows = slice(max(row - half, 0), row + half + 1)  # a slice may end outside
            columns = slice(max(column - half, 0), column + half + 1)
            means[row, column] = grey[rows, columns].mean()
    return means
    ### END SOLUTION


# %% [markdown]
# In the first check the pictures have a wide frame of one level, so most border rules give the same.
# The second check is about the border.
# %% points=2
check("2.6", local_mean, aspect="the same level all round")
### BEGIN HIDDEN TESTS
check("2.6", local_mean, aspect="the same level all round", seed=211)
### END HIDDEN TESTS
# %% points=1
check("2.6", local_mean, aspect="varied border")
### BEGIN HIDDEN TESTS
check("2.6", local_mean, aspect="varied border", seed=212)
check("2.6", local_mean, cases=[(np.array([[7, 200]], np.uint8), 1)])
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once it is right, this cell finds the letters of the lesson's page, wherever the light
# falls. Before that, it says what is missing.
# %%
page = load_picture("lit_text")
try:
    letters = page.image <= local_mean(page.image, 15) - 28
    compare(page.image, letters, titles=["page", "darker than its neighbours by 28"])
except NotImplementedError:
    print("2.6 is not answered yet")


# %% [markdown]
# ## 2.7 The ceiling (2 points)
#
# With the true mask at hand, find the best threshold there is: try all 256, with the object in class
# 1 (the levels **above** t), and return the threshold with the highest IoU, and that IoU. No rule
# that chooses a global threshold can score more.
#
# **Example.** `[[10, 10, 40, 200]]` with the true mask `[[False, False, False, True]]` gives 40 and
# 1.0: every threshold from 40 to 199 is perfect, and 40 is the lowest.
# %%
def best_threshold(grey, target):
    """The best threshold and its IoU, two numbers in this order.

    grey : uint8 array of shape (H, W)
    target : bool array of shape (H, W), at least one pixel True
    """
    ### BEGIN SOLUTION
    ious = []
    for t in range(256):
        mask = grey > t
        ious.append(np.sum(mask & target) / np.sum(mask | target))
    return np.argmax(ious), np.max(ious)
    ### END SOLUTION


# %% [markdown]
# First pictures with few levels, then with all of them.
# %% points=1
check("2.7", best_threshold, aspect="few levels")
### BEGIN HIDDEN TESTS
check("2.7", best_threshold, aspect="few levels", seed=213)
### END HIDDEN TESTS
# %% points=1
check("2.7", best_threshold, aspect="256 levels")
### BEGIN HIDDEN TESTS
check("2.7", best_threshold, aspect="256 levels", seed=214)
### END HIDDEN TESTS
# %% [markdown]
# ## Which threshold for which picture? (4 points)
#
# Four pictures, four tasks. **A:** find the letters of this scanned page. **B:** find the cell; the
# camera was noisy. **C:** find the orange suit. **D:** count the coins.
# %%
cell = load_picture("cell").image
noise = np.random.default_rng(0).normal(0, 30, cell.shape)
noisy_cell = np.clip(np.rint(cell + noise), 0, 255).astype(np.uint8)
astronaut = load_picture("astronaut").image
touching = coin_scene(seed=0).image
compare(load_picture("page").image, noisy_cell, titles=["A", "B"])
compare(astronaut, touching, titles=["C", "D"])
print(f"B has {np.unique(noisy_cell).size} grey levels, C is a colour picture")
# %% [markdown]
# For each of A to D: which method of the lesson would you use, with which setting to watch, and why
# does at least one other method fail there? If no threshold solves the task, say what is missing.
# Two or three sentences each.
# %% [markdown] tags=["hand-graded"] points=4
# **A:** a local threshold, the mean or Gaussian of the neighbours minus an offset, in a window wider
# than a letter's strokes. Otsu and the valley fail: the page lies partly in shade, where paper is
# darker than ink in the light, so no single level is right.
#
# **B:** smooth the picture first (a Gaussian of a few pixels), then the valley or Otsu. Without
# smoothing the noise of the large background fills the valley and lies on both sides of Otsu's
# threshold. A local threshold with a small window makes the cell hollow.
#
# **C:** a colour threshold: hue near red-orange, with enough saturation. In grey levels the suit has
# the levels of the background; three-class Otsu finds it only mixed with other things of middle grey.
#
# **D:** none. A threshold (local, for the uneven light) gives the mask of the coins, but coins that
# touch are one region. What is missing is shape: lesson 04 separates them.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each picture: half for a method that works with the setting that matters, half for a
# reason why another fails.
#
# - **A:** local threshold; the reason must be the uneven light.
# - **B:** smoothing of the *picture*, not of the histogram, before the threshold.
# - **C:** hue or saturation, or the distance to one colour; "colour" alone without a feature earns half.
# - **D:** says that no threshold counts touching coins. A better mask alone earns nothing.
#
# **Discussion.** Let the class try B both ways and compare: smoothing the histogram never brings back
# which pixel is where. For C ask what happens at dusk, when all colours turn blue.


# %% [markdown]
# ## 2.8 Challenge: three classes (optional, no points)
#
# Find the *two* thresholds of the best three classes. Try every pair low < high below the last
# level. Class 0 is the levels <= low, class 2 the levels > high, class 1 lies between. The variance
# between the classes is the sum over the three of w (mu - mean)^2, where mean is that of all pixels;
# an empty class adds nothing. Return the best pair, the first in the order (0, 1), (0, 2), ..., (1,
# 2), ... if several are equally good.
#
# Several pairs make the same classes where levels do not occur, but rounding may tell them apart:
# treat values that differ by less than 1e-9 as equal. (scikit-image's `threshold_multiotsu` does not,
# so it may return another of several equal pairs.)
#
# **Example.** `[5, 0, 5, 0, 5]` gives 0 and 2.
# %%
def two_thresholds(histogram):
    """Low and high threshold, two numbers in this order.

    histogram : int array of shape (L,), at least three levels occur
    """
    ### BEGIN SOLUTION
    best, chosen = 0, None
    for low, high in combinations(range(len(histogram) - 1), 2):
        between = 0  # apart from a constant: w (mu - mean)^2 adds up to (sum of levels)^2 / pixels
        for levels in np.split(np.arange(len(histogram)), [low + 1, high + 1]):
            pixels = histogram[levels].sum()
            if pixels > 0:
                between = between + (histogram[levels] @ levels) ** 2 / pixels
        if between > best + 1e-6:
            best, chosen = between, (low, high)
    return chosen
    ### END SOLUTION


# %% [markdown]
# No points, but a message if something is wrong.
# %% points=0
check("2.8", two_thresholds)
### BEGIN HIDDEN TESTS
check("2.8", two_thresholds, seed=215)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Why not split Otsu's brighter class once more? Because the best three classes need
# not contain the best two: the check has a histogram for which that goes wrong.
