"""Lesson 05: every score from a confusion matrix, with its edge cases, and one evaluation.

Conventions that all exercises share: rows of a table are true classes and columns predicted ones; 0
divided by 0 is nan; a mean is taken over the classes that are present in target or prediction.
"""

import json
from functools import cache, partial
from typing import Any

import numpy as np
from PIL import Image

from course_utils import metrics
from course_utils.checks.exercise import Arguments, Exercise
from course_utils.labels import IGNORE_INDEX, decode_colours, encode_colours
from course_utils.places import data_folder

Cases = dict[str, list[Arguments]]


# ----------------------------------------------------------------------------------------------
# What the exercises share: random label maps and tables, and a division that gives nan for 0/0


def _label_maps(
    rng: np.random.Generator, num_classes: int, shape: tuple[int, int], dtype: Any = np.uint8
) -> tuple[np.ndarray, np.ndarray]:
    """A random target and a prediction that is right at about half of its pixels."""
    target, other = rng.integers(0, num_classes, (2, *shape))
    prediction = np.where(rng.random(shape) < 0.4, target, other)
    return target.astype(dtype), prediction.astype(dtype)


def _table(rng: np.random.Generator, num_classes: int, absent: tuple[int, ...] = ()) -> np.ndarray:
    """A random confusion matrix; the absent classes have an empty row and an empty column."""
    table = rng.integers(0, 6, (num_classes, num_classes))
    table += np.diag(rng.integers(1, 20, num_classes))
    table[list(absent), :] = table[:, list(absent)] = 0
    return table


def _ratio(part: Any, whole: Any, undefined: float = np.nan) -> np.ndarray:
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, float(undefined)), where=whole != 0)


def _areas(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels right, true and predicted of each class."""
    return np.diag(table), table.sum(axis=1), table.sum(axis=0)


def _iou(table: np.ndarray, undefined: float = np.nan) -> np.ndarray:
    hits, true, predicted = _areas(table)
    return _ratio(hits, true + predicted - hits, undefined)


def _by_class(index: tuple[int, ...]) -> str:
    return f"class {index[0]}"


# ----------------------------------------------------------------------------------------------
# 5.1 Hits, false alarms, misses


def _count_cases(rng: np.random.Generator) -> Cases:
    shapes = [(1, 2), (2, 2), (2, 3), (3, 4), (6, 7)]
    two = [(*_label_maps(rng, 2, shape), 1) for shape in shapes for _ in range(3)]
    several = [
        (*_label_maps(rng, 4, shape, dtype), class_index)
        for shape, dtype in zip(shapes[1:], (np.uint8, np.int64, np.int32, np.uint8), strict=True)
        for class_index in range(4)
    ]
    empty = np.zeros((2, 3), np.uint8)
    return {
        "two classes": [*two, (empty, empty, 1), (empty, 1 - empty, 1), (1 - empty, empty, 1)],
        "one of several classes": [*several, (empty, empty + 3, 2)],
    }


def count_outcomes(target: np.ndarray, prediction: np.ndarray, class_index: int) -> list[int]:
    """TP, FP, FN and TN of one class, in pixels."""
    true, found = target == class_index, prediction == class_index
    pairs = (true & found, ~true & found, true & ~found, ~true & ~found)
    return [int(pixels.sum()) for pixels in pairs]


def _counts(change: Any) -> Any:
    """A mistake made from the right four counts."""
    return lambda target, prediction, k: change(*count_outcomes(target, prediction, k))


def _with_count(position: int, pixels: Any) -> Any:
    """A mistake that counts other pixels in one place; `pixels` takes target, prediction, class."""

    def mistaken(target: np.ndarray, prediction: np.ndarray, k: int) -> list[int]:
        counts = count_outcomes(target, prediction, k)
        counts[position] = int(pixels(target, prediction, k).sum())
        return counts

    return mistaken


COUNT_OUTCOMES = Exercise(
    reference=count_outcomes,
    cases=_count_cases,
    mistakes={
        "FP and FN are exchanged: a false positive is predicted as the class and is not of it.": (
            _counts(lambda tp, fp, fn, tn: (tp, fn, fp, tn))
        ),
        "The order is that of a flattened 2 x 2 table (TN, FP, FN, TP): expected is TP first.": (
            _counts(lambda tp, fp, fn, tn: (tn, fp, fn, tp))
        ),
        "TN stands second: the expected order is TP, FP, FN, TN.": (
            _counts(lambda tp, fp, fn, tn: (tp, tn, fp, fn))
        ),
        "These are shares of the picture: expected are numbers of pixels.": (
            _counts(lambda *counts: np.array(counts) / sum(counts))
        ),
        "Every pixel counts as 255: add up a bool mask, not a picture of 0 and 255.": (
            _counts(lambda *counts: 255 * np.array(counts))
        ),
        "It always counts class 1: use class_index.": (
            lambda target, prediction, k: count_outcomes(target, prediction, 1)
        ),
        "It always counts class 0: use class_index.": (
            lambda target, prediction, k: count_outcomes(target, prediction, 0)
        ),
        "TP counts every pixel where the two agree, also where they agree on another class.": (
            _with_count(0, lambda t, p, k: t == p)
        ),
        "TP counts every pixel of the class in the target, found or not.": (
            _with_count(0, lambda t, p, k: t == k)
        ),
        "FP counts every pixel predicted as the class, the hits among them.": (
            _with_count(1, lambda t, p, k: p == k)
        ),
        "FP counts every wrong pixel, whatever class was predicted there.": (
            _with_count(1, lambda t, p, k: t != p)
        ),
        "FN counts every pixel of the class in the target, the hits among them.": (
            _with_count(2, lambda t, p, k: t == k)
        ),
        "FN counts every wrong pixel, whatever class is true there.": (
            _with_count(2, lambda t, p, k: t != p)
        ),
        "TN counts only pixels that are background in both: any class but this one will do.": (
            _with_count(3, lambda t, p, k: (t == 0) & (p == 0))
        ),
        "TN asks that the two agree: it is enough that neither of them says this class.": (
            _with_count(3, lambda t, p, k: (t == p) & (t != k))
        ),
    },
    entry=lambda index: ("TP", "FP", "FN", "TN")[index[0]],
)

# ----------------------------------------------------------------------------------------------
# 5.2 The confusion matrix


def _matrix_cases(rng: np.random.Generator) -> Cases:
    shapes = [(1, 2), (1, 3), (2, 2), (2, 3), (4, 5)]
    every = [(*_label_maps(rng, c, s), c) for s in shapes for c in (2, 3, 5)]
    many = _label_maps(rng, 21, (3, 4))  # 21 x 21 pairs do not fit into uint8
    few = [(*_label_maps(rng, 2, s), c) for s in shapes for c in (3, 4)]
    void: list[Arguments] = []
    for shape in shapes:
        target, prediction = _label_maps(rng, 3, shape, np.int64)
        hidden = rng.random(shape) < 0.4
        hidden.flat[0], hidden.flat[-1] = True, False
        target.flat[-1], prediction.flat[-1] = 1, 0  # 0 as a class or, if it is void, predicted
        void.append((np.where(hidden, IGNORE_INDEX, target), prediction, 3))
        void.append((np.where(hidden, 0, target), prediction, 3, 0))
    return {
        "every pixel counts": [*every, (many[0], many[1], 21)],
        "classes that do not occur": few,
        "void pixels": void,
    }


def confusion_matrix(
    target: np.ndarray,
    prediction: np.ndarray,
    num_classes: int,
    ignore_index: int = IGNORE_INDEX,
) -> np.ndarray:
    """Pixel counts, rows true, columns predicted."""
    return metrics.confusion_matrix(target, prediction, num_classes, ignore_index)


def _once_per_pair(t: np.ndarray, p: np.ndarray, c: int, void: int = 255) -> np.ndarray:
    return np.minimum(confusion_matrix(t, p, c, void), 1)


def _void_as(value: int) -> Any:
    """Void pixels counted as one of the classes."""

    def mistaken(t: np.ndarray, p: np.ndarray, c: int, void: int = 255) -> np.ndarray:
        return confusion_matrix(np.where(t == void, value % c, t), p, c, ignore_index=-1)

    return mistaken


def _only_found_classes(t: np.ndarray, p: np.ndarray, c: int, void: int = 255) -> np.ndarray:
    found = np.unique([*t[t != void], *p[t != void]])
    return confusion_matrix(t, p, c, void)[np.ix_(found, found)]


def _overflowing(t: np.ndarray, p: np.ndarray, c: int, void: int = 255) -> np.ndarray:
    pairs = (t[t != void].astype(np.int64) * c + p[t != void]).astype(t.dtype)
    return np.bincount(pairs, minlength=c * c)[: c * c].reshape(c, c)


def _added_at(t: np.ndarray, p: np.ndarray, c: int) -> np.ndarray:
    table = np.zeros((c, c), np.int64)
    np.add.at(table, (t, p), 1)
    return table


def _added_once(t: np.ndarray, p: np.ndarray, c: int) -> np.ndarray:
    return np.minimum(_added_at(t, p, c), 1)


def _added_to_lists(t: np.ndarray, p: np.ndarray, c: int) -> list[list[int]]:
    table = [[0] * c for _ in range(c)]
    for true, found in zip(t.ravel().tolist(), p.ravel().tolist(), strict=True):
        table[true][found] += 1
    return table


def _pairs_counted(t: np.ndarray, p: np.ndarray, c: int) -> np.ndarray:
    pairs = c * t.ravel().astype(np.int64) + p.ravel()
    return np.bincount(pairs, minlength=c * c).reshape(c, c)


def _with_void(count: Any) -> Any:
    """Void pixels counted like all others, in one of the ways that stumble over them."""
    return lambda t, p, c, void=255: count(t, p, c)


_VOID_REACHES_TABLE = "255 reaches the table: leave void pixels out first."

CONFUSION_MATRIX = Exercise(
    reference=confusion_matrix,
    cases=_matrix_cases,
    mistakes={
        "Rows and columns are exchanged: a row is a true class, a column a predicted one.": (
            lambda *given: metrics.confusion_matrix(*given).T
        ),
        "Each pair of classes counts once at most: table[target, prediction] += 1 adds 1 however "
        "often a pair occurs. Count one pixel at a time, or use np.add.at or np.bincount.": (
            _once_per_pair
        ),
        _VOID_REACHES_TABLE: tuple(
            map(_with_void, (_added_at, _pairs_counted, _added_to_lists, _added_once))
        ),
        "Void pixels are counted as background: leave them out.": _void_as(0),
        "Void pixels are counted as the last class: leave them out.": _void_as(-1),
        "The void value is fixed at 255: use ignore_index.": (
            lambda t, p, c, void=255: confusion_matrix(t, p, c)
        ),
        "Void pixels are looked for in the prediction too: only the target says what is void.": (
            lambda t, p, c, void=255: metrics.confusion_matrix(
                np.where(p == void, void, t), p, c, void
            )
        ),
        "The table only has the classes that occur in these pixels: its shape is (C, C) always.": (
            _only_found_classes
        ),
        "The classes are numbered from 1: they run from 0 to C - 1, class 0 has the first row.": (
            lambda *given: np.roll(metrics.confusion_matrix(*given), -1, axis=(0, 1))
        ),
        "Only pixels that are right are counted: the errors belong beside the diagonal.": (
            lambda *given: np.diag(np.diag(metrics.confusion_matrix(*given)))
        ),
        "The rows are divided by their sums: expected are pixel counts.": (
            lambda *given: _ratio(
                metrics.confusion_matrix(*given),
                metrics.confusion_matrix(*given).sum(axis=1, keepdims=True),
                0.0,
            )
        ),
        "The number of a pair does not fit into the label map's integer type and wraps round: "
        "convert to int64 before multiplying.": _overflowing,
    },
    entry=lambda index: f"row {index[0]}, column {index[1]}",
)

# ----------------------------------------------------------------------------------------------
# 5.3 to 5.5 Scores from a table


def _table_cases(rng: np.random.Generator) -> Cases:
    present = [
        np.array([[1, 1], [0, 2]]),
        np.array([[2, 1], [1, 3]]),
        np.array([[95, 1], [5, 1]]),
        *(_table(rng, num_classes) for num_classes in (2, 2, 3, 3, 4, 5)),
    ]
    only_true, only_predicted = _table(rng, 3), _table(rng, 4)
    only_true[:, 1] = 0  # never predicted
    only_predicted[2] = 0  # predicted, but not true anywhere
    absent = [
        np.array([[1, 0], [0, 0]]),
        np.array([[2, 1, 0], [1, 3, 0], [0, 0, 0]]),
        np.array([[95, 0], [5, 0]]),  # ships, none of them found
        only_true,
        only_predicted,
        _table(rng, 3, absent=(0,)),
        _table(rng, 4, absent=(1,)),
        _table(rng, 5, absent=(0, 3)),
        _table(rng, 6, absent=(2, 5)),
    ]
    return {
        "present classes": [(table,) for table in present],
        "absent classes": [(table,) for table in absent],
    }


def iou_per_class(table: np.ndarray) -> np.ndarray:
    """IoU of each class."""
    return metrics.iou_per_class(table)


IOU_PER_CLASS = Exercise(
    reference=iou_per_class,
    cases=_table_cases,
    mistakes={
        "The union counts the overlap twice: it is in the true and in the predicted pixels.": (
            lambda table: _ratio(np.diag(table), sum(_areas(table)[1:]))
        ),
        "This is Dice: IoU divides the overlap by the union.": metrics.dice_per_class,
        "This is recall: pixels wrongly predicted as the class belong in the union too.": (
            metrics.recall_per_class
        ),
        "This is precision: missed pixels of the class belong in the union too.": (
            metrics.precision_per_class
        ),
        "This divides by all pixels of the picture: divide by the union of the class.": (
            lambda table: _ratio(np.diag(table), table.sum())
        ),
        "This is the accuracy of each class against the rest, in which true negatives count.": (
            lambda table: 1 - _ratio(sum(_areas(table)[1:]) - 2 * np.diag(table), table.sum())
        ),
        "This divides the overlap by the errors: the union holds the overlap as well.": (
            lambda table: _ratio(np.diag(table), sum(_areas(table)[1:]) - 2 * np.diag(table))
        ),
        "An absent class counts as 0: it is neither right nor wrong, so its IoU is undefined.": (
            partial(_iou, undefined=0.0)
        ),
        "An absent class counts as 1: it is neither right nor wrong, so its IoU is undefined.": (
            partial(_iou, undefined=1.0)
        ),
        "Absent classes are dropped: keep one value per class, or nobody knows whose it is.": (
            lambda table: _iou(table)[~np.isnan(_iou(table))]
        ),
        "The background is left out: class 0 has an IoU like every other class.": (
            lambda table: _iou(table)[1:]
        ),
        "This is the mean over the classes: expected is one value per class.": metrics.mean_iou,
    },
    entry=_by_class,
)


def precision_recall_dice(table: np.ndarray) -> np.ndarray:
    """Precision, recall and Dice of each class, shape (3, C)."""
    scores = (metrics.precision_per_class, metrics.recall_per_class, metrics.dice_per_class)
    return np.stack([score(table) for score in scores])


def _with_row(position: int, score: Any) -> Any:
    """A mistake in one of the three rows."""

    def mistaken(table: np.ndarray) -> np.ndarray:
        scores = precision_recall_dice(table)
        scores[position] = score(table)
        return scores

    return mistaken


def _dice_of_means(table: np.ndarray) -> np.ndarray:
    precision, recall, _ = precision_recall_dice(table)
    return _ratio(2 * precision * recall, precision + recall)


def _over_all_classes(table: np.ndarray) -> np.ndarray:
    return np.full((3, len(table)), metrics.pixel_accuracy(table))


PRECISION_RECALL_DICE = Exercise(
    reference=precision_recall_dice,
    cases=_table_cases,
    mistakes={
        "Precision and recall are exchanged: precision looks at what was predicted, a column.": (
            lambda table: precision_recall_dice(table)[[1, 0, 2]]
        ),
        "The third score is IoU: Dice counts the overlap twice, above and below the line.": (
            _with_row(2, _iou)
        ),
        "Dice lacks its factor 2: a perfect prediction has Dice 1.": (
            _with_row(2, lambda table: metrics.dice_per_class(table) / 2)
        ),
        "The third score is the arithmetic mean of precision and recall, Dice is the harmonic.": (
            _with_row(2, lambda table: precision_recall_dice(table)[:2].mean(axis=0))
        ),
        "The third score is the geometric mean of precision and recall, Dice is the harmonic.": (
            _with_row(2, lambda table: np.sqrt(precision_recall_dice(table)[:2].prod(axis=0)))
        ),
        "The third score is the accuracy of each class against the rest: leave TN out.": (
            _with_row(2, lambda t: 1 - _ratio(sum(_areas(t)[1:]) - 2 * np.diag(t), t.sum()))
        ),
        "Dice made from precision and recall is nan wherever one of them is: a class that is never "
        "found has a Dice. Make it from the counts.": _with_row(2, _dice_of_means),
        "Undefined scores are 0: 0 divided by 0 says nothing, write nan.": (
            lambda table: np.nan_to_num(precision_recall_dice(table))
        ),
        "Undefined scores are 1: 0 divided by 0 says nothing, write nan.": (
            lambda table: np.nan_to_num(precision_recall_dice(table), nan=1.0)
        ),
        "The counts of all classes are added up before dividing, so that every score is the pixel "
        "accuracy: divide class by class.": _over_all_classes,
        "There is one row per class: expected is one row per score, shape (3, C).": (
            lambda table: precision_recall_dice(table).T
        ),
        "These are means over the classes: expected is one value per class.": (
            lambda table: np.nanmean(precision_recall_dice(table), axis=1)
        ),
    },
    entry=lambda index: f"{('precision', 'recall', 'Dice')[index[0]]} of class {index[1]}",
)


def summary_scores(table: np.ndarray) -> dict[str, float]:
    """Pixel accuracy, mean IoU and frequency-weighted IoU."""
    return {
        "pixel_accuracy": float(metrics.pixel_accuracy(table)),
        "mean_iou": float(metrics.mean_iou(table)),
        "frequency_weighted_iou": float(metrics.frequency_weighted_iou(table)),
    }


def _with_score(name: str, score: Any, scores: Any = summary_scores) -> Any:
    """A mistake in one of the three scores."""
    return lambda *given: scores(*given) | {name: float(score(*given))}


def _weighted(table: np.ndarray, weights: np.ndarray) -> float:
    return float((np.nan_to_num(_iou(table)) * weights).sum() / weights.sum())


_PREDICTED_WEIGHTS = (
    "The weights are how often each class is predicted: weigh by how often it is true."
)
_SUMMARY_MISTAKES = {
    "The mean IoU counts absent classes as 0: divide by the number of classes present.": (
        _with_score("mean_iou", lambda table: _iou(table, 0.0).mean())
    ),
    "The mean IoU counts absent classes as 1: divide by the number of classes present.": (
        _with_score("mean_iou", lambda table: _iou(table, 1.0).mean())
    ),
    "One absent class makes the mean IoU nan: take the mean over the classes present.": (
        _with_score("mean_iou", lambda table: _iou(table).mean())
    ),
    "The mean IoU leaves out classes that are predicted but not true: they are present.": (
        _with_score("mean_iou", lambda table: _iou(table)[table.sum(axis=1) > 0].mean())
    ),
    "The mean IoU leaves out classes that are never predicted: they are present.": (
        _with_score("mean_iou", lambda table: _iou(table)[table.sum(axis=0) > 0].mean())
    ),
    "The mean IoU leaves out the background: it is a class like the others.": (
        _with_score("mean_iou", lambda table: np.nanmean(_iou(table)[1:]))
    ),
    "This is mean Dice, not mean IoU.": (
        _with_score("mean_iou", lambda table: np.nanmean(metrics.dice_per_class(table)))
    ),
    "The overlaps and unions of all classes are added up before dividing: take each class's IoU "
    "first, then the mean.": (
        _with_score("mean_iou", lambda table: np.trace(table) / (2 * table.sum() - np.trace(table)))
    ),
    _PREDICTED_WEIGHTS: (
        _with_score("frequency_weighted_iou", lambda table: _weighted(table, table.sum(axis=0)))
    ),
    "All classes weigh the same: weigh each IoU by the class's share of the true pixels.": (
        _with_score("frequency_weighted_iou", metrics.mean_iou)
    ),
    "One absent class makes the weighted IoU nan: nan times 0 is nan, leave the class out.": (
        _with_score("frequency_weighted_iou", lambda t: (_iou(t) * t.sum(axis=1)).sum() / t.sum())
    ),
    "The weighted IoU is not divided by the number of pixels.": (
        _with_score(
            "frequency_weighted_iou", lambda t: (np.nan_to_num(_iou(t)) * t.sum(axis=1)).sum()
        )
    ),
    "The first score is the mean recall of the classes: pixel accuracy counts all pixels alike.": (
        _with_score("pixel_accuracy", lambda table: np.nanmean(metrics.recall_per_class(table)))
    ),
    "Mean IoU and frequency-weighted IoU are exchanged.": (
        lambda table: (
            summary_scores(table)
            | {
                "mean_iou": float(metrics.frequency_weighted_iou(table)),
                "frequency_weighted_iou": float(metrics.mean_iou(table)),
            }
        )
    ),
}

SUMMARY_SCORES = Exercise(reference=summary_scores, cases=_table_cases, mistakes=_SUMMARY_MISTAKES)

# ----------------------------------------------------------------------------------------------
# 5.6 Many pictures: the mean of the scores, and the score of the sum


def _set_cases(rng: np.random.Generator) -> Cases:
    every = [
        np.stack([_table(rng, c) * rng.integers(1, 9) for _ in range(n)])
        for n, c in [(2, 2), (2, 2), (2, 3), (3, 3), (5, 4)]
    ]
    some = [
        np.stack([_table(rng, c), *(_table(rng, c, (int(rng.integers(c)),)) for _ in range(n - 1))])
        for n, c in [(2, 2), (2, 3), (3, 3), (4, 4)]
    ]
    return {
        "every class on every image": [
            (np.array([[[1, 1], [0, 2]], [[2, 0], [1, 1]], [[1, 0], [2, 1]]]),),
            *((tables,) for tables in every),
        ],
        "classes absent from some images": [
            (np.array([[[3, 1], [1, 1]], [[4, 0], [0, 0]]]),),
            *((tables,) for tables in some),
        ],
    }


def per_image_and_pooled(tables: np.ndarray) -> list[float]:
    """Mean over images of their mean IoU, and mean IoU of the sum of their tables."""
    per_image = np.mean([metrics.mean_iou(table) for table in tables])
    return [float(per_image), float(metrics.mean_iou(tables.sum(axis=0)))]


def _per_image_by(score: Any) -> Any:
    """A mistake in the per-image value."""
    return lambda tables: [float(score(tables)), per_image_and_pooled(tables)[1]]


def _pooled_by(score: Any) -> Any:
    """A mistake in the pooled value."""
    return lambda tables: [per_image_and_pooled(tables)[0], float(score(tables))]


def _ious(tables: np.ndarray, undefined: float = np.nan) -> np.ndarray:
    return np.stack([_iou(table, undefined) for table in tables])  # (N, C)


PER_IMAGE_AND_POOLED = Exercise(
    reference=per_image_and_pooled,
    cases=_set_cases,
    mistakes={
        "The two values are exchanged: first per image, then pooled.": (
            lambda tables: per_image_and_pooled(tables)[::-1]
        ),
        "Both values are pooled: the first is the mean of each image's own mean IoU.": (
            lambda tables: [per_image_and_pooled(tables)[1]] * 2
        ),
        "Both values are per image: for the second, add the tables before dividing.": (
            lambda tables: [per_image_and_pooled(tables)[0]] * 2
        ),
        "Classes absent from an image count as 0 there: leave them out of that image's mean.": (
            _per_image_by(lambda tables: _ious(tables, 0.0).mean())
        ),
        "Each class is averaged over the images first and then over the classes: expected is the "
        "mean IoU of each image, averaged over the images.": (
            _per_image_by(lambda tables: np.nanmean(np.nanmean(_ious(tables), axis=0)))
        ),
        "All values of all images go into one mean, so that an image with few classes weighs less: "
        "average each image first.": _per_image_by(lambda tables: np.nanmean(_ious(tables))),
        "Only the first image is looked at.": (
            _per_image_by(lambda tables: metrics.mean_iou(tables[0]))
        ),
        "The images' values are added, not averaged.": (
            _per_image_by(lambda tables: sum(map(metrics.mean_iou, tables)))
        ),
        "One absent class makes an image's mean nan: take the mean over the classes present.": (
            _per_image_by(lambda tables: _ious(tables).mean())
        ),
        "Images are weighted by their number of pixels: per image, every image weighs the same.": (
            _per_image_by(
                lambda tables: np.average(
                    [metrics.mean_iou(t) for t in tables], weights=tables.sum(axis=(1, 2))
                )
            )
        ),
        "Each table is divided by its sum before they are added: pooling adds pixel counts.": (
            _pooled_by(lambda tables: metrics.mean_iou(sum(t / t.sum() for t in tables)))
        ),
        "The pooled value is pixel accuracy: expected is the mean IoU of the added tables.": (
            _pooled_by(lambda tables: metrics.pixel_accuracy(tables.sum(axis=0)))
        ),
        "The pooled value is frequency-weighted: expected is the mean IoU of the added tables.": (
            _pooled_by(lambda tables: metrics.frequency_weighted_iou(tables.sum(axis=0)))
        ),
    },
    entry=lambda index: ("the per-image value", "the pooled value")[index[0]],
)

# ----------------------------------------------------------------------------------------------
# 5.7 and 5.8 The evaluation: two colour-coded pictures

_NAME = "05_evaluating_segmentation"


@cache
def _colours() -> tuple[np.ndarray, tuple[int, int, int]]:
    """Colours of the classes, shape (C, 3), and the colour of void."""
    file = data_folder() / "evaluation" / f"{_NAME}_classes.json"
    table = json.loads(file.read_text(encoding="utf-8"))
    return np.array(list(table["classes"].values()), np.uint8), tuple(table["void"])


@cache
def _given_pair() -> tuple[np.ndarray, np.ndarray]:
    """The ground truth and the prediction that ship with the course, each (240, 320, 3)."""
    folder = data_folder() / "evaluation"
    names = (f"{_NAME}_{part}.png" for part in ("ground_truth", "prediction"))
    target, prediction = (np.asarray(Image.open(folder / n).convert("RGB")) for n in names)
    return target, prediction


def _picture_cases(rng: np.random.Generator) -> Cases:
    colours, void = _colours()
    num_classes = len(colours)
    clear, hidden = [], []
    for shape in [(1, 3), (2, 2), (2, 3), (3, 4), (5, 6), (9, 8)]:
        for _ in range(2):
            target, prediction = _label_maps(rng, num_classes, shape)
            clear.append((encode_colours(target, colours), encode_colours(prediction, colours)))
            target[rng.random(shape) < 0.4] = IGNORE_INDEX
            target.flat[:2] = IGNORE_INDEX, prediction.flat[1]
            prediction.flat[0] = (prediction.flat[1] + 1) % num_classes
            image = encode_colours(target, colours, ignore_colour=void)
            hidden.append((image, encode_colours(prediction, colours)))
    return {"every pixel counts": clear, "void pixels": hidden}


def _class_indices(image: np.ndarray) -> np.ndarray:
    """Class index of each pixel; void is the class after the last."""
    colours, void = _colours()
    pack = np.array([1 << 16, 1 << 8, 1])  # one number for red, green and blue
    return (image @ pack == (np.array([*colours, void]) @ pack)[:, None, None]).argmax(axis=0)


def _pair_table(target_image: np.ndarray, prediction_image: np.ndarray) -> np.ndarray:
    """Confusion matrix of two colour-coded images; a pixel that is void in either is left out."""
    void = len(_colours()[0])
    target, prediction = _class_indices(target_image), _class_indices(prediction_image)
    return metrics.confusion_matrix(target, prediction, void + 1)[:void, :void]


def evaluate(target_image: np.ndarray, prediction_image: np.ndarray) -> dict[str, float]:
    """Pixel accuracy, mean IoU and frequency-weighted IoU of a pair of colour-coded images."""
    return summary_scores(_pair_table(target_image, prediction_image))


def _void_becomes(label: int) -> Any:
    """Void pixels scored as if they were a class; -1: as a class of their own."""

    def mistaken(target_image: np.ndarray, prediction_image: np.ndarray) -> dict[str, float]:
        void = len(_colours()[0])
        target, prediction = _class_indices(target_image), _class_indices(prediction_image)
        if label >= 0:
            target = np.where(target == void, label, target)
        return summary_scores(metrics.confusion_matrix(target, prediction, void + 1))

    return mistaken


def _accuracy_with_void(target_image: np.ndarray, prediction_image: np.ndarray) -> float:
    return float((target_image == prediction_image).all(axis=-1).mean())


def _stumbling(count: Any, exchanged: bool = False) -> Any:
    """Void that gets into the table as 255: as a row, or as a column where the two are exchanged.

    `count` is one of the ways that raise then; nothing is raised where no pixel is void.
    """

    def mistaken(target_image: np.ndarray, prediction_image: np.ndarray) -> dict[str, float]:
        colours, void = _colours()
        target, prediction = (
            decode_colours(image, colours, ignore_colour=void)
            for image in (target_image, prediction_image)
        )
        if exchanged:
            target, prediction = prediction, target
            counted = target != IGNORE_INDEX
            target, prediction = target[counted], prediction[counted]
        return summary_scores(count(target, prediction, len(colours)))

    return mistaken


def _without_void(target_image: np.ndarray, prediction_image: np.ndarray) -> dict[str, float]:
    colours = _colours()[0]
    target, prediction = (decode_colours(m, colours) for m in (target_image, prediction_image))
    return summary_scores(metrics.confusion_matrix(target, prediction, len(colours)))


_PAIR_MISTAKES: dict[str, Any] = {
    "White is void: pass ignore_colour=VOID to decode_colours.": _without_void,
    _VOID_REACHES_TABLE: (_stumbling(_added_at), _stumbling(_pairs_counted)),
    "Void pixels are counted as water: leave them out of every score.": _void_becomes(0),
    "Void pixels are scored as a class of their own: leave them out of every score.": (
        _void_becomes(-1)
    ),
    "The pixel accuracy counts void pixels as wrong: leave them out of its denominator too.": (
        _with_score("pixel_accuracy", _accuracy_with_void, evaluate)
    ),
    "Target and prediction are exchanged: void pixels and weights come from the ground truth.": (
        lambda target_image, prediction_image: evaluate(prediction_image, target_image),
        _stumbling(_added_at, exchanged=True),
        _stumbling(_pairs_counted, exchanged=True),
    ),
} | {
    message: (lambda *pair, mistake=mistake: mistake(_pair_table(*pair)))
    for message, mistake in _SUMMARY_MISTAKES.items()
    if message != _PREDICTED_WEIGHTS  # with one pair the same as exchanging the two images
}

EVALUATE = Exercise(reference=evaluate, cases=_picture_cases, mistakes=_PAIR_MISTAKES)


def report() -> dict[str, float]:
    """The three scores of the given pair."""
    return evaluate(*_given_pair())


def _on_given_pair(mistake: Any) -> dict[str, float]:
    return mistake(*_given_pair())


REPORT = Exercise(
    reference=report,
    cases=lambda rng: {"the given pair": [()]},
    mistakes={
        message: tuple(
            partial(_on_given_pair, mistake)
            for mistake in (mistakes if isinstance(mistakes, tuple) else (mistakes,))
        )
        for message, mistakes in _PAIR_MISTAKES.items()
        if not message.startswith("The mean IoU leaves out classes")  # the pair has none of these
    },
)

# ----------------------------------------------------------------------------------------------
# 5.9 Objects instead of pixels


def _rectangles(rng: np.random.Generator, size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two instance maps: rectangles, and the same ones moved, some lost, numbered differently."""
    target, predicted = np.zeros((2, size, size), np.int32)
    numbers = rng.permutation(np.arange(1, 3 * count))
    for index in range(count):
        row, column = rng.integers(0, size - 2, 2)
        height, width = rng.integers(2, 5, 2)
        target[row : row + height, column : column + width] = 2 * index + 1
        row, column = np.maximum(0, np.array([row, column]) + rng.choice([0, 0, 0, 1, -1], 2))
        if rng.random() < 0.8:
            predicted[row : row + height, column : column + width] = numbers[index]
    return target, predicted


def _run(start: int, stop: int) -> np.ndarray:
    """One object in a single row of 15 pixels."""
    pixels = np.arange(15)
    return ((start <= pixels) & (pixels < stop)).astype(np.int32)[None]


def _instance_cases(rng: np.random.Generator) -> Cases:
    empty = np.zeros((1, 4), np.int32)
    half = np.array([[1, 1, 0, 0]], np.int32)
    return {
        "objects": [_rectangles(rng, 4 + count, count) for count in (1, 1, 2, 2, 3, 4, 5, 6) * 2],
        "corner cases": [
            (empty, empty),
            (half, empty),
            (empty, half),
            (half, np.array([[3, 0, 0, 0]], np.int32)),  # IoU exactly one half
            (_run(0, 11), _run(3, 15)),  # a little more: 8 of 15
            (_run(0, 11), _run(4, 15)),  # a little less: 7 of 15
            (np.array([[1, 1, 1, 0]], np.int32), np.array([[0, 2, 2, 2]], np.int32)),
            (np.array([[5, 5, 0, 9]], np.int32), np.array([[9, 9, 0, 5]], np.int32)),
            (np.array([[1, 1, 2, 2]], np.int32), np.array([[1, 1, 1, 1]], np.int32)),
        ],
    }


def instance_score(target_instances: np.ndarray, predicted_instances: np.ndarray) -> float:
    """TP / (TP + FP + FN) of objects matched with an IoU above one half."""
    return float(metrics.instance_average_precision(target_instances, predicted_instances))


def _object_pairs(
    target: np.ndarray, predicted: np.ndarray, background: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Overlap in pixels of each pair of objects, shape (T, P), and areas (T, 1) and (1, P)."""
    t, p = (
        np.array([m == number for number in np.unique(m) if number or background]).reshape(
            -1, m.size
        )
        for m in (target, predicted)
    )
    overlap = t.astype(int) @ p.T.astype(int)
    return overlap, t.sum(axis=1, keepdims=True), p.sum(axis=1, keepdims=True).T


def _matched_by(rule: Any, score: Any = None, background: bool = False) -> Any:
    """A mistake in what counts as a match (`rule`), or in what is made of TP, FP, FN (`score`)."""

    def mistaken(target: np.ndarray, predicted: np.ndarray) -> float:
        overlap, area_t, area_p = _object_pairs(target, predicted, background)
        good = rule(overlap, area_t, area_p) & (overlap > 0)
        tp = int(good.any(axis=1).sum())
        fp, fn = good.shape[1] - int(good.any(axis=0).sum()), good.shape[0] - tp
        divide = score or (lambda tp, fp, fn: _ratio(tp, tp + fp + fn))
        return float(divide(tp, fp, fn))

    return mistaken


def _rule(rule: Any) -> Any:
    """A mistake in what counts as a match, with each way to count TP where one object has two."""

    def pairs(good: np.ndarray) -> int:
        return int(good.sum())

    def one_to_one(good: np.ndarray) -> int:
        taken: set[int] = set()
        for row in good:
            taken.update([p for p in np.flatnonzero(row).tolist() if p not in taken][:1])
        return len(taken)

    def counting(count: Any) -> Any:
        def mistaken(target: np.ndarray, predicted: np.ndarray) -> float:
            overlap, area_t, area_p = _object_pairs(target, predicted)
            tp = count(rule(overlap, area_t, area_p) & (overlap > 0))
            return float(_ratio(tp, sum(overlap.shape) - tp))

        return mistaken

    return _matched_by(rule), counting(pairs), counting(one_to_one)


def _both_empty(target_instances: np.ndarray, predicted_instances: np.ndarray) -> str | None:
    empty = not np.any(target_instances) and not np.any(predicted_instances)
    return "both maps are empty" if empty else None


def _above_half(overlap: np.ndarray, area_t: np.ndarray, area_p: np.ndarray) -> np.ndarray:
    return 2 * overlap > area_t + area_p - overlap


def _same_number(target: np.ndarray, predicted: np.ndarray) -> float:
    numbers = (set(np.unique(m[m > 0]).tolist()) for m in (target, predicted))
    t, p = numbers
    pairs = [((target == n) & (predicted == n), (target == n) | (predicted == n)) for n in t & p]
    tp = sum(2 * int(both.sum()) > int(either.sum()) for both, either in pairs)
    return float(_ratio(tp, len(t) + len(p) - tp))


def _up_to_highest(target: np.ndarray, predicted: np.ndarray) -> float:
    tp = int(_above_half(*_object_pairs(target, predicted)).sum())
    return float(_ratio(tp, int(target.max()) + int(predicted.max()) - tp))


def _draw_objects(target_instances: np.ndarray, predicted_instances: np.ndarray) -> Any:
    from course_utils.figures import new_figure
    from course_utils.plotting import show_instances

    figure, axes = new_figure(1, 2, width=5, height=2.5)
    pair = {"target": target_instances, "prediction": predicted_instances}
    for ax, (title, instance_map) in zip(axes.flat, pair.items(), strict=True):
        show_instances(instance_map, ax=ax, title=title)
    return figure


INSTANCE_SCORE = Exercise(
    reference=instance_score,
    cases=_instance_cases,
    mistakes={
        "An IoU of exactly one half counts as a match: it must lie above.": _rule(
            lambda both, t, p: 2 * both >= t + p - both
        ),
        "Any overlap counts as a match: ask for an IoU above one half.": (
            _rule(lambda both, t, p: both > 0)
        ),
        "A match is judged by the share of the target that is covered (recall), not by IoU.": (
            _rule(lambda both, t, p: 2 * both > t)
        ),
        "A match is judged by the share of the prediction that is right (precision), not by IoU.": (
            _rule(lambda both, t, p: 2 * both > p)
        ),
        "A match is judged by Dice, not by IoU.": _rule(lambda both, t, p: 4 * both > t + p),
        "This is the precision of the objects: missed objects belong below the line as well.": (
            _matched_by(_above_half, lambda tp, fp, fn: _ratio(tp, tp + fp))
        ),
        "This is the recall of the objects: false alarms belong below the line as well.": (
            _matched_by(_above_half, lambda tp, fp, fn: _ratio(tp, tp + fn))
        ),
        "This is the F1 score of the objects: here TP counts once, above and below the line.": (
            _matched_by(_above_half, lambda tp, fp, fn: _ratio(2 * tp, 2 * tp + fp + fn))
        ),
        "This is a number of objects: divide it.": (
            _matched_by(_above_half, lambda tp, fp, fn: tp)
        ),
        "With no object in either map the score is 0 divided by 0, which is nan.": (
            _matched_by(_above_half, lambda tp, fp, fn: _ratio(tp, tp + fp + fn, 0.0))
        ),
        "With no object in either map the score is 0 divided by 0: nan, not 1.": (
            _matched_by(_above_half, lambda tp, fp, fn: _ratio(tp, tp + fp + fn, 1.0))
        ),
        "The background, number 0, is matched like an object: leave it out.": (
            _matched_by(_above_half, background=True)
        ),
        "Objects are matched by their numbers: these are arbitrary, compare every pair.": (
            _same_number
        ),
        "Objects are counted by the highest number: numbers may have gaps.": _up_to_highest,
        "This is the IoU of all objects together: find pairs of objects and count them.": (
            lambda target, predicted: float(
                _ratio(
                    ((target > 0) & (predicted > 0)).sum(), ((target > 0) | (predicted > 0)).sum()
                )
            )
        ),
    },
    picture=_draw_objects,
    words=_both_empty,
)

EXERCISES = {
    "5.1": COUNT_OUTCOMES,
    "5.2": CONFUSION_MATRIX,
    "5.3": IOU_PER_CLASS,
    "5.4": PRECISION_RECALL_DICE,
    "5.5": SUMMARY_SCORES,
    "5.6": PER_IMAGE_AND_POOLED,
    "5.7": EVALUATE,
    "5.8": REPORT,
    "5.9": INSTANCE_SCORE,
}
