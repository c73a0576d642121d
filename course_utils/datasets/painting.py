"""Paint an annotation: from shapes to a label map and an instance map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from skimage import draw

from course_utils.datasets.annotations import VOID, Annotation, remedy
from course_utils.labels import IGNORE_INDEX


def paint(annotation: Annotation) -> tuple[np.ndarray, np.ndarray]:
    """Paint the shapes of an annotation, the first at the bottom.

    Parameters
    ----------
    annotation : Annotation
        From `read_annotation`.

    Returns
    -------
    label_map : ndarray of uint8, shape (H, W)
        Class index of each pixel, 255 where the truth cannot be decided.
    instance_map : ndarray of int32, shape (H, W)
        Instance number of each pixel, 0 where there is none.

    Raises
    ------
    ValueError
        An object has no pixel, or nothing of an instance is left under later shapes.

    Examples
    --------
    >>> from pathlib import Path
    >>> square = {"class": "tile", "instance": 1, "shape": "polygon",
    ...           "points": [[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]]}
    >>> spot = {"class": "void", "instance": 0, "shape": "circle", "center": [1, 1], "radius": 0.6}
    >>> annotation = Annotation(Path("tile.json"), (4, 4), ("background", "tile"), [square, spot])
    >>> label_map, instance_map = paint(annotation)
    >>> label_map
    array([[  0,   0,   0,   0],
           [  0, 255,   1,   0],
           [  0,   1,   1,   0],
           [  0,   0,   0,   0]], dtype=uint8)
    """
    label_map = np.zeros(annotation.size, np.uint8)
    instance_map = np.zeros(annotation.size, np.int32)
    index_of = {name: index for index, name in enumerate(annotation.class_names)}
    index_of[VOID] = IGNORE_INDEX
    for number, entry in enumerate(annotation.objects):
        inside = _pixels_of(entry, annotation, f"objects[{number}]")
        label_map[inside] = index_of[entry["class"]]
        instance_map[inside] = entry["instance"]
    visible = set(np.unique(instance_map).tolist())
    for number, entry in enumerate(annotation.objects):
        if entry["instance"] not in visible | {0}:
            raise ValueError(
                f"{annotation.path} is damaged: objects[{number}]: nothing of instance "
                f"{entry['instance']} is visible under the shapes after it. "
                f"{remedy(annotation.path)}"
            )
    return label_map, instance_map


def _pixels_of(
    entry: dict[str, Any], annotation: Annotation, where: str
) -> tuple[np.ndarray, np.ndarray]:
    if entry["shape"] == "polygon":
        pixels = fill([entry["points"], *entry.get("holes", [])], annotation.size)
    else:
        pixels = draw.disk(entry["center"], entry["radius"], shape=annotation.size)
    if not pixels[0].size:
        raise ValueError(
            f"{annotation.path} is damaged: {where} must cover a pixel, got an empty shape. "
            f"{remedy(annotation.path)}"
        )
    return pixels


def fill(
    rings: Sequence[Sequence[Sequence[float]] | np.ndarray], size: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels whose centre lies in a polygon with holes (even-odd rule).

    The same as `skimage.draw.polygon`, whose time grows with area times corners: 350 ms for the
    motorcycle. Here each row of pixel centres is cut by the edges, and a pixel is inside when an
    odd number of cuts lies to its left.

    Parameters
    ----------
    rings : sequence of arrays of float, shape (P, 2)
        Row and column of the corners: the outline, then its holes. They may lie outside.
    size : tuple of int
        Rows and columns of the picture.

    Returns
    -------
    rows, columns : ndarray of int
        Inside the picture, sorted by row, then by column.

    Examples
    --------
    >>> rows, columns = fill([[(0.5, 0.5), (0.5, 9), (2.5, 9), (2.5, 0.5)]], (4, 3))
    >>> list(zip(rows.tolist(), columns.tolist()))
    [(1, 1), (1, 2), (2, 1), (2, 2)]
    """
    start = np.concatenate([np.asarray(ring, float) for ring in rings])
    end = np.concatenate([np.roll(np.asarray(ring, float), -1, axis=0) for ring in rings])
    first, last = np.ceil(np.sort([start[:, 0], end[:, 0]], axis=0)).clip(0, size[0]).astype(int)
    edge = np.repeat(np.arange(len(start)), last - first)  # one entry per edge and row it crosses
    row = np.concatenate([np.arange(*rows) for rows in zip(first, last, strict=True)])
    share = (row - start[edge, 0]) / (end[edge, 0] - start[edge, 0])
    column = start[edge, 1] + share * (end[edge, 1] - start[edge, 1])
    top, bottom = first.min(), last.max()
    cuts = np.zeros((bottom - top, size[1] + 1), np.int16)
    np.add.at(cuts, (row - top, np.ceil(column).astype(int).clip(0, size[1])), 1)
    inside = np.cumsum(cuts, axis=1, dtype=np.int16)[:, :-1] % 2 == 1
    rows, columns = np.nonzero(inside)
    return rows + top, columns
