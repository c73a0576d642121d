"""Where a real data set comes from, whose it is, and how its files lie.

Only facts, so that a lesson which reads a data set loads nothing that fetches one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.places import user_folder


@dataclass(frozen=True)
class Download:
    """One file of a data set, as its publisher serves it.

    Attributes
    ----------
    url : str
        Address.
    file : str
        Name to keep it under; it ends as the address should: .zip, .tar, .tar.gz.
    size : int
        Bytes, for the announcement; the server's word counts while it comes.
    checksum : str or None
        Published: "md5:..." or "sha256:...".

    Examples
    --------
    >>> Download("https://example.org/set.zip", "set.zip", size=1_000).checksum is None
    True
    """

    url: str
    file: str
    size: int
    checksum: str | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a data set comes from, whose it is, and how it lies in its own folder.

    Attributes
    ----------
    name : str
        As in the command: "camvid".
    title, licence, citation : str
        Shown before the download.
    downloads : tuple of Download
        All of them make the set.
    unpacked_size : int
        Bytes of the files that are kept.
    layout : tuple of str
        Patterns of file names, relative to the set's own folder, "/" between parts; `*` stays
        within a part. Each matches a file at least, and other files are not unpacked.
    optional : tuple of str
        Patterns of files that are unpacked too where they are there.
    counts : mapping of str to int
        Files of each pattern in the whole set; checked after a download.
    missing_files : callable
        Given the set's folder, names of files that its own lists name and that are not there.

    Examples
    --------
    >>> Source(
    ...     name="dots", title="Dots", licence="CC0", citation="-", downloads=(),
    ...     unpacked_size=1_000, layout=("images/*.png", "masks/*.png"),
    ... ).missing_files(Path())
    []
    """

    name: str
    title: str
    licence: str
    citation: str
    downloads: tuple[Download, ...]
    unpacked_size: int
    layout: tuple[str, ...]
    optional: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    missing_files: Callable[[Path], list[str]] = field(default=lambda folder: [])


def default_root(name: str) -> Path:
    """Folder of a data set that was fetched without saying where to.

    Parameters
    ----------
    name : str
        Of the data set.

    Returns
    -------
    Path
        In the user's own folder; it need not exist.

    Examples
    --------
    >>> default_root("camvid").relative_to(user_folder()).as_posix()
    'data/camvid'
    """
    return user_folder() / "data" / name
