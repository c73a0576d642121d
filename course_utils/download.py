"""Real data sets, fetched when they are wanted.

The idea is that a data set's folder gets its name last. Archives come into a work folder beside it
(NAME.download), are unpacked there and checked, and a folder that has passed is renamed. Whatever
is killed on the way leaves a work folder, never half a data set, and the next run goes on from it.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from course_utils.archive import ArchiveError, files_of
from course_utils.disk_space import full_disk_explained, readable, require_free
from course_utils.locks import held
from course_utils.manifest import faults, read_manifest, write_manifest
from course_utils.range_download import WAITS, DownloadError, download
from course_utils.sources import Download, Source, default_root
from course_utils.unpacking import some, unpack

_ABSURD = 8
"""An archive that holds so many times a data set's bytes is no such data set."""


def fetch(
    source: Source,
    root: Path | None = None,
    *,
    given: Sequence[Path] = (),
    again: bool = False,
    waits: tuple[float, ...] = WAITS,
) -> Path:
    """Put a data set into its folder: downloaded, or out of archives or a folder at hand.

    Parameters
    ----------
    source : Source
        What to fetch.
    root : Path, optional
        The folder that will hold it, and nothing else; `default_root` otherwise.
    given : sequence of Path
        Its archives, or one folder with the set in its original layout or with its archives. They
        are only read. Nothing is downloaded then.
    again : bool
        Whether to replace a set that is there.
    waits : tuple of float
        Seconds before each new try, as in `range_download.download`.

    Returns
    -------
    Path
        The folder. A whole data set that lies there already is left as it is.

    Raises
    ------
    FileExistsError
        The folder holds something else.
    DownloadError
        The files did not come, or are not the published ones.
    ArchiveError
        What came or was given is damaged, dangerous, incomplete or another thing.
    DiskFullError
        There is no room.

    Examples
    --------
    >>> import tempfile
    >>> dots = Source(name="dots", title="Dots", licence="CC0", citation="-", downloads=(),
    ...     unpacked_size=1_000, layout=("images/*.png",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     original = Path(folder) / "original/images/a.png"
    ...     original.parent.mkdir(parents=True)
    ...     _ = original.write_bytes(b"123")
    ...     root = fetch(dots, Path(folder) / "dots", given=[Path(folder) / "original"])
    ...     sorted(path.name for path in root.iterdir())
    ['images', 'manifest.json']
    """
    root = (root or default_root(source.name)).expanduser().resolve()
    work = _work_folder(root)
    lock = root.with_name(f".{root.name}.lock")
    with held(lock, f"Another process is fetching {root.name}; waiting for it."):
        _tidy(work, root)
        if not again and is_there(root):
            return root
        _require_ours(root)
        work.mkdir(exist_ok=True)
        try:
            if given:
                unpacked = _unpack(source, _archives_in(source, given), work)
            else:
                unpacked = _download_and_unpack(source, work, waits)
            _place(unpacked, root, work)
            shutil.rmtree(work, ignore_errors=True)
        finally:
            with contextlib.suppress(OSError):
                work.rmdir()  # unless something is kept in it
    return root


def is_there(root: Path) -> bool:
    """Whether a folder holds a fetched data set whose files are all there in full length.

    Parameters
    ----------
    root : Path
        The data set's folder.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_there(Path("no such folder"))
    False
    """
    return not faults(root, every_byte=False)


def announcement(source: Source, root: Path, given: Sequence[Path] = ()) -> str:
    """What is about to be fetched, how much of it, and on whose terms.

    Parameters
    ----------
    source : Source
    root : Path
        The data set's folder.
    given : sequence of Path
        What is unpacked instead of a download.

    Returns
    -------
    str
        Several lines.

    Examples
    --------
    >>> print(announcement(Source(name="dots", title="Dots", licence="CC0", citation="A. Dot 2020",
    ...     downloads=(Download("https://example.org/dots.zip", "dots.zip", 5_000_000),),
    ...     unpacked_size=6_000_000, layout=("*.png",)), Path("dots")))
    Dots
      download  5.0 MB from example.org, 6.0 MB unpacked
      folder    dots
      licence   CC0
      citation  A. Dot 2020
    """
    size = readable(sum(file.size for file in source.downloads))
    hosts = ", ".join(sorted({urlsplit(file.url).netloc for file in source.downloads}))
    origin = f"  download  {size} from {hosts}, {readable(source.unpacked_size)} unpacked\n"
    return (
        f"{source.title}\n{origin if not given else ''}"
        f"  folder    {root}\n"
        f"  licence   {source.licence}\n"
        f"  citation  {source.citation}"
    )


def kept(root: Path) -> str:
    """What a stopped download has left, in a sentence.

    Parameters
    ----------
    root : Path
        The data set's folder.

    Returns
    -------
    str

    Examples
    --------
    >>> kept(Path("no such folder"))
    'Stopped. Nothing was changed.'
    """
    work = _work_folder(root.expanduser().resolve())
    size = sum(path.stat().st_size for path in work.glob("*") if path.is_file())
    if not size:
        return "Stopped. Nothing was changed."
    return f"Stopped. {readable(size)} are kept in {work}; the same command goes on from there."


def _work_folder(root: Path) -> Path:
    return root.with_name(f"{root.name}.download")


def _require_ours(root: Path) -> None:
    """Raise unless the folder is absent, empty, or was written by `fetch`."""
    if not root.exists() or (root.is_dir() and (read_manifest(root) or not any(root.iterdir()))):
        return
    raise FileExistsError(
        f"expected no folder, an empty one or a fetched data set at {root}, found other files. "
        "Choose another folder with --root; a set in its original layout is given with --from."
    )


def _tidy(work: Path, root: Path) -> None:
    """Remove what a killed run has left, except downloads; bring a set that it moved away back."""
    for path in work.glob("*"):
        if path.name.startswith("replaced-") and not root.exists():
            path.rename(root)
        elif path.is_dir():
            shutil.rmtree(path)
        elif path.name.startswith("tmp"):  # pooch's name for a file that it has not yet checked
            path.unlink()


def _download_and_unpack(source: Source, work: Path, waits: tuple[float, ...]) -> Path:
    """Download what is not there; an archive that proves damaged is downloaded once more."""
    come = sum(path.stat().st_size for path in work.glob("*") if path.is_file())
    needed = sum(file.size for file in source.downloads) + source.unpacked_size - come
    require_free(work, needed, f"The data set {source.name}, with its download,")
    for try_number in (1, 2):
        archives = [_download(file, work, waits) for file in source.downloads]
        try:
            return _unpack(source, archives, work, whole=True)
        except ArchiveError as error:
            unchecked = [file for file in source.downloads if file.checksum is None]
            for file in unchecked:
                (work / file.file).unlink()
            if try_number == 2 or not unchecked:
                raise ArchiveError(
                    f"What {source.downloads[0].url} sends is not the data set: {error} Its "
                    "publisher may have changed it. Give a copy from elsewhere with --from."
                ) from error
            _say(f"{error} Downloading once more.")
    raise AssertionError("unreachable")


def _download(file: Download, work: Path, waits: tuple[float, ...]) -> Path:
    """Fetch one archive through pooch, which checks its sum and tries once more if it is wrong."""
    import pooch  # here, since reading a data set needs none of it

    part, tries = work / f"{file.file}.part", 0

    def resume(url: str, target: str, _: object) -> None:
        nonlocal tries
        if tries:
            _say(f"{file.file} was damaged on its way (wrong checksum). Downloading once more.")
        tries += 1
        download(url, Path(target), part=part, waits=waits)

    pooch.get_logger().setLevel("ERROR")
    registry = pooch.create(
        work, "", registry={file.file: file.checksum}, urls={file.file: file.url}, retry_if_failed=1
    )
    try:
        return Path(registry.fetch(file.file, downloader=resume))
    except ValueError as error:
        raise DownloadError(
            f"{file.url} was downloaded twice, and both times it is not the file that was "
            f"published (expected {file.checksum}). Try another network or another day, or give "
            "a copy from elsewhere with --from. What came was removed."
        ) from error


def _archives_in(source: Source, given: Sequence[Path]) -> list[Path]:
    """The given paths, or the archives that the one given folder holds under their own names."""
    paths = [path.expanduser() for path in given]
    inside = [paths[0] / file.file for file in source.downloads]
    if len(paths) == 1 and inside and all(path.is_file() for path in inside):
        paths = inside
    for path in paths:
        published = [file for file in source.downloads if file.file == path.name and path.is_file()]
        if published and (checksum := published[0].checksum) and not _has(checksum, path):
            raise ArchiveError(
                f"{path} is damaged or incomplete: it is not the file that was published "
                f"(expected {checksum}). Download it again; if it is an archive of your own, "
                "give it another name."
            )
    return paths


def _has(checksum: str, path: Path) -> bool:
    import pooch

    kind, _, digest = checksum.rpartition(":")
    return pooch.file_hash(str(path), alg=kind or "sha256") == digest.lower()


def _unpack(source: Source, paths: Sequence[Path], work: Path, whole: bool = False) -> Path:
    """Unpack into a folder of the work folder, check what came, and list it."""
    most = _ABSURD * max(source.unpacked_size, 1 << 26)
    holders = [files_of(path, most) for path in paths]
    folder = work / f"unpacking-{os.getpid()}"
    folder.mkdir()
    try:
        files = unpack(holders, folder, source.layout, source.optional)
        if missing := source.missing_files(folder):
            raise ArchiveError(
                f"{some([str(path) for path in paths])} lacks {len(missing)} files that the data "
                f"set's own lists name: {some(missing)}. Take a complete copy."
            )
        if whole:
            _require_counts(source, folder)
        with full_disk_explained(folder, lambda: None):
            write_manifest(folder, source.name, [str(path) for path in paths], files)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _require_counts(source: Source, folder: Path) -> None:
    for pattern, expected in source.counts.items():
        found = sum(1 for _ in folder.glob(pattern))
        if found != expected:
            raise ArchiveError(f"expected {expected} files {pattern}, found {found}.")


def _place(unpacked: Path, root: Path, work: Path) -> None:
    """Give the unpacked folder its name; what was there goes into the work folder."""
    if root.exists():
        root.rename(work / f"replaced-{os.getpid()}")
    unpacked.rename(root)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
