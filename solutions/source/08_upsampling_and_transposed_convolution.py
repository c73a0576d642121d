# %% [markdown]
# # Exercises to lesson 08: Upsampling and transposed convolution
#
# You build three ways to enlarge a picture and see transposed convolution from three sides: as
# stamps, as a matrix, as bilinear interpolation: **20 points, about 105 minutes**. Write each answer
# where the stub is and run the check below it. A check says "right", or what is wrong, with the
# smallest example it found. Run the checks as often as you like; nobody counts.
#
# **Needs:** lesson 08, NumPy. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 8.1 and 8.2 take 15 minutes together, 8.3 takes 20, 8.4 and 8.5 take 15, 8.6 takes
# 15, 8.7 and 8.8 take 20, 8.9 and the written answer 10 each. In a class of 90 minutes, do 8.2 at the
# blackboard with n = 2 and m = 4 and leave 8.9 as homework.
#
# **Typical errors:** `np.tile` for `np.repeat` (8.1); left edges for centres, or points from edge to
# edge (8.2); border values that fall to zero, index -1 as NumPy's last pixel, `int` for `np.floor` (8.3); maxima of overlapping windows added up (8.4); n for n - 1, padding with the sign
# of the way down (8.5); `=` for `+=` under a stamp, the bare kernel, stamps that begin before row
# 0 (8.6); the kernel's rows written without the gap to the next picture row, outputs numbered column by
# column (8.7); the pseudo-inverse in place of the transpose (8.8);
# weights that add up to 1, no division by the factor (8.9). Each has its own message in the checks.
# %%
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import compare

# %% [markdown]
# **Conventions of the whole sheet.** A grey picture is an array of rows and columns. Small pixel i has
# its centre at place i, so its square reaches from i - 1/2 to i + 1/2. Sides of kernels and strides are
# equal in both directions, and the kernel of a convolution is used as it is, not turned.


# %% [markdown]
# ## 8.1 Nearest (2 points)
#
# Every pixel becomes a square of `factor` x `factor` pixels with its value.
#
# **Example.** `[[1, 2]]` with factor 2 gives `[[1, 1, 2, 2], [1, 1, 2, 2]]`.
# %%
def nearest_upsample(image, factor):
    """The enlarged picture, shape (factor H, factor W).

    image : array of shape (H, W)
    factor : int, at least 1
    """
    ### BEGIN SOLUTION
    rows = np.arange(image.shape[0] * factor) // factor
    columns = np.arange(image.shape[1] * factor) // factor
    return image[rows[:, None], columns]
    ### END SOLUTION


# %% [markdown]
# First factor 2, then others, 1 included.
# %% points=1
check("8.1", nearest_upsample, aspect="factor 2")
### BEGIN HIDDEN TESTS
check("8.1", nearest_upsample, aspect="factor 2", seed=801)
### END HIDDEN TESTS
# %% points=1
check("8.1", nearest_upsample, aspect="other factors")
### BEGIN HIDDEN TESTS
check("8.1", nearest_upsample, aspect="other factors", seed=802)
check("8.1", nearest_upsample, cases=[(np.arange(35).reshape(5, 7), 11)])
### END HIDDEN TESTS


# %% [markdown]
# ## 8.2 Where the sample points lie (2 points)
#
# A row of n pixels is resized to m. Where among the n pixels lie the centres of the m new ones?
#
# - `align_corners=False`: the outer *edges* of both rows agree, -1/2 and n - 1/2.
# - `align_corners=True`: the outer *centres* agree: the first point is 0, the last n - 1.
#
# **Example.** n = 2, m = 4: `[-0.25, 0.25, 0.75, 1.25]` and `[0, 0.333, 0.667, 1]`.
# %%
def sample_points(n, m, align_corners):
    """Places of the m output pixels, shape (m,), equally spaced.

    n : int, at least 1
    m : int, at least 2
    align_corners : bool
    """
    ### BEGIN SOLUTION
    index = np.arange(m)
    if align_corners:
        return index * (n - 1) / (m - 1)
    return (index + 0.5) * n / m - 0.5
    ### END SOLUTION


# %% [markdown]
# First with False, then with True. Some rows become shorter.
# %% points=1
check("8.2", sample_points, aspect="outer edges agree")
### BEGIN HIDDEN TESTS
check("8.2", sample_points, aspect="outer edges agree", seed=803)
### END HIDDEN TESTS
# %% points=1
check("8.2", sample_points, aspect="corner centres agree")
### BEGIN HIDDEN TESTS
check("8.2", sample_points, aspect="corner centres agree", seed=804)
### END HIDDEN TESTS


# %% [markdown]
# ## 8.3 Bilinear (2 points)
#
# Enlarge a picture with `align_corners=False`. At a place between pixels j and j + 1, at distance d
# from j, the value is (1 - d) times pixel j plus d times pixel j + 1, first along one axis, then along
# the other. **Border rule:** pixels beyond the border repeat the border value.
#
# **Example.** `[[0, 4]]` with factor 2 gives twice the row `[0, 1, 3, 4]`.
#
# A hint: `np.clip` keeps indices inside. Write it for one axis and use it twice (`.T` exchanges the
# axes), or loop over the output pixels.
# %%
def bilinear_upsample(image, factor):
    """The enlarged picture, float array of shape (factor H, factor W).

    image : array of shape (H, W)
    factor : int, at least 2
    """
    ### BEGIN SOLUTION
    for _ in range(2):  # along the rows, turn, and again
        n = len(image)
        points = sample_points(n, n * factor, False)
        left = np.floor(points).astype(int)
        d = (points - left)[:, None]
        above, below = image[np.clip(left, 0, n - 1)], image[np.clip(left + 1, 0, n - 1)]
        image = ((1 - d) * above + d * below).T
    return image
    ### END SOLUTION


# %% [markdown]
# First pictures of a single row, then others.
# %% points=1
check("8.3", bilinear_upsample, aspect="one row")
### BEGIN HIDDEN TESTS
check("8.3", bilinear_upsample, aspect="one row", seed=805)
### END HIDDEN TESTS
# %% points=1
check("8.3", bilinear_upsample, aspect="pictures")
### BEGIN HIDDEN TESTS
check("8.3", bilinear_upsample, aspect="pictures", seed=806)
### END HIDDEN TESTS
# %% [markdown]
# **Use it.** Once 8.1 and 8.3 are right, this cell enlarges a coin both ways.
# %%
coin = load_picture("coins").image[16:72:4, 20:76:4].astype(float)  # (14, 14)
try:
    nearest, bilinear = nearest_upsample(coin, 8) / 255, bilinear_upsample(coin, 8) / 255
    compare(nearest, bilinear, titles=["nearest", "bilinear"])
except NotImplementedError:
    print("8.1 or 8.3 is not answered yet")


# %% [markdown]
# ## 8.4 Unpooling (2 points)
#
# Max pooling kept, for every window, the largest value and its **index** in the picture, counted row
# by row from 0. Put the values back; all other pixels are 0.
#
# **Example.** Values `[[5, 7]]`, indices `[[1, 6]]`, height 2, width 4: `[[0, 5, 0, 0], [0, 0, 7, 0]]`.
#
# Where windows overlap, one pixel can be the maximum of several of them. It is still one pixel.
# %%
def unpool(pooled, indices, height, width):
    """The picture with the maxima in their places, shape (height, width).

    pooled : array of shape (h, w), the maxima, of any sign
    indices : int array of shape (h, w)
    height, width : int, size of the picture
    """
    ### BEGIN SOLUTION
    flat = np.zeros(height * width)
    flat[indices.ravel()] = pooled.ravel()
    return flat.reshape(height, width)
    ### END SOLUTION


# %% [markdown]
# First windows side by side, then overlapping ones.
# %% points=1
check("8.4", unpool, aspect="windows side by side")
### BEGIN HIDDEN TESTS
check("8.4", unpool, aspect="windows side by side", seed=807)
### END HIDDEN TESTS
# %% points=1
check("8.4", unpool, aspect="windows that overlap")
### BEGIN HIDDEN TESTS
check("8.4", unpool, aspect="windows that overlap", seed=808)
### END HIDDEN TESTS


# %% [markdown]
# ## 8.5 The output's size (2 points)
#
# A transposed convolution stamps n values, `stride` apart, with a kernel of `kernel` pixels. Then
# `padding` pixels are cut off at *both* ends, and `output_padding` pixels come on top at *one* end.
#
# **Example.** n = 3, kernel 3, stride 2: stamps begin at 0, 2 and 4, the last one ends at 6: 7 pixels.
# With padding 1 it is 5, with padding 1 and output padding 1 it is 6.
# %%
def transposed_output_size(n, kernel, stride, padding, output_padding):
    """Side of the output, int."""
    ### BEGIN SOLUTION
    return (n - 1) * stride + kernel - 2 * padding + output_padding
    ### END SOLUTION


# %% [markdown]
# First without padding, then with both kinds.
# %% points=1
check("8.5", transposed_output_size, aspect="no padding")
### BEGIN HIDDEN TESTS
check("8.5", transposed_output_size, aspect="no padding", seed=809)
### END HIDDEN TESTS
# %% points=1
check("8.5", transposed_output_size, aspect="padding and output padding")
### BEGIN HIDDEN TESTS
check("8.5", transposed_output_size, aspect="padding and output padding", seed=810)
check("8.5", transposed_output_size, cases=[(64, 4, 2, 1, 0), (1, 1, 1, 0, 0)])
### END HIDDEN TESTS


# %% [markdown]
# ## 8.6 Stamping (2 points)
#
# Each value lays the kernel, times itself, on the output. The value in row r and column c begins at
# row r * stride, column c * stride. Where stamps overlap they add. Afterwards `padding` rows and
# columns are cut off on each of the four sides.
#
# **Example.** `[[1, 2]]` over `[[0, 0]]`, a kernel of 2 x 2 ones, stride 1: the first row is
# `[1, 3, 2]`, the second as well, the third `[0, 0, 0]`.
# %%
def transpose_by_stamping(values, kernel, stride, padding):
    """The transposed convolution, shape (m, m) with m as in 8.5.

    values : array of shape (n, n)
    kernel : array of shape (k, k)
    stride, padding : int
    """
    ### BEGIN SOLUTION
    n, k = len(values), len(kernel)
    whole = np.zeros(((n - 1) * stride + k,) * 2)
    for row in range(n):
        for column in range(n):
            top, left = row * stride, column * stride
            whole[top : top + k, left : left + k] += values[row, column] * kernel
    end = len(whole) - padding
    return whole[padding:end, padding:end]
    ### END SOLUTION


# %% [markdown]
# First without padding.
# %% points=1
check("8.6", transpose_by_stamping, aspect="without padding")
### BEGIN HIDDEN TESTS
check("8.6", transpose_by_stamping, aspect="without padding", seed=811)
### END HIDDEN TESTS
# %% points=1
check("8.6", transpose_by_stamping, aspect="with padding")
### BEGIN HIDDEN TESTS
check("8.6", transpose_by_stamping, aspect="with padding", seed=812)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** The same function with values and kernel exchanged, at stride 1, gives the same
# result. Why not at stride 2? (The values are spread out, the kernel is not.) Whoever is done early
# writes 8.6 by zero-stuffing, with the kernel turned by half a turn: it passes the same check.


# %% [markdown]
# ## 8.7 The matrix of a convolution (2 points)
#
# A convolution of an n x n picture, without padding, makes m x m outputs, m = (n - k) // stride + 1.
# Number pixels and outputs row by row. Write the matrix W with one row per output and one column per
# pixel: the entry is the weight with which that pixel enters that output, 0 where it does not.
#
# **Example.** Kernel `[[1, 2], [3, 4]]`, n = 3, stride 1: four outputs, nine pixels. The first row of
# W is `[1, 2, 0, 3, 4, 0, 0, 0, 0]`, the second `[0, 1, 2, 0, 3, 4, 0, 0, 0]`.
# %%
def convolution_matrix(kernel, n, stride):
    """W, shape (m * m, n * n), so that W @ picture.ravel() are the outputs.

    kernel : array of shape (k, k)
    n : int, side of the picture
    stride : int
    """
    ### BEGIN SOLUTION
    k = len(kernel)
    m = (n - k) // stride + 1
    matrix = np.zeros((m * m, n * n))
    for output in range(m * m):
        top, left = output // m * stride, output % m * stride
        window = np.zeros((n, n))
        window[top : top + k, left : left + k] = kernel
        matrix[output] = window.ravel()
    return matrix
    ### END SOLUTION


# %% [markdown]
# First stride 1, then larger ones; the last pixels of a picture may then reach no output.
# %% points=1
check("8.7", convolution_matrix, aspect="stride 1")
### BEGIN HIDDEN TESTS
check("8.7", convolution_matrix, aspect="stride 1", seed=813)
### END HIDDEN TESTS
# %% points=1
check("8.7", convolution_matrix, aspect="larger strides")
### BEGIN HIDDEN TESTS
check("8.7", convolution_matrix, aspect="larger strides", seed=814)
### END HIDDEN TESTS


# %% [markdown]
# ## 8.8 Transposed convolution by the transposed matrix (1 point)
#
# Now the name. Take the convolution that leads from a picture of m x m, m = (n - 1) stride + k, down to
# n x n. Apply its transposed matrix to n x n values: that is the transposed convolution, without
# padding. The result must equal 8.6.
#
# **Example.** Values `[[2]]`, kernel `[[1, 2], [3, 4]]`, any stride: `[[2, 4], [6, 8]]`.
# %%
def transpose_by_matrix(values, kernel, stride):
    """The transposed convolution, shape (m, m).

    values : array of shape (n, n)
    kernel : array of shape (k, k)
    stride : int
    """
    ### BEGIN SOLUTION
    m = (len(values) - 1) * stride + len(kernel)
    matrix = convolution_matrix(kernel, m, stride)
    return (matrix.T @ values.ravel()).reshape(m, m)
    ### END SOLUTION


# %% [markdown]
# Small maps and kernels, at strides 1 to 3.
# %% points=1
check("8.8", transpose_by_matrix)
### BEGIN HIDDEN TESTS
check("8.8", transpose_by_matrix, seed=815)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# Down and up again with the same matrix: the shape comes back, the values do not.
# %% tags=["solution"]
picture, kernel = np.arange(25.0).reshape(5, 5), np.ones((3, 3)) / 9
matrix = convolution_matrix(kernel, 5, stride=2)
there_and_back = transpose_by_matrix((matrix @ picture.ravel()).reshape(2, 2), kernel, stride=2)
print(there_and_back.round(1))
print("equal to the picture:", np.allclose(there_and_back, picture))


# %% [markdown]
# ## 8.9 The bilinear kernel (2 points)
#
# Which stamp makes a transposed convolution of stride f enlarge bilinearly by f? In one direction, the
# weight falls in a straight line from the middle to both sides, so fast that it would be 1 at the middle
# and 0 at distance f. An even factor has 2f weights and its middle between two of them; an odd factor
# has 2f - 1 weights, one of them in the middle. In two directions, multiply.
#
# **Example.** f = 2: four weights at distances 1.5, 0.5, 0.5, 1.5 from the middle, that is 1/4, 3/4,
# 3/4, 1/4. The first row of the kernel is `[1, 3, 3, 1]` / 16.
# %%
def bilinear_kernel(factor):
    """Weights of the stamp, shape (k, k).

    factor : int, at least 1
    """
    ### BEGIN SOLUTION
    side = 2 * factor - factor % 2
    distance = np.abs(np.arange(side) - (side - 1) / 2)
    slope = 1 - distance / factor
    return slope[:, None] * slope
    ### END SOLUTION


# %% [markdown]
# First even factors, then odd ones, 1 included.
# %% points=1
check("8.9", bilinear_kernel, aspect="even factors")
### BEGIN HIDDEN TESTS
check("8.9", bilinear_kernel, aspect="even factors", seed=816)
### END HIDDEN TESTS
# %% points=1
check("8.9", bilinear_kernel, aspect="odd factors")
### BEGIN HIDDEN TESTS
check("8.9", bilinear_kernel, aspect="odd factors", seed=817)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# Inside the picture, stamping with this kernel equals 8.3.
# %% tags=["solution"]
small = np.random.default_rng(0).random((6, 6))
for factor, padding in [(2, 1), (3, 1), (4, 2)]:
    stamped = transpose_by_stamping(small, bilinear_kernel(factor), factor, padding)
    inside = np.s_[factor:-factor, factor:-factor]
    same = np.allclose(stamped[inside], bilinear_upsample(small, factor)[inside])
    print(f"factor {factor}: {stamped.shape}, equal inside: {same}")
# %% [markdown]
# ## Which way up? (3 points)
#
# A colleague builds a network whose last map is 8 times smaller than the picture, and shows you three
# lines of the plan. **A:** "The network's classes (argmax) are enlarged bilinearly and rounded." **B:**
# "A transposed convolution with kernel 5 and stride 2, three times, started at random." **C:** "A
# transposed convolution undoes the pooling, so nothing is lost."
# %% [markdown]
# For each line: what is wrong with it, how would it show in the picture or in the numbers, and what
# would you write instead? Two or three sentences each.
# %% [markdown] tags=["hand-graded"] points=3
# **A:** Class numbers are names; between 0 and 2 the mean is 1, so rims of wrong classes appear along
# borders. Enlarge the logits bilinearly and take the argmax afterwards (or enlarge the classes by
# nearest, with steps of 8 pixels).
#
# **B:** 5 is not divisible by 2: neighbouring pixels get 2 or 3 stamps in each direction, 4 to 9 in two
# dimensions, and a flat area comes out as a checkerboard, three times over. Take kernel 4 (or 2), start
# it bilinear, or resize by nearest and convolve; a divisible kernel can still learn unequal weights.
#
# **C:** It returns the shape, not the values: it multiplies by the transposed matrix, whose rank is that
# of the small map. Down and back the picture is darker and blurred; small objects are gone. Say "restores
# the size", and keep details by skips or a smaller output stride.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each line: half for what is wrong and how it shows, half for a remedy that works.
#
# - **A:** must say that class numbers are not quantities; "use nearest" earns the full half, but ask why
#   logits are better.
# - **B:** must name the rule (divisible by the stride). "Train longer" earns nothing.
# - **C:** must separate shape from values. "Use unpooling" earns the half only with the remark that it
#   keeps the places of maxima and nothing else.
#
# **Discussion.** Ask for a picture on which A's error cannot be seen (two classes, 0 and 1: the mean
# rounds to one of them). Is it then right? It is nearest with a smoother outline, and the logits still
# know more.
