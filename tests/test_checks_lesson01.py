"""How strong the checks of lesson 01 are: what `test_check_strength` cannot know."""

import numpy as np
import pytest
from lesson_checks import verdicts
from PIL import Image
from skimage.measure import regionprops
from skimage.transform import resize

from course_utils.checks import lesson01
from course_utils.labels import IGNORE_INDEX, decode_colours, encode_colours


def boxes_by_regionprops(instance_map):
    found = [list(region.bbox) for region in regionprops(instance_map)]
    return found or np.zeros((0, 4))


def boxes_by_loop(instance_map):
    found = {}
    for (row, column), number in np.ndenumerate(instance_map):
        if number:
            top, left, bottom, right = found.get(int(number), (row, column, row, column))
            found[int(number)] = (
                min(top, row),
                min(left, column),
                max(bottom, row + 1),
                max(right, column + 1),
            )
    return np.array([found[number] for number in sorted(found)], np.float32).reshape(-1, 4)


def classes_by_table(instance_map, class_of):
    table = np.full(max([int(instance_map.max()), *class_of]) + 1, IGNORE_INDEX, np.uint8)
    table[0] = 0
    for number, class_index in class_of.items():
        table[number] = class_index
    return table[instance_map]


def classes_by_loop(instance_map, class_of):
    return [[0 if n == 0 else class_of.get(n, 255) for n in row] for row in instance_map.tolist()]


def counts_by_sets(label_map, instance_map, num_classes):
    pairs = set(zip(label_map.ravel().tolist(), instance_map.ravel().tolist(), strict=True))
    return np.array([sum(c == k and n != 0 for c, n in pairs) for k in range(num_classes)], float)


def encode_by_look_up(label_map, colours, void_colour):
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)], table[255] = colours, void_colour
    return table[label_map]


def encode_by_course(label_map, colours, void_colour):
    return encode_colours(label_map, colours, ignore_colour=void_colour)


def decode_by_numbers(image, colours):
    code = {tuple(colour): k for k, colour in enumerate(colours.tolist())}
    return [[code.get(tuple(pixel), 255) for pixel in row] for row in image.tolist()]


def resize_by_pillow(label_map, num_rows, num_columns):
    image = Image.fromarray(label_map.astype(np.uint8))
    return np.asarray(image.resize((num_columns, num_rows), Image.Resampling.NEAREST))


def resize_by_skimage(label_map, num_rows, num_columns):
    size = (num_rows, num_columns)
    return resize(label_map, size, order=0, preserve_range=True, anti_aliasing=False)


def resize_by_torch(label_map, num_rows, num_columns):
    torch = pytest.importorskip("torch")
    logits = torch.as_tensor(label_map.astype(np.float32))[None, None]
    size = (num_rows, num_columns)
    return torch.nn.functional.interpolate(logits, size=size, mode="nearest-exact")[0, 0]


def panoptic_by_loop(label_map, instance_map, things):
    pairs = zip(label_map.ravel().tolist(), instance_map.ravel().tolist(), strict=True)
    ids = [1000 * c + (n if c in things else 0) for c, n in pairs]
    return np.reshape(ids, label_map.shape).astype(np.float64)


OTHER_RIGHT_ANSWERS = [
    ("1.1", boxes_by_regionprops),
    ("1.1", boxes_by_loop),
    ("1.2", classes_by_table),
    ("1.2", classes_by_loop),
    ("1.3", counts_by_sets),
    ("1.4", encode_by_look_up),
    ("1.4", encode_by_course),
    ("1.5", decode_by_numbers),
    ("1.6", resize_by_pillow),
    ("1.6", resize_by_skimage),
    ("1.6", resize_by_torch),
    ("1.7", panoptic_by_loop),
]
EQUIVALENT = {
    ("1.1", "1 -> 2"),  # NumPy's reshape takes every negative number as "find it yourself"
}


def test_a_colour_that_is_not_in_the_table_is_refused_by_the_course_and_void_in_the_exercise():
    image, colours = np.array([[(1, 2, 3)]], np.uint8), np.array([[0, 0, 0]], np.uint8)
    with pytest.raises(ValueError, match="not in the table"):
        decode_colours(image, colours)
    assert lesson01.decode(image, colours).tolist() == [[IGNORE_INDEX]]


def test_a_table_without_row_255_is_named():
    ((message, _),) = verdicts("1.4", lambda label_map, colours, void_colour: colours[label_map])
    assert message.startswith("not yet. The table has no row 255")


def test_a_loop_over_all_numbers_is_told_of_gaps():
    def answer(instance_map):
        found = []
        for number in range(1, instance_map.max() + 1):
            rows, columns = np.nonzero(instance_map == number)
            found.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
        return np.array(found).reshape(-1, 4)

    ((message, _),) = verdicts("1.1", answer)
    assert message.startswith("not yet. It goes through 1, 2, 3, ...: numbers may have gaps")


def test_rounded_averages_are_named_in_both_directions():
    def answer(label_map, num_rows, num_columns):
        smooth = resize(label_map, (num_rows, num_columns), order=1, preserve_range=True)
        return np.round(smooth).astype(np.uint8)

    told = verdicts("1.6", answer)
    assert len(told) == 2
    assert all("not yet. Neighbouring labels are averaged" in message for message, _ in told)


def test_the_first_number_is_an_object_where_no_pixel_is_0():
    def answer(instance_map):
        numbers = np.unique(instance_map)[1:]
        found = [np.nonzero(instance_map == number) for number in numbers]
        boxes = [(r.min(), c.min(), r.max() + 1, c.max() + 1) for r, c in found]
        return np.array(boxes).reshape(-1, 4)

    ((message, _),) = verdicts("1.1", answer)
    assert message.startswith("not yet. The first of the numbers that occur is dropped")


def test_a_small_tolerance_between_colours_is_found_out():
    def answer(image, colours):
        label_map = np.full(image.shape[:2], IGNORE_INDEX)
        for class_index, colour in enumerate(colours):
            near = np.isclose(image.astype(int), colour, rtol=0, atol=2).all(axis=-1)
            label_map[near] = class_index
        return label_map

    ((message, _),) = verdicts("1.5", answer)
    assert message.startswith("not yet. A colour that is nearly that of a class is taken for it")
