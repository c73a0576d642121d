"""Whether the committed notebooks are what the build would write, judged without running anything.

Each problem is one line: the file and the cell, what is wrong, what to do.
"""

import hashlib
import json
from itertools import zip_longest
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.authoring import lesson_list
from course_utils.authoring.exercise import exercise_from_solution
from course_utils.authoring.fingerprint import fingerprint
from course_utils.authoring.manners import at_cell, code_manners, lesson_manners, output_manners
from course_utils.authoring.source import Derived, derived_notebooks, read_source

BUILD = "Run `python -m course_utils.authoring build`."


def check(root: Path) -> list[str]:
    """All problems of the notebooks under `root`, one line each; none if all is well."""
    notebooks = derived_notebooks(root)
    lines = [line for notebook in notebooks for line in problems(root, notebook)]
    implied = {notebook.path for notebook in notebooks}
    for folder in ("notebooks", "solutions", "exercises"):
        for path in sorted((root / folder).rglob("*.ipynb")):
            if path not in implied and ".ipynb_checkpoints" not in path.parts:
                lines.append(f"{path.relative_to(root).as_posix()}: has no source. Delete it.")
    return lines + lesson_list.problems(root)


def problems(root: Path, notebook: Derived) -> list[str]:
    """All that is wrong with one notebook: drift from its source, then bad manners."""
    lines, committed = drift(root, notebook), _committed(notebook)
    name = notebook.path.relative_to(root).as_posix()
    if committed is not None and notebook.kind != "exercise":
        lines += output_manners(name, committed, notebook.path.stat().st_size)
        lines += code_manners(name, committed)
    if committed is not None and notebook.kind == "lesson":
        lines += lesson_manners(name, committed)
    return lines


def drift(root: Path, notebook: Derived) -> list[str]:
    """Why a committed notebook is not what the build would write; none if it is."""
    name = notebook.path.relative_to(root).as_posix()
    committed = _committed(notebook)
    if committed is None:
        return [f"{name}: is not there, or not readable. {BUILD}"]
    try:
        expected = read_source(notebook.source, graded=notebook.kind != "lesson")
        if notebook.kind == "exercise":
            expected = exercise_from_solution(expected)
        made_from = fingerprint(root, notebook.source)
    except (ValueError, RuntimeError) as error:
        return [f"{notebook.source.relative_to(root).as_posix()}: {error}"]
    compared, how = ["id", "cell_type", "source", "metadata"], "an edit by hand, or a newer source"
    if notebook.kind == "exercise":
        compared += ["outputs", "execution_count"]
        how += ", or an answer, a hidden test or an output left inside"
    for old, new in zip_longest(committed.cells, expected.cells, fillvalue=NotebookNode()):
        if [old.get(key) for key in compared] != [new.get(key) for key in compared]:
            return [f"{at_cell(name, old or new)}: differs from its source ({how}). {BUILD}"]
    return [] if notebook.kind == "exercise" else _not_run(name, made_from, committed)


def cells_hash(notebook: NotebookNode) -> str:
    """Hash of a notebook's cells with their outputs: it shows an edit by hand."""
    return hashlib.sha256(json.dumps(notebook.cells, sort_keys=True).encode()).hexdigest()


def _not_run(name: str, made_from: str, committed: NotebookNode) -> list[str]:
    """Why a notebook's outputs are not those of its code and data."""
    lines = []
    for cell in committed.cells:
        if cell.get("execution_count", 0) is None and cell.source.strip():
            lines.append(f"{at_cell(name, cell)}: was never run, nbval cannot test it. {BUILD}")
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            lines.append(f"{at_cell(name, cell)}: stores an error. Mend the source, then build.")
    made = committed.metadata.get("course", {})
    if made.get("made_from") != made_from:
        lines.append(f"{name}: was made by other code or data. {BUILD}")
    if not lines and made.get("cells") != cells_hash(committed):
        lines.append(f"{name}: its outputs were edited by hand. {BUILD}")
    return lines


def _committed(notebook: Derived) -> NotebookNode | None:
    """The notebook as it stands on disk; None without one that can be read."""
    try:
        return nbformat.read(notebook.path, as_version=4)
    except (OSError, ValueError, KeyError, AttributeError):
        return None
