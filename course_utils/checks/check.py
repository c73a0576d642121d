"""`check`, the one call that stands under every exercise."""

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_utils.checks.exercise import Arguments, CheckFailed, Exercise, judge


def check(
    exercise: str,
    answer: Callable[..., Any],
    *,
    aspect: str | None = None,
    seed: int = 0,
    reveal: bool = True,
    cases: Sequence[Arguments] | None = None,
) -> None:
    """Check an answer, and print one line if it is right.

    Parameters
    ----------
    exercise : str
        Number of the exercise, such as "5.3".
    answer : callable
        The function written for it.
    aspect : str, optional
        Name of a group of cases; all groups without it.
    seed : int
        Chooses the random cases. The same seed gives the same cases.
    reveal : bool
        Show the smallest counter-example. Without it the message names the mistake, kinds and
        shapes only. The right answer is never shown.
    cases : sequence of tuples, optional
        Arguments to try the answer on instead of the exercise's own cases.

    Raises
    ------
    CheckFailed
        If the answer is not right yet; it says why in one line, with `reveal` above what the answer
        printed.
    ValueError
        If there is no such exercise or aspect.

    Examples
    --------
    >>> import numpy as np
    >>> def iou_per_class(table):
    ...     hits = np.diag(table)
    ...     return hits / (table.sum(axis=0) + table.sum(axis=1) - hits)
    >>> check("5.3", iou_per_class, aspect="present classes")
    5.3 present classes: right
    """
    found = find_exercise(exercise)
    if cases is not None:
        groups = {"further cases": list(cases)}
    else:
        groups = found.cases(np.random.default_rng(seed))
        if aspect is not None:
            if aspect not in groups:
                raise ValueError(
                    f"exercise {exercise} has no aspect {aspect!r}, it has "
                    f"{', '.join(map(repr, groups))}. Give one of these, or none to check all."
                )
            groups = {aspect: groups[aspect]}
    for name, group in groups.items():
        problem = judge(found, answer, group, reveal=reveal, drawn=_in_a_notebook())
        if problem is not None:
            message, example = problem
            if example is not None and found.picture is not None and not found.words(*example):
                _show_picture(found.picture, example)
            raise CheckFailed(exercise, name, message, example)
    print(f"{exercise} {', '.join(groups)}: right")


def find_exercise(exercise: str) -> Exercise:
    """Look up an exercise by its number.

    Parameters
    ----------
    exercise : str
        Lesson and number, such as "5.3".

    Returns
    -------
    Exercise

    Raises
    ------
    ValueError
        If no lesson has such an exercise.

    Examples
    --------
    >>> find_exercise("5.3").reference(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    array([0.5, 0.5, nan])
    """
    lesson = exercise.partition(".")[0]
    module = f"course_utils.checks.lesson{lesson.zfill(2)}"
    try:
        exercises = importlib.import_module(module).EXERCISES
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        exercises = {}
    if exercise not in exercises:
        known = f"lesson {lesson} has {', '.join(exercises)}" if exercises else "nor such a lesson"
        raise ValueError(
            f'there is no exercise {exercise!r}, {known}. Write lesson and number, as in "5.3".'
        )
    return exercises[exercise]


def _show_picture(picture: Callable[..., Any], arguments: Arguments) -> None:
    """Display a counter-example where a notebook can show it."""
    if _in_a_notebook():
        from IPython.display import display

        display(picture(*arguments))


def _in_a_notebook() -> bool:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None
