# %% [markdown]
# # Exercises to lesson 09: Losses and imbalance
#
# You write every loss of the lesson with NumPy, void pixels left out, and U-Net's border weights;
# then you read four training reports and say which loss would have helped: **20 points, about 110
# minutes**. Write each answer where the stub is and run the check below it. A check says "right", or
# what is wrong, with the smallest example it found. Run the checks as often as you like; nobody
# counts.
#
# **Needs:** lesson 09. **Run time:** about 10 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 9.1 takes 10 minutes, 9.2 and 9.3 take 20 each, 9.4 takes 20 and 9.5 five after
# it, 9.6 takes 20, the written answer 15. In a class of 90 minutes, do 9.1 together at the
# blackboard and leave 9.6 as homework.
#
# **Typical errors:** exp of a large score (9.1); dividing by the number of pixels where weights are
# given, and 255 used as an index (9.2); alpha on the wrong class (9.3); one Dice for all classes
# together, which is the mean probability of the true class (9.4); probabilities of void pixels left
# in the predicted area (9.4, 9.5); distances to cells in place of their borders (9.6). Each has its
# own message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.plotting import compare

# %% [markdown]
# **Conventions of the whole sheet.** One picture at a time: `logits` are scores before softmax, shape
# (C, H, W), and `target` holds the class index of each pixel, shape (H, W). Class 0 is background.
# Pixels whose target is `ignore_index` are **void**: they count nowhere, neither above nor below a
# division. Where every pixel is void, a loss is 0.
#
# ## 9.1 The logarithm of softmax (2 points)
#
# Softmax turns the scores of a pixel into probabilities: exp of each score, divided by the sum of
# them over the classes. Return the *logarithm* of these probabilities, without computing any number
# that is too large or too small: scores may be 1000 or -1000.
#
# **Example.** A pixel with the scores 0 and 0 has the probabilities 1/2 and 1/2, so -0.693 and
# -0.693. So has a pixel with the scores 1000 and 1000.


# %%
def log_softmax(logits):
    """Logarithm of each class's probability at each pixel, shape (C, H, W).

    logits : float array of shape (C, H, W)
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=0)  # the largest is 0 now: exp cannot overflow
    return shifted - np.log(np.exp(shifted).sum(axis=0))
    ### END SOLUTION


# %% [markdown]
# First scores between about -6 and 6, then large ones.
# %% points=1
check("9.1", log_softmax, aspect="ordinary scores")
### BEGIN HIDDEN TESTS
check("9.1", log_softmax, aspect="ordinary scores", seed=901)
### END HIDDEN TESTS
# %% points=1
check("9.1", log_softmax, aspect="large scores")
### BEGIN HIDDEN TESTS
check("9.1", log_softmax, aspect="large scores", seed=902)
check("9.1", log_softmax, cases=[(np.full((3, 1, 2), -5e4),)])
### END HIDDEN TESTS


# %% [markdown]
# ## 9.2 Cross-entropy with class weights (4 points)
#
# The loss of a pixel is -log p, where p is the probability of its true class. Return the weighted
# mean: the sum of weight times loss, divided by the sum of the weights. A pixel's weight is that of
# its true class.
#
# **Example.** Two pixels, classes 0 and 1, with losses 1 and 3. With the weights 1 and 1 the mean is
# 2, with the weights 1 and 3 it is (1 + 9) / 4 = 2.5. If the second pixel is void, it is 1 either way.
# %%
def cross_entropy(logits, target, class_weights, ignore_index=255):
    """Weighted mean of -log p over the pixels that are not void, one number.

    logits : float array of shape (C, H, W)
    target : int array of shape (H, W)
    class_weights : float array of shape (C,), all positive
    """
    ### BEGIN SOLUTION
    counted = target != ignore_index
    if not counted.any():
        return 0
    true = target[counted]  # (P,) class indices, no void among them
    log_p = log_softmax(logits)[:, counted]  # (C, P)
    weights = class_weights[true]
    return -np.sum(weights * log_p[true, np.arange(len(true))]) / np.sum(weights)
    ### END SOLUTION


# %% [markdown]
# First all weights are 1, then they differ, then there are void pixels.
# %% points=1
check("9.2", cross_entropy, aspect="equal weights")
### BEGIN HIDDEN TESTS
check("9.2", cross_entropy, aspect="equal weights", seed=903)
### END HIDDEN TESTS
# %% points=2
check("9.2", cross_entropy, aspect="unequal weights")
### BEGIN HIDDEN TESTS
check("9.2", cross_entropy, aspect="unequal weights", seed=904)
### END HIDDEN TESTS
# %% points=1
check("9.2", cross_entropy, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("9.2", cross_entropy, aspect="void pixels", seed=905)
### END HIDDEN TESTS


# %% [markdown]
# ## 9.3 Focal loss (3 points)
#
# The loss of a pixel is -a (1 - p)^gamma log p, where p is the probability of its true class, and a
# is `alpha` for every class but background and 1 - `alpha` for background. Return the plain mean over
# the pixels that count: divide by their number, not by the sum of a.
#
# **Example.** One background pixel with p = 1/2, gamma 2, alpha 1/4: 3/4 * (1/2)^2 * 0.693 = 0.130.
# %%
def focal_loss(logits, target, gamma, alpha, ignore_index=255):
    """Mean of -a (1 - p)^gamma log p over the pixels that are not void, one number.

    logits : float array of shape (C, H, W)
    target : int array of shape (H, W)
    gamma, alpha : float, at least 0, and in [0, 1]
    """
    ### BEGIN SOLUTION
    counted = target != ignore_index
    if not counted.any():
        return 0
    true = target[counted]
    log_p = log_softmax(logits)[:, counted][true, np.arange(len(true))]  # (P,)
    weights = np.where(true > 0, alpha, 1 - alpha)
    return -np.mean(weights * (1 - np.exp(log_p)) ** gamma * log_p)
    ### END SOLUTION


# %% [markdown]
# First alpha is 1/2, so both weights are equal; then it is not; then there are void pixels.
# %% points=1
check("9.3", focal_loss, aspect="gamma")
### BEGIN HIDDEN TESTS
check("9.3", focal_loss, aspect="gamma", seed=906)
### END HIDDEN TESTS
# %% points=1
check("9.3", focal_loss, aspect="alpha")
### BEGIN HIDDEN TESTS
check("9.3", focal_loss, aspect="alpha", seed=907)
### END HIDDEN TESTS
# %% points=1
check("9.3", focal_loss, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("9.3", focal_loss, aspect="void pixels", seed=908)
### END HIDDEN TESTS


# %% [markdown]
# ## 9.4 Soft Dice (3 points)
#
# For each class, add up the probability inside its true area (the overlap), the probability
# everywhere (the predicted area), and count the true pixels (the true area). Soft Dice is (2 overlap
# + smooth) / (predicted area + true area + smooth). The loss is 1 minus the mean over all C classes,
# whether they occur or not.
#
# **Example.** Two pixels, classes 0 and 1, all probabilities 1/2, smooth 1: each class has overlap
# 1/2, areas 1 and 1, so Dice 2/3 and the loss 1/3.
# %%
def dice_loss(logits, target, smooth=1.0, ignore_index=255):
    """1 - mean over classes of the soft Dice, one number.

    logits : float array of shape (C, H, W)
    target : int array of shape (H, W)
    """
    ### BEGIN SOLUTION
    counted = target != ignore_index
    probabilities = np.exp(log_softmax(logits))[:, counted]  # (C, P)
    dice = []
    for class_index, probability in enumerate(probabilities):
        is_class = target[counted] == class_index
        overlap = np.sum(probability * is_class)
        areas = np.sum(probability) + np.sum(is_class)
        dice.append((2 * overlap + smooth) / (areas + smooth))
    return 1 - np.mean(dice)
    ### END SOLUTION


# %% [markdown]
# First without void pixels (some classes do not occur), then with them.
# %% points=2
check("9.4", dice_loss, aspect="every pixel counts")
### BEGIN HIDDEN TESTS
check("9.4", dice_loss, aspect="every pixel counts", seed=909)
### END HIDDEN TESTS
# %% points=1
check("9.4", dice_loss, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("9.4", dice_loss, aspect="void pixels", seed=910)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Set smooth to 0 and let a class be absent: 0 / 0 where the prediction is sure. Ask
# what smooth does to a ship of 4 pixels, and to one of 4000.


# %% [markdown]
# ## 9.5 Tversky (2 points)
#
# TP is the overlap of 9.4, FP the rest of the predicted area, FN the rest of the true area. The index
# of a class is (TP + smooth) / (TP + alpha FP + beta FN + smooth); the loss is 1 minus the mean over
# all classes.
#
# **Example.** The two pixels of 9.4: TP, FP and FN are 1/2 for both classes. With alpha 1, beta 0 and
# smooth 1 the index is 1.5 / 2, and the loss 1/4.
# %%
def tversky_loss(logits, target, alpha, beta, smooth=1.0, ignore_index=255):
    """1 - mean over classes of the soft Tversky index, one number.

    logits : float array of shape (C, H, W)
    target : int array of shape (H, W)
    alpha, beta : float, price of a false positive and of a false negative
    """
    ### BEGIN SOLUTION
    counted = target != ignore_index
    probabilities = np.exp(log_softmax(logits))[:, counted]  # (C, P)
    index = []
    for class_index, probability in enumerate(probabilities):
        is_class = target[counted] == class_index
        hits = np.sum(probability * is_class)
        price = alpha * (np.sum(probability) - hits) + beta * (np.sum(is_class) - hits)
        index.append((hits + smooth) / (hits + price + smooth))
    return 1 - np.mean(index)
    ### END SOLUTION


# %% [markdown]
# First without void pixels, then with them.
# %% points=1
check("9.5", tversky_loss, aspect="every pixel counts")
### BEGIN HIDDEN TESTS
check("9.5", tversky_loss, aspect="every pixel counts", seed=911)
### END HIDDEN TESTS
# %% points=1
check("9.5", tversky_loss, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("9.5", tversky_loss, aspect="void pixels", seed=912)
### END HIDDEN TESTS


# %% [markdown]
# ## 9.6 The border weights of U-Net (2 points)
#
# For every pixel, inside cells too, return 1 + w0 exp(-(d1 + d2)^2 / (2 sigma^2)), where d1 and d2
# are the distances to the borders of the nearest and the second nearest cell. With fewer than two
# cells, return 1 everywhere. The distance to a border is the distance to its nearest pixel, centre
# to centre.
#
# **Example.** `[[1, 1, 0, 2, 2]]`: the gap is 1 from either border, so its weight is 1 + 10
# exp(-4/50) = 10.23.
#
# The border pixels of a cell are given: its own pixels that have another value above, below, left or
# right of them. (The picture's edge is no border.)
# %%
def border_pixels(mask):
    """Rows and columns of a mask's border pixels, shape (B, 2)."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.argwhere(mask & ~inside)


# %% [markdown]
# No distance transform is needed: on a small map, measure from every pixel to every border pixel.
# %%
def border_weights(instance_map, w0=10.0, sigma=5.0):
    """Weight of every pixel, shape (H, W).

    instance_map : int array of shape (H, W), one number per cell, 0 for background
    """
    ### BEGIN SOLUTION
    rows, columns = np.indices(instance_map.shape)
    distances = []
    for cell in np.unique(instance_map[instance_map > 0]):
        border = border_pixels(instance_map == cell)
        to_each = [np.hypot(rows - row, columns - column) for row, column in border]
        distances.append(np.amin(to_each, axis=0))
    if len(distances) < 2:
        return np.ones(instance_map.shape)
    d1, d2 = np.sort(distances, axis=0)[:2]
    return 1 + w0 * np.exp(-((d1 + d2) ** 2) / (2 * sigma**2))
    ### END SOLUTION


# %% [markdown]
# First two cells, which may touch; then three, one, or none.
# %% points=1
check("9.6", border_weights, aspect="two cells")
### BEGIN HIDDEN TESTS
check("9.6", border_weights, aspect="two cells", seed=913)
### END HIDDEN TESTS
# %% points=1
check("9.6", border_weights, aspect="other numbers of cells")
### BEGIN HIDDEN TESTS
check("9.6", border_weights, aspect="other numbers of cells", seed=914)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once it is right, this cell draws the weights of real coins that touch. Before that, it
# says what is missing.
# %%
scene = coin_scene(seed=0)
try:
    weights = border_weights(scene.instance_map[::4, ::4], sigma=2.0)
    compare(scene.image[::4, ::4], (weights - 1) / 10, titles=["coins", "(weight - 1) / 10"])
except NotImplementedError:
    print("9.6 is not answered yet")
# %% [markdown]
# ## Which loss for which failure? (4 points)
#
# Four reports from trainings on rare objects. Objects cover 2 % of the pixels; scores are those of
# the objects, on pictures that were not trained on.
#
# | | loss used | what was seen |
# |---|---|---|
# | **A** | cross-entropy, object weight 50 | recall 0.98, precision 0.31, IoU 0.31 |
# | **B** | cross-entropy on softmax probabilities | the loss stops at 0.32 and never falls further |
# | **C** | cross-entropy | IoU 0.88, but of 40 cells in clusters 12 objects are found |
# | **D** | focal, gamma 2, alpha 0.05 | precision 0.96, recall 0.40, IoU 0.39 |
#
# For each: what in the loss causes this, and what would you change first? Two or three sentences
# each.
# %% [markdown] tags=["hand-graded"] points=4
# **A:** the weight makes one missed object pixel as dear as 50 false alarms, so the network calls
# everything object that might be one: recall up, precision and IoU down. Lower the weight (1 to 5)
# or use a loss of overlap such as Dice.
#
# **B:** softmax is applied twice. Scores that are probabilities differ by 1 at most, so with two
# classes the loss cannot fall below log(1 + 1/e) = 0.313, and the gradient stays small. Give the loss
# the logits.
#
# **C:** by area the mask is good; what is wrong are a few background pixels in the gaps between
# cells, which hardly count in a mean over pixels. Weight them with the border map of U-Net (and
# count objects, by AP, to see it).
#
# **D:** alpha is the weight of the rare class, so objects count 0.05 and background 0.95: the wrong
# way round for this aim. Raise alpha (0.25 to 0.75) and tune it together with gamma; a Tversky loss
# with beta above alpha would do as well.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each report: half for the cause, half for a change that acts on this cause.
#
# - **A:** the weight trades precision for recall. "More training" earns nothing. Moving the decision
#   threshold above 1/2 after training is a full answer too.
# - **B:** softmax twice. "Learning rate" earns nothing: the bound 0.313 must be explained, in words.
# - **C:** gaps are few pixels; border weights. Dice or class weights earn nothing here: they weight
#   classes, not places.
# - **D:** says which class alpha weights.
#
# **Discussion.** In A and D the ranking of the pixels by probability may be equally good. Let the
# class move the threshold before they change the loss.
