"""Lesson 09 in a real browser: it runs, every control answers to the keyboard, by its name.

One open notebook serves all tests of the lesson, which run in order: opening JupyterLab and running
the lesson takes longer than everything that is done with it.
"""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, picture_follows, run_lesson
from playwright.sync_api import expect

SLUG = "09_losses_and_imbalance"


@pytest.fixture(scope="module")
def lesson(browser, laboratory):
    """The lesson, run from a clean kernel."""
    with run_lesson(browser, laboratory, SLUG) as notebook:
        yield notebook


def test_the_lesson_runs_without_an_error(lesson):
    assert lesson.errors() == []


@pytest.mark.parametrize(
    ("demo", "name", "keys"),
    [
        ("focal.demo()", "gamma", ["ArrowRight", "PageUp", "Home"]),
        ("focal.demo()", "alpha", ["ArrowRight", "End", "PageDown"]),
        ("imbalance.demo()", "Weight of ship", ["ArrowRight", "PageUp", "End"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, name, keys):
    output = cell(lesson, demo)
    control = output.get_by_role("slider", name=name)
    for key in keys:
        picture_follows(control, key, output.locator("img").last)


@pytest.mark.parametrize("name", ["gamma", "alpha"])
def test_the_focal_sliders_answer_quickly(lesson, name, measured):
    output = cell(lesson, "focal.demo()")
    control = output.get_by_role("slider", name=name)
    control.press("Home")
    lesson.wait_until_idle()
    times = 12
    durations = lesson.press_and_time(
        control, "ArrowRight", output.locator("img").last, times=times
    )
    measured(f"focal.demo(), {name}: slider to picture, {summary(durations)}")


def test_a_retraining_takes_less_than_two_seconds(lesson, measured):
    output = cell(lesson, "imbalance.demo()")
    control = output.get_by_role("slider", name="Weight of ship")
    control.press("Home")
    lesson.wait_until_idle()
    durations = lesson.press_and_time(control, "ArrowRight", output.locator("img").last, times=8)
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
