"""All data sets of the course by name: made here, or fetched and read from a folder.

What is made here is made once per process and remembered. A part is a fixed list of scenes: two
people who train on "digits" train on the same pixels.
"""

import difflib
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.datasets import (
    camvid,
    cell_scenes,
    coin_windows,
    digit_scenes,
    nuclei,
    pets,
    ship_scenes,
    voc2012,
)
from course_utils.datasets.segmentation_data import SegmentationData, from_arrays
from course_utils.labels import display_palette


@dataclass(frozen=True)
class Description:
    """What a data set is and whose.

    Attributes
    ----------
    name, title : str
        What `load_data` calls it, and one line for people.
    licence, citation : str
        Terms of use, and what to cite.
    size : str
        Of its pictures, in pixels.
    parts : mapping of str to int
        Pictures in each part.
    on_demand : bool
        Whether it has to be fetched first.
    """

    name: str
    title: str
    licence: str
    citation: str
    size: str
    parts: Mapping[str, int]
    on_demand: bool = False


@dataclass(frozen=True)
class _Made:
    """A data set that the course makes itself."""

    description: Description
    make: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]]
    class_names: tuple[str, ...]
    side: int


def _made(
    name: str,
    title: str,
    make: Callable[..., Any],
    class_names: tuple[str, ...],
    *counts: int,
    side: int = 128,
) -> _Made:
    parts = dict(zip(("train", "val", "test"), counts, strict=True))
    description = Description(
        name, title, "CC BY 4.0", "this course (data/README.md)", f"{side} x {side}", parts
    )
    return _Made(description, make, class_names, side)


_MADE = {
    made.description.name: made
    for made in (
        _made(
            "digits",
            "handwritten digits on textures, small enough to learn without a GPU",
            functools.partial(digit_scenes.digit_scenes, writing=digit_scenes.SMALL),
            digit_scenes.CLASS_NAMES,
            *(1000, 100, 100),
            side=64,
        ),
        _made(
            "coins",
            "real coins on cloth, most of them touching",
            coin_windows.coin_windows,
            coin_windows.CLASS_NAMES,
            *(200, 52, 52),
        ),
        _made(
            "cells",
            "nuclei under a fluorescence microscope, generated, most of them touching",
            cell_scenes.cell_scenes,
            cell_scenes.CLASS_NAMES,
            *(200, 50, 50),
        ),
        _made(
            "ships",
            "drawn ships at sea, 4 of 100 pixels",
            ship_scenes.ship_scenes,
            ship_scenes.CLASS_NAMES,
            *(200, 50, 50),
        ),
    )
}


_FETCHED = {
    module.NAME: (
        Description(
            module.NAME,
            module.SOURCE.title,
            module.SOURCE.licence,
            module.SOURCE.citation,
            module.SIZE,
            module.PARTS,
            on_demand=True,
        ),
        load,
    )
    for module, load in (
        (camvid, camvid.load_camvid),
        (nuclei, nuclei.load_nuclei),
        (pets, pets.load_pets),
        (voc2012, voc2012.load_voc2012),
    )
}


def data_names() -> tuple[str, ...]:
    """Names of all data sets.

    Returns
    -------
    tuple of str
        Those that the course makes itself first.

    Examples
    --------
    >>> "digits" in data_names()
    True
    """
    return (*_MADE, *_FETCHED)


def describe_data(name: str) -> Description:
    """Title, licence, citation, size and parts of a data set, whether it was fetched or not.

    Parameters
    ----------
    name : str
        One of `data_names`.

    Returns
    -------
    Description

    Raises
    ------
    ValueError
        If there is no such data set.

    Examples
    --------
    >>> describe_data("digits").parts
    {'train': 1000, 'val': 100, 'test': 100}
    """
    _require_name(name)
    return _FETCHED[name][0] if name in _FETCHED else _MADE[name].description


def load_data(
    name: str,
    part: str = "train",
    *,
    root: Path | str | None = None,
    count: int | None = None,
    size: tuple[int, int] | None = None,
    **options: Any,
) -> SegmentationData:
    """Load a part of a data set by its name.

    Parameters
    ----------
    name : str
        One of `data_names`.
    part : str
        One of `describe_data(name).parts`.
    root : Path or str, optional
        Folder of a data set that was fetched; by default where `python -m course_utils data` puts
        it. What the course makes itself has none.
    count : int, optional
        Take only the first so many pictures; by default all. Of what the course makes itself, more
        may be asked for than the part has.
    size : tuple of int, optional
        Rows and columns. What the course makes is made in this size, other
        pictures are resized to it.
    **options
        Of the data set's own reader or maker, such as `share` of ships.

    Returns
    -------
    SegmentationData

    Raises
    ------
    ValueError
        If there is no such data set or part, or fewer pictures than asked for.
    FileNotFoundError
        If the data set was not fetched; the message names the command that does it.
    TypeError
        If the data set knows no such option.

    Examples
    --------
    >>> load_data("digits", "val", count=4)
    <digits val: 4 pictures, 11 classes>
    """
    _require_name(name)
    parts = describe_data(name).parts
    if part not in parts:
        raise ValueError(f"part of {name} must be one of {', '.join(parts)}, got {part!r}.")
    if count is not None and count < 1:
        raise ValueError(f"count must be 1 or more, got {count}. Leave it out for all pictures.")
    if name in _FETCHED:
        data = _FETCHED[name][1](part, root=root, **options)
        if count is not None:
            data = data.take(range(_require_count(count, data)))
        return data if size is None else data.resized(size)
    if root is not None:
        raise ValueError(f"root must be left out, got {root}: {name} is made by the course itself.")
    made = _MADE[name]
    rows, columns = size or (made.side, made.side)
    arrays = _make(name, part, count or parts[part], (rows, columns), **options)
    palette = display_palette(len(made.class_names))
    return from_arrays(name, part, *arrays, class_names=made.class_names, palette=palette)


@functools.lru_cache(maxsize=12)
def _make(
    name: str, part: str, count: int, size: tuple[int, int], **options: Any
) -> tuple[np.ndarray, ...]:
    """Make pictures once; they are shared, so nobody may write to them."""
    arrays = _MADE[name].make(count, size=size, part=part, **options)
    for array in arrays:
        array.flags.writeable = False
    return arrays


def _require_count(count: int, data: SegmentationData) -> int:
    if count > len(data):
        raise ValueError(
            f"count must be at most {len(data)}, the pictures of {data.name} {data.part}, got "
            f"{count}. Leave it out for all of them."
        )
    return count


def _require_name(name: str) -> None:
    if name not in data_names():
        near = difflib.get_close_matches(str(name), data_names(), n=1)
        raise ValueError(
            f"name must be one of {', '.join(data_names())}, got {name!r}."
            + (f" Did you mean {near[0]!r}?" if near else "")
        )
