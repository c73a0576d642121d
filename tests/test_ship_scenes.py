"""Ships at sea: exact labels, the share that was asked for, the same at every call."""

import time

import numpy as np
import pytest
from scipy import ndimage

from course_utils.datasets.ship_scenes import PARTS, ship_scene, ship_scenes


@pytest.mark.parametrize("share", [0.005, 0.02, 0.05, 0.15])
def test_the_share_is_what_was_asked_for(share):
    label_maps = ship_scenes(40, share=share)[1]
    shares = label_maps.mean(axis=(1, 2))
    assert np.abs(shares / share - 1).max() < (0.2 if share < 0.01 else 0.1)
    assert shares.mean() == pytest.approx(share, rel=0.02)


def test_an_empty_sea_has_no_ship():
    images, label_maps, instance_maps = ship_scenes(3, share=0)
    assert not label_maps.any()
    assert not instance_maps.any()
    assert images.std() > 5


def test_types_shapes_and_instances():
    images, label_maps, instance_maps = ship_scenes(30, size=(96, 130))
    assert (images.dtype, images.shape) == (np.uint8, (30, 3, 96, 130))
    assert (label_maps.dtype, label_maps.shape) == (np.uint8, (30, 96, 130))
    assert (instance_maps.dtype, instance_maps.shape) == (np.int32, (30, 96, 130))
    np.testing.assert_array_equal(label_maps == 1, instance_maps > 0)
    counts = set()
    for instance_map in instance_maps:
        numbers = np.unique(instance_map[instance_map > 0])
        assert numbers.tolist() == list(range(1, len(numbers) + 1))
        counts.add(len(numbers))
        for number in numbers:
            assert ndimage.label(instance_map == number, np.ones((3, 3)))[1] == 1, "one piece"
        assert ndimage.label(instance_map, np.ones((3, 3)))[1] == len(numbers), "no two touch"
        edges = [instance_map[0], instance_map[-1], instance_map[:, 0], instance_map[:, -1]]
        assert not any(edge.any() for edge in edges), "no ship is cut off"
    assert counts == {1, 2, 3, 4}


def test_the_label_lies_where_the_ship_was_painted():
    """The strongest change of colour along a label's border lies on it, not a pixel beside."""
    on, off = [], []
    for seed in range(12):
        scene = ship_scene(seed, share=0.1)
        grey = scene.image.astype(float).sum(axis=-1)
        across = np.abs(np.diff(grey, axis=1))  # between a pixel and its right neighbour
        border = np.diff(scene.label_map.astype(int), axis=1) != 0
        on.append(across[border].mean())
        off += [across[:, :-3][border[:, 3:]].mean(), across[:, 3:][border[:, :-3]].mean()]
    assert np.mean(on) > 1.5 * np.mean(off)


def test_the_same_seed_gives_the_same_scene_and_another_another():
    first, again, other = ship_scene(3), ship_scene(3), ship_scene(4)
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.instance_map, again.instance_map)
    assert (first.image != other.image).any()
    images, label_maps, _ = ship_scenes(4, seed=3)
    np.testing.assert_array_equal(images[0].transpose(1, 2, 0), first.image)
    np.testing.assert_array_equal(label_maps[0], first.label_map)
    np.testing.assert_array_equal(ship_scenes(2, seed=3)[0], images[:2])


def test_parts_share_no_scene():
    seen = {ship_scenes(5, part=part)[0].tobytes() for part in PARTS}
    assert len(seen) == len(PARTS)


def test_no_grey_level_finds_the_ships():
    """Foam is as bright as a light hull, water as dark as a dark one."""
    best = []
    for seed in range(20):
        scene = ship_scene(seed, share=0.05)
        grey, ship = scene.image.mean(axis=-1), scene.label_map == 1
        ious = [
            np.sum(mask & ship) / np.sum(mask | ship)
            for t in range(5, 250, 5)
            for mask in (grey > t, grey <= t)
        ]
        best.append(max(ious))
    assert np.median(best) < 0.9
    assert min(best) < 0.5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"share": 0.5}, "share must be 0 to 0.15, got 0.5"),
        ({"share": -0.1}, "share must be"),
        ({"size": (16, 128)}, "size must be rows and columns, each 32 or more"),
        ({"part": "training"}, "part must be one of train, val, test"),
    ],
)
def test_what_cannot_be_drawn_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        ship_scene(**settings)
    with pytest.raises(ValueError, match=words):
        ship_scenes(1, **settings)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="count must be 0 or more, got -1"):
        ship_scenes(-1)


def test_how_long_a_hundred_take(measured):
    ship_scenes(1)
    start = time.process_time()
    ship_scenes(100)
    measured(f"100 ship scenes of 128 x 128: {time.process_time() - start:.2f} s of one core")
