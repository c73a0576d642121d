"""Ground truth drawn by hand: read an annotation file, paint its two label maps.

An annotation file is JSON that a person can read and mend:

- ``format``: 1; ``picture``, ``source``, ``license``: where the picture comes from;
- ``size``: [rows, columns] of the picture; ``classes``: names, index 0 is the background;
- ``objects``: painted in this order, so that a later object covers an earlier one. Each has a
  ``class`` (one of ``classes``, or ``void`` where the truth cannot be decided: label 255) and an
  ``instance``: 0 for what has none (sky, background, void), otherwise a number; objects with the
  same number are pieces of one instance, cut apart by something in front. ``why`` may tell more.

A shape is a ``polygon`` (``points``) or a ``circle`` (``center``, ``radius``), with optional
``holes`` (lists of points). All coordinates are (row, column) in pixels, and the centre of a pixel
has integer coordinates: the picture covers -0.5 to rows - 0.5. A pixel belongs to a shape when its
centre lies inside.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from skimage import draw

from course_utils.labels import IGNORE_INDEX

FORMAT = 1
VOID = "void"
SHAPE_KEYS = {"polygon": {"points"}, "circle": {"center", "radius"}}


@dataclass(frozen=True)
class Annotation:
    """What an annotation file says, checked.

    Attributes
    ----------
    path : Path
        The file.
    size : tuple of int
        Rows and columns of the picture.
    class_names : tuple of str
        Index 0 is the background.
    objects : list of dict
        Shapes in the order in which they are painted, as in the file.
    """

    path: Path
    size: tuple[int, int]
    class_names: tuple[str, ...]
    objects: list[dict[str, Any]]


def read_annotation(path: Path) -> Annotation:
    """Read an annotation file and check every entry.

    Parameters
    ----------
    path : Path
        A JSON file as described at the top of this module.

    Returns
    -------
    Annotation
        Its shapes lie inside the picture and its classes are known.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        The file is not JSON (says where), or an entry is wrong (says which and how).

    Examples
    --------
    >>> from course_utils.places import data_folder
    >>> annotation = read_annotation(data_folder() / "annotations" / "coins.json")
    >>> annotation.size, annotation.class_names, len(annotation.objects)
    ((303, 384), ('background', 'coin'), 24)
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no annotation file {path}. {_remedy(path)}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged: not UTF-8 text ({error}). {_remedy(path)}") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is damaged: not JSON from line {error.lineno}, column {error.colno} on "
            f"({error.msg}). {_remedy(path)}"
        ) from None
    try:
        return _checked(path, content)
    except _EntryError as error:
        raise ValueError(f"{path} is damaged: {error}. {_remedy(path)}") from None


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
                f"{_remedy(annotation.path)}"
            )
    return label_map, instance_map


class _EntryError(Exception):
    """Says which entry of an annotation file is wrong, and how."""


def _remedy(path: Path) -> str:
    return f"Restore it with `git checkout data/annotations/{path.name}`."


def _checked(path: Path, content: Any) -> Annotation:
    _require_keys(content, {"format", "picture", "size", "classes", "objects"}, "the file")
    if content["format"] != FORMAT:
        raise _EntryError(f"format must be {FORMAT}, got {content['format']!r}")
    if content["picture"] != path.stem:
        raise _EntryError(f"picture must be {path.stem!r}, got {content['picture']!r}")
    size, names = content["size"], content["classes"]
    if not (_is_numbers(size, 2) and all(isinstance(side, int) and side > 0 for side in size)):
        raise _EntryError(f"size must be [rows, columns], got {size!r}")
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise _EntryError(f"classes must be a list of names, got {names!r}")
    if names[:1] != ["background"] or len({*names, VOID}) <= len(names) or len(names) > 255:
        raise _EntryError(
            f"classes must be up to 255 different names, 'background' first, got {names!r}"
        )
    if not isinstance(content["objects"], list):
        raise _EntryError(f"objects must be a list, got {type(content['objects']).__name__}")
    annotation = Annotation(path, (size[0], size[1]), tuple(names), content["objects"])
    _check_objects(annotation)
    return annotation


def _check_objects(annotation: Annotation) -> None:
    allowed = (*annotation.class_names, VOID)
    class_of: dict[int, str] = {}
    for number, entry in enumerate(annotation.objects):
        where = f"objects[{number}]"
        _require_keys(entry, {"class", "instance", "shape"}, where)
        name, instance = entry["class"], entry["instance"]
        if name not in allowed:
            raise _EntryError(f"{where}: class must be one of {', '.join(allowed)}, got {name!r}")
        if type(instance) is not int or instance < 0:
            raise _EntryError(f"{where}: instance must be 0, 1, 2, ..., got {instance!r}")
        if instance and name in ("background", VOID):
            raise _EntryError(f"{where}: {name} must have instance 0, got {instance}")
        if instance and class_of.setdefault(instance, name) != name:
            raise _EntryError(
                f"{where}: instance {instance} must keep one class, "
                f"got {name!r} after {class_of[instance]!r}"
            )
        _check_shape(entry, annotation.size, where)


def _check_shape(entry: dict[str, Any], size: tuple[int, int], where: str) -> None:
    shape = entry["shape"]
    if shape not in SHAPE_KEYS:
        raise _EntryError(f"{where}: shape must be one of {', '.join(SHAPE_KEYS)}, got {shape!r}")
    _require_keys(entry, SHAPE_KEYS[shape], where)
    if shape == "polygon":
        _check_points(entry["points"], size, f"{where}: points")
    else:
        _check_inside(entry["center"], size, f"{where}: center")
        if not (_is_numbers([entry["radius"]], 1) and entry["radius"] > 0):
            raise _EntryError(f"{where}: radius must be positive, got {entry['radius']!r}")
    for number, hole in enumerate(entry.get("holes", [])):
        _check_points(hole, size, f"{where}: holes[{number}]")


def _check_points(points: Any, size: tuple[int, int], where: str) -> None:
    if not (isinstance(points, list) and len(points) >= 3):
        raise _EntryError(f"{where} must be a list of 3 or more [row, column], got {points!r}")
    for number, point in enumerate(points):
        _check_inside(point, size, f"{where}[{number}]")


def _check_inside(point: Any, size: tuple[int, int], where: str) -> None:
    if not _is_numbers(point, 2):
        raise _EntryError(f"{where} must be [row, column], got {point!r}")
    if not all(-0.5 <= value <= side - 0.5 for value, side in zip(point, size, strict=True)):
        raise _EntryError(
            f"{where} must lie in the picture of {size[0]} rows and {size[1]} columns, got {point}"
        )


def _is_numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(type(value) in (int, float) and np.isfinite(value) for value in values)
    )


def _require_keys(entry: Any, keys: set[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise _EntryError(f"{where} must be a JSON object, got {type(entry).__name__}")
    if missing := keys - set(entry):
        raise _EntryError(f"{where} lacks {', '.join(sorted(missing))}")


def _pixels_of(entry: dict[str, Any], annotation: Annotation, where: str) -> np.ndarray:
    inside = np.zeros(annotation.size, bool)
    size = annotation.size
    if entry["shape"] == "polygon":
        inside[draw.polygon(*np.transpose(entry["points"]), shape=size)] = True
    else:
        inside[draw.disk(entry["center"], entry["radius"], shape=size)] = True
    for hole in entry.get("holes", []):
        inside[draw.polygon(*np.transpose(hole), shape=size)] = False
    if not inside.any():
        raise ValueError(
            f"{annotation.path} is damaged: {where} must cover a pixel, got an empty shape. "
            f"{_remedy(annotation.path)}"
        )
    return inside
