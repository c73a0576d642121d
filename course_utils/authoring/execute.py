"""Run a notebook in a kernel of its own, and store outputs that are the same tomorrow."""

import os
import subprocess
import tempfile
from pathlib import Path

from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

from course_utils.authoring.exercise import first_line
from course_utils.authoring.source import tags

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
SECONDS_PER_CELL = 600


class BuildError(Exception):
    """A notebook cannot be built; the message says which cell and why."""


async def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells, in place, in a clean kernel of this Python that starts in `folder`.

    It is the kernel that nbval starts. Progress goes to a temporary file, timings are not kept.

    Raises
    ------
    BuildError
        A cell raised (even one tagged `raises-exception`), took too long, killed the kernel, or
        showed a widget that cannot be stored.
    """
    client = NotebookClient(
        notebook,
        timeout=SECONDS_PER_CELL,
        force_raise_errors=True,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.km = AsyncKernelManager(
        kernel_name=CURRENT_ENV_KERNEL_NAME, kernel_spec_manager=NbvalKernelspecManager()
    )
    folder.mkdir(parents=True, exist_ok=True)
    language = dict(notebook.metadata.language_info)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        own = {"COURSE_PROGRESS": f"{scratch}/progress.jsonl", "IPYTHONDIR": f"{scratch}/ipython"}
        try:
            await client.async_execute(env=os.environ | own, stderr=subprocess.DEVNULL)
        except (CellControlSignal, DeadKernelError) as error:
            raise BuildError(strip_ansi(str(error)).strip()) from None
    notebook.metadata["language_info"] = language  # the kernel wrote its Python's version
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
            _strip_widgets(cell)


def keep_measured(notebook: NotebookNode, committed: NotebookNode) -> None:
    """Give cells tagged `measured` the outputs that they have in the committed notebook.

    A measurement is kept while its cell's text, and so its id, is unchanged. To measure anew,
    delete the notebook and build it.
    """
    measured = {cell.id: cell for cell in committed.cells if "measured" in tags(cell)}
    for cell in notebook.cells:
        old = measured.get(cell.id)
        if old is not None and old.source == cell.source and old.execution_count is not None:
            cell.outputs = old.outputs


def _joined_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring pieces of one stream: where a kernel cuts it is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" and output.name == last.get("name"):
            last["text"] += output.text
        else:
            joined.append(output)
    return joined


def _strip_widgets(cell: NotebookNode) -> None:
    """Remove widgets' views, errors in a reopened notebook; their still pictures stay."""
    for output in cell.outputs:
        data = output.get("data", {})
        if data.pop(WIDGET_VIEW, None) is None:
            continue
        if "nbval-ignore-output" not in tags(cell):
            raise BuildError(
                f"the cell `{first_line(cell)}` shows a widget, whose output is new in each run. "
                'Tag it: `# %% tags=["nbval-ignore-output"]`.'
            )
        if not data.keys() & {"text/html", "image/png"}:
            raise BuildError(
                f"the cell `{first_line(cell)}` shows a widget without a still picture: without a "
                "kernel, readers would see nothing. Show it in a `Demo` of course_utils.widgets."
            )
