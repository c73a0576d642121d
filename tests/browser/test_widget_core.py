"""Every kind of control in a real browser: by keyboard, found by its accessible name."""

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from jupyterlab_page import NotebookPage, opened, summary
from playwright.sync_api import Locator, expect

from course_utils.widgets.quiz_bank import load_bank

CONTROLS = """
import time
import numpy as np
from ipywidgets import Button, Checkbox, Dropdown, RadioButtons, Text
from course_utils.figures import new_figure, set_alt_text
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider

drawn = []
def draw(shift, shape, fill, mode, step):
    figure, axes = new_figure(width=3, height=2)
    axes[0, 0].bar([0], [shift + step])
    facts = f"shift {shift}, {shape}, fill {fill}, {mode}, step {step}"
    set_alt_text(axes[0, 0], facts)
    return figure, facts
explore(draw,
        shift=Slider("Shift", 0, 40, value=5, unit="px"),
        shape=Dropdown(description="Shape", options=["disc", "square", "line"]),
        fill=Checkbox(description="Fill"),
        mode=RadioButtons(description="Mode", options=["erode", "dilate", "open"]),
        step=Button(description="Next step"))
"""
SLOW = """
presses = []
def slow(value):
    presses.append(value)
    time.sleep(0.15)
    return f"value {value} after {len(presses)} drawings"
explore(slow, Slider("Slow", 0, 100))
"""
CANVAS = """
from course_utils.widgets.canvas import Canvas
painting = Canvas("Paint the cells", rows=20, columns=30, paint=["cell", "edge"], brush=1)
clicking = Canvas("Click a cell", image=np.zeros((6, 8), np.uint8))
def report(painted, clicked):
    places = [tuple(map(int, place)) for place in np.argwhere(painted)]
    classes = sorted(set(painted[painted > 0].tolist()))
    painted = places if len(places) < 9 else len(places)
    return f"painted {painted}, classes {classes}, clicked {clicked}"
explore(report, painting, clicking)
"""
PREDICT = """
from course_utils.widgets.predict import predict
predict("99-shift", "What will the IoU be?", options=["1/2", "1/3", "1/4"])
"""
NUMBER = 'predict("99-share", "Which share is right?", number=("%", 0, 100))'
SKETCH = 'predict("99-where", "Where is it wrong?", sketch=(8, 12))'


QUIZ = """
from course_utils.widgets.quiz import quiz
quiz("05_evaluating_segmentation")
"""


def output_with(notebook: NotebookPage, control: Locator) -> Locator:
    return notebook.page.locator(".jp-OutputArea-output").filter(has=control)


@pytest.fixture(scope="module")
def notebook(browser, laboratory) -> Iterator[NotebookPage]:
    """One notebook with all of them, which has run once."""
    cells = CONTROLS, SLOW, CANVAS, PREDICT, NUMBER, SKETCH, QUIZ
    laboratory.write_notebook("widgets.ipynb", *cells)
    with opened(browser, laboratory, "widgets.ipynb") as page:
        page.run_all()
        assert page.errors() == []
        yield page
        assert page.errors() == []


def test_every_control_by_keyboard_and_name(notebook):
    page = notebook.page
    picture = output_with(notebook, page.get_by_role("slider", name="Shift")).locator("img")
    expect(picture).to_have_attribute("alt", "shift 5, disc, fill False, erode, step 0")

    slider = page.get_by_role("slider", name="Shift")
    for key, value in [
        ("ArrowRight", 6),
        ("ArrowLeft", 5),
        ("End", 40),
        ("PageDown", 36),
        ("Home", 0),
    ]:
        before = picture.get_attribute("src")
        slider.press(key)
        expect(picture).to_have_attribute("alt", f"shift {value}, disc, fill False, erode, step 0")
        expect(picture).not_to_have_attribute("src", before)
        expect(slider).to_have_attribute("aria-valuetext", f"{value} px")
    expect(page.locator(".course-slider output").first).to_have_text("0 px")

    page.get_by_role("combobox", name="Shape").press("s")
    expect(picture).to_have_attribute("alt", "shift 0, square, fill False, erode, step 0")
    page.get_by_role("checkbox", name="Fill").press("Space")
    expect(picture).to_have_attribute("alt", "shift 0, square, fill True, erode, step 0")
    page.get_by_role("radio", name="erode").press("ArrowDown")
    expect(picture).to_have_attribute("alt", "shift 0, square, fill True, dilate, step 0")
    page.get_by_role("button", name="Next step").press("Enter")
    expect(picture).to_have_attribute("alt", "shift 0, square, fill True, dilate, step 1")


def test_keys_in_a_control_are_no_shortcuts_of_jupyterlab(notebook):
    page = notebook.page
    count = "() => jupyterapp.shell.currentWidget.content.model.cells.length"
    active = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    before = page.evaluate(count), page.evaluate(active)
    for role, name in [("slider", "Shift"), ("combobox", "Shape"), ("checkbox", "Fill")]:
        for key in ("b", "d", "d", "x"):
            page.get_by_role(role, name=name).press(key)
    page.wait_for_timeout(300)
    assert (page.evaluate(count), page.evaluate(active)) == before


def test_the_time_from_key_to_picture(notebook, measured):
    slider = notebook.page.get_by_role("slider", name="Shift")
    picture = output_with(notebook, slider).locator("img")
    durations = notebook.press_and_time(slider, "ArrowRight", picture, times=30)
    measured(f"slider to picture, one small bar chart, {summary(durations)}")
    assert len(durations) == 30
    assert min(durations) > 0


def test_a_slow_drawing_skips_values_and_ends_at_the_last(notebook, measured):
    slider = notebook.page.get_by_role("slider", name="Slow")
    slider.focus()
    for _ in range(50):
        notebook.page.keyboard.press("ArrowRight")
    caption = output_with(notebook, slider).locator(".caption")
    expect(caption).to_contain_text("value 50 after", timeout=15_000)
    drawings = int(caption.inner_text().split()[-2])
    measured(f"a drawing of 150 ms: {drawings} drawings for 50 key presses")
    assert drawings <= 40


def test_painting_by_keyboard(notebook):
    page = notebook.page
    stage = page.get_by_role("application", name="Paint the cells")
    output = output_with(notebook, stage)
    caption = output.locator(".caption").last
    stage.press("ArrowUp")
    expect(output.get_by_role("status").first).to_have_text("row 9, column 15, not painted")
    stage.press("Space")
    expect(caption).to_contain_text("painted [(9, 15)], classes [1]")
    stage.press("Shift+ArrowLeft")
    stage.press("Space")
    expect(caption).to_contain_text("painted [(9, 10), (9, 15)]")
    page.keyboard.down("Space")  # held down, it paints along the way
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.up("Space")
    expect(caption).to_contain_text("painted [(9, 10), (9, 15), (10, 10), (11, 10)]")
    stage.press("Control+z")
    expect(caption).to_contain_text("painted [(9, 10), (9, 15)]")
    output.get_by_role("radio", name="edge").press("Space")
    stage.press("Home")  # not a key of the canvas
    stage.press("Space")
    expect(caption).to_contain_text("classes [1, 2]")
    output.get_by_role("radio", name="eraser").press("Space")
    stage.press("Space")
    expect(caption).to_contain_text("painted [(9, 10), (9, 15)], classes [1]")
    output.get_by_role("button", name="Clear").press("Enter")
    expect(caption).to_contain_text("painted [], classes []")
    output.get_by_role("button", name="Undo").press("Enter")
    expect(caption).to_contain_text("painted [(9, 10), (9, 15)]")


def test_painting_by_mouse(notebook):
    page = notebook.page
    stage = page.get_by_role("application", name="Paint the cells")
    output = output_with(notebook, stage)
    caption = output.locator(".caption").last
    output.get_by_role("button", name="Clear").click()
    output.get_by_role("radio", name="cell").click()
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()

    def at(row, column):
        return box["x"] + (column + 0.5) * box["width"] / 30, box["y"] + (row + 0.5) * box[
            "height"
        ] / 20

    page.mouse.move(*at(2, 3))
    page.mouse.down()
    page.mouse.move(*at(2, 9))  # one jump: the line between must be closed
    page.mouse.up()
    expected = [(2, column) for column in range(3, 10)]
    expect(caption).to_contain_text(f"painted {expected}, classes [1]")
    size = output.get_by_role("slider", name="Brush")
    size.press("ArrowRight")
    page.mouse.click(*at(10, 20))
    expect(caption).to_contain_text("painted 16")  # 3 x 3 more
    page.mouse.move(*at(15, 28))
    page.mouse.down()
    page.mouse.move(*at(15, 29))
    page.mouse.move(box["x"] + box["width"] + 40, box["y"] + 100)  # out of the picture
    page.mouse.up()
    expect(output.get_by_role("button", name="Undo")).to_be_visible()
    output.get_by_role("button", name="Undo").click()
    expect(caption).to_contain_text("painted 16")


def test_clicking_a_cell_by_mouse_and_by_keyboard(notebook):
    stage = notebook.page.get_by_role("application", name="Click a cell")
    caption = output_with(notebook, stage).locator(".caption").last
    expect(caption).to_contain_text("clicked None")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    stage.click(position={"x": box["width"] * 6.5 / 8, "y": box["height"] * 1.5 / 6})
    expect(caption).to_contain_text("clicked (1, 6)")
    stage.press("ArrowDown")
    stage.press("ArrowLeft")
    stage.press("Enter")
    expect(caption).to_contain_text("clicked (2, 5)")
    stage.press("Shift+ArrowLeft")
    stage.press("Shift+ArrowLeft")  # stops at the border
    stage.press("Enter")
    expect(caption).to_contain_text("clicked (2, 0)")


def test_the_quiz_by_keyboard(notebook):
    page, bank = notebook.page, load_bank("05_evaluating_segmentation")
    number, question = next((n, q) for n, q in enumerate(bank, start=1) if q.kind == "single")
    options = question.content["options"]
    right, wrong = (
        next(o for o in options if o["correct"] is is_right) for is_right in (True, False)
    )
    group = page.get_by_role("group", name=f"{number}. {question.text}")
    expect(page.get_by_text("Nothing answered yet.")).to_be_visible()
    button = group.get_by_role("button", name="Check")
    button.press("Enter")
    expect(group.get_by_role("status")).to_have_text("Answer first, then check.")
    group.get_by_role("radio", name=wrong["text"], exact=True).press("Space")
    button.press("Enter")
    expect(group.get_by_role("status")).to_contain_text("Not yet.")
    expect(group).to_contain_text("\N{BALLOT X} Not this. " + wrong["reason"])
    expect(button).to_be_focused()
    assert right["reason"] not in page.content()
    group.get_by_role("radio", name=right["text"], exact=True).press("Space")
    button.press("Enter")
    expect(group).to_contain_text("\N{CHECK MARK} Right. " + right["reason"])
    expect(page.get_by_text("0 of 8 right at the first try, 1 at a later one.")).to_be_visible()


def test_a_number_and_a_pixel_of_the_quiz_by_keyboard(notebook):
    page, bank = notebook.page, load_bank("05_evaluating_segmentation")
    number, question = next((n, q) for n, q in enumerate(bank, start=1) if q.kind == "number")
    field = page.get_by_role("textbox", name=f"{number}. {question.text}")
    field.fill(f"{100 * question.content['value']}/100")
    field.press("Enter")
    status = page.get_by_role("group", name=f"{number}. {question.text}").get_by_role("status")
    expect(status).to_have_text("\N{CHECK MARK} Right. " + question.content["reason"])
    number, question = next((n, q) for n, q in enumerate(bank, start=1) if q.kind == "pixel")
    stage = page.get_by_role("application", name=f"{number}. {question.text}")
    stage.press("Enter")
    height, width = question.picture[1].shape
    verdict = question.judge((height // 2, width // 2))
    expect(stage.locator("..").locator(".caption")).to_have_text(verdict.line)


def test_the_questions_of_the_quiz_stand_at_equal_distances(notebook):
    """Runs after the answers: some questions have reasons, one is a picture, most are untouched."""
    output = output_with(notebook, notebook.page.get_by_text("right at the first try"))
    widgets = output.locator(".course-widget")
    boxes = widgets.evaluate_all(
        "all => all.map((e) => [(e.querySelector('.text') ?? e).getBoundingClientRect().top,"
        " e.getBoundingClientRect().bottom, e.classList.contains('course-canvas')])"
    )
    gaps = [top - bottom for (_, bottom, _), (top, _, canvas) in pairwise(boxes) if not canvas]
    assert len(gaps) == 8
    assert min(gaps) >= 24
    assert max(gaps) - min(gaps) <= 1, gaps


def test_live_controls_hide_the_still(notebook):
    page = notebook.page
    output = output_with(notebook, page.get_by_role("slider", name="Shift"))
    expect(output.locator("img")).to_have_count(1)  # the widget's, not the still's too
    still = notebook.cell_outputs()[0][0]["data"]
    assert 'alt="shift 5, disc' in still["text/html"]


def test_predictions_are_recorded_and_come_back_with_a_new_kernel(notebook, laboratory):
    page = notebook.page
    group = page.get_by_role("group", name="What will the IoU be?")
    group.get_by_role("radio", name="1/2").press("Space")
    expect(group.get_by_role("status")).to_have_text("Recorded: 1/2")
    group.get_by_role("radio", name="1/2").press("ArrowDown")
    expect(group.get_by_role("status")).to_have_text("Recorded: 1/3")

    field = page.get_by_role("textbox", name="Which share is right?")
    status = page.get_by_role("group", name="Which share is right?").get_by_role("status")
    for typed, answer in [
        ("9e9", "Enter a number from 0 to 100, such as 40."),
        ("91,5", "Recorded: 91.5 %"),
        ("1/2", "Recorded: 0.5 %"),
    ]:
        field.fill(typed)
        field.press("Tab")
        expect(status).to_have_text(answer)

    stage = page.get_by_role("application", name="Where is it wrong?")
    stage.press("Space")
    expect(page.get_by_text("Recorded: 1 of 96 squares").first).to_be_visible()
    lines = [json.loads(line) for line in laboratory.progress.read_text().splitlines()]
    answers = [line["answer"] for line in lines if line["name"].startswith("99-")]
    assert answers[:4] == ["1/2", "1/3", 91.5, 0.5]

    notebook.restart_kernel()
    notebook.run_all()
    expect(group.get_by_role("radio", name="1/3")).to_be_checked()
    expect(field).to_have_value("0.5")
    expect(page.get_by_text("Recorded: 1 of 96 squares").first).to_be_visible()


def test_a_saved_copy_opened_without_its_kernel_shows_pictures_and_no_error(
    notebook, open_notebook
):
    notebook.save()
    again = open_notebook("widgets.ipynb")
    expect(again.page.locator(".jp-OutputArea img").first).to_be_visible()
    assert again.errors() == []
