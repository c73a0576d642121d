"""What a student answered and predicted, kept for good: one line of JSON per event.

The idea is to append and never rewrite. Two notebooks that each rewrote the whole file would lose
each other's answers, so an event is one line, written with one call under a file lock, and flushed
to the disk before `record` returns. A kernel killed in the middle leaves half a line at the end at
most: the next writer starts a new line, and the next reader moves the half line to a second file
beside the first, with a message. Nothing here stops a lesson: where nothing can be written, one
line says so, once.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from course_utils.places import progress_file

_LOCK_SECONDS = 5.0
_already_told: set[str] = set()
_unsaved: list[bytes] = []  # what the disk refused; known until this kernel ends


def record(kind: str, name: str, **content: object) -> bool:
    """Append one event to the progress file.

    Parameters
    ----------
    kind : str
        What sort of event: "prediction", "quiz", ...
    name : str
        What it is about: "05-shift", ...
    **content : JSON values, NumPy scalars or arrays
        The answer and whatever else belongs to the event.

    Returns
    -------
    bool
        True once the event is on the disk. False if it could not be written (no permission, disk
        full): a line on standard error says so the first time, and `events` knows the event until
        this kernel ends, so the lesson goes on.

    Raises
    ------
    TypeError
        If a value has no form in JSON.
    ValueError
        If `content` holds an entry called time, which every event has already.

    Examples
    --------
    >>> with _temporary_progress():
    ...     record("prediction", "05-shift", answer="1/3")
    ...     latest("prediction", "05-shift")["answer"]
    True
    '1/3'
    """
    line = _to_line(kind, name, content)
    path = progress_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path):
            _append_line(path, line)
    except OSError as error:
        _tell_once(
            f"Your answers cannot be saved in {path} ({_reason(error)}). The lesson works without; "
            "to keep answers, free space there or set COURSE_PROGRESS to a file that you can write."
        )
        _unsaved.append(line)
        return False
    return True


def events(kind: str | None = None, name: str | None = None) -> list[dict]:
    """Recorded events, oldest first.

    Parameters
    ----------
    kind, name : str, optional
        Only events of this kind, about this name.

    Returns
    -------
    list of dict
        Each with "time" (UTC, ISO 8601), "kind", "name" and the content that was recorded; an empty
        list if nothing was.

    Notes
    -----
    A line that is no event (half written, damaged by hand or by the disk) is moved to
    progress.damaged.jsonl beside the file, and a message names both files.

    Examples
    --------
    >>> with _temporary_progress():
    ...     stored = [record("quiz", "05-a", correct=right) for right in (False, True)]
    ...     [event["correct"] for event in events(kind="quiz", name="05-a")]
    [False, True]
    """
    return [
        event
        for event in [*_read(progress_file()), *map(json.loads, _unsaved)]
        if kind in (None, event["kind"]) and name in (None, event["name"])
    ]


def latest(kind: str, name: str) -> dict | None:
    """The event recorded last, or None if there is none.

    Parameters
    ----------
    kind, name : str
        As given to `record`.

    Returns
    -------
    dict or None
        As in `events`.

    Examples
    --------
    >>> with _temporary_progress():
    ...     latest("prediction", "05-shift") is None
    True
    """
    found = events(kind, name)
    return found[-1] if found else None


def _to_line(kind: str, name: str, content: dict[str, object]) -> bytes:
    if "time" in content:
        raise ValueError(
            "expected content without an entry called time, got one. "
            "Every event is stamped with its time; give yours another name."
        )
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {"time": stamp, "kind": kind, "name": name, **content}
    return json.dumps(event, default=_plain_value).encode() + b"\n"  # ASCII, no line break inside


def _plain_value(value: object) -> object:
    if hasattr(value, "tolist"):  # NumPy scalars and arrays, torch tensors
        return value.tolist()
    raise TypeError(
        f"expected a value that JSON can hold, got {type(value).__name__}. "
        "Record numbers, strings, lists, dictionaries or NumPy arrays."
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path`, a file beside it; the system frees it when its holder dies."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up = time.monotonic() + _LOCK_SECONDS
        while not _try_lock(descriptor):
            if time.monotonic() > give_up:
                raise TimeoutError(f"another program has held it locked for {_LOCK_SECONDS:.0f} s")
            time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)  # frees the lock


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _append_line(path: Path, line: bytes) -> None:
    """Append `line` wholly or not at all, on a line of its own; call it under the lock."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o600)
    try:
        size = os.lseek(descriptor, 0, os.SEEK_END)
        if size and _last_byte(descriptor) != b"\n":
            line = b"\n" + line  # the last writer was killed in the middle of its line
        try:
            written = os.write(descriptor, line)
            if written < len(line):
                raise OSError("the disk is full")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)


def _last_byte(descriptor: int) -> bytes:
    os.lseek(descriptor, -1, os.SEEK_END)
    return os.read(descriptor, 1)


def _read(path: Path) -> list[dict]:
    if not path.exists():
        return []
    try:
        with _locked(path):
            good, damaged = _sort_lines(path.read_bytes())
            if damaged:
                _set_aside(path, good, damaged)
    except OSError as error:
        return _read_without_lock(path, error)
    return [event for _, event in good]


def _read_without_lock(path: Path, reason: OSError) -> list[dict]:
    """Read what can be read where nothing can be locked or written."""
    try:
        good, _ = _sort_lines(path.read_bytes())
    except OSError as error:
        _tell_once(f"Your answers cannot be read from {path} ({_reason(error)}).")
        return []
    _tell_once(f"Your answers are read from {path}, but not kept there ({_reason(reason)}).")
    return [event for _, event in good]


def _sort_lines(text: bytes) -> tuple[list[tuple[bytes, dict]], list[bytes]]:
    good, damaged = [], []
    for line in text.split(b"\n"):
        event = _to_event(line)
        if event is not None:
            good.append((line, event))
        elif line.strip():
            damaged.append(line)
    return good, damaged


def _to_event(line: bytes) -> dict | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(event, dict) and all(
        isinstance(event.get(key), str) for key in ("time", "kind", "name")
    )
    return event if whole else None


def _set_aside(path: Path, good: list[tuple[bytes, dict]], damaged: list[bytes]) -> None:
    """Move damaged lines to a second file; if killed half-way, they are in both, never in none."""
    path = path.resolve()
    aside = path.with_name(f"{path.stem}.damaged{path.suffix}")
    clean = path.with_name(f"{path.name}.clean")
    _append_line(aside, b"\n".join(damaged) + b"\n")
    clean.unlink(missing_ok=True)
    _append_line(clean, b"".join(line + b"\n" for line, _ in good))
    clean.replace(path)
    _tell(
        f"{len(damaged)} damaged line(s) of {path} were moved to {aside}; "
        f"the other {len(good)} recorded event(s) are whole."
    )


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _tell_once(message: str) -> None:
    if message not in _already_told:
        _already_told.add(message)
        _tell(message)


def _tell(message: str) -> None:
    print(message, file=sys.stderr)


@contextlib.contextmanager
def _temporary_progress() -> Iterator[Path]:
    """An empty progress file for the examples above."""
    import tempfile
    from unittest import mock

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "progress.jsonl"
        with mock.patch.dict(os.environ, COURSE_PROGRESS=str(path)):
            yield path
