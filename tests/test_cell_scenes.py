"""Fluorescent nuclei: exact truth, nuclei that touch, light that behaves, same at every call."""

import time

import numpy as np
import pytest
from scipy import ndimage

from course_utils.datasets.cell_scenes import PARTS, SIDE, cell_scene, cell_scenes


@pytest.fixture(scope="module")
def scenes():
    return cell_scenes(60)


def neighbours(instance_map):
    """Pairs of nuclei that lie side by side."""
    pairs = set()
    for one, other in [
        (instance_map[1:], instance_map[:-1]),
        (instance_map[:, 1:], instance_map[:, :-1]),
    ]:
        both = (one > 0) & (other > 0) & (one != other)
        pairs |= set(zip(one[both].tolist(), other[both].tolist(), strict=True))
    return {tuple(sorted(pair)) for pair in pairs}


def test_types_shapes_and_numbers(scenes):
    images, label_maps, instance_maps = scenes
    assert (images.dtype, images.shape) == (np.uint8, (60, 3, 128, 128))
    assert (label_maps.dtype, label_maps.shape) == (np.uint8, (60, 128, 128))
    assert (instance_maps.dtype, instance_maps.shape) == (np.int32, (60, 128, 128))
    np.testing.assert_array_equal(label_maps == 1, instance_maps > 0)
    assert (images == images[:, :1]).all(), "grey"
    for instance_map in instance_maps:
        numbers = np.unique(instance_map[instance_map > 0])
        assert numbers.tolist() == list(range(1, len(numbers) + 1))
    image = cell_scene(0, size=(64, 150)).image
    assert image.shape == (64, 150, 3)


def test_a_nucleus_is_one_piece_of_a_sensible_size(scenes):
    areas = []
    for instance_map in scenes[2]:
        for number, box in enumerate(ndimage.find_objects(instance_map), start=1):
            mask = instance_map[box] == number
            assert max(mask.shape) < SIDE
            on_edge = any(side.start == 0 or side.stop == 128 for side in box)
            if not on_edge:  # the picture's edge may cut a bent one in two
                assert ndimage.label(mask)[1] == 1
                assert ndimage.binary_fill_holes(mask).sum() == mask.sum()
                areas.append(mask.sum())
    assert np.percentile(areas, 1) > 60
    assert np.percentile(areas, 99) < 900


def test_most_nuclei_touch_and_the_share_of_nucleus_varies(scenes):
    touching = sum(len({n for pair in neighbours(m) for n in pair}) for m in scenes[2])
    assert 0.5 < touching / scenes[2].max(axis=(1, 2)).sum() < 0.9
    shares = scenes[1].mean(axis=(1, 2))
    assert shares.min() < 0.15
    assert shares.max() > 0.3


def test_counting_connected_pixels_counts_too_few(scenes):
    found = sum(ndimage.label(label_map)[1] for label_map in scenes[1])
    assert found < 0.7 * scenes[2].max(axis=(1, 2)).sum()


def test_nuclei_glow_and_some_hardly(scenes):
    """On nearly every nucleus the light is above its surroundings, but no one level finds them."""
    above = []
    for image, instance_map in zip(scenes[0][:, 0].astype(float), scenes[2], strict=True):
        ground = np.median(image[ndimage.binary_erosion(instance_map == 0, iterations=3)])
        for number in range(1, instance_map.max() + 1):
            above.append(image[instance_map == number].mean() - ground)
    assert np.mean(np.array(above) > 8) > 0.97
    assert np.percentile(above, 10) < 0.4 * np.percentile(above, 90)


def test_the_truth_lies_where_the_light_is():
    """Moved by two pixels to any side, the truth fits the picture worse."""
    images, label_maps, _ = cell_scenes(30, seed=5)
    grey = images[:, 0].astype(float)

    def contrast(masks):
        return np.mean(
            [image[m].mean() - image[~m].mean() for image, m in zip(grey, masks, strict=True)]
        )

    right = contrast(label_maps == 1)
    for shift in [(2, 0), (-2, 0), (0, 2), (0, -2)]:
        assert contrast(np.roll(label_maps == 1, shift, axis=(1, 2))) < right - 1


def test_noise_grows_with_light():
    """Photons are counted: where it is brighter, neighbours differ more."""
    images, label_maps, _ = cell_scenes(40, seed=2)
    rough = np.abs(np.diff(images[:, 0].astype(float), n=2, axis=2))
    inner = np.stack([ndimage.binary_erosion(m, iterations=3) for m in label_maps])[:, :, 1:-1]
    outer = np.stack([ndimage.binary_erosion(m == 0, iterations=3) for m in label_maps])[:, :, 1:-1]
    inside = np.array([r[m].mean() for r, m in zip(rough, inner, strict=True)])
    outside = np.array([r[m].mean() for r, m in zip(rough, outer, strict=True)])
    assert (inside > outside).mean() > 0.95


def test_the_same_seed_gives_the_same_scene_and_another_another(scenes):
    again = cell_scenes(3)
    for array, first in zip(again, scenes, strict=True):
        np.testing.assert_array_equal(array, first[:3])
    scene = cell_scene(0)
    np.testing.assert_array_equal(scene.image.transpose(2, 0, 1), scenes[0][0])
    np.testing.assert_array_equal(scene.instance_map, scenes[2][0])
    assert (cell_scene(1).image != scene.image).any()
    assert len({cell_scenes(2, part=part)[0].tobytes() for part in PARTS}) == 3


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"size": (32, 128)}, "size must be rows and columns, each 48 or more"),
        ({"part": "training"}, "part must be one of train, val, test"),
    ],
)
def test_what_cannot_be_made_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        cell_scene(**settings)
    with pytest.raises(ValueError, match=words):
        cell_scenes(1, **settings)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="count must be 0 or more, got -1"):
        cell_scenes(-1)


def test_how_long_a_hundred_take(measured):
    cell_scenes(1)
    start = time.process_time()
    cell_scenes(100)
    measured(f"100 cell scenes of 128 x 128: {time.process_time() - start:.2f} s of one core")
