"""Lesson 05 in a real browser: it runs, every control answers to the keyboard, by its name.

One open notebook serves all tests of the lesson, which run in order: opening JupyterLab and running
the lesson takes longer than everything that is done with it.
"""

import json
import re
import shutil

import numpy as np
import pytest
from jupyterlab_page import NotebookPage, opened, summary
from playwright.sync_api import Locator, expect

from course_utils.datasets.pictures import load_picture
from course_utils.labels import IGNORE_INDEX
from course_utils.places import course_root, data_folder

SLUG = "05_evaluating_segmentation"


@pytest.fixture(scope="module")
def lesson(browser, laboratory):
    """The lesson, run from a clean kernel."""
    shutil.copy(course_root() / "notebooks" / f"{SLUG}.ipynb", laboratory.root)
    with opened(browser, laboratory, f"{SLUG}.ipynb") as notebook:
        notebook.run_all()
        yield notebook


def cell(notebook: NotebookPage, source: str) -> Locator:
    """The code cell whose text contains `source`."""
    return notebook.page.locator(".jp-CodeCell").filter(has_text=source).first


def containing(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def picture_follows(control: Locator, key: str, picture: Locator) -> None:
    """Press a key in a control and see another picture with another alternative text."""
    source, alt = picture.get_attribute("src"), picture.get_attribute("alt")
    control.focus()
    control.press(key)
    expect(picture).not_to_have_attribute("src", source or "")
    expect(picture).not_to_have_attribute("alt", alt or "")


def test_the_lesson_runs_without_an_error(lesson):
    assert lesson.errors() == []


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
    control, picture = output.get_by_role(role, name=name), output.locator("img").last
    for key in keys:
        picture_follows(control, key, picture)


@pytest.mark.parametrize(
    ("demo", "name"), [("ship.demo()", "Ship area"), ("overlap.demo()", "Amount")]
)
def test_a_slider_answers_quickly(lesson, demo, name, measured):
    output = cell(lesson, demo)
    control = output.get_by_role("slider", name=name)
    control.press("Home")
    lesson.wait_until_idle()
    durations = lesson.press_and_time(control, "ArrowRight", output.locator("img").last, times=25)
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


def test_every_question_of_the_quiz_is_answered_by_keyboard(lesson):
    output = cell(lesson, f'quiz("{SLUG}")')
    bank = json.loads((data_folder() / "quiz" / f"{SLUG}.json").read_text(encoding="utf-8"))
    for number, question in enumerate(bank["questions"], start=1):
        name = re.compile(rf"^{number}\. ")
        form = output.get_by_role("group", name=name)
        if question["kind"] == "pixel":
            click_void_by_keyboard(output.get_by_role("application", name=name))
        elif question["kind"] == "number":
            form.get_by_role("textbox").fill(str(question["value"]))
            form.get_by_role("textbox").press("Enter")
        else:
            role = "radio" if question["kind"] == "single" else "checkbox"
            for option in question["options"]:
                if option["correct"]:
                    form.get_by_role(role, name=option["text"], exact=True).press("Space")
            form.get_by_role("button", name="Check").press("Enter")
        expect(output).to_contain_text(f"{number} of {len(bank['questions'])} right at the first")


def click_void_by_keyboard(canvas: Locator) -> None:
    """Move the cursor from the middle of the cat's picture to a void pixel, and choose it."""
    label_map = load_picture("cat").label_map
    middle = np.array(label_map.shape) // 2
    steps = np.argwhere(label_map == IGNORE_INDEX) - middle
    down, right = next(step for step in steps.tolist() if step[0] % 5 == step[1] % 5 == 0)
    for count, forward, backward in ((down, "Down", "Up"), (right, "Right", "Left")):
        for _ in range(abs(count) // 5):
            canvas.press(f"Shift+Arrow{forward if count > 0 else backward}")
    canvas.press("Enter")


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


def test_the_solution_runs_without_an_error(laboratory, open_notebook):
    name = f"{SLUG}_solution.ipynb"
    shutil.copy(course_root() / "solutions" / SLUG / f"{SLUG}.ipynb", laboratory.root / name)
    solution = open_notebook(name)
    solution.run_all()
    assert solution.errors() == []


def test_the_exercise_answers_each_unsolved_check_with_one_plain_line(laboratory, open_notebook):
    name = f"{SLUG}_exercise.ipynb"
    shutil.copy(course_root() / "exercises" / SLUG / f"{SLUG}.ipynb", laboratory.root / name)
    exercise = open_notebook(name)
    exercise.run_all()
    unsolved = [
        output
        for outputs in exercise.cell_outputs()
        for output in outputs
        if output["output_type"] == "error"
    ]
    checks = exercise.page.locator(".jp-CodeCell").filter(has_text=re.compile(r"check\("))
    shown = exercise.page.locator(".jp-OutputArea-output[data-mime-type*=stderr]").all_inner_texts()
    assert len(unsolved) == checks.count() > 10
    for output in unsolved:
        assert output["ename"] == "CheckFailed"
        assert len(output["traceback"]) == 1
        assert "not answered yet" in output["traceback"][0]
    assert len(shown) == len(unsolved)
    assert all(len(text.strip().splitlines()) == 1 for text in shown)
