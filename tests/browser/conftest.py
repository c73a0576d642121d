"""Fixtures of the browser tests: one server and one Chromium for all of them."""

import contextlib
import shutil
from collections.abc import Callable, Iterator

import pytest
from jupyterlab_page import CHROMIUM_FLAGS, OPEN, Laboratory, NotebookPage, opened

from course_utils.places import course_root

_failed = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser(require_chromium):
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=require_chromium, args=list(CHROMIUM_FLAGS)
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def laboratory(require_chromium, tmp_path_factory) -> Iterator[Laboratory]:
    """A JupyterLab server with an empty folder of notebooks and an empty progress file."""
    server = Laboratory(tmp_path_factory.mktemp("laboratory"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lesson(request, browser, laboratory) -> Iterator[NotebookPage]:
    """The lesson that a test file names as its SLUG, open, and run without an error.

    One open notebook serves all tests of a file, which run in order: opening JupyterLab and running
    the lesson takes longer than everything that is done with it.
    """
    name = f"{request.module.SLUG}.ipynb"
    shutil.copy(course_root() / "notebooks" / name, laboratory.root)
    with opened(browser, laboratory, name) as notebook:
        notebook.run_all()
        assert notebook.errors() == []
        yield notebook


@pytest.fixture
def open_notebook(browser, laboratory) -> Iterator[Callable[[str], NotebookPage]]:
    """Open a notebook of the laboratory by its path; it is closed after the test."""
    laboratory.forget_progress()
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(opened(browser, laboratory, path))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remember that a test failed, for `screenshots`."""
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        item.stash[_failed] = True


@pytest.fixture(autouse=True)
def screenshots(request, tmp_path_factory, open_notebook):
    """If the test fails, print the path to a picture of every open notebook."""
    yield
    if request.node.stash.get(_failed, False):
        folder = tmp_path_factory.mktemp("screenshots")
        for number, notebook in enumerate(OPEN):
            path = folder / f"{number}.png"
            notebook.page.screenshot(path=path)
            print(f"what the browser showed when {request.node.name} failed: {path}")
