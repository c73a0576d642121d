"""Oxford-IIIT Pet: trimaps, files that are not what their names say, a part cut by rule."""

import numpy as np
import pytest
from made_files import colours, cut_short, save, write
from PIL import Image

from course_utils.datasets.pets import PARTS, SOURCE, load_pets, missing_files

TRIMAP = np.array([[2, 2, 3, 1], [2, 3, 1, 1], [2, 2, 3, 1]], np.uint8)
BREEDS = ("Abyssinian", "american_bulldog", "Egyptian_Mau")


@pytest.fixture
def made(tmp_path):
    """Thirty photographs in `trainval`, ten in `test`, with the traps of the original."""
    stems = [f"{breed}_{number}" for breed in BREEDS for number in range(1, 11)]
    tests = [f"{BREEDS[0]}_{number}" for number in range(100, 110)]
    for number, stem in enumerate([*stems, *tests]):
        picture = Image.fromarray(colours(number, 3, 4))
        path = tmp_path / "images" / f"{stem}.jpg"
        path.parent.mkdir(exist_ok=True)
        if stem == "Egyptian_Mau_1":
            picture.convert("P").save(path, format="GIF")
        elif stem == "Abyssinian_2":
            picture.putalpha(128)
            picture.save(path, format="PNG")
        elif stem == "Abyssinian_3":
            picture.convert("L").save(path, format="JPEG")
        else:
            picture.save(path, format="JPEG")
        save(tmp_path / "annotations" / "trimaps" / f"{stem}.png", TRIMAP)
        write(tmp_path / "annotations" / "trimaps" / f"._{stem}.png", "a Mac's own notes")
    write(tmp_path / "images" / "Abyssinian_100.mat", "no picture")
    for part, names in (("trainval", stems), ("test", tests)):
        lines = [f"{name} 1 1 1" for name in reversed(names)]
        write(tmp_path / "annotations" / f"{part}.txt", "# name class\n" + "\n".join(lines) + "\n")
    return tmp_path


def names(data):
    return [image.stem for image, _ in data.keys]


def test_a_trimap_is_pet_background_and_void(made):
    data = load_pets("test", root=made)
    assert (len(data), data.class_names, data.has_instances) == (10, ("background", "pet"), False)
    expected = [[0, 0, 255, 1], [0, 255, 1, 1], [0, 0, 255, 1]]
    for item in data:
        np.testing.assert_array_equal(item.label_map, expected)
        assert item.label_map.dtype == np.uint8
    np.testing.assert_allclose(data.class_frequencies(), [5 / 9, 4 / 9])


@pytest.mark.parametrize("stem", ["Egyptian_Mau_1", "Abyssinian_2", "Abyssinian_3"])
def test_a_picture_is_read_whatever_its_name_says(made, stem):
    data = load_pets("trainval", root=made)
    item = data[names(data).index(stem)]
    assert (item.image.dtype, item.image.shape) == (np.uint8, (3, 3, 4))
    if stem == "Abyssinian_2":
        np.testing.assert_array_equal(item.image, colours(1, 3, 4).transpose(2, 0, 1))


def test_val_is_cut_in_blocks_and_shares_nothing_with_train(made):
    train, val, both = (names(load_pets(p, root=made)) for p in ("train", "val", "trainval"))
    assert val == [f"{b}_{n}" for b in sorted(BREEDS) for n in (9, 10)]
    assert len(train) == 24
    assert sorted(train + val) == sorted(both)
    assert PARTS["train"] + PARTS["val"] == PARTS["trainval"]


def test_the_cut_does_not_depend_on_the_order_of_the_list(made):
    before = names(load_pets("val", root=made))
    path = made / "annotations" / "trainval.txt"
    path.write_text("\n".join(sorted(path.read_text().splitlines())))
    assert names(load_pets("val", root=made)) == before


def test_cats_and_dogs_can_be_told_apart(made):
    data = load_pets("trainval", root=made, classes="species")
    assert data.class_names == ("background", "cat", "dog")
    for name, item in zip(names(data), data, strict=True):
        assert set(np.unique(item.label_map)) == {0, 1 + name.startswith("american"), 255}
    with pytest.raises(ValueError, match="classes must be one of pet, species, got 'breed'"):
        load_pets("trainval", root=made, classes="breed")


def test_missing_and_damaged_files_are_named(made):
    assert missing_files(made) == []
    cut_short(made / "annotations" / "trimaps" / "Abyssinian_100.png")
    with pytest.raises(OSError, match=r"Abyssinian_100.png is damaged.*data pets --verify"):
        load_pets("test", root=made)[0]
    save(made / "annotations" / "trimaps" / "Abyssinian_101.png", np.full((3, 4), 38))
    with pytest.raises(OSError, match="must hold the numbers 1, 2, 3, found 38"):
        load_pets("test", root=made)[1]
    (made / "images" / "Abyssinian_102.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"images.Abyssinian_102.jpg\."):
        load_pets("test", root=made)
    assert missing_files(made) == ["images/Abyssinian_102.jpg"]


def test_what_does_not_exist_is_refused(made, tmp_path):
    with pytest.raises(ValueError, match="one of train, val, test, trainval, got 'all'"):
        load_pets("all", root=made)
    with pytest.raises(FileNotFoundError, match="python -m course_utils data pets"):
        load_pets(root=tmp_path / "nothing")


def test_its_source_has_the_published_checksums():
    assert [file.checksum for file in SOURCE.downloads] == [
        "md5:5c4f3ee8e5d25df40f4fd59a7f44e54c",
        "md5:95a8c909bbe2e81eed6a22bccdf3f68f",
    ]
    assert SOURCE.layout[0] == "images/*.jpg"
