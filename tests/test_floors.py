"""The import floors: a module imports lower floors, or its own folder without a cycle.

Built on the syntax tree, so an import inside a function counts too, and nothing is executed.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from course_utils.places import course_root

PACKAGE = course_root() / "course_utils"
FLOORS = (
    "labels geometry places timing sources locks",
    "metrics counting thresholding clustering edges losses crf transforms plotting figures drawing "
    "download archive unpacking manifest range_download disk_space progress models.layers "
    "models.description",
    "models.lenet models.fcn models.unet models.deeplab models.registry datasets.*",
    "checkpoints",
    "training training_loop training_loss training_state training_config training_errors "
    "training_report training_figures scoring resident_data schedules history",
    "widgets.* checks.*",
    "grading.* doctor train_command",
    "__main__",
)
OUTSIDE = "authoring"  # a tool beside the package: it may import all floors, and none imports it


def floor_of(module: str) -> int | None:
    """Floor of a module, named without `course_utils.`; None where it has none."""
    for floor, names in enumerate(FLOORS):
        if module in names.split() or f"{module.split('.')[0]}.*" in names.split():
            return floor
    return None


def modules_of(package: Path) -> dict[str, Path]:
    """Map each module of a package, named without the package, to its file."""
    return {
        ".".join(path.relative_to(package).with_suffix("").parts): path
        for path in sorted(package.rglob("*.py"))
        if path.name != "__init__.py"
    }


def imports_of(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that a file imports, and "*" or "." for a star or a dot."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield "."
            if any(alias.name == "*" for alias in node.names):
                yield "*"
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [
                name if name.removeprefix("course_utils.") in modules else str(node.module)
                for name in inside
            ]
        else:
            continue
        yield from (
            name.removeprefix("course_utils.") for name in names if name.startswith("course_utils.")
        )


def problems(package: Path) -> list[str]:
    """Everything in a package that breaks the floors, one line each."""
    found: list[str] = []
    same_floor: dict[str, set[str]] = {}
    modules = modules_of(package)
    for module, path in modules.items():
        if module.split(".")[0] == OUTSIDE:
            continue
        floor = floor_of(module)
        if floor is None:
            found.append(f"{module} has no floor: give it one in tests/test_floors.py")
            continue
        folder = module.rpartition(".")[0]
        same_floor[module] = set()
        for other in imports_of(path, modules):
            other_floor = floor_of(other)
            if other in (".", "*"):
                found.append(f"{module} has a relative or star import: name what it imports")
            elif other.split(".")[0] == OUTSIDE:
                found.append(f"{module} must not import {other}: it is a tool beside the package")
            elif other not in modules:
                found.append(f"{module} imports {other}, which is no module of the package")
            elif other_floor == floor and folder == other.rpartition(".")[0]:
                same_floor[module].add(other)
            elif other_floor is None or other_floor >= floor:
                found.append(f"{module} (floor {floor}) must not import {other} ({other_floor})")
    try:
        TopologicalSorter(same_floor).prepare()
    except CycleError as error:
        found.append(f"these import each other in a circle: {' -> '.join(error.args[1])}")
    for path in sorted(package.rglob("__init__.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        if len(body) != 1 or ast.get_docstring(ast.Module(body, [])) is None:
            name = path.relative_to(package)
            found.append(f"{name} must hold a docstring and nothing else, no re-exports")
    return found


def test_every_import_goes_down():
    assert len(modules_of(PACKAGE)) > 10
    assert problems(PACKAGE) == []


def made_package(folder: Path, **files: str) -> Path:
    """Write a package of the given modules (`a__b` is a/b.py) and return its folder."""
    for name, text in {"__init__": '"""A package."""\n', **files}.items():
        path = folder / (name if name.startswith("__") else name.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".py").write_text(text, encoding="utf-8")
    return folder


def test_a_package_that_keeps_the_floors_has_no_problems(tmp_path):
    package = made_package(
        tmp_path,
        labels="import numpy\n",
        figures="",
        plotting="from course_utils.figures import one\nfrom course_utils import labels\n",
        widgets__canvas="import course_utils.plotting\n",
        widgets__quiz="from course_utils.widgets.canvas import Canvas\n",
        authoring__build="from course_utils.widgets import quiz\n",
    )
    assert problems(package) == []


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"labels": "", "metrics": "", "places": "from course_utils.metrics import mean_iou\n"},
            "places (floor 0) must not import metrics (1)",
        ),
        (
            {"metrics": "def f():\n    from course_utils import doctor\n", "doctor": ""},
            "metrics (floor 1) must not import doctor (6)",
        ),
        (
            {"widgets__quiz": "", "checks__exercise": "import course_utils.widgets.quiz\n"},
            "checks.exercise (floor 5) must not import widgets.quiz (5)",
        ),
        (
            {"metrics": "", "helpers": "import course_utils.metrics\n"},
            "helpers has no floor",
        ),
        (
            {
                "widgets__a": "import course_utils.widgets.b\n",
                "widgets__b": "from course_utils.widgets import a\n",
            },
            "in a circle: widgets.",
        ),
        (
            {"authoring__build": "", "doctor": "from course_utils.authoring import build\n"},
            "doctor must not import authoring.build",
        ),
        ({"metrics": "from course_utils.labels import *\n", "labels": ""}, "star import"),
        ({"metrics": "from .labels import IGNORE_INDEX\n", "labels": ""}, "relative"),
        ({"metrics": "from course_utils.lables import one\n"}, "no module of the package"),
        (
            {"labels": "", "__init__": '"""A."""\nfrom course_utils.labels import one\n'},
            "__init__.py must hold a docstring",
        ),
        ({"labels": "", "__init__": ""}, "__init__.py must hold a docstring"),
    ],
)
def test_what_breaks_the_floors_is_found(tmp_path, files, problem):
    found = problems(made_package(tmp_path, **files))
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize("start", ["metrics", "plotting", "checks."])
def test_importing_it_loads_no_torch(start):
    """Torch costs a second at every start of a lesson, a check, or a graded submission."""
    modules = [name for name in modules_of(PACKAGE) if name == start or name.startswith(start)]
    assert modules
    imports = "; ".join(f"import course_utils.{name}" for name in modules)
    code = f"import sys; {imports}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
