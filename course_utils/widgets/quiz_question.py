"""One question of a quiz bank: what it shows before an answer, and how it judges one."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from course_utils.datasets.pictures import load_picture


@dataclass(frozen=True)
class Verdict:
    """What a student is told about an answer.

    Attributes
    ----------
    right : bool
        Whether the whole answer is right.
    line : str
        The sentence below the question.
    marks : tuple of dict
        {"index", "right", "text"} of each chosen option.
    """

    right: bool
    line: str
    marks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class BankQuestion:
    """One question of a bank.

    Attributes
    ----------
    name : str
        Its id.
    kind : str
        "single", "multiple", "number" or "pixel".
    text : str
        What is asked.
    content : dict
        The other fields, as in the file.
    """

    name: str
    kind: str
    text: str
    content: dict[str, Any]

    @property
    def options(self) -> list[str]:
        """Texts of the options, without telling which are right."""
        return [option["text"] for option in self.content.get("options", [])]

    @cached_property
    def picture(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture to click on, and the mask of the right pixels; both cropped."""
        whole = load_picture(self.content["picture"]["name"])
        height, width = whole.label_map.shape
        ((form, value),) = self.content["region"].items()
        if form == "instance":
            right = whole.instance_map == value
        elif form == "rectangle":
            right = np.zeros((height, width), dtype=bool)
            right[_window(value)] = True
        else:
            indices = {name: index for index, name in enumerate(whole.class_names)}
            right = whole.label_map == (indices.get(value, -1) if form == "class" else value)
        crop = _window(self.content["picture"].get("crop", [0, 0, height, width]))
        return whole.image[crop], right[crop]

    def judge(self, answer: Any) -> Verdict:
        """Judge an answer.

        Parameters
        ----------
        answer : list of int, float, or tuple (row, column)
            Indices of the chosen options, the number, or the pixel clicked.

        Returns
        -------
        Verdict
            A wrong answer is told why it is wrong, and not what is right.

        Examples
        --------
        >>> options = [
        ...     {"text": "1/2", "correct": False, "reason": "That is the recall."},
        ...     {"text": "1/3", "correct": True, "reason": "8 of 24 columns are in both."},
        ... ]
        >>> BankQuestion("shift", "single", "IoU?", {"options": options}).judge([0]).right
        False
        """
        if self.kind == "number":
            return self._judge_number(answer)
        if self.kind == "pixel":
            right = bool(self.picture[1][answer])
            return Verdict(right, _line(right, self.content["reason" if right else "hint"]))
        return self._judge_options(answer)

    def _judge_number(self, number: float) -> Verdict:
        if abs(number - self.content["value"]) <= self.content["tolerance"]:
            return Verdict(True, _line(True, self.content["reason"]))
        for hint in self.content.get("hints", []):
            if abs(number - hint["value"]) <= hint["tolerance"]:
                return Verdict(False, _line(False, hint["reason"]))
        return Verdict(False, _line(False, self.content.get("hint", "Another value. Try again.")))

    def _judge_options(self, chosen: list[int]) -> Verdict:
        options = self.content["options"]
        marks = tuple(
            {"index": i, "right": options[i]["correct"], "text": options[i]["reason"]}
            for i in chosen
        )
        wrong = sum(not mark["right"] for mark in marks)
        complete = len(marks) - wrong == sum(option["correct"] for option in options)
        if wrong:
            line = "Not yet. Read why, and choose again."
        else:
            line = "Right." if complete else "Right so far, but something is missing."
        return Verdict(complete and not wrong, line, marks)


def _window(edges: list[int]) -> tuple[slice, slice]:
    top, left, bottom, right = edges
    return slice(top, bottom), slice(left, right)


def _line(right: bool, text: str) -> str:
    return f"\N{CHECK MARK} Right. {text}" if right else f"\N{BALLOT X} Not yet. {text}"
