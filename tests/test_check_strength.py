"""How strong the checks of every lesson are: who passes, who fails, and what they are told."""

import ast
import inspect
import itertools
import re

import numpy as np
import pytest
from lesson_checks import LESSONS, NUMBERS, all_cases, groups, lesson_of, run, verdicts
from mutation import mutants

from course_utils.authoring.exercise import exercise_from_solution
from course_utils.authoring.source import read_source
from course_utils.checks.call import call_answer
from course_utils.checks.check import check, find_exercise
from course_utils.checks.exercise import CheckFailed
from course_utils.checks.values import same, show

MISTAKES = [
    (number, message, mistake)
    for number in NUMBERS
    for message, mistake in find_exercise(number).each_mistake()
]
OTHER_RIGHT_ANSWERS = [
    pair for lesson in LESSONS.values() for pair in lesson.own_tests.OTHER_RIGHT_ANSWERS
]
WRONG = {
    "nothing": lambda *arguments: None,
    "zero": lambda *arguments: 0,
    "one": lambda *arguments: 1.0,
    "nan": lambda *arguments: np.nan,
    "text": lambda *arguments: ["TP", "FP", "FN", "TN"],
    "its first argument": lambda *arguments: arguments[0] if arguments else (),
    "its arguments": lambda *arguments: arguments,
    "an empty dictionary": lambda *arguments: {},
    "an error": lambda *arguments: [][0],
}


@pytest.mark.parametrize("number", NUMBERS)
def test_the_solution_is_right_for_many_seeds(number):
    lesson = lesson_of(number)
    for seed in range(12):
        assert verdicts(number, lesson.solution[lesson.answers[number]], seed=seed) == []


@pytest.mark.parametrize("number", NUMBERS)
def test_the_stub_is_not_answered_yet(number):
    def stub(*arguments):
        raise NotImplementedError("Write your answer here, then run this cell again.")

    with pytest.raises(CheckFailed, match=r"not answered yet\.$"):
        check(number, stub)


@pytest.mark.parametrize(("number", "message", "mistake"), MISTAKES)
def test_each_mistake_fails_with_its_own_message(number, message, mistake):
    for seed in range(2):
        told = [text for text, _ in verdicts(number, mistake, seed=seed)]
        assert any(text.startswith(f"not yet. {message}") for text in told), told
        assert all("It raises" not in text for text in told)


@pytest.mark.parametrize("number", NUMBERS)
def test_mistakes_differ_from_each_other_and_are_enough(number):
    cases, exercise = all_cases(number), find_exercise(number)
    results = [
        (message, [call_answer(mistake, case).value for case in cases])
        for message, mistake in exercise.each_mistake()
    ]
    for (first, values), (second, others) in itertools.combinations(results, 2):
        pairs = zip(values, others, strict=True)
        assert first == second or not all(same(a, b) for a, b in pairs), f"{first} / {second}"
    assert len(exercise.mistakes) >= 5
    for message in exercise.mistakes:
        assert not message[0].islower()
        assert message.endswith(".")
        assert "\n" not in message


@pytest.mark.parametrize(("number", "answer"), OTHER_RIGHT_ANSWERS)
def test_other_right_answers_pass(number, answer):
    for seed in range(3):
        assert verdicts(number, answer, seed=seed) == []


def test_every_exercise_has_another_right_answer():
    assert {number for number, _ in OTHER_RIGHT_ANSWERS} == set(NUMBERS)


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("number", NUMBERS)
def test_constants_and_identities_fail_in_every_aspect(number, name):
    for reveal in (True, False):
        assert len(verdicts(number, WRONG[name], reveal=reveal)) == len(groups(number))


def in_every_part(change, value):
    """Change every array of a result that may be a dictionary or several arrays."""
    if isinstance(value, dict):
        return {key: change(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return tuple(change(part) for part in value)
    return change(value)


@pytest.mark.parametrize("number", NUMBERS)
def test_the_right_kind_with_wrong_values_fails(number):
    for change in (
        lambda value: 100 * np.asarray(value),
        lambda value: 0 * np.asarray(value),
        lambda value: np.nan * np.asarray(value),
        lambda value: np.asarray(value) + 1e-3,
        lambda value: np.asarray(value) * 1.001,
        lambda value: str(value),
    ):

        def wrong(*arguments, change=change):
            return in_every_part(change, find_exercise(number).reference(*arguments))

        assert verdicts(number, wrong)


# ----------------------------------------------------------------------------------------------
# What a message must not say


def written(value):
    """A result as a message would show it: whole, and each number that has three digits or more."""
    if isinstance(value, dict):
        parts = tuple(value.values())
    else:
        parts = value if isinstance(value, tuple) else (value,)
    numbers = {show(float(n)) for part in parts for n in np.ravel(part) if np.isreal(n)}
    # nan is a convention, which messages explain
    return ({show(value)} | {n for n in numbers if len(n.replace(".", "").lstrip("0")) >= 3}) - {
        "nan"
    }


@pytest.mark.parametrize("number", NUMBERS)
def test_no_message_holds_the_right_value_or_code(number):
    exercise, code = find_exercise(number), lesson_of(number).lines_of_code()
    for answer in [*(mistake for _, mistake in exercise.each_mistake()), *WRONG.values()]:
        for message, example in verdicts(number, answer):
            assert not any(line in message for line in code)
            if example is None:
                continue
            outcome = call_answer(answer, example)
            open_to_all = " ".join(show(value) for value in (*example, outcome.value))
            for secret in written(exercise.reference(*example)):
                assert secret not in message or secret in open_to_all


@pytest.mark.parametrize("number", NUMBERS)
def test_without_reveal_a_message_depends_on_nothing_but_the_mistake(number):
    exercise = find_exercise(number)
    for message, mistake in exercise.each_mistake():
        told = verdicts(number, mistake, reveal=False)
        assert any(text == f"not yet. {message}" for text, _ in told)
        assert all(example is None for _, example in told)
        assert all(text.removeprefix("not yet. ") in exercise.mistakes for text, _ in told)
    for answer in WRONG.values():
        for text, _ in verdicts(number, answer, reveal=False):
            assert "For " not in text
            assert "[" not in text


# ----------------------------------------------------------------------------------------------
# The solution with one place changed, and the sheet itself


@pytest.mark.parametrize("number", NUMBERS)
def test_every_mutant_of_the_solution_is_caught(number, measured):
    lesson = lesson_of(number)
    count, survivors = 0, set()
    names = getattr(lesson.own_tests, "MUTATED_NAMES", {})
    for change, mutant in mutants(lesson.function(number), names):
        solved = dict(lesson.solution)
        exec(compile(ast.Module([mutant], []), lesson.slug, "exec"), solved)
        count += 1
        if not verdicts(number, solved[lesson.answers[number]]):
            survivors.add((number, change))
    measured(f"{number}: {count - len(survivors)} of {count} mutants caught")
    assert count >= 3
    assert survivors == {each for each in lesson.own_tests.EQUIVALENT if each[0] == number}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_sheet_asks_what_the_checks_check(lesson):
    assert set(lesson.answers) == set(lesson.checks.EXERCISES)
    for number, exercise in lesson.checks.EXERCISES.items():
        assert [a.arg for a in lesson.function(number).args.args] == list(
            inspect.signature(exercise.reference).parameters
        )
        names = list(groups(number))
        for aspect in names if len(names) > 1 else []:
            call = f'check("{number}", {lesson.answers[number]}, aspect="{aspect}")'
            assert call in re.sub(r"\(\s+|,?\s+\)|\s+", _tidy, lesson.text)


def _tidy(white: re.Match[str]) -> str:
    """A call that stands on several lines, as if on one."""
    return "(" if "(" in white[0] else ")" if ")" in white[0] else " "


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_the_points_add_up_to_what_the_sheet_says(lesson):
    points = sum(map(int, re.findall(r"^# %%.*\bpoints=(\d+)", lesson.text, flags=re.MULTILINE)))
    assert f"**{points} points" in lesson.text


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=LESSONS)
def test_every_check_of_the_unsolved_exercise_is_one_plain_line(lesson):
    exercise = exercise_from_solution(read_source(lesson.source, graded=True))
    errors = run(exercise)
    cells = [cell for cell in exercise.cells if cell.cell_type == "code"]
    checks = 0
    for cell, lines in zip(cells, errors, strict=True):
        if cell.source.startswith("check("):
            ((line,),) = lines
            assert line.endswith(": not answered yet.")
            checks += 1
        else:
            assert not lines
    assert checks >= len(lesson.checks.EXERCISES)
