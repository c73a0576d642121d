"""Every lesson's quiz, and how an exercise looks, in a real browser."""

import re
import shutil

import pytest
from lesson_page import answer_quiz

from course_utils.places import course_root

SLUGS = sorted(path.stem for path in (course_root() / "solutions" / "source").glob("[0-9]*.py"))


@pytest.mark.parametrize("slug", SLUGS)
def test_every_question_of_the_quiz_is_answered_by_keyboard(laboratory, open_notebook, slug):
    code = f'from course_utils.widgets.quiz import quiz\nquiz("{slug}")'
    notebook = open_notebook(laboratory.write_notebook(f"{slug}_quiz.ipynb", code))
    notebook.run_all()
    answer_quiz(notebook, slug)


def test_each_unsolved_check_of_an_exercise_is_one_plain_line(laboratory, open_notebook):
    slug = "05_evaluating_segmentation"  # the others differ in their cells, not on the screen
    name = f"{slug}_exercise.ipynb"
    shutil.copy(course_root() / "exercises" / slug / f"{slug}.ipynb", laboratory.root / name)
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
    assert len(unsolved) == checks.count() > 5
    for output in unsolved:
        assert output["ename"] == "CheckFailed"
        assert len(output["traceback"]) == 1
        assert "not answered yet" in output["traceback"][0]
    assert len(shown) == len(unsolved)
    assert all(len(text.strip().splitlines()) == 1 for text in shown)
