"""The quiz at the end of a lesson: all questions in a column, each checked by itself.

A wrong answer is told why it is wrong and may be tried again; what is right stays in the kernel
until it is found. Every checked answer is recorded, and running the cell again shows the last ones.
"""

from typing import Any

from ipywidgets import Widget

from course_utils.progress import events, record
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.question import Question
from course_utils.widgets.quiz_bank import load_bank
from course_utils.widgets.quiz_question import BankQuestion, Verdict
from course_utils.widgets.still import Demo

_KIND = "quiz"
_GAP = "0 0 28px"  # below each question


def quiz(slug: str) -> Demo:
    """Show the quiz of a lesson.

    Parameters
    ----------
    slug : str
        The lesson, such as "05_evaluating_segmentation"; its bank is data/quiz/SLUG.json.

    Returns
    -------
    Demo
        Its still shows questions and options, and no answers.

    Raises
    ------
    FileNotFoundError, BankError
        As `load_bank`.

    Examples
    --------
    >>> still = quiz("05_evaluating_segmentation")._repr_mimebundle_()["text/plain"]
    >>> still.splitlines()[0]
    'Quiz: run this cell to answer.'
    """
    return _Quiz(slug, load_bank(slug))


class _Quiz(Demo):
    def __init__(self, slug: str, bank: list[BankQuestion]) -> None:
        self.score = Question("Result", "text")
        self.items = [_Item(slug, number, q, self._count) for number, q in enumerate(bank, start=1)]
        children = [widget for item in self.items for widget in item.widgets]
        super().__init__([*children, self.score], text=_still(bank))
        self._count()

    def _count(self) -> None:
        if not any(item.tries for item in self.items):
            self.score.verdict = "Nothing answered yet."
            return
        first = sum(item.tries[:1] == [True] for item in self.items)
        later = sum(any(item.tries) for item in self.items) - first
        line = f"{first} of {len(self.items)} right at the first try"
        self.score.verdict = line + (f", {later} at a later one." if later else ".")


class _Item:
    """One question on the screen, and what was answered so far."""

    def __init__(self, slug: str, number: int, question: BankQuestion, count: Any) -> None:
        self._name, self._question, self._count = f"{slug}/{question.name}", question, count
        self.tries: list[bool] = []
        text = f"{number}. {question.text}"
        if question.kind == "pixel":
            self._canvas = Canvas(text, image=question.picture[0], alt="The picture to click on.")
            self.widgets: list[Widget] = [Question(text, "text"), self._canvas]
        else:
            self._form = Question(
                text,
                question.kind,
                options=question.options,
                unit=question.content.get("unit", ""),
                button="Check",
            )
            self.widgets = [self._form]
        self.widgets[-1].layout.margin = _GAP
        self._restore()
        if question.kind == "pixel":
            self._canvas.observe(lambda _: self._check(self._canvas.clicked), "event")
        else:
            self._form.observe(lambda _: self._check(self._form.answer), "submitted")

    def _check(self, answer: Any) -> None:
        if answer in (None, []):
            self._form.verdict = ""  # so that asking twice is heard twice
            self._form.verdict = "Answer first, then check."
            return
        verdict = self._question.judge(answer)
        self.tries.append(verdict.right)
        content = [self._question.options[i] for i in answer] if self._question.options else answer
        record(_KIND, self._name, answer=content, correct=verdict.right)
        self._show(verdict)
        self._count()

    def _show(self, verdict: Verdict) -> None:
        if self._question.kind == "pixel":
            self._canvas.caption = verdict.line
            return
        with self._form.hold_sync():
            self._form.marks = list(verdict.marks)
            self._form.verdict = verdict.line

    def _restore(self) -> None:
        earlier = events(_KIND, self._name)
        self.tries = [bool(event.get("correct")) for event in earlier]
        answer = self._known(earlier[-1].get("answer")) if earlier else None
        if answer is None:
            return
        if self._question.kind == "pixel":
            self._canvas.cursor = list(answer)
        else:
            self._form.answer = answer
        self._show(self._question.judge(answer))

    def _known(self, answer: Any) -> Any:
        """A recorded answer as the form has it; None if the question has changed since."""
        options = self._question.options
        if options:
            known = isinstance(answer, list) and all(text in options for text in answer)
            return [options.index(text) for text in answer] if known else None
        if self._question.kind == "number":
            return answer if isinstance(answer, int | float) else None
        height, width = self._question.picture[1].shape
        inside = isinstance(answer, list) and len(answer) == 2
        return tuple(answer) if inside and answer[0] < height and answer[1] < width else None


def _still(bank: list[BankQuestion]) -> str:
    lines = ["Quiz: run this cell to answer."]
    for number, question in enumerate(bank, start=1):
        lines.append(f"{number}. {question.text}")
        lines += [f"- {option}" for option in question.options]
    return "\n".join(lines)
