"""Percent scripts, and the notebooks that they imply.

A lesson or an exercise sheet is written once, as a percent script; its notebooks are derived and
never edited. notebooks/source/SLUG.py gives the lesson notebooks/SLUG.ipynb, and
solutions/source/SLUG.py gives solutions/SLUG/SLUG.ipynb and exercises/SLUG/SLUG.ipynb.
A cell's tags stand in its percent line: `# %% tags=["measured"]`.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import jupytext
from nbformat import NotebookNode

from course_utils.authoring.exercise import mark_cells

FOLDERS = {"solution": "solutions", "exercise": "exercises"}


@dataclass(frozen=True)
class Derived:
    """A notebook to derive: its kind (lesson, solution or exercise), its script, its place."""

    kind: str
    source: Path
    path: Path


def derived_notebooks(root: Path) -> list[Derived]:
    """Every notebook that the sources under `root` imply: lessons, then sheets, by slug."""
    lessons = sorted((root / "notebooks/source").glob("*.py"))
    sheets = sorted((root / "solutions/source").glob("*.py"))
    return [
        Derived("lesson", source, root / f"notebooks/{source.stem}.ipynb") for source in lessons
    ] + [
        Derived(kind, source, root / folder / source.stem / f"{source.stem}.ipynb")
        for source in sheets
        for kind, folder in FOLDERS.items()
    ]


def read_source(source: Path, *, graded: bool) -> NotebookNode:
    """The notebook of one percent script, not yet run.

    A cell's id is a hash of its text, so that it survives a rebuild and changes elsewhere.

    Parameters
    ----------
    source : Path
        A percent script.
    graded : bool
        Whether it is an exercise sheet, whose cells get nbgrader's metadata.

    Raises
    ------
    ValueError
        A mark of an exercise sheet is missing or misplaced (see `exercise.mark_cells`).
    """
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata = NotebookNode(kernelspec=kernel, language_info={"name": "python"})
    seen = Counter[str]()
    for cell in notebook.cells:
        cell.id = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[cell.id] += 1
        if seen[cell.id] > 1:
            cell.id += f"-{seen[cell.id]}"
        kept = {key: cell.metadata[key] for key in ("tags", "points") if key in cell.metadata}
        cell.metadata = NotebookNode(kept)
        if "measured" in tags(cell) and "nbval-ignore-output" not in tags(cell):
            cell.metadata["tags"] = [*tags(cell), "nbval-ignore-output"]
    if graded:
        mark_cells(notebook, lesson=int(source.stem[:2]))
    return notebook


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell, perhaps none."""
    return cell.metadata.get("tags", [])
