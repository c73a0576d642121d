"""Files of a fetched data set: found, listed and read, with errors that name the file and the cure.

A picture is read as RGB whatever its name claims, since some `.jpg` are GIF or PNG inside. A label
map is read as the numbers in the file, never as colours: a palette PNG turned to RGB and back is
the classic way to lose classes.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.sources import default_root


class DamagedFileError(OSError):
    """A file of a data set that is not what it should be."""


def find_folder(root: Path | str | None, name: str, folder: str, marker: str) -> Path:
    """Find a data set's own folder at a root or a little below it.

    Parameters
    ----------
    root : Path or str, optional
        Where to look; by default where `python -m course_utils data` puts the data set.
    name : str
        Of the data set.
    folder : str
        Path of its own folder in the original archive, such as "VOCdevkit/VOC2012". The root may
        hold all of it, a part of it or none.
    marker : str
        A file or folder inside by which it is known; `*` stands for anything.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If nothing of the kind is there; the message names the command that fetches it.

    Examples
    --------
    >>> find_folder("/nowhere", "camvid", "CamVid", "train.txt")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: expected camvid (a folder with train.txt) at ...nowhere, found none. ...
    """
    root = default_root(name) if root is None else Path(root).expanduser()
    parts = Path(folder).parts
    for start in range(len(parts) + 1):
        candidate = root.joinpath(*parts[start:])
        if next(candidate.glob(marker), None) is not None:
            return candidate
    raise FileNotFoundError(
        f"expected {name} (a folder with {marker}) at {root}, found none. Fetch it with `python -m "
        f"course_utils data {name}`, or give root=... if it lies elsewhere."
    )


def read_names(path: Path, name: str) -> list[str]:
    """First word of each line of a list file, without its folders and its ending.

    Parameters
    ----------
    path : Path
    name : str
        Of the data set, for the error.

    Returns
    -------
    list of str
        Empty lines, and lines that start with "#", are left out.

    Raises
    ------
    FileNotFoundError
        If the file is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "train.txt")
    ...     _ = path.write_text("/SegNet/CamVid/train/0001TP_006690.png /SegNet/more.png\\n")
    ...     read_names(path, "camvid")
    ['0001TP_006690']
    """
    require_files([path], name)
    lines = path.read_text(encoding="utf-8").splitlines()
    words = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
    return [Path(word).stem for word in words]


def require_files(paths: Iterable[Path], name: str) -> None:
    """Raise FileNotFoundError unless all files are there.

    Parameters
    ----------
    paths : iterable of Path
    name : str
        Of the data set.

    Raises
    ------
    FileNotFoundError
        Names the first file and tells how many more are missing.

    Examples
    --------
    >>> require_files([Path(__file__)], "camvid")
    """
    missing = [path for path in paths if not path.is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise FileNotFoundError(f"{name} lacks the file {missing[0]}{more}. {_remedy(name)}")


def read_image(path: Path, name: str) -> np.ndarray:
    """Read a picture as RGB.

    Parameters
    ----------
    path : Path
        Any format that Pillow knows, whatever its ending says. Transparency is dropped, and of
        an animation only the first frame is read.
    name : str
        Of the data set, for the error.

    Returns
    -------
    ndarray of uint8, shape (3, H, W)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it is no picture, or cut off.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "cat.jpg")
    ...     Image.new("RGBA", (4, 2), "red").save(path, format="PNG")
    ...     read_image(path, "pets").shape
    (3, 2, 4)
    """
    with _opened(path, name) as picture:
        pixels = np.asarray(_decoded(picture, path, name).convert("RGB"))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def read_numbers(path: Path, name: str) -> np.ndarray:
    """Read a label map as the numbers in its file.

    Parameters
    ----------
    path : Path
        A picture of one channel, or one with a palette, whose indices are read.
    name : str
        Of the data set, for the error.

    Returns
    -------
    ndarray of int, shape (H, W)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it is no picture, cut off, or holds colours.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.png")
    ...     Image.fromarray(np.array([[0, 255]], np.uint8)).save(path)
    ...     read_numbers(path, "camvid")
    array([[  0, 255]], dtype=uint8)
    """
    with _opened(path, name) as picture:
        numbers = np.array(_decoded(picture, path, name))
    if numbers.ndim != 2:
        raise DamagedFileError(
            f"{path} must hold one number for each pixel, got colours ({picture.mode}). It was "
            f"saved anew by another program. {_remedy(name)}"
        )
    return numbers


def require_one_size(path: Path, name: str, *arrays: np.ndarray) -> None:
    """Raise DamagedFileError unless a picture and its maps have the same rows and columns.

    Parameters
    ----------
    path : Path
        Of the picture, for the error.
    name : str
        Of the data set.
    *arrays : ndarray, shape (..., H, W)

    Raises
    ------
    DamagedFileError
        Names the picture and the sizes.

    Examples
    --------
    >>> require_one_size(Path("a.png"), "camvid", np.zeros((3, 2, 4)), np.zeros((2, 4)))
    """
    sizes = [array.shape[-2:] for array in arrays]
    if len(set(sizes)) > 1:
        raise DamagedFileError(
            f"{path} and its label files must have one size, got {' and '.join(map(str, sizes))}. "
            f"{_remedy(name)}"
        )


def translate(numbers: np.ndarray, table: dict[int, int], path: Path, name: str) -> np.ndarray:
    """Label map of the numbers in a file: each is looked up in a table.

    Parameters
    ----------
    numbers : ndarray of uint8, shape (H, W)
    table : dict of int to int
        Class index, or 255 for void, of each number that may occur.
    path : Path
        Of the file, for the error.
    name : str
        Of the data set.

    Returns
    -------
    ndarray of uint8, shape (H, W)

    Raises
    ------
    DamagedFileError
        If another number occurs.

    Examples
    --------
    >>> translate(np.array([[1, 2, 3]], np.uint8), {1: 1, 2: 0, 3: 255}, Path("a.png"), "pets")
    array([[  1,   0, 255]], dtype=uint8)
    """
    other = sorted(set(np.unique(numbers).tolist()) - set(table))
    if other:
        raise DamagedFileError(
            f"{path} must hold the numbers {', '.join(map(str, table))}, found "
            f"{', '.join(map(str, other[:5]))}. {_remedy(name)}"
        )
    lookup = np.zeros(256, np.uint8)
    lookup[list(table)] = list(table.values())
    return lookup[numbers]


def _opened(path: Path, name: str) -> Image.Image:
    require_files([path], name)
    try:
        return Image.open(path)
    except (OSError, SyntaxError) as error:
        raise DamagedFileError(f"{path} is damaged: {error}. {_remedy(name)}") from error


def _decoded(picture: Image.Image, path: Path, name: str) -> Image.Image:
    try:
        picture.load()
    except (OSError, SyntaxError, ValueError) as error:
        raise DamagedFileError(f"{path} is damaged: {error}. {_remedy(name)}") from error
    return picture


def _remedy(name: str) -> str:
    return (
        f"Check all files with `python -m course_utils data {name} --verify`, and fetch them again "
        f"with `python -m course_utils data {name}`."
    )
