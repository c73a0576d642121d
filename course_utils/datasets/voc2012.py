"""PASCAL VOC 2012: photographs with 20 classes of things, and every object a number.

The label files are palette PNGs: the numbers are the palette's indices, the colours are only for
looking at them. Void (255) lies along the outline of every object, a few pixels wide, and on what
was too hard to decide.
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
from course_utils.labels import IGNORE_INDEX, display_palette
from course_utils.sources import Download, Source

NAME = "voc2012"
SIZE = "up to 500 x 500"
PARTS = {"train": 1464, "val": 1449, "trainval": 2913}
CLASS_NAMES = (
    "background",
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "dining table",
    "dog",
    "horse",
    "motorbike",
    "person",
    "potted plant",
    "sheep",
    "sofa",
    "train",
    "tv monitor",
)
_TABLE = {number: number for number in range(len(CLASS_NAMES))} | {255: IGNORE_INDEX}


def file_colours() -> np.ndarray:
    """Colours of VOC's palette, for reading and writing pictures in them.

    The bits of a number are dealt out in turn to red, green and blue, the highest place first.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Row 255 is void.

    Examples
    --------
    >>> file_colours()[[0, 1, 15, 255]].tolist()
    [[0, 0, 0], [128, 0, 0], [192, 128, 128], [224, 224, 192]]
    """
    colours = np.zeros((256, 3), np.uint8)
    for number in range(256):
        for place in range(8):
            for channel in range(3):
                bit = number >> (3 * place + channel) & 1
                colours[number, channel] |= bit << (7 - place)
    return colours


def missing_files(folder: Path) -> list[str]:
    """Pictures and label maps that the lists name and that are not there.

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
    ['ImageSets/Segmentation/trainval.txt']
    """
    listed = "ImageSets/Segmentation/trainval.txt"
    if not (folder / listed).is_file():
        return [listed]
    files = [
        f"{kind}/{stem}{'.jpg' if kind == 'JPEGImages' else '.png'}"
        for stem in read_names(folder / listed, NAME)
        for kind in ("JPEGImages", *_label_folders(folder))
    ]
    return [file for file in files if not (folder / file).is_file()]


SOURCE = Source(
    name=NAME,
    title="PASCAL VOC 2012, 2,913 segmented photographs with 20 classes of things",
    licence="photographs under Flickr's terms of use, for research (the challenge's own page)",
    citation=(
        "M. Everingham, S. Eslami, L. Van Gool, C. Williams, J. Winn, A. Zisserman: The PASCAL "
        "visual object classes challenge: a retrospective. IJCV 111(1), 2015."
    ),
    downloads=(
        Download(
            "https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
            "VOCtrainval_11-May-2012.tar",
            size=1_999_639_040,
            checksum="md5:6cd6e144f989b92b3379bac3b3de84fd",
        ),
    ),
    unpacked_size=1_950_000_000,
    layout=(
        "JPEGImages/*.jpg",
        "SegmentationClass/*.png",
        "ImageSets/Segmentation/*.txt",
    ),
    optional=("SegmentationObject/*.png",),
    counts={"SegmentationClass/*.png": 2913, "SegmentationObject/*.png": 2913},
    missing_files=missing_files,
)


def load_voc2012(part: str = "train", *, root: Path | str | None = None) -> SegmentationData:
    """Read a part of PASCAL VOC 2012 from its original layout.

    Parameters
    ----------
    part : {"train", "val", "trainval"}
        The labels of the challenge's test part are not public.
    root : Path or str, optional
        Folder that holds ``VOCdevkit/VOC2012``, or is one of the two; by default where the download
        puts it.

    Returns
    -------
    SegmentationData
        Pictures of many sizes, read when asked for, 21 classes; instances where the copy has a
        folder ``SegmentationObject``. Pixels that are void there have no instance.

    Raises
    ------
    FileNotFoundError
        If the data set or one of its files is missing.
    ValueError
        If there is no such part.

    Examples
    --------
    >>> load_voc2012("val", root="no such folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: expected voc2012 ... Fetch it with `python -m course_utils data voc2012`, ...
    """
    if part not in PARTS:
        raise ValueError(f"part of voc2012 must be one of {', '.join(PARTS)}, got {part!r}.")
    folder = find_folder(root, NAME, "VOCdevkit/VOC2012", "SegmentationClass")
    stems = read_names(folder / "ImageSets" / "Segmentation" / f"{part}.txt", NAME)
    kinds = _label_folders(folder)
    keys = [
        (folder / "JPEGImages" / f"{stem}.jpg", *(folder / kind / f"{stem}.png" for kind in kinds))
        for stem in stems
    ]
    require_files([path for paths in keys for path in paths], NAME)
    return SegmentationData(
        NAME,
        part,
        keys,
        _read,
        class_names=CLASS_NAMES,
        palette=display_palette(len(CLASS_NAMES)),
        has_instances=len(kinds) > 1,
    )


def _label_folders(folder: Path) -> list[str]:
    """Names of the folders of classes and, where the copy has it, of objects."""
    kinds = ("SegmentationClass", "SegmentationObject")
    return [kinds[0]] + [kinds[1]] * (folder / kinds[1]).is_dir()


def _read(key: tuple[Path, ...]) -> Item:
    image = read_image(key[0], NAME)
    label_map, *objects = (read_numbers(path, NAME) for path in key[1:])
    require_one_size(key[0], NAME, image, label_map, *objects)
    label_map = translate(label_map, _TABLE, key[1], NAME)
    if not objects:
        return Item(image, label_map)
    instance_map = np.where(objects[0] == 255, 0, objects[0]).astype(np.int32)
    return Item(image, label_map, instance_map)
