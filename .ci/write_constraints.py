"""Write constraints.txt: the exact version of everything the course installs.

Run it with the environment whose tests have just passed, made by the oldest Python that the
course serves (a newer one may bring versions that the oldest cannot install; they are refused):

    python3.11 course.py test --newest && .venv/bin/python .ci/write_constraints.py

It follows the requirements of the course and of its extra `dev` from package to package, and
leaves out local parts of a version (the `+cpu` of `torch 2.13.0+cpu` names a build that other
machines may not find), and pip and setuptools, which environments bring in their own versions.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

COURSE = "segmentation-course"
OLDEST_PYTHON = "3.11.0"
LEFT_OUT = {COURSE, "pip", "setuptools"}
HEADER = """\
# The versions that the tests passed with. Written by .ci/write_constraints.py: do not edit.
# A constraint installs nothing: lines for other systems are harmless, and packages that only other
# systems need (CUDA's, which come with torch on Linux and are pinned by it; Windows' pywinpty,
# macOS' appnope) are not listed.
"""


def installed_versions(extra: str) -> dict[str, str]:
    """Map every package that the course needs, directly or not, to its installed version."""
    versions: dict[str, str] = {}
    waiting, seen = [(COURSE, extra)], set()
    while waiting:
        package, extra = waiting.pop()
        if (package, extra) in seen:
            continue
        seen.add((package, extra))
        found = distribution(package)
        require_oldest_python(package, found.version, found.metadata["Requires-Python"])
        versions[package] = Version(found.version).public
        for requirement in map(Requirement, found.requires or []):
            marker = requirement.marker
            if marker is None or marker.evaluate({"extra": extra}):
                name = str(canonicalize_name(requirement.name))
                waiting += [(name, wanted) for wanted in ["", *requirement.extras]]
    return {name: versions[name] for name in sorted(versions) if name not in LEFT_OUT}


def require_oldest_python(package: str, version: str, pythons: str | None) -> None:
    """Exit unless the oldest Python of the course can install this version of a package."""
    if not SpecifierSet(pythons or "").contains(OLDEST_PYTHON):
        sys.exit(
            f"{package} {version} needs Python {pythons}, and the course serves {OLDEST_PYTHON}. "
            f"Install the last version that serves it (`pip install '{package}<{version}'` in an "
            "environment of that Python tells which), run the tests again, then this script."
        )


def constraints_text() -> str:
    """Return the content of constraints.txt for the environment that runs this."""
    pins = [f"{name}=={version}\n" for name, version in installed_versions("dev").items()]
    return HEADER + "".join(pins)


if __name__ == "__main__":
    target = Path(__file__).resolve().parents[1] / "constraints.txt"
    target.write_text(constraints_text(), encoding="utf-8")
    sys.stdout.write(f"{target.name}: {constraints_text().count('==')} versions\n")
