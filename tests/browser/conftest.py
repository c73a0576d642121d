"""Fixtures of the browser tests: one server and one Chromium for all of them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyterlab_page import CHROMIUM_FLAGS, Laboratory, NotebookPage, opened


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


@pytest.fixture
def open_notebook(
    browser, laboratory, request, tmp_path_factory
) -> Iterator[Callable[[str], NotebookPage]]:
    """Open a notebook of the laboratory; if the test fails, its path to a screenshot is printed."""
    pages: list[NotebookPage] = []
    with contextlib.ExitStack() as stack:

        def open_path(path: str) -> NotebookPage:
            pages.append(stack.enter_context(opened(browser, laboratory, path)))
            return pages[-1]

        yield open_path
        if request.node.stash.get(FAILED, False):
            folder: Path = tmp_path_factory.mktemp("screenshots")
            for number, notebook in enumerate(pages):
                path = folder / f"{request.node.name}_{number}.png"
                notebook.page.screenshot(path=path)
                print(f"what the browser showed: {path}")


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Remember that a test failed, for `open_notebook`."""
    outcome = yield
    if call.when == "call" and outcome.get_result().failed:
        item.stash[FAILED] = True
