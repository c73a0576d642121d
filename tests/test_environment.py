"""The four files that say what to install agree: pyproject, constraints, environment, course.py."""

import json
import sys
import tomllib
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from course_utils.places import course_root

ROOT = course_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PINS = {
    canonicalize_name(pin.name): pin
    for pin in map(
        Requirement,
        filter(
            lambda line: line and not line.startswith("#"),
            (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines(),
        ),
    )
}


def pinned_version(name):
    """Version of a package in constraints.txt."""
    (exact,) = PINS[canonicalize_name(name)].specifier
    return exact.version


def requirements(*extras):
    """The requirements of the course with the given extras, and those that they include."""
    found = list(map(Requirement, PROJECT["dependencies"]))
    for extra in extras:
        for requirement in map(Requirement, PROJECT["optional-dependencies"][extra]):
            own = requirement.name == PROJECT["name"]
            found += requirements(*requirement.extras) if own else [requirement]
    return found


def test_conda_users_get_the_same():
    *conda, pip = CONDA["dependencies"]
    assert [Requirement(wanted).name for wanted in conda] == ["python", "pip"]
    assert pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    assert "dev" in PROJECT["optional-dependencies"]
    assert CONDA["name"] == PROJECT["name"]


def test_all_files_name_the_same_pythons(course):
    oldest, newest = ("{}.{}".format(*v) for v in (course.OLDEST_PYTHON, course.NEWEST_PYTHON))
    assert PROJECT["requires-python"] == f">={oldest}"
    conda_python = Requirement(CONDA["dependencies"][0]).specifier
    for minor in range(8, 20):
        served = course.OLDEST_PYTHON <= (3, minor) <= course.NEWEST_PYTHON
        assert conda_python.contains(f"3.{minor}.1") == served, f"Python 3.{minor}"
    assert newest in conda_python


def test_constraints_are_exact_and_portable():
    for name, pin in PINS.items():
        (exact,) = pin.specifier
        assert exact.operator == "==", name
        assert "*" not in exact.version, name
        assert Version(exact.version).local is None, f"{name}: other systems have no such build"
    assert not {"pip", "setuptools", PROJECT["name"]} & set(PINS)


def test_constraints_pin_every_requirement_to_a_version_it_allows():
    for requirement in requirements("dev"):
        assert requirement.specifier.contains(pinned_version(requirement.name)), requirement


def test_torch_is_one_exact_version_everywhere():
    (torch,) = (item for item in requirements() if item.name == "torch")
    assert torch.specifier == SpecifierSet("==2.13.0")
    assert pinned_version("torch") == "2.13.0"


def test_what_is_installed_is_what_the_constraints_say(write_constraints):
    """Holds the environment of course.py to constraints.txt; yours, of another make, is free."""
    stamp = ROOT / ".venv" / "course.json"
    if sys.prefix != str(ROOT / ".venv") or not stamp.exists():
        pytest.skip("this is not the environment that `python3 course.py test` makes")
    if json.loads(stamp.read_text(encoding="utf-8"))["constraints"] is None:
        pytest.skip("--newest was asked for")
    for name, installed in write_constraints.installed_versions("dev").items():
        if name in PINS:  # what only this system needs is not pinned
            assert installed == pinned_version(name), name


def test_the_script_writes_what_is_installed_and_leaves_out_local_parts(write_constraints):
    write_constraints.OLDEST_PYTHON = (
        "3.99"  # this environment may hold what an old Python cannot install
    )
    lines = write_constraints.constraints_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins == sorted(pins, key=lambda pin: pin.split("==")[0])
    assert f"numpy=={version('numpy')}" in pins
    assert f"torch=={Version(version('torch')).public}" in pins
    assert f"nbclient=={version('nbclient')}" in pins, "what a requirement requires is missing"
    assert f"distributed=={version('distributed')}" in pins, "what an extra requires is missing"
    assert not [pin for pin in pins if pin.startswith(("pip==", "setuptools==", "segmentation-"))]
    assert not [pin for pin in pins if "+" in pin]


def test_the_script_refuses_what_the_oldest_python_cannot_install(write_constraints):
    write_constraints.require_oldest_python("soupsieve", "2.10", ">=3.9")
    write_constraints.require_oldest_python("six", "1.17.0", None)
    with pytest.raises(SystemExit, match=r"soupsieve 4\.1\.1 needs Python >=3\.11\.5"):
        write_constraints.require_oldest_python("soupsieve", "4.1.1", ">=3.11.5")
