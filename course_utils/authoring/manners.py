"""Manners: what a reader meets in every lesson, and what an output never shows.

The limits here are those beyond which a cell must be split; the aims are lower, 12 lines of code
and 120 words.
"""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from course_utils.authoring.execute import WIDGET_VIEW
from course_utils.authoring.exercise import first_line
from course_utils.authoring.source import tags
from course_utils.places import course_root

CODE_LINES = 20
TEXT_WORDS = 150
MEGABYTES = 1.5
_BASE64 = re.compile(r"base64,[A-Za-z0-9+/=\s]+")
_IMAGE = re.compile(r"""<img\b(?:[^>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*("[^"]*\w[^"]*"|'[^']*\w[^']*')""", re.IGNORECASE)
_SPEAKS = re.compile(r"(predict|reveal|check)\(")
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")
_HOME = re.compile(r"/home/\w|/Users/\w|\b[A-Za-z]:\\+Users\b")


def lesson_manners(name: str, notebook: NotebookNode) -> list[str]:
    """Texts of a lesson that are too long, code that no text introduces, a `;` at a cell's end.

    A question (`predict(`) is text for itself and for the code that answers it; a `reveal(`, a
    `check(` or a single line, such as the demo of a picture just drawn, may follow other code.
    """
    lines, introduced = [], False
    for cell in notebook.cells:
        where, length = at_cell(name, cell), len(cell.source.splitlines())
        if cell.cell_type == "code":
            if not introduced and length > 1 and not _SPEAKS.match(cell.source):
                lines.append(f"{where}: no text before this code. Say above it what it shows.")
            if cell.source.rstrip().endswith(";") and "nbval-ignore-output" not in tags(cell):
                what = "ends with `;`, which nbval does not heed: it would see the value"
                lines.append(f"{where}: {what}. End with a printed fact, or assign the value.")
        elif (words := _count_words(cell.source)) > TEXT_WORDS:
            what = f"{words} words, at most {TEXT_WORDS} are read in one go"
            lines.append(f"{where}: {what}. Split the cell.")
        introduced = cell.cell_type == "markdown" or cell.source.startswith("predict(")
    return lines


def code_manners(name: str, notebook: NotebookNode) -> list[str]:
    """Code cells of a lesson or a solution that hold more than one idea, one line each."""
    lines = []
    for cell in notebook.cells:
        length = len(cell.source.splitlines())
        if cell.cell_type == "code" and length > CODE_LINES:
            what = f"{length} lines of code, at most {CODE_LINES} hold one idea"
            remedy = "Split the cell, or move code into course_utils."
            lines.append(f"{at_cell(name, cell)}: {what}. {remedy}")
    return lines


def output_manners(name: str, notebook: NotebookNode, size: int) -> list[str]:
    """Pictures without alternative text, a file (of `size` bytes) too big, outputs that are not
    the same elsewhere, one line each."""
    lines = []
    if size > MEGABYTES * 1e6:
        what = f"{size / 1e6:.1f} MB, at most {MEGABYTES} MB open quickly"
        lines.append(f"{name}: {what}. Draw smaller or fewer pictures.")
    if "widgets" in notebook.metadata:
        lines.append(f"{name}: stores the state of widgets. Build it anew.")
    for cell in notebook.cells:
        found = _in_text(cell) if cell.cell_type == "markdown" else _in_outputs(cell)
        lines += [f"{at_cell(name, cell)}: {what}" for what in found]
    return lines


def at_cell(name: str, cell: NotebookNode) -> str:
    """Where a problem is: the notebook, the cell's id and its first line."""
    return f"{name} cell {cell.get('id', '?')} `{first_line(cell)[:60]}`"


def _in_text(cell: NotebookNode) -> Iterator[str]:
    if re.search(r"!\[\s*\]", cell.source) or _lacks_alternative(cell.source):
        yield "a picture without alternative text. Write `![what it shows](file)`."


def _in_outputs(cell: NotebookNode) -> Iterator[str]:
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        page = _BASE64.sub("base64,", data.get("text/html", ""))
        drawn = any(kind.startswith("image/") for kind in data)
        if _lacks_alternative(page) or (drawn and not _IMAGE.search(page)):
            yield "a picture without alternative text. Give it one with plotting.set_alt_text."
        if WIDGET_VIEW in data:
            yield "stores a widget's view, which reopens as an error. Build it anew."
        if output.get("name") == "stderr":
            yield "writes to stderr. Mend what it warns about."
        text = "\n".join([page, data.get("text/plain", ""), output.get("text", "")])
        if address := _ADDRESS.search(text):
            yield f"prints the memory address {address[0]}, new in each run. Print a fact instead."
        if _HOME.search(text) or any(path in text for path in _paths_of_this_machine()):
            yield "prints a path of this machine. Print a path inside the course."


def _lacks_alternative(page: str) -> bool:
    return any(not _ALT.search(image) for image in _IMAGE.findall(page))


def _paths_of_this_machine() -> list[str]:
    folders = [Path.home(), Path(tempfile.gettempdir()), course_root()]
    return [f"{path}/" for path in folders if len(path.parts) > 1]


def _count_words(text: str) -> int:
    """Words of a text cell as read, without formulas and the targets of links."""
    text = re.sub(r"\]\([^)]*\)", "]", re.sub(r"\$[^$]+\$", " ", text))
    return sum(any(letter.isalnum() for letter in word) for word in text.split())
