# %% [markdown]
# # Exercises to lesson 10: Data and training
#
# You move image and label map together, find out what a label map holds, mend a pipeline with five
# accidents in it, write two lines of a training loop, and read four pairs of curves:
# **20 points, about 100 minutes**. Write each answer where the stub is and run the check below it. A check
# says "right", or what is wrong, with the smallest example it found. Run the checks as often as you
# like; nobody counts.
#
# **Needs:** lesson 10. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 10.1 takes 15 minutes, 10.2 and 10.3 ten each, 10.4 takes 25, 10.5 and 10.6 ten each,
# the written answer 15. In a class of 90 minutes, do 10.1 together and leave 10.6 as homework.
#
# **Typical errors:** the flip on the wrong axis, since images have colours first (10.1); void outside
# the picture forgotten (10.1); `integers(0, n)` that never draws n (10.2); void counted among the wrong
# values (10.3); bytes that wrap round, here to the right value by luck (10.4); a first step with rate 0
# (10.5); keep and 1 - keep exchanged (10.6). Each has its own message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import compare

# %% [markdown]
# **Conventions of the whole sheet.** One picture at a time: `image` holds bytes, shape (3, H, W), colours
# first; `label_map` holds a class index for each pixel, shape (H, W). Void is 255. Where there are two
# results, return a dictionary, so that nothing is exchanged.
#
# ## 10.1 Crop and flip, both together (3 points)
#
# Cut the window that begins at row `top` and column `left` and has `size` = (rows, columns) out of image
# and label map. Then, if `flip` is true, exchange left and right of both. The window may reach over the
# lower or the right edge: there the image is 0 and the label map is void, 255. Neither `top` nor `left`
# is negative.
#
# **Example.** Label map `[[0, 1, 2]]`, top 0, left 1, size (1, 3): `[[1, 2, 255]]`; with flip `[[255, 2,
# 1]]`.


# %%
def crop_and_flip(image, label_map, top, left, size, flip):
    """A dictionary with the "image", (3, h, w), and the "label_map", (h, w), of the window.

    image : uint8 array of shape (3, H, W)
    label_map : uint8 array of shape (H, W)
    top, left : first row and column of the window
    size : (h, w), rows and columns of the window
    flip : whether left and right are exchanged
    """
    ### BEGIN SOLUTION
    height, width = size
    cut, cut_map = np.zeros((3, *size), np.uint8), np.full(size, 255, np.uint8)
    part = image[:, top : top + height, left : left + width]  # may be smaller than the window
    rows, columns = part.shape[1:]
    cut[:, :rows, :columns] = part
    cut_map[:rows, :columns] = label_map[top : top + height, left : left + width]
    if flip:
        cut, cut_map = cut[:, :, ::-1], cut_map[:, ::-1]
    return {"image": cut, "label_map": cut_map}
    ### END SOLUTION


# %% [markdown]
# First inside the picture, then with flips, then over the edge.
# %% points=1
check("10.1", crop_and_flip, aspect="crop")
### BEGIN HIDDEN TESTS
check("10.1", crop_and_flip, aspect="crop", seed=1001)
### END HIDDEN TESTS
# %% points=1
check("10.1", crop_and_flip, aspect="crop and flip")
### BEGIN HIDDEN TESTS
check("10.1", crop_and_flip, aspect="crop and flip", seed=1002)
### END HIDDEN TESTS
# %% points=1
check("10.1", crop_and_flip, aspect="window over the edge")
### BEGIN HIDDEN TESTS
check("10.1", crop_and_flip, aspect="window over the edge", seed=1003)
### END HIDDEN TESTS


# %% [markdown]
# ## 10.2 The same at random (2 points)
#
# Make a generator with `np.random.default_rng(seed)` and draw in this order: the first row, the first
# column, each such that every place where the window lies inside the picture is equally likely (use
# `rng.integers`, once for each), and then a number with `rng.random()`: flip if it is below 1/2. Use your
# 10.1.
# %%
def random_crop_flip(image, label_map, size, seed):
    """A dictionary with the "image" and the "label_map" of a window at a random place.

    image : uint8 array of shape (3, H, W)
    label_map : uint8 array of shape (H, W)
    size : (h, w), rows and columns of the window, at most those of the picture
    seed : int
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(seed)
    top = rng.integers(0, label_map.shape[0] - size[0] + 1)
    left = rng.integers(0, label_map.shape[1] - size[1] + 1)
    flip = rng.random() < 0.5
    return crop_and_flip(image, label_map, top, left, size, flip)
    ### END SOLUTION


# %% [markdown]
# First seeds that do not flip, then both kinds.
# %% points=1
check("10.2", random_crop_flip, aspect="the window's place")
### BEGIN HIDDEN TESTS
check("10.2", random_crop_flip, aspect="the window's place", seed=1004)
### END HIDDEN TESTS
# %% points=1
check("10.2", random_crop_flip, aspect="the flip")
### BEGIN HIDDEN TESTS
check("10.2", random_crop_flip, aspect="the flip", seed=1005)
### END HIDDEN TESTS
# %% [markdown]
# **Look at it.** Two draws of a photograph with its label map:
# %%
coffee = load_picture("coffee")
try:
    draws = [
        random_crop_flip(coffee.image.transpose(2, 0, 1), coffee.label_map, (300, 300), seed)
        for seed in (0, 1)
    ]
    shown = [a for d in draws for a in (d["image"].transpose(1, 2, 0), d["label_map"])]
    compare(*shown, titles=["draw 0", "", "draw 1", ""], class_names=coffee.class_names)
except NotImplementedError:
    print("10.2 is not answered yet")


# %% [markdown]
# ## 10.3 What is in a label map? (2 points)
#
# Count pixels: of class 0, of class 1, ..., of class C - 1, then void pixels, then all others, which are
# neither class nor void. Return these C + 2 numbers.
#
# **Example.** `[[0, 1, 1, 255, 7]]` with 2 classes: `[1, 2, 1, 1]`.
# %%
def label_report(label_map, num_classes, ignore_index=255):
    """Pixels of each class, void pixels, and pixels that are neither, C + 2 numbers.

    label_map : integer array of shape (H, W), which may hold any values
    num_classes : number of classes C
    ignore_index : value of void pixels
    """
    ### BEGIN SOLUTION
    counts = [np.sum(label_map == class_index) for class_index in range(num_classes)]
    counts.append(np.sum(label_map == ignore_index))
    return [*counts, label_map.size - np.sum(counts)]
    ### END SOLUTION


# %% points=1
check("10.3", label_report, aspect="classes and void")
### BEGIN HIDDEN TESTS
check("10.3", label_report, aspect="classes and void", seed=1006)
### END HIDDEN TESTS
# %% points=1
check("10.3", label_report, aspect="values that are neither")
### BEGIN HIDDEN TESTS
check("10.3", label_report, aspect="values that are neither", seed=1007)
### END HIDDEN TESTS


# %% [markdown]
# ## 10.4 A broken pipeline (5 points)
#
# A data set stores its label maps in bytes: 0 is *void*, and class k is stored as k + 1, so 1 is class
# 0. (ADE20K does so.) This program reads them. It stops with no error, and holds all five accidents of
# the lesson. Find them.


# %%
def block_means(array, factor):
    """Mean of every block of factor x factor pixels, along the last two axes."""
    *rest, rows, columns = array.shape
    blocks = array.reshape(*rest, rows // factor, factor, columns // factor, factor)
    return blocks.mean(axis=(-3, -1))


def broken_pipeline(image, label_map, factor, flip):
    small = block_means(image, factor) / 255
    small_map = block_means(label_map, factor) / 255
    if flip:
        small = small[:, :, ::-1]
    return {"image": small, "target": small_map.astype(np.int64)}


stored = np.array([[0, 1, 2, 3], [0, 1, 4, 3]], np.uint8)
print("in the file:\n", stored)
print("target:\n", broken_pipeline(np.zeros((3, 2, 4), np.uint8), stored, 1, True)["target"])


# %% [markdown]
# Write the pipeline as it should be. The image is right as it is: averaged over blocks, in [0, 1],
# flipped where asked. The target holds class indices 0 to C - 1 and void as 255; where it is made
# smaller, take from each block the pixel in row `factor // 2` and column `factor // 2` of the block.
#
# **Example.** The label map above, factor 1, no flip, becomes `[[255, 0, 1, 2], [255, 0, 3, 2]]`.
# %%
def mended_pipeline(image, label_map, factor, flip):
    """A dictionary with the "image", (3, h, w) in [0, 1], and the "target", (h, w) class indices.

    image : uint8 array of shape (3, H, W)
    label_map : uint8 array of shape (H, W), 0 void, k + 1 for class k
    factor : int; H and W are multiples of it
    flip : whether left and right are exchanged
    """
    ### BEGIN SOLUTION
    small = block_means(image, factor) / 255
    small_map = label_map[factor // 2 :: factor, factor // 2 :: factor]  # nearest, not a mean
    target = np.where(small_map == 0, 255, small_map.astype(np.int64) - 1)
    if flip:
        small, target = small[:, :, ::-1], target[:, ::-1]
    return {"image": small, "target": target}
    ### END SOLUTION


# %% [markdown]
# First without void, in full size, without a flip; then with void; then smaller; then flipped.
# %% points=2
check("10.4", mended_pipeline, aspect="class indices")
### BEGIN HIDDEN TESTS
check("10.4", mended_pipeline, aspect="class indices", seed=1008)
### END HIDDEN TESTS
# %% points=1
check("10.4", mended_pipeline, aspect="void")
### BEGIN HIDDEN TESTS
check("10.4", mended_pipeline, aspect="void", seed=1009)
### END HIDDEN TESTS
# %% points=1
check("10.4", mended_pipeline, aspect="smaller")
### BEGIN HIDDEN TESTS
check("10.4", mended_pipeline, aspect="smaller", seed=1010)
### END HIDDEN TESTS
# %% points=1
check("10.4", mended_pipeline, aspect="flipped")
### BEGIN HIDDEN TESTS
check("10.4", mended_pipeline, aspect="flipped", seed=1011)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Which of the five would `label_report` have found, and on which side of the pipeline?
# In bytes, `label_map - 1` turns 0 into 255, which is right here and wrong in the lesson: say it in code,
# do not leave it to the wrap.


# %% [markdown]
# ## 10.5 The learning rate of a step (2 points)
#
# In the first `warmup_steps` = w steps the rate rises in a straight line: step 0 has 1/w of the highest
# rate, step w - 1 the whole. Afterwards it is the highest rate times (1 - t)^0.9, where t is the number
# of steps since the warm-up, divided by the steps after the warm-up: 0 at step w, and below 1 at the last
# step. w may be 0.
#
# **Example.** 10 steps, highest 1, w = 2: 0.5, 1, 1, 0.887, ...
# %%
def rate_of_step(step, steps, highest, warmup_steps):
    """Learning rate of a step, one number.

    step : int from 0 to steps - 1
    steps : steps of the whole run
    highest : rate after the warm-up
    warmup_steps : steps in which the rate rises, fewer than steps
    """
    ### BEGIN SOLUTION
    if step < warmup_steps:
        return highest * (step + 1) / warmup_steps
    t = (step - warmup_steps) / (steps - warmup_steps)
    return highest * (1 - t) ** 0.9
    ### END SOLUTION


# %% points=1
check("10.5", rate_of_step, aspect="warm-up")
### BEGIN HIDDEN TESTS
check("10.5", rate_of_step, aspect="warm-up", seed=1012)
### END HIDDEN TESTS
# %% points=1
check("10.5", rate_of_step, aspect="fall")
### BEGIN HIDDEN TESTS
check("10.5", rate_of_step, aspect="fall", seed=1013)
### END HIDDEN TESTS


# %% [markdown]
# ## 10.6 A running mean of the weights (2 points)
#
# `weights[n]` are a network's weights after step n. The running mean (EMA) starts as the first of them;
# then, at each step, the new mean is `keep` times the mean so far plus (1 - `keep`) times the new
# weights. Return the mean after every step.
#
# **Example.** Weights 0, 1, 1 and keep 1/2: 0, 0.5, 0.75.
# %%
def running_means(weights, keep):
    """The running mean after every step, shape (S, P).

    weights : float array of shape (S, P), the P weights after each of S steps
    keep : float in [0, 1)
    """
    ### BEGIN SOLUTION
    means = [weights[0]]
    for new in weights[1:]:
        means.append(keep * means[-1] + (1 - keep) * new)
    return np.array(means)
    ### END SOLUTION


# %% points=1
check("10.6", running_means, aspect="one weight")
### BEGIN HIDDEN TESTS
check("10.6", running_means, aspect="one weight", seed=1014)
### END HIDDEN TESTS
# %% points=1
check("10.6", running_means, aspect="several weights")
### BEGIN HIDDEN TESTS
check("10.6", running_means, aspect="several weights", seed=1015)
### END HIDDEN TESTS
# %% [markdown]
# ## Four reports (4 points)
#
# Four runs of the same network on 400 pictures with three classes; losses are cross-entropy, at the end
# of the epoch.
#
# | | epoch 1 | epoch 5 | epoch 20 | what was seen |
# |---|---|---|---|---|
# | **A**, training / validation loss | 0.60 / 0.55 | 0.20 / 0.24 | 0.02 / 0.41 | mean IoU falls from 0.80 to 0.74 after epoch 6 |
# | **B** | 0.02 / 0.00 | 0.00 / 0.00 | 0.00 / 0.00 | accuracy 1.00, mean IoU 1.00, over one class |
# | **C** | 4.1 / 9.0 | 1.2 / 30 | 1.1 / 12 | predictions are one class, another one each epoch |
# | **D** | 0.70 / 0.66 | 0.48 / 0.47 | 0.45 / 0.45 | objects are found on both sides of where they are, and blurred |
#
# For each: what is the likely cause, how would you make sure in a few minutes, and what would you change?
# Two or three sentences each.
# %% [markdown] tags=["hand-graded"] points=4
# **A:** over-fitting: the training loss goes on falling, the validation loss rises. Nothing is broken, so
# the check is the two curves themselves. Keep the weights of epoch 6; add augmentation or pictures.
#
# **B:** the label maps hold one class only, most likely because they were divided by 255 and cut to whole
# numbers. Count the values behind the pipeline (10.3). Take the class indices as they are.
#
# **C:** the learning rate is too high: the loss starts far above log 3 = 1.1 and jumps. A range test shows
# it; take a tenth of the rate, with warm-up.
#
# **D:** in half of the cases the image is flipped without its label map, so both answers are right half of
# the time, and the loss cannot fall. Put a painted picture through the pipeline; flip both.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each report: half for the cause with a way to make sure, half for a change that acts on
# this cause.
#
# - **A:** "stop earlier" or "more data" alone earns the half for the change. A smaller network is a full
#   answer too. A lower learning rate is none.
# - **B:** any accident that leaves one class counts, with a count of values as the check. "The network is
#   perfect" earns nothing: the mean runs over the classes present, here one.
# - **C:** 1.1 is log 3, the loss of an answer that knows nothing: worth a remark. Clipping the gradient
#   counts as a change.
# - **D:** the cause must be a move of one without the other. "Under-fitting" with a check by overfitting
#   one *augmented* batch is a full answer.
#
# **Discussion.** Which of the four would a test score have shown? B would not: the test pictures went
# through the same pipeline.
