"""Comparing an answer with what is expected, and wording the difference.

Values count, not types: a list, a tuple, an array or a tensor of the same numbers is the same
answer, and so are int, float32 and float64. Nothing here reads an answer's code, and no text built
here contains the right value.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.labels import to_numpy

RELATIVE_TOLERANCE = 1e-5  # float32 sums pass, answers rounded to three digits do not
ABSOLUTE_TOLERANCE = 1e-7
LONGEST_VALUE = 160  # characters; a longer value is named by its shape
DEEPEST_LIST = 8  # lists inside lists; whatever is deeper is no answer
_KNOWN_MODULES = ("builtins", "numpy", "torch")

EntryName = Callable[[tuple[int, ...]], str]


def same(first: Any, second: Any) -> bool:
    """Whether two answers are equal: the same numbers in the same shape, nan equal to nan.

    Parameters
    ----------
    first, second : number, array, tensor, list, tuple, or dict of these
        Of two dictionaries the second may have further keys.

    Returns
    -------
    bool

    Examples
    --------
    >>> same([0.5, np.nan], np.array([0.5, np.nan], dtype=np.float32))
    True
    >>> same({"iou": 0.5}, {"iou": 0.25})
    False
    """
    if isinstance(first, dict) or isinstance(second, dict):
        return (
            isinstance(first, dict)
            and isinstance(second, dict)
            and all(key in second and same(value, second[key]) for key, value in first.items())
        )
    numbers, others = as_numbers(first), as_numbers(second)
    return (
        numbers is not None
        and others is not None
        and numbers.shape == others.shape
        and bool(_close(numbers, others).all())
    )


def misfit(expected: Any, got: Any, *, reveal: bool = True) -> str | None:
    """Say what is wrong with the kind, shape or keys of an answer.

    Parameters
    ----------
    expected, got : anything
        The right answer and the one given.
    reveal : bool
        Whether names that the answer chose itself (keys, types) may be shown.

    Returns
    -------
    str or None
        A sentence, or None if kind and shape are the expected ones.

    Examples
    --------
    >>> misfit(np.zeros(3), [0.5, 0.5])
    'It returns an array of shape (2,); expected: an array of shape (3,).'
    >>> misfit({"iou": 0.5}, {"IoU": 0.5})
    "The dictionary lacks 'iou'; it has 'IoU'."
    >>> misfit(0.5, "0.5")
    'It returns text; expected: a number.'
    >>> misfit([1, 0, 2, 3], {"TP": 1})
    'It returns a dictionary; expected: four numbers.'
    >>> misfit({"iou": 0.5, "dice": 0.7}, (0.5, 0.7))
    'It returns a tuple; expected: a dictionary.'
    """
    if isinstance(expected, dict) and isinstance(got, dict):
        missing = [repr(key) for key in expected if key not in got]
        if missing:
            has = ", ".join(show(key) for key in got if key not in expected) if reveal else ""
            return f"The dictionary lacks {', '.join(missing)}" + (
                f"; it has {has}." if has else "."
            )
        wrong = {key: misfit(expected[key], got[key], reveal=reveal) for key in expected}
        return next((f"{key!r}: {text}" for key, text in wrong.items() if text), None)
    wanted, numbers = as_numbers(expected), as_numbers(got)
    if isinstance(expected, dict) or isinstance(got, dict) or numbers is None or wanted is None:
        got_kind = kind(got, reveal=reveal)
        if isinstance(expected, dict) and isinstance(got, tuple):
            got_kind = "a tuple"  # several results without their names
        return f"It returns {got_kind}; expected: {_wanted(expected)}."
    if numbers.shape == wanted.shape:
        return None
    return f"It returns {kind(numbers)}; expected: {_wanted(expected)}."


def difference(
    expected: Any, got: Any, entry: EntryName, *, reveal: bool = True, stands_for: str = ""
) -> str:
    """Say which values of an answer are wrong, and in which direction; never the right ones.

    Parameters
    ----------
    expected, got : anything of the same kind and shape
    entry : function from an index to a name
        Says "class 2" or "row 0, column 1" in the lesson's words.
    reveal : bool
        Without it, only where a number stands in place of nan or the reverse is told.
    stands_for : str
        What each number is the name of, such as "class": a name is never too large or too small.
        Nor is a truth value, which needs no word.

    Returns
    -------
    str
        A sentence.

    Examples
    --------
    >>> difference(np.array([0.5, 1.0]), [0.5, 0.9], lambda index: f"class {index[0]}")
    'Class 1 is too small.'
    >>> difference([3, 0], [3, 2], lambda index: f"pixel {index[0]}", stands_for="class")
    'Pixel 1 has the wrong class.'
    >>> difference(np.nan, 0.0, str)
    'The value is a number; expected: nan (0 divided by 0).'
    """
    if isinstance(expected, dict):
        key = next(key for key in expected if not same(expected[key], got[key]))
        part = difference(expected[key], got[key], entry, reveal=reveal, stands_for=stands_for)
        return f"{key!r}: {part}"
    wanted, numbers = as_numbers(expected), as_numbers(got)
    if wanted is None or numbers is None:
        raise TypeError(f"expected numbers, got {kind(got)}. Ask misfit before difference.")
    wrong = ~_close(wanted, numbers)
    about_nan = wrong & (np.isnan(wanted) != np.isnan(numbers))
    index = tuple(int(i) for i in np.argwhere(about_nan if about_nan.any() else wrong)[0])
    name = (entry(index) if index else "the value") if reveal else "a value"
    name = name[0].upper() + name[1:]
    if about_nan.any():
        if np.isnan(wanted[index]):
            return f"{name} is a number; expected: nan (0 divided by 0)."
        return f"{name} is nan; expected: a number."
    if not reveal:
        return (
            f"{'The value is' if not index else f'{wrong.sum()} of {wrong.size} values are'} wrong."
        )
    if stands_for:
        return f"{name} has the wrong {stands_for}."
    if wanted.dtype.kind == "b":
        return f"{name} is wrong."
    return f"{name} is too {'large' if numbers[index] > wanted[index] else 'small'}."


def as_numbers(value: Any, depth: int = DEEPEST_LIST) -> np.ndarray | None:
    """Hand back an answer's numbers as an array, or None where it does not consist of numbers.

    Examples
    --------
    >>> as_numbers([True, 0.5])
    array([1. , 0.5])
    >>> as_numbers(["0.5"]) is None
    True
    """
    if isinstance(value, list | tuple):
        parts = [as_numbers(part, depth - 1) if depth else None for part in value]
        shapes = {None if part is None else part.shape for part in parts}
        return np.asarray(parts) if len(shapes - {None}) < 2 and None not in shapes else None
    if not (
        isinstance(value, bool | int | float | np.ndarray | np.generic) or hasattr(value, "detach")
    ):
        return None
    array = to_numpy(value)
    return array if array.dtype.kind in "biuf" else None


def kind(value: Any, *, reveal: bool = True) -> str:
    """Name what kind of thing an answer is.

    Examples
    --------
    >>> kind(None), kind(0.5), kind(np.zeros((2, 3))), kind([[1], [2, 3]])
    ('nothing (None)', 'a number', 'an array of shape (2, 3)', 'a list that is ragged or too deep')
    >>> kind((np.zeros(3), np.zeros(4)))
    'a tuple of an array of shape (3,) and an array of shape (4,)'
    """
    if value is None:
        return "nothing (None)"
    numbers = as_numbers(value)
    if numbers is not None:
        return f"an array of shape {numbers.shape}" if numbers.ndim else "a number"
    if isinstance(value, tuple) and all(as_numbers(part) is not None for part in value):
        return f"a tuple of {' and '.join(kind(part) for part in value)}"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "a dictionary"
    if isinstance(value, list | tuple):
        others = [p for p in value if not isinstance(p, list | tuple) and as_numbers(p) is None]
        held = f"holds {kind(others[0], reveal=reveal)}" if others else "is ragged or too deep"
        return f"a list that {held}"
    if callable(value):
        return "a function"
    known = reveal or type(value).__module__.partition(".")[0] in _KNOWN_MODULES
    return f"an object of type {type(value).__name__}" if known else "an object of another type"


def _wanted(value: Any) -> str:
    """Name the kind of the right answer: a short list of numbers by how many these are."""
    words = ("no", "one", "two", "three", "four", "five", "six")
    few = isinstance(value, list | tuple) and 1 < len(value) < len(words)
    if few and not any(isinstance(part, list | tuple | np.ndarray) for part in value):
        return f"{words[len(value)]} numbers"
    return kind(value)


def show(value: Any) -> str:
    """Write a value on one line, for a counter-example; a long one is named by its shape.

    Examples
    --------
    >>> show(np.array([[2, 0], [1, 3]])), show({"iou": 1 / 3}), show(np.zeros((100, 120)))
    ('[[2, 0], [1, 3]]', "{'iou': 0.3333}", 'an array of shape (100, 120)')
    """
    if isinstance(value, dict):
        text = "{" + ", ".join(f"{show(key)}: {show(part)}" for key, part in value.items()) + "}"
    elif isinstance(value, str):
        text = repr(value)
    else:
        numbers = as_numbers(value)
        if numbers is None:
            return kind(value)
        if numbers.size > LONGEST_VALUE:
            return kind(numbers)
        text = _show_numbers(numbers.tolist())
    return text if len(text) <= LONGEST_VALUE else kind(value)


def _show_numbers(numbers: Any) -> str:
    if isinstance(numbers, list):
        return "[" + ", ".join(map(_show_numbers, numbers)) + "]"
    return f"{numbers:.4g}" if isinstance(numbers, float) else str(numbers)


def _close(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.isclose(
        first.astype(float),
        second.astype(float),
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE,
        equal_nan=True,
    )
