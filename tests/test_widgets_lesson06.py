"""The demos of lesson 06: what they draw follows their controls and tells the truth."""

import io
import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.figures import alt_text, draw_pixels
from course_utils.geometry import conv_output_size
from course_utils.places import course_root
from course_utils.widgets import filter_stepper, number_grid, volume


def by_torch(picture, weights, padding, stride, dilation):
    tensors = (torch.tensor(np.array(a, dtype=float))[None, None] for a in (picture, weights))
    return torch.nn.functional.conv2d(*tensors, None, stride, padding, dilation)[0, 0].numpy()


def test_the_small_picture_has_one_digit_per_pixel():
    picture = filter_stepper.small_picture()
    assert picture.min() >= 0
    assert picture.max() == filter_stepper.BRIGHTEST
    assert picture[0, -1] > picture[4, 0]  # sky and hair


@pytest.mark.parametrize("name", filter_stepper.WEIGHTS)
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_weights_add_up_to_what_their_name_says(name, kernel):
    weights = filter_stepper.make_weights(name, kernel)
    difference = 0 if kernel > 1 else 1
    sums = {"Sobel": difference, "right minus left": difference, "all ones": kernel**2}
    assert weights.shape == (kernel, kernel)
    assert weights.sum() == pytest.approx(sums.get(name, 1))  # blur and sharpen: 1


def test_weights_of_side_three_are_the_lessons():
    lesson = (course_root() / "notebooks/source/06_convolution.py").read_text("utf-8")
    for name, constant in [("Sobel", "EDGE"), ("sharpen", "SHARPEN")]:
        weights = filter_stepper.make_weights(name, 3).astype(int).tolist()
        assert f"{constant} = np.array({weights})" in lesson
    differences = filter_stepper.make_weights("right minus left", 3)
    np.testing.assert_array_equal(volume.FILTERS[0], [differences] * 3)


def test_larger_sobel_weights_smooth_down_and_subtract_across():
    np.testing.assert_array_equal(
        filter_stepper.make_weights("Sobel", 5),
        np.outer([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1]),  # as OpenCV's
    )


def test_unknown_weights_are_explained():
    with pytest.raises(ValueError, match="name must be one of Sobel, blur"):
        filter_stepper.make_weights("Gabor", 3)


@pytest.mark.parametrize("name", filter_stepper.WEIGHTS)
def test_the_sums_are_those_of_torch(name):
    picture = filter_stepper.small_picture()
    for n, kernel, padding, stride, dilation in itertools.product(
        (4, 9), (1, 3, 4), (0, 2), (1, 3), (1, 2)
    ):
        part, weights = picture[:n, :n], filter_stepper.make_weights(name, kernel)
        if dilation * (kernel - 1) >= n + 2 * padding:
            continue
        expected = by_torch(part, weights, padding, stride, dilation)
        found = filter_stepper.answers(part, weights, padding, stride, dilation)
        np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize("place", [1, 5, 9, 99])
def test_the_stepper_tells_the_sum_at_its_place(place):
    figure, line = filter_stepper.draw_filter(place, n=7, stride=2)
    place = min(place, 9)
    row, column = divmod(place - 1, 3)
    sobel = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]
    total = by_torch(filter_stepper.small_picture()[:7, :7], sobel, 0, 2, 1)[row, column]
    assert line.startswith(f"Output row {row}, column {column} (place {place} of 9): ")
    assert f"the 9 products add up to {total:.0f}. " in line
    assert "floor((7 + 2 x 0 - 3) / 2) + 1 = 3" in line
    products = alt_text(figure).split("Products: ")[1].split(". ")[0].split(", ")
    assert sum(map(int, products)) == total
    told = alt_text(figure).split(f"Sums of row {row} so far: ")[1].split(", ")
    assert len(told) == column + 1


def test_one_product_is_not_added_up():
    line = filter_stepper.draw_filter(1, n=3, kernel=1, weights="all ones")[1]
    assert "the only product is 8. " in line


def test_sums_keep_off_the_lines_between_them():
    for kernel, padding in [(2, 2), (3, 2), (5, 2)]:
        figure, _ = filter_stepper.draw_filter(999, 9, kernel, padding, weights="blur")
        side = conv_output_size(9, kernel, padding=padding)
        cell = min(36, 216 // side)
        left = 636 - (side * cell + 1) // 2 + cell * np.arange(side + 1)
        lines = draw_pixels(figure).view(np.uint8).reshape(*draw_pixels(figure).shape, 4)
        inside = np.setdiff1d(np.arange(24, 24 + (side - 1) * cell), 24 + cell * np.arange(side))
        assert (lines[inside[:, None], left[:-2], :3] == number_grid.LINE[0]).all()


def test_impossible_settings_are_explained_in_words():
    figure, line = filter_stepper.draw_filter(n=4, kernel=5, dilation=2)
    with pytest.raises(ValueError, match="must fit") as refused:
        conv_output_size(4, 5, dilation=2)
    assert line == f"Impossible: {refused.value}"
    assert "Pad by at least 3" in line
    assert line in alt_text(figure)


def test_every_setting_of_the_sliders_is_drawn():
    for kernel, padding, stride, dilation in itertools.product((1, 5), (0, 2), (1, 3), (1, 3)):
        for n in (1, 9):
            figure, _ = filter_stepper.draw_filter(7, n, kernel, padding, stride, dilation, "blur")
            assert alt_text(figure)


def test_the_place_slider_ends_at_the_last_place():
    demo = filter_stepper.demo()
    sliders = {
        c.label: c for c in demo._controls + tuple(demo._named.values()) if hasattr(c, "label")
    }
    place = sliders["Place"]
    assert place.maximum == 25
    place.value = 25
    sliders["Stride s"].value = 2
    assert (place.maximum, place.value) == (9, 9)
    sliders["Kernel k"].value = 5
    sliders["Dilation d"].value = 3
    assert demo.caption.startswith("Impossible: the kernel must fit")


@pytest.mark.parametrize(("setting", "side"), [*zip(volume.SETTINGS, (7, 5), strict=True)])
def test_the_volume_is_what_its_setting_says(setting, side):
    inputs = volume.input_volume(setting)
    assert inputs.shape == (3, side, side)
    assert inputs.min() >= 0
    assert inputs.max() <= 3
    tensors = (torch.tensor(a.astype(float)) for a in (inputs[None], volume.FILTERS, volume.BIASES))
    expected = torch.nn.functional.conv2d(*tensors, stride=2, padding=volume.SETTINGS[setting])[0]
    np.testing.assert_array_equal(volume.output_volume(setting), expected)


def test_the_five_by_five_picture_is_the_inner_part_of_the_other():
    outer, inner = (volume.input_volume(setting) for setting in volume.SETTINGS)
    np.testing.assert_array_equal(outer[:, 1:-1, 1:-1], inner)


def test_an_unknown_setting_is_explained():
    with pytest.raises(ValueError, match="setting must be one of 7 x 7 x 3"):
        volume.input_volume("9 x 9")


@pytest.mark.parametrize("setting", volume.SETTINGS)
def test_every_output_number_is_traced(setting):
    for row, place in np.ndindex(3, 6):
        number, column = divmod(place, 3)
        figure, line = volume.draw_volume((row, place), setting)
        value = volume.output_volume(setting)[number, row, column]
        assert line.startswith(f"Filter {'AB'[number]}, row {row}, column {column}: ")
        assert line.endswith(f" = {value}")
        listed = alt_text(figure).split("The 27 products: ")[1].rstrip(".").split("; ")
        products = [int(n) for part in listed for n in part.split(" ", 1)[1].split(", ")]
        assert len(products) == 27
        assert sum(products) + volume.BIASES[number] == value


def test_the_canvas_shows_the_setting_that_was_chosen():
    demo = volume.demo()
    canvas, choice = demo._controls
    before = canvas.png
    assert demo.caption.startswith("Filter A, row 1, column 1")
    choice.value = list(volume.SETTINGS)[1]
    assert canvas.png != before
    assert str(volume.output_volume(choice.value)[0, 0, 0]) in canvas.alt
    before = canvas.png
    canvas.cursor = [0, 5]
    assert canvas.png != before  # the chosen cell is marked
    assert demo.caption.startswith("Filter B, row 0, column 2")


def test_the_chosen_cell_is_marked_where_the_canvas_has_it():
    demo = volume.demo()
    canvas = demo._controls[0]
    for row, column in [(1, 1), (0, 0), (2, 5)]:
        canvas.cursor = [row, column]
        picture = np.asarray(Image.open(io.BytesIO(canvas.png)).convert("RGB"))
        marked = np.argwhere((picture == number_grid.CURRENT).all(axis=2))
        left, top, width, height = canvas.box
        middle = (marked.min(axis=0) + marked.max(axis=0)) / 2 / picture.shape[:2]
        found = (middle - [top, left]) / [height, width] * [canvas.rows, canvas.columns]
        np.testing.assert_allclose(found, [row + 0.5, column + 0.5], atol=0.05)


def test_help_names_no_key_that_leaves_the_small_grid():
    assert volume.demo()._controls[0].help == "Arrow keys move."


def test_padding_has_one_colour_in_both_demos():
    figures = [
        volume.draw_volume((0, 0), "5 x 5 x 3, padding 1")[0],
        filter_stepper.draw_filter(9, n=5, padding=2)[0],
    ]
    for figure in figures:
        pixels = draw_pixels(figure).view(np.uint8).reshape(-1, 4)[:, :3]
        assert (pixels == filter_stepper.PADDING).all(axis=1).any()


def test_a_grid_writes_dark_on_bright_and_bright_on_dark():
    colours = np.array([[[255] * 3, [0] * 3]], np.uint8)
    grid = np.asarray(number_grid.number_grid(np.array([["8", "8"]]), colours, 30))
    assert grid[2:29, 2:29].min() < 60
    assert grid[2:29, 32:59].max() > 200


def test_a_frame_is_drawn_around_its_cells():
    texts, colours = np.full((3, 3), ""), np.full((3, 3, 3), 255, np.uint8)
    grid = np.asarray(number_grid.number_grid(texts, colours, 20, frames=[(1, 1, 2, 3)]))
    assert tuple(grid[20, 30]) == number_grid.CURRENT
    assert tuple(grid[5, 10]) == (255, 255, 255)


def test_what_is_written_keeps_its_anchor():
    for anchor, half in (("l", np.s_[:, 50:]), ("r", np.s_[:, :50])):
        picture = number_grid.sheet(100, 20)
        number_grid.write(picture, (50, 10), "sum", anchor=anchor)
        pixels = np.asarray(picture)
        assert (pixels[half] < 128).any()
    assert isinstance(number_grid.figure_of(picture).get_figwidth(), float)
    assert isinstance(picture, Image.Image)
