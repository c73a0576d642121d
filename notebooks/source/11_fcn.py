# %% [markdown]
# # 11 FCN: a classifier that answers everywhere
#
# After this lesson you can turn a trained classifier into a network that answers everywhere, count
# what that saves, line its coarse answers up with the picture, and say what summed skips add.
#
# **Needs:** lessons 07 (receptive field), 08 (upsampling) and 10 (training). **Run time:** about 60 s on
# two CPU cores; no GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from course_utils import geometry, metrics
from course_utils.datasets.digit_scenes import digit_numbers
from course_utils.datasets.registry import load_data
from course_utils.figures import set_alt_text
from course_utils.models.description import describe
from course_utils.models.fcn import FCN, dense_to_conv
from course_utils.models.layers import BilinearUpsampling, bilinear_kernel
from course_utils.plotting import compare, show_image
from course_utils.timing import milliseconds
from course_utils.widgets import fcn_skips
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 A line of handwriting
#
# Six digits from scikit-learn, each written by a person, on one line. A classifier such as lesson 07's
# reads 32 x 32 pixels and names *one* digit. It was never told where to look.
#
# How can it read the line? And what would it cost?
# %%
torch.set_num_threads(1)  # networks this small gain little from a second thread
DIGITS = load_digits()
GREY = torch.from_numpy(DIGITS.images / 16).float()[:, None]  # (1797, 1, 8, 8), 1 is ink
INK = functional.interpolate(GREY, (28, 28), mode="bilinear")[:, 0]  # (1797, 28, 28)


def write_line(numbers, seed, height=64):
    """A line (height, W) of digits, and the columns of their centres."""
    steps = np.random.default_rng(seed).integers(28, 40, len(numbers))
    centres = 24 + np.cumsum(steps) - steps[0]
    line = torch.zeros(height, int(centres[-1]) + 24)
    for number, column in zip(numbers, centres, strict=True):
        line[height // 2 - 14 : height // 2 + 14, column - 14 : column + 14] += INK[number]
    return line.clamp(max=1), centres


# %% [markdown]
# The line of this lesson, with digits from the test part:
# %%
CHOSEN = digit_numbers("test")[40:46]
line, centres = write_line(CHOSEN, seed=5)
ax = show_image(1 - line.numpy(), title="one line of handwriting")
set_alt_text(ax, f"Handwritten digits {DIGITS.target[CHOSEN].tolist()} in a row, dark on light.")
print(f"line {tuple(line.shape)}; a classifier reads (32, 32)")
# %% [markdown]
# The plain way is a **sliding window**: cut out every 32 x 32 crop, 4 pixels apart, and classify each.
#
# **Predict.** There is a way to get the same answers from a single pass over the whole line. How many
# times fewer multiplications does it need?
# %% tags=["nbval-ignore-output"]
predict(
    "11-cost",
    "The single pass is cheaper by a factor of about ...",
    options=["1, it is the same sum", "6", "60", "as many as there are crops"],
)


# %% [markdown]
# ## 2 The classifier
#
# Two convolutions with pooling, then two **dense layers**: the first reads all 16 x 5 x 5 numbers of
# the last map in one line. Ten outputs for digits and an eleventh for *nothing centred here*.
# %%
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.dense1, self.dense2 = nn.Linear(16 * 5 * 5, 120), nn.Linear(120, 11)

    def features(self, image):
        x = functional.max_pool2d(self.conv1(image).relu(), 2)  # (N, 6, 14, 14) of 32 x 32
        return functional.max_pool2d(self.conv2(x).relu(), 2)  # (N, 16, 5, 5)

    def forward(self, image):
        x = self.features(image).flatten(1)  # (N, 400)
        return self.dense2(self.dense1(x).relu())  # (N, 11)


# %% [markdown]
# The crops to learn from lie around the digits of long lines: centred within 2 pixels (a digit),
# midway between two, or 8 to 14 pixels too high or too low (nothing).
# %%
def crops_of_a_line(numbers, seed):
    line, centres = write_line(numbers, seed)
    rng = np.random.default_rng(seed)
    crops, names = [], []
    for number, column, after in zip(numbers, centres, [*centres[1:], None], strict=True):
        down, right = rng.integers(-2, 3, 2)
        places = [(down, column + right, DIGITS.target[number])]
        places += [(rng.choice([-1, 1]) * rng.integers(8, 15), column + right, 10)]
        if after is not None:
            places += [(down, (column + after) // 2, 10)]
        for row, middle, name in places:
            crops.append(line[16 + row : 48 + row, middle - 16 : middle + 16])
            names.append(name)
    return torch.stack(crops)[:, None], torch.tensor(names)


parts = [crops_of_a_line(digit_numbers("train"), seed) for seed in range(2)]
crops, names = (torch.cat(both) for both in zip(*parts, strict=True))
test_crops, test_names = crops_of_a_line(digit_numbers("test"), seed=9)
print(f"{len(crops):,} crops to learn from, {len(test_crops):,} to be tested on")


# %% [markdown]
# The loop is lesson 10's, in short: pick a batch, compute the loss, step. It serves the whole lesson.
# %%
def train(network, images, target, *, steps, batch, rate, seed):
    pick = torch.Generator().manual_seed(seed)
    learned = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.1
    )
    for _ in range(steps):
        chosen = torch.randint(len(images), (batch,), generator=pick)
        loss = functional.cross_entropy(network(images[chosen]), target[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


# %% [markdown]
# 400 steps of 64 crops, a few seconds:
# %%
torch.manual_seed(0)
classifier = Classifier()
train(classifier, crops, names, steps=400, batch=64, rate=4e-3, seed=0)
classifier.requires_grad_(False)
right = (classifier(test_crops).argmax(dim=1) == test_names).double().mean().item()
print("names more than 0.9 of the test crops:", right > 0.9)
# %% [markdown]
# On the whole line it fails, because its dense layer wants exactly 400 numbers:
# %%
page = line[None, None]  # (1, 1, 64, W)
try:
    classifier(page)
except RuntimeError as error:
    print("RuntimeError:", error)
# %% [markdown]
# ## 3 A dense layer is a convolution
#
# One output of `dense1` is a weighted sum over *all* 16 x 5 x 5 numbers of the map. A convolution with
# kernel 5 on a 5 x 5 map has one place to stand, and there it computes a weighted sum over all 16 x 5 x
# 5 numbers. Same sum; the weights are only written in another shape:
# %%
rows = classifier.dense1.weight  # (120, 400): one row for each output
kernels = rows.reshape(120, 16, 5, 5)  # one kernel for each output
maps = classifier.features(crops[:3])  # (3, 16, 5, 5)
by_dense = classifier.dense1(maps.flatten(1))  # (3, 120)
by_conv = functional.conv2d(maps, kernels, classifier.dense1.bias)  # (3, 120, 1, 1)
torch.testing.assert_close(by_conv[:, :, 0, 0], by_dense, rtol=1e-4, atol=1e-4)
print("same 120 numbers:", tuple(by_dense.shape), "and", tuple(by_conv.shape))
# %% [markdown]
# The order matters: `flatten` writes channel by channel, row by row, and `reshape` reads in the same
# order. `dense2` reads 120 numbers at one place, so its kernel is 1 x 1. The library does the same:
# %%
conv1 = dense_to_conv(classifier.dense1, in_channels=16, kernel=5)
conv2 = dense_to_conv(classifier.dense2, in_channels=120, kernel=1)
assert torch.equal(conv1.weight, kernels)
print("dense1", tuple(classifier.dense1.weight.shape), "->", tuple(conv1.weight.shape))
print("dense2", tuple(classifier.dense2.weight.shape), "->", tuple(conv2.weight.shape))


# %% [markdown]
# Put together this is a **fully convolutional network**: no layer knows the size of the picture.
# %%
class FullyConvolutional(nn.Module):
    def __init__(self, classifier):
        super().__init__()
        self.features = classifier.features
        self.conv1 = dense_to_conv(classifier.dense1, in_channels=16, kernel=5)
        self.conv2 = dense_to_conv(classifier.dense2, in_channels=120, kernel=1)

    def forward(self, image):
        return self.conv2(self.conv1(self.features(image)).relu())


fully = FullyConvolutional(classifier).requires_grad_(False)
for size in [(32, 32), (64, 64), (64, 230)]:
    print(f"picture {size} -> answers {tuple(fully(torch.zeros(1, 1, *size)).shape)}")
# %% [markdown]
# Any size from 32 x 32 on, and larger pictures give a *map* of answers. Which crop does each belong to?
# Two poolings of stride 2 move the window by 4 pixels from one answer to the next.
#
# **Same answers as the sliding window?**
# %%
answers = fully(page)  # (1, 11, 9, columns)
height, width = answers.shape[2:]
windows = torch.stack(
    [
        page[0, :, 4 * r : 4 * r + 32, 4 * c : 4 * c + 32]
        for r in range(height)
        for c in range(width)
    ]
)  # (crops, 1, 32, 32)
one_by_one = classifier(windows).T.reshape(1, 11, height, width)
torch.testing.assert_close(answers, one_by_one, rtol=1e-3, atol=1e-3)
print(f"{height} x {width} = {height * width} answers, equal to those of {len(windows)} crops")
# %% [markdown]
# This is exact, but only because the classifier pads nowhere. With padding a crop ends in zeros
# where the line has neighbours, and both answers would differ near the rim.
#
# ## 4 The heat map
#
# Softmax over the eleven outputs; 1 minus the probability of *nothing* says where a digit is centred.
# %%
probabilities = answers.softmax(dim=1)[0]  # (11, 9, columns)
heat = 1 - probabilities[10]
figure, axes = plt.subplots(2, 1, figsize=(7, 3.6), layout="constrained")
show_image(1 - line.numpy(), axes[0], title="the line")
show_image(heat.numpy(), axes[1], title="heat map: a digit is centred here")
nearest = [
    round((column - 16) / 4) for column in centres
]  # answer c looks at columns 4c .. 4c + 31
read = probabilities[:, 4, nearest].argmax(dim=0)
set_alt_text(
    figure, "Above six digits in a row, below a dark map with a bright spot for each digit."
)
print("written:", DIGITS.target[CHOSEN].tolist())
hits = int((read.numpy() == DIGITS.target[CHOSEN]).sum())
print("read at the middle row of the map, right for 5 or more of 6:", hits >= 5)


# %% [markdown]
# A classifier that only ever learned WHAT now also says WHERE. LeCun and others read whole lines of
# digits this way in the 1990s; Long et al. (2015) made it the start of segmentation networks.
#
# **What does it cost?** Count the multiply-adds of one crop, times the number of crops, against one
# pass.
# %%
def cost(network, size):
    return describe(network, size, in_channels=1, depth=None).multiply_adds


window, single = cost(classifier, (32, 32)), cost(fully, tuple(line.shape))
print(f"one crop {window:,}; {len(windows)} crops {len(windows) * window:,}")
print(f"one pass {single:,}: {len(windows) * window / single:.1f} times fewer")
reveal("11-cost", "6")
# %% [markdown]
# Not as many times as there are crops: each of them still has its own answer to compute, and here
# `dense1` is most of it. What is shared are the convolutions before it:
# %%
alone = describe(classifier, (32, 32), in_channels=1)
w = line.shape[1]
places = {"conv1": 60 * (w - 4), "conv2": 26 * ((w - 4) // 2 - 4), "dense1": height * width}
for row in alone[:3]:
    weights = getattr(classifier, row.name).weight.numel()
    all_crops, one_pass = len(windows) * row.multiply_adds, places[row.name] * weights
    print(f"{row.name:>6}: crops {all_crops:>11,}, one pass {one_pass:>11,}: "
          f"{all_crops / one_pass:.0f} times fewer")  # fmt: skip
# %% [markdown]
# On the clock (the window goes through in one large batch):
# %% tags=["measured"]
print(f"all crops {milliseconds(lambda: classifier(windows)):.1f} ms", end=", ")
print(f"one pass {milliseconds(lambda: fully(page)):.1f} ms")
# %% [markdown]
# ## 5 Stride 32
#
# Our map has one answer for 4 pixels. The paper's classifier, VGG-16, has five poolings: one answer for
# **32** pixels. Its table, for a picture of 224 x 224 (the course's `FCN`, with VGG-16's widths):
# %%
with torch.device("meta"):  # shapes only, no numbers
    vgg = FCN(21, stride=32, width=64, convolutions=(2, 2, 3, 3, 3), head=4096, kernel=7)
describe(vgg, (224, 224))
# %% [markdown]
# `fc6` was a dense layer over 7 x 7 x 512 numbers: now it is a 7 x 7 convolution, and most of the
# parameters. 21 scores on a 7 x 7 map, then enlarged 32 times. The course's small network has the same
# five blocks. Its data: real coins on cloth, 128 x 128 pixels, so the map is 4 x 4.
# %%
train_part, test_part = load_data("coins", count=60), load_data("coins", "test")
images, target = (torch.from_numpy(array) for array in train_part.arrays()[:2])
test_images, test_target = (torch.from_numpy(array) for array in test_part.arrays()[:2])
images, test_images = (each.float() / 255 - 0.5 for each in (images, test_images))
target, truth = target.long(), test_target.numpy()
squares = functional.avg_pool2d((test_target == 1).float()[:, None], 32) > 0.5
best = functional.interpolate(squares.float(), scale_factor=32)[:, 0].numpy().astype(int)
names = test_part.class_names
compare(test_part[0].image.transpose(1, 2, 0), test_part[0].label_map, best[0], class_names=names,
        titles=["coins", "truth", "one class for 32 x 32"])  # fmt: skip
limit = metrics.mean_iou(metrics.confusion_matrix(truth, best, 2))
print(f"true classes, one for each 32 x 32 pixels: mean IoU {limit:.3f}")
# %% [markdown]
# Even a map that knows everything, filled in as squares, is poor. So FCN does two things: it enlarges
# *smoothly*, and it asks finer maps. First the enlargement, then the skips.
#
# ## 6 Enlarging, and landing on the right pixel
#
# The enlargement is a transposed convolution (lesson 08) whose stamp starts **bilinear**: a pyramid that
# falls to 0 over as many pixels as the factor. Kept so, it *is* bilinear interpolation.
# %%
print("stamp for factor 2, times 16:")
print((16 * bilinear_kernel(2)).int().numpy())
maps = torch.rand(1, 3, 5, 7, generator=torch.Generator().manual_seed(0))
for factor in (2, 8, 32):
    by_interpolation = functional.interpolate(maps, scale_factor=factor, mode="bilinear")
    by_stamps = BilinearUpsampling(3, factor)(maps)
    torch.testing.assert_close(by_stamps, by_interpolation, rtol=1e-4, atol=1e-5)
print("factors 2, 8, 32: stamping and interpolating agree")
# %% [markdown]
# In the paper the *last* enlargement stays bilinear, and those between the scores are learned from
# this start (section 4.3). The released code fixes them all: "no significant difference". Section 8
# tries both.
#
# **Where does an answer stand?** Unit 0 of a map is centred on some place of the picture, and its stamp
# is centred on some pixel of the enlarged map. If the two differ, the whole answer is shifted, and has
# to be cropped. The original code pads the picture by 100 pixels first and pads nothing at fc6.
# %% tags=["nbval-ignore-output"]
predict(
    "11-offset",
    "The enlarged FCN-32s map is larger than the picture. How many rows are cut off at its top?",
    number=("rows", 0, 100),
)
# %%
vgg16, blocks = [], (2, 2, 3, 3, 3)
for block, count in enumerate(blocks):
    for number in range(count):
        vgg16.append(geometry.Layer(3, padding=100 if block == number == 0 else 1))
    vgg16.append(geometry.Layer(2, stride=2))
vgg16.append(geometry.Layer(7))  # fc6 without padding
fields = geometry.receptive_field(vgg16)
fc6, pool4, pool3 = fields[-1], fields[13], fields[9]
for name, field in (("fc6", fc6), ("pool4", pool4), ("pool3", pool3)):
    print(f"{name}: unit 0 at {field.start}, next one {field.jump} further, sees {field.size}")


# %% [markdown]
# Stamp 0 of factor f covers the pixels 0 to 2f - 1 of the enlarged map: its centre is f - 1/2. That
# pixel belongs at the unit's place in the picture. The difference is the **offset**, what must be cut:
# %%
def crop_offset(start, jump, factor, finer_start=0.0):
    """Units to cut from the enlarged map so that it lines up with a finer map."""
    finer_jump = jump / factor
    first = start - finer_jump * (factor - 0.5)  # where pixel 0 of the enlarged map stands
    return (finer_start - first) / finer_jump, first


offset32, _ = crop_offset(fc6.start, 32, 32)
to_pool4, first16 = crop_offset(fc6.start, 32, 2, pool4.start)
print(f"FCN-32s: cut {offset32:g} rows and columns off the enlarged scores")
print(f"FCN-16s: between pool4 and the scores enlarged twice: {to_pool4:g} units")
reveal("11-offset", offset32, unit="rows", tolerance=2)
# %% [markdown]
# A negative number means: pool4's map begins *before* the enlarged one, because of the 100 padded
# pixels, so pool4 is the one that is cut, by 5. The sum then begins where the enlarged scores do:
# %%
offset16, _ = crop_offset(first16, 16, 16)
to_pool3, first8 = crop_offset(first16, 16, 2, pool3.start)
offset8, _ = crop_offset(first8, 8, 8)
print(f"FCN-16s: cut pool4 by {-to_pool4:g}, the picture by {offset16:g}")
print(f"FCN-8s:  then cut pool3 by {-to_pool3:g}, the picture by {offset8:g}")


# %% [markdown]
# 5, 9 and 31 stand in the authors' FCN-8s without a word of explanation. They are geometry.
#
# And why 100? Without padding at fc6 a map of 7 x 7 is needed, and the enlarged map must cover the
# whole picture after the cut:
# %%
def enlarged_size(n, pad):
    n = n + 2 * pad - 2  # the first convolution, padding `pad`
    for _ in range(5):
        n = -(-n // 2)  # pooling rounds up
    return 32 * (n - 7) + 64 if n >= 7 else 0


for pad in (1, 81, 100):
    start = pad - 1
    offset = 31.5 - (-start + 15.5 + 96)
    ok = [n for n in range(1, 600) if enlarged_size(n, pad) >= n + max(offset, 0) and offset >= 0]
    smallest = min((n for n in range(1, 600) if enlarged_size(n, pad)), default=0)
    print(
        f"pad {pad:3d}: answers from size {smallest:3d} on, offset {offset:g}, covers {len(ok)} of 599"
    )


# %% [markdown]
# With padding 1 the offset is negative: the enlarged map does not even reach the picture's rim. 100 is
# more than needed and round; the authors say that exact offsets without it would do as well. The
# course's `FCN` pads fc6 instead, so that each unit stands in the middle of its 32 pixels, and cuts at
# the far end only.
#
# ## 7 Skips: scores are added
#
# pool4's map has one unit for 16 pixels, pool3's one for 8. FCN-16s computes class **scores** from pool4
# with a 1 x 1 convolution and **adds** them to the scores of stride 32, enlarged twice. FCN-8s does the
# same once more with pool3. Nothing is concatenated; that is U-Net's idea (lesson 12).
# %%
def fuse(score32, score_pool4, score_pool3):
    x = functional.interpolate(score32, scale_factor=2, mode="bilinear") + score_pool4
    x = functional.interpolate(x, scale_factor=2, mode="bilinear") + score_pool3
    return functional.interpolate(x, scale_factor=8, mode="bilinear")


torch.manual_seed(0)
network = FCN(2, stride=8, width=8, head=64).requires_grad_(False)
for layer in (network.score32, network.score_pool4, network.score_pool3):
    nn.init.normal_(layer.weight)
scores = network.scores(test_images[:2])
for name, each in scores.items():
    print(f"{name:>11}: {tuple(each.shape)}")
torch.testing.assert_close(fuse(*scores.values()), network(test_images[:2]), rtol=1e-3, atol=1e-3)
print("three lines and the library agree:", tuple(network(test_images[:2]).shape))
# %% [markdown]
# The new score layers **start at zero**. So a new FCN-16s, filled with a trained FCN-32s, gives nearly
# that network's answers on its first day, and can only learn to mend them. (Nearly: enlarging twice
# and then 16 times is not quite 32 times. Random weights stand in for trained ones here.)
# %%
deep = FCN(2, stride=32, width=8, head=64).requires_grad_(False)
nn.init.normal_(deep.score32.weight)
finer = FCN(2, stride=16, width=8, head=64).requires_grad_(False)
missing = finer.load_state_dict(deep.state_dict(), strict=False).missing_keys
same = (deep(test_images).argmax(dim=1) == finer(test_images).argmax(dim=1)).double().mean().item()
print("new weights:", missing)
print("more than 0.95 of all pixels keep their class:", same > 0.95)
# %% [markdown]
# ## 8 32s, 16s, 8s at equal budget
#
# The paper trains in stages: FCN-32s, from it FCN-16s, from it FCN-8s. An honest comparison gives each
# the same number of steps. Three stages of 40 steps (batches of 4 pictures), and what changes is only
# *when* a skip joins:
#
# | | stage 1 | stage 2 | stage 3 |
# |---|---|---|---|
# | FCN-32s | 32s | 32s | 32s |
# | FCN-16s | 32s | 16s | 16s |
# | FCN-8s | 32s | 16s | 8s |
# %% tags=["nbval-ignore-output"]
predict(
    "11-gain",
    "Which step gains more mean IoU on the coins?",
    options=["32s to 16s", "16s to 8s", "both alike"],
)


# %%
def stage(stride, seed, before=None, upsampling="fixed"):
    """One stage: a network that starts from the one before, 40 steps."""
    torch.manual_seed(seed)
    network = FCN(2, stride=stride, width=8, convolutions=(1, 1, 1, 1, 1), head=64,
                  batch_norm=True, upsampling=upsampling)  # fmt: skip
    if before is not None:
        network.load_state_dict(before.state_dict(), strict=False)
    network.to(memory_format=torch.channels_last).train()
    train(network, images, target, steps=40, batch=4, rate=1e-2, seed=10 * seed + stride)
    return network.eval()


# %% [markdown]
# Three seeds, and for each also an FCN-8s whose enlargements are learned in the last stage (half a
# minute):
# %%
networks = {}
for seed in range(3):
    first, second32 = (first := stage(32, seed)), stage(32, seed, first)
    second16 = stage(16, seed, first)
    networks["FCN-32s", seed] = stage(32, seed, second32)
    networks["FCN-16s", seed] = stage(16, seed, second16)
    networks["FCN-8s", seed] = stage(8, seed, second16)
    networks["8s, learned", seed] = stage(8, seed, second16, upsampling="learned")
print(f"{len(networks)} networks")


# %% [markdown]
# Scores on 52 test pictures that no network has seen: mean IoU from one pooled table, and **Boundary
# IoU** (lesson 05), which only looks at a rim of 2 pixels, averaged over the pictures.
# %%
def scores_of(network):
    with torch.no_grad():
        predicted = network(test_images).argmax(dim=1).numpy()
    rims = [metrics.boundary_iou(t == 1, p == 1, 2) for t, p in zip(truth, predicted, strict=True)]
    return metrics.mean_iou(metrics.confusion_matrix(truth, predicted, 2)), np.nanmean(rims)


found = {key: scores_of(network) for key, network in networks.items()}
kinds = ("FCN-32s", "FCN-16s", "FCN-8s", "8s, learned")
iou, rim = (
    {kind: np.array([found[kind, s][k] for s in range(3)]) for kind in kinds} for k in (0, 1)
)
# %% [markdown]
# The table, three seeds each:
# %% tags=["measured"]
print("             mean IoU: seeds         mean   Boundary IoU: mean")
for kind in kinds:
    each = "  ".join(f"{value:.3f}" for value in iou[kind])
    print(f"{kind:>11}  {each}   {iou[kind].mean():.3f}   {rim[kind].mean():.3f}")
# %% [markdown]
# What holds for each of the three seeds:
# %%
print("16s above 32s by 0.05 mean IoU:  ", np.all(iou["FCN-16s"] > iou["FCN-32s"] + 0.05))
print("8s above 16s, by less than that: ",
      np.all((iou["FCN-8s"] > iou["FCN-16s"])
             & (iou["FCN-8s"] - iou["FCN-16s"] < iou["FCN-16s"] - iou["FCN-32s"])))  # fmt: skip
print("8s above 16s by 0.03 at the rim: ", np.all(rim["FCN-8s"] > rim["FCN-16s"] + 0.03))
print("8s above 0.85 mean IoU:          ", np.all(iou["FCN-8s"] > 0.85))
apart = np.abs(iou["8s, learned"] - iou["FCN-8s"])
print("learned and fixed enlargement less than 0.03 apart:", np.all(apart < 0.03))
reveal("11-gain", "32s to 16s")
# %% [markdown]
# The paper's pattern: the first skip gains most, the second less, most of it at the rim (on PASCAL VOC
# 59.4, 62.4, 62.7 percent mean IU). Here both gains are larger, because a coin is little larger than
# the 32 pixels of one unit. And learning the enlargement makes no clear difference.
# %%
chosen, names = 3, test_part.class_names
picture = test_part[chosen].image.transpose(1, 2, 0)
with torch.no_grad():
    maps = [networks[kind, 0](test_images[chosen : chosen + 1]).argmax(dim=1)[0].numpy()
            for kind in kinds[:3]]  # fmt: skip
compare(picture, truth[chosen], *maps, titles=["coins", "truth", *kinds[:3]], class_names=names)
wrong = [np.mean(each != truth[chosen]) for each in maps]
print("wrong pixels fall from 32s to 16s to 8s:", wrong[0] > wrong[1] > wrong[2])


# %% [markdown]
# ## 9 Toggle the skips
#
# In a network trained as a whole, a skip that is switched off is *missed*: the other layers have learned
# to rely on it. To see what each adds, take the trained FCN-32s, **freeze** it, and train only the new
# 1 x 1 scores: first pool4's, then pool3's. With both switched off this network *is* the FCN-32s.
# %%
def add_skip(stride, before, seed):
    """Train nothing but the score layer that the stride adds."""
    network = FCN(2, stride=stride, width=8, convolutions=(1, 1, 1, 1, 1), head=64, batch_norm=True)
    network.load_state_dict(before.state_dict(), strict=False)
    added = network.score_pool4 if stride == 16 else network.score_pool3
    network.requires_grad_(False).eval()
    added.requires_grad_(True)
    train(network, images, target, steps=40, batch=4, rate=5e-2, seed=seed)
    return network.requires_grad_(False)


frozen = add_skip(8, add_skip(16, networks["FCN-32s", 0], seed=1), seed=2)
added = sum(
    p.numel() for layer in (frozen.score_pool4, frozen.score_pool3) for p in layer.parameters()
)
print(
    f"trained for the skips: {added} of {sum(p.numel() for p in frozen.parameters()):,} parameters"
)
for row in describe(frozen, (128, 128))[2:5]:
    print(f"{row.name} sees {row.receptive_field} pixels")
# %% [markdown]
# **Predict.** Which of the two skips alone helps more?
# %% tags=["nbval-ignore-output"]
predict(
    "11-alone", "More mean IoU with only ...", options=["pool4 (stride 16)", "pool3 (stride 8)"]
)
# %%
by_skips = {
    (use4, use3): fcn_skips.skip_iou(frozen, test_part, use4, use3)
    for use4 in (False, True)
    for use3 in (False, True)
}
none, only3, only4, both = by_skips.values()
print("each skip alone gains 0.03 or more:", min(only3, only4) > none + 0.03)
print("pool3 alone above pool4 alone:     ", only3 > only4)
print("both less than 0.03 above pool3:   ", both < only3 + 0.03)
reveal("11-alone", "pool3 (stride 8)")
# %% [markdown]
# The four scores on this machine:
# %% tags=["measured"]
for (use4, use3), value in by_skips.items():
    print(
        f"pool4 {'on ' if use4 else 'off'}  pool3 {'on ' if use3 else 'off'}: mean IoU {value:.3f}"
    )
# %% [markdown]
# A coin differs from cloth by brightness and texture, and a unit of pool3 sees enough of both: here the
# finer map knows WHAT and WHERE. On street scenes, where a wall and a car may look alike close up,
# the coarse scores matter more. Say on which data a gain was measured.
#
# **Move it.** Switch the skips, walk through test pictures, and watch the three score maps that are
# added. Where does the coarse map still correct the fine one? (Bright scores speak for coin, mid-grey is
# undecided. Errors: sky blue found, vermilion false alarm, purple missed.)
# %% tags=["nbval-ignore-output"]
figure, text = fcn_skips.draw_skips(frozen, test_part, picture=3, pool4=True, pool3=True)
print(text)
figure
# %% tags=["nbval-ignore-output"]
fcn_skips.demo(frozen, test_part)
# %% [markdown]
# ## 10 The full run
#
# On a GPU, with real street scenes: set `FULL_RUN = True`. CamVid has to be fetched once, by `python -m
# course_utils data camvid`. The same from a terminal: `python -m course_utils train --model fcn8 --data
# camvid --epochs 60 --out runs/fcn8`.
# %%
FULL_RUN = False
if FULL_RUN:
    from course_utils.training import evaluate, fit
    from course_utils.training_config import Config

    street = {part: load_data("camvid", part) for part in ("train", "val", "test")}
    large = FCN(street["train"].num_classes, stride=8, width=64, head=1024, batch_norm=True)
    config = Config(epochs=60, batch_size=8, learning_rate=1e-3, class_weights=None)
    run = fit(large, street["train"], street["val"], config, out="runs/fcn8")
    print(f"mean IoU on test: {evaluate(run.model, street['test']).mean_iou:.3f}")
else:
    print("FULL_RUN is off")
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("11_fcn")
# %% [markdown]
# ## Recap
#
# - A dense layer over a C x k x k map is a k x k convolution: reshape its rows into kernels.
# - So a classifier answers everywhere at once, on any size, with the same numbers as a sliding window
#   (if it pads nowhere), and shares the convolutions between windows.
# - Its answers stand 32 pixels apart. Bilinear stamps enlarge them; offsets follow from where unit 0
#   stands, and are no magic.
# - Skips are 1 x 1 scores of pool4 and pool3, *added*, and they start at zero.
# - At equal budget: the first skip gains most, the second mostly at the rim; learned enlargement no clear
#   gain. Three seeds, one data set: say so.
#
# **Next:** the exercise of this lesson, then lesson 12, U-Net.
# %% [markdown]
# ## Further reading
#
# - Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015, [arXiv 1411.4038v2](https://arxiv.org/abs/1411.4038v2)
# - The authors' code and answers to "why pad the input?", [github.com/shelhamer/fcn.berkeleyvision.org](https://github.com/shelhamer/fcn.berkeleyvision.org)
# - LeCun, Bottou, Bengio, Haffner, *Gradient-based learning applied to document recognition*, 1998, [doi 10.1109/5.726791](https://doi.org/10.1109/5.726791)
# - Dumoulin, Visin, *A guide to convolution arithmetic for deep learning*, 2016, [arXiv 1603.07285](https://arxiv.org/abs/1603.07285)
