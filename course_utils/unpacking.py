"""How a data set's files get out of the archive or folder in which they lie.

The idea is that an archive never decides where anything is written: its names are compared with
the patterns of the data set, and what matches is written under the name that matched.
"""

import hashlib
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

from tqdm import tqdm

from course_utils.archive import REFUSED, ArchiveError, Files, damage_explained
from course_utils.disk_space import full_disk_explained, require_free

_CHUNK = 1 << 20


def unpack(
    holders: Sequence[Files], folder: Path, layout: Sequence[str], optional: Sequence[str] = ()
) -> dict[str, tuple[int, str]]:
    """Write a data set's files into an empty folder.

    Parameters
    ----------
    holders : sequence of Files
        What the set lies in; they are only read.
    folder : Path
        Where to. It exists.
    layout, optional : sequence of str
        Patterns of what is written; each of `layout` has to be there.

    Returns
    -------
    dict of str to (int, str)
        Name of each file written, its bytes and their SHA-256.

    Raises
    ------
    ArchiveError
        The set is not there, or damaged, or holds a link or a name twice.
    DiskFullError
        It does not fit.

    Examples
    --------
    >>> import tempfile
    >>> from course_utils.archive import files_of
    >>> with tempfile.TemporaryDirectory() as source, tempfile.TemporaryDirectory() as target:
    ...     _ = (Path(source) / "a.txt").write_bytes(b"abc")
    ...     unpack([files_of(Path(source), 10)], Path(target), ["*.txt"])["a.txt"][0]
    3
    """
    chosen = _choose(holders, layout, optional)
    total = sum(
        holder.sizes[n] for holder, names in zip(holders, chosen, strict=True) for n in names
    )
    require_free(folder, total, "The unpacked data set")
    written: dict[str, tuple[int, str]] = {}
    with tqdm(total=total, desc="unpacking", unit="B", unit_scale=True, disable=None) as bar:
        for holder, names in zip(holders, chosen, strict=True):
            with damage_explained(holder.path):
                for name, stream in holder.read(names):
                    path, size = folder / names[name], holder.sizes[name]
                    with full_disk_explained(path, lambda: total - int(bar.n)):
                        digest = _copy(stream, path, size, bar)
                    written[names[name]] = (size, digest)
    return written


def find_set(names: Collection[str], layout: Sequence[str], where: str) -> str:
    """Find the folder in which a data set lies, at any depth.

    Parameters
    ----------
    names : collection of str
        Of files, with "/" between parts.
    layout : sequence of str
        Patterns relative to the folder looked for; `*` stays within a part.
    where : str
        What was searched, for the message.

    Returns
    -------
    str
        The one folder in which every pattern has a file, with "/" at its end; "" for the top.

    Raises
    ------
    ArchiveError
        There is none, or more than one.

    Examples
    --------
    >>> names = ["Tutorial/README.md", "Tutorial/CamVid/train.txt", "Tutorial/CamVid/train/a.png"]
    >>> find_set(names, ["train.txt", "train/*.png"], "the archive")
    'Tutorial/CamVid/'
    """
    found: dict[str, set[str]] = {}
    for pattern in layout:
        regex = re.compile(f"((?:.*/)?){_to_regex(pattern)}")
        for match in filter(None, map(regex.fullmatch, names)):
            found.setdefault(match[1], set()).add(pattern)
    whole = [folder for folder, patterns in found.items() if len(patterns) == len(set(layout))]
    if len(whole) == 1:
        return whole[0]
    if whole:
        raise ArchiveError(
            f"expected one copy of the data set in {where}, found {len(whole)}: "
            f"{some(sorted(folder or './' for folder in whole))}. Give the folder of one of them."
        )
    best = max(found, key=lambda folder: len(found[folder]), default="")
    lacking = [pattern for pattern in layout if pattern not in found.get(best, ())]
    raise ArchiveError(
        f"expected the data set in its original layout in {where}, found no {some(lacking)}"
        f"{f' beside the rest in {best}' if best else ''}. "
        "Check that this is the data set, and that all of its archives are given."
    )


def some(names: Sequence[str], most: int = 3) -> str:
    """The first few of many names, as text.

    Parameters
    ----------
    names : sequence of str
    most : int
        How many to spell out.

    Returns
    -------
    str

    Examples
    --------
    >>> some(["a.png", "b.png", "c.png", "d.png"])
    'a.png, b.png, c.png and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _choose(
    holders: Sequence[Files], layout: Sequence[str], optional: Sequence[str]
) -> list[dict[str, str]]:
    """For each holder, the names wanted from it and what each is called in the data set."""
    where = " and ".join(str(holder.path) for holder in holders)
    start = find_set([name for holder in holders for name in holder.sizes], layout, where)
    regex = re.compile(re.escape(start) + f"(?:{'|'.join(map(_to_regex, (*layout, *optional)))})")
    if links := sorted(n for holder in holders for n in holder.links if regex.fullmatch(n)):
        raise ArchiveError(f"expected files in {where}, found links: {some(links)}. {REFUSED}")
    chosen = [
        {name: name.removeprefix(start) for name in holder.sizes if regex.fullmatch(name)}
        for holder in holders
    ]
    if len(set().union(*chosen)) < sum(map(len, chosen)):
        raise ArchiveError(f"expected different files in {where}, found some twice. Give one copy.")
    return chosen


def _copy(stream: IO[bytes], path: Path, size: int, bar: tqdm) -> str:
    """Write `size` bytes, all that the stream has, and return their SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, come = hashlib.sha256(), 0
    with open(path, "xb") as file:
        while chunk := stream.read(_CHUNK):
            come += len(chunk)
            if come > size:
                break
            file.write(chunk)
            digest.update(chunk)
            bar.update(len(chunk))
    if come != size:
        raise EOFError(f"{path.name} has {come:,} bytes, not {size:,}")
    return digest.hexdigest()


def _to_regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*", "[^/]*")
