"""Downloads over HTTP that go on where they were cut.

The idea is that the file on the disk is the only memory. What has come lies in NAME.part, in order,
so its length says from where to go on; NAME.part.json beside it holds the server's mark of the
version that was begun (its ETag or date). The next request asks for the rest of that version, and
a server that has another one by now, or cannot send a rest, sends the whole file: then the
download starts anew.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import requests
from tqdm import tqdm

from course_utils.disk_space import full_disk_explained

WAITS = (1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try; so many tries in a row may bring nothing."""
_LONGEST_WAIT = 60.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # answers that may be better a moment later
_CHUNK = 1 << 14  # at most so much is lost when the connection is cut
_TIMEOUT = (10.0, 30.0)  # seconds to connect, and to wait for the next bytes


class DownloadError(OSError):
    """A file did not come; the message says why, and what to do."""


def download(
    url: str, path: Path, *, part: Path | None = None, waits: tuple[float, ...] = WAITS
) -> None:
    """Download a file, or the rest of one that was begun.

    Parameters
    ----------
    url : str
        Address, http or https.
    path : Path
        Where the whole file goes.
    part : Path, optional
        Where its beginning is kept until then, whatever happens: a cut connection, a full disk,
        Ctrl-C, a killed process. By default `path` with ".part" added; on the same disk.
    waits : tuple of float
        Seconds to wait before each new try. The count starts again with every try that brought the
        file further than any before it.

    Raises
    ------
    DownloadError
        The server cannot be reached, refuses, or cuts the connection again and again. The message
        tells what was tried and what was kept.
    DiskFullError
        The file does not fit; what fits is kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     download("http://127.0.0.1:9/set.zip", Path(folder) / "set.zip", waits=())
    Traceback (most recent call last):
    course_utils.range_download.DownloadError: http://127.0.0.1:9/set.zip could not be ...
    """
    part = part or path.with_name(f"{path.name}.part")
    furthest, failures = _length(part), 0
    with _progress_bar(part.stem) as bar:
        while True:
            try:
                _download_rest(url, part, bar)
                break
            except _PassingError as trouble:
                failures = failures + 1 if _length(part) <= furthest else 1
                furthest = max(furthest, _length(part))
                if failures > len(waits):
                    bar.leave = bar.n > 0
                    raise DownloadError(_given_up(url, part, failures, trouble)) from trouble
                wait = min(max(waits[failures - 1], trouble.wait), _LONGEST_WAIT)
                tqdm.write(f"{part.stem}: {trouble}; next try in {wait:g} s.", file=sys.stderr)
                time.sleep(wait)
    part.replace(path)
    _mark_of(part).unlink(missing_ok=True)


class _PassingError(Exception):
    """Trouble that may be over at the next try, in `wait` seconds or later."""

    def __init__(self, reason: str, wait: float = 0.0):
        super().__init__(reason)
        self.wait = wait


def _download_rest(url: str, part: Path, bar: tqdm) -> None:
    """Make one request for what `part` lacks, and append it."""
    begun, mark = _length(part), _read_mark(part, url)
    if begun and not mark:
        begun = 0  # nothing tells whether the server still has the same file
    headers = {"Accept-Encoding": "identity"}
    if begun:
        headers |= {"Range": f"bytes={begun}-", "If-Range": mark}
    with (
        _passing_trouble(),
        requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer,
    ):
        if begun and answer.status_code == 416:
            if answer.headers.get("Content-Range", "").endswith(f"*/{begun}"):
                return  # all of it had come before
            part.unlink()
            raise _PassingError("the file on the server has become shorter, so it starts anew")
        _require_success(url, answer)
        if begun and not _continues(answer, begun, mark):
            if answer.status_code == 206:
                part.unlink()
                raise _PassingError("the file on the server has changed, so it starts anew")
            tqdm.write(f"{part.stem}: the server sends it from its start again.", file=sys.stderr)
            begun = 0
        _write_mark(part, url, answer)
        _append(answer, part, begun, bar)


def _continues(answer: requests.Response, begun: int, mark: str) -> bool:
    """Whether an answer is the rest, from byte `begun`, of the version with this mark."""
    starts = answer.headers.get("Content-Range", "").startswith(f"bytes {begun}-")
    return answer.status_code == 206 and starts and _mark_in(answer) in ("", mark)


def _append(answer: requests.Response, part: Path, begun: int, bar: tqdm) -> None:
    """Write an answer's bytes behind the first `begun` ones; nothing is buffered on the way."""
    size = answer.headers.get("Content-Length")
    total = begun + int(size) if size else None
    bar.reset(total)
    bar.initial = bar.n = bar.last_print_n = begun  # else they would count as this second's speed
    with open(part, "ab", buffering=0) as file:
        file.truncate(begun)
        for chunk in answer.iter_content(_CHUNK):
            _write_all(file, chunk, total)
            bar.update(len(chunk))
    if total is not None and _length(part) != total:
        raise _PassingError(f"the connection ended after {_length(part):,} of {total:,} bytes")


def _write_all(file: IO[bytes], chunk: bytes, total: int | None) -> None:
    part, rest = Path(file.name), memoryview(chunk)
    with full_disk_explained(part, lambda: total - _length(part) if total else None):
        while rest:
            rest = rest[file.write(rest) :]


def _require_success(url: str, answer: requests.Response) -> None:
    """Raise unless the server sends the file; some refusals are worth another try."""
    if answer.status_code in (200, 206):
        return
    reason = f"the server answered {answer.status_code} {answer.reason}"
    if answer.status_code in _PASSING:
        wait = answer.headers.get("Retry-After", "")
        raise _PassingError(reason, float(wait) if wait.isdigit() else 0.0)
    raise DownloadError(
        f"{url} could not be downloaded: {reason}. The file has moved or is not for everyone: "
        "open the address in a browser, download it there if you can, and give it with --from."
    )


@contextlib.contextmanager
def _passing_trouble() -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        if isinstance(error, requests.exceptions.SSLError):
            raise DownloadError(
                f"The server's certificate was refused: {error}. Set the clock of this machine, "
                "or download the file in a browser and give it with --from."
            ) from error
        raise _PassingError(_plainly(error)) from error


def _plainly(error: requests.RequestException) -> str:
    """What happened, without the layers of the libraries around it."""
    text = str(error)
    if "NameResolution" in text or "getaddrinfo" in text:
        return "the name of the server cannot be looked up"
    if "timed out" in text:
        return "the server does not answer"
    if "ConnectionError" in type(error).__name__ and "establish" in text:
        return "no connection can be made"
    return "the connection was cut"


def _given_up(url: str, part: Path, failures: int, trouble: _PassingError) -> str:
    kept = f" {_length(part):,} bytes are kept in {part}." if _length(part) else ""
    return (
        f"{url} could not be downloaded in {failures} tries: {trouble}.{kept} When the network is "
        "back, run the same command again"
        f"{', it goes on from there' if kept else ''}. With the file from elsewhere, add "
        "--from FILE; without any network, take a data set that the course generates, "
        "such as digits, coins, cells or ships."
    )


def _progress_bar(name: str) -> tqdm:
    """A bar with the time left, drawn often on a terminal and seldom into a file."""
    seldom = 0.1 if sys.stderr.isatty() else 20.0
    return tqdm(desc=name, unit="B", unit_scale=True, mininterval=seldom, delay=0.2)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mark_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _mark_in(answer: requests.Response) -> str:
    """What tells this version of the file from others; "" where the server sends nothing."""
    tag = answer.headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified", "")


def _read_mark(part: Path, url: str) -> str:
    try:
        stored = json.loads(_mark_of(part).read_bytes())
        return str(stored["mark"]) if stored["url"] == url else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _write_mark(part: Path, url: str, answer: requests.Response) -> None:
    """Store the mark, before the first byte it stands for."""
    temporary = part.with_name(f"{part.name}.json.{os.getpid()}")
    with full_disk_explained(part, lambda: None):
        temporary.write_text(json.dumps({"url": url, "mark": _mark_in(answer)}), encoding="utf-8")
    temporary.replace(_mark_of(part))
