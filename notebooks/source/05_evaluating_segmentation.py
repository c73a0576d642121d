# %% [markdown]
# # 05 How good is a mask?
#
# After this lesson you can count the four kinds of pixels, compute the common scores, and say which
# score answers your question and which one only flatters.
#
# **Needs:** Python and NumPy; lessons 01 to 04 help. **Run time:** about 15 s on two CPU cores; no
# GPU needed.
# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from course_utils import metrics
from course_utils.datasets.pictures import load_picture
from course_utils.figures import set_alt_text
from course_utils.plotting import compare, show_confusion_matrix, show_error_map, show_instances
from course_utils.widgets import overlap, paint, ship
from course_utils.widgets.predict import predict, reveal
from course_utils.widgets.quiz import quiz

# %% [markdown]
# ## 1 A method says it found the coins
#
# Left, a photograph of ancient coins. Right, the answer of Otsu's threshold (lesson 02): every
# pixel brighter than one chosen grey level is called "coin". Look closely before you read on. Would
# you trust it to count the coins? To measure them?
# %%
coins = load_picture("coins")
target = coins.label_map == 1  # (H, W) bool: drawn by hand
prediction = coins.image > threshold_otsu(coins.image)  # (H, W) bool: Otsu's answer
compare(coins.image, prediction, titles=["photograph", "Otsu's answer: coin or not"])
print(f"called coin: {prediction.mean():.1%} of the picture; by hand: {target.mean():.1%}")
# %% [markdown]
# **Predict.** Paint the places where Otsu is wrong: drag with the mouse, or move with the arrow
# keys and paint with space. Your answer is only recorded; section 2 compares it with the truth.
# %% tags=["nbval-ignore-output"]
predict(
    "05-where",
    "Where is Otsu's answer wrong? Paint the places.",
    sketch=(19, 24),
    image=coins.image,
)
# %% [markdown]
# **Predict.** And how much of the picture did it get right?
# %% tags=["nbval-ignore-output"]
predict("05-accuracy", "What share of all pixels did Otsu get right?", number=("%", 0, 100))


# %% [markdown]
# ## 2 Four kinds of pixels
#
# Set the prediction beside the truth, and each pixel is one of four kinds. *Positive* means "called
# coin", *true* means "and rightly so".
#
# | | predicted coin | predicted background |
# |---|---|---|
# | **truly coin** | true positive, TP | false negative, FN: missed |
# | **truly background** | false positive, FP: false alarm | true negative, TN |
# %%
compare(target, prediction, titles=["truth: drawn by hand", "prediction: Otsu's answer"])
print(f"pixels on which the two disagree: {np.sum(target != prediction):,} of {target.size:,}")


# %% [markdown]
# Count the four kinds and draw where they lie:
# %%
def count_four_kinds(target, prediction):
    return {
        "TP": int(np.sum(target & prediction)),
        "FP": int(np.sum(~target & prediction)),
        "FN": int(np.sum(target & ~prediction)),
        "TN": int(np.sum(~target & ~prediction)),
    }


show_error_map(target, prediction)
kinds = count_four_kinds(target, prediction)
print(kinds, "together", sum(kinds.values()), "pixels")
# %% [markdown]
# The bright corner of the cloth became coin; the dark coins at the bottom lost a part. Compare with
# what you painted. (The sketch is coarse, squares of 16 x 16 pixels; a square counts as wrong if a
# fifth of its pixels are.)
# %%
wrong = np.pad(target != prediction, ((0, 1), (0, 0)))  # 304 x 384 pixels: 19 x 24 squares of 16
share_wrong = wrong.reshape(19, 16, 24, 16).mean(axis=(1, 3))  # (19, 24), one share per square
reveal("05-where", share_wrong > 0.2)
# %% [markdown]
# **Pixel accuracy** is the share of pixels that are right: (TP + TN) / all.
# %%
accuracy = (kinds["TP"] + kinds["TN"]) / sum(kinds.values())
reveal("05-accuracy", 100 * accuracy, unit="%", tolerance=3)
# %% [markdown]
# More than nine pixels in ten are right. Is the mask that good? The next section takes this number
# apart.
#
# ## 3 The empty sea: why accuracy flatters
#
# A picture of 10 x 10 pixels shows the sea, and a ship covers 5 of them. A "detector" answers *sea*
# everywhere: it has found nothing at all.
# %% tags=["nbval-ignore-output"]
predict(
    "05-ship",
    "A useless answer, 5 ship pixels of 100. What is its pixel accuracy?",
    options=["0.00", "0.05", "0.50", "0.95"],
)
# %%
ship.draw_ship(area=5, answer="nothing found")
# %% [markdown]
# The bars are scores of that one answer; never mind the names yet, each gets its section. Compute
# the first by hand before you believe it.
# %%
sea = np.zeros((10, 10), dtype=int)
truth = sea.copy()
truth[4, 3:8] = 1  # the ship: 5 of 100 pixels
kinds = count_four_kinds(truth == 1, sea == 1)
print(kinds)
reveal("05-ship", f"{(kinds['TP'] + kinds['TN']) / 100:.2f}")
# %% [markdown]
# Ninety-five of a hundred pixels are sea, and calling them sea is right. Accuracy mostly measures
# how much background there is. **Move it:** make the ship smaller. Which scores rise although
# nothing is found? Which stay at zero? Then try the other answers.
# %% tags=["nbval-ignore-output"]
ship.demo()
# %% [markdown]
# ## 4 Intersection over union
#
# A score that background cannot inflate must leave the true negatives out. **IoU**, also called the
# Jaccard index, divides the pixels in both masks by the pixels in either. With A for the truth, B
# for the prediction, and |.| counting pixels:
#
# $$\text{IoU} = \frac{|A \cap B|}{|A \cup B|} = \frac{TP}{TP + FP + FN}$$
# %% tags=["nbval-ignore-output"]
predict(
    "05-shift",
    "A square is found, but half its width too far to the right. What is the IoU?",
    options=["1/2", "1/3", "1/4"],
)


# %%
def iou_by_hand(target, prediction):
    in_both = np.sum(target & prediction)
    in_either = np.sum(target | prediction)
    return in_both / in_either


square = np.zeros((32, 48), dtype=bool)
square[8:24, 12:28] = True
shifted = np.roll(square, 8, axis=1)
show_error_map(square, shifted)
in_both, in_either = np.sum(square & shifted), np.sum(square | shifted)
print(f"in both {in_both}, in either {in_either}, IoU {iou_by_hand(square, shifted):.3f}")
# %%
reveal("05-shift", "1/3")
# %% [markdown]
# The overlap is one half of the square, and the union has grown to three halves. Half a width of
# shift costs two thirds of the score. Now the real coins, by hand and by the course's library.
# %%
table = metrics.confusion_matrix(target, prediction, num_classes=2)
by_hand, by_library = iou_by_hand(target, prediction), metrics.iou_per_class(table)[1]
print(f"IoU of coin: by hand {by_hand:.4f}, by the library {by_library:.4f}")
# %% [markdown]
# Accuracy was above nine tenths, IoU is below eight tenths: a fifth of what either mask calls coin
# is in dispute.
#
# **Move it.** The mask of a coffee cup, drawn by hand, is shifted, eroded (its border moves
# inwards) or dilated (outwards), and all scores move together. At which shift does IoU fall below
# 0.5? Where is accuracy then?
# %%
overlap.draw_overlap(change="shift", amount=20)
# %% tags=["nbval-ignore-output"]
overlap.demo()
# %% [markdown]
# ## 5 Precision, recall and Dice
#
# One number hides *how* a mask is wrong. Two questions bring it back:
#
# - **Precision**, TP / (TP + FP): of what was called coin, how much is coin?
# - **Recall**, TP / (TP + FN): of what is coin, how much was found?
#
# **Dice** counts the overlap twice and divides by the area of one mask plus the area of the other:
# 2 TP / (2 TP + FP + FN).
# %%
kinds = count_four_kinds(target, prediction)
tp, fp, fn = kinds["TP"], kinds["FP"], kinds["FN"]
precision, recall = tp / (tp + fp), tp / (tp + fn)
dice = 2 * tp / (2 * tp + fp + fn)
print(f"precision {precision:.3f}   recall {recall:.3f}   Dice {dice:.3f}")
print(f"harmonic mean of precision and recall: {2 * precision * recall / (precision + recall):.3f}")
# %% [markdown]
# Otsu finds nearly every coin pixel (recall) and pays with false alarms (precision). And Dice *is*
# the harmonic mean of the two, known as F1 in other fields: two names, one number.
#
# Dice is tied to IoU as well. With J for IoU (Jaccard), one class on one picture: Dice = 2J / (1 +
# J).
# %%
iou = np.linspace(0, 1, 101)
figure, ax = plt.subplots(figsize=(4.5, 3.2))
ax.plot(iou, 2 * iou / (1 + iou), label="Dice = 2J / (1 + J)")
ax.plot(iou, iou, linestyle=":", color="0.4", label="if they were equal")
ax.plot(by_library, dice, "o", label="Otsu on the coins")
ax.set(xlabel="IoU (J)", ylabel="Dice", xlim=(0, 1), ylim=(0, 1.05))
ax.legend()
set_alt_text(
    figure,
    f"Dice against IoU: a curve above the diagonal, from (0, 0) to (1, 1). Otsu on the "
    f"coins lies on it, IoU {by_library:.2f} and Dice {dice:.2f}.",
)
print(f"largest difference {np.max(2 * iou / (1 + iou) - iou):.3f}, at IoU {np.sqrt(2) - 1:.2f}")
# %% [markdown]
# Dice is never below IoU and rises with it: on one picture, both rank any two masks the same way. A
# paper that reports the higher Dice and one that reports the lower IoU may have made the same mask.
# After *averaging* over pictures that ends. Method A is perfect on one picture and blind on the
# other, method B is mediocre on both. Which is better?
# %%
iou_a, iou_b = np.array([1.0, 0.0]), np.array([0.45, 0.45])  # per picture: method A, method B
for name, iou in [("A", iou_a), ("B", iou_b)]:
    print(f"method {name}: mean IoU {iou.mean():.3f}, mean Dice {np.mean(2 * iou / (1 + iou)):.3f}")


# %% [markdown]
# By mean IoU it is A, by mean Dice it is B. Neither is wrong; they answer different questions. Say
# which one you report.
#
# ## 6 More classes: one table for everything
#
# The **confusion matrix** counts each pair of true class (row) and predicted class (column). The
# loop says it best:
# %%
def table_by_loop(target, prediction, num_classes):
    table = np.zeros((num_classes, num_classes), dtype=int)
    for true_class, predicted_class in zip(target.flat, prediction.flat, strict=True):
        table[true_class, predicted_class] += 1
    return table


print(table_by_loop(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), num_classes=3))


# %% [markdown]
# A Python loop over a quarter of a million pixels is slow. Give every pair its own number, `C *
# true + predicted`, and let NumPy count the numbers.
# %%
def table_by_counting(target, prediction, num_classes):
    pair = num_classes * target.astype(np.int64) + prediction  # 0 ... C*C - 1
    return np.bincount(pair.ravel(), minlength=num_classes**2).reshape(num_classes, num_classes)


# %% [markdown]
# **Same answer as the library, and as scikit-learn?** On 100 random pairs of label maps:
# %%
from sklearn.metrics import confusion_matrix as sklearn_confusion_matrix

rng = np.random.default_rng(0)
for _ in range(100):
    a, b = rng.integers(0, 4, size=(2, 12, 12))
    expected = table_by_loop(a, b, num_classes=4)
    np.testing.assert_array_equal(table_by_counting(a, b, num_classes=4), expected)
    np.testing.assert_array_equal(metrics.confusion_matrix(a, b, num_classes=4), expected)
    np.testing.assert_array_equal(
        sklearn_confusion_matrix(a.flat, b.flat, labels=range(4)), expected
    )
print("100 of 100 agree, four ways")
# %% [markdown]
# Now a picture with five classes and a simple method: give every pixel the class whose mean colour
# is nearest to its own. The mean colours are taken from the hand-drawn answer, so the method has
# even seen the truth. (Hatched pixels belong to no class; section 7 explains them.)
# %%
coffee = load_picture("coffee")
classes = range(len(coffee.class_names))
mean_colours = np.array([coffee.image[coffee.label_map == c].mean(axis=0) for c in classes])
to_mean = coffee.image[:, :, None, :] - mean_colours  # (H, W, C, 3): each pixel, each class
nearest = np.sum(to_mean**2, axis=-1).argmin(axis=-1)  # (H, W) class indices
compare(
    coffee.image,
    coffee.label_map,
    nearest,
    class_names=coffee.class_names,
    titles=["photograph", "drawn by hand", "nearest mean colour"],
)
for c, name in enumerate(coffee.class_names):
    drawn, predicted = np.mean(coffee.label_map == c), np.mean(nearest == c)
    print(f"{name:>10}: drawn {drawn:.1%}, predicted {predicted:.1%} of the picture")
# %% [markdown]
# The confusion matrix says which classes are taken for which, here as shares of each row. The
# wooden table top is part of the background: where do its pixels go?
# %%
coffee_table = metrics.confusion_matrix(
    coffee.label_map, nearest, num_classes=len(coffee.class_names)
)
show_confusion_matrix(coffee_table, coffee.class_names, normalise=True)
row_shares = coffee_table[0] / coffee_table[0].sum()
for name, share in zip(coffee.class_names, row_shares, strict=True):
    print(f"true background, called {name}: {share:.1%}")


# %% [markdown]
# Every overlap score is read from the counts behind this picture (the shares on its diagonal are
# the recalls). For class c, the diagonal holds TP; the rest of its column is FP, the rest of its
# row FN. So the union is row sum + column sum - diagonal.
# %%
def iou_from_table(table):
    hits = np.diag(table)
    return hits / (table.sum(axis=0) + table.sum(axis=1) - hits)


np.testing.assert_allclose(iou_from_table(coffee_table), metrics.iou_per_class(coffee_table))
scores = [metrics.iou_per_class, metrics.precision_per_class, metrics.recall_per_class]
print(f"{'':>12}   IoU  precision  recall")
for c, name in enumerate(coffee.class_names):
    iou, precision, recall = (score(coffee_table)[c] for score in scores)
    print(f"{name:>12}  {iou:.2f}     {precision:.2f}      {recall:.2f}")
# %% [markdown]
# Three ways to sum the table up in one number:
#
# - **mean IoU**: every class counts the same, the spoon as much as the table top;
# - **frequency-weighted IoU**: each class counts by its true area, so a large background decides;
# - **pixel accuracy**: the diagonal over everything.
# %%
print(f"mean IoU               {metrics.mean_iou(coffee_table):.3f}")
print(f"frequency-weighted IoU {metrics.frequency_weighted_iou(coffee_table):.3f}")
print(f"pixel accuracy         {metrics.pixel_accuracy(coffee_table):.3f}")
# %% [markdown]
# **Spot the error.** You will read of the ship picture in section 3 that "its IoU is 47.5 %".
# %% tags=["nbval-ignore-output"]
predict(
    "05-error",
    "What is that number really?",
    options=["the IoU of the ship", "the mean of two IoUs", "an IoU weighted by area"],
)
# %%
ship_table = metrics.confusion_matrix(truth, sea, num_classes=2)
print("IoU of sea and ship:   ", metrics.iou_per_class(ship_table))
print("mean IoU:              ", metrics.mean_iou(ship_table))
print("frequency-weighted IoU:", round(metrics.frequency_weighted_iou(ship_table), 4))
print("Dice of sea and ship:  ", metrics.dice_per_class(ship_table).round(3))
reveal("05-error", "the mean of two IoUs")
# %% [markdown]
# 0.475 is the *mean* IoU, and all of it comes from the sea: 0.95 / 2 + 0 / 2. The ship's IoU is 0.
# A mean over two classes can look like a half-success when nothing was found, and frequency
# weighting (0.9025) hides it altogether. Report the classes one by one.
#
# ## 7 Pixels nobody can label
#
# Beside this cat's chin lies something pale. Neck, or blanket? Nobody can tell from the picture,
# nor where the fur of its cheek ends. Such pixels get the label 255, **void**: they are left out of
# training and of every score. (Eyes and nose have classes of their own; here they count as cat.)
# %%
cat = load_picture("cat")
cat_target = np.where(np.isin(cat.label_map, [0, metrics.IGNORE_INDEX]), cat.label_map, 1)
compare(
    cat.image, cat_target, class_names=["background", "cat"], titles=["photograph", "drawn by hand"]
)
print(f"void: {np.mean(cat_target == 255):.1%} of the picture")
# %% [markdown]
# Two methods differ only there: one calls the void cat, the other calls it background. What if you
# forget that 255 is not a class, and score it as background?
# %%
generous = (cat_target != 0).astype(int)
tight = (cat_target == 1).astype(int)
void_as_background = np.where(cat_target == 255, 0, cat_target)
for name, answer in [("generous", generous), ("tight", tight)]:
    left_out = metrics.iou_per_class(metrics.confusion_matrix(cat_target, answer, 2))[0]
    counted = metrics.iou_per_class(metrics.confusion_matrix(void_as_background, answer, 2))[0]
    print(f"{name:>8}: IoU of background {left_out:.2f}, with void as background {counted:.2f}")
# %% [markdown]
# Left out, both are perfect, as they should be. Counted as background, one of two equally good
# methods seems to lose nearly a fifth. The next cell puts random labels under the void; a right
# score does not move.
# %%
noise = np.random.default_rng(0).integers(0, 256, size=cat_target.shape)
under_void = np.where(cat_target == 255, noise, tight)
same = np.array_equal(
    metrics.confusion_matrix(cat_target, tight, 2),
    metrics.confusion_matrix(cat_target, under_void, 2),
)
print("the table ignores what stands under void:", same)
# %% [markdown]
# ## 8 Classes that are not there, and empty masks
#
# Take the part of the coffee picture left of the spoon, and the same method without a spoon class.
# No spoon is there and none is found: 0 pixels in both, 0 in either, and 0 / 0 is no number. What
# should enter the mean?
# %%
left_target = coffee.label_map[:, :320]
assert 4 not in left_target  # class 4 is the spoon
left_prediction = np.sum(to_mean[:, :320, :4] ** 2, axis=-1).argmin(axis=-1)
left_table = metrics.confusion_matrix(left_target, left_prediction, num_classes=5)
iou = metrics.iou_per_class(left_table)
print(dict(zip(coffee.class_names, iou.round(3).tolist(), strict=True)))
for convention, value in [("left out (nan)", np.nan), ("counted as 0", 0.0), ("counted as 1", 1.0)]:
    filled = np.where(np.isnan(iou), value, iou)
    print(f"absent class {convention:>14}: mean IoU {np.nanmean(filled):.3f}")
# %% [markdown]
# Counted as 0, a right answer is punished; counted as 1, a mediocre one is lifted. An absent class
# is neither right nor wrong, so this course leaves it out, and so do the functions of `metrics`.
#
# The same trap with whole pictures: ten of the sea, a ship on only two of them. The detector finds
# nothing, anywhere.
# %%
sea_targets = np.array([truth, truth] + [sea] * 8)  # (10, 10, 10)
tables = np.array([metrics.confusion_matrix(t, sea, num_classes=2) for t in sea_targets])
ship_iou = metrics.iou_per_class(tables)[:, 1]
print("IoU of ship per picture:", ship_iou)
print(f"mean, undefined counted as 1: {np.where(np.isnan(ship_iou), 1, ship_iou).mean():.2f}")
print(f"mean, undefined left out:     {np.nanmean(ship_iou):.2f}")
stray = sea.copy()
stray[0, 0] = 1
stray_table = metrics.confusion_matrix(sea, stray, num_classes=2)
print("one stray pixel on an empty sea, IoU of ship:", metrics.iou_per_class(stray_table)[1])


# %% [markdown]
# A detector that never fires scores 0.80 where two empty masks count as perfect. The opposite case
# is as harsh: one stray pixel on an empty picture, and the IoU there falls from undefined to 0.
#
# ## 9 Divide first, or add first?
#
# Four pictures: one large cup and three small coins, each in a picture of its own. **Method A**
# finds the cup perfectly and no coin at all. **Method B** finds all four, each 4 pixels too wide.
# %%
def widened(mask, pixels):
    return ndimage.distance_transform_edt(~mask) <= pixels  # distance to the mask


def crop_around(instance_map, number, margin=15):
    rows, columns = ndimage.find_objects(instance_map)[number - 1]
    top, left = max(rows.start - margin, 0), max(columns.start - margin, 0)
    return instance_map[top : rows.stop + margin, left : columns.stop + margin] == number


cup = np.isin(coffee.label_map, [2, 3])  # cup with its coffee
smallest = np.argsort(np.bincount(coins.instance_map.ravel())[1:])[:3] + 1
targets = [cup] + [crop_around(coins.instance_map, number) for number in smallest]
answers_a = [cup] + [np.zeros_like(mask) for mask in targets[1:]]
answers_b = [widened(mask, 4) for mask in targets]
compare(*targets, titles=["the cup", "a coin", "a coin", "a coin"])
print("object pixels per picture:", [int(mask.sum()) for mask in targets])
# %% [markdown]
# Two ways to average. **Per image**: an IoU for each picture, then the mean. **Pooled**: add the
# four tables, then divide once, as PASCAL VOC does.
# %% tags=["nbval-ignore-output"]
predict(
    "05-pooled",
    "Which method wins?",
    options=["A both ways", "B both ways", "A pooled, B per image", "B pooled, A per image"],
)


# %%
def table_of(target, prediction):
    return metrics.confusion_matrix(target, prediction, num_classes=2)


for name, answers in [("A", answers_a), ("B", answers_b)]:
    tables = np.array([table_of(t, p) for t, p in zip(targets, answers, strict=True)])  # (4, 2, 2)
    per_image = metrics.iou_per_class(tables)[:, 1]
    pooled = metrics.iou_per_class(tables.sum(axis=0))[1]
    print(f"{name}: pooled {pooled:.2f}, per image {per_image.mean():.2f} {per_image.round(2)}")
reveal("05-pooled", "A pooled, B per image")
# %% [markdown]
# Pooled, pixels vote: the cup has over ten times as many as the three coins together. Per image,
# pictures vote. Neither is wrong, but a report that does not say which one it gives cannot be
# compared with anything.
#
# A third average is a plain mistake, and common in training loops: the mean of *batch* scores. The
# last batch is smaller, yet counts as much as a full one.
# %%
dice = np.array([0.9, 0.9, 0.9, 0.9, 0.1])  # five pictures, batches of four
by_batch = np.mean([dice[:4].mean(), dice[4:].mean()])
print(f"mean over pictures {dice.mean():.2f}, mean over batches {by_batch:.2f}")
# %% [markdown]
# ## 10 Where is the border?
#
# Three answers for the cup. The first is 3 pixels too wide all around. The second is exact, but
# adds one small blob far away. The third is exact but for a bite at the rim.
# %%
rows, columns = np.indices(cup.shape)
answers = {
    "too wide": widened(cup, 3),
    "with a blob": cup | (np.hypot(rows - 365, columns - 555) < 7),
    "with a bite": cup & (np.hypot(rows - 19, columns - 290) > 60),
}
figure, axes = plt.subplots(1, 3, figsize=(8, 2.6))
for ax, (name, answer) in zip(axes, answers.items(), strict=True):
    show_error_map(cup, answer, ax, class_names=["background", "cup"], title=name, counts=False)
    print(f"{name:>11}: IoU {metrics.iou_per_class(table_of(cup, answer))[1]:.3f}")
# %% tags=["nbval-ignore-output"]
predict(
    "05-border",
    "IoU puts the blob first. By distance between outlines, which answer comes last?",
    options=list(answers),
)


# %% [markdown]
# IoU counts areas, and a border is thin: 3 pixels all around a large object cost 5 %. Two scores
# look at borders only.
#
# **Boundary IoU** is the IoU of two bands: the pixels of each mask that lie within d pixels of its
# own contour. Cheng et al. (2021) take 2 % of the picture's diagonal for d.
# %%
def inner_band(mask, width):
    padded = np.pad(mask, 1)  # so the picture's edge counts as contour
    core = ndimage.binary_erosion(padded, structure=np.ones((3, 3)), iterations=width)
    return mask & ~core[1:-1, 1:-1]


width = round(0.02 * np.hypot(*cup.shape))
print(f"d = {width} pixels")
for name, answer in answers.items():
    by_hand = iou_by_hand(inner_band(cup, width), inner_band(answer, width))
    by_library = metrics.boundary_iou(cup, answer)
    print(f"{name:>11}: boundary IoU by hand {by_hand:.3f}, by the library {by_library:.3f}")


# %% [markdown]
# **Hausdorff distance** asks for the worst place: from every contour pixel of one mask measure the
# way to the nearest contour pixel of the other, in both directions, and take the longest. The 95th
# percentile, of each direction and then the larger, forgives a few outliers.
# %%
def contour(mask):
    return mask & ~ndimage.binary_erosion(mask)


def hausdorff_by_hand(target, prediction):
    to_target = ndimage.distance_transform_edt(~contour(target))  # way to the target's contour
    to_prediction = ndimage.distance_transform_edt(~contour(prediction))
    return max(to_target[contour(prediction)].max(), to_prediction[contour(target)].max())


for name, answer in answers.items():
    by_hand, by_library = hausdorff_by_hand(cup, answer), metrics.hausdorff_distance(cup, answer)
    forgiving = metrics.hausdorff_distance(cup, answer, percentile=95)
    print(f"{name:>11}: {by_hand:5.1f} pixels by hand, {by_library:5.1f} by the library")
    print(f"{'':>11}  {forgiving:5.1f} at the 95th percentile")
reveal("05-border", "with a blob")
# %% [markdown]
# (The wide mask is off by more than 3 pixels where it closes the gap at the handle.) Three scores,
# three different answers in last place: by IoU the bite, by boundary IoU the wide mask, by
# Hausdorff distance the blob. Choose by what an error costs. In surgery the border matters most;
# for a robot, an object that is not there.
#
# Where a mask is empty, distance has no meaning: both empty give nan, one empty gives infinity.
# %%
empty = np.zeros_like(cup)
for name, other in [("one empty", cup), ("both empty", empty)]:
    distance, border = metrics.hausdorff_distance(other, empty), metrics.boundary_iou(other, empty)
    print(f"{name:>10}: Hausdorff distance {distance}, boundary IoU {border}")
# %% [markdown]
# ## 11 Counting objects
#
# Back to the coins. There are 24. Every connected region of Otsu's answer is taken as one object:
# %%
regions, count = ndimage.label(prediction)
sizes = np.bincount(regions.ravel())[1:]
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
show_instances(coins.instance_map, axes[0], title="24 coins, drawn by hand")
show_instances(regions, axes[1], title=f"{count} regions of Otsu's answer")
print(f"{count} regions, {np.sum(sizes < 50)} of them smaller than 50 pixels")
# %% [markdown]
# For objects, count objects. A predicted object is a **true positive** if its IoU with a true one
# exceeds 0.5. Above 0.5 no two predictions can claim the same coin: each would need more than half
# of it. What is left over is FP, what was not found is FN. The score is called **average
# precision** (AP) at 0.5:
#
# $$\text{AP}_{0.5} = \frac{TP}{TP + FP + FN}$$
# %% tags=["nbval-ignore-output"]
predict(
    "05-instances",
    "How many of the 24 coins does Otsu find with IoU above 0.5?",
    number=("coins", 0, 24),
)


# %%
def matched_objects(target_instances, predicted_instances):
    matches = 0
    for number in range(1, target_instances.max() + 1):
        mask = target_instances == number
        touched = np.unique(predicted_instances[mask])
        overlaps = [iou_by_hand(mask, predicted_instances == n) for n in touched if n > 0]
        matches += max(overlaps, default=0) > 0.5
    return matches


found = matched_objects(coins.instance_map, regions)
false_alarms, missed = count - found, 24 - found
by_hand = found / (found + false_alarms + missed)
by_library = metrics.instance_average_precision(coins.instance_map, regions)
print(f"TP {found}, FP {false_alarms}, FN {missed}")
print(f"AP at 0.5: by hand {by_hand:.3f}, by the library {by_library:.3f}")
reveal("05-instances", found, unit="coins", tolerance=0)
# %% [markdown]
# All coins but one are found: the one at the top left has merged with the bright corner. AP is poor
# all the same, because every speck is a false alarm. (This is the AP of the cell-detection method
# StarDist. It is *not* the area under a precision-recall curve, which goes by the same name in
# detection: say which one you report.)
#
# **Removing the specks** is one line. Which score notices?
# %%
large = np.isin(regions, 1 + np.flatnonzero(sizes >= 50))
large_regions, count = ndimage.label(large)
for name, mask, objects in [
    ("with specks", prediction, regions),
    ("without", large, large_regions),
]:
    ap = metrics.instance_average_precision(coins.instance_map, objects)
    print(f"{name:>11}: IoU {iou_by_hand(target, mask):.3f}, AP {ap:.2f}")
# %% [markdown]
# And the reverse: of two answers, one has the better IoU, the other the better AP. Each coin 5
# pixels too small, or 5 too large:
# %%
answers = {
    "5 pixels too small": ndimage.distance_transform_edt(target) > 5,
    "5 pixels too large": widened(target, 5),
}
figure, axes = plt.subplots(1, 2, figsize=(7.5, 3))
for ax, (name, mask) in zip(axes, answers.items(), strict=True):
    objects, count = ndimage.label(mask)
    show_instances(objects, ax, title=name)
    ap = metrics.instance_average_precision(coins.instance_map, objects)
    print(f"{name}: IoU {iou_by_hand(target, mask):.3f}, {count} objects, AP {ap:.2f}")
# %% [markdown]
# Too large, neighbours merge: the better mask gives the worse objects.
#
# One mask, the one of section 1, and every answer that this lesson has for it:
# %%
for name, score in {
    "area called coin / area of coins": prediction.sum() / target.sum(),
    "pixel accuracy": metrics.pixel_accuracy(table),
    "mean IoU": metrics.mean_iou(table),
    "IoU of coin": metrics.iou_per_class(table)[1],
    "Dice of coin": metrics.dice_per_class(table)[1],
    "boundary IoU": metrics.boundary_iou(target, prediction),
    "instance AP at 0.5": metrics.instance_average_precision(coins.instance_map, regions),
}.items():
    print(f"{name:>32} {score:.2f}")
# %% [markdown]
# As an area it is a sixth too large; as an outline it is rough; as a list of objects it is useless
# until the specks are gone. "How good is a mask?" has no answer before you say: good for what?
#
# ## 12 Your own mask
#
# Paint the cup, handle and coffee included; squares of 8 x 8 pixels are scored. Can you reach IoU
# 0.9? Which score is the last to rise? Then paint badly on purpose: with accuracy above 0.9, how
# low can the IoU get, and why not far below 0.5? Here is what a rectangle scores:
# %%
rectangle = np.zeros(paint.GRID, dtype=np.uint8)
rectangle[3:38, 22:52] = 1
paint.draw_painting(rectangle)
# %% tags=["nbval-ignore-output"]
paint.demo()
# %% [markdown]
# ## 13 Which score for which question?
#
# | you ask | report | watch out for |
# |---|---|---|
# | How well is this class found? | its IoU (or Dice: same ranking on one picture) | small objects: one pixel weighs much |
# | How good is a model over classes? | mean IoU of the pooled table, and every class | absent classes, void |
# | Does it hold on every picture? | per-image IoU, its spread and worst cases | empty pictures |
# | Misses or false alarms? | precision and recall | one of them alone can be 1 for a useless answer |
# | Is the outline right? | boundary IoU, Hausdorff (95th percentile) | say the width, say the unit |
# | Are the objects found one by one? | instance AP at a stated threshold | touching objects |
#
# Pixel accuracy and frequency-weighted IoU stand in no row: a large background lifts both.
# %% [markdown]
# ## Quiz
#
# Answer from memory first, then scroll back. Each option tells its reason.
# %% tags=["nbval-ignore-output"]
quiz("05_evaluating_segmentation")
# %% [markdown]
# ## Recap
#
# - Every pixel is TP, FP, FN or TN; the confusion matrix holds these counts for all classes, and every overlap score is read from it.
# - Accuracy flatters where background dominates: a ship missed entirely still gives 0.95.
# - IoU = TP / (TP + FP + FN). Dice = F1 = 2J / (1 + J) ranks single masks as IoU does; averages may not.
# - Void is left out, an absent class is nan, and a report says *pooled* or *per image*.
# - Borders and objects need scores of their own: boundary IoU, Hausdorff distance, instance AP.
#
# **Next:** the exercise of this lesson, then lesson 06, convolution.
# %% [markdown]
# ## Further reading
#
# - Everingham et al., *The PASCAL Visual Object Classes Challenge: A Retrospective*, IJCV 2015: the pooled mean IoU, [doi 10.1007/s11263-014-0733-5](https://doi.org/10.1007/s11263-014-0733-5)
# - Long, Shelhamer, Darrell, *Fully Convolutional Networks for Semantic Segmentation*, 2015, section 5: accuracy, mean IU and frequency-weighted IU side by side, [arXiv 1411.4038](https://arxiv.org/abs/1411.4038)
# - Cheng et al., *Boundary IoU*, 2021, [arXiv 2103.16562](https://arxiv.org/abs/2103.16562)
# - Schmidt et al., *Cell Detection with Star-convex Polygons*, 2018: AP as TP / (TP + FP + FN), [arXiv 1806.03535](https://arxiv.org/abs/1806.03535)
# - Dice, *Measures of the Amount of Ecologic Association Between Species*, 1945, [doi 10.2307/1932409](https://doi.org/10.2307/1932409)
