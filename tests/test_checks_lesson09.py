"""What is special to the checks of lesson 09: other right answers, and equality with the losses."""

import numpy as np
import pytest
import torch
from lesson_checks import all_cases
from scipy import special

from course_utils import losses
from course_utils.checks import lesson09


def log_softmax_by_scipy(logits):
    return special.log_softmax(logits, axis=0)


def log_softmax_by_pixel(logits):
    out = np.empty(logits.shape)
    for row, column in np.ndindex(logits.shape[1:]):
        out[:, row, column] = logits[:, row, column] - special.logsumexp(logits[:, row, column])
    return out.tolist()


def tensors(logits, target):
    return torch.from_numpy(logits)[None], torch.from_numpy(target)[None]


def entropy_by_library(logits, target, class_weights, ignore_index=255):
    loss = losses.cross_entropy(*tensors(logits, target), class_weights, ignore_index=ignore_index)
    return loss.item()


def entropy_by_loop(logits, target, class_weights, ignore_index=255):
    above = below = 0.0
    for row, column in np.argwhere(target != ignore_index).tolist():
        k, scores = target[row, column], logits[:, row, column]
        above += class_weights[k] * (np.log(np.exp(scores).sum()) - scores[k])
        below += class_weights[k]
    return above / below if below else 0


def focal_by_library(logits, target, gamma, alpha, ignore_index=255):
    return losses.focal_loss(*tensors(logits, target), gamma, alpha, ignore_index=ignore_index)


def focal_by_loop(logits, target, gamma, alpha, ignore_index=255):
    found = []
    for row, column in np.argwhere(target != ignore_index).tolist():
        k = target[row, column]
        p = special.softmax(logits[:, row, column])[k]
        found.append(-(alpha if k else 1 - alpha) * (1 - p) ** gamma * np.log(p))
    return np.float64(np.mean(found)) if found else 0.0


def dice_by_library(logits, target, smooth=1.0, ignore_index=255):
    pair = tensors(logits, target)
    return losses.dice_loss(*pair, smooth=smooth, ignore_index=ignore_index).numpy()


def dice_by_selection(logits, target, smooth=1.0, ignore_index=255):
    counted = target != ignore_index
    p, t = special.softmax(logits, axis=0)[:, counted], target[counted]
    each = [
        1 - (2 * p[k, t == k].sum() + smooth) / (p[k].sum() + (t == k).sum() + smooth)
        for k in range(len(p))
    ]
    return sum(each) / len(each)


def tversky_by_library(logits, target, alpha, beta, smooth=1.0, ignore_index=255):
    pair = tensors(logits, target)
    return losses.tversky_loss(*pair, alpha, beta, smooth=smooth, ignore_index=ignore_index)


def tversky_by_selection(logits, target, alpha, beta, smooth=1.0, ignore_index=255):
    counted = target != ignore_index
    p, t = special.softmax(logits, axis=0)[:, counted], target[counted]
    each = []
    for k in range(len(p)):
        tp, fp, fn = p[k, t == k].sum(), p[k, t != k].sum(), (1 - p[k, t == k]).sum()
        each.append((tp + smooth) / (tp + alpha * fp + beta * fn + smooth))
    return 1 - np.mean(each)


def weights_by_library(instance_map, w0=10.0, sigma=5.0):
    return losses.unet_border_weights(instance_map, w0, sigma)


OTHER_RIGHT_ANSWERS = [
    ("9.1", log_softmax_by_scipy),
    ("9.1", log_softmax_by_pixel),
    ("9.2", entropy_by_library),
    ("9.2", entropy_by_loop),
    ("9.3", focal_by_library),
    ("9.3", focal_by_loop),
    ("9.4", dice_by_library),
    ("9.4", dice_by_selection),
    ("9.5", tversky_by_library),
    ("9.5", tversky_by_selection),
    ("9.6", weights_by_library),
]

EQUIVALENT = {
    (
        "9.6",  # the length of the hypotenuse does not ask which leg comes first
        "np.hypot(rows - row, columns - column) -> np.hypot(columns - column, rows - row)",
    ),
}
"""Changes that leave every result the same."""

LIBRARY = {
    "9.1": lambda logits: torch.from_numpy(logits).log_softmax(0).numpy(),
    "9.2": entropy_by_library,
    "9.3": lambda *given: focal_by_library(*given).item(),
    "9.4": dice_by_library,
    "9.5": lambda *given: tversky_by_library(*given).item(),
    "9.6": weights_by_library,
}


@pytest.mark.parametrize("number", LIBRARY)
def test_the_references_are_the_losses_of_the_library(number):
    tolerance = 1e-6 if number == "9.6" else 1e-10  # border weights are float32
    for seed in range(3):
        for case in all_cases(number, seed):
            expected = lesson09.EXERCISES[number].reference(*case)
            np.testing.assert_allclose(LIBRARY[number](*case), expected, rtol=tolerance, atol=1e-12)
