"""Lesson 09: the losses of a segmentation network from scratch, and U-Net's border weights.

Conventions that all exercises share: one picture, logits (C, H, W) and a target (H, W); softmax
runs over the classes at each pixel; void pixels have the value `ignore_index` and count nowhere,
neither above nor below a division; where no pixel counts the loss is 0. NumPy alone: nothing here
loads torch, and a test compares these references with `course_utils.losses`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]
Array = np.ndarray
SHAPES = ((1, 2), (2, 2), (2, 3), (3, 4), (5, 6))


def _entry(index: tuple[int, ...]) -> str:
    if len(index) == 3:
        return f"class {index[0]}, row {index[1]}, column {index[2]}"
    return f"row {index[0]}, column {index[1]}"


def _picture(
    rng: np.random.Generator, classes: int, shape: tuple[int, int], void: int | None = None
) -> tuple[Array, Array]:
    """Logits and a target; void pixels in it if a value for them is given."""
    logits = rng.normal(0, 1.5, (classes, *shape)).round(1)
    target = rng.integers(0, classes, shape)
    target.flat[:2] = rng.permutation(classes)[:2]  # two classes at least
    if void is not None:
        hidden = rng.random(shape) < 0.3
        hidden.flat[0], hidden.flat[-1] = False, True
        target[hidden] = void
    return logits, target


# ----------------------------------------------------------------------------------------------
# 9.1 The logarithm of softmax


def _score_cases(rng: np.random.Generator) -> Cases:
    ordinary = [
        (rng.normal(0, 2, (c, *shape)).round(1),) for shape in SHAPES[:4] for c in (2, 3, 4)
    ]
    large = [
        (np.array([1000.0, 998.0]).reshape(2, 1, 1),),
        (np.array([-1000.0, -998.0]).reshape(2, 1, 1),),
        (np.array([[900.0, -900.0], [-900.0, -901.0]]).reshape(2, 1, 2),),
        *((rng.integers(-2000, 2000, (c, 2, 2)).astype(float),) for c in (2, 3)),
    ]
    return {"ordinary scores": ordinary, "large scores": large}


def log_softmax(logits: Array) -> Array:
    """Logarithm of the softmax over the classes, at each pixel."""
    shifted = logits - logits.max(axis=0)
    return shifted - np.log(np.exp(shifted).sum(axis=0))


def _softmax(logits: Array, axis: Any = 0) -> Array:
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _along(axis: Any) -> Callable[[Array], Array]:
    def mistaken(logits: Array) -> Array:
        shifted = logits - logits.max(axis=axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))

    return mistaken


def _plus(tiny: float) -> Callable[[Array], Array]:
    return lambda logits: np.log(_softmax(logits) + tiny)


LOG_SOFTMAX = Exercise(
    reference=log_softmax,
    cases=_score_cases,
    mistakes={
        "These are probabilities: their logarithm is asked for.": _softmax,
        "The classes and all pixels share one sum: add up over the classes, pixel by pixel.": (
            _along((0, 1, 2))
        ),
        "The sum runs along the rows or columns: add up over the classes, which are axis 0.": (
            _along(1),
            _along(2),
        ),
        "Large scores overflow or underflow: take the largest score of each pixel off before "
        "exp.": (
            lambda logits: np.log(np.exp(logits) / np.exp(logits).sum(axis=0)),
            lambda logits: logits - np.log(np.exp(logits).sum(axis=0)),
        ),
        "The largest score of the whole picture is taken off: pixels with low scores underflow. "
        "Take off each pixel's own.": (
            lambda logits: logits - logits.max() - np.log(np.exp(logits - logits.max()).sum(axis=0))
        ),
        "A tiny probability is rounded to 0 before its logarithm is taken: write the logarithm of "
        "the quotient as a difference.": lambda logits: np.log(_softmax(logits)),
        "A small number is added before the logarithm: it hides tiny probabilities.": tuple(
            _plus(10.0**power) for power in (-6, -7, -8, -9, -10, -12, -15)
        ),
        "The largest score is taken off inside the sum only: the score itself must lose it too.": (
            lambda logits: logits - np.log(np.exp(logits - logits.max(axis=0)).sum(axis=0))
        ),
        "Only the largest score is taken off: the logarithm of the sum must be taken off too.": (
            lambda logits: logits - logits.max(axis=0)
        ),
        "The logarithm has base 2 or 10: use the natural one, np.log.": (
            lambda logits: log_softmax(logits) / np.log(2),
            lambda logits: log_softmax(logits) / np.log(10),
        ),
        "The sign is turned: the logarithm of a probability is at most 0.": (
            lambda logits: -log_softmax(logits)
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 9.2 and 9.3 Means over pixels

Pixels = tuple[Array, Array, Array]


def _true_class(logits: Array, target: Array, void: int, instead: int = 0) -> Pixels:
    """Class index with void replaced, which pixels count, and log p of that class."""
    counted = target != void
    true = np.where(counted, target, instead % len(logits))
    return true, counted, np.take_along_axis(log_softmax(logits), true[None], axis=0)[0]


def _divided(total: float, weight: float) -> float:
    return float(total / weight) if weight > 0 else 0.0


def _weight_cases(rng: np.random.Generator) -> Cases:
    cases: Cases = {"equal weights": [], "unequal weights": [], "void pixels": []}
    for shape in SHAPES:
        for classes in (2, 3):
            weights = rng.permutation([0.5, 2.0, 5.0])[:classes]
            cases["equal weights"].append((*_picture(rng, classes, shape), np.ones(classes)))
            cases["unequal weights"].append((*_picture(rng, classes, shape), weights))
            cases["void pixels"].append((*_picture(rng, classes, shape, 255), weights))
    logits, target = _picture(rng, 2, (2, 2), 9)
    cases["void pixels"].append((logits, target, np.array([1.0, 4.0]), 9))
    cases["void pixels"].append((logits, np.full((2, 2), 255), np.array([1.0, 4.0])))
    return cases


def cross_entropy(
    logits: Array, target: Array, class_weights: Array, ignore_index: int = 255
) -> float:
    """Weighted mean of -log p over the pixels that are not void."""
    true, counted, log_p = _true_class(logits, target, ignore_index)
    weights = class_weights[true] * counted
    return _divided(-(weights * log_p).sum(), weights.sum())


def _entropy(mean: Callable[[Array, Array, Array], Any], scores: Any = None) -> Any:
    """A mistake in the mean, made of weights, log p and which pixels count; or in the scores."""

    def mistaken(logits: Array, target: Array, class_weights: Array, void: int = 255) -> Any:
        logits = logits if scores is None else scores(logits)
        true, counted, log_p = _true_class(logits, target, void)
        return mean(class_weights[true] * counted, log_p, counted)

    return mistaken


def _weighted_mean(weights: Array, log_p: Array, counted: Array) -> float:
    return _divided(-(weights * log_p).sum(), weights.sum())


def _void_counted(instead: int) -> Any:
    def mistaken(logits: Array, target: Array, class_weights: Array, void: int = 255) -> float:
        true, _, log_p = _true_class(logits, target, void, instead)
        weights = class_weights[true]
        return float(-(weights * log_p).sum() / weights.sum())

    return mistaken


def _by_predicted(logits: Array, target: Array, class_weights: Array, void: int = 255) -> float:
    _, counted, log_p = _true_class(logits, target, void)
    return _weighted_mean(class_weights[logits.argmax(axis=0)] * counted, log_p, counted)


def _of_predicted(logits: Array, target: Array, class_weights: Array, void: int = 255) -> float:
    true, counted, _ = _true_class(logits, target, void)
    return _weighted_mean(class_weights[true] * counted, log_softmax(logits).max(axis=0), counted)


def _indexed(logits: Array, target: Array, class_weights: Array, void: int = 255) -> float:
    weights = class_weights[target]
    log_p = np.take_along_axis(log_softmax(logits), target[None], axis=0)[0]
    return float(-(weights * log_p).sum() / weights.sum())


CROSS_ENTROPY = Exercise(
    reference=cross_entropy,
    cases=_weight_cases,
    mistakes={
        "The weighted sum is divided by the number of pixels: divide by the sum of their weights, "
        "as torch does.": (
            _entropy(lambda w, log_p, counted: _divided(-(w * log_p).sum(), counted.sum()))
        ),
        "It is divided by the sum of the class weights, each counted once: add up the weights of "
        "the pixels.": lambda logits, target, class_weights, void=255: float(
            cross_entropy(logits, target, class_weights, void)
            * class_weights[target[target != void]].sum()
            / class_weights.sum()
        ),
        "The mean runs over the classes too: a pixel has one loss, that of its true class.": (
            lambda logits, target, class_weights, void=255: _divided(
                cross_entropy(logits, target, class_weights, void)
                * class_weights[target[target != void]].sum(),
                len(logits) * (target != void).sum(),
            ),
            lambda logits, target, class_weights, void=255: float(
                cross_entropy(logits, target, class_weights, void)
                * class_weights[target[target != void]].sum()
                / logits.size
            ),
            lambda logits, target, class_weights, void=255: (
                cross_entropy(logits, target, class_weights, void) / len(logits)
            ),
        ),
        "The class weights are not used.": (
            _entropy(lambda w, log_p, counted: _weighted_mean(1.0 * counted, log_p, counted))
        ),
        "The sum is not divided: return the weighted mean.": (
            _entropy(lambda w, log_p, counted: -(w * log_p).sum())
        ),
        "The value is negative: a loss is the mean of -log p.": (
            _entropy(lambda *given: -_weighted_mean(*given))
        ),
        "The void value reaches an index: replace it by a class before indexing, and leave the "
        "pixel out by a weight of 0.": _indexed,
        "Void pixels count as background: leave them out.": _void_counted(0),
        "Void pixels count as the last class: leave them out.": _void_counted(-1),
        "Void pixels are left out of the sum, but not of the weights it is divided by.": (
            lambda logits, target, class_weights, void=255: _divided(
                cross_entropy(logits, target, class_weights, void)
                * (class_weights[np.where(target == void, 0, target)] * (target != void)).sum(),
                class_weights[np.where(target == void, 0, target)].sum(),
            )
        ),
        "The void value is fixed at 255: use ignore_index.": (
            lambda logits, target, class_weights, void=255: (
                cross_entropy(logits, target, class_weights)
                if void == 255
                else _indexed(logits, target, class_weights)
            )
        ),
        "Where no pixel counts it divides 0 by 0: return 0 there.": (
            _entropy(lambda w, log_p, counted: -(w * log_p).sum() / w.sum())
        ),
        "Softmax is applied twice: the scores go through it once.": (
            _entropy(_weighted_mean, _softmax)
        ),
        "The weight is that of the predicted class: take the true one's.": _by_predicted,
        "The probability is that of the predicted class: take the true one's.": _of_predicted,
        "The logarithm of a probability that is 1 - p: take log p of the true class.": (
            _entropy(lambda w, log_p, c: _weighted_mean(w, np.log1p(-np.exp(log_p)), c))
        ),
    },
)


def _focal_cases(rng: np.random.Generator) -> Cases:
    cases: Cases = {"gamma": [], "alpha": [], "void pixels": []}
    for shape in SHAPES:
        for classes, gamma in ((2, 2.0), (3, 1.0), (2, 0.5), (2, 0.0)):
            alpha = float(rng.choice([0.2, 0.25, 0.75, 0.9]))
            cases["gamma"].append((*_picture(rng, classes, shape), gamma, 0.5))
            cases["alpha"].append((*_picture(rng, classes, shape), gamma, alpha))
            cases["void pixels"].append((*_picture(rng, classes, shape, 255), gamma, alpha))
    logits, target = _picture(rng, 3, (2, 2), 9)
    cases["void pixels"].append((logits, target, 2.0, 0.75, 9))
    cases["void pixels"].append((logits, np.full((2, 2), 255), 2.0, 0.75))
    return cases


def focal_loss(
    logits: Array, target: Array, gamma: float, alpha: float, ignore_index: int = 255
) -> float:
    """Mean of -weight (1 - p)^gamma log p over the pixels that are not void."""
    true, counted, log_p = _true_class(logits, target, ignore_index)
    weights = np.where(true > 0, alpha, 1 - alpha) * counted
    return _divided(-(weights * (1 - np.exp(log_p)) ** gamma * log_p).sum(), counted.sum())


def _focal(
    loss: Any = lambda p, gamma: -((1 - p) ** gamma) * np.log(p),
    weight: Any = lambda true, alpha: np.where(true > 0, alpha, 1 - alpha),
    mean: Any = lambda loss, weights, counted: _divided(loss.sum(), counted.sum()),
    void_counts: bool = False,
) -> Any:
    """A mistake in one part of the focal loss."""

    def mistaken(logits: Array, target: Array, gamma: float, alpha: float, void: int = 255) -> Any:
        true, counted, log_p = _true_class(logits, target, void)
        counted = np.ones_like(counted) if void_counts else counted
        weights = weight(true, alpha) * counted
        return mean(weights * loss(np.exp(log_p), gamma), weights, counted)

    return mistaken


def _weighted_inside(true: Array, log_p: Array, gamma: float, alpha: float) -> Array:
    """Loss of each pixel, p taken from the loss after its weighting."""
    loss = -np.where(true > 0, alpha, 1 - alpha) * log_p
    return (1 - np.exp(-loss)) ** gamma * loss


def _of_the_mean(true: Array, log_p: Array, gamma: float, alpha: float) -> Array:
    """The factor of the mean loss, in place of each pixel's."""
    loss = -np.where(true > 0, alpha, 1 - alpha) * log_p
    return (1 - np.exp(log_p.mean())) ** gamma * loss


def _over_pixels(loss: Any) -> Any:
    """A mistake in the loss, made of the true classes and log p of the pixels that count."""

    def mistaken(logits: Array, target: Array, gamma: float, alpha: float, void: int = 255) -> Any:
        true, counted, log_p = _true_class(logits, target, void)
        if not counted.any():
            return 0.0
        return float(loss(true[counted], log_p[counted], gamma, alpha).mean())

    return mistaken


FOCAL_LOSS = Exercise(
    reference=focal_loss,
    cases=_focal_cases,
    mistakes={
        "The background is weighted by alpha: that is the weight of the rare, other classes.": (
            _focal(weight=lambda true, alpha: np.where(true > 0, 1 - alpha, alpha))
        ),
        "Every pixel is weighted by alpha: background has the weight 1 - alpha.": (
            _focal(weight=lambda true, alpha: np.full(true.shape, alpha))
        ),
        "Background has the weight 1: it is 1 - alpha.": (
            _focal(weight=lambda true, alpha: np.where(true > 0, alpha, 1))
        ),
        "Only class 1 is weighted by alpha: every class but background is.": (
            _focal(weight=lambda true, alpha: np.where(true == 1, alpha, 1 - alpha))
        ),
        "Every pixel has the same weight: alpha is not used.": _focal(
            weight=lambda true, alpha: np.ones(true.shape)
        ),
        "The factor is p to the power of gamma: it must be small where p is large.": (
            _focal(loss=lambda p, gamma: -(p**gamma) * np.log(p))
        ),
        "The factor is gamma times 1 - p: gamma is its power.": (
            _focal(loss=lambda p, gamma: -gamma * (1 - p) * np.log(p))
        ),
        "This is cross-entropy: gamma is not used.": _focal(loss=lambda p, gamma: -np.log(p)),
        "The factor takes p from the weighted loss: it must be the probability before weighting.": (
            _over_pixels(_weighted_inside)
        ),
        "The factor is that of the mean loss: each pixel has a factor of its own.": (
            _over_pixels(_of_the_mean),
            _over_pixels(
                lambda true, log_p, gamma, alpha: (
                    alpha * (1 - np.exp(log_p.mean())) ** gamma * -log_p
                )
            ),
        ),
        "The logarithm is missing: the factor multiplies -log p.": (
            _focal(loss=lambda p, gamma: (1 - p) ** gamma)
        ),
        "The value is negative: a loss is the mean of -log p, weighted.": (
            _focal(loss=lambda p, gamma: (1 - p) ** gamma * np.log(p))
        ),
        "It is divided by the sum of the weights: here the paper's way is asked for, the number of "
        "pixels that count.": (
            _focal(mean=lambda loss, weights, counted: _divided(loss.sum(), weights.sum()))
        ),
        "The sum is not divided: return the mean over the pixels that count.": (
            _focal(mean=lambda loss, weights, counted: loss.sum())
        ),
        "Void pixels count as background: leave them out.": _focal(void_counts=True),
        "Void pixels are left out of the sum, but counted in the division.": (
            _focal(mean=lambda loss, weights, counted: loss.mean())
        ),
        "Where no pixel counts it divides 0 by 0: return 0 there.": (
            _focal(mean=lambda loss, weights, counted: loss.sum() / counted.sum())
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 9.4 and 9.5 Overlap of areas


def _area_cases(rng: np.random.Generator, *numbers: tuple[float, ...]) -> Cases:
    """Pictures with every way to choose the further arguments, and with void."""
    cases: Cases = {"every pixel counts": [], "void pixels": []}
    for shape in SHAPES:
        for classes, chosen in zip((2, 3, 4), (*numbers, *numbers, *numbers), strict=False):
            cases["every pixel counts"].append((*_picture(rng, classes, shape), *chosen))
            cases["void pixels"].append((*_picture(rng, classes, shape, 255), *chosen))
    logits, target = _picture(rng, 2, (2, 3), 9)
    cases["every pixel counts"].append((*_picture(rng, 2, (2, 3)), *numbers[0][:-1]))
    cases["void pixels"].append((logits, target, *numbers[0], 9))
    cases["void pixels"].append((logits, np.full((2, 3), 255), *numbers[0]))
    return cases


def _areas(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    """Probabilities and one-hot target, (C, H, W), both 0 at void pixels."""
    counted = target != void
    one_hot = (np.arange(len(logits))[:, None, None] == target) & counted
    return _softmax(logits) * counted, one_hot.astype(float)


def dice_loss(logits: Array, target: Array, smooth: float = 1.0, ignore_index: int = 255) -> float:
    """1 - mean over classes of the soft Dice."""
    p, t = _areas(logits, target, ignore_index)
    overlap, areas = (p * t).sum(axis=(1, 2)), p.sum(axis=(1, 2)) + t.sum(axis=(1, 2))
    return float(1 - ((2 * overlap + smooth) / (areas + smooth)).mean())


def _dice(formula: Any, areas: Any = _areas) -> Any:
    """A mistake in the formula, made of the overlap and both areas per class and of smooth."""

    def mistaken(logits: Array, target: Array, smooth: float = 1.0, void: int = 255) -> Any:
        p, t = areas(logits, target, void)
        sums = ((p * t).sum(axis=(1, 2)), p.sum(axis=(1, 2)), t.sum(axis=(1, 2)))
        return formula(*sums, smooth)

    return mistaken


def _soft(overlap: Array, predicted: Array, true: Array, smooth: float) -> float:
    return float(1 - ((2 * overlap + smooth) / (predicted + true + smooth)).mean())


def _present(true: Array, loss: Array) -> float:
    """Mean loss of the classes that occur; nan without one."""
    return float(loss[true > 0].mean()) if true.any() else np.nan


def _void_predicted(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    return _softmax(logits), _areas(logits, target, void)[1]


def _void_background(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    return _areas(logits, np.where(target == void, 0, target), -1)


def _fixed_void(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    return _areas(logits, target, 255)


def _sigmoid(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    return (target != void) / (1 + np.exp(-logits)), _areas(logits, target, void)[1]


def _hard(logits: Array, target: Array, void: int) -> tuple[Array, Array]:
    chosen = np.arange(len(logits))[:, None, None] == logits.argmax(axis=0)
    return chosen * (target != void), _areas(logits, target, void)[1]


def _squares(logits: Array, target: Array, smooth: float = 1.0, void: int = 255) -> float:
    p, t = _areas(logits, target, void)
    below = (p**2).sum(axis=(1, 2)) + t.sum(axis=(1, 2))
    return float(1 - ((2 * (p * t).sum(axis=(1, 2)) + smooth) / (below + smooth)).mean())


def _all_pixels(logits: Array, target: Array, smooth: float = 1.0, void: int = 255) -> float:
    p, t = _areas(logits, target, void)
    return float(1 - ((2 * (p * t).sum(axis=(1, 2)) + smooth) / (2 * target.size + smooth)).mean())


_AREA_MISTAKES = {
    "The probabilities of void pixels count as predicted area: set them to 0 there.": (
        _void_predicted
    ),
    "Void pixels count as background: leave them out.": _void_background,
    "The void value is fixed at 255: use ignore_index.": _fixed_void,
    "The prediction is cut to whole classes: use the probabilities themselves.": _hard,
    "Sigmoid is used, class by class: softmax makes the probabilities of a pixel add up to 1.": (
        _sigmoid
    ),
    "The scores are used as they are: areas are sums of probabilities, after softmax.": (
        lambda logits, target, void: (
            logits * (target != void),
            _areas(logits, target, void)[1],
        )
    ),
}

DICE_LOSS = Exercise(
    reference=dice_loss,
    cases=lambda rng: _area_cases(rng, (1.0,), (0.5,), (2.0,)),
    mistakes={
        "Dice is pooled over the classes, and that is just the mean probability of the true "
        "class: divide class by class, then take the mean.": (
            _dice(lambda o, p, t, s: 1 - (2 * o.sum() + s) / (p.sum() + t.sum() + s))
        ),
        "It is divided by all pixels of both pictures: divide by the pixels of the class in "
        "either.": _all_pixels,
        "The overlap counts once: Dice counts it twice.": (
            _dice(lambda o, p, t, s: 1 - ((o + s) / (p + t + s)).mean())
        ),
        "This is IoU's formula, the overlap divided by the union: Dice divides by both areas.": (
            _dice(lambda o, p, t, s: 1 - ((o + s) / (p + t - o + s)).mean())
        ),
        "This is Dice itself: the loss is 1 minus it.": _dice(lambda *given: 1 - _soft(*given)),
        "Only below the line is smooth added: add it above too.": (
            _dice(lambda o, p, t, s: 1 - (2 * o / (p + t + s)).mean())
        ),
        "Only above the line is smooth added: add it below too.": (
            _dice(lambda o, p, t, s: 1 - ((2 * o + s) / np.maximum(p + t, 1e-12)).mean())
        ),
        "Nothing is smoothed: smooth is not used.": (
            _dice(lambda o, p, t, s: 1 - (2 * o / np.maximum(p + t, 1e-12)).mean())
        ),
        "The number added is always 1: use smooth.": _dice(lambda o, p, t, s: _soft(o, p, t, 1.0)),
        "The background is left out: the mean runs over all classes.": (
            _dice(lambda o, p, t, s: _soft(o[1:], p[1:], t[1:], s))
        ),
        "The classes are added up: take their mean.": (
            _dice(lambda o, p, t, s: len(o) * _soft(o, p, t, s)),
            _dice(lambda o, p, t, s: 1 - ((2 * o + s) / (p + t + s)).sum()),
        ),
        "Absent classes are left out of the mean: it runs over all classes.": (
            _dice(lambda o, p, t, s: _present(t, 1 - (2 * o + s) / (p + t + s)))
        ),
        "Below the line smooth is added to each area: add it once.": (
            _dice(lambda o, p, t, s: 1 - ((2 * o + s) / (p + t + 2 * s)).mean())
        ),
        "Above the line smooth is doubled with the overlap: add it once.": (
            _dice(lambda o, p, t, s: 1 - (2 * (o + s) / (p + t + s)).mean())
        ),
        "One value per class comes back: return their mean.": (
            _dice(lambda o, p, t, s: 1 - (2 * o + s) / (p + t + s))
        ),
        "The probabilities are squared below the line, as in V-Net: plain areas are asked for.": (
            _squares
        ),
    }
    | {text: _dice(_soft, areas) for text, areas in _AREA_MISTAKES.items()},
)


def tversky_loss(
    logits: Array,
    target: Array,
    alpha: float,
    beta: float,
    smooth: float = 1.0,
    ignore_index: int = 255,
) -> float:
    """1 - mean over classes of TP / (TP + alpha FP + beta FN)."""
    p, t = _areas(logits, target, ignore_index)
    tp = (p * t).sum(axis=(1, 2))
    fp, fn = p.sum(axis=(1, 2)) - tp, t.sum(axis=(1, 2)) - tp
    return float(1 - ((tp + smooth) / (tp + alpha * fp + beta * fn + smooth)).mean())


def _tversky(formula: Any, areas: Any = _areas) -> Any:
    """A mistake in the formula, made of TP, FP, FN per class, alpha, beta and smooth."""

    def mistaken(
        logits: Array,
        target: Array,
        alpha: float,
        beta: float,
        smooth: float = 1.0,
        void: int = 255,
    ) -> Any:
        p, t = areas(logits, target, void)
        tp = (p * t).sum(axis=(1, 2))
        fp, fn = p.sum(axis=(1, 2)) - tp, t.sum(axis=(1, 2)) - tp
        return formula(tp, fp, fn, alpha, beta, smooth)

    return mistaken


def _index(tp: Array, fp: Array, fn: Array, alpha: float, beta: float, smooth: float) -> float:
    return float(1 - ((tp + smooth) / (tp + alpha * fp + beta * fn + smooth)).mean())


TVERSKY_LOSS = Exercise(
    reference=tversky_loss,
    cases=lambda rng: _area_cases(rng, (0.3, 0.7, 1.0), (0.7, 0.2, 0.5), (1.0, 0.5, 2.0)),
    mistakes={
        "The prices are exchanged: alpha is that of false positives, beta that of misses.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp, fn, b, a, s))
        ),
        "The false positives hold the overlap too: take it off the predicted area.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp + tp, fn, a, b, s))
        ),
        "The false negatives hold the overlap too: take it off the true area.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp, fn + tp, a, b, s))
        ),
        "Both areas hold the overlap: take it off the predicted and off the true area.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp + tp, fn + tp, a, b, s))
        ),
        "This is IoU's formula: alpha and beta are not used.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp, fn, 1, 1, s))
        ),
        "This is Dice's formula: alpha and beta are not used.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp, fn, 0.5, 0.5, s))
        ),
        "The overlap counts twice: here it counts once, above and below the line.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(2 * tp, fp, fn, a, b, s))
        ),
        "It is pooled over the classes: divide class by class, then take the mean.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp.sum(), fp.sum(), fn.sum(), a, b, s))
        ),
        "The indices of the classes are added up: take their mean.": (
            _tversky(lambda tp, fp, fn, a, b, s: 1 - ((tp + s) / (tp + a * fp + b * fn + s)).sum()),
            _tversky(lambda tp, *rest: len(tp) * _index(tp, *rest)),
        ),
        "Absent classes are left out of the mean: it runs over all classes.": (
            _tversky(
                lambda tp, fp, fn, a, b, s: _present(
                    tp + fn, 1 - (tp + s) / (tp + a * fp + b * fn + s)
                )
            )
        ),
        "This is the index itself: the loss is 1 minus it.": (
            _tversky(lambda *given: 1 - _index(*given))
        ),
        "Nothing is added, or on one side of the line only: smooth stands above and below.": (
            _tversky(lambda tp, fp, fn, a, b, s: _index(tp, fp, fn, a, b, 1e-9)),
            _tversky(lambda tp, fp, fn, a, b, s: 1 - (tp / (tp + a * fp + b * fn + s)).mean()),
        ),
        "The background is left out: the mean runs over all classes.": (
            _tversky(lambda tp, fp, fn, *rest: _index(tp[1:], fp[1:], fn[1:], *rest))
        ),
    }
    | {text: _tversky(_index, areas) for text, areas in _AREA_MISTAKES.items()},
)

# ----------------------------------------------------------------------------------------------
# 9.6 U-Net's border weights


def _cells(rng: np.random.Generator, shape: tuple[int, int], touching: bool) -> Array:
    """Two rectangles with a gap of one or two pixels, or none; numbers need not be 1 and 2."""
    cells = np.zeros(shape, dtype=np.int64)
    middle = shape[1] // 2 + int(rng.integers(-1, 2))
    gap = 0 if touching else int(rng.integers(1, 3))
    first, second = rng.permutation(9)[:2] + 1
    cells[1 : shape[0] - 1, 1:middle] = first
    cells[2:, middle + gap : shape[1] - 1] = second
    return cells


def _cell_cases(rng: np.random.Generator) -> Cases:
    two: list[Arguments] = [
        (_cells(rng, shape, touching), w0, sigma)
        for shape in ((5, 9), (7, 11), (9, 13))
        for touching, w0, sigma in ((False, 10.0, 5.0), (True, 10.0, 5.0), (False, 4.0, 2.0))
    ]
    two.append((np.array([[1, 1, 0, 2, 2]] * 2),))
    three = []
    for sigma in (2.0, 5.0):
        cells = np.pad(_cells(rng, (7, 11), False), ((0, 5), (0, 0)))
        cells[9:11, 2:9] = 12
        three.append((cells, 10.0, sigma))
    one, none = np.zeros((5, 6), np.int64), np.zeros((4, 5), np.int64)
    one[1:4, 2:5] = 3
    return {
        "two cells": two,
        "other numbers of cells": [*three, (one, 10.0, 5.0), (none, 6.0, 2.0)],
    }


def _distances(
    instance_map: Array,
    edge_counts: bool = False,
    solid: bool = False,
    transform: Any = ndimage.distance_transform_edt,
    in_order: bool = True,
) -> Array:
    """Distance of every pixel to each cell's border, sorted, (cells, H, W)."""
    found = []
    for cell in np.unique(instance_map[instance_map > 0]):
        mask = instance_map == cell
        inside = ndimage.binary_erosion(mask, border_value=not edge_counts)
        found.append(transform(~(mask if solid else mask & ~inside)))
    each = np.array(found, dtype=float).reshape(len(found), *instance_map.shape)
    return np.sort(each, axis=0) if in_order else each


def border_weights(instance_map: Array, w0: float = 10.0, sigma: float = 5.0) -> Array:
    """1 + w0 exp(-(d1 + d2)^2 / (2 sigma^2)) at every pixel."""
    return _weights()(instance_map, w0, sigma)


def _weights(
    power: Any = lambda d, sigma: (d[0] + d[1]) ** 2 / (2 * sigma**2),
    distances: Any = _distances,
    plus: Any = lambda added, instance_map: 1 + added,
    alone: Any = None,
) -> Any:
    """A mistake in one part of the border weights."""

    def mistaken(instance_map: Array, w0: float = 10.0, sigma: float = 5.0) -> Any:
        d = distances(instance_map)
        if len(d) < 2:
            few = np.zeros(instance_map.shape)
            if len(d) == 1 and alone is not None:
                few = w0 * np.exp(-alone(d[0], sigma))
            return plus(few, instance_map)
        return plus(w0 * np.exp(-power(d, sigma)), instance_map)

    return mistaken


def _background_too(instance_map: Array) -> Array:
    """Distances with the background as one cell more; fails, as an answer would, without cells."""
    if not instance_map.any():
        np.amin([], axis=0)
    return _distances(instance_map + 1)


def _taxicab(borders_are_false: Array) -> Array:
    return ndimage.distance_transform_cdt(borders_are_false, metric="taxicab")


def _joined(instance_map: Array) -> Array:
    return _distances(ndimage.label(instance_map > 0)[0])


BORDER_WEIGHTS = Exercise(
    reference=border_weights,
    cases=_cell_cases,
    mistakes={
        "The two distances are squared one by one: square their sum.": (
            _weights(lambda d, sigma: (d[0] ** 2 + d[1] ** 2) / (2 * sigma**2))
        ),
        "The sum of the distances is not squared.": (
            _weights(lambda d, sigma: (d[0] + d[1]) / (2 * sigma**2))
        ),
        "Only the nearest cell is used: the second nearest is what makes it a gap.": (
            _weights(lambda d, sigma: d[0] ** 2 / (2 * sigma**2)),
            _weights(lambda d, sigma: (2 * d[0]) ** 2 / (2 * sigma**2)),
        ),
        "The 2 below the line is missing: divide by 2 sigma^2.": (
            _weights(lambda d, sigma: (d[0] + d[1]) ** 2 / sigma**2)
        ),
        "Below the line sigma is not squared: divide by 2 sigma^2.": (
            _weights(lambda d, sigma: (d[0] + d[1]) ** 2 / (2 * sigma))
        ),
        "The distances are those to the cells, 0 everywhere inside: measure to their borders.": (
            _weights(distances=lambda m: _distances(m, solid=True))
        ),
        "The background, number 0, is taken for a cell.": _weights(distances=_background_too),
        "The first two cells of the map are used: for each pixel the two nearest are meant.": (
            _weights(distances=lambda m: _distances(m, in_order=False))
        ),
        "The two farthest cells are used: the two nearest are meant.": (
            _weights(distances=lambda m: _distances(m)[::-1])
        ),
        "Rows and columns are added up as distance: measure in a straight line.": (
            _weights(distances=lambda m: _distances(m, transform=_taxicab))
        ),
        "It is divided by 2 and then multiplied by sigma squared: Python works from left to right, "
        "so parentheses are missing.": (
            _weights(lambda d, sigma: (d[0] + d[1]) ** 2 / 2 * sigma**2)
        ),
        "The minus sign is missing: the weight must fall with the distance.": (
            _weights(lambda d, sigma: -((d[0] + d[1]) ** 2) / (2 * sigma**2))
        ),
        "The distances to all cells are added up: the two smallest are meant.": (
            _weights(lambda d, sigma: d.sum(axis=0) ** 2 / (2 * sigma**2))
        ),
        "The 1 is missing: every pixel counts at least once.": (
            _weights(plus=lambda added, instance_map: added)
        ),
        "Inside cells nothing is added: as in the paper, the formula holds for every pixel.": (
            _weights(plus=lambda added, m: np.where(m > 0, 1.0, 1 + added))
        ),
        "With one cell something is added: there is no second cell, so no gap.": (
            _weights(alone=lambda d, sigma: d**2 / (2 * sigma**2)),
            _weights(alone=lambda d, sigma: (2 * d) ** 2 / (2 * sigma**2)),
        ),
        "Cells that touch are taken as one: the numbers of the map tell them apart.": (
            _weights(distances=_joined)
        ),
        "The picture's edge counts as a border: a cell goes on behind it.": (
            _weights(distances=lambda m: _distances(m, edge_counts=True))
        ),
    },
    entry=_entry,
)

EXERCISES = {
    "9.1": LOG_SOFTMAX,
    "9.2": CROSS_ENTROPY,
    "9.3": FOCAL_LOSS,
    "9.4": DICE_LOSS,
    "9.5": TVERSKY_LOSS,
    "9.6": BORDER_WEIGHTS,
}
