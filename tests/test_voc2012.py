"""PASCAL VOC: palette files are read as numbers, void is void, objects become instances."""

import shutil

import numpy as np
import pytest
from made_files import colours, cut_short, write
from PIL import Image

from course_utils.datasets.voc2012 import (
    CLASS_NAMES,
    SOURCE,
    file_colours,
    load_voc2012,
    missing_files,
)

LABELS = np.array([[0, 0, 255, 15], [0, 255, 15, 15], [12, 12, 255, 15]], np.uint8)
OBJECTS = np.array([[0, 0, 255, 1], [0, 255, 1, 1], [2, 2, 255, 1]], np.uint8)


def save_indices(path, numbers):
    """Write a palette PNG as VOC's are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(numbers)
    picture.putpalette(file_colours().ravel().tolist())
    picture.save(path)


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "VOCdevkit" / "VOC2012"
    for number, stem in enumerate(["2007_000032", "2007_000039", "2007_000063"]):
        (folder / "JPEGImages").mkdir(parents=True, exist_ok=True)
        Image.fromarray(colours(number, 3, 4)).save(folder / "JPEGImages" / f"{stem}.jpg")
        save_indices(folder / "SegmentationClass" / f"{stem}.png", LABELS)
        save_indices(folder / "SegmentationObject" / f"{stem}.png", OBJECTS)
    lists = folder / "ImageSets" / "Segmentation"
    write(lists / "train.txt", "2007_000032\n")
    write(lists / "val.txt", "2007_000039\n2007_000063\n\n")
    write(lists / "trainval.txt", "2007_000032\n2007_000039\n2007_000063\n")
    return tmp_path


def test_parts_are_read_as_listed(made):
    data = load_voc2012("val", root=made)
    assert (len(data), data.num_classes, data.has_instances) == (2, 21, True)
    assert len(data.class_names) == len(data.palette) == 21
    item = data[0]
    assert item.image.shape == (3, 3, 4)
    np.testing.assert_array_equal(item.label_map, LABELS)
    np.testing.assert_array_equal(item.instance_map, np.where(OBJECTS == 255, 0, OBJECTS))
    assert item.instance_map.dtype == np.int32
    shares = data.class_frequencies()
    assert shares[15] == pytest.approx(4 / 9)
    assert shares[[0, 12]].tolist() == pytest.approx([3 / 9, 2 / 9])
    assert len(load_voc2012("trainval", root=made)) == 3


@pytest.mark.parametrize("below", ["", "VOCdevkit", "VOCdevkit/VOC2012"])
def test_root_may_be_any_of_its_folders(made, below):
    assert len(load_voc2012("train", root=made / below)) == 1


def test_the_colours_are_the_numbers_written_in_bits(made):
    path = made / "VOCdevkit" / "VOC2012" / "SegmentationClass" / "2007_000032.png"
    with Image.open(path) as picture:
        painted = np.asarray(picture.convert("RGB"))
    np.testing.assert_array_equal(painted, file_colours()[LABELS])
    known = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128)]
    np.testing.assert_array_equal(file_colours()[:5], known)
    assert CLASS_NAMES[15] == "person"
    np.testing.assert_array_equal(file_colours()[15], (192, 128, 128))


def test_without_objects_there_are_no_instances(made):
    shutil.rmtree(made / "VOCdevkit" / "VOC2012" / "SegmentationObject")
    data = load_voc2012("train", root=made)
    assert not data.has_instances
    assert data[0].instance_map is None
    assert missing_files(made / "VOCdevkit" / "VOC2012") == []


def test_labels_saved_as_colours_are_refused(made):
    path = made / "VOCdevkit" / "VOC2012" / "SegmentationClass" / "2007_000032.png"
    Image.fromarray(file_colours()[LABELS]).save(path)
    with pytest.raises(OSError, match=r"2007_000032.png must hold one number .* got colours"):
        load_voc2012("train", root=made)[0]


def test_missing_and_damaged_files_are_named(made):
    folder = made / "VOCdevkit" / "VOC2012"
    cut_short(folder / "JPEGImages" / "2007_000032.jpg")
    with pytest.raises(OSError, match=r"2007_000032.jpg is damaged.*data voc2012 --verify"):
        load_voc2012("train", root=made)[0]
    (folder / "SegmentationObject" / "2007_000063.png").unlink()
    (folder / "JPEGImages" / "2007_000063.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"JPEGImages.2007_000063.jpg and 1 more"):
        load_voc2012("val", root=made)
    assert missing_files(folder) == [
        "JPEGImages/2007_000063.jpg",
        "SegmentationObject/2007_000063.png",
    ]
    (folder / "ImageSets" / "Segmentation" / "train.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"train\.txt"):
        load_voc2012("train", root=made)


def test_what_does_not_exist_is_refused(made, tmp_path):
    with pytest.raises(ValueError, match="one of train, val, trainval, got 'test'"):
        load_voc2012("test", root=made)
    with pytest.raises(FileNotFoundError, match="python -m course_utils data voc2012"):
        load_voc2012(root=tmp_path / "nothing")


def test_its_source_has_the_published_checksum():
    assert SOURCE.downloads[0].checksum == "md5:6cd6e144f989b92b3379bac3b3de84fd"
    assert "Everingham" in SOURCE.citation


@pytest.mark.parametrize(
    ("copy", "count", "objects"), [("labelme_voc", 3, True), ("real_voc2012", 4, False)]
)
def test_real_photographs_are_read(require_shared, copy, count, objects):
    root = require_shared / "data" / "voc_mini" / copy
    if not root.is_dir():
        pytest.skip("needs voc_mini in ../shared/data")
    data = load_voc2012("trainval", root=root)
    assert (len(data), data.has_instances) == (count, objects)
    for item in data:
        assert set(np.unique(item.label_map)) <= {*range(21), 255}
        assert (item.label_map > 0).any()
        if objects:
            assert (item.label_map[item.instance_map > 0] > 0).all()
            assert (item.instance_map[item.label_map == 255] == 0).all()
            assert not (item.instance_map == 255).any()
