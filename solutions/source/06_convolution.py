# %% [markdown]
# # Exercises to lesson 06: Convolution
#
# You build a convolution layer: its size, its sums in loops, the same as one matrix product, what it
# holds and what it costs: **20 points, about 105 minutes**. Write each answer where the stub is and
# run the check below it. A check says "right", or what is wrong, with the smallest example it found.
# Run the checks as often as you like; nobody counts.
#
# **Needs:** lesson 06; NumPy only. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 6.1 takes 15 minutes, 6.2 takes 30, 6.3 and 6.4 take 30 together, 6.5 to 6.7 take 20,
# the written answer 10. In a class of 90 minutes do 6.2 at the blackboard with one channel and leave
# dilation as homework.
#
# **Typical errors:** the place 1 forgotten or the division not rounded down (6.1), `range(rows)` used as
# window position although the stride is 2 (6.2), `np.pad(inputs, padding)`, which pads the channels too
# (6.2), patches with the channel last (6.3), a reshape where axes must be exchanged (6.3, 6.4), the
# bias laid along the places (6.4), the groups forgotten (6.5), the input's size where the output's is
# meant (6.6), all four axes flipped (6.7). Each has its own message in the checks.
#
# **Not to be copied:** 6.2 and 6.3 have the dilation that the lesson's functions lack, 6.4 several
# pictures, 6.5 groups.
# %%
import numpy as np

from course_utils.checks.check import check


# %% [markdown]
# ## 6.1 What size comes out? (3 points)
#
# A kernel moves along a side of n pixels. Its weights lie `dilation` pixels apart, it moves by
# `stride`, and `padding` pixels were added at *each* of the two ends. At how many places does it lie
# wholly on the padded side? Where it does not fit at all, there is no place: return 0.
#
# **Example.** n 7, kernel 3, stride 2, padding 0, dilation 1: places 0, 2 and 4, so 3. A kernel of 9 on
# the same side: 0.
# %%
def output_size(n, kernel, stride, padding, dilation):
    """How many places a kernel has along a side: an int, 0 where it does not fit.

    n, kernel, stride, dilation : int, at least 1
    padding : int, at least 0, pixels added at each end
    """
    ### BEGIN SOLUTION
    extent = dilation * (kernel - 1) + 1  # from the first weight to the last
    free = n + 2 * padding - extent
    if free < 0:
        return 0
    return free // stride + 1
    ### END SOLUTION


# %% [markdown]
# Three checks: without gaps, with dilation, and with kernels that may not fit.
# %% points=1
check("6.1", output_size, aspect="stride and padding")
### BEGIN HIDDEN TESTS
check("6.1", output_size, aspect="stride and padding", seed=101)
### END HIDDEN TESTS
# %% points=1
check("6.1", output_size, aspect="dilation")
### BEGIN HIDDEN TESTS
check("6.1", output_size, aspect="dilation", seed=102)
check("6.1", output_size, cases=[(128, 3, 1, 18, 18), (33, 3, 2, 12, 12), (512, 7, 4, 3, 1)])
### END HIDDEN TESTS
# %% points=1
check("6.1", output_size, aspect="kernels that may not fit")
### BEGIN HIDDEN TESTS
check("6.1", output_size, aspect="kernels that may not fit", seed=103)
check("6.1", output_size, cases=[(2, 9, 5, 0, 1), (2, 9, 20, 0, 1), (9, 9, 20, 0, 1)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Why is the test for a kernel that does not fit needed? With n 2, kernel 3 and stride 2
# the formula gives (2 - 3) // 2 + 1 = 0, which looks right; with stride 1 and kernel 9 it gives -6. The
# course's own `conv_output_size` raises an error instead of returning 0: a network with an empty map
# should not be built in silence.


# %% [markdown]
# ## 6.2 Convolution by loops (4 points)
#
# The heart of the lesson, with everything: a volume goes in, every filter reaches through all
# channels, its bias is added once, padding is zeros, and the kernel is *not* flipped. New is the
# dilation: a window then takes every `dilation`-th pixel.
#
# **Example.** `inputs` [[[1, 2], [3, 4]]], one filter [[[[1, 0], [0, 1]]]], bias [10], stride 1, padding
# 0, dilation 1: 1 x 1 + 4 x 1 + 10 gives [[[15]]].
# %%
def conv2d(inputs, filters, bias, stride, padding, dilation):
    """Cross-correlation of a volume with F filters, float array of shape (F, rows, columns).

    inputs : array of shape (C, H, W)
    filters : array of shape (F, C, k, k)
    bias : array of shape (F,)
    stride, padding, dilation : int; the settings always leave at least one place
    """
    ### BEGIN SOLUTION
    padded = np.pad(inputs, [(0, 0), (padding, padding), (padding, padding)])  # not the channels
    side = filters.shape[-1]
    reach = dilation * (side - 1) + 1
    rows, columns = (output_size(n, side, stride, padding, dilation) for n in inputs.shape[1:])
    output = np.zeros((len(filters), rows, columns))
    for number, row, column in np.ndindex(output.shape):  # three loops in one
        top, left = row * stride, column * stride
        window = padded[:, top : top + reach : dilation, left : left + reach : dilation]
        output[number, row, column] = np.sum(window * filters[number]) + bias[number]
    return output
    ### END SOLUTION


# %% [markdown]
# Four checks, from one channel to dilation. Start with the first; the others need a line each.
# %% points=1
check("6.2", conv2d, aspect="one channel")
### BEGIN HIDDEN TESTS
check("6.2", conv2d, aspect="one channel", seed=104)
### END HIDDEN TESTS
# %% points=1
check("6.2", conv2d, aspect="volumes")
### BEGIN HIDDEN TESTS
check("6.2", conv2d, aspect="volumes", seed=105)
### END HIDDEN TESTS
# %% points=1
check("6.2", conv2d, aspect="stride and padding")
### BEGIN HIDDEN TESTS
check("6.2", conv2d, aspect="stride and padding", seed=106)
### END HIDDEN TESTS
# %% points=1
check("6.2", conv2d, aspect="dilation")
### BEGIN HIDDEN TESTS
check("6.2", conv2d, aspect="dilation", seed=107)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **For the blackboard:** the layer on a photograph, two filters over three channels, at stride 2.
# %% tags=["solution"]
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import compare

coffee = load_picture("coffee").image[40:240, 150:350].transpose(2, 0, 1) / 255  # (3, 200, 200)
step = np.array([[-1, 0, 1]] * 3)
two = np.array([[step] * 3, [np.full((3, 3), w / 9) for w in (1, 0, -1)]])
maps = conv2d(coffee, two, np.array([0.0, 0.0]), stride=2, padding=1, dilation=1)
compare(*(np.clip(m / 4 + 0.5, 0, 1) for m in maps), titles=["right minus left", "red minus blue"])
print(maps.shape, "from", coffee.shape)


# %% [markdown]
# ## 6.3 The patches as one matrix (2 points)
#
# Loops are slow. Write the numbers under each window as one *column* of a matrix: the columns in the
# order of the places (row by row), and inside a column channel by channel, each channel row by row.
# There is no padding. New is the dilation: a window then takes every `dilation`-th pixel.
#
# **Example.** `inputs` [[[1, 2, 3], [4, 5, 6]]] with 2 x 2 windows at stride 1 and dilation 1 has two
# places: [[1, 2], [2, 3], [4, 5], [5, 6]].
# %%
def im2col(inputs, side, stride, dilation):
    """The windows of a volume as columns, array of shape (C * side * side, places).

    inputs : array of shape (C, H, W)
    side : int, a window takes side x side pixels of each channel
    stride, dilation : int; the settings always leave at least one place
    """
    ### BEGIN SOLUTION
    rows, columns = (output_size(n, side, stride, 0, dilation) for n in inputs.shape[1:])
    reach = dilation * (side - 1) + 1
    patches = []
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = inputs[:, top : top + reach : dilation, left : left + reach : dilation]
            patches.append(window.ravel())
    return np.array(patches).T
    ### END SOLUTION


# %% points=1
check("6.3", im2col, aspect="one channel")
### BEGIN HIDDEN TESTS
check("6.3", im2col, aspect="one channel", seed=108)
### END HIDDEN TESTS
# %% points=1
check("6.3", im2col, aspect="volumes and gaps")
### BEGIN HIDDEN TESTS
check("6.3", im2col, aspect="volumes and gaps", seed=109)
### END HIDDEN TESTS


# %% [markdown]
# ## 6.4 All filters at all places of all pictures: one product (2 points)
#
# Networks work on several pictures at once. Their patches stand side by side: first all places of
# the first picture, then those of the second. With them the whole layer is *one* matrix product. Make
# a matrix of the filters, multiply, add each filter's bias, and give each picture its maps.
#
# **Example.** Patches [[1, 2], [2, 3], [4, 5], [5, 6]], one filter [[[[1, 0], [0, 1]]]] and bias [10].
# With shape (1, 1, 2), one picture: [[[[16, 18]]]]. With shape (2, 1, 1), two pictures of one place:
# [[[[16]]], [[[18]]]].
# %%
def apply_filters(patches, filters, bias, shape):
    """The maps of F filters for N pictures, float array of shape (N, F, rows, columns).

    patches : array of shape (C * k * k, places), as im2col makes it, picture after picture
    filters : array of shape (F, C, k, k)
    bias : array of shape (F,)
    shape : (N, rows, columns) with N * rows * columns places
    """
    ### BEGIN SOLUTION
    weights = filters.reshape(len(filters), -1)  # (F, C * k * k)
    product = weights @ patches + bias[:, None]  # (F, places)
    maps = product.reshape(len(filters), *shape)  # (F, N, rows, columns)
    return maps.swapaxes(0, 1)
    ### END SOLUTION


# %% points=1
check("6.4", apply_filters, aspect="one picture")
### BEGIN HIDDEN TESTS
check("6.4", apply_filters, aspect="one picture", seed=110)
### END HIDDEN TESTS
# %% points=1
check("6.4", apply_filters, aspect="several pictures")
### BEGIN HIDDEN TESTS
check("6.4", apply_filters, aspect="several pictures", seed=111)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Why is the matrix product faster, although it multiplies as often? Python's loop does one
# small job per turn and pays for the turn; the product is one call. And what does it cost? Each pixel
# stands in up to k x k columns: nine times the memory for 3 x 3. `np.lib.stride_tricks.sliding_window_view`
# makes the patches without a loop and without a copy.


# %% [markdown]
# ## 6.5 What a layer holds (2 points)
#
# Count the parameters of a convolution layer: the weights of all its filters, and one bias for each
# filter if the layer has biases. New are **groups**: the channels are split into `groups` equal parts,
# the filters too, and a filter reaches through the channels of its own group only. One group is the
# layer of the lesson.
#
# **Example.** 3 channels, 2 filters, kernel 3, 1 group, with biases: 2 x (27 + 1) = 56. 6 channels, 4
# filters, kernel 3, 2 groups, with biases: each filter reaches through 3 channels, 4 x (27 + 1) = 112.
# %%
def parameter_count(channels, filters, kernel, groups, bias):
    """Number of parameters of a convolution layer, an int.

    channels, filters, kernel : int; the kernel is kernel x kernel
    groups : int; channels and filters can be divided by it
    bias : bool, whether each filter has a bias
    """
    ### BEGIN SOLUTION
    weights = channels // groups * kernel**2  # of one filter
    return filters * (weights + bias)
    ### END SOLUTION


# %% points=1
check("6.5", parameter_count, aspect="one group")
### BEGIN HIDDEN TESTS
check("6.5", parameter_count, aspect="one group", seed=112)
### END HIDDEN TESTS
# %% points=1
check("6.5", parameter_count, aspect="several groups")
### BEGIN HIDDEN TESTS
check("6.5", parameter_count, aspect="several groups", seed=113)
check("6.5", parameter_count, cases=[(1, 6, 5, 1, True), (512, 512, 3, 512, True)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** As many groups as channels, with one filter each, is called *depthwise*: 512 filters of
# 3 x 3 over 512 channels hold 512 x (9 + 1) = 5,120 parameters in place of 2,359,808. The price: no
# filter compares channels any more. Networks for telephones let a 1 x 1 convolution follow, which does
# nothing else.


# %% [markdown]
# ## 6.6 What a layer costs (2 points)
#
# Count its multiply-adds: how many times a weight is multiplied with a number of the (padded) input
# and added. Products with the zeros of the padding count too; biases do not. Dilation is 1 here.
#
# **Example.** A picture of 7 x 7 with 3 channels, 2 filters, kernel 3, stride 2, padding 0: the output
# has 3 x 3 x 2 numbers, each of 27 products, so 486.
# %%
def multiply_adds(height, width, channels, filters, kernel, stride, padding):
    """Multiply-adds of a convolution layer, an int.

    height, width, channels : int, of the input
    filters, kernel, stride, padding : int, of the layer
    """
    ### BEGIN SOLUTION
    rows = output_size(height, kernel, stride, padding, 1)
    columns = output_size(width, kernel, stride, padding, 1)
    return rows * columns * filters * channels * kernel**2
    ### END SOLUTION


# %% points=1
check("6.6", multiply_adds, aspect="stride 1, no padding")
### BEGIN HIDDEN TESTS
check("6.6", multiply_adds, aspect="stride 1, no padding", seed=114)
### END HIDDEN TESTS
# %% points=1
check("6.6", multiply_adds, aspect="stride and padding")
### BEGIN HIDDEN TESTS
check("6.6", multiply_adds, aspect="stride and padding", seed=115)
check("6.6", multiply_adds, cases=[(224, 224, 3, 64, 7, 2, 3), (5, 5, 3, 2, 3, 2, 1)])
### END HIDDEN TESTS


# %% [markdown]
# ## 6.7 From convolution to cross-correlation (2 points)
#
# A colleague's filters were learned by a layer that computes convolution proper: it turns each kernel
# by 180 degrees. Your framework does not turn. Which filters give the same answers there? The order of
# the filters and of their channels must stay.
#
# **Example.** [[[[1, 2], [3, 4]]]] becomes [[[[4, 3], [2, 1]]]].
# %%
def flip_filters(filters):
    """The filters with each kernel turned by 180 degrees, array of shape (F, C, k, k).

    filters : array of shape (F, C, k, k)
    """
    ### BEGIN SOLUTION
    return filters[:, :, ::-1, ::-1]
    ### END SOLUTION


# %% points=1
check("6.7", flip_filters, aspect="one kernel")
### BEGIN HIDDEN TESTS
check("6.7", flip_filters, aspect="one kernel", seed=116)
### END HIDDEN TESTS
# %% points=1
check("6.7", flip_filters, aspect="filters and channels")
### BEGIN HIDDEN TESTS
check("6.7", flip_filters, aspect="filters and channels", seed=117)
### END HIDDEN TESTS


# %% [markdown]
# ## 6.8 In your own words (3 points)
#
# A text says: "*The convolution makes the picture smaller. Pooling after it reduces the number of
# parameters. For pictures twice as large the layer needs twice as many parameters.*" For each of the
# three sentences write whether it is right, and the numbers of one example (settings and result) that
# show it.
# %% [markdown] tags=["hand-graded"] points=3
# **First:** not in general. A side of 128 with kernel 3, padding 1 and stride 1 gives 128. It becomes
# smaller without padding (126) or with stride 2 (64).
#
# **Second:** no. Pooling has no parameters and takes none from a convolution: 64 filters of 3 x 3 over
# 32 channels have 64 x (32 x 9 + 1) = 18,496 before and after the map is halved. What it cuts is the
# numbers in the map and the multiply-adds, to a quarter. (A *dense* layer behind it would have fewer.)
#
# **Third:** no. Those 18,496 parameters do not depend on the size: the same weights serve every place.
# Twice as wide and high, the multiply-adds become four times as many.
# %% [markdown] tags=["solution"]
# **Marking 6.8:** one point for each sentence; half a point where the verdict is right and no number
# shows it. For the second, accept an answer that names the dense layer as the exception.
