"""Lesson 01: boxes, classes and counts from maps; label maps as colours and in another size.

Conventions that all exercises share: instance number 0 is no object, other numbers are arbitrary
and may have gaps; label 255 is void; a box is (top, left, bottom, right) with bottom and right
exclusive, so that `image[top:bottom, left:right]` is what it holds.
"""

from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.transform import resize

from course_utils.checks.exercise import Arguments, Exercise
from course_utils.labels import IGNORE_INDEX

Cases = dict[str, list[Arguments]]


# ----------------------------------------------------------------------------------------------
# What the exercises share: random scenes


def _scene(
    rng: np.random.Generator, shape: tuple[int, int], count: int, gaps: bool = True
) -> np.ndarray:
    """An instance map: rectangles with bites, later ones before earlier ones, numbers shuffled."""
    instance_map = np.zeros(shape, np.int32)
    numbers = rng.permutation(np.arange(1, 3 * count + 1))[:count] if gaps else 1 + np.arange(count)
    for number in numbers.tolist():
        top, left = rng.integers(0, np.array(shape) - 1)
        height, width = rng.integers(1, np.maximum(np.array(shape) // 2, 2))
        part = instance_map[top : top + height + 1, left : left + width]
        part[rng.random(part.shape) < 0.8] = number
    return instance_map


def _numbers(instance_map: np.ndarray) -> list[int]:
    return np.unique(instance_map[instance_map > 0]).tolist()


def _pixel(index: tuple[int, ...]) -> str:
    return f"the pixel in row {index[0]}, column {index[1]}"


# ----------------------------------------------------------------------------------------------
# 1.1 Boxes from an instance map


def _box_cases(rng: np.random.Generator) -> Cases:
    one = []
    for shape in [(2, 3), (3, 4), (5, 4), (6, 7)]:
        for _ in range(2):
            instance_map = np.zeros(shape, np.int32)
            top, left = rng.integers(0, np.array(shape) - 1)
            instance_map[top : top + 2, left : left + 3] = 1
            instance_map[top, left] = rng.integers(0, 2)  # the corner may be missing
            one.append((instance_map,))
    several = [(_scene(rng, (5, 6), 2, False),) for _ in range(3)]
    several += [(_scene(rng, (8, 9), 4, False),) for _ in range(3)]
    in_pieces = np.array([[1, 1, 2, 1], [0, 0, 2, 0], [0, 0, 2, 2]], np.int32)
    full = np.array([[1, 1], [2, 2]], np.int32)  # no pixel is 0
    several = [(_renumbered(m),) for (m,) in [*several, (in_pieces,), (full,)]]
    gaps = [(_scene(rng, (6, 7), 3),) for _ in range(4)]
    gaps += [(np.array([[9, 0, 0], [9, 4, 4]], np.int32),), (np.zeros((2, 3), np.int32),)]
    return {"one object": one, "several objects": several, "numbers with gaps, no object": gaps}


def _renumbered(instance_map: np.ndarray) -> np.ndarray:
    """The same objects, numbered 1, 2, ... without gaps (one may have been covered)."""
    present = np.unique(np.append(instance_map, 0))
    return np.searchsorted(present, instance_map).astype(np.int32)


def boxes(instance_map: np.ndarray) -> np.ndarray:
    """(top, left, bottom, right) of each object, in the order of their numbers."""
    return _boxes_of([instance_map == number for number in _numbers(instance_map)])


def _boxes_of(masks: Any, corners: Any = lambda r, c: (r.min(), c.min(), r.max() + 1, c.max() + 1)):
    found = [corners(*np.nonzero(mask)) for mask in masks]
    return np.array(found, dtype=int).reshape(-1, 4)


def _with_corners(corners: Any) -> Any:
    return lambda instance_map: _boxes_of(
        [instance_map == number for number in _numbers(instance_map)], corners
    )


def _regions(instance_map: np.ndarray, structure: Any = None) -> np.ndarray:
    masks = []
    for number in _numbers(instance_map):
        regions, count = ndimage.label(instance_map == number, structure)
        masks += [regions == k for k in range(1, count + 1)]
    return _boxes_of(masks)


def _by_appearance(instance_map: np.ndarray) -> np.ndarray:
    numbers = list(dict.fromkeys(instance_map[instance_map > 0].tolist()))
    return _boxes_of([instance_map == number for number in numbers])


BOXES = Exercise(
    reference=boxes,
    cases=_box_cases,
    mistakes={
        "Bottom and right are the last row and column of the object: the box ends one further, so "
        "that a slice holds all of it.": (
            _with_corners(lambda r, c: (r.min(), c.min(), r.max(), c.max()))
        ),
        "The order is left, top, right, bottom: rows come first in this course.": (
            _with_corners(lambda r, c: (c.min(), r.min(), c.max() + 1, r.max() + 1))
        ),
        "The order is top, bottom, left, right: expected is top, left, bottom, right.": (
            _with_corners(lambda r, c: (r.min(), r.max() + 1, c.min(), c.max() + 1))
        ),
        "The last two numbers are height and width: expected are bottom and right.": (
            _with_corners(lambda r, c: (r.min(), c.min(), np.ptp(r) + 1, np.ptp(c) + 1))
        ),
        "The corners are the object's first and last pixel in reading order: the leftmost pixel "
        "may lie in another row.": (
            _with_corners(lambda r, c: (r[0], c[0], r[-1] + 1, c[-1] + 1)),
            _with_corners(lambda r, c: (r.min(), c[0], r.max() + 1, c[-1] + 1)),
        ),
        "The background, number 0, gets a box too: leave it out.": (
            lambda m: _boxes_of([m == number for number in np.unique(m)])
        ),
        "The first of the numbers that occur is dropped, taken for the background: it is 0 only "
        "where some pixel has no object.": (
            lambda m: _boxes_of([m == number for number in np.unique(m)[1:]])
        ),
        "There is one box around all objects: each number gets its own.": (
            lambda m: _boxes_of([m > 0] if m.any() else [])
        ),
        "An object in two pieces gets two boxes: a number is one object, however many pieces.": (
            _regions,
            lambda m: _regions(m, np.ones((3, 3))),
        ),
        "It goes through 1, 2, 3, ...: numbers may have gaps, take those that occur.": (
            lambda m: _boxes_of([m == number for number in range(1, m.max() + 1)]),
            lambda m: _boxes_of([m == number for number in range(1, len(_numbers(m)) + 1)]),
        ),
        "The rows stand in the order in which the objects appear: expected is the order of their "
        "numbers.": _by_appearance,
    },
    entry=lambda index: f"{('top', 'left', 'bottom', 'right')[index[1]]} of box {index[0]}",
)

# ----------------------------------------------------------------------------------------------
# 1.2 From instances to classes


def _semantic_cases(rng: np.random.Generator) -> Cases:
    named, unnamed = [], []
    for shape, count in [((2, 3), 1), ((3, 4), 2), ((4, 5), 3), ((6, 7), 4)] * 2:
        instance_map = _scene(rng, shape, count)
        instance_map.flat[0], instance_map.flat[-1] = 0, 3 * count + 1
        numbers = _numbers(instance_map)
        class_of = dict(zip(numbers, rng.integers(1, 5, len(numbers)).tolist(), strict=True))
        named.append((instance_map, class_of))
        fewer = dict(list(class_of.items())[:-1])
        unnamed.append((instance_map, fewer | {3 * count + 5: 2}))  # one that is not there
    named.append((np.array([[1, 2, 0], [2, 3, 3]], np.int32), {1: 2, 2: 3, 3: 1}))
    unnamed.append((np.array([[1, 0], [4, 1]], np.int32), {4: 2}))
    return {"every object has a class": named, "objects without a class": unnamed}


def semantic(instance_map: np.ndarray, class_of: dict[int, int]) -> np.ndarray:
    """Class index of each pixel, 255 where the object has none."""
    return _classes(instance_map, class_of)


def _classes(
    instance_map: np.ndarray,
    class_of: dict[int, int],
    other: Any = IGNORE_INDEX,
    background: Any = 0,
) -> np.ndarray:
    label_map = np.where(instance_map > 0, other, background)
    for number, class_index in class_of.items():
        label_map = np.where(instance_map == number, class_index, label_map)
    return label_map


def _one_after_the_other(instance_map: np.ndarray, class_of: dict[int, int]) -> np.ndarray:
    label_map = instance_map.copy()
    for number, class_index in class_of.items():
        label_map[label_map == number] = class_index
    return label_map


def _by_position(instance_map: np.ndarray, class_of: dict[int, int]) -> np.ndarray:
    ordered = dict(zip(_numbers(instance_map), class_of.values(), strict=False))
    return _classes(instance_map, {k + 1: c for k, c in enumerate(ordered.values())})


SEMANTIC = Exercise(
    reference=semantic,
    cases=_semantic_cases,
    mistakes={
        "An object without a class keeps its instance number: it is void.": (
            lambda m, class_of: _classes(m, class_of, m)
        ),
        "An object whose number equals a class index written earlier is changed twice: compare "
        "with the instance map, not with the label map that you are writing.": (
            _one_after_the_other
        ),
        "An object without a class becomes background: nobody said that, it is void.": (
            lambda m, class_of: _classes(m, class_of, 0)
        ),
        "The background becomes void: number 0 is no object, its class is 0.": (
            lambda m, class_of: _classes(m, class_of, 255, 255)
        ),
        "Every object gets the same class: look each number up in class_of.": (
            lambda m, class_of: (m > 0).astype(int),
            lambda m, class_of: np.where(m > 0, next(iter(class_of.values()), 255), 0),
        ),
        "Objects are taken as 1, 2, 3, ... in the order of class_of: use its keys, numbers may "
        "have gaps.": _by_position,
        "Void is -1: it has another number in this course.": lambda m, class_of: _classes(
            m, class_of, -1
        ),
    },
    entry=_pixel,
    stands_for="class",
)

# ----------------------------------------------------------------------------------------------
# 1.3 Objects of each class


def _count_cases(rng: np.random.Generator) -> Cases:
    whole, hard = [(np.array([[1, 0], [1, 2]]), np.array([[1, 0], [1, 2]]), 3)], []
    for shape, count in [((2, 3), 1), ((4, 5), 2), ((5, 6), 3), ((8, 9), 5)] * 2:
        instance_map = np.zeros(shape, np.int32)
        for column in range(0, shape[1], 2):  # apart from each other: an object is a region
            instance_map[: rng.integers(1, shape[0] + 1), column] = 2 * column + 3
        label_map = _classes(instance_map, _random_classes(rng, instance_map, 3))
        whole.append((label_map, instance_map, 4))
        instance_map = _scene(rng, shape, count)
        instance_map.flat[0] = 3 * count + 1
        label_map = _classes(instance_map, _random_classes(rng, instance_map, 2))
        label_map[(rng.random(shape) < 0.3) & (instance_map == 0)] = 3  # stuff: no objects in it
        label_map[rng.random(shape) < 0.2] = IGNORE_INDEX
        hard.append((label_map, instance_map, 5))
    touching = np.array([[7, 7, 4, 4], [0, 0, 0, 7]], np.int32)
    hard.append((np.minimum(touching, 1), touching, 2))
    hidden = np.array([[255, 1, 1], [255, 0, 0]])
    hard.append((hidden, np.array([[3, 5, 5], [3, 0, 0]], np.int32), 3))
    return {"objects that stand apart": whole, "objects that touch, pieces, stuff, void": hard}


def _random_classes(rng: np.random.Generator, instance_map: np.ndarray, highest: int) -> dict:
    return {number: int(rng.integers(1, highest + 1)) for number in _numbers(instance_map)}


def count_objects(label_map: np.ndarray, instance_map: np.ndarray, num_classes: int) -> list[int]:
    """Number of objects of each class."""
    return _per_class(label_map, num_classes, lambda where: len(_numbers(instance_map[where])))


def _per_class(label_map: np.ndarray, num_classes: int, count: Any) -> list[int]:
    return [int(count(label_map == class_index)) for class_index in range(num_classes)]


COUNT_OBJECTS = Exercise(
    reference=count_objects,
    cases=_count_cases,
    mistakes={
        "These are numbers of pixels: count objects.": (
            lambda label_map, m, c: _per_class(label_map, c, np.sum),
            lambda label_map, m, c: _per_class(label_map, c, lambda where: np.sum(m[where] > 0)),
        ),
        "Regions of one class are counted: objects that touch are one region, and one in pieces "
        "is several. Count instance numbers.": (
            lambda label_map, m, c: [
                0,
                *_per_class(label_map, c, lambda where: ndimage.label(where)[1])[1:],
            ],
            lambda label_map, m, c: _per_class(label_map, c, lambda where: ndimage.label(where)[1]),
        ),
        "Number 0 is counted like an object: it means that there is none.": (
            lambda label_map, m, c: _per_class(label_map, c, lambda where: len(np.unique(m[where])))
        ),
        "One is taken off for number 0 in every class: it does not occur in each of them.": (
            lambda label_map, m, c: _per_class(
                label_map, c, lambda where: len(np.unique(m[where])) - 1
            ),
            lambda label_map, m, c: _per_class(
                label_map, c, lambda where: len(np.unique(m[where])[1:])
            ),
        ),
        "The highest instance number is taken for the count: numbers have gaps.": (
            lambda label_map, m, c: _per_class(
                label_map, c, lambda where: np.max(m[where], initial=0)
            )
        ),
        "Every class gets the number of all objects: count those in its own pixels.": (
            lambda label_map, m, c: [len(_numbers(m))] * c,
            lambda label_map, m, c: [0] + [len(_numbers(m))] * (c - 1),
        ),
        "The entry of class 0 is missing: the result has num_classes entries, the background's "
        "first.": lambda label_map, m, c: count_objects(label_map, m, c)[1:],
        "Classes that do not occur are left out: they have 0 objects, and an entry that says so.": (
            lambda label_map, m, c: [
                len(_numbers(m[label_map == k])) for k in np.unique(label_map) if k < c
            ]
        ),
        "The result counts classes that are present, 1 or 0 each: count their objects.": (
            lambda label_map, m, c: np.minimum(count_objects(label_map, m, c), 1)
        ),
    },
    entry=lambda index: f"the count of class {index[0]}",
)

# ----------------------------------------------------------------------------------------------
# 1.4 and 1.5 Colour-coded label images


def _colours(rng: np.random.Generator, num_classes: int) -> np.ndarray:
    """Colours that share channel values and sums, as those of real data sets do; none is white."""
    levels = np.array([(r, g, b) for r in (0, 128, 255) for g in (0, 128, 255) for b in (0, 64)])
    first = np.array([(128, 0, 0), (0, 128, 0)])
    others = levels[~(levels[:, None] == first).all(axis=-1).any(axis=1)]
    chosen = rng.permutation(others)[: num_classes - 2]
    return rng.permutation(np.concatenate([first, chosen])).astype(np.uint8)


def _label_map(rng: np.random.Generator, num_classes: int, shape: tuple[int, int]) -> np.ndarray:
    label_map = rng.integers(0, num_classes, shape)
    label_map.flat[:2] = 0, 1
    return label_map.astype(np.uint8)


def _encode_cases(rng: np.random.Generator) -> Cases:
    classes, void = [], []
    for shape in [(1, 2), (2, 3), (3, 5), (4, 6)]:
        for num_classes in (2, 3, 5):
            colours = _colours(rng, num_classes)
            label_map = _label_map(rng, num_classes, shape)
            classes.append((label_map, colours, (255, 255, 255)))
            with_void = label_map.copy()
            with_void[rng.random(shape) < 0.3] = IGNORE_INDEX
            with_void.flat[-1] = IGNORE_INDEX
            void.append((with_void, colours, tuple(rng.integers(200, 256, 3).tolist())))
    return {"classes": classes, "void pixels": void}


def encode(
    label_map: np.ndarray, colours: np.ndarray, void_colour: tuple[int, int, int]
) -> np.ndarray:
    """Colour of each pixel."""
    return _painted(label_map, colours, void_colour)


def _painted(label_map: np.ndarray, colours: np.ndarray, void_colour: Any) -> np.ndarray:
    table = np.concatenate([colours, [void_colour]])
    return table[np.where(label_map == IGNORE_INDEX, len(colours), label_map)]


ENCODE = Exercise(
    reference=encode,
    cases=_encode_cases,
    mistakes={
        "Blue stands first: expected is red, green, blue, as in the table.": (
            lambda label_map, colours, void: encode(label_map, colours, void)[..., ::-1]
        ),
        "The pixels are grey, with the class index in every channel: look up its colour.": (
            lambda label_map, colours, void: np.repeat(label_map[..., None], 3, axis=-1)
        ),
        "The colours lie in [0, 1]: keep them as they are in the table, 0 to 255.": (
            lambda label_map, colours, void: encode(label_map, colours, void) / 255
        ),
        "The channels stand first: the shape is (H, W, 3).": (
            lambda label_map, colours, void: np.moveaxis(encode(label_map, colours, void), -1, 0)
        ),
        "The colours are shifted by one class: class 0 has the first row of the table.": (
            lambda label_map, colours, void: _painted(label_map, np.roll(colours, 1, axis=0), void)
        ),
        "The table has no row 255: give void pixels their colour separately.": (
            lambda label_map, colours, void: colours[label_map]
        ),
        "Void pixels are black: they get void_colour.": (
            lambda label_map, colours, void: _painted(label_map, colours, (0, 0, 0))
        ),
        "Void pixels get the colour of class 0: they get void_colour.": (
            lambda label_map, colours, void: _painted(label_map, colours, colours[0])
        ),
        "Void pixels get the colour of the last class: they get void_colour.": (
            lambda label_map, colours, void: _painted(label_map, colours, colours[-1])
        ),
        "Void pixels are always white: use void_colour.": (
            lambda label_map, colours, void: _painted(label_map, colours, (255, 255, 255))
        ),
    },
    entry=lambda index: (
        f"{('red', 'green', 'blue')[index[2]]} in row {index[0]}, column {index[1]}"
    ),
)


def _decode_cases(rng: np.random.Generator) -> Cases:
    known: list[Arguments] = []
    unknown: list[Arguments] = []
    for shape in [(1, 2), (2, 3), (3, 5), (4, 6)]:
        for num_classes in (2, 3, 5):
            colours = _colours(rng, num_classes)
            image = colours[_label_map(rng, num_classes, shape)]
            known.append((image, colours))
            image = image.copy()
            where = rng.random(shape) < 0.3
            image[where] = rng.integers(1, 63, (where.sum(), 3))
            image[0, 0], image[-1, -1] = (255, 255, 255), (127, 0, 0)  # white; nearly a class
            if len(unknown) % 2:
                image[-1, -1] = (128, 0, 3)
            unknown.append((image, colours))
    return {"colours of the table": known, "other colours": unknown}


def decode(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Class index of each pixel, 255 where its colour is not in the table."""
    return _looked_up(image, colours, lambda equal: equal.all(axis=-1))


def _looked_up(
    image: np.ndarray, colours: np.ndarray, matches: Any, other: int = IGNORE_INDEX
) -> np.ndarray:
    label_map = np.full(image.shape[:2], other)
    for class_index, colour in enumerate(colours):
        label_map[matches(image == colour)] = class_index
    return label_map


def _with_other(other: Any) -> Any:
    return lambda image, colours: _looked_up(
        image, colours, lambda equal: equal.all(axis=-1), other if other < 9 else len(colours)
    )


def _by_sum(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    label_map = np.full(image.shape[:2], IGNORE_INDEX)
    for class_index, colour in enumerate(colours.astype(int)):
        label_map[image.sum(axis=-1) == colour.sum()] = class_index
    return label_map


def _nearly(most: int) -> Any:
    """Take colours for equal that differ by `most` in no channel more."""

    def decode_nearly(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
        label_map = np.full(image.shape[:2], IGNORE_INDEX)
        for class_index, colour in enumerate(colours.astype(int)):
            label_map[(np.abs(image - colour) <= most).all(axis=-1)] = class_index
        return label_map

    return decode_nearly


def _nearest_colour(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    to_colour = image[:, :, None].astype(float) - colours
    return np.sum(to_colour**2, axis=-1).argmin(axis=-1)


DECODE = Exercise(
    reference=decode,
    cases=_decode_cases,
    mistakes={
        "One equal channel is taken for an equal colour: red, green and blue must all agree.": (
            lambda image, colours: _looked_up(image, colours, lambda equal: equal.any(axis=-1))
        ),
        "Only the red channel is compared: two classes may have the same red.": (
            lambda image, colours: _looked_up(image, colours, lambda equal: equal[..., 0])
        ),
        "The sums of the three channels are compared: different colours have the same sum.": (
            _by_sum
        ),
        "A colour that is not in the table becomes class 0: it is void, 255.": _with_other(0),
        "A colour that is not in the table becomes -1: void is 255 in this course.": (
            _with_other(-1)
        ),
        "A colour that is not in the table becomes one class more: it is void, 255.": (
            _with_other(9)
        ),
        "A colour that is not in the table gets the class of the nearest one: that is a guess, "
        "and it hides a damaged file. It is void, 255.": _nearest_colour,
        "A colour that is nearly that of a class is taken for it: nearly is not a class, compare "
        "exactly.": tuple(_nearly(most) for most in (1, 2, 3, 4, 5, 8, 10)),
        "The image is read as blue, green, red: red stands first.": (
            lambda image, colours: decode(image[..., ::-1], colours)
        ),
        "The classes are numbered from 1: the first row of the table is class 0.": (
            lambda image, colours: np.where(
                decode(image, colours) == IGNORE_INDEX, IGNORE_INDEX, decode(image, colours) + 1
            )
        ),
    },
    entry=_pixel,
    stands_for="class",
)

# ----------------------------------------------------------------------------------------------
# 1.6 Another size


def _resize_cases(rng: np.random.Generator) -> Cases:
    # No centre of a new pixel falls between two old ones: the old size is odd, or a factor.
    larger = [((1, 2), (2, 6)), ((2, 3), (4, 6)), ((3, 5), (5, 7)), ((5, 3), (7, 8))]
    smaller = [((6, 9), (2, 3)), ((5, 7), (3, 5)), ((9, 7), (4, 5)), ((21, 19), (13, 9))]
    row = np.array([[3, 7, 9]])
    groups: Cases = {
        "larger": [(row, 1, 6), (row, 1, 8)],
        "smaller": [(row, 1, 2), (np.array([[3, 3, 7, 7, 9, 9]]), 1, 2)],
    }
    for name, sizes in (("larger", larger), ("smaller", smaller)):
        for old, new in sizes:
            for dtype in (np.uint8, np.int64):
                label_map = rng.choice([0, 1, 4, 7, 255], old).astype(dtype)
                label_map[:, 0], label_map[:, 1] = 0, 4  # something to blur between
                groups[name].append((label_map, *new))
    return groups


def resize_nearest(label_map: np.ndarray, num_rows: int, num_columns: int) -> np.ndarray:
    """The label under the centre of each new pixel."""
    return _sampled(
        label_map, num_rows, num_columns, lambda k, old, new: (2 * k + 1) * old // (2 * new)
    )


def _sampled(label_map: np.ndarray, num_rows: int, num_columns: int, place: Any) -> np.ndarray:
    rows, columns = (
        np.clip(place(np.arange(new), old, new), 0, old - 1).astype(int)
        for old, new in zip(label_map.shape, (num_rows, num_columns), strict=True)
    )
    return label_map[np.ix_(rows, columns)]


def _placed(place: Any) -> Any:
    return lambda label_map, h, w: _sampled(label_map, h, w, place)


def _by_pillow(label_map: np.ndarray, num_rows: int, num_columns: int) -> np.ndarray:
    image = Image.fromarray(label_map.astype(np.uint8))
    return np.asarray(image.resize((num_columns, num_rows), Image.Resampling.BILINEAR))


def _by_skimage(label_map: np.ndarray, num_rows: int, num_columns: int, **options: Any) -> Any:
    return resize(label_map.astype(float), (num_rows, num_columns), order=1, **options)


RESIZE_NEAREST = Exercise(
    reference=resize_nearest,
    cases=_resize_cases,
    mistakes={
        "Neighbouring labels are averaged, which makes classes that nobody drew: take one label, "
        "that of the nearest pixel.": (
            _by_pillow,
            _by_skimage,
            lambda *given: np.round(_by_skimage(*given)),
            lambda *given: np.round(_by_skimage(*given, anti_aliasing=False)),
            lambda *given: _by_skimage(*given, anti_aliasing=False).astype(int),
        ),
        "The top left corner of each new pixel is looked up: take its centre, half a pixel "
        "further.": _placed(lambda k, old, new: k * old // new),
        "The position of the new pixel is rounded: the old pixel r covers r to r + 1, so round "
        "down, from the new pixel's centre.": (
            _placed(lambda k, old, new: np.round(k * old / new)),
            _placed(lambda k, old, new: np.round((k + 0.5) * old / new)),
        ),
        "The first and last pixels are pinned to each other: pixels are squares, and their centres "
        "lie half a pixel from the border.": (
            _placed(lambda k, old, new: np.round(k * (old - 1) / max(new - 1, 1))),
            _placed(lambda k, old, new: k * (old - 1) // max(new - 1, 1)),
        ),
        "Rows and columns of the new size are exchanged.": (
            lambda label_map, h, w: resize_nearest(label_map, w, h)
        ),
        "The label map is cut off or repeated, not resized: every part of it must be seen.": (
            lambda label_map, h, w: label_map[:h, :w],
            lambda label_map, h, w: np.resize(label_map, (h, w)),
            _placed(lambda k, old, new: k % old),
            _placed(lambda k, old, new: k),
        ),
    },
    entry=_pixel,
    stands_for="class",
)

# ----------------------------------------------------------------------------------------------
# 1.7 Panoptic: both numbers in one


def _panoptic_cases(rng: np.random.Generator) -> Cases:
    plain, void = [], []
    for shape, count in [((2, 3), 1), ((3, 4), 2), ((4, 5), 3), ((6, 7), 4)] * 2:
        instance_map = _scene(rng, shape, count)
        instance_map.flat[0], instance_map.flat[-1] = 3 * count + 1, 0
        class_of = _random_classes(rng, instance_map, 4) | {3 * count + 1: 2}
        label_map = _classes(instance_map, class_of)
        label_map[instance_map == 0] = rng.choice([0, 5])  # stuff without any number
        dtype = np.dtype(rng.choice(["uint8", "int64"]))
        plain.append((label_map.astype(dtype), instance_map.astype(dtype), [1, 2]))
        label_map[rng.random(shape) < 0.3] = IGNORE_INDEX
        label_map.flat[:1] = IGNORE_INDEX
        void.append((label_map.astype(dtype), instance_map.astype(dtype), [1, 2]))
    return {"things and stuff": plain, "void pixels": void}


def panoptic(label_map: np.ndarray, instance_map: np.ndarray, things: list[int]) -> np.ndarray:
    """1000 x class + instance for things, 1000 x class for stuff and void."""
    return _joined(label_map, instance_map, np.isin(label_map, things))


def _joined(label_map: Any, instance_map: Any, counted: Any, factor: int = 1000) -> np.ndarray:
    return factor * label_map.astype(int) + np.where(counted, instance_map, 0)


PANOPTIC = Exercise(
    reference=panoptic,
    cases=_panoptic_cases,
    mistakes={
        "Stuff keeps its instance numbers: only things are counted, stuff is one region.": (
            lambda label_map, m, things: _joined(label_map, m, label_map != IGNORE_INDEX)
        ),
        "Void pixels keep their instance numbers: nobody knows what they are.": (
            lambda label_map, m, things: _joined(
                label_map, m, np.isin(label_map, [*things, IGNORE_INDEX])
            )
        ),
        "Things and stuff are exchanged: things have instances.": (
            lambda label_map, m, things: _joined(label_map, m, ~np.isin(label_map, things))
        ),
        "The two numbers are exchanged: the class is multiplied, the instance added.": (
            lambda label_map, m, things: (
                1000 * np.where(np.isin(label_map, things), m, 0).astype(int) + label_map
            )
        ),
        "Class and instance are added without the factor: 2 + 3 and 1 + 4 are the same.": (
            lambda label_map, m, things: _joined(label_map, m, np.isin(label_map, things), 1)
        ),
        "The product does not fit into the label map's integer type, which ends at 255: convert to "
        "int before multiplying.": (
            lambda label_map, m, things: (
                1000 * label_map + np.where(np.isin(label_map, things), m, 0)
            )
        ),
        "Void is 0: it would be taken for the background. It is class 255.": (
            lambda label_map, m, things: np.where(
                label_map == IGNORE_INDEX, 0, panoptic(label_map, m, things)
            )
        ),
        "Void is 255: it has a class index like the others, so it is multiplied too.": (
            lambda label_map, m, things: np.where(
                label_map == IGNORE_INDEX, IGNORE_INDEX, panoptic(label_map, m, things)
            )
        ),
    },
    entry=_pixel,
    stands_for="number",
)

EXERCISES = {
    "1.1": BOXES,
    "1.2": SEMANTIC,
    "1.3": COUNT_OBJECTS,
    "1.4": ENCODE,
    "1.5": DECODE,
    "1.6": RESIZE_NEAREST,
    "1.7": PANOPTIC,
}
