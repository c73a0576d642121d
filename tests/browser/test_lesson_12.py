"""Lesson 12 in a real browser: it runs, every control answers to the keyboard, by its name."""

from jupyterlab_page import summary
from lesson_page import cell, containing, move_cursor, picture_follows
from playwright.sync_api import expect

SLUG = "12_unet"


def test_a_tensor_is_chosen_by_name_and_by_keyboard(lesson):
    output = cell(lesson, "unet_walk.demo(")
    control = output.get_by_role("combobox", name="Tensor")
    control.select_option("c5")
    expect(output).to_contain_text("c5: 256 x 8 x 8 = 16,384 numbers, double convolution of p4")
    control.press("ArrowDown")
    expect(output).to_contain_text("u6: 128 x 16 x 16 = 32,768 numbers")


def test_a_tensor_is_chosen_in_the_drawn_u(lesson):
    output = cell(lesson, "unet_walk.demo(")
    canvas = output.get_by_role("application", name="Choose a tensor")
    canvas.focus()
    canvas.press("Home")
    move_cursor(canvas, -4, -11)  # to the corner, wherever it was
    move_cursor(canvas, 4, 5)
    canvas.press("Enter")
    expect(output.get_by_role("combobox", name="Tensor")).to_have_value("c5")
    expect(output.locator("img").last).to_have_attribute("alt", containing("16 channels of c5"))


def test_the_skips_are_cut_by_keyboard(lesson):
    output = cell(lesson, "unet_walk.demo(")
    output.get_by_role("combobox", name="Tensor").select_option("c9")
    expect(output).to_contain_text("double convolution of u9 beside c1")
    picture_follows(
        output.get_by_role("checkbox", name="Skips"), "Space", output.locator("img").last
    )
    expect(output).to_contain_text("double convolution of u9 beside zeros for c1")


def test_the_walk_answers_quickly(lesson, measured):
    output = cell(lesson, "unet_walk.demo(")
    control = output.get_by_role("combobox", name="Tensor")
    control.select_option("image")
    lesson.wait_until_idle()
    durations = lesson.press_and_time(control, "ArrowDown", output.locator("img").last, times=8)
    measured(f"unet_walk.demo(): tensor to picture, {summary(durations)}")


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"12-join"')
    output.get_by_role("radio", name="128 x 16 x 16").press("Space")
    expect(output).to_contain_text("Recorded")
