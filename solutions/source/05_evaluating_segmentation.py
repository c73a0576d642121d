# %% [markdown]
# # Exercises to lesson 05: How good is a mask?
#
# You build every score that comes from the confusion matrix, edge cases included, and then judge a
# prediction with them: **20 points, about 90 minutes**, and one optional challenge. Write each
# answer where the stub is and run the check below it. A check says "right", or what is wrong, with
# the smallest example it found. Run the checks as often as you like; nobody counts.
#
# **Needs:** lesson 05. **Run time:** about 5 s on two CPU cores; no GPU needed.
# %% [markdown] tags=["solution"]
# ### For instructors: before class
#
# **Time needed:** 5.1 and 5.2 take 10 minutes each, 5.3 to 5.6 take 30 together, 5.7 and 5.8 take
# 25, the written answer 10; the challenge 20 to 40 more. In a class of 90 minutes, do 5.1 and 5.3
# together at the blackboard and leave 5.6 as homework.
#
# **Typical errors:** rows and columns exchanged (5.2, 5.4), `table[target, prediction] += 1`, which
# counts each pair once (5.2), uint8 that wraps round (5.2), nan that spreads through a mean (5.5),
# a mean of scores where the score of a sum was asked (5.6), void scored as water (5.7). Each has
# its own message in the checks.
# %%
import json

import numpy as np
from PIL import Image

from course_utils.checks.check import check
from course_utils.labels import decode_colours
from course_utils.places import data_folder
from course_utils.plotting import compare


# %% [markdown]
# **0 divided by 0.** A class that occurs nowhere is neither right nor wrong: its score is
# undefined, and we write nan ("not a number") for it. This helper divides and does just that; use
# it wherever a denominator can be 0. It takes single numbers and whole arrays.
# %%
def ratio(part, whole):
    """part / whole as float64, nan where whole is 0; numbers or arrays of one shape."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


print(ratio([1, 0, 0], [2, 4, 0]))


# %% [markdown]
# ## 5.1 Four kinds of pixels (2 points)
#
# Everything starts with counting. For one class, each pixel is a true positive (TP: is the class,
# called the class), a false positive (FP: called the class, is not), a false negative (FN: is the
# class, not called so) or a true negative (TN: neither).
#
# **Example.** Target `[[1, 1, 2]]`, prediction `[[1, 0, 0]]`, class 1: one pixel is found (TP 1),
# none is called 1 wrongly (FP 0), one is missed (FN 1). The last pixel is 2 and called 0: wrong,
# but no matter for class 1, so TN 1.
# %%
def count_outcomes(target, prediction, class_index):
    """TP, FP, FN, TN of one class, four numbers of pixels in this order.

    target, prediction : label maps, int arrays of shape (H, W)
    class_index : the class that counts as positive; all others are negative
    """
    ### BEGIN SOLUTION
    true = target == class_index  # (H, W) bool
    found = prediction == class_index  # (H, W) bool
    tp = np.sum(true & found)
    fp = np.sum(~true & found)
    fn = np.sum(true & ~found)
    tn = np.sum(~true & ~found)
    return tp, fp, fn, tn
    ### END SOLUTION


# %% [markdown]
# First with the two classes 0 and 1, then with one class of several.
# %% points=1
check("5.1", count_outcomes, aspect="two classes")
### BEGIN HIDDEN TESTS
check("5.1", count_outcomes, aspect="two classes", seed=101)
### END HIDDEN TESTS
# %% points=1
check("5.1", count_outcomes, aspect="one of several classes")
### BEGIN HIDDEN TESTS
check("5.1", count_outcomes, aspect="one of several classes", seed=102)
big = np.arange(60000).reshape(200, 300) % 7
check("5.1", count_outcomes, cases=[(big, np.roll(big, 2), 6), (big, big, 9)])
### END HIDDEN TESTS


# %% [markdown]
# ## 5.2 The confusion matrix (3 points)
#
# One table holds all these counts for all classes: the entry in row i and column j is the number of
# pixels whose true class is i and whose predicted class is j. Void pixels, where the *target* is
# `ignore_index`, are not counted, whatever was predicted there.
#
# **Example.** With 2 classes, target `[[0, 0, 1, 255]]` and prediction `[[0, 1, 1, 1]]` give `[[1,
# 1], [0, 1]]`: three pixels counted, one of them wrong.
#
# A loop over the pixels is a fine answer. Label maps often have the type uint8, which holds numbers
# up to 255 only: mind that if you compute with them.
# %%
def confusion_matrix(target, prediction, num_classes, ignore_index=255):
    """Pixel counts by true class (row) and predicted class (column), shape (C, C).

    target, prediction : label maps, integer arrays of shape (H, W)
    num_classes : number of classes C, also if some do not occur in these pixels
    ignore_index : value in the target that marks void pixels
    """
    ### BEGIN SOLUTION
    counted = target != ignore_index  # (H, W) bool
    true = target[counted].astype(np.int64)  # (P,) the pixels that count
    pair = num_classes * true + prediction[counted]  # (P,) one number for each pair: 0 ... C*C - 1
    return np.bincount(pair, minlength=num_classes**2).reshape(num_classes, num_classes)
    ### END SOLUTION


# %% [markdown]
# Three checks: plain label maps, label maps in which some classes do not occur, and void pixels.
# %% points=1
check("5.2", confusion_matrix, aspect="every pixel counts")
### BEGIN HIDDEN TESTS
check("5.2", confusion_matrix, aspect="every pixel counts", seed=103)
### END HIDDEN TESTS
# %% points=1
check("5.2", confusion_matrix, aspect="classes that do not occur")
### BEGIN HIDDEN TESTS
check("5.2", confusion_matrix, aspect="classes that do not occur", seed=104)
### END HIDDEN TESTS
# %% points=1
check("5.2", confusion_matrix, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("5.2", confusion_matrix, aspect="void pixels", seed=105)
nothing_counts = np.full((3, 4), 255, dtype=np.uint8)
check("5.2", confusion_matrix, cases=[(nothing_counts, 0 * nothing_counts, 3)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Why does `table[target, prediction] += 1` fail? NumPy reads all entries, adds 1 to
# each, and writes them back: an entry named twice is written twice with the same value. `np.add.at`
# adds every time; `np.bincount` is faster. With 21 classes in uint8, 21 * 20 = 420 wraps round to
# 164.


# %% [markdown]
# ## 5.3 IoU of every class (2 points)
#
# From here on everything is read from the table. The diagonal holds the pixels that are right, a
# row sum is all pixels that *are* a class, a column sum all pixels *called* it. IoU is the overlap
# divided by the union of the two.
#
# **Example.** `[[1, 1, 0], [0, 1, 0], [0, 0, 0]]` gives `[0.5, 0.5, nan]`. Class 0: one pixel in
# both, two in either. Class 2 is absent from target and prediction: 0 divided by 0.
# %%
def iou_per_class(table):
    """IoU of each class, shape (C,), nan for a class absent from target and prediction.

    table : confusion matrix, int array of shape (C, C), rows true
    """
    ### BEGIN SOLUTION
    overlap = np.diag(table)  # (C,)
    union = table.sum(axis=1) + table.sum(axis=0) - overlap  # (C,) true + predicted - both
    return ratio(overlap, union)
    ### END SOLUTION


# %% [markdown]
# A class can be present only as an error: predicted, but true nowhere. Then its IoU is 0, not nan.
# %% points=1
check("5.3", iou_per_class, aspect="present classes")
### BEGIN HIDDEN TESTS
check("5.3", iou_per_class, aspect="present classes", seed=106)
### END HIDDEN TESTS
# %% points=1
check("5.3", iou_per_class, aspect="absent classes")
### BEGIN HIDDEN TESTS
check("5.3", iou_per_class, aspect="absent classes", seed=107)
check("5.3", iou_per_class, cases=[(np.diag([0, 7, 0, 10**6]),), (np.array([[0, 3], [0, 0]]),)])
### END HIDDEN TESTS


# %% [markdown]
# ## 5.4 Precision, recall and Dice (2 points)
#
# IoU does not say *how* a class is wrong. Precision does (how much of what was called the class is
# it?), and recall (how much of the class was found?). Dice is the overlap counted twice, divided by
# all pixels that are the class plus all pixels called it.
#
# **Example.** `[[3, 1], [0, 2]]`, class 1: 2 pixels right, 3 called class 1, 2 truly class 1.
# Precision 2/3, recall 2/2, Dice 4/5.
#
# A class that exists but is never predicted has recall 0 and Dice 0, and its precision is 0 divided
# by 0: nan.
# %%
def precision_recall_dice(table):
    """Precision, recall and Dice, three arrays of shape (C,) in this order.

    table : confusion matrix, int array of shape (C, C), rows true
    Each score is nan where its denominator is 0.
    """
    ### BEGIN SOLUTION
    overlap = np.diag(table)  # (C,)
    true = table.sum(axis=1)  # (C,) row sums
    predicted = table.sum(axis=0)  # (C,) column sums
    precision = ratio(overlap, predicted)
    recall = ratio(overlap, true)
    dice = ratio(2 * overlap, true + predicted)
    return precision, recall, dice
    ### END SOLUTION


# %% [markdown]
# First tables in which every class is true and predicted somewhere, then tables with gaps.
# %% points=1
check("5.4", precision_recall_dice, aspect="present classes")
### BEGIN HIDDEN TESTS
check("5.4", precision_recall_dice, aspect="present classes", seed=108)
### END HIDDEN TESTS
# %% points=1
check("5.4", precision_recall_dice, aspect="absent classes")
### BEGIN HIDDEN TESTS
check("5.4", precision_recall_dice, aspect="absent classes", seed=109)
check("5.4", precision_recall_dice, cases=[(np.array([[0, 0, 0], [4, 0, 0], [0, 0, 9]]),)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Dice = 2PR / (P + R), the harmonic mean, but only where both exist: for a class
# that is never predicted P is nan and the formula gives nan, while the counts give Dice 0. And Dice
# = 2J / (1 + J) with J for IoU: in one picture the two rank any masks of a class the same way.


# %% [markdown]
# ## 5.5 One number for a whole table (2 points)
#
# - `"pixel_accuracy"`: the share of all pixels that are right;
# - `"mean_iou"`: the mean of the classes' IoU over the classes that are **present** (true or predicted);
# - `"frequency_weighted_iou"`: the mean of the classes' IoU, each weighted by the class's share of the
#   **true** pixels.
#
# **Example.** `[[95, 0], [5, 0]]`, the empty sea of the lesson: accuracy 0.95, mean IoU 0.475,
# frequency-weighted IoU 0.9025.
#
# Two hints: `np.nanmean` and `np.nansum` leave nan out, and nan times 0 is nan.
# %%
def summary_scores(table):
    """A dictionary of three numbers in [0, 1], with the three names above as keys.

    table : confusion matrix, int array of shape (C, C), rows true, at least one pixel
    """
    ### BEGIN SOLUTION
    iou = iou_per_class(table)  # (C,) nan where absent
    frequency = table.sum(axis=1) / table.sum()  # (C,) shares of the true pixels
    return {
        "pixel_accuracy": np.trace(table) / table.sum(),
        "mean_iou": np.nanmean(iou),
        "frequency_weighted_iou": np.nansum(frequency * iou),
    }
    ### END SOLUTION


# %% [markdown]
# If a check says that a score is nan, print `iou_per_class(table)` in your function and look where
# it comes from.
# %% points=1
check("5.5", summary_scores, aspect="present classes")
### BEGIN HIDDEN TESTS
check("5.5", summary_scores, aspect="present classes", seed=110)
### END HIDDEN TESTS
# %% points=1
check("5.5", summary_scores, aspect="absent classes")
### BEGIN HIDDEN TESTS
check("5.5", summary_scores, aspect="absent classes", seed=111)
check("5.5", summary_scores, cases=[(np.array([[0, 0, 0], [1, 6, 0], [0, 0, 0]]),)])
### END HIDDEN TESTS


# %% [markdown]
# ## 5.6 Per image, or pooled? (2 points)
#
# A test set has many pictures, and there are two ways to one mean IoU. **Per image:** the mean IoU
# of each picture by itself (over the classes present in *that* picture), averaged over the
# pictures. **Pooled:** add the tables of all pictures, then take the mean IoU once.
#
# **Example.** Tables `[[3, 1], [1, 1]]` and `[[4, 0], [0, 0]]`. The pictures have mean IoU 7/15 and
# 1, so per image it is 11/15 = 0.733. The sum is `[[7, 1], [1, 1]]`, with IoU 7/9 and 1/3: pooled
# 5/9 = 0.556.
# %%
def per_image_and_pooled(tables):
    """Mean IoU per image and pooled, two numbers in this order.

    tables : one confusion matrix for each of N pictures, int array of shape (N, C, C)
    """
    ### BEGIN SOLUTION
    per_image = np.mean([summary_scores(table)["mean_iou"] for table in tables])
    pooled = summary_scores(tables.sum(axis=0))["mean_iou"]  # one table, (C, C)
    return per_image, pooled
    ### END SOLUTION


# %% [markdown]
# The second check has classes that are missing in some of the pictures, as real test sets do.
# %% points=1
check("5.6", per_image_and_pooled, aspect="every class on every image")
### BEGIN HIDDEN TESTS
check("5.6", per_image_and_pooled, aspect="every class on every image", seed=112)
### END HIDDEN TESTS
# %% points=1
check("5.6", per_image_and_pooled, aspect="classes absent from some images")
### BEGIN HIDDEN TESTS
check("5.6", per_image_and_pooled, aspect="classes absent from some images", seed=113)
check("5.6", per_image_and_pooled, cases=[(np.array([[[2, 0], [1, 0]]]),)])
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Discussion.** Neither is wrong. Pooled, large objects carry the score; per image, every picture
# counts the same, and a picture with one small object can sink it. PASCAL VOC pools. A third value,
# the mean over classes of the mean over images, is met in papers too: a number without its recipe
# cannot be compared.


# %% [markdown]
# ## 5.7 From colours to scores (2 points)
#
# Ground truth often comes as a picture in which each class has a colour. `COLOURS` below has one
# row for each class, and white is void. `decode_colours(image, COLOURS, ignore_colour=VOID)` turns
# such a picture into a label map, with 255 where it is void.
# %%
folder = data_folder() / "evaluation"
slug = "05_evaluating_segmentation"
colour_file = json.loads((folder / f"{slug}_classes.json").read_text(encoding="utf-8"))
CLASS_NAMES = list(colour_file["classes"])
COLOURS = np.array(list(colour_file["classes"].values()), dtype=np.uint8)  # (C, 3) red, green, blue
VOID = tuple(colour_file["void"])
for name, colour in zip(CLASS_NAMES, COLOURS.tolist(), strict=True):
    print(f"{name:>6}: {colour}")


# %% [markdown]
# Put your functions together: decode both pictures, fill the table, read the scores.
#
# **Example.** A picture of two pixels, water and void, predicted as water and boat: one pixel
# counts, it is right, so all three scores are 1.
# %%
def evaluate(target_image, prediction_image):
    """The three scores of `summary_scores` for two colour-coded pictures, void left out.

    target_image, prediction_image : uint8 arrays of shape (H, W, 3)
    """
    ### BEGIN SOLUTION
    target = decode_colours(target_image, COLOURS, ignore_colour=VOID)  # (H, W)
    prediction = decode_colours(prediction_image, COLOURS, ignore_colour=VOID)  # (H, W)
    return summary_scores(confusion_matrix(target, prediction, num_classes=len(COLOURS)))
    ### END SOLUTION


# %% [markdown]
# The checks use small pictures in random colours of the table, without void and with it.
# %% points=1
check("5.7", evaluate, aspect="every pixel counts")
### BEGIN HIDDEN TESTS
check("5.7", evaluate, aspect="every pixel counts", seed=114)
### END HIDDEN TESTS
# %% points=1
check("5.7", evaluate, aspect="void pixels")
### BEGIN HIDDEN TESTS
check("5.7", evaluate, aspect="void pixels", seed=115)
### END HIDDEN TESTS


# %% [markdown]
# ## 5.8 The evaluation (5 points)
#
# A company offers a harbour a program that labels water, land, pier, boat and bridge from above.
# For one picture (drawn, not photographed) you have the ground truth and the prediction, as PNG
# files in `folder`:
#
# - `05_evaluating_segmentation_ground_truth.png`
# - `05_evaluating_segmentation_prediction.png`
#
# Load both files and report the three scores. `Image.open(path).convert("RGB")` opens a picture,
# and `np.asarray` makes an array of it. Do not look at the pictures yet: look at the numbers first.
# %%
def report():
    """The three scores of the harbour's two files, a dictionary as in 5.5."""
    ### BEGIN SOLUTION
    target_image, prediction_image = (
        np.asarray(Image.open(folder / f"{slug}_{part}.png").convert("RGB"))  # (H, W, 3)
        for part in ("ground_truth", "prediction")
    )
    return evaluate(target_image, prediction_image)
    ### END SOLUTION


# %% [markdown]
# Then call `report()` in a cell of your own, and look at the three numbers before you go on.
# %% points=2
check("5.8", report)
# %% [markdown] tags=["solution"]
# The report, and the table behind it. Two scores are above 0.95, the third is not.
# %% tags=["solution"]
for score, value in report().items():
    print(f"{score:>22}: {value:.3f}")
# %% [markdown]
# **Now look.** Left the ground truth, right the prediction. Hatched pixels are void.
# %%
target, prediction = (
    decode_colours(
        Image.open(folder / f"{slug}_{part}.png").convert("RGB"), COLOURS, ignore_colour=VOID
    )
    for part in ("ground_truth", "prediction")
)
compare(
    target,
    prediction,
    titles=["ground truth", "prediction"],
    class_names=CLASS_NAMES,
    palette=COLOURS,
)
print(f"{np.mean(target == 0):.0%} of the picture is water, {np.mean(target == 3):.1%} is boat")
# %% [markdown] tags=["solution"]
# The errors of the class boat alone. Ten boats of twelve are missed.
# %% tags=["solution"]
from course_utils.plotting import show_error_map

show_error_map(target, prediction, class_index=3, class_names=CLASS_NAMES)
table = confusion_matrix(target, prediction, num_classes=len(CLASS_NAMES))
for name, iou in zip(CLASS_NAMES, iou_per_class(table), strict=True):
    print(f"IoU of {name:>6}: {iou:.3f}")


# %% [markdown]
# **Your verdict (3 points).** The harbour master wants to count boats, and the company's leaflet
# says "98 % correct". In three to five sentences: which of your three scores comes closest to the
# truth about boats, and why do the other two look so good? Is that score enough, or which number
# would you ask for in addition?
# %% [markdown] tags=["hand-graded"] points=3
# Mean IoU tells most of the truth: with about 0.67 it is far below the other two, because it gives
# the boat, about one pixel in a hundred, the same weight as the water. Pixel accuracy (0.98) and
# frequency-weighted IoU (0.96) count pixels or weigh classes by their pixels, and water and land
# are 98 % of these; a program that finds no boat at all would still reach about 0.98. But mean IoU
# alone does not name the class that fails: I would ask for the IoU and the recall of the class boat
# (0.24 and 0.25), and, since boats are to be counted, for the number of boats found: 2 of 12.
# %% [markdown] tags=["solution"]
# ### For instructors: marking the verdict
#
# - **1 point:** names mean IoU, the score in which every class weighs the same.
# - **1 point:** explains the other two by the share of the pixels: boats are about 1 %, water and land nearly
#   all. "Accuracy is always bad" without a reason earns nothing.
# - **1 point:** asks for a number about boats: IoU, recall or Dice of the class, or a count of objects found.
#
# **Discussion.** Which answer would the company give? Show that "no boat anywhere" costs it less
# than half a point of accuracy. Why is the class bridge not in the mean? What would counting it as
# 0 do to the score?
#
# %% [markdown]
# ## 5.9 Challenge: count objects (optional, no points)
#
# To count boats, pixels are the wrong unit. An **instance map** gives each object a number of its
# own; 0 is background, numbers are arbitrary and may have gaps. A predicted object *matches* a true
# one if their IoU is **above** 0.5. Each match is a TP, each true object without a match a FN, each
# predicted one without a match a FP, and the score is TP / (TP + FP + FN), nan if there is no
# object at all.
#
# **Example.** Target `[[1, 1, 0, 4]]`, prediction `[[2, 2, 2, 0]]`: object 1 and object 2 have IoU
# 2/3, a match; object 4 is missed. TP 1, FP 0, FN 1: the score is 1/2.
# %%
def instance_score(target_instances, predicted_instances):
    """TP / (TP + FP + FN) of objects, a number in [0, 1] or nan.

    target_instances, predicted_instances : instance maps, int arrays of shape (H, W)
    """
    ### BEGIN SOLUTION
    true, found = (
        [instance_map == number for number in np.unique(instance_map) if number != 0]
        for instance_map in (target_instances, predicted_instances)
    )  # two lists of (H, W) bool masks
    tp = sum(np.sum(t & f) > 0.5 * np.sum(t | f) for t in true for f in found)
    return ratio(tp, len(true) + len(found) - tp)
    ### END SOLUTION


# %% [markdown]
# If a check fails here, it also shows you the two maps.
# %% points=0
check("5.9", instance_score, aspect="objects")
### BEGIN HIDDEN TESTS
check("5.9", instance_score, aspect="objects", seed=116)
### END HIDDEN TESTS
# %% points=0
check("5.9", instance_score, aspect="corner cases")
### BEGIN HIDDEN TESTS
check("5.9", instance_score, aspect="corner cases", seed=117)
### END HIDDEN TESTS
# %% [markdown] tags=["solution"]
# **Why no object can match two:** if one object had an IoU above one half with two disjoint ones,
# each of the two would cover more than half of the union, and together more than all of it. At
# exactly one half that argument ends, which is why "above" matters. This score is called average
# precision at 0.5 in StarDist; it is not the area under a precision-recall curve.
