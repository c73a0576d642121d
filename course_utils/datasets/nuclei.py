"""Nuclei of the 2018 Data Science Bowl (BBBC038): cells under many microscopes, one mask each.

About 534 of its pictures are touching tiles of larger fields, so a random split shows pieces of one
field to training and test alike. The table ``data/splits/nuclei.csv`` keeps every field on one
side. It lists the 664 pictures that are left after the community's corrections; the official
archive holds six more, which were taken out because their masks cannot be mended, and are not read
here either.
"""

import csv
import functools
import warnings
from pathlib import Path

import numpy as np

from course_utils.datasets.data_files import (
    find_folder,
    read_image,
    read_numbers,
    require_files,
    require_one_size,
)
from course_utils.datasets.segmentation_data import Item, SegmentationData
from course_utils.labels import display_palette
from course_utils.places import data_folder
from course_utils.sources import Download, Source

NAME = "nuclei"
SIZE = "many sizes, mostly 256 x 256"
PARTS = {"train": 452, "val": 108, "test": 104}
MODALITIES = ("fluorescence", "histology", "brightfield")
CLASS_NAMES = ("background", "nucleus")


@functools.cache
def split_table() -> dict[str, dict[str, str]]:
    """Part, group and modality of each picture.

    Returns
    -------
    dict
        By picture's name: a dict with the keys "id", "group", "split" and "modality". Pictures of
        one group show one field.

    Examples
    --------
    >>> rows = split_table().values()
    >>> len(rows), sorted({row["split"] for row in rows})
    (664, ['test', 'train', 'val'])
    """
    path = data_folder() / "splits" / "nuclei.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


def missing_files(folder: Path) -> list[str]:
    """Pictures of the split table that are not there, or have no masks.

    Parameters
    ----------
    folder : Path
        The data set's own folder, which holds a folder for each picture.

    Returns
    -------
    list of str
        Paths below the folder; nothing for a whole copy.

    Examples
    --------
    >>> len(missing_files(Path("/nowhere")))
    664
    """
    files = []
    for name in split_table():
        if not (folder / name / "images" / f"{name}.png").is_file():
            files.append(f"{name}/images/{name}.png")
        elif next((folder / name / "masks").glob("*.png"), None) is None:
            files.append(f"{name}/masks/*.png")
    return files


SOURCE = Source(
    name=NAME,
    title="BBBC038, nuclei of the 2018 Data Science Bowl, 670 pictures with a mask for each",
    licence="CC0",
    citation=(
        "J. Caicedo and others: Nucleus segmentation across imaging experiments: the 2018 Data "
        "Science Bowl. Nature Methods 16, 2019. Image set BBBC038v1, Broad Bioimage Benchmark "
        "Collection, V. Ljosa, K. Sokolnicki, A. Carpenter, Nature Methods 9, 2012."
    ),
    downloads=(
        Download(
            "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip",
            "stage1_train.zip",
            size=83_000_000,
        ),
    ),
    unpacked_size=110_000_000,
    layout=("*/images/*.png", "*/masks/*.png"),
    missing_files=missing_files,
)


def load_nuclei(
    part: str = "train",
    *,
    root: Path | str | None = None,
    modality: str | None = None,
    allow_missing: bool = False,
) -> SegmentationData:
    """Read a part of the nuclei from their original layout.

    Parameters
    ----------
    part : {"train", "val", "test"}
        By the table ``data/splits/nuclei.csv``.
    root : Path or str, optional
        Folder that holds ``stage1_train`` or is it; by default where the download puts it.
    modality : {"fluorescence", "histology", "brightfield"}, optional
        Take the pictures of one kind of microscope only.
    allow_missing : bool
        Read what is there of an incomplete copy, and warn of the rest.

    Returns
    -------
    SegmentationData
        Pictures of many sizes, read when asked for, 2 classes. Instance k is the k-th mask file in
        sorted order; of masks that overlap, the later one has the pixel.

    Raises
    ------
    FileNotFoundError
        If the data set, a picture or all its masks are missing.
    ValueError
        If there is no such part or modality.

    Examples
    --------
    >>> load_nuclei("val", root="no such folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: expected nuclei ... Fetch it with `python -m course_utils data nuclei`, ...
    """
    if part not in PARTS:
        raise ValueError(f"part of nuclei must be one of {', '.join(PARTS)}, got {part!r}.")
    if modality not in (None, *MODALITIES):
        raise ValueError(f"modality must be one of {', '.join(MODALITIES)}, got {modality!r}.")
    folder = find_folder(root, NAME, "stage1_train", "*/images/*.png")
    rows = [row for row in split_table().values() if row["split"] == part]
    pictures = [
        folder / row["id"] / "images" / f"{row['id']}.png"
        for row in rows
        if modality in (None, row["modality"])
    ]
    if allow_missing:
        there = [path for path in pictures if path.is_file()]
        if len(there) < len(pictures):
            warnings.warn(
                f"{len(pictures) - len(there)} of the {len(pictures)} pictures of nuclei {part} "
                f"are missing from {folder}: scores are not those of the whole part.",
                stacklevel=2,
            )
        pictures = there
    require_files(pictures, NAME)
    return SegmentationData(
        NAME,
        part,
        pictures,
        _read,
        class_names=CLASS_NAMES,
        palette=display_palette(len(CLASS_NAMES)),
        has_instances=True,
    )


def _read(path: Path) -> Item:
    image = read_image(path, NAME)
    instance_map = np.zeros(image.shape[1:], np.int32)
    folder = path.parents[1] / "masks"
    masks = sorted(folder.glob("*.png"))
    require_files(masks or [folder / "*.png"], NAME)
    for number, mask in enumerate(masks, start=1):
        pixels = read_numbers(mask, NAME)
        require_one_size(mask, NAME, image, pixels)
        instance_map[pixels > 0] = number
    return Item(image, (instance_map > 0).astype(np.uint8), instance_map)
