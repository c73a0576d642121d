"""The questions of a lesson's quiz, read from data/quiz/SLUG.json and checked.

A bank is a JSON object {"lesson": SLUG, "questions": [...]}. Every question has an "id" (unique
in the bank), a "kind" and a "text"; everything that can be answered has its reason, which is shown
only to a student who gave that answer. By kind:

"single", "multiple"
    "options": [{"text", "correct": true or false, "reason"}, ...], at least two. Exactly one is
    correct in "single"; at least one is correct and at least one wrong in "multiple".
"number"
    "value", "tolerance" (largest distance that is right), "unit", "reason" (why it is right);
    optional "hints": [{"value", "tolerance", "reason"}, ...] for wrong numbers that tell an error;
    optional "hint" for all other numbers.
"pixel"
    "picture": {"name": of `load_picture`; optional "crop": [top, left, bottom, right]};
    "region": where a click is right, one of {"label": index}, {"class": name},
    {"instance": number}, {"rectangle": [top, left, bottom, right]}, in pixels of the whole picture;
    "reason" (why it is right) and "hint" (for a click elsewhere).

A bank lies in clear on the disk, so that it can be reviewed; its answers never enter a notebook.
"""

import json
from pathlib import Path
from typing import Any

from course_utils.datasets.pictures import picture_names
from course_utils.places import data_folder
from course_utils.widgets.quiz_question import BankQuestion

_FIELDS: dict[str, dict[str, Any]] = {  # by kind: field -> types that it may have
    "single": {"options": list},
    "multiple": {"options": list},
    "number": {"value": (int, float), "tolerance": (int, float), "unit": str, "reason": str},
    "pixel": {"picture": dict, "region": dict, "reason": str, "hint": str},
}
_OPTIONAL: dict[str, dict[str, Any]] = {"number": {"hints": list, "hint": str}}
_OPTION = {"text": str, "correct": bool, "reason": str}
_HINT = {"value": (int, float), "tolerance": (int, float), "reason": str}
_REGIONS = {"label": int, "class": str, "instance": int, "rectangle": list}
_MISSING = object()


class BankError(ValueError):
    """A quiz bank that breaks its format; names file, question and field."""


def load_bank(slug: str, *, folder: Path | None = None) -> list[BankQuestion]:
    """Read and check the bank of a lesson.

    Parameters
    ----------
    slug : str
        The lesson, such as "05_evaluating_segmentation".
    folder : Path, optional
        Where the banks lie; by default the course's own ``data/quiz``.

    Returns
    -------
    list of BankQuestion

    Raises
    ------
    FileNotFoundError
        If the lesson has no bank.
    BankError
        If the bank breaks its format, naming file, question and field.

    Examples
    --------
    >>> {question.kind for question in load_bank("05_evaluating_segmentation")} <= set(_FIELDS)
    True
    """
    path = (folder or data_folder() / "quiz") / f"{slug}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.json"))) or "none"
        raise FileNotFoundError(
            f"expected a quiz at {path}, found none. Quizzes that exist: {known}."
        )
    try:
        bank = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BankError(f"{path}: expected JSON, got an error: {error}. Mend that line.") from error
    if not isinstance(bank, dict) or bank.get("lesson") != slug or not bank.get("questions"):
        raise BankError(
            f'{path}: expected an object with "lesson": "{slug}" and a list of "questions". '
            "The format stands at the top of course_utils/widgets/quiz_bank.py."
        )
    questions = [
        _question(f"{path}, question {number}", entry)
        for number, entry in enumerate(bank["questions"], start=1)
    ]
    names = [question.name for question in questions]
    for name in names:
        if names.count(name) > 1:
            raise BankError(f'{path}: expected unique ids, got "{name}" twice. Rename one.')
    return questions


def _question(where: str, entry: Any) -> BankQuestion:
    _require_fields(where, entry, {"id": str, "kind": str, "text": str}, open_ended=True)
    where, kind = f'{where} "{entry["id"]}"', entry["kind"]
    if kind not in _FIELDS:
        raise BankError(f"{where}, kind: expected one of {', '.join(_FIELDS)}, got {kind!r}.")
    content = {key: value for key, value in entry.items() if key not in ("id", "kind", "text")}
    _require_fields(where, content, _FIELDS[kind], _OPTIONAL.get(kind, {}))
    if "options" in content:
        _require_options(where, kind, content["options"])
    if kind == "number" and content["tolerance"] < 0:
        raise BankError(f"{where}, tolerance: expected at least 0, got {content['tolerance']}.")
    for i, hint in enumerate(content.get("hints", [])):
        _require_hint(f"{where}, hints[{i}]", hint, content)
    if kind == "pixel":
        _require_picture(where, content)
    question = BankQuestion(entry["id"], kind, entry["text"], content)
    if kind == "pixel" and not question.picture[1].any():
        raise BankError(f"{where}, region: expected some pixels, got none in the picture shown.")
    return question


def _require_fields(
    where: str, entry: Any, fields: dict, optional: dict | None = None, *, open_ended: bool = False
) -> None:
    if not isinstance(entry, dict):
        raise BankError(f"{where}: expected an object, got {type(entry).__name__}.")
    known = fields | (optional or {})
    for field in [*fields, *entry]:
        value = entry.get(field, _MISSING)
        if field not in known:
            if open_ended:
                continue
            raise BankError(
                f"{where}, {field}: expected one of {', '.join(known)}. Mend or delete this field."
            )
        if value is _MISSING:
            raise BankError(f"{where}, {field}: expected it, found nothing. Write it.")
        wanted = known[field]
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise BankError(f"{where}, {field}: expected {_in_words(wanted)}, got {value!r}.")
        if isinstance(value, str) and field != "unit" and not value.strip():
            raise BankError(f"{where}, {field}: expected a text, got an empty one. Write it.")


def _require_options(where: str, kind: str, options: list) -> None:
    for i, option in enumerate(options):
        _require_fields(f"{where}, options[{i}]", option, _OPTION)
    right = sum(option["correct"] for option in options)
    allowed = right == 1 if kind == "single" else right >= 1
    if not allowed or right == len(options):
        wanted = "exactly one" if kind == "single" else "at least one, and not every,"
        raise BankError(f"{where}, options: expected {wanted} correct option, got {right}.")
    texts = [option["text"] for option in options]
    if len(set(texts)) < len(texts):
        raise BankError(f"{where}, options: expected different texts, got one twice.")


def _require_hint(where: str, hint: Any, content: dict) -> None:
    _require_fields(where, hint, _HINT)
    if abs(hint["value"] - content["value"]) <= content["tolerance"]:
        raise BankError(
            f"{where}, value: expected a wrong number, got {hint['value']}, which counts as right."
        )


def _require_picture(where: str, content: dict) -> None:
    _require_fields(f"{where}, picture", content["picture"], {"name": str}, {"crop": list})
    name, region = content["picture"]["name"], content["region"]
    if name not in picture_names():
        raise BankError(
            f"{where}, picture: expected one of {', '.join(picture_names())}, got {name!r}."
        )
    if len(region) != 1:
        raise BankError(f"{where}, region: expected one of {', '.join(_REGIONS)}, got {region}.")
    _require_fields(f"{where}, region", region, {}, _REGIONS)
    _require_edges(f"{where}, picture, crop", content["picture"].get("crop"))
    _require_edges(f"{where}, region, rectangle", region.get("rectangle"))


def _require_edges(where: str, edges: list | None) -> None:
    if edges is not None and (len(edges) != 4 or not all(type(edge) is int for edge in edges)):
        raise BankError(
            f"{where}: expected four whole numbers [top, left, bottom, right], got {edges}."
        )


def _in_words(wanted: Any) -> str:
    words = {
        str: "a text",
        bool: "true or false",
        list: "a list",
        dict: "an object",
        int: "a number",
    }
    return words.get(wanted, "a number")
