"""How fast is `confusion_matrix` beside torchmetrics and scikit-learn?

    python benchmarks/metrics.py

Needs the extra `dev`. Every candidate gets the same label maps and must give the same table
before anything is timed.
"""

import numpy as np
import sklearn.metrics
import torch
from side_by_side import machine, print_timings, run, time_side_by_side, write_results
from torchmetrics.functional.classification import multiclass_confusion_matrix

from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import confusion_matrix

SHAPE = (16, 360, 480)
CASES = [(11, np.uint8), (11, np.int64), (21, np.int64)]


def make_label_maps(num_classes, dtype):
    """Target of 8 x 16 pixel regions, one in C + 1 of them void; prediction 10 % wrong."""
    rng = np.random.default_rng(0)
    count, height, width = SHAPE
    regions = rng.integers(0, num_classes + 1, size=(count, height // 8, width // 16))
    target = regions.repeat(8, axis=1).repeat(16, axis=2)
    prediction = np.where(
        rng.random(SHAPE) < 0.1, rng.integers(0, num_classes, SHAPE), target % num_classes
    )
    target[target == num_classes] = IGNORE_INDEX
    return target.astype(dtype), prediction.astype(dtype)


def plain_bincount(target, prediction, num_classes):
    """The usual short way, with void as one more row and no check of the values."""
    row = np.where(target == IGNORE_INDEX, num_classes, target).astype(np.int64)
    counts = np.bincount((row * num_classes + prediction).ravel(), minlength=num_classes**2)
    return counts[: num_classes**2].reshape(num_classes, num_classes)


def candidates(num_classes, dtype):
    """The ways to one table, by name; ours first."""
    target, prediction = make_label_maps(num_classes, dtype)
    tensors = torch.from_numpy(target), torch.from_numpy(prediction)

    def with_torchmetrics(check):
        return multiclass_confusion_matrix(
            *tensors[::-1], num_classes, ignore_index=IGNORE_INDEX, validate_args=check
        )

    ways = {
        "course_utils, tensors": lambda: confusion_matrix(*tensors, num_classes),
        "course_utils, arrays": lambda: confusion_matrix(target, prediction, num_classes),
        "NumPy bincount, unchecked": lambda: plain_bincount(target, prediction, num_classes),
        "torchmetrics": lambda: with_torchmetrics(check=True),
        "torchmetrics, unchecked": lambda: with_torchmetrics(check=False),
        "scikit-learn": lambda: sklearn.metrics.confusion_matrix(
            target.ravel(), prediction.ravel(), labels=range(num_classes)
        ),
    }
    expected = plain_bincount(target, prediction, num_classes)
    for name, way in ways.items():
        np.testing.assert_array_equal(np.asarray(way()), expected, err_msg=name)
    return ways


def main():
    here = machine("numpy", "torch", "torchmetrics", "scikit-learn")
    print(here)
    cases = {}
    for num_classes, dtype in CASES:
        title = f"{num_classes} classes and void, {np.dtype(dtype)}"
        cases[title] = time_side_by_side(candidates(num_classes, dtype))
        print_timings(title, cases[title])
    pixels = " x ".join(map(str, SHAPE))
    question = f"Confusion matrix of {pixels} pixels"
    write_results("metrics", question, {"machine": here, "cases": cases})


if __name__ == "__main__":
    run(main)
