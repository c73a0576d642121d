"""Annotation files: ground truth drawn by hand, read and checked.

An annotation file is JSON that a person can read and mend:

- ``format``: 1; ``picture``, ``source``, ``license``: where the picture comes from;
- ``size``: [rows, columns] of the picture; ``classes``: names, index 0 is the background;
- ``objects``: painted in this order, so that a later object covers an earlier one. Each has a
  ``class`` (one of ``classes``, or ``void`` where the truth cannot be decided: label 255) and an
  ``instance``: 0 for what has none (sky, background, void), otherwise a number; objects with the
  same number are pieces of one instance, cut apart by something in front. ``why`` may tell more.

A shape is a ``polygon`` (``points``, and perhaps ``holes``: lists of points) or a ``circle``
(``center``, ``radius``). All coordinates are (row, column) in pixels, and the centre of a pixel
has integer coordinates: the picture covers -0.5 to rows - 0.5. A pixel belongs to a shape when its
centre lies inside.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        raise FileNotFoundError(f"there is no annotation file {path}. {remedy(path)}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is damaged: not UTF-8 text ({error}). {remedy(path)}") from None
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path} is damaged: not JSON from line {error.lineno}, column {error.colno} on "
            f"({error.msg}). {remedy(path)}"
        ) from None
    try:
        return _checked(path, content)
    except _EntryError as error:
        raise ValueError(f"{path} is damaged: {error}. {remedy(path)}") from None


def remedy(path: Path) -> str:
    """What to do about a missing or damaged annotation file.

    Examples
    --------
    >>> remedy(Path("cat.json"))
    'Restore it with `git checkout data/annotations/cat.json`.'
    """
    return f"Restore it with `git checkout data/annotations/{path.name}`."


class _EntryError(Exception):
    """Says which entry of an annotation file is wrong, and how."""


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
    if shape not in list(SHAPE_KEYS):
        raise _EntryError(f"{where}: shape must be one of {', '.join(SHAPE_KEYS)}, got {shape!r}")
    _require_keys(entry, SHAPE_KEYS[shape], where)
    if shape == "polygon":
        _check_points(entry["points"], size, f"{where}: points")
    else:
        _check_inside(entry["center"], size, f"{where}: center")
        if not (_is_numbers([entry["radius"]], 1) and entry["radius"] > 0):
            raise _EntryError(f"{where}: radius must be positive, got {entry['radius']!r}")
    holes = entry.get("holes", [])
    if not isinstance(holes, list):
        raise _EntryError(f"{where}: holes must be a list of lists of points, got {holes!r}")
    for number, hole in enumerate(holes):
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
        and all(type(value) in (int, float) and abs(value) < 1e6 for value in values)
    )


def _require_keys(entry: Any, keys: set[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise _EntryError(f"{where} must be a JSON object, got {type(entry).__name__}")
    if missing := keys - set(entry):
        raise _EntryError(f"{where} lacks {', '.join(sorted(missing))}")
