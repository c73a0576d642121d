"""Free space: asked for before much is written, and explained where it ran out all the same."""

import contextlib
import errno
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # disk, share of it, largest file: all spent


class DiskFullError(OSError):
    """There is no room; the message tells how much was needed and how much there is."""


def require_free(folder: Path, needed: int, purpose: str) -> None:
    """Raise unless there is room in a folder.

    Parameters
    ----------
    folder : Path
        It exists.
    needed : int
        Bytes.
    purpose : str
        What needs them, as the start of a sentence.

    Raises
    ------
    DiskFullError
        Fewer bytes are free.

    Examples
    --------
    >>> require_free(Path(), 1, "One byte")
    >>> require_free(Path(), 10**21, "A zettabyte")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    course_utils.disk_space.DiskFullError: A zettabyte needs 1,000,000,000,000.0 GB in ...
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFullError(
            f"{purpose} needs {readable(needed)} in {folder}, and {readable(free)} are free. "
            f"Free {readable(needed - free)} there, or choose a folder on another disk."
        )


@contextlib.contextmanager
def full_disk_explained(path: Path, needed: Callable[[], int | None]) -> Iterator[None]:
    """Turn the system's bare "no space left" into a message with numbers.

    Parameters
    ----------
    path : Path
        What is being written.
    needed : callable
        Bytes still to come when it failed, or None where nobody knows.

    Raises
    ------
    DiskFullError
        In place of the system's error. Other errors pass.

    Examples
    --------
    >>> with full_disk_explained(Path("set.zip"), lambda: 2_000_000):
    ...     raise OSError(errno.ENOSPC, "No space left on device")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    course_utils.disk_space.DiskFullError: The disk is full: set.zip still needs 2.0 MB, and ...
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        rest, free = needed(), readable(shutil.disk_usage(path.parent).free)
        raise DiskFullError(
            f"The disk is full: {path} still needs {'more' if rest is None else readable(rest)}, "
            f"and {free} are free. Free some space, then run the same command again: a download "
            "goes on from what has come."
        ) from error


def readable(size: int) -> str:
    """A number of bytes for people.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    str
        In powers of 1000, as disks and download pages count.

    Examples
    --------
    >>> readable(999), readable(1_500), readable(1_999_639_040)
    ('999 bytes', '1.5 kB', '2.0 GB')
    """
    if size < 1000:
        return f"{size} bytes"
    for unit, scale in (("kB", 10**3), ("MB", 10**6)):
        if size < 999.95 * scale:
            return f"{size / scale:.1f} {unit}"
    return f"{size / 10**9:,.1f} GB"
