"""Quizzes: every bank that ships is sound, answers stay in the kernel, first tries are counted."""

import copy
import json

import numpy as np
import pytest

from course_utils import progress
from course_utils.places import data_folder
from course_utils.progress import events
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.question import Question
from course_utils.widgets.quiz import quiz
from course_utils.widgets.quiz_bank import BankError, load_bank

SLUGS = sorted(path.stem for path in (data_folder() / "quiz").glob("*.json"))
BANK = {
    "lesson": "99_trial",
    "questions": [
        {
            "id": "one",
            "kind": "single",
            "text": "Which?",
            "options": [
                {"text": "left", "correct": True, "reason": "Left it is."},
                {"text": "right", "correct": False, "reason": "Right it is not."},
            ],
        },
        {
            "id": "some",
            "kind": "multiple",
            "text": "Which ones?",
            "options": [
                {"text": "a", "correct": True, "reason": "A, yes."},
                {"text": "b", "correct": True, "reason": "B, yes."},
                {"text": "c", "correct": False, "reason": "C, no."},
            ],
        },
        {
            "id": "many",
            "kind": "number",
            "text": "How many?",
            "value": 0.4,
            "tolerance": 0.005,
            "unit": "px",
            "reason": "40 of 100.",
            "hints": [{"value": 0.5, "tolerance": 0.005, "reason": "You divided by the target."}],
        },
        {
            "id": "where",
            "kind": "pixel",
            "text": "Click a coin.",
            "picture": {"name": "coins", "crop": [0, 0, 100, 120]},
            "region": {"class": "coin"},
            "reason": "Metal.",
            "hint": "That is the table.",
        },
    ],
}


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setattr(progress, "_unsaved", [])


@pytest.fixture
def bank(tmp_path, monkeypatch):
    """Write a bank where `load_bank` looks; returns a function that writes a changed one."""
    monkeypatch.setattr("course_utils.widgets.quiz_bank.data_folder", lambda: tmp_path)
    (tmp_path / "quiz").mkdir()

    def write(content=BANK) -> None:
        (tmp_path / "quiz" / "99_trial.json").write_text(json.dumps(content))

    write()
    return write


def check(form: Question, answer) -> None:
    """Answer and press the button, as the browser sends it."""
    form.set_state({"answer": answer, "submitted": form.submitted + 1})


def shown(demo) -> str:
    """All that the browser and the notebook ever get of a quiz."""
    states = [widget.get_state() for widget in [demo, *demo.children]]
    return repr([{k: v for k, v in s.items() if k not in ("_esm", "_css")} for s in states]) + repr(
        demo._repr_mimebundle_()
    )


@pytest.mark.parametrize("slug", SLUGS)
def test_a_bank_that_ships_is_sound(slug):
    questions = load_bank(slug)  # reads every field, options with reasons, unique ids
    assert 5 <= len(questions) <= 8
    for question in questions:
        if question.kind == "pixel":
            image, right = question.picture
            assert image.shape[:2] == right.shape
            assert 0 < right.mean() < 0.5, f"{question.name}: nearly every click would be right"


@pytest.mark.parametrize("slug", SLUGS)
def test_nothing_of_the_answers_is_shown_before_an_answer(slug):
    text = shown(quiz(slug))
    for question in load_bank(slug):
        content = question.content
        hidden = [option["reason"] for option in content.get("options", [])]
        hidden += [hint["reason"] for hint in content.get("hints", [])]
        hidden += [content[field] for field in ("reason", "hint") if field in content]
        assert hidden
        assert not [reason for reason in hidden if reason in text]
    assert "correct" not in text
    assert "tolerance" not in text


def test_a_wrong_choice_shows_its_own_reason_alone_and_may_be_tried_again(bank):
    demo = quiz("99_trial")
    form = demo.children[0]
    check(form, [1])
    assert form.marks == [{"index": 1, "right": False, "text": "Right it is not."}]
    assert "Left it is." not in shown(demo)
    assert form.verdict.startswith("Not yet.")
    check(form, [0])
    assert form.verdict == "Right."
    assert form.marks == [{"index": 0, "right": True, "text": "Left it is."}]


def test_several_choices_must_be_complete(bank):
    form = quiz("99_trial").children[1]
    check(form, [0])
    assert form.verdict == "Right so far, but something is missing."
    check(form, [0, 1, 2])
    assert form.verdict.startswith("Not yet.")
    check(form, [0, 1])
    assert form.verdict == "Right."
    assert [event["correct"] for event in events("quiz")] == [False, False, True]
    assert events("quiz")[-1]["answer"] == ["a", "b"]


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (0.4, "Right. 40 of 100."),
        (0.4049, "Right. 40 of 100."),
        (0.5, "Not yet. You divided by the target."),
        (7, "Not yet. Another value. Try again."),
    ],
)
def test_a_number_is_right_within_its_tolerance_or_told_why_not(bank, number, line):
    form = quiz("99_trial").children[2]
    check(form, number)
    assert form.verdict[2:] == line  # after the sign


def test_a_click_is_judged_by_the_region(bank):
    demo = quiz("99_trial")
    canvas = demo.children[4]
    assert isinstance(canvas, Canvas)
    _, right = load_bank("99_trial")[3].picture
    for count, (wanted, line) in enumerate([(False, "That is the table."), (True, "Metal.")]):
        row, column = map(int, np.argwhere(right == wanted)[0])
        canvas.event = {"row": row, "column": column, "count": count}
        assert line in canvas.caption
    assert [event["correct"] for event in events("quiz", "99_trial/where")] == [False, True]


def test_an_empty_answer_is_neither_judged_nor_recorded(bank):
    demo = quiz("99_trial")
    for form in demo.children[:3]:
        form.submitted += 1
        assert form.verdict == "Answer first, then check."
    assert events() == []
    assert demo.score.verdict == "Nothing answered yet."
    check(demo.children[0], [1])
    assert demo.score.verdict == "0 of 4 right at the first try."


def test_first_tries_are_counted_also_over_a_restart(bank):
    demo = quiz("99_trial")
    check(demo.children[0], [0])
    check(demo.children[2], 0.5)
    check(demo.children[2], 0.4)
    line = "1 of 4 right at the first try, 1 at a later one."
    assert demo.score.verdict == line
    again = quiz("99_trial")
    assert again.score.verdict == line
    assert again.children[0].answer == [0]
    assert again.children[0].verdict == "Right."
    assert again.children[2].answer == 0.4
    check(again.children[0], [1])  # a later mistake does not undo a first try
    assert again.score.verdict == line


def test_an_answer_to_an_older_version_of_a_question_is_not_shown(bank):
    check(quiz("99_trial").children[0], [0])
    changed = copy.deepcopy(BANK)
    changed["questions"][0]["options"][0]["text"] = "port"
    bank(changed)
    assert quiz("99_trial").children[0].answer == []


def test_a_lesson_without_a_bank_names_those_that_exist(bank):
    with pytest.raises(FileNotFoundError, match=r"98_none.json.*99_trial"):
        quiz("98_none")


def test_a_file_that_is_no_json_is_refused(bank, tmp_path):
    (tmp_path / "quiz" / "99_trial.json").write_text('{"lesson": ')
    with pytest.raises(BankError, match=r"99_trial.json: expected JSON.*line 1"):
        quiz("99_trial")


def test_the_bank_of_another_lesson_is_refused(bank):
    bank(BANK | {"lesson": "98_other"})
    with pytest.raises(BankError, match='expected an object with "lesson": "99_trial"'):
        quiz("99_trial")


@pytest.mark.parametrize(
    ("number", "path", "value", "message"),
    [
        (0, ("kind",), "essay", 'question 1 "one", kind: expected one of single, multiple'),
        (0, ("text",), " ", "question 1, text: expected a text, got an empty one"),
        (0, ("text",), None, "question 1, text: expected a text, got None"),
        (0, ("options", 0, "reason"), "", r'"one", options\[0\], reason: expected a text'),
        (0, ("options", 0, "reason"), ..., r"options\[0\], reason: expected it, found nothing"),
        (0, ("options", 0, "correct"), 1, r"options\[0\], correct: expected true or false, got 1"),
        (0, ("options", 0, "correct"), False, "expected exactly one correct option, got 0"),
        (0, ("options", 1, "text"), "left", "options: expected different texts, got one twice"),
        (0, ("options", 1, "why"), "x", r"options\[1\], why: expected one of text, correct"),
        (1, ("options", 2, "correct"), True, "expected at least one, and not every, correct"),
        (1, ("id",), "one", 'expected unique ids, got "one" twice'),
        (2, ("value",), "0.4", "value: expected a number, got '0.4'"),
        (2, ("tolerance",), True, "tolerance: expected a number, got True"),
        (2, ("tolerance",), -1, "tolerance: expected at least 0, got -1"),
        (2, ("hints", 0, "value"), 0.401, r"hints\[0\], value: expected a wrong number"),
        (3, ("picture", "name"), "nothing", "picture: expected one of .*coins.*, got 'nothing'"),
        (3, ("picture", "crop"), [0, 0, 9], "picture, crop: expected four whole numbers"),
        (3, ("region",), {}, "region: expected one of label, class, instance, rectangle"),
        (3, ("region",), {"colour": 1}, "region, colour: expected one of label, class"),
        (3, ("hint",), ..., "hint: expected it, found nothing"),
    ],
)
def test_a_broken_bank_names_file_question_and_field(bank, number, path, value, message):
    content = copy.deepcopy(BANK)
    *parents, last = path
    entry = content["questions"][number]
    for key in parents:
        entry = entry[key]
    if value is ...:
        del entry[last]
    else:
        entry[last] = value
    bank(content)
    with pytest.raises(BankError, match=f"99_trial.json.*{message}"):
        quiz("99_trial")


@pytest.mark.parametrize("region", [{"instance": 999}, {"class": "dragon"}])
def test_a_region_that_is_nowhere_in_the_picture_is_refused(bank, region):
    content = copy.deepcopy(BANK)
    content["questions"][3]["region"] = region
    bank(content)
    with pytest.raises(BankError, match='"where", region: expected some pixels, got none'):
        quiz("99_trial")


@pytest.mark.parametrize("form", [{"rectangle": [10, 20, 30, 60]}, {"instance": 1}, {"label": 1}])
def test_every_form_of_region_is_cropped_like_its_picture(bank, form):
    content = copy.deepcopy(BANK)
    content["questions"][3]["region"] = form
    bank(content)
    image, right = load_bank("99_trial")[3].picture
    assert image.shape == right.shape == (100, 120)
    if "rectangle" in form:
        assert right.sum() == 20 * 40
        assert right[10:30, 20:60].all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("Why?", "essay"), "kind must be one of"), (("Which?", "single"), "at least two options")],
)
def test_a_senseless_question_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Question(*arguments)
