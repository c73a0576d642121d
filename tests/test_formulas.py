"""Every formula of geometry and losses, broken on purpose: a unit test notices.

`formulas.toml` holds the formulas, ways to break each, and who notices: tests, and lessons. The
tests are tried here; the lessons, which take long, by hand: `python tests/test_formulas.py lovasz`
breaks what has "lovasz" in its name and runs the notebooks.
"""

import inspect
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import test_geometry
import test_losses

from course_utils import geometry, losses
from course_utils.places import course_root

ROOT = course_root()
MODULES = {"geometry": (geometry, test_geometry), "losses": (losses, test_losses)}


class Broken(NamedTuple):
    """One way to break one formula."""

    module: str
    right: str
    wrong: str
    tests: list[str]
    lessons: list[str]


def read_table() -> dict[str, Broken]:
    """Map each way to break a formula, by its name, to what it is and who notices."""
    table = tomllib.loads((ROOT / "tests/formulas.toml").read_text(encoding="utf-8"))
    return {
        name: Broken(
            module,
            row["right"],
            wrong,
            row["tests"],
            row["lessons"],
        )
        for module, rows in table.items()
        for row in rows
        for name, wrong in row["wrong"].items()
    }


TABLE = read_table()


def broken_text(broken: Broken) -> str:
    text = (ROOT / f"course_utils/{broken.module}.py").read_text(encoding="utf-8")
    assert text.count(broken.right) == 1, f"stands {text.count(broken.right)} times: {broken.right}"
    return text.replace(broken.right, broken.wrong)


@contextmanager
def swapped(module: ModuleType, text: str) -> Iterator[None]:
    """Give each function of a module what it does in another text, wherever it is known."""
    names = dict(vars(module))
    exec(compile(text, "broken formula", "exec"), names)
    functions = [
        f
        for f in vars(module).values()
        if inspect.isfunction(f) and f.__module__ == module.__name__
    ]
    parts = ("__code__", "__defaults__", "__kwdefaults__")
    kept = [(f, part, getattr(f, part)) for f in functions for part in parts]
    try:
        for function, part, _ in kept:
            setattr(function, part, getattr(names[function.__name__], part))
        yield
    finally:
        for function, part, value in kept:
            setattr(function, part, value)


def calls(test: Callable) -> Iterator[dict]:
    """Arguments of each call that pytest makes of a test: its parameters, and the random batch."""
    rows = []
    for mark in getattr(test, "pytestmark", []):
        names, values = mark.args
        one = isinstance(names, str)
        rows.append([{names: v} if one else dict(zip(names, v, strict=True)) for v in values])
    for parts in itertools.product(*rows):
        arguments = {name: value for part in parts for name, value in part.items()}
        if "batch" in inspect.signature(test).parameters:
            arguments["batch"] = test_losses.random_batch()
        yield arguments


def passes(test: Callable) -> bool:
    try:
        for arguments in calls(test):
            test(**arguments)
    except (Exception, pytest.fail.Exception):
        return False
    return True


@pytest.mark.parametrize("module", MODULES)
def test_the_tests_pass_as_they_are_called_here(module):
    for name in {name for b in TABLE.values() if b.module == module for name in b.tests}:
        for arguments in calls(getattr(MODULES[module][1], name)):
            getattr(MODULES[module][1], name)(**arguments)


@pytest.mark.parametrize("name", TABLE)
def test_a_broken_formula_fails_a_unit_test(name):
    broken = TABLE[name]
    module, tests = MODULES[broken.module]
    with swapped(module, broken_text(broken)):
        assert not all(passes(getattr(tests, test)) for test in broken.tests)


@pytest.mark.parametrize("module", MODULES)
def test_every_function_has_a_formula_in_the_table(module):
    rights = {b.right for b in TABLE.values() if b.module == module}
    checks = ("_require", "_class_weights")  # of what is given, no formulas
    for name, function in inspect.getmembers(MODULES[module][0], inspect.isfunction):
        if function.__module__ == f"course_utils.{module}" and not name.startswith(checks):
            text = inspect.getsource(function)
            assert any(right in text for right in rights), f"{name} is in no row of formulas.toml"


def failing_cells(broken: Broken) -> list[str]:
    """What nbval finds failing or saying something else, in a copy with the broken formula."""
    with tempfile.TemporaryDirectory(prefix="formula-") as folder:
        for name in ("course_utils", "data", "notebooks"):
            shutil.copytree(ROOT / name, f"{folder}/{name}")
        for path in ROOT.glob("*.*"):
            if path.is_file():
                shutil.copy(path, folder)
        module = Path(folder, f"course_utils/{broken.module}.py")
        module.write_text(broken_text(broken), encoding="utf-8")
        found = []
        for number in broken.lessons:
            (notebook,) = Path(folder, "notebooks").glob(f"{number}_*.ipynb")
            options = ["-x", "-q", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider"]
            options += ["-o", "addopts=", f"--rootdir={folder}"]
            options += ["--nbval-sanitize-with", str(ROOT / "tests/nbval_sanitize.cfg")]
            run = subprocess.run(
                [sys.executable, "-m", "pytest", *options, str(notebook)],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": folder, "COURSE_PROGRESS": f"{folder}/progress"},
                capture_output=True,
                text=True,
            )
            found += [line for line in run.stdout.splitlines() if line.startswith("FAILED")]
            if found:
                break
        return found


if __name__ == "__main__":
    for name, broken in TABLE.items():
        if any(word in name for word in sys.argv[1:]):
            cells = failing_cells(broken)
            print(f"{name}: {'; '.join(cells) or 'no notebook notices'}", flush=True)
