"""A course of one lesson and one sheet, made in a folder of its own, to test the builder on."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from course_utils.authoring.build import build
from course_utils.places import course_root

LESSON = """\
# %% [markdown]
# # 05 How good is a mask?
# After this lesson you can compute IoU by hand,
# and say why accuracy flatters. And more.
#
# **Needs:** nothing. **Run time:** about 1 s on two CPU cores; no GPU needed.
# %%
import base64
import sys
import time

from IPython.display import display
# %% [markdown]
# Two prints, which the kernel sends in two pieces.
# %%
print("6 x 7 =")
sys.stdout.flush()
print(6 * 7)
# %% [markdown]
# The clock never shows the same.
# %% tags=["measured"]
print(time.perf_counter())
# %% [markdown]
# A picture with its alternative text, beside a widget's view.
# %% tags=["nbval-ignore-output"]
pixel = base64.b64encode(b"not really a picture").decode()
page = f'<img alt="a ship" src="data:image/png;base64,{pixel}">'
view = {"version_major": 2, "version_minor": 0, "model_id": "a1"}
display({"text/html": page, "image/png": pixel, "text/plain": "a ship",
         "application/vnd.jupyter.widget-view+json": view}, raw=True)
# %% [markdown]
# The same picture, tested.
# %%
display({"text/html": page, "image/png": pixel, "text/plain": "a ship"}, raw=True)
"""

SHEET = '''\
# %% [markdown]
# # Exercises to lesson 05
# %%
def check(exercise, answer, *, seed=0):
    if answer(seed + 1) != 2 * seed + 2:
        raise AssertionError(f"{exercise} not yet: expected twice the number")
    print(f"{exercise}: right")
# %% [markdown]
# ## 5.1 Twice
# Return twice the number.
# %%
def twice(number):
    """Twice the number."""
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION
# %% points=2
check("5.1", twice)
### BEGIN HIDDEN TESTS
check("5.1", twice, seed=7)
### END HIDDEN TESTS
# %% points=1
check("5.1", twice, seed=1)
# %% [markdown] tags=["solution"]
# Twice is easy.
# %% [markdown]
# ## 5.2 Why?
# Explain in one sentence.
# %% [markdown] tags=["hand-graded"] points=3
# Because addition is repeated.
'''

LESSON_NOTEBOOK = "notebooks/05_masks.ipynb"
SOLUTION_NOTEBOOK = "solutions/05_masks/05_masks.ipynb"
EXERCISE_NOTEBOOK = "exercises/05_masks/05_masks.ipynb"


def write_sources(root: Path, lesson: str = LESSON, sheet: str = SHEET) -> Path:
    """Lay a course's sources and settings into `root`, and return it."""
    for folder, text in (("notebooks", lesson), ("solutions", sheet)):
        (root / folder / "source").mkdir(parents=True, exist_ok=True)
        (root / folder / "source/05_masks.py").write_text(text, encoding="utf-8")
    shutil.copy(course_root() / "nbgrader_config.py", root)
    return root


@pytest.fixture(scope="module")
def built_course(tmp_path_factory) -> Path:
    """The course, built once; a test that changes it takes `course`."""
    root = write_sources(tmp_path_factory.mktemp("course"))
    assert build(root) == []
    return root


@pytest.fixture
def course(built_course, tmp_path) -> Path:
    """A copy of the built course, for one test to break."""
    return Path(shutil.copytree(built_course, tmp_path / "course"))


def edit(path: Path, change: Callable[[NotebookNode], object]) -> Path:
    """Change a notebook by hand, as nobody should."""
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)
    return path


def cell_with(notebook: NotebookNode, text: str) -> NotebookNode:
    """The first cell whose text holds `text`."""
    return next(cell for cell in notebook.cells if text in cell.source)
