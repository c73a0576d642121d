"""Lesson 05 in a real browser: it runs, every control answers to the keyboard, by its name."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, picture_follows, slider_times
from playwright.sync_api import expect

SLUG = "05_evaluating_segmentation"


@pytest.mark.parametrize(
    ("demo", "role", "name", "keys"),
    [
        ("ship.demo()", "slider", "Ship area", ["ArrowRight", "PageUp", "Home", "End"]),
        ("ship.demo()", "combobox", "Answer", ["ArrowDown", "ArrowDown", "ArrowUp"]),
        ("overlap.demo()", "slider", "Amount", ["ArrowLeft", "PageUp", "Home"]),
        ("overlap.demo()", "combobox", "Change", ["ArrowDown"]),
    ],
)
def test_a_control_moves_its_picture_by_keyboard(lesson, demo, role, name, keys):
    output = cell(lesson, demo)
    if name == "Change":  # the shift by 0 that the last key left looks the same for every change
        output.get_by_role("slider", name="Amount").press("PageUp")
    follows_every_key(output, role, name, keys)


@pytest.mark.parametrize(
    ("demo", "name"), [("ship.demo()", "Ship area"), ("overlap.demo()", "Amount")]
)
def test_a_slider_answers_quickly(lesson, demo, name, measured):
    output = cell(lesson, demo)
    durations = slider_times(lesson, output, name, times=25)
    measured(f"{demo}: slider to picture, {summary(durations)}")


def test_the_ship_tells_its_known_scores(lesson):
    output = cell(lesson, "ship.demo()")
    output.get_by_role("combobox", name="Answer").select_option("nothing found")
    slider = output.get_by_role("slider", name="Ship area")
    slider.press("Home")
    for _ in range(5):
        slider.press("ArrowRight")
    for score in ("pixel accuracy 0.950", "mean IoU 0.475", "IoU of ship 0.000"):
        expect(output.locator("img").last).to_have_attribute("alt", containing(score))


def test_a_mask_is_painted_by_keyboard_and_scored(lesson):
    output = cell(lesson, "paint.demo()")
    canvas = output.get_by_role("application", name="Paint the cup")
    picture = output.locator("img").last
    expect(picture).to_have_attribute("alt", containing("IoU of cup 0.000"))
    picture_follows(canvas, "Space", picture)
    for key in ["Shift+ArrowDown", "Space", "Shift+ArrowLeft", "Space"]:
        canvas.press(key)
    expect(picture).not_to_have_attribute("alt", containing("IoU of cup 0.000"))


def test_a_mask_is_painted_by_mouse(lesson):
    output = cell(lesson, "paint.demo()")
    canvas, picture = output.get_by_role("application", name="Paint the cup"), output.locator("img")
    before = picture.last.get_attribute("src")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    lesson.page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"])
    lesson.page.mouse.down()
    lesson.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.4 * box["height"], steps=8)
    lesson.page.mouse.up()
    expect(picture.last).not_to_have_attribute("src", before or "")


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"05-shift"')
    output.get_by_role("radio", name="1/3").press("Space")
    expect(output).to_contain_text("Recorded")
    number = cell(lesson, '"05-accuracy"').get_by_role("textbox", name="What share")
    number.fill("80")
    number.press("Enter")
    expect(cell(lesson, '"05-accuracy"')).to_contain_text("Recorded")


def test_a_sketch_is_painted_by_keyboard(lesson):
    output = cell(lesson, '"05-where"')
    output.get_by_role("application").press("Space")
    expect(output).to_contain_text("Recorded")
