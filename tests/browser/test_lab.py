"""What a student sees after `python3 course.py lab`: the lesson list, and nothing in its way."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import expect

from course_utils.places import course_root

# course.py, but with my_course in another folder and this Python in the place of .venv's.
START = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import course
course.MY_COURSE, course.PYTHON = Path(sys.argv[2]), Path(sys.executable)
course.copy_lessons()
sys.exit(course.start_lab(port=None, browser=False))
"""
LIST = ".jp-MarkdownViewer"


class Lab:
    """A running `course.py lab` of a student who has no settings of any kind."""

    def __init__(self, folder: Path) -> None:
        self.home, self.my_course = folder / "home", folder / "my_course"
        self.home.mkdir()
        terminal = os.openpty()[1] if os.name == "posix" else None  # it heeds Ctrl-C only there
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, str(course_root()), str(self.my_course)],
            env=dict(os.environ, HOME=str(self.home), USERPROFILE=str(self.home)),
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )
        self.said = ""
        self.url = ""
        for line in self.process.stdout or []:
            self.said += line
            address = re.search(r"http://localhost:\S+", line)
            if address:
                self.url = address.group()
                break

    def setting(self, plugin: str) -> dict:
        """What JupyterLab uses for a plugin where the student has set nothing."""
        base, token = self.url.split("/lab/")[0], self.url.split("token=")[1]
        with urllib.request.urlopen(f"{base}/lab/api/settings/{plugin}?token={token}") as reply:
            schema = json.load(reply)["schema"]["properties"]
        return {name: entry.get("default") for name, entry in schema.items()}


@pytest.fixture(scope="module")
def lab(require_chromium, tmp_path_factory):
    """JupyterLab, started as course.py starts it."""
    running = Lab(tmp_path_factory.mktemp("lab"))
    assert running.url, running.said
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait()


@pytest.fixture(scope="module")
def page(lab, browser):
    """The page at the address that course.py prints."""
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.goto(lab.url)
    page.locator(f"{LIST} table").wait_for(timeout=60_000)
    return page


def test_it_opens_at_the_lesson_list_as_a_table_with_links_and_run_times(page):
    expect(page.locator(f"{LIST} h1")).to_have_text(re.compile("Lessons"))
    rows = page.locator(f"{LIST} tbody tr")
    lessons = sorted((course_root() / "notebooks").glob("[0-9]*.ipynb"))
    assert lessons
    assert rows.count() >= len(lessons)
    assert "run time" in page.locator(f"{LIST} thead").inner_text().lower()
    first = rows.first
    assert first.get_by_role("link").count() >= 1
    assert re.search(r"\d+ (s|min)", first.inner_text())


def test_nothing_pops_up(page):
    page.wait_for_timeout(4000)  # the question about news comes a moment after the page
    assert page.locator(".jp-Dialog").count() == 0
    assert page.locator(".Toastify__toast").count() == 0


def test_every_link_of_the_list_opens_its_notebook(page):
    links = page.locator(f"{LIST} tbody a")
    assert links.count() >= 2
    for number in range(links.count()):
        page.locator(f"{LIST} tbody a").nth(number).click()
        panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(panel.locator(".jp-Cell").first).to_be_visible(timeout=30_000)
        assert page.locator(".jp-Dialog").count() == 0
        page.get_by_role("tab", name="README.md").first.click()
        expect(page.locator(f"{LIST} table")).to_be_visible()
    opened = page.locator(".jp-NotebookPanel")
    assert opened.count() == links.count()


def test_the_settings_of_the_course_are_in_force_and_the_students_own_untouched(page, lab):
    news = lab.setting("@jupyterlab/apputils-extension:notification")
    assert (news["fetchNews"], news["checkForUpdates"]) == ("false", False)
    assert lab.setting("@jupyter-widgets/jupyterlab-manager:plugin")["saveState"] is True
    written = [path.relative_to(lab.home).parts for path in lab.home.rglob("*") if path.is_file()]
    foreign = [parts for parts in written if "jupyter" in str(parts) or "ipython" in str(parts)]
    assert foreign == []
    assert (lab.my_course / ".course" / "jupyter" / "workspaces").exists() or any(
        (lab.my_course / ".course" / "jupyter").rglob("*.jupyterlab-workspace")
    )


@pytest.mark.skipif(os.name != "posix", reason="Windows has no process groups with Ctrl-C")
def test_ctrl_c_stops_it_cleanly(page, lab):
    page.close()
    os.killpg(lab.process.pid, signal.SIGINT)
    rest, _ = lab.process.communicate(timeout=30)
    assert lab.process.returncode == 0, rest
    assert "Shutting down" in rest
    assert "course.py" not in rest, "course.py itself has nothing to complain of"
    assert not list(lab.my_course.rglob("jpserver-*.json")), rest
