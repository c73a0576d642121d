"""The kernel's half of the canvas; hand and keys are tried in tests/browser."""

import io

import numpy as np
import pytest
import traitlets
from PIL import Image

from course_utils.labels import display_palette
from course_utils.widgets.canvas import Canvas


def decoded(canvas: Canvas) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(canvas.png)))


def test_an_image_is_enlarged_without_blur_and_carries_its_own_grid():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    canvas = Canvas("Pixels", image=image)
    assert (canvas.rows, canvas.columns, canvas.width) == (3, 4, 480)
    assert np.array_equal(decoded(canvas)[60::120, 60::120], image)
    assert set(np.unique(decoded(canvas))) == set(np.unique(image))


def test_a_colour_image_keeps_its_colours():
    image = np.random.default_rng(0).integers(0, 255, (5, 7, 3), dtype=np.uint8)
    canvas = Canvas("Pixels", image=image, width=14)
    assert np.array_equal(decoded(canvas)[::2, ::2], image)


def test_a_grid_may_be_coarser_than_the_image():
    canvas = Canvas("Cells", image=np.zeros((300, 400), np.uint8), rows=3, columns=4)
    assert (canvas.rows, canvas.columns) == (3, 4)
    assert canvas.lines


def test_a_picture_alone_has_no_grid_and_no_instructions():
    canvas = Canvas("Picture", png=b"png", alt="A cat.")
    assert (canvas.rows, canvas.help, canvas.alt) == (0, "", "A cat.")


def test_paint_takes_colours_from_the_course_or_from_the_caller():
    own = Canvas("Paint", rows=2, columns=2, paint={"cell": "#123456"})
    assert own.paint == [{"name": "cell", "colour": "#123456"}]
    course = Canvas("Paint", rows=2, columns=2, paint=["cell", "edge"])
    expected = ["#" + bytes(colour).hex() for colour in display_palette(3)[1:]]
    assert [entry["colour"] for entry in course.paint] == expected


def test_bytes_from_the_browser_are_the_label_map():
    canvas = Canvas("Paint", rows=2, columns=3, paint=["a", "b"])
    canvas.set_state({"painted": memoryview(bytes([0, 1, 2, 0, 0, 1]))})
    assert canvas.label_map.tolist() == [[0, 1, 2], [0, 0, 1]]
    canvas.label_map[0, 0] = 2  # a copy
    assert canvas.label_map[0, 0] == 0


def test_bytes_of_another_size_are_refused():
    canvas = Canvas("Paint", rows=2, columns=3, paint=["a"])
    with pytest.raises(traitlets.TraitError, match="painted must hold 2 x 3 bytes, got 4"):
        canvas.painted = bytes(4)


@pytest.mark.parametrize(
    ("label_map", "message"),
    [
        (np.zeros((3, 2), int), r"label_map must have shape \(2, 3\).*got \(3, 2\)"),
        (np.full((2, 3), 2), "label_map may hold 0 to 1.*got 2"),
        (np.full((2, 3), -1), "label_map may hold 0 to 1.*got -1"),
    ],
)
def test_a_label_map_that_does_not_fit_is_refused(label_map, message):
    canvas = Canvas("Paint", rows=2, columns=3, paint=["a"])
    with pytest.raises(ValueError, match=message):
        canvas.label_map = label_map


def test_the_last_click_is_a_pair():
    canvas = Canvas("Pixels", rows=4, columns=5)
    assert canvas.clicked is None
    canvas.event = {"row": 3, "column": 1, "count": 1}
    assert canvas.clicked == (3, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image": np.zeros((2, 2), np.uint8), "png": b"x"}, "one picture, got image and png"),
        ({"image": np.zeros((2, 2))}, "image must be uint8.*got float64"),
        ({"image": np.zeros((2, 2, 4), np.uint8)}, r"image must be uint8.*\(2, 2, 4\)"),
        ({"rows": 3}, "both be positive or both 0, got 3 and 0"),
        ({"paint": ["a"]}, "Painting needs a grid, got none"),
        ({"rows": 3, "columns": 3, "paint": ["a"], "brush": 2}, "brush must be odd.*got 2"),
    ],
)
def test_a_senseless_canvas_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Canvas("Picture", **arguments)


def test_the_help_names_only_keys_that_do_something():
    chosen, hovering = Canvas("A", rows=2, columns=2), Canvas("A", rows=2, columns=2, hover=True)
    assert chosen.help.endswith("Enter chooses.")
    assert "Enter" not in hovering.help
    assert Canvas("A", rows=2, columns=2, paint=["ship"]).help.endswith("Space paints.")
    assert Canvas("A").help == ""
