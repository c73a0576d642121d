# %% [markdown]
# # 06 Convolution
#
# After this lesson you can compute a convolution by hand and in three ways by machine, say what
# size, how many parameters and how many multiplications it has, and read a filter that was learned.
#
# **Needs:** lesson 04 (edges), NumPy; a first look at PyTorch helps. **Run time:** about 25 s on two
# CPU cores; no GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy import ndimage, signal
from torch.nn import functional

from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.geometry import conv_output_size, kernel_extent
from course_utils.plotting import compare, show_image
from course_utils.widgets import filter_stepper, volume
from course_utils.widgets.predict import predict, reveal

torch.set_num_threads(2)

# %% [markdown]
# ## 1 One operation, four pictures
#
# A photograph, and three pictures made from it. One is sharper, one shows only edges, one looks like
# a relief in clay. All three were made by the same operation; only nine numbers differ.
# %%
camera = load_picture("camera").image[30:290, 150:410]  # (260, 260) uint8
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
EDGE = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # Sobel, along the row
EMBOSS = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
KERNELS = {"sharpen": SHARPEN, "edge": EDGE, "emboss": EMBOSS}
filtered = {name: ndimage.correlate(camera.astype(float), k) for name, k in KERNELS.items()}
shown = [np.clip(filtered["sharpen"], 0, 255) / 255, filtered["edge"] / 2040 + 0.5]
shown.append(np.clip(filtered["emboss"], 0, 255) / 255)
axes = compare(camera, *shown, titles=["photograph", *KERNELS])
alt = """A man in a dark coat with a camera on a lawn. Sharpen: the same man with hard outlines and
grainy grass. Edge: only outlines on middle grey, light where it gets brighter to the right, dark
where it gets darker. Emboss: the man as a relief, as if lit from one corner."""
set_alt_text(axes[0].figure, alt)
for name, picture in filtered.items():
    print(f"{name:>8}: values from {picture.min():.0f} to {picture.max():.0f}")
# %% [markdown]
# (The edge picture has values below 0; it is drawn with 0 as middle grey.) The networks of this
# course consist almost entirely of this operation, with one difference: nobody writes the nine
# numbers down. They are learned. This lesson takes the operation apart.
#
# **Predict.** A patch of sky has level 200 at every pixel. The edge filter's nine numbers are -1 0
# 1, -2 0 2, -1 0 1.
# %% tags=["nbval-ignore-output"]
predict(
    "06-flat", "What does the edge filter answer inside this sky?", options=["-200", "0", "200"]
)
# %% [markdown]
# ## 2 By hand: nine products and a sum
#
# Here is the man's head, so small that each pixel can be read (9 is the brightest). Lay the filter's
# nine weights on nine pixels, multiply each weight with the pixel under it, and add. That sum is
# *one* number of the answer.
# %%
small = filter_stepper.small_picture()  # (9, 9) grey levels 0 ... 9
window = small[0:3, 2:5]
products = EDGE * window
print("pixels    ", *window.tolist())
print("weights   ", *EDGE.tolist())
print("products  ", *products.tolist())
print("their sum ", products.sum())


# %% [markdown]
# Darker on the left, brighter on the right: the sum is positive. The same in a drawing, with the
# window framed at the left and the sums so far at the right. The framed 17 is yours. (The edge filter
# is called **Sobel**, after one of its inventors; lesson 04 used it.)
# %%
figure, line = filter_stepper.draw_filter(place=3, n=9, weights="Sobel")
print(line)
figure


# %% [markdown]
# Then the filter moves one pixel to the right and gives the next number, and so on, row by row. As a
# loop, this is all:
# %%
def correlate(picture, kernel):
    side = len(kernel)
    rows, columns = picture.shape[0] - side + 1, picture.shape[1] - side + 1
    result = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = picture[row : row + side, column : column + side]
            result[row, column] = np.sum(window * kernel)
    return result


by_hand = correlate(camera.astype(float), EDGE)
by_library = ndimage.correlate(camera.astype(float), EDGE)[1:-1, 1:-1]  # inside the picture
np.testing.assert_allclose(by_hand, by_library)
print(f"{camera.shape} -> {by_hand.shape}, equal to scipy.ndimage.correlate in all of them")
# %% [markdown]
# The answer has two rows and two columns less, because the window must lie inside the picture.
# Section 5 returns to that.
#
# Mind the type. Pixels are stored as uint8, 0 to 255, and SciPy answers in the type it was given.
# An edge from bright to dark has a negative sum, and uint8 has no negative numbers:
# %%
place = np.unravel_index(by_hand.argmin(), by_hand.shape)
wrapped = ndimage.correlate(camera, EDGE)[1:-1, 1:-1]  # uint8 in, uint8 out
print(
    f"strongest edge from bright to dark: {by_hand[place]:.0f} in floats, {wrapped[place]} in uint8"
)
print(f"wrong answers in uint8: {np.mean(wrapped != by_hand):.0%} of the pixels")
# %% [markdown]
# ## 3 Flipped or not?
#
# What you computed is called **cross-correlation**. **Convolution** proper turns the kernel by 180
# degrees first (both axes flipped), then does the same. To see the difference, filter a picture that
# is black but for one pixel of value 1, with nine different weights.
# %% tags=["nbval-ignore-output"]
predict(
    "06-impulse",
    "Cross-correlation of a single bright pixel with the weights 1 to 9 gives ...",
    options=["the weights as they are", "the weights turned by 180 degrees", "nine ones"],
)
# %%
impulse = np.zeros((5, 5))
impulse[2, 2] = 1
weights = np.arange(1.0, 10).reshape(3, 3)
print("weights       ", *weights.astype(int).tolist())
print("ndi.correlate ", *ndimage.correlate(impulse, weights)[1:4, 1:4].astype(int).tolist())
print("ndi.convolve  ", *ndimage.convolve(impulse, weights)[1:4, 1:4].astype(int).tolist())
in_torch = functional.conv2d(torch.tensor(impulse[None, None]), torch.tensor(weights[None, None]))
print("torch conv2d  ", *in_torch[0, 0].int().tolist())
print("correlate with the flipped weights is convolve:", end=" ")
flipped = weights[::-1, ::-1]
print(np.array_equal(correlate(small, flipped), ndimage.convolve(small, weights)[1:-1, 1:-1]))
reveal("06-impulse", "the weights turned by 180 degrees")
# %% [markdown]
# The bright pixel meets the last weight first. Convolution's flip undoes this, and the weights come
# out as they are. So `conv2d`, in spite of its name, is cross-correlation, in PyTorch as in the other
# frameworks.
#
# What is the flip good for? Filtering with a and then with b gives the same as b and then a, flipped
# or not. The flip pays when the two are to be combined into one filter by the operation itself.
# %%
a, b = EDGE, np.array([[1, 2, 3], [0, 1, 0], [0, 0, 1]])
for name, way in [("convolution", signal.convolve2d), ("cross-correlation", signal.correlate2d)]:
    a_then_b, b_then_a = way(way(small, a), b), way(way(small, b), a)
    combined = way(small, way(a, b))
    print(f"{name:>17}: a then b = b then a: {np.array_equal(a_then_b, b_then_a)}, ", end="")
    print(f"one by one = combined: {np.array_equal(a_then_b, combined)}")
# %% [markdown]
# Then why do frameworks leave it out? Their weights are *learned*. A layer that flips learns the
# flipped weights and gives the same answers; the flip would change nothing but the order in which
# the weights are stored. Section 9 checks this. Networks say "convolution" and mean
# cross-correlation, and so does this course from here on.
#
# ## 4 What filters do
#
# Two things tell much about a filter. The **sum of its weights** is its answer to a flat patch of
# level 1. The **signs** say what is compared with what.
# %%
BLUR = np.full((7, 7), 1 / 49)
coffee = load_picture("coffee").image[40:300, 150:410] @ [0.2125, 0.7154, 0.0721]  # grey, floats
figure, axes = plt.subplots(2, 4, figsize=(8, 4.2))
for name, row in zip(["camera", "coffee"], axes, strict=True):
    picture = camera.astype(float) if name == "camera" else coffee
    for ax, (title, kernel) in zip(row, {"blur": BLUR, **KERNELS}.items(), strict=True):
        middle = 128 if kernel.sum() == 0 else 0
        answer = ndimage.correlate(picture, kernel) / (8 if middle else 1) + middle
        show_image(np.clip(answer, 0, 255) / 255, ax, title=f"{name}, {title}")
alt = """The man with a camera, and a cup of coffee with a spoon. Blur: both out of focus. Sharpen:
hard outlines, more grain. Edge: outlines on middle grey, light where it gets brighter to the right.
Emboss: man and cup as reliefs."""
set_alt_text(figure, alt)
sky = np.full((9, 9), 200.0)
for name, kernel in {"blur": BLUR, **KERNELS}.items():
    inside = ndimage.correlate(sky, kernel)[4, 4]
    print(f"{name:>8}: weights add up to {kernel.sum():.0f}, flat sky of 200 becomes {inside:.0f}")
reveal("06-flat", "0")
# %% [markdown]
# - **Blur**: all weights equal, sum 1. Each pixel becomes the mean of its neighbours.
# - **Sharpen**: sum 1, so flat areas stay. It adds by how much a pixel exceeds its four neighbours, taken together.
# - **Edge**: sum 0, so flat areas vanish. It subtracts left from right, and answers where they differ.
# - **Emboss**: sum 1, and a slope from the top left to the bottom right: like light from one side.
#
# Sharpening is no magic: it adds contrast, and noise is contrast too.
# %%
noise = np.random.default_rng(0).normal(0, 5, (200, 200))
for name, kernel in {"blur": BLUR, **KERNELS}.items():
    print(f"{name:>8}: noise of 5 levels becomes {ndimage.correlate(noise, kernel).std():5.1f}")
print("by formula, 5 x the root of the sum of squared weights, for sharpen:", end=" ")
print(f"{5 * np.sqrt(np.sum(SHARPEN**2)):.1f}")


# %% [markdown]
# ## 5 What size comes out?
#
# Count the places of the window along one side. Three settings change the count:
#
# - **padding** p: so many pixels are added at each end, usually zeros;
# - **stride** s: the window moves by s pixels each time;
# - **dilation** d: neighbouring weights lie d pixels apart. The kernel's **extent** grows to d (k - 1) + 1, the number of weights stays.
#
# Slide the window and count, then compare with the formula:
#
# $$\left\lfloor \frac{n + 2p - \text{extent}}{s} \right\rfloor + 1$$
# %%
def count_places(n, kernel, stride=1, padding=0, dilation=1):
    places, first = 0, -padding
    while first + dilation * (kernel - 1) < n + padding:  # the last weight still has a pixel
        places, first = places + 1, first + stride
    return places


settings = [(7, 3, 1), (7, 3, 2), (8, 3, 2), (12, 4, 3, 1), (128, 3, 2, 1), (9, 3, 1, 0, 2)]
for setting in settings:
    n, kernel, *rest = setting
    counted, formula = count_places(*setting), conv_output_size(*setting)
    extent = kernel_extent(kernel, *rest[2:])
    print(f"n {n:3d}, k {kernel}, s, p, d {rest}: extent {extent}, counted {counted}, {formula}")
# %% [markdown]
# Every combination of small numbers, and the same on real tensors. Where the window has no place at
# all, the function refuses and says what would work:
# %%
import itertools

agree = refused = 0
for setting in itertools.product(range(1, 16), range(1, 6), range(1, 4), range(3), range(1, 4)):
    try:
        agree += conv_output_size(*setting) == count_places(*setting)
    except ValueError as reason:
        refused += count_places(*setting) == 0
        if setting == (5, 3, 1, 0, 3):
            print("refused:", reason)
print(f"{agree} settings agree, {refused} have no place and are refused, of {15 * 5 * 3 * 3 * 3}")
picture = torch.zeros(1, 1, 20, 20)
for stride, padding, dilation in itertools.product((1, 2, 3), (0, 1, 2), (1, 2, 3)):
    side = functional.conv2d(picture, torch.zeros(1, 1, 3, 3), None, stride, padding, dilation)
    np.testing.assert_equal(side.shape[-1], conv_output_size(20, 3, stride, padding, dilation))
print("27 settings agree with torch")
# %% [markdown]
# What is refused is told with a remedy: so much padding, or so large an input, is enough.
# %%
for setting in [(4, 9, 1, 1), (4, 3, 0)]:
    try:
        conv_output_size(*setting)
    except ValueError as reason:
        print("refused:", reason)
print("kernel 9 with padding 3:", conv_output_size(4, 9, padding=3), end=", ")
print("with an input of 7 and padding 1:", conv_output_size(7, 9, padding=1))
# %% [markdown]
# Does a convolution always make the picture smaller?
# %% tags=["nbval-ignore-output"]
predict(
    "06-same",
    "A side of 128 pixels, kernel 3, stride 1, padding 1. How long is the side that comes out?",
    number=("pixels", 1, 200),
)
# %%
for name, padding in [("valid", 0), ("same", 2), ("full", 4)]:
    print(f"kernel 5, stride 1, {name:>5}: 128 -> {conv_output_size(128, 5, padding=padding)}")
reveal("06-same", conv_output_size(128, 3, padding=1), unit="pixels", tolerance=0)
# %% [markdown]
# "A convolution reduces the picture's size" is often read, and wrong. Three cases have names.
# **Valid**: no padding, the window stays inside, the side shrinks by k - 1. **Same**: an odd kernel
# with padding (k - 1) / 2 at stride 1, without dilation, keeps the size. **Full**: every overlap
# counts, the side grows. What reduces the size is the stride, or the lack of padding.
#
# Padding has its price: zeros are black, and a black frame is something to see for a filter.
# %%
wide = np.full((31, 31), 1 / 31**2)
framed = {
    "zeros": ndimage.correlate(camera.astype(float), wide, mode="constant"),
    "border repeated": ndimage.correlate(camera.astype(float), wide, mode="nearest"),
}
titles = [f"blur, {name}" for name in framed]
axes = compare(*(picture / 255 for picture in framed.values()), titles=titles)
alt = """The photograph, strongly blurred. With zeros it fades to black at all four sides, most at the
corners; with the border repeated it stays as bright at its sides as inside."""
set_alt_text(axes[0].figure, alt)
for name, picture in framed.items():
    print(f"{name:>15}: top right corner {picture[0, -1]:.0f}, sky nearby {picture[20, -20]:.0f}")
# %% [markdown]
# In the corner, three quarters of the window are padding, so three quarters of the light are lost.
#
# **Move it.** Choose n, k, p, s, d and move the window with *Place*. Which settings let the window
# miss the last row of pixels? Which keep the size at dilation 2? Which have no place at all, and
# what does the line below say then? Pale yellow is padding.
# %% tags=["nbval-ignore-output"]
filter_stepper.demo()
# %% [markdown]
# The last row is missed wherever the division by s leaves a remainder: n 8, k 3, s 2. At dilation 2 a
# kernel of 3 keeps the size with padding 2, because its extent is 5. No place is left where the extent
# exceeds n + 2p; the line then says how much padding, or how large a picture, would do.
# %% [markdown]
# ## 6 Volume in, volume out
#
# A colour picture is a volume: 7 x 7 pixels, 3 channels. A filter reaches through *all* channels: a
# "3 x 3 filter" on three channels has 3 x 3 x 3 = 27 weights. It slides over rows and columns only,
# never along the channels. Its 27 products, and one number more, the **bias**, make one sum.
#
# **Predict.** Two such filters move over 7 x 7 x 3 at stride 2, without padding.
# %% tags=["nbval-ignore-output"]
predict(
    "06-volume",
    "What is the shape of the output?",
    options=["3 x 3 x 2", "3 x 3 x 3", "3 x 3 x 6", "5 x 5 x 2"],
)
# %% [markdown]
# The picture: coffee in its cup, 7 x 7 pixels, levels 0 to 3. Filter A takes right minus left, in all
# channels alike. Filter B takes red minus blue and does not care where. The first number of each:
# %%
coloured = volume.input_volume()  # (3, 7, 7): channel, row, column
for name, filter_, bias in zip("AB", volume.FILTERS, volume.BIASES, strict=True):
    window = coloured[:, 0:3, 0:3]  # all channels, rows 0-2, columns 0-2
    by_channel = (filter_ * window).sum(axis=(1, 2))
    for channel, colour in enumerate(volume.CHANNELS):
        print(f"{name} {colour:>5}:", *window[channel].tolist(), "x", *filter_[channel].tolist())
    parts = " + ".join(f"({part})" for part in by_channel)
    print(f"{name}: {parts} + bias {bias} = {by_channel.sum() + bias}")


# %% [markdown]
# The next window starts two columns further (stride 2). Three places fit along each side:
# %%
def conv2d_loops(inputs, filters, bias, stride=1, padding=0):
    padded = np.pad(inputs, [(0, 0), (padding, padding), (padding, padding)])
    count, _, side, _ = filters.shape  # (F filters, C channels, k rows, k columns)
    rows, columns = (conv_output_size(n, side, stride, padding) for n in inputs.shape[1:])
    output = np.zeros((count, rows, columns))
    for number, row, column in np.ndindex(*output.shape):
        top, left = row * stride, column * stride
        window = padded[:, top : top + side, left : left + side]
        output[number, row, column] = np.sum(window * filters[number]) + bias[number]
    return output


output = conv2d_loops(coloured, volume.FILTERS, volume.BIASES, stride=2)
print("filter A:", *output[0].astype(int).tolist())
print("filter B:", *output[1].astype(int).tolist())
print("by formula", conv_output_size(7, kernel=3, stride=2), "places along each side")
np.testing.assert_array_equal(output, volume.output_volume())
reveal("06-volume", "3 x 3 x 2")
# %% [markdown]
# One map for each filter: **F filters, F channels out**, however many channels came in. The two
# maps are stacked to a new volume, the input of the next layer.
#
# A well-known animation (in the notes of Stanford's course CS231n) shows the same numbers 7, 3, 2,
# but starts from 5 x 5 x 3 with padding 1. Its *padded* grid is 7 x 7, and (5 - 3 + 2) / 2 + 1 = 3 as
# well. The size is the same, the numbers are not: the outer ring is now zeros.
# %%
inner = volume.input_volume("5 x 5 x 3, padding 1")
padded_output = conv2d_loops(inner, volume.FILTERS, volume.BIASES, stride=2, padding=1)
print("5 x 5, padding 1: padded grid", inner.shape[1] + 2, "x", inner.shape[2] + 2)
print("side", conv_output_size(5, kernel=3, stride=2, padding=1))
print("filter A:", *padded_output[0].astype(int).tolist())
np.testing.assert_array_equal(padded_output, volume.output_volume("5 x 5 x 3, padding 1"))
volume.draw_volume((0, 0), "5 x 5 x 3, padding 1")[0]
# %% [markdown]
# **Move it.** Click an output number, or move over them with the mouse or the arrow keys: left three
# columns filter A's map, right three filter B's. Every number is traced to its 27 products. Where
# does filter A answer most strongly, and why? Why is its left column so large with padding 1? Pale
# yellow is padding.
# %% tags=["nbval-ignore-output"]
volume.demo()


# %% [markdown]
# With padding 0 filter A never exceeds 3: the right columns of a window add up to hardly more than the
# left ones, and the bias gives 1. With padding 1 the first windows have zeros at their left. Nothing is
# subtracted there, hence 9, 16 and 8, and at the right edge the same with the other sign.
# %% [markdown]
# ## 7 What does a layer hold, what does it cost?
#
# A layer of F filters, k x k, over C channels holds F (C k k + 1) **parameters**: the weights and a
# bias for each filter. Its cost is counted in **multiply-adds** (MACs). With an output of m x m places,
# F x m x m numbers come out, and each takes C k k of them.
# %%
def parameters(channels, filters, kernel):
    return filters * (channels * kernel * kernel + 1)


def macs(n, channels, filters, kernel, stride=1, padding=0):
    side = conv_output_size(n, kernel, stride, padding)
    return filters * side * side * channels * kernel * kernel


print("7 x 7 x 3, two 3 x 3 x 3 filters, stride 2:", end=" ")
print(f"{parameters(3, 2, 3)} parameters, {macs(7, 3, 2, 3, stride=2)} MACs")
layer = torch.nn.Conv2d(3, 2, kernel_size=3, stride=2)
print("parameters in torch:", sum(p.numel() for p in layer.parameters()))
dense = 7 * 7 * 3 * output.size + output.size  # every output joined to every input
print(f"a dense layer from the same 147 numbers to the same {output.size}: {dense} parameters")
# %% tags=["nbval-ignore-output"]
predict(
    "06-larger",
    "A layer of 64 filters, 3 x 3 over 32 channels, gets a picture twice as wide and twice as high. Its parameters ...",
    options=["stay", "double", "become four times as many"],
)
# %%
for n in (64, 128, 256):
    held, cost = parameters(32, 64, 3), macs(n, 32, 64, 3, padding=1)
    print(f"{n:3d} x {n:3d}: {held:,} parameters, {cost:13,} MACs")
reveal("06-larger", "stay")


# %% [markdown]
# The same weights serve every place (**weight sharing**), so the size of the picture does not enter.
# That is why a network can be trained on small pictures and used on large ones, as long as all its
# layers are convolutions (lesson 11).
# %% [markdown]
# **Spot the error.** "Pooling reduces the number of parameters." Pooling halves the sides of what
# follows. In the table, halving the side divides the *multiply-adds* by four and leaves the
# parameters as they are. Lesson 07 takes this slip apart.
# %% [markdown]
# ## 8 Loops, a matrix, a library: the same numbers
#
# Loops in Python are slow. A well-known trick is called **im2col**, "image to columns": write the
# pixels under each window as one column of a large matrix.
# %%
def im2col(inputs, side, stride=1, padding=0):
    padded = np.pad(inputs, [(0, 0), (padding, padding), (padding, padding)])
    rows, columns = (conv_output_size(n, side, stride, padding) for n in inputs.shape[1:])
    patches = [
        padded[:, r : r + side, c : c + side].ravel()  # channel by channel, row by row
        for r in range(0, rows * stride, stride)
        for c in range(0, columns * stride, stride)
    ]
    return np.array(patches).T, (rows, columns)  # (C * k * k, places)


# %% [markdown]
# With each filter as one row of a second matrix, *all* filters at *all* windows are one product:
# %%
def conv2d_matrix(inputs, filters, bias, stride=1, padding=0):
    patches, shape = im2col(inputs, filters.shape[-1], stride, padding)
    product = filters.reshape(len(filters), -1) @ patches  # (F, C k k) @ (C k k, places)
    return (product + bias[:, None]).reshape(len(filters), *shape)


# %% [markdown]
# For the cup: 27 numbers under each window, 9 places. The two filters become two rows of 27. Orange is
# positive, purple negative; each matrix has its own scale.
# %%
patches, shape = im2col(coloured, 3, stride=2)
flat = volume.FILTERS.reshape(2, 27)
figure, axes = plt.subplots(1, 3, figsize=(7.6, 2.9), width_ratios=[27, 9, 9])
titles = ["filters, 2 x 27", "patches, 27 x 9", "product, 2 x 9"]
for ax, title, numbers in zip(axes, titles, [flat, patches, flat @ patches], strict=True):
    largest = np.abs(numbers).max()
    ax.imshow(numbers, cmap="PuOr_r", vmin=-largest, vmax=largest)
    ax.set(title=title, xticks=[], yticks=[])
set_alt_text(
    figure, "A flat matrix of 2 x 27 times a tall one of 27 x 9 gives a flat one of 2 x 9."
)
print(flat.shape, "@", patches.shape, "=", (flat @ patches).shape)
np.testing.assert_array_equal(
    conv2d_matrix(coloured, volume.FILTERS, volume.BIASES, stride=2), output
)
print(f"{coloured.size} numbers of the picture became {patches.size}: windows overlap")
# %% [markdown]
# **The same numbers?** On the cat's eye, in double precision, with eight random filters: loops, one
# matrix product, PyTorch, and SciPy channel by channel.
# %%
eye = load_picture("cat").image[60:140, 110:200].transpose(2, 0, 1) / 255  # (3, 80, 90)
rng = np.random.default_rng(0)
filters, bias = rng.normal(size=(8, 3, 5, 5)), rng.normal(size=8)


def conv2d_torch(inputs, filters, bias, stride=1, padding=0):
    tensors = (torch.from_numpy(np.ascontiguousarray(a)) for a in (inputs[None], filters, bias))
    return functional.conv2d(*tensors, stride, padding)[0].numpy()


def conv2d_scipy(inputs, filters, bias):
    pairs = [zip(inputs, filter_, strict=True) for filter_ in filters]  # channel and its weights
    maps = [[signal.correlate(c, w, "valid") for c, w in pair] for pair in pairs]
    return np.sum(maps, axis=1) + bias[:, None, None]  # the channels' maps added


# %% [markdown]
# The four, side by side:
# %%
for stride, padding in [(1, 0), (1, 2), (2, 0), (2, 2), (3, 1)]:
    given = (eye, filters, bias, stride, padding)
    expected = conv2d_torch(*given)
    np.testing.assert_allclose(conv2d_loops(*given), expected, atol=1e-6)
    np.testing.assert_allclose(conv2d_matrix(*given), expected, atol=1e-6)
np.testing.assert_allclose(conv2d_scipy(eye, filters, bias), conv2d_torch(eye, filters, bias))
print(f"loops, matrix product, torch agree within 1e-6, 5 settings; {expected.dtype}; SciPy too")
# %% [markdown]
# What does each cost? Milliseconds on the machine that built this page; on yours they differ. PyTorch
# is timed twice: networks compute in single precision (float32), for which it has faster code.
# %% tags=["measured"]
from course_utils.timing import milliseconds

ways = [conv2d_loops, conv2d_matrix, conv2d_scipy, conv2d_torch]
cost = {way.__name__: milliseconds(way, eye, filters, bias) for way in ways}
single = (np.float32(array) for array in (eye, filters, bias))
cost["conv2d_torch, float32"] = milliseconds(conv2d_torch, *single)
for name, ms in cost.items():
    print(f"{name:>21}: {ms:8.2f} ms, {cost['conv2d_loops'] / ms:6.0f} x as fast as the loops")


# %% [markdown]
# Even with im2col filled by a Python loop over the places, the matrix product leaves the loops far
# behind: eight filters share the patches, and multiplying matrices is what processors do best. The
# price is memory, up to k x k times the picture. (For such a small layer the ratios say little about
# networks; `benchmarks/classical.py` compares with more care.)
# %% [markdown]
# ## 9 Learned filters
#
# Nobody tells a network the weights. Can they be found from examples alone? First a test whose
# answer we know. Given a photograph and Sobel's answer to it, and nine unknown weights: change the
# weights until the layer's answer is Sobel's.
#
# All we need is the error's **gradient**: how fast the error grows with each weight. PyTorch computes it
# (`backward`). An optimiser, here one called LBFGS, steps against it until the error falls no more.
# %%
def learn(weights, error):
    optimiser = torch.optim.LBFGS(weights, max_iter=60, line_search_fn="strong_wolfe")

    def step():  # the error and its gradient; the optimiser changes the weights
        optimiser.zero_grad()
        loss = error()
        loss.backward()
        return loss

    optimiser.step(step)
    return error().item()


# %% [markdown]
# The nine weights start at random. `wanted` is Sobel's answer to a patch of the photograph; once more
# for a layer that flips its kernel.
# %%
head = torch.tensor(camera[:96, 30:126] / 255.0)[None, None]
wanted = torch.tensor(correlate(head[0, 0].numpy(), EDGE))[None, None]
for flip in (False, True):
    torch.manual_seed(0)
    w = torch.randn(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)

    def error(w=w, flip=flip):
        answer = functional.conv2d(head, w.flip(2, 3) if flip else w)
        return ((answer - wanted) ** 2).mean()

    small_error = learn([w], error) < 1e-6
    learned = w.detach()[0, 0].round().int().tolist()
    print("with a flip:" if flip else "conv2d:     ", *learned, "error below 1e-6:", small_error)
# %% [markdown]
# From one patch of one photograph: Sobel's nine numbers. And the promise of section 3: the layer
# that flips learns the flipped weights, with the same answers.
#
# Now a task whose filters nobody knows. At each pixel of the coins: is it a coin's rim, and on which
# side (right, bottom, left, top), or neither? One layer, five filters of 7 x 7, the largest answer
# wins. It learns from the left half of the photograph only.
# %%
coins = load_picture("coins")
SIDES = ["no rim", "right", "bottom", "left", "top"]
depth = ndimage.distance_transform_edt(coins.label_map == 1)
target = np.zeros(coins.label_map.shape, dtype=int)  # 0: no rim
for number, (row, column) in enumerate(
    ndimage.center_of_mass(depth > 0, coins.instance_map, range(1, 25)), start=1
):
    rows, columns = np.nonzero((coins.instance_map == number) & (depth <= 2))
    angle = np.arctan2(rows - row, columns - column)  # 0 right, 90 degrees down
    target[rows, columns] = 1 + np.rint(angle / (np.pi / 2)).astype(int) % 4
compare(coins.image, target, titles=["coins", "rim, by side"], class_names=SIDES)
print({name: int(np.sum(target == side)) for side, name in enumerate(SIDES)})
# %% [markdown]
# Training on patches *is* training a convolution: im2col again, a matrix product of 49 pixels with
# five columns of weights. Each rim pixel of the left half is an example, and as many from elsewhere.
# The error is the **cross-entropy** (lesson 09), which is small where the right answer is the largest
# of the five; the second term keeps the weights small.
# %%
grey = (coins.image - coins.image.mean()) / 255
windows = np.lib.stride_tricks.sliding_window_view(np.pad(grey, 3, mode="edge"), (7, 7))
rim, other = (np.argwhere((target[:, :192] > 0) == is_rim) for is_rim in (True, False))
other = np.random.default_rng(0).permutation(other)[: len(rim)]
chosen = tuple(np.concatenate([rim, other]).T)
x = torch.tensor(windows[chosen].reshape(-1, 49), dtype=torch.float32)
y = torch.tensor(target[chosen])
torch.manual_seed(0)
layer = torch.nn.Linear(49, 5)
loss = learn(
    layer.parameters(),
    lambda: functional.cross_entropy(layer(x), y) + 1e-3 * layer.weight.pow(2).sum(),
)
print(f"{len(x)} examples of {x.shape[1]} pixels; loss below 0.5: {loss < 0.5}")
# %% [markdown]
# **Predict.** One of the filters subtracts its left half and adds its right.
# %% tags=["nbval-ignore-output"]
predict("06-learned", "It stands for the rim at a coin's ...", options=SIDES[1:])
# %%
learned = layer.weight.detach().reshape(5, 7, 7).numpy()
figure, axes = plt.subplots(1, 7, figsize=(8.2, 1.6))
for ax, title, weights in zip(
    axes, [*SIDES, "Sobel, across", "Sobel, down"], [*learned, EDGE, EDGE.T], strict=True
):
    largest = np.abs(weights).max()
    ax.imshow(weights, cmap="PuOr_r", vmin=-largest, vmax=largest)
    ax.set(title=title, xticks=[], yticks=[])
set_alt_text(figure, "Five learned filters and Sobel's two; orange is positive, purple negative.")
for side, ends in zip(SIDES[1:], ["left right", "top bottom"] * 2, strict=True):
    filter_ = learned[SIDES.index(side)]
    profile = filter_.sum(axis=0 if "left" in ends else 1)  # 7 sums along the row or the column
    added = ends.split()[int(profile[4:].sum() > profile[:3].sum())]
    print(f"rim at the {side:>6}: the filter adds its {added} half and subtracts the other")
reveal("06-learned", "left")
# %% [markdown]
# Orange weights are positive, purple negative; each picture has its own scale. Four edge filters that
# nobody wrote: each subtracts the cloth from the coin, in its own direction,
# as Sobel does. They are larger and softer, because coins are large and the picture has grain. The
# first one has learned what a rim is *not*.
#
# The weights go into a convolution over the whole picture. Column 192 cuts some coins; they end before
# column 239. What lies beyond was never seen.
# %%
weights = layer.weight.detach().reshape(5, 1, 7, 7)
padded = torch.tensor(np.pad(grey, 3, mode="edge"), dtype=torch.float32)[None, None]
answers = functional.conv2d(padded, weights, layer.bias.detach())[0].numpy()  # (5, H, W)
unseen = np.s_[:, 239:]  # eight whole coins and a part of a ninth
axes = compare(
    coins.image[unseen],
    target[unseen],
    answers.argmax(axis=0)[unseen],
    titles=["unseen coins", "rim, by side", "the layer's answer"],
    class_names=SIDES,
)
alt = """Coins on dark cloth; their rims as thin rings in four colours, one for each side; and the
layer's answer: the same colours on the same sides, in thicker rings, and many false pieces of rim on
the heads and letters inside the coins."""
set_alt_text(axes[0].figure, alt)


# %% [markdown]
# How often is the side right? Beside the layer, Sobel with the same rule, with and without smoothing:
# the side is the direction of the gradient.
# %%
def sides_by_sobel(sigma):
    smooth = ndimage.gaussian_filter(grey, sigma) if sigma else grey
    across, down = (ndimage.correlate(smooth, kernel) for kernel in (EDGE, EDGE.T))
    return 1 + np.argmax([-across, -down, across, down], axis=0)


is_rim = target[unseen] > 0
by_way = {"layer": 1 + answers[1:].argmax(axis=0), "Sobel": sides_by_sobel(0)}
by_way["Sobel, smoothed"] = sides_by_sobel(1.5)
share = {name: np.mean((by == target)[unseen][is_rim]) for name, by in by_way.items()}
best = max(share, key=share.get)
print(f"rim pixels with the right side: most by the {best}; above 90 %: {share[best] > 0.9}")
called = answers.argmax(axis=0)[unseen] > 0
precision, found = np.mean(is_rim[called]), np.mean(called[is_rim])
print(f"rim that is found: more than 80 %: {found > 0.8}; of what is called rim,", end=" ")
print(f"less than two thirds are rim: {precision < 2 / 3}")
# %% [markdown]
# The shares (those of the layer differ a little from machine to machine):
# %% tags=["measured"]
for name, value in share.items():
    print(f"{name:>15}: {value:.1%} of the unseen rim pixels get the right side")
print(f"the layer calls {called.mean():.1%} rim; {is_rim.mean():.1%} are rim")
print(f"of what it calls rim, {precision:.1%} is rim (precision); of the rim it finds {found:.1%}")
# %% [markdown]
# On a rim's *side* the layer wins, with one convolution, on the task that it was trained for. Sobel has
# seen no coin and comes close once the grain is smoothed away.
#
# On *where* the rims are it is poor. It also sees rims where coins have relief, and too thick ones: a
# window of 7 x 7 cannot know what is the edge of a whole coin. And a learned filter is as good as its
# examples: of cups, or of dark coins on bright cloth, this one knows nothing.
# %% [markdown]
# ## 10 A filter that looks for something
#
# Take a piece of the picture itself as the weights, a **template**. Where the picture looks like it,
# the sum of products should be large: a detector. Here is printed text in good light, and the first
# "e" of its second line. There are 33 of that size.
# %%
from course_utils.datasets.lit_text import LINES, paper_brightness

text = load_picture("lit_text")
uneven = text.image.astype(float)
even = uneven / paper_brightness(uneven)  # the paper is about 1 everywhere
letters = "".join(line.replace(" ", "") for _, line in LINES)
boxes = ndimage.find_objects(text.instance_map)
body = len(LINES[0][1].replace(" ", ""))  # the title is larger: leave it out
e_boxes = [box for box, letter in zip(boxes[body:], letters[body:], strict=True) if letter == "e"]
around = tuple(slice(s.start - 1, s.stop + 1) for s in e_boxes[0])
print(f"{len(e_boxes)} letters e below the title; the template has {even[around].shape} pixels")
ax = plt.figure(figsize=(1.3, 1.6)).add_subplot()
show_image(even[around] / even.max(), ax, title="template")
set_alt_text(ax, "A letter e of a few pixels, dark on bright paper.")
# %% [markdown]
# The page, first in even light, then in the light as it was:
# %%
figure = plt.figure(figsize=(7.68, 8.24), layout="none")  # a pixel of the page: 2 x 2 on screen
for bottom, title, page in [(0.5, "even light", even / even.max()), (0, "as it was", uneven / 255)]:
    show_image(page, figure.add_axes((0, bottom, 1, 382 / 824)), title)
alt = """A printed page: a title and lines of text. In even light the paper is equally bright
everywhere; as it was, the page lies in shade at its left, where the paper is nearly as dark as the ink is at
the right."""
set_alt_text(figure, alt)
# %% [markdown]
# The 33 places with the largest sum, no two closer than 4 pixels, are called "e". How many of them
# are? Wrong way first: the template as it is.
# %%
from skimage.feature import match_template, peak_local_max

centres = np.array([[(s.start + s.stop - 1) / 2 for s in box] for box in e_boxes])


def count_found(score, middles, apart=4, reach=2):
    places = peak_local_max(score, min_distance=apart, num_peaks=len(middles), exclude_border=False)
    distance = np.abs(places[:, None] - middles).max(axis=2)  # (places, objects)
    return int(np.sum(distance.min(axis=1) <= reach))


template = even[around]
print(f"sum of products: {count_found(ndimage.correlate(even, template), centres)} of 33 are an e")
print(f"its largest sum: {ndimage.correlate(even, template).max():.1f}; on blank paper", end=" ")
print(f"{template.sum():.1f}; on the e itself {np.sum(template**2):.1f}")
# %% [markdown]
# Blank paper is brighter than any letter, so it has the larger sum. Section 4 knows the remedy: make
# the weights add up to 0. Subtract the template's mean, and flat paper gives 0.
#
# **Predict.** With these weights: how many of the 33 are found in the light as it was?
# %% tags=["nbval-ignore-output"]
predict("06-template", "In the light as it was, how many are found?", number=("of 33", 0, 33))
# %%
for name, picture in [("even light", even), ("as it was", uneven)]:
    weights = picture[around] - picture[around].mean()
    found = count_found(ndimage.correlate(picture, weights), centres)
    print(f"{name:>10}: {found} of 33")
reveal("06-template", found, unit="of 33", tolerance=2)


# %% [markdown]
# In even light it is a perfect detector. But the sum grows with the *contrast* of what lies under the
# window: bright paper with any dark letter beats a faint "e" in the shade. The remedy: divide by the
# contrast. **Normalised cross-correlation** subtracts each window's mean and divides by the lengths
# of both:
#
# $$r = \frac{\sum (w - \bar w)(t - \bar t)}{\sqrt{\sum (w - \bar w)^2 \sum (t - \bar t)^2}}$$
#
# It lies between -1 and 1 and does not change when light is multiplied or added.
# %%
def normalised(picture, template):
    centred = template - template.mean()
    ones = np.ones_like(template)
    total, squares = (ndimage.correlate(p, ones, mode="constant") for p in (picture, picture**2))
    contrast = squares - total**2 / template.size  # sum of (w - mean)^2
    alike = ndimage.correlate(picture, centred, mode="constant")
    return alike / np.sqrt(np.maximum(contrast, 1e-9) * np.sum(centred**2))


score = normalised(uneven, uneven[around])
library = match_template(uneven, uneven[around], pad_input=True)
inside = np.s_[5:-5, 5:-5]  # the library continues the picture with another value outside
np.testing.assert_allclose(score[inside], library[inside], atol=1e-6)
print(
    f"light as it was: {count_found(score, centres)} of 33; equal to skimage.feature.match_template"
)
doubled = normalised(2 * uneven + 50, uneven[around])
print("same answer in other light:", np.allclose(doubled[inside], score[inside]))


# %% [markdown]
# All of them. And where does it fail? The filter looks for *copies*. Turn the page under it, or ask
# for the larger letters of the title:
# %%
def found_when_turned(angle):
    turned = ndimage.rotate(uneven, angle, reshape=False, order=1, mode="nearest")
    letter_map = ndimage.rotate(text.instance_map, angle, reshape=False, order=0)
    numbers = [n for n in e_numbers if np.sum(letter_map == n) > 0.8 * areas[n]]  # still inside
    middles = np.array(ndimage.center_of_mass(letter_map > 0, letter_map, numbers))
    return count_found(normalised(turned, uneven[around]), middles), len(numbers)


e_numbers = [n for n, letter in enumerate(letters, start=1) if letter == "e" and n > body]
areas = np.bincount(text.instance_map.ravel())
for angle in (0, 20, 45, 90):
    found, present = found_when_turned(angle)
    print(f"turned by {angle:2d} degrees: {found:2d} of {present} found")
in_title = [
    score[box].max() for box, letter in zip(boxes[:body], letters, strict=False) if letter == "e"
]
in_body = [score[box].max() for box in e_boxes]
print(f"best r at the title's e: {max(in_title):.2f}; worst r at the others: {min(in_body):.2f}")
# %% [markdown]
# A second picture, where light is no trouble but no two objects are alike: one of the coins is the
# template, and the 24 best places, at least 15 pixels apart, are called coins.
# %%
grey_coins = coins.image.astype(float)
middles = np.array(ndimage.center_of_mass(grey_coins > -1, coins.instance_map, range(1, 25)))
coin_boxes = ndimage.find_objects(coins.instance_map)
for number in (6, 1, 21):
    template = grey_coins[coin_boxes[number - 1]]
    found = count_found(normalised(grey_coins, template), middles, apart=15, reach=8)
    size = " x ".join(map(str, template.shape))
    print(f"template coin {number:2d}, {size}: {found} of 24 coins, {24 - found} false alarms")
# %% [markdown]
# Depending on the coin that was chosen, a third of the answers is wrong, or none. A detector
# for *all* coins, letters in all fonts, faces under all angles needs many filters, combined, and
# weights that nobody can write down. That is what the layers of a network are for.
#
# And the cost, with a template of this size on this page (milliseconds, on the machine that built
# this page):
# %% tags=["measured"]
for name, way in {"sum of products": ndimage.correlate, "normalised": normalised}.items():
    print(f"{name:>15}: {milliseconds(way, uneven, uneven[around]):6.2f} ms")
# %% [markdown]
# ## 11 Which convolution for what?
#
# | you want | take | watch out for |
# |---|---|---|
# | the same size out | odd k, padding d (k - 1) / 2, stride 1 | zeros at the border are dark |
# | half the size | stride 2, padding (k - 1) / 2 | a shift by one pixel changes the values (lesson 07) |
# | a wider view at the same cost | dilation | gaps between the weights (lesson 13) |
# | fewer multiply-adds | smaller maps, fewer channels | the parameters do not shrink with the map |
# | a known operation: blur, edge | weights written by hand | signed answers, uint8 |
# | find copies of a piece | normalised cross-correlation | size, angle, shape |
# | anything else | learned weights | they know their examples only |
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
from course_utils.widgets.quiz import quiz

quiz("06_convolution")
# %% [markdown]
# ## Recap
#
# - A filter lies on a window, multiplies weight by pixel, and adds: one number. Networks do not flip the kernel: what they call convolution is cross-correlation.
# - The side that comes out is floor((n + 2p - extent) / s) + 1 with extent d (k - 1) + 1; padding d (k - 1) / 2 at stride 1 keeps the size.
# - A filter reaches through all channels: k x k x C weights and a bias. F filters give F channels.
# - Parameters are F (C k k + 1), whatever the picture's size; multiply-adds are F m m C k k, and grow with it.
# - Loops, one matrix product (im2col) and the library give the same numbers at very different cost; the weights can be learned.
#
# **Next:** the exercise of this lesson, then lesson 07, pooling and the receptive field.
# %% [markdown]
# ## Further reading
#
# - Dumoulin & Visin, *A guide to convolution arithmetic for deep learning*, 2016: every size, drawn, [arXiv 1603.07285](https://arxiv.org/abs/1603.07285)
# - CS231n, *Convolutional Neural Networks*: the animation with 5 x 5 x 3 and padding 1, and im2col, [course notes](https://cs231n.github.io/convolutional-networks/)
# - LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, 1998: shared weights, [doi 10.1109/5.726791](https://doi.org/10.1109/5.726791)
# - Yu & Koltun, *Multi-Scale Context Aggregation by Dilated Convolutions*, 2016, [arXiv 1511.07122](https://arxiv.org/abs/1511.07122)
