"""The registry: every data set by name, the same for everybody, made once."""

import numpy as np
import pytest
from made_files import colours, save, write
from scipy import ndimage

from course_utils.datasets import registry
from course_utils.datasets.coin_windows import coin_windows
from course_utils.datasets.registry import data_names, describe_data, load_data

MADE = ("digits", "coins", "cells", "ships")
FETCHED = ("camvid", "nuclei", "pets", "voc2012")


def test_all_data_sets_are_known():
    assert data_names() == MADE + FETCHED
    for name in data_names():
        description = describe_data(name)
        assert description.name == name
        assert description.on_demand == (name in FETCHED)
        assert description.title
        assert description.licence
        assert description.citation
        assert {"train", "val"} <= set(description.parts)


@pytest.mark.parametrize("name", MADE)
def test_what_the_course_makes_has_one_form(name):
    data = load_data(name, "val", count=6)
    images, label_maps, instance_maps = data.arrays()
    side = 64 if name == "digits" else 128
    assert describe_data(name).size == f"{side} x {side}"
    assert (images.dtype, images.shape) == (np.uint8, (6, 3, side, side))
    assert (label_maps.dtype, label_maps.shape) == (np.uint8, (6, side, side))
    assert (instance_maps.dtype, instance_maps.shape) == (np.int32, (6, side, side))
    assert data.num_classes == len(data.class_names) == len(data.palette)
    assert data.class_names[0] == "background"
    assert label_maps.max() < data.num_classes
    assert data.class_frequencies().sum() == pytest.approx(1)
    np.testing.assert_array_equal(label_maps > 0, instance_maps > 0)
    assert images.flags.writeable


@pytest.mark.parametrize("name", MADE)
def test_it_is_the_same_for_everybody_and_parts_differ(name):
    first = load_data(name, "val", count=3).arrays()[0]
    registry._make.cache_clear()
    np.testing.assert_array_equal(load_data(name, "val", count=3).arrays()[0], first)
    np.testing.assert_array_equal(load_data(name, "val", count=5).arrays()[0][:3], first)
    parts = {
        load_data(name, part, count=2).arrays()[0].tobytes() for part in describe_data(name).parts
    }
    assert len(parts) == 3


def test_it_is_made_once(monkeypatch):
    registry._make.cache_clear()
    load_data("ships", "val", count=3)
    load_data("ships", "val", count=3)[0].image[:] = 0
    info = registry._make.cache_info()
    assert (info.misses, info.hits) == (1, 1)
    assert load_data("ships", "val", count=3)[0].image.any()


def test_parts_have_their_fixed_sizes():
    for part, count in describe_data("ships").parts.items():
        assert len(load_data("ships", part)) == count


def test_size_and_options_reach_the_maker():
    data = load_data("ships", count=2, size=(64, 96), share=0.1)
    assert data[0].image.shape == (3, 64, 96)
    assert abs(data.class_frequencies()[1] - 0.1) < 0.02
    assert load_data("digits", "val", count=1, size=(80, 70))[0].label_map.shape == (80, 70)
    with pytest.raises(TypeError, match="shape"):
        load_data("ships", count=1, shape=(3, 3))


@pytest.mark.parametrize(
    ("arguments", "settings", "words"),
    [
        (["digit"], {}, "one of digits, coins, .*got 'digit'. Did you mean 'digits'"),
        (["digits", "training"], {}, "part of digits must be one of train, val, test"),
        (["digits"], {"count": 0}, "count must be 1 or more, got 0"),
        (["digits"], {"root": "/data"}, "root must be left out"),
    ],
)
def test_what_does_not_exist_is_refused(arguments, settings, words):
    with pytest.raises(ValueError, match=words):
        load_data(*arguments, **settings)
    if arguments == ["digit"]:
        with pytest.raises(ValueError, match=words):
            describe_data(*arguments)


@pytest.mark.parametrize("name", FETCHED)
def test_what_was_not_fetched_names_the_command(name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for root in (None, tmp_path):
        with pytest.raises(FileNotFoundError, match=f"python -m course_utils data {name}"):
            load_data(name, root=root)


def test_what_was_fetched_is_read_taken_and_resized(tmp_path):
    stems = [f"0001TP_{number:06}" for number in range(4)]
    for stem in stems:
        save(tmp_path / "CamVid" / "train" / f"{stem}.png", colours(1, 12, 16))
        save(tmp_path / "CamVid" / "trainannot" / f"{stem}.png", np.full((12, 16), 3))
    write(tmp_path / "CamVid" / "train.txt", "\n".join(f"/{stem}.png" for stem in stems))
    data = load_data("camvid", root=tmp_path, count=3, size=(6, 8))
    assert data.arrays()[0].shape == (3, 3, 6, 8)
    assert len(load_data("camvid", root=str(tmp_path), drive="0001TP")) == 4
    with pytest.raises(ValueError, match=r"count must be at most 4, .*got 5"):
        load_data("camvid", root=tmp_path, count=5)


# ----------------------------------------------------------------------------------------- coins


@pytest.fixture(scope="module")
def coins():
    return coin_windows(24)


def test_coins_touch_and_are_numbered_without_gaps(coins):
    touching = 0
    for instance_map in coins[2]:
        numbers = np.unique(instance_map[instance_map > 0])
        assert numbers.tolist() == list(range(1, len(numbers) + 1))
        touching += ndimage.label(instance_map)[1] < len(numbers)
    assert touching > 12


def test_a_window_is_a_quarter_of_a_scene(coins):
    """Neighbouring windows continue each other; a wrong corner would show as a seam."""
    images = coins[0][:4, 0].astype(int)
    whole = np.block([[images[0], images[1]], [images[2], images[3]]])
    across = np.abs(np.diff(whole, axis=1)).mean(axis=0)
    assert across[127] < 2 * np.median(across)
    down = np.abs(np.diff(whole, axis=0)).mean(axis=1)
    assert down[127] < 2 * np.median(down)
    assert (coins[0] == coins[0][:, :1]).all(), "grey"


def test_coins_take_a_size_and_refuse_too_small_ones():
    assert coin_windows(1, size=(96, 120))[0].shape == (1, 3, 96, 120)
    with pytest.raises(ValueError, match="each 96 or more"):
        coin_windows(1, size=(64, 64))
    with pytest.raises(ValueError, match="part must be one of"):
        coin_windows(1, part="all")
    with pytest.raises(ValueError, match="count must be 0 or more"):
        coin_windows(-1)
    assert (coin_windows(1, seed=1)[0] != coin_windows(1)[0]).any()
