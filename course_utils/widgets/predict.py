"""Predictions: the student commits to an answer before the cell that gives it.

`predict` asks and records every change at once; it never holds up a run. `reveal` compares, some
cells later. The recorded answer outlives the kernel: when the cell is run again, it is shown again.
"""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.figure import Figure

from course_utils.figures import new_figure, set_alt_text
from course_utils.plotting import OUTCOME_COLOURS, show_label_map
from course_utils.progress import latest, record
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.question import Question
from course_utils.widgets.still import Demo

_KIND = "prediction"
_RUN_IT = "(Run this cell to record your prediction.)"
_NONE = "No prediction recorded: answer above, then run this cell again."
_FATES = ("neither", "painted in vain", "missed", "found")  # painted + 2 * right
_FATE_COLOURS = OUTCOME_COLOURS[[3, 1, 2, 0]]  # those of an error map


def predict(
    name: str,
    question: str,
    *,
    options: Sequence[str] | None = None,
    number: tuple[str, float, float] | None = None,
    sketch: tuple[int, int] | None = None,
    image: np.ndarray | None = None,
) -> Demo:
    """Ask for a prediction, and record it at every change.

    Parameters
    ----------
    name : str
        Unique in the course, such as "05-shift"; `reveal` finds the prediction by it.
    question : str
        What is asked.
    options : sequence of str
        The answers to choose from. Give exactly one of options, number and sketch.
    number : tuple (unit, low, high)
        The answer is a number in [low, high]; the unit may be "".
    sketch : tuple (rows, columns)
        The answer is painted on a grid of that size.
    image : ndarray of uint8, shape (H, W) or (H, W, 3), optional
        Shown below the sketch.

    Returns
    -------
    Demo

    Raises
    ------
    ValueError
        If not exactly one kind of answer is given, options repeat, or low is not below high.

    Examples
    --------
    >>> demo = predict("05-shift", "What is the IoU?", options=["1/2", "1/3", "1/4"])
    >>> print(demo._repr_mimebundle_()["text/plain"])
    What is the IoU?
    - 1/2
    - 1/3
    - 1/4
    (Run this cell to record your prediction.)
    """
    _require_one_kind(options, number, sketch, image)
    if options is not None:
        return _predict_option(name, question, list(options))
    if number is not None:
        return _predict_number(name, question, *number)
    assert sketch is not None  # one of three is given
    return _predict_sketch(name, question, *sketch, image=image)


def reveal(
    name: str,
    actual: Any,
    *,
    unit: str = "",
    tolerance: float | None = None,
    note: str = "",
) -> None:
    """Print the answer and the recorded prediction in one line; draw a recorded sketch below it.

    Parameters
    ----------
    name : str
        As given to `predict`.
    actual : str, float, or ndarray, shape (rows, columns)
        The answer: one of the options, a number, or for a sketch the mask that was to be painted.
    unit : str
        Printed behind numbers.
    tolerance : float, optional
        A predicted number at most this far off is called right.
    note : str
        Printed at the end of the line.

    Raises
    ------
    ValueError
        If the mask has another shape than the sketch that was asked for.

    Examples
    --------
    >>> reveal("05-never-asked", 1 / 3)
    The answer: 0.333. No prediction recorded: answer above, then run this cell again.
    """
    event = latest(_KIND, name)
    predicted = None if event is None else event.get("answer")
    sketch = None
    if isinstance(actual, np.ndarray) and actual.ndim == 2:
        actual, sketch = actual.astype(bool), _unpack(predicted)
        line = _compare_sketches(sketch, actual)
    elif isinstance(actual, str):
        line = _compare_options(predicted, actual)
    else:
        line = _compare_numbers(predicted, float(actual), unit, tolerance)
    print(f"The answer: {line} {note}".strip())
    if sketch is not None:
        display(_draw_fates(sketch, actual))


def _predict_option(name: str, question: str, options: list[str]) -> Demo:
    form = Question(question, "single", options=options)
    earlier = latest(_KIND, name)
    if earlier and earlier.get("answer") in options:
        form.answer = [options.index(earlier["answer"])]
        form.verdict = f"Recorded: {earlier['answer']}"

    def keep(change: Any) -> None:
        if change.new:
            form.verdict = _record(name, question, options[change.new[0]])

    form.observe(keep, "answer")
    return Demo([form], text="\n".join([question, *(f"- {o}" for o in options), _RUN_IT]))


def _predict_number(name: str, question: str, unit: str, low: float, high: float) -> Demo:
    form = Question(question, "number", unit=unit, limits=(low, high))
    earlier = latest(_KIND, name)
    if earlier and _is_number(earlier.get("answer")):
        form.answer = earlier["answer"]
        form.verdict = f"Recorded: {_with_unit(earlier['answer'], unit)}"

    def keep(change: Any) -> None:
        if change.new is not None:
            form.verdict = _record(name, question, change.new, unit)

    form.observe(keep, "answer")
    span = f"A number from {_with_unit(low, '')} to {_with_unit(high, unit)}."
    return Demo([form], text="\n".join([question, span, _RUN_IT]))


def _predict_sketch(
    name: str, question: str, rows: int, columns: int, *, image: np.ndarray | None
) -> Demo:
    canvas = Canvas(
        question,
        image=image,
        rows=rows,
        columns=columns,
        paint=("your sketch",),
        brush=1 if columns <= 48 else 3,
    )
    earlier = latest(_KIND, name)
    mask = _unpack(earlier.get("answer")) if earlier else None
    if mask is not None and mask.shape == (rows, columns):
        canvas.label_map = mask
        canvas.caption = f"Recorded: {mask.sum()} of {mask.size} squares"

    def keep(_: Any) -> None:
        mask = canvas.label_map > 0
        shown = f"{mask.sum()} of {mask.size} squares"
        canvas.caption = _record(name, question, _pack(mask), shown=shown)

    canvas.observe(keep, "strokes")
    text = "\n".join([question, f"Paint it on {rows} x {columns} squares.", _RUN_IT])
    alt = f"The picture to paint on, {rows} x {columns} squares."
    return Demo([Question(question, "text"), canvas], png=canvas.png, alt=alt, text=text)


def _record(name: str, question: str, answer: Any, unit: str = "", shown: str = "") -> str:
    """Record, and say so in words for the student."""
    shown = shown or (_with_unit(answer, unit) if _is_number(answer) else str(answer))
    if record(_KIND, name, question=question, answer=answer):
        return f"Recorded: {shown}"
    return f"{shown}: noted for now, but it could not be saved to the disk."


def _compare_options(predicted: Any, actual: str) -> str:
    if not isinstance(predicted, str):
        return f"{actual}. {_NONE}"
    return f"{actual}. You predicted {'that: right' if predicted == actual else predicted}."


def _compare_numbers(predicted: Any, actual: float, unit: str, tolerance: float | None) -> str:
    if not _is_number(predicted):
        return f"{_with_unit(actual, unit)}. {_NONE}"
    line = f"{_with_unit(actual, unit)}. You predicted {_with_unit(predicted, unit)}"
    error = predicted - actual
    if not np.isfinite(error):
        return f"{line}."
    if error == 0:
        return f"{line}: right."
    if tolerance is not None and abs(error) <= tolerance:
        return f"{line}: right, within {_difference(tolerance, unit)}."
    if len(unit) > 2 and unit.endswith("s"):  # coins, and not px
        return f"{line}: {_with_unit(abs(error), '')} too {'many' if error > 0 else 'few'}."
    return f"{line}: {_difference(abs(error), unit)} too {'high' if error > 0 else 'low'}."


def _difference(size: float, unit: str) -> str:
    """A difference of two percentages is in percentage points, not in percent."""
    if unit != "%":
        return _with_unit(size, unit)
    points = _with_unit(round(size, 1) or size, "")
    return f"{points} percentage point{'' if points == '1' else 's'}"


def _compare_sketches(sketch: np.ndarray | None, actual: np.ndarray) -> str:
    line = f"{actual.sum()} of {actual.size} squares."
    if sketch is None:
        return f"{line} {_NONE}"
    if sketch.shape != actual.shape:
        raise ValueError(
            f"actual must have the shape of the sketch, {sketch.shape}, got {actual.shape}. "
            "Average the mask over the sketch's squares first."
        )
    if not sketch.any():
        return f"{line} You painted none."
    return f"{line} You painted {sketch.sum()}, {(sketch & actual).sum()} of them among these."


def _draw_fates(sketch: np.ndarray, actual: np.ndarray) -> Figure:
    """The painted squares and the right ones, in one picture."""
    fates = sketch + 2 * actual
    figure, axes = new_figure(width=4.2, height=4.2 * max(0.4, len(fates) / fates.shape[1]))
    show_label_map(fates, axes[0, 0], class_names=_FATES, palette=_FATE_COLOURS)
    counts = [f"{name}: {(fates == fate).sum()}" for fate, name in enumerate(_FATES)]
    set_alt_text(axes[0, 0], f"Your sketch and the answer. Squares: {', '.join(counts)}.")
    return figure


def _pack(mask: np.ndarray) -> dict[str, Any]:
    """A mask as few characters: its shape and eight squares a byte, in base64."""
    return {
        "shape": list(mask.shape),
        "bits": base64.b64encode(np.packbits(mask).tobytes()).decode(),
    }


def _unpack(packed: Any) -> np.ndarray | None:
    if not isinstance(packed, dict) or not {"shape", "bits"} <= packed.keys():
        return None
    rows, columns = packed["shape"]
    bits = np.frombuffer(base64.b64decode(packed["bits"]), np.uint8)
    return np.unpackbits(bits, count=rows * columns).astype(bool).reshape(rows, columns)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _with_unit(number: float, unit: str) -> str:
    """Three digits are enough to compare."""
    return (f"{number:.3g}" if abs(number) < 1000 else f"{number:.0f}") + f" {unit}".rstrip()


def _require_one_kind(
    options: Sequence[str] | None,
    number: tuple[str, float, float] | None,
    sketch: tuple[int, int] | None,
    image: np.ndarray | None,
) -> None:
    given = [options is not None, number is not None, sketch is not None]
    if sum(given) != 1:
        raise ValueError(
            f"predict needs exactly one of options, number and sketch, got {sum(given)}. "
            "Choose how the student answers."
        )
    if image is not None and sketch is None:
        raise ValueError("image is shown below a sketch, got none. Give sketch=(rows, columns).")
    if options is not None and (isinstance(options, str) or len(set(options)) != len(options)):
        raise ValueError(
            f"options must be different texts, got {options!r}. Give a list, each text once."
        )
    if number is not None and not number[1] < number[2]:
        raise ValueError(
            f"number must be (unit, low, high) with low below high, got {number!r}. "
            "Give the smallest and the largest answer you accept."
        )
