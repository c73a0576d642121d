"""Predictions: recorded at once, shown again, compared honestly."""

import numpy as np
import pytest

from course_utils import progress
from course_utils.figures import alt_text
from course_utils.progress import events, latest, record
from course_utils.widgets.predict import predict, reveal

QUESTION = "What is the IoU?"


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.jsonl"))
    monkeypatch.setattr(progress, "_unsaved", [])
    return tmp_path


@pytest.fixture
def displayed(monkeypatch):
    figures: list = []
    monkeypatch.setattr("course_utils.widgets.predict.display", figures.append)
    return figures


def line_of(capsys, *arguments, **options) -> str:
    reveal(*arguments, **options)
    return capsys.readouterr().out


def ask_option(name="05-shift"):
    return predict(name, QUESTION, options=["1/2", "1/3", "1/4"])


def ask_sketch(rows=4, columns=6):
    return predict("05-where", "Where is it wrong?", sketch=(rows, columns))


def paint(demo, mask):
    canvas = demo.children[1]
    canvas.label_map = np.asarray(mask)
    canvas.strokes += 1  # as the browser does at the end of a stroke


def test_an_option_is_recorded_at_every_change():
    (form,) = ask_option().children
    form.answer = [0]
    form.answer = [1]
    assert [event["answer"] for event in events("prediction", "05-shift")] == ["1/2", "1/3"]
    assert latest("prediction", "05-shift")["question"] == QUESTION
    assert form.verdict == "Recorded: 1/3"


def test_a_number_is_recorded_with_its_unit_shown():
    (form,) = predict("05-accuracy", "Which share?", number=("%", 0, 100)).children
    form.answer = 92.5
    assert latest("prediction", "05-accuracy")["answer"] == 92.5
    assert form.verdict == "Recorded: 92.5 %"
    form.answer = None  # the field was emptied
    assert len(events()) == 1


@pytest.mark.parametrize(
    ("low", "high", "example"),
    [
        (0, 100, "40"),
        (0, 1, "0.5 or 1/2"),
        (0, 24, "10"),
        (-1, 1, "0.5 or 1/2"),
        (0, 0.1, "0.04"),
        (93, 97, "95"),
        (0, 5000, "2000"),
    ],
)
def test_the_example_of_a_number_may_be_entered_itself(low, high, example):
    (form,) = predict("05-x", "How many?", number=("", low, high)).children
    assert form.example == example


def test_a_sketch_is_recorded_once_per_stroke_in_few_bytes():
    demo = predict("05-where", "Where?", sketch=(19, 24))
    mask = np.random.default_rng(0).random((19, 24)) > 0.5
    paint(demo, mask)
    (event,) = events("prediction", "05-where")
    assert len(str(event["answer"])) < 150
    assert demo.children[1].caption == f"Recorded: {mask.sum()} of 456 squares"


def test_nothing_is_recorded_by_asking():
    ask_option()
    ask_sketch()
    assert events() == []


def test_running_the_cell_again_shows_what_was_recorded():
    record("prediction", "05-shift", answer="1/4")
    (form,) = ask_option().children
    assert form.answer == [2]
    assert form.verdict == "Recorded: 1/4"
    (form,) = predict("05-shift", QUESTION, options=["yes", "no"]).children
    assert form.answer == []  # the options have changed since
    record("prediction", "05-accuracy", answer=90)
    assert predict("05-accuracy", "?", number=("%", 0, 100)).children[0].answer == 90


def test_a_sketch_comes_back_unless_its_grid_has_changed():
    mask = np.eye(4, 6, dtype=np.uint8)
    paint(ask_sketch(), mask)
    assert np.array_equal(ask_sketch().children[1].label_map, mask)
    assert not ask_sketch(rows=5).children[1].label_map.any()


def test_the_still_asks_and_does_not_tell():
    html = ask_option()._repr_mimebundle_()["text/html"]
    assert html.startswith(f"<p>{QUESTION}<br>- 1/2<br>- 1/3<br>- 1/4<br>")
    html = predict("05-accuracy", "Which share?", number=("%", 0, 100))._repr_mimebundle_()
    assert "A number from 0 to 100 %." in html["text/html"]
    assert '<img alt="The picture to paint on' in ask_sketch()._repr_mimebundle_()["text/html"]


def test_where_nothing_can_be_saved_the_student_is_told_and_goes_on(
    own_progress, monkeypatch, capsys
):
    (own_progress / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_PROGRESS", str(own_progress / "file" / "progress.jsonl"))
    (form,) = ask_option().children
    form.answer = [1]
    assert "could not be saved" in form.verdict
    assert line_of(capsys, "05-shift", "1/3") == "The answer: 1/3. You predicted that: right.\n"


def test_without_a_prediction_reveal_gives_the_answer_and_says_so(capsys, displayed):
    none = "No prediction recorded: answer above, then run this cell again.\n"
    assert line_of(capsys, "05-x", "1/3") == f"The answer: 1/3. {none}"
    assert line_of(capsys, "05-x", 91.23, unit="%") == f"The answer: 91.2 %. {none}"
    mask = np.eye(4, 6, dtype=bool)
    assert line_of(capsys, "05-x", mask) == f"The answer: 4 of 24 squares. {none}"
    assert displayed == []


def test_reveal_compares_options(capsys):
    record("prediction", "05-shift", answer="1/2")
    assert line_of(capsys, "05-shift", "1/3") == "The answer: 1/3. You predicted 1/2.\n"
    expected = "The answer: 1/2. You predicted that: right. Well seen.\n"
    assert line_of(capsys, "05-shift", "1/2", note="Well seen.") == expected


@pytest.mark.parametrize(
    ("predicted", "actual", "unit", "tolerance", "expected"),
    [
        (90, 91.23, "%", None, "91.2 %. You predicted 90 %: 1.2 percentage points too low."),
        (99, 91.23, "%", 3, "91.2 %. You predicted 99 %: 7.8 percentage points too high."),
        (90, 91.23, "%", 3, "91.2 %. You predicted 90 %: right, within 3 percentage points."),
        (90, 91, "%", None, "91 %. You predicted 90 %: 1 percentage point too low."),
        (0.01, 0.03, "%", 0, "0.03 %. You predicted 0.01 %: 0.02 percentage points too low."),
        (21, 24, "coins", 0, "24 coins. You predicted 21 coins: 3 too few."),
        (24, 23, "coins", None, "23 coins. You predicted 24 coins: 1 too many."),
        (24, 24, "coins", 0, "24 coins. You predicted 24 coins: right."),
        (8, 5, "px", None, "5 px. You predicted 8 px: 3 px too high."),
        (0.5, 1 / 3, "", None, "0.333. You predicted 0.5: 0.167 too high."),
    ],
)
def test_reveal_compares_numbers(capsys, predicted, actual, unit, tolerance, expected):
    record("prediction", "05-number", answer=predicted)
    line = line_of(capsys, "05-number", actual, unit=unit, tolerance=tolerance)
    assert line == f"The answer: {expected}\n"


def test_reveal_survives_an_undefined_answer(capsys):
    record("prediction", "05-nan", answer=0.5)
    assert line_of(capsys, "05-nan", float("nan")) == "The answer: nan. You predicted 0.5.\n"


def test_reveal_compares_sketches_and_draws_them(capsys, displayed):
    mask = np.zeros((4, 6), dtype=bool)
    mask[1:3, 1:4] = True
    paint(ask_sketch(), mask)
    actual = np.roll(mask, 1, axis=1)
    actual[0, 0] = True
    line = line_of(capsys, "05-where", actual)
    assert line == "The answer: 7 of 24 squares. You painted 6, 4 of them among these.\n"
    (figure,) = displayed
    assert alt_text(figure) == (
        "Your sketch and the answer. Squares: neither: 15, painted in vain: 2, missed: 3, found: 4."
    )
    words = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert words == ["neither", "painted in vain", "missed", "found"]
    paint(ask_sketch(), np.zeros((4, 6), dtype=bool))
    assert line_of(capsys, "05-where", actual).endswith("squares. You painted none.\n")


def test_a_mask_of_another_shape_is_refused():
    paint(ask_sketch(), np.eye(4, 6, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"shape of the sketch, \(4, 6\), got \(5, 6\)"):
        reveal("05-where", np.zeros((5, 6), dtype=bool))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "exactly one of options, number and sketch, got 0"),
        ({"options": ["a", "b"], "sketch": (2, 2)}, "exactly one.*got 2"),
        ({"options": ["a", "a"]}, "options must be different texts"),
        ({"options": "abc"}, "options must be different texts"),
        ({"options": ["a"]}, "at least two options, got 1"),
        ({"number": ("%", 1, 1)}, "low below high"),
        ({"options": ["a", "b"], "image": np.zeros((2, 2))}, "image is shown below a sketch"),
    ],
)
def test_a_senseless_prediction_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        predict("05-x", "?", **arguments)
