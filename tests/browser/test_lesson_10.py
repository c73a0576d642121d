"""Lesson 10 in a real browser: it runs, every control answers to the keyboard, Stop stops."""

import pytest
from jupyterlab_page import summary
from lesson_page import cell, containing, follows_every_key, slider_times
from playwright.sync_api import expect

SLUG = "10_data_and_training"
EXPLORER = "augmentation.demo()"
ENDLESS = """
import torch
from course_utils import training
from course_utils.datasets.registry import load_data
from course_utils.training_config import Config
from course_utils.widgets.training_view import TrainingView
train, val = load_data("ships", count=8), load_data("ships", "val", count=4)
config = Config(epochs=100_000, batch_size=4, device="cpu", threads=1)
run = training.fit(torch.nn.Conv2d(3, 2, 1), train, val, config, report=TrainingView())
print("stopped:", run.stopped)
"""


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Zoom", ["ArrowRight", "Home"]),
        ("Turn", ["ArrowLeft", "End"]),
        ("Window", ["ArrowLeft", "PageDown"]),
        ("Brightness", ["ArrowRight", "End"]),
        ("Noise", ["ArrowRight", "PageUp"]),
    ],
)
def test_a_slider_of_the_explorer_moves_its_picture(lesson, name, keys):
    follows_every_key(cell(lesson, EXPLORER), "slider", name, keys)


@pytest.mark.parametrize("name", ["Flip", "Move the image alone"])
def test_a_toggle_of_the_explorer_changes_its_picture(lesson, name):
    follows_every_key(cell(lesson, EXPLORER), "checkbox", name, ["Space"])


def test_the_accident_is_told_in_a_line(lesson):
    expect(cell(lesson, EXPLORER)).to_contain_text("Image moved alone")


def test_the_explorer_answers_quickly(lesson, measured):
    durations = slider_times(lesson, cell(lesson, EXPLORER), "Turn", times=12)
    measured(f"augmentation.demo(), Turn: slider to picture, {summary(durations)}")


def test_the_training_left_a_still_with_its_text(lesson):
    output = cell(lesson, "report=TrainingView(samples=4)")
    expect(output).to_contain_text("Done: best mean IoU")
    expect(output.locator("img")).to_have_attribute("alt", containing("Curves over 6 epochs"))
    expect(output.get_by_role("button", name="Stop")).to_have_count(0)


def test_a_prediction_is_chosen_by_keyboard_and_stays(lesson):
    output = cell(lesson, '"10-rate"')
    output.get_by_role("radio", name="0.01").press("Space")
    expect(output).to_contain_text("Recorded")


def test_stop_ends_a_training_that_draws_in_place(laboratory, open_notebook):
    notebook = open_notebook(laboratory.write_notebook("endless.ipynb", ENDLESS))
    page = notebook.page
    page.locator(".jp-CodeCell").first.click()
    page.keyboard.press("Shift+Enter")
    output = cell(notebook, "TrainingView")
    bar, picture = output.get_by_role("progressbar", name="Training"), output.locator("img").last
    expect(output).to_contain_text("step ", timeout=60_000)
    expect(picture).to_have_attribute("alt", containing("Curves over"), timeout=60_000)
    bar.evaluate("bar => { bar.mark = 1; }")
    text = picture.get_attribute("alt")
    expect(picture).not_to_have_attribute("alt", text or "", timeout=60_000)
    assert bar.evaluate("bar => bar.mark") == 1  # the same element: nothing was put anew
    output.get_by_role("button", name="Stop").press("Enter")
    expect(output).to_contain_text("Stopped: best mean IoU", timeout=60_000)
    expect(output).to_contain_text("stopped: True")
