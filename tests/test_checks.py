"""The contract of the checks: what an answer may look like, and what a wrong one is told."""

import subprocess
import sys
import time

import numpy as np
import pytest

from course_utils.checks import exercise as exercise_module
from course_utils.checks.call import call_answer, time_limit
from course_utils.checks.check import check, find_exercise
from course_utils.checks.exercise import CheckFailed, Exercise, judge
from course_utils.checks.values import difference, kind, same, show


def share_of_rows(table, weights):
    """A made-up exercise: each row's share of the weighted sum, shape (2,)."""
    return (table @ weights) / (table @ weights).sum()


MADE_UP = Exercise(
    reference=share_of_rows,
    cases=lambda rng: {"all": [(rng.integers(1, 9, (2, 2)), rng.integers(1, 9, 2))] * 3},
    mistakes={"The shares are not divided by their sum.": lambda table, weights: table @ weights},
    entry=lambda index: f"row {index[0]}",
)
CASES = [
    (np.array([[1, 2], [3, 4]]), np.array([1, 1])),
    (np.array([[5, 2], [3, 9]]), np.array([1, 3])),
    (np.array([[8, 7], [3, 4]]), np.array([2, 1])),
]


def verdict(answer, *, exercise=MADE_UP, cases=CASES, reveal=True):
    problem = judge(exercise, answer, cases, reveal=reveal)
    return None if problem is None else problem[0]


@pytest.mark.parametrize(
    "convert",
    [
        list,
        tuple,
        np.float32,
        lambda values: values.astype(np.float32),
        lambda values: [np.float64(value) for value in values],
    ],
)
def test_the_same_numbers_in_another_type_are_right(convert):
    assert verdict(lambda table, weights: convert(share_of_rows(table, weights))) is None


def test_tensors_are_right():
    torch = pytest.importorskip("torch")
    assert verdict(lambda t, w: torch.from_numpy(share_of_rows(t, w)).float()) is None
    assert verdict(lambda t, w: [torch.tensor(value) for value in share_of_rows(t, w)]) is None


def wrong_text(table, weights):
    return ["0.5", "0.5"]


def prints(table, weights):
    print(share_of_rows(table, weights))


def raises(table, weights):
    raise ValueError(f"no such\n\x1b[31mrow {table[0, 0]}")


def changes_input(table, weights):
    result = share_of_rows(table, weights)
    table[0] = 0
    return result


def stub(table, weights):
    raise NotImplementedError("Write your answer here, then run this cell again.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda t, w: None, "It returns nothing (None): end with `return`"),
        (prints, "It prints a result and returns nothing"),
        (wrong_text, "It returns a list that holds text; expected: an array of shape (2,)."),
        (lambda t, w: [[1], [1, 2]], "It returns a list that is ragged or too deep"),
        (lambda t, w: {"row": 1}, "It returns a dictionary; expected: an array"),
        (lambda t, w: "0.5", "It returns text"),
        (lambda t, w: share_of_rows, "It returns a function"),
        (lambda t, w: 0.5 + t.sum(), "It returns a number; expected: an array of shape (2,)."),
        (lambda t, w: np.zeros(3), "array of shape (3,); expected: an array of shape (2,)."),
        (raises, "It raises ValueError: no such row 1. Seen for table"),
        (lambda t: t, "It raises TypeError:"),
        (lambda t, w: sys.exit(), "It raises SystemExit"),
        (lambda t, w: 100 * share_of_rows(t, w), "The values are percentages"),
        (lambda t, w: 1 - share_of_rows(t, w), "This is 1 minus the expected value"),
        (lambda t, w: np.round(share_of_rows(t, w), 2), "The values are rounded to 2 digits"),
        (lambda t, w: share_of_rows(t, w).astype(int), "The values are cut to whole numbers"),
        (lambda t, w: (t @ w)[::-1] / 9, "Row 0 is too"),
        (lambda t, w: np.array([0.25, 0.25]), "It gives the same result whatever"),
        (lambda t, w: t, "It returns its first argument unchanged."),
        (lambda t, w: share_of_rows(t, w) * [1, 1.1], "Row 1 is too large."),
        (lambda t, w: share_of_rows(t, w) * [0.9, 1], "Row 0 is too small."),
        (lambda t, w: share_of_rows(t, w) * [1, np.nan], "Row 1 is nan; expected: a number."),
        (lambda t, w: t @ w, "The shares are not divided by their sum."),
        (changes_input, "The values are right, but the function changes its input"),
        (np.zeros(2), "Pass the function itself, without calling it."),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(answer, words):
    assert words in verdict(answer)


def test_a_stub_is_not_answered_yet():
    assert verdict(stub) == "not answered yet."
    assert verdict(lambda t, w: 2 * stub(t, w)) == ("it calls a function that is not answered yet.")


def test_transposed_and_exchanged_arguments_are_recognised():
    outer = Exercise(lambda a, b: np.outer(a, b) - a.sum(), lambda rng: {}, {})
    cases = [(np.array([1, 2]), np.array([3, 5])), (np.array([4, 2]), np.array([7, 5]))]
    transposed = verdict(lambda a, b: outer.reference(a, b).T, exercise=outer, cases=cases)
    assert "The result is transposed" in transposed
    reversed_ = verdict(lambda a, b: outer.reference(a, b)[::-1], exercise=outer, cases=cases)
    assert "The order of the result is reversed" in reversed_
    exchanged = verdict(lambda a, b: outer.reference(b, a), exercise=outer, cases=cases)
    assert "The first two arguments are exchanged" in exchanged


def test_a_wrong_name_or_truth_value_is_neither_large_nor_small():
    larger = Exercise(lambda a, b: a > b, lambda rng: {}, {})
    cases = [(np.array([1, 5, 2]), np.array([3, 4, 2]))]
    wrong = verdict(lambda a, b: [False, True, True], exercise=larger, cases=cases)
    assert wrong.startswith("not yet. Entry 2 is wrong. ")
    nearest = Exercise(
        lambda a, b: np.abs(a[:, None] - b).argmin(axis=1), lambda rng: {}, {}, stands_for="centre"
    )
    wrong = verdict(lambda a, b: [0, 1, 1], exercise=nearest, cases=cases)
    assert wrong.startswith("not yet. Entry 0 has the wrong centre. ")


def test_a_mistake_may_return_nothing():
    message = "Where there is no peak, return -1."
    peak = Exercise(
        lambda h: int(h.argmax()) if h.any() else -1,
        lambda rng: {},
        {message: lambda h: int(h.argmax()) if h.any() else None},
    )
    cases = [(np.array([0, 3, 1]),), (np.zeros(3),)]
    forgotten = verdict(lambda h: h.argmax() if h.any() else None, exercise=peak, cases=cases)
    assert forgotten.startswith(f"not yet. {message}")
    nothing = verdict(lambda h: None, exercise=peak, cases=cases)
    assert nothing.startswith("not yet. It returns nothing (None)")


def test_the_counter_example_is_the_smallest_case_that_shows_it():
    def wrong_when_large(table, weights):
        return share_of_rows(table, weights) + (table.sum() > 15)

    message, example = judge(MADE_UP, wrong_when_large, CASES[::-1])
    assert example is not None
    np.testing.assert_array_equal(example[0], CASES[1][0])  # 10 is right, 19 and 22 are wrong
    assert "For table = [[5, 2], [3, 9]], weights = [1, 3] it returns [1.268, 1.732]." in message


def test_a_dictionary_needs_its_keys():
    scores = Exercise(lambda: {"iou": 0.25, "dice": 0.4}, lambda rng: {}, {})
    lacking = verdict(lambda: {"IoU": 0.25, "dice": 0.4}, exercise=scores, cases=[()])
    assert "The dictionary lacks 'iou'; it has 'IoU'." in lacking
    wrong = verdict(lambda: {"iou": 0.25, "dice": 0.3}, exercise=scores, cases=[()])
    assert "'dice': The value is too small." in wrong
    assert "expected: a dictionary" in verdict(lambda: 0.25, exercise=scores, cases=[()])
    text = verdict(lambda: {"iou": "0.25", "dice": 0.4}, exercise=scores, cases=[()])
    assert "'iou': It returns text; expected: a number." in text
    more = {"iou": 0.25, "dice": 0.4, "note": "mine"}
    assert verdict(lambda: more, exercise=scores, cases=[()]) is None


def test_without_reveal_nothing_of_the_input_or_the_result_is_told():
    secret = [(np.array([[123, 45], [67, 89]]), np.array([11, 13]))] * 2

    def tells_by_error(table, weights):
        raise type(f"Stole{table[0, 0]}", (ValueError,), {})(str(table))

    def tells_by_type(table, weights):
        return type(f"Stole{table[0, 0]}", (), {})()

    def tells_by_value(table, weights):
        return np.array([table[0, 0], 0.5])

    def tells_by_nested_type(table, weights):
        return [tells_by_type(table, weights)]

    for answer in (tells_by_error, tells_by_type, tells_by_value, tells_by_nested_type, prints):
        message, example = judge(MADE_UP, answer, secret, reveal=False)
        assert example is None
        assert not any(number in message for number in ("123", "45", "67", "89", "11", "13"))
    scores = Exercise(lambda table: {"iou": 0.25}, lambda rng: {}, {})
    message, _ = judge(scores, lambda table: {f"{table}": 1}, [(np.array([123]),)], reveal=False)
    assert message == "not yet. The dictionary lacks 'iou'."
    assert verdict(tells_by_error, reveal=False) == "not yet. It raises ValueError."


def test_the_right_value_is_never_told():
    for answer in (lambda t, w: share_of_rows(t, w) + 1 / 3, lambda t, w: t @ w, wrong_text):
        message, example = judge(MADE_UP, answer, CASES)
        for value in share_of_rows(*example):
            assert f"{value:.3g}" not in message


def test_an_endless_loop_is_stopped(monkeypatch):
    def endless(table, weights):
        while True:
            pass

    monkeypatch.setattr(exercise_module, "TIME_LIMIT", 0.2)
    assert "not finished after 0.2 seconds: is there a loop that never ends?" in verdict(endless)


def test_the_time_limit_leaves_other_interruptions_and_errors_alone():
    with pytest.raises(KeyboardInterrupt), time_limit(60):
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), time_limit(60):
        1 / 0  # noqa: B018
    with time_limit(0.05):
        pass
    time.sleep(0.1)  # a timer left behind would interrupt here


def test_an_answer_gets_copies_and_its_noise_is_caught(capsys, recwarn):
    def noisy(table):
        print("inside")
        print("inside", file=sys.stderr)
        table[0] = np.log(-table[0])
        return np.ones(2) / 0

    table = np.ones((2, 2))
    outcome = call_answer(noisy, (table,))
    assert outcome.changes_input
    assert outcome.printed == "inside\n"
    np.testing.assert_array_equal(table, 1)
    assert capsys.readouterr() == ("", "")
    assert not recwarn.list


def test_a_right_answer_prints_one_line(capsys):
    check("5.3", find_exercise("5.3").reference, aspect="absent classes")
    assert capsys.readouterr().out == "5.3 absent classes: right\n"
    check("5.3", find_exercise("5.3").reference)
    assert capsys.readouterr().out == "5.3 present classes, absent classes: right\n"


def test_a_wrong_answer_raises_one_plain_line():
    with pytest.raises(CheckFailed) as failed:
        check("5.3", lambda table: 0 * table[0], aspect="absent classes")
    assert isinstance(failed.value, AssertionError)
    (line,) = failed.value._render_traceback_()
    assert line.startswith("5.3 absent classes: not yet. ")
    assert "\n" not in line


def test_what_a_wrong_answer_prints_stands_below_the_message():
    def talks(table, weights):
        print("\x1b[31mtable", table.shape)
        for number in range(7):
            print("row", number)
        return np.zeros(2)

    line, *printed = verdict(talks).split("\n")
    assert line.startswith("not yet. ")
    assert printed[:3] == ["It printed:", "table (2, 2)", "row 0"]
    assert printed[5:] == ["row 3", "... and 3 more lines"]
    assert "\n" not in verdict(talks, reveal=False)
    assert "row" not in verdict(talks, reveal=False)
    lines = CheckFailed("5.3", "all", verdict(talks))._render_traceback_()
    assert len(lines) == 8


def test_an_answer_that_raises_is_diagnosed_by_a_mistake_that_raises_the_same():
    def lookup(table, weights):
        return share_of_rows(table, weights) if table[0, 0] == 1 else [][int(weights[0])]

    def other_words(table, weights):
        return share_of_rows(table, weights) if table[0, 0] == 1 else np.zeros(2)[weights[0] + 5]

    known = Exercise(share_of_rows, MADE_UP.cases, {"The row is not there.": (stub, lookup)})
    told = verdict(lambda t, w: lookup(t, w), exercise=known)
    assert told.startswith("not yet. The row is not there. Seen for table = ")
    assert "raises" not in told
    assert "It raises IndexError: index" in verdict(other_words, exercise=known)


def test_cases_of_ones_own_are_judged_like_the_others(capsys):
    def iou_with_zero(table):
        return np.nan_to_num(find_exercise("5.3").reference(table))

    check("5.3", iou_with_zero, cases=[(np.eye(2, dtype=int),)])
    assert capsys.readouterr().out == "5.3 further cases: right\n"
    with pytest.raises(CheckFailed, match="An absent class counts as 0"):
        check("5.3", iou_with_zero, cases=[(np.diag([1, 0]),), (np.diag([1, 0]) + 1,)])


def test_unknown_exercises_and_aspects_are_named():
    with pytest.raises(ValueError, match=r"no exercise '5.99', lesson 5 has 5.1, 5.2"):
        check("5.99", len)
    with pytest.raises(ValueError, match=r"no exercise '77.1', nor such a lesson"):
        check("77.1", len)
    with pytest.raises(ValueError, match=r"no aspect 'nothing', it has 'present classes'"):
        check("5.3", len, aspect="nothing")


def test_the_same_seed_gives_the_same_cases():
    cases = find_exercise("5.2").cases
    first, again, other = (cases(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert show_all(first) == show_all(again) != show_all(other)


def show_all(groups):
    return [[show(value) for value in case] for group in groups.values() for case in group]


def test_values_are_compared_by_number():
    assert same(np.nan, float("nan"))
    assert not same(0.3333, 1 / 3)
    assert not same([1, 2], [[1, 2]])
    assert not same(1, None)
    nested: list = []
    nested.append(nested)
    assert not same([1], nested)
    assert kind(nested) == "a list that is ragged or too deep"
    giant = np.broadcast_to(np.float64(0), (10**9, 3))
    assert not same(np.zeros(3), giant)
    assert show(giant) == "an array of shape (1000000000, 3)"
    with pytest.raises(TypeError, match="expected numbers, got text"):
        difference(1.0, "text", str)


def test_importing_the_checks_loads_no_torch():
    code = "import sys, course_utils.checks.check, course_utils.checks.lesson05; " + (
        "sys.exit('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
