# %% [markdown]
# # 09 Losses and imbalance
#
# After this lesson you can compute the losses of segmentation from a network's scores, say what each
# one asks of every single pixel, and choose one when the object covers 3 % of the picture.
#
# **Needs:** lessons 05 (scores) and 06 (convolution), a first look at PyTorch. **Run time:** about 30
# s on two CPU cores; no GPU needed.
# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils import losses, metrics
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.ship_scenes import ship_scenes
from course_utils.figures import set_alt_text
from course_utils.plotting import compare, show_error_map, show_image
from course_utils.widgets import focal, imbalance
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 Ships are rare
#
# Four scenes of ships at sea (drawn by a program, which also knows the truth). Ships cover about 3 %
# of the pixels. A network that learns to find them is told one number after every step, the **loss**,
# and changes its weights so that this number falls. What should the number be?
# %%
torch.set_num_threads(1)  # a network this small gains nothing from a second thread
images, label_maps, _ = ship_scenes(64, size=(64, 64), share=0.03)
test_images, test_maps, _ = ship_scenes(64, size=(64, 64), share=0.03, part="test")
four = np.concatenate(images[:4].transpose(0, 2, 3, 1), axis=1)  # (64, 256, 3)
truth = np.concatenate(label_maps[:4], axis=1)  # (64, 256)
figure, axes = plt.subplots(2, 1, figsize=(6.4, 3.6))
compare(four, truth, titles=["four scenes", "truth"], class_names=["sea", "ship"], axes=axes)
print(f"{len(images)} scenes to train on, ships cover {label_maps.mean():.1%} of them")
# %% [markdown]
# Before any formula: suppose the network cannot see yet. It can only say the same probability of
# ship at every pixel, and its loss is the mean of -log(probability it gave to the true class).
#
# **Predict.** Which constant answer has the smallest loss?
# %% tags=["nbval-ignore-output"]
predict(
    "09-constant",
    "The best constant probability of ship is ...",
    options=["0.5, not sure", "0.03, the share of ships", "0, no ship"],
)
# %%
share = label_maps.mean()
answers = np.array([0.001, 0.01, 0.03, 0.1, 0.5])
constant = -share * np.log(answers) - (1 - share) * np.log(1 - answers)
for answer, loss in zip(answers, constant, strict=True):
    print(f"always {answer:5.3f}: loss {loss:.3f}")
reveal("09-constant", "0.03, the share of ships")
# %% [markdown]
# So the first thing any network learns here is the share: *ship is improbable everywhere*. As a mask
# (probability above 1/2) that is an empty sea.
# %%
empty = np.zeros_like(label_maps)
table = metrics.confusion_matrix(label_maps, empty, num_classes=2)
print(f"empty sea: accuracy {metrics.pixel_accuracy(table):.2f}", end=", ")
print(f"IoU of ship {metrics.iou_per_class(table)[1]:.2f}")


# %% [markdown]
# Accuracy 0.97, and nothing found. Whether training gets away from there, and where it ends, depends
# on the loss.
#
# ## 2 Cross-entropy, from logits
#
# A network gives a **logit** for each class at each pixel: any number, the larger the surer. Softmax
# turns a pixel's logits z into probabilities: p = exp(z) / (sum of exp(z) over the classes). The
# pixel's loss is -log p of the true class. Put together,
#
# $$-\log p_k = \log\Big(\sum_c e^{z_c}\Big) - z_k$$
#
# The sum can overflow. Taking the largest logit m off first changes nothing, because exp(m) cancels;
# that is the **log-sum-exp** trick.
# %%
def log_softmax(logits):  # (N, C, H, W)
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return shifted - shifted.exp().sum(dim=1, keepdim=True).log()


pixel = torch.tensor([1000.0, 998.0], dtype=torch.float64).reshape(1, 2, 1, 1)
naive = (pixel.exp() / pixel.exp().sum(dim=1, keepdim=True)).log()
print("naive:      ", naive.flatten().tolist())
print("log-sum-exp:", [round(value, 4) for value in log_softmax(pixel).flatten().tolist()])


# %% [markdown]
# The cross-entropy of a batch is the mean over its pixels. Some pixels have no truth (**void**, 255 in
# this course): they get weight 0, in the sum and in the number it is divided by.
# %%
def cross_entropy(logits, target, class_weights=None):
    counted = target != 255
    true = target.masked_fill(~counted, 0)  # void needs some index: its weight is 0
    log_p = log_softmax(logits).gather(1, true[:, None])[:, 0]  # (N, H, W)
    weights = counted.to(logits.dtype)
    if class_weights is not None:
        weights = weights * class_weights[true]
    return -(weights * log_p).sum() / weights.sum()


# %% [markdown]
# **Same answer as the library and as torch?** On random logits in double precision, with void:
# %%
torch.manual_seed(0)
logits = 2 * torch.randn(2, 3, 8, 8, dtype=torch.float64)
target = torch.randint(0, 3, (2, 8, 8))
target[:, 2:4, 2:5] = 255
weights = torch.tensor([1.0, 4.0, 0.5], dtype=torch.float64)
for w in (None, weights):
    by_torch = functional.cross_entropy(logits, target, weight=w, ignore_index=255)
    torch.testing.assert_close(cross_entropy(logits, target, w), by_torch, rtol=1e-6, atol=1e-6)
    by_library = losses.cross_entropy(logits, target, w)
    torch.testing.assert_close(by_library, by_torch, rtol=1e-6, atol=1e-6)
print(f"by hand, library, torch: {cross_entropy(logits, target).item():.6f}, the same to 1e-6")
# %% [markdown]
# ### The accident: softmax twice
#
# The loss wants logits. A common accident is a softmax at the end of the network: its probabilities
# are then taken for logits. Nothing fails; the network even learns a little.
#
# **Predict.** Two classes, and the network is perfectly sure and perfectly right: probabilities 1 and
# 0. What loss does it get after the second softmax?
# %% tags=["nbval-ignore-output"]
predict("09-twice", "The loss of a perfect answer, softmax applied twice:", number=("", 0, 1))
# %%
sure = torch.tensor([50.0, -50.0], dtype=torch.float64).reshape(1, 2, 1, 1).requires_grad_()
right = torch.zeros(1, 1, 1, dtype=torch.int64)
once, twice = cross_entropy(sure, right), cross_entropy(sure.softmax(dim=1), right)
print(f"softmax once {abs(once.item()):.4f}, twice {twice.item():.4f}")
wrong = torch.tensor([-5.0, 5.0], dtype=torch.float64).reshape(1, 2, 1, 1).requires_grad_()
for name, loss in [
    ("once", cross_entropy(wrong, right)),
    ("twice", cross_entropy(wrong.softmax(dim=1), right)),
]:
    (slope,) = torch.autograd.grad(loss, wrong)
    print(f"a pixel that is surely wrong, softmax {name}: gradient {slope.abs().max().item():.5f}")
reveal("09-twice", twice.item(), tolerance=0.02)
# %% [markdown]
# The loss can never fall below log(1 + 1/e) = 0.3133, and the pixel that needs the largest push gets
# almost none. If a two-class loss stalls near 0.31, look for a softmax too many.
#
# ## 3 What a loss asks of each pixel
#
# A loss teaches through its **gradient**: how the number would change with each logit. For
# cross-entropy it is as simple as it can be: (p - truth), divided by the number of pixels, where truth
# is 1 for the true class and 0 for the others.
# %%
z = logits.clone().requires_grad_()
(gradient,) = torch.autograd.grad(losses.cross_entropy(z, target), z)
counted = target != 255
one_hot = functional.one_hot(target.masked_fill(~counted, 0), 3).movedim(-1, 1)  # (N, C, H, W)
by_hand = (logits.softmax(dim=1) - one_hot) * counted[:, None] / counted.sum()
torch.testing.assert_close(by_hand, gradient, rtol=1e-6, atol=1e-12)
print(f"equal to autograd; largest size {gradient.abs().max().item():.5f}")
print(f"at void pixels: {gradient.movedim(1, -1)[~counted].abs().max().item()}")
# %% [markdown]
# A pixel pulls with the size of its error. Now count: at the start, p is about 1/2 everywhere, so all
# pixels pull equally hard, and 97 of 100 pull towards *sea*.
#
# ## 4 Class weights
#
# The plain remedy: let every ship pixel count w times. Torch divides by the sum of the weights, so the
# loss is a *weighted mean*, and the whole batch pulls neither harder nor softer than before.
# %%
true, log_p = torch.tensor([0, 1]), torch.tensor([-1.0, -3.0], dtype=torch.float64)  # two pixels
for w in ([1.0, 1.0], [1.0, 3.0], [10.0, 30.0]):
    each = torch.tensor(w, dtype=torch.float64)[true]
    print(f"weights {w}: weighted mean {-(each * log_p).sum() / each.sum():.2f}")
# %% [markdown]
# Only the ratio counts. A weight of about 32 (97 / 3) lets both classes pull equally hard. Sounds
# fair.
#
# **Predict.** A network is trained with ship weight 1, and again with ship weight 100. What changes?
# %% tags=["nbval-ignore-output"]
predict(
    "09-weight",
    "From weight 1 to weight 100 ...",
    options=[
        "precision and recall both rise",
        "recall rises, precision falls",
        "precision rises, recall falls",
    ],
)
# %% [markdown]
# The network of this demo is tiny (194 parameters; it sees a pixel and its close surroundings), so
# that it can be trained anew for every position of the slider, always from the same start.
# %% tags=["nbval-ignore-output"]
for w in (1, 10, 100):
    print(imbalance.draw_imbalance(w)[1])
# %% tags=["nbval-ignore-output"]
imbalance.draw_imbalance(100)[0]
# %% [markdown]
# Vermilion are false alarms: a hem around the ships. As facts:
# %%
one, hundred = (imbalance.ship_probability(w) for w in (1, 100))
ships = ship_scenes(16, size=(64, 64), share=0.03, part="test")[1] == 1
print("recall rises:   ", bool(np.mean(hundred[ships] > 0.5) > np.mean(one[ships] > 0.5) + 0.03))
print("precision falls:", bool(np.mean(ships[hundred > 0.5]) < np.mean(ships[one > 0.5]) - 0.03))
reveal("09-weight", "recall rises, precision falls")
# %% [markdown]
# **Move it.** Find the weight with the best IoU. Is it 32? What do the ships look like at 200? (Each
# step is a whole training, so the picture follows a moment later.)
# %% tags=["nbval-ignore-output"]
imbalance.demo()


# %% [markdown]
# A weight moves the answer, it adds no knowledge: with w, a pixel is called ship as soon as it is one
# with probability 1 / (1 + w). A high weight pays for the last missed pixels with a hem of false alarms
# around every ship. FCN's authors tried class balancing on PASCAL VOC, about 3/4 background, and found
# it unnecessary (Long 2015, section 4.3).
#
# ## 5 Focal loss
#
# Another idea: most sea pixels are *easy*. Let a pixel count little once it is right, whatever its
# class. The **focal loss** of a pixel is
#
# $$-\alpha_t\,(1 - p_t)^\gamma \log p_t$$
#
# with p_t the probability of the true class. alpha is the weight of the rare class, 1 - alpha that of
# the other.
# %% tags=["nbval-ignore-output"]
predict(
    "09-focal",
    "gamma 2: how many times less than in cross-entropy does a pixel with p = 0.9 cost?",
    options=["2", "10", "100", "1000"],
)


# %%
def focal_loss(logits, target, gamma=2.0, alpha=None):
    counted = target != 255
    true = target.masked_fill(~counted, 0)
    log_p = log_softmax(logits).gather(1, true[:, None])[:, 0]
    loss = -((1 - log_p.exp()) ** gamma) * log_p
    if alpha is not None:
        loss = loss * torch.where(true > 0, alpha, 1 - alpha)
    return (loss * counted).sum() / counted.sum()


for p in (0.5, 0.9, 0.968):
    z = torch.tensor([p, 1 - p], dtype=torch.float64).log().reshape(1, 2, 1, 1)
    less = losses.cross_entropy(z, right) / losses.focal_loss(z, right, gamma=2.0)
    print(f"p = {p}: {less.item():.1f} times less; 1 / (1 - p)^2 = {1 / (1 - p) ** 2:.1f}")
for gamma, alpha in ((2.0, None), (0.5, 0.25), (0.0, None)):
    by_library = losses.focal_loss(logits, target, gamma, alpha)
    torch.testing.assert_close(
        focal_loss(logits, target, gamma, alpha), by_library, rtol=1e-6, atol=0
    )
reveal("09-focal", "100")
# %% [markdown]
# **Move it.** Raise gamma: which part of the curves falls first? Then move alpha. The paper tunes the
# two together: its best pair is gamma 2 with alpha 0.25, a weight *below* one half for the rare class,
# because gamma has already silenced the easy background (Lin 2017, section 4.1).
# %%
figure, line = focal.draw_focal(gamma=2.0, alpha=0.25)
print(line)
figure
# %% tags=["nbval-ignore-output"]
focal.demo()
# %% [markdown]
# ## 6 Overlap as a loss: Dice, Tversky, Lovász
#
# Lesson 05 scored masks by overlap, which background cannot inflate. Why not train on it? IoU counts
# pixels, and a count has no gradient. Put probabilities in the place of counts and it has one: **soft
# Dice** of a class is
#
# $$\frac{2\sum p\,t + s}{\sum p + \sum t + s}$$
#
# where t is 1 inside the class's true area, sums run over the pixels that count, and s (`smooth`)
# keeps an absent class from 0 / 0. **Tversky** gives false alarms and misses prices of their own:
# (TP + s) / (TP + alpha FP + beta FN + s). With 1/2 and 1/2 it is Dice.


# %%
def tversky_loss(logits, target, alpha, beta, smooth):
    counted = (target != 255)[:, None]  # (N, 1, H, W)
    classes = torch.arange(logits.shape[1])[:, None, None]
    t = (target[:, None] == classes) & counted  # (N, C, H, W); void is in no class
    p = log_softmax(logits).exp() * counted
    tp, predicted, area = ((x).sum(dim=(0, 2, 3)) for x in (p * t, p, t))  # (C,) each
    whole = tp + alpha * (predicted - tp) + beta * (area - tp)
    return 1 - ((tp + smooth) / (whole + smooth)).mean()


for alpha, beta, smooth in ((0.3, 0.7, 0.5), (1, 1, 0.5)):
    by_library = losses.tversky_loss(logits, target, alpha, beta, smooth=smooth)
    by_hand = tversky_loss(logits, target, alpha, beta, smooth)
    torch.testing.assert_close(by_hand, by_library, rtol=1e-6, atol=0)
dice = tversky_loss(logits, target, 0.5, 0.5, smooth=0.5)  # half of Dice's smooth, 1
torch.testing.assert_close(dice, losses.dice_loss(logits, target), rtol=1e-6, atol=0)
print(f"Dice loss by hand and by the library: {dice.item():.6f}")
# %% [markdown]
# **Spot the error.** Three sentences on Dice, all of which can be read somewhere.
# %% tags=["nbval-ignore-output"]
predict(
    "09-error",
    "Which one is true?",
    options=[
        "Dice divides by all pixels of both pictures",
        "Dice pooled over all classes at once is the mean probability of the true class",
        "the mean of the batches' Dice is the epoch's Dice",
    ],
)
# %%
p, t = logits.softmax(dim=1) * counted[:, None], one_hot * counted[:, None]
overlap, areas = (p * t).sum(dim=(0, 2, 3)), (p + t).sum(dim=(0, 2, 3))  # (C,) each
print("Dice by class, divided by its areas:", (2 * overlap / areas).numpy().round(3))
print("divided by all pixels instead:      ", (overlap / counted.sum()).numpy().round(3))
pooled = 2 * overlap.sum() / areas.sum()
mean_p = (
    logits.softmax(dim=1).gather(1, target.masked_fill(~counted, 0)[:, None])[:, 0][counted].mean()
)
print(f"pooled over classes {pooled:.6f}, mean probability of the true class {mean_p:.6f}")
np.testing.assert_allclose(pooled, mean_p)
reveal("09-error", "Dice pooled over all classes at once is the mean probability of the true class")
# %% [markdown]
# All probabilities add up to the number of pixels, and so do all truths: pooled over the classes, Dice
# is just mean(p), and the imbalance it was meant to cure is back. Divide class by class, then average.
# And the third sentence:
# %%
hits, both = np.array([90, 80, 0]), np.array([200, 200, 8])  # three batches; the last one is small
print(f"mean of the batches' Dice {np.mean(2 * hits / both):.2f}", end=", ")
print(f"Dice of the epoch, pooled over its batches {2 * hits.sum() / both.sum():.2f}")


# %% [markdown]
# **Lovász-Softmax** (Berman 2018) extends IoU itself to probabilities. For each class, sort the pixels
# by their error, largest first. Each error is weighted by how much IoU falls when this pixel becomes
# wrong too. Where all probabilities are 0 or 1, the loss *is* 1 - mean IoU.
# %%
def lovasz_of_class(probability, is_class):  # both (P,), the pixels that count
    error, order = (is_class - probability).abs().sort(descending=True)
    sorted_truth = is_class[order]
    in_both = is_class.sum() - sorted_truth.cumsum(0)
    in_either = is_class.sum() + (1 - sorted_truth).cumsum(0)
    loss_so_far = 1 - in_both / in_either  # 1 - IoU with the first 1, 2, ... pixels wrong
    return error @ torch.diff(loss_so_far, prepend=torch.zeros(1, dtype=error.dtype))


flat = logits.softmax(dim=1).movedim(1, 0)[:, counted]  # (C, P)
by_hand = [lovasz_of_class(flat[c], (target[counted] == c).double()) for c in range(3)]
by_library = losses.lovasz_softmax(logits, target)
torch.testing.assert_close(torch.stack(by_hand).mean(), by_library, rtol=1e-6, atol=0)
hard = 100.0 * functional.one_hot(logits.argmax(dim=1), 3).movedim(-1, 1)
table = metrics.confusion_matrix(target.numpy(), logits.argmax(dim=1).numpy(), 3)
print(f"hard answers: Lovász {losses.lovasz_softmax(hard, target).item():.6f}", end=", ")
print(f"1 - mean IoU {1 - metrics.mean_iou(table):.6f}")
# %% [markdown]
# ## 7 A weight for every pixel: U-Net's borders
#
# A mask may be right in 99 % of its pixels and still join two cells into one, because the gap between
# them is a few pixels wide. U-Net's authors weight these pixels:
#
# $$w = w_c + w_0 \exp\Big(-\frac{(d_1 + d_2)^2}{2\sigma^2}\Big)$$
#
# d1 and d2 are the distances to the borders of the nearest and the second nearest cell, w0 = 10 and
# sigma = 5 pixels; w_c balances the classes.
# %% tags=["nbval-ignore-output"]
predict(
    "09-border",
    "A gap one pixel wide: d1 = d2 = 1. What is its weight, with w_c = 1?",
    options=["about 2", "about 5", "about 10"],
)


# %%
def border_weights_by_hand(instance_map, w0=10.0, sigma=5.0):
    weights = np.ones(instance_map.shape)
    padded = np.pad(instance_map, 1, mode="edge")
    neighbours = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    edge = np.any([n != instance_map for n in neighbours], axis=0) & (instance_map > 0)
    borders = [np.argwhere(edge & (instance_map == c)) for c in np.unique(instance_map[edge])]
    for pixel in np.ndindex(instance_map.shape):
        nearest = sorted(np.hypot(*(border - pixel).T).min() for border in borders)
        if len(nearest) > 1:
            d1, d2 = nearest[:2]
            weights[pixel] += w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))
    return weights


# %% [markdown]
# **Same answer as the library?** Three small cells, the gaps one pixel wide:
# %%
small = np.zeros((9, 13), dtype=int)
small[1:6, 1:6], small[1:8, 7:12], small[7:9, 1:6] = 1, 2, 3
np.testing.assert_allclose(
    border_weights_by_hand(small), losses.unet_border_weights(small), rtol=1e-6
)
print(f"the same; between the cells {losses.unet_border_weights(small)[3, 6]:.2f}")
reveal("09-border", "about 10")
# %% [markdown]
# Now on real coins that touch (lesson 04 separated them by watershed):
# %%
scene = coin_scene(seed=0)
weights = losses.unet_border_weights(scene.instance_map)
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3))
show_image(scene.image, axes[0], title="coins")
show_image((weights - 1) / 10, axes[1], title="weight: black 1, white 11")
inside = scene.instance_map > 0
print(f"largest weight {weights.max():.2f}, median {np.median(weights):.2f}")
print(f"weight above 5: {np.mean(weights > 5):.1%} of the pixels, {np.mean(inside[weights > 5]):.0%} "
      "of these inside coins")  # fmt: skip
# %% [markdown]
# The formula holds for every pixel, so the rims of the coins are weighted too. Many programs keep the
# term to the background, where the gap is: that is a choice, not the paper, so say so if you make it.
# (The paper also prints its loss, a sum of w log p, without the minus sign.)
#
# ## 8 Void changes nothing
#
# **Void pixels are not background.** Nobody knows what they are, so what the network says there must
# not matter. For every loss: put wild logits under the void pixels, and compare value and gradient.
# %%
pixel_weights = torch.rand(2, 8, 8, dtype=torch.float64)
LOSSES = {
    "cross-entropy": losses.cross_entropy,
    "class weights": lambda z, t: losses.cross_entropy(z, t, [1, 4, 2]),
    "pixel weights": lambda z, t: losses.cross_entropy(z, t, pixel_weights=pixel_weights),
    "focal": losses.focal_loss,
    "Dice": losses.dice_loss,
    "Tversky": losses.tversky_loss,
    "Lovász": losses.lovasz_softmax,
}
wild = torch.where(counted[:, None], logits, 30 * torch.randn_like(logits))
for name, loss in LOSSES.items():
    z = wild.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(z, target), z)
    same = torch.equal(loss(wild, target), loss(logits, target))
    as_sea = loss(wild, target.masked_fill(~counted, 0)) - loss(wild, target)
    print(f"{name:>13}: same value {same}, gradient under void "
          f"{gradient.movedim(1, -1)[~counted].abs().max():.0f}; as background {as_sea:+.3f}")  # fmt: skip


# %% [markdown]
# The last number is what the slip "void pixels are background" adds to the loss here.
#
# ## 9 One network, every loss, the same budget
#
# The network: two 3x3 convolutions and a 1x1, so each answer depends on 5x5 pixels. Its input is the
# scene with the median colour, the water's, taken off.
# %%
def to_float(images):
    floats = images.astype(np.float32)  # (N, 3, H, W)
    return torch.from_numpy((floats - np.median(floats, axis=(2, 3), keepdims=True)) / 50)


def make_network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 2, 1),
    ).to(memory_format=torch.channels_last)  # fmt: skip


inputs, targets = to_float(images), torch.from_numpy(label_maps).long()
print(f"{sum(p.numel() for p in make_network().parameters()):,} parameters")


# %% [markdown]
# Same start, same 100 steps of four scenes in the same order, same optimiser; only the loss differs.
# %%
def train(loss_function, steps=100):
    network = make_network()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    order = torch.Generator().manual_seed(0)
    for _ in range(steps):
        batch = torch.randint(0, len(inputs), (4,), generator=order)
        loss = loss_function(network(inputs[batch]), targets[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network


# %% [markdown]
# Nine losses; `alpha=0.1` is the mistake of giving the rare class the small weight.
# %%
SHIP_LOSSES = {
    "cross-entropy": losses.cross_entropy,
    "ship weight 5": lambda z, t: losses.cross_entropy(z, t, [1, 5]),
    "ship weight 100": lambda z, t: losses.cross_entropy(z, t, [1, 100]),
    "focal, gamma 2": losses.focal_loss,
    "focal, alpha 0.1": lambda z, t: losses.focal_loss(z, t, alpha=0.1),
    "focal, alpha 0.75": lambda z, t: losses.focal_loss(z, t, alpha=0.75),
    "Dice": losses.dice_loss,
    "Tversky 0.3, 0.7": losses.tversky_loss,
    "Lovász": losses.lovasz_softmax,
}
networks, seconds = {}, {}
for name, loss_function in SHIP_LOSSES.items():
    start = time.perf_counter()
    networks[name] = train(loss_function)
    seconds[name] = time.perf_counter() - start
print(f"{len(networks)} networks trained")
# %% [markdown]
# Score every network on 64 test scenes, pooled:
# %%
test_inputs = to_float(test_images)
predictions, scores = {}, {}
with torch.no_grad():
    for name, network in networks.items():
        predictions[name] = network(test_inputs).argmax(dim=1).numpy()
        table = metrics.confusion_matrix(test_maps, predictions[name], 2)
        ship = [score(table)[1] for score in (metrics.iou_per_class, metrics.precision_per_class)]
        scores[name] = [*ship, metrics.recall_per_class(table)[1], metrics.pixel_accuracy(table)]
print(f"accuracy above 0.95 for every loss: {min(s[3] for s in scores.values()) > 0.95}")
# %% [markdown]
# Ship scores, and seconds of training (last digits differ from machine to machine; nan: nothing was
# called ship):
# %% tags=["measured"]
print(f"{'loss':>17}    IoU  precision  recall  accuracy  seconds")
for name, (iou, precision, recall, accuracy) in scores.items():
    print(f"{name:>17}   {iou:.2f}       {precision:.2f}    {recall:.2f}     {accuracy:.3f}"
          f"      {seconds[name]:.1f}")  # fmt: skip
# %% [markdown]
# One start is one sample: another seed moves an IoU by a few hundredths, so small differences in this
# table mean nothing. These differences are large:
# %%
iou, precision, recall, _ = ({n: s[k] for n, s in scores.items()} for k in range(4))
plain, heavy = "cross-entropy", "ship weight 100"
print("weight 100, recall above plain by 0.05:   ", recall[heavy] > recall[plain] + 0.05)
print("weight 100, precision below plain by 0.15:", precision[heavy] < precision[plain] - 0.15)
print("weight 100, IoU below plain by 0.08:      ", iou[heavy] < iou[plain] - 0.08)
gap = recall["focal, alpha 0.75"] - recall["focal, alpha 0.1"]
print("focal, alpha 0.75 finds more than 0.1:    ", gap > 0.05)
print("Dice within 0.1 of plain, or better:      ", iou["Dice"] > iou[plain] - 0.1)
# %% [markdown]
# **When weighting hurts:** with weight 100 nearly every ship pixel is found, and precision pays. With
# 3 % ships and a network that can tell them apart, plain cross-entropy is a strong answer. alpha works
# as a class weight does, in both directions: at 0.1 the sea outvotes the ships, and accuracy, above
# 0.95 all the same, does not notice.
#
# One test scene, three losses:
# %%
shown = [plain, "ship weight 100", "Dice"]
figure, axes = plt.subplots(1, 4, figsize=(8.4, 2.5))
show_image(test_images[5].transpose(1, 2, 0), axes[0], title="scene")
for ax, name in zip(axes[1:], shown, strict=True):
    target_map, answer = test_maps[5] == 1, predictions[name][5] == 1
    show_error_map(target_map, answer, ax, title=name, legend=False)
set_alt_text(
    figure,
    "A test scene with ships, and the errors of three networks. With ship weight 100 a hem of false "
    "alarms (vermilion) surrounds each ship; cross-entropy and Dice follow the outlines.",
)
alarms = [int(np.sum((predictions[name][5] == 1) & (test_maps[5] == 0))) for name in shown]
print("weight 100 has the most false alarms:", max(alarms) == alarms[1])


# %% [markdown]
# ## 10 The gradient, pixel by pixel
#
# What did each loss ask for? Here is the gradient of the ship logit at every pixel of one scene, once
# for the network before training, once for the one trained with cross-entropy. Orange: the loss wants
# *more* ship here; blue: *less*. Each picture has its own scale.
# %%
def pull(network, loss_function, number=0):
    z = network(inputs[number : number + 1]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_function(z, targets[number : number + 1]), z)
    return -gradient[0, 1].numpy()  # (H, W): downhill is minus the gradient


# %% [markdown]
# Five losses, before and after:
# %%
names = [plain, "ship weight 100", "focal, gamma 2", "Dice", "Lovász"]
stages = {"untrained": make_network(), "trained": networks[plain]}
figure, axes = plt.subplots(2, 5, figsize=(8.6, 3.9))
for row, (stage, network) in zip(axes, stages.items(), strict=True):
    for ax, name in zip(row, names, strict=True):
        picture = pull(network, SHIP_LOSSES[name])
        size = np.abs(picture).max()
        ax.imshow(picture, cmap="PuOr_r", vmin=-size, vmax=size)
        ax.set_title(f"{name}\n{stage}", fontsize=9)
        ax.set_axis_off()
text = (
    "Pull of each loss on every pixel of one scene. Untrained: ships pull up, the whole sea down; "
)
text += "trained: only outlines and foam pull, most concentrated for focal, Dice and Lovász."
set_alt_text(figure, text)
# %% [markdown]
# The same as numbers: the share of all pull that comes from ship pixels.
# %%
ship_pixels = label_maps[0] == 1
for name in names:
    up = {stage: np.abs(pull(network, SHIP_LOSSES[name])) for stage, network in stages.items()}
    shares = {stage: size[ship_pixels].sum() / size.sum() for stage, size in up.items()}
    print(f"{name:>16}: at the start above 0.1: {bool(shares['untrained'] > 0.1)!s:>5}", end=", ")
    print(f"after training above 0.1: {bool(shares['trained'] > 0.1)}")
# %% [markdown]
# At the start, cross-entropy and focal loss let the sea decide: ships make up a few hundredths of the
# pull. Class weights and the losses of overlap let ships speak from the first step. After training,
# even cross-entropy is silent on the open sea: what is left are outlines. That is why it did well in
# the table, given enough steps.
#
# | failure you see | try |
# |---|---|
# | stalls near 0.31 with two classes | look for a second softmax |
# | empty masks for many steps | a moderate class weight, or Dice |
# | misses weigh more than false alarms | class weight, Tversky with beta above alpha |
# | a hem of false alarms | a smaller weight |
# | objects join | border weights |
# | IoU is the score that counts | Lovász, or cross-entropy plus Dice |
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("09_losses_and_imbalance")
# %% [markdown]
# ## Recap
#
# - Cross-entropy takes logits: log-sum-exp inside, softmax once. Its gradient is p - truth.
# - Class weights make a weighted mean: recall up, precision down, and beyond some weight IoU down.
# - Focal loss silences easy pixels; alpha is the weight of the rare class and is tuned with gamma.
# - Dice, Tversky and Lovász ask for overlap, class by class; pooled over classes Dice is only mean(p).
# - Border weights raise the gaps between objects; void counts in no loss, neither above nor below the line.
#
# **Next:** the exercise of this lesson, then lesson 10, data and training.
# %% [markdown]
# ## Further reading
#
# - Lin et al., *Focal Loss for Dense Object Detection*, 2017, [arXiv 1708.02002](https://arxiv.org/abs/1708.02002)
# - Ronneberger, Fischer, Brox, *U-Net*, 2015, section 3: border weights, [arXiv 1505.04597](https://arxiv.org/abs/1505.04597)
# - Long, Shelhamer, Darrell, *Fully Convolutional Networks*, 2015, section 4.3: class balancing, [arXiv 1411.4038](https://arxiv.org/abs/1411.4038)
# - Milletari, Navab, Ahmadi, *V-Net*, 2016: Dice as a loss, [arXiv 1606.04797](https://arxiv.org/abs/1606.04797)
# - Salehi, Erdogmus, Gholipour, *Tversky Loss Function*, 2017, [arXiv 1706.05721](https://arxiv.org/abs/1706.05721)
# - Berman, Rannen Triki, Blaschko, *The Lovász-Softmax Loss*, 2018, [arXiv 1705.08790](https://arxiv.org/abs/1705.08790)
