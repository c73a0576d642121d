"""Lesson 03 in a real browser: it runs, and every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, picture_follows, slider_times
from playwright.sync_api import expect

SLUG = "03_clustering"
STEPPER, POSITION, SLIC = "kmeans_demo.demo()", "colour_position.demo()", "superpixels.demo()"


def test_kmeans_is_stepped_by_keyboard(lesson):
    output = cell(lesson, STEPPER)
    button, picture = output.get_by_role("button", name="Half-step"), output.locator("img").last
    for words in ("Half-step 1, assign", "Half-step 2, update", "Half-step 3, assign"):
        picture_follows(button, "Enter", picture)
        expect(picture).to_have_attribute("alt", containing(words))
    output.get_by_role("button", name="To the end").press("Enter")
    expect(output).to_contain_text("At rest after")
    picture_follows(output.get_by_role("button", name="Start again"), "Enter", picture)
    expect(picture).to_have_attribute("alt", containing("Half-step 0, start"))


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        (STEPPER, "slider", "Clusters K", ["ArrowRight", "End", "Home"]),
        (STEPPER, "combobox", "Start", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        (STEPPER, "combobox", "Picture", ["ArrowDown"]),
        (POSITION, "slider", "Clusters K", ["ArrowLeft", "Home", "End"]),
        (POSITION, "slider", "Position weight", ["ArrowRight", "End", "Home"]),
        (POSITION, "combobox", "Object", ["ArrowDown"]),
        (SLIC, "slider", "Grid step S", ["ArrowRight", "PageUp", "Home"]),
        (SLIC, "slider", "Compactness, power of 10", ["ArrowRight", "Home", "End"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys)


@pytest.mark.parametrize(
    ("demo", "name", "times"),
    [(STEPPER, "Clusters K", 6), (POSITION, "Position weight", 12), (SLIC, "Grid step S", 25)],
)
def test_a_slider_answers_quickly(lesson, demo, name, times, measured):
    output = cell(lesson, demo)
    durations = slider_times(lesson, output, name, times=times)
    measured(f"{demo}: slider to picture, {summary(durations)}")


def test_a_half_step_answers_quickly(lesson, measured):
    output = cell(lesson, STEPPER)
    button, picture = output.get_by_role("button", name="Half-step"), output.locator("img").last
    durations = lesson.press_and_time(button, "Enter", picture, times=10)
    measured(f"{STEPPER}: half-step to picture, {summary(durations)}")


def test_predictions_are_recorded(lesson):
    first = cell(lesson, '"03-two-groups"')
    first.get_by_role("radio", name="brown and not brown").press("Space")
    expect(first).to_contain_text("Recorded")
    number = cell(lesson, '"03-bad-starts"').get_by_role("textbox", name="Of 50 random starts")
    number.fill("10")
    number.press("Enter")
    expect(cell(lesson, '"03-bad-starts"')).to_contain_text("Recorded")
