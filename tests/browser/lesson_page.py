"""What browser tests of all lessons do: find a cell, move a control, answer a quiz."""

import re
from typing import Literal

import numpy as np
from jupyterlab_page import NotebookPage
from playwright.sync_api import Locator, expect

from course_utils.widgets.quiz_bank import load_bank

Role = Literal["button", "checkbox", "combobox", "radio", "slider"]


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


def follows_every_key(
    output: Locator, role: Role, name: str, keys: list[str], *, exact: bool = False
) -> None:
    """Press keys in a control of a demo; each gives another picture and alternative text."""
    control = output.get_by_role(role, name=name, exact=exact)
    for key in keys:
        picture_follows(control, key, output.locator("img").last)


def slider_times(
    notebook: NotebookPage, output: Locator, name: str, *, times: int, exact: bool = False
) -> list[float]:
    """Milliseconds from key to picture as a slider of a demo steps up from its lowest value."""
    control = output.get_by_role("slider", name=name, exact=exact)
    control.press("Home")
    notebook.wait_until_idle()
    picture = output.locator("img").last
    return notebook.press_and_time(control, "ArrowRight", picture, times=times)


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
