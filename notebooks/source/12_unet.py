# %% [markdown]
# # 12 U-Net
#
# After this lesson you can draw a U-Net from memory with every tensor's shape, say what its skips are
# good for, tell which picture sizes it takes, and train it so that objects that touch come apart.
#
# **Needs:** lessons 08 (transposed convolution), 09 (border weights) and 10 (training).
# **Run time:** about 90 s on two CPU cores; no GPU needed.
# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import ndimage
from torch.nn import functional

from course_utils import losses, metrics
from course_utils.datasets.registry import load_data
from course_utils.datasets.segmentation_data import from_arrays
from course_utils.figures import set_alt_text
from course_utils.models.unet import OriginalUNet, UNet, logits_in_tiles
from course_utils.plotting import show_error_map, show_image, show_instances
from course_utils.training import evaluate, fit
from course_utils.training import predict as predict_maps
from course_utils.training_config import Config
from course_utils.widgets import unet_walk
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 A perfect mask
#
# Real coins, and the mask that was drawn by hand: no pixel of it is wrong. An **instance** is one
# object. The simplest way from a mask to instances is to number its **connected components**, areas
# that hang together.
#
# **Predict.** How many components has the perfect mask?
# %% tags=["nbval-ignore-output"]
predict("12-components", "Five coins touch. Components of their mask:", number=("", 0, 9))
# %%
torch.set_num_threads(1)  # networks this small gain little from a second thread
coins = load_data("coins", "test")[5]
components, count = ndimage.label(coins.label_map)
figure, axes = plt.subplots(1, 3, figsize=(8.4, 2.9))
show_image(coins.image.transpose(1, 2, 0), axes[0], title="coins")
show_instances(coins.instance_map, axes[1], title="true instances")
show_instances(components, axes[2], title="components of the true mask")
print(f"{coins.instance_map.max()} coins, {count} component")
reveal("12-components", count)


# %% [markdown]
# A mask that is right everywhere, and one coin instead of five. This lesson needs two things: a network
# whose outlines are fine, and a way to make it draw a line *between* objects. U-Net (Ronneberger,
# Fischer and Brox, 2015) was built for both, for neurons and for cells that touch, from 20 to 35
# training pictures.
#
# ## 2 The U
#
# An **encoder** makes the map smaller and its channels more, level by level. A **decoder** of the same
# depth goes back up. On each level a **skip** carries the encoder's map across and **concatenates** it
# with the decoder's. Three letters name all tensors, counted along the U:
#
# - **c**: double convolution, 3 x 3 and ReLU, twice
# - **p**: max pooling, 2 x 2
# - **u**: transposed convolution, 2 x 2, stride 2
# %%
def forward(net, image):  # (N, 3, 128, 128)
    c1 = net.c1(image)  # (N, 16, 128, 128)
    c2 = net.c2(net.p1(c1))  # (N, 32, 64, 64)
    c3 = net.c3(net.p2(c2))  # (N, 64, 32, 32)
    c4 = net.c4(net.p3(c3))  # (N, 128, 16, 16)
    c5 = net.c5(net.p4(c4))  # (N, 256, 8, 8), the bottom
    c6 = net.c6(torch.cat([net.u6(c5), c4], dim=1))  # (N, 128, 16, 16)
    c7 = net.c7(torch.cat([net.u7(c6), c3], dim=1))  # (N, 64, 32, 32)
    c8 = net.c8(torch.cat([net.u8(c7), c2], dim=1))  # (N, 32, 64, 64)
    c9 = net.c9(torch.cat([net.u9(c8), c1], dim=1))  # (N, 16, 128, 128)
    return net.out(c9)  # (N, 1, 128, 128) logits


# %% [markdown]
# **Same answer as the library?**
# %%
torch.manual_seed(0)
net = UNet(num_classes=1)
image = torch.rand(2, 3, 128, 128)
with torch.no_grad():
    torch.testing.assert_close(forward(net, image), net(image))
print("the ten lines and the library's U-Net agree:", tuple(net(image).shape))
# %% [markdown]
# **Predict.** u6 and c4 both have 128 channels of 16 x 16. What goes into the double convolution c6?
# %% tags=["nbval-ignore-output"]
predict(
    "12-join",
    "u6 and c4 joined have the shape ...",
    options=["128 x 16 x 16", "256 x 16 x 16", "128 x 32 x 32"],
)
# %%
tensors = net.tensors(image)
joined = torch.cat([tensors["u6"], tensors["c4"]], dim=1)
reveal("12-join", " x ".join(map(str, joined.shape[1:])))
# %% [markdown]
# Concatenation puts channels side by side. The whole table, for a picture of 128 x 128 (a
# multiply-add is one product that is added up; the receptive field is lesson 07's):
# %%
table = net.describe((128, 128))
print(table)


# %% [markdown]
# **By hand.** A convolution has kernel area x channels in x channels out weights, and a bias for each
# channel out. Channels double downwards; on the way up a double convolution begins with twice its own
# channels, for the skip.
# %%
def convolution(channels_in, channels_out, kernel):
    return kernel**2 * channels_in * channels_out + channels_out


def double(channels_in, channels_out):
    return convolution(channels_in, channels_out, 3) + convolution(channels_out, channels_out, 3)


down = [double(a, b) for a, b in [(3, 16), (16, 32), (32, 64), (64, 128), (128, 256)]]
up = [convolution(2 * w, w, 2) + double(2 * w, w) for w in (128, 64, 32, 16)]
total = sum(down) + sum(up) + convolution(16, 1, 1)
print(f"down {sum(down):,} + up {sum(up):,} + out 17 = {total:,}")
print("equal to the library's:", total == table.parameters)
# %% [markdown]
# **Predict.** The picture becomes 256 x 256.
# %% tags=["nbval-ignore-output"]
predict(
    "12-parameters",
    "Parameters and multiply-adds of the same network:",
    options=["both 4 times", "the same, and 4 times", "4 times, and the same"],
)
# %%
larger = net.describe((256, 256))
print(f"parameters {table.parameters:,} and {larger.parameters:,}")
print(f"multiply-adds: {larger.multiply_adds / table.multiply_adds:.2f} times as many")
by_name = {row.name: row for row in table}
bottom = by_name["c5"]
print(f"the bottom, c5, has {bottom.parameters / table.parameters:.0%} of the parameters", end=" ")
print(f"and {bottom.multiply_adds / table.multiply_adds:.0%} of the multiply-adds")
reveal("12-parameters", "the same, and 4 times")


# %% [markdown]
# Parameters sit at the bottom, where channels are many; work is spread over all levels, for each
# level down has a quarter of the pixels and four times the weights.
#
# ## 3 Walk the U
#
# Train it before looking inside: scenes of cells, made by a program that knows the truth, 64 x 64
# pixels, two rounds through 160 of them. One channel means a loss for one channel: object or not.
# %%
def one_channel_loss(logits, target):
    return functional.binary_cross_entropy_with_logits(logits[:, 0], target.float())


small = (64, 64)
train, val, test = (
    load_data("cells", part, count=count, size=small)
    for part, count in [("train", 160), ("val", 12), ("test", 100)]
)
FAST = {"device": "cpu", "precision": "fp32", "threads": 1}
config = Config(epochs=2, batch_size=4, learning_rate=2e-3, loss=one_channel_loss, **FAST)
start = time.perf_counter()
fit(net, train, val, config)
seconds = time.perf_counter() - start
print(f"{len(train)} pictures, {config.epochs} epochs, {table.parameters:,} parameters")


# %% [markdown]
# No parameter knows the picture's size, so what was trained on 64 x 64 is scored on whole scenes of 128 x
# 128, which it never saw.
# %%
def mean_iou(target, prediction):
    table = metrics.confusion_matrix(target, prediction.astype(np.uint8), num_classes=2)
    return float(metrics.mean_iou(table))


whole = load_data("cells", "test", count=20)
images, label_maps, _ = whole.arrays()
score = mean_iou(label_maps, predict_maps(net, images, device="cpu"))
print(f"mean IoU on {len(whole)} scenes of 128 x 128 above 0.8: {score > 0.8}")
# %% tags=["measured"]
print(f"trained in {seconds:.0f} s, mean IoU {score:.3f}")
# %% [markdown]
# Now every tensor in its place, each shown as the mean over its channels. A row is a size; arrows are
# the skips.
# %%
scene = whole[1].image
run = unet_walk.walk(net, scene)
figure = unet_walk.draw_u(run)
sizes = {name: x.shape for name, x in run.items()}
print("c1", sizes["c1"], "... c5", sizes["c5"], "... c9", sizes["c9"], "-> out", sizes["out"])
figure
# %% [markdown]
# Going down, outlines blur away and few pixels say what is where. Going up, u is blocky (it knows the
# place only to within the pixels that were pooled together), and c beside it is sharp again. Look at
# the channels one by one:
# %%
figure, line = unet_walk.draw_tensor(run, "u8")
print(line.splitlines()[0])
figure
# %% [markdown]
# **Predict.** In this trained network zeros are sent to the decoder in place of the skips. What happens
# to its mean IoU?
# %% tags=["nbval-ignore-output"]
predict(
    "12-cut",
    "With the skips cut, mean IoU ...",
    options=["stays above 0.8", "falls, but stays above 0.6", "falls below 0.6"],
)
# %%
cut = [unet_walk.walk(net, item, skips=False)["out"][0] > 0 for item in images]
score_cut = mean_iou(label_maps, np.array(cut))
print(f"skips cut: mean IoU below 0.6: {score_cut < 0.6}")
reveal("12-cut", "falls below 0.6")
# %% tags=["measured"]
print(f"mean IoU with the skips cut {score_cut:.2f}, as trained {score:.2f}")
# %% [markdown]
# This network was trained *with* skips and leans on them.
#
# **Move it.** Click a tensor, or choose it by name. Compare c4 with u6, and c1 with u9. Then cut the
# skips: which tensor is the first that changes?
# %% tags=["nbval-ignore-output"]
unet_walk.demo(net, scene)
# %% [markdown]
# ## 4 With and without skips
#
# A fair comparison trains both. To be quick, networks are small here (width 8, depth 3, batch norm),
# and every one gets the same budget: the same pictures, the same number of steps.
#
# **Predict.** A U-Net trained *without* skips: what mean IoU, where the one with skips has 0.95?
# %% tags=["nbval-ignore-output"]
predict(
    "12-skips",
    "Without skips, mean IoU is ...",
    options=["about the same", "a few hundredths lower", "below 0.7"],
)


# %%
def train_small(seed, train=train, val=val, border_weights=False, **options):
    torch.manual_seed(seed)
    network = UNet(num_classes=2, width=8, depth=3, batch_norm=True, **options)
    config = Config(
        epochs=2,
        batch_size=4,
        learning_rate=1e-2,
        seed=seed,
        border_weights=border_weights,
        **FAST,
    )
    return fit(network, train, val, config).model


SEEDS, SHOWN = (0, 1, 2), 16  # SHOWN: the test scene of the pictures
with_skips = [train_small(seed) for seed in SEEDS]
without = [train_small(seed, skips=False) for seed in SEEDS]
print(f"{2 * len(SEEDS)} networks trained")
# %% [markdown]
# Mean IoU hardly notices outlines. **Boundary IoU** (lesson 05) counts nothing else: here the IoU of
# the two contours, one pixel wide, as a mean over the scenes.
# %%
test_images, test_maps, test_instances = test.arrays()


def scores(network):
    maps = predict_maps(network, test_images, device="cpu")
    outlines = [
        metrics.boundary_iou(t == 1, p == 1, 1) for t, p in zip(test_maps, maps, strict=True)
    ]
    return mean_iou(test_maps, maps), float(np.nanmean(outlines))


skip_scores = {"with skips": with_skips, "without": without}
skip_scores = {name: np.array([scores(n) for n in three]) for name, three in skip_scores.items()}
# %% [markdown]
# One number for each seed:
# %% tags=["measured"]
for name, three in skip_scores.items():
    for kind, values in zip(("mean IoU", "boundary IoU"), three.T, strict=True):
        print(f"{name:>11}, {kind:>12}: {' '.join(f'{value:.3f}' for value in values)}")
# %% [markdown]
# What holds for every seed:
# %%
best_without, worst_with = skip_scores["without"].max(axis=0), skip_scores["with skips"].min(axis=0)
print("mean IoU, each with skips above each without:      ", worst_with[0] > best_without[0])
gap = worst_with[1] - best_without[1]
print("boundary IoU, each with above each without by 0.05:", gap > 0.05)
print(
    "mean IoU without skips still above 0.8:            ", skip_scores["without"][:, 0].min() > 0.8
)
reveal("12-skips", "a few hundredths lower")
# %% [markdown]
# Without skips the cells are found all the same. What is lost is the outline. Blue is found,
# vermilion a false alarm, purple missed:
# %%
wrong = []
figure, axes = plt.subplots(1, 3, figsize=(7.8, 2.8))
show_image(test_images[SHOWN].transpose(1, 2, 0), axes[0], title="test scene")
for ax, (name, network) in zip(
    axes[1:], {"with skips": with_skips[0], "without": without[0]}.items(), strict=True
):
    maps = predict_maps(network, test_images, device="cpu")
    show_error_map(test_maps[SHOWN] == 1, maps[SHOWN] == 1, ax, title=name, legend=False)
    wrong.append(np.mean(maps != test_maps))
set_alt_text(
    figure,
    "A test scene with cells, and the errors of two networks. Without skips, wrong pixels line most "
    "outlines and fill narrow gaps; with skips they are fewer.",
)
print(
    "without skips, wrong pixels of all test scenes at least 1.5 times:", wrong[1] > 1.5 * wrong[0]
)


# %% [markdown]
# ### Concatenated or added?
#
# FCN (lesson 11) *adds* its skips, after a 1 x 1 convolution to the classes; U-Net concatenates features.
# Adding u and s and then convolving is the special case of concatenation in which the kernels for
# both halves are equal:
# %%
u, s = torch.randn(2, 1, 4, 8, 8, dtype=torch.float64)
kernel = torch.randn(5, 4, 3, 3, dtype=torch.float64)
added = functional.conv2d(u + s, kernel)
side_by_side = functional.conv2d(torch.cat([u, s], dim=1), torch.cat([kernel, kernel], dim=1))
torch.testing.assert_close(added, side_by_side)
for join in ("concatenate", "sum"):
    parameters = sum(p.numel() for p in UNet(join=join).parameters())
    print(f"{join:>11}: {parameters:,} parameters")
print("the sum is concatenation with two equal kernels")
# %% [markdown]
# So concatenation can do all that a sum can, and may treat both halves differently; it pays with a
# tenth more parameters. Whether that helps is measured, not proved. One training each is no proof either:
# %%
added = train_small(seed=0, join="sum")
sum_scores = scores(added)
print("sum, one seed: mean IoU above every network without skips:", sum_scores[0] > best_without[0])
# %% [markdown]
# Mean IoU:
# %% tags=["measured"]
print(f"concatenated, three seeds: {' '.join(f'{v:.3f}' for v in skip_scores['with skips'][:, 0])}")
print(f"added, one seed:           {sum_scores[0]:.3f}")
# %% [markdown]
# On these cells both do about as well: having a skip matters more than how it is joined.
#
# ## 5 Which sizes fit?
#
# Four poolings halve a side four times, and each must meet an even number. So height and width must be
# multiples of 16. What if they are not?
# %%
try:
    net(torch.zeros(1, 3, 100, 128))
except ValueError as error:
    print(error)
# %% [markdown]
# Pad the picture to the next multiple, and cut the logits back. (A pooling that met 25 would keep 12; the
# way back up would end at 24, and c would not fit beside u.)
#
# ### The paper's U-Net
#
# The network above is a small one with padding. The original begins with 64 channels, ends with two
# classes, and has **no padding**: each 3 x 3 convolution takes a pixel off every edge, and what the
# network says about a pixel never depends on made-up zeros.
#
# **Predict.** It takes 572 x 572. How large are its logits?
# %% tags=["nbval-ignore-output"]
predict("12-valid", "Side of the logits, in pixels:", number=("px", 0, 600))
# %%
original = OriginalUNet().describe((572, 572))
for row in original:
    print(f"{row.name:>4}  {' x '.join(map(str, row.output_shape)):>15}")
print(f"{original.parameters:,} parameters")
reveal("12-valid", original[-1].output_shape[-1], unit="px", tolerance=2)
# %% [markdown]
# Follow the sides. Down: 572 - 4 = 568, halved 284, - 4 = 280, halved 140, ... 32 - 4 = 28 at the
# bottom. Up: 28 doubled is 56, - 4 = 52, doubled 104, ... 392 - 4 = 388. The skip is larger than the
# map it meets (c4 has 64, u6 has 56), so its middle is cut out first.
#
# 572 - 388 = 184: the logits lack 92 pixels on each side. The paper therefore cuts large pictures into
# **overlap tiles**: each input tile is larger than what it answers for, and mirrored pixels stand
# beyond the picture's edge.
# %%
page = load_data("cells", "test", count=4, size=(150, 200))[1].image[:1]  # (1, 150, 200)
margin, tile = OriginalUNet.margin, 284
step = (tile - 2 * margin) // 16 * 16
around = np.pad(page[0], margin + step, mode="reflect")[step:, step:]
figure, ax = plt.subplots(figsize=(5.6, 5))
ax.imshow(around, cmap="gray")
for side, at, colour in [(tile, 0, "#ff9900"), (step, margin, "#00ccff")]:
    ax.add_patch(plt.Rectangle((at, at), side, side, fill=False, ec=colour, lw=2))
picture = plt.Rectangle((margin, margin), 200, 150, fill=False, ec="white", ls="--", lw=2)
ax.add_patch(picture)
ax.set_axis_off()
set_alt_text(figure, "Cells (dashed frame) with mirrored pixels around them; a large square, the input "
             "tile, and in its middle the small square that it answers for.")  # fmt: skip
print(f"an input tile of {tile} answers for {step} x {step}: {step**2 / tile**2:.0%} of its pixels")
# %% [markdown]
# Does a picture cut into tiles get the same logits as in one piece? On a network of small width (the
# answer does not depend on the weights):
# %%
torch.manual_seed(0)
valid = OriginalUNet(width=2)
batch = torch.from_numpy(page[None] / np.float32(255))  # (1, 1, 150, 200)
in_tiles = logits_in_tiles(valid, batch, tile=tile)
at_once = logits_in_tiles(valid, batch, tile=572)
torch.testing.assert_close(in_tiles, at_once, rtol=1e-4, atol=1e-4)
tiles = -(-150 // step) * -(-200 // step)
print(f"{tiles} tiles of {tile} and one of 572: the same {tuple(at_once.shape)} logits, to 1e-4")


# %% [markdown]
# Small tiles save memory and waste work: the rim is computed again and again. Tiles must begin at
# multiples of 16, or their poolings would group other pixels.
#
# ## 6 A line between objects
#
# Back to the perfect mask. How do the scenes of cells fare, and what lies between cells that touch?
# Components of less than 12 pixels are left out: specks, not cells.
# %%
def components_of(maps):
    found = np.stack([ndimage.label(label_map)[0] for label_map in maps])
    for numbers in found:  # one scene
        area = np.bincount(numbers.ravel())
        numbers[area[numbers] < 12] = 0
    return found


def number_of_instances(instance_maps):
    return sum(len(np.unique(numbers[numbers > 0])) for numbers in instance_maps)


# %% [markdown]
# **AP** is TP / (TP + FP + FN) over objects, matched at an IoU above 0.5 (lesson 05).
# %%
true_count, merged = number_of_instances(test_instances), components_of(test_maps)
right, left = test_instances[:, :, 1:], test_instances[:, :, :-1]
pairs = np.sum((right > 0) & (left > 0) & (right != left))
print(f"{true_count} cells, {number_of_instances(merged)} components of the true mask")
print(f"two cells side by side, no background between them: {pairs} pairs of pixels")
print(f"AP of the true mask: {metrics.instance_average_precision(test_instances, merged):.2f}")
# %% [markdown]
# Even the truth gets less than a half: a network that learns this mask *perfectly* does not find more.
#
# U-Net's remedy are **border weights** (lesson 09): a pixel between two cells costs up to eleven times
# as much. But weights can only stress what the target says, and between these cells it says nothing.
#
# **Predict.** Border weights on these targets, as they are. AP of the network?
# %% tags=["nbval-ignore-output"]
predict(
    "12-weights",
    "Border weights alone, no background between cells: AP ...",
    options=["above 0.5", "about as without weights"],
)


# %% [markdown]
# The paper does one thing first, in half a sentence that is easily missed: it *introduces* small
# separation borders between touching cells, by morphological operations (section 3). So **carve** one: a
# pixel of a cell becomes background if one of its 8 neighbours belongs to another cell.
# %%
def carve(instance_map):
    others = np.where(instance_map > 0, instance_map, instance_map.max() + 1)
    most, least = ndimage.maximum_filter(instance_map, 3), ndimage.minimum_filter(others, 3)
    between = (instance_map > 0) & ((most > instance_map) | (least < instance_map))
    return np.where(between, 0, instance_map)


def carved(data):
    images, _, instance_maps = data.arrays()
    maps = np.stack([carve(instance_map) for instance_map in instance_maps])
    names, palette = data.class_names, data.palette
    masks = (maps > 0).astype(np.uint8)
    return from_arrays(
        data.name, data.part, images, masks, maps, class_names=names, palette=palette
    )


# %% [markdown]
# Do the carved cells come apart?
# %%
train_carved, val_carved, test_carved = carved(train), carved(val), carved(test)
apart = components_of(test_carved.arrays()[1])
print(f"carved: {number_of_instances(apart)} components of {true_count} cells", end=", ")
print(f"AP {metrics.instance_average_precision(test_instances, apart):.2f}")
# %% [markdown]
# Now all cells come apart, at the price of a line two pixels wide. A carved target and its weights:
# %%
target = carve(test_instances[SHOWN])
weights = losses.unet_border_weights(target)
figure, axes = plt.subplots(1, 4, figsize=(9.4, 2.7))
show_image(test_images[SHOWN].transpose(1, 2, 0), axes[0], title="scene")
show_instances(test_instances[SHOWN], axes[1], title="true cells")
show_instances(target, axes[2], title="carved")
show_image((weights - 1) / 10, axes[3], title="(border weight - 1) / 10")
set_alt_text(
    figure,
    "A scene, its cells, the same cells with a line of background where they touched, and the border "
    "weights: bright along these lines, dark elsewhere.",
)
print(f"mean weight {weights.mean():.1f}; on the carved line "
      f"{weights[(test_instances[SHOWN] > 0) & (target == 0)].mean():.1f}")  # fmt: skip
# %% [markdown]
# Three seeds each (one for the weights on uncarved targets), all with the same budget; the first three
# networks are those of section 4.
# %%
trained = {
    "as they are": with_skips,
    "as they are, weights": [train_small(seed=0, border_weights=True)],
    "carved": [train_small(seed, train_carved, val_carved) for seed in SEEDS],
    "carved, weights": [train_small(s, train_carved, val_carved, True) for s in SEEDS],
}
found = {
    name: [components_of(predict_maps(n, test_images, device="cpu")) for n in three]
    for name, three in trained.items()
}
ap = {n: np.array([metrics.instance_average_precision(test_instances, f) for f in three])
      for n, three in found.items()}  # fmt: skip
iou = {n: np.array([mean_iou(test_maps, f > 0) for f in three]) for n, three in found.items()}
# %% [markdown]
# Everything is measured against the true cells, *not* the carved ones:
# %% tags=["measured"]
print(f"{'targets':>21}  {'AP, seeds 0 to 2':>16}  {'components':>13}  mean IoU")
for name, maps in found.items():
    counts = " ".join(f"{number_of_instances(f):3d}" for f in maps)
    values = " ".join(f"{value:.2f}" for value in ap[name])
    print(f"{name:>21}  {values:>16}  {counts:>13}  {iou[name].mean():.3f}")
print(f"{'truth':>21}  {'1.00':>16}  {true_count:>13}")
# %% [markdown]
# What holds, with a margin for other machines:
# %%
alone, heavy = ap["carved"], ap["carved, weights"]
plain, uncarved = ap["as they are"], ap["as they are, weights"]
lost = iou["as they are"].mean() - iou["carved, weights"].mean()
print("AP, each carved with weights above each uncarved:   ", heavy.min() > plain.max())
print("mean AP, weights above carved alone by 0.03:        ", heavy.mean() > alone.mean() + 0.03)
print("weights without carving: AP below that of the truth:", uncarved.max() < 0.45)
print("mean IoU lost by carving and weights, below 0.05:   ", 0 < lost < 0.05)
reveal("12-weights", "about as without weights")
# %% [markdown]
# One scene. Each colour is one component; the same colour on two cells that touch means that they were
# taken for one.
# %%
figure, axes = plt.subplots(1, 4, figsize=(9.4, 2.7))
show_instances(test_instances[SHOWN], axes[0], title="true cells")
for ax, name in zip(axes[1:], ("as they are", "carved", "carved, weights"), strict=True):
    show_instances(found[name][0][SHOWN], ax, title=name)
set_alt_text(
    figure,
    "True cells of a scene, and the components that three networks found. Trained on targets as they "
    "are, three cells that touch are one component; carved targets and weights open one contact.",
)
print(f"{test_instances[SHOWN].max()} cells in this scene")
# %% [markdown]
# What was measured, and what was not:
#
# - A carved target makes the line learnable; the weights make the network draw it. Weights without the
#   line changed next to nothing (one seed).
# - Mean IoU *fell* a little: carved pixels are cell pixels. Choose by the score that the task needs.
# - AP stays far below 1, for a single open pixel joins two cells. Longer training, and watershed on the
#   result (lesson 04), are the next things to try; neither is measured here.
# - One kind of scene, three seeds: it works here; how much elsewhere is open.
#
# ## 7 On a GPU
#
# With a GPU, or an hour of patience, the same code trains on real nuclei (BBBC038). Set `FULL_RUN` to
# True; where the data are not there, the cell says how to fetch them.
# %%
FULL_RUN = False
if FULL_RUN:
    try:
        real = [load_data("nuclei", part, size=(256, 256)) for part in ("train", "val", "test")]
        pair = [carved(part) for part in real[:2]]
        network = UNet(num_classes=2, batch_norm=True)
        config = Config(epochs=40, batch_size=16, learning_rate=2e-3, border_weights=True)
        print(evaluate(fit(network, *pair, config).model, real[2]).mean_iou)
    except FileNotFoundError as error:
        print(error)
else:
    print("not run: FULL_RUN is False")
# %% [markdown]
# **Check yourself.** A picture of 1000 x 700 shows nuclei that touch; the labels have one number for each.
# List what you do before training, and after predicting. (Answer at the end of the recap.)
#
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("12_unet")
# %% [markdown]
# ## Recap
#
# - A U-Net is an encoder, a decoder of the same depth, and skips that concatenate: 128 + 128 channels
#   make 256. At 128 x 128 x 3 and width 16 it has 1,941,105 parameters, at any picture size.
# - The small maps know what, the skips bring where: without them outlines suffer.
# - With padding, sides are multiples of 2 to the number of poolings; the original, without it, makes
#   388 of 572 and works in tiles.
# - Border weights need a border: carve it, then weight it, and count instances, not pixels.
#
# **Check yourself:** pad to 1008 x 704; carve the labels, compute border weights; predict, cut the padding
# off, number the components, and let them grow back by the carved pixel.
#
# **Next:** the exercise of this lesson.
# %% [markdown]
# ## Further reading
#
# - Ronneberger, Fischer, Brox, *U-Net*, 2015, [arXiv 1505.04597](https://arxiv.org/abs/1505.04597): section 2
#   the architecture, section 3 tiles, weights and elastic deformation
# - Long, Shelhamer, Darrell, *Fully Convolutional Networks*, 2015, [arXiv 1411.4038](https://arxiv.org/abs/1411.4038): skips that are summed
# - Schmidt et al., *Cell Detection with Star-Convex Polygons*, 2018, [arXiv 1806.03535](https://arxiv.org/abs/1806.03535): AP of instances, and another way to tell cells apart
# - Caicedo et al., *Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl*, 2019, [doi 10.1038/s41592-019-0612-7](https://doi.org/10.1038/s41592-019-0612-7)
