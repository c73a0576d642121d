# %% [markdown]
# # Exercises to lesson 12: U-Net
#
# You write a U-Net from its parts and compare it number by number, work out which picture sizes two
# U-Nets take, put a border between touching objects, and read three reports of trainings:
# **20 points, about 110 minutes**. Write each answer where the stub is and run the check below it. A
# check says "right", or what is wrong, with the smallest example it found. Run the checks as often as
# you like; nobody counts.
#
# **Needs:** lesson 12. **Run time:** about 10 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 12.1 and 12.2 take 15 minutes each, 12.3 takes 20, 12.4 ten after it, 12.5 takes
# 5, 12.6 takes 15, 12.7 takes 15, the written answer 15. In a class of 90 minutes, do 12.1 together
# at the blackboard and leave 12.6 as homework.
#
# **Typical errors:** no padding (12.1); the pooled map kept as skip (12.2); skip and enlarged map in
# the wrong order, or the skips used from the top (12.3); a sigmoid at the end (12.4); an even side
# taken for good enough (12.5); the double convolution at the bottom forgotten (12.6); one object
# carved, the other not (12.7). Each has its own message in the checks.
# %%
import numpy as np
import torch
from torch.nn import functional

from course_utils.checks.check import check
from course_utils.datasets.registry import load_data
from course_utils.models.unet import UNet
from course_utils.plotting import show_instances

# %% [markdown]
# **Conventions of the whole sheet.** Maps are tensors of shape (N, C, H, W). The weights are *given*:
# no class and no training is needed, the functions of `torch.nn.functional` are enough. All numbers
# are of type float64.
#
# ## 12.1 Double convolution (2 points)
#
# The block of which a U-Net is made: convolution, ReLU, convolution, ReLU. The kernels are 3 x 3, and
# zeros are padded so that height and width stay.
#
# **Example.** A map of one pixel, 2. Both kernels are 0 but for a 3 in the middle; the biases are -4
# and 1. The first convolution gives 2, the second 7.


# %%
def double_convolution(x, weight1, bias1, weight2, bias2):
    """Twice convolution and ReLU, shape (N, C2, H, W).

    x : tensor of shape (N, C0, H, W)
    weight1, bias1 : tensors of shape (C1, C0, 3, 3) and (C1,)
    weight2, bias2 : tensors of shape (C2, C1, 3, 3) and (C2,)
    """
    ### BEGIN SOLUTION
    x = functional.relu(functional.conv2d(x, weight1, bias1, padding=1))
    return functional.relu(functional.conv2d(x, weight2, bias2, padding=1))
    ### END SOLUTION


# %% [markdown]
# First maps of one channel, then several channels and batches.
# %% points=1
check("12.1", double_convolution, aspect="one channel")
### BEGIN HIDDEN TESTS
check("12.1", double_convolution, aspect="one channel", seed=1201)
### END HIDDEN TESTS
# %% points=1
check("12.1", double_convolution, aspect="many channels")
### BEGIN HIDDEN TESTS
check("12.1", double_convolution, aspect="many channels", seed=1202)
### END HIDDEN TESTS


# %% [markdown]
# ## 12.2 Encoder (3 points)
#
# A double convolution makes c1 of the image. Then c1 is max-pooled (2 x 2) and a double convolution
# makes c2 of it, and so on; behind the last one nothing is pooled. Return the maps by their names, as
# a dictionary {"c1": ..., "c2": ...}.
#
# **Example.** Image of shape (1, 3, 8, 8), three levels with 4, 8 and 16 channels: c1 is (1, 4, 8,
# 8), c2 (1, 8, 4, 4), c3 (1, 16, 2, 2).
# %%
def encoder(image, levels):
    """The double convolutions' results, from the largest map to the smallest.

    image : tensor of shape (N, C, H, W)
    levels : list with a list [weight1, bias1, weight2, bias2] for each level
    """
    ### BEGIN SOLUTION
    maps, x = {}, image
    for number, weights in enumerate(levels, start=1):
        if number > 1:
            x = functional.max_pool2d(x, 2)
        x = double_convolution(x, *weights)
        maps[f"c{number}"] = x
    return maps
    ### END SOLUTION


# %% [markdown]
# First two levels, then more.
# %% points=2
check("12.2", encoder, aspect="one pooling")
### BEGIN HIDDEN TESTS
check("12.2", encoder, aspect="one pooling", seed=1203)
### END HIDDEN TESTS
# %% points=1
check("12.2", encoder, aspect="more poolings")
### BEGIN HIDDEN TESTS
check("12.2", encoder, aspect="more poolings", seed=1204)
### END HIDDEN TESTS


# %% [markdown]
# ## 12.3 Decoder (4 points)
#
# Each level enlarges with a transposed convolution (2 x 2, stride 2, no ReLU behind it), joins its
# result with the skip of the same size, and runs a double convolution. Join along the channels: the
# enlarged map's first, then the skip's. Return what the last double convolution makes.
#
# **Example.** Skips c1 (1, 4, 8, 8) and c2 (1, 8, 4, 4), bottom (1, 16, 2, 2): the first level makes 8
# channels of 4 x 4, and of these and c2, 16 channels, 8; the second makes 4 channels of 8 x 8.
# %%
def decoder(skips, bottom, levels):
    """The last double convolution's result, of the size of the first skip.

    skips : list of tensors [c1, c2, ...], from the largest map to the smallest
    bottom : tensor, the encoder's last map
    levels : list with a list [weight, bias, weight1, bias1, weight2, bias2] for each level, from the
        bottom up; weight and bias are the transposed convolution's
    """
    ### BEGIN SOLUTION
    x = bottom
    for skip, (weight, bias, *weights) in zip(reversed(skips), levels, strict=True):
        x = functional.conv_transpose2d(x, weight, bias, stride=2)
        x = double_convolution(torch.cat([x, skip], dim=1), *weights)
    return x
    ### END SOLUTION


# %% [markdown]
# First one level, then more.
# %% points=2
check("12.3", decoder, aspect="one level")
### BEGIN HIDDEN TESTS
check("12.3", decoder, aspect="one level", seed=1205)
### END HIDDEN TESTS
# %% points=2
check("12.3", decoder, aspect="more levels")
### BEGIN HIDDEN TESTS
check("12.3", decoder, aspect="more levels", seed=1206)
### END HIDDEN TESTS


# %% [markdown]
# ## 12.4 The whole U-Net (2 points)
#
# Encoder, decoder, and a last convolution of 1 x 1 that makes the logits. The encoder's last map is
# the bottom, the others are the skips.
# %%
def unet(image, down, up, last):
    """Logits, shape (N, num_classes, H, W).

    image : tensor of shape (N, 3, H, W)
    down, up : levels of the encoder and of the decoder
    last : list [weight, bias] of the last convolution, weight (num_classes, C, 1, 1)
    """
    ### BEGIN SOLUTION
    *skips, bottom = encoder(image, down).values()
    return functional.conv2d(decoder(skips, bottom, up), *last)
    ### END SOLUTION


# %% points=1
check("12.4", unet, aspect="one class")
### BEGIN HIDDEN TESTS
check("12.4", unet, aspect="one class", seed=1207)
### END HIDDEN TESTS
# %% points=1
check("12.4", unet, aspect="several classes")
### BEGIN HIDDEN TESTS
check("12.4", unet, aspect="several classes", seed=1208)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once it is right, this cell takes the weights of the lesson's network, gives them to your
# functions, and compares all logits. Before that, it says what is missing.
# %%
torch.manual_seed(0)
net = UNet(num_classes=1).double()
parts = [list(part.parameters()) for part in net.children()]  # poolings have none
parts = [part for part in parts if part]
image = torch.rand(1, 3, 128, 128, dtype=torch.float64)
try:
    up = [parts[i] + parts[i + 1] for i in range(5, 13, 2)]
    logits = unet(image, parts[:5], up, parts[13])
    torch.testing.assert_close(logits, net(image))
    print(f"{logits.numel():,} logits, all equal to the library's")
except NotImplementedError:
    print("12.1 to 12.4 are not all answered yet")


# %% [markdown]
# ## 12.5 Which sizes fit? (2 points)
#
# With padding, only the poolings care: each must find an even side. Return the two sides next to n
# that a U-Net with `depth` poolings takes: the largest that is not above n (0 if there is none), and
# the smallest that is not below n.
#
# **Example.** Depth 4: 100 lies between 96 and 112. 128 fits, so the answer is 128 and 128.
# %%
def nearest_sizes(n, depth):
    """The sides (below, above) next to n, two integers."""
    ### BEGIN SOLUTION
    step = 2**depth
    below = n // step * step
    above = below if below == n else below + step
    return below, above
    ### END SOLUTION


# %% points=1
check("12.5", nearest_sizes, aspect="sizes that fit")
### BEGIN HIDDEN TESTS
check("12.5", nearest_sizes, aspect="sizes that fit", seed=1209)
### END HIDDEN TESTS
# %% points=1
check("12.5", nearest_sizes, aspect="sizes between")
### BEGIN HIDDEN TESTS
check("12.5", nearest_sizes, aspect="sizes between", seed=1210)
### END HIDDEN TESTS


# %% [markdown]
# ## 12.6 Without padding (2 points)
#
# In the paper's U-Net every 3 x 3 convolution takes a pixel off each edge: a double convolution makes
# a side smaller by 4. On the way down each level is a double convolution and a pooling; at the bottom
# stands one more double convolution; on the way up each level doubles the side and is a double
# convolution again. Return the side of the logits, or 0 if a pooling meets an odd side or nothing is
# left.
#
# **Example.** Depth 1, side 20: 16, pooled 8, bottom 4, enlarged 8, at last 4. Side 21 meets 17: 0.
# Side 16: 12, 6, 2, 4, 0.
# %%
def valid_output_size(n, depth):
    """Side of the logits of a square picture of side n, an integer of at least 0."""
    ### BEGIN SOLUTION
    for _ in range(depth):
        n = n - 4
        if n % 2 == 1:
            return 0
        n = n // 2
    n = n - 4
    for _ in range(depth):
        n = 2 * n - 4
    return max(n, 0)
    ### END SOLUTION


# %% points=1
check("12.6", valid_output_size, aspect="sizes that fit")
### BEGIN HIDDEN TESTS
check("12.6", valid_output_size, aspect="sizes that fit", seed=1211)
### END HIDDEN TESTS
# %% points=1
check("12.6", valid_output_size, aspect="sizes that do not")
### BEGIN HIDDEN TESTS
check("12.6", valid_output_size, aspect="sizes that do not", seed=1212)
### END HIDDEN TESTS


# %% [markdown]
# ## 12.7 A border between objects (2 points)
#
# Two objects that touch are one connected mask. Carve a border of background between them: a pixel
# becomes 0 if the pixel above, below, left or right of it belongs to *another object*. Ask the map as
# it was, not as it is half carved; then both objects lose their pixels along the border. The lesson
# also asks the neighbours at the corners; here these do not count.
#
# **Example.** `[[0, 3, 3, 5, 5, 0]]` becomes `[[0, 3, 0, 0, 5, 0]]`.
# %%
def carve(instance_map):
    """The instance map with a border of 0 between objects that touch, shape (H, W).

    instance_map : int array of shape (H, W), one number for each object, 0 for background
    """
    ### BEGIN SOLUTION
    carved = instance_map.copy()
    padded = np.pad(instance_map, 1)  # 0 beyond the edge
    height, width = instance_map.shape
    for row, column in [(0, 1), (2, 1), (1, 0), (1, 2)]:
        neighbour = padded[row : row + height, column : column + width]
        carved[(neighbour > 0) & (neighbour != instance_map)] = 0
    return carved
    ### END SOLUTION


# %% points=1
check("12.7", carve, aspect="two objects that touch")
### BEGIN HIDDEN TESTS
check("12.7", carve, aspect="two objects that touch", seed=1213)
### END HIDDEN TESTS
# %% points=1
check("12.7", carve, aspect="other maps")
### BEGIN HIDDEN TESTS
check("12.7", carve, aspect="other maps", seed=1214)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once it is right, this cell shows coins with a border between them.
# %%
coins = load_data("coins", "test", count=2)[1]
try:
    carved = carve(coins.instance_map)
    show_instances(carved, title="coins, carved")
    print(f"{np.sum(carved != coins.instance_map)} pixels became background")
except NotImplementedError:
    print("12.7 is not answered yet")
# %% [markdown]
# ## Three reports (3 points)
#
# | | network | what was seen |
# |---|---|---|
# | **A** | U-Net without skips | all cells are found, their outlines are off by 2 to 3 pixels |
# | **B** | U-Net, mean IoU 0.95 | of 50 cells in clumps, 20 connected components are left; the truth has no background between cells that touch, and border weights changed nothing |
# | **C** | U-Net, trained on 128 x 128 | a picture of 1000 x 700 ends in an error, and one of 8192 x 8192 in *out of memory* |
#
# For each: what causes it, and what would you change first? Two or three sentences each.
# %% [markdown] tags=["hand-graded"] points=3
# **A:** the small maps know what is there, but a position only to within the pixels that were pooled
# together. The skips bring the encoder's fine maps to the decoder; concatenate them.
#
# **B:** border weights raise the price of background between cells, and here there is none: the
# labels themselves are one connected area. Carve a border of background into the training labels
# first (then weight it), and grow the objects again afterwards.
#
# **C:** 1000 and 700 are no multiples of 16, so a pooling meets an odd side: pad to 1008 x 704 and
# crop the logits. The large picture is cut into tiles that overlap by what a unit sees, and only the
# middle of each answer is kept; the parameters do not depend on the size.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each report: half for the cause, half for a change that acts on this cause.
#
# - **A:** resolution lost in the encoder. "A deeper network" earns nothing: it loses more.
# - **B:** names that no pixel holds the border. "A larger w0" earns nothing: 10 or 1000 times nothing.
#   Watershed on the mask (lesson 04) is a full answer for the change.
# - **C:** the rule for sizes and the tiles; a network of another width earns nothing.
#
# **Discussion.** In B, ask what a border of two pixels costs: the IoU against the uncarved truth falls
# a little, and small objects lose most. Let the class say how to give the pixels back.
