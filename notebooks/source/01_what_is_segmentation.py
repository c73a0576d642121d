# %% [markdown]
# # 01 What is segmentation?
#
# After this lesson you can say what a computer may answer about a picture, read and write label
# maps, tell semantic, instance and panoptic segmentation apart, and you have built and scored a
# first segmenter. You have also seen seven things that people do with masks.
#
# **Needs:** Python and NumPy; no other lesson. **Run time:** about 20 s on two CPU cores; no GPU
# needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from skimage.color import lab2rgb, rgb2lab

from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.metrics import mask_iou
from course_utils.plotting import compare, show_image, show_instances
from course_utils.widgets import like_this, pixel_reader
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 One picture, three answers
#
# This is Eileen Collins, astronaut. You see at once what is in the picture and where each thing
# ends. A computer gets numbers. What would you ask it, and what should its answer look like?
# %%
astronaut = load_picture("astronaut")
figure, ax = plt.subplots(figsize=(2.4, 2.4))
show_image(astronaut.image[::2, ::2], ax)  # every second pixel: smaller, the same to look at
set_alt_text(
    figure, "An astronaut in an orange suit, a flag behind her, a model shuttle beside her."
)
print("the picture:", astronaut.image.shape, "rows, columns, and red, green, blue")


# %% [markdown]
# Three questions, each asking for more than the one before:
#
# - **Classification:** what is in the picture? The answer is one label: *astronaut*.
# - **Detection:** what is where? The answer is a list of objects, each with a label and a **box**.
# - **Segmentation:** which pixels? The answer is a label for *every pixel*.
#
# A box is (top, left, bottom, right) in rows and columns. Bottom and right are *exclusive*: one more
# than the last row and column, as in a Python slice. With a **mask**, an array of True and False
# that says which pixels belong to the object, the box is quickly found.
# %%
def box_of(mask):
    rows, columns = np.nonzero(mask)
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


shuttle = astronaut.label_map == 2  # the masks were drawn by hand, more of that in section 7
top, left, bottom, right = box_of(shuttle)
axes = compare(astronaut.image[top:bottom, left:right], shuttle[top:bottom, left:right])
set_alt_text(axes[0].figure, "The model shuttle cut out along its box, and its mask, upright.")
print(f"box of the shuttle: {bottom - top} rows x {right - left} columns")
# %% [markdown]
# Here is what another library says, for every object of four pictures. Nothing differs.
# %%
from skimage.measure import regionprops

boxes = 0
for name in ("astronaut", "coins", "rocket", "cat"):
    instance_map = load_picture(name).instance_map  # (H, W) int: each object has a number
    for region in regionprops(instance_map):
        assert region.bbox == box_of(instance_map == region.label)
        boxes += 1
print(f"{boxes} of {boxes} boxes agree with skimage.measure.regionprops")
# %% [markdown]
# **Predict.** The box is drawn tightly around the shuttle. How much of it is shuttle?
# %% tags=["nbval-ignore-output"]
predict("01-box", "What share of the box's pixels belong to the shuttle?", number=("%", 0, 100))


# %%
reveal("01-box", 100 * shuttle[top:bottom, left:right].mean(), unit="%", tolerance=5)


# %% [markdown]
# More than a third of the tight box is something else. Now all three answers side by side. (Hatched
# pixels are **void**: nobody could decide what they are. Section 2 says more.)
# %%
def draw_boxes(picture, ax):
    for number in np.unique(picture.instance_map[picture.instance_map > 0]):
        mask = picture.instance_map == number
        top, left, bottom, right = box_of(mask)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        ax.add_patch(plt.Polygon(corners, fill=False, edgecolor="cyan", linewidth=2))
        name = picture.class_names[picture.label_map[mask][0]]
        label = {"facecolor": "cyan", "edgecolor": "cyan", "pad": 1}
        ax.text(left, top, name, size=7, va="top", bbox=label)


image, label_map = astronaut.image, astronaut.label_map
titles = ['classified: "astronaut"', "detected: 5 boxes", "segmented: every pixel"]
axes = plt.subplots(1, 3, figsize=(6, 2.7))[1]
compare(image, image, label_map, axes=axes, titles=titles, class_names=astronaut.class_names)
draw_boxes(astronaut, axes[1])
print("numbers in the answer: 1 label;", 5 * 5, "for 5 boxes;", astronaut.label_map.size, "labels")
# %% [markdown]
# A common claim is that segmentation is the basis of detection. Detectors can do without: Faster
# R-CNN goes from the picture to boxes with no mask on the way (Ren et al. 2015), and Mask R-CNN adds
# masks to it *beside* the boxes (He et al. 2017). These are different answers to different
# questions, and the last costs most to draw by hand.
#
# ## 2 Pixels, and a number for each
#
# Look closer, at the border between the cat's eye and its fur. A picture is a grid of squares,
# **pixels**, each with one colour: three numbers from 0 to 255. The label map has the same grid with
# one number for each pixel, its **class index**. Here 0 is background, 1 cat, 2 eye, 3 nose.
# %%
cat = load_picture("cat")
window = np.s_[120:132, 294:312]
compare(cat.image[window], cat.label_map[window], class_names=cat.class_names)
print("label map of these pixels, as the integers that it is:")
print(cat.label_map[window])
# %% [markdown]
# That is all: an array of integers, as large as the picture. A method that fills such an array is
# said to make a **dense prediction**: not one answer for a picture, but one at every pixel. Colours
# in a drawn label map are only there for us. The value 255 is no class; it marks **void**, pixels
# that nobody could decide, and they are left out of every score.
#
# Pixels are many, and neighbours mostly agree. A **super-pixel** is a small region of similar
# neighbouring pixels that is treated as one. Lesson 03 (clustering) builds the method, SLIC; here
# is its answer when 400 are asked for: it starts with 400, and pieces that are too small or cut off
# join a neighbour.
# %%
from skimage.segmentation import mark_boundaries, slic

superpixels = slic(astronaut.image, n_segments=400, start_label=0)  # (H, W) int
part = np.s_[0:256, 90:410]
figure, ax = plt.subplots(figsize=(3, 2.4))
show_image(mark_boundaries(astronaut.image[part], superpixels[part], color=(0, 0, 0)), ax)
set_alt_text(figure, "The astronaut under a net of black lines that follow the borders of things.")
print(f"{superpixels.size:,} pixels became {superpixels.max() + 1} super-pixels")
# %% [markdown]
# Suppose a perfect method may only label whole super-pixels: each gets the class that most of its
# pixels have.
# %% tags=["nbval-ignore-output"]
predict(
    "01-superpixels",
    "A thousandth of the decisions. What share of the pixels can still be right?",
    number=("%", 0, 100),
)
# %%
scored = astronaut.label_map != 255
count = superpixels.max() + 1
votes = np.zeros((count, len(astronaut.class_names)), dtype=int)
np.add.at(votes, (superpixels[scored], astronaut.label_map[scored]), 1)  # pixels of each class
by_superpixel = votes.argmax(axis=1)[superpixels]  # (H, W) label map
right_share = np.mean((by_superpixel == astronaut.label_map)[scored])
reveal("01-superpixels", 100 * right_share, unit="%", tolerance=3)
# %% [markdown]
# Nearly everything, since super-pixels stop at visible borders. What is lost are thin parts and
# borders that cannot be seen.
#
# ## 3 Which, or what? Three kinds of label
#
# Glands of the colon under the microscope, brown, and between them blue nuclei. There are four
# glands. **Semantic segmentation** gives each pixel a class. **Instance segmentation** finds the
# objects one by one and gives each a number of its own. (Right: a colour for each object.)
# %%
tissue = load_picture("immunohistochemistry")
figure, axes = plt.subplots(1, 3, figsize=(6.6, 2.7))
maps = tissue.image[::4, ::4], tissue.label_map
titles = ["photograph", "semantic: classes"]
compare(*maps, axes=axes[:2], titles=titles, class_names=tissue.class_names)
show_instances(tissue.instance_map, axes[2], title="instance: objects")
objects = [len(np.unique(tissue.instance_map[tissue.label_map == c])) for c in (1, 2)]
print("objects drawn by hand:", dict(zip(tissue.class_names[1:], objects, strict=True)))
# %% [markdown]
# **Predict.** From the semantic label map alone, count the glands as connected regions of class 1.
# %% tags=["nbval-ignore-output"]
predict("01-regions", "How many connected regions?", options=["3", "4", "5"])
# %%
regions, count = ndimage.label(tissue.label_map == 1)
reveal("01-regions", str(count))
rocket = load_picture("rocket")
towers = np.unique(rocket.instance_map[rocket.label_map == 1])
regions, tower_regions = ndimage.label(rocket.label_map == 1)
print(f"towers in the picture `rocket`: {len(towers)}, regions of that class: {tower_regions}")
# %% [markdown]
# Two glands touch, and become one region. In the other picture the rocket stands before one tower
# and cuts it in two, and lamplight chips a speck off another: there are more regions than towers. A
# semantic label map cannot count.
#
# An instance map, in turn, is silent about what is no object. **Things** can be counted: coins, cars,
# people. **Stuff** cannot: sky, road, grass. **Panoptic segmentation** (Kirillov et al. 2019) gives
# *every* pixel a class and an instance number; for stuff the number means nothing.
# %%
figure, axes = plt.subplots(1, 3, figsize=(8, 2.9))
for ax, colouring in zip(axes, ["semantic", "instance", "panoptic"], strict=True):
    show_image(pixel_reader.coloured(rocket, colouring), ax, title=colouring)
sky, tower = rocket.label_map == 0, rocket.instance_map == 2
for name, mask in [("a pixel of the sky", sky), ("a pixel of a tower", tower)]:
    row, column = np.argwhere(mask)[1000]
    print(f"{name}: {pixel_reader.describe_pixel(rocket, row, column)}")
# %% [markdown]
# | | says | cannot say |
# |---|---|---|
# | semantic | the class of every pixel | how many; which of two touching objects |
# | instance | which pixels are object 1, object 2, ... | anything about sky, road, grass |
# | panoptic | class and, for things, object number of every pixel | what it was never taught: a new class, parts, depth |
#
# **Move it.** This is the same picture, with every 4th pixel of every 4th row, so rows and columns
# are a quarter of those above. Move the mouse over it, or step with the arrow keys (with Shift by
# 5), and change what is shown. Void is grey. Where does one tower end and the next begin? Which pixels have a class and no
# instance? Find a void one.
# %%
figure, line = pixel_reader.draw_pixel((91, 77), "panoptic")
print("in the smaller picture:", line)
figure
# %% tags=["nbval-ignore-output"]
pixel_reader.demo()
# %% [markdown]
# **Spot the error.** A common claim: "Semantic segmentation treats all cars as one instance."
# %% tags=["nbval-ignore-output"]
predict(
    "01-error",
    "What is wrong with that sentence?",
    options=[
        "it holds only where the cars touch",
        "it has no notion of instance, not even of one",
        "it treats each connected region as an instance",
    ],
)
# %%
reveal("01-error", "it has no notion of instance, not even of one")
# %% [markdown]
# A semantic label map answers "car or not?" at every pixel. That the answers are the same at two
# pixels says nothing about being the same car, nor about being different ones.
#
# ## 4 Without any classes
#
# Another common claim, "segmentation means to classify each pixel", is true of semantic
# segmentation only. **Unsupervised** segmentation divides a picture into regions that hang together,
# and has no classes at all.
# %%
from skimage.segmentation import felzenszwalb

coffee = load_picture("coffee")
regions = felzenszwalb(coffee.image, scale=400, sigma=1, min_size=500)  # (H, W) int
figure, ax = plt.subplots(figsize=(3, 2))
show_image(mark_boundaries(coffee.image, regions, color=(0, 1, 1), mode="thick")[::2, ::2], ax)
set_alt_text(figure, "A red cup on a red saucer; cyan lines divide the picture into regions.")
print(f"{regions.max() + 1} regions; their names: none")
# %% [markdown]
# The numbers of the regions are arbitrary. Shuffle them, and it is the same segmentation: two pixels
# are together or they are not. (The method is that of Felzenszwalb and Huttenlocher 2004; lessons
# 03 and 04 build relatives of it.)
# %%
from skimage.segmentation import find_boundaries

shuffled = np.random.default_rng(0).permutation(regions.max() + 1)[regions]
same_number = np.mean(shuffled == regions)
same_borders = np.array_equal(find_boundaries(shuffled), find_boundaries(regions))
print(f"pixels that kept their number: {same_number:.1%}; borders the same: {same_borders}")


# %% [markdown]
# ## 5 A first segmenter
#
# Enough of answers that somebody drew. Point at one pixel and take every pixel whose colour is like
# it. "Like" needs a distance; CIELAB is a colour space in which equal distances look about equally
# different. That is a whole segmenter:
# %%
def pixels_like(image, row, column, tolerance):
    lab = rgb2lab(image)  # (H, W, 3): lightness, green to red, blue to yellow
    around = lab[row - 4 : row + 5, column - 4 : column + 5]
    colour = around.reshape(-1, 3).mean(axis=0)
    return np.linalg.norm(lab - colour, axis=-1) < tolerance  # (H, W) bool


glands = pixels_like(tissue.image, 200, 100, tolerance=30)  # a brown pixel
cup = pixels_like(coffee.image, 240, 230, tolerance=30)  # a pixel of the red cup
for name, image, where in [("gland", tissue.image, (200, 100)), ("cup", coffee.image, (240, 230))]:
    print(f"the {name}'s pixel: red, green, blue = {image[where]}")
# %% [markdown]
# How good is that? Score it with **IoU**: pixels in both masks divided by pixels in either. 1 is
# perfect, 0 means nothing in common; lesson 05 takes it apart. Both are compared with the hand-drawn
# truth, void left out.
# %% tags=["nbval-ignore-output"]
predict(
    "01-segmenter",
    "One rule, two pictures. Where does it work?",
    options=["on both", "on the glands only", "on the cup only", "on neither"],
)


# %%
def dimmed(image, mask):
    return np.where(mask[..., None], image, image // 4)[::2, ::2]


pair = dimmed(tissue.image, glands), dimmed(coffee.image, cup)
axes = plt.subplots(1, 2, figsize=(4.6, 2.1))[1]
compare(*pair, axes=axes, titles=["like the gland", "like the cup"])
set_alt_text(axes[0].figure, "Left the glands are bright; right table, saucer and bits of the cup.")
for picture, label, found in [(tissue, 1, glands), (coffee, 2, cup)]:
    target, scored = picture.label_map == label, picture.label_map != 255
    iou = mask_iou(target, found, scored=scored)
    print(f"{picture.class_names[label]}: IoU {iou:.2f}, {found.mean():.0%} of the picture found")
print(f"of the saucer, called cup: {cup[coffee.label_map == 1].mean():.0%}")
reveal("01-segmenter", "on the glands only")
# %% [markdown]
# A stain was put on the tissue so that glands have a colour of their own: the rule needs nothing
# else. The cup has many colours, light inside and dark in the shade, and shares its red with the
# saucer. **A colour is not an object.** And the cost:
# %% tags=["measured"]
from course_utils.timing import milliseconds

for name, image in [("glands", tissue.image), ("cup", coffee.image)]:
    print(f"{name}: {milliseconds(pixels_like, image, 200, 100, 30):.0f} ms")
# %% [markdown]
# **Move it.** Every 4th pixel again. Click one, or step to it and press Enter, and move the
# tolerance. Can you get any
# object of this picture above IoU 0.6? Which pixels come along that should not, whatever you do?
# %%
figure, line = like_this.draw_like_this((75, 40), tolerance=15)
print(line)
figure
# %% tags=["nbval-ignore-output"]
like_this.demo()
# %% [markdown]
# Lessons 02 to 04 do better with rules like this one, at a cost of milliseconds and without any
# training. The networks from lesson 06 on need pictures with truth, time and often a GPU; in return
# they can learn what a cup is.
#
# ## 6 Label maps in files
#
# A label map is stored as a picture, and many accidents happen there. Often each class is stored as
# a colour; a table says which.
# %%
from course_utils.labels import decode_colours, display_palette, encode_colours

colours = display_palette(6)  # (6, 3) red, green, blue of each class
white = (255, 255, 255)
coded = encode_colours(astronaut.label_map, colours, ignore_colour=white)  # (H, W, 3)
decoded = decode_colours(coded, colours, ignore_colour=white)
print("the label map came back unchanged:", np.array_equal(decoded, astronaut.label_map))
print("colours in the file:", len(np.unique(coded.reshape(-1, 3), axis=0)))
# %% [markdown]
# **Accident 1: JPEG.** It saves space by changing colours a little. The same picture, saved and
# loaded once:
# %%
import io

from PIL import Image

file = io.BytesIO()  # stands for a file on disk
Image.fromarray(coded).save(file, "JPEG", quality=90)
loaded = np.asarray(Image.open(file))
print("more than a thousand colours:", len(np.unique(loaded.reshape(-1, 3), axis=0)) > 1000)
print(f"pixels with a colour of no class: {1 - np.mean((loaded == coded).all(axis=-1)):.0%}")
# %% [markdown]
# **Accident 2: resizing.** Photographs are made smaller by averaging neighbours (bilinear). Classes
# here are 0 background, 1 flag, 2 shuttle, 3 suit, 4 head, 5 helmet. The flag touches the suit.
# %% tags=["nbval-ignore-output"]
predict(
    "01-invented",
    "Half the size, averaged and rounded. What appears between flag and suit?",
    options=["flag and suit only", "a thin shuttle", "void", "a thin head"],
)
# %%
from skimage.transform import resize

averaged = resize(astronaut.label_map.astype(float), (256, 256), order=1, anti_aliasing=False)
averaged = np.round(averaged).astype(int)
nearest = astronaut.label_map[1::2, 1::2]  # one of each four pixels, as it is
crop = np.s_[75:135, 5:65]
maps, titles = (nearest[crop], averaged[crop]), ["nearest", "averaged"]
compare(*maps, titles=titles, class_names=astronaut.class_names)
print("values with nearest neighbour:", np.unique(nearest))
print("values after averaging:       ", np.unique(averaged))
print(f"pixels wrongly called shuttle: {np.sum((averaged == 2) & (nearest != 2))}")
reveal("01-invented", "a thin shuttle")
# %% [markdown]
# Halfway between 1 and 3 lies 2. The classes are names, not amounts; their average means nothing.
# And where 255 was averaged, there are classes that do not exist. **Label maps are resized with
# nearest neighbour, always.**
#
# **Accident 3: the palette.** A PNG file may hold class indices and, beside them, a table of colours
# for display. PASCAL VOC is stored so. What you get depends on how you open it.
# %%
table = np.full((256, 3), 255, dtype=np.uint8)  # a colour for each number that may occur
table[:6] = colours
indexed = Image.fromarray(astronaut.label_map)
indexed.putpalette(table.tobytes())
file = io.BytesIO()
indexed.save(file, "PNG")
opened = Image.open(file)
print("as it is:           ", np.unique(np.asarray(opened)))
print("made grey, wrongly: ", np.unique(np.asarray(opened.convert("L"))))
print("made red green blue:", np.asarray(opened.convert("RGB")).shape)
# %% [markdown]
# Opened as it is, it has the class indices. Converted to grey, it has the brightness of their
# colours, which are numbers as well and nobody complains. Look at `np.unique` of every label map
# that you load.
# %% [markdown]
# ## 7 What people do with masks
#
# Seven uses, each with a picture made by a few lines here, and with the lesson that builds it
# properly. One thing first: the masks of these photographs were drawn by hand, corner by corner, for
# this course.
# %%
from course_utils.datasets.annotations import read_annotation
from course_utils.places import data_folder

drawn = read_annotation(data_folder() / "annotations" / "astronaut.json").objects
corners = sum(len(shape["points"]) for shape in drawn)
print(f"the astronaut's picture: {len(drawn)} outlines with {corners} corners, set by hand")
print("of these void:", sum(shape["class"] == "void" for shape in drawn))
# %% [markdown]
# That is what truth costs: for Cityscapes, a set of street pictures, one picture took more than an
# hour and a half on average (Cordts et al. 2016). For a film, or for a million users, nobody can do
# it. The rest of the course is about *computing* such masks.
#
# ### Portrait mode (lesson 16)
#
# A large lens blurs what is far behind a person. A telephone's small lens cannot; it finds the
# person and blurs the rest. The wrong way first: blur the whole picture, then put the sharp person
# back on top. Look at the background beside shoulder and helmet.
# %%
image = astronaut.image / 255  # (H, W, 3) float in [0, 1]
person = np.isin(astronaut.label_map, [3, 4, 5])  # suit, head, helmet


def blurred(array, width):
    return ndimage.gaussian_filter(array, (width, width, 0))


def blend(front, back, mask, feather=1.2):
    weight = ndimage.gaussian_filter(mask.astype(float), feather)[..., None]  # soft at the border
    return weight * front + (1 - weight) * back


wrong = blend(image, blurred(image, 8), person)
part = np.s_[235:400, 300:512]  # the shoulder and the helmet
ax = show_image(wrong[part][::2, ::2], plt.subplots(figsize=(2, 1.6))[1], title="the wrong way")
set_alt_text(ax.figure, "A helmet and a shoulder; the room beside them glows white and orange.")
carried = blurred(person[..., None].astype(float), 8)[~person].max()
print(f"share of the person's colours in a blurred pixel of the background: up to {carried:.0%}")
# %% [markdown]
# The blur has carried the suit's orange and the helmet's white across the border: a halo. The mask
# helps twice: blur the background *without* the person, dividing by how much background was within
# reach.
# %%
behind = ~person[..., None]  # (H, W, 1) bool
nearby = blurred(behind.astype(float), 8)  # share of background around each pixel
background = blurred(image * behind, 8) / np.maximum(nearby, 1e-6)
portrait = np.clip(blend(image, background, person), 0, 1)
pictures = portrait[::3, ::3], wrong[part][::2, ::2], portrait[part][::2, ::2]
figure, axes = plt.subplots(1, 3, figsize=(6.6, 2.3))
compare(*pictures, axes=axes, titles=["portrait mode", "halo", "no halo"])
set_alt_text(
    figure, "The astronaut sharp before a blurred room; her helmet with a halo and without."
)
halo = np.abs(wrong - portrait)[~person].max()
print(f"largest difference in the background: {halo:.2f} of the range from black to white")


# %% [markdown]
# ### Video stories (lesson 16)
#
# The person stays, the world behind her moves. Four frames of a story that never happened: the
# background is the picture `rocket`, and the camera pans. The mask is made a pixel smaller first, so
# that none of the old background comes along.
# %%
def story_frame(shift):
    scene = rocket.image[:, shift : shift + 427] / 255  # a square of the night sky
    scene = resize(scene, image.shape[:2])
    return np.clip(blend(image, scene, ndimage.binary_erosion(person)), 0, 1)


frames = [story_frame(shift) for shift in (0, 50, 100, 150)]
figure, axes = plt.subplots(1, 4, figsize=(7.2, 1.9))
compare(*(frame[::3, ::3] for frame in frames), axes=axes, titles=["0 s", "1 s", "2 s", "3 s"])
set_alt_text(
    figure, "The astronaut at night before a rocket, which moves behind her in four frames."
)
kept = [np.abs(frame - frames[0])[ndimage.binary_erosion(person, iterations=8)] for frame in frames]
print("the person is the same in every frame:", all(np.all(change < 0.01) for change in kept))


# %% [markdown]
# In a real video the person moves too, and a new mask is needed 25 times a second. The budget for
# one is 40 ms.
#
# ### Virtual try-on (lesson 16)
#
# Try the suit in another colour. The wrong way: paint the mask blue, and every fold is gone. The
# better way keeps lightness, and with it the folds, and *turns* the colour: in CIELAB, hue is an
# angle.
# %%
def turned(image, degrees):
    lab = rgb2lab(image)
    colour = (lab[..., 1] + 1j * lab[..., 2]) * np.exp(1j * np.deg2rad(degrees))
    return lab2rgb(np.dstack([lab[..., 0], colour.real, colour.imag]))


suit = astronaut.label_map == 3
fabric = suit & (rgb2lab(image)[..., 2] > 15)  # of the suit, what is orange: no badge, no strap
painted = np.where(suit[..., None], [0.1, 0.3, 0.7], image)
outfits = [blend(turned(image, degrees), image, fabric) for degrees in (80, 160, 230)]
part = np.s_[130:512:2, 0:380:2]
pictures = [picture[part] for picture in (painted, *outfits)]
figure, axes = plt.subplots(1, 4, figsize=(6.6, 1.9))
compare(*pictures, axes=axes, titles=["paint", "80 degrees", "160 degrees", "230 degrees"])
set_alt_text(
    figure, "The suit as flat blue paint, then green, turquoise and blue with all its folds."
)
for name, picture in [("photograph", image), ("paint", painted), ("80 degrees", outfits[0])]:
    print(f"spread of lightness in the fabric, {name}: {rgb2lab(picture)[fabric][:, 0].std():.0f}")
# %% [markdown]
# ### Virtual make-up (lesson 16)
#
# The same idea on a face: the mask says where the lips and the hair are, lightness stays, and colour
# is moved a little. Without masks the teeth and the skin would be coloured as well.
# %%
face = load_picture("face")  # part of the astronaut's picture, with labels of its own


def tinted(image, mask, red, yellow):
    lab = rgb2lab(image)
    lab[..., 1:] += [red, yellow]  # away from green and blue, or towards them
    return blend(lab2rgb(lab), image, mask, feather=1)


lips, hair = (face.label_map == face.class_names.index(name) for name in ("lips", "hair"))
everywhere = tinted(face.image / 255, np.ones_like(lips), 32, 4)
painted_lips = tinted(face.image / 255, lips, 32, 4)
copper, blue = tinted(painted_lips, hair, 22, 12), tinted(painted_lips, hair, -8, -35)
figure, axes = plt.subplots(1, 4, figsize=(5.4, 1.9))
titles = ["photograph", "without a mask", "copper hair", "blue hair"]
compare(face.image, everywhere, copper, blue, axes=axes, titles=titles)
set_alt_text(
    figure, "A face: as it is, red all over, with red lips and copper hair, and blue hair."
)
print(f"the masks: lips {lips.mean():.1%} of the picture, hair {hair.mean():.1%}")
# %% [markdown]
# ### Visual search (lesson 16)
#
# "Find me things that look like this one." Describe each object by a **colour histogram**: divide
# red, green and blue into 8 steps each, and count which share of the pixels falls into each of the 8
# x 8 x 8 bins. Two objects are alike as far as their histograms overlap. First, collect the objects
# of six pictures.
# %%
objects = []  # (image, mask, class name)
for name in ("coffee", "cat", "astronaut", "motorcycle", "rocket", "immunohistochemistry"):
    picture = load_picture(name)
    for number in np.unique(picture.instance_map[picture.instance_map > 0]):
        mask = (picture.instance_map == number) & (picture.label_map != 255)
        if mask.sum() >= 400:
            class_name = picture.class_names[picture.label_map[mask][0]]
            objects.append((picture.image, mask, class_name))
print(len(objects), "objects of at least 400 pixels")


# %% [markdown]
# Describe them twice: by the pixels of the mask, and by all pixels of the box, as a search without
# segmentation must.
# %%
def colour_histogram(image, mask):
    counts, _ = np.histogramdd(image[mask], bins=(8, 8, 8), range=[(0, 256)] * 3)
    return counts.ravel() / counts.sum()  # (512,) adds up to 1


def box_mask(mask):
    top, left, bottom, right = box_of(mask)
    filled = np.zeros_like(mask)
    filled[top:bottom, left:right] = True
    return filled


by_mask = np.array([colour_histogram(image, mask) for image, mask, _ in objects])
by_box = np.array([colour_histogram(image, box_mask(mask)) for image, mask, _ in objects])


def ranking(histograms, query):
    overlap = np.minimum(histograms, histograms[query]).sum(axis=1)
    return [k for k in np.argsort(-overlap, kind="stable") if k != query]


# %% [markdown]
# The query is the motorcycle's front wheel.
# %% tags=["nbval-ignore-output"]
predict(
    "01-search",
    "What is found first, with masks and with boxes?",
    options=[
        "the other wheel, both ways",
        "with masks the other wheel, with boxes something else",
        "with boxes the other wheel, with masks something else",
    ],
)


# %%
def cut_out(number, with_mask):
    image, mask, _ = objects[number]
    top, left, bottom, right = box_of(mask)
    shown = np.where(mask[..., None] | (not with_mask), image, 255)[top:bottom, left:right]
    step = -(-max(shown.shape) // 90)
    return shown[::step, ::step].astype(np.uint8)


query = [k for k, (_, _, class_name) in enumerate(objects) if class_name == "wheel"][1]
figure, axes = plt.subplots(2, 4, figsize=(4.8, 2.8))
for row, (way, histograms) in enumerate([("mask", by_mask), ("box", by_box)]):
    hits = [query, *ranking(histograms, query)[:3]]
    for ax, number in zip(axes[row], hits, strict=True):
        title = f"query, by {way}" if number == query else objects[number][2]
        show_image(cut_out(number, way == "mask"), ax, title=title)
    print(f"by {way}: {', '.join(objects[number][2] for number in hits[1:])}")
reveal("01-search", "with masks the other wheel, with boxes something else")
# %% [markdown]
# With boxes the first hit is the motorcycle: its box contains the wheel's box, so many of the pixels
# compared are the same ones. Third comes an eye, from another photograph: its box has similar
# colours, and nothing of a wheel. One query is an anecdote, so count over all objects that have a
# companion of their class:
# %%
names = np.array([class_name for _, _, class_name in objects])
queries = [k for k in range(len(objects)) if np.sum(names == names[k]) > 1]
for way, histograms in [("mask", by_mask), ("box", by_box)]:
    hits = sum(names[ranking(histograms, k)[0]] == names[k] for k in queries)
    print(f"by {way}: {hits} of {len(queries)} find their own class first")
# %% [markdown]
# A small difference: companions here come from one photograph, so their boxes share a background as
# well, and that helps the box. And look what is nearest to the cat: `gland`. Fur and tissue are the
# same brown. A histogram knows colours, not cats.
# %%
cat_number = names.tolist().index("cat")
print("most like the cat, by mask:", names[ranking(by_mask, cat_number)[0]])
# %% [markdown]
# ### Handwriting (lessons 06 to 09)
#
# A scene made of real handwritten digits on a real texture, in one row. If every pixel has its
# class, the digit, and an instance number, the digits can be read off from left to right. The class
# alone could not tell two equal digits from one in two pieces. Lessons 06 to 09 build and train a
# network that computes the classes.
# %%
from course_utils.datasets.digit_scenes import digit_scene

scene = digit_scene(seed=13, size=(64, 160))
axes = plt.subplots(1, 2, figsize=(6, 1.9))[1]
compare(scene.image, scene.label_map, axes=axes, class_names=scene.class_names)
set_alt_text(axes[0].figure, "Four digits in a row on a texture, and their label map: 7, 7, 1, 8.")
digits = []
for number in range(1, scene.instance_map.max() + 1):
    rows, columns = np.nonzero(scene.instance_map == number)
    digits.append((columns.mean(), scene.class_names[scene.label_map[rows[0], columns[0]]]))
print("read from left to right:", " ".join(name for _, name in sorted(digits)))
# %% [markdown]
# ### Self-driving (lesson 15)
#
# A car must know at every moment where the road is (stuff), and where each car and each person is
# (things): panoptic segmentation. No photograph of a street with free rights comes with our
# libraries, so this scene is **drawn**, not photographed, and its label map is exact. Lesson 15
# trains on real streets.
# %%
from course_utils.datasets.street import drawn_street

street = drawn_street()
class_of = street.class_names.index
axes = plt.subplots(1, 2, figsize=(6.2, 2.7))[1]
titles = ["drawn street", "panoptic: objects outlined"]
both = street.image[::2, ::2], street.label_map
compare(*both, axes=axes, titles=titles, class_names=street.class_names)
for number in np.unique(street.instance_map[street.instance_map > 0]):
    axes[1].contour(street.instance_map == number, [0.5], colors="black", linewidths=0.7)
set_alt_text(axes[0].figure, "A drawn street; its classes in colour, each car and person outlined.")
cars = np.unique(street.instance_map[street.label_map == class_of("car")])
regions, car_regions = ndimage.label(street.label_map == class_of("car"))
print(f"{len(cars)} cars; as connected regions of the class car: {car_regions}")
# %% [markdown]
# A question that matters, asked of the label map: is somebody on the road? A person stands on what
# lies just below the feet. If that is a car or another person, the feet are hidden and the label map
# does not say. Such persons must be counted too: silence is not "no".
# %%
on_road, hidden = [], []
for number in np.unique(street.instance_map[street.label_map == class_of("person")]):
    rows, columns = np.nonzero(street.instance_map == number)
    foot = columns[rows == rows.max()][0]
    below = street.class_names[street.label_map[rows.max() + 1, foot]]
    if below in ("road", "lane mark"):
        on_road.append(int(number))
    if below in ("car", "person"):
        hidden.append(int(number))
print(f"on the road: {len(on_road)} persons, instances {on_road}")
print(f"feet hidden, cannot be decided: {len(hidden)} persons, instances {hidden}")
# %% [markdown]
# Step over the scene (every 3rd pixel): which objects are the persons on the road, which class are
# the stripes, and where does one car end and the one behind it begin?
# %% tags=["nbval-ignore-output"]
pixel_reader.demo("street")
# %% [markdown]
# ## 8 Where the course goes from here
#
# | lessons | the question |
# |---|---|
# | 02 to 04 | How far do grey levels, colours and edges carry, without any training? |
# | 05 | How good is a mask? |
# | 06 to 10 | How does a network learn to fill a label map? Convolution, pooling, upsampling, losses, training |
# | 11 to 14 | The networks: FCN, U-Net, DeepLab, and a CRF that sharpens borders |
# | 15, 16 | Training on real streets; instances and the uses above, with computed masks |
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("01_what_is_segmentation")
# %% [markdown]
# ## Recap
#
# - Classification gives a picture one label, detection gives objects boxes, segmentation gives every pixel a label: a dense prediction.
# - A label map is an array of integers as large as the picture; 255 is void. Class indices are names: never average them, resize with nearest neighbour.
# - Semantic: a class for every pixel, no objects. Instance: objects, nothing about stuff. Panoptic: a class for every pixel and a number for every thing. Unsupervised: regions without classes.
# - One colour and a tolerance is a segmenter. It works where an object has a colour of its own, and a colour is not an object.
# - Masks are drawn by hand only to train and to score; soft borders and kept shading make their uses look real.
#
# **Next:** the exercise of this lesson, then lesson 02, thresholding and histograms.
# %% [markdown]
# ## Further reading
#
# - Kirillov, He, Girshick, Rother, Dollár, *Panoptic Segmentation*, 2019: things, stuff, and both at once, [arXiv 1801.00868](https://arxiv.org/abs/1801.00868)
# - He, Gkioxari, Dollár, Girshick, *Mask R-CNN*, 2017: masks beside boxes, [arXiv 1703.06870](https://arxiv.org/abs/1703.06870)
# - Ren, He, Girshick, Sun, *Faster R-CNN*, 2015: boxes without masks, [arXiv 1506.01497](https://arxiv.org/abs/1506.01497)
# - Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015: dense prediction by a network, lesson 11, [arXiv 1411.4038](https://arxiv.org/abs/1411.4038)
# - Cordts et al., *The Cityscapes Dataset*, 2016: what labelling costs, [arXiv 1604.01685](https://arxiv.org/abs/1604.01685)
# - Felzenszwalb, Huttenlocher, *Efficient Graph-Based Image Segmentation*, IJCV 2004: regions without classes, [doi 10.1023/B:VISI.0000022288.19776.77](https://doi.org/10.1023/B:VISI.0000022288.19776.77)
# - Achanta et al., *SLIC Superpixels*, 2012, [doi 10.1109/TPAMI.2012.120](https://doi.org/10.1109/TPAMI.2012.120)
