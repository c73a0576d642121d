"""Exercise sheets: nbgrader's metadata, and the exercise that students get from the solution.

The metadata is derived. A code cell with `### BEGIN SOLUTION` is an answer ("5-1-answer"), a code
cell that starts with `check(` is locked and graded ("5-1-check-1", "5-1-check-2"), a Markdown cell
tagged `hand-graded` holds the model answer to a written question, every other cell is read-only.
Checks and hand-graded cells have points in the percent line: `# %% points=2`. Cells tagged
`solution` are for readers of the solution alone.
"""

import re
from collections import Counter
from copy import deepcopy

from nbconvert.preprocessors import ClearMetadataPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode
from traitlets.config import Config

CODE_STUB = 'raise NotImplementedError("Write your answer here, then run this cell again.")'
TEXT_STUB = "*Write your answer here.*"
_HEADING = re.compile(r"^#+ (\d+\.\d+)", re.MULTILINE)
_CHECK = re.compile(r"check\(\s*[\"'](\d+\.\d+)[\"']")
_MARK = re.compile(r"^\s*#+ *(BEGIN|END)\b.*$", re.MULTILINE)


def mark_cells(notebook: NotebookNode, lesson: int) -> None:
    """Write nbgrader's metadata (schema 3) into the cells of a sheet, in place.

    Raises
    ------
    ValueError
        Points are missing or misplaced, a check does not name its exercise, or no answer is marked
        above it (it would be released).

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> answer = new_code_cell("### BEGIN SOLUTION\\ndice = 0.5\\n### END SOLUTION")
    >>> check = new_code_cell('check("5.0", dice)', metadata={"points": 2})
    >>> mark_cells(new_notebook(cells=[answer, check]), lesson=5)
    >>> check.metadata.nbgrader.grade_id, check.metadata.nbgrader.points
    ('5-0-check-1', 2)
    """
    exercise, count = f"{lesson}.0", Counter[str]()
    for cell in notebook.cells:
        tags, points = cell.metadata.get("tags", []), cell.metadata.pop("points", None)
        is_code, line = cell.cell_type == "code", first_line(cell)
        if not is_code and (headings := _HEADING.findall(cell.source)):
            exercise = headings[-1]
        if "solution" in tags:
            continue
        is_check = is_code and cell.source.startswith("check(")
        is_written = "hand-graded" in tags
        is_answer = is_written or (is_code and "BEGIN SOLUTION" in cell.source)
        if (points is not None) != (is_check or is_written):
            raise ValueError(
                "each check and each hand-graded cell needs points, other cells have none; got "
                f"points={points} on the cell `{line}`. Write `# %% points=1` above a check."
            )
        if is_check:
            if not (named := _CHECK.match(cell.source)):
                raise ValueError(f'a check names its exercise, `check("5.1", ...`, got `{line}`.')
            exercise = named[1]
            if not count[f"{exercise.replace('.', '-')}-answer"]:
                raise ValueError(
                    f"no answer is marked above `{line}`, students would get it with the exercise. "
                    "Put it between `### BEGIN SOLUTION` and `### END SOLUTION`."
                )
        role = "check" if is_check else "answer" if is_answer else "text"
        grade_id = f"{exercise.replace('.', '-')}-{role}"
        count[grade_id] += 1
        if not is_answer or count[grade_id] > 1:
            grade_id += f"-{count[grade_id]}"
        cell.metadata["nbgrader"] = NotebookNode(
            grade=is_check or is_written,
            grade_id=grade_id,
            locked=not is_answer,
            schema_version=3,
            solution=is_answer,
            task=False,
        )
        if points is not None:
            cell.metadata.nbgrader["points"] = points
        if is_code and role != "text":  # Run All goes on after an unsolved answer or check
            cell.metadata["tags"] = [*tags, "raises-exception"]


def release_settings() -> Config:
    """The settings with which `nbgrader generate_assignment` makes our exercises.

    nbgrader's preprocessors in nbgrader's order, after two of nbconvert's that remove the cells
    tagged `solution` and what the build notes in the notebook's metadata.
    """
    from nbgrader.converters import GenerateAssignment  # slow to import, needed by sheets only

    settings = Config()
    settings.GenerateAssignment.preprocessors = [
        TagRemovePreprocessor,
        ClearMetadataPreprocessor,
        *GenerateAssignment.preprocessors.default(),
    ]
    settings.TagRemovePreprocessor.enabled = True
    settings.TagRemovePreprocessor.remove_cell_tags = {"solution"}
    settings.ClearMetadataPreprocessor.enabled = True
    settings.ClearMetadataPreprocessor.clear_cell_metadata = False
    settings.ClearMetadataPreprocessor.preserve_nb_metadata_mask = {"kernelspec", "language_info"}
    settings.ClearSolutions.code_stub = {"python": CODE_STUB}
    settings.ClearSolutions.text_stub = TEXT_STUB
    return settings


def exercise_from_solution(solution: NotebookNode) -> NotebookNode:
    """The exercise of a solution: answers, hidden tests, outputs and `solution` cells are gone.

    It is what `nbgrader generate_assignment` writes, made without nbgrader's database.

    Raises
    ------
    ValueError, RuntimeError
        A BEGIN or END mark without its partner, or misspelt.
    """
    from nbgrader.preprocessors import SaveCells

    settings, exercise = release_settings(), deepcopy(solution)
    for preprocessor in settings.GenerateAssignment.preprocessors:
        if preprocessor is not SaveCells:
            exercise, _ = preprocessor(config=settings)(exercise, {})
    for cell in exercise.cells:
        if mark := _MARK.search(cell.source):
            raise ValueError(
                f"nbgrader does not know the mark `{mark[0].strip()}`, students would get what it "
                "marks. Write BEGIN SOLUTION, END SOLUTION, BEGIN HIDDEN TESTS or END HIDDEN TESTS."
            )
    return exercise


def first_line(cell: NotebookNode) -> str:
    """The first line of a cell, by which a message names it."""
    return cell.source.strip().partition("\n")[0]
