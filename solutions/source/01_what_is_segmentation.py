# %% [markdown]
# # Exercises to lesson 01: What is segmentation?
#
# You write small tools of the kind that `course_utils` lends to the later lessons: boxes, classes
# and counts from maps, label maps as colours, label maps in another size. **20 points, about 75 minutes**, and one
# optional challenge. Write each answer where the stub is and run the check below it. A check says
# "right", or what is wrong, with the smallest example it found. Run the checks as often as you
# like; nobody counts.
#
# **Needs:** lesson 01. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 1.1 takes 15 minutes, 1.2 to 1.5 take 30 together, 1.6 takes 15, the written
# answer 10; the challenge 10 more. In a class of 60 minutes, do 1.1 together at the blackboard and
# leave 1.6 as homework.
#
# **Typical errors:** bottom and right taken as the last row and column (1.1), columns before rows
# (1.1), `range(1, highest + 1)` although numbers have gaps (1.1, 1.3), a map that is read and
# overwritten in the same loop (1.2), number 0 counted as an object (1.3), one equal channel taken
# for an equal colour (1.5), an array of zeros as the start, which makes unknown pixels background
# (1.2, 1.5), rounding in place of rounding down (1.6). Each has its own message in the checks.
# %%
import matplotlib.pyplot as plt
import numpy as np

from course_utils.checks.check import check
from course_utils.datasets.pictures import load_picture
from course_utils.plotting import show_image, show_label_map


# %% [markdown]
# ## 1.1 Boxes from an instance map (3 points)
#
# An instance map has one number for each object and 0 where there is none. Numbers are arbitrary
# and may have gaps, and one object may lie in several pieces, cut apart by something in front of
# it.
#
# A **box** is (top, left, bottom, right), in rows and columns counted from 0. Top and left are the
# object's first row and column. Bottom and right are **exclusive**: one more than its last row and
# column, so that `image[top:bottom, left:right]` holds the whole object and bottom - top is its
# height.
#
# **Example.** `[[0, 5, 5], [2, 0, 5]]` has the objects 2 and 5, in this order. Object 2 is one
# pixel, with the box (1, 0, 2, 1); object 5 has (0, 1, 2, 3).
#
# `np.nonzero(mask)` gives the rows and the columns of a mask's pixels; `np.array(found).reshape(-1,
# 4)` makes an array of shape (N, 4) also where N is 0.
# %%
def find_boxes(instance_map):
    """Boxes of all objects, int array of shape (N, 4), in the order of their numbers.

    instance_map : int array of shape (H, W), 0 where there is no object
    """
    ### BEGIN SOLUTION
    found = []
    for number in np.unique(instance_map[instance_map > 0]):
        rows, columns = np.nonzero(instance_map == number)
        found.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
    return np.array(found).reshape(-1, 4)
    ### END SOLUTION


# %% [markdown]
# First one object, then several, some of them in pieces, then numbers with gaps and maps without
# any object.
# %% points=1
check("1.1", find_boxes, aspect="one object")
### BEGIN HIDDEN TESTS
check("1.1", find_boxes, aspect="one object", seed=101)
### END HIDDEN TESTS
# %% points=1
check("1.1", find_boxes, aspect="several objects")
### BEGIN HIDDEN TESTS
check("1.1", find_boxes, aspect="several objects", seed=102)
### END HIDDEN TESTS
# %% points=1
check("1.1", find_boxes, aspect="numbers with gaps, no object")
### BEGIN HIDDEN TESTS
check("1.1", find_boxes, aspect="numbers with gaps, no object", seed=103)
far_apart = np.zeros((40, 60), dtype=np.int32)
far_apart[[0, 39], [59, 0]] = 26001
check("1.1", find_boxes, cases=[(far_apart,), (far_apart.T,)])


### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Libraries disagree about boxes. `skimage.measure.regionprops` gives ours, (top,
# left, bottom, right), exclusive; COCO stores (x, y, width, height) with x first; PASCAL VOC counts
# from 1 and includes the last pixel. Ask the class what goes wrong when one is read as another, and
# who would notice.
# %% [markdown]
# **Your boxes on real coins.** Run this when the checks say "right".
# %%
def show_boxes(picture):
    ax = show_image(picture.image, title="your boxes")
    for top, left, bottom, right in find_boxes(picture.instance_map):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        ax.add_patch(plt.Polygon(np.array(corners) - 0.5, fill=False, edgecolor="cyan"))


try:
    show_boxes(load_picture("coins"))
except NotImplementedError:
    print("find_boxes is not answered yet")


# %% [markdown]
# ## 1.2 From instances to classes (2 points)
#
# Which class each object has is often stored apart, here as a dictionary from instance number to
# class index. Write the label map. Where there is no object the class is 0, background. An object
# that the dictionary does not name gets 255, **void**: it is there, and nobody said what it is. The
# dictionary may name objects that are not in this picture.
#
# **Example.** `[[0, 7], [3, 9]]` with `{7: 1, 3: 2}` gives `[[0, 1], [2, 255]]`.
# %%
def classes_of_instances(instance_map, class_of):
    """Label map, int array of shape (H, W): class index of each pixel.

    instance_map : int array of shape (H, W), 0 where there is no object
    class_of : dictionary from instance number to class index
    """
    ### BEGIN SOLUTION
    label_map = np.where(instance_map > 0, 255, 0)  # (H, W)
    for number, class_index in class_of.items():
        label_map[instance_map == number] = class_index
    return label_map
    ### END SOLUTION


# %% points=1
check("1.2", classes_of_instances, aspect="every object has a class")
### BEGIN HIDDEN TESTS
check("1.2", classes_of_instances, aspect="every object has a class", seed=104)
### END HIDDEN TESTS
# %% points=1
check("1.2", classes_of_instances, aspect="objects without a class")
### BEGIN HIDDEN TESTS
check("1.2", classes_of_instances, aspect="objects without a class", seed=105)
check("1.2", classes_of_instances, cases=[(np.array([[0, 4], [4, 1]]), {})])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** `label_map[label_map == number] = class_index`, on a copy of the instance map,
# works until a class index equals an instance number that is still to come. Such an error shows on
# few pictures only. Read from one array, write to another.


# %% [markdown]
# ## 1.3 Count the objects of each class (3 points)
#
# With both maps in hand, count the objects of each class. A class that does not occur, or that is
# stuff without instances, has 0 objects; so has the background. Void pixels (255 in the label map)
# belong to no class, whatever the instance map says there.
#
# **Example.** Label map `[[1, 1, 2], [1, 0, 255]]`, instance map `[[4, 4, 9], [6, 0, 8]]`, 4
# classes: the counts are 0, 2, 1, 0. Object 8 is seen under void only, and is not counted.
# %%
def count_objects(label_map, instance_map, num_classes):
    """Number of objects of each class, shape (num_classes,), class 0 first.

    label_map : int array of shape (H, W), class indices or 255
    instance_map : int array of shape (H, W), 0 where there is no object
    num_classes : number of classes, also if some do not occur in this picture
    """
    ### BEGIN SOLUTION
    counts = []
    for class_index in range(num_classes):
        numbers = np.unique(instance_map[label_map == class_index])
        counts.append(np.sum(numbers > 0))
    return counts
    ### END SOLUTION


# %% [markdown]
# The second check has what makes counting hard: objects that touch, objects in pieces, stuff, and
# void. Counting connected regions will not do.
# %% points=1
check("1.3", count_objects, aspect="objects that stand apart")
### BEGIN HIDDEN TESTS
check("1.3", count_objects, aspect="objects that stand apart", seed=106)
### END HIDDEN TESTS
# %% points=2
check("1.3", count_objects, aspect="objects that touch, pieces, stuff, void")
### BEGIN HIDDEN TESTS
check("1.3", count_objects, aspect="objects that touch, pieces, stuff, void", seed=107)
tissue = load_picture("immunohistochemistry")
check("1.3", count_objects, cases=[(tissue.label_map, tissue.instance_map, 4)])
### END HIDDEN TESTS


# %% [markdown]
# ## 1.4 A label map as a picture (2 points)
#
# Data sets are often stored as colour pictures. Give each pixel the colour of its class, and void
# pixels (255) the colour `void_colour`.
#
# **Example.** `[[1, 0, 255]]` with colours `[[0, 0, 0], [128, 0, 0]]` and void colour `(255, 255,
# 255)` gives one row of three pixels: dark red, black, white.
# %%
def encode_labels(label_map, colours, void_colour):
    """Colour image, uint8 array of shape (H, W, 3).

    label_map : int array of shape (H, W), class indices or 255
    colours : uint8 array of shape (C, 3), red, green and blue of each class
    void_colour : three numbers, red, green and blue of void pixels
    """
    ### BEGIN SOLUTION
    image = np.zeros((*label_map.shape, 3), dtype=np.uint8)
    image[:] = void_colour
    for class_index, colour in enumerate(colours):
        image[label_map == class_index] = colour
    return image
    ### END SOLUTION


# %% points=1
check("1.4", encode_labels, aspect="classes")
### BEGIN HIDDEN TESTS
check("1.4", encode_labels, aspect="classes", seed=108)
### END HIDDEN TESTS
# %% points=1
check("1.4", encode_labels, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("1.4", encode_labels, aspect="void pixels", seed=109)
### END HIDDEN TESTS


# %% [markdown]
# ## 1.5 And back again (3 points)
#
# Now read such a picture. A pixel belongs to a class if its red, green **and** blue are exactly
# those of the class. Any other colour becomes 255. (The course's own `decode_colours` raises an
# error instead; both are better than a guess.)
#
# **Example.** With the two colours of 1.4, one row of dark red, black and (127, 0, 0) gives `[[1,
# 0, 255]]`: the last is nearly dark red, and nearly is not a class.
# %%
def decode_labels(image, colours):
    """Label map, int array of shape (H, W), 255 where the colour is not in the table.

    image : uint8 array of shape (H, W, 3)
    colours : uint8 array of shape (C, 3), red, green and blue of each class
    """
    ### BEGIN SOLUTION
    label_map = np.full(image.shape[:2], 255)
    for class_index, colour in enumerate(colours):
        label_map[np.all(image == colour, axis=-1)] = class_index
    return label_map
    ### END SOLUTION


# %% points=2
check("1.5", decode_labels, aspect="colours of the table")
### BEGIN HIDDEN TESTS
check("1.5", decode_labels, aspect="colours of the table", seed=110)
### END HIDDEN TESTS
# %% points=1
check("1.5", decode_labels, aspect="other colours")
### BEGIN HIDDEN TESTS
check("1.5", decode_labels, aspect="other colours", seed=111)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Should an unknown colour be void, an error, or the nearest class? Void is safe but
# silent: a file saved as JPEG would decode to nearly nothing but void, and who counts the void? The
# nearest class looks best and hides the damage. Have the class decode a JPEG of their own label map
# and count.


# %% [markdown]
# ## 1.6 A label map in another size (3 points)
#
# Networks want pictures of a fixed size, so label maps must be resized with them. Averages of
# labels are not labels: **nearest neighbour** takes, for each new pixel, the one old pixel that its
# centre falls in.
#
# Let H rows become `num_rows`. The centre of new row i lies at (i + 0.5) H / num_rows, measured in
# old rows from the top edge, and old row r covers the stretch from r to r + 1. Columns go the same
# way. (No centre in the checks falls exactly between two pixels.)
#
# **Example.** `[[3, 7, 9]]` in one row and two columns: the centres lie at 0.75 and 2.25, so the
# result is `[[3, 9]]`. In one row and six columns it is `[[3, 3, 7, 7, 9, 9]]`.
# %%
def resize_label_map(label_map, num_rows, num_columns):
    """Label map of shape (num_rows, num_columns) that holds labels of the old one only.

    label_map : int array of shape (H, W)
    num_rows, num_columns : the new size
    """
    ### BEGIN SOLUTION
    rows = (np.arange(num_rows) + 0.5) * label_map.shape[0] / num_rows
    columns = (np.arange(num_columns) + 0.5) * label_map.shape[1] / num_columns
    return label_map[np.ix_(rows.astype(int), columns.astype(int))]
    ### END SOLUTION


# %% points=1
check("1.6", resize_label_map, aspect="larger")
### BEGIN HIDDEN TESTS
check("1.6", resize_label_map, aspect="larger", seed=112)
### END HIDDEN TESTS
# %% points=2
check("1.6", resize_label_map, aspect="smaller")
### BEGIN HIDDEN TESTS
check("1.6", resize_label_map, aspect="smaller", seed=113)
rocket = load_picture("rocket").label_map
check("1.6", resize_label_map, cases=[(rocket, 61, 128), (rocket, 427, 1280)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# Nearest neighbour keeps the classes and loses thin things: the two slim towers beside the rocket,
# at an eighth of the size.
# %% tags=["solution"]
rocket = load_picture("rocket")
small = resize_label_map(rocket.label_map, 53, 80)
show_label_map(small, class_names=rocket.class_names, title="an eighth of the size")
print("classes before and after:", np.unique(rocket.label_map), np.unique(small))


# %% [markdown]
# **Which kind of segmentation? (4 points)** For each of these four tasks say, in a sentence or two,
# which answer is needed (one label, boxes, semantic, instance or panoptic segmentation) and what
# the next cheaper answer would get wrong:
#
# 1. the share of a field that is covered by weeds;
# 2. the number of sheep in a flock that stands close together;
# 3. a wheelchair that must know all that lies around it, ground included;
# 4. an album that finds all holiday pictures with a beach in them.
# %% [markdown] tags=["hand-graded"] points=4
# 1. Semantic segmentation: an area is a number of pixels of one class, and it does not matter how
# many plants they are. Boxes would count the soil between the leaves as weeds.
# 2. Instance segmentation, or boxes if only the number matters and most of each sheep is seen. A
# semantic label map makes one region of sheep that touch, so its regions cannot be counted.
# 3. Panoptic segmentation: the ground and the kerb are stuff and need a class for every pixel,
# people and bicycles are things that must be told apart. Instance segmentation alone says nothing
# about the ground.
# 4. One label for the picture: classification. Nothing asks where the beach is, and everything
# else costs more to label.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the written answer
#
# One point for each task, for an answer **with** its reason. Other answers earn the point where the
# reason holds: boxes for the sheep are right if they may overlap and only the number counts;
# semantic segmentation with a free-space map may do for the wheelchair if no moving thing must be
# followed. "Panoptic, because it can do everything" earns nothing for tasks 1 and 4: it is the
# dearest answer, and the question was what is needed.
#
# **Discussion.** What does a label cost? One word for a picture takes a second, a box some seconds,
# the outlines of one city scene in Cityscapes took more than 90 minutes (Cordts et al. 2016). Who
# pays, and for what?


# %% [markdown]
# ## 1.7 Challenge: one number for both (optional, no points)
#
# A panoptic label has a class and, for things, an instance number. A common way to store both in
# one integer is 1000 times the class plus the instance number. Stuff gets 1000 times its class,
# even where the instance map holds a number. Void keeps class 255 and has no instance: 255000.
#
# **Example.** Label map `[[1, 5, 255]]`, instance map `[[12, 3, 4]]`, things `[1, 2]`: `[[1012,
# 5000, 255000]]`. Label maps often have the type uint8, which ends at 255: mind that.
# %%
def panoptic_ids(label_map, instance_map, things):
    """1000 x class + instance for things, 1000 x class for all others, int array of shape (H, W).

    label_map : int array of shape (H, W), class indices or 255
    instance_map : int array of shape (H, W), below 1000
    things : list of the class indices that have instances
    """
    ### BEGIN SOLUTION
    counted = np.isin(label_map, things)  # (H, W) bool
    return 1000 * label_map.astype(int) + np.where(counted, instance_map, 0)
    ### END SOLUTION


# %% points=0
check("1.7", panoptic_ids, aspect="things and stuff")
# %% points=0
check("1.7", panoptic_ids, aspect="void pixels")
