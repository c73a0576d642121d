"""Lesson 02 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, slider_times
from playwright.sync_api import expect

SLUG = "02_thresholding_and_histograms"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        ("threshold.demo()", "slider", "Threshold", ["ArrowRight", "PageUp", "Home", "PageUp"]),
        ("threshold.demo()", "slider", "Noise", ["ArrowRight", "End"]),
        ("threshold.demo()", "checkbox", "Smooth", ["Space", "Space"]),
        ("threshold.demo()", "combobox", "Find the", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        ("otsu.demo()", "slider", "Threshold", ["ArrowRight", "PageUp", "Home"]),
        ("otsu.demo()", "combobox", "Picture of the", ["ArrowDown", "ArrowUp"]),
        ("neighbourhood.demo()", "slider", "Window", ["ArrowRight", "PageUp", "End"]),
        ("neighbourhood.demo()", "slider", "Offset", ["ArrowRight", "PageUp", "Home"]),
        ("neighbourhood.demo()", "combobox", "Find the", ["ArrowDown"]),
        ("neighbourhood.demo()", "combobox", "Weights", ["ArrowDown", "ArrowUp"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys)


@pytest.mark.parametrize("scene", ["coins", "glands"])
@pytest.mark.parametrize(
    ("demo", "name"),
    [
        ("threshold.demo()", "Threshold"),
        ("threshold.demo()", "Noise"),
        ("otsu.demo()", "Threshold"),
        ("neighbourhood.demo()", "Offset"),
        ("neighbourhood.demo()", "Window"),
    ],
)
def test_a_slider_answers_quickly(lesson, demo, name, scene, measured):
    output = cell(lesson, demo)
    output.get_by_role("combobox").first.select_option(scene)
    times = 12 if name == "Noise" else 25
    durations = slider_times(lesson, output, name, times=times)
    measured(f"{demo}, {name}, {scene}: slider to picture, {summary(durations)}")


def test_the_coins_tell_their_known_scores(lesson):
    output = cell(lesson, "threshold.demo()")
    output.get_by_role("combobox", name="Find the").select_option("coins")
    output.get_by_role("slider", name="Noise").press("Home")
    slider = output.get_by_role("slider", name="Threshold")
    slider.press("End")
    expect(output.locator("img").last).to_have_attribute("alt", containing("IoU 0.000"))
    slider.press("Home")
    for _ in range(4):  # page keys move by a tenth of the range
        slider.press("PageUp")
    expect(output.locator("img").last).to_have_attribute("alt", containing("coins: levels > "))


def test_otsus_highest_point_is_told(lesson):
    output = cell(lesson, "otsu.demo()")
    output.get_by_role("combobox").select_option("coins")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("the highest is 2115 at level 107"))


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"02-shuffle"')
    output.get_by_role("radio", name="becomes flat").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"02-page"').get_by_role("textbox", name="What IoU")
    number.fill("0.8")
    number.press("Enter")
    expect(cell(lesson, '"02-page"')).to_contain_text("Recorded")
