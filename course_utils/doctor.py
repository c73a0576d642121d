"""What this machine has of what the course needs: one finding a line, each fine or with a remedy.

A problem stops a lesson, a note costs time or comfort. Every examination looks at one thing and
survives its absence: packages are imported where they are needed, and torch in a process of its
own, so that a broken one is a line of the table and not the end of it.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from course_utils.places import course_root, progress_file

OK, NOTE, PROBLEM = "OK", "note", "PROBLEM"
REINSTALL = "remove the folder .venv, then start the course again with `python3 course.py lab`"
EXTENSIONS = {"@jupyter-widgets/jupyterlab-manager": "ipywidgets", "anywidget": "anywidget"}
CPU_FLAGS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX-512 bf16", "amx_bf16": "AMX"}
TORCH_PROBE = """
import json, torch
torch.ones(2, 2) @ torch.ones(2, 2)
gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
print(json.dumps({
    "version": torch.__version__,
    "threads": torch.get_num_threads(),
    "capability": torch.backends.cpu.get_cpu_capability(),
    "gpus": [[gpu.name, gpu.total_memory] for gpu in gpus],
    "mps": torch.backends.mps.is_available(),
}))
"""


@dataclass(frozen=True)
class Finding:
    """One line of the table: what was looked at, how it is, and what to do about it."""

    name: str
    status: str
    detail: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Look at everything the course needs.

    Returns
    -------
    list of Finding
        In the order of the table. An examination that fails itself is a finding too.

    Examples
    --------
    >>> [finding.name for finding in examine()][:2]
    ['Python', 'packages']
    """
    project = tomllib.loads((course_root() / "pyproject.toml").read_text(encoding="utf-8"))
    return [
        *_attempt("Python", lambda: _examine_python(project["project"]["requires-python"])),
        *_attempt("packages", lambda: _examine_packages(project["project"]["dependencies"])),
        *_attempt("JupyterLab", _examine_jupyterlab),
        *_attempt("processor", _examine_processor),
        *_attempt("memory", _examine_memory),
        *_attempt("torch", _examine_torch),
        *_attempt("pictures", _examine_pictures),
        *_attempt("progress", lambda: _examine_progress(progress_file())),
    ]


def report(findings: Iterable[Finding]) -> str:
    """Lay findings out as a table, each remedy on a line below its finding.

    Parameters
    ----------
    findings : iterable of Finding

    Returns
    -------
    str
        Lines of text, the last one a summary.

    Examples
    --------
    >>> print(report([Finding("memory", "note", "2 GB", "close other programs")]))
    note     memory      2 GB
                         -> close other programs
    No problem, 1 note.
    """
    lines = []
    findings = list(findings)
    for finding in findings:
        lines.append(f"{finding.status:8} {finding.name:11} {finding.detail}")
        if finding.remedy:
            lines.append(f"{'':21}-> {finding.remedy}")
    problems, notes = (
        _count(sum(finding.status == status for finding in findings), word)
        for status, word in ((PROBLEM, "problem"), (NOTE, "note"))
    )
    return "\n".join([*lines, f"{problems.capitalize()}, {notes}."])


def _examine_python(requires: str) -> Iterator[Finding]:
    """Look at the running Python: is its version one that the course serves?"""
    from packaging.specifiers import SpecifierSet

    detail = f"{platform.python_version()} at {sys.executable}"
    if SpecifierSet(requires).contains(platform.python_version(), prereleases=True):
        yield Finding("Python", OK, detail)
    else:
        remedy = f"start the course with a Python {requires}, from https://www.python.org/downloads"
        yield Finding("Python", PROBLEM, f"{detail}, and the course needs {requires}", remedy)


def _examine_packages(requirements: Iterable[str]) -> Iterator[Finding]:
    """Compare what is installed with what the course requires."""
    from packaging.requirements import Requirement

    wanted = list(map(Requirement, requirements))
    good = 0
    for requirement in wanted:
        try:
            installed = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(requirement.name, PROBLEM, "not installed", REINSTALL)
            continue
        if requirement.specifier.contains(installed, prereleases=True):
            good += 1
        elif requirement.name == "torch":
            detail = f"{installed} is not the version that was tested ({requirement.specifier})"
            yield Finding("torch", NOTE, detail, f"unless you asked for --newest: {REINSTALL}")
        else:
            detail = f"{installed} is installed, {requirement.specifier} is required"
            yield Finding(requirement.name, PROBLEM, detail, REINSTALL)
    yield Finding("packages", OK, f"{good} of {len(wanted)} as required")


def _examine_jupyterlab(folders: list[str] | None = None) -> Iterator[Finding]:
    """Look for JupyterLab and for its two extensions that show widgets."""
    from jupyter_core.paths import jupyter_path
    from jupyterlab_server.config import get_federated_extensions

    yield Finding("JupyterLab", OK, version("jupyterlab"))
    found = get_federated_extensions(jupyter_path("labextensions") if folders is None else folders)
    missing = {name: package for name, package in EXTENSIONS.items() if name not in found}
    if missing:
        detail = f"JupyterLab lacks the extension of {_joined(missing)}: demos will not show"
        yield Finding("widgets", PROBLEM, detail, REINSTALL)
    else:
        yield Finding("widgets", OK, f"JupyterLab has the extensions of {_joined(EXTENSIONS)}")


def _examine_processor() -> Iterator[Finding]:
    """Name the processor, the cores that this process may use, and what makes them fast."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name, flags = _processor()
    abilities = ", ".join(word for flag, word in CPU_FLAGS.items() if flag in flags)
    detail = f"{name}, {_count(cores or 1, 'core')}" + (f", {abilities}" if abilities else "")
    if flags and platform.machine().lower() in ("x86_64", "amd64") and "avx2" not in flags:
        remedy = "all lessons run, but training takes several times the stated time"
        yield Finding("processor", NOTE, f"{detail}, no AVX2", remedy)
    else:
        yield Finding("processor", OK, detail)


def _examine_memory(gigabytes: float | None = None) -> Iterator[Finding]:
    """Say how much memory this machine has."""
    if gigabytes is None:
        if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):  # Windows
            yield Finding("memory", OK, "not known on this system")
            return
        gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if gigabytes < 4:
        remedy = "close other programs, and shut down each notebook before you open the next"
        yield Finding("memory", NOTE, f"{gigabytes:.1f} GB; lessons that train want 4", remedy)
    else:
        yield Finding("memory", OK, f"{gigabytes:.0f} GB")


def _examine_torch(python: str = sys.executable) -> Iterator[Finding]:
    """Try torch in a process of its own, and ask it for graphics processors."""
    command = [python, "-c", TORCH_PROBE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        detail = "did not import within two minutes"
        yield Finding("torch", PROBLEM, detail, f"try again; if it stays, {REINSTALL}")
        return
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"crashed with code {done.returncode}"])[-1]
        yield Finding("torch", PROBLEM, said, REINSTALL)
        return
    found = json.loads(done.stdout.splitlines()[-1])
    detail = f"{found['version']}, {found['threads']} threads, {found['capability']} kernels"
    yield Finding("torch", OK, detail)
    yield from _examine_gpus(found)


def _examine_pictures() -> Iterator[Finding]:
    """Load every picture that ships, with its ground truth."""
    from course_utils.datasets.pictures import load_picture, picture_names

    broken = 0
    for name in picture_names():
        try:
            load_picture(name)
        except (OSError, ValueError) as error:
            broken += 1
            remedy = f"`git checkout data` gives back what ships; if it is the package, {REINSTALL}"
            yield Finding("pictures", PROBLEM, str(error), remedy)
    if not broken:
        yield Finding("pictures", OK, f"all {len(picture_names())} load, with their ground truth")


def _examine_progress(path: Path) -> Iterator[Finding]:
    """Say where recorded answers are kept, and whether they can be."""
    existing = next(place for place in [path, *path.absolute().parents] if place.exists())
    if os.access(existing, os.W_OK) and (existing.is_dir() or existing == path):
        yield Finding("progress", OK, f"your answers are kept in {path}")
    else:
        remedy = f"make {existing} writable, or name another file in $COURSE_PROGRESS"
        yield Finding("progress", NOTE, f"cannot write {path}", remedy)


def _attempt(name: str, examination: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Findings of one examination; its own failure is a problem like any other."""
    try:
        return list(examination())
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        return [Finding(name, PROBLEM, said, REINSTALL)]


def _examine_gpus(found: dict) -> Iterator[Finding]:
    """Findings about graphics processors, from what the probe of torch printed."""
    for name, memory in found["gpus"]:
        yield Finding("GPU", OK, f"{name}, {memory / 1e9:.0f} GB")
    if found["mps"]:
        yield Finding("GPU", OK, "Apple's, shared memory")
    elif not found["gpus"] and shutil.which("nvidia-smi"):
        detail = "there is one from NVIDIA, but this torch does not use it"
        remedy = f"if torch is a CPU build, {REINSTALL} without --cpu; else update NVIDIA's driver"
        yield Finding("GPU", NOTE, detail, remedy)
    elif not found["gpus"]:
        yield Finding("GPU", OK, "none; lessons run on the processor")


def _processor() -> tuple[str, set[str]]:
    """Name and feature flags of the processor; no flags where the system does not tell them."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        pairs = (line.partition(":") for line in information.read_text().splitlines())
        first: dict[str, str] = {}
        for key, _, value in pairs:
            first.setdefault(key.strip(), value.strip())
        name = first.get("model name", platform.machine())
        return name, set(first.get("flags", first.get("Features", "")).split())
    if sys.platform == "darwin":
        names = ["machdep.cpu.brand_string", "machdep.cpu.leaf7_features"]
        said = [
            subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False)
            for name in names
        ]
        return said[0].stdout.strip(), set(said[1].stdout.lower().split())
    return platform.processor() or platform.machine(), set()


def _joined(extensions: dict[str, str]) -> str:
    return " and ".join(extensions.values())


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'s' if number > 1 else ''}"
