# %% [markdown]
# # Exercises to lesson 04: Edges and regions
#
# You build an edge detector piece by piece, measure distances, and count coins that touch:
# **20 points, about 90 minutes**. Write each answer where the stub is and run the check below it. A
# check says "right", or what is wrong, with the smallest example it found. Run the checks as often
# as you like; nobody counts.
#
# **Needs:** lesson 04. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 4.1 takes 15 minutes, 4.2 and 4.3 take 25 together, 4.4 takes 15, 4.5 takes 10,
# 4.6 takes 15, the written answer 10. In a class of 90 minutes, do 4.2 together at the blackboard
# with arrows, and leave 4.5 as homework.
#
# **Typical errors:** uint8 that wraps round (4.1), zeros instead of repeated pixels at the border
# (4.1), `arctan2` with its arguments exchanged, diagonals mirrored because rows grow downwards
# (4.2, 4.3), neighbours along the edge instead of across it (4.3), one pass of hysteresis instead
# of chains (4.4), distance to the nearest pixel inside (4.5), the relief not turned upside down
# (4.6). Each has its own message in the checks.
# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from course_utils.checks.check import check
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.edges import distance_markers, split_touching
from course_utils.plotting import compare, show_instances


# %% [markdown]
# ## 4.1 Sobel's gradient magnitude (3 points)
#
# Sobel's responses at a pixel come from the 3 x 3 window around it. The response along the row is
# (right column) - (left column), the one along the column is (lower row) - (upper row), and in each
# difference the middle of the three pixels counts twice. The magnitude is the Euclidean norm of the
# two. **At the border** the picture continues with its border pixels.
#
# **Example.** `[[0, 0, 9], [0, 0, 9], [0, 0, 9]]`: along the row, the middle pixel has (9 + 2 x 9 +
# 9) - 0 = 36, along the column 0, so its magnitude is 36. The right column's window repeats the 9s
# beyond the border: 36 again. The left column has 0.
#
# Images often have the type uint8, which holds no negative numbers: mind that before you subtract.
# %%
def sobel_magnitude(image):
    """Gradient magnitude, float, shape (H, W).

    image : grey levels, array of shape (H, W), any numeric type
    """
    ### BEGIN SOLUTION
    padded = np.pad(image.astype(float), 1, mode="edge")  # (H + 2, W + 2)
    right_left = padded[:, 2:] - padded[:, :-2]  # (H + 2, W)
    below_above = padded[2:] - padded[:-2]  # (H, W + 2)
    columns = right_left[:-2] + 2 * right_left[1:-1] + right_left[2:]  # (H, W)
    rows = below_above[:, :-2] + 2 * below_above[:, 1:-1] + below_above[:, 2:]  # (H, W)
    return np.hypot(rows, columns)
    ### END SOLUTION


# %% [markdown]
# First pictures with a frame of one grey level, on which the border rule makes no difference, then
# pictures that need it.
# %% points=2
check("4.1", sobel_magnitude, aspect="away from the border")
### BEGIN HIDDEN TESTS
check("4.1", sobel_magnitude, aspect="away from the border", seed=101)
### END HIDDEN TESTS
# %% points=1
check("4.1", sobel_magnitude, aspect="at the border")
### BEGIN HIDDEN TESTS
check("4.1", sobel_magnitude, aspect="at the border", seed=102)
wide = (np.arange(600).reshape(20, 30) * 7 % 256).astype(np.uint8)
check("4.1", sobel_magnitude, cases=[(wide,), (wide.T.copy(),), (wide[:1],)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** `skimage.filters.sobel` gives this divided by 4 sqrt(2) = 5.657: its kernel is
# divided by 4, and it takes the root *mean* square of the two responses. Why does the factor not
# matter to an edge detector? Because the thresholds can be scaled with it.


# %% [markdown]
# ## 4.2 Four directions (2 points)
#
# Non-maximum suppression needs the direction of the gradient, rounded to one of four. Opposite
# directions are the same. Rows grow downwards.
#
# | result | direction, up to 22.5 degrees off | sign of (rows, columns) |
# |---|---|---|
# | 0 | along the row | |
# | 1 | diagonal, down and to the right | equal |
# | 2 | along the column | |
# | 3 | diagonal, down and to the left | opposite |
#
# **Example.** Rows `[[0, 2, -5, 2]]` and columns `[[-3, 2, 1, -2]]` give `[[0, 1, 2, 3]]`. Where
# both are 0 the result is 0. No gradient in the checks lies exactly between two directions.
# %%
def four_directions(rows, columns):
    """Direction of each gradient, ints 0 to 3, shape (H, W).

    rows, columns : the gradient downwards and to the right, float arrays of shape (H, W)
    """
    ### BEGIN SOLUTION
    degrees = np.degrees(np.arctan2(rows, columns))  # -180 ... 180, 0 is to the right
    return np.round(degrees / 45).astype(int) % 4
    ### END SOLUTION


# %% [markdown]
# Two checks: gradients along the axes and diagonals, and gradients of any angle.
# %% points=1
check("4.2", four_directions, aspect="exact directions")
### BEGIN HIDDEN TESTS
check("4.2", four_directions, aspect="exact directions", seed=103)
### END HIDDEN TESTS
# %% points=1
check("4.2", four_directions, aspect="any angle")
### BEGIN HIDDEN TESTS
check("4.2", four_directions, aspect="any angle", seed=104)
### END HIDDEN TESTS


# %% [markdown]
# ## 4.3 Non-maximum suppression (3 points)
#
# Keep the magnitude of a pixel if it is **at least as large** as that of both its neighbours in its
# direction (one ahead, one behind); write 0 otherwise. Direction 0: the neighbours to the left and
# right; 1: upper left and lower right; 2: above and below; 3: upper right and lower left. A
# neighbour **outside the picture** counts as 0.
#
# **Example.** Magnitude `[[1, 4, 2], [1, 4, 4]]` with direction 0 everywhere gives `[[0, 4, 0], [0,
# 4, 4]]`. With direction 2 everywhere it gives `[[1, 4, 0], [1, 4, 4]]`.
# %%
def suppress(magnitude, direction):
    """The magnitude where it is largest in its direction, 0 elsewhere, shape (H, W).

    magnitude : float array of shape (H, W), at least 0
    direction : int array of shape (H, W), 0 to 3
    """
    ### BEGIN SOLUTION
    steps = [(0, 1), (1, 1), (1, 0), (1, -1)]  # rows down, columns to the right
    padded = np.pad(magnitude, 1)  # zeros outside
    result = np.zeros(magnitude.shape)
    for row, column in np.ndindex(magnitude.shape):
        down, right = steps[direction[row, column]]
        ahead = padded[1 + row + down, 1 + column + right]
        behind = padded[1 + row - down, 1 + column - right]
        if magnitude[row, column] >= max(ahead, behind):
            result[row, column] = magnitude[row, column]
    return result
    ### END SOLUTION


# %% [markdown]
# First pictures with one direction everywhere, then mixed directions, then ties and borders.
# %% points=1
check("4.3", suppress, aspect="one direction")
### BEGIN HIDDEN TESTS
check("4.3", suppress, aspect="one direction", seed=105)
### END HIDDEN TESTS
# %% points=1
check("4.3", suppress, aspect="mixed directions")
### BEGIN HIDDEN TESTS
check("4.3", suppress, aspect="mixed directions", seed=106)
### END HIDDEN TESTS
# %% points=1
check("4.3", suppress, aspect="ties")
### BEGIN HIDDEN TESTS
check("4.3", suppress, aspect="ties", seed=107)
flat = np.ones((3, 4))
check("4.3", suppress, cases=[(flat, np.full((3, 4), d)) for d in range(4)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** What would happen with "larger than" instead of "at least as large"? A step whose
# two sides have the same magnitude would lose both pixels, and with them the edge. With "at least"
# it keeps both: a line two pixels wide. scikit-image chooses "at least" too, and interpolates
# between neighbours instead of rounding the direction.


# %% [markdown]
# ## 4.4 Hysteresis (3 points)
#
# A pixel is **strong** if its strength is at least `high`, **weak** if it is at least `low` and
# below `high`. Keep all strong pixels, and every weak pixel from which a chain of weak pixels leads
# to a strong one. Two pixels of a chain are neighbours over a side **or a corner** (the
# 8-neighbourhood).
#
# **Example.** Strengths `[[2, 3, 7, 0, 3]]`, low 2, high 5: the 7 is strong, the 3 beside it is
# kept, and so is the 2 behind that. The last 3 is cut off by the 0. Result `[[True, True, True,
# False, False]]`.
#
# `ndimage.label(mask, structure=np.ones((3, 3)))` numbers the regions of a mask in the
# 8-neighbourhood. A loop that grows the kept pixels until nothing changes is as good.
# %%
def hysteresis(strength, low, high):
    """Bool mask of the kept pixels, shape (H, W).

    strength : array of shape (H, W)
    low, high : numbers, 0 < low <= high
    """
    ### BEGIN SOLUTION
    chains, _ = ndimage.label(strength >= low, structure=np.ones((3, 3)))
    with_strong = np.unique(chains[strength >= high])  # never 0: a strong pixel is in a chain
    return np.isin(chains, with_strong)
    ### END SOLUTION


# %% [markdown]
# Three checks: single rows, then pictures with chains over corners, then strengths that meet a
# threshold exactly.
# %% points=1
check("4.4", hysteresis, aspect="chains in a row")
### BEGIN HIDDEN TESTS
check("4.4", hysteresis, aspect="chains in a row", seed=108)
### END HIDDEN TESTS
# %% points=1
check("4.4", hysteresis, aspect="chains in a picture")
### BEGIN HIDDEN TESTS
check("4.4", hysteresis, aspect="chains in a picture", seed=109)
check("4.4", hysteresis, cases=[(np.eye(7) * 2 + np.eye(7, k=3), 1, 2), (np.zeros((3, 3)), 1, 2)])
### END HIDDEN TESTS
# %% points=1
check("4.4", hysteresis, aspect="exactly at a threshold")
### BEGIN HIDDEN TESTS
check("4.4", hysteresis, aspect="exactly at a threshold", seed=110)
### END HIDDEN TESTS
# %% [markdown]
# **Your edge detector.** Smoothing, and your three functions in a row (the magnitude and direction
# of the same smoothed picture):
# %%
scene = coin_scene(seed=1)
smooth = ndimage.gaussian_filter(scene.image.astype(float), 1.5, mode="nearest")
rows, columns = ndimage.sobel(smooth, axis=0), ndimage.sobel(smooth, axis=1)
try:
    strength = suppress(sobel_magnitude(smooth), four_directions(rows, columns))
    edges = hysteresis(strength, low=20, high=50)
    compare(scene.image, edges, titles=["the scene", "your edges"])
    print(f"{edges.mean():.1%} of the pixels are edges")
except NotImplementedError:
    print("Answer 4.1 to 4.4 first, then run this cell again.")


# %% [markdown]
# ## 4.5 The distance transform by definition (2 points)
#
# Each pixel of the mask gets its Euclidean distance to the nearest pixel of the picture that is
# **not** in the mask; all others get 0. Only pixels of the picture count: beyond its border is
# nothing. Every mask in the checks has at least one pixel outside it.
#
# **Example.** `[[True, True, True, False]]` gives `[[3, 2, 1, 0]]`.
#
# Do not call SciPy's distance transform: a loop over the pixels is what is asked for. (The checks
# cannot tell. You can.)
# %%
def distance_to_outside(mask):
    """Distance of each mask pixel to the nearest pixel outside, float, shape (H, W).

    mask : bool array of shape (H, W), with at least one False
    """
    ### BEGIN SOLUTION
    outside = np.argwhere(~mask)  # (P, 2) rows and columns
    distance = np.zeros(mask.shape)
    for row, column in np.argwhere(mask):
        steps = outside - (row, column)  # (P, 2)
        distance[row, column] = np.sqrt((steps**2).sum(axis=1)).min()
    return distance
    ### END SOLUTION


# %% [markdown]
# First single rows, then pictures, where the way may be slanted.
# %% points=1
check("4.5", distance_to_outside, aspect="one row")
### BEGIN HIDDEN TESTS
check("4.5", distance_to_outside, aspect="one row", seed=111)
### END HIDDEN TESTS
# %% points=1
check("4.5", distance_to_outside, aspect="pictures")
### BEGIN HIDDEN TESTS
check("4.5", distance_to_outside, aspect="pictures", seed=112)
corner_only = np.ones((9, 12), dtype=bool)
corner_only[-1, -1] = False
check("4.5", distance_to_outside, cases=[(corner_only,), (~corner_only,)])
### END HIDDEN TESTS


# %% [markdown]
# ## 4.6 Count coins that touch (4 points)
#
# Given the mask of all coins, return the **areas of the single coins in pixels, sorted from small
# to large**. Their number is the count. The recipe of the lesson:
#
# 1. the distance transform of the mask, `ndimage.distance_transform_edt`;
# 2. markers at its peaks: `peak_local_max(distance, min_distance=min_distance, labels=...,
#    exclude_border=False)` returns the (row, column) of each peak; pass the mask as ints for
#    `labels`, and write 1, 2, 3 ... into an array of zeros at these places;
# 3. `watershed(relief, markers, mask=mask)`: water rises from the *lowest* places of the relief;
# 4. count the pixels of each region.
#
# **Example.** A solid square of 5 x 5 and one of 3 x 3, joined by a bridge of one pixel between their
# middles, with `min_distance` 2: `[9, 26]`, the bridge belongs to the larger one. Connected regions
# would give `[35]`.
# %%
def coin_areas(mask, min_distance):
    """Areas of the coins in pixels, sorted from small to large, ints of shape (coins,).

    mask : bool array of shape (H, W), the pixels of all coins
    min_distance : smallest distance of two markers in pixels
    """
    ### BEGIN SOLUTION
    distance = ndimage.distance_transform_edt(mask)
    peaks = peak_local_max(
        distance, min_distance=min_distance, labels=mask.astype(int), exclude_border=False
    )  # (coins, 2)
    markers = np.zeros(mask.shape, dtype=int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    regions = watershed(-distance, markers, mask=mask)
    return np.sort(np.bincount(regions[mask])[1:])
    ### END SOLUTION


# %% [markdown]
# One or two discs, apart or touching; then three that touch; then a scene of real coins with its
# exact mask.
# %% points=1
check("4.6", coin_areas, aspect="one or two discs")
### BEGIN HIDDEN TESTS
check("4.6", coin_areas, aspect="one or two discs", seed=113)
### END HIDDEN TESTS
# %% points=2
check("4.6", coin_areas, aspect="touching discs")
### BEGIN HIDDEN TESTS
check("4.6", coin_areas, aspect="touching discs", seed=114)
### END HIDDEN TESTS
# %% points=1
check("4.6", coin_areas, aspect="a scene of coins")
### BEGIN HIDDEN TESTS
check("4.6", coin_areas, aspect="a scene of coins", seed=115)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** The number of regions is the number of markers, so why flood at all? For the
# areas, and for the outlines: a peak says that there is a coin, not which pixels it has.
#
# %% [markdown]
# ## 4.7 Your verdict (3 points)
#
# A mint counts the coins on a conveyor belt. Below: a scene, its regions after the recipe of 4.6
# with three settings of `min_distance`, and a picture of rods instead of coins, with an exact mask.
# (The two functions of `course_utils.edges` are that recipe.)
# %%
rod_rows, rod_columns = np.indices((120, 160))
rods = np.zeros((120, 160), dtype=bool)
for start, slope in [(18, 0.1), (60, 0.05), (102, 0)]:
    middle = start + slope * rod_columns
    rods |= (np.abs(rod_rows - middle) < 7 + 2 * np.sin(rod_columns / 9)) & (rod_columns > 10)
rods[:, -10:] = False
coin_mask = coin_scene(seed=2).label_map == 1
figure, axes = plt.subplots(1, 4, figsize=(9, 2.2))
cases = [(coin_mask, 2), (coin_mask, 10), (coin_mask, 60), (rods, 10)]
for ax, (mask, spacing) in zip(axes, cases, strict=True):
    regions = split_touching(mask, distance_markers(mask, spacing))
    show_instances(regions, ax, title=f"min_distance {spacing}")
    print(f"min_distance {spacing:>2}: {regions.max()} regions")
# %% [markdown]
# There are 14 coins and 3 rods. In three to five sentences: what goes wrong at the smallest and at
# the largest setting, and why? Why do the rods break although their mask is exact? Name one change
# to the method, or another method of the lesson, that would count the rods.
# %% [markdown] tags=["hand-graded"] points=3
# With a small distance every bump of the distance transform becomes a marker, so a coin that is not
# quite round breaks into pieces; with a large one, neighbouring coins are closer than the distance
# and only the thickest of them keeps its marker, so the others are flooded by it. The recipe
# assumes that an object is thickest in one place, like a disc. A rod is equally thick along its
# length, and each small swelling is a peak of the distance transform of its own. The rods do not
# touch, so connected regions count them right; if they did touch, I would set one marker for each
# by hand, or take as markers the regions that remain after an erosion by a few pixels.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the verdict
#
# - **1 point:** small spacing gives too many markers (over-segmentation), large spacing too few, each with its
#   reason.
# - **1 point:** the recipe assumes round objects, thickest in one place; a rod has many peaks along its middle.
# - **1 point:** a remedy that works for these rods: connected regions, markers by erosion or by hand, merging
#   regions whose common border is as wide as they are. "A larger min_distance" earns half: it helps only where it
#   exceeds the rods' length.
#
# **Discussion.** Which of the remedies needs to know the size of a rod? What would a network need to
# be shown (lesson 16)?
