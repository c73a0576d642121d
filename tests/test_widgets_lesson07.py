"""The demos of lesson 07: what they draw follows their controls and tells the truth."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from course_utils.figures import alt_text
from course_utils.geometry import conv_output_size
from course_utils.geometry import receptive_field as field_of
from course_utils.widgets import pooling, receptive_field


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# ----------------------------------------------------------------------------------------------
# Pooling


@pytest.mark.parametrize(("window", "stride"), [(1, 1), (2, 2), (3, 2), (5, 3), (2, 5)])
def test_pooling_equals_torch(rng, window, stride):
    images = rng.random((3, 17, 14))
    tensor = torch.from_numpy(images)[None]
    for kind, function in (("maximum", functional.max_pool2d), ("average", functional.avg_pool2d)):
        expected = function(tensor, window, stride)[0]
        np.testing.assert_allclose(
            pooling.pool(images, kind, window, stride), expected, rtol=0, atol=1e-12
        )


def test_a_stride_alone_drops_values(rng):
    images = rng.random((9, 8))
    np.testing.assert_array_equal(pooling.pool(images, "stride alone", 3, 2), images[::2, ::2])


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_blur_pooling_keeps_a_flat_map_and_blurs_by_a_tent(stride):
    np.testing.assert_allclose(pooling.pool(np.ones((12, 12)), "maximum, then blur", 2, stride), 1)
    point = np.zeros((13, 13))
    point[6, 6] = 1
    blurred = pooling.pool(point, "maximum, then blur", 1, stride)
    assert blurred.max() == pytest.approx(1 / stride**2)
    assert blurred.sum() == pytest.approx(1 / stride**2)


def test_what_does_not_fit_is_explained():
    with pytest.raises(ValueError, match="kind must be one of maximum, average"):
        pooling.pool(np.ones((4, 4)), "minimum", 2, 2)
    with pytest.raises(ValueError, match="the kernel must fit"):
        pooling.pool(np.ones((4, 4)), "maximum", 5, 2)
    with pytest.raises(ValueError, match="picture must be one of coins, page, cat"):
        pooling.draw_pooling("dog")
    with pytest.raises(ValueError, match="shift must lie in 0 to 8"):
        pooling.draw_pooling("coins", shift=9)
    with pytest.raises(ValueError, match="shift must lie in 0 to 8"):
        pooling.moved("coins", -1)


@pytest.mark.parametrize("kind", pooling.KINDS[:3])
@pytest.mark.parametrize("stride", [1, 2, 4])
def test_a_shift_by_whole_cells_changes_nothing(kind, stride):
    for picture in pooling.PICTURES:
        _, line = pooling.draw_pooling(picture, kind, 3, stride, shift=2 * stride)
        assert "the output changes by 0 % of its spread" in line


def test_blur_repairs_what_a_stride_breaks():
    change = {}
    for kind in pooling.KINDS:
        before, after = (pooling.pool(pooling.moved("page", s), kind, 2, 2) for s in (0, 1))
        change[kind] = pooling.shift_change(before, after, 1, 2)
    assert change["maximum, then blur"] < 0.6 * change["maximum"]
    assert change["average"] < change["maximum"]


def test_the_change_is_measured_against_the_interpolated_output():
    before = np.array([[0.0, 4.0, 8.0, 12.0]])
    after = np.array([[-9.0, 3.0, 7.0, 11.0]])  # a ramp, moved by a quarter of a cell
    assert pooling.shift_change(before, after, shift=1, stride=4) == pytest.approx(0)
    assert pooling.shift_change(before, before, shift=0, stride=4) == 0
    assert np.isnan(pooling.shift_change(np.ones((2, 4)), np.ones((2, 4)), 1, 2))


def test_the_maximum_keeps_what_and_loses_where():
    found = [pooling.what_and_where("maximum", side, side, shift=3) for side in (1, 2, 4)]
    what, where = zip(*found, strict=True)
    assert len(set(what)) == 1
    assert what[0] > 0.9
    assert where[0] < 0.5 < where[1] < where[2] < 2
    for kind in ("average", "stride alone"):
        assert pooling.what_and_where(kind, 4, 4, shift=3)[0] < 0.5


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (6, 1), (1, 6)])
def test_the_picture_tells_its_settings(window, stride):
    figure, line = pooling.draw_pooling("cat", "average", window, stride, shift=1)
    side = conv_output_size(96, window, stride)
    assert line.startswith(f"96 x 96 -> {side} x {side}; moved by 1 pixel the")
    what, where = pooling.what_and_where("average", window, stride, 1)
    assert f"WHAT, {what:.0%}".replace("%", " %") in line
    assert f"{where:.1f} pixels off" in line
    assert " ".join(line.split()) in alt_text(figure)
    left, right, change = (ax.images[0].get_array() for ax in figure.axes)
    np.testing.assert_allclose(pooling.pool(np.asarray(left), "average", window, stride), right)
    before = pooling.pool(pooling.moved("cat", 0), "average", window, stride)
    known = np.ma.compressed(change).reshape(len(right), -1)
    expected = pooling.beyond_moving(before, np.asarray(right), 1, stride)
    np.testing.assert_allclose(known, expected)
    share = np.sqrt(np.mean(expected**2)) / before.std()
    assert f"changes by {share:.0%} of".replace("%", " %") in line


# ----------------------------------------------------------------------------------------------
# Receptive fields


@pytest.mark.parametrize("stack", receptive_field.STACKS)
def test_no_gradient_lies_outside_the_theoretical_field(stack):
    side = receptive_field.output_side(stack)
    field = field_of(receptive_field.STACKS[stack])[-1]
    row, column = side // 2, side // 3
    gradient = receptive_field.measured_gradient(stack, row, column)
    for at, seen in ((row, gradient.any(axis=1)), (column, gradient.any(axis=0))):
        middle, reach = field.start + field.jump * at, (field.size - 1) / 2
        places = np.flatnonzero(seen)
        assert places[0] == max(0, middle - reach)
        assert places[-1] == min(receptive_field.SIDE - 1, middle + reach)


def test_the_effective_share_counts_the_fewest_pixels():
    assert receptive_field.effective_share(np.array([[1.0, 1], [1, 1]]), 4, held=1.0) == 1
    assert receptive_field.effective_share(np.array([0.0, 6, 3, 1]), 10, held=0.6) == 0.1
    assert receptive_field.effective_share(np.array([0.0, 6, 3, 1]), 10, held=0.61) == 0.2


def test_the_share_shrinks_with_depth_and_gridding_leaves_holes():
    def share(stack):
        field = field_of(receptive_field.STACKS[stack])[-1]
        gradient = receptive_field.measured_gradient(stack, 32, 32)
        return receptive_field.effective_share(gradient, field.size**2)

    assert share("twelve 3 x 3") < share("four 3 x 3") - 0.15
    assert share("three 3 x 3, dilation 4") < 0.1


def test_the_square_stands_where_the_text_says():
    figure, line = receptive_field.draw_field("LeNet-5 up to S4", (0, 12))
    assert line.startswith("output (0, 12) of 13 x 13: theoretical field 16 x 16, jump 4")
    (square,) = figure.axes[0].patches
    assert (square.get_x(), square.get_y()) == (47.5, -0.5)
    assert square.get_width() == 16
    assert "rows 0 to 15, columns 48 to 63" in alt_text(figure)


def test_wrong_stacks_and_cells_are_explained():
    with pytest.raises(ValueError, match="stack must be one of one 5 x 5"):
        receptive_field.draw_field("nine 9 x 9")
    with pytest.raises(ValueError, match=r"cell must lie on 4 x 4 outputs, got \(4, 0\)"):
        receptive_field.draw_field("four 3 x 3, stride 2", (4, 0))


def test_another_stack_shows_its_output_at_the_same_place():
    demo = receptive_field.demo()
    controls, pictures = demo.children
    (dropdown,) = (child for child in controls.children if hasattr(child, "options"))
    canvas, picture = pictures.children
    canvas.event = {"row": 60, "column": 3, "count": 1}
    assert picture.caption.startswith("output (60, 3) of 64 x 64")
    before = canvas.png
    dropdown.value = "four 3 x 3, stride 2"
    assert canvas.png != before
    assert "4 x 4 cells" in canvas.alt
    assert picture.caption.startswith("output (3, 0) of 4 x 4")


@pytest.mark.parametrize(
    ("stack", "place", "cell"),
    [("four 3 x 3, stride 2", (60, 3), (3, 0)), ("twelve 3 x 3", (0, 63), (0, 63))],
)
def test_the_chosen_output_is_framed(stack, place, cell):
    demo = receptive_field.demo()
    controls, pictures = demo.children
    (dropdown,) = (child for child in controls.children if hasattr(child, "options"))
    canvas, picture = pictures.children
    dropdown.value = stack
    side = receptive_field.output_side(stack)
    assert f"({side // 2}, {side // 2}) framed" in canvas.alt  # the middle, as in the picture
    canvas.event = {"row": place[0], "column": place[1], "count": 1}
    assert canvas.caption == f"output, {side} x {side} cells, {cell} framed"
    assert canvas.caption in canvas.alt
    assert picture.caption.startswith(f"output {cell}")
    pixels = np.array(Image.open(io.BytesIO(canvas.png)))
    (rows, columns) = np.nonzero((pixels == (0, 0x99, 0xFF)).all(axis=-1))
    middle = np.array([(rows[0] + rows[-1]) / 2, (columns.min() + columns.max()) / 2])
    one = receptive_field.WIDTH / side
    np.testing.assert_allclose(middle, (np.array(cell) + 0.5) * one, atol=3)
