"""What browser tests of all lessons do: find a cell, move a control, answer a quiz."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jupyterlab_page import Laboratory, NotebookPage, opened
from playwright.sync_api import Browser, Locator, expect

from course_utils.places import course_root
from course_utils.widgets.quiz_bank import load_bank


@contextmanager
def run_lesson(browser: Browser, laboratory: Laboratory, slug: str) -> Iterator[NotebookPage]:
    """The open notebook of a lesson, run from a clean kernel."""
    shutil.copy(course_root() / "notebooks" / f"{slug}.ipynb", laboratory.root)
    with opened(browser, laboratory, f"{slug}.ipynb") as notebook:
        notebook.run_all()
        yield notebook


def cell(notebook: NotebookPage, source: str) -> Locator:
    """The code cell whose text contains `source`."""
    return notebook.page.locator(".jp-CodeCell").filter(has_text=source).first


def containing(text: str) -> re.Pattern[str]:
    """For `expect`: any value that contains the text."""
    return re.compile(re.escape(text))


def picture_follows(control: Locator, key: str, picture: Locator) -> None:
    """Press a key in a control and see another picture with another alternative text."""
    source, alt = picture.get_attribute("src"), picture.get_attribute("alt")
    control.focus()
    control.press(key)
    expect(picture).not_to_have_attribute("src", source or "")
    expect(picture).not_to_have_attribute("alt", alt or "")


def move_cursor(canvas: Locator, down: int, right: int) -> None:
    """Move the cursor of a canvas by keyboard, from where it is."""
    for count, forward, backward in ((down, "Down", "Up"), (right, "Right", "Left")):
        arrow = f"Arrow{forward if count > 0 else backward}"
        for _ in range(abs(count) // 5):
            canvas.press(f"Shift+{arrow}")
        for _ in range(abs(count) % 5):
            canvas.press(arrow)


def answer_quiz(notebook: NotebookPage, slug: str) -> None:
    """Answer every question of a lesson's quiz rightly, by keyboard."""
    page, bank = notebook.page, load_bank(slug)
    for number, question in enumerate(bank, start=1):
        name = re.compile(rf"^{number}\. ")
        form = page.get_by_role("group", name=name)
        if question.kind == "pixel":
            image, region = question.picture
            canvas = page.get_by_role("application", name=name)
            steps = np.argwhere(region) - np.array(image.shape[:2]) // 2
            move_cursor(canvas, *steps[np.abs(steps).sum(axis=1).argmin()].tolist())
            canvas.press("Enter")
        elif question.kind == "number":
            form.get_by_role("textbox").fill(str(question.content["value"]))
            form.get_by_role("textbox").press("Enter")
        else:
            role = "radio" if question.kind == "single" else "checkbox"
            for option in question.content["options"]:
                if option["correct"]:
                    form.get_by_role(role, name=option["text"], exact=True).press("Space")
            form.get_by_role("button", name="Check").press("Enter")
        told = f"{number} of {len(bank)} right at the first"
        expect(page.locator(".jp-Notebook")).to_contain_text(told)
