"""Start the course: `python3 course.py lab` opens it, `python3 course.py test` tests it.

Both first make .venv, a private Python beside this file with all that the course needs: once, in
a minute or two; afterwards they start at once. Standard library only, and no syntax newer than
Python 3.6, so that a Python too old for the course can still say so.
"""

import argparse
import contextlib
import hashlib
import importlib.util
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)  # what the versions in constraints.txt serve


def require_python(version, any_newer=False):
    """Exit unless the course runs on this (major, minor) version of Python."""
    if version < OLDEST_PYTHON or (version > NEWEST_PYTHON and not any_newer):
        first, last, got = ("{}.{}".format(*v) for v in (OLDEST_PYTHON, NEWEST_PYTHON, version))
        age, newest = ("old", "") if version < OLDEST_PYTHON else ("new", ", or add --newest")
        sys.exit(
            f"The course needs Python {first} to {last}; {sys.executable} is {got}, too {age}.\n"
            f"Start it with another, for example `python{last} course.py lab`, from "
            f"https://www.python.org/downloads/{newest}."
        )


require_python(sys.version_info[:2], any_newer=True)  # what follows is for a Python that serves

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "course.json"  # what .venv was made for; a half-made .venv has none
MY_COURSE = ROOT / "my_course"
DISK_FULL = r"No space left on device|not enough space|WinError 112\b"
NO_NETWORK = (
    "NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError|getaddrinfo"
    "|name resolution|Network is unreachable|Connection (refused|aborted|reset)"
)
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}},
    "@jupyter-widgets/jupyterlab-manager:plugin": {"saveState": True},
}
# JupyterLab without an optional package that takes 2 s, half its start, to compile a grammar for
# checking international web addresses; jsonschema does without where it cannot import it.
QUICK_LAB = "import runpy, sys; sys.modules['rfc3987_syntax'] = None; "
QUICK_LAB += "runpy.run_module('jupyterlab', run_name='__main__')"
STARTED = time.monotonic()


def say(text):
    """Print one line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:4.0f} s] {text}", flush=True)


# --- .venv: made once, quick to check, made anew when it is incomplete
def prepare_environment(extra, newest, cpu):
    """Make .venv serve the course; return at once where it does already.

    `extra` names optional dependencies to install too. The stamp goes before the first change and
    comes back after the last: without one .venv was interrupted, nobody can tell where, and is
    made anew.
    """
    with only_one_at_a_time() as lock:
        have = read_json(STAMP) if PYTHON.exists() else {}
        wanted = {
            "place": str(ROOT),
            "python": list(sys.version_info[:2]),
            "pyproject": fingerprint(ROOT / "pyproject.toml"),
            "constraints": None if newest else fingerprint(ROOT / "constraints.txt"),
            "cpu": cpu or have.get("cpu", False),
            "extra": extra or have.get("extra", ""),
        }
        if have == wanted:
            return
        STAMP.unlink(missing_ok=True)
        # cpu: pip would find a CUDA build of torch good enough, and keep it.
        if any(have.get(key) != wanted[key] for key in ("place", "python", "cpu")):
            make_venv(lock)
        else:
            say("What the course needs has changed; installing the difference.")
        for arguments in pip_installs(wanted["extra"], newest, wanted["cpu"]):
            run_step([PYTHON, "-m", "pip", "install", *arguments], lock)
        replace(STAMP, json.dumps(wanted).encode())
        say("Everything is installed.")


def make_venv(lock):
    """Create .venv with nothing but pip, in place of what is there."""
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            sys.exit(
                f"{sys.executable} cannot make environments: it has no module {module}.\nOn Debian "
                "or Ubuntu: `sudo apt install python{}.{}-venv`; elsewhere take a Python from "
                "https://www.python.org/downloads/.".format(*sys.version_info)
            )
    anew = " anew, as it is incomplete or was made for something else," if VENV.exists() else ""
    say(f"Making the folder .venv{anew} and installing into it: a minute or two.")
    # Not sys.executable, which may lie in the very .venv that is replaced.
    base = getattr(sys, "_base_executable", None) or sys.executable
    run_step([base, "-m", "venv", "--clear", VENV], lock)


def pip_installs(extra, newest, cpu):
    """Return the arguments of each `pip install` to run: one, or two for --newest."""
    options = ["--progress-bar=off", "--disable-pip-version-check"]
    options += ["--extra-index-url", "https://download.pytorch.org/whl/cpu"] if cpu else []
    course = f".[{extra}]" if extra else "."
    if not newest:
        return [[*options, "-c", "constraints.txt", "-e", course]]
    import tomllib  # here, because a Python too old for the course has none

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    requirements, extras = list(project["dependencies"]), [extra] if extra else []
    for name in extras:  # grows on the way: an extra may name another
        for requirement in project["optional-dependencies"][name]:
            other = re.fullmatch(re.escape(project["name"]) + r"\[(.+)\]", requirement)
            (extras if other else requirements).append(other.group(1) if other else requirement)
    requirements = [re.sub(r"^torch *==.*", "torch", requirement) for requirement in requirements]
    upgrade = ["--upgrade", "--upgrade-strategy=eager"]
    return [[*options, *upgrade, *requirements], [*options, "--no-deps", "-e", course]]


def run_step(command, lock):
    """Run one command of the installation; say every 5 s what it is doing; explain its failure."""
    environment = dict(os.environ, PIP_USER="0", PYTHONUTF8="1", PYTHONUNBUFFERED="1")
    output: dict = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "errors": "replace"}
    # pass_fds: a pip that outlives a killed course.py keeps the lock until it ends.
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, pass_fds=lock, encoding="utf-8", **output
    )
    lines = []

    def read():
        for line in process.stdout or []:
            lines.append(line)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(timeout=5)
            doing = re.findall(r"^ *(?!Unin|Attempt)([A-Z]\w+ing [^:\n]+)", "".join(lines), re.M)
            if doing and reader.is_alive():
                say(doing[-1][:90])
    except BaseException:
        process.terminate()
        raise
    finally:
        code = process.wait()
    if code:
        sys.exit(explain_failure("".join(lines)))


def explain_failure(output):
    """Return the cause of a failed installation and its remedy, read from what pip printed."""
    free = shutil.disk_usage(ROOT).free
    if re.search(DISK_FULL, output) or free < 20e6:
        return (
            f"The disk is full: {free / 1e9:.2f} GB are free at {ROOT}.\nThe course needs 3 GB, on "
            "Linux 8 GB with CUDA packages, which --cpu spares. Make room and start again."
        )
    if re.search(NO_NETWORK, output):
        return (
            "The packages cannot be downloaded: the package index does not answer.\nConnect to the "
            "internet (behind a proxy, set HTTPS_PROXY) and start again; lessons need no network."
        )
    lines = [line for line in output.splitlines() if re.search("error", line, re.I)]
    said = "\n".join((lines or output.splitlines())[-8:])
    return f"This failed:\n{said}\nStart again; if it fails again, report these lines."


@contextlib.contextmanager
def only_one_at_a_time():
    """Wait for any other course.py in this folder, or the pip that a killed one left behind.

    Yields the file descriptors that hold the lock, for child processes to keep (none on Windows).
    """
    if os.name == "nt":
        yield ()
        return
    import fcntl

    with (ROOT / "pyproject.toml").open("ab") as file:
        with contextlib.suppress(OSError):  # some network drives cannot lock
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another course.py is installing here; waiting for it.")
                fcntl.flock(file, fcntl.LOCK_EX)
        yield (file.fileno(),)


# --- my_course: the student's own copies
def copy_lessons():
    """Bring what is new into my_course, without ever overwriting a notebook there.

    A notebook that the course has changed since it was handed out appears once beside the
    student's own, as NAME.new.ipynb. Untouched, that one gives way to a still newer; if the
    student has worked in it, the next is NAME.new2.ipynb. Other files (lesson list, pictures)
    follow the course unless changed by the student. A deleted notebook comes back fresh.
    """
    ledger = MY_COURSE / ".course" / "copies.json"
    given = read_json(ledger)  # fingerprint of the last version handed out, by file
    for source in shipped_files():
        content = handed_out(source)
        mine, shipped = MY_COURSE / source.relative_to(ROOT), digest(content)
        name, current = mine.relative_to(MY_COURSE).as_posix(), fingerprint(mine)
        if current is None or (mine.suffix != ".ipynb" and current == given.get(name) != shipped):
            replace(mine, content)
        elif shipped not in (current, given.get(name)):
            for number in itertools.count(1):
                beside = mine.with_suffix(f".new{number if number > 1 else ''}{mine.suffix}")
                key = beside.relative_to(MY_COURSE).as_posix()
                if fingerprint(beside) in (None, shipped, given.get(key)):
                    break
            replace(beside, content)
            given[key] = shipped
            say(f"A newer {name} has come; it lies beside your own as {beside.name}.")
        given[name] = shipped
    replace(ledger, json.dumps(given, indent=1).encode())


def handed_out(source):
    """Return a file's content; a lesson's without outputs, which would answer its questions."""
    content = source.read_bytes()
    if source.match("notebooks/*.ipynb"):
        with contextlib.suppress(ValueError, KeyError, TypeError):  # no notebook: as it is
            notebook = json.loads(content)
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    cell.update(outputs=[], execution_count=None)
            return json.dumps(notebook, ensure_ascii=False, indent=1).encode()
    return content


def shipped_files():
    """Return what students work with: lesson list, lessons, exercises, solutions, pictures."""
    for top in ("notebooks", "exercises", "solutions"):
        for path in sorted((ROOT / top).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not any(part == "source" or part[0] in "._" for part in parts):
                yield path


# --- JupyterLab, with the course's settings and none of the user's own
def start_lab(port, browser):
    """Run JupyterLab at the lesson list until it is stopped; return its exit code."""
    settings = MY_COURSE / ".course" / "jupyter"
    overrides = settings / "labconfig" / "default_setting_overrides.json"
    replace(overrides, json.dumps(SETTINGS).encode())
    environment = {name: value for name, value in os.environ.items() if name[:7] != "JUPYTER"}
    environment["IPYTHONDIR"] = str(settings / "ipython")
    for name in ("JUPYTERLAB_SETTINGS", "JUPYTERLAB_WORKSPACES", "JUPYTER_CONFIG", "JUPYTER_DATA"):
        environment[name + "_DIR"] = str(settings / ("" if "CONFIG" in name else name.lower()))
    command = [PYTHON, "-c", QUICK_LAB, "--log-level=ERROR", "-y"]
    command += [f"--ServerApp.root_dir={MY_COURSE}", "--LabApp.extension_manager=readonly"]
    command += ["--LabApp.default_url=/lab/tree/notebooks/README.md"]
    command += [f"--port={port}", "--ServerApp.port_retries=0"] if port else []
    command += [] if browser else ["--no-browser"]
    command += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    say(f"JupyterLab is starting. Your own copies are in {MY_COURSE}. Stop it with Ctrl-C.")
    return run_to_the_end(command, MY_COURSE, environment)


def require_free_port(port):
    """Exit unless JupyterLab can listen at this port."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError) as error:
        another = port + 1 if 1023 < port < 65535 else 8888
        sys.exit(
            f"Port {port} cannot be used: {error}.\nIf another JupyterLab runs there, stop it; "
            f"or choose another port: `python3 course.py lab --port {another}`."
        )


def run_to_the_end(command, folder, environment=None):
    """Run a command in a folder and return its exit code; Ctrl-C is for it to handle."""
    process = subprocess.Popen(command, cwd=folder, env=environment)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return process.wait()


def fingerprint(path):
    """Return the SHA-256 of a file, None where there is none."""
    return digest(path.read_bytes()) if path.is_file() else None


def digest(content):
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def replace(path, content):
    """Write a file whole: killed on the way, it stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def read_json(path):
    """Return the object in a JSON file, an empty one where it is missing or damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def read_command_line(arguments):
    """Return the options, and the arguments of `test` that are for pytest."""
    common = argparse.ArgumentParser(add_help=False)
    newest = "install the newest versions, of torch too, instead of the tested ones"
    common.add_argument("--newest", action="store_true", help=newest)
    cpu = "take torch from PyTorch's index of CPU builds (not tested; to undo, remove .venv)"
    common.add_argument("--cpu", action="store_true", help=cpu)
    parser = argparse.ArgumentParser(description="Install what is missing, then start the course.")
    commands = parser.add_subparsers(dest="command", metavar="lab|test", required=True)
    lab = commands.add_parser("lab", parents=[common], help="open the lessons in JupyterLab")
    lab.add_argument("--no-browser", action="store_true", help="only print the address")
    lab.add_argument("--port", type=int, help="port to listen at (default: a free one from 8888)")
    usage, about = "course.py test [--newest] [--cpu] [pytest arguments]", "run the tests"
    commands.add_parser("test", parents=[common], allow_abbrev=False, usage=usage, help=about)
    options, unknown = parser.parse_known_args(arguments)
    if options.command == "lab" and unknown:
        lab.error(f"unrecognized arguments: {' '.join(unknown)}")
    return options, unknown


def main(arguments=None):
    """Run one command and return its exit code."""
    options, pytest_arguments = read_command_line(arguments)
    try:
        require_python(sys.version_info[:2], any_newer=options.newest)
        if options.command == "lab" and options.port is not None:
            require_free_port(options.port)
        prepare_environment("dev" if options.command == "test" else "", options.newest, options.cpu)
        if options.command == "test":
            return run_to_the_end([PYTHON, "-m", "pytest", *pytest_arguments], ROOT)
        copy_lessons()
        return start_lab(options.port, browser=not options.no_browser)
    except KeyboardInterrupt:
        print("\nStopped. Start again when you like; what was interrupted is then repaired.")
        return 130
    except OSError as error:
        sys.exit(explain_failure(str(error)))


if __name__ == "__main__":
    # A folder's name may not fit the encoding of a Windows pipe.
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main())
