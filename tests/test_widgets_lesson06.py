"""The demos of lesson 06: what they draw follows their controls and tells the truth."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils.figures import alt_text
from course_utils.geometry import conv_output_size
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
    sums = {"mean": 1, "sharpen": 1, "all ones": kernel**2, "edge": 0 if kernel > 1 else 1}
    assert weights.shape == (kernel, kernel)
    assert weights.sum() == pytest.approx(sums[name])


def test_unknown_weights_are_explained():
    with pytest.raises(ValueError, match="name must be one of edge, mean"):
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
    total = by_torch(filter_stepper.small_picture()[:7, :7], [[-1, 0, 1]] * 3, 0, 2, 1)[row, column]
    assert line.startswith(f"Output row {row}, column {column} (place {place} of 9): ")
    assert f"the 9 products add up to {total:.0f}. " in line
    assert "floor((7 + 2 x 0 - 3) / 2) + 1 = 3" in line
    products = alt_text(figure).split("Products: ")[1].split(". ")[0].split(", ")
    assert sum(map(int, products)) == total
    assert len(alt_text(figure).split("Sums so far: ")[1].split(", ")) == place


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
            figure, _ = filter_stepper.draw_filter(7, n, kernel, padding, stride, dilation, "mean")
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
    canvas.cursor = [0, 5]
    assert demo.caption.startswith("Filter B, row 0, column 2")


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
