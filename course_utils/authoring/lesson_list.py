"""The lesson list, notebooks/README.md, derived from the first cell of each lesson.

That cell has three parts: a title and two paragraphs.

    # 05 How good is a mask?
    After this lesson you can compute IoU by hand, and say why accuracy flatters.

    **Needs:** lesson 04. **Run time:** about 30 s on two CPU cores; no GPU needed.

The list shows the number, the title, the paragraph's first sentence and the run time.
"""

import re
from pathlib import Path

from course_utils.authoring.source import FOLDERS, derived_notebooks, read_source

HEAD = """\
<!-- Written by `python -m course_utils.authoring build` from the first cell of each lesson. -->
# Lessons

| | lesson | after it you can | run time | practise |
|---|---|---|---|---|
"""
_FIRST_CELL = re.compile(
    r"# (?P<number>\d\d) (?P<title>.+)\n"
    r"\s*After this lesson you can (?P<aim>(?:.|\n(?!\n))+?)[.!?]\s"
    r"(?:.|\n)*\*\*Run time:\*\* (?P<time>(?:.|\n(?!\n))+?)\.?\n(?:\n|\Z)"
)


def lesson_list(root: Path) -> str:
    """The text of notebooks/README.md: a table of the lessons that exist.

    Raises
    ------
    ValueError
        The first cell of a lesson does not say what the list shows.
    """
    sources = [each.source for each in derived_notebooks(root) if each.kind == "lesson"]
    return HEAD + "".join(_row(root, source) for source in sources)


def problems(root: Path) -> list[str]:
    """Why the lesson list is not what the lessons say; none if it is."""
    path = root / "notebooks/README.md"
    try:
        if path.exists() and path.read_text(encoding="utf-8") == lesson_list(root):
            return []
    except ValueError as error:
        return [str(error)]
    return [
        "notebooks/README.md: is not the list of these lessons. "
        "Run `python -m course_utils.authoring build`."
    ]


def _row(root: Path, source: Path) -> str:
    slug, cells = source.stem, read_source(source, graded=False).cells
    told = _FIRST_CELL.match(cells[0].source + "\n") if cells else None
    if told is None or told["number"] != slug[:2]:
        raise ValueError(
            f"{source.relative_to(root).as_posix()}: its first cell must be `# {slug[:2]} Title`, "
            "then `After this lesson you can ... .`, then a line with `**Run time:** about ... .`; "
            f"got `{cells[0].source[:60] if cells else ''}`."
        )
    practise = [
        f"[{kind}](../{folder}/{slug}/{slug}.ipynb)"
        for kind, folder in sorted(FOLDERS.items())
        if (root / f"solutions/source/{slug}.py").exists()
    ]
    title, aim = f"[{told['title']}]({slug}.ipynb)", " ".join(told["aim"].split())
    run_time = " ".join(told["time"].split())
    columns = [told["number"], title, aim, run_time, " · ".join(practise)]
    return f"| {' | '.join(columns)} |\n"
