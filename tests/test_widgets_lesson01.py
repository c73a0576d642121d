"""The demos of lesson 01: what they draw follows their controls and tells the truth."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from course_utils.datasets.pictures import Picture, load_picture
from course_utils.datasets.street import drawn_street
from course_utils.figures import alt_text
from course_utils.metrics import mask_iou
from course_utils.widgets import like_this, pixel_reader
from course_utils.widgets.canvas import Canvas


def small_picture(instance_map, label_map, image=None):
    label_map = np.asarray(label_map, dtype=np.uint8)
    image = np.zeros((*label_map.shape, 3), np.uint8) if image is None else image
    names = ("background", "tree", "car")
    return Picture(image, label_map, np.asarray(instance_map, dtype=np.int32), names)


def canvases(demo):
    """Every canvas inside a demo, the picture with the controls first."""
    found, waiting = [], [demo]
    while waiting:
        widget = waiting.pop(0)
        found += [widget] if isinstance(widget, Canvas) else []
        waiting += getattr(widget, "children", ())
    return found


def radio(demo):
    waiting = [demo]
    while waiting:
        widget = waiting.pop(0)
        if type(widget).__name__ == "RadioButtons":
            return widget
        waiting += getattr(widget, "children", ())
    raise AssertionError("no radio buttons")


@pytest.mark.parametrize("name", ["rocket", "coins", "coffee", "street", "lit_text"])
def test_a_reduced_picture_keeps_true_labels(name):
    whole = drawn_street() if name == "street" else load_picture(name)
    small = pixel_reader.reduced_picture(name)
    assert small.label_map.shape[1] <= pixel_reader.COLUMNS
    assert small.image.shape[:2] == small.label_map.shape == small.instance_map.shape
    step = -(-whole.image.shape[1] // pixel_reader.COLUMNS)
    assert small.label_map[3, 5] == whole.label_map[3 * step, 5 * step]
    assert set(np.unique(small.label_map)) <= set(np.unique(whole.label_map))


def test_semantic_colours_tell_classes_and_no_objects():
    image = pixel_reader.coloured(small_picture([[1, 2, 0]], [[2, 2, 0]]), "semantic")
    assert (image[0, 0] == image[0, 1]).all()
    assert (image[0, 0] != image[0, 2]).any()


def test_instance_colours_tell_objects_and_no_classes():
    image = pixel_reader.coloured(small_picture([[7, 4, 0, 0]], [[2, 2, 0, 1]]), "instance")
    assert (image[0, 0] != image[0, 1]).any()
    assert (image[0, 2:] == 0).all()


def test_panoptic_colours_tell_both():
    picture = small_picture([[7, 4, 0, 0, 9]], [[2, 2, 0, 1, 255]])
    image = pixel_reader.coloured(picture, "panoptic").tolist()[0]
    assert len({tuple(pixel) for pixel in image}) == 5
    assert image[4] == [pixel_reader.GREY] * 3


def test_every_object_of_a_class_has_its_own_panoptic_colour():
    towers = small_picture([[4, 0, 9, 0, 2, 0, 7]], [[1, 0, 1, 0, 1, 0, 1]])
    image = pixel_reader.coloured(towers, "panoptic")[0, ::2]
    assert len(np.unique(image, axis=0)) == 4


def test_a_picture_without_background_objects_is_coloured_too():
    every_pixel_has_one = small_picture([[3, 3, 8]], [[1, 1, 1]])
    image = pixel_reader.coloured(every_pixel_has_one, "instance")
    assert (image[0, 0] == image[0, 1]).all()
    assert (image[0, 0] != image[0, 2]).any()


def test_an_unknown_colouring_is_explained():
    with pytest.raises(ValueError, match="colouring must be one of photograph, semantic"):
        pixel_reader.coloured(small_picture([[0]], [[0]]), "classes")


def test_a_pixel_is_described_in_words():
    picture = small_picture([[0, 5]], [[255, 2]], np.array([[7, 8]], np.uint8))
    line = pixel_reader.describe_pixel(picture, 0, 0)
    assert line == "row 0, column 0: grey level 7, class 255 (void), no instance"
    assert pixel_reader.describe_pixel(picture, 0, 1).endswith("class 2 (car), instance 5")


@pytest.mark.parametrize("cell", [(0, 0), (106, 159), (50, 80)])
@pytest.mark.parametrize("colouring", pixel_reader.COLOURINGS)
def test_the_window_tells_the_pixel_that_is_read(cell, colouring):
    figure, line = pixel_reader.draw_pixel(cell, colouring)
    assert line == pixel_reader.describe_pixel(pixel_reader.reduced_picture("rocket"), *cell)
    assert line in alt_text(figure)


def test_the_numbers_in_the_alternative_text_are_those_of_the_row():
    labels = pixel_reader.reduced_picture("rocket").label_map
    figure, _ = pixel_reader.draw_pixel((60, 80), "semantic")
    row = ", ".join(map(str, labels[60, 77:84].tolist()))
    assert alt_text(figure).endswith(f"from the left: {row}.")


def test_the_reader_follows_the_cursor_and_shows_another_colouring():
    demo = pixel_reader.demo()
    canvas = next(c for c in canvases(demo) if c.label == "Read a pixel")
    canvas.cursor = [10, 20]
    assert demo.caption.startswith("row 10, column 20:")
    before = canvas.png
    radio(demo).value = "semantic"
    assert canvas.png != before
    assert "coloured by semantic label" in canvas.alt
    shown = np.asarray(Image.open(io.BytesIO(canvas.png)))
    expected = pixel_reader.coloured(pixel_reader.reduced_picture("rocket"), "semantic")
    np.testing.assert_array_equal(shown[1::3, 1::3], expected)


def test_pixels_like_one_are_those_within_the_tolerance():
    rng = np.random.default_rng(0)
    lab = rng.normal(0, 20, (7, 9, 3))
    colour = lab[2:5, 3:6].reshape(-1, 3).mean(axis=0)
    for tolerance in (0, 10, 35.5):
        expected = [[np.sqrt(np.sum((p - colour) ** 2)) < tolerance for p in row] for row in lab]
        np.testing.assert_array_equal(like_this.pixels_like(lab, 3, 4, tolerance), expected)


def test_at_the_border_of_the_picture_fewer_pixels_are_averaged():
    lab = np.zeros((3, 3, 3))
    lab[2, 2] = 40
    assert like_this.pixels_like(lab, 0, 0, 1).sum() == 8


def test_a_wrong_pixel_or_tolerance_is_explained():
    lab = np.zeros((2, 3, 3))
    with pytest.raises(ValueError, match="picture of 2 x 3, got row 2, column 0"):
        like_this.pixels_like(lab, 2, 0, 1)
    with pytest.raises(ValueError, match="tolerance must be at least 0, got -1"):
        like_this.pixels_like(lab, 0, 0, -1)


def test_the_score_is_that_of_the_class_under_the_pixel():
    picture = pixel_reader.reduced_picture("coffee")
    found = like_this.pixels_like(rgb2lab(picture.image), 75, 40, 15)
    label = picture.label_map[75, 40]
    iou = mask_iou(picture.label_map == label, found, scored=picture.label_map != 255)
    figure, line = like_this.draw_like_this((75, 40), 15)
    assert line == f"{picture.class_names[label]}: IoU {iou:.2f} with the truth"
    assert line in alt_text(figure)


def test_a_void_pixel_has_no_score():
    void = np.argwhere(pixel_reader.reduced_picture("cat").label_map == 255)[0]
    _, line = like_this.draw_like_this(tuple(void.tolist()), 15, "cat")
    assert line.startswith("This pixel is void")


def test_a_grey_picture_can_be_pointed_at():
    _, line = like_this.draw_like_this((14, 8), 20, "coins")
    assert "IoU" in line


def test_pointing_and_the_slider_draw_anew():
    demo = like_this.demo()
    canvas = next(c for c in canvases(demo) if c.label == "Point at a pixel")
    canvas.event = {"row": 75, "column": 40, "count": 1}
    assert demo.caption.startswith("saucer: IoU")
