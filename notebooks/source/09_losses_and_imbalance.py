# %% [markdown]
# # 09 Losses and imbalance
#
# After this lesson you can compute the losses of segmentation from a network's scores, say what each
# one asks of every single pixel, and choose one when the object covers 3 % of the picture.
#
# **Needs:** lessons 05 (scores) and 06 (convolution), a first look at PyTorch. **Run time:** about 50
# s on two CPU cores; no GPU needed.
# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import ndimage
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
val_images, val_maps, _ = ship_scenes(16, size=(64, 64), share=0.03, part="val")
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
# So a network that cannot see does best when it gives the share: *ship is improbable everywhere*. As a
# mask (probability above 1/2) that is an empty sea.
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
# The library takes the same way: the pixel above, with logits near 1000, does it no harm (let its true
# class be the second one).
# %%
second = torch.ones(1, 1, 1, dtype=torch.int64)
by_library = losses.cross_entropy(pixel, second).item()
print(f"library {by_library:.4f}, log-sum-exp {-log_softmax(pixel)[0, 1].item():.4f}")
# %% [markdown]
# ### The accident: softmax twice
#
# The loss wants logits. A common accident is a softmax at the end of the network: its probabilities
# are then taken for logits. No error is raised. (Section 9 trains a network this way.)
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
# A pixel pulls with the size of its error. Where p is 1/2 everywhere, all pixels pull equally hard, and
# 97 of 100 pull towards *sea*.
#
# ## 4 Class weights
#
# The plain remedy: let every ship pixel count w times. Torch divides by the sum of the weights, so the
# loss is a *weighted mean*.
# %%
true, log_p = torch.tensor([0, 1]), torch.tensor([-1.0, -3.0], dtype=torch.float64)  # two pixels
for w in ([1.0, 1.0], [1.0, 3.0], [10.0, 30.0]):
    each = torch.tensor(w, dtype=torch.float64)[true]
    print(f"weights {w}: weighted mean {-(each * log_p).sum() / each.sum():.2f}")
# %% [markdown]
# Only the ratio counts. Which weight lets both classes pull equally hard, where p is 1/2 everywhere?
# %%
even = torch.zeros(64, 2, 64, 64, dtype=torch.float64, requires_grad=True)  # p = 1/2
ship_maps = torch.from_numpy(label_maps == 1)
for w in (1, 32, 100):
    loss = losses.cross_entropy(even, ship_maps.long(), [1, w])
    (gradient,) = torch.autograd.grad(loss, even)
    size = gradient[:, 1].abs()
    print(f"weight {w:3d}: ships have {size[ship_maps].sum() / size.sum():.0%} of the pull")
# %% [markdown]
# 32, which is 97 / 3. Sounds fair.
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
# that it can be trained anew for every position of the slider. It serves the slider alone; section 9
# trains a larger one. The scenes are **validation** scenes: whoever turns a knob by looking at scores
# must not look at the test scenes, which are kept for the table of section 9.
# %% tags=["nbval-ignore-output"]
figure, line = imbalance.draw_imbalance(100)
print(line)
figure
# %% [markdown]
# One training is one sample, so here are three for each weight, each with its own start:
# %%
ships = val_maps == 1  # (16, 64, 64)


def ship_scores(mask):  # precision, recall, IoU
    both = np.sum(mask & ships)
    return both / np.sum(mask), both / np.sum(ships), both / np.sum(mask | ships)


by_weight = {w: [imbalance.ship_probability(w, seed) for seed in range(3)] for w in (1, 3, 32, 100)}
found = {w: np.array([ship_scores(p > 0.5) for p in three]) for w, three in by_weight.items()}
precision, recall, iou = ({w: s[:, k] for w, s in found.items()} for k in range(3))
# %% [markdown]
# Means of the three:
# %% tags=["measured"]
for w, scores in found.items():
    means = scores.mean(axis=0)
    print("weight {:3d}: precision {:.2f}, recall {:.2f}, IoU {:.2f}".format(w, *means))
# %% [markdown]
# What holds for each of the three:
# %%
print("weight 100, recall above weight 1 by 0.05:  ", np.all(recall[100] > recall[1] + 0.05))
print("weight 100, precision below weight 1 by 0.1:", np.all(precision[100] < precision[1] - 0.1))
print("weight 100, IoU below weight 1:             ", np.all(iou[100] < iou[1]))
print("weight 3, IoU above weights 32 and 100:     ",
      np.all(iou[3] > np.maximum(iou[32], iou[100])))  # fmt: skip
distance = np.stack([ndimage.distance_transform_edt(~scene) for scene in ships])  # to a ship
alarms = [distance[(p > 0.5) & ~ships] for p in by_weight[100]]
print("weight 100, of 10 false alarms 8 or more lie within 2 pixels of a ship:",
      all(np.mean(d <= 2) > 0.8 for d in alarms))  # fmt: skip
reveal("09-weight", "recall rises, precision falls")
# %% [markdown]
# A high weight pays for the last missed pixels with a hem of false alarms around every ship.
#
# **Move it.** Find the weight with the best IoU. Is it 32? What do the ships look like at 200? (Each
# step is a whole training, so the picture follows a moment later.)
# %% tags=["nbval-ignore-output"]
imbalance.demo()


# %% [markdown]
# **The same without training.** At places that look alike and of which a share s is ship, the best
# answer with weight w is ws / (ws + 1 - s). That is above 1/2 as soon as s is above 1 / (1 + w). So take
# the network trained *without* a weight, and cut its probabilities at 1 / (1 + w) instead of 1/2:
# %%
gaps = []
for w in (3, 32):
    moved = [ship_scores(p > 1 / (1 + w))[2] for p in by_weight[1]]
    gaps.append(np.abs(iou[w] - moved).max())
print("IoU, retrained against threshold moved: all six differ by less than 0.03:", max(gaps) < 0.03)
# %% [markdown]
# A weight moves the answer; it adds no knowledge. A small weight may lift IoU a little, a large one
# costs IoU. FCN's authors tried class balancing on PASCAL VOC, about 3/4 background, and found it
# unnecessary (Long 2015, section 4.3).
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
# alpha as one number is short for a list: 1 - alpha for the sea, alpha for every other class.
#
# And a trap: for gamma below 1, (1 - p)^gamma is endlessly steep at p = 1. A single pixel that is
# perfectly right could spoil all weights of the network, unless the program keeps the gradient finite:
# %%
alphas = [0.75, 0.25, 0.25]
by_library = losses.focal_loss(logits, target, alpha=alphas)
torch.testing.assert_close(by_library, focal_loss(logits, target, 2.0, 0.25), rtol=1e-6, atol=0)
print(f"alpha 0.25 or {alphas}: {by_library.item():.6f}")
z = torch.tensor([1000.0, 0.0]).reshape(1, 2, 1, 1).requires_grad_()
(slope,) = torch.autograd.grad(losses.focal_loss(z, right, gamma=0.5), z)
print(f"gamma 0.5 where p is 1: gradient {slope.abs().max().item():.0f}")
# %% [markdown]
# **Move it.** Raise gamma: which end of the curves falls first, easy pixels or hard ones? Then move
# alpha. The paper tunes the two together: its best pair is gamma 2 with alpha 0.25, a weight *below*
# one half for the rare class, because gamma has already silenced the easy background (Lin 2017,
# section 4.1). That was for boxes around objects; section 9 tries the pair on ships.
# %%
figure, line = focal.draw_focal(gamma=2.0, alpha=0.25)
print(line)
figure
# %% tags=["nbval-ignore-output"]
focal.demo()
# %% [markdown]
# ## 6 Overlap as a loss: Dice, Tversky, Lovász
#
# Lesson 05 scored masks by overlap, which background cannot inflate. Why not train on it? A count has
# no gradient. Put probabilities in its place and it has one. With t = 1 inside the true area of a
# class and 0 outside, summed over the pixels that count:
#
# TP = sum p t (hits), FP = sum p (1 - t) (false alarms), FN = sum (1 - p) t (misses)
#
# For four pixels, the first two of which are ship:
# %%
is_ship, p_ship = np.array([1, 1, 0, 0]), np.array([0.9, 0.4, 0.7, 0.2])
tp, fp = np.sum(p_ship * is_ship), np.sum(p_ship * (1 - is_ship))
fn = np.sum((1 - p_ship) * is_ship)
print(f"TP {tp:.1f}, FP {fp:.1f}, FN {fn:.1f}: Dice {2 * tp / (2 * tp + fp + fn):.3f}")
print(f"below the line {2 * tp + fp + fn:.1f}; both areas {p_ship.sum() + is_ship.sum():.1f}")


# %% [markdown]
# **Soft Dice** of the class is (2 TP + s) / (2 TP + FP + FN + s); below the line stand both areas, sum p
# + sum t. s (`smooth`) keeps an absent class from 0 / 0. **Tversky** gives false alarms and misses
# prices of their own: (TP + s) / (TP + alpha FP + beta FN + s). Either **loss** is 1 minus the mean over
# the classes. With alpha = beta = 1/2, and half of its s, Tversky is Dice.


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
# The library's Tversky loss starts from 0.3, 0.7 and s = 1/2. How much s does depends on the area: these
# pictures are small, and a large s hides most of the error.
# %%
by_hand = tversky_loss(logits, target, 0.3, 0.7, smooth=0.5)
torch.testing.assert_close(losses.tversky_loss(logits, target), by_hand, rtol=1e-6, atol=0)
for smooth in (0, 1, 100):
    by_library = losses.dice_loss(logits, target, smooth=smooth)
    by_hand = tversky_loss(logits, target, 0.5, 0.5, smooth / 2)
    torch.testing.assert_close(by_library, by_hand, rtol=1e-6, atol=0)
    print(f"smooth {smooth:3d}: Dice loss {by_library.item():.6f}")
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
# **Lovász-Softmax** (Berman 2018) extends IoU itself to probabilities. Take the four pixels again and
# sort them by their error. Now let them become wrong one after the other, the largest error
# first: each step of 1 - IoU is the weight of that pixel's error.
# %%
error = np.abs(is_ship - p_ship)
answer, before, total = is_ship.copy(), 0.0, 0.0
for pixel in np.argsort(-error):
    answer[pixel] = 1 - answer[pixel]  # this one becomes wrong too
    so_far = 1 - np.sum(answer & is_ship) / np.sum(answer | is_ship)
    print(f"pixel {pixel}: error {error[pixel]:.1f}; 1 - IoU is now {so_far:.3f}, "
          f"so its weight is {so_far - before:.3f}")  # fmt: skip
    total, before = total + error[pixel] * (so_far - before), so_far
print(f"loss of the class ship: {total:.3f}")


# %% [markdown]
# The same for any number of pixels, with sums along the order. Then the mean over the classes that
# occur. (The authors' function takes probabilities, the course's takes logits.) Where all
# probabilities are 0 or 1, the loss *is* 1 - mean IoU.
# %%
def lovasz_of_class(probability, is_class):  # both (P,), the pixels that count
    error, order = (is_class - probability).abs().sort(descending=True)
    sorted_truth = is_class[order]
    in_both = is_class.sum() - sorted_truth.cumsum(0)
    in_either = is_class.sum() + (1 - sorted_truth).cumsum(0)
    loss_so_far = 1 - in_both / in_either  # 1 - IoU with the first 1, 2, ... pixels wrong
    return error @ torch.diff(loss_so_far, prepend=torch.zeros(1, dtype=error.dtype))


by_steps = lovasz_of_class(torch.from_numpy(p_ship), torch.from_numpy(is_ship).double())
np.testing.assert_allclose(by_steps, total)
flat = logits.softmax(dim=1).movedim(1, 0)[:, counted]  # (C, P)
by_hand = [lovasz_of_class(flat[c], (target[counted] == c).double()) for c in range(3)]
by_library = losses.lovasz_softmax(logits, target)
torch.testing.assert_close(torch.stack(by_hand).mean(), by_library, rtol=1e-6, atol=0)
hard = 100.0 * functional.one_hot(logits.argmax(dim=1), 3).movedim(-1, 1)
table = metrics.confusion_matrix(target.numpy(), logits.argmax(dim=1).numpy(), 3)
print(f"hard answers: Lovász {losses.lovasz_softmax(hard, target).item():.6f}", end=", ")
print(f"1 - mean IoU {1 - metrics.mean_iou(table):.6f}")
# %% [markdown]
# A class that is **absent** from the target: Dice and Tversky still count it, as (0 + s) / (its FP, at
# its price, + s), so calling it costs. Lovász leaves it out.
# %%
absent = target.masked_fill(target == 2, 1)  # the third class is nowhere
in_dice = tversky_loss(logits, absent, 0.5, 0.5, smooth=0.5)
torch.testing.assert_close(losses.dice_loss(logits, absent), in_dice, rtol=1e-6, atol=0)
in_lovasz = [lovasz_of_class(flat[c], (absent[counted] == c).double()) for c in (0, 1)]
by_library = losses.lovasz_softmax(logits, absent)
torch.testing.assert_close(by_library, torch.stack(in_lovasz).mean(), rtol=1e-6, atol=0)
print(f"Dice over three classes {in_dice:.4f}, Lovász over the two that occur {by_library:.4f}")
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
# With other settings, and with two cells or one: a cell alone has no second border, so its class weight
# is all.
# %%
settings = {"w0": 4, "sigma": 2, "class_weights": [0.5, 3]}  # of background, of cells
term = border_weights_by_hand(small, 4, 2) - 1
by_library = losses.unet_border_weights(small, **settings)
np.testing.assert_allclose(term + np.where(small > 0, 3, 0.5), by_library, rtol=1e-6)
print(f"in the gap {by_library[3, 6]:.2f}")
two, one = np.where(small < 3, small, 0), np.where(small == 1, 1, 0)
np.testing.assert_allclose(border_weights_by_hand(two), losses.unet_border_weights(two), rtol=1e-6)
print("one cell alone:", np.unique(losses.unet_border_weights(one, **settings)))
# %% [markdown]
# Now on real coins that touch (lesson 04 separated them by watershed):
# %%
scene = coin_scene(seed=0)
weights = losses.unet_border_weights(scene.instance_map)
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3))
show_image(scene.image, axes[0], title="coins")
show_image((weights - 1) / 10, axes[1], title="weight: black 1, white 11")
set_alt_text(
    axes[1], "Weights: bright bars where two coins touch or nearly touch, black elsewhere."
)
inside = scene.instance_map > 0
print(f"largest weight {weights.max():.2f}, median {np.median(weights):.2f}")
print(f"weight above 5: {np.mean(weights > 5):.1%} of the pixels, {np.mean(inside[weights > 5]):.0%} "
      "of these inside coins")  # fmt: skip
# %% [markdown]
# In the loss, a pixel's weight multiplies its class weight; again only ratios count:
# %%
by_pixel = torch.arange(1.0, target.numel() + 1, dtype=torch.float64).reshape(target.shape)
class_weights = torch.tensor([1.0, 4.0, 0.5], dtype=torch.float64)
true = target.where(counted, 0)
each = class_weights[true] * by_pixel * counted
log_p_true = log_softmax(logits).gather(1, true[:, None])[:, 0]
by_hand = -(each * log_p_true).sum() / each.sum()
for scale in (1, 1e-6):
    by_library = losses.cross_entropy(logits, target, class_weights, scale * by_pixel)
    torch.testing.assert_close(by_library, by_hand, rtol=1e-6, atol=0)
    print(f"all weights times {scale:g}: {by_library.item():.6f}")
# %% [markdown]
# The formula holds for every pixel, so the rims of coins at a gap are weighted too. Many programs keep the
# term to the background, where the gap is: that is a choice, not the paper, so say so if you make it.
# (The paper also prints its loss, a sum of w log p, without the minus sign.) Lesson 12 trains a network
# with these weights.
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
    slip = loss(wild, target.masked_fill(~counted, 0)) - loss(wild, target)
    print(f"{name:>13}: same value {same}, gradient under void "
          f"{gradient.movedim(1, -1)[~counted].abs().max():.0f}; as background {slip:+.3f}")  # fmt: skip
# %% [markdown]
# The last number is what the slip "void pixels are background" adds to the loss here.
#
# Data sets give void other numbers (`ignore_index`). And a batch may hold nothing but void, as a crop from
# the edge of a picture can. It must cost 0: one 0 / 0 makes every weight of the network nan.
# %%
other = target.masked_fill(~counted, 99)
for name in ("cross_entropy", "focal_loss", "dice_loss", "tversky_loss", "lovasz_softmax"):
    loss = getattr(losses, name)
    same = torch.equal(loss(logits, other, ignore_index=99), loss(logits, target))
    print(f"{name:>14}: void 99 in place of 255, the same: {same}")
nothing = torch.full_like(target, 255)
LOSSES["Tversky, s = 0"] = lambda z, t: losses.tversky_loss(z, t, smooth=0)
for name, loss in LOSSES.items():
    z = logits.clone().requires_grad_()
    value = loss(z, nothing)
    (gradient,) = torch.autograd.grad(value, z)
    print(f"{name:>14}: void alone costs {abs(value.item())}, gradient {gradient.abs().max():.0f}")


# %% [markdown]
# ## 9 One network, every loss, the same budget
#
# The input is the scene with the median colour, the water's, taken off; / 50 brings the rest to about 1.
# (Lesson 10 explains such preparations, and the optimiser and schedule used below.)
# %%
def to_float(images):
    floats = images.astype(np.float32)  # (N, 3, H, W)
    return torch.from_numpy((floats - np.median(floats, axis=(2, 3), keepdims=True)) / 50)


inputs, targets = to_float(images), torch.from_numpy(label_maps).long()
val_inputs, test_inputs = to_float(val_images), to_float(test_images)
print(f"{len(inputs)} scenes, inputs from {inputs.min():.1f} to {inputs.max():.1f}")


# %% [markdown]
# The network: two 3x3 convolutions and a 1x1, so each answer depends on 5x5 pixels.
# %%
def make_network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 2, 1),
    ).to(memory_format=torch.channels_last)  # fmt: skip


def ship_mask(network, inputs):
    with torch.no_grad():
        return network(inputs).argmax(dim=1).numpy() == 1


print(f"{sum(p.numel() for p in make_network(0).parameters()):,} parameters")


# %% [markdown]
# Same start, same 60 steps of four scenes in the same order, same optimiser; only the loss differs. On
# the way, the IoU on the validation scenes is noted.
# %%
def train(loss_function, seed, steps=60):
    network, noted = make_network(seed), []
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    order = torch.Generator().manual_seed(seed)
    for step in range(1, steps + 1):
        batch = torch.randint(0, len(inputs), (4,), generator=order)
        loss = loss_function(network(inputs[batch]), targets[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step in NOTED:
            mask = ship_mask(network, val_inputs)
            noted.append(np.sum(mask & ships) / np.sum(mask | ships))
    return network, noted


# %% [markdown]
# Nine losses, and the accident of section 2. `alpha=0.1` is the mistake of giving the rare class the
# small weight; 0.25 is the paper's.
# %%
NOTED, SEEDS = (5, 10, 20, 60), (0, 1, 2)
SHIP_LOSSES = {
    "cross-entropy": losses.cross_entropy,
    "softmax twice": lambda z, t: losses.cross_entropy(z.softmax(dim=1), t),
    "ship weight 100": lambda z, t: losses.cross_entropy(z, t, [1, 100]),
    "focal, no alpha": losses.focal_loss,
    "focal, alpha 0.1": lambda z, t: losses.focal_loss(z, t, alpha=0.1),
    "focal, alpha 0.25": lambda z, t: losses.focal_loss(z, t, alpha=0.25),
    "focal, alpha 0.75": lambda z, t: losses.focal_loss(z, t, alpha=0.75),
    "Dice": losses.dice_loss,
    "Tversky 0.3, 0.7": losses.tversky_loss,
    "Lovász": losses.lovasz_softmax,
}
# %% [markdown]
# **Predict.** How do the best of these losses compare with plain cross-entropy? And which finds ships
# first: what do the networks say after 5 of the 60 steps?
# %% tags=["nbval-ignore-output"]
predict(
    "09-best",
    "In IoU, plain cross-entropy is ...",
    options=["within 0.1 of the best", "0.1 to 0.3 behind the best", "more than 0.3 behind"],
)
# %% tags=["nbval-ignore-output"]
predict(
    "09-first",
    "After 5 steps, which has the worst IoU?",
    options=[
        "plain cross-entropy: the sea outvotes the ships",
        "Dice: areas change slowly",
        "ship weight 100: it calls everything ship",
    ],
)
# %% [markdown]
# One start is one sample, so each loss is trained three times, from three starts and in three orders:
# %%
networks, curves, seconds = {}, {}, {}
for name, loss_function in SHIP_LOSSES.items():
    start = time.perf_counter()
    trained = [train(loss_function, seed) for seed in SEEDS]
    networks[name] = [network for network, _ in trained]
    curves[name] = np.array([noted for _, noted in trained])  # (3 seeds, 4 moments)
    seconds[name] = (time.perf_counter() - start) / len(SEEDS)
print(f"{len(SHIP_LOSSES)} losses, {len(SEEDS)} trainings each")


# %% [markdown]
# Score every network on 64 test scenes, pooled:
# %%
def scores_of_ship(network):
    table = metrics.confusion_matrix(test_maps, ship_mask(network, test_inputs).astype(int), 2)
    kinds = (metrics.iou_per_class, metrics.precision_per_class, metrics.recall_per_class)
    return [*(float(score(table)[1]) for score in kinds), metrics.pixel_accuracy(table)]


scores = {
    name: np.array([scores_of_ship(network) for network in three])
    for name, three in networks.items()
}  # each (3 seeds, 4 scores)
print(f"accuracy above 0.95 for all: {min(s[:, 3].min() for s in scores.values()) > 0.95}")
# %% [markdown]
# IoU of ship for each seed, then means of the three (last digits differ from machine to machine; nan:
# nothing was called ship):
# %% tags=["measured"]
print(f"{'loss':>17}  IoU, seeds 0 to 2  precision  recall  accuracy  seconds")
for name, three in scores.items():
    _, precision, recall, accuracy = three.mean(axis=0)
    print(f"{name:>17}    {' '.join(f'{iou:.2f}' for iou in three[:, 0])}      {precision:.2f}"
          f"      {recall:.2f}     {accuracy:.3f}     {seconds[name]:.1f}")  # fmt: skip
# %% [markdown]
# Differences of a few hundredths are no more than what another seed does. What holds for all three seeds:
# %%
iou, precision, recall, _ = ({n: s[:, k] for n, s in scores.items()} for k in range(4))
plain, heavy, focal_plain = "cross-entropy", "ship weight 100", "focal, no alpha"
tversky = "Tversky 0.3, 0.7"


def above(scores, first, second, gap):
    return np.all(scores[first] > scores[second] + gap)


best = max(each.max() for each in iou.values())
print("plain IoU within 0.1 of the best of all:   ", np.all(iou[plain] > best - 0.1))
print("weight 100, recall above plain by 0.05:    ", above(recall, heavy, plain, 0.05))
print("weight 100, precision below plain by 0.15: ", above(precision, plain, heavy, 0.15))
print("weight 100, IoU below plain by 0.08:       ", above(iou, plain, heavy, 0.08))
print("softmax twice, IoU below plain by 0.1:     ", above(iou, plain, "softmax twice", 0.1))
print("Tversky, recall above Dice:                ", above(recall, tversky, "Dice", 0.01))
print("Tversky, precision below Dice:             ", above(precision, "Dice", tversky, 0.01))
reveal("09-best", "within 0.1 of the best")
# %% [markdown]
# And alpha:
# %%
lowest, papers, high = (f"focal, alpha {alpha}" for alpha in (0.1, 0.25, 0.75))
print("recall, alpha 0.25 above 0.1 by 0.1:      ", above(recall, papers, lowest, 0.1))
print("recall, no alpha above 0.25 by 0.05:      ", above(recall, focal_plain, papers, 0.05))
print("recall, alpha 0.75 above 0.25 by 0.05:    ", above(recall, high, papers, 0.05))
print("IoU, alpha 0.25 below no alpha by 0.01:   ", above(iou, focal_plain, papers, 0.01))
print("alpha 0.1 finds less than a third:         ", np.all(recall[lowest] < 1 / 3))
# %% [markdown]
# **When too much weight hurts:** with weight 100 nearly every ship pixel is found, and precision and
# IoU pay. With 3 % ships and a network that can tell them apart, plain cross-entropy is a strong answer.
#
# alpha works as a class weight does, in both directions. The paper's 0.25 was tuned for detection; here
# it costs recall and IoU. 0.1 finds few ship pixels or none, while accuracy stays above 0.95. Tune alpha
# for your share of objects, on validation scenes.
#
# Softmax twice raised no error and looks like a network that is a bit weak, or like one that finds
# nothing at all: only the table tells.
#
# One test scene, three losses. Blue is found, vermilion a false alarm, purple missed:
# %%
shown = [plain, heavy, "Dice"]
masks = {name: ship_mask(networks[name][0], test_inputs) for name in shown}
figure, axes = plt.subplots(1, 4, figsize=(8.4, 2.5))
show_image(test_images[5].transpose(1, 2, 0), axes[0], title="scene")
for ax, name in zip(axes[1:], shown, strict=True):
    show_error_map(test_maps[5] == 1, masks[name][5], ax, title=name, legend=False)
set_alt_text(
    figure,
    "A test scene with ships, and the errors of three networks. With ship weight 100 a hem of false "
    "alarms (vermilion) surrounds each ship; cross-entropy and Dice err less, along the outlines.",
)
alarms = [int(np.sum(masks[name] & (test_maps == 0))) for name in shown]
print("of these, weight 100 has the most false alarms:", max(alarms) == alarms[1])
# %% [markdown]
# **Who is quick?** IoU on the validation scenes on the way, mean of the three seeds:
# %% tags=["measured"]
print(f"{'steps':>17}   {'     '.join(f'{step:2d}' for step in NOTED)}")
for name, three in curves.items():
    print(f"{name:>17}   {'   '.join(f'{iou:.2f}' for iou in three.mean(axis=0))}")
# %% [markdown]
# What holds for each seed:
# %%
quick = [plain, focal_plain, "Dice", "Lovász"]
print("after 5 steps: weight 100 below 0.1:       ", np.all(curves[heavy][:, 0] < 0.1))
print("these four above 0.15:                     ",
      all(np.all(curves[name][:, 0] > 0.15) for name in quick))  # fmt: skip
print("after 10 steps: weight 100 below these four:",
      all(np.all(curves[heavy][:, 1] < curves[name][:, 1]) for name in quick))  # fmt: skip
reveal("09-first", "ship weight 100: it calls everything ship")


# %% [markdown]
# An IoU of 0.03 is what an all-ship mask gets. The sea outvotes the ships under plain cross-entropy, but
# not for long: a few steps later it finds ships. Why?
#
# ## 10 The gradient, pixel by pixel
#
# What did each loss ask for? Here is the gradient of the ship logit at every pixel, once for the
# network before training, once for the one trained with cross-entropy.
#
# **Predict.** Where does the trained network still get most of the pull?
# %% tags=["nbval-ignore-output"]
predict(
    "09-pull",
    "Trained with cross-entropy, most of its pull lies ...",
    options=["on the open sea", "on the outlines of ships", "inside the ships"],
)


# %%
def pull(network, loss_function, scenes=slice(16)):
    z = network(inputs[scenes]).detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss_function(z, targets[scenes]), z)
    return -gradient[:, 1].numpy()  # (N, H, W): downhill is minus the gradient


# %% [markdown]
# Five losses, one scene. Orange: the loss wants *more* ship here; purple: *less*. Each picture has its
# own scale, white is none.
# %%
names = [plain, heavy, focal_plain, "Dice", "Lovász"]
stages = {"untrained": make_network(0), "trained": networks[plain][0]}
figure, axes = plt.subplots(2, 5, figsize=(8.6, 3.9))
for row, (stage, network) in zip(axes, stages.items(), strict=True):
    for ax, name in zip(row, names, strict=True):
        picture = pull(network, SHIP_LOSSES[name], slice(1))[0]
        size = np.abs(picture).max()
        ax.imshow(picture, cmap="PuOr_r", vmin=-size, vmax=size)
        ax.set_title(f"{name}\n{stage}", fontsize=9)
        ax.set_axis_off()
text = "Pull of five losses on each pixel of a scene with three ships. Untrained: ships orange, the sea "
text += "purple, dark for cross-entropy, hardly to be seen for weight 100 and Lovász. Trained: the open "
text += "sea is blank; what is left are outlines, and one small ship at the lower edge."
set_alt_text(figure, text)
# %% [markdown]
# The same as numbers, of 16 scenes and three seeds: which share of all pull comes from ship pixels, from
# outlines (the pixels that touch one, on either side), and how many pixels of a scene hold 90 % of it?
# %%
of_ship = label_maps[:16] == 1
near_ship = np.stack([ndimage.distance_transform_edt(~scene) <= 1 for scene in of_ship])
deep_inside = np.stack([ndimage.distance_transform_edt(scene) > 1 for scene in of_ship])


def summary(network, loss_function):
    size = np.abs(pull(network, loss_function))  # (16, H, W)
    running = np.sort(size, axis=None)[::-1].cumsum() / size.sum()
    outline = size[near_ship & ~deep_inside].sum() / size.sum()
    return size[of_ship].sum() / size.sum(), outline, np.sum(running < 0.9) / 16


starts = {n: np.array([summary(make_network(s), SHIP_LOSSES[n]) for s in SEEDS]) for n in names}
ends = {n: np.array([summary(k, SHIP_LOSSES[n]) for k in networks[plain]]) for n in names}
print(f"ship pixels that touch no outline: {deep_inside.sum() / of_ship.sum():.0%}")
# %% [markdown]
# Three seeds before training, their mean after it:
# %% tags=["measured"]
print(f"{'':>17}  untrained: ships   trained: ships  outlines  pixels for 90 %")
for name in names:
    print(f"{name:>17}     {' '.join(f'{x:.2f}' for x in starts[name][:, 0])}         "
          "{:.2f}      {:.2f}      {:.0f}".format(*ends[name].mean(axis=0)))  # fmt: skip
# %% [markdown]
# What holds for each seed, before training:
# %%
ship_pull = {name: starts[name][:, 0] for name in names}
print("untrained, weight 100: ships have more than half:    ", ship_pull[heavy].min() > 0.5)
print("cross-entropy, focal and Dice: less than a sixth:    ",
      max(ship_pull[n].max() for n in (plain, focal_plain, "Dice")) < 1 / 6)  # fmt: skip
p_start = [make_network(s)(inputs[:16]).softmax(dim=1)[:, 1].mean() for s in SEEDS]
print("untrained, p of ship above 1/2:", [bool(p > 0.5) for p in p_start])
print("Lovász: about half for two starts, little for one:   ",
      np.array_equal(ship_pull["Lovász"] > 0.4, [True, True, False]))  # fmt: skip
# %% [markdown]
# And after it:
# %%
print("trained: outlines have more than 2/3, for all five:   ",
      min(end[:, 1].min() for end in ends.values()) > 2 / 3)  # fmt: skip
pixels = {name: ends[name][:, 2] for name in names}
fewest = all(np.all(pixels[focal_plain] < pixels[n]) for n in names if n != focal_plain)
print("trained: the pull of focal sits on the fewest pixels: ", fewest)
numbered, count = ndimage.label(of_ship[0])
parts = []
for network in networks[plain]:
    size = np.abs(pull(network, losses.cross_entropy, slice(1))[0])
    around = [ndimage.binary_dilation(numbered == k, iterations=2) for k in range(1, count + 1)]
    parts.append(max(size[ship].sum() for ship in around) / size.sum())
print("in the scene above, one of three ships has more than a third:", min(parts) > 1 / 3)
reveal("09-pull", "on the outlines of ships")
# %% [markdown]
# At the start the sea decides under cross-entropy, focal loss and Dice. With weight 100 the ships decide,
# and the first answer is ship everywhere. Lovász hears whoever is most wrong: the ships where p of ship
# starts below 1/2, the sea where it starts above.
#
# After training the open sea is nearly silent, for there p - truth is nearly 0. What is left are
# outlines: the sea outvotes the ships only as long as it is wrong. That is why plain cross-entropy did
# well.
# %% [markdown]
# **What to try**, from this lesson:
#
# | failure you see | try |
# |---|---|
# | stalls near 0.31 with two classes | look for a second softmax |
# | next to nothing is found | a larger alpha or class weight |
# | misses cost more than false alarms | a moderate class weight, Tversky with beta above alpha, or a lower threshold |
# | a hem of false alarms | a smaller weight |
# | objects join | border weights (lesson 12) |
# | IoU is the score that counts | cross-entropy first; then Dice or Lovász, over several seeds |
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
#   A moved threshold does nearly the same.
# - Focal loss silences easy pixels; alpha is the weight of the rare class and is tuned with gamma.
# - Dice, Tversky and Lovász ask for overlap, class by class; pooled over classes Dice is only mean(p).
# - Compare losses over several seeds, and choose on validation scenes.
# - Border weights raise the gaps between objects; void counts in no loss: neither in the sum
#   nor in what the sum is divided by.
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
