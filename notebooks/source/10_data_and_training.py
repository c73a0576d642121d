# %% [markdown]
# # 10 Data and training
#
# After this lesson you can build the way from a labelled file to a training step, find the five label
# accidents that no error message reports, write the training loop by hand, choose a learning rate by
# a test, and take up a run that was cut.
#
# **Needs:** lessons 05 (scores), 06 (convolution) and 09 (losses). **Run time:** about 80 s on two
# CPU cores; no GPU needed, and section 11 says what one changes.
# %%
import copy
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image
from scipy import ndimage

from course_utils import losses, metrics, training, transforms
from course_utils.datasets.pictures import load_picture
from course_utils.datasets.registry import load_data
from course_utils.datasets.segmentation_data import from_arrays
from course_utils.figures import set_alt_text
from course_utils.labels import display_palette
from course_utils.models.registry import build_model
from course_utils.plotting import compare

# %% [markdown]
# And the parts of the training engine, whose step section 7 builds by hand, with the demos:
# %%
from course_utils.schedules import learning_rate
from course_utils.timing import milliseconds
from course_utils.training_config import Config, choose_device, choose_precision, has_amx
from course_utils.training_loop import TrainingLoop
from course_utils.training_state import average_into
from course_utils.transforms import Augmentation
from course_utils.widgets import augmentation
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz
from course_utils.widgets.training_view import TrainingView

# %% [markdown]
# ## 1 Six label maps, one of them right
#
# A photograph with a label map drawn by hand: five classes, and void (hatched), where no truth is
# known. Six programs made both smaller. Which program would you train with?
# %%
torch.set_num_threads(1)  # networks this small gain little from a second thread
coffee = load_picture("coffee")
small = Image.fromarray(coffee.image).resize((150, 100), Image.Resampling.BOX)
right = coffee.label_map[2::4, 2::4]  # (100, 150): every fourth pixel
blurred = Image.fromarray(coffee.label_map).resize((150, 100), Image.Resampling.BILINEAR)
six = {
    "A": np.where(np.asarray(blurred) > 4, 255, np.asarray(blurred)),
    "B": (right / 255).astype(np.uint8),
    "C": right,
    "D": np.where(right == 255, 255, right - np.uint8(1)),
    "E": np.where(right == 255, 0, right),
    "F": right[:, ::-1],
}
shown, titles = [np.asarray(small), *six.values()], ["photograph", *six]
figure, axes = plt.subplots(2, 4, figsize=(8.4, 3.8))
axes[1, 3].set_axis_off()
compare(*shown, titles=titles, class_names=coffee.class_names, axes=axes.flat[:7])
for letter, label_map in six.items():
    print(letter, "values:", np.unique(label_map).tolist())
# %% [markdown]
# C is right. The others are the accidents of this lesson:
#
# - **A** was resized by interpolation: outlines have classes of their own, and more is void.
# - **B** was divided by 255, as a picture is, and cut to whole numbers.
# - **D** had 1 taken off every class: background, 0, became 255, which is void.
# - **E** counts void as class 0.
# - **F** was flipped without its picture.
#
# Every value above is a class or void.
#
# **Predict.** Train with each of the five. How many of the trainings stop with an error?
# %% tags=["nbval-ignore-output"]
predict("10-errors", "How many of the five accidents stop the training?", number=("of 5", 0, 5))


# %% [markdown]
# ## 2 The pipeline
#
# The data: nuclei of cells under a microscope (generated, so the exact truth is known), stained with
# two dyes. Class 1 is red, class 2 green (in label maps orange and blue: the course's colours). Red dye
# leaks, so the annotator left a band along every red outline **void**.
# %%
def two_dyes(part, count):
    grey, _, instances = load_data("cells", part, count=count).arrays()  # uint8 (N, 3, 128, 128)
    truth = np.where(instances > 0, 1 + instances % 2, 0).astype(np.uint8)
    colours = np.array([[1, 1, 1], [1, 0.35, 0.3], [0.3, 1, 0.45]])  # of the light, by class
    images = (grey * np.moveaxis(colours[truth], -1, 1)).astype(np.uint8)
    label_maps = truth.copy()
    for label_map, red in zip(label_maps, truth == 1, strict=True):
        to_outline = ndimage.distance_transform_edt(red) + ndimage.distance_transform_edt(~red)
        label_map[to_outline <= 3] = 255
    return images, label_maps, truth


CLASSES = ("background", "red", "green")
train_files, val_files = two_dyes("train", 96), two_dyes("val", 24)
image, label_map, truth = (array[0] for array in train_files)
titles = ["image", "label map in the file", "exact truth"]
compare(image.transpose(1, 2, 0), label_map, truth, titles=titles, class_names=CLASSES)
shares = {value: round(float(np.mean(train_files[1] == value)), 3) for value in (0, 1, 2, 255)}
print("share of each value in the files:", shares)


# %% [markdown]
# From file to network there are four steps, and each treats picture and label map in its own way:
#
# | step | image | label map |
# |---|---|---|
# | resize | average over areas | **nearest**: between 0 and 2 lies no class 1 |
# | augment | same move | same move, void outside |
# | to numbers | float, divided by 255, perhaps normalised | class indices, integers, as they are |
# | loss | - | void is left out |
# %%
def right_pipeline(image, label_map, rng):
    image, label_map, _ = transforms.resize(image, label_map, size=(64, 64))
    return image, label_map


small, small_map = right_pipeline(image, label_map, None)
print(f"image {small.shape} {small.dtype}, label map {small_map.shape} {small_map.dtype}")
print("values of the label map:", np.unique(small_map).tolist())
# %% [markdown]
# **Normalisation.** Dividing by 255 puts an image in [0, 1]. Many networks go on: subtract the mean
# of each colour, divide by its standard deviation. Both come from *training* pictures only. A second
# division by 255 would go unnoticed in a plain program, so `to_float` takes bytes only:
# %%
pixels = train_files[0].transpose(1, 0, 2, 3).reshape(3, -1) / 255
mean, std = pixels.mean(axis=1), pixels.std(axis=1)
normalised = transforms.to_float(train_files[0], mean, std)
print("mean of each colour:", mean.round(2), "deviation:", std.round(2))
print("afterwards, near 0 and 1:", normalised.mean().abs().item() < 1e-3, end=", ")
print(abs(normalised.std().item() - 1) < 1e-3)
try:
    transforms.to_float(transforms.to_float(small))
except TypeError as error:
    print(error)
# %% [markdown]
# **Ignore label.** Void has weight 0 in the loss: turn the network's scores there upside down, and the
# loss stays what it is.
# %%
torch.manual_seed(0)
logits = torch.randn(1, 3, 64, 64)
target = torch.from_numpy(small_map)[None].long()
void = (target == 255)[:, None]
before = losses.cross_entropy(logits, target)
after = losses.cross_entropy(torch.where(void, -9 * logits, logits), target)
print(f"{void.sum()} pixels are void; loss unchanged: {before.item() == after.item()}")


# %% [markdown]
# ## 3 Five accidents, staged
#
# Each is the right pipeline with one line changed. The first is instructive: interpolation gives values
# that are neither class nor void, and the program *does* stop.
# %%
def bilinear(image, label_map, rng):
    image, _ = right_pipeline(image, label_map, rng)
    resized = Image.fromarray(label_map).resize((64, 64), Image.Resampling.BILINEAR)
    return image, np.array(resized)


def as_data(pipeline, files, part):
    rng = np.random.default_rng(0)
    made = [pipeline(*pair, rng) for pair in zip(*files[:2], strict=True)]
    images, label_maps = (np.stack(arrays) for arrays in zip(*made, strict=True))
    palette = display_palette(len(CLASSES))
    return from_arrays("two dyes", part, images, label_maps, class_names=CLASSES, palette=palette)


try:
    as_data(bilinear, train_files, "train").class_frequencies()
except ValueError as error:
    print(f"{str(error)[:75]} ...")


# %% [markdown]
# That error is a gift. Under pressure someone silences it: *whatever is no class becomes void*. Now
# nothing stops.
# %%
def bilinear_silenced(image, label_map, rng):
    image, label_map = bilinear(image, label_map, rng)
    label_map[label_map > 2] = 255
    return image, label_map


def divided(image, label_map, rng):
    image, label_map = right_pipeline(image, label_map, rng)
    return image, (label_map / 255).astype(np.uint8)


def off_by_one(image, label_map, rng):
    image, label_map = right_pipeline(image, label_map, rng)
    return image, np.where(label_map == 255, 255, label_map - np.uint8(1))  # 0 - 1 is 255


# %% [markdown]
# The last two. The flip is what augmentation does in half of the cases; here it moves the image only.
# %%
def void_is_background(image, label_map, rng):
    image, label_map = right_pipeline(image, label_map, rng)
    return image, np.where(label_map == 255, 0, label_map).astype(np.uint8)


def flipped_alone(image, label_map, rng):
    image, label_map = right_pipeline(image, label_map, rng)
    return image[:, :, :: rng.choice([1, -1])], label_map


# %% [markdown]
# All six by name, and what each makes of the files:
# %%
PIPELINES = {
    "right": right_pipeline,
    "bilinear": bilinear_silenced,
    "divided by 255": divided,
    "off by one": off_by_one,
    "void is background": void_is_background,
    "flipped alone": flipped_alone,
}
parts = {
    name: (as_data(pipeline, train_files, "train"), as_data(pipeline, val_files, "val"))
    for name, pipeline in PIPELINES.items()
}
# %% [markdown]
# Train the same small U-Net with each, from the same start. Every pipeline prepares its own validation
# pictures too, as in real life: the report that you would see comes out of the same accident.
#
# **Predict.** Which of the six reports the highest mean IoU on its own validation pictures?
# %% tags=["nbval-ignore-output"]
predict("10-best", "The highest mean IoU on its own validation pictures:", options=list(PIPELINES))


# %%
def make_network(seed=0):
    torch.manual_seed(seed)
    return build_model("unet", len(CLASSES), width=8, depth=3, batch_norm=True)


CPU = {"device": "cpu", "precision": "fp32"}
config = Config(epochs=5, batch_size=8, learning_rate=1e-2, **CPU)
runs = {name: training.fit(make_network(), *pair, config) for name, pair in parts.items()}
print(len(runs), "trainings, none of them stopped with an error")
reveal("10-errors", 0, unit="of 5", tolerance=0)
# %% [markdown]
# Beside each report stands the score on the **exact truth**, which no accident has touched:
# %%
honest_pairs = [right_pipeline(*pair, None) for pair in zip(*val_files[::2], strict=True)]
honest_images, honest_maps = (np.stack(arrays) for arrays in zip(*honest_pairs, strict=True))


def honest_iou(network):
    predicted = training.predict(network, honest_images, device="cpu")
    return metrics.mean_iou(metrics.confusion_matrix(honest_maps, predicted, len(CLASSES)))


own = {name: run.history["mean_iou"][-1] for name, run in runs.items()}
loss = {name: run.history["loss"][-1] for name, run in runs.items()}
honest = {name: honest_iou(run.model) for name, run in runs.items()}
# %% [markdown]
# The last digits differ from machine to machine:
# %% tags=["measured"]
print(f"{'':>18}  own report: loss  mean IoU   on the exact truth: mean IoU")
for name in PIPELINES:
    print(f"{name:>18}             {loss[name]:.3f}    {own[name]:.2f}"
          f"                            {honest[name]:.2f}")  # fmt: skip
# %% [markdown]
# What holds on every machine:
# %%
broken = [name for name in PIPELINES if name != "right"]
print("right: above 0.8 on the exact truth:        ", honest["right"] > 0.8)
print("all five accidents are below it by 0.03:    ",
      all(honest[name] < honest["right"] - 0.03 for name in broken))  # fmt: skip
print("off by one: own report above 0.95, truth below 0.2:",
      own["off by one"] > 0.95 and honest["off by one"] < 0.2)  # fmt: skip
print("divided: own report above 0.75, truth below 0.5:   ",
      own["divided by 255"] > 0.75 and honest["divided by 255"] < 0.5)  # fmt: skip
print("flipped alone: its loss is the highest:     ", loss["flipped alone"] == max(loss.values()))
reveal("10-best", "off by one")
# %% [markdown]
# (Right loses a little on the exact truth, which counts the void band too.) The most broken pipeline has
# the best report: with the background void, two colours are easy to tell
# apart. Dividing by 255 leaves 255 / 255 = 1: the network learned to draw the *void band* and says so
# proudly. Only the flip betrays itself, by a loss that does not fall. **A score computed behind the
# accident cannot see it.**
#
# One validation picture, and the answers:
# %%
answers = [training.predict(run.model, honest_images[3], device="cpu") for run in runs.values()]
shown = [honest_images[3].transpose(1, 2, 0), honest_maps[3], *answers]
_, axes = plt.subplots(2, 4, figsize=(8.4, 4.6))
titles = ["image", "exact truth", *PIPELINES]
compare(*shown, titles=titles, class_names=CLASSES, axes=axes.flat)
wrong = [np.mean(answer != honest_maps[3]) for answer in answers]
print("the right pipeline has the fewest wrong pixels here:", min(wrong) == wrong[0])


# %% [markdown]
# ## 4 Three checks that find them
#
# **Check 1: values.** Are all values classes or void? It found the interpolation, until someone
# silenced it. **Check 2: shares.** Nearest resizing keeps each value's share of the pixels. Compare
# before and after:
# %%
def shares_of(label_maps):
    return np.array([np.mean(label_maps == value) for value in (0, 1, 2, 255)])


in_files = shares_of(train_files[1])
print(f"{'in the files':>18} {in_files.round(3)}")
moved = {}
for name, (train, _) in parts.items():
    shares = shares_of(train.arrays()[1])
    moved[name] = np.abs(shares - in_files).max() > 0.01
    print(f"{name:>18} {shares.round(3)}  {'<- moved' if moved[name] else ''}")


# %% [markdown]
# Four of five. The flip moves no share. **Check 3: a painted picture.** Put a picture into the pipeline
# that *is* its label map, one grey level for each value. Where a pixel still has a pure grey at the
# end, the label map must say the same.
#
# **Predict.** How many of the five does this one check find?
# %% tags=["nbval-ignore-output"]
predict("10-painted", "The painted picture finds how many of the five?", number=("of 5", 0, 5))


# %%
def painted_errors(pipeline, label_maps):
    greys = {0: 0, 1: 50, 2: 130, 255: 255}  # no mean of four is one of them
    rng = np.random.default_rng(0)
    wrong = pure_pixels = 0
    for label_map in label_maps:
        painted = np.zeros((3, *label_map.shape), np.uint8)
        for value, grey in greys.items():
            painted[:, label_map == value] = grey
        image, made = pipeline(painted, label_map, rng)
        for value, grey in greys.items():
            pure = image[0] == grey
            wrong += np.sum(made[pure] != value)
            pure_pixels += np.sum(pure)
    return wrong / pure_pixels


found = {name: painted_errors(p, train_files[1][:20]) for name, p in PIPELINES.items()}
for name, share in found.items():
    print(f"{name:>18}: {share:.1%} of the pure pixels disagree")
reveal("10-painted", sum(share > 0 for share in found.values()), unit="of 5", tolerance=0)
# %% [markdown]
# All five, and nothing at the right pipeline. It needs no network, no truth and a second of time. Write
# it once for each new data set, together with one look at ten overlays of image and label map.
#
# ## 5 Augmentation
#
# A changed picture is a new picture, if its label map follows. One draw decides the move, and both are
# read through it: the image by interpolation, the label map by nearest, void where the picture ends.
# %%
how = Augmentation(scale=(0.7, 1.4), rotate=30, brightness=0.2, noise=0.05)
rng = np.random.default_rng(4)
samples = [transforms.augment(small, small_map, how=how, rng=rng)[:2] for _ in range(3)]
shown = [array for pair in samples for array in (pair[0].transpose(1, 2, 0), pair[1])]
compare(*shown, titles=["draw 1", "its label map", "draw 2", "", "draw 3", ""], class_names=CLASSES)
values = sorted({int(v) for _, moved_map in samples for v in np.unique(moved_map)})
print("values after three moves:", values)
# %% [markdown]
# The same on a photograph, with a move that is chosen:
# %%
figure, line = augmentation.draw_augmentation(flip=True, turn=15)
print(line)
figure
# %% [markdown]
# **Move it.** Which control leaves the label map as it is? Where does void come from? Then tick *Move the
# image alone*: which move does least harm, and would you notice it in a glance at a hundred pictures?
# %% tags=["nbval-ignore-output"]
augmentation.demo()
# %% [markdown]
# Which changes are allowed, the data say: a cell has no up and no left, but a street has, and a digit 6
# turned by 180 degrees is a 9. Augment training pictures only.
#
# ## 6 Leakage
#
# A film of cells: the camera drifts 2 pixels from frame to frame. Someone shuffles all frames of 48 films
# and sets a quarter aside for validation. What does such a score measure?
# %%
drift = [np.s_[..., 2 * k : 2 * k + 96, 2 * k : 2 * k + 96] for k in range(12)]
frames, frame_maps = (
    np.stack([picture[window] for picture in arrays[:48] for window in drift])
    for arrays in (train_files[0], train_files[2])
)
films = np.repeat(np.arange(48), 12)  # which film a frame comes from
features = frames[:, :, 2::4, 2::4].reshape(len(frames), -1).astype(float)  # (N, 1728)
rng = np.random.default_rng(0)
shuffled = rng.random(len(frames)) < 0.25  # validation frames, at random
by_film = np.isin(films, rng.permutation(48)[:12])  # validation films, whole
print(f"{len(frames)} frames; validation: {shuffled.sum()} shuffled, {by_film.sum()} by film")
# %% [markdown]
# The "network" here is a pure **memoriser**: it looks up the most alike training frame and copies its
# label map. It understands nothing about cells.
#
# **Predict.** What mean IoU does it reach with the shuffled frames?
# %% tags=["nbval-ignore-output"]
predict("10-leak", "Mean IoU of the memoriser, frames shuffled:", number=("", 0, 1))


# %%
def memoriser_iou(is_val):
    known, asked = features[~is_val], features[is_val]
    distance = (known**2).sum(axis=1) - 2 * asked @ known.T  # (asked, known), up to a constant
    copied = frame_maps[~is_val][distance.argmin(axis=1)]
    return metrics.mean_iou(metrics.confusion_matrix(frame_maps[is_val], copied, len(CLASSES)))


leaky, fair = memoriser_iou(shuffled), memoriser_iou(by_film)
print(f"frames shuffled: {leaky:.2f}; whole films set aside: {fair:.2f}")
reveal("10-leak", leaky, tolerance=0.08)
# %% [markdown]
# The frame before or after shows the same cells, so the memoriser finds the answer itself; a large network
# can do the same. **Split by what was recorded together**: film, drive, field, patient, day. The street
# scenes of CamVid are frames of drives, and the nuclei data hold several tiles of one field: this course
# keeps every such field in one part.
#
# ## 7 The training loop, by hand
#
# A step is five lines: scores, loss, gradient, a move against it. The **optimiser** makes the move.
# Plain gradient descent subtracts rate times gradient. **AdamW** divides each weight's mean gradient by
# its usual size, so one learning rate serves all weights, and shrinks the weights a little (weight
# decay; not biases and batch norm).
# %%
train, val = parts["right"]
config = Config(epochs=1, batch_size=8, learning_rate=1e-2, channels_last=False, **CPU)
by_library = TrainingLoop(make_network(), train, val, config)
network = make_network()
weights = [p for p in network.parameters() if p.ndim > 1]
rest = [p for p in network.parameters() if p.ndim <= 1]
groups = [{"params": weights, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
optimiser = torch.optim.AdamW(groups, lr=1e-2, fused=True)
network.train()
for step, batch in enumerate(by_library.batches()):
    images, label_maps, _ = batch
    loss_now = losses.cross_entropy(network(transforms.to_float(images)), label_maps)
    optimiser.zero_grad()
    loss_now.backward()
    for group in optimiser.param_groups:
        group["lr"] = by_library.rate_of(step)
    optimiser.step()
    by_library.learn(batch)  # the library's step, on the same batch
# %% [markdown]
# **Equal to the library?** All losses and all weights after one epoch:
# %%
pairs = zip(network.parameters(), by_library.model.parameters(), strict=True)
gap = max((a - b).abs().max().item() for a, b in pairs)
print(f"{step + 1} steps; last losses differ by less than 1e-6:",
      abs(loss_now.item() - by_library.losses_so_far()[-1].item()) < 1e-6)  # fmt: skip
print("largest difference of any weight below 1e-6:", gap < 1e-6)


# %% [markdown]
# ## 8 Overfit one batch first
#
# Before a long run, one cheap question: can the network learn four pictures by heart? If not, no
# amount of data will help: look for a bug in labels, loss or learning rate.
# %%
def steps_on(network, batch, steps, rate=1e-2):
    images, label_maps = (torch.from_numpy(array[:4].copy()) for array in batch)
    optimiser = torch.optim.AdamW(network.train().parameters(), lr=rate)
    noted = []
    for _ in range(steps):
        loss = losses.cross_entropy(network(transforms.to_float(images)), label_maps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        noted.append(loss.item())
    return np.array(noted)


four = {name: data.arrays()[:2] for name, (data, _) in parts.items()}
learned = steps_on(make_network(), four["right"], 60)
print("four pictures, 60 steps: loss from above 0.5 to below 0.1:",
      bool(learned[0] > 0.5 and learned[-1] < 0.1))  # fmt: skip
# %% [markdown]
# It can. The test finds dead gradients, a softmax too many, labels that change from step to step. It
# finds none of the five accidents: by heart, any label map can be learned.
# %%
learned = steps_on(make_network(), four["void is background"], 60)
print("void is background, the same four pictures, below 0.2 as well:", bool(learned[-1] < 0.2))
# %% [markdown]
# ## 9 The learning rate: a range test
#
# Too low, and nothing happens; too high, and the loss jumps. A **range test** tries all rates in one
# short run: the rate grows by a constant factor each step, and the loss is noted (Smith, 2017).
#
# **Predict.** At which rate does this network's loss fall fastest?
# %% tags=["nbval-ignore-output"]
predict("10-rate", "The loss falls fastest near", options=["0.00001", "0.01", "10"])


# %%
def range_test(data, lowest=1e-5, highest=100.0, steps=70):
    network, noted = make_network().train(), []
    optimiser = torch.optim.AdamW(network.parameters(), lr=lowest)
    images, label_maps = (torch.from_numpy(array.copy()) for array in data.arrays()[:2])
    rates = np.geomspace(lowest, highest, steps)
    for step, rate in enumerate(rates):
        chosen = torch.arange(8 * step, 8 * step + 8) % len(images)
        optimiser.param_groups[0]["lr"] = rate
        logits = network(transforms.to_float(images[chosen]))
        loss = losses.cross_entropy(logits, label_maps[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        noted.append(loss.item())
    return rates, np.array(noted)


rates, noted = range_test(train)
# %% [markdown]
# Losses of single batches are noisy; a running mean over five steps shows the trend.
# %%
trend = np.convolve(np.pad(noted, 2, mode="edge"), np.full(5, 0.2), mode="valid")
lowest_at = rates[trend.argmin()]
figure, ax = plt.subplots(figsize=(6, 3.2))
ax.plot(rates, noted, color="0.7", label="loss of the batch")
ax.plot(rates, trend, label="mean of five steps")
ax.set(xscale="log", xlabel="learning rate", ylabel="loss", ylim=(0, 3))
ax.legend()
text = "Loss against learning rate on a logarithmic axis: flat on the left, a fall in the middle, "
set_alt_text(figure, text + "a steep rise on the right.")
print("rate 0.0001 and below: the loss has fallen by less than a third:",
      bool(trend[rates < 1e-4].min() > 2 / 3 * trend[0]))  # fmt: skip
print("lowest loss at a rate between 0.003 and 1:", bool(0.003 < lowest_at < 1))
print("at the end, above twice the lowest:", bool(trend[-1] > 2 * trend.min()))
reveal("10-rate", "0.01")
# %% [markdown]
# Take a rate at which the loss still falls: about a tenth of the rate where it is lowest. The test
# costs seconds and is worth repeating when network, batch size or optimiser change.
#
# **Schedule.** A high rate learns fast and never settles. So it rises in the first steps (warm-up),
# then falls to nothing:
# %%
figure, ax = plt.subplots(figsize=(6, 2.6))
for schedule in ("poly", "cosine", "constant"):
    curve = [learning_rate(s, 200, highest=1e-2, schedule=schedule, warmup=0.1) for s in range(200)]
    ax.plot(curve, label=schedule)
ax.set(xlabel="step", ylabel="learning rate")
ax.legend()
set_alt_text(figure, "Three schedules over 200 steps: all rise to 0.01 in 20 steps; poly falls "
             "nearly straight, cosine as half a wave, constant stays.")  # fmt: skip
poly = [learning_rate(s, 200, highest=1e-2, warmup=0.1) for s in (0, 19, 199)]
print("poly, first, 20th and last step:", [f"{rate:.6f}" for rate in poly])
# %% [markdown]
# **EMA**, the exponential moving average, is another way to settle: keep a running mean of the weights
# beside them, and score that. One run at a constant high rate, both scored every four steps of its last
# two epochs:
# %%
network = make_network()
mean_network = copy.deepcopy(network)
constant = Config(epochs=5, batch_size=8, learning_rate=3e-2, schedule="constant", **CPU)
few_val = val.take(range(12))
loop = TrainingLoop(network, train, few_val, constant)
both = {"plain weights": [], "running mean": []}
for epoch in range(constant.epochs):
    loop.state.epoch, loop.state.step_in_epoch = epoch, 0
    for batch in loop.batches():
        loop.learn(batch)
        average_into(mean_network, network, keep=min(0.9, loop.state.step / (loop.state.step + 10)))
        if epoch > 2 and loop.state.step % 4 == 0:
            for scores, scored in zip(both.values(), (network, mean_network), strict=True):
                scores.append(training.evaluate(scored, few_val, device="cpu"))
# %% [markdown]
# Digits of this machine:
# %% tags=["measured"]
for name, scores in both.items():
    print(f"{name:>14}: mean IoU {[round(s.mean_iou, 2) for s in scores]}")
# %% [markdown]
# What holds on every machine:
# %%
plain, mean = both.values()
print("mean validation loss, running mean below plain:",
      np.mean([s.loss for s in mean]) < np.mean([s.loss for s in plain]))  # fmt: skip
print("worst of six mean IoU, running mean above plain:",
      min(s.mean_iou for s in mean) > min(s.mean_iou for s in plain))  # fmt: skip
# %% [markdown]
# ## 10 A whole run
#
# Everything together: augmentation, warm-up and poly, EMA. After each epoch the network is scored on the
# validation pictures, and the weights of the best epoch are kept. The test pictures are used once, here.
#
# `TrainingView` is a report: `fit` tells it what happens, and it draws. Stop, or Ctrl-C, ends the run in
# good order: best weights and history are kept.
# %% tags=["nbval-ignore-output"]
how = Augmentation(upside_down=True, rotate=15, brightness=0.1)
whole_config = Config(
    epochs=6, batch_size=8, learning_rate=1e-2, warmup=0.1, ema=0.9, augmentation=how, **CPU
)
run = training.fit(make_network(), train, val, whole_config, report=TrainingView(samples=4))
# %% [markdown]
# Now, and only now, the test pictures, against their exact truth:
# %%
test_files = two_dyes("test", 24)
test_pairs = [right_pipeline(*pair, None) for pair in zip(*test_files[::2], strict=True)]
test_images, test_maps = (np.stack(arrays) for arrays in zip(*test_pairs, strict=True))
predicted = training.predict(run.model, test_images, device="cpu")
table = metrics.confusion_matrix(test_maps, predicted, len(CLASSES))
print("test pictures, exact truth: mean IoU above 0.8:", bool(metrics.mean_iou(table) > 0.8))
# %% [markdown]
# Class by class:
# %% tags=["measured"]
for name, iou in zip(CLASSES, metrics.iou_per_class(table), strict=True):
    print(f"{name:>10}: IoU {iou:.3f}")
# %% [markdown]
# ### Seeds, checkpoints, and a run that is cut
#
# A **seed** fixes what is random: first weights, order of the pictures, augmentation. A **checkpoint** is
# all that the next step needs: weights, the optimiser's running means, the step's number, EMA. Save the
# weights alone, and AdamW starts anew.
#
# The run below is cut in its second epoch, like a notebook that is stopped, and taken up from its last
# checkpoint.
#
# **Predict.** How far is the mended run from one that was never cut?
# %% tags=["nbval-ignore-output"]
predict(
    "10-resume",
    "Cut and taken up, against never cut: the weights ...",
    options=["are the same, bit for bit", "agree to 3 digits", "differ, the scores are alike"],
)


# %%
class Cut:
    """A report that stops the run after an epoch, as Ctrl-C does."""

    def started(self, plan): ...
    def stepped(self, progress): ...
    def ended(self, run): ...
    def validated(self, validated):
        if validated.row["epoch"] == 2:
            raise KeyboardInterrupt


config = Config(epochs=3, batch_size=8, learning_rate=1e-2, ema=0.9, threads=1,
                augmentation=Augmentation(upside_down=True), checkpoint_steps=5, **CPU)  # fmt: skip
few, few_val = train.take(range(48)), val.take(range(8))
# %% [markdown]
# Once cut and taken up (by another network, whose first weights are replaced), once in one go:
# %%
with tempfile.TemporaryDirectory() as folder:
    cut = training.fit(make_network(), few, few_val, config, out=folder, report=Cut())
    again = training.fit(make_network(seed=9), few, few_val, config, out=folder, resume=True)
whole = training.fit(make_network(), few, few_val, config)
pairs = zip(again.model.parameters(), whole.model.parameters(), strict=True)
gap = max((a - b).abs().max().item() for a, b in pairs)
print("the first run was stopped:", cut.stopped, "- after the resume:", again.stopped)
print("largest difference of any weight:", gap)
print("same loss in all epochs:", np.array_equal(again.history["loss"], whole.history["loss"]))
reveal("10-resume", "are the same, bit for bit")


# %% [markdown]
# The checkpoint was written at step 10, in the middle of the second epoch; steps 11 and 12 were done
# twice. Equal bits hold for the same machine, fp32 and the same number of threads; on a GPU, sums in
# another order change the last digits.
#
# ### Reading curves
#
# Two runs that go wrong, beside the good one. In the first, eight pictures *without colour*: which dye
# it was cannot be seen, only learned by heart. In the second, a learning rate 1000 times too high.
# %%
def without_colour(data, count):
    images, label_maps, _ = data.take(range(count)).arrays()
    grey = images.mean(axis=1, keepdims=True).astype(np.uint8).repeat(3, axis=1)
    palette = display_palette(len(CLASSES))
    return from_arrays("grey", data.part, grey, label_maps, class_names=CLASSES, palette=palette)


good = runs["right"].history  # from section 3
blind = without_colour(train, 8), without_colour(val, 12)
by_heart = Config(epochs=50, batch_size=8, learning_rate=1e-2, schedule="constant", **CPU)
overfit = training.fit(make_network(), *blind, by_heart).history
wild = Config(epochs=4, batch_size=8, learning_rate=10.0, schedule="constant", **CPU)
too_high = training.fit(make_network(), train, val.take(range(12)), wild).history
# %% [markdown]
# Side by side; each panel has its own scale, a logarithmic one:
# %%
figure, axes = plt.subplots(1, 3, figsize=(8.4, 2.8))
curves = {"good": good, "8 grey pictures": overfit, "rate 10": too_high}
for ax, (title, history) in zip(axes, curves.items(), strict=True):
    ax.plot(history["epoch"], history["loss"], label="training")
    ax.plot(history["epoch"], history["val_loss"], label="validation")
    ax.set(title=title, xlabel="epoch", yscale="log")
axes[0].set_ylabel("loss")
axes[0].legend()
text = "Training and validation loss of three runs, logarithmic axes. Good: both fall together. Grey pictures: training "
text += (
    "keeps falling, validation stays far above it. Rate too high: both are far above the good ones."
)
set_alt_text(figure, text)
# %% [markdown]
# The same in numbers:
# %%
val_loss, last = overfit["val_loss"], overfit["loss"][-1]
print(
    "grey pictures: at the end, validation loss above twice the training loss:",
    val_loss[-1] > 2 * last,
)
print("good: validation loss below 1.5 times the training loss:",
      good["val_loss"][-1] < 1.5 * good["loss"][-1])  # fmt: skip
print("rate too high: first epoch above 3, last above 3 times the good one:",
      too_high["loss"][0] > 3 and too_high["loss"][-1] > 3 * good["loss"][-1])  # fmt: skip
# %% [markdown]
# | curve | name | try |
# |---|---|---|
# | training falls, validation stays or rises | over-fitting | more data, augmentation, stop at the best epoch |
# | both stay high | under-fitting, or a bug | overfit one batch; range test; larger network |
# | jumps, or rises at once | rate too high | a tenth of it, warm-up, clipping the gradient |
# | both fall, still falling at the end | cut too early | more epochs |
# | validation *perfect* | leak or label accident | sections 4 and 6 |
#
# ## 11 The machine
#
# What is at hand here, and what would the course choose on it?
# %% tags=["measured"]
device = choose_device("auto")
print(f"torch {torch.__version__}, {torch.get_num_threads()} CPU threads, AMX: {has_amx()}")
print("GPU:", torch.cuda.get_device_name() if device.type == "cuda" else "none")
print("device:", device, "  precision:", choose_precision("auto", device))
# %% [markdown]
# **Batch and precision**, pictures of 64 x 64 per second, training. bf16 stores 8 significant bits
# instead of 24: half the memory to move, and faster where the hardware multiplies it. Elsewhere it is
# slower. Weights and losses stay in fp32 either way.


# %%
def pictures_per_second(batch_size, precision):
    network = make_network().to(device)
    loop_config = Config(batch_size=batch_size, precision=precision, device=device.type)
    loop = TrainingLoop(network, train, val, loop_config)
    batch = next(loop.batches())

    def step():
        loop.learn(batch)
        loop.state.step_in_epoch = 0
        if device.type == "cuda":
            torch.cuda.synchronize()

    return 1000 * batch_size / milliseconds(step, repeats=3)


speed = {(n, p): pictures_per_second(n, p) for p in ("fp32", "bf16") for n in (2, 8, 32)}
# %% [markdown]
# Measured where this notebook was run last:
# %% tags=["measured"]
for (batch_size, precision), rate in speed.items():
    print(f"{precision}, batch {batch_size:2d}: {rate:6.0f} pictures per second")
# %% [markdown]
# **What a GPU changes.** It computes many pictures at once, so small batches leave it idle: raise the
# batch until the rate no longer grows, and test the learning rate again. Keep the pictures on it as
# bytes and augment there, or it waits for the CPU. Its memory holds every layer's output until the
# backward pass: memory grows with batch, height and width, and "out of memory" means a smaller batch.
#
# **What it costs.** Price of a run = pictures x epochs / (pictures per second) x price per second,
# mistakes included. The cheap part of today's lesson, checks, one batch, the range test, runs on a CPU
# and saves the expensive runs.
#
# The same code trains at full size. Set the switch where a GPU is at hand:
# %%
FULL_RUN = False
if FULL_RUN:
    street = {part: load_data("camvid", part) for part in ("train", "val")}  # says how to fetch it
    full = Config(epochs=100, batch_size=8, learning_rate=1e-3, ema=0.99, size=(352, 480),
                  augmentation=Augmentation(scale=(0.5, 2), crop=(352, 352)))  # fmt: skip
    model = build_model("unet", street["train"].num_classes, batch_norm=True)
    run = training.fit(model, street["train"], street["val"], full, out="runs/camvid")
print("full run on CamVid:", "done" if FULL_RUN else "off")
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("10_data_and_training")
# %% [markdown]
# ## Recap
#
# - Image and label map take the same move; label maps by nearest, as class indices, void as void.
# - The five accidents stop nothing, and a score behind the accident cannot see them. Check values, shares,
#   and a painted picture.
# - Split by what was recorded together, or a memoriser looks clever.
# - Overfit one batch, then a range test, then the long run: warm-up, falling rate, EMA, best epoch.
# - A checkpoint holds all that the next step needs; then cut and whole runs are equal, bit for bit.
# - Read both curves: their gap is over-fitting, their height under-fitting or a rate too high.
#
# **Next:** the exercise of this lesson, then lesson 11, fully convolutional networks.
# %% [markdown]
# ## Further reading
#
# - Smith, *Cyclical Learning Rates for Training Neural Networks*, 2017, section 3.3: the range test, [arXiv 1506.01186](https://arxiv.org/abs/1506.01186)
# - Loshchilov, Hutter, *Decoupled Weight Decay Regularization* (AdamW), 2019, [arXiv 1711.05101](https://arxiv.org/abs/1711.05101)
# - Loshchilov, Hutter, *SGDR*, 2016: the cosine schedule, [arXiv 1608.03983](https://arxiv.org/abs/1608.03983)
# - Micikevicius et al., *Mixed Precision Training*, 2018, [arXiv 1710.03740](https://arxiv.org/abs/1710.03740)
# - Karpathy, *A Recipe for Training Neural Networks*, 2019: overfit one batch first, [karpathy.github.io](https://karpathy.github.io/2019/04/25/recipe/)
