"""Lesson 11: a dense layer as a convolution, bilinear stamps, offsets, and FCN's summed scores.

Conventions that all exercises share: one picture, maps (C, H, W); `flatten` writes channel by
channel, row by row; a convolution lays its kernel on without turning it; maps are enlarged by an
even factor. NumPy alone: nothing here loads torch, and a test compares these references with it.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]
Array = np.ndarray


def _entry(index: tuple[int, ...]) -> str:
    names = ("output", "channel", "row", "column")[-len(index) :]
    return ", ".join(f"{name} {number}" for name, number in zip(names, index, strict=True))


def _whole(rng: np.random.Generator, *shape: int) -> Array:
    """Whole numbers from -5 to 9, none of them 0, as floats."""
    return rng.choice([-5.0, -3.0, -2.0, -1.0, 1.0, 2.0, 4.0, 6.0, 9.0], shape)


# ----------------------------------------------------------------------------------------------
# 11.1 Rows into kernels


def _row_cases(rng: np.random.Generator) -> Cases:
    def case(outputs: int, channels: int, side: int) -> Arguments:
        return _whole(rng, outputs, channels * side**2), channels, side

    one = [case(outputs, 1, side) for outputs, side in ((1, 2), (2, 2), (2, 3))]
    several = [case(outputs, c, side) for outputs, c, side in ((1, 2, 2), (3, 2, 3), (2, 3, 2))]
    return {"one channel": one, "several channels": several}


def dense_to_kernels(weights: Array, channels: int, side: int) -> Array:
    """Each row of a dense layer as a kernel, (outputs, channels, side, side)."""
    return weights.reshape(-1, channels, side, side)


def _changed(change: Callable[[Array], Array]) -> Callable[[Array, int, int], Array]:
    return lambda weights, channels, side: change(dense_to_kernels(weights, channels, side))


DENSE_TO_KERNELS = Exercise(
    reference=dense_to_kernels,
    cases=_row_cases,
    mistakes={
        "Rows and columns of each kernel are exchanged: flatten writes row by row.": (
            _changed(lambda kernels: kernels.swapaxes(2, 3)),
            lambda weights, channels, side: weights.reshape((-1, channels, side, side), order="F"),
        ),
        "The kernels are turned by half a turn: a convolution here lays them on as they are.": (
            _changed(lambda kernels: kernels[:, :, ::-1, ::-1])
        ),
        "The channels are read last: flatten writes the whole first channel first.": (
            lambda weights, channels, side: weights.reshape(-1, side, side, channels).transpose(
                0, 3, 1, 2
            )
        ),
        "The channels stand last: the shape is (outputs, channels, side, side).": (
            _changed(lambda kernels: kernels.transpose(0, 2, 3, 1)),
            lambda weights, channels, side: weights.reshape(-1, side, side, channels),
        ),
        "The outputs are mixed: each row of the weights belongs to one output.": (
            lambda weights, channels, side: weights.T.reshape(-1, channels, side, side)
        ),
        "Outputs and channels are exchanged: outputs come first.": (
            _changed(lambda kernels: kernels.swapaxes(0, 1))
        ),
        "The kernels are still written in one line: they need rows and columns.": (
            lambda weights, channels, side: weights.reshape(-1, channels, side**2)
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 11.2 The dense layer at every place


def _place_cases(rng: np.random.Generator) -> Cases:
    def case(shape: tuple[int, int, int], outputs: int, side: int) -> Arguments:
        return _whole(rng, *shape), _whole(rng, outputs, shape[0], side, side), _whole(rng, outputs)

    one = [case((1, 2, 2), 1, 2), case((2, 2, 2), 2, 2), case((2, 3, 3), 1, 3)]
    larger = [case((1, 3, 4), 1, 2), case((2, 4, 3), 2, 2), case((2, 5, 6), 3, 3)]
    return {"one place": one, "larger maps": larger}


def answers_everywhere(maps: Array, kernels: Array, bias: Array) -> Array:
    """A dense layer's answers at every place of larger maps, (outputs, rows, columns)."""
    side = kernels.shape[2]
    rows, columns = maps.shape[1] - side + 1, maps.shape[2] - side + 1
    answers = np.empty((len(kernels), rows, columns))
    for row, column in np.ndindex(rows, columns):
        crop = maps[:, row : row + side, column : column + side]
        answers[:, row, column] = (kernels * crop).sum(axis=(1, 2, 3)) + bias
    return answers


def _by_channel(maps: Array, kernels: Array, bias: Array) -> Array:
    """The bias is added once for each channel."""
    return answers_everywhere(maps, kernels, len(maps) * bias)


def _padded(maps: Array, kernels: Array, bias: Array) -> Array:
    low, high = (kernels.shape[2] - 1) // 2, kernels.shape[2] // 2
    return answers_everywhere(np.pad(maps, ((0, 0), (low, high), (low, high))), kernels, bias)


ANSWERS_EVERYWHERE = Exercise(
    reference=answers_everywhere,
    cases=_place_cases,
    mistakes={
        "The bias is missing: each output has one.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels, 0 * bias)
        ),
        "The bias is added once for each channel: it is added once.": _by_channel,
        "The bias is taken off: it is added.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels, -bias)
        ),
        "The kernels are turned by half a turn: lay them on as they are.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels[:, :, ::-1, ::-1], bias)
        ),
        "Rows and columns of each kernel are exchanged.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels.swapaxes(2, 3), bias)
        ),
        "The last place of each direction is left out: count where the kernel still fits.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels, bias)[:, :-1, :-1]
        ),
        "The kernel jumps by its own side: it moves by one.": (
            lambda maps, kernels, bias: answers_everywhere(maps, kernels, bias)[
                :, :: kernels.shape[2], :: kernels.shape[2]
            ]
        ),
        "The maps are padded with zeros: the dense layer never saw any.": _padded,
        "It averages over the kernel: a dense layer adds up.": (
            lambda maps, kernels, bias: (
                (answers_everywhere(maps, kernels, 0 * bias) / kernels[0].size)
                + bias[:, None, None]
            )
        ),
        "Only the first channel is read: the sum runs over all channels.": (
            lambda maps, kernels, bias: answers_everywhere(maps[:1], kernels[:, :1], bias)
        ),
        "Negative answers are cut off: a dense layer has no ReLU of its own.": (
            lambda maps, kernels, bias: np.maximum(answers_everywhere(maps, kernels, bias), 0)
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 11.3 and 11.4 Bilinear stamps


def _stamp_cases(rng: np.random.Generator) -> Cases:
    return {"factor 2": [(2,)], "larger factors": [(4,), (6,), (8,)]}


def bilinear_weights(factor: int) -> Array:
    """One direction of the pyramid that enlarges by an even factor, (2 factor,)."""
    place = np.arange(2 * factor) - (factor - 0.5)
    return 1 - np.abs(place) / factor


def _slope(side: Any, middle: Any, reach: Any = lambda f: f) -> Callable[[int], Array]:
    def mistaken(factor: int) -> Array:
        place = np.arange(side(factor)) - middle(factor)
        return np.maximum(1 - np.abs(place) / reach(factor), 0)

    return mistaken


BILINEAR_WEIGHTS = Exercise(
    reference=bilinear_weights,
    cases=_stamp_cases,
    mistakes={
        "The middle lies on a pixel: with an even side it lies between two.": (
            _slope(lambda f: 2 * f, lambda f: f),
            _slope(lambda f: 2 * f, lambda f: f - 1),
        ),
        "The side is that of an odd factor: here it is twice the factor.": (
            _slope(lambda f: 2 * f - 1, lambda f: f - 1)
        ),
        "There are only as many weights as the factor: neighbours must overlap.": (
            _slope(lambda f: f, lambda f: (f - 1) / 2)
        ),
        "The slope is too flat: the weight falls to 0 over `factor` pixels.": (
            _slope(lambda f: 2 * f, lambda f: f - 0.5, lambda f: 2 * f)
        ),
        "The slope is too steep: the weight falls to 0 over `factor` pixels.": (
            _slope(lambda f: 2 * f, lambda f: f - 0.5, lambda f: f - 0.5)
        ),
        "The weights add up to 1: then the enlarged map is too dark. Do not divide them.": (
            lambda factor: bilinear_weights(factor) / factor
        ),
        "The largest weight is made 1: the weights of two stamps that overlap must add up to 1.": (
            lambda factor: bilinear_weights(factor) / bilinear_weights(factor).max()
        ),
        "These are the distances: the weight falls with them.": (
            lambda factor: np.abs(np.arange(2 * factor) - (factor - 0.5))
        ),
        "The weight rises with the distance: it is largest in the middle.": (
            lambda factor: 1 - bilinear_weights(factor)
        ),
        "All weights are alike: they fall with the distance from the middle.": (
            lambda factor: np.full(2 * factor, 0.5)
        ),
    },
    entry=lambda index: f"weight {index[0]}",
)


def _bilinear_stamp(factor: int) -> Array:
    return np.outer(bilinear_weights(factor), bilinear_weights(factor))


def _enlarge_cases(rng: np.random.Generator) -> Cases:
    one = [
        (16 * _whole(rng, 1, *shape), f)
        for shape, f in (((1, 1), 2), ((1, 2), 2), ((2, 2), 2), ((1, 2), 4))
    ]
    several = [
        (16 * _whole(rng, c, *shape), f)
        for c, shape, f in ((2, (1, 1), 2), (2, (2, 2), 2), (3, (3, 2), 2), (2, (2, 3), 4))
    ]
    return {"one channel": one, "several channels": several}


def _stamped(scores: Array, stamp: Array, factor: int) -> Array:
    """All stamps added up, before anything is cut."""
    channels, rows, columns = scores.shape
    side = len(stamp)
    enlarged = np.zeros((channels, (rows - 1) * factor + side, (columns - 1) * factor + side))
    for row, column in np.ndindex(rows, columns):
        top, left = row * factor, column * factor
        enlarged[:, top : top + side, left : left + side] += (
            scores[:, row, column, None, None] * stamp
        )
    return enlarged


def enlarge(scores: Array, factor: int) -> Array:
    """Stamp every score and cut half a factor off each side, (C, factor H, factor W)."""
    cut = factor // 2
    return _stamped(scores, _bilinear_stamp(factor), factor)[:, cut:-cut, cut:-cut]


def _cut(top: Callable[[int], int]) -> Callable[[Array, int], Array]:
    def mistaken(scores: Array, factor: int) -> Array:
        whole, first = _stamped(scores, _bilinear_stamp(factor), factor), top(factor)
        rows, columns = (factor * n for n in scores.shape[1:])
        return whole[:, first : first + rows, first : first + columns]

    return mistaken


def _overwritten(scores: Array, factor: int) -> Array:
    stamp, cut = _bilinear_stamp(factor), factor // 2
    enlarged = np.zeros_like(_stamped(scores, stamp, factor))
    for row, column in np.ndindex(*scores.shape[1:]):
        window = np.s_[
            :,
            row * factor : (row + 2) * factor,
            column * factor : (column + 2) * factor,
        ]
        enlarged[window] = scores[:, row, column, None, None] * stamp
    return enlarged[:, cut:-cut, cut:-cut]


ENLARGE = Exercise(
    reference=enlarge,
    cases=_enlarge_cases,
    mistakes={
        "Nothing is cut: take half a factor off each side.": (
            lambda scores, factor: _stamped(scores, _bilinear_stamp(factor), factor)
        ),
        "All of it is cut at the far end: the answers then stand half a factor too far down and "
        "right.": _cut(lambda factor: 0),
        "All of it is cut at the near end: the answers then stand half a factor too far up and "
        "left.": _cut(lambda factor: factor),
        "A whole factor is cut off each side: half of it is too much.": (
            lambda scores, factor: _stamped(scores, _bilinear_stamp(factor), factor)[
                :, factor:-factor, factor:-factor
            ]
        ),
        "Where stamps overlap the last one wins: add them up.": _overwritten,
        "The scores are copied, not mixed: use the bilinear stamp.": (
            lambda scores, factor: scores.repeat(factor, axis=1).repeat(factor, axis=2)
        ),
        "The channels are added together: each is enlarged by itself.": (
            lambda scores, factor: np.broadcast_to(
                enlarge(scores.sum(axis=0, keepdims=True), factor),
                (len(scores), *(factor * n for n in scores.shape[1:])),
            )
        ),
        "Only the first channel is enlarged.": (lambda scores, factor: enlarge(scores[:1], factor)),
        "The rim is repeated: here what lies beyond the rim counts 0.": (
            lambda scores, factor: enlarge(
                np.pad(scores, ((0, 0), (1, 1), (1, 1)), "edge"), factor
            )[:, factor:-factor, factor:-factor]
        ),
    },
    entry=_entry,
)

# ----------------------------------------------------------------------------------------------
# 11.5 Offsets


def _offset_cases(rng: np.random.Generator) -> Cases:
    starts = rng.integers(-40, 40, 6) + 0.5
    picture = [(float(start), 32, 32, 0.0) for start in starts[:2]]
    picture += [(12.5, 32, 32, 0.0), (-11.5, 16, 16, 0.0), (-23.5, 8, 8, 0.0), (15.5, 32, 32, 0.0)]
    finer = [(12.5, 32, 2, -91.5), (-11.5, 16, 2, -95.5), (15.5, 32, 2, 7.5), (7.5, 16, 2, 3.5)]
    finer += [(float(a), 32, 4, float(b)) for a, b in zip(starts[2:4], starts[4:6], strict=True)]
    return {"the picture": picture, "a finer map": finer}


def crop_offset(start: float, jump: int, factor: int, finer_start: float) -> float:
    """Units by which the enlarged map begins before the finer one."""
    finer_jump = jump / factor
    first = start - (factor - 0.5) * finer_jump
    return (finer_start - first) / finer_jump


def _offset(middle: Any, unit: Any = lambda jump, factor: jump / factor) -> Callable[..., float]:
    def mistaken(start: float, jump: int, factor: int, finer_start: float) -> float:
        finer_jump = jump / factor
        return (finer_start - start + middle(factor) * finer_jump) / unit(jump, factor)

    return mistaken


CROP_OFFSET = Exercise(
    reference=crop_offset,
    cases=_offset_cases,
    mistakes={
        "The stamp's middle is set at its first pixel: it lies in the middle of 2 factor pixels.": (
            _offset(lambda factor: 0)
        ),
        "The stamp's middle is off by half a pixel: 2 factor pixels have it between two.": (
            _offset(lambda factor: factor),
            _offset(lambda factor: factor - 1),
        ),
        "The stamp is taken to be as large as the factor: it has twice that side.": (
            _offset(lambda factor: (factor - 1) / 2)
        ),
        "The sign is turned: the offset is positive where the enlarged map begins first.": (
            lambda *given: -crop_offset(*given)
        ),
        "The offset is in pixels of the picture: count it in units of the enlarged map.": (
            _offset(lambda factor: factor - 0.5, lambda jump, factor: 1)
        ),
        "The offset is in units of the coarse map: count it in those of the enlarged one.": (
            _offset(lambda factor: factor - 0.5, lambda jump, factor: jump)
        ),
        "The start of the finer map is left out.": (
            lambda start, jump, factor, finer_start: crop_offset(start, jump, factor, 0.0)
        ),
        "The start of the coarse map is left out.": (
            lambda start, jump, factor, finer_start: crop_offset(0.0, jump, factor, finer_start)
        ),
        "The stamp's middle is counted in pixels of the picture: its pixels are units of the "
        "enlarged map.": (
            lambda start, jump, factor, finer_start: (
                (finer_start - start + factor - 0.5) / (jump / factor)
            )
        ),
    },
    words=lambda start, jump, factor, finer_start: (
        f"unit 0 stands at {start}, the next {jump} further, the factor is {factor} and the finer "
        f"map starts at {finer_start}"
    ),
)

# ----------------------------------------------------------------------------------------------
# 11.6 Summed scores


def _head_cases(rng: np.random.Generator) -> Cases:
    def case(classes: int, rows: int, columns: int, channels4: int, channels3: int) -> Arguments:
        return (
            256 * _whole(rng, classes, rows, columns),
            16 * _whole(rng, channels4, 2 * rows, 2 * columns),
            _whole(rng, channels3, 4 * rows, 4 * columns),
            _whole(rng, classes, channels4),
            _whole(rng, classes, channels3),
        )

    return {
        "as many channels as classes": [case(1, 1, 1, 1, 1), case(2, 1, 1, 2, 2)],
        "any number of channels": [
            case(1, 1, 1, 3, 1),
            case(1, 1, 1, 2, 3),
            case(2, 1, 1, 3, 1),
            case(3, 1, 2, 2, 4),
            case(2, 2, 1, 4, 3),
        ],
    }


def _scores(maps: Array, weights: Array) -> Array:
    """A 1 x 1 convolution without bias."""
    return np.tensordot(weights, maps, axes=1)


def fcn8_scores(
    score32: Array, pool4: Array, pool3: Array, weights4: Array, weights3: Array
) -> Array:
    """FCN-8s's scores at stride 8, (C, 4 H, 4 W)."""
    score16 = enlarge(score32, 2) + _scores(pool4, weights4)
    return enlarge(score16, 2) + _scores(pool3, weights3)


def _copied(scores: Array, factor: int) -> Array:
    return scores.repeat(factor, axis=1).repeat(factor, axis=2)


def _head(join4: Any, join3: Any, larger: Any = enlarge) -> Callable[..., Array]:
    def mistaken(
        score32: Array, pool4: Array, pool3: Array, weights4: Array, weights3: Array
    ) -> Array:
        score16 = join4(larger(score32, 2), _scores(pool4, weights4))
        return join3(larger(score16, 2), _scores(pool3, weights3))

    return mistaken


def _both(join: Any) -> Callable[..., Array]:
    return _head(join, join)


def _plus(coarse: Array, fine: Array) -> Array:
    return coarse + fine


FCN8_SCORES = Exercise(
    reference=fcn8_scores,
    cases=_head_cases,
    mistakes={
        "The scores are concatenated: that is U-Net. FCN adds them.": (
            _both(lambda coarse, fine: np.concatenate([coarse, fine]))
        ),
        "The scores are averaged: add them.": _both(lambda coarse, fine: (coarse + fine) / 2),
        "The larger score wins: add them.": _both(np.maximum),
        "The scores are multiplied: add them.": _both(np.multiply),
        "The scores of pool4 are missing.": _head(lambda coarse, fine: coarse, _plus),
        "The scores of pool3 are missing.": _head(_plus, lambda coarse, fine: coarse),
        "The scores of stride 32 are missing.": (
            lambda score32, *rest: fcn8_scores(0 * score32, *rest)
        ),
        "The coarse scores are copied into squares: enlarge them bilinearly.": (
            _head(_plus, _plus, _copied)
        ),
        "The scores of pool4 are copied into squares: enlarge the sum bilinearly.": (
            lambda score32, pool4, pool3, weights4, weights3: (
                enlarge(enlarge(score32, 2), 2)
                + _copied(_scores(pool4, weights4), 2)
                + _scores(pool3, weights3)
            )
        ),
        "The scores of stride 32 are enlarged 4 times at once: enlarge twice, and add between.": (
            lambda score32, pool4, pool3, weights4, weights3: (
                enlarge(score32, 4)
                + enlarge(_scores(pool4, weights4), 2)
                + _scores(pool3, weights3)
            )
        ),
        "Negative sums are cut off: scores are no features, there is no ReLU between them.": (
            _both(lambda coarse, fine: np.maximum(coarse + fine, 0))
        ),
        "Negative scores of pool4 and pool3 are cut off: scores may be negative.": (
            _both(lambda coarse, fine: coarse + np.maximum(fine, 0))
        ),
    },
    entry=_entry,
)

EXERCISES = {
    "11.1": DENSE_TO_KERNELS,
    "11.2": ANSWERS_EVERYWHERE,
    "11.3": BILINEAR_WEIGHTS,
    "11.4": ENLARGE,
    "11.5": CROP_OFFSET,
    "11.6": FCN8_SCORES,
}
