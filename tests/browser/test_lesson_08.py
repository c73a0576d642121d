"""Lesson 08 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, slider_times
from playwright.sync_api import expect

SLUG = "08_upsampling_and_transposed_convolution"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        ("stamper.demo()", "slider", "Stamps", ["ArrowRight", "PageUp", "Home", "End"]),
        ("stamper.demo()", "slider", "Kernel", ["ArrowRight", "ArrowLeft", "End"]),
        ("stamper.demo()", "slider", "Stride", ["ArrowRight", "End"]),
        ("stamper.demo()", "slider", "Padding", ["ArrowRight", "ArrowRight", "Home"]),
        ("stamper.demo()", "slider", "Output padding", ["ArrowRight", "Home"]),
        ("stamper.demo()", "combobox", "Weights", ["ArrowDown", "ArrowUp"]),
        ("checkerboard.demo()", "slider", "Kernel", ["ArrowRight", "End", "ArrowLeft"]),
        ("checkerboard.demo()", "slider", "Stride", ["ArrowRight", "Home", "ArrowRight"]),
        ("checkerboard.demo()", "combobox", "Weights", ["ArrowDown"]),
        ("upsamplers.demo()", "slider", "Factor", ["ArrowRight", "End", "Home"]),
        ("upsamplers.demo()", "slider", "Zoom down", ["ArrowRight", "Home", "End"]),
        ("upsamplers.demo()", "slider", "Zoom right", ["ArrowLeft", "Home", "End"]),
        ("upsamplers.demo()", "combobox", "Picture", ["ArrowDown", "ArrowDown", "ArrowUp"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys, exact=True)


@pytest.mark.parametrize(
    ("demo", "name", "times"),
    [
        ("stamper.demo()", "Stamps", 9),
        ("checkerboard.demo()", "Kernel", 7),
        ("upsamplers.demo()", "Zoom down", 15),
        ("upsamplers.demo()", "Zoom right", 15),
        ("upsamplers.demo()", "Factor", 6),
    ],
)
def test_a_slider_answers_quickly(lesson, demo, name, times, measured):
    output = cell(lesson, demo)
    durations = slider_times(lesson, output, name, times=times, exact=True)
    measured(f"{demo}, {name}: slider to picture, {summary(durations)}")


def test_all_stamps_give_the_known_size(lesson):
    output = cell(lesson, "stamper.demo()")
    for name, steps in (("Padding", 0), ("Output padding", 0), ("Kernel", 2), ("Stride", 1)):
        control = output.get_by_role("slider", name=name, exact=True)
        control.press("Home")
        for _ in range(steps):
            control.press("ArrowRight")
    output.get_by_role("slider", name="Stamps").press("End")
    expect(output.locator("img").last).to_have_attribute("alt", containing("output 7 x 7"))
    expect(output).to_contain_text("Size (3 - 1) x 2 - 2 x 0 + 3 + 0 = 7.")


def test_an_impossible_setting_is_told_in_words(lesson):
    output = cell(lesson, "stamper.demo()")
    control = output.get_by_role("slider", name="Output padding")
    control.press("End")
    expect(output).to_contain_text("Impossible: output padding must be smaller than the stride")
    control.press("Home")
    expect(output).to_contain_text("Size (3 - 1) x 2")


def test_a_divisible_kernel_overlaps_evenly(lesson):
    output = cell(lesson, "checkerboard.demo()")
    output.get_by_role("combobox", name="Weights").select_option("all equal")
    for name, steps in (("Kernel", 5), ("Stride", 2)):
        control = output.get_by_role("slider", name=name)
        control.press("Home")
        for _ in range(steps):
            control.press("ArrowRight")
    expect(output).to_contain_text("6 is divisible by 3: the stamps overlap evenly.")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("between 0.50 and 0.50"))


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"08-inverse"')
    output.get_by_role("radio", name="the shape only").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"08-coarse"').get_by_role("textbox", name="Mean IoU")
    number.fill("0.8")
    number.press("Enter")
    expect(cell(lesson, '"08-coarse"')).to_contain_text("Recorded")
