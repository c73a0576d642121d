"""What lies in an archive or a folder, listed before anything is read from it.

The idea is that folder, zip and tar archive look alike: names with their sizes, and the files one
by one. A name that leads out of the archive, a name that comes twice and an absurd size are refused
while listing, since no published data set has them.
"""

import contextlib
import errno
import gzip
import lzma
import os
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, Protocol

MOST_FILES = 1_000_000
_CHUNK = 1 << 20
REFUSED = "The archive is refused: take it from the publisher's own address."
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, RuntimeError, ValueError, OverflowError, struct.error),
)


class ArchiveError(OSError):
    """An archive or a folder is damaged, dangerous, or no such data set."""


class Files(Protocol):
    """Files that lie together somewhere: in a folder, a zip or a tar archive.

    Attributes
    ----------
    path : Path
        Of the folder or archive.
    sizes : dict of str to int
        Bytes of each file; names are relative, with "/" between parts.
    links : set of str
        Names of what is neither file nor folder.
    """

    path: Path
    sizes: dict[str, int]
    links: set[str]

    def read(self, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
        """Open the named files one by one, in the order in which they lie."""
        ...


def files_of(path: Path, most_bytes: int) -> Files:
    """List a folder or an archive.

    Parameters
    ----------
    path : Path
        A folder, or an archive: zip, tar, tar.gz, tar.bz2, tar.xz, whatever its name.
    most_bytes : int
        An archive that holds more is refused.

    Returns
    -------
    Files

    Raises
    ------
    FileNotFoundError
        There is nothing at `path`.
    ArchiveError
        It is no archive, a damaged one, or one with names or sizes that no data set has.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with zipfile.ZipFile(Path(folder) / "set.zip", "w") as archive:
    ...         archive.writestr("set/train/a.png", b"12345")
    ...     files_of(Path(folder) / "set.zip", most_bytes=1_000).sizes
    {'set/train/a.png': 5}
    """
    if path.is_dir():
        return _FolderFiles(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"expected an archive or a folder at {path}, found nothing. Check the path."
        )
    with damage_explained(path):
        with open(path, "rb") as file:
            is_zip = file.read(2) == b"PK"
        return _ZipFiles(path, most_bytes) if is_zip else _TarFiles(path, most_bytes)


@contextlib.contextmanager
def damage_explained(path: Path) -> Iterator[None]:
    """Turn what the libraries raise on a damaged archive into one error with a remedy.

    Parameters
    ----------
    path : Path
        Of the archive.

    Raises
    ------
    ArchiveError
        In place of their errors.

    Examples
    --------
    >>> with damage_explained(Path("set.zip")):
    ...     raise zipfile.BadZipFile("Bad CRC-32")
    Traceback (most recent call last):
    course_utils.archive.ArchiveError: set.zip is damaged or no zip or tar archive (Bad CRC-32)...
    """
    try:
        yield
    except (*_DAMAGE, OSError) as error:
        if not isinstance(error, _DAMAGE) and error.errno != errno.EINVAL:  # a place before byte 0
            raise
        reason = str(error) or type(error).__name__
        raise ArchiveError(
            f"{path} is damaged or no zip or tar archive ({reason}); nothing was unpacked from it. "
            "Download it again."
        ) from error


class _Listing:
    """Names and sizes of an archive's members, each looked at before it counts."""

    def __init__(self, path: Path, most_bytes: int):
        self.path, self.most_bytes, self.total = path, most_bytes, 0
        self.sizes: dict[str, int] = {}
        self.links: set[str] = set()

    def add(self, name: str, size: int, is_file: bool) -> None:
        """Take one member up, or refuse the archive."""
        plain = _plain(name)
        if plain is None:
            raise ArchiveError(f"{self.path} holds {name!r}, which leads out of it. {REFUSED}")
        if not is_file:
            self.links.add(plain)
            return
        if plain in self.sizes:
            raise ArchiveError(f"{self.path} holds {name!r} twice. {REFUSED}")
        self.total += size
        if self.total > self.most_bytes or len(self.sizes) >= MOST_FILES:
            raise ArchiveError(
                f"{self.path} would unpack to more than {self.most_bytes:,} bytes or {MOST_FILES:,}"
                f" files, many times what the data set has. {REFUSED}"
            )
        if not _is_junk(plain):
            self.sizes[plain] = size


class _ZipFiles(_Listing):
    def __init__(self, path: Path, most_bytes: int):
        super().__init__(path, most_bytes)
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if b"PK\x01\x02" in member.extra + member.comment:  # a wrong length: others in it
                    raise zipfile.BadZipFile("entries of its list are lost")
                if not member.is_dir():
                    mode = member.external_attr >> 16
                    is_file = stat.S_IFMT(mode) in (0, stat.S_IFREG)
                    self.add(member.filename, member.file_size, is_file)
                    with archive.open(member):  # compares the name here with the one at the file
                        pass

    def read(self, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
        with zipfile.ZipFile(self.path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and (name := _plain(member.filename)) in names:
                    with archive.open(member) as stream:
                        yield str(name), stream


class _TarFiles(_Listing):
    def __init__(self, path: Path, most_bytes: int):
        super().__init__(path, most_bytes)
        with tarfile.open(path) as archive:
            for member in archive:
                if not member.isdir():
                    self.add(member.name, member.size, member.isreg())
            self._read_to_the_end(archive.fileobj)

    def read(self, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
        with tarfile.open(self.path) as archive:
            for member in archive:
                if member.isreg() and (name := _plain(member.name)) in names:
                    stream = archive.extractfile(member)
                    assert stream is not None
                    yield str(name), stream

    def _read_to_the_end(self, stream: Any) -> None:
        """Past the last member too: there a compressed stream has its checksum."""
        rest = 0
        while chunk := stream.read(_CHUNK):
            rest += len(chunk)
            if rest > self.most_bytes:
                raise ArchiveError(f"{self.path} goes on long after its last file. {REFUSED}")


class _FolderFiles:
    """A folder as it lies on the disk; links in it are followed, since their owner made them."""

    def __init__(self, path: Path):
        self.path, self.links = path, set[str]()
        self.sizes: dict[str, int] = {}
        entered = set[str]()
        for folder, subfolders, names in os.walk(path, followlinks=True):
            entered.add(os.path.realpath(folder))
            subfolders[:] = sorted(
                sub for sub in subfolders if os.path.realpath(Path(folder, sub)) not in entered
            )
            for name in sorted(names):
                file = Path(folder, name)
                if file.is_file() and not _is_junk(name):
                    self.sizes[file.relative_to(path).as_posix()] = file.stat().st_size

    def read(self, names: Collection[str]) -> Iterator[tuple[str, IO[bytes]]]:
        for name in self.sizes:
            if name in names:
                with open(self.path / name, "rb") as stream:
                    yield name, stream


def _plain(name: str) -> str | None:
    """A member's name without empty parts and dots; None where it leads out of the archive."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    leads_out = name.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", name)
    return None if leads_out or not parts or re.search(r"[\\\x00-\x1f]", name) else "/".join(parts)


def _is_junk(name: str) -> bool:
    """Whether macOS put it there beside the real files."""
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1].startswith("._")
