"""Lesson 06 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, move_cursor, slider_times
from playwright.sync_api import expect

from course_utils.widgets.volume import SETTINGS, output_volume

SLUG = "06_convolution"
OUTPUT = "Output: filter A's map"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        ("filter_stepper.demo()", "slider", "Place", ["ArrowRight", "PageUp", "End", "Home"]),
        ("filter_stepper.demo()", "slider", "Picture side", ["ArrowRight", "End"]),
        ("filter_stepper.demo()", "slider", "Kernel", ["ArrowRight", "Home", "ArrowRight"]),
        ("filter_stepper.demo()", "slider", "Padding", ["ArrowRight", "End"]),
        ("filter_stepper.demo()", "slider", "Stride", ["ArrowRight", "End", "Home"]),
        ("filter_stepper.demo()", "slider", "Dilation", ["ArrowRight", "Home"]),
        ("filter_stepper.demo()", "combobox", "Weights", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        ("volume.demo()", "application", OUTPUT, ["ArrowRight", "ArrowDown", "ArrowLeft"]),
        ("volume.demo()", "combobox", "Input", ["ArrowDown", "ArrowUp"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys)


def test_impossible_settings_are_explained_and_mended(lesson):
    output = cell(lesson, "filter_stepper.demo()")
    for name, key in [("Picture side", "Home"), ("Padding", "Home"), ("Kernel", "End")]:
        output.get_by_role("slider", name=name).press(key)
    expect(output).to_contain_text("Impossible: the kernel must fit into the padded input")
    expect(output).to_contain_text("Pad by at least 2")
    output.get_by_role("slider", name="Padding").press("End")
    expect(output).to_contain_text("floor((1 + 2 x 2 - 5) / 1) + 1 = 1")


def test_the_place_slider_follows_the_number_of_places(lesson):
    output = cell(lesson, "filter_stepper.demo()")
    for name, key in [("Picture side", "End"), ("Padding", "Home"), ("Kernel", "Home")]:
        output.get_by_role("slider", name=name).press(key)
    expect(output.get_by_role("slider", name="Place")).to_have_attribute("max", "81")
    output.get_by_role("slider", name="Place").press("End")
    expect(output).to_contain_text("Output row 8, column 8 (place 81 of 81)")


@pytest.mark.parametrize("name", ["Place", "Picture side", "Padding"])
def test_a_slider_answers_quickly(lesson, name, measured):
    output = cell(lesson, "filter_stepper.demo()")
    times = {"Place": 20, "Picture side": 8, "Padding": 2}[name]
    durations = slider_times(lesson, output, name, times=times)
    measured(f"filter_stepper.demo(), {name}: slider to picture, {summary(durations)}")


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_output_number_is_traced_by_keyboard(lesson, setting):
    output = cell(lesson, "volume.demo()")
    output.get_by_role("combobox", name="Input").select_option(setting)
    canvas = output.get_by_role("application", name=OUTPUT)
    move_cursor(canvas, -5, -5)
    for row in range(3):
        for place in range(6):
            number, column = divmod(place, 3)
            value = output_volume(setting)[number, row, column]
            told = f"Filter {'AB'[number]}, row {row}, column {column}: "
            expect(output.locator("img").last).to_have_attribute("alt", containing(told))
            expect(output.locator("img").last).to_have_attribute("alt", containing(f"= {value} ("))
            canvas.press("ArrowRight")
        canvas.press("ArrowDown")
        move_cursor(canvas, 0, -5)


def test_an_output_number_is_chosen_by_mouse(lesson):
    output = cell(lesson, "volume.demo()")
    canvas = output.get_by_role("application", name=OUTPUT)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    lesson.page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("Filter B, row 1, column 1"))


def test_predictions_are_recorded_by_keyboard(lesson):
    output = cell(lesson, '"06-impulse"')
    output.get_by_role("radio", name="nine ones").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"06-same"').get_by_role("textbox", name="A side of 128")
    number.fill("126")
    number.press("Enter")
    expect(cell(lesson, '"06-same"')).to_contain_text("Recorded")
