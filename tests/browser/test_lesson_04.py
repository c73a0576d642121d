"""Lesson 04 in a real browser: it runs, and every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import (
    cell,
    containing,
    follows_every_key,
    move_cursor,
    picture_follows,
    slider_times,
)
from playwright.sync_api import expect

SLUG = "04_edges_and_regions"
CANNY, WATERSHED, MARKERS = "canny_demo.demo()", "watershed_demo.demo()", "marker_demo.demo()"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        (CANNY, "slider", "Sigma", ["ArrowRight", "End", "Home"]),
        (CANNY, "slider", "Low threshold", ["ArrowRight", "Home"]),
        (CANNY, "slider", "High threshold", ["ArrowLeft", "PageUp", "End"]),
        (CANNY, "combobox", "Picture", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        (WATERSHED, "slider", "Smallest distance", ["ArrowRight", "End", "Home"]),
        (WATERSHED, "combobox", "Objects", ["ArrowDown", "ArrowDown"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    follows_every_key(cell(lesson, demo), role, name, keys)


@pytest.mark.parametrize(
    ("demo", "name", "times"),
    [
        (CANNY, "Sigma", 16),
        (CANNY, "Low threshold", 25),
        (CANNY, "High threshold", 25),
        (WATERSHED, "Smallest distance", 9),  # each of them loses a nucleus
    ],
)
def test_a_slider_answers_quickly(lesson, demo, name, times, measured):
    output = cell(lesson, demo)
    for other in output.get_by_role("slider").all():
        other.press("Home")
    if demo == CANNY:  # so that each step changes the picture
        output.get_by_role("combobox").select_option("coins")
        output.get_by_role("slider", name="High threshold").press("End")
    else:
        output.get_by_role("combobox").select_option("nuclei")
    durations = slider_times(lesson, output, name, times=times)
    measured(f"{demo}, {name}: slider to picture, {summary(durations)}")


def test_crossed_thresholds_are_explained(lesson):
    output = cell(lesson, CANNY)
    output.get_by_role("slider", name="High threshold").press("Home")
    output.get_by_role("slider", name="Low threshold").press("End")
    expect(output).to_contain_text("The thresholds are crossed")
    output.get_by_role("slider", name="High threshold").press("End")
    expect(output).not_to_contain_text("The thresholds are crossed")


def test_markers_are_set_by_keyboard(lesson):
    output = cell(lesson, MARKERS)
    canvas, picture = (
        output.get_by_role("application", name="Click a marker"),
        output.locator("img"),
    )
    move_cursor(canvas, 10, -20)  # from the middle of the picture into a coin at its left
    picture_follows(canvas, "Enter", picture.last)
    expect(output).to_contain_text("1 marker: 1 of 14 coins found")
    picture_follows(canvas, "Enter", picture.last)
    expect(output).to_contain_text("0 markers: 0 of 14 coins found")


def test_markers_are_set_by_mouse_and_cleared(lesson):
    output = cell(lesson, MARKERS)
    canvas, picture = (
        output.get_by_role("application", name="Click a marker"),
        output.locator("img"),
    )
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    for down, right in ((0.66, 0.25), (0.33, 0.85)):
        before = picture.last.get_attribute("alt")
        lesson.page.mouse.click(box["x"] + right * box["width"], box["y"] + down * box["height"])
        expect(picture.last).not_to_have_attribute("alt", before or "")
    expect(picture.last).to_have_attribute("alt", containing("2 markers: 2 of 14 coins found"))
    picture_follows(output.get_by_role("button", name="Start again"), "Enter", picture.last)
    expect(output).to_contain_text("0 markers: 0 of 14 coins found")


def test_predictions_are_recorded(lesson):
    number = cell(lesson, '"04-count"').get_by_role("textbox", name="How many connected")
    number.fill("9")
    number.press("Enter")
    expect(cell(lesson, '"04-count"')).to_contain_text("Recorded")
    first = cell(lesson, '"04-gap"')
    first.get_by_role("radio", name="nothing").press("Space")
    expect(first).to_contain_text("Recorded")
