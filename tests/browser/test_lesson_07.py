"""Lesson 07 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, move_cursor, slider_times
from playwright.sync_api import expect

SLUG = "07_pooling_and_receptive_field"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        ("pooling.demo()", "slider", "Window", ["ArrowRight", "End", "Home"]),
        ("pooling.demo()", "slider", "Stride", ["ArrowRight", "End", "Home"]),
        ("pooling.demo()", "slider", "Shift", ["ArrowRight", "End", "Home"]),
        ("pooling.demo()", "combobox", "Picture", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        ("pooling.demo()", "combobox", "Pooling", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        ("field_demo.demo()", "combobox", "Layers", ["ArrowDown", "ArrowDown", "ArrowUp"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys)


@pytest.mark.parametrize("kind", ["maximum", "maximum, then blur"])
@pytest.mark.parametrize("name", ["Window", "Stride", "Shift"])
def test_a_slider_answers_quickly(lesson, name, kind, measured):
    output = cell(lesson, "pooling.demo()")
    output.get_by_role("combobox", name="Pooling").select_option(kind)
    output.get_by_role("slider", name="Stride").press("Home")
    times = 8 if name == "Shift" else 5
    durations = slider_times(lesson, output, name, times=times)
    measured(f"pooling, {name}, {kind}: slider to picture, {summary(durations)}")


def test_pooling_tells_what_it_measured(lesson):
    output = cell(lesson, "pooling.demo()")
    output.get_by_role("combobox", name="Pooling").select_option("maximum")
    for name in ("Window", "Stride", "Shift"):
        output.get_by_role("slider", name=name).press("Home")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("moved by 0 pixels the output changes"))
    expect(output).to_contain_text("WHAT, 96 % named; WHERE, 0.1 pixels off")


def test_an_output_is_chosen_by_keyboard_and_by_mouse(lesson):
    output = cell(lesson, "field_demo.demo()")
    output.get_by_role("combobox", name="Layers").select_option("four 3 x 3, stride 2")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("output (2, 2) of 4 x 4"))
    canvas = output.get_by_role("application", name="Choose an output")
    move_cursor(canvas, 20, -30)
    canvas.press("Enter")
    expect(picture).to_have_attribute("alt", containing("output (3, 0) of 4 x 4"))
    box = canvas.bounding_box()
    canvas.click(position={"x": box["width"] * 0.9, "y": box["height"] * 0.1})
    expect(picture).to_have_attribute("alt", containing("output (0, 3) of 4 x 4"))


def test_another_stack_keeps_the_place(lesson):
    output = cell(lesson, "field_demo.demo()")
    output.get_by_role("combobox", name="Layers").select_option("twelve 3 x 3")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("twelve 3 x 3, output (6, 57) of 64 x 64"))


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"07-letters"')
    output.get_by_role("radio", name="it keeps them").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"07-field"').get_by_role("textbox", name="Two 3 x 3")
    number.fill("5")
    number.press("Enter")
    expect(cell(lesson, '"07-field"')).to_contain_text("Recorded")
