"""Nuclei: masks become instances in sorted order, no field is on two sides of the split."""

import collections
import csv

import numpy as np
import pytest
from made_files import colours, cut_short, save
from PIL import Image

from course_utils.datasets.nuclei import (
    MODALITIES,
    PARTS,
    load_nuclei,
    missing_files,
    split_table,
)


def names_of(part):
    return [name for name, row in split_table().items() if row["split"] == part]


def write_picture(folder, name, masks):
    """Write one picture in the original layout: RGBA, and a file for each mask."""
    path = folder / name / "images" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(colours(0, 4, 5))
    picture.putalpha(255)
    picture.save(path)
    for mask_name, mask in masks.items():
        save(folder / name / "masks" / f"{mask_name}.png", 255 * np.asarray(mask))
    return path


def masks():
    one, two, three = np.zeros((3, 4, 5), bool)
    one[0, :2] = two[3] = three[1:3, 4] = True
    return {"b": one, "c": two, "a": three}


@pytest.fixture
def made(tmp_path):
    """Three pictures of `val`."""
    for name in names_of("val")[:3]:
        write_picture(tmp_path / "stage1_train", name, masks())
    return tmp_path


def test_the_table_keeps_every_field_on_one_side():
    rows = split_table().values()
    sides = collections.defaultdict(set)
    for row in rows:
        sides[row["group"]].add(row["split"])
    assert all(len(splits) == 1 for splits in sides.values())
    assert collections.Counter(row["split"] for row in rows) == PARTS
    assert len(sides) < 400, "many pictures are tiles of one field"
    for part in PARTS:
        kinds = [row["modality"] for row in rows if row["split"] == part]
        assert set(kinds) == set(MODALITIES)
        assert 0.7 < kinds.count("fluorescence") / len(kinds) < 0.9


def test_masks_are_numbered_in_sorted_order(made):
    with pytest.warns(UserWarning, match="105 of the 108 pictures of nuclei val are missing"):
        data = load_nuclei("val", root=made, allow_missing=True)
    assert (len(data), data.num_classes, data.has_instances) == (3, 2, True)
    item = data[0]
    expected = np.zeros((4, 5), np.int32)
    expected[1:3, 4], expected[0, :2], expected[3] = 1, 2, 3
    np.testing.assert_array_equal(item.instance_map, expected)
    assert item.instance_map.dtype == np.int32
    np.testing.assert_array_equal(item.label_map, expected > 0)
    assert item.label_map.dtype == np.uint8
    np.testing.assert_array_equal(item.image, colours(0, 4, 5).transpose(2, 0, 1))


def test_an_incomplete_copy_is_reported(made):
    with pytest.raises(FileNotFoundError, match=r"lacks the file .* and 104 more"):
        load_nuclei("val", root=made)
    missing = missing_files(made / "stage1_train")
    assert len(missing) == 661
    first = names_of("val")[0]
    for path in (made / "stage1_train" / first / "masks").iterdir():
        path.unlink()
    assert f"{first}/masks/*.png" in missing_files(made / "stage1_train")
    with pytest.warns(UserWarning, match="missing"):
        data = load_nuclei("val", root=made / "stage1_train", allow_missing=True)
    with pytest.raises(FileNotFoundError, match="masks"):
        data[0]


def test_a_whole_part_is_read_without_a_word(tmp_path, recwarn):
    for name in names_of("test"):
        write_picture(tmp_path, name, {"a": masks()["a"]})
    write_picture(tmp_path, "0" * 64, masks())  # one that the table does not know
    assert len(load_nuclei("test", root=tmp_path)) == 104
    kinds = [len(load_nuclei("test", root=tmp_path, modality=kind)) for kind in MODALITIES]
    assert sum(kinds) == 104
    assert kinds[0] > 70
    assert not recwarn.list


def test_damaged_files_are_named(made):
    first, second = names_of("val")[:2]
    folder = made / "stage1_train"
    cut_short(folder / first / "masks" / "b.png")
    save(folder / second / "masks" / "c.png", np.zeros((4, 4)))
    with pytest.warns(UserWarning, match="missing"):
        data = load_nuclei("val", root=made, allow_missing=True)
    with pytest.raises(OSError, match=r"b.png is damaged.*data nuclei --verify"):
        data[0]
    with pytest.raises(OSError, match=r"c.png .* must have one size"):
        data[1]


def test_what_does_not_exist_is_refused(made, tmp_path):
    with pytest.raises(ValueError, match="one of train, val, test, got 'stage1'"):
        load_nuclei("stage1", root=made)
    with pytest.raises(ValueError, match="one of fluorescence, histology, brightfield, got 'x'"):
        load_nuclei("val", root=made, modality="x")
    with pytest.raises(FileNotFoundError, match="python -m course_utils data nuclei"):
        load_nuclei(root=tmp_path / "nothing")


# ------------------------------------------------------------------------------- the real thing


@pytest.fixture(scope="session")
def require_nuclei(require_shared):
    folder = require_shared / "data" / "nuclei_dsb2018"
    if not folder.is_dir():
        pytest.skip("needs nuclei_dsb2018 in ../shared/data")
    return folder


def test_the_table_is_that_of_the_index(require_nuclei):
    with (require_nuclei / "index.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["id"] for row in rows} == set(split_table())
    for row in rows:
        ours = split_table()[row["id"]]
        assert all(ours[key] == row[key] for key in ("group", "split", "modality"))


@pytest.mark.filterwarnings("ignore:.*are missing")
def test_real_pictures_in_the_original_layout_are_read(require_nuclei):
    """Ten pictures byte for byte as published, and their instances as somebody else joined them."""
    root = require_nuclei / "sample_original_layout"
    seen = 0
    for part in PARTS:
        for path, item in zip(
            (data := load_nuclei(part, root=root, allow_missing=True)).keys, data, strict=True
        ):
            stored = require_nuclei / "stage1_train" / path.stem / "instances.png"
            joined = np.asarray(Image.open(stored)).astype(np.int32)
            unfixed = require_nuclei / "unfixed_instances" / f"{path.stem}.png"
            if not unfixed.is_file():
                np.testing.assert_array_equal(item.instance_map, joined)
            assert item.image.shape[1:] == joined.shape
            seen += 1
    assert seen == 10
