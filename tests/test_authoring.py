"""The builder is deterministic, incremental and atomic; the check refuses all else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from made_course import (
    EXERCISE_NOTEBOOK,
    LESSON,
    LESSON_NOTEBOOK,
    SHEET,
    SOLUTION_NOTEBOOK,
    built_course,  # noqa: F401 (pytest finds fixtures by name)
    cell_with,
    course,  # noqa: F401
    edit,
    write_sources,
)
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.authoring.__main__ import main
from course_utils.authoring.build import build
from course_utils.authoring.check import check
from course_utils.authoring.execute import keep_measured
from course_utils.authoring.exercise import exercise_from_solution
from course_utils.authoring.fingerprint import fingerprint, modules_behind
from course_utils.authoring.lesson_list import lesson_list
from course_utils.authoring.manners import code_manners, lesson_manners, output_manners
from course_utils.authoring.source import read_source

NOTEBOOKS = (LESSON_NOTEBOOK, SOLUTION_NOTEBOOK, EXERCISE_NOTEBOOK)


def read(root, name):
    return nbformat.read(root / name, as_version=4)


def refusals(root, text):
    """The lines of `check` that hold `text`; without one the test fails and shows all lines."""
    lines = check(root)
    assert any(text in line for line in lines), lines
    return [line for line in lines if text in line]


# --- build -------------------------------------------------------------------------------------


def test_two_builds_are_byte_identical_and_measurements_are_kept(course):  # noqa: F811
    before = {name: (course / name).read_bytes() for name in NOTEBOOKS}
    assert build(course, everything=True) == []
    assert {name: (course / name).read_bytes() for name in NOTEBOOKS} == before


def test_a_build_stores_outputs_of_a_clean_kernel(built_course):  # noqa: F811
    notebook = read(built_course, LESSON_NOTEBOOK)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5]
    assert all("execution" not in cell.metadata for cell in code)
    assert [output.text for output in code[1].outputs] == ["6 x 7 =\n42\n"]
    assert code[2].metadata.tags == ["measured", "nbval-ignore-output"]
    assert set(code[3].outputs[0].data) == {"text/html", "image/png", "text/plain"}
    assert set(notebook.metadata) == {"course", "kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}


def test_cell_ids_survive_a_change_elsewhere_and_are_unique(tmp_path):
    first = tmp_path / "01_a.py"
    first.write_text("# %%\n1\n# %%\n2\n# %%\n2\n", encoding="utf-8")
    ids = [cell.id for cell in read_source(first, graded=False).cells]
    first.write_text("# %%\n0\n# %%\n2\n# %%\n2\n", encoding="utf-8")
    assert [cell.id for cell in read_source(first, graded=False).cells][1:] == ids[1:]
    assert len(set(ids)) == 3


def test_only_what_changed_is_rebuilt(course, capsys):  # noqa: F811
    source = course / "notebooks/source/05_masks.py"
    source.write_text(LESSON.replace("6 * 7", "6 + 7"), encoding="utf-8")
    solution_written = (course / SOLUTION_NOTEBOOK).stat().st_mtime_ns
    refusals(course, "differs from its source")
    assert build(course) == []
    printed = capsys.readouterr().out
    assert f"[1/1] {LESSON_NOTEBOOK}: built" in printed
    assert "solutions" not in printed
    assert (course / SOLUTION_NOTEBOOK).stat().st_mtime_ns == solution_written
    assert "13" in cell_with(read(course, LESSON_NOTEBOOK), "6 + 7").outputs[0].text
    assert build(course) == []
    assert capsys.readouterr().out == ""


def test_a_measurement_is_dropped_when_its_cell_changes(built_course):  # noqa: F811
    committed = read(built_course, LESSON_NOTEBOOK)
    for text, kept in (("print(time.perf_counter())", True), ("print(time.time())", False)):
        fresh = read_source(built_course / "notebooks/source/05_masks.py", graded=False)
        cell = cell_with(fresh, "print(time")
        if not kept:
            cell.source, cell.id = text, "changed"
        keep_measured(fresh, committed)
        assert bool(cell.outputs) is kept


WIDGET = """\
# %% {tags}
display({{"text/plain": "IntSlider(value=0)", {page}
         "application/vnd.jupyter.widget-view+json": {{"model_id": "a"}}}}, raw=True)
"""


@pytest.fixture(scope="module")
def failed_build(tmp_path_factory):
    """A course where every notebook fails; its old notebooks hold the word `old`."""
    root = write_sources(
        tmp_path_factory.mktemp("failing"),
        LESSON.replace("print(6 * 7)", "print(6 / 0)"),
        SHEET.replace("return 2 * number", "return 3 * number"),
    )
    bare = 'tags=["nbval-ignore-output"]'
    for slug, widget in {
        "06_untagged": WIDGET.format(tags="", page='"text/html": "<p>a still</p>",'),
        "07_no_still": WIDGET.format(tags=bare, page=""),
    }.items():
        lesson = LESSON.replace("# 05", f"# {slug[:2]}") + widget
        (root / f"notebooks/source/{slug}.py").write_text(lesson)
    (root / SOLUTION_NOTEBOOK).parent.mkdir(parents=True)
    for name in (LESSON_NOTEBOOK, SOLUTION_NOTEBOOK):
        (root / name).write_text("old")
    return root, build(root)


@pytest.mark.parametrize(
    ("source", "words"),
    {
        "notebooks/source/05_masks.py": ("print(6 / 0)", "ZeroDivisionError"),
        "solutions/source/05_masks.py": ('check("5.1", twice)', "5.1 not yet"),
        "notebooks/source/06_untagged.py": ("shows a widget", 'tags=["nbval-ignore-output"]'),
        "notebooks/source/07_no_still.py": ("without a still picture", "`Demo`"),
    }.items(),
)
def test_a_build_that_fails_says_which_cell_and_why(failed_build, source, words):
    (line,) = [line for line in failed_build[1] if line.startswith(f"{source}: ")]
    assert all(word in line for word in words)


def test_a_build_that_fails_leaves_the_old_notebook(failed_build):
    assert {
        (failed_build[0] / name).read_text() for name in (LESSON_NOTEBOOK, SOLUTION_NOTEBOOK)
    } == {"old"}


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_killed_build_leaves_the_old_notebook(course):  # noqa: F811
    before, flag = (course / LESSON_NOTEBOOK).read_bytes(), course / "kernel.pid"
    tell = f"import os\nopen({str(flag)!r}, 'w').write(str(os.getpid()))\n"
    (course / "notebooks/source/05_masks.py").write_text(f"{LESSON}# %%\n{tell}time.sleep(60)\n")
    command = [sys.executable, "-m", "course_utils.authoring", "--root", str(course), "build"]
    building = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if flag.exists() and flag.read_text():
                break
            time.sleep(0.1)
        assert building.poll() is None
    finally:
        building.kill()
        building.wait()
        os.kill(int(flag.read_text()), signal.SIGKILL)
    assert (course / LESSON_NOTEBOOK).read_bytes() == before


def test_a_write_that_fails_leaves_the_old_file(course, monkeypatch):  # noqa: F811
    (course / "notebooks/README.md").write_text("old")

    def killed(draft, path):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        build(course)
    assert (course / "notebooks/README.md").read_text() == "old"


def test_the_command_line_reports_by_its_exit_status(course, capsys):  # noqa: F811
    assert main(["--root", str(course), "check"]) == 0
    assert "Every notebook is what its source implies." in capsys.readouterr().out
    (course / EXERCISE_NOTEBOOK).unlink()
    assert main(["--root", str(course), "check"]) == 1
    assert f"{EXERCISE_NOTEBOOK}: is not there, or not readable. Run" in capsys.readouterr().out
    assert main(["--root", str(course), "build", "05_mask"]) == 1
    assert "05_mask: no such source." in capsys.readouterr().out


# --- check -------------------------------------------------------------------------------------


def test_a_built_course_passes(built_course):  # noqa: F811
    assert check(built_course) == []


def clear_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.update(outputs=[], execution_count=None)


def store_error(notebook):
    cell_with(notebook, "6 * 7").outputs = [new_output("error", ename="E", evalue="", traceback=[])]


def leave_answer(notebook):
    cell = cell_with(notebook, "raise NotImplementedError")
    cell.source = cell.source.replace("raise NotImplementedError", "return 2 * number  #")


def not_run(notebook):
    cell_with(notebook, "6 * 7").execution_count = None


def retitle(notebook):
    notebook.cells[0].source = "# 05 Hi"


def tag(notebook):
    cell_with(notebook, "6 * 7").metadata.tags = ["x"]


def drop_output(notebook):
    cell_with(notebook, "6 * 7").outputs = []


def forget_origin(notebook):
    del notebook.metadata["course"]


def count_run(notebook):
    notebook.cells[1].execution_count = 1


def add_cell(notebook):
    notebook.cells.append(new_markdown_cell("Twice"))


@pytest.mark.parametrize(
    ("name", "change", "cell", "message"),
    [
        (LESSON_NOTEBOOK, clear_outputs, "`import base64`", "was never run"),
        (LESSON_NOTEBOOK, not_run, "`print(", "was never run"),
        (SOLUTION_NOTEBOOK, clear_outputs, "`def check(", "was never run"),
        (LESSON_NOTEBOOK, store_error, "`print(", "stores an error"),
        (LESSON_NOTEBOOK, retitle, "`# 05 Hi`", "differs from its source"),
        (LESSON_NOTEBOOK, lambda notebook: notebook.cells.pop(), "`display(", "differs from"),
        (LESSON_NOTEBOOK, tag, "`print(", "differs from its source"),
        (LESSON_NOTEBOOK, drop_output, "", "outputs were edited by hand"),
        (LESSON_NOTEBOOK, forget_origin, "", "was made by other code or data"),
        (EXERCISE_NOTEBOOK, leave_answer, "`def twice(number):`", "or an answer, a hidden test or"),
        (EXERCISE_NOTEBOOK, count_run, "`def check", "left inside"),
        (EXERCISE_NOTEBOOK, add_cell, "`Twice`", "differs from its source"),
    ],
)
def test_a_notebook_that_was_touched_is_refused(course, name, change, cell, message):  # noqa: F811
    edit(course / name, change)
    for line in refusals(course, message)[:1]:
        assert line.startswith(name)
        assert cell in line
        assert line.endswith(("Run `python -m course_utils.authoring build`.", "then build."))


def test_a_notebook_without_source_is_refused_and_one_without_notebook(course):  # noqa: F811
    (course / "solutions/source/05_masks.py").rename(course / "solutions/source/06_masks.py")
    assert refusals(course, "has no source. Delete it.") == [
        f"{SOLUTION_NOTEBOOK}: has no source. Delete it.",
        f"{EXERCISE_NOTEBOOK}: has no source. Delete it.",
    ]
    assert len(refusals(course, "06_masks.ipynb: is not there")) == 2


def test_a_damaged_notebook_is_refused(course):  # noqa: F811
    (course / LESSON_NOTEBOOK).write_text("<<<<<<< HEAD")
    refusals(course, f"{LESSON_NOTEBOOK}: is not there, or not readable.")


def test_a_lesson_list_that_is_old_is_refused(course):  # noqa: F811
    (course / "notebooks/README.md").write_text("# Lessons")
    refusals(course, "notebooks/README.md: is not the list of these lessons.")


LONG = new_code_cell("\n".join(f"a{number} = {number}" for number in range(21)))
TEXT = new_markdown_cell("Text.")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([TEXT, new_code_cell("1"), new_code_cell("2\n3")], "`2`: no text before this code"),
        ([new_code_cell("import sys\nsys.path")], "`import sys`: no text before this code"),
        ([TEXT, new_code_cell("show(a);")], "`show(a);`: ends with `;`, which nbval does not heed"),
        ([new_markdown_cell("word " * 151)], "151 words, at most 150"),
    ],
)
def test_bad_manners_of_a_lesson_are_refused(cells, message):
    (line,) = lesson_manners("notebooks/05_masks.ipynb", new_notebook(cells=cells))
    assert message in line


@pytest.mark.parametrize("name", [LESSON_NOTEBOOK, SOLUTION_NOTEBOOK])
def test_code_of_more_than_20_lines_is_refused_in_lessons_and_solutions(course, name):  # noqa: F811
    assert code_manners(name, nbformat.read(course / name, as_version=4)) == []
    edit(course / name, lambda notebook: notebook.cells.append(LONG))
    refusals(course, "`a0 = 0`: 21 lines of code, at most 20")


def test_formulas_links_and_table_rules_are_not_words():
    text = new_markdown_cell("one [two](a.md) $x + y$ | --- | three" * 50)
    assert lesson_manners("lesson", new_notebook(cells=[text])) == []


def test_a_question_is_text_and_single_lines_may_follow_code():
    code = ["a = 1\nb = 2", "predict(\n'a')", "a = 3\nb = 4", "show(b)", 'check("5.1",\n a)']
    widget = new_code_cell("a.demo();", metadata={"tags": ["nbval-ignore-output"]})
    cells = [TEXT, *map(new_code_cell, code), widget]
    assert lesson_manners("lesson", new_notebook(cells=cells)) == []


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def shown(kind, content, page=None):
    return new_output("display_data", {kind: content} | ({"text/html": page} if page else {}))


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (shown("image/png", "AAAA"), "a picture without alternative text"),
        (shown("image/png", "AAAA", "<img src='a'>"), "a picture without alternative text"),
        (shown("image/png", "AAAA", '<img alt="" src="a">'), "a picture without alternative text"),
        (shown("text/plain", "<Line2D at 0x7f3a5c6e>"), "memory address 0x7f3a5c6e"),
        (printed("/home/ada/x"), "a path of this machine"),
        (printed(f"{Path.home()}/x"), "a path of this machine"),
        (printed("UserWarning: x", "stderr"), "writes to stderr"),
        (shown("application/vnd.jupyter.widget-view+json", {}), "stores a widget's view"),
    ],
)
def test_an_output_that_readers_or_other_machines_cannot_use_is_refused(output, message):
    notebook = new_notebook(cells=[new_code_cell("show()", outputs=[output])])
    assert any(message in line and "`show()`" in line for line in output_manners("x", notebook, 1))


def test_good_outputs_pass():
    page = '<img alt="a ship, 5 of > 100 pixels" src="data:image/png;base64,/home/x+0x7f3a5c6e">'
    cells = [
        new_code_cell(outputs=[shown("image/png", "AAAA", page)]),
        new_markdown_cell("![a ship](ship.png)"),
    ]
    assert output_manners("x", new_notebook(cells=cells), 1_500_000) == []


@pytest.mark.parametrize("text", ["![](ship.png)", "![ ](ship.png)", "<img src='ship.png'>"])
def test_a_picture_in_a_text_needs_alternative_text(text):
    (line,) = output_manners("x", new_notebook(cells=[new_markdown_cell(text)]), 1)
    assert "a picture without alternative text. Write `![what it shows](file)`." in line


def test_a_notebook_too_big_is_refused(course):  # noqa: F811
    big = [printed("x" * 1_600_000)]
    edit(course / LESSON_NOTEBOOK, lambda n: cell_with(n, "6 * 7").update(outputs=big))
    refusals(course, "1.6 MB, at most 1.5 MB")


# --- fingerprint -------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path):
    """A course whose lesson imports `a`, which imports `b`; `c` is imported by nobody."""
    files = {
        "notebooks/source/05_masks.py": "from course_utils.widgets import a\nfile = 'speed.json'\n",
        "course_utils/__init__.py": "",
        "course_utils/widgets/__init__.py": "",
        "course_utils/widgets/a.py": "def f():\n    from .. import b\n",
        "course_utils/b.py": "from course_utils.checks.check import check\n",
        "course_utils/c.py": "",
        "course_utils/checks/__init__.py": "",
        "course_utils/checks/check.py": "",
        "course_utils/checks/lesson05.py": "from course_utils.datasets.pictures import x\n",
        "course_utils/checks/lesson06.py": "",
        "course_utils/datasets/pictures.py": "x = 1\n",
        "data/annotations/coins.json": "{}",
        "data/quiz/05_masks.json": "{}",
        "data/05_masks/truth.png": "PNG\n",
        "data/quiz/06_edges.json": "{}",
        "benchmarks/results/speed.json": "{}",
        "benchmarks/results/other.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def test_the_fingerprint_knows_the_modules_behind_a_lesson(package):
    found = modules_behind(package, package / "notebooks/source/05_masks.py")
    assert [path.relative_to(package / "course_utils").as_posix() for path in found] == [
        "__init__.py",
        "b.py",
        "checks/__init__.py",
        "checks/check.py",
        "checks/lesson05.py",
        "datasets/pictures.py",
        "widgets/__init__.py",
        "widgets/a.py",
    ]


@pytest.mark.parametrize(
    ("name", "counts"),
    {
        "notebooks/source/05_masks.py": True,
        "course_utils/b.py": True,
        "course_utils/checks/lesson05.py": True,
        "data/annotations/coins.json": True,
        "data/quiz/05_masks.json": True,
        "data/05_masks/truth.png": True,
        "course_utils/c.py": False,
        "course_utils/checks/lesson06.py": False,
        "data/quiz/06_edges.json": False,
        "benchmarks/results/speed.json": True,
        "benchmarks/results/other.json": False,
    }.items(),
)
def test_the_fingerprint_changes_with_what_the_lesson_stands_on_and_only_then(
    package, name, counts
):
    source = package / "notebooks/source/05_masks.py"
    before = fingerprint(package, source)
    with (package / name).open("ab") as file:
        file.write(b"#")
    assert (fingerprint(package, source) != before) is counts


def test_the_fingerprint_is_the_same_with_other_line_ends(package):
    source = package / "notebooks/source/05_masks.py"
    before = fingerprint(package, source)
    for path in package.rglob("*.*"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert fingerprint(package, source) == before


def test_a_source_that_is_not_python_is_named_with_its_line(course):  # noqa: F811
    (course / "notebooks/source/05_masks.py").write_text(
        LESSON.replace("print(6 * 7)", "print(6 *")
    )
    line = "notebooks/source/05_masks.py: 05_masks.py, line 18: '(' was never closed. Mend it."
    assert refusals(course, "never closed") == [line]
    assert line in build(course)


# --- lesson list -------------------------------------------------------------------------------


def test_the_lesson_list_shows_what_the_first_cell_says(built_course):  # noqa: F811
    row = (built_course / "notebooks/README.md").read_text().splitlines()[-1]
    assert row == (
        "| 05 | [How good is a mask?](05_masks.ipynb) "
        "| compute IoU by hand, and say why accuracy flatters "
        "| about 1 s on two CPU cores; no GPU needed "
        "| [exercise](../exercises/05_masks/05_masks.ipynb) "
        "· [solution](../solutions/05_masks/05_masks.ipynb) |"
    )


def test_a_run_time_that_goes_on_in_a_second_line_is_whole(tmp_path):
    write_sources(tmp_path, LESSON.replace("two CPU cores; no", "two CPU\n# cores; no"))
    assert "| about 1 s on two CPU cores; no GPU needed |" in lesson_list(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"), [("**Run time:**", "Runs in"), ("# 05", "# 06"), ("After this", "In this")]
)
def test_a_first_cell_that_does_not_tell_is_refused(tmp_path, old, new):
    write_sources(tmp_path, LESSON.replace(old, new))
    with pytest.raises(ValueError, match=r"05_masks\.py: its first cell must be `# 05 Title`"):
        lesson_list(tmp_path)


# --- exercise ----------------------------------------------------------------------------------


def test_an_exercise_holds_no_answer_no_hidden_test_and_no_output(built_course):  # noqa: F811
    text = (built_course / EXERCISE_NOTEBOOK).read_text()
    for secret in ("2 * number", "SOLUTION", "HIDDEN", "seed=7", "Twice is easy", "repeated"):
        assert secret in (built_course / SOLUTION_NOTEBOOK).read_text()
        assert secret not in text
    assert "Write your answer here, then run this cell again." in text
    assert "*Write your answer here.*" in text


def test_metadata_is_derived_from_the_sheet(built_course):  # noqa: F811
    cells = [c.metadata.nbgrader for c in read(built_course, EXERCISE_NOTEBOOK).cells]
    kinds = {c.grade_id: (c.solution, c.grade, c.locked, c.get("points")) for c in cells}
    assert kinds == {
        "5-0-text-1": (False, False, True, None),
        "5-0-text-2": (False, False, True, None),
        "5-1-text-1": (False, False, True, None),
        "5-1-answer": (True, False, False, None),
        "5-1-check-1": (False, True, True, 2),
        "5-1-check-2": (False, True, True, 1),
        "5-2-text-1": (False, False, True, None),
        "5-2-answer": (True, True, False, 3),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("# %% points=1\n", "# %%\n", "needs points, other cells have none; got points=None"),
        ("# %%\ndef twice", "# %% points=1\ndef twice", "got points=1 on the cell `def twice"),
        ('check("5.1", twice, seed=1)', "check(twice)", "a check names its exercise"),
        ("### BEGIN SOLUTION\n", "", "no answer is marked above `check"),
        ("    ### END SOLUTION\n", "", "no end solution statement found"),
        ("HIDDEN TESTS", "SECRET TESTS", "does not know the mark `### BEGIN SECRET TESTS`"),
    ],
)
def test_a_misplaced_mark_is_refused(tmp_path, old, new, message):
    write_sources(tmp_path, sheet=SHEET.replace(old, new))
    with pytest.raises((ValueError, RuntimeError), match=message.replace("(", r"\(")):
        exercise_from_solution(read_source(tmp_path / "solutions/source/05_masks.py", graded=True))
