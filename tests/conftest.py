"""What all tests share: a progress file of their own, and tools that a machine may lack."""

import functools
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from course_utils.places import course_root

# They hold no doctests, and two modules of one name cannot be collected.
collect_ignore = ["conftest.py", "browser/conftest.py"]

# Before any test module is imported, and inherited by every kernel a test starts: no test ever
# writes into the progress of the person who runs it.
_progress_folder = tempfile.TemporaryDirectory(prefix="course-tests-")
os.environ["COURSE_PROGRESS"] = str(Path(_progress_folder.name) / "progress.jsonl")


def load_script(path: Path) -> ModuleType:
    """Import a script that is no module of a package, anew at every call."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


@pytest.fixture
def course() -> ModuleType:
    """The script course.py as a module."""
    return load_script(course_root() / "course.py")


@pytest.fixture
def write_constraints() -> ModuleType:
    """The script that writes constraints.txt as a module."""
    return load_script(course_root() / ".ci" / "write_constraints.py")


def missing(tool: str, remedy: str, *, needed_in_ci: bool = False) -> None:
    """Skip the test that needs a tool, or fail it where continuous integration must have it."""
    message = f"{tool} is missing; install it with: {remedy}"
    if needed_in_ci and os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def require_chromium() -> str:
    """Path of a Chromium or Chrome browser."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        missing("Chromium", "sudo apt install chromium", needed_in_ci=True)
    return str(found)


@pytest.fixture(scope="session")
def require_bubblewrap() -> str:
    """Path of bubblewrap, which runs a command without network or on a small disk."""
    found = shutil.which("bwrap")
    if found is None:
        missing("bubblewrap", "sudo apt install bubblewrap")
    command = [str(found), "--dev-bind", "/", "/", "--unshare-net", "true"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"bubblewrap may not make namespaces here: {tried.stderr.strip()}")
    return str(found)


@pytest.fixture(scope="session")
def require_shared() -> Path:
    """Folder `shared` beside the course, with what is too large to ship."""
    folder = course_root().parent / "shared"
    if not folder.is_dir():
        missing("the folder ../shared", f"cp -r SHARED_FOLDER {folder}")
    return folder


@pytest.fixture
def measured(record_property) -> Callable[[str], None]:
    """Say what was measured; it is printed after all tests, which never fail on a time."""
    return functools.partial(record_property, "measured")


def pytest_terminal_summary(terminalreporter) -> None:
    """Print what the tests have measured, in this process or in others."""
    reports = itertools.chain.from_iterable(terminalreporter.stats.values())
    lines = [
        value
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "measured"
    ]
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.line(line)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last: they are slow, and Playwright keeps an event loop running."""
    items.sort(key=lambda item: "browser" in item.path.parent.name)
