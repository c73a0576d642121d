# %% [markdown]
# # 04 Edges and regions
#
# After this lesson you can find edges, close them to regions, flood regions from markers, separate
# objects that touch, and say what each method asks of a picture.
#
# **Needs:** Python and NumPy; lessons 01 to 03 help. **Run time:** about 25 s on two CPU cores; no
# GPU needed.
# %%
import heapq

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage

from course_utils import edges, metrics
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.plotting import compare, show_error_map, show_image, show_instances
from course_utils.thresholding import grey_levels
from course_utils.widgets.predict import predict, reveal

# %% [markdown]
# ## 1 Coins that touch
#
# Coins cut from a photograph were laid on its cloth, so that some of them touch. Right, the mask of
# all coin pixels. It is exact: no method made it. Now count the coins the way lesson 02 left it:
# every connected region of the mask (pixels that hang together) is one object.
# %%
scene = coin_scene(seed=0)
coin_mask = scene.label_map == 1  # (H, W) bool, exact
_, axes = plt.subplots(1, 2, figsize=(5.0, 2.7))
compare(scene.image, coin_mask, titles=["14 coins, some touch", "the exact mask"], axes=axes)
print(f"{scene.instance_map.max()} coins, {coin_mask.mean():.1%} of the picture")
# %% [markdown]
# **Predict.** Count before you run the cell after this one.
# %% tags=["nbval-ignore-output"]
predict("04-count", "How many connected regions does the mask have?", number=("regions", 1, 20))
# %% [markdown]
# To score objects, match each true coin with a found one. It counts as found if the pixels that both
# share are more than half of their union (the pixels of one, the other or both). **AP**, short for
# average precision, is here only a name for coins found, divided by found + missed + false alarms;
# lesson 05 takes it apart. In the pictures a number stands on each object: a colour may come back.
# %%
connected, count = ndimage.label(coin_mask)
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
show_instances(scene.instance_map, axes[0], numbers=True, title="the coins")
show_instances(connected, axes[1], numbers=True, title="connected regions")
print(f"AP {metrics.instance_average_precision(scene.instance_map, connected):.2f}")
reveal("04-count", count, unit="regions", tolerance=0)
# %% [markdown]
# Every pixel is right and nearly every object is wrong. A mask says *which* pixels are coin; it
# does not say where one coin ends. This lesson goes two ways towards that: from **edges**, where
# the picture changes, to closed outlines; and from **markers**, one in each object, to regions that
# grow until they meet.
#
# ## 2 A block of red and a block of blue
#
# An edge is a place where the picture changes fast. Here is the simplest one: a block of red beside
# a block of blue.
# %%
blocks = np.zeros((40, 80, 3), dtype=np.uint8)
blocks[:, :40] = (200, 30, 30)
blocks[:, 40:] = (40, 55, 255)
ax = show_image(blocks, title="red and blue")
set_alt_text(ax, "Two blocks side by side, red on the left and blue on the right.")
print("red:", blocks[0, 0], " blue:", blocks[0, -1])
# %% [markdown]
# **Predict.** Most edge detectors take a grey picture.
# %% tags=["nbval-ignore-output"]
predict(
    "04-grey",
    "The picture is turned to grey levels first. What does an edge detector find in it?",
    options=["a strong edge", "a weak edge", "no edge at all"],
)
# %%
grey = grey_levels(blocks).astype(int)
print("grey level of red:", grey[0, 0], " of blue:", grey[0, -1])
print("grey-level change across the border:", grey[0, 40] - grey[0, 39])
for channel, name in enumerate(["red", "green", "blue"]):
    print(f"change of {name:>5}: {int(blocks[0, 40, channel]) - int(blocks[0, 39, channel]):>4}")
reveal("04-grey", "no edge at all")
# %% [markdown]
# Grey is a weighted sum of the three channels, and very different colours can have the same sum.
# The gains and the losses cancel, and the edge is gone. The remedy: take the change of each channel,
# and of the three the largest.
#
# It happens in photographs too. The cat's nose is a redder brown than the fur around it, in places
# of nearly the same grey level. (`gradient_magnitude` measures the change in all directions; section
# 4 builds it.)
# %%
cat = load_picture("cat")
nose = np.s_[215:275, 225:305]
part = ndimage.gaussian_filter(cat.image[nose].astype(float), (1, 1, 0))  # (60, 80, 3)
grey_change = edges.gradient_magnitude(part @ [0.2125, 0.7154, 0.0721])
largest_change = np.max([edges.gradient_magnitude(part[..., c]) for c in range(3)], axis=0)
scale = largest_change.max()
titles = ["photograph", "change of grey level", "largest change of a channel"]
compare(cat.image[nose], grey_change / scale, largest_change / scale, titles=titles)
is_nose = cat.label_map[nose] == cat.class_names.index("nose")
outline = is_nose & ~ndimage.binary_erosion(is_nose)
ratio = np.median(largest_change[outline]) / np.median(grey_change[outline])
around = ndimage.binary_dilation(is_nose, iterations=8) & ~is_nose
for place, mask in [("nose", is_nose), ("fur around it", around)]:
    print(f"{place:>13}: median red, green, blue {np.median(cat.image[nose][mask], axis=0)}")
print(f"along the nose's outline, the channel's change is {ratio:.1f} times the grey level's")
# %% [markdown]
# From here on the pictures are grey, and the method is the same for a channel.
#
# ## 3 Finite differences
#
# How fast does a row of grey levels change? A picture has no derivative, but neighbours can be
# subtracted. The **forward difference** is f(x + 1) - f(x). It sits between two pixels. The
# **central difference**, (f(x + 1) - f(x - 1)) / 2, sits on the pixel x.
# %%
row = scene.image[100].astype(float)
forward = row[1:] - row[:-1]  # between x and x + 1
central = (row[2:] - row[:-2]) / 2  # at x = 1 ... W - 2
figure, axes = plt.subplots(2, 1, figsize=(7, 3.6), sharex=True)
axes[0].plot(row, color="black")
axes[0].set(ylabel="grey level")
axes[1].plot(np.arange(1, len(row) - 1), central, color="#1155aa")
axes[1].set(ylabel="central difference", xlabel="column of row 100")
steepest = 1 + np.argmax(np.abs(central))
set_alt_text(figure, f"A row of grey levels and its differences, largest at column {steepest}.")
print("0, 2, 6: forward", np.diff([0, 2, 6]), "central at the middle", (6 - 0) / 2)
print(f"steepest place: column {steepest}, {central[steepest - 1]:+.1f} levels per pixel")


# %% [markdown]
# The row enters and leaves coins; each border is a peak, upwards where it grows bright, downwards
# where it grows dark. But the relief of the coins and the grain of the picture make peaks as well.
# A difference of two pixels is noisy.
#
# ## 4 Sobel: size and direction
#
# Sobel's kernels take central differences of three neighbouring rows (or columns) and add them with
# weights 1, 2, 1. A difference along one axis, a mean along the other. Beyond the border the
# picture goes on with its border pixels.
# %%
def sobel(image):
    p = np.pad(image.astype(float), 1, mode="edge")  # border pixels repeated
    across = p[:, 2:] - p[:, :-2]  # right minus left, (H + 2, W)
    down = p[2:] - p[:-2]  # below minus above, (H, W + 2)
    columns = across[:-2] + 2 * across[1:-1] + across[2:]
    rows = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return rows, columns  # the gradient, each (H, W)


rows, columns = sobel(scene.image)
np.testing.assert_array_equal(rows, ndimage.sobel(scene.image.astype(float), axis=0))
np.testing.assert_array_equal(columns, ndimage.sobel(scene.image.astype(float), axis=1))
print("equal to scipy.ndimage.sobel in", rows.size, "pixels; a ramp of 1 level per pixel gives")
print(sobel(np.tile(np.arange(5), (3, 1)))[1])
# %% [markdown]
# Inside, a ramp of one level per pixel gives 8: the weights add up to 4, and each difference spans
# two pixels. At the border, where the repeated pixel adds no change, it gives half of that.
#
# Two numbers per pixel are a vector, the **gradient**. It points to where the picture grows bright.
#
# **Spot the error.** A common claim: the gradient magnitude is "the geometric mean of the two Sobel
# responses".
# %% tags=["nbval-ignore-output"]
predict(
    "04-magnitude",
    "How should two Sobel responses be combined?",
    options=["geometric mean", "Euclidean norm", "the larger of the two"],
)
# %%
from skimage import filters

corner = np.tile([0.0, 0, 100, 100], (4, 1))  # a vertical edge: no change from row to row
down, across = (response[1, 1] for response in sobel(corner))
print(f"rows {down:.0f}, columns {across:.0f}")
print(f"geometric mean {np.sqrt(abs(down * across)):.0f}, norm {np.hypot(down, across):.0f}")
slope = np.add.outer(np.arange(4), np.arange(4)) * 50 / np.sqrt(2)  # as steep, at 45 degrees
down, across = (response[1, 1] for response in sobel(slope))
print(
    f"turned by 45 degrees: the larger {max(down, across):.0f}, norm {np.hypot(down, across):.0f}"
)
magnitude = np.hypot(*sobel(scene.image))
library = filters.sobel(scene.image.astype(float))
print(f"norm / skimage.filters.sobel = {magnitude.sum() / library.sum():.4f}")
np.testing.assert_allclose(magnitude, 4 * np.sqrt(2) * library, atol=1e-9)
reveal("04-magnitude", "Euclidean norm")
# %% [markdown]
# A geometric mean would be blind to every vertical and every horizontal edge. The larger of the two
# would find an edge weaker when it is turned by 45 degrees. The magnitude is the length of the
# vector, the same however the edge is turned: the square root of the sum of the squares. scikit-image divides the kernel
# by 4 and takes the root *mean* square, which divides by another $\sqrt 2$: multiply its value by
# $4\sqrt 2 = 5.657$ to get the norm.
#
# The **direction** is the angle of the vector. Here it is drawn at some pixels of a coin's rim.
# %%
window = np.s_[130:190, 60:105]
figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.1))
show_image(scene.image[window], axes[0], title="gradient, pointing to bright")
r, c = (place[::6] for place in np.nonzero(magnitude[window] > 250))
right, down = columns[window][r, c], rows[window][r, c]
axes[0].quiver(c, r, right, down, color="#ffcc00", angles="xy", scale=4000, width=0.012)
show_image(magnitude[window] / magnitude[window].max(), axes[1], title="gradient magnitude")
set_alt_text(
    figure, "A coin on dark cloth, arrows along its rim pointing inwards, and its bright outline."
)
inwards = columns[160, 60:70].sum() > 0 and columns[160, 95:105].sum() < 0
print("at the left rim the arrows point right, at the right rim left:", inwards)
# %% [markdown]
# The outline is there, but several pixels wide, and the relief inside shines as well. What is
# missing is a decision: which pixels *are* edges?
#
# ## 5 Canny, stage by stage
#
# Canny (1986) decides in four stages: smooth, take the gradient, thin the lines, choose with two
# thresholds.
#
# **Stage 1, smoothing.** A Gaussian of width sigma takes the grain away before differences are
# taken. **Stage 2, the gradient**, is section 4.
# %%
levels = scene.image.astype(float)  # grey levels 0 ... 255
smoothed = {sigma: ndimage.gaussian_filter(levels, sigma, mode="nearest") for sigma in (0, 1.5, 5)}
magnitudes = {sigma: edges.gradient_magnitude(image) for sigma, image in smoothed.items()}
part = np.s_[90:170, 120:230]
_, axes = plt.subplots(1, 3, figsize=(7.2, 2.1))
compare(
    *(magnitude[part] / magnitude.max() for magnitude in magnitudes.values()),
    titles=[f"sigma {sigma}" for sigma in magnitudes],
    axes=axes,
)
cloth = ndimage.distance_transform_edt(~coin_mask) > 8
rim = coin_mask & ~ndimage.binary_erosion(coin_mask)
for sigma, magnitude in magnitudes.items():
    ratio = np.median(magnitude[rim]) / np.median(magnitude[cloth])
    print(f"sigma {sigma}: gradient at the rims {ratio:.1f} times that on the cloth")
# %% [markdown]
# Without smoothing the grain of the cloth is a little louder beside the rims, and the relief far
# sharper; with too much, neighbouring rims flow together and the rims themselves grow faint. The
# lesson goes on with sigma 1.5.
#
# **Stage 3, non-maximum suppression.** Walk across the edge, along the gradient. Only the highest
# pixel on that way stays. A pixel has eight neighbours, so the direction is rounded to one of four:
# along the row, along the column, or one of the two diagonals. A pixel is kept if neither of its
# two neighbours in that direction is higher. Outside the picture the magnitude counts as 0.
# %%
STEPS = [(0, 1), (1, 1), (1, 0), (1, -1)]  # 0, 45, 90, 135 degrees, rows counted downwards


def suppress_four(rows, columns):
    magnitude = np.hypot(rows, columns)
    direction = np.rint(np.arctan2(rows, columns) / (np.pi / 4)).astype(int) % 4
    padded = np.pad(magnitude, 1)
    height, width = magnitude.shape
    kept = np.zeros(magnitude.shape, dtype=bool)
    for number, (r, c) in enumerate(STEPS):
        ahead = padded[1 + r : 1 + r + height, 1 + c : 1 + c + width]
        behind = padded[1 - r : 1 - r + height, 1 - c : 1 - c + width]
        kept |= (direction == number) & (magnitude >= ahead) & (magnitude >= behind)
    return np.where(kept, magnitude, 0)


rows, columns = sobel(smoothed[1.5])
thin = suppress_four(rows, columns)
np.testing.assert_array_equal(thin, edges.non_maximum_suppression(rows, columns))
print(f"above 20: {np.mean(magnitudes[1.5] > 20):.1%} of the pixels, then {np.mean(thin > 20):.1%}")
# %% [markdown]
# The coin of section 4 again, before and after:
# %%
compare(
    scene.image[window],
    magnitudes[1.5][window] / magnitudes[1.5][window].max(),
    thin[window] / thin[window].max(),
    titles=["part of the scene", "gradient magnitude", "thinned"],
)
print("pixels above 20 in this part:", np.sum(magnitudes[1.5][window] > 20), "->", end=" ")
print(np.sum(thin[window] > 20))


# %% [markdown]
# **Stage 4, hysteresis.** One threshold is often not enough: high, it breaks the rim where the coin
# is nearly as dark as the cloth; low, it lets the coins' relief in. Canny takes two. Pixels at or above *high* are
# strong and stay. Pixels at or above *low* are weak and stay only if a chain of weak pixels leads
# to a strong one, over sides or corners (the 8-neighbourhood). Canny's advice: high to low "in the
# range two or three to one".
# %%
def connect(strength, low, high):
    weak, kept = strength >= low, strength >= high
    waiting = list(zip(*np.nonzero(kept), strict=True))
    while waiting:
        row, column = waiting.pop()
        around = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        for r, c in np.argwhere(weak[around] & ~kept[around]):
            place = (r + max(row - 1, 0), c + max(column - 1, 0))
            kept[place] = True
            waiting.append(place)
    return kept


by_hand = connect(thin, low=20, high=50)
np.testing.assert_array_equal(by_hand, edges.hysteresis(thin, low=20, high=50))
print("equal to course_utils.edges.hysteresis:", by_hand.sum(), "edge pixels")
# %% [markdown]
# On the photograph of lesson 02, with 60 and 180; a part of it is drawn, all of it is counted:
# %%
coins = load_picture("coins")
photo = ndimage.gaussian_filter(coins.image.astype(float), 1.5, mode="nearest")
strength = suppress_four(*sobel(photo))
low, high, both = strength >= 60, strength >= 180, connect(strength, low=60, high=180)
titles = ["at least 60", "at least 180", "hysteresis: 60 and 180"]
compare(*(mask[150:, 170:] for mask in (low, high, both)), titles=titles)
is_coin = coins.label_map == 1
rims = is_coin & ~ndimage.binary_erosion(is_coin)
core = ndimage.binary_erosion(is_coin, iterations=5)  # the coins without their rims
far = ndimage.distance_transform_edt(~is_coin) > 8  # cloth, away from the coins
for name, mask in [("at least 60", low), ("at least 180", high), ("hysteresis", both)]:
    found = ndimage.binary_dilation(mask)[rims].mean()
    counts = f"{mask[core].sum()} edge pixels inside coins, {mask[far].sum()} on the cloth"
    print(f"{name:>12}: {found:.1%} of the rims found, {counts}")
print("at least 60, on the cloth from column 375:", (low & far)[:, 375:].sum())
# %% [markdown]
# The rims of the low threshold, and nearly the clean coins of the high one. What the low threshold
# adds is the coins' relief; on the cloth it finds little more than a line at the photograph's right
# edge. (scikit-image's `filters.apply_hysteresis_threshold` connects over sides only, and asks for
# *more* than the thresholds. Its Canny does as we do.)
#
# **Same answer as the library?** All four stages against `skimage.feature.canny`, pixel by pixel:
# %%
from skimage.feature import canny

library = canny(levels, sigma=1.5, low_threshold=20, high_threshold=50, mode="nearest")
differ = by_hand != library
print(f"by hand {by_hand.sum()}, library {library.sum()}, different {differ.sum()}")
both_near = ndimage.binary_dilation(library, np.ones((3, 3)))
print(f"{np.mean(both_near[by_hand]):.1%} of ours lie within 1 pixel of one of the library's")
titles = ["by hand", "library", "different"]
axes = compare(by_hand[window], library[window], differ[window], titles=titles)


# %% [markdown]
# Close, and not equal. Two definitions differ. The library does not round the direction: it walks
# along the exact gradient and **interpolates** the magnitude between two neighbours. And it never
# calls a pixel of the picture's border an edge. (There is a third, which we chose away: by default
# the library smooths beyond the border in its own way; `mode="nearest"` does as we do.) Write the
# two down:
# %%
def suppress_interpolated(rows, columns):
    magnitude = np.hypot(rows, columns)
    longest = np.maximum(np.maximum(np.abs(rows), np.abs(columns)), 1e-12)
    place = np.indices(magnitude.shape)
    kept = magnitude > 0
    for sign in (1, -1):
        step = sign * np.array([rows, columns]) / longest  # to the frame of the 3 x 3 window
        beside = ndimage.map_coordinates(magnitude, place + step, order=1, mode="constant")
        kept &= magnitude >= beside
    kept[[0, -1]], kept[:, [0, -1]] = False, False  # the library's rule for the border
    return np.where(kept, magnitude, 0)


for name in ("coins", "camera", "cat", "coffee"):
    picture = grey_levels(load_picture(name).image).astype(float)
    gradient = sobel(ndimage.gaussian_filter(picture, 1.5, mode="nearest"))
    ours = edges.hysteresis(suppress_interpolated(*gradient), 20, 50)
    library = canny(picture, 1.5, 20, 50, mode="nearest")
    print(f"{name:>6}: {library.sum():>5} edge pixels, {np.sum(ours != library)} different")
# %% [markdown]
# To the pixel. With four directions nearly every edge pixel lay within one of the library's; for most
# uses that is close enough, but "Canny" is not one definition.
#
# **Move it.** Low at its smallest, high large: what survives? Which sigma leaves the rims and loses
# the relief? What happens when the thresholds cross? On the cat, is there any setting that leaves
# its outline and nothing else?
# %%
from course_utils.widgets import canny as canny_demo

canny_demo.draw_canny("coins", sigma=1.0, low=50, high=130)
# %% tags=["nbval-ignore-output"]
canny_demo.demo()
# %% [markdown]
# ## 6 From edges to closed contours to regions
#
# An edge is a line, a region has an inside. If the line is closed, the inside can be filled:
# everything that the background cannot reach without crossing an edge. **Predict** how much a small
# gap costs.
# %% tags=["nbval-ignore-output"]
predict(
    "04-gap",
    "One pixel is missing in a coin's closed outline. How much of the coin is still filled?",
    options=["all but a pixel", "about half", "nothing"],
)
# %%
outline = np.zeros((21, 21), dtype=bool)
distance_to_middle = np.hypot(*(np.indices(outline.shape) - 10))
outline[(distance_to_middle >= 7.5) & (distance_to_middle < 8.5)] = True
leaking = outline.copy()
leaking[10, 18] = False  # the gap
filled, leaked = ndimage.binary_fill_holes(outline), ndimage.binary_fill_holes(leaking)
compare(outline, filled, leaking, leaked, titles=["closed", "filled", "with a gap", "filled"])
print(f"closed: {filled.sum() - outline.sum()} pixels filled")
print(f"with a gap of {outline.sum() - leaking.sum()} pixel: {leaked.sum() - leaking.sum()}")
reveal("04-gap", "nothing")
# %% [markdown]
# A contour leaks through a single gap. So gaps are closed first. **Closing** by a disc dilates the
# edges (every pixel within r becomes edge) and erodes them back; gaps up to about 2 r stay closed.
# Then fill, and **opening** (erode, then dilate) removes lines that enclose nothing.
# %%
from skimage import morphology


def canny_regions(grey, sigma=1.5, low=20, high=50, gap=2):
    found = canny(grey.astype(float), sigma, low, high, mode="nearest")
    closed = morphology.closing(found, morphology.disk(gap))
    filled = ndimage.binary_fill_holes(closed)
    return morphology.opening(filled, morphology.disk(3))


found = canny(levels, 1.5, 20, 50, mode="nearest")
without_closing = morphology.opening(ndimage.binary_fill_holes(found), morphology.disk(3))
regions = canny_regions(scene.image)
titles = ["Canny's edges (part)", "filled: leaks", "gaps closed, filled"]
compare(*(mask[80:, 130:] for mask in (found, without_closing, regions)), titles=titles)
for name, mask in [("leaking", without_closing), ("gaps closed", regions)]:
    print(f"{name:>11}: IoU {metrics.mask_iou(coin_mask, mask):.3f}")
# %% [markdown]
# (**IoU**: the pixels that two masks share, divided by those of their union; lesson 05 takes it
# apart.) No
# threshold on the grey level is involved, so the uneven light that spoilt lesson 02's global
# threshold does no harm: an edge is a *difference*.
#
# Where does it win, and where does it fail? The same settings on the photograph of the coins and on
# the cat:
# %%
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3.2))
for ax, picture, name in [(axes[0], coins, "coin"), (axes[1], cat, "cat")]:
    scored = picture.label_map != 255  # void is not scored
    target = (picture.label_map > 0) & scored
    answer = canny_regions(grey_levels(picture.image))
    shown = np.where(scored, target, 255)
    show_error_map(shown, answer, ax, class_names=["background", name], title=name, counts=False)
    print(f"{name:>5}: IoU {metrics.mask_iou(target, answer, scored=scored):.3f}")
    smooth = ndimage.gaussian_filter(grey_levels(picture.image).astype(float), 1.5)
    change, core = edges.gradient_magnitude(smooth), ndimage.binary_erosion(target, iterations=8)
    outline = target & ~ndimage.binary_erosion(target, border_value=1)
    print(f"       gradient on the outline {np.median(change[outline]):.0f}, inside ", end="")
    print(
        f"{np.median(change[core]):.0f}, its strongest tenth above {np.percentile(change[core], 90):.0f}"
    )
# %% [markdown]
# The cost, on this machine:
# %% tags=["measured"]
from course_utils.timing import milliseconds

for name, picture in [("coins", coins), ("cat", cat)]:
    cost = milliseconds(canny_regions, grey_levels(picture.image))
    print(f"{name:>5}: {cost:.0f} ms for {picture.label_map.size:,} pixels")


# %% [markdown]
# The coins' outlines are far stronger than nearly all that is inside them. The cat's outline is soft
# fur before a blurred ground; its stripes and eyes are sharper. **An edge is a change of
# grey level; whether it is the border of an object is another question.**
#
# ## 7 From label to instances: connected regions
#
# A label map says *coin*; an instance map numbers the coins (lesson 01). The simplest way from one
# to the other: start at a pixel, take all its neighbours that are in the mask, then theirs, until
# none is left. That is one object. But which pixels are neighbours: four (over sides) or eight
# (over corners too)?
# %%
SIDES = [(-1, 0), (0, -1), (0, 1), (1, 0)]
CORNERS = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
print(len(SIDES), "neighbours, or", len(SIDES + CORNERS))


# %% [markdown]
# A list holds the pixels that wait to be visited; when it is empty, the object is complete.
# %%
def connected_regions(mask, neighbours):
    instance_map, count = np.zeros(mask.shape, dtype=int), 0
    for start in zip(*np.nonzero(mask), strict=True):
        if instance_map[start]:
            continue
        count, waiting = count + 1, [start]
        while waiting:
            row, column = waiting.pop()
            inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
            if inside and mask[row, column] and not instance_map[row, column]:
                instance_map[row, column] = count
                waiting += [(row + r, column + c) for r, c in neighbours]
    return instance_map


small = np.array([[1, 1, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 1, 0, 0], [1, 0, 0, 1, 1]], dtype=bool)
four, eight = connected_regions(small, SIDES), connected_regions(small, SIDES + CORNERS)
print(np.hstack([four, np.full((4, 1), -1), eight]), f"\n{four.max()} or {eight.max()} regions")
# %% [markdown]
# **Same answer as the library?** On a random mask, and the canny regions of both coin pictures:
# %%
random_mask = np.random.default_rng(0).random((60, 80)) < 0.5
for neighbours, structure in [(SIDES, None), (SIDES + CORNERS, np.ones((3, 3)))]:
    by_hand = connected_regions(random_mask, neighbours)
    np.testing.assert_array_equal(by_hand, ndimage.label(random_mask, structure)[0])
    print(f"{len(neighbours)} neighbours: {by_hand.max()} regions, equal to scipy.ndimage.label")
for name, picture in [("photograph", coins), ("scene", scene)]:
    objects, count = ndimage.label(canny_regions(picture.image))
    score = metrics.instance_average_precision(picture.instance_map, objects)
    print(f"{name:>10}: {count} regions, {picture.instance_map.max()} coins, AP {score:.2f}")


# %% [markdown]
# Where the coins lie apart, connected regions are all it takes. Where they touch, even a good mask
# gives a few large lumps. The mask alone must tell where to cut: it is *narrow* where two coins
# meet.
#
# ## 8 The distance transform
#
# How thick is a mask at a pixel? The **distance transform** gives each pixel of the mask its
# distance to the nearest pixel outside. By definition, every pixel against every other:
# %%
def distance_by_definition(mask):
    outside = np.argwhere(~mask)  # (P, 2)
    distance = np.zeros(mask.shape)
    for row, column in np.argwhere(mask):
        distance[row, column] = np.hypot(*(outside - (row, column)).T).min()
    return distance


bridge = np.zeros((7, 13), dtype=bool)
bridge[1:6, 1:6] = bridge[1:6, 7:12] = bridge[3, 6] = True  # two squares and a bridge
print(distance_by_definition(bridge).round(1))
part = coin_mask[::4, ::4]
np.testing.assert_allclose(distance_by_definition(part), ndimage.distance_transform_edt(part))
print("equal to scipy.ndimage.distance_transform_edt on", part.shape, "pixels")


# %% [markdown]
# On the bridge the distance is 1, in the middle of each square 3. The definition is slow: pixels
# times pixels. With the *city-block* distance (steps over sides only), two passes do it: from the
# top left, every pixel takes its upper or left neighbour's distance plus 1; from the bottom right,
# its lower or right neighbour's, if that is smaller.
# %%
def city_block(mask):
    far = sum(mask.shape)
    distance = np.pad(np.where(mask, far, 0), 1, constant_values=far)
    height, width = mask.shape
    for row in range(1, height + 1):
        for column in range(1, width + 1):
            nearest = min(distance[row - 1, column], distance[row, column - 1]) + 1
            distance[row, column] = min(distance[row, column], nearest)
    for row in range(height, 0, -1):
        for column in range(width, 0, -1):
            nearest = min(distance[row + 1, column], distance[row, column + 1]) + 1
            distance[row, column] = min(distance[row, column], nearest)
    return distance[1:-1, 1:-1]


np.testing.assert_array_equal(city_block(part), ndimage.distance_transform_cdt(part, "taxicab"))
distance = ndimage.distance_transform_edt(coin_mask)
compare(coin_mask, distance / distance.max(), titles=["mask", "distance transform"])
print(f"two passes equal SciPy's; the thickest place is {distance.max():.1f} pixels deep")


# %% [markdown]
# Each coin is a hill now, and where two coins touch there is a pass between the hills. Turn the
# picture upside down, and each coin is a basin.
#
# ## 9 Watershed: flooding
#
# Let water rise from the deepest point of each basin, each in its own colour. Where two waters
# meet, build no dam: just leave every pixel to the water that came first.
#
# In code the water is a **priority queue**: of all pixels at the shore, the lowest is flooded next.
# Its neighbours get its number and join the queue. The level never falls: a pixel below the water
# joins at the water's level. Of equal levels, the pixel that joined first goes first.
# %%
def flood(relief, markers, mask, until=np.inf):
    regions, joined = np.where(mask, markers, 0), 0
    shore = [(relief[r, c], 0, int(r), int(c)) for r, c in np.argwhere(regions)]
    heapq.heapify(shore)
    while shore and shore[0][0] <= until:
        level, _, row, column = heapq.heappop(shore)  # the lowest pixel of the shore
        for r, c in [(row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column)]:
            inside = 0 <= r < mask.shape[0] and 0 <= c < mask.shape[1]
            if inside and mask[r, c] and regions[r, c] == 0:
                joined += 1
                regions[r, c] = regions[row, column]
                heapq.heappush(shore, (max(level, relief[r, c]), joined, r, c))
    return regions


relief = np.array([[1, 2, 5, 3, 1, 2, 0]])
markers = np.array([[1, 0, 0, 0, 0, 0, 2]])
for level in (0, 1, 2):
    print(f"level {level}:", flood(relief, markers, np.ones((1, 7), dtype=bool), until=level)[0])
# %% [markdown]
# (A pixel has its number as soon as it joins the shore.) Region 2 climbs over the small bump, 2,
# fills the basin behind it, and meets region 1 at the ridge, 5. Now the coins. **Markers**, the
# places where water enters, are the peaks of the distance transform: of two peaks nearer than 10
# pixels, the higher one.
# %%
markers = edges.distance_markers(coin_mask, min_distance=10)  # 1, 2, ... in one pixel each
stages = [flood(-distance, markers, coin_mask, until=-depth) for depth in (12, 6, 0)]
figure, axes = plt.subplots(1, 3, figsize=(8, 2.4))
for ax, stage, depth in zip(axes, stages, (12, 6, 0), strict=True):
    show_instances(stage, ax, numbers=depth == 0, title=f"down to distance {depth}")
split = stages[-1]
print(f"{markers.max()} markers, {len(np.unique(split)) - 1} regions")
print(f"AP {metrics.instance_average_precision(scene.instance_map, split):.2f}")
# %% [markdown]
# Fourteen coins, from the mask alone.
#
# **Same answer as the library?** On pictures whose levels all differ, on the coins, and on a
# picture with only two levels, where nearly all pixels tie:
# %%
from skimage.segmentation import watershed

np.testing.assert_array_equal(split, watershed(-distance, markers, mask=coin_mask))
print("the coins: equal in every pixel")
rng = np.random.default_rng(0)
everywhere = np.ones((60, 80), dtype=bool)
for name, relief in [
    ("all levels differ", rng.permutation(4800).reshape(60, 80)),
    ("two levels", rng.integers(0, 2, (60, 80))),
]:
    markers = np.zeros((60, 80), dtype=int)
    markers.flat[rng.choice(4800, 30, replace=False)] = np.arange(1, 31)
    differ = flood(relief, markers, everywhere) != watershed(relief, markers)
    print(f"{name}: {differ.sum()} of {differ.size} pixels differ")
# %% [markdown]
# Where levels differ there is one answer. Where markers stand at the same level, somebody has to go
# first, and the two choose differently: a tie is not defined by the method.
#
# ### Without markers
#
# The watershed is older than markers: let water rise from *every* local minimum. The natural relief
# is the gradient magnitude, whose ridges are the edges. **Predict** how many regions that makes.
# %% tags=["nbval-ignore-output"]
predict(
    "04-minima",
    "Water rises from every minimum of the gradient magnitude. How many regions do 14 coins give?",
    number=("regions", 1, 5000),
)
# %%
relief = edges.gradient_magnitude(smoothed[1.5])
from_minima = watershed(relief)
inside, outside = ndimage.binary_erosion(coin_mask, iterations=6), cloth
two = np.select([inside, outside], [2, 1])
from_two = watershed(relief, two) == 2
figure, axes = plt.subplots(1, 2, figsize=(6.2, 2.6))
part = np.s_[130:190, 60:140]
show_instances(from_minima[part], axes[0], image=scene.image[part], alpha=0.3)
axes[0].set_title("every minimum (part)")
show_instances(from_two.astype(int), axes[1], title="marked: coin and cloth")
print(f"marked: IoU {metrics.mask_iou(coin_mask, from_two):.3f}")
reveal("04-minima", from_minima.max(), unit="regions", tolerance=200)
# %% [markdown]
# **Over-segmentation**: every grain of noise is a basin. (Such small regions are super-pixels of a
# kind, lesson 03.) With markers in coins and cloth (here taken from the true mask), the flood stops
# at the right ridges. Markers say *what* is there; the relief says *where it ends*.
#
# **Move it.** How far apart must two markers be? Begin with the coins at distance 1. Then take the
# nuclei and the glands of a tissue, whose true masks are given: is one distance right for all
# three?
# %%
from course_utils.widgets import markers as marker_demo
from course_utils.widgets import watershed as watershed_demo

watershed_demo.draw_watershed("touching coins", min_distance=5)
# %% tags=["nbval-ignore-output"]
watershed_demo.demo()
# %% [markdown]
# The distance is a guess at the size of the objects. Too small, and an oblong coin breaks in two;
# too large, and small coins get no marker. A person needs no such number: click one marker into
# each coin (mouse, or arrow keys and Enter). How many clicks to AP 1? What do two markers in one
# coin do?
# %%
marker_demo.draw_markers([(12, 13), (20, 20)])
# %% tags=["nbval-ignore-output"]
marker_demo.demo()
# %% [markdown]
# Where it wins, where it fails: all steps in a row, on the scene and on the nuclei. The nuclei are
# blue in a brown and pink tissue; `rgb2hed` computes how much of the blue dye a pixel has, Otsu's
# threshold (lesson 02) makes the mask.
# %%
from skimage.color import rgb2hed


def split_regions(mask, min_distance=10):
    return edges.split_touching(mask, edges.distance_markers(mask, min_distance))


tissue = load_picture("immunohistochemistry")
nuclei = np.where(tissue.label_map == 2, tissue.instance_map, 0)
scored = (tissue.label_map == 0) | (tissue.label_map == 2)  # no glands, no void
blue = ndimage.gaussian_filter(rgb2hed(tissue.image)[..., 0], 1)
nucleus_mask = (blue > filters.threshold_otsu(blue[scored])) & scored
coin_answer = split_regions(canny_regions(scene.image))
nucleus_answer = split_regions(nucleus_mask, min_distance=5)
for name, target, answer in [
    ("coins", scene.instance_map, coin_answer),
    ("nuclei", nuclei, nucleus_answer),
]:
    ap = metrics.instance_average_precision(target, answer)
    print(f"{name:>6}: {len(np.unique(target)) - 1} true, {answer.max()} found, AP {ap:.2f}")
# %% [markdown]
# The nuclei drawn by hand, and below them what was found. Blue patches without an outline, where one
# nucleus could not be told from the next, are void: they are neither drawn nor scored.
# %%
figure, axes = plt.subplots(2, 1, figsize=(4.7, 3.8))
window = np.s_[205:317, 80:375]
show_instances(nuclei[window], axes[0], image=tissue.image[window], title="30 nuclei, by hand")
show_instances(nucleus_answer[window], axes[1], image=tissue.image[window], title="found")
iou = metrics.mask_iou(nuclei > 0, nucleus_mask, scored=scored)
print(f"the mask that was split has IoU {iou:.2f} with the nuclei")
print(f"void in this part: {np.mean(tissue.label_map[window] == 255):.0%}")
# %% [markdown]
# Mask and split, in milliseconds:
# %% tags=["measured"]
print(f"mask of the coins: {milliseconds(canny_regions, scene.image):.0f} ms")
print(f"split of the coins: {milliseconds(split_regions, coin_mask):.0f} ms")
print(f"split of the nuclei: {milliseconds(split_regions, nucleus_mask, 5):.0f} ms")
# %% [markdown]
# The split can be no better than its mask. This mask is too wide, merges what is blurred, and is full
# of specks; no flooding mends that. Lesson 16 lets a network make the mask *and* the borders, and
# then floods as here.
#
# ## 10 Random walker
#
# A watershed asks which water comes first. Grady (2006) asks another question: **a walker starts at
# a pixel and steps to a random neighbour, seldom across an edge. Which marker will it reach first,
# with what probability?**
#
# Here is a tiny picture to walk on, dark left, bright right. In the middle row the border between
# them is softer: two pixels of a level in between.
# %%
tiny = np.full((5, 7), 0.2)
tiny[:, 4:] = 0.8
tiny[2, 3:5] = 0.5  # between dark and bright
markers = np.zeros(tiny.shape, dtype=int)
markers[2, 0], markers[2, 6] = 1, 2  # markers, left and right
compare(tiny, titles=["tiny picture"])
print(markers)


# %% [markdown]
# A step to a neighbour has the **weight** exp(-beta d^2), d the difference of the two levels: 1 on
# even ground, near 0 across an edge. The larger beta, the more seldom edges are crossed. (What counts
# as a large difference depends on the picture, so scikit-image divides beta by 10 times the standard
# deviation of its levels; so do we.)
#
# The weights fill a table W with a row and a column for each of the 35 pixels: W[a, b] is the weight
# of the step from a to b, and 0 where they are no neighbours.
# %%
def step_weights(levels, beta=130):
    number = np.arange(levels.size).reshape(levels.shape)  # each pixel's number
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])  # right, below
    difference = levels.ravel()[a] - levels.ravel()[b]
    weights = np.zeros((levels.size, levels.size))
    weights[a, b] = weights[b, a] = np.exp(-beta * difference**2 / (10 * levels.std()))
    return weights  # (P, P), symmetric


weights = step_weights(tiny)
print(
    f"from pixel 0 to pixel 1: {weights[0, 1]:.3f}, across the border {weights[3, 4]:.3f}, ", end=""
)
print(f"in the middle row {weights[16, 17]:.3f}, {weights[17, 18]:.3f}, {weights[18, 19]:.3f}")
# %% [markdown]
# Watch the walkers themselves first: a thousand of them from each pixel of the middle row, until they
# stand on a marker. Each takes a step with the share that its weight has in its row of W.
# %%
upto = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)  # (P, P)
rng = np.random.default_rng(0)
place = np.repeat(np.arange(14, 21), 1000)  # row 2, pixels 14 ... 20
for _ in range(3000):
    walking = markers.ravel()[place] == 0
    place[walking] = (rng.random(walking.sum())[:, None] > upto[place[walking]]).sum(axis=1)
first = (markers.ravel()[place] == 1).reshape(7, 1000).mean(axis=1)
print("share that reached marker 1 first:", first.round(2), "still walking:", walking.sum())


# %% [markdown]
# No walking is needed. A walker goes to one of its neighbours, and from there on it is as likely to
# end at marker 1 as any walker that starts there. So the probability p of a pixel is the mean of its
# neighbours' probabilities, weighted by the steps. That is one linear equation for each pixel without
# a marker, with p = 1 on marker 1 and 0 on the others: its row sum times its own p, minus the
# weighted sum of its neighbours' p, is 0.
#
# All equations at once: L p = 0 in the rows of unmarked pixels, with L = D - W, the **Laplacian** (D
# has the row sums of W on its diagonal). What is known, the markers' p, goes to the other side.
# %%
def walker_probability(levels, markers, beta=130):
    weights = step_weights(levels, beta)
    laplacian = np.diag(weights.sum(axis=1)) - weights  # (P, P)
    free = markers.ravel() == 0
    probability = (markers.ravel() == 1).astype(float)  # 1 on marker 1, 0 on the others
    known = -laplacian[np.ix_(free, ~free)] @ probability[~free]
    probability[free] = np.linalg.solve(laplacian[np.ix_(free, free)], known)
    return probability.reshape(markers.shape)


from skimage.segmentation import random_walker

by_hand = walker_probability(tiny, markers)
library = random_walker(tiny, markers, beta=130, mode="bf", return_full_prob=True)[0]
np.testing.assert_allclose(by_hand, library, atol=1e-6)
print(by_hand.round(2), "\nequal to skimage.segmentation.random_walker within 1e-6")
print(f"largest difference from the walkers of row 2: {np.max(np.abs(by_hand[2] - first)):.2f}")
# %% [markdown]
# A pixel belongs to the marker it most probably leads to: here, where p is above one half. Now a
# photograph, with a few strokes of a pen as markers: two in the cup, four around it, none on the
# saucer, which is of the same red as the cup. **Predict** who finds the cup.
# %% tags=["nbval-ignore-output"]
predict(
    "04-walker",
    "Same strokes, cup against the rest: which one finds the cup?",
    options=["watershed", "random walker", "both", "neither"],
)


# %%
def with_strokes(shape, *strokes):
    markers = np.zeros(shape[:2], dtype=int)
    for number, rows, columns in strokes:
        markers[rows, columns] = number
    return markers


def drawn_on(image, markers):
    colours = np.array([(0, 204, 255), (255, 204, 0)])  # 1: light blue, 2: yellow
    return np.where(markers[..., None] > 0, colours[markers - 1], image).astype(np.uint8)


# %% [markdown]
# Yellow strokes are cup, light blue ones are not:
# %%
coffee = load_picture("coffee")
cup_photo = coffee.image[::4, ::4]  # every fourth pixel
cup_strokes = [(2, slice(40, 60), 70), (2, 25, slice(60, 90))]  # 2: cup
cup_strokes += [(1, 5, slice(5, 40)), (1, slice(5, 95), 5)]  # 1: the rest
cup_strokes += [(1, slice(5, 95), 145), (1, 95, slice(5, 145))]
cup_markers = with_strokes(cup_photo.shape, *cup_strokes)
cup_labels = coffee.label_map[::4, ::4]
compare(cup_photo, drawn_on(cup_photo, cup_markers), titles=["photograph", "strokes"])
print(f"{np.sum(cup_markers > 0)} of {cup_markers.size} pixels are marked")


# %% [markdown]
# Both methods get the same strokes. The watershed floods the gradient magnitude of the grey levels;
# the walker takes its differences over the three channels.
# %%
def by_watershed(image, markers):
    return watershed(edges.gradient_magnitude(grey_levels(image)), markers) == 2


def by_walker(image, markers):
    axis = -1 if image.ndim == 3 else None
    return random_walker(image / 255, markers, beta=130, mode="bf", channel_axis=axis) == 2


answers = {
    "watershed": by_watershed(cup_photo, cup_markers),
    "random walker": by_walker(cup_photo, cup_markers),
}
cup, scored = np.isin(cup_labels, [2, 3]), cup_labels != 255
compare(cup, *answers.values(), titles=["the cup", *answers])
for name, answer in answers.items():
    print(f"{name:>13}: IoU {metrics.mask_iou(cup, answer, scored=scored):.3f}")
reveal("04-walker", "random walker")
# %% [markdown]
# The border between cup and saucer has gaps. The flood needs one of them and is in the saucer; the
# walkers must find it many times. Strokes on the cat and on the man with the camera, with a third line
# for comparison, the score of calling every pixel object:
# %%
cat_strokes = [(2, slice(40, 130), 110), (2, 70, slice(70, 150))]
cat_strokes += [(1, slice(20, 140), 205), (1, slice(5, 40), 6)]
man_strokes = [(2, slice(45, 90), 30), (2, 30, slice(47, 58)), (1, slice(5, 40), 8)]
man_strokes += [(1, 5, slice(8, 120)), (1, slice(5, 120), 115), (1, 115, slice(45, 115))]
camera = load_picture("camera")
small_cat, small_man = cat.image[::2, ::2], camera.image[::4, ::4]
cases = {  # image, label map, strokes, classes of the object
    "cup": (cup_photo, cup_labels, cup_markers, [2, 3]),
    "cat": (small_cat, cat.label_map[::2, ::2], with_strokes((150, 226), *cat_strokes), [1, 2, 3]),
    "man": (small_man, camera.label_map[::4, ::4], with_strokes((128, 128), *man_strokes), [1]),
}
for name, (image, label_map, markers, classes) in cases.items():
    target, scored = np.isin(label_map, classes), label_map != 255
    for method in (by_watershed, by_walker):
        iou = metrics.mask_iou(target, method(image, markers), scored=scored)
        print(f"{name}, {method.__name__:>12}: IoU {iou:.3f}")
    everything = metrics.mask_iou(target, np.ones_like(target), scored=scored)
    print(f"{name}, {'every pixel':>12}: IoU {everything:.3f}")
# %% [markdown]
# The walker's answer for the cat scores a little less than calling every pixel cat. What happened?
# Again yellow strokes are cat, light blue ones are not:
# %%
image, label_map, markers, classes = cases["cat"]
target = np.isin(label_map, classes)
titles = ["strokes on the cat", "the cat", "watershed", "random walker"]
drawn = drawn_on(image, ndimage.grey_dilation(markers, size=3))  # three pixels wide, to be seen
flooded, walked = by_watershed(image, markers), by_walker(image, markers)
compare(drawn, target, flooded, walked, titles=titles)
print(f"the cat covers {target.mean():.0%} of the picture, the walker's answer {walked.mean():.0%}")
# %% [markdown]
# And the cost:
# %% tags=["measured"]
for name, (image, _, markers, _) in cases.items():
    for method in (by_watershed, by_walker):
        cost = milliseconds(method, image, markers)
        print(f"{name}, {method.__name__:>12}: {cost:.0f} ms for {markers.size:,} pixels")
# %% [markdown]
# The man's dark coat before a bright sky: both find it. The cat's border is soft and its stripes are
# sharp: the flood stops at the stripes, and the walkers, whom no border holds, divide the picture
# somewhere between the strokes. They forgive a gap; they do not know a cat. And they cost more: a
# linear system with one unknown per pixel.
# %% [markdown]
# ## 11 What the classical methods reach
#
# Lessons 02, 03 and 04 are one toolbox, and here it is tried as a whole: every method on all
# annotated pictures, one setting for all, the object being everything that is not background. A
# classical method finds *groups* of pixels and has no names for them, so the truth itself names
# each group, object or background. (Two pictures are of writing: a
# printed `page`, and `lit_text`, lit from one side. `valley` is the threshold in the deepest valley of
# the histogram, lesson 02.) The numbers come from `benchmarks/classical.py`, measured on one machine.
# **Predict** how far this takes.
# %% tags=["nbval-ignore-output"]
predict(
    "04-best",
    "Take each method's median IoU over all pictures. What does the best method reach?",
    number=("", 0, 1),
)
# %%
import json

from course_utils.places import course_root

file = course_root() / "benchmarks" / "results" / "classical.json"
results = json.loads(file.read_text(encoding="utf-8"))
pictures = results["pictures"]
cases = {(case["method"], case["picture"]): case for case in results["cases"]}
methods = [m for m in results["methods"] if m["kind"] == "method"]


def of_method(name, field):
    return np.array([cases[name, picture][field] or 0 for picture in pictures])  # no answer: 0


print(f"{len(methods)} methods on {len(pictures)} pictures, measured on", end=" ")
print(f"{results['machine']['cores']} cores of {results['machine']['processor']}")
# %% [markdown]
# One line for each method: the median over the pictures, the range, the median cost, and the
# pictures at both ends.
# %%
print(f"{'':>32} lesson   median   range         ms   wins on, fails on")
for number, method in enumerate(methods, start=1):
    iou, cost = (of_method(method["name"], field) for field in ("iou", "milliseconds"))
    extremes = f"{pictures[iou.argmax()]}, {pictures[iou.argmin()]}"
    print(
        f"{number:>2} {method['name']:>29}   {method['lesson']}      {np.median(iou):.2f}", end=""
    )
    print(f"    {iou.min():.2f}-{iou.max():.2f}  {np.median(cost):5.0f}   {extremes}")
reveal("04-best", max(np.median(of_method(m["name"], "iou")) for m in methods), tolerance=0.05)
# %% [markdown]
# The same as a picture. Each small mark is a method on a picture, each large one a method's median,
# with its number above it or to its left.
# %%
figure, ax = plt.subplots(figsize=(7.5, 4.2))
looks = {"02": ("#dd8822", "o"), "03": ("#00ccff", "s"), "04": ("#77aa77", "D")}
for number, method in enumerate(methods, start=1):
    cost, iou = (of_method(method["name"], field) for field in ("milliseconds", "iou"))
    colour, marker = looks[method["lesson"]]
    ax.scatter(cost, iou, s=12, color=colour, marker=marker, alpha=0.6)
    at = (np.median(cost), np.median(iou))
    ax.plot(*at, marker, color=colour, markersize=9, markeredgecolor="black")
    offset = (0, 11) if number % 2 == 0 else (-12, 0)  # above or to the left
    ax.annotate(str(number), at, offset, textcoords="offset points", ha="center", va="center")
for lesson, (colour, marker) in looks.items():
    ax.plot([], [], marker, color=colour, label=f"lesson {lesson}")
ax.set(xscale="log", xlabel="milliseconds (logarithmic)", ylabel="IoU", ylim=(-0.03, 1.03))
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
medians = {m["name"]: np.median(of_method(m["name"], "iou")) for m in methods}
best, worst = max(medians, key=medians.get), min(medians, key=medians.get)
words = f"Best median IoU {best}, {medians[best]:.2f}; lowest {worst}, {medians[worst]:.2f}"
set_alt_text(figure, f"IoU against milliseconds of {len(methods)} methods. {words}.")
print(words)
# %% [markdown]
# Much more time buys little. Every method has a picture on which it does well and one on which it
# finds nearly nothing; Otsu's threshold, the cheapest of all, is hard to beat and no help where
# light or colour do not divide object from ground. Three lines for comparison:
# %%
for name, meaning in [
    ("no split", "everything in one group, named by the truth"),
    ("best threshold", "the best of all thresholds, chosen with the truth"),
    ("SLIC 400 alone", "400 super-pixels, each named by the truth"),
]:
    iou = of_method(name, "iou")
    print(f"{name:>14}: median {np.median(iou):.2f}, from {iou.min():.2f}  ({meaning})")
low = sorted(zip(of_method("SLIC 400 alone", "iou"), pictures, strict=True))[:2]
print("SLIC 400 alone is lowest on", ", ".join(f"{name} {iou:.2f}" for iou, name in low))
print(f"the best method's median, for comparison: {medians[best]:.2f}")
# %% [markdown]
# The best method does no better than the best threshold, if the truth could choose it. The third line
# is no method either: the truth names 400 pieces. But it tells what is missing. On most photographs
# the pieces are there and their borders are good (not on thin writing, where a piece is wider than a
# stroke); what no classical method knows is **which pieces are a cat**. That is learned from examples:
# lessons 11 to 15 are set against this very table.
#
# For objects, AP:
# %%
groups = {}
for case in results["instances"]:
    place = "".join(letter for letter in case["picture"] if not letter.isdigit())  # all scenes
    groups.setdefault((case["method"], place.replace(" ,", ",")), []).append(case)
for method in dict.fromkeys(method for method, _ in groups):
    print(method.replace("components", "connected regions"))
    for place in [place for other, place in groups if other == method]:
        found = groups[method, place]
        ap, cost = (np.mean([case[field] for case in found]) for field in ("ap", "milliseconds"))
        print(f"    {place:>28}: AP {ap:.2f}, {cost:3.0f} ms")
# %% [markdown]
# Under even light a threshold and a split count touching coins. Under uneven light the mask must
# come from edges. On the nuclei nothing does well: they are pale, small, and among much that has
# their colour.
#
# | method | asks of the picture | fails where |
# |---|---|---|
# | edges, closed and filled | a closed outline, sharper than all inside it | soft borders, texture |
# | connected regions | objects that do not touch | they touch |
# | watershed of the distance | round objects of a known size, a good mask | oblong objects, mixed sizes |
# | watershed of the gradient | one marker for each object, ridges without gaps | a gap in a ridge |
# | random walker | markers; forgives gaps | texture stronger than borders |
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
from course_utils.widgets.quiz import quiz

quiz("04_edges_and_regions")
# %% [markdown]
# ## Recap
#
# - An edge is a fast change. Grey levels can hide it: red and blue of one grey level have none between them.
# - Sobel's magnitude is the Euclidean norm of two smoothed differences. Canny smooths, takes the gradient, thins it along its direction, and keeps weak pixels that are connected to strong ones.
# - A contour must be closed before it can be filled; one pixel of gap empties the region.
# - The distance transform turns touching objects into hills; a watershed floods them from markers. Without markers, every grain is a basin.
# - A random walker asks which marker is reached first, and forgives gaps. No classical method knows what a cat is.
#
# **Next:** the exercise of this lesson, then lesson 05, how good is a mask?
# %% [markdown]
# ## Further reading
#
# - Canny, *A Computational Approach to Edge Detection*, IEEE PAMI 1986: criteria for a good edge, two thresholds, [doi 10.1109/TPAMI.1986.4767851](https://doi.org/10.1109/TPAMI.1986.4767851)
# - Vincent, Soille, *Watersheds in Digital Spaces*, IEEE PAMI 1991: flooding by immersion, [doi 10.1109/34.87344](https://doi.org/10.1109/34.87344)
# - Soille, Ansoult, *Automated basin delineation from digital elevation models*, Signal Processing 1990: the order of the queue, [doi 10.1016/0165-1684(90)90127-K](https://doi.org/10.1016/0165-1684%2890%2990127-K)
# - Grady, *Random Walks for Image Segmentation*, IEEE PAMI 2006, [doi 10.1109/TPAMI.2006.233](https://doi.org/10.1109/TPAMI.2006.233)
