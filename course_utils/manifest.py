"""The list of a data set's files that lies beside them, and what it finds missing or damaged.

It is written last, into a folder that has no name yet: a folder with a manifest was complete once.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tqdm import tqdm

FILE = "manifest.json"
MISSING, DAMAGED = "missing", "damaged"


def write_manifest(
    folder: Path, name: str, origins: Sequence[str], files: Mapping[str, tuple[int, str]]
) -> None:
    """Write the list of a folder's files.

    Parameters
    ----------
    folder : Path
        Of the data set.
    name : str
        Of the data set.
    origins : sequence of str
        Addresses or paths that it came from.
    files : mapping of str to (int, str)
        Name of each file, its bytes and their SHA-256.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_manifest(Path(folder), "dots", ["dots.zip"], {"a.png": (3, "00")})
    ...     faults(Path(folder))
    {'a.png': 'missing'}
    """
    content = {"name": name, "origins": list(origins), "files": dict(sorted(files.items()))}
    with open(folder / FILE, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=0)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> dict[str, tuple[int, str]] | None:
    """Read the list of a folder's files.

    Parameters
    ----------
    folder : Path
        Of a data set, or any other.

    Returns
    -------
    dict of str to (int, str), or None
        Bytes and SHA-256 of each file; None where there is no list, or none that can be read.

    Examples
    --------
    >>> read_manifest(Path("no such folder")) is None
    True
    """
    try:
        files = json.loads((folder / FILE).read_bytes())["files"]
        return {str(name): (int(size), str(digest)) for name, (size, digest) in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def faults(folder: Path, *, every_byte: bool = True) -> dict[str, str]:
    """Compare a data set's files with their list.

    Parameters
    ----------
    folder : Path
        Of the data set.
    every_byte : bool
        Whether to read the files. Without, only their sizes are compared: a moment for thousands.

    Returns
    -------
    dict of str to str
        "missing" or "damaged" for each file that is; empty if all is well. Where the list itself
        is missing or damaged, it is the one entry.

    Examples
    --------
    >>> faults(Path("no such folder"))
    {'manifest.json': 'missing'}
    """
    files = read_manifest(folder)
    if files is None:
        return {FILE: DAMAGED if (folder / FILE).exists() else MISSING}
    found: dict[str, str] = {}
    for name in tqdm(files, desc="checking", unit=" files", disable=None if every_byte else True):
        path = folder / name
        size, digest = files[name]
        if not path.is_file():
            found[name] = MISSING
        elif path.stat().st_size != size or (every_byte and _digest(path) != digest):
            found[name] = DAMAGED
    return found


def _digest(path: Path) -> str | None:
    """SHA-256 of a file; None where the disk cannot read it."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
