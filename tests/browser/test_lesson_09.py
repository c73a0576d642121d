"""Lesson 09 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, slider_times
from playwright.sync_api import expect

SLUG = "09_losses_and_imbalance"


@pytest.mark.parametrize(
    ("demo", "name", "keys"),
    [
        ("focal.demo()", "gamma", ["ArrowRight", "PageUp", "Home"]),
        ("focal.demo()", "alpha", ["ArrowRight", "End", "PageDown"]),
        ("imbalance.demo()", "Weight of ship", ["ArrowRight", "PageUp", "End"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, name, keys):
    follows_every_key(cell(lesson, demo), "slider", name, keys)


@pytest.mark.parametrize("name", ["gamma", "alpha"])
def test_the_focal_sliders_answer_quickly(lesson, name, measured):
    output = cell(lesson, "focal.demo()")
    durations = slider_times(lesson, output, name, times=12)
    measured(f"focal.demo(), {name}: slider to picture, {summary(durations)}")


def test_a_retraining_takes_less_than_two_seconds(lesson, measured):
    output = cell(lesson, "imbalance.demo()")
    durations = slider_times(lesson, output, "Weight of ship", times=8)
    measured(f"imbalance.demo(): slider to picture after a training, {summary(durations)}")


def test_superseded_weights_are_dropped(lesson):
    output = cell(lesson, "imbalance.demo()")
    control = output.get_by_role("slider", name="Weight of ship")
    control.press("Home")
    for _ in range(25):  # far quicker than 25 trainings
        control.press("ArrowRight")
    expect(output.locator("img").last).to_have_attribute("alt", containing("weight 26:"))


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"09-constant"')
    output.get_by_role("radio", name="0.5, not sure").press("Space")
    expect(output).to_contain_text("Recorded")
