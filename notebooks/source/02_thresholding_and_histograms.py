# %% [markdown]
# # 02 Thresholding and histograms
#
# After this lesson you can read a histogram, choose a threshold by hand, by the valley between two
# peaks, by Otsu's curve or by each pixel's neighbours, and say for a given picture which of them
# will fail, and why.
#
# **Needs:** lesson 01, NumPy. **Run time:** about 20 s on two CPU cores; no GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from skimage import color, exposure, filters

from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture, picture_names
from course_utils.figures import set_alt_text
from course_utils.metrics import mask_iou
from course_utils.plotting import compare, show_image, show_instances, show_label_map
from course_utils.timing import milliseconds
from course_utils.widgets import neighbourhood, otsu, threshold
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 One question to every pixel
#
# Here is the oldest segmentation method: ask each pixel whether it is brighter than one fixed grey
# level, the **threshold**. Left, coins; right, every pixel above level 107 (section 6 tells why 107).
# %%
coins = load_picture("coins").image  # (H, W) uint8: grey levels 0 (black) to 255 (white)
mask = coins > 107  # (H, W) bool
_, axes = plt.subplots(1, 2, figsize=(5.4, 2.3))
compare(coins, mask, titles=["photograph", "brighter than 107"], axes=axes)
print(f"{mask.mean():.1%} of the pixels are brighter than 107")
# %% [markdown]
# Not bad for one line of code. And here is a page: letters printed by computer, so that the true mask
# is known, under the light of a real scanned page. You can read every one of them.
# %%
page = load_picture("lit_text")
ax = show_image(page.image, title="ink or paper?")
set_alt_text(ax, "A printed page about thresholds: the left side in shade, the letters readable.")
print(f"{page.image.shape} pixels, levels {page.image.min()} to {page.image.max()}")
# %% [markdown]
# To score a mask we use **IoU**: the pixels in both masks (yours and the true one) divided by the
# pixels in either. 1 is perfect, 0 has nothing in common. Lesson 05 takes this number apart.
#
# **Predict.** All 256 thresholds are tried on this page, and the best one is kept. (The page's own
# text has an opinion on thresholds. You need not share it; put a number to it.)
# %% tags=["nbval-ignore-output"]
predict(
    "02-page",
    "What IoU does the ink reach with the best of all 256 thresholds?",
    number=("", 0, 1),
)
# %% [markdown]
# Section 8 tells. Until then, keep two questions apart, because this lesson answers both: *does* a
# good threshold exist, and *how is it found* without looking at the true mask?
#
# ## 2 Grey levels
#
# The coins come with one number per pixel. A colour picture has three: red, green, blue. A **grey
# level** is their weighted mean. Which weights?
#
# The eye is most sensitive to green and least to blue. The weights are the shares of the three
# colours in the brightness of a screen's white, as the television standard BT.709 lists them:
# 0.2126, 0.7152, 0.0722. scikit-image uses nearly these. (Strictly they hold for light, not for the
# numbers stored in a file; for pictures they are applied to the stored numbers all the same.)
# %%
WEIGHTS = np.array([0.2125, 0.7154, 0.0721])  # red, green, blue; they add up to 1


def to_grey(image):
    return np.rint(image @ WEIGHTS).astype(np.uint8)  # (H, W, 3) @ (3,) -> (H, W)


coffee, tissue = load_picture("coffee"), load_picture("immunohistochemistry")
grey = to_grey(coffee.image)
by_library = np.rint(255 * color.rgb2gray(coffee.image)).astype(np.uint8)
figure, axes = plt.subplots(1, 2, figsize=(4.8, 1.85))
compare(coffee.image, grey, titles=["colour", "grey levels"], axes=axes)
print("equal to skimage.color.rgb2gray:", np.array_equal(grey, by_library))
# %% [markdown]
# Three numbers became one, so something is lost: different colours share one grey level.
# %%
colours = np.array([[(255, 0, 0), (0, 76, 0), (54, 54, 54), (0, 50, 255)]], dtype=np.uint8)
compare(colours, to_grey(colours), titles=["four colours", "their grey levels"])
print(
    to_grey(colours), "while the plain mean of red, green, blue is", colours.mean(axis=-1).round()
)


# %% [markdown]
# No threshold on grey can ever tell these four apart. Section 9, colour, does.
#
# ## 3 The histogram
#
# A threshold never asks *where* a pixel is. So all it can work with is the **histogram**: how many
# pixels have each grey level. Count them in a loop, then let NumPy count.
# %%
def histogram_by_loop(grey):
    histogram = np.zeros(256, dtype=int)
    for level in grey.ravel():
        histogram[level] += 1
    return histogram


def to_histogram(grey):
    return np.bincount(grey.ravel(), minlength=256)  # (256,)


histogram = to_histogram(coins)
np.testing.assert_array_equal(histogram, histogram_by_loop(coins))
by_library, levels = exposure.histogram(coins)  # only the levels from the darkest to the brightest
np.testing.assert_array_equal(histogram[levels], by_library)
print(f"loop, NumPy, scikit-image agree: {histogram.sum():,} pixels, most at {histogram.argmax()}")
# %% [markdown]
# Drawn: pale grey for the levels up to 107, dark green for those above. From here on, **class 0 is
# the levels <= t and class 1 the levels > t**.
# %%
figure, ax = plt.subplots(figsize=(5, 2.8))
threshold.show_histogram(histogram, ax, threshold=107)
print(f"class 0 {histogram[:108].sum():,} pixels, class 1 {histogram[108:].sum():,} pixels")
# %% [markdown]
# **Predict.** All pixels of the coins are taken out and put back in random order. How does the
# histogram change?
# %% tags=["nbval-ignore-output"]
predict(
    "02-shuffle",
    "The histogram of the shuffled picture ...",
    options=["becomes flat", "becomes one bell", "does not change"],
)
# %%
shuffled = np.random.default_rng(0).permutation(coins.ravel()).reshape(coins.shape)
figure, axes = plt.subplots(1, 2, figsize=(4.4, 1.9))
compare(coins, shuffled, titles=["coins", "shuffled"], axes=axes)
print("same histogram:", np.array_equal(to_histogram(shuffled), histogram))
reveal("02-shuffle", "does not change")
# %% [markdown]
# Whatever is chosen from the histogram alone is the same for both pictures. That is the strength of
# the method (256 numbers instead of 116,352) and its limit: shape, place and neighbours are gone.
#
# **Move it.** Find the threshold with the best IoU for each object. Which object has one clear
# answer, which none? Leave noise at 0 for now. The right picture compares your mask with the true
# one: object found (true positive), called object wrongly (false positive), object missed (false
# negative), and the rest (true negative).
# %%
threshold.draw_threshold("coins", threshold=107)
# %% tags=["nbval-ignore-output"]
threshold.demo()


# %% [markdown]
# Trying every threshold against the true mask gives the ceiling that no choice of a threshold can
# pass. It is no method, because it needs the answer.
#
# A `scene` is a grey picture with the true mask of one object. The object may be the bright class or
# the dark one, so `scene.mask(grey, t)` is `grey > t` where `scene.bright` is True, and `grey <= t`
# where it is False. `scene.iou(mask)` leaves out the pixels that nobody could decide (void). The ink
# of the page is tried here too, but told in section 8.
# %%
def best_threshold(scene):
    ious = [scene.iou(scene.mask(scene.grey, t)) for t in range(256)]
    return int(np.nanargmax(ious)), np.nanmax(ious)


scenes = {name: threshold.scene(name) for name in threshold.SCENES}
ceiling = {name: best_threshold(scene) for name, scene in scenes.items()}
for name, (t, iou) in ceiling.items():
    scene, side = scenes[name], "bright" if scenes[name].bright else "dark"
    everything = scene.iou(np.ones_like(scene.target))
    if name != "ink":
        print(f"{name:>6} ({side:>6}): best threshold {t:3d}, IoU {iou:.2f}", end="; ")
        print(f"the whole picture called object {everything:.2f}")
# %% [markdown]
# Look at the cat: 0.81 sounds fine, until you see that calling the *whole picture* cat gives 0.78.
# The cat has nearly every grey level, and so has the room behind it. There is no threshold to find:
# %%
cat, t = scenes["cat"], ceiling["cat"][0]
found = cat.mask(cat.grey, t)[~cat.target & cat.scored].mean()
print(f"with the best threshold, {found:.0%} of the room is called cat as well")
threshold.draw_threshold("cat", threshold=t)
# %% [markdown]
# ## 4 The valley between two peaks
#
# If object and background each make a peak, put the threshold into the valley between them. This
# tissue has been stained: glands are dark, the rest is pale. (One level stands out, taller than the
# panel: empty glass, all of one colour.)
# %%
glands = scenes["glands"]
figure, axes = plt.subplots(1, 2, figsize=(6.6, 2.7))
show_image(glands.grey, axes[0], title="glands, grey levels")
threshold.show_histogram(to_histogram(glands.grey), axes[1], title="two peaks")
counts = to_histogram(glands.grey)
steps = np.sign(np.diff(counts))
steps = steps[steps != 0]  # past equal neighbours
print(f"the histogram turns from rising to falling {np.sum(np.diff(steps) < 0)} times")
print(f"tallest: level {counts.argmax()}, {counts.max():,} pixels; next {np.sort(counts)[-2]:,}")


# %% [markdown]
# Your eye sees two peaks; the numbers have dozens, because counts jitter from level to level. So
# smooth the histogram, each entry becoming the mean of itself and its two neighbours, until two
# peaks are left (Prewitt & Mendelsohn 1966).
# %%
def smooth(histogram):
    padded = np.pad(histogram, 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def find_peaks(histogram):
    peaks, rising = [], True
    for level in range(len(histogram)):
        after = histogram[level + 1] if level < 255 else -1  # it falls after the last level
        if rising and after < histogram[level]:
            peaks.append(level)
        if after != histogram[level]:
            rising = after > histogram[level]
    return peaks


# %% [markdown]
# Watch the peaks go, then take the level with the smallest count between the last two:
# %%
def valley(histogram, report=False):
    histogram = histogram.astype(float)
    for times in range(10_000):
        peaks = find_peaks(histogram)
        if report and times in (0, 1, 2, 5, 10):
            print(f"smoothed {times:2d} times: {len(peaks):2d} peaks")
        if len(peaks) <= 2:
            break
        histogram = smooth(histogram)
    if len(peaks) < 2:
        return -1  # one peak, no valley
    left, right = peaks
    return left + int(np.argmin(histogram[left : right + 1]))


t = valley(to_histogram(glands.grey), report=True)
print(f"threshold {t}, IoU {glands.iou(glands.grey <= t):.3f}; ceiling {ceiling['glands'][1]:.3f}")
# %% [markdown]
# Almost the ceiling, without having seen the true mask. **Same answer as the library?** On all
# eleven pictures of the course:
# %%
for name in picture_names():
    image = load_picture(name).image
    grey = image if image.ndim == 2 else to_grey(image)
    by_hand, by_library = valley(to_histogram(grey)), int(filters.threshold_minimum(grey))
    if by_hand == by_library:
        print(f"{name}: the same")
    else:
        spike = to_histogram(grey)[255]
        print(f"{name}: {by_hand} by hand, {by_library} by the library; {spike} pixels are white")
# %% [markdown]
# Ten agree. On the rocket, over-exposed pixels pile up at the last level, 255. We count that pile as
# a peak, `threshold_minimum` does not, because it sees no level after it to which the counts fall.
# Neither is right or wrong; the word *peak* has two definitions.
#
# And the coins? Between the peaks of dark cloth and of bright coins lies a third, in which the bright
# corner of the cloth and darker coins share the levels. Smoothing merges it with the first, so the
# valley that is left lies beyond it.
# %%
counts = to_histogram(coins).astype(float)
while len(find_peaks(counts)) > 3:
    counts = smooth(counts)
peaks = find_peaks(counts)
near = np.abs(coins.astype(int) - peaks[1]) <= 5
cloth = 1 - scenes["coins"].target[near & scenes["coins"].scored].mean()
print(f"three peaks {peaks}; near the middle one {cloth:.0%} of the pixels are cloth")
t = valley(to_histogram(coins))
print(f"coins: valley at {t}, IoU {scenes['coins'].iou(coins > t):.2f}")
print(f"the best threshold is {ceiling['coins'][0]}, IoU {ceiling['coins'][1]:.2f}")
# %% [markdown]
# ## 5 Noise fills the valley
#
# A valley is the most fragile place of a histogram. Noise moves every pixel to levels near its own:
# peaks become lower and wider, and the valley between them fills up.
#
# **Predict.** Noise of 30 grey levels (standard deviation) is added to the tissue.
# %% tags=["nbval-ignore-output"]
predict(
    "02-noise",
    "Without noise the valley was at 186. Where is the threshold of section 4 now?",
    options=["within 10 levels of 186", "near one end of the scale", "there is none"],
)
# %%
figure, axes = plt.subplots(1, 3, figsize=(8, 2.8))
for ax, noise, first in zip(axes, [0, 30, 30], [False, False, True], strict=True):
    noisy = threshold.noisy_levels("glands", noise, smooth=first)
    t = valley(to_histogram(noisy))
    title = f"noise {noise}" + (", smoothed" if first else "")
    threshold.show_histogram(to_histogram(noisy), ax, t, title=title)
    print(f"{title:>18}: valley at {t}, IoU {glands.iou(noisy <= t):.3f}")
reveal("02-noise", "near one end of the scale")


# %% [markdown]
# The two peaks have merged into one. What the method takes for the second peak is the pile of
# pixels that noise pushed to white.
#
# The remedy is to smooth *the picture* before the threshold, here with a Gaussian of 2 pixels: the
# mean of many neighbours has less noise, and the valley is back. (The price is paid at borders,
# where the mean mixes both sides.) The IoU is even above the ceiling of section 3: that ceiling holds
# for all thresholds on the unsmoothed picture, and smoothing makes another picture.
#
# Note the two kinds of smoothing: of the histogram in section 4, of the picture here. Only the
# second one knows where the pixels are.
#
# **Move it.** In the demo of section 3, choose the glands, raise the noise, and tick "Smooth the
# picture first".
# %% [markdown]
# ## 6 Otsu: make the classes differ as much as possible
#
# Otsu (1979) gave a reason for another idea: real valleys are flat, noisy, or lost between unequal
# peaks. He looks at no peak at all, and asks for two classes that are *tight inside and far apart*.
#
# For a threshold t, let class 0 hold a share w0 of the pixels, with mean mu0 and variance s0 (class
# 1 likewise). The variance of all pixels splits exactly in two:
#
# $$\underbrace{\sigma_T^2}_{\text{total}} = \underbrace{w_0 s_0 + w_1 s_1}_{\text{within, } \sigma_W^2} + \underbrace{w_0 w_1 (\mu_1 - \mu_0)^2}_{\text{between, } \sigma_B^2}$$
#
# The total does not depend on t. So the smallest variance within and the largest variance between
# are at the same threshold. Check the sum before you believe it:
# %%
def split_variance(values, t):
    low, high = values[values <= t].astype(float), values[values > t].astype(float)
    w0, w1 = low.size / values.size, high.size / values.size
    within = w0 * low.var() + w1 * high.var()
    between = w0 * w1 * (high.mean() - low.mean()) ** 2
    return within, between


for t in (60, 107, 180):
    within, between = split_variance(coins, t)
    print(f"t {t:3d}: within {within:6.1f} + between {between:6.1f} = {within + between:.4f}")
print(f"variance of all pixels: {coins.astype(float).var():.4f}")


# %% [markdown]
# Where does the formula for the variance between come from? It is the variance of the two means
# around the common mean mu = w0 mu0 + w1 mu1, each weighted with its share:
#
# $$w_0 (\mu_0 - \mu)^2 + w_1 (\mu_1 - \mu)^2$$
#
# Put in mu and use w0 + w1 = 1: the first bracket is w1 (mu0 - mu1), the second w0 (mu1 - mu0).
# Squared and added: w0 w1 (w1 + w0) (mu1 - mu0)^2.
#
# For all 256 thresholds at once, running sums over the histogram are enough. No pixel is looked at
# again:
# %%
def between_class_variance(histogram):
    levels, pixels = np.arange(256), histogram.sum()
    n0, sum0 = np.cumsum(histogram), np.cumsum(histogram * levels)  # of the levels <= t
    n1, sum1 = pixels - n0, sum0[-1] - sum0  # of the levels > t
    mean0, mean1 = sum0 / np.maximum(n0, 1), sum1 / np.maximum(n1, 1)
    return (n0 / pixels) * (n1 / pixels) * (mean1 - mean0) ** 2  # (256,), 0 where one is empty


curve = between_class_variance(histogram)
print(f"highest at level {curve.argmax()}: {curve.max():.1f}")
print(f"at 60: {curve[60]:.1f}, by the pixels {split_variance(coins, 60)[1]:.1f}")
# %% [markdown]
# **Same answer as the library?** To the level, on all eleven pictures:
# %%
for name in picture_names():
    image = load_picture(name).image
    grey = image if image.ndim == 2 else to_grey(image)
    by_hand = int(between_class_variance(to_histogram(grey)).argmax())
    assert by_hand == filters.threshold_otsu(grey)
print(f"the same threshold on {len(picture_names())} pictures")
# %% [markdown]
# **Predict.** The cell is tiny. Its best threshold is 93 (section 3). Who comes closer?
# %% tags=["nbval-ignore-output"]
predict("02-cell", "On the cell, which is nearer to 93?", options=["valley", "Otsu"])
# %% [markdown]
# **Move it.** Left, the two classes with their means (triangles); right, Otsu's curve with *your*
# threshold on it. Climb to the top. Then compare coins and cell: which curve is sharp, which is
# flat for fifty levels?
# %%
otsu.draw_otsu("coins", threshold=60)
# %% tags=["nbval-ignore-output"]
otsu.demo()
# %% [markdown]
# Both rules on every scene but the ink, with the ceiling at the end of the row:
# %%
for name, scene in scenes.items():
    if name == "ink":
        continue  # section 8
    counts = to_histogram(scene.grey)
    choices = {"valley": valley(counts), "Otsu": int(between_class_variance(counts).argmax())}
    scores = [
        f"{m} {t:3d} IoU {scene.iou(scene.mask(scene.grey, t)):.2f}" for m, t in choices.items()
    ]
    print(
        f"{name:>6}: {',  '.join(scores)},  best {ceiling[name][0]:3d} IoU {ceiling[name][1]:.2f}"
    )
reveal("02-cell", "valley")
# %% [markdown]
# Each wins somewhere. Otsu weighs the classes by their shares, w0 w1, so it prefers classes of equal
# size: on the tiny cell it climbs into the cell, and on the glands into the darker peak. The valley
# does better there, because the peaks are apart. On the coins the valley lies beyond the third peak,
# and Otsu wins. On the cat both are useless: no threshold is good there.
#
# **Spot the error.** A common claim: "the largest peak of the histogram is the background".
# %% tags=["nbval-ignore-output"]
predict(
    "02-peak",
    "On which of these pictures is that false?",
    options=["coins", "man with camera", "tissue", "page"],
)
# %%
for name in ("coins", "man", "glands", "ink"):
    scene = scenes[name]
    peak = to_histogram(scene.grey).argmax()
    at_peak = np.abs(scene.grey.astype(int) - peak) <= 3
    share = scene.target[at_peak & scene.scored].mean()
    print(f"{name:>6}: largest peak at {peak:3d}, {share:.0%} of the pixels there are {name}")
camera = load_picture("camera")
shares = {name: np.mean(camera.label_map == i) for i, name in enumerate(camera.class_names)}
print("of the picture:", ", ".join(f"{name} {share:.0%}" for name, share in shares.items()))
reveal("02-peak", "man with camera")


# %% [markdown]
# The man's black coat makes the largest peak, though the background of grass, sky and houses is more than
# twice as large: they spread over more levels. Peak size says how *uniform* an area is, not whether it is
# background. Otsu's rule never asks which class is the background; you must say it.
#
# ## 7 Three peaks
#
# The man with the camera has three kinds of pixels: coat, grass, sky. Two classes must put two of
# them together. For three classes, try every *pair* of thresholds; the variance between the classes
# is now the sum of w (mu - mean)^2 over three. There are 255 * 254 / 2 = 32,385 pairs.
# %%
def two_thresholds(histogram):
    levels, pixels = np.arange(256), histogram.sum()
    n, total = np.cumsum(histogram), np.cumsum(histogram * levels)
    low, high = np.triu_indices(255, k=1)  # every pair low < high, shape (32385,)
    counts = np.array([n[low], n[high] - n[low], n[-1] - n[high]])  # (3, pairs)
    sums = np.array([total[low], total[high] - total[low], total[-1] - total[high]])
    means = sums / np.maximum(counts, 1)
    between = np.sum(counts / pixels * (means - total[-1] / pixels) ** 2, axis=0)
    best = between.argmax()
    return int(low[best]), int(high[best])


man = scenes["man"]
low, high = two_thresholds(to_histogram(man.grey))
print(f"by every pair: {low}, {high}; by the library: {filters.threshold_multiotsu(man.grey)}")
# %% [markdown]
# Two numbers, three classes:
# %%
three = np.digitize(man.grey, [low, high], right=True)  # 0, 1, 2: <= low, <= high, above
figure, axes = plt.subplots(1, 3, figsize=(8, 3))
show_image(man.grey, axes[0], title="photograph")
threshold.show_histogram(to_histogram(man.grey), axes[1], title="three peaks")
for t in (low, high):
    axes[1].axvline(t + 0.5, color="#1155aa")
names = ["dark", "middle", "bright"]
show_label_map(three, axes[2], class_names=names, title="three classes")
otsu_level = filters.threshold_otsu(man.grey)
print(f"man: two classes (t {otsu_level}) IoU {man.iou(man.grey <= otsu_level):.3f}")
print(f"man: darkest of three (t {low}) IoU {man.iou(three == 0):.3f}")
# %% [markdown]
# Three classes describe this picture: coat, grass and sky fall apart, and the man gains a little as
# well. No single threshold can cut out the grass, which lies *between* the other two.
#
# More classes are no cure by themselves. On the coins the third class is spent on the cloth:
# %%
low, high = two_thresholds(to_histogram(coins))
assert [low, high] == filters.threshold_multiotsu(coins).tolist()
print(f"coins: two classes IoU {scenes['coins'].iou(coins > 107):.3f}")
print(f"coins: brightest of three ({low}, {high}) IoU {scenes['coins'].iou(coins > high):.3f}")
# %% [markdown]
# ## 8 Uneven light: a threshold for every pixel
#
# Back to the page of section 1.
# %%
ink = scenes["ink"]
t, iou = ceiling["ink"]
compare(ink.grey, ink.grey <= t, titles=["page", f"best of all 256: {t}"])
paper, letters = ink.grey[~ink.target], ink.grey[ink.target]
print(f"best threshold {t}: IoU {iou:.2f}")
print(f"darkest paper {paper.min()}, brightest ink {letters.max()}")
reveal("02-page", iou, tolerance=0.05)


# %% [markdown]
# Half, with the best threshold there is: paper in the shade is darker than ink in the light. You can
# read it because you compare each letter with the paper *around it*. So do that: take the mean of a
# window around each pixel, minus an offset, as that pixel's own threshold.
#
# A window of 25 x 25 pixels means 625 additions per pixel. A **summed-area table** needs four
# look-ups, whatever the window: store at each place the sum of everything above and to the left.
#
# D is the window, A, B and C are all that is above it and to its left. The table knows A, A + B,
# A + C and A + B + C + D:
#
# | | left | window |
# |---|---|---|
# | **above** | A | B |
# | **window** | C | D |
#
# D = (A + B + C + D) - (A + B) - (A + C) + A. For one window:
# %%
small = np.arange(16).reshape(4, 4)
table = np.pad(small.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))  # a row and column of zeros
print(small, table, sep="\n\n")
top, bottom, left, right = 1, 3, 1, 4  # rows 1 and 2, columns 1 to 3
d = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
print(f"four look-ups: {d}, sum of the window: {small[1:3, 1:4].sum()}")


# %% [markdown]
# For all windows of one size at once, the four look-ups become four shifted copies of the table:
# %%
def window_mean(grey, size):
    half = size // 2
    padded = np.pad(grey.astype(float), half, mode="symmetric")  # mirror the picture at its border
    table = np.pad(padded.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    total = (
        table[size:, size:] - table[:-size, size:] - table[size:, :-size] + table[:-size, :-size]
    )
    return total / size**2


by_library = filters.threshold_local(ink.grey, 25, method="mean")
np.testing.assert_allclose(window_mean(ink.grey, 25), by_library)
print(f"by hand and by threshold_local: equal at all {by_library.size:,} pixels")


# %% [markdown]
# Equal to rounding, up to the border, because the same rule is used there: the picture is mirrored.
# Another common rule takes the mean of only those neighbours that exist. It differs, but only near
# the border:
# %%
def window_mean_cut(grey, size):
    ones = np.ones_like(grey, dtype=float)
    total, count = (
        ndimage.uniform_filter(values, size, mode="constant")
        for values in (grey.astype(float), ones)
    )
    return total / count  # the sum over existing neighbours / how many there are


difference = np.abs(window_mean_cut(ink.grey, 25) - by_library)
print(f"at most {difference.max():.1f} levels at the border")
print(f"at most {difference[12:-12, 12:-12].max():.1f} where the whole window lies inside")
# %% [markdown]
# **Gaussian weights** let near neighbours count more than far ones. scikit-image takes a standard
# deviation of (size - 1) / 6, here 4 pixels: 12 pixels, the half window, are three of them. (The sum
# itself goes on to four deviations, so 33 x 33 neighbours count, the outer ones hardly.) Now subtract
# the offset and compare:
# %%
local = {
    "mean": window_mean(ink.grey, 25),
    "Gaussian": ndimage.gaussian_filter(ink.grey.astype(float), (25 - 1) / 6),
}
for weights, level in local.items():
    by_library = filters.threshold_local(ink.grey, 25, method=weights.lower(), offset=30)
    np.testing.assert_allclose(level - 30, by_library)
    print(f"{weights:>8}: IoU {ink.iou(ink.grey <= level - 30):.3f}; global at best {iou:.3f}")
ax = show_image(ink.grey <= local["mean"] - 30, title="darker than its neighbours by 30")
# %% [markdown]
# From 0.52 to about 0.9. **Predict.** The same window and an offset of 10 levels (now *above* the
# mean, for bright objects) on the cell, where one global threshold reaches 0.98.
# %% tags=["nbval-ignore-output"]
predict(
    "02-window",
    "The cell is some 125 pixels wide, the window 25. What does the local threshold find?",
    options=["the whole cell", "only a ring at its border", "only its middle"],
)
# %%
cell = scenes["cell"]
hollow = cell.grey > window_mean(cell.grey, 25) + 10
part = np.s_[280:470, 330:520]
compare(cell.grey[part], hollow[part], titles=["cell", "brighter than its neighbours by 10"])
inner = ndimage.distance_transform_edt(cell.target) > 20
print(f"IoU {cell.iou(hollow):.3f}; found of the cell's middle {hollow[inner].mean():.0%}")
reveal("02-window", "only a ring at its border")
# %% [markdown]
# In the middle of the cell all neighbours are cell, and nothing is brighter than the mean of its
# equals. **The window must be larger than the object.** On the uniform background, with nothing to
# compare, only the offset keeps noise out.
#
# **Move it.** Left, one row of the picture with its threshold. Find window and offset for the ink;
# then for the coins, whose bright corner no global threshold could handle. How large must the
# window be?
# %%
neighbourhood.draw_neighbourhood("ink", window=15, offset=10)
# %% tags=["nbval-ignore-output"]
neighbourhood.demo()


# %% [markdown]
# The coins, brighter than their neighbours by 10 levels, in windows of several sizes:
# %%
coin = scenes["coins"]
for size in (15, 35, 55, 75, 101, 151):
    print(f"window {size:3d}: IoU {coin.iou(coin.grey > window_mean(coin.grey, size) + 10):.2f}")
widths = np.sqrt(4 / np.pi * np.bincount(load_picture("coins").instance_map.ravel())[1:])
print(f"coins are {widths.min():.0f} to {widths.max():.0f} pixels wide")
print(f"best global threshold: IoU {ceiling['coins'][1]:.2f}")


# %% [markdown]
# ## 9 Colour thresholds
#
# The red-orange saucer has the grey of shadows and of wood, so its best grey threshold is poor. But it
# has a colour. In **HSV**, a colour is its *hue* (an angle: red 0, green 1/3, blue 2/3), its
# *saturation* (0 grey, 1 pure) and its *value* (the brightest of the three channels).
# %%
def to_hsv(image):
    image = image / 255
    value, smallest = image.max(axis=-1), image.min(axis=-1)
    chroma = value - smallest
    saturation = chroma / np.where(value == 0, 1, value)
    red, green, blue = np.moveaxis(image, -1, 0)
    safe = np.where(chroma == 0, 1, chroma)
    hue = np.select(
        [value == red, value == green],
        [(green - blue) / safe, 2 + (blue - red) / safe],
        4 + (red - green) / safe,
    )
    return np.stack([hue / 6 % 1, saturation, value], axis=-1)  # (H, W, 3) in [0, 1]


hue, saturation, value = np.moveaxis(to_hsv(coffee.image), -1, 0)
np.testing.assert_allclose(to_hsv(coffee.image), color.rgb2hsv(coffee.image), atol=1e-12)
print(f"equal to skimage.color.rgb2hsv at all {hue.size:,} pixels")
# %% [markdown]
# The four colours of section 2, all of grey level 54, are four different triples:
# %%
for colour, triple in zip(colours[0], to_hsv(colours)[0], strict=True):
    print(colour, "hue {:.2f}, saturation {:.2f}, value {:.2f}".format(*triple))
# %% [markdown]
# The saucer is red-orange and very pure. Hue is a circle, so a window around red runs through 0:
# %%
saucer = coffee.label_map == coffee.class_names.index("saucer")
scored = coffee.label_map != 255
red_orange = ((hue < 0.04) | (hue > 0.96)) & (saturation > 0.8)
grey = to_grey(coffee.image)
by_grey = max(mask_iou(saucer, grey <= t, scored) for t in range(256))
centre = np.median(coffee.image[saucer], axis=0)  # its middle colour: this has seen the truth
distance = np.linalg.norm(coffee.image - centre, axis=-1)
by_distance = max(mask_iou(saucer, distance < d, scored) for d in range(5, 120, 5))
compare(saucer, red_orange, titles=["saucer, drawn by hand", "hue near red, saturation > 0.8"])
print(f"best grey threshold       IoU {by_grey:.2f}")
print(f"distance from one colour  IoU {by_distance:.2f}")
print(f"hue and saturation        IoU {mask_iou(saucer, red_orange, scored):.2f}")
# %% [markdown]
# Why does hue do better? Split the saucer by its light: its darkest and its brightest quarter.
# %%
turned = (hue + 0.5) % 1 - 0.5  # red in the middle, so that a median makes sense
dark, light = np.quantile(value[saucer], [0.25, 0.75])
for name, part in {"in shade": value <= dark, "in light": value >= light}.items():
    medians = [np.median(v[saucer & part]) for v in (value, turned, saturation, distance)]
    print("{}: value {:.2f}, hue {:.2f}, saturation {:.2f}, distance {:.0f}".format(name, *medians))
# %% [markdown]
# What colour costs, on the machine that built this page (the dyes come next):
# %% tags=["measured"]
print(f"grey levels        {milliseconds(to_grey, coffee.image):5.1f} ms, {grey.size:,} pixels")
print(f"hue and saturation {milliseconds(to_hsv, coffee.image):5.1f} ms")
print(
    f"dyes of the tissue {milliseconds(color.rgb2hed, tissue.image):5.1f} ms, {glands.grey.size:,}"
)
# %% [markdown]
# Value falls to a quarter from light to shade, hue and saturation hardly move. The distance to one
# colour follows the light, and wins nothing here. Wrongly found are the outside of the cup, which has
# the same colour, and deep shadow: three numbers near 0 still have a hue, but it means nothing.
#
# A second kind of colour threshold asks how much of a *dye* a pixel holds. Brown dye marks one
# protein in the tissue, blue marks all nuclei. `rgb2hed` takes the dyes apart (logarithm of the
# light that got through, then three equations for three dyes). Both thresholds below have seen the
# truth: they are about the best of their kind for this picture.
# %%
brown = color.rgb2hed(tissue.image)[..., 2]  # how much brown dye
nuclei = tissue.label_map == tissue.class_names.index("nucleus")
masks = {"grey <= 186": glands.grey <= 186, "brown dye > 0.027": brown > 0.027}
part = np.s_[210:312, 200:370]
compare(tissue.image[part], *[mask[part] for mask in masks.values()], titles=["tissue", *masks])
for name, mask in masks.items():
    share = mask[nuclei].mean()  # of the nuclei outside the glands
    print(f"{name:>17}: IoU of gland {glands.iou(mask):.3f}, nuclei called gland {share:.0%}")
best = max((glands.iou(brown > d), d) for d in np.arange(0.015, 0.045, 0.001))
print(f"best of 30 amounts of dye: {best[1]:.3f}, IoU {best[0]:.3f}")
# %% [markdown]
# The same IoU, but a different mistake: to a grey threshold every blue nucleus between the glands
# is "dark, so gland"; the dye tells them apart. IoU hardly notices, because the nuclei are small.
#
# And where colour fails: the motorcycle is red, black, chrome and rubber. Even the best window of
# hue and saturation, chosen with the true mask in hand, is no better than calling the whole picture
# motorcycle.
# %%
motorcycle = load_picture("motorcycle")
scored = motorcycle.label_map != 255
target = (motorcycle.label_map > 0) & scored  # its wheels are a class of their own
hue, saturation, _ = np.moveaxis(to_hsv(motorcycle.image), -1, 0)
best = max(
    mask_iou(target, ((hue - start) % 1 < width) & (saturation > purity), scored)
    for start in np.arange(0, 1, 0.1)
    for width in (0.05, 0.1, 0.2)
    for purity in (0.2, 0.4, 0.6)
)
everything = mask_iou(target, np.ones_like(target), scored)
print(f"motorcycle: best of 90 colour windows IoU {best:.2f}; everything {everything:.2f}")
# %% [markdown]
# ## 10 What no threshold can do
#
# A threshold gives a mask, not objects. Here real coins were laid so that they touch; the true
# mask is known exactly. Each connected group of pixels is one region.
# %%
touching = coin_scene(seed=0)
true_mask = touching.instance_map > 0
_, axes = plt.subplots(1, 2, figsize=(5.4, 2.9))
compare(touching.image, true_mask, titles=["coins that touch", "the true mask"], axes=axes)
print(f"{touching.instance_map.max()} coins, {true_mask.mean():.0%} of the picture")
# %% tags=["nbval-ignore-output"]
predict(
    "02-touch",
    "How many connected regions does the TRUE mask have?",
    number=("regions", 1, 30),
)
# %%
regions, count = ndimage.label(true_mask)
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
coins_drawn = touching.instance_map
show_instances(coins_drawn, axes[0], numbers=True, title=f"{coins_drawn.max()} coins")
show_instances(regions, axes[1], numbers=True, title=f"{count} regions")
t = filters.threshold_otsu(touching.image)
print(f"Otsu's mask: IoU {mask_iou(true_mask, touching.image > t):.2f}")
reveal("02-touch", count, unit="regions", tolerance=0)
# %% [markdown]
# The cost of this wrong count:
# %% tags=["measured"]
print(f"Otsu's threshold  {milliseconds(filters.threshold_otsu, touching.image):5.1f} ms")
print(f"connected regions {milliseconds(ndimage.label, true_mask):5.1f} ms")
# %% [markdown]
# Even the perfect mask does not count the coins. No better threshold will, local or coloured:
# what is missing is not brightness but *shape*. Lesson 04, edges and regions, separates them.
#
# The other limit is the cat: an object that is no brighter, darker or more colourful than the room.
# Colour comes closer than grey here, but only with a threshold taken from the true mask:
# %%
picture = load_picture("cat")
warm = picture.image[..., 0].astype(int) - picture.image[..., 2]  # red minus blue
cat = scenes["cat"]
t = filters.threshold_otsu(warm)
print(f"grey at best {ceiling['cat'][1]:.2f}, everything {cat.iou(np.ones_like(cat.target)):.2f}")
print(f"red minus blue: Otsu's {t} gives {cat.iou(warm > t):.2f}")
print(f"red minus blue: the best gives {max(cat.iou(warm > t) for t in range(100)):.2f}")


# %% [markdown]
# ## 11 Which threshold for which picture?
#
# Every method of this lesson on every scene, one setting each (local: window 75, 20 levels off the
# mean towards the object). The first row is no method; it has seen the answer.
# %%
def by_valley(scene):
    return scene.mask(scene.grey, valley(to_histogram(scene.grey)))


def by_otsu(scene):
    return scene.mask(scene.grey, between_class_variance(to_histogram(scene.grey)).argmax())


def by_two_thresholds(scene):
    low, high = two_thresholds(to_histogram(scene.grey))
    return scene.mask(scene.grey, high if scene.bright else low)


def by_neighbours(scene):
    offset = 20 if scene.bright else -20
    return scene.mask(scene.grey, window_mean(scene.grey, 75) + offset)


methods = {"valley": by_valley, "Otsu": by_otsu, "Otsu, 3 classes": by_two_thresholds}
methods["local mean"] = by_neighbours
# %% [markdown]
# Find in each row a picture where the method wins and one where it fails, and say why.
# %%
print(f"{'IoU':>16}", *(f"{name:>7}" for name in scenes))
print(f"{'best global':>16}", *(f"{iou:7.2f}" for _, iou in ceiling.values()))
for method, segment in methods.items():
    print(f"{method:>16}", *(f"{scene.iou(segment(scene)):7.2f}" for scene in scenes.values()))
# %% [markdown]
# What does it cost? Milliseconds for the coins (303 x 384 pixels), measured on the machine that
# built this page; on yours they differ. No training, no GPU, a few milliseconds a picture: cost is
# not what limits these methods. The table above is: no row is good in every column.
# %% tags=["measured"]
for method, segment in methods.items():
    print(f"{method:>16}: {milliseconds(segment, scenes['coins']):6.2f} ms")
# %% [markdown]
# | the picture | use | it fails when |
# |---|---|---|
# | two clear peaks, object of any size | valley | noise fills it; a third peak; no peaks |
# | two classes of similar size | Otsu | one class is tiny; three peaks |
# | several peaks | multi-level Otsu | the extra class goes to the background |
# | uneven light, small objects | local mean or Gaussian | the object is larger than the window |
# | object has a colour of its own | hue and saturation, dye | the background has it too |
# | objects touch, or differ by shape alone | none: lessons 03, 04, then a network | |
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("02_thresholding_and_histograms")
# %% [markdown]
# ## Recap
#
# - A threshold t puts the levels <= t in class 0 and the levels > t in class 1; it sees the histogram, never the place.
# - The valley between two peaks is nearly perfect where it exists; noise fills it, smoothing the picture brings it back.
# - Otsu takes the largest w0 w1 (mu1 - mu0)^2, which is the smallest variance within, because the two add up to a constant.
# - Uneven light needs a threshold from each pixel's neighbours, in a window larger than the object; colour helps where grey levels coincide.
# - A threshold gives a mask. Touching objects, and objects without a brightness of their own, need more.
#
# **Next:** the exercise of this lesson, then lesson 03, clustering, which finds the classes in all three colours at once.
# %% [markdown]
# ## Further reading
#
# - Otsu, *A Threshold Selection Method from Gray-Level Histograms*, 1979, [doi 10.1109/TSMC.1979.4310076](https://doi.org/10.1109/TSMC.1979.4310076)
# - Prewitt & Mendelsohn, *The Analysis of Cell Images*, 1966: the valley, [doi 10.1111/j.1749-6632.1965.tb11715.x](https://doi.org/10.1111/j.1749-6632.1965.tb11715.x)
# - scikit-image, *Thresholding*: more rules side by side, [user guide](https://scikit-image.org/docs/stable/auto_examples/segmentation/plot_thresholding_guide.html)
