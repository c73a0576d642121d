"""The real nbgrader accepts what the builder makes: it releases the same exercise, and grades it.

On a made course, and on the course's own sheets.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from made_course import (
    EXERCISE_NOTEBOOK,
    SOLUTION_NOTEBOOK,
    built_course,  # noqa: F401 (pytest finds fixtures by name)
)

from course_utils.authoring.exercise import CODE_STUB
from course_utils.places import course_root

SLUGS = sorted(path.stem for path in (course_root() / "solutions/source").glob("*.py"))


def nbgrader(root: Path, *arguments: str, **environment: str):
    """Run nbgrader in a course, with variables set; marks and progress go beside the course."""
    apart = {
        "COURSE_GRADING": str(root.parent / "grading"),
        "COURSE_PROGRESS": str(root.parent / "progress.jsonl"),
    }
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        env=os.environ | apart | environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def released(built_course, tmp_path):  # noqa: F811
    """A course of the made sheet and all our own."""
    root = tmp_path / "course"
    for slug in ["05_masks", *SLUGS]:
        origin = built_course if slug == "05_masks" else course_root()
        shutil.copytree(origin / "solutions" / slug, root / "solutions" / slug)
        shutil.copytree(origin / "exercises" / slug, root / "exercises" / slug)
    shutil.copy(course_root() / "nbgrader_config.py", root)
    return root


def notebook_in(root, folder, slug):
    return root / folder / slug / f"{slug}.ipynb"


def fill_in(exercise: Path, answers: Path, change=lambda answer: answer) -> None:
    """Put the answers of a solution into an exercise, as a student would."""
    notebook, solution = (nbformat.read(path, as_version=4) for path in (exercise, answers))
    by_id = {c.metadata.nbgrader.grade_id: c for c in solution.cells if "nbgrader" in c.metadata}
    for cell in notebook.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = change(by_id[cell.metadata.nbgrader.grade_id].source)
    nbformat.write(notebook, exercise)


def test_generate_assignment_writes_the_same_exercises(released):
    slugs = ["05_masks", *SLUGS]
    ours = {slug: notebook_in(released, "exercises", slug).read_bytes() for slug in slugs}
    (released / "solutions/05_masks/marking.md").write_text("the answers")
    shutil.rmtree(released / "exercises")
    for slug in slugs:
        run = nbgrader(released, "generate_assignment", slug)
        assert run.returncode == 0, run.stderr
        assert notebook_in(released, "exercises", slug).read_bytes() == ours[slug]
        assert len(list((released / "exercises" / slug).iterdir())) == 1
    assert (released.parent / "grading/gradebook.db").exists()
    assert not list(released.rglob("gradebook.db"))


def test_validate_accepts_the_solved_exercises(released):
    slugs = ["05_masks", *SLUGS]
    exercises = [notebook_in(released, "exercises", slug) for slug in slugs]
    for slug, exercise in zip(slugs, exercises, strict=True):
        fill_in(exercise, notebook_in(released, "solutions", slug))
    run = nbgrader(released, "validate", *map(str, exercises))
    passed = run.stdout.count("Success! Your notebook passes all the tests.")
    assert passed == len(slugs), run.stdout + run.stderr


def nothing(answer):
    """A wrong answer: each solution region returns None."""
    before, _, rest = answer.partition("### BEGIN SOLUTION")
    return f"{before}return None{rest.partition('### END SOLUTION')[2]}"


@pytest.mark.parametrize("answer", ["stub", "wrong"])
@pytest.mark.parametrize("slug", ["05_masks", "05_evaluating_segmentation"])
def test_validate_rejects_stub_and_wrong_answer(released, slug, answer):
    exercise = notebook_in(released, "exercises", slug)
    cells = nbformat.read(exercise, as_version=4).cells
    graded = [cell.cell_type for cell in cells if cell.metadata.nbgrader.grade]
    assert CODE_STUB.replace('"', r"\"") in exercise.read_text(encoding="utf-8")
    if answer == "wrong":  # a written answer is not judged, an empty one is noticed
        fill_in(exercise, notebook_in(released, "solutions", slug), nothing)
        graded = [kind for kind in graded if kind == "code"]
    run = nbgrader(released, "validate", str(exercise))
    assert f"VALIDATION FAILED ON {len(graded)} CELL(S)!" in run.stdout, run.stdout + run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="nbgrader there keeps all below the course")
def test_autograde_notices_a_failed_check_despite_its_tag(built_course, tmp_path):  # noqa: F811
    from nbgrader.api import Gradebook

    root, grading = tmp_path / "course", tmp_path / "grading"
    shutil.copytree(built_course, root)
    for student, change in {"ada": str, "eve": lambda answer: answer.replace("2 *", "3 *")}.items():
        submitted = grading / "submitted" / student / "05_masks" / "05_masks.ipynb"
        submitted.parent.mkdir(parents=True)
        shutil.copy(root / EXERCISE_NOTEBOOK, submitted)
        fill_in(submitted, root / SOLUTION_NOTEBOOK, change)
        assert "raises-exception" in submitted.read_text()
    run = nbgrader(root, "generate_assignment", "05_masks", "--force")
    assert run.returncode == 0, run.stderr
    run = nbgrader(root, "autograde", "05_masks")
    assert run.returncode == 0, run.stderr
    with Gradebook(f"sqlite:///{grading / 'gradebook.db'}") as gradebook:
        score = {s: gradebook.find_submission("05_masks", s).score for s in ("ada", "eve")}
        assert score == {"ada": 3, "eve": 0}
        assert gradebook.find_submission("05_masks", "ada").needs_manual_grade
    assert not {path.name for path in root.iterdir()} & {"autograded", "submitted", "gradebook.db"}


def test_grading_inside_the_course_is_refused(built_course):  # noqa: F811
    inside = built_course / "grading"
    run = nbgrader(built_course, "list", COURSE_GRADING=str(inside))
    assert run.returncode != 0
    assert "COURSE_GRADING must name a folder outside the course" in run.stderr
    assert str(inside) in run.stderr
    assert not inside.exists()


def test_without_the_variable_grading_goes_to_the_users_folder(built_course, tmp_path):  # noqa: F811
    root = Path(shutil.copytree(built_course, tmp_path / "course"))
    user = tmp_path / "user"
    user.mkdir()
    homes = {name: str(user) for name in ("XDG_DATA_HOME", "HOME", "LOCALAPPDATA")}
    run = nbgrader(root, "generate_assignment", "05_masks", "--force", COURSE_GRADING="", **homes)
    assert run.returncode == 0, run.stderr
    (gradebook,) = tmp_path.rglob("gradebook.db")
    assert user in gradebook.parents
    assert gradebook.parent.name == "grading"
