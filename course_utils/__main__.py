"""The course's commands beside the notebooks: `python -m course_utils doctor`, `... data`.

Each command imports what it needs when it runs: `doctor` must start where other things are broken.
"""

import argparse
import importlib
import shlex
import sys
from pathlib import Path

from course_utils.sources import default_root

FETCHED = {
    "camvid": "street scenes, 11 classes",
    "nuclei": "cell nuclei under the microscope, with instances",
    "pets": "cats and dogs",
    "voc2012": "everyday photographs, 20 classes",
}
"""Data sets that are fetched on demand."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; by default this process's own.

    Returns
    -------
    int
        Exit code: 0; 1 where `doctor` or `--verify` found a problem or something could not be
        fetched or written; 130 where Ctrl-C stopped it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     code = main(["data", "pictures", "--sheet", f"{folder}/sheet.png"])
    ... # doctest: +ELLIPSIS
    All pictures with their ground truth: ...sheet.png
    >>> code
    0
    """
    parser = argparse.ArgumentParser(
        prog="python -m course_utils", description="The course's commands beside the notebooks."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="say what this machine has, and what to mend")
    doctor.set_defaults(run=_doctor)
    data = commands.add_parser("data", help="fetch real data sets, show what ships")
    sets = data.add_subparsers(dest="data_set", required=True)
    pictures = sets.add_parser("pictures", help="real pictures with ground truth drawn by hand")
    pictures.add_argument("--sheet", required=True, metavar="OUT", help="draw them all into a PNG")
    pictures.set_defaults(run=_pictures)
    for name, help_text in FETCHED.items():
        _add_data_set(sets.add_parser(name, help=help_text), name)
    _add_train(commands.add_parser("train", help="train a network, and score it"))
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


def _doctor(_: argparse.Namespace) -> int:
    from course_utils.doctor import PROBLEM, examine, report

    findings = examine()
    print(report(findings))
    return int(any(finding.status == PROBLEM for finding in findings))


def _pictures(options: argparse.Namespace) -> int:
    from course_utils.datasets.pictures import draw_sheet

    print(f"All pictures with their ground truth: {draw_sheet(options.sheet)}")
    return 0


def _add_data_set(parser: argparse.ArgumentParser, name: str) -> None:
    parser.add_argument("--root", metavar="DIR", type=Path, help="the folder that will hold it")
    parser.add_argument(
        "--from",
        dest="given",
        metavar="PATH",
        type=Path,
        action="append",
        default=[],
        help="an archive or a folder at hand, instead of a download; once for each archive",
    )
    parser.add_argument("--verify", action="store_true", help="check every file that is there")
    parser.add_argument("--again", action="store_true", help="replace what is there")
    parser.add_argument("--yes", action="store_true", help="download without asking")
    parser.set_defaults(run=_data_set, name=name)


def _data_set(options: argparse.Namespace) -> int:
    from course_utils import download

    source = importlib.import_module(f"course_utils.datasets.{options.name}").SOURCE
    root = (options.root or default_root(options.name)).expanduser()
    if options.verify:
        return _verify(options.name, root)
    try:
        if not options.again and download.is_there(root):
            print(f"{source.title} is in {root}. --verify checks it, --again fetches it anew.")
            return 0
        print(download.announcement(source, root, options.given), flush=True)
        if not (options.given or options.yes or _agreed()):
            return 1
        download.fetch(source, root, given=options.given, again=options.again)
    except KeyboardInterrupt:
        print(f"\n{download.kept(root)}", file=sys.stderr)
        return 130
    print(f"{source.title} is in {root}.")
    return 0


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="name all models and data sets")
    parser.add_argument("--model", default="unet", metavar="NAME", help="unet by default")
    parser.add_argument("--data", default="digits", metavar="NAME", help="digits by default")
    parser.add_argument("--out", type=Path, metavar="DIR", help="by default runs/MODEL-DATA")
    parser.add_argument("--resume", action="store_true", help="go on with the run in the folder")
    parser.add_argument(
        "--root", "--from", dest="root", type=Path, metavar="DIR", help="where fetched data lie"
    )
    parser.add_argument("--pictures", type=int, metavar="N", help="training pictures to take")
    parser.add_argument("--size", type=int, nargs=2, metavar=("H", "W"), help="of all pictures")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="of the model, such as width=32; see --list",
    )
    for name, kind in (
        ("epochs", int),
        ("batch-size", int),
        ("learning-rate", float),
        ("loss", str),
        ("precision", str),
        ("ema", float),
        ("seed", int),
        ("device", str),
        ("threads", int),
        ("checkpoint-steps", int),
    ):
        parser.add_argument(f"--{name}", type=kind, help=f"as Config.{name.replace('-', '_')}")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from course_utils.train_command import run

    return run(options)


def _agreed() -> bool:
    """Ask; where nobody can answer, say how to go on without."""
    if not sys.stdin.isatty():
        print("Nothing was downloaded: add --yes if you agree.", file=sys.stderr)
        return False
    try:
        return input("Download it? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _verify(name: str, root: Path) -> int:
    from course_utils.manifest import FILE, faults, read_manifest

    found = faults(root)
    for path, fault in sorted(found.items()):
        print(f"{fault:8} {path}")
    if not found:
        print(f"All {len(read_manifest(root) or ())} files in {root} are whole.")
        return 0
    where = "" if root == default_root(name) else f" --root {shlex.quote(str(root))}"
    what = "no fetched data set" if FILE in found else f"{len(found)} missing or damaged files"
    print(
        f"{root} holds {what}. To mend it, fetch it anew: python -m course_utils data {name}{where}"
        " --again, or with --from PATH from a whole copy.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
