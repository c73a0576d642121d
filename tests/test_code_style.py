"""The code is as ruff and mypy want it: one spelling, no unused names, types that fit."""

import subprocess
import sys

import pytest

from course_utils.places import course_root


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "--no-cache"),
        ("ruff", "format", "--check", "--diff", "--no-cache"),
        ("mypy",),
        ("mypy", "course.py", ".ci/write_constraints.py"),
    ],
    ids=" ".join,
)
def test_code_passes(command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=course_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("command", "code", "complaint"),
    [
        (("ruff", "check"), "import os\n", "F401"),
        (("ruff", "format", "--diff"), "a = 'b'\n", 'a = "b"'),
        (("mypy", "--check-untyped-defs"), "def f():\n    return 1 + 'a'\n", "operator"),
    ],
    ids=["ruff check", "ruff format", "mypy"],
)
def test_bad_code_does_not_pass(command, code, complaint, tmp_path):
    """The settings of pyproject.toml find what they are there to find."""
    (tmp_path / "bad.py").write_text(code, encoding="utf-8")
    config = str(course_root() / "pyproject.toml")
    flag = "--config-file" if command[0] == "mypy" else "--config"
    done = subprocess.run(
        [sys.executable, "-m", *command, flag, config, "bad.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert complaint in done.stdout
