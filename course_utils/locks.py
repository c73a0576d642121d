"""One process at a time: a lock that its holder cannot leave behind, however it ends."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def held(path: Path, busy: str) -> Iterator[None]:
    """Hold a lock, waiting for it as long as it takes.

    Parameters
    ----------
    path : Path
        The lock: an empty file, made with its folder where it is absent, and left lying, since
        removing it would race with whoever waits for it.
    busy : str
        Said once, on standard error, where another process holds it.

    Raises
    ------
    OSError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, held(Path(folder) / ".set.lock", "wait"):
    ...     print("alone")
    alone
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        raise type(error)(
            f"expected a folder that can be written at {path.parent}, the system says: "
            f"{error.strerror}. Choose a folder of your own."
        ) from error
    try:
        if not _try_lock(descriptor):
            print(busy, file=sys.stderr, flush=True)
            while not _try_lock(descriptor):
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)  # frees the lock, as the end of the process does


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
