"""CamVid: the original layout is read, void is void, and each missing or damaged file is named."""

import json

import numpy as np
import pytest
from made_files import colours, cut_short, save, write
from PIL import Image
from test_labels import VISIONS, smallest_distance

from course_utils.datasets.camvid import (
    CLASS_NAMES,
    FILE_COLOURS,
    PALETTE,
    PARTS,
    SEEN,
    SOURCE,
    UNSEEN,
    load_camvid,
    missing_files,
)
from course_utils.labels import encode_colours

STEMS = {
    "train": ["0001TP_006690", "0006R0_f00930", "0016E5_00390"],
    "val": ["0016E5_07959"],
    "test": ["0001TP_008550", "Seq05VD_f00000", "Seq05VD_f00030"],
}


@pytest.fixture
def made(tmp_path):
    """Folder that holds a small ``CamVid``."""
    folder = tmp_path / "CamVid"
    for part, stems in STEMS.items():
        for number, stem in enumerate(stems):
            save(folder / part / f"{stem}.png", colours(number))
            labels = np.random.default_rng(number).integers(0, 12, (6, 8))
            save(folder / f"{part}annot" / f"{stem}.png", labels)
        lines = [f"/SegNet/CamVid/{part}/{s}.png /SegNet/CamVid/{part}annot/{s}.png" for s in stems]
        write(folder / f"{part}.txt", "\n".join(lines) + "\n")
    return tmp_path


def test_parts_are_read_as_listed(made):
    for part, stems in STEMS.items():
        data = load_camvid(part, root=made)
        assert (len(data), data.num_classes, data.has_instances) == (len(stems), 11, False)
        assert [image.stem for image, _ in data.keys] == stems
    data = load_camvid("train", root=made)
    for number, item in enumerate(data):
        np.testing.assert_array_equal(item.image, colours(number).transpose(2, 0, 1))
        labels = np.random.default_rng(number).integers(0, 12, (6, 8))
        np.testing.assert_array_equal(item.label_map, np.where(labels == 11, 255, labels))
        assert item.label_map.dtype == np.uint8
        assert item.instance_map is None
    assert len(load_camvid("trainval", root=made)) == 4
    assert data.class_frequencies().sum() == pytest.approx(1)


def test_root_may_be_the_folder_itself(made):
    assert len(load_camvid("val", root=made / "CamVid")) == 1
    assert len(load_camvid("val", root=str(made))) == 1


def test_the_drives_of_the_test_part_can_be_taken_alone(made):
    assert len(load_camvid("test", root=made, drive=SEEN)) == 1
    unseen = load_camvid("test", root=made, drive=UNSEEN)
    assert [image.stem for image, _ in unseen.keys] == STEMS["test"][1:]
    with pytest.raises(ValueError, match="must be one of 0001TP, Seq05VD, got '0016E5'"):
        load_camvid("test", root=made, drive="0016E5")


def test_a_part_that_does_not_exist_is_refused(made):
    with pytest.raises(ValueError, match="one of train, val, test, trainval, got 'training'"):
        load_camvid("training", root=made)


def test_absent_it_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m course_utils data camvid"):
        load_camvid(root=tmp_path)


@pytest.mark.parametrize("kind", ["train", "trainannot"])
def test_a_missing_file_is_named(made, kind):
    (made / "CamVid" / kind / "0006R0_f00930.png").unlink()
    with pytest.raises(FileNotFoundError, match=rf"{kind}.0006R0_f00930.png\. Check .*--verify"):
        load_camvid("train", root=made)
    assert missing_files(made / "CamVid") == [f"{kind}/0006R0_f00930.png"]
    (made / "CamVid" / "val.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks the file .*val\.txt"):
        load_camvid("val", root=made)


@pytest.mark.parametrize("kind", ["train", "trainannot"])
def test_a_damaged_file_is_named(made, kind):
    cut_short(made / "CamVid" / kind / "0006R0_f00930.png")
    data = load_camvid("train", root=made)
    assert data[0].image.shape == (3, 6, 8)
    with pytest.raises(OSError, match=rf"{kind}.0006R0_f00930.png is damaged.*--verify"):
        data[1]
    write(made / "CamVid" / kind / "0016E5_00390.png", "<html>404</html>")
    with pytest.raises(OSError, match=r"0016E5_00390.png is damaged"):
        data[2]


def test_labels_that_are_none_are_found(made):
    folder = made / "CamVid" / "trainannot"
    save(folder / "0001TP_006690.png", np.full((6, 8), 12))
    with pytest.raises(OSError, match=r"0001TP_006690.png must hold the numbers 0, .*, found 12"):
        load_camvid("train", root=made)[0]
    save(folder / "0001TP_006690.png", colours(0))
    with pytest.raises(OSError, match="one number for each pixel, got colours"):
        load_camvid("train", root=made)[0]
    save(folder / "0001TP_006690.png", np.zeros((3, 4)))
    with pytest.raises(OSError, match=r"must have one size, got \(6, 8\) and \(3, 4\)"):
        load_camvid("train", root=made)[0]


def test_every_eye_can_tell_our_colours_apart():
    assert PALETTE.shape == (len(CLASS_NAMES), 3)
    for vision in VISIONS:
        assert smallest_distance([*PALETTE, (255, 255, 255), (0, 0, 0)], vision) >= 15
    assert min(smallest_distance(FILE_COLOURS[:11], vision) for vision in VISIONS) < 10


def test_colours_of_the_published_pictures_are_for_files():
    void = tuple(FILE_COLOURS[11].tolist())
    painted = encode_colours(np.array([[0, 8, 255]]), FILE_COLOURS[:11], ignore_colour=void)
    assert painted[0].tolist() == [[128, 128, 128], [64, 0, 128], [0, 0, 0]]


def test_its_source_says_whose_it_is():
    assert "BY-NC" in SOURCE.licence
    assert "Brostow" in SOURCE.citation
    assert sum(PARTS[part] for part in ("train", "val", "test")) == 701


# ------------------------------------------------------------------------------- the real thing


@pytest.fixture(scope="session")
def real(require_shared, tmp_path_factory):
    """The lists of the real data set, with every tenth label map and a few frames."""
    source = require_shared / "data" / "camvid" / "CamVid"
    if not source.is_dir():
        pytest.skip("needs CamVid in ../shared/data")
    folder = tmp_path_factory.mktemp("camvid")
    for part, step in (("train", 60), ("val", 50), ("test", 30)):
        lines = (source / f"{part}.txt").read_text().splitlines()[::step]
        write(folder / "CamVid" / f"{part}.txt", "\n".join(lines))
        for line in lines:
            stem = line.split("/")[-1].removesuffix(".png")
            with Image.open(source / part / f"{stem}.webp") as frame:
                save(folder / "CamVid" / part / f"{stem}.png", frame.convert("RGB"))
            labels = source / f"{part}annot" / f"{stem}.png"
            with Image.open(labels) as picture:
                save(folder / "CamVid" / f"{part}annot" / f"{stem}.png", picture)
    return folder


def test_real_frames_are_read(real):
    assert missing_files(real / "CamVid") == []
    for part in ("train", "val", "test"):
        data = load_camvid(part, root=real)
        images, label_maps, _ = data.arrays()
        assert images.shape[1:] == (3, 360, 480)
        assert set(np.unique(label_maps)) <= {*range(11), 255}
        assert 0 < (label_maps == 255).mean() < 0.15
        sky = images.transpose(0, 2, 3, 1)[label_maps == 0].mean()
        road = images.transpose(0, 2, 3, 1)[label_maps == 3].mean()
        assert sky > road + 40, "sky is brighter than road"


def test_real_frequencies_are_those_of_the_files(require_shared):
    """Labels alone: reading 101 label maps is quick."""
    folder = require_shared / "data" / "camvid"
    if not folder.is_dir():
        pytest.skip("needs CamVid in ../shared/data")
    known = json.loads((folder / "classes.json").read_text())["pixel_freq"]["val"]["freq"]
    counts = np.zeros(12, np.int64)
    for path in (folder / "CamVid" / "valannot").glob("*.png"):
        counts += np.bincount(np.asarray(Image.open(path)).ravel(), minlength=12)
    np.testing.assert_allclose(counts / counts.sum(), known, atol=1e-9)
