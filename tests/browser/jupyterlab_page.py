"""A real JupyterLab in a real Chromium: start it, open a notebook, run it, look at what it shows.

`Laboratory` is the server with its own temporary settings; `NotebookPage` is one open notebook.
Keys are pressed as a person presses them, and elements are found by their accessible names.
"""

import contextlib
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page, TimeoutError

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},  # all cells in the page
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RUN_ENDED = """
() => {
  const panel = window.jupyterapp.shell.currentWidget;
  const code = [...panel.content.model.cells].filter((cell) => cell.type === "code");
  return panel.sessionContext.session.kernel.status === "idle"
    && code.every((cell) => cell.executionCount || !cell.sharedModel.source.trim())
    && !panel.node.innerText.includes("Loading widget");
}
"""
# Notes when a key went down, and when a picture that came after it was on the screen.
STOPWATCH = """
(picture) => {
  const watch = window.courseStopwatch = { down: null, shown: null };
  const down = () => { watch.down = performance.now(); watch.shown = null; };
  const seen = async () => {
    if (watch.down === null || watch.shown !== null) return;
    await picture.decode().catch(() => {});
    requestAnimationFrame(() => setTimeout(() => { watch.shown ??= performance.now(); }));
  };
  const observer = new MutationObserver(seen);
  document.addEventListener("keydown", down, { capture: true });
  observer.observe(picture, { attributes: true, attributeFilter: ["src"] });
  watch.stop = () => {
    document.removeEventListener("keydown", down, { capture: true });
    observer.disconnect();
  };
}
"""


class Laboratory:
    """A JupyterLab server in a folder of its own, with the course's settings."""

    def __init__(self, folder: Path, *, theme: str = "JupyterLab Light") -> None:
        self.root = folder / "notebooks"
        self.root.mkdir()
        self.progress = folder / "progress.jsonl"
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._folder = folder
        self.set_theme(theme)
        for name, content in SETTINGS.items():
            self._write_setting(name, content)
        self._log = (folder / "server.log").open("w")
        self._server = subprocess.Popen(
            self._command(), env=self._environment(), stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait_until_up()

    def set_theme(self, theme: str) -> None:
        """Choose "JupyterLab Light" or "JupyterLab Dark" for pages that are opened from now on."""
        self._write_setting("@jupyterlab/apputils-extension/themes", {"theme": theme})

    def write_notebook(self, name: str, *cells: str) -> str:
        """Write a notebook of code cells; returns its path for `open_notebook`."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.root / name)
        return name

    def forget_progress(self) -> None:
        """Forget every answer that was recorded, as if another student sat down."""
        self.progress.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the server and its kernels."""
        self._server.terminate()
        try:
            self._server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._server.kill()
        self._log.close()

    def _command(self) -> list[str]:
        options = {
            "ServerApp.root_dir": self.root,
            "ServerApp.port": self.url.rsplit(":", 1)[1],
            "ServerApp.port_retries": 0,
            "ServerApp.open_browser": False,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
            "LabApp.user_settings_dir": self._folder / "settings",
            "LabApp.workspaces_dir": self._folder / "workspaces",
        }
        command = [sys.executable, "-m", "jupyterlab"]
        command += [f"--{name}={value}" for name, value in options.items()]
        return command + (["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else [])

    def _environment(self) -> dict[str, str]:
        own = {
            "JUPYTER_CONFIG_DIR": self._folder / "config",
            "JUPYTER_DATA_DIR": self._folder / "data",
            "JUPYTER_RUNTIME_DIR": self._folder / "runtime",
            "IPYTHONDIR": self._folder / "ipython",
            "COURSE_PROGRESS": self.progress,
        }
        return os.environ | {name: str(path) for name, path in own.items()}

    def _write_setting(self, name: str, content: dict) -> None:
        path = self._folder / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))

    def _wait_until_up(self, seconds: float = 60) -> None:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and self._server.poll() is None:
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=5),
            ):
                return
            time.sleep(0.2)
        self.stop()
        log = (self._folder / "server.log").read_text()
        raise RuntimeError(f"expected JupyterLab at {self.url}, got none. Its log:\n{log[-3000:]}")


class NotebookPage:
    """One notebook, open in JupyterLab."""

    def __init__(self, browser: Browser, laboratory: Laboratory, path: str) -> None:
        self.messages: list[str] = []
        self.page: Page = browser.new_page(viewport={"width": 1200, "height": 900})
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("console", self._listen)
        self.page.goto(f"{laboratory.url}/lab/tree/{path}?reset&token={laboratory.token}")
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'",
            timeout=60_000,
        )

    def run_all(self, seconds: float = 120) -> None:
        """Run all cells and wait until the kernel rests and no widget is still loading."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
        try:
            self.page.wait_for_function(RUN_ENDED, timeout=1000 * seconds)
        except TimeoutError as timeout:
            raise AssertionError(f"the run did not end; errors: {self.errors()}") from timeout

    def restart_kernel(self) -> None:
        """Restart the kernel, as a student who comes back another day."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()"
        )
        self.wait_until_idle()

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Wait until the kernel has nothing to do."""
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status"
            " === 'idle'",
            timeout=1000 * seconds,
        )

    def save(self) -> None:
        """Save the notebook and wait until it is written."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")

    def cell_outputs(self) -> list[list[dict]]:
        """Outputs of each code cell, as in the notebook's file."""
        return self.page.evaluate(
            """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
              .filter((cell) => cell.type === "code").map((cell) => cell.outputs.toJSON())"""
        )

    def errors(self) -> list[str]:
        """Errors of cells, of widgets, and of the page itself."""
        raised = [
            f"{output['ename']}: {output['evalue']}"
            for outputs in self.cell_outputs()
            for output in outputs
            if output["output_type"] == "error"
        ]
        broken = self.page.get_by_text("Error displaying widget").all_inner_texts()
        return raised + broken + self.messages

    def press_and_time(
        self, control: Locator, key: str, picture: Locator, *, times: int = 1
    ) -> list[float]:
        """Press a key in a control; milliseconds from each press to the new picture on screen."""
        control.focus()
        picture.evaluate(STOPWATCH)
        durations = []
        for _ in range(times):
            self.page.keyboard.press(key)
            self.page.wait_for_function(
                "() => window.courseStopwatch.shown !== null", timeout=10_000
            )
            durations.append(
                self.page.evaluate("() => courseStopwatch.shown - courseStopwatch.down")
            )
        self.page.evaluate("() => courseStopwatch.stop()")
        return durations

    def _listen(self, message) -> None:
        # Requests that JupyterLab itself expects to fail are not errors of the course.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.messages.append(message.text)


OPEN: list[NotebookPage] = []  # for screenshots when a test fails


def summary(durations: list[float]) -> str:
    """Median and 95th percentile in words."""
    p95 = statistics.quantiles(durations, n=20)[-1]
    return (
        f"{len(durations)} presses: median {statistics.median(durations):.0f} ms, p95 {p95:.0f} ms"
    )


@contextlib.contextmanager
def opened(browser: Browser, laboratory: Laboratory, path: str) -> Iterator[NotebookPage]:
    """An open notebook that is closed, kernel and all, at the end."""
    notebook = NotebookPage(browser, laboratory, path)
    OPEN.append(notebook)
    try:
        yield notebook
    finally:
        OPEN.remove(notebook)
        with contextlib.suppress(Exception):
            notebook.page.evaluate(
                "() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()"
            )
        notebook.page.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
