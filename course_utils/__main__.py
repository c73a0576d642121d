"""The course's commands beside the notebooks: `python -m course_utils doctor`, `... data`.

Each command imports what it needs when it runs: `doctor` must start where other things are broken.
"""

import argparse
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; by default this process's own.

    Returns
    -------
    int
        Exit code: 0, or 1 where `doctor` found a problem or a file could not be written.

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
    data = commands.add_parser("data", help="show the data that the course comes with")
    sets = data.add_subparsers(dest="data_set", required=True)
    pictures = sets.add_parser("pictures", help="real pictures with ground truth drawn by hand")
    pictures.add_argument("--sheet", required=True, metavar="OUT", help="draw them all into a PNG")
    pictures.set_defaults(run=_pictures)
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


if __name__ == "__main__":
    sys.exit(main())
