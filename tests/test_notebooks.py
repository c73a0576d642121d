"""Every lesson and solution runs from a clean kernel without network, and says the same again.

nbval runs each notebook and compares outputs; it runs in a network namespace of its own, with a
loopback and nothing else, where bubblewrap makes one.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from made_course import (
    LESSON_NOTEBOOK,
    SOLUTION_NOTEBOOK,
    built_course,  # noqa: F401 (pytest finds fixtures by name)
    cell_with,
    edit,
)

from course_utils.authoring.check import check
from course_utils.places import course_root

ROOT = course_root()
NOTEBOOKS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("notebooks/*.ipynb", "solutions/*/*.ipynb")
    for path in ROOT.glob(pattern)
)
NO_NETWORK = ["bwrap", "--dev-bind", "/", "/", "--unshare-net"]


@functools.cache
def can_cut_network() -> bool:
    """Whether bubblewrap is installed and allowed here."""
    found = shutil.which("bwrap")
    return (
        bool(found) and subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode == 0
    )


def nbval(paths: list[Path], scratch: Path) -> subprocess.CompletedProcess:
    """Run notebooks by nbval, each in a clean kernel, without network if that can be had."""
    options = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=300", "--color=no"]
    options += ["--nbval-sanitize-with", str(ROOT / "tests/nbval_sanitize.cfg")]
    options += ["-p", "no:cacheprovider", "-o", "addopts=", f"--rootdir={paths[0].parent}", "-q"]
    command = [sys.executable, "-m", "pytest", *options, *map(str, paths)]
    own = {"COURSE_PROGRESS": f"{scratch}/progress.jsonl", "IPYTHONDIR": f"{scratch}/ipython"}
    return subprocess.run(
        [*NO_NETWORK, *command] if can_cut_network() else command,
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name, tmp_path, measured):
    start = time.perf_counter()
    run = nbval([ROOT / name], tmp_path)
    measured(f"{name}: {time.perf_counter() - start:.1f} s under nbval")
    if run.returncode:
        pytest.fail(
            f"{name} does not give its stored outputs:\n{run.stdout}{run.stderr}", pytrace=False
        )


def test_notebooks_are_what_their_sources_imply():
    lines = check(ROOT)
    if lines:
        pytest.fail("\n".join(lines), pytrace=False)


def axes_in_words(notebook):
    """The first line of each stored output that tells axes by their Python name."""
    texts = (
        output.get("data", {}).get("text/plain", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )
    return [
        text.splitlines()[0]
        for text in texts
        if text.startswith(("<Axes", "[<Axes", "array([<Axes"))
    ]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_cell_ends_with_axes_that_are_printed(name):
    assert axes_in_words(nbformat.read(ROOT / name, as_version=4)) == []


def test_printed_axes_are_found():
    said = [
        "<Axes: >",
        "array([<Axes: title={'center': 'coins'}>],\n      dtype=object)",
        "33 coins",
    ]
    cells = [
        nbformat.v4.new_code_cell(
            outputs=[nbformat.v4.new_output("execute_result", {"text/plain": text})]
        )
        for text in said
    ]
    found = axes_in_words(nbformat.v4.new_notebook(cells=cells))
    assert found == ["<Axes: >", "array([<Axes: title={'center': 'coins'}>],"]


def test_the_network_is_cut_and_the_loopback_stays():
    if not can_cut_network():
        pytest.skip("notebooks ran with the network on: apt-get install bubblewrap (and allow it)")
    code = (
        "import socket; socket.create_server(('127.0.0.1', 0)); "
        "print([name for _, name in socket.if_nameindex()])"
    )
    run = subprocess.run([*NO_NETWORK, sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "['lo']", run.stderr


@pytest.fixture(scope="module")
def verdicts(built_course, tmp_path_factory):  # noqa: F811
    """What nbval says of the made course's notebooks, whole and broken, in one run."""
    folder = tmp_path_factory.mktemp("nbval")

    def wrong_number(notebook):
        cell_with(notebook, "6 * 7").outputs[0].text = "6 x 7 =\n43\n"

    def other_alternative(notebook):
        html = notebook.cells[-1].outputs[0].data
        html["text/html"] = html["text/html"].replace("a ship", "a boat")

    def other_pixels(notebook):
        for output in notebook.cells[-1].outputs:
            output.data["text/html"] = re.sub(
                'base64,[^"]*', "base64,AAAA", output.data["text/html"]
            )
            output.data["image/png"] = "AAAA"

    def failing_check(notebook):
        cell = cell_with(notebook, "BEGIN SOLUTION")
        cell.source = cell.source.replace("2 * number", "3 * number")

    def hidden_failure(notebook):
        cell = cell_with(notebook, "BEGIN SOLUTION")
        cell.source = cell.source.replace("2 * number", "2 * number + (number == 8)")

    changes = {
        "lesson": (LESSON_NOTEBOOK, lambda notebook: None),
        "other_pixels": (LESSON_NOTEBOOK, other_pixels),
        "wrong_number": (LESSON_NOTEBOOK, wrong_number),
        "other_alternative": (LESSON_NOTEBOOK, other_alternative),
        "solution": (SOLUTION_NOTEBOOK, lambda notebook: None),
        "failing_check": (SOLUTION_NOTEBOOK, failing_check),
        "hidden_failure": (SOLUTION_NOTEBOOK, hidden_failure),
    }
    for name, (origin, change) in changes.items():
        edit(Path(shutil.copy(built_course / origin, folder / f"{name}.ipynb")), change)
    run = nbval([folder / f"{name}.ipynb" for name in changes], folder)
    failed = re.findall(r"FAILED \S*?(\w+)\.ipynb::Cell (\d+)", run.stdout)
    return {name: [int(cell) for one, cell in failed if one == name] for name in changes}, run


@pytest.mark.parametrize(
    ("name", "failed_cells"),
    {
        "lesson": [],
        "other_pixels": [],
        "wrong_number": [1],
        "other_alternative": [4],
        "solution": [],
        "failing_check": [2, 3],
        "hidden_failure": [2],
    }.items(),
)
def test_nbval_notices_what_changed_and_nothing_else(verdicts, name, failed_cells):
    found, run = verdicts
    assert found[name] == failed_cells, run.stdout + run.stderr


def test_nbval_shows_both_numbers(verdicts):
    assert "43" in verdicts[1].stdout
    assert "6 * 7" in verdicts[1].stdout
