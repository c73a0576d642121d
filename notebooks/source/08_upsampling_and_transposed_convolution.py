# %% [markdown]
# # 08 Upsampling and transposed convolution
#
# After this lesson you can bring a small map back to the size of its picture in five ways, compute
# each of them by hand, say what a transposed convolution gives back, and predict from kernel and
# stride whether it will draw a checkerboard.
#
# **Needs:** lesson 06 (convolution) and lesson 07 (pooling). **Run time:** about 20 s on two CPU
# cores; no GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from course_utils import geometry, metrics
from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.plotting import compare, show_image
from course_utils.timing import milliseconds
from course_utils.widgets import checkerboard, stamper, upsamplers
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 Back up
#
# Left, coffee; right, the best that a network can say about it from a map 16 times smaller: for
# each square of 16 x 16 pixels, the class of most of its pixels. Where did the handle of the
# spoon go? And the round rims?
# %%
torch.set_num_threads(2)
coffee = load_picture("coffee")
target = torch.from_numpy(coffee.label_map.astype(np.int64))  # (400, 600)


def class_shares(target, num_classes, factor):
    one_hot = functional.one_hot(target.where(target < num_classes, 0), num_classes)
    one_hot = one_hot * (target < num_classes)[..., None]  # void is no class
    one_hot = one_hot.permute(2, 0, 1)[None].double()  # (1, C, H, W)
    return functional.avg_pool2d(one_hot, factor)  # (1, C, H / factor, W / factor)


coarse = class_shares(target[:, :592], 5, 16).argmax(dim=1)[0]  # (25, 37)
names = coffee.class_names
compare(coffee.image, coarse.numpy(), class_names=names, titles=["photograph", "16 times smaller"])
print(f"picture {tuple(target.shape)}, map {tuple(coarse.shape)}: one class for 256 pixels")
# %% [markdown]
# Why would a network make its map small in the first place? Lessons 06 and 07 gave the reasons: a
# unit must *see* much of the picture, and large maps with many channels cost time. Five layers of
# stride 2 are common. For a picture of 224 x 224:
# %%
size, sizes = 224, [224]
for _ in range(5):
    size = geometry.conv_output_size(size, kernel=3, stride=2, padding=1)
    sizes.append(size)
print("sides:", sizes, "- by hand:", [224 // 2**layer for layer in range(6)])
# %% [markdown]
# A classifier is content with 7 x 7. **Dense prediction** is not: every pixel wants a class, so the
# map must come back up. How much is lost if nothing clever happens on the way?
#
# **Predict.** The *true* classes are stored once per square of 16 x 16 pixels, and each square is
# filled with its class. What mean IoU is left?
# %% tags=["nbval-ignore-output"]
predict("08-coarse", "Mean IoU over the five classes of the coffee?", number=("", 0, 1))


# %%
def mean_iou(target, prediction, num_classes):
    table = metrics.confusion_matrix(target.numpy(), prediction.numpy(), num_classes)
    return metrics.mean_iou(table)


for factor in (4, 8, 16, 32):
    whole = target[: 400 // factor * factor, : 600 // factor * factor]
    coarse = class_shares(whole, 5, factor).argmax(dim=1)[0]
    squares = coarse.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    print(f"{factor:2d} times smaller: mean IoU at best {mean_iou(whole, squares, 5):.3f}")
    if factor == 16:
        reveal("08-coarse", mean_iou(whole, squares, 5), tolerance=0.05)


# %% [markdown]
# The coarse map knew every class, and still an eighth of the score is gone at 16. (Long et al. 2015
# made such a table on PASCAL VOC: 98.5 at 4, 92.8 at 16, 86.1 at 32 percent.) The way back up
# matters. This lesson walks five ways, from copying to learning.
#
# ## 2 Nearest: copy
#
# The oldest way: each new pixel takes the value of the small pixel it lies on. Enlarged by a whole
# factor, output pixel i lies on small pixel i // factor.
# %%
def nearest(image, factor):
    rows = np.arange(image.shape[0] * factor) // factor
    columns = np.arange(image.shape[1] * factor) // factor
    return image[rows[:, None], columns]


small = np.array([[10.0, 20], [30, 40]])
by_library = functional.interpolate(torch.from_numpy(small)[None, None], scale_factor=2)[0, 0]
torch.testing.assert_close(torch.from_numpy(nearest(small, 2)), by_library)
print(nearest(small, 2).astype(int))
print("equal to torch's interpolate, mode nearest")
# %% [markdown]
# For sizes that do not divide, "the pixel it lies on" has two readings. torch keeps both: `nearest`
# takes the output pixel's *left edge*, `nearest-exact` its *centre*. Three pixels become five:
# %%
row = torch.tensor([[[10.0, 20, 30]]])
index = np.arange(5)
for mode, place in [("nearest", index * 3 / 5), ("nearest-exact", (index + 0.5) * 3 / 5)]:
    by_hand = row[0, 0, np.floor(place).astype(int)]
    torch.testing.assert_close(functional.interpolate(row, size=5, mode=mode)[0, 0], by_hand)
    print(f"{mode:>13}: places {place.round(1)}, values {by_hand.int().tolist()}")
# %% [markdown]
# The exact one is symmetric, the other leans to the left. Nearest invents no value, so it is the one
# upsampler that a *label map* survives (section 12). On photographs it draws blocks.
#
# ## 3 Bilinear: mix neighbours
#
# A smoother way: place each output pixel between the small pixels, and mix the two nearest (in each
# direction) by distance. Everything hangs on one question: *where exactly* does an output pixel lie
# among the small ones? A pixel is a little square. Four of them, and eight over the same stretch:
# %%
figure, ax = plt.subplots(figsize=(6.4, 1.7))
for top, count in [(1, 4), (0, 8)]:
    for pixel in range(count):
        left = pixel * 4 / count - 0.5
        ax.add_patch(plt.Rectangle((left, top), 4 / count, 0.8, facecolor="0.9", edgecolor="0.3"))
for pixel in range(4):
    ax.text(pixel, 1.4, f"place {pixel}", ha="center", va="center")
ax.set(xlim=(-0.7, 3.7), ylim=(-0.1, 1.9))
ax.set_axis_off()
set_alt_text(
    figure,
    "A row of four squares, their centres named place 0 to place 3, over a row of eight squares "
    "half as wide. Both rows begin and end at the same points.",
)
print(f"both rows reach from -0.5 to 3.5; a square is {4 / 4} or {4 / 8} wide")
# %% [markdown]
# **Predict.** The centre of the first of the four squares is place 0.
# %% tags=["nbval-ignore-output"]
predict(
    "08-centres",
    "Where do the centres of the first three of the eight squares lie?",
    options=["0, 0.5, 1", "-0.25, 0.25, 0.75", "0, 0.43, 0.86"],
)


# %% [markdown]
# Libraries know two conventions.
#
# - `align_corners=False`: the *outer edges* of both rows agree, as in the picture. A step is 1/2, and
#   the first centre lies at -1/4.
# - `align_corners=True`: the *centres* of the first pixels agree, and of the last. Seven steps cover
#   three, so a step is 3/7.
# %%
def sample_points(n, m, align_corners):
    index = np.arange(m)
    if align_corners:
        return index * (n - 1) / (m - 1)
    return (index + 0.5) * n / m - 0.5


for align_corners in (False, True):
    points = sample_points(4, 8, align_corners)
    print(f"align_corners={align_corners!s:>5}: {points.round(3)}")
reveal("08-centres", "-0.25, 0.25, 0.75")
# %% [markdown]
# Drawn over the four small pixels (squares):
# %%
figure, ax = plt.subplots(figsize=(6.4, 1.8))
for pixel in range(4):
    ax.fill_between([pixel - 0.5, pixel + 0.5], 0.7, 2.3, facecolor=str(0.95 - 0.12 * pixel))
    ax.plot(pixel, 1.5, "s", color="0.3")
for height, align_corners in [(2, False), (1, True)]:
    points = sample_points(4, 8, align_corners)
    ax.plot(points, 8 * [height], "o", label=f"align_corners={align_corners}")
ax.set(xlim=(-0.7, 3.7), ylim=(0.5, 2.5), yticks=[], xlabel="place among the small pixels")
ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
set_alt_text(
    figure,
    "Four squares with centres 0 to 3. With align_corners=False eight points lie 0.5 apart, from "
    "-0.25 to 3.25; with True they lie 3/7 apart, from 0 to 3.",
)
print(f"steps: {np.diff(sample_points(4, 8, False))[0]:.3f} and 3/7 = {3 / 7:.3f}")


# %% [markdown]
# Where a point lies outside the first or last centre, the border value is used. Now write the mixing
# as a matrix, one row per output pixel and one column per small pixel. A weight is 1 minus the
# distance, or 0 beyond distance 1; what falls outside is added to the border.
# %%
def triangle(distance):
    return np.maximum(1 - np.abs(distance), 0)


def resize_matrix(n, m, weight=triangle, reach=1, align_corners=False):
    matrix = np.zeros((m, n))
    for i, point in enumerate(sample_points(n, m, align_corners)):
        for tap in range(int(np.floor(point)) - reach + 1, int(np.floor(point)) + reach + 1):
            matrix[i, np.clip(tap, 0, n - 1)] += weight(point - tap)
    return matrix


ramp = np.array([0.0, 1, 2, 3])
print(resize_matrix(4, 8)[:4])
for align_corners in (False, True):
    values = resize_matrix(4, 8, align_corners=align_corners) @ ramp
    print(f"align_corners={align_corners!s:>5}: {values.round(3)}")


# %% [markdown]
# With False the border value appears first (0 for the place -0.25), then 1/4, 3/4, 5/4: steps of one
# half. In two dimensions rows and columns are mixed one after the other. **Same as torch?**
# %%
def resize(image, factor, **settings):
    rows, columns = (resize_matrix(n, n * factor, **settings) for n in image.shape)
    return rows @ image @ columns.T


rng = np.random.default_rng(0)
for align_corners in (False, True):
    for factor in (2, 3, 8):
        image = rng.random((5, 7))
        by_library = functional.interpolate(
            torch.from_numpy(image)[None, None],
            scale_factor=factor,
            mode="bilinear",
            align_corners=align_corners,
        )[0, 0]
        by_hand = resize(image, factor, align_corners=align_corners)
        np.testing.assert_allclose(by_hand, by_library, atol=1e-12)
print("6 of 6 agree with torch, both conventions")


# %% [markdown]
# Does the choice matter? Make the cat small by taking the mean of squares (their centres are then
# the small pixels' centres) and enlarge it both ways. The error is told as **PSNR**, -10 log10 of
# the mean squared error for values in [0, 1], in decibels: higher is better, and 10 dB more are a
# tenth of the squared error.
# %%
cat = upsamplers.grey_picture("cat", 8)
small = upsamplers.made_small(cat, 8)
for align_corners in (False, True):
    large = resize(small, 8, align_corners=align_corners)
    corner, middle = np.s_[:80, :80], np.s_[110:190, 150:230]
    print(
        f"align_corners={align_corners!s:>5}: PSNR {upsamplers.psnr(cat, large):.1f} dB,"
        f" at the corner {upsamplers.psnr(cat[corner], large[corner]):.1f},"
        f" in the middle {upsamplers.psnr(cat[middle], large[middle]):.1f}"
    )
moved = sample_points(40, 320, True)[0] - sample_points(40, 320, False)[0]
print(f"the first point moves by {moved} small pixels, {8 * moved} pixels of the picture")
# %% [markdown]
# True is worse, most of all at the corner: it pins the corner *pixels* of both grids together and so
# moves the picture there by nearly half a small pixel. In the middle both nearly agree.
#
# Neither convention is wrong by itself; *mixing* them is. Which one fits depends on where the centres
# of the small pixels lie in the picture, and the receptive field (lesson 07) tells:
# %%
layers = {"pooling 2, stride 2": (2, 2), "kernel 4, stride 2, padding 1": (4, 2, 1)}
layers["kernel 3, stride 2, padding 1"] = (3, 2, 1)
for name, layer in layers.items():
    start = geometry.receptive_field([layer])[0].start
    print(f"{name:>29}: centres at {start}, {start + 2}, {start + 4}, ...")
smoothing = torch.tensor([[[0.25, 0.5, 0.25]]], dtype=torch.double)
for n in (64, 65):
    long_ramp = torch.arange(n, dtype=torch.double)[None, None]
    down = functional.conv1d(long_ramp, smoothing, stride=2, padding=1)
    for align_corners in (False, True):
        back = functional.interpolate(down, size=n, mode="linear", align_corners=align_corners)
        error = (back - long_ramp)[..., 8:-8].abs().max()  # away from the border
        sizes = f"ramp {n} -> {down.shape[2]} -> {n}"
        print(f"{sizes}, align_corners={align_corners!s:>5}: off by at most {error:.2f}")


# %% [markdown]
# Means of squares, 2 x 2 pooling and kernel 4 have their centres *between* pixels and fit False. Kernel
# 3 with stride 2 and padding 1, the commonest layer, has them *on* pixels 0, 2, 4, ...: on odd sides
# that is True, and the ramp returns exactly; on even sides it is neither, and False is off by half a
# pixel. In a network the layers behind it learn to live with half a pixel. The course uses False
# everywhere.
#
# ## 4 Cubic: four neighbours
#
# Mix four neighbours in each direction instead of two, with a curve that is negative at the outer
# two. The same matrix, another weight function (Keys 1981; torch says *bicubic*, with a = -0.75):
# %%
def cubic(distance, a=-0.75):
    d = abs(distance)
    if d <= 1:
        return (a + 2) * d**3 - (a + 3) * d**2 + 1
    return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0


image = rng.random((5, 7))
by_library = functional.interpolate(
    torch.from_numpy(image)[None, None], scale_factor=3, mode="bicubic", align_corners=False
)[0, 0]
np.testing.assert_allclose(resize(image, 3, weight=cubic, reach=2), by_library, atol=1e-12)
step = resize_matrix(6, 12, weight=cubic, reach=2) @ np.array([0.0, 0, 0, 1, 1, 1])
print("equal to torch's bicubic. A step from 0 to 1:", step.round(2))
# %% [markdown]
# Negative weights sharpen, and they **overshoot**: the step goes below 0 and above 1. Good for
# photographs, where the overshoot is cut off; risky for probabilities.
#
# ## 5 Unpooling: remember the place
#
# Max pooling (lesson 07) keeps WHAT and forgets WHERE. SegNet stores, with every maximum, the
# **index** of the pixel it came from, and on the way up puts the value back there. All other pixels
# become 0.
# %%
values = torch.tensor([[[[1.0, 5, 2, 0], [3, 4, 7, 1], [0, 2, 6, 8], [9, 1, 3, 5]]]])
pooled, indices = functional.max_pool2d(values, 2, return_indices=True)


def unpool(pooled, indices, height, width):
    flat = np.zeros(height * width)
    flat[indices.ravel()] = pooled.ravel()  # an index counts pixels row by row
    return flat.reshape(height, width)


by_hand = unpool(pooled.numpy(), indices.numpy(), 4, 4)
by_library = functional.max_unpool2d(pooled, indices, 2)[0, 0]
np.testing.assert_array_equal(by_hand, by_library)
print("maxima", pooled[0, 0].int().tolist(), "indices", indices[0, 0].tolist())
print(by_hand.astype(int))
# %% [markdown]
# **Predict.** The cat is max-pooled four by four and unpooled. A brightness of 0 is black.
# %% tags=["nbval-ignore-output"]
predict(
    "08-unpool",
    "What share of the pixels is black after unpooling?",
    options=["under 1 %", "about 25 %", "about 75 %", "about 94 %"],
)
# %%
image = upsamplers.grey_picture("cat", 4)
unpooled = upsamplers.enlarged("cat", 4, "unpooling")
blocks = upsamplers.enlarged("cat", 4, "nearest")
part = np.s_[100:160, 120:180]
titles = ["photograph", "means, nearest", "maxima, unpooled"]
axes = compare(image[part], blocks[part], unpooled[part], titles=titles)
set_alt_text(axes[0], "An eye of the cat.")
set_alt_text(axes[1], "The eye in blocks of 4 x 4 pixels.")
set_alt_text(axes[2], "Scattered grey dots on black, one in each square of 4 x 4 pixels.")
kept = unpooled > 0
print(f"black: {1 - kept.mean():.1%}")
print("the other pixels equal the photograph:", np.array_equal(unpooled[kept], image[kept]))
reveal("08-unpool", "about 94 %")


# %% [markdown]
# Fifteen of sixteen pixels are black, and what is left stands *exactly* where it was. Unpooling is
# the first half of a way up: SegNet lets convolutions with learned weights fill the gaps. The places
# of edges are kept without carrying the large map along: an index per maximum is enough.
#
# ## 6 Transposed convolution: stamping
#
# All upsamplers so far were fixed. Now one with weights that can be learned. Think of a **stamp**:
# each input value lays a copy of the kernel, times itself, on the output; the next value does the
# same `stride` pixels further on; where copies overlap, they add.
#
# **Predict.** Values 1, 2, 3; kernel 1, 10, 100; stride 2.
# %% tags=["nbval-ignore-output"]
predict(
    "08-stamp",
    "What comes out?",
    options=[
        "1, 10, 102, 20, 203, 30, 300",
        "1, 12, 123, 230, 300",
        "1, 10, 100, 2, 20, 200, 3, 30, 300",
    ],
)


# %%
def stamp_row(values, kernel, stride):
    output = np.zeros((len(values) - 1) * stride + len(kernel), dtype=int)
    for i, value in enumerate(values):
        output[i * stride : i * stride + len(kernel)] += value * np.array(kernel)
        print(f"after stamp {i + 1}: {output}")
    return output


stamped = stamp_row([1, 2, 3], [1, 10, 100], stride=2)
reveal("08-stamp", "1, 10, 102, 20, 203, 30, 300")


# %% [markdown]
# In two dimensions nothing changes. Afterwards `padding` cuts rows and columns off all four sides (it
# undoes the padding that a convolution had added). So n pixels along a side become m:
#
# $$m = (n - 1) \cdot \text{stride} - 2 \cdot \text{padding} + \text{kernel}$$
# %%
def transpose_by_stamping(values, kernel, stride, padding=0):
    n, k = len(values), len(kernel)
    whole = np.zeros(((n - 1) * stride + k,) * 2)
    for row in range(n):
        for column in range(n):
            top, left = row * stride, column * stride
            whole[top : top + k, left : left + k] += values[row, column] * kernel
    return whole[padding : len(whole) - padding, padding : len(whole) - padding]


# %% [markdown]
# Five layers on random numbers; behind each, the size by the formula, by the course's library and in
# torch:
# %%
for k, stride, padding in [(3, 2, 0), (4, 2, 1), (2, 2, 0), (5, 3, 2), (3, 1, 1)]:
    values, kernel = rng.normal(size=(4, 4)), rng.normal(size=(k, k))
    as_tensors = (torch.from_numpy(a)[None, None] for a in (values, kernel))
    by_library = functional.conv_transpose2d(*as_tensors, stride=stride, padding=padding)[0, 0]
    by_hand = transpose_by_stamping(values, kernel, stride, padding)
    np.testing.assert_allclose(by_hand, by_library, atol=1e-12)
    size = geometry.transposed_conv_output_size(4, k, stride, padding)
    formula = (4 - 1) * stride - 2 * padding + k
    print(
        f"kernel {k}, stride {stride}, padding {padding}: 4 -> {formula}, {size}, {len(by_library)}"
    )
# %% [markdown]
# **Move it.** Step through the stamps. Which pixels are stamped twice, which four times? Then find a
# kernel and a stride for which *every* pixel away from the border has equally many stamps. What do
# padding and output padding do to the size?
# %%
stamper.draw_stamps(stamps=5, kernel=3, stride=2)
# %% tags=["nbval-ignore-output"]
stamper.demo()
# %% [markdown]
# **Output padding** settles a tie. A convolution of stride 2 makes 4 out of 8 *and* out of 7; the
# way back from 4 must be told which one. The larger output has one more row and column, at the lower
# and right end only: no zeros, but stamped pixels that padding would have cut off. (With padding 0 no
# stamp reaches them, and they stay 0.) Settings that lead nowhere are refused, with a reason:
# %%
for n in (7, 8):
    print(f"{n} -> {geometry.conv_output_size(n, kernel=3, stride=2, padding=1)}")
for extra in (0, 1, 2):
    try:
        size = geometry.transposed_conv_output_size(4, 3, 2, padding=1, output_padding=extra)
        print(f"4 -> {size} with output padding {extra}; by hand {3 * 2 - 2 + 3 + extra}")
    except ValueError as refused:
        print(refused)
ones = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3)
large = functional.conv_transpose2d(*ones, stride=2, padding=1, output_padding=1)[0, 0]
print(f"last row of the {len(large)} x {len(large)} output: {large[-1].int().tolist()}")
# %% [markdown]
# With **dilation** d (lesson 06) the stamp's weights lie d pixels apart, and in place of the kernel its
# extent counts, d (k - 1) + 1. The library's size beside torch's; and padding must leave something:
# %%
for settings in [(3, 2, 0, 0, 2), (3, 1, 2, 0, 2), (3, 2, 1, 1, 3), (3, 1, 0, 1, 2)]:
    k, stride, padding, extra, dilation = settings
    size = geometry.transposed_conv_output_size(4, *settings)
    layer = torch.nn.ConvTranspose2d(1, 1, k, stride, padding, extra, dilation=dilation)
    in_torch = layer(torch.zeros(1, 1, 4, 4)).shape[-1]
    print(
        f"stride {stride}, dilation {dilation}, padding {padding} and {extra}: {size}, {in_torch}"
    )
for padding in (1, 2):
    try:
        size = geometry.transposed_conv_output_size(1, kernel=4, padding=padding)
        print(f"1 -> {size} with kernel 4 and padding {padding}")
    except ValueError as refused:
        print(refused)


# %% [markdown]
# ## 7 The same thing three more times
#
# **As zero-stuffing.** Put stride - 1 zeros between the values, pad by k - 1, less the padding that
# would be cut off, and run an ordinary convolution of stride 1 with the kernel turned by half a turn.
# Seen from the stuffed input, a step
# of one output pixel is 1/stride of a value: hence the name *fractionally strided* convolution.
# %%
def transpose_by_stuffing(values, kernel, stride, padding=0):
    n, k = len(values), len(kernel)
    stuffed = np.zeros(((n - 1) * stride + 1,) * 2)
    stuffed[::stride, ::stride] = values
    padded = np.pad(stuffed, k - 1 - padding)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (k, k))
    return np.einsum("ijkl,kl->ij", windows, kernel[::-1, ::-1])


values, kernel = np.arange(1.0, 10).reshape(3, 3), rng.normal(size=(4, 4))
by_stamping = transpose_by_stamping(values, kernel, 2, 1)
np.testing.assert_allclose(transpose_by_stuffing(values, kernel, 2, 1), by_stamping, atol=1e-12)
print(f"stuffing and stamping agree: {by_stamping.shape}")
for n in (3, 100):
    print(f"{n} x {n} values at stride 2: {1 - n**2 / (2 * n - 1) ** 2:.0%} of the map is stuffing")


# %% [markdown]
# Stuffing explains (and JAX describes its own `conv_transpose` in this way). Done literally it wastes
# work: at stride 2 nearly three of four values are zeros. torch takes the way of the next two views.
#
# **As a transposed matrix.** This is where the name comes from. A convolution is linear, so it is a
# matrix W: a row for each output pixel, with the kernel's weights where that output looks.
# %%
def convolution_matrix(kernel, n, stride):
    k = len(kernel)
    m = (n - k) // stride + 1
    matrix = np.zeros((m * m, n * n))
    for output in range(m * m):
        row, column = divmod(output, m)
        window = np.zeros((n, n))
        window[row * stride : row * stride + k, column * stride : column * stride + k] = kernel
        matrix[output] = window.ravel()
    return matrix


kernel = np.arange(1.0, 10).reshape(3, 3)
W = convolution_matrix(kernel, n=5, stride=2)
print(f"W: {W.shape}, a 5 x 5 picture in, 2 x 2 out")
# %% [markdown]
# Look at both matrices. A row of W gathers nine inputs into one output. A *column* of its transpose
# is the same nine numbers: one input value, spread over nine outputs. That is a stamp.
# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 3.4), width_ratios=[1, 0.35])
for ax, matrix, title in zip(axes, (W, W.T), ("W: gathers", "transposed: stamps"), strict=True):
    ax.imshow(matrix, cmap="Blues", vmin=0, vmax=9)
    ax.set(title=title, xlabel=f"{matrix.shape[1]} in", ylabel=f"{matrix.shape[0]} out")
    ax.set(xticks=[], yticks=[])
    rows, columns = matrix.shape
    turned = "" if matrix is W else " The first matrix with rows and columns exchanged."
    in_words = f"{rows} rows, {columns} columns, {np.sum(matrix > 0)} weights.{turned}"
    set_alt_text(ax, in_words)
print("weights per row of W:", (W > 0).sum(axis=1), "- per column of W.T:", (W.T > 0).sum(axis=0))


# %% [markdown]
# W times the picture is the convolution; W transposed times a small map is the transposed
# convolution. Equal to within 1e-12:
# %%
def as_batch(array):
    return torch.from_numpy(array)[None, None]  # (H, W) -> (1, 1, H, W)


picture, small_map = rng.normal(size=(5, 5)), rng.normal(size=(2, 2))
down = (W @ picture.ravel()).reshape(2, 2)
up = (W.T @ small_map.ravel()).reshape(5, 5)
conv = functional.conv2d(as_batch(picture), as_batch(kernel), stride=2)[0, 0]
transposed = functional.conv_transpose2d(as_batch(small_map), as_batch(kernel), stride=2)[0, 0]
np.testing.assert_allclose(down, conv, atol=1e-12)
np.testing.assert_allclose(up, transposed, atol=1e-12)
np.testing.assert_allclose(up, transpose_by_stamping(small_map, kernel, 2), atol=1e-12)
print(f"W x: equal to conv2d {down.shape}; W^T y: equal to conv_transpose2d {up.shape}")
# %% [markdown]
# **As a gradient.** Training needs one more operation of every convolution: given how the loss
# changes with each output, how does it change with each *input*? Each input touched several outputs;
# their gradients come back along the same weights and add. For a matrix W that is W transposed. So
# every convolution that is trained runs a transposed convolution backwards (but the first: nobody
# needs the gradient of the picture):
# %%
x = as_batch(rng.normal(size=(9, 9))).requires_grad_()
weights = as_batch(rng.normal(size=(3, 3)))
y = functional.conv2d(x, weights, stride=2, padding=1)
gradient_of_output = torch.from_numpy(rng.normal(size=tuple(y.shape)))
y.backward(gradient_of_output)
by_transposing = functional.conv_transpose2d(gradient_of_output, weights, stride=2, padding=1)
torch.testing.assert_close(x.grad, by_transposing, rtol=0, atol=1e-12)
print(f"gradient by autograd = transposed convolution: {tuple(x.grad.shape)}, equal to 1e-12")
# %% [markdown]
# And the other way round: the gradient of a transposed convolution is an ordinary one. Nothing new
# is needed to train either.
#
# ## 8 Down, and back up
#
# **Predict.** You will read: "A transposed convolution is the exact opposite of a convolution; it is
# also called deconvolution." Put it to the test: all weights 1/16, kernel 4, stride 2, padding 1.
# %% tags=["nbval-ignore-output"]
predict(
    "08-inverse",
    "A picture goes through a convolution, then through the transposed one, same kernel. What returns?",
    options=["the picture", "the shape only", "neither shape nor values"],
)
# %%
image = as_batch(upsamplers.grey_picture("cat", 8))
mean_kernel = torch.full((1, 1, 4, 4), 1 / 16, dtype=torch.double)
down = functional.conv2d(image, mean_kernel, stride=2, padding=1)
back = functional.conv_transpose2d(down, mean_kernel, stride=2, padding=1)
before, after = image[0, 0].numpy(), back[0, 0].numpy()
titles = ["picture", "down and back", "down and back, times 4"]
axes = compare(before, after, 4 * after, titles=titles)
set_alt_text(axes[1], "The same cat, nearly black.")
set_alt_text(axes[2], "The cat as bright as at first, but blurred: the fine hair is gone.")
print(f"shapes {before.shape} and {after.shape}; PSNR {upsamplers.psnr(before, after):.1f} dB")
print(f"mean grey {before.mean():.3f} becomes {after.mean():.3f}")
reveal("08-inverse", "the shape only")
# %% [markdown]
# The shape is back, the values are not: darker by a factor of four and blurred. Could another kernel
# bring them back? Ask the matrix of section 7. It makes four numbers from 25, so it has rank 4, and
# so does everything made from it:
# %%
round_trip = W.T @ W  # down and back up, 25 x 25
print(
    f"rank of W {np.linalg.matrix_rank(W)}, of the round trip {np.linalg.matrix_rank(round_trip)}"
)
print(f"rank of the identity {np.linalg.matrix_rank(np.eye(25))}")
vanishing = np.linalg.svd(W)[2][-1]  # a picture that W maps to zero
print(
    f"a picture of length {np.linalg.norm(vanishing):.1f} vanishes:", np.allclose(W @ vanishing, 0)
)
# %% [markdown]
# Pictures that W maps to zero are gone for good, whatever comes after. A transposed convolution
# restores *connections*: which output depends on which input, the other way round. Values it can only
# guess, and good weights for guessing must be learned (section 11). *Deconvolution* in signal
# processing means a true inverse of a blur; for this layer the word is a misnomer.
#
# ## 9 Checkerboards
#
# Stamps overlap. How many lie on each pixel?
#
# **Predict.** You have seen some settings in the stamper. What is the rule, away from the border?
# %% tags=["nbval-ignore-output"]
predict(
    "08-even-overlap",
    "For which kernels has every pixel equally many stamps?",
    options=[
        "kernels larger than the stride",
        "kernels divisible by the stride",
        "kernels of odd size",
    ],
)


# %%
def stamps_per_pixel(n, kernel, stride):
    counts = np.zeros((n - 1) * stride + kernel, dtype=int)
    for i in range(n):
        counts[i * stride : i * stride + kernel] += 1
    return counts


for kernel, stride in [(5, 2), (3, 2), (4, 2), (2, 2), (4, 3), (6, 3)]:
    counts = stamps_per_pixel(6, kernel, stride)
    print(f"kernel {kernel}, stride {stride}, rest {kernel % stride}: {counts}")
reveal("08-even-overlap", "kernels divisible by the stride")
# %% [markdown]
# The rule: inside, the counts are equal exactly if **the kernel is divisible by the stride**. In two
# dimensions the counts of rows and columns multiply: kernel 3, stride 2 gives 1, 2 and 4 in a
# **checkerboard**. A flat grey picture comes out chequered:
# %%
checkerboard.draw_checkerboard(kernel=3, stride=2)
# %% [markdown]
# **Move it.** Find all kernels for stride 3 that leave flat grey flat. Then set the weights to
# "random", as they are before training. Is a divisible kernel still safe?
# %% tags=["nbval-ignore-output"]
checkerboard.demo()
# %% [markdown]
# With equal weights the rule decides. With unequal ones, a divisible kernel makes the *count* even,
# not the *sum of weights*: with kernel 4 and stride 2, even and odd pixels are still made by
# different weights of the kernel. So the artefact can be learned, and training starts with it.
# Odena et al. (2016) propose to separate the two jobs: **resize, then convolve**. Put a flat picture
# through 200 random layers of each kind:
# %%
flat = torch.ones(1, 1, 8, 8, dtype=torch.double)
generator = torch.Generator().manual_seed(0)


def unevenness(layer):
    spreads = []
    for _ in range(200):
        output = layer(flat)[0, 0, 4:-4, 4:-4]  # away from the border
        spreads.append(float((output.max() - output.min()) / output.mean()))
    return np.mean(spreads)


def random_kernel(side):
    return torch.rand(1, 1, side, side, generator=generator, dtype=torch.double) / side**2


def resized(image):
    return functional.interpolate(image, scale_factor=2, mode="nearest")


# %% [markdown]
# The layers differ in brightness, so the spread of an output, brightest value minus darkest, is told
# as a share of its mean:
# %%
layers = {
    "transposed, kernel 3": lambda x: functional.conv_transpose2d(x, random_kernel(3), stride=2),
    "transposed, kernel 4": lambda x: functional.conv_transpose2d(x, random_kernel(4), stride=2),
    "nearest, then convolution 3": lambda x: functional.conv2d(resized(x), random_kernel(3)),
}
for name, layer in layers.items():
    print(f"{name:>28}: spread {unevenness(layer):.0%} of the mean")
# %% [markdown]
# The divisible kernel halves the pattern; what is left is still more than half of the brightness.
# Resize and convolution is clean by construction: on a flat picture every output sees the same values
# through the same weights. Odena et al. found nearest best for the resizing. The price: on the large
# map a 3 x 3 convolution makes 4 x 9 = 36 products for each small pixel, a transposed one with kernel
# 4 makes 16.
#
# **Spot the error.** "Most state-of-the-art segmentation networks prefer transposed convolution."
# Four well-known networks:
# %%
used = {
    "FCN (Long 2015)": "transposed, started bilinear; the last one kept bilinear",
    "U-Net (Ronneberger 2015)": "transposed, learned, kernel 2, stride 2: divisible",
    "SegNet (Badrinarayanan 2017)": "unpooling with stored indices, then convolution",
    "DeepLab (Chen 2016)": "bilinear",
}
for network, way in used.items():
    print(f"{network:>28}: {way}")


# %% [markdown]
# There is no single favourite. Ask what each costs, and what it draws on a flat picture.
#
# **Check yourself.** Before any training, can U-Net's way up draw a pattern on a flat map? Can FCN's?
# (Answer below the recap.)
#
# ## 10 Bilinear is a transposed convolution
#
# FCN started its transposed convolutions bilinear, and its authors' released code keeps all of them
# so: they saw no significant difference. Which stamp makes bilinear upsampling? For a factor f, a
# small value's influence falls linearly to 0 over f pixels. So the kernel is a pyramid,
# of side 2f for even f (and 2f - 1 for odd f, which has a middle pixel):
# %%
def bilinear_kernel(factor):
    side = 2 * factor - factor % 2
    centre = (side - 1) / 2
    slope = 1 - np.abs(np.arange(side) - centre) / factor
    return np.outer(slope, slope)


print("factor 2:", 16 * bilinear_kernel(2)[:2], "/ 16, and mirrored")
for factor in (2, 3, 4):
    print(f"factor {factor}: kernel {bilinear_kernel(factor).shape}")
# %% [markdown]
# As a transposed convolution of stride 2 and padding 1, beside torch's interpolation:
# %%
kernel = torch.from_numpy(bilinear_kernel(2))[None, None]
picture = as_batch(upsamplers.made_small(upsamplers.grey_picture("cat", 8), 2))
stamped = functional.conv_transpose2d(picture, kernel, stride=2, padding=1)
mixed = functional.interpolate(picture, scale_factor=2, mode="bilinear", align_corners=False)
difference = (stamped - mixed).abs()[0, 0]
print(f"kernel {tuple(kernel.shape[2:])}, stride 2, padding 1: {tuple(stamped.shape[2:])}")
print(f"equal inside to 1e-12: {bool(difference[1:-1, 1:-1].max() < 1e-12)}")
print(f"largest difference at the border {float(difference.max()):.2f}")
# %% [markdown]
# Inside the picture the two are equal. In the outermost row and column they are not: interpolation
# repeats the border value, while the stamps of pixels beyond the border are simply missing.
# %%
flat_stamped = functional.conv_transpose2d(flat, kernel, stride=2, padding=1)[0, 0]
figure, axes = plt.subplots(1, 2, figsize=(5.4, 2.7))
show_image(flat_stamped.numpy(), axes[0], title="flat white, stamped")
show_image(stamped[0, 0, :40, :40].numpy(), axes[1], title="cat, top left corner")
set_alt_text(axes[0], "White with a grey frame one pixel wide, darker in the four corners.")
set_alt_text(axes[1], "A grey blur with a darker line one pixel wide at the upper and left edge.")
print("corner of the flat picture:")
print(flat_stamped[:3, :3].numpy())
# %% [markdown]
# A quarter of the brightness is missing at an edge, seven sixteenths in a corner. A network can
# learn to live with a dark frame, but you should know where it comes from. (Pad the input by
# repeating its border first, and cut off more, and the frame is gone.)
#
# ## 11 Learning to upsample
#
# Now let back-propagation find the stamp. The task: the picture of the man with the camera, made
# small by the mean of 2 x 2 pixels, is to be restored. One layer, kernel 6, stride 2, padding 2: 36
# numbers, started at random: the **learned stamp**. L-BFGS is an optimiser for small problems: it follows the gradients of
# back-propagation, and learns from them how far to go.
# %%
torch.manual_seed(0)
large = as_batch(upsamplers.grey_picture("camera", 2))
small = functional.avg_pool2d(large, 2)
layer = torch.nn.ConvTranspose2d(1, 1, 6, stride=2, padding=2, bias=False, dtype=torch.double)
optimiser = torch.optim.LBFGS(layer.parameters(), max_iter=60, line_search_fn="strong_wolfe")
inside = np.s_[..., 4:-4, 4:-4]  # the border lacks stamps
losses = []


def error_with_gradient():
    optimiser.zero_grad()
    loss = functional.mse_loss(layer(small)[inside], large[inside])
    loss.backward()
    losses.append(loss.item())
    return loss


optimiser.step(error_with_gradient)
print(f"the squared error fell to less than a hundredth: {losses[-1] < losses[0] / 100}")
print(f"with fewer than 100 gradients: {len(losses) < 100}")
# %% [markdown]
# **Predict.** The learned stamp now enlarges *other* pictures, which it never saw.
# %% tags=["nbval-ignore-output"]
predict(
    "08-learned",
    "On the cat, compared with bilinear, the learned stamp is",
    options=["worse", "about equal", "better"],
)


# %%
def restored(image, method):
    small = functional.avg_pool2d(as_batch(image), 2)
    if method == "learned":
        return layer(small).detach()[0, 0].numpy()
    align = {} if method == "nearest" else {"align_corners": False}
    mode = "bicubic" if method == "cubic" else method
    return functional.interpolate(small, scale_factor=2, mode=mode, **align)[0, 0].numpy()


methods = ["nearest", "bilinear", "cubic", "learned"]
scores = {}
for name in ("cat", "coins", "page"):
    image = upsamplers.grey_picture(name, 2)
    scores[name] = {m: upsamplers.psnr(image[inside], restored(image, m)[inside]) for m in methods}
for method, gap in [("bilinear", 1), ("cubic", 0.1)]:
    better = [name for name, s in scores.items() if s["learned"] > s[method] + gap]
    print(f"learned beats {method} by more than {gap} dB on: {better}")
print("nearest beats bilinear on:", [n for n, s in scores.items() if s["nearest"] > s["bilinear"]])
reveal("08-learned", "better")
# %% [markdown]
# The table of this run (PSNR in dB, without the border):
# %% tags=["measured"]
print(" " * 6, *(f"{method:>9}" for method in methods))
for name, values in scores.items():
    print(f"{name:>6}", *(f"{values[method]:9.2f}" for method in methods))
# %% [markdown]
# Over a decibel more than bilinear, and a fifth to a third of one more than cubic, which learned
# nothing. On the page even nearest beats bilinear: printed letters *are* steps, and mixing blurs them.
# No fixed upsampler is best for every picture.
#
# What was learned? A pyramid like the bilinear one, but steeper and with a *negative* rim (purple): it
# sharpens, as cubic does. The layer is linear and the error is a square, so the best 36 numbers also
# follow from a linear system (the demo below uses it). Back-propagation must end at the same place:
# %%
learned = layer.weight.detach()[0, 0].numpy()
best = upsamplers.learned_kernel(2, "camera")
pyramid = np.pad(bilinear_kernel(2), 1)
figure, axes = plt.subplots(1, 3, figsize=(7, 2.5))
stamps = {"bilinear": pyramid, "learned": learned, "by linear system": best}
for ax, (title, stamp) in zip(axes, stamps.items(), strict=True):
    drawn = ax.imshow(stamp, cmap="PuOr_r", vmin=-0.6, vmax=0.6)
    ax.set(title=title, xticks=[], yticks=[])
    rim = "zero" if title == "bilinear" else "partly negative"
    set_alt_text(ax, f"Kernel, 6 x 6: high in the middle, {rim} at the rim.")
figure.colorbar(drawn, ax=axes, extend="max", label="weight")
print(
    f"learned and best differ by less than 0.05 everywhere: {np.abs(learned - best).max() < 0.05}"
)
print(f"smallest weight, by linear system: {best.min():.2f} (bilinear: {pyramid.min():.2f})")
print(f"the learned one has weights below -0.1, too: {bool(learned.min() < -0.1)}")
# %% [markdown]
# One kernel for everything is a modest learner. In a network, hundreds of such kernels work on
# features, with non-linear layers between them.
#
# **Move it.** Five upsamplers on one picture; the learned stamp saw the camera picture only. At which
# factor does learning help most, compared with bilinear? How much of that is left against cubic? Set
# the page and factor 2: what does nearest keep? What are the bright dots of unpooling on the coins?
# %%
upsamplers.draw_upsamplers("cat", factor=4)
# %% tags=["nbval-ignore-output"]
upsamplers.demo()
# %% [markdown]
# Two of the five pictures, in numbers:
# %%
for name in ("cat", "page"):
    for factor in (2, 4, 8):
        s = upsamplers.scores_of(name, factor)
        gains = {m: round(s["learned stamp"] - s[m], 1) for m in ("nearest", "bilinear", "cubic")}
        print(f"{name:>5}, factor {factor}: the learned stamp gains {gains} dB")


# %% [markdown]
# Learning helps most at factor 2, on all five pictures; cubic is never more than about 0.3 dB behind.
# The dots of unpooling are the brightest pixel of each square, at their own places.
# %% [markdown]
# ## 12 Label maps or logits?
#
# The last question is the one you will meet in every network. The head gives a small map of scores
# for each class (logits). Enlarge first, or choose the class first? Three ways up by 8:
#
# - **nearest**: choose the class, copy it;
# - **wrong**: choose the class, enlarge its *number* bilinearly, round;
# - **scores**: enlarge each class's scores bilinearly, then choose.
#
# Here the share of each class in a square of 8 x 8 pixels stands in for its logit, as from a perfect
# network of output stride 8; any score per class will do.
# %%
def three_ways(shares, factor=8):
    labels = shares.argmax(dim=1, keepdim=True).double()
    smooth = {"scale_factor": factor, "mode": "bilinear", "align_corners": False}
    return {
        "nearest": functional.interpolate(labels, scale_factor=factor)[0, 0].long(),
        "wrong": functional.interpolate(labels, **smooth)[0, 0].round().long(),
        "scores": functional.interpolate(shares, **smooth).argmax(dim=1)[0],
    }


# %% [markdown]
# The handle of the spoon, three ways up:
# %%
ways = three_ways(class_shares(target, 5, 8))
part = np.s_[60:220, 330:560]
figure, axes = plt.subplots(2, 2, figsize=(7, 5.2))
compare(
    target[part].numpy(),
    *(way[part].numpy() for way in ways.values()),
    titles=["drawn by hand", *ways],
    axes=axes.ravel(),
    class_names=names,
)
print({name: round(float(mean_iou(target, way, 5)), 3) for name, way in ways.items()})
# %% [markdown]
# Look at the wrong way: around the spoon (4), before the background (0), runs a rim of coffee (3),
# then of cup (2), then of saucer (1), because these numbers lie between. Class numbers are names; a
# mean of names has no meaning. Scores are quantities, and their borders come out smooth, finer than
# the small pixels. (In a network enlarge the logits. Taking softmax first and enlarging the
# probabilities can give other classes along a border.)
#
# **Predict.** Does the order stay the same on stained tissue, with large glands and tiny nuclei?
# %% tags=["nbval-ignore-output"]
predict(
    "08-nuclei",
    "For the class nucleus, which way has the best IoU?",
    options=["nearest", "wrong", "scores"],
)
# %%
tissue = load_picture("immunohistochemistry")
tissue_target = torch.from_numpy(tissue.label_map.astype(np.int64))
tissue_ways = three_ways(class_shares(tissue_target, 3, 8))
for name, way in tissue_ways.items():
    table = metrics.confusion_matrix(tissue_target.numpy(), way.numpy(), 3)
    iou = dict(zip(tissue.class_names, metrics.iou_per_class(table).round(3).tolist(), strict=True))
    print(f"{name:>8}: mean IoU {metrics.mean_iou(table):.3f}  {iou}")
reveal("08-nuclei", "nearest")
# %% [markdown]
# A part of the tissue, nuclei between glands:
# %%
part = np.s_[224:312, 216:376]
shown = [tissue_target, tissue_ways["nearest"], tissue_ways["scores"]]
titles = ["drawn by hand", "nearest", "scores"]
compare(*(m[part].numpy() for m in shown), titles=titles, class_names=tissue.class_names)
for title, label_map in zip(titles, shown, strict=True):
    print(f"{title:>13}: {int((label_map[part] == 2).sum())} nucleus pixels")
areas = np.bincount(ndimage.label(tissue_target == 2)[0].ravel())[1:]
print(f"{len(areas)} nuclei in all, half of them below {np.median(areas)} pixels,", end=" ")
print(f"{np.mean(areas < 64):.0%} below the 64 of a square")
# %% [markdown]
# Glands gain by smooth scores, nuclei lose: most of them cover less than one square, and mixing with
# the neighbours takes away the little majority they have. No way up saves what
# is smaller than a square; that must be kept *before*, by a smaller output stride or by skips
# (lessons 11 and 12).
#
# The cost of each way, on one core of this machine, for 5 classes from 50 x 75 to 400 x 600:
# %% tags=["measured"]
torch.set_num_threads(1)
shares = class_shares(target, 5, 8).float()
labels, pyramids = shares.argmax(1, keepdim=True).float(), torch.ones(5, 1, 16, 16)
stamping = {"stride": 8, "padding": 4, "groups": 5}
costs = {
    "classes, nearest": lambda: functional.interpolate(labels, scale_factor=8),
    "scores, bilinear": lambda: functional.interpolate(shares, scale_factor=8, mode="bilinear"),
    "scores, cubic": lambda: functional.interpolate(shares, scale_factor=8, mode="bicubic"),
    "transposed, kernel 16": lambda: functional.conv_transpose2d(shares, pyramids, **stamping),
}
for name, function in costs.items():
    print(f"{name:>22}: {milliseconds(function, repeats=20):5.1f} ms")
large_scores = costs["scores, bilinear"]()
argmax = milliseconds(large_scores.argmax, 1, repeats=20)
print(f"{'argmax of large scores':>22}: {argmax:5.1f} ms")
# %% [markdown]
# Copying is nearly free; bilinear is quicker than cubic or a transposed convolution with kernel 16.
# On the machine of this run, finding the largest of five scores at 240,000 pixels took longer than all
# four ways up together.
#
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("08_upsampling_and_transposed_convolution")
# %% [markdown]
# ## Recap
#
# - Nearest copies, bilinear and cubic mix neighbours by distance; `align_corners` says whether the
#   outer edges (False) or the corner centres (True) of both grids agree. Use one convention.
# - Unpooling puts maxima back in place and leaves the rest empty.
# - A transposed convolution stamps its kernel. It is zero-stuffing and a convolution, the transposed
#   matrix, the gradient of a convolution; it returns the shape, not the values.
# - A kernel not divisible by the stride overlaps unevenly: a checkerboard. A divisible one can still
#   learn it; resize and convolution starts clean. Bilinear is a transposed convolution, too.
# - Enlarge logits bilinearly, label maps by nearest only. What is smaller than a square is lost
#   before the way up begins.
# %% [markdown]
# **Answer to section 9.** U-Net's can: each stamp of 2 x 2 lies alone on its pixels, but its four random
# weights are unequal, and the pattern repeats with every value. FCN's cannot: started bilinear, the
# weights that meet at a pixel inside add up to 1 (section 10: flat white stays white, but for the
# frame).
#
# **Next:** the exercise of this lesson, then lesson 09, losses and imbalance.
# %% [markdown]
# ## Further reading
#
# - Dumoulin and Visin, *A guide to convolution arithmetic for deep learning*, 2016,
#   [arXiv 1603.07285](https://arxiv.org/abs/1603.07285). Chapter 4: transposed convolution, with
#   drawings for every stride and padding.
# - Odena, Dumoulin and Olah, *Deconvolution and checkerboard artifacts*, Distill, 2016,
#   [distill.pub](https://distill.pub/2016/deconv-checkerboard).
# - Long, Shelhamer and Darrell, *Fully convolutional networks for semantic segmentation*, 2015,
#   [arXiv 1411.4038](https://arxiv.org/abs/1411.4038). Bilinear start, and the table of section 1.
# - Ronneberger, Fischer and Brox, *U-Net*, 2015,
#   [arXiv 1505.04597](https://arxiv.org/abs/1505.04597). Transposed convolutions with kernel 2.
# - Keys, *Cubic convolution interpolation for digital image processing*, 1981,
#   [doi 10.1109/TASSP.1981.1163711](https://doi.org/10.1109/TASSP.1981.1163711). The cubic weights.
# - Badrinarayanan, Kendall and Cipolla, *SegNet*, 2017,
#   [arXiv 1511.00561](https://arxiv.org/abs/1511.00561). Unpooling with indices.
# - Chen et al., *DeepLab*, 2016, [arXiv 1606.00915](https://arxiv.org/abs/1606.00915). Bilinear
#   upsampling of scores.
