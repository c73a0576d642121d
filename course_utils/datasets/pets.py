"""Oxford-IIIT Pet: photographs of cats and dogs of 37 breeds, each with a trimap.

A trimap says 1 where the pet is, 2 where it is not, 3 along the border and where nobody could tell:
1, 0 and void here. Some files called `.jpg` are GIF or PNG inside, and the archive holds files that
only a Mac wrote (`._name.png`): names are taken from the lists, never from the folder.

The published split is `trainval` and `test`. `val` is cut from `trainval` by rule: of every ten
names in a row, breed by breed, the last two. Neighbours often show the same animal, so blocks leak
less than single pictures would; near-duplicates that cross the published split remain.
"""

import functools
from pathlib import Path

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

NAME = "pets"
SIZE = "many sizes, about 375 x 500"
PARTS = {"train": 2944, "val": 736, "test": 3669, "trainval": 3680}
CLASS_NAMES = {"pet": ("background", "pet"), "species": ("background", "cat", "dog")}
_BORDER = 3


def missing_files(folder: Path) -> list[str]:
    """Pictures and trimaps that the lists name and that are not there.

    Parameters
    ----------
    folder : Path
        The data set's own folder, which holds ``images`` and ``annotations``.

    Returns
    -------
    list of str
        Paths below the folder; nothing for a whole copy.

    Examples
    --------
    >>> missing_files(Path("/nowhere"))
    ['annotations/trainval.txt', 'annotations/test.txt']
    """
    missing = []
    for part in ("trainval", "test"):
        listed = f"annotations/{part}.txt"
        if not (folder / listed).is_file():
            missing.append(listed)
            continue
        for stem in read_names(folder / listed, NAME):
            files = (f"images/{stem}.jpg", f"annotations/trimaps/{stem}.png")
            missing += [file for file in files if not (folder / file).is_file()]
    return missing


SOURCE = Source(
    name=NAME,
    title="Oxford-IIIT Pet, 7,349 photographs of cats and dogs with trimaps",
    licence="CC BY-SA 4.0; the copyright of the photographs remains with their owners",
    citation="O. Parkhi, A. Vedaldi, A. Zisserman, C. Jawahar: Cats and dogs. CVPR 2012.",
    downloads=(
        Download(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz",
            "images.tar.gz",
            size=791_918_971,
            checksum="md5:5c4f3ee8e5d25df40f4fd59a7f44e54c",
        ),
        Download(
            "https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz",
            "annotations.tar.gz",
            size=19_173_078,
            checksum="md5:95a8c909bbe2e81eed6a22bccdf3f68f",
        ),
    ),
    unpacked_size=830_000_000,
    layout=(
        "images/*.jpg",
        "annotations/trimaps/*.png",
        "annotations/trainval.txt",
        "annotations/test.txt",
    ),
    missing_files=missing_files,
)


def load_pets(
    part: str = "train", *, root: Path | str | None = None, classes: str = "pet"
) -> SegmentationData:
    """Read a part of Oxford-IIIT Pet from its original layout.

    Parameters
    ----------
    part : {"train", "val", "test", "trainval"}
    root : Path or str, optional
        Folder that holds ``images`` and ``annotations``; by default where the download puts it.
    classes : {"pet", "species"}
        Tell pets from background, or cats from dogs too.

    Returns
    -------
    SegmentationData
        Pictures of many sizes, read when asked for, no instances.

    Raises
    ------
    FileNotFoundError
        If the data set or one of its files is missing.
    ValueError
        If there is no such part, or no such choice of classes.

    Examples
    --------
    >>> load_pets("val", root="no such folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileNotFoundError: expected pets ... Fetch it with `python -m course_utils data pets`, ...
    """
    if part not in PARTS:
        raise ValueError(f"part of pets must be one of {', '.join(PARTS)}, got {part!r}.")
    if classes not in CLASS_NAMES:
        raise ValueError(f"classes must be one of {', '.join(CLASS_NAMES)}, got {classes!r}.")
    folder = find_folder(root, NAME, "oxford-iiit-pet", "annotations/trainval.txt")
    listed = folder / "annotations" / ("test.txt" if part == "test" else "trainval.txt")
    stems = sorted(read_names(listed, NAME), key=_breed_and_number)
    if part in ("train", "val"):
        stems = [stem for place, stem in enumerate(stems) if (place % 10 >= 8) == (part == "val")]
    keys = [
        (folder / "images" / f"{stem}.jpg", folder / "annotations" / "trimaps" / f"{stem}.png")
        for stem in stems
    ]
    require_files([path for pair in keys for path in pair], NAME)
    names = CLASS_NAMES[classes]
    return SegmentationData(
        NAME,
        part,
        keys,
        functools.partial(_read, by_species=classes == "species"),
        class_names=names,
        palette=display_palette(len(names)),
        has_instances=False,
    )


def _breed_and_number(stem: str) -> tuple[str, int]:
    breed, _, number = stem.rpartition("_")
    return breed, int(number)


def _read(key: tuple[Path, Path], by_species: bool) -> Item:
    image, trimap = read_image(key[0], NAME), read_numbers(key[1], NAME)
    require_one_size(key[0], NAME, image, trimap)
    is_cat = key[0].name[0].isupper()  # the names of cat breeds begin with a capital letter
    pet = 1 if is_cat or not by_species else 2
    return Item(image, translate(trimap, {1: pet, 2: 0, _BORDER: IGNORE_INDEX}, key[1], NAME))
