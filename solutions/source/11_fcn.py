# %% [markdown]
# # Exercises to lesson 11: FCN
#
# You turn a dense layer into a convolution, enlarge scores with bilinear stamps, find out where they
# land, and add up the scores of FCN-8s; then you read three reports: **20 points, about 90 minutes**.
# Write each answer where the stub is and run the check below it. A check says "right", or what is
# wrong, with the smallest example it found. Run the checks as often as you like; nobody counts.
#
# **Needs:** lesson 11. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 11.1 takes 5 minutes, 11.2 takes 15, 11.3 takes 10, 11.4 and 11.5 take 20 each, 11.6
# takes 10, the written answer 15. In a class of 90 minutes, draw the stamps of 11.4 and 11.5 on the
# blackboard first.
#
# **Typical errors:** channels read last (11.1); the bias forgotten, or the last place (11.2); a stamp
# whose middle lies on a pixel (11.3); cutting at one end only, and `=` in place of `+=` (11.4); the
# offset in pixels of the picture where units of a map are asked for (11.5); concatenation, which is
# U-Net's way (11.6). Each has its own message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.plotting import compare

# %% [markdown]
# **Conventions of the whole sheet.** One picture at a time, maps of shape (C, H, W). Flattened, they are
# written channel by channel, and each channel row by row. Kernels are laid on as they are, not turned.
#
# ## 11.1 Rows into kernels (2 points)
#
# A dense layer reads flattened maps of `channels` x `side` x `side` numbers; each row of its weights
# belongs to one output. Return the same weights as kernels of a convolution.
#
# **Example.** One output, one channel, side 2: the row `[1, 2, 3, 4]` becomes the kernel `[[1, 2], [3,
# 4]]`, in an array of shape (1, 1, 2, 2).


# %%
def dense_to_kernels(weights, channels, side):
    """Kernels, shape (outputs, channels, side, side).

    weights : float array of shape (outputs, channels * side * side)
    """
    ### BEGIN SOLUTION
    return weights.reshape(len(weights), channels, side, side)
    ### END SOLUTION


# %% [markdown]
# First one channel, then several.
# %% points=1
check("11.1", dense_to_kernels, aspect="one channel")
### BEGIN HIDDEN TESTS
check("11.1", dense_to_kernels, aspect="one channel", seed=1101)
### END HIDDEN TESTS
# %% points=1
check("11.1", dense_to_kernels, aspect="several channels")
### BEGIN HIDDEN TESTS
check("11.1", dense_to_kernels, aspect="several channels", seed=1102)
### END HIDDEN TESTS


# %% [markdown]
# ## 11.2 One layer, every place (3 points)
#
# Lay the kernels on every place of larger maps where they fit, without padding. At each place multiply,
# add everything up over all channels, and add the output's bias.
#
# **Example.** Map `[[1, 2, 3], [4, 5, 6]]`, kernel `[[1, 0], [0, 1]]`, bias 10: two places, 1 + 5 + 10
# = 16 and 2 + 6 + 10 = 18.
# %%
def answers_everywhere(maps, kernels, bias):
    """The dense layer's answers, shape (outputs, H - side + 1, W - side + 1).

    maps : float array of shape (C, H, W)
    kernels : float array of shape (outputs, C, side, side)
    bias : float array of shape (outputs,)
    """
    ### BEGIN SOLUTION
    side = kernels.shape[2]
    rows, columns = maps.shape[1] - side + 1, maps.shape[2] - side + 1
    answers = np.zeros((len(kernels), rows, columns))
    for row in range(rows):
        for column in range(columns):
            crop = maps[:, row : row + side, column : column + side]  # (C, side, side)
            answers[:, row, column] = np.sum(kernels * crop, axis=(1, 2, 3)) + bias
    return answers
    ### END SOLUTION


# %% [markdown]
# First maps as large as the kernel: the old dense layer. Then larger ones.
# %% points=1
check("11.2", answers_everywhere, aspect="one place")
### BEGIN HIDDEN TESTS
check("11.2", answers_everywhere, aspect="one place", seed=1103)
### END HIDDEN TESTS
# %% points=2
check("11.2", answers_everywhere, aspect="larger maps")
### BEGIN HIDDEN TESTS
check("11.2", answers_everywhere, aspect="larger maps", seed=1104)
### END HIDDEN TESTS


# %% [markdown]
# ## 11.3 Bilinear weights (2 points)
#
# For an even factor f a bilinear stamp has 2f x 2f numbers. In one direction they are 2f weights: a
# weight falls linearly with the distance from the *middle of the stamp*, from 1 at distance 0 to 0 at
# distance f. Return these 2f weights; the stamp multiplies those of its rows with those of its columns.
#
# **Example.** f = 2: the distances are 3/2, 1/2, 1/2, 3/2, the weights 1/4, 3/4, 3/4, 1/4.
# %%
def bilinear_weights(factor):
    """Weights of one direction, shape (2 factor,).

    factor : int, even
    """
    ### BEGIN SOLUTION
    distance = np.abs(np.arange(2 * factor) - (factor - 0.5))
    return 1 - distance / factor
    ### END SOLUTION


# %% [markdown]
# Factor 2 is the example; then 4, 6 and 8.
# %% points=1
check("11.3", bilinear_weights, aspect="factor 2")
### BEGIN HIDDEN TESTS
check("11.3", bilinear_weights, aspect="factor 2", seed=1105)
### END HIDDEN TESTS
# %% points=1
check("11.3", bilinear_weights, aspect="larger factors")
### BEGIN HIDDEN TESTS
check("11.3", bilinear_weights, aspect="larger factors", seed=1106)
### END HIDDEN TESTS


# %% [markdown]
# ## 11.4 Enlarge (4 points)
#
# The stamp is the outer product of your weights with themselves. Score (row, column) of each channel
# puts it, multiplied by the score, with the upper left
# corner at (factor row, factor column). Where stamps overlap, **add**. Then cut factor / 2 off each
# side, so that C x H x W becomes C x factor H x factor W.
#
# **Example.** One channel `[[16]]`, factor 2: the stamp times 16 is 4 x 4, what remains is `[[9, 9], [9,
# 9]]`. (Near the rim values come out too small: no stamps come in from outside. The course's `FCN`
# repeats the rim first.)
# %%
def enlarge(scores, factor):
    """Scores enlarged bilinearly, shape (C, factor H, factor W).

    scores : float array of shape (C, H, W)
    factor : int, even
    """
    ### BEGIN SOLUTION
    channels, rows, columns = scores.shape
    weights, side, cut = bilinear_weights(factor), 2 * factor, factor // 2
    stamp = np.outer(weights, weights)
    large = np.zeros((channels, factor * (rows + 1), factor * (columns + 1)))
    for row in range(rows):
        for column in range(columns):
            top, left = factor * row, factor * column
            stamped = scores[:, row, column, None, None] * stamp  # (C, side, side)
            large[:, top : top + side, left : left + side] += stamped
    return large[:, cut:-cut, cut:-cut]
    ### END SOLUTION


# %% [markdown]
# First one channel, then several.
# %% points=2
check("11.4", enlarge, aspect="one channel")
### BEGIN HIDDEN TESTS
check("11.4", enlarge, aspect="one channel", seed=1107)
### END HIDDEN TESTS
# %% points=2
check("11.4", enlarge, aspect="several channels")
### BEGIN HIDDEN TESTS
check("11.4", enlarge, aspect="several channels", seed=1108)
### END HIDDEN TESTS


# %% [markdown]
# ## 11.5 Where it lands (3 points)
#
# The original FCN does *not* cut the stamps' rim as 11.4 does; it works out where things are. Unit 0 of
# a coarse map stands at place `start` of the picture, the next one `jump` pixels further. The map is
# enlarged by `factor`, so its new units are jump / factor apart, and unit 0's place is the middle of the
# first stamp, which covers the new units 0 to 2 factor - 1.
#
# A finer map with the same distance between units starts at `finer_start` (the picture itself: 0).
# Return by how many *new units* the enlarged map begins before the finer one.
#
# **Example.** start 12.5, jump 32, factor 32: the new units are 1 pixel apart, the stamp's middle is
# 31.5, so new unit 0 stands at 12.5 - 31.5 = -19. The picture starts at 0: the answer is 19.
# %%
def crop_offset(start, jump, factor, finer_start):
    """Units to cut off the enlarged map (positive), or off the finer one (negative)."""
    ### BEGIN SOLUTION
    new_jump = jump / factor
    first = start - (factor - 0.5) * new_jump  # place of new unit 0
    return (finer_start - first) / new_jump
    ### END SOLUTION


# %% [markdown]
# First the picture, where new units are pixels, then finer maps.
# %% points=1
check("11.5", crop_offset, aspect="the picture")
### BEGIN HIDDEN TESTS
check("11.5", crop_offset, aspect="the picture", seed=1109)
### END HIDDEN TESTS
# %% points=2
check("11.5", crop_offset, aspect="a finer map")
### BEGIN HIDDEN TESTS
check("11.5", crop_offset, aspect="a finer map", seed=1110)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Which starts does a network have whose units stand in the middle of their squares (15.5,
# 7.5, 3.5)? Then the enlarged map begins factor / 2 units early, which is what 11.4 cuts off.


# %% [markdown]
# ## 11.6 The head of FCN-8s (3 points)
#
# Compute scores from pool4 and from pool3 by a 1 x 1 convolution without bias: at each place, each
# class has the sum over the channels of weight times value. Enlarge the scores of stride 32 twice, add
# pool4's; enlarge the sum twice, add pool3's. Return this, at stride 8. Use your `enlarge`.
#
# **Example.** One class, one channel each, score32 `[[16]]`, all maps and weights 0 but pool3: with
# pool3 all 1 and its weight 5 the four middle values are 9 + 5 and no value is below 5.
# %%
def fcn8_scores(score32, pool4, pool3, weights4, weights3):
    """Scores at stride 8, shape (C, 4 H, 4 W).

    score32 : float array of shape (C, H, W)
    pool4 : float array of shape (K4, 2 H, 2 W)
    pool3 : float array of shape (K3, 4 H, 4 W)
    weights4, weights3 : float arrays of shape (C, K4) and (C, K3)
    """
    ### BEGIN SOLUTION
    score_pool4 = np.einsum("ck,khw->chw", weights4, pool4)
    score_pool3 = np.einsum("ck,khw->chw", weights3, pool3)
    score16 = enlarge(score32, 2) + score_pool4
    return enlarge(score16, 2) + score_pool3
    ### END SOLUTION


# %% [markdown]
# First with as many channels as classes, then with any number.
# %% points=1
check("11.6", fcn8_scores, aspect="as many channels as classes")
### BEGIN HIDDEN TESTS
check("11.6", fcn8_scores, aspect="as many channels as classes", seed=1111)
### END HIDDEN TESTS
# %% points=2
check("11.6", fcn8_scores, aspect="any number of channels")
### BEGIN HIDDEN TESTS
check("11.6", fcn8_scores, aspect="any number of channels", seed=1112)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once it is right, this cell adds a coarse disc and a fine edge. Before that, it says what
# is missing.
# %%
rows, columns = np.indices((16, 16))
disc = np.hypot(rows - 7.5, columns - 7.5) < 5
coarse = 8 * disc.reshape(4, 4, 4, 4).mean(axis=(1, 3))[None] - 4  # (1, 4, 4)
try:
    none, fine = np.zeros((1, 8, 8)), 2.0 * disc[None] - 1
    with_pool3 = fcn8_scores(coarse, none, fine, np.ones((1, 1)), 4 * np.ones((1, 1)))
    without = fcn8_scores(coarse, none, fine, np.ones((1, 1)), np.zeros((1, 1)))
    compare(disc, without[0] > 0, with_pool3[0] > 0, titles=["truth", "coarse", "with pool3"])
except NotImplementedError:
    print("11.6 is not answered yet")
# %% [markdown]
# ## What went wrong? (3 points)
#
# Three reports on home-made FCNs. For each: what is the cause, and how would you make sure? Two
# sentences each.
#
# - **A:** A classifier *with* padding in its convolutions was made fully convolutional. Its heat map
#   agrees with the sliding window nowhere exactly.
# - **B:** All masks have the right shape but stand 4 pixels too far down and right.
# - **C:** "Our FCN-8s gains 15 points over FCN-32s." The 32s was trained for 10 epochs, the 8s started
#   from it and had 20 more. One seed.
# %% [markdown] tags=["hand-graded"] points=3
# **A:** In a crop the padding puts zeros where the large picture has real neighbours, so the inputs of
# the layers differ. Remove the padding (or compare only units whose receptive field lies inside the
# crop and the picture): then the difference is rounding.
#
# **B:** The enlarged map was cut at the wrong end or by a wrong offset, for instance nothing at the top
# left where half a factor (4 for factor 8) was due. Work out where unit 0 stands, or put in a picture
# that is mirrored and see whether the mask mirrors.
#
# **C:** The 8s had three times as many steps, so training and skips are mixed up. Train the 32s for 30
# epochs too, and repeat both with several seeds.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point each: half for the cause, half for a test that would tell.
#
# - **A:** zeros of the padding against real neighbours. "Rounding" earns nothing.
# - **B:** offset or crop; also full marks for a stamp with an odd side.
# - **C:** unequal budget, and one seed; either alone earns half of the cause.
#
# **Discussion.** In C: is it wrong to start 8s from 32s? No, the paper does; what is wrong is the
# comparison.
