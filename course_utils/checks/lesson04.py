"""Lesson 04: Sobel, four directions, non-maximum suppression, hysteresis, distance, coins.

Conventions that all exercises share: a gradient is (rows, columns), rows downwards; directions are
0 along the row, 1 down and to the right, 2 along the column, 3 down and to the left.
"""

from functools import cache
from typing import Any

import numpy as np
from scipy import ndimage
from skimage import filters
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

from course_utils import edges
from course_utils.checks.exercise import Arguments, Exercise
from course_utils.datasets.coin_scenes import coin_scene

Cases = dict[str, list[Arguments]]


def _by_pixel(index: tuple[int, ...]) -> str:
    return f"row {index[0]}, column {index[1]}"


# ----------------------------------------------------------------------------------------------
# 4.1 Sobel's gradient magnitude


def _picture_cases(rng: np.random.Generator) -> Cases:
    framed, open_border = [], []
    for shape in [(1, 1), (1, 2), (2, 2), (2, 3), (3, 5), (6, 4)]:
        for dtype in (np.uint8, np.float64):
            inside = rng.integers(0, 256, shape).astype(dtype)
            frame = rng.integers(0, 256)
            framed.append((np.pad(inside, 2, constant_values=frame),))
            open_border.append((inside,))
    step = np.repeat([[0, 0, 9, 9]], 3, axis=0).astype(np.uint8)
    return {"away from the border": framed, "at the border": [*open_border[2:], (step,), (step.T,)]}


def sobel_magnitude(image: np.ndarray) -> np.ndarray:
    """Euclidean norm of Sobel's two responses."""
    return edges.gradient_magnitude(image)


def _combined(combine: Any) -> Any:
    """A mistake in how the two responses become one number."""
    return lambda image: combine(*edges.gradient(image))


def _with_window(along: tuple[float, ...], mode: str) -> Any:
    """A mistake in the weights across the difference, or beyond the border."""

    def mistaken(image: np.ndarray) -> np.ndarray:
        levels = image.astype(float)
        parts = (
            ndimage.correlate1d(
                ndimage.correlate1d(levels, [-1, 0, 1], axis, mode=mode), along, 1 - axis, mode=mode
            )
            for axis in (0, 1)
        )
        return np.hypot(*parts)

    return mistaken


def _wrapping(image: np.ndarray) -> np.ndarray:
    """Differences in the image's own type, where uint8 wraps round."""
    p = np.pad(image, 1, mode="edge")
    with np.errstate(all="ignore"):
        right, down = (p[:, 2:] - p[:, :-2]).astype(float), (p[2:] - p[:-2]).astype(float)
    columns = right[:-2] + 2 * right[1:-1] + right[2:]
    rows = down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]
    return np.hypot(rows, columns)


def _frame_of_zeros(image: np.ndarray) -> np.ndarray:
    magnitude = sobel_magnitude(image)
    magnitude[[0, -1]] = 0
    magnitude[:, [0, -1]] = 0
    return magnitude


def _wrapping_library(image: np.ndarray) -> np.ndarray:
    """SciPy's responses in the image's own type, where uint8 wraps round."""
    return np.hypot(*(ndimage.sobel(image, axis).astype(float) for axis in (0, 1)))


def _wrapping_norm(image: np.ndarray) -> np.ndarray:
    """The same, and the norm in that type as well: NumPy takes it in float16."""
    return np.hypot(ndimage.sobel(image, axis=0), ndimage.sobel(image, axis=1))


def _wrapping_squares(image: np.ndarray) -> np.ndarray:
    rows, columns = ndimage.sobel(image, axis=0), ndimage.sobel(image, axis=1)
    return np.sqrt(rows**2 + columns**2)


SOBEL_MAGNITUDE = Exercise(
    reference=sobel_magnitude,
    cases=_picture_cases,
    mistakes={
        "This is a geometric mean, which is 0 on every straight edge: take the Euclidean norm.": (
            _combined(lambda rows, columns: np.sqrt(np.abs(rows * columns)))
        ),
        "The absolute values are added: a vector's length comes from the squares.": (
            _combined(lambda rows, columns: np.abs(rows) + np.abs(columns))
        ),
        "The squares are added, and the root is missing.": (
            _combined(lambda rows, columns: rows**2 + columns**2)
        ),
        "This is the larger of the two responses: combine both.": (
            _combined(lambda rows, columns: np.maximum(np.abs(rows), np.abs(columns)))
        ),
        "Only the response along the row is used: horizontal edges are missing.": (
            _combined(lambda rows, columns: np.abs(columns))
        ),
        "Only the response along the column is used: vertical edges are missing.": (
            _combined(lambda rows, columns: np.abs(rows))
        ),
        "This is scikit-image's value: a kernel divided by 4, and a root mean square.": (
            _combined(lambda rows, columns: np.hypot(rows, columns) / np.sqrt(32))
        ),
        "This is scikit-image's value of levels divided by 255: turn the image into floats "
        "yourself, take its kernel undivided, and the sum of the squares.": filters.sobel,
        "Levels of type uint8 are divided by 255 here: turn the image into floats yourself.": (
            lambda image: np.sqrt(32) * filters.sobel(image)
        ),
        "This is a root mean square: add the squares, do not take their mean.": (
            _combined(lambda rows, columns: np.hypot(rows, columns) / np.sqrt(2))
        ),
        "The kernel is divided: the weights are 1, 2 and 1.": (
            _combined(lambda rows, columns: np.hypot(rows, columns) / 8),
            _combined(lambda rows, columns: np.hypot(rows, columns) / 4),
        ),
        "The middle of the three differences counts once: it counts twice.": (
            _with_window((1, 1, 1), "nearest")
        ),
        "Beyond the border the picture continues with zeros: repeat its border pixels.": (
            _with_window((1, 2, 1), "constant")
        ),
        "Beyond the border the picture continues on its other side: repeat its border pixels.": (
            _with_window((1, 2, 1), "wrap")
        ),
        "Beyond the border the picture is mirrored without its border pixels: repeat these.": (
            _with_window((1, 2, 1), "mirror")
        ),
        "The border is left at 0: it has a gradient too, with its pixels repeated.": (
            _frame_of_zeros
        ),
        "Differences below 0 wrap round: turn the image into floats before you subtract.": (
            _wrapping,
            _wrapping_library,
            _wrapping_norm,
            _wrapping_squares,
        ),
    },
    entry=_by_pixel,
)

# ----------------------------------------------------------------------------------------------
# 4.2 Four directions


def _direction_cases(rng: np.random.Generator) -> Cases:
    exact, free = [], []
    for shape in [(1, 1), (1, 2), (2, 3), (4, 4)]:
        for _ in range(4):
            length = rng.integers(1, 60, shape)
            turn = rng.integers(0, 8, shape)
            rows, columns = (
                np.array([0, 1, 1, 1, 0, -1, -1, -1]),
                np.array([1, 1, 0, -1, -1, -1, 0, 1]),
            )
            exact.append((length * rows[turn] * 1.0, length * columns[turn] * 1.0))
            angle = rng.integers(0, 8, shape) * 45 + rng.uniform(-21, 21, shape)
            radians = np.radians(angle)
            free.append((length * np.sin(radians), length * np.cos(radians)))
    whole_turn = np.radians(np.arange(0, 360, 15.0))[None]  # 15 and 30 fall on either side of 22.5
    free.append((9 * np.sin(whole_turn), 9 * np.cos(whole_turn)))
    exact.append((np.array([[0.0, 2, -5, 2, 0]]), np.array([[-3.0, 2, 0, -2, 0]])))
    return {"exact directions": exact, "any angle": free}


def four_directions(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Direction of each gradient, rounded to one of four."""
    return edges.rounded_direction(rows, columns)


def _turns(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Angle in steps of 45 degrees, -4 to 4."""
    return np.arctan2(rows, columns) / (np.pi / 4)


FOUR_DIRECTIONS = Exercise(
    reference=four_directions,
    cases=_direction_cases,
    mistakes={
        "Rows and columns are exchanged: 0 is along the row. arctan2 takes the rows first.": (
            lambda rows, columns: four_directions(columns, rows)
        ),
        "The two diagonals are exchanged: rows grow downwards.": (
            lambda rows, columns: four_directions(-rows, columns)
        ),
        "These are degrees: number the directions 0, 1, 2 and 3.": (
            lambda rows, columns: 45 * four_directions(rows, columns)
        ),
        "These are eight directions: opposite ones are the same.": (
            lambda rows, columns: np.rint(_turns(rows, columns)).astype(int) % 8
        ),
        "Negative angles stay negative: opposite directions have the same number.": (
            lambda rows, columns: np.rint(_turns(rows, columns)).astype(int)
        ),
        "The sign of the angle is lost, so the two diagonals are mixed up.": (
            lambda rows, columns: np.rint(np.abs(_turns(rows, columns))).astype(int) % 4
        ),
        "The angle is rounded down: round to the nearest direction.": (
            lambda rows, columns: np.floor(_turns(rows, columns) + 1e-9).astype(int) % 4
        ),
        "Only the sign of the slope is used: rows that hardly change are along the row.": (
            lambda rows, columns: np.where(
                rows == 0, 0, np.where(columns == 0, 2, np.where(rows * columns > 0, 1, 3))
            )
        ),
        "Every direction is 0: arctan2 gives radians, so divide by pi / 4, not by 45.": (
            lambda rows, columns: np.rint(np.arctan2(rows, columns) / 45).astype(int) % 4
        ),
        "Radians are rounded as they are: one step is pi / 4 of them.": (
            lambda rows, columns: np.rint(np.arctan2(rows, columns)).astype(int) % 4
        ),
        "The numbers start at 1: 0 is along the row.": (
            lambda rows, columns: four_directions(rows, columns) + 1
        ),
    },
    entry=_by_pixel,
)

# ----------------------------------------------------------------------------------------------
# 4.3 Non-maximum suppression


def _suppression_cases(rng: np.random.Generator) -> Cases:
    one, mixed, ties = [], [], []
    for shape in [(1, 3), (2, 2), (3, 3), (4, 5)]:
        for number in range(4):
            magnitude = 1.0 + rng.permutation(shape[0] * shape[1]).reshape(shape)
            one.append((magnitude, np.full(shape, number)))
            mixed.append((magnitude.copy(), rng.integers(0, 4, shape)))
            level = rng.integers(1, 3, shape).astype(float)
            ties.append((level, rng.integers(0, 4, shape)))
    return {"one direction": one, "mixed directions": mixed, "ties": ties}


def suppress(magnitude: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The magnitude where it is largest in its direction, 0 elsewhere."""
    return _suppressed(magnitude, direction)


def _suppressed(
    magnitude: np.ndarray,
    direction: np.ndarray,
    *,
    steps: Any = edges.STEPS,
    signs: tuple[int, ...] = (1, -1),
    beats: Any = np.greater_equal,
    outside: str = "constant",
) -> np.ndarray:
    height, width = magnitude.shape
    padded = np.pad(magnitude, 1, mode=outside)  # type: ignore[call-overload]
    kept = np.zeros(magnitude.shape, dtype=bool)
    for number, (down, right) in enumerate(steps):
        here = direction == number
        for sign in signs:
            top, left = 1 + sign * down, 1 + sign * right
            here &= beats(magnitude, padded[top : top + height, left : left + width])
        kept |= here
    return np.where(kept, magnitude, 0.0)


def _changed(**changes: Any) -> Any:
    return lambda magnitude, direction: _suppressed(magnitude, direction, **changes)


def _peaks_only(magnitude: np.ndarray, direction: np.ndarray) -> np.ndarray:
    highest = ndimage.maximum_filter(magnitude, size=3, mode="constant")
    return np.where(magnitude >= highest, magnitude, 0)


def _without_frame(magnitude: np.ndarray, direction: np.ndarray) -> np.ndarray:
    result = suppress(magnitude, direction)
    result[[0, -1]] = 0
    result[:, [0, -1]] = 0
    return result


SUPPRESS = Exercise(
    reference=suppress,
    cases=_suppression_cases,
    mistakes={
        "The neighbours lie along the edge: compare those along the gradient, across the edge.": (
            _changed(steps=[edges.STEPS[number] for number in (2, 3, 0, 1)])
        ),
        "The two diagonals are exchanged: direction 1 is down and to the right.": (
            _changed(steps=[edges.STEPS[number] for number in (0, 3, 2, 1)])
        ),
        "Directions 0 and 2 are exchanged: 0 is along the row.": (
            _changed(steps=[edges.STEPS[number] for number in (2, 1, 0, 3)])
        ),
        "Only the neighbour ahead is compared: there is one behind too.": _changed(signs=(1,)),
        "Only the neighbour behind is compared: there is one ahead too.": _changed(signs=(-1,)),
        "It asks for more than the neighbours: a pixel as large as they are is kept.": (
            _changed(beats=np.greater)
        ),
        "The smallest values are kept: keep the largest.": _changed(beats=np.less_equal),
        "It is compared with all eight neighbours: only two lie in its direction.": _peaks_only,
        "Neighbours are taken from the other side of the picture: outside it they count as 0.": (
            _changed(outside="wrap")
        ),
        "Border pixels are repeated outside: a neighbour outside the picture counts as 0.": (
            _changed(outside="edge")
        ),
        "The border is set to 0: compare its pixels too, with 0 outside.": _without_frame,
        "This is a mask: return the magnitude where it is kept.": (
            lambda magnitude, direction: suppress(magnitude, direction) > 0
        ),
        "What is kept and what is removed are exchanged.": (
            lambda magnitude, direction: magnitude - suppress(magnitude, direction)
        ),
    },
    entry=_by_pixel,
)

# ----------------------------------------------------------------------------------------------
# 4.4 Hysteresis


def _strength_cases(rng: np.random.Generator) -> Cases:
    rows, pictures, exact = [], [], []
    for length in (2, 3, 4, 6, 9, 12):
        for _ in range(3):
            rows.append((rng.choice([0.0, 2.5, 2.5, 4.5], (1, length)), 2, 4))
    rows.append((np.array([[2.5, 2.5, 4.5, 0, 2.5]]), 2, 4))
    for shape in [(2, 2), (3, 3), (4, 5), (6, 6), (9, 9)]:
        for _ in range(3):
            pictures.append((rng.choice([0.0, 0.0, 2.5, 2.5, 5.5], shape), 2, 5))
    pictures.append((2.5 * np.eye(4) + np.diag([3.0, 0, 0, 0]), 2, 5))
    for shape in [(1, 2), (2, 2), (2, 4), (5, 5)]:
        for low, high in [(1, 3), (2, 3), (2, 2)]:
            exact.append((rng.integers(0, 5, shape), low, high))
    exact += [(np.array([[2, 3, 7, 0, 3]]), 2, 5), (np.array([[1, 2], [0, 0]]), 1, 2)]
    return {
        "chains in a row": rows,
        "chains in a picture": pictures,
        "exactly at a threshold": exact,
    }


def hysteresis(strength: np.ndarray, low: float, high: float) -> np.ndarray:
    """Strong pixels, and the weak ones that hang together with one."""
    return edges.hysteresis(strength, low, high)


def _connected(strong: np.ndarray, weak: np.ndarray, structure: Any = None) -> np.ndarray:
    return ndimage.binary_propagation(strong, structure, mask=weak | strong)


def _in_passes(*offsets: tuple[int, int]) -> Any:
    """Weak pixels that see a kept one at these offsets join, in one pass from the top left."""

    def mistaken(strength: np.ndarray, low: float, high: float) -> np.ndarray:
        kept = np.pad(strength >= high, 1)
        for row, column in np.argwhere(strength >= low) + 1:
            kept[row, column] |= any(kept[row + r, column + c] for r, c in offsets)
        return kept[1:-1, 1:-1]

    return mistaken


_ALL = np.ones((3, 3), dtype=bool)

HYSTERESIS = Exercise(
    reference=hysteresis,
    cases=_strength_cases,
    mistakes={
        "Only strong pixels are kept: a weak one that hangs together with them stays too.": (
            lambda strength, low, high: strength >= high
        ),
        "All weak pixels are kept: one that no chain leads to a strong one is dropped.": (
            lambda strength, low, high: strength >= low
        ),
        "Only weak pixels right beside a strong one are kept: a chain may be longer.": (
            lambda strength, low, high: (
                (ndimage.binary_dilation(strength >= high, _ALL) & (strength >= low))
                | (strength >= high)
            )
        ),
        "One pass over the pixels is not enough: chains run in every direction.": (
            _in_passes(*(tuple(offset) for offset in np.argwhere(_ALL) - 1))
        ),
        "Corners do not connect here: use the 8-neighbourhood.": (
            lambda strength, low, high: _connected(strength >= high, strength >= low)
        ),
        "Pixels exactly at low are left out: at least low is weak.": (
            lambda strength, low, high: _connected(strength >= high, strength > low, _ALL)
        ),
        "Pixels exactly at high are not strong here: at least high is strong.": (
            lambda strength, low, high: _connected(strength > high, strength >= low, _ALL)
        ),
        "Pixels exactly at a threshold are left out: it says at least, for both.": (
            lambda strength, low, high: _connected(strength > high, strength > low, _ALL)
        ),
        "Strong and weak are exchanged, or low and high are.": (
            lambda strength, low, high: _connected(
                (strength >= low) & (strength < high), strength >= low, _ALL
            )
        ),
        "These are the strengths: return a mask of what is kept.": (
            lambda strength, low, high: strength * hysteresis(strength, low, high)
        ),
        "Kept and dropped are exchanged: True is kept.": (
            lambda strength, low, high: ~hysteresis(strength, low, high)
        ),
        "Only the weak pixels are returned: strong ones are kept as well.": (
            lambda strength, low, high: hysteresis(strength, low, high) & (strength < high)
        ),
    },
    entry=_by_pixel,
)

# ----------------------------------------------------------------------------------------------
# 4.5 The distance transform by definition


def _mask_cases(rng: np.random.Generator) -> Cases:
    rows, pictures = [], []
    for length in (2, 3, 4, 6, 9, 13):
        for share in (0.6, 0.85):
            row = rng.random((1, length)) < share
            row[0, rng.integers(length)] = False
            rows.append((row,))
    rows.append((np.array([[True, True, True, False]]),))
    for shape in [(2, 2), (3, 3), (4, 5), (7, 6), (9, 11)]:
        for share in (0.7, 0.92):
            mask = rng.random(shape) < share
            mask[tuple(rng.integers(shape))] = False
            pictures.append((mask,))
    square = np.pad(np.ones((5, 5), dtype=bool), 1)
    square[0, 0] = True  # a part at the picture's border
    corner = np.indices((5, 5)).any(axis=0)  # ways long enough to tell cut ones from a chessboard's
    return {"one row": rows, "pictures": [*pictures, (square,), (~square,), (corner,)]}


def distance_to_outside(mask: np.ndarray) -> np.ndarray:
    """Euclidean distance of each mask pixel to the nearest one outside the mask."""
    return ndimage.distance_transform_edt(mask)


def _chamfer(metric: str) -> Any:
    return lambda mask: ndimage.distance_transform_cdt(mask, metric)


def _farthest(mask: np.ndarray) -> np.ndarray:
    places = np.argwhere(~mask)
    way = np.indices(mask.shape).reshape(2, -1).T[:, None] - places  # (H * W, P, 2)
    return np.hypot(*np.moveaxis(way, -1, 0)).max(axis=1).reshape(mask.shape) * mask


DISTANCE_TO_OUTSIDE = Exercise(
    reference=distance_to_outside,
    cases=_mask_cases,
    mistakes={
        "This is the city-block distance, rows plus columns: take the root of the squares.": (
            _chamfer("taxicab")
        ),
        "This is the chessboard distance, the larger of rows and columns: take the root of the "
        "squares.": _chamfer("chessboard"),
        "These are squared distances: the root is missing.": (
            lambda mask: distance_to_outside(mask) ** 2
        ),
        "These are distances of the pixels outside to the mask: it is the other way round.": (
            lambda mask: (
                ndimage.distance_transform_edt(~mask) if mask.any() else np.zeros(mask.shape)
            ),
            lambda mask: ndimage.distance_transform_edt(~mask),
        ),
        "The distances are cut to whole numbers: store them in an array of floats.": (
            lambda mask: np.trunc(distance_to_outside(mask))
        ),
        "What lies beyond the picture's border counts as outside: only its pixels count.": (
            lambda mask: distance_to_outside(np.pad(mask, 1))[1:-1, 1:-1]
        ),
        "This is the way to the farthest pixel outside: take the nearest.": _farthest,
        "Every distance is 1 too small: it goes to the nearest pixel outside, not up to it.": (
            lambda mask: np.maximum(distance_to_outside(mask) - 1, 0)
        ),
        "Every distance is half a pixel too small: it goes to the middle of the pixel outside.": (
            lambda mask: np.maximum(distance_to_outside(mask) - 0.5, 0)
        ),
        "These are shares of the largest distance: return pixels.": (
            lambda mask: distance_to_outside(mask) / max(distance_to_outside(mask).max(), 1e-9)
        ),
    },
    entry=_by_pixel,
)

# ----------------------------------------------------------------------------------------------
# 4.6 Count coins that touch


def _discs(shape: tuple[int, int], discs: list[tuple[float, float, float]]) -> np.ndarray:
    """Mask of discs, each (row, column, radius)."""
    row, column = np.indices(shape)
    return np.any([np.hypot(row - r, column - c) < radius for r, c, radius in discs], axis=0)


def _disc_cases(rng: np.random.Generator) -> Cases:
    two: list[Arguments] = []
    touching: list[Arguments] = []
    for first, second in rng.uniform(3, 7, (6, 2)):  # the first is cut by the picture's border
        mask = _discs((18, 34), [(float(rng.integers(1, 4)), 7.3, first), (9, 25, second)])
        two.append((mask, int(rng.integers(4, 7))))
    two.append((np.pad(np.ones((3, 3), dtype=bool), 2), 2))
    while len(two) < 11:
        first, second = rng.uniform(4, 8, 2)
        discs = [(9.0, 9.0, first), (10.0, 9 + first + second - 1.2, second)]
        case = (_discs((20, 34), discs), int(rng.integers(2, 5)))
        if _is_unambiguous(*case):
            two.append(case)
    while len(touching) < 8:
        first, second, third = rng.uniform(5, 10, 3)
        angle = rng.uniform(-0.6, 0.6)
        place = np.array([18.0, 12.0])
        discs = [(*place, first)]
        for before, radius in [(first, second), (second, third)]:
            place = place + (before + radius - 1.2) * np.array([np.sin(angle), np.cos(angle)])
            discs.append((*place, radius))
            angle = -angle
        case = (_discs((38, 64), discs), int(rng.choice([2, 4, 5, 25])))
        if _is_unambiguous(*case):
            touching.append(case)
    scene = _scene_mask(int(rng.integers(0, 3)))
    return {
        "one or two discs": two,
        "touching discs": touching,
        "a scene of coins": [(scene, 10), (scene[::2, ::2], 5)],
    }


@cache
def _scene_mask(seed: int) -> np.ndarray:
    """Mask of a scene of coins whose areas do not depend on the order of its markers."""
    seeds = (
        s
        for s in range(seed, 60, 3)
        if all(
            _is_unambiguous(mask, spacing)
            for mask, spacing in [(_small_scene(s), 10), (_small_scene(s)[::2, ::2], 5)]
        )
    )
    return _small_scene(next(seeds))


@cache
def _small_scene(seed: int) -> np.ndarray:
    return coin_scene(seed=seed, coins=7, size=(160, 200)).label_map == 1


def _is_unambiguous(mask: np.ndarray, min_distance: int) -> bool:
    """Whether the areas stay the same when the markers are numbered in another order."""
    markers = _markers(mask, min_distance)
    backwards = np.where(markers > 0, markers.max() + 1 - markers, 0)
    one, other = (
        _areas(watershed(-_thick(mask), m, mask=mask), mask) for m in (markers, backwards)
    )
    return np.array_equal(one, other)


def _thick(mask: np.ndarray) -> np.ndarray:
    return ndimage.distance_transform_edt(mask)


def _markers(mask: np.ndarray, min_distance: int, *, exclude_border: bool = False) -> np.ndarray:
    peaks = peak_local_max(
        _thick(mask),
        min_distance=min_distance,
        labels=mask.astype(int),
        exclude_border=exclude_border,
    )
    markers = np.zeros(mask.shape, dtype=int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return markers


def _areas(regions: np.ndarray, mask: np.ndarray) -> np.ndarray:
    counts = np.bincount(regions[mask])[1:]
    return np.sort(counts)


def coin_areas(mask: np.ndarray, min_distance: int) -> np.ndarray:
    """Areas of the coins, sorted from small to large."""
    return _areas(watershed(-_thick(mask), _markers(mask, min_distance), mask=mask), mask)


def _flooded(relief: Any, *, everywhere: bool = False, **how: Any) -> Any:
    """A mistake in the relief, the markers, or the mask of the flood."""

    def mistaken(mask: np.ndarray, min_distance: int) -> np.ndarray:
        ground = np.ones_like(mask) if everywhere else mask
        regions = watershed(relief(mask), _markers(mask, min_distance, **how), mask=ground)
        return _areas(regions, ground)

    return mistaken


def _numbered(change: Any) -> Any:
    """A mistake in the numbers of the markers."""

    def mistaken(mask: np.ndarray, min_distance: int) -> np.ndarray:
        markers = change(_markers(mask, min_distance))
        return _areas(watershed(-_thick(mask), markers, mask=mask), mask)

    return mistaken


def _in_marker_order(mask: np.ndarray, min_distance: int) -> np.ndarray:
    regions = watershed(-_thick(mask), _markers(mask, min_distance), mask=mask)
    return np.bincount(regions[mask])[1:]


def _with_background(mask: np.ndarray, min_distance: int) -> np.ndarray:
    regions = watershed(-_thick(mask), _markers(mask, min_distance), mask=mask)
    return np.sort(np.bincount(regions.ravel()))


def _spacing(min_distance: int) -> Any:
    return lambda mask, _: coin_areas(mask, min_distance)


COIN_AREAS = Exercise(
    reference=coin_areas,
    cases=_disc_cases,
    mistakes={
        "These are connected regions: coins that touch are counted as one. Flood from markers.": (
            lambda mask, min_distance: _areas(ndimage.label(mask)[0], mask)
        ),
        "The relief is not turned upside down: water must start where the mask is thickest.": (
            _flooded(_thick)
        ),
        "The relief is flat: flood the distance transform, turned upside down.": (
            _flooded(lambda mask: np.zeros(mask.shape)),
            _flooded(lambda mask: -mask.astype(float)),
        ),
        "The water leaves the coins: give watershed the mask.": (
            _flooded(lambda mask: -_thick(mask), everywhere=True)
        ),
        "The background is among the areas: leave out region 0.": _with_background,
        "Coins near the border have no marker: pass exclude_border=False.": (
            _flooded(lambda mask: -_thick(mask), exclude_border=True)
        ),
        "The smallest distance of two markers is not used: pass min_distance.": (
            _spacing(1),
            _spacing(10),
        ),
        "The markers are numbered from 0, which stands for no marker: number them from 1.": (
            _numbered(lambda markers: np.maximum(markers - 1, 0))
        ),
        "All markers have the same number, so all water is one region: number them 1, 2, 3.": (
            _numbered(lambda markers: np.minimum(markers, 1))
        ),
        "The areas are in the order of their markers: sort them.": _in_marker_order,
        "This is the number of coins: return the area of each.": (
            lambda mask, min_distance: len(coin_areas(mask, min_distance))
        ),
        "These are shares of the coins' pixels: return numbers of pixels.": (
            lambda mask, min_distance: coin_areas(mask, min_distance) / mask.sum()
        ),
    },
    entry=lambda index: f"area {index[0]}",
)

EXERCISES = {
    "4.1": SOBEL_MAGNITUDE,
    "4.2": FOUR_DIRECTIONS,
    "4.3": SUPPRESS,
    "4.4": HYSTERESIS,
    "4.5": DISTANCE_TO_OUTSIDE,
    "4.6": COIN_AREAS,
}
