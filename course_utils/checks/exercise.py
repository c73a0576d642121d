"""What an exercise is, and how an answer to it is judged.

An exercise brings three things: `cases` (what the answer is tried on, in named aspects),
`reference` (the trusted answer) and `mistakes` (wrong functions, each under the message that helps
whoever made it). An answer is right when it equals the reference on every case. A wrong one is
diagnosed by the mistake that it equals on every case, errors included; so the same dictionary
serves as the list of mutants on which the check itself is tested. Only values are compared: how an
answer gets them is its own affair.
"""

import inspect
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from course_utils.checks.call import TIME_LIMIT, Outcome, call_answer, time_limit
from course_utils.checks.values import EntryName, as_numbers, difference, misfit, same, show

Arguments = tuple[Any, ...]
Function = Callable[..., Any]

NOT_ANSWERED = "not answered yet."
MOST_PRINTED = 5  # lines of an answer's own prints below a message
LONGEST_PRINT = 160  # characters of such a line


class CheckFailed(AssertionError):  # noqa: N818  a result for a student, not an error of ours
    """An answer that is not right yet: one plain line, in a notebook without a traceback.

    Below the line stands what the answer itself printed, if it did.

    Parameters
    ----------
    exercise, aspect : str
        What was checked.
    message : str
        What is wrong.
    example : Arguments or None
        The smallest case that shows it, where it may be shown.

    Examples
    --------
    >>> raise CheckFailed("5.3", "absent classes", "not yet. ...")
    Traceback (most recent call last):
        ...
    course_utils.checks.exercise.CheckFailed: 5.3 absent classes: not yet. ...
    """

    def __init__(
        self, exercise: str, aspect: str, message: str, example: Arguments | None = None
    ) -> None:
        super().__init__(f"{exercise} {aspect}: {message}")
        self.exercise, self.aspect, self.message = exercise, aspect, message
        self.example = example

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


@dataclass(frozen=True)
class Exercise:
    """One exercise: what its answer is tried on, the trusted answer, and known mistakes.

    Parameters
    ----------
    reference : function
        The trusted answer. Its parameter names appear in counter-examples.
    cases : function from numpy.random.Generator to dict of str to list of tuples
        Aspect -> the argument tuples it is tried on, random and corner cases; the same generator
        state gives the same cases.
    mistakes : dict of str to function, or to a tuple of functions
        Message -> a wrong function with the same parameters, or several ways to make the same
        mistake. It may raise: an answer that raises the same error, word for word, equals it. A
        message is whole sentences in the field's words that lead to the mending and do not hold the
        answer.
    entry : function from an index to a str, optional
        Names an entry of the result, "class 2".
    stands_for : str, optional
        What each number of the result is the name of, such as "class": a wrong one is then neither
        too large nor too small.
    picture : function that takes the arguments and returns a Figure, optional
        Draws a counter-example that is too large for text.
    words : function that takes the arguments and returns a str or None, optional
        Says a counter-example that neither numbers nor a picture make plain: "both maps are empty".
    """

    reference: Function
    cases: Callable[[np.random.Generator], dict[str, list[Arguments]]]
    mistakes: dict[str, Function | tuple[Function, ...]]
    entry: EntryName = field(default=lambda index: f"entry {', '.join(map(str, index))}")
    stands_for: str = ""
    picture: Function | None = None
    words: Callable[..., str | None] = field(default=lambda *arguments: None)

    def each_mistake(self) -> Iterator[tuple[str, Function]]:
        """Every message with every function that stands under it."""
        for message, functions in self.mistakes.items():
            for function in functions if isinstance(functions, tuple) else (functions,):
                yield message, function


def judge(
    exercise: Exercise,
    answer: Function,
    cases: Sequence[Arguments],
    *,
    reveal: bool = True,
    drawn: bool = False,
) -> tuple[str, Arguments | None] | None:
    """Try an answer on cases and say what is wrong.

    Parameters
    ----------
    exercise : Exercise
    answer : callable
        The student's function.
    cases : sequence of tuples
        The arguments of each call.
    reveal : bool
        Whether the message may hold inputs and what the answer itself returned or raised. The right
        values are never in it.
    drawn : bool
        Whether the exercise's picture of the counter-example is shown above the message, which then
        need not write the input out.

    Returns
    -------
    tuple of str and Arguments, or None
        What is wrong, with the smallest case that shows it (None without `reveal`, or where no case
        is to blame); None for a right answer.

    Examples
    --------
    >>> doubled = {"It doubles the area.": lambda mask: 2 * mask.sum()}
    >>> area = Exercise(lambda mask: mask.sum(), lambda rng: {}, doubled)
    >>> judge(area, np.count_nonzero, [(np.ones((1, 2), bool),)])
    >>> message, example = judge(area, lambda mask: 4, [(np.ones((1, 2), bool),)])
    >>> message
    'not yet. It doubles the area. For mask = [[True, True]] it returns 4.'
    """
    if not callable(answer):
        return "not yet. Pass the function itself, without calling it.", None
    cases = sorted(cases, key=_size)
    expected = [exercise.reference(*arguments) for arguments in cases]
    outcomes: list[Outcome] = []
    try:
        with time_limit(TIME_LIMIT):
            for arguments in cases:
                outcomes.append(call_answer(answer, arguments))
                if isinstance(outcomes[-1].error, NotImplementedError):
                    return _not_answered(outcomes[-1].error), None
    except TimeoutError as late:
        message = f"not yet. It was {late}: is there a loop that never ends?"
        return _with_example(exercise, message, cases[len(outcomes)], None, reveal)

    right = [
        outcome.error is None and same(value, outcome.value)
        for value, outcome in zip(expected, outcomes, strict=True)
    ]
    if all(right):
        changing = [case for case, o in zip(cases, outcomes, strict=True) if o.changes_input]
        if not changing:
            return None
        message = (
            "not yet. The values are right, but the function changes its input: copy it first."
        )
        return _with_example(exercise, message, changing[0], None, reveal)
    first = right.index(False)
    shown: Outcome | None = outcomes[first]
    problem = _diagnosis(exercise, cases, outcomes)
    if problem is not None and outcomes[first].error is not None:
        shown = None  # the diagnosis says more than the error
    if problem is None:
        problem = _returns_nothing(outcomes[first])
    if problem is None:
        problem = _description(exercise, expected[first], outcomes[first], outcomes, reveal)
    message, example = _with_example(
        exercise, f"not yet. {problem}", cases[first], shown, reveal, drawn
    )
    return message + (_prints(outcomes[first].printed) if reveal else ""), example


def _not_answered(error: NotImplementedError) -> str:
    """Whether the stub stands in this answer or in a function that it calls."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return NOT_ANSWERED if len(frames) <= 2 else f"it calls a function that is {NOT_ANSWERED}"


def _returns_nothing(outcome: Outcome) -> str | None:
    """What to do where a result is lacking."""
    if outcome.error is not None or outcome.value is not None:
        return None
    if outcome.printed:
        return "It prints a result and returns nothing: end with `return`, not with print."
    return "It returns nothing (None): end with `return` and the result."


def _diagnosis(
    exercise: Exercise, cases: Sequence[Arguments], outcomes: Sequence[Outcome]
) -> str | None:
    """The message of the mistake that gives or raises the same as the answer on every case."""
    common = _common_mistakes(exercise.reference)
    if any(outcome.error is not None for outcome in outcomes):
        common = {}  # where these raise, they do so for no reason of their own
    for message, mistake in chain(exercise.each_mistake(), common.items()):
        if all(
            _same_outcome(call_answer(mistake, arguments), outcome)
            for arguments, outcome in zip(cases, outcomes, strict=True)
        ):
            return message
    return None


def _description(
    exercise: Exercise, expected: Any, first: Outcome, outcomes: Sequence[Outcome], reveal: bool
) -> str:
    """What is wrong with the first wrong result, where no known mistake explains it."""
    if first.error is not None:
        return f"It raises {_error_text(first.error, reveal)}."
    if wrong_kind := misfit(expected, first.value, reveal=reveal):
        return wrong_kind
    if len(outcomes) > 1 and all(_same_outcome(first, outcome) for outcome in outcomes):
        return "It gives the same result whatever it is called with."
    return difference(
        expected,
        first.value,
        exercise.entry,
        reveal=reveal,
        stands_for=exercise.stands_for,
    )


def _common_mistakes(reference: Function) -> dict[str, Function]:
    """Mistakes that can be made in any exercise, built from the right answer."""

    def after(change: Callable[[np.ndarray], Any]) -> Function:
        def mistaken(*arguments: Any) -> Any:
            value = reference(*arguments)
            if isinstance(value, dict):
                return {key: change(np.asarray(part, dtype=float)) for key, part in value.items()}
            return change(np.asarray(value, dtype=float))

        return mistaken

    def exchanged(first: Any, second: Any, *rest: Any) -> Any:
        return reference(second, first, *rest)

    return {
        "The result is transposed: its two axes are exchanged.": after(lambda v: v.swapaxes(0, 1)),
        "The first two arguments are exchanged: the function uses each in place of the other.": (
            exchanged
        ),
        "The values are percentages: a share lies between 0 and 1.": after(lambda v: 100 * v),
        "The values are cut to whole numbers: divide with /, into an array of floats.": after(
            np.trunc
        ),
        "This is 1 minus the expected value: an error rate instead of a score.": after(
            lambda v: 1 - v
        ),
        "The order of the result is reversed.": after(lambda v: v[::-1]),
        "It returns its first argument unchanged.": lambda *arguments: arguments[0],
    } | {
        f"The values are rounded to {digits} digits: round only what you print.": after(
            partial(np.round, decimals=digits)
        )
        for digits in (1, 2, 3, 4)
    }


def _same_outcome(first: Outcome, second: Outcome) -> bool:
    if first.error is not None or second.error is not None:
        return type(first.error) is type(second.error) and str(first.error) == str(second.error)
    if first.value is None or second.value is None:
        return first.value is second.value
    return same(first.value, second.value)


def _with_example(
    exercise: Exercise,
    message: str,
    arguments: Arguments,
    outcome: Outcome | None,
    reveal: bool,
    drawn: bool = False,
) -> tuple[str, Arguments | None]:
    """Add the smallest counter-example to a message: the input and what the answer made of it."""
    message = message.strip()
    if not reveal:
        return message, None
    names = inspect.signature(exercise.reference).parameters
    given = ", ".join(f"{name} = {show(v)}" for name, v in zip(names, arguments, strict=False))
    result = ""
    if outcome is not None and outcome.value is not None:
        result = f"it returns {show(outcome.value)}"
    elif outcome is not None and outcome.error is not None and "It raises" not in message:
        result = f"it raises {_error_text(outcome.error, reveal)}"
    if words := exercise.words(*arguments):
        message += f" Here {words}" + (f", and {result}." if result else ".")
    elif drawn and exercise.picture is not None:
        message += f" For the pictures above {result}." if result else " The pictures show where."
    elif given and result:
        message += f" For {given} {result}."
    elif given:
        message += f" Seen for {given}."
    elif result:
        message += f" {result[0].upper()}{result[1:]}."
    return message, arguments


def _prints(printed: str) -> str:
    """What an answer printed at the counter-example: its first lines, to stand below a message."""
    text = re.sub(r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f]", "", printed.expandtabs())
    lines = [line[:LONGEST_PRINT].rstrip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_PRINTED:
        more = len(lines) - MOST_PRINTED
        lines[MOST_PRINTED:] = [f"... and {more} more line{'s' if more > 1 else ''}"]
    return "".join(f"\n{line}" for line in ["It printed:", *lines]) if lines else ""


def _error_text(error: BaseException, reveal: bool) -> str:
    """Name an error on one line; its words, and a name of its own, may hold inputs."""
    if not reveal:
        return next(t.__name__ for t in type(error).__mro__ if t.__module__ == "builtins")
    words = re.sub(r"(\x1b\[[0-9;]*m|[\s\x00-\x1f\x7f])+", " ", str(error)).strip().rstrip(".")
    words = words if len(words) <= 200 else words[:200] + " ..."
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _size(arguments: Arguments) -> tuple[int, float]:
    """Smallest first: by how many numbers the arguments hold, then by how large these are."""
    arrays = [array for array in map(as_numbers, arguments) if array is not None]
    return sum(a.size for a in arrays), sum(float(np.abs(a.astype(float)).sum()) for a in arrays)
