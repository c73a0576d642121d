"""Real pictures with ground truth, without a network.

The pictures are files of scikit-image's wheel; the ground truth was drawn for this course and
lies under ``data/annotations`` (`course_utils.datasets.annotations` tells the format,
``data/README.md`` how it was made and whose the pictures are). One more picture, ``lit_text``, is
rendered, because the strokes of a printed page are too thin to trace by hand.
"""

import difflib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import skimage

from course_utils.datasets.annotations import read_annotation
from course_utils.datasets.lit_text import lit_text
from course_utils.datasets.painting import paint
from course_utils.drawing import draw_outlines
from course_utils.figures import new_figure, to_png
from course_utils.places import data_folder
from course_utils.plotting import show_overlay


def _left_motorcycle() -> np.ndarray:
    return skimage.data.stereo_motorcycle()[0]


def _face() -> np.ndarray:
    return skimage.data.astronaut()[:192, 136:308].copy()


SOURCES: dict[str, Callable[[], np.ndarray]] = {
    "coins": skimage.data.coins,
    "coffee": skimage.data.coffee,
    "cat": skimage.data.cat,
    "astronaut": skimage.data.astronaut,
    "camera": skimage.data.camera,
    "motorcycle": _left_motorcycle,
    "rocket": skimage.data.rocket,
    "immunohistochemistry": skimage.data.immunohistochemistry,
    "cell": skimage.data.cell,
    "page": skimage.data.page,
}
PIECES: dict[str, Callable[[], np.ndarray]] = {"face": _face}
"""Cut out of a picture above and annotated anew. A study of all pictures leaves them out: no
photograph counts twice."""
RENDERED = "lit_text"
CLOSE_UPS: list[tuple[str, Any]] = [
    (RENDERED, np.s_[6:76, :140]),
    ("immunohistochemistry", np.s_[220:312, 225:370]),
    ("face", np.s_[80:160, 44:132]),
]
"""What the sheet shows enlarged: too fine to be seen as a whole."""


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
    """Names of the pictures, each of another scene.

    Returns
    -------
    tuple of str
        In the order of the sheet. `load_picture` knows these, and the names in `PIECES`.

    Examples
    --------
    >>> "coins" in picture_names()
    True
    """
    return (*SOURCES, RENDERED)


def load_picture(name: str, *, folder: Path | None = None) -> Picture:
    """Load a real picture with its ground truth.

    Parameters
    ----------
    name : str
        One of `picture_names`, or ``"face"``: the astronaut's face, cut out of her picture.
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
    if name == RENDERED:
        image, instance_map = lit_text()
        label_map = (instance_map > 0).astype(np.uint8)
        return Picture(image, label_map, instance_map, ("background", "ink"))
    sources = SOURCES | PIECES
    if name not in sources:
        known = (*picture_names(), *PIECES)
        near = difflib.get_close_matches(str(name), known, n=1)
        raise ValueError(
            f"name must be one of {', '.join(known)}, got {name!r}."
            + (f" Did you mean {near[0]!r}?" if near else "")
        )
    folder = data_folder() / "annotations" if folder is None else folder
    annotation = read_annotation(folder / f"{name}.json")
    image = sources[name]()
    if image.shape[:2] != annotation.size:
        version = importlib.metadata.version("scikit-image")
        raise ValueError(
            f"{annotation.path} was drawn for a picture of size {annotation.size}, but "
            f"scikit-image {version} ships {name} with {image.shape[:2]}. "
            "Install the version in constraints.txt, or update the course."
        )
    return Picture(image, *paint(annotation), annotation.class_names)


def draw_sheet(path: str | Path) -> Path:
    """Draw all pictures with their ground truth on one sheet: tint by class, outline by instance.

    Parameters
    ----------
    path : str or Path
        Where to write the PNG.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileNotFoundError
        The folder of the file does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(draw_sheet(f"{folder}/pictures.png").name)
    pictures.png
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"the sheet goes into an existing folder, but there is no {path.parent}. Make it first."
        )
    figure, axes = new_figure(3, 5, width=26, height=16.5)
    panels = [(name, ...) for name in (*SOURCES, *PIECES)] + CLOSE_UPS
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax, (name, part) in zip(axes.flat, panels, strict=False):
        picture = load_picture(name)
        rows, columns = picture.label_map.shape
        count = np.unique(picture.instance_map[picture.instance_map > 0]).size
        words = f"{name}: {rows} x {columns}, {count} instance{'s' if count != 1 else ''}"
        show_overlay(
            picture.image[part],
            picture.label_map[part],
            ax,
            class_names=picture.class_names,
            title=words if part is ... else f"part of {words}",
        )
        draw_outlines(ax, picture.instance_map[part])
    path.write_bytes(to_png(figure, trim=True))
    return path
