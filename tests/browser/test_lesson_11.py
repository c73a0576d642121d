"""Lesson 11 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, slider_times
from playwright.sync_api import expect

SLUG = "11_fcn"
DEMO = "fcn_skips.demo("


@pytest.mark.parametrize(
    ("role", "name", "keys"),
    [
        ("slider", "Picture", ["ArrowRight", "PageUp", "Home"]),
        ("checkbox", "Add pool4's scores (stride 16)", ["Space", "Space"]),
        ("checkbox", "Add pool3's scores (stride 8)", ["Space", "Space"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, role, name, keys):
    follows_every_key(cell(lesson, DEMO), role, name, keys)


def test_a_switch_tells_its_scores(lesson):
    output = cell(lesson, DEMO)
    switch = output.get_by_role("checkbox", name="Add pool3's scores (stride 8)")
    switch.press("Space")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("pool3 off: IoU of coin"))
    switch.press("Space")
    expect(picture).to_have_attribute("alt", containing("pool3 on: IoU of coin"))


def test_the_pictures_follow_quickly(lesson, measured):
    durations = slider_times(lesson, cell(lesson, DEMO), "Picture", times=12)
    measured(f"fcn_skips.demo(): slider to picture, {summary(durations)}")


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"11-gain"')
    output.get_by_role("radio", name="32s to 16s").press("Space")
    expect(output).to_contain_text("Recorded")
