"""What a notebook's outputs stand on: its source, the course's modules behind it, and its data.

The build stores one hash of them in the notebook, so that `check` sees in milliseconds, without
running anything, that a notebook was made by other code or from other data. Line ends do not
count: the hash is the same on every system.
"""

import ast
import hashlib
from importlib.util import resolve_name
from pathlib import Path

# What a module reads for whoever imports it: folders under data/.
DATA_OF_MODULE = {"course_utils/datasets/pictures.py": "annotations"}


def fingerprint(root: Path, source: Path) -> str:
    """Hash of all that the notebook made from `source` stands on, 64 hexadecimal digits.

    Raises
    ------
    ValueError
        A file among them is not Python; the message names file and line.
    """
    modules = modules_behind(root, source)
    digest = hashlib.sha256()
    for path in [source, *modules, *_data_behind(root, source, modules)]:
        content = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def modules_behind(root: Path, source: Path) -> list[Path]:
    """Files of the course's modules that a script imports, directly or through others, sorted.

    `course_utils.checks.check` loads a lesson's checks by number: these count as imported.
    """
    found, waiting = set[Path](), [(source, "")]
    while waiting:
        for name in _imported(*waiting.pop(), number=source.stem[:2]):
            stem = root.joinpath(*name.split("."))
            for file in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
                if file.is_file() and file not in found:
                    found.add(file)
                    waiting.append((file, ".".join(file.parent.relative_to(root).parts)))
    return sorted(found, key=Path.as_posix)


def _data_behind(root: Path, source: Path, modules: list[Path]) -> list[Path]:
    """Files under data/ that bear the lesson's slug or are read by a module behind it, and results
    of benchmarks that the lesson names, sorted."""
    data = root / "data"
    starts = list(data.rglob(f"{source.stem}*"))
    starts += [data / read for file, read in DATA_OF_MODULE.items() if root / file in modules]
    text = source.read_text(encoding="utf-8")
    starts += [path for path in (root / "benchmarks/results").glob("*") if path.name in text]
    files = {path for start in starts for path in (start, *start.rglob("*")) if path.is_file()}
    return sorted((path for path in files if path.name[0] != "."), key=Path.as_posix)


def _imported(path: Path, package: str, number: str) -> set[str]:
    """Dotted names of ours that a file of a package imports, and of the packages above them."""
    names = set[str]()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ValueError(f"{path.name}, line {error.lineno}: {error.msg}. Mend it.") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    if any(f"{name}.".startswith("course_utils.checks.check.") for name in names):
        names.add(f"course_utils.checks.lesson{number}")
    ours = [name.split(".") for name in names if name.split(".")[0] == "course_utils"]
    return {".".join(parts[:depth]) for parts in ours for depth in range(1, len(parts) + 1)}
