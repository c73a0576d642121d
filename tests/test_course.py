"""course.py, driven as a user drives it: on a tiny course, with real Python environments and pip.

The tiny course has the real course.py, a build backend of its own and stand-ins for pytest and
JupyterLab, so it installs in seconds, without a network. That the real course installs is tested
by the run that these tests belong to: `python3 course.py test` on a fresh clone.
"""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from course_utils.places import course_root

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny-course"
dependencies = ["torch==2.13.0"]

[project.optional-dependencies]
more = ["helper>=1"]
dev = ["tiny-course[more]"]
"""
BACKEND = '''\
"""Builds the tiny course; slowly where there is a file `slow`, to be interrupted."""
import pathlib, time, tomllib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    while pathlib.Path("slow").exists():
        pathlib.Path("building").touch()
        time.sleep(0.1)
    project = tomllib.loads(pathlib.Path("pyproject.toml").read_text())["project"]
    metadata = "Metadata-Version: 2.1\\nName: tiny-course\\nVersion: 1\\n"
    metadata += "".join(f"Requires-Dist: {need}\\n" for need in project["dependencies"])
    for extra, needs in project["optional-dependencies"].items():
        metadata += f"Provides-Extra: {extra}\\n"
        metadata += "".join(f"Requires-Dist: {n}; extra == '{extra}'\\n" for n in needs)
    name = "tiny_course-1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("tiny_course.pth", str(pathlib.Path.cwd()))
        wheel.writestr("tiny_course-1.dist-info/METADATA", metadata)
        wheel.writestr("tiny_course-1.dist-info/WHEEL",
                       "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny_course-1.dist-info/RECORD", "")
    return name
'''
FAKE_PYTEST = """\
import importlib.metadata, json, sys
found = {d.name: d.version for d in importlib.metadata.distributions()}
print(json.dumps({"arguments": sys.argv[1:], "installed": found, "python": sys.executable}))
sys.exit(3 if "--fail" in sys.argv else 0)
"""
FAKE_JUPYTERLAB = """\
import json, os, pathlib, sys, time
settings = {k: v for k, v in os.environ.items() if k.startswith(("JUPYTER", "IPYTHON"))}
try:
    print(json.dumps({"arguments": sys.argv[1:], "settings": settings}), flush=True)
    while pathlib.Path("../stay").exists():
        time.sleep(0.05)
except KeyboardInterrupt:
    print("JupyterLab closed itself", flush=True)
"""
posix_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signal or lock")


class TinyCourse:
    """A folder with a tiny course, and the environment to start it in."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.folder = folder
        self.venv = folder / ".venv"
        self.stamp = self.venv / "course.json"
        folder.mkdir()
        shutil.copy(course_root() / "course.py", folder)
        for name, text in {
            "pyproject.toml": PYPROJECT,
            "backend.py": BACKEND,
            "constraints.txt": "torch==2.13.0\nhelper==1.0\n",
            "pytest.py": FAKE_PYTEST,
            "jupyterlab.py": FAKE_JUPYTERLAB,
        }.items():
            (folder / name).write_text(text, encoding="utf-8")
        own = ("PIP_", "JUPYTER", "IPYTHON", "PYTEST")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(own)}
        self.environment |= {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PYTHONIOENCODING": "utf-8",
        }

    def command(self, *arguments: str) -> list[str]:
        """The command line that starts this course."""
        return [sys.executable, str(self.folder / "course.py"), *arguments]

    def start(self, *arguments: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        """Start course.py and return its process, the head of a process group."""
        return subprocess.Popen(
            [*prefix, *self.command(*arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, *arguments: str, prefix: tuple[str, ...] = (), code: int = 0) -> str:
        """Run course.py to its end and return what it prints."""
        process = self.start(*arguments, prefix=prefix)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == code, output
        assert "Traceback" not in output, output
        return output

    def test(self, *arguments: str) -> dict:
        """Run `course.py test` and return what the stand-in for pytest saw."""
        return json.loads(self.run("test", *arguments).splitlines()[-1])


def write_wheel(folder: Path, name: str, version: str) -> None:
    """Write an empty package that pip can install."""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def make_tiny_course(folder):
    """Make a tiny course, not installed, in a folder with a space and foreign letters."""
    wheels = folder / "wheels"
    wheels.mkdir()
    for name, versions in {"torch": ("2.13.0", "99.0"), "helper": ("1.0", "2.0")}.items():
        for version in versions:
            write_wheel(wheels, name, version)
    return TinyCourse(folder / "Kurs für Zoë", wheels)


@pytest.fixture
def tiny(tmp_path):
    """A tiny course that is not installed yet."""
    return make_tiny_course(tmp_path)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A tiny course with its environment, for tests that leave both as they are."""
    tiny = make_tiny_course(tmp_path_factory.mktemp("installed"))
    tiny.test()
    return tiny


def wait_for(condition, what):
    """Wait until a condition holds, for a minute at most."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"waited for {what} in vain"
        time.sleep(0.02)


# --- The environment


def test_an_environment_from_its_first_start_to_its_repair(tiny):
    first = tiny.run("test", "-k", "masks and not slow", "--lf")
    assert "Making the folder .venv and installing" in first
    assert "[   " in first, "no elapsed time"
    seen = json.loads(first.splitlines()[-1])
    assert seen["arguments"] == ["-k", "masks and not slow", "--lf"]
    assert seen["installed"]["torch"] == "2.13.0"
    assert seen["installed"]["helper"] == "1.0", "the constraints were not heeded"
    assert Path(seen["python"]).is_relative_to(tiny.venv)

    second = tiny.run("test")
    assert len(second.splitlines()) == 1, "a second start installs nothing and says nothing"

    tiny.run("test", "--fail", code=3)  # pytest's verdict is the verdict

    tiny.run("lab", "--no-browser")
    assert "helper" in tiny.test()["installed"], "lab threw away what tests need"
    assert len(tiny.run("test").splitlines()) == 1

    pyproject = tiny.folder / "pyproject.toml"
    pyproject.write_text(PYPROJECT.replace('"torch==2.13.0"', '"torch==2.13.0", "helper"'))
    changed = tiny.run("test")
    assert "What the course needs has changed" in changed
    assert "Making" not in changed

    write_wheel(tiny.folder.parent / "wheels", "helper", "1.5")
    (tiny.folder / "constraints.txt").write_text("torch==2.13.0\nhelper==1.5\n")
    assert tiny.test()["installed"]["helper"] == "1.5"

    tiny.stamp.write_text('{"place": ')
    assert "Making the folder .venv anew" in tiny.run("test")

    tiny.folder = tiny.folder.rename(tiny.folder.with_name("moved"))
    assert "Making the folder .venv anew" in tiny.run("test"), "paths in it are those of before"

    assert "Making the folder .venv anew" in tiny.run("test", "--cpu"), "torch would stay as it is"
    assert len(tiny.run("test").splitlines()) == 1, "--cpu need not be repeated"


def test_newest_ignores_constraints_and_the_pin_of_torch(tiny):
    tiny.test()
    newest = tiny.test("--newest")["installed"]
    assert (newest["torch"], newest["helper"]) == ("99.0", "2.0")
    tested = tiny.test()["installed"]
    assert (tested["torch"], tested["helper"]) == ("2.13.0", "1.0")


def test_cpu_takes_torch_from_the_index_of_cpu_builds(course):
    (arguments,) = course.pip_installs("dev", newest=False, cpu=True)
    place = arguments.index("--extra-index-url")
    assert arguments[place + 1] == "https://download.pytorch.org/whl/cpu"
    assert arguments[-4:] == ["-c", "constraints.txt", "-e", ".[dev]"]
    (plain,) = course.pip_installs("dev", newest=False, cpu=False)
    assert "--extra-index-url" not in plain


def test_newest_asks_for_every_requirement_of_the_course(course):
    requirements, package = course.pip_installs("dev", newest=True, cpu=False)
    assert "torch" in requirements
    assert not [wanted for wanted in requirements if wanted.startswith(("torch=", "segmentation"))]
    for expected in ("numpy", "nbgrader", "pytest"):  # of the course, of an extra, of dev
        assert [wanted for wanted in requirements if wanted.startswith(expected)], expected
    assert package[-3:] == ["--no-deps", "-e", ".[dev]"]
    assert "constraints.txt" not in [*requirements, *package]


def test_a_start_that_is_killed_while_it_makes_the_environment_is_repaired(tiny):
    process = tiny.start("test")
    wait_for((tiny.venv / "pyvenv.cfg").exists, "the environment's folder")
    process.kill()
    process.communicate()
    assert not tiny.stamp.exists()
    assert "Making the folder .venv anew" in tiny.run("test")


def test_a_start_that_is_killed_while_it_installs_is_repaired(tiny):
    (tiny.folder / "slow").touch()
    process = tiny.start("test")
    wait_for((tiny.folder / "building").exists, "pip at work")
    process.kill()
    process.wait()
    assert not tiny.stamp.exists()
    again = tiny.start("test")
    if os.name == "posix":  # the pip that was left behind is still at work
        time.sleep(1)
        assert again.poll() is None
    (tiny.folder / "slow").unlink()
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output
    assert "Making the folder .venv anew" in output
    if os.name == "posix":
        assert "Another course.py is installing here; waiting for it." in output
    assert len(tiny.run("test").splitlines()) == 1


@posix_only
def test_ctrl_c_during_the_installation_leaves_one_line(tiny):
    (tiny.folder / "slow").touch()
    process = tiny.start("test")
    wait_for((tiny.folder / "building").exists, "pip at work")
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in output
    assert output.splitlines()[-1].startswith("Stopped. Start again when you like")


def test_a_long_installation_keeps_telling_what_it_does(tiny):
    (tiny.folder / "slow").touch()
    process = tiny.start("test")
    assert process.stdout is not None
    told = [process.stdout.readline() for _ in range(3)]
    (tiny.folder / "slow").unlink()
    process.communicate(timeout=120)
    assert process.returncode == 0
    for line in told[1:]:
        assert re.fullmatch(r"\[ +\d+ s\] [A-Z]\w+ing .*\n", line), told


# --- What goes wrong, and what it says


def test_course_py_can_be_read_by_python_3_6():
    ast.parse((course_root() / "course.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def run_with(preparation, tiny, *arguments):
    """Run course.py after a line of Python that takes something away from the interpreter."""
    script = str(tiny.folder / "course.py")
    code = (
        "import argparse, contextlib, hashlib, importlib.util, itertools, json, pathlib, re, runpy,"
        " shutil, signal, socket, subprocess, sys, threading, time\n"
        f"{preparation}\nsys.argv = {[script, *arguments]!r}\n"
        f"runpy.run_path({script!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=tiny.environment, capture_output=True, check=False
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("version", "age"), [("(3, 6, 9)", "old"), ("(3, 10, 1)", "old"), ("(3, 15, 0)", "new")]
)
def test_a_python_that_does_not_serve_is_named_with_one_that_does(tiny, version, age):
    code, output = run_with(f"sys.version_info = {version}", tiny, "lab")
    assert code == 1
    assert "Traceback" not in output
    assert "needs Python 3.11 to 3.14" in output
    assert f"too {age}" in output
    assert "python3.14 course.py lab" in output
    assert ("--newest" in output) == (age == "new")
    assert not tiny.venv.exists()


def test_newest_allows_a_newer_python(course):
    course.require_python((3, 15), any_newer=True)
    with pytest.raises(SystemExit, match="too new"):
        course.require_python((3, 15))


def test_a_real_old_python_says_so_too(tiny):
    for minor in range(6, 11):
        python = shutil.which(f"python3.{minor}")
        if python and subprocess.run([python, "-c", ""], check=False).returncode == 0:
            break
    else:
        pytest.skip("no Python 3.6 to 3.10 on this machine")
    done = subprocess.run(
        [python, tiny.command()[1], "test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"is 3.{minor}, too old" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_environments_names_the_package_to_install(tiny, module):
    code, output = run_with(f"sys.modules[{module!r}] = None", tiny, "test")
    assert code == 1
    assert "Traceback" not in output
    assert f"no module {module}" in output
    assert "sudo apt install python3." in output


def test_no_network_is_told_from_other_failures(tiny, require_bubblewrap):
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        del tiny.environment[name]
    tiny.environment["PIP_RETRIES"] = "1"
    tiny.environment["PIP_INDEX_URL"] = "https://packages.example/simple"
    offline = (require_bubblewrap, "--dev-bind", "/", "/", "--unshare-net")
    output = tiny.run("test", prefix=offline, code=1)
    assert "Connect to the internet" in output
    assert "ERROR" not in output, "pip's own words add nothing here"


def test_another_failure_shows_what_pip_said(tiny):
    pyproject = PYPROJECT.replace('"torch==2.13.0"', '"no-such-package"')
    (tiny.folder / "pyproject.toml").write_text(pyproject)
    output = tiny.run("test", code=1)
    assert "No matching distribution found for no-such-package" in output
    assert "Start again" in output
    assert "internet" not in output
    assert not tiny.stamp.exists()


def test_a_full_disk_says_so(tiny, tmp_path, require_bubblewrap):
    small = tmp_path / "small"
    small.mkdir()
    disk = (require_bubblewrap, "--dev-bind", "/", "/", "--size", "9000000", "--tmpfs", str(small))
    copy = f"cp -r '{tiny.folder}/.' '{small}' && exec '{sys.executable}' '{small}/course.py' test"
    done = subprocess.run(
        [*disk, "sh", "-c", copy], env=tiny.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert str(small) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_disk_that_fills_up_under_our_own_files_says_so(course, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(course, "prepare_environment", full)
    with pytest.raises(SystemExit, match="The disk is full"):
        course.main(["test"])


def test_a_port_that_is_taken_is_named_before_anything_is_installed(tiny):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        output = tiny.run("lab", "--port", str(port), code=1)
    assert f"Port {port} cannot be used" in output
    assert "--port " in output.splitlines()[-1]
    assert not tiny.venv.exists()


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_does_not_exist_is_refused(course, port):
    with pytest.raises(SystemExit, match=rf"Port {port} cannot be used.*\n.*--port 8888"):
        course.require_free_port(port)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["lab", "--nobrowser"], "unrecognized arguments: --nobrowser"),
        (["lab", "--port", "many"], "invalid int value: 'many'"),
        (["grade"], "invalid choice: 'grade'"),
        ([], "required: lab|test"),
    ],
)
def test_a_wrong_command_line_gets_its_usage(course, capsys, arguments, complaint):
    with pytest.raises(SystemExit) as raised:
        course.main(arguments)
    assert raised.value.code == 2
    assert complaint in capsys.readouterr().err


# --- JupyterLab


def test_lab_starts_jupyterlab_with_the_courses_settings_alone(installed):
    (installed.folder / "notebooks").mkdir()
    (installed.folder / "notebooks" / "README.md").write_text("# Lessons\n")
    installed.environment |= {
        "JUPYTER_CONFIG_DIR": "/mine",
        "JUPYTER_PATH": "/mine",
        "IPYTHONDIR": "/me",
    }
    output = installed.run("lab", "--no-browser")
    seen = json.loads(output.splitlines()[-1])
    mine = installed.folder / "my_course"
    assert "/lab/tree/notebooks/README.md" in str(seen["arguments"])
    assert f"--ServerApp.root_dir={mine}" in seen["arguments"]
    assert "--no-browser" in seen["arguments"]
    assert ("--allow-root" in seen["arguments"]) == (os.name == "posix" and os.geteuid() == 0)
    assert {"JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR"} <= set(seen["settings"])
    for name, folder in seen["settings"].items():
        assert Path(folder).is_relative_to(mine / ".course"), name
    overrides = Path(seen["settings"]["JUPYTER_CONFIG_DIR"]) / "labconfig"
    settings = json.loads((overrides / "default_setting_overrides.json").read_text())
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    assert settings["@jupyter-widgets/jupyterlab-manager:plugin"]["saveState"] is True
    assert (mine / "notebooks" / "README.md").read_text() == "# Lessons\n"


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_jupyterlab_is_stopped_with_the_course(installed, number):
    stay = installed.folder / "stay"
    stay.touch()
    process = installed.start("lab", "--no-browser")
    assert process.stdout is not None
    line = ""
    while '"arguments"' not in line:
        line = process.stdout.readline()
        assert line, "JupyterLab never started"
    if number == signal.SIGINT:  # Ctrl-C reaches all programs of the terminal
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    output, _ = process.communicate(timeout=30)  # ends only when JupyterLab has closed its output
    stay.unlink()
    assert "Traceback" not in output
    assert ("closed itself" in output) == (number == signal.SIGINT)


# --- my_course


@pytest.fixture
def shelf(course, tmp_path, monkeypatch):
    """A course folder with one lesson, exercise and solution; `copy()` brings them to my_course."""
    monkeypatch.setattr(course, "ROOT", tmp_path)
    monkeypatch.setattr(course, "MY_COURSE", tmp_path / "my_course")
    for name in (
        "notebooks/README.md",
        "notebooks/05_masks.ipynb",
        "notebooks/source/05_masks.py",
        "notebooks/figures/05_masks/ship.png",
        "notebooks/.ipynb_checkpoints/05_masks-checkpoint.ipynb",
        "exercises/05_masks/05_masks.ipynb",
        "solutions/05_masks/05_masks.ipynb",
        "solutions/source/05_masks.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first {name}")
    course.copy_lessons()
    return tmp_path


LESSON = "notebooks/05_masks.ipynb"


def mine(shelf):
    """Map each file in my_course, hidden ones apart, to its content."""
    folder = shelf / "my_course"
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part[0] == "." for part in path.relative_to(folder).parts)
    }


def test_students_get_lessons_exercises_solutions_and_pictures(shelf):
    assert mine(shelf) == {
        name: f"first {name}"
        for name in (
            "exercises/05_masks/05_masks.ipynb",
            "notebooks/05_masks.ipynb",
            "notebooks/README.md",
            "notebooks/figures/05_masks/ship.png",
            "solutions/05_masks/05_masks.ipynb",
        )
    }


def notebook_file(*sources, outputs):
    """A notebook's text with one code cell for each source, all with these outputs."""
    cells = [
        {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": 1}
        for source in sources
    ]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# A"}, *cells]})


def test_a_lesson_is_handed_out_without_the_answers_to_its_questions(shelf, course):
    for name in (LESSON, "solutions/05_masks/05_masks.ipynb"):
        (shelf / name).write_text(notebook_file("predict()", "reveal()", outputs=["1/3"]))
    course.copy_lessons()
    first, second = (
        json.loads(mine(shelf)[name])["cells"]
        for name in ("notebooks/05_masks.new.ipynb", "solutions/05_masks/05_masks.new.ipynb")
    )
    assert [cell["source"] for cell in first] == ["# A", "predict()", "reveal()"]
    assert all(cell["outputs"] == [] for cell in first[1:])
    assert all(cell["execution_count"] is None for cell in first[1:])
    assert second[1]["outputs"] == ["1/3"], "a solution shows its results"


def test_outputs_that_changed_make_no_newer_lesson(shelf, course):
    (shelf / LESSON).write_text(notebook_file("reveal()", outputs=["1/3"]))
    course.copy_lessons()
    before = mine(shelf)
    (shelf / LESSON).write_text(notebook_file("reveal()", outputs=["1/4"]))
    course.copy_lessons()
    assert mine(shelf) == before


def test_a_students_work_is_never_overwritten_and_the_newer_lies_beside_it(shelf, course, capsys):
    own = shelf / "my_course" / LESSON
    own.write_text("my answers")
    course.copy_lessons()
    assert "notebooks/05_masks.new.ipynb" not in mine(shelf), "nothing new has come"

    (shelf / LESSON).write_text("second")
    course.copy_lessons()
    course.copy_lessons()
    assert mine(shelf)[LESSON] == "my answers"
    assert mine(shelf)["notebooks/05_masks.new.ipynb"] == "second"
    said = capsys.readouterr().out
    assert said.count("A newer notebooks/05_masks.ipynb has come") == 1
    assert "05_masks.new.ipynb" in said


def test_a_notebook_is_kept_even_where_the_student_has_not_touched_it(shelf, course):
    (shelf / LESSON).write_text("second")
    course.copy_lessons()
    assert mine(shelf)[LESSON] == f"first {LESSON}"
    assert mine(shelf)["notebooks/05_masks.new.ipynb"] == "second"


def test_an_untouched_new_version_gives_way_and_a_touched_one_stays(shelf, course):
    (shelf / "my_course" / LESSON).write_text("my answers")
    for version in ("second", "third"):
        (shelf / LESSON).write_text(version)
        course.copy_lessons()
    assert mine(shelf)["notebooks/05_masks.new.ipynb"] == "third"
    assert "notebooks/05_masks.new2.ipynb" not in mine(shelf)

    (shelf / "my_course" / "notebooks" / "05_masks.new.ipynb").write_text("my newer answers")
    for version in ("fourth", "fifth"):
        (shelf / LESSON).write_text(version)
        course.copy_lessons()
    assert mine(shelf)[LESSON] == "my answers"
    assert mine(shelf)["notebooks/05_masks.new.ipynb"] == "my newer answers"
    assert mine(shelf)["notebooks/05_masks.new2.ipynb"] == "fifth"


def test_a_new_version_that_was_thrown_away_does_not_come_back(shelf, course):
    (shelf / "my_course" / LESSON).write_text("my answers")
    (shelf / LESSON).write_text("second")
    course.copy_lessons()
    (shelf / "my_course" / "notebooks" / "05_masks.new.ipynb").unlink()
    course.copy_lessons()
    assert "notebooks/05_masks.new.ipynb" not in mine(shelf)


def test_a_student_may_take_the_new_version_or_start_again(shelf, course):
    own = shelf / "my_course" / LESSON
    (shelf / LESSON).write_text("second")
    course.copy_lessons()
    own.with_name("05_masks.new.ipynb").replace(own)
    course.copy_lessons()
    assert mine(shelf)[LESSON] == "second"
    assert "notebooks/05_masks.new.ipynb" not in mine(shelf)
    own.unlink()
    course.copy_lessons()
    assert mine(shelf)[LESSON] == "second"


def test_lesson_list_and_pictures_follow_the_course_unless_changed(shelf, course):
    picture = "notebooks/figures/05_masks/ship.png"
    (shelf / "my_course" / picture).write_text("my drawing")
    for name in ("notebooks/README.md", picture):
        (shelf / name).write_text("second")
    course.copy_lessons()
    assert mine(shelf)["notebooks/README.md"] == "second"
    assert mine(shelf)[picture] == "my drawing"
    assert mine(shelf)["notebooks/figures/05_masks/ship.new.png"] == "second"
    assert "notebooks/README.new.md" not in mine(shelf)


@pytest.mark.parametrize("damage", ["", "[]", '{"notebooks/'])
def test_without_its_ledger_nothing_is_lost(shelf, course, damage):
    (shelf / "my_course" / LESSON).write_text("my answers")
    (shelf / "my_course" / ".course" / "copies.json").write_text(damage)
    course.copy_lessons()
    assert mine(shelf)[LESSON] == "my answers"
    assert mine(shelf)["notebooks/05_masks.new.ipynb"] == f"first {LESSON}"
    course.copy_lessons()
    assert "notebooks/05_masks.new2.ipynb" not in mine(shelf)


def test_a_copy_that_is_cut_short_leaves_no_half_file(shelf, course, monkeypatch):
    (shelf / "my_course" / LESSON).unlink()

    def cut(path, content):
        with path.open("wb") as file:
            file.write(content[:3])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", cut)
    with pytest.raises(KeyboardInterrupt):
        course.copy_lessons()
    monkeypatch.undo()
    assert not (shelf / "my_course" / LESSON).exists()
