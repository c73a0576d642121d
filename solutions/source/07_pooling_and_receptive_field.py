# %% [markdown]
# # Exercises to lesson 07: Pooling and the receptive field
#
# You build both poolings, follow the receptive field and the shapes through a stack of layers, count
# LeNet-5's parameters, and measure what a shift changes and what a unit really looks at: **20 points,
# about 105 minutes**. Write each answer where the stub is and run the check below it. A check says
# "right", or what is wrong, with the smallest example it found. Run the checks as often as you like;
# nobody counts.
#
# **Needs:** lesson 07, NumPy. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 7.1 and 7.3 take 20 minutes each, 7.2 takes 15, 7.4 to 7.7 take 10 each, the
# written answer 10. In a class of 90 minutes, do the first example of 7.3 at the blackboard with a
# drawing of three rows of dots, and leave 7.7 as homework.
#
# **Typical errors:** indices counted inside the window, with the output's width or over the padded
# image (7.1); a running maximum that starts at 0 (7.1); padding that counts as zeros, uint8 that
# wraps round (7.2); a layer's own stride used for its own kernel, dilation d taken for d zeros, a
# start that begins the field (7.3); pooling that leaves no channels (7.4); biases, `channels` that
# stays that of the picture (7.5); the half cell (7.6); negative gradients (7.7). Each has its own
# message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import compare


# %% [markdown]
# **Conventions of the whole sheet.** A map is an array (H, W). The first window starts at the top
# left corner, the others follow at steps of `stride`, and a window that does not fit is left out:
# floor((n - window) / stride) + 1 of them along a side of n.
#
# ## 7.1 Maximum pooling with padding and indices (3 points)
#
# Pad the image by `padding` pixels on all four sides, then return the maximum of each window, and
# where it came from: its index in reading order over the whole image *without* its padding, so that
# `image.ravel()[indices]` gives the maxima back. Padding has no values: it is never the maximum. If a
# window holds its maximum several times, the first place in reading order counts.
#
# **Example.** `[[1, 3, 2, 0], [5, 4, 1, 1]]` with window 2, stride 2 and padding 0 gives the maxima
# `[[5, 2]]` and the indices `[[4, 2]]`. With padding 1 the windows hold one or two pixels each: the
# maxima are `[[1, 3, 0], [5, 4, 1]]`, the indices `[[0, 1, 3], [4, 5, 7]]`.
# %%
def max_pool(image, window, stride, padding):
    """Maxima and indices, two arrays of shape (H', W') in this order.

    image : array of shape (H, W), any numbers, also below 0
    window, stride, padding : int, in pixels; padding is less than window
    """
    ### BEGIN SOLUTION
    padded = np.pad(image.astype(float), padding, constant_values=-np.inf)
    rows = (padded.shape[0] - window) // stride + 1
    columns = (padded.shape[1] - window) // stride + 1
    pooled, indices = np.zeros((rows, columns)), np.zeros((rows, columns), dtype=int)
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            part = padded[top : top + window, left : left + window]
            down, right = np.unravel_index(np.argmax(part), part.shape)
            pooled[row, column] = part[down, right]
            indices[row, column] = (top + down - padding) * image.shape[1] + left + right - padding
    return pooled, indices
    ### END SOLUTION


# %% [markdown]
# First with padding 0: windows that touch, overlap, or leave pixels over.
# %% points=1
check("7.1", max_pool, aspect="without padding")
### BEGIN HIDDEN TESTS
check("7.1", max_pool, aspect="without padding", seed=701)
check("7.1", max_pool, cases=[(np.full((2, 4), -3.5), 2, 2, 0)])
### END HIDDEN TESTS
# %% points=2
check("7.1", max_pool, aspect="with padding")
### BEGIN HIDDEN TESTS
check("7.1", max_pool, aspect="with padding", seed=702)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** What else is an index good for? Back-propagation: the gradient of a maximum goes to
# the pixel that won, and to no other. And unpooling, lesson 08.


# %% [markdown]
# ## 7.2 Average pooling with padding (2 points)
#
# Pad the image by `padding` pixels on all four sides, then take the mean of each window. **Border
# rule:** padding has no values; only the pixels that exist count, in the sum and in the number it is
# divided by.
#
# **Example.** `[[4, 8]]` with window 3, stride 1 and padding 1 gives `[[6, 6]]`: both windows hold
# both pixels. (If padding counted as 0, it would be 12 / 9.)
#
# `image` is uint8: mind that if you add pixels.
# %%
def average_pool(image, window, stride, padding):
    """Mean of the pixels that exist in each window, float array of shape (H', W').

    image : uint8 array of shape (H, W)
    window, stride, padding : int, in pixels; padding is less than window
    """
    ### BEGIN SOLUTION
    padded = np.pad(image.astype(float), padding, constant_values=np.nan)
    rows = (padded.shape[0] - window) // stride + 1
    columns = (padded.shape[1] - window) // stride + 1
    pooled = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            pooled[row, column] = np.nanmean(padded[top : top + window, left : left + window])
    return pooled
    ### END SOLUTION


# %% [markdown]
# First with padding 0.
# %% points=1
check("7.2", average_pool, aspect="without padding")
### BEGIN HIDDEN TESTS
check("7.2", average_pool, aspect="without padding", seed=703)
### END HIDDEN TESTS
# %% points=1
check("7.2", average_pool, aspect="with padding")
### BEGIN HIDDEN TESTS
check("7.2", average_pool, aspect="with padding", seed=704)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once both are right, this cell pools a page of dark letters. Before that, it says what
# is missing.
# %%
page = load_picture("page").image[40:136, 60:252]
try:
    largest, mean = max_pool(page, 3, 3, 0)[0], average_pool(page, 3, 3, 0)
    compare(
        page, *(m.astype(np.uint8) for m in (largest, mean)), titles=["page", "maximum", "mean"]
    )
except NotImplementedError:
    print("7.1 or 7.2 is not answered yet")


# %% [markdown]
# ## 7.3 The receptive field (3 points)
#
# Follow a stack of layers from the picture upwards. After each layer return three numbers: the `size`
# of the receptive field of one of its units, in pixels of the picture; the `jump`, how many pixels of
# the picture lie from one unit to the next; and the `start`, the place of the middle of the first
# unit's field, where 0 is the middle of the first pixel. A kernel of k taps at dilation d has d steps
# between neighbouring taps. Padding comes in at both ends of each layer, so it moves the first field
# towards the top left, also beyond the edge. Before the first layer, size and jump are 1 and start is
# 0.
#
# **Example.** `[(5, 1, 0, 1), (2, 2, 0, 1), (5, 1, 0, 1)]`, LeNet-5's C1, S2 and C3, gives `[(5, 1,
# 2), (6, 2, 2.5), (14, 2, 6.5)]`.
# %%
def receptive_field(layers):
    """Size, jump and start after each layer, shape (L, 3), or a list of triples.

    layers : list of L tuples (kernel, stride, padding, dilation), the first reads the picture
    """
    ### BEGIN SOLUTION
    size, jump, start, fields = 1, 1, 0, []
    for kernel, stride, padding, dilation in layers:
        reach = dilation * (kernel - 1)  # steps from the first tap to the last
        size = size + reach * jump
        start = start + (reach / 2 - padding) * jump
        jump = jump * stride
        fields.append((size, jump, start))
    return fields
    ### END SOLUTION


# %% [markdown]
# Three checks: with strides, with dilation as well, and with padding as well.
# %% points=1
check("7.3", receptive_field, aspect="strides")
### BEGIN HIDDEN TESTS
check("7.3", receptive_field, aspect="strides", seed=705)
### END HIDDEN TESTS
# %% points=1
check("7.3", receptive_field, aspect="dilation")
### BEGIN HIDDEN TESTS
check("7.3", receptive_field, aspect="dilation", seed=706)
check("7.3", receptive_field, cases=[([(1, 1, 0, 1)],), ([(3, 2, 0, 1)] * 5,)])
### END HIDDEN TESTS
# %% points=1
check("7.3", receptive_field, aspect="padding")
### BEGIN HIDDEN TESTS
check("7.3", receptive_field, aspect="padding", seed=707)
check("7.3", receptive_field, cases=[([(3, 2, 1, 1)] * 5,)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Seven 3 x 3 layers see 15 pixels. With stride 2 in each they see 255, with dilation
# 1, 2, 4, ..., 64 as well. What is the price of each? (Outputs; for dilation, memory, because all
# maps stay large.)


# %% [markdown]
# ## 7.4 Shapes through a stack (2 points)
#
# A layer is `(filters, kernel, stride, padding)`. With `filters` above 0 it is a convolution: as many
# maps come out. With `filters` 0 it is a pooling, which keeps the number of channels. Return the
# shape after each layer.
#
# **Example.** From (1, 32, 40), the layers `[(6, 5, 1, 0), (0, 2, 2, 0)]` give `[(6, 28, 36), (6, 14,
# 18)]`.
# %%
def map_shapes(shape, layers):
    """Channels, rows and columns after each layer, shape (L, 3), or a list of triples.

    shape : tuple (channels, rows, columns) of the picture
    layers : list of L tuples (filters, kernel, stride, padding)
    """
    ### BEGIN SOLUTION
    channels, rows, columns = shape
    shapes = []
    for filters, kernel, stride, padding in layers:
        if filters > 0:
            channels = filters
        rows = (rows + 2 * padding - kernel) // stride + 1
        columns = (columns + 2 * padding - kernel) // stride + 1
        shapes.append((channels, rows, columns))
    return shapes
    ### END SOLUTION


# %% [markdown]
# First convolutions only, then with pooling.
# %% points=1
check("7.4", map_shapes, aspect="convolutions")
### BEGIN HIDDEN TESTS
check("7.4", map_shapes, aspect="convolutions", seed=708)
### END HIDDEN TESTS
# %% points=1
check("7.4", map_shapes, aspect="with pooling")
### BEGIN HIDDEN TESTS
check("7.4", map_shapes, aspect="with pooling", seed=709)
### END HIDDEN TESTS


# %% [markdown]
# ## 7.5 Parameters, as in LeNet-5 (2 points)
#
# Now a layer is `(filters, kernel, pairs)`. A convolution has a kernel for every *pair* of a map
# below and a filter, and a bias for each filter. If `pairs` is 0, every filter reads every map;
# otherwise only so many pairs are connected, as in C3. With `filters` 0 the layer is LeNet-5's
# trained sub-sampling: one coefficient and one bias for each map. Return the count of each layer.
#
# **Example.** From 1 channel, `[(6, 5, 0), (0, 2, 0), (16, 5, 60)]` gives `[156, 12, 1516]`.
# %%
def parameters(channels, layers):
    """Parameters of each layer, shape (L,), or a list.

    channels : int, maps of the picture
    layers : list of L tuples (filters, kernel, pairs)
    """
    ### BEGIN SOLUTION
    counts = []
    for filters, kernel, pairs in layers:
        if filters == 0:
            counts.append(2 * channels)
        else:
            if pairs == 0:
                pairs = channels * filters
            counts.append(pairs * kernel**2 + filters)
            channels = filters
    return counts
    ### END SOLUTION


# %% [markdown]
# First full connections, then pairs and sub-sampling.
# %% points=1
check("7.5", parameters, aspect="every map connected")
### BEGIN HIDDEN TESTS
check("7.5", parameters, aspect="every map connected", seed=710)
### END HIDDEN TESTS
# %% points=1
check("7.5", parameters, aspect="as in LeNet-5")
### BEGIN HIDDEN TESTS
check("7.5", parameters, aspect="as in LeNet-5", seed=711)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** LeNet-5 whole: C5 and F6 are convolutions with kernels as large as what they read. You
# know what the sum must be.
# %%
LENET = [(6, 5, 0), (0, 2, 0), (16, 5, 60), (0, 2, 0), (120, 5, 0), (84, 1, 0)]
try:
    print(parameters(1, LENET), "in all", sum(parameters(1, LENET)))
except NotImplementedError:
    print("7.5 is not answered yet")


# %% [markdown]
# ## 7.6 What a shift changes (2 points)
#
# A picture is pooled with stride 2: `before`. The picture is moved to the right by **one** pixel,
# half a cell, and pooled again: `after`. If pooling were equivariant, `after` would be `before` moved
# to the right by half a cell: between two columns of `before` lies their mean. So column c of `after`
# is compared with the mean of the columns c - 1 and c of `before`, for every c from 1 on.
#
# Return the root mean square of these differences, divided by the standard deviation of `before`
# (all of it).
#
# **Example.** `[[0, 1, 0, 1]]` and `[[1, 1, 1, 1]]`: all means are 0.5, all differences 0.5, the
# deviation is 0.5. The result is 1.
# %%
def shift_change(before, after):
    """Change beyond the shift, in standard deviations of `before`; one number.

    before, after : float arrays of one shape (H, W)
    """
    ### BEGIN SOLUTION
    moved = (before[:, :-1] + before[:, 1:]) / 2
    difference = after[:, 1:] - moved
    return np.sqrt(np.mean(difference**2)) / np.std(before)
    ### END SOLUTION


# %% [markdown]
# One check for everything.
# %% points=2
check("7.6", shift_change)
### BEGIN HIDDEN TESTS
check("7.6", shift_change, seed=712)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** The page, moved by one pixel. Which pooling changes more?
# %%
page = load_picture("page").image
try:
    for name, pool in [
        ("maximum", lambda p: max_pool(p, 2, 2, 0)[0]),
        ("mean", lambda p: average_pool(p, 2, 2, 0)),
    ]:
        print(f"{name:>7}: {shift_change(pool(page[:, 1:]), pool(page[:, :-1])):.3f}")
except NotImplementedError:
    print("7.1, 7.2 or 7.6 is not answered yet")


# %% [markdown]
# ## 7.7 The effective receptive field (2 points)
#
# `gradient` holds, for every pixel of a theoretical receptive field, the gradient of one output.
# A pixel matters by the *size* of its gradient, whatever its sign. What is the smallest number of
# pixels that together hold at least the part `held` of the sum of all sizes? Return it as a share of
# all pixels of the field.
#
# **Example.** `[[0, 1, 8, 1, 0]]` with `held` 0.5: the pixel with 8 of 10 is enough. 1 of 5 gives 0.2.
# %%
def effective_share(gradient, held):
    """Share of the field that holds most of the gradient, one number in (0, 1].

    gradient : array of shape (H, W), not all 0
    held : float between 0 and 1
    """
    ### BEGIN SOLUTION
    largest_first = np.sort(np.abs(gradient).ravel())[::-1]
    sums = np.cumsum(largest_first)
    needed = np.argmax(sums >= held * sums[-1]) + 1  # argmax of a mask: its first True
    return needed / gradient.size
    ### END SOLUTION


# %% [markdown]
# First gradients of one sign, then of both.
# %% points=1
check("7.7", effective_share, aspect="one sign")
### BEGIN HIDDEN TESTS
check("7.7", effective_share, aspect="one sign", seed=713)
### END HIDDEN TESTS
# %% points=1
check("7.7", effective_share, aspect="both signs")
### BEGIN HIDDEN TESTS
check("7.7", effective_share, aspect="both signs", seed=714)
check("7.7", effective_share, cases=[(np.array([[-4]]), 0.95)])
### END HIDDEN TESTS
# %% [markdown]
# ## A report with four errors (4 points)
#
# A report on a network that shall mark tumours pixel by pixel says:
#
# > We put a 2 x 2 maximum pooling behind each of our four 3 x 3 convolutions. This keeps the important
# > values, so no information is lost. It divides the number of our parameters by 256. It makes the
# > network translation invariant, just what marking pixels needs. And because our filters are 3 x 3,
# > the last convolution decides by 3 x 3 pixels of the picture.
#
# Each of the four claims is wrong. For each, say in a sentence or two what is true, with a number
# where one can be had. (The convolutions have stride 1.)
# %% [markdown] tags=["hand-graded"] points=4
# **Important values:** of four values three are dropped, after four poolings 255 of 256. The largest is
# not the most important (dark strokes vanish), and *where* in its 16 x 16 pixels a value was is lost:
# on average some 6 pixels.
#
# **Parameters:** pooling has none and changes no convolution's count. It divides the *activations* by
# 256, and with them a later dense layer's parameters.
#
# **Invariance:** only roughly, for small shifts; by less than 16 pixels the outputs change, because
# stride breaks equivariance. And marking pixels needs *equivariance*: if the tumour moves, so must
# its mask.
#
# **3 x 3 pixels:** that is the footprint. Sizes after each convolution and pooling: 3, 4, 8, 10, 18,
# 22, 38. The fourth convolution sees 38 x 38 pixels.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each claim: half for the truth, half for the number or the reason.
#
# - **Values:** 3 of 4 (or 255 of 256), or the lost place; "it loses information" alone earns half.
# - **Parameters:** "the same"; who adds what *is* saved earns the other half.
# - **Invariance:** names equivariance, or says that a mask must move with its object.
# - **Field:** 38. With 46 (the pooling behind it included) the full point, with 9 (strides forgotten)
#   half.
#
# **Discussion.** Which of the four sentences would be right for a network that names pictures?
