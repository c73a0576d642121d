"""Real pictures with ground truth, without a network.

The pictures are files of scikit-image's wheel; the ground truth was drawn for this course and
lies under ``data/annotations`` (`course_utils.datasets.annotations` tells the format,
``data/README.md`` how it was made and whose the pictures are). One more picture, ``lit_text``, is
rendered, because the strokes of a printed page are too thin to trace by hand.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage

from course_utils.datasets.annotations import paint, read_annotation
from course_utils.places import data_folder


def _left_motorcycle() -> np.ndarray:
    return skimage.data.stereo_motorcycle()[0]


SOURCES: dict[str, Callable[[], np.ndarray]] = {
    "coins": skimage.data.coins,
    "page": skimage.data.page,
    "coffee": skimage.data.coffee,
    "cat": skimage.data.cat,
    "astronaut": skimage.data.astronaut,
    "rocket": skimage.data.rocket,
    "motorcycle": _left_motorcycle,
    "cell": skimage.data.cell,
    "immunohistochemistry": skimage.data.immunohistochemistry,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and its ground truth.

    The arrays are made anew by every `load_picture`: writing to them harms nobody.

    Attributes
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        Grey levels or RGB.
    label_map : ndarray of uint8, shape (H, W)
        Class index of each pixel; 0 is background, 255 (`IGNORE_INDEX`) undecidable.
    instance_map : ndarray of int32, shape (H, W)
        Instance number of each pixel, counted from 1; 0 where there is none.
    class_names : tuple of str
        Name of each class index.
    """

    image: np.ndarray
    label_map: np.ndarray
    instance_map: np.ndarray
    class_names: tuple[str, ...]


def picture_names() -> tuple[str, ...]:
    """Names that `load_picture` knows.

    Returns
    -------
    tuple of str
        In the order of the sheet.

    Examples
    --------
    >>> "coins" in picture_names()
    True
    """
    return tuple(SOURCES)


def load_picture(name: str, *, folder: Path | None = None) -> Picture:
    """Load a real picture with its ground truth.

    Parameters
    ----------
    name : str
        One of `picture_names`.
    folder : Path, optional
        Where the annotation files lie; by default the course's own ``data/annotations``.

    Returns
    -------
    Picture
        Image, label map, instance map and class names, in fresh arrays.

    Raises
    ------
    ValueError
        The name is unknown, the annotation file is damaged, or it was drawn for a picture of
        another size.
    FileNotFoundError
        The annotation file is missing.

    Examples
    --------
    >>> coins = load_picture("coins")
    >>> coins.image.shape, coins.class_names, int(coins.instance_map.max())
    ((303, 384), ('background', 'coin'), 24)
    """
    if name not in SOURCES:
        near = difflib.get_close_matches(name, SOURCES, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"name must be one of {', '.join(SOURCES)}, got {name!r}.{hint} ")
    folder = data_folder() / "annotations" if folder is None else folder
    annotation = read_annotation(folder / f"{name}.json")
    image = SOURCES[name]()
    if image.shape[:2] != annotation.size:
        raise ValueError(
            f"{annotation.path} was drawn for a picture of size {annotation.size}, but "
            f"scikit-image {skimage.__version__} ships {name} with {image.shape[:2]}. "
            "Install the version in constraints.txt, or update the course."
        )
    return Picture(image, *paint(annotation), annotation.class_names)
