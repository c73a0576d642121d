"""Lesson 10: a paired crop and flip, a broken pipeline to mend, and two lines of a training loop.

Conventions that all exercises share: one picture at a time, image (3, H, W) of bytes with its label
map (H, W); void is 255. Results of two parts are dictionaries, so that nothing is exchanged.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.exercise import Arguments, Exercise
from course_utils.labels import IGNORE_INDEX

Cases = dict[str, list[Arguments]]
Array = np.ndarray
Pair = dict[str, Array]
SHAPES = ((2, 3), (3, 3), (4, 5), (5, 7))


def _sample(rng: np.random.Generator, shape: tuple[int, int], classes: int = 4) -> tuple:
    """An image whose pixels all differ, and a label map."""
    pixels = rng.permutation(200)[: shape[0] * shape[1]] + 20
    image = np.stack([pixels, pixels // 2, 255 - pixels]).reshape(3, *shape).astype(np.uint8)
    return image, rng.integers(0, classes, shape).astype(np.uint8)


def _entry(index: tuple[int, ...]) -> str:
    if len(index) == 3:
        return f"colour {index[0]}, row {index[1]}, column {index[2]}"
    return f"row {index[0]}, column {index[1]}" if len(index) == 2 else f"entry {index[0]}"


# ----------------------------------------------------------------------------------------------
# 10.1 Crop and flip, the label map with the image


def _window_cases(rng: np.random.Generator) -> Cases:
    inside, flipped, outside = [], [], []
    for rows, columns in SHAPES:
        sample = _sample(rng, (rows, columns))
        size = int(rng.integers(1, rows)), int(rng.integers(2, columns))
        top = int(rng.integers(0, rows - size[0] + 1))
        left = int(rng.integers(0, columns - size[1] + 1))
        inside.append((*sample, top, left, size, False))
        flipped.append((*sample, top, left, size, True))
        flipped.append((*sample, 0, 0, (rows, columns), True))
        for flip in (False, True):
            outside.append((*sample, rows - 1, columns - 1, (2, 2), flip))
            outside.append((*sample, rows - 2, columns - 2, (3, 2), flip))
            outside.append((*sample, 0, columns - 2, (2, 3), flip))
    return {"crop": inside, "crop and flip": flipped, "window over the edge": outside}


def crop_and_flip(
    image: Array, label_map: Array, top: int, left: int, size: tuple[int, int], flip: bool
) -> Pair:
    """Cut a window out of image and label map, and swap left and right of both."""
    return _window()(image, label_map, top, left, size, flip)


def _window(
    image_outside: int = 0,
    map_outside: int = IGNORE_INDEX,
    flips: tuple[int | None, int | None] = (-1, -1),
    origins: Callable[..., tuple] = lambda top, left, shape, size, flip: ((top, left),) * 2,
    first_flip: bool = False,
) -> Any:
    """A mistake in one part: what lies outside, which axes are flipped, where windows lie."""

    def cut(array: Array, origin: tuple, size: tuple, outside: int) -> Array:
        top, left = origin
        part = array[..., top : top + size[0], left : left + size[1]]
        beyond = [(0, 0)] * (array.ndim - 2)
        beyond += [(0, n - have) for n, have in zip(size, part.shape[-2:], strict=True)]
        return np.pad(part, beyond, constant_values=outside)

    def mistaken(
        image: Array, label_map: Array, top: int, left: int, size: tuple[int, int], flip: bool
    ) -> Pair:
        both = [image, label_map]
        if flip and first_flip:
            both = [array[..., ::-1] for array in both]
        where = origins(top, left, label_map.shape, size, flip)
        fills = (image_outside, map_outside)
        both = [cut(a, o, size, f) for a, o, f in zip(both, where, fills, strict=True)]
        if flip and not first_flip:
            both = [
                a if axis is None else np.flip(a, axis) for a, axis in zip(both, flips, strict=True)
            ]
        return dict(zip(("image", "label_map"), both, strict=True))

    return mistaken


def _cut_short(
    image: Array, label_map: Array, top: int, left: int, size: tuple[int, int], flip: bool
) -> Pair:
    window = np.s_[..., top : top + size[0], left : left + size[1]]
    step = -1 if flip else 1
    return {"image": image[window][..., ::step], "label_map": label_map[window][..., ::step]}


CROP_AND_FLIP = Exercise(
    reference=crop_and_flip,
    cases=_window_cases,
    mistakes={
        "The image is flipped and the label map is not: both take the same move.": (
            _window(flips=(-1, None))
        ),
        "The label map is flipped and the image is not: both take the same move.": (
            _window(flips=(None, -1))
        ),
        "Nothing is flipped: flip is not used.": _window(flips=(None, None)),
        "Top and bottom are exchanged: left and right are meant, the last axis.": (
            _window(flips=(-2, -2))
        ),
        "The image's top and bottom are exchanged: its last axis runs from left to right.": (
            _window(flips=(-2, -1))
        ),
        "The colours are exchanged too: flip the last axis of the image, no other.": (
            lambda image, *rest: {
                **crop_and_flip(image, *rest),
                "image": crop_and_flip(image, *rest)["image"][:: -1 if rest[-1] else 1],
            }
        ),
        "It is flipped before it is cut: the window lies in the picture as it was.": (
            _window(first_flip=True)
        ),
        "The label map is cut at the top left corner: use the same window for both.": (
            _window(origins=lambda top, left, *_: ((top, left), (0, 0)))
        ),
        "The image is cut at the top left corner: use the same window for both.": (
            _window(origins=lambda top, left, *_: ((0, 0), (top, left)))
        ),
        "Top and left are exchanged: the first counts rows.": (
            _window(origins=lambda top, left, *_: ((left, top),) * 2)
        ),
        "Outside the picture the label map is class 0: nobody knows what is there, so it is "
        "void.": _window(map_outside=0),
        "Outside the picture the image is white: 0 is asked for.": _window(image_outside=255),
        "The window is cut short at the edge: the result always has the size asked for.": (
            _cut_short
        ),
        "The edge is moved inwards until the window fits: leave it where it is, and fill.": (
            _window(
                origins=lambda top, left, shape, size, flip: (
                    ((max(0, min(top, shape[0] - size[0])), max(0, min(left, shape[1] - size[1]))),)
                    * 2
                )
            )
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 10.2 The same at random


def _draws(seed: int, shape: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, bool]:
    rng = np.random.default_rng(seed)
    top = int(rng.integers(0, shape[0] - size[0] + 1))
    left = int(rng.integers(0, shape[1] - size[1] + 1))
    return top, left, bool(rng.random() < 0.5)


def _random_cases(rng: np.random.Generator) -> Cases:
    cases: Cases = {"the window's place": [], "the flip": []}
    for shape, size in (((4, 5), (2, 2)), ((6, 5), (3, 2)), ((5, 7), (2, 4)), ((6, 7), (6, 7))):
        image, label_map = _sample(rng, shape)
        for name, flips in (("the window's place", (False, False)), ("the flip", (False, True))):
            for flip in flips:
                seed = int(rng.integers(1000))
                while _draws(seed, shape, size)[2] != flip:
                    seed += 1
                cases[name].append((image, label_map, size, seed))
    return cases


def random_crop_flip(image: Array, label_map: Array, size: tuple[int, int], seed: int) -> Pair:
    """A window at a random place inside the picture, flipped in half of the cases."""
    return crop_and_flip(image, label_map, *_drawn(seed, label_map, size))


def _drawn(seed: int, label_map: Array, size: tuple[int, int]) -> tuple:
    top, left, flip = _draws(seed, label_map.shape, size)
    return top, left, size, flip


def _at_random(draw: Callable[[np.random.Generator, int, int], tuple[int, int, bool]]) -> Any:
    """A mistake in the draws; gets the generator and the room in rows and columns."""

    def mistaken(image: Array, label_map: Array, size: tuple[int, int], seed: int) -> Pair:
        room = [side - want for side, want in zip(label_map.shape, size, strict=True)]
        top, left, flip = draw(np.random.default_rng(seed), *room)
        return crop_and_flip(image, label_map, top, left, size, flip)

    return mistaken


def _whole(rng: np.random.Generator, below: int) -> int:
    return int(rng.integers(0, max(1, below)))


def _two_generators(image: Array, label_map: Array, size: tuple[int, int], seed: int) -> Pair:
    top, left, flip = _draws(seed, label_map.shape, size)
    other = _draws(seed + 1, label_map.shape, size)
    return {
        "image": crop_and_flip(image, label_map, top, left, size, flip)["image"],
        "label_map": crop_and_flip(image, label_map, *other[:2], size, other[2])["label_map"],
    }


RANDOM_CROP_FLIP = Exercise(
    reference=random_crop_flip,
    cases=_random_cases,
    mistakes={
        "The last place is never drawn: integers(0, n) ends at n - 1, and there is one place more "
        "than there are pixels of room.": (
            _at_random(lambda r, h, w: (_whole(r, h), _whole(r, w), r.random() < 0.5))
        ),
        "The flip is drawn first: draw row, column, flip, in this order.": (
            _at_random(
                lambda r, h, w: (lambda flip: (_whole(r, h + 1), _whole(r, w + 1), flip))(
                    r.random() < 0.5
                )
            )
        ),
        "The column is drawn before the row: draw row, column, flip, in this order.": (
            _at_random(
                lambda r, h, w: (lambda left: (_whole(r, h + 1), left, r.random() < 0.5))(
                    _whole(r, w + 1)
                )
            )
        ),
        "It flips where the last draw is 1/2 or more: below 1/2 is asked for.": (
            _at_random(lambda r, h, w: (_whole(r, h + 1), _whole(r, w + 1), r.random() >= 0.5))
        ),
        "It always flips: half of the cases are meant.": (
            _at_random(lambda r, h, w: (_whole(r, h + 1), _whole(r, w + 1), True))
        ),
        "It never flips: half of the cases are meant.": (
            _at_random(lambda r, h, w: (_whole(r, h + 1), _whole(r, w + 1), False))
        ),
        "The window always lies at the top left: draw its place.": (
            _at_random(lambda r, h, w: (0, 0, (r.random(3)[2] < 0.5)))
        ),
        "The window always lies in the middle: draw its place.": (
            _at_random(lambda r, h, w: (h // 2, w // 2, (r.random(3)[2] < 0.5)))
        ),
        "Image and label map get draws of their own: one move serves both.": _two_generators,
        "The seed is not used: the same seed must give the same window.": (
            lambda image, label_map, size, seed: random_crop_flip(image, label_map, size, 0)
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 10.3 A report on label maps


def _report_cases(rng: np.random.Generator) -> Cases:
    legal: list[Arguments] = []
    illegal: list[Arguments] = []
    for classes, shape in ((2, (1, 2)), (3, (2, 3)), (4, (3, 4)), (5, (5, 6)), (3, (4, 4))):
        label_map = rng.integers(0, classes, shape).astype(np.uint8)
        label_map.flat[0] = IGNORE_INDEX
        legal.append((label_map, classes))
        broken = label_map.astype(np.int64)
        broken.flat[1] = classes  # the first number that is no class
        broken.flat[-1] = int(rng.integers(classes + 1, 255))
        if broken.size > 5:
            broken.flat[3] = -1
            broken.flat[4] = classes
        if broken.size > 7:
            broken.flat[6] = classes
        illegal.append((broken, classes))
    legal.append((np.array([[7, 0, 1]]), 2, 7))
    legal.append((np.zeros((2, 3), np.uint8), 3))
    illegal.append((np.array([[7, 0, 1, 255]]), 2, 7))
    return {"classes and void": legal, "values that are neither": illegal}


def label_report(label_map: Array, num_classes: int, ignore_index: int = 255) -> Array:
    """Pixels of each class, of void, and of everything else."""
    classes = [np.sum(label_map == c) for c in range(num_classes)]
    void = np.sum(label_map == ignore_index)
    return np.array([*classes, void, label_map.size - sum(classes) - void])


def _reported(change: Callable[[Array, Array, int, int], Any]) -> Any:
    def mistaken(label_map: Array, num_classes: int, ignore_index: int = 255) -> Any:
        report = label_report(label_map, num_classes, ignore_index)
        return change(report, label_map, num_classes, ignore_index)

    return mistaken


def _last(report: Array, value: Any) -> Array:
    return np.array([*report[:-1], value])


LABEL_REPORT = Exercise(
    reference=label_report,
    cases=_report_cases,
    mistakes={
        "Void pixels are counted among the values that are neither: void is allowed.": (
            _reported(lambda r, *_: _last(r, r[-1] + r[-2]))
        ),
        "The void value is fixed at 255: use ignore_index.": (
            lambda label_map, num_classes, ignore_index=255: label_report(label_map, num_classes)
        ),
        "These are shares of the picture: numbers of pixels are asked for.": (
            _reported(lambda r, *_: r / r.sum())
        ),
        "Values below 0 are not counted: they are neither class nor void.": (
            _reported(lambda r, m, c, v: _last(r, np.sum((m >= c) & (m != v))))
        ),
        "The value num_classes passes for a class: classes end at num_classes - 1.": (
            _reported(lambda r, m, c, v: _last(r, np.sum(((m > c) | (m < 0)) & (m != v))))
        ),
        "Different values are counted: the number of pixels is asked for.": (
            _reported(
                lambda r, m, c, v: _last(
                    r, len([x for x in np.unique(m) if not 0 <= x < c and x != v])
                )
            )
        ),
        "The classes are counted from 1: the first entry belongs to class 0.": (
            _reported(lambda r, *_: np.array([*r[1:-2], 0, *r[-2:]]))
        ),
        "Void stands last: the order is classes, void, neither.": (
            _reported(lambda r, *_: np.array([*r[:-2], r[-1], r[-2]]))
        ),
        "Void stands first: the order is classes, void, neither.": (
            _reported(lambda r, *_: np.array([r[-2], *r[:-2], r[-1]]))
        ),
        "The values that are neither are missing: the result has num_classes + 2 entries.": (
            _reported(lambda r, *_: r[:-1])
        ),
        "It says whether there are wrong values, not how many.": (
            _reported(lambda r, *_: _last(r, int(r[-1] > 0)))
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 10.4 The broken pipeline, mended


def _pipeline_cases(rng: np.random.Generator) -> Cases:
    plain, void, shrunk, flipped = [], [], [], []
    for shape in ((2, 4), (4, 4), (6, 8), (4, 8)):
        image, label_map = _sample(rng, shape)
        stored = label_map + np.uint8(1)
        stored.flat[:4] = 1, 4, 2, 3
        with_void = np.where(rng.random(shape) < 0.3, 0, stored).astype(np.uint8)
        with_void.flat[1] = 0
        plain.append((image, stored, 1, False))
        void.append((image, with_void, 1, False))
        shrunk.append((image, with_void, 2, False))
        flipped += [(image, with_void, 1, True), (image, with_void, 2, True)]
    image, stored = _sample(rng, (6, 9))
    shrunk.append((image, stored, 3, False))
    return {"class indices": plain, "void": void, "smaller": shrunk, "flipped": flipped}


def mended_pipeline(image: Array, label_map: Array, factor: int, flip: bool) -> Pair:
    """Image in [0, 1] and class indices 0 ... C-1 with void 255, smaller by a factor."""
    return _pipeline()(image, label_map, factor, flip)


def _means(array: Array, factor: int) -> Array:
    *rest, rows, columns = array.shape
    blocks = array.reshape(*rest, rows // factor, factor, columns // factor, factor)
    return blocks.mean(axis=(-3, -1))


def _middle(label_map: Array, factor: int) -> Array:
    return label_map[factor // 2 :: factor, factor // 2 :: factor]


def _indices(stored: Array) -> Array:
    return np.where(stored == 0, IGNORE_INDEX, stored.astype(np.int64) - 1)


def _pipeline(
    shrink_image: Callable[[Array, int], Array] = _means,
    scale: float = 255,
    shrink_map: Callable[[Array, int], Array] = _middle,
    to_classes: Callable[[Array], Array] = _indices,
    flips: tuple[int | None, int | None] = (-1, -1),
) -> Any:
    """The pipeline with one part replaced."""

    def mistaken(image: Array, label_map: Array, factor: int, flip: bool) -> Pair:
        both = [shrink_image(image, factor) / scale, to_classes(shrink_map(label_map, factor))]
        if flip:
            both = [
                a if axis is None else np.flip(a, axis) for a, axis in zip(both, flips, strict=True)
            ]
        return dict(zip(("image", "target"), both, strict=True))

    return mistaken


def _classes_then_means(label_map: Array, factor: int) -> Array:
    """Class indices averaged and cut, shifted back to the file's numbers."""
    means = _means(_indices(label_map), factor).astype(np.int64)
    return np.where(means == IGNORE_INDEX, 0, means + 1)


def _corner(array: Array, factor: int) -> Array:
    return array[..., ::factor, ::factor]


MENDED_PIPELINE = Exercise(
    reference=mended_pipeline,
    cases=_pipeline_cases,
    mistakes={
        "The label map is divided like an image: class indices are no grey levels.": (
            _pipeline(to_classes=lambda stored: (stored / 255).astype(np.int64)),
            _pipeline(to_classes=lambda stored: stored / 255),
            _pipeline(to_classes=lambda stored: _indices(stored) / 255),
        ),
        "The classes are still the file's, 1 and up: a loss over C classes wants 0 to C - 1.": (
            _pipeline(to_classes=lambda stored: np.where(stored == 0, IGNORE_INDEX, stored)),
            _pipeline(to_classes=lambda stored: stored),
        ),
        "Void became -1: void has a value of its own here, which loss and scores leave out.": (
            _pipeline(to_classes=lambda stored: stored.astype(np.int64) - 1)
        ),
        "Void is counted as class 0: it has a value of its own, which loss and scores leave out.": (
            _pipeline(to_classes=lambda stored: np.maximum(stored.astype(np.int64) - 1, 0))
        ),
        "The label map is averaged: between two classes lies no third. Take the nearest pixel.": (
            _pipeline(shrink_map=lambda m, n: _means(m, n).astype(np.int64)),
            _pipeline(shrink_map=lambda m, n: np.rint(_means(m, n)).astype(np.int64)),
            _pipeline(shrink_map=_classes_then_means),
        ),
        "The label map takes the first pixel of each block: factor // 2 is asked for, so that it "
        "does not move against the image.": _pipeline(shrink_map=_corner),
        "The image is flipped and the label map is not.": _pipeline(flips=(-1, None)),
        "The label map is flipped and the image is not.": _pipeline(flips=(None, -1)),
        "Nothing is flipped: flip is not used.": _pipeline(flips=(None, None)),
        "Top and bottom are exchanged: left and right are meant.": _pipeline(flips=(-2, -2)),
        "The image still holds grey levels: it must lie in [0, 1].": _pipeline(scale=1),
        "The image is divided twice: it must lie in [0, 1], not far below 1.": _pipeline(
            scale=255**2
        ),
        "The image takes single pixels: average over the blocks, as the broken pipeline did.": (
            _pipeline(shrink_image=lambda image, n: image[:, n // 2 :: n, n // 2 :: n]),
            _pipeline(shrink_image=_corner),
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 10.5 The learning rate of a step


def _rate_cases(rng: np.random.Generator) -> Cases:
    rising: list[Arguments] = [(step, 20, 0.01, 4) for step in range(4)]
    falling: list[Arguments] = [(step, 20, 0.01, 4) for step in (4, 5, 12, 19)]
    for _ in range(4):
        steps, warmup = int(rng.integers(30, 200)), int(rng.integers(2, 20))
        highest = float(rng.choice([1.0, 0.1, 3e-3]))
        rising.append((int(rng.integers(0, warmup)), steps, highest, warmup))
        falling.append((int(rng.integers(warmup, steps)), steps, highest, warmup))
    return {"warm-up": rising, "fall": [*falling, (0, 10, 1.0, 0), (3, 10, 1.0, 0)]}


def rate_of_step(step: int, steps: int, highest: float, warmup_steps: int) -> float:
    """Learning rate: up in a straight line, then down as (1 - t)^0.9."""
    return _rate()(step, steps, highest, warmup_steps)


def _rate(
    up: Callable[[int, int], float] = lambda step, w: (step + 1) / w,
    share: Callable[[int, int, int], float] = lambda step, n, w: (step - w) / (n - w),
    down: Callable[[float], float] = lambda t: (1 - t) ** 0.9,
) -> Any:
    def mistaken(step: int, steps: int, highest: float, warmup_steps: int) -> float:
        if step < warmup_steps:
            return highest * up(step, warmup_steps)
        return highest * down(share(step, steps, warmup_steps))

    return mistaken


RATE_OF_STEP = Exercise(
    reference=rate_of_step,
    cases=_rate_cases,
    mistakes={
        "The first step has rate 0, so it is lost: step 0 already has a part of the rate.": (
            _rate(up=lambda step, w: step / w)
        ),
        "The warm-up is one step too long: its last step reaches the highest rate.": (
            _rate(up=lambda step, w: (step + 1) / (w + 1))
        ),
        "There is no warm-up: the rate rises over warmup_steps steps.": _rate(
            up=lambda step, w: 1.0
        ),
        "The fall begins at step 0, not after the warm-up: t counts the steps after it.": (
            _rate(share=lambda step, n, w: step / n)
        ),
        "The share t is taken of all steps: divide by those after the warm-up.": (
            _rate(share=lambda step, n, w: (step - w) / n)
        ),
        "The last step has rate 0, so it is lost: t is below 1 at the last step.": (
            _rate(share=lambda step, n, w: (step - w) / (n - w - 1))
        ),
        "It falls in a straight line: the exponent 0.9 is missing.": _rate(down=lambda t: 1 - t),
        "It does not fall after the warm-up.": _rate(down=lambda t: 1.0),
        "The exponent stands at t alone: the whole of 1 - t is meant.": (
            _rate(down=lambda t: 1 - t**0.9)
        ),
        "It falls as a cosine: (1 - t) to the power 0.9 is asked for.": (
            _rate(down=lambda t: (1 + np.cos(np.pi * t)) / 2)
        ),
        "The highest rate is left out: this is a share of it.": (
            lambda step, steps, highest, warmup_steps: rate_of_step(step, steps, 1.0, warmup_steps)
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 10.6 A running mean of the weights


def _mean_cases(rng: np.random.Generator) -> Cases:
    one: list[Arguments] = [(np.array([[0.0], [1.0], [1.0]]), 0.5), (np.array([[2.0], [4.0]]), 0.9)]
    one += [(rng.normal(0, 1, (n, 1)).round(2), keep) for n, keep in ((4, 0.9), (6, 0.75))]
    several = [(rng.normal(0, 1, (n, 3)).round(2), keep) for n, keep in ((3, 0.8), (5, 0.9))]
    return {"one weight": one, "several weights": [*several, (np.ones((2, 2)) * 3, 0.9)]}


def running_means(weights: Array, keep: float) -> Array:
    """After each step: keep times the mean so far, plus 1 - keep times the new weights."""
    means = [np.asarray(weights[0], float)]
    for new in weights[1:]:
        means.append(keep * means[-1] + (1 - keep) * new)
    return np.array(means)


def _folded(
    step: Callable[..., Array], start: Callable[[Array, float], Array] = lambda first, keep: first
) -> Any:
    def mistaken(weights: Array, keep: float) -> Array:
        means = [np.asarray(start(weights[0], keep), float)]
        for number, new in enumerate(weights[1:], start=2):
            means.append(step(means[-1], new, keep, number))
        return np.array(means)

    return mistaken


def _ema(old: Array, new: Array, keep: float, number: int) -> Array:
    return keep * old + (1 - keep) * new


RUNNING_MEANS = Exercise(
    reference=running_means,
    cases=_mean_cases,
    mistakes={
        "The shares are exchanged: keep belongs to the mean so far.": (
            _folded(lambda old, new, keep, n: keep * new + (1 - keep) * old)
        ),
        "This is the plain mean of all steps so far: keep is not used.": (
            _folded(lambda old, new, keep, n: old + (new - old) / n)
        ),
        "It starts from 0: the first mean is the first weights themselves.": (
            _folded(_ema, lambda first, keep: (1 - keep) * first)
        ),
        "The new weights are added whole: they get the share 1 - keep.": (
            _folded(lambda old, new, keep, n: keep * old + new)
        ),
        "The mean so far is kept whole: it gets the share keep.": (
            _folded(lambda old, new, keep, n: old + (1 - keep) * new)
        ),
        "Each step is mixed with the weights before it: use the mean so far.": (
            lambda weights, keep: np.array(
                [weights[0], *(keep * weights[:-1] + (1 - keep) * weights[1:])]
            )
        ),
        "These are the weights themselves: nothing is averaged.": (
            lambda weights, keep: np.array(weights)
        ),
        "Only the last mean comes back: return one for each step.": (
            lambda weights, keep: running_means(weights, keep)[-1]
        ),
        "The first mean is missing: return one for each step.": (
            lambda weights, keep: running_means(weights, keep)[1:]
        ),
        "One mean for all weights: each weight has its own.": (
            lambda weights, keep: (
                np.repeat(
                    running_means(weights, keep).mean(axis=1, keepdims=True),
                    weights.shape[1],
                    axis=1,
                )
                if weights.shape[1] > 1
                else running_means(weights, keep)
            )
        ),
    },
    entry=lambda index: ", ".join(
        f"{name} {n}" for name, n in zip(("step", "weight"), index, strict=False)
    ),
)

EXERCISES = {
    "10.1": CROP_AND_FLIP,
    "10.2": RANDOM_CROP_FLIP,
    "10.3": LABEL_REPORT,
    "10.4": MENDED_PIPELINE,
    "10.5": RATE_OF_STEP,
    "10.6": RUNNING_MEANS,
}
