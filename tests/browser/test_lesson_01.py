"""Lesson 01 in a real browser: every control answers to mouse and keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, move_cursor, picture_follows
from playwright.sync_api import expect

from course_utils.widgets.pixel_reader import COLOURINGS, describe_pixel, reduced_picture

SLUG = "01_what_is_segmentation"
READER, STREET, POINTER = "pixel_reader.demo()", 'pixel_reader.demo("street")', "like_this.demo()"


@pytest.mark.parametrize(("demo", "name"), [(READER, "rocket"), (STREET, "street")])
def test_a_pixel_is_read_by_keyboard(lesson, demo, name):
    output = cell(lesson, demo)
    canvas = output.get_by_role("application", name="Read a pixel")
    picture = reduced_picture(name)
    row, column = (side // 2 for side in picture.label_map.shape)
    canvas.focus()
    for key, down, right in [("ArrowDown", 1, 0), ("Shift+ArrowLeft", 0, -5), ("ArrowUp", -1, 0)]:
        canvas.press(key)
        row, column = row + down, column + right
        expect(output).to_contain_text(describe_pixel(picture, row, column))


def test_a_pixel_is_read_by_hovering(lesson):
    output = cell(lesson, READER)
    canvas = output.get_by_role("application", name="Read a pixel")
    canvas.scroll_into_view_if_needed()
    box = canvas.locator("img").bounding_box()
    assert box is not None
    picture = reduced_picture("rocket")
    rows, columns = picture.label_map.shape
    for row, column in [(90, 80), (20, 5)]:
        x = box["x"] + (column + 0.5) / columns * box["width"]
        y = box["y"] + (row + 0.5) / rows * box["height"]
        lesson.page.mouse.move(x, y)
        expect(output).to_contain_text(describe_pixel(picture, row, column))


def test_each_colouring_changes_picture_and_numbers(lesson):
    output = cell(lesson, READER)
    canvas = output.get_by_role("application", name="Read a pixel").locator("img")
    move_cursor(output.get_by_role("application", name="Read a pixel"), 0, 5)
    for colouring in [*COLOURINGS[1:], COLOURINGS[0]]:
        before = canvas.get_attribute("src")
        control = output.get_by_role("radio", name=colouring)
        picture_follows(control, "Space", output.locator("img").last)
        expect(canvas).not_to_have_attribute("src", before or "")
    expect(canvas).to_have_attribute("alt", containing("as it was taken"))


def test_a_pixel_is_pointed_at_by_keyboard_and_the_tolerance_moved(lesson):
    output = cell(lesson, POINTER)
    canvas = output.get_by_role("application", name="Point at a pixel")
    move_cursor(canvas, 12, -30)
    picture_follows(canvas, "Enter", output.locator("img").last)
    for key in ["ArrowRight", "PageUp", "Home"]:
        slider = output.get_by_role("slider", name="Tolerance")
        picture_follows(slider, key, output.locator("img").last)
    expect(output).to_contain_text("IoU 0.00 with the truth")


def test_the_slider_and_the_cursor_answer_quickly(lesson, measured):
    output = cell(lesson, POINTER)
    slider = output.get_by_role("slider", name="Tolerance")
    lesson.wait_until_idle()
    times = lesson.press_and_time(slider, "ArrowRight", output.locator("img").last, times=25)
    measured(f"{POINTER}: slider to picture, {summary(times)}")
    for demo in (READER, STREET):
        output = cell(lesson, demo)
        canvas = output.get_by_role("application", name="Read a pixel")
        lesson.wait_until_idle()
        times = lesson.press_and_time(canvas, "ArrowRight", output.locator("img").last, times=25)
        measured(f"{demo}: key to picture, {summary(times)}")


def test_predictions_are_chosen_by_keyboard_and_stay(lesson):
    output = cell(lesson, '"01-regions"')
    output.get_by_role("radio", name="4").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"01-box"').get_by_role("textbox", name="What share")
    number.fill("80")
    number.press("Enter")
    expect(cell(lesson, '"01-box"')).to_contain_text("Recorded")
