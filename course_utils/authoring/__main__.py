"""Build the notebooks from their text sources, or check them.

`build` runs what changed and rewrites exercises and the lesson list; `build SLUG` does so for one
lesson and its exercise, `build --all` runs everything. `check` runs nothing and takes seconds.
"""

import argparse
import sys
from pathlib import Path

from course_utils.authoring.build import build
from course_utils.authoring.check import check
from course_utils.places import course_root


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 if there is a problem, each printed on a line of its own."""
    parser = argparse.ArgumentParser("python -m course_utils.authoring", description=__doc__)
    parser.add_argument("--root", type=Path, help="the course's folder (default: this one)")
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="run what changed and write the notebooks")
    building.add_argument("slugs", nargs="*", metavar="SLUG", help="only these")
    building.add_argument("--all", action="store_true", help="run also what did not change")
    commands.add_parser("check", help="say which notebooks are not what the build would write")
    options = parser.parse_args(arguments)
    root = (options.root or course_root()).resolve()
    if options.command == "build":
        lines = build(root, options.slugs, everything=options.all)
    else:
        lines = check(root)
    print("\n".join(lines) if lines else "Every notebook is what its source implies.")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
