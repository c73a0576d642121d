"""Edges and regions against SciPy and scikit-image, and by their definitions."""

import itertools

import numpy as np
import pytest
from scipy import ndimage
from skimage import feature, filters, segmentation

from course_utils import edges, metrics
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture

PICTURES = ["coins", "camera"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_gradient_is_sobels(name):
    image = load_picture(name).image
    rows, columns = edges.gradient(image)
    np.testing.assert_allclose(8 * filters.sobel_h(image / 2), rows, atol=1e-9)
    np.testing.assert_allclose(8 * filters.sobel_v(image / 2), columns, atol=1e-9)
    magnitude = edges.gradient_magnitude(image)
    library = filters.sobel(image.astype(float))
    np.testing.assert_allclose(magnitude, 4 * np.sqrt(2) * library, atol=1e-9)


def test_a_slope_of_one_level_per_pixel_has_gradient_eight():
    down, right = np.indices((6, 7)).astype(float)
    for image, answer in ((down, (8, 0)), (right, (0, 8)), (down + 2 * right, (8, 16))):
        rows, columns = edges.gradient(image)
        assert (rows[1:-1, 1:-1] == answer[0]).all()
        assert (columns[1:-1, 1:-1] == answer[1]).all()


def test_a_colour_picture_is_refused():
    with pytest.raises(ValueError, match=r"image must have shape \(H, W\), got \(4, 5, 3\)"):
        edges.gradient(np.zeros((4, 5, 3)))


def test_the_direction_is_the_nearest_of_four():
    degrees = np.arange(0.25, 360)
    direction = edges.rounded_direction(np.sin(np.radians(degrees)), np.cos(np.radians(degrees)))
    turns = np.array([abs((degrees - 45 * k + 90) % 180 - 90) for k in range(4)])
    np.testing.assert_array_equal(direction, turns.argmin(axis=0))


def suppressed_by_loop(rows, columns):
    magnitude = np.hypot(rows, columns)
    kept = np.zeros_like(magnitude)
    height, width = magnitude.shape
    for r, c in np.ndindex(magnitude.shape):
        down, right = edges.STEPS[edges.rounded_direction(rows[r, c], columns[r, c])]
        neighbours = [(r + down, c + right), (r - down, c - right)]
        inside = [(i, j) for i, j in neighbours if 0 <= i < height and 0 <= j < width]
        if all(magnitude[r, c] >= magnitude[i, j] for i, j in inside):
            kept[r, c] = magnitude[r, c]
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_suppression_keeps_what_its_definition_keeps(seed):
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(-3, 4, (2, 9, 11)).astype(float)
    np.testing.assert_array_equal(
        edges.non_maximum_suppression(rows, columns), suppressed_by_loop(rows, columns)
    )


def test_suppression_leaves_one_line_of_a_blurred_step():
    step = ndimage.gaussian_filter1d(np.repeat([[0.0] * 7 + [50.0] + [100.0] * 7], 9, axis=0), 2)
    kept = edges.non_maximum_suppression(*edges.gradient(step)) > 1
    assert (np.flatnonzero(kept[4]) == [7]).all()
    assert kept.sum() == 9


def chains_by_growing(strength, low, high):
    kept = strength >= high
    while True:
        grown = ndimage.binary_dilation(kept, np.ones((3, 3))) & (strength >= low)
        if (grown == kept).all():
            return kept
        kept = grown


@pytest.mark.parametrize("seed", range(5))
def test_hysteresis_keeps_what_its_definition_keeps(seed):
    strength = np.random.default_rng(seed).integers(0, 9, (20, 25))
    for low, high in [(1, 8), (5, 7), (6, 6), (3, 20)]:
        np.testing.assert_array_equal(
            edges.hysteresis(strength, low, high), chains_by_growing(strength, low, high)
        )


@pytest.mark.parametrize(("low", "high"), [(5, 4), (0, 4), (-1, 4)])
def test_crossed_thresholds_are_explained(low, high):
    with pytest.raises(ValueError, match=f"0 < low <= high, got low {low} and high {high}"):
        edges.hysteresis(np.ones((2, 2)), low, high)


def test_with_four_directions_canny_is_close_to_the_librarys():
    image = load_picture("coins").image.astype(float)
    smooth = ndimage.gaussian_filter(image, 2, mode="nearest")
    strength = edges.non_maximum_suppression(*edges.gradient(smooth))
    mine = edges.hysteresis(strength, 20, 50)
    library = feature.canny(image, 2, 20, 50, mode="nearest")
    near = ndimage.binary_dilation(library, np.ones((3, 3)))
    assert np.mean(near[mine]) > 0.97
    assert 0.95 < mine.sum() / library.sum() < 1.1


@pytest.mark.parametrize("seed", range(4))
def test_touching_coins_are_split(seed):
    scene = coin_scene(seed=seed)
    mask = scene.label_map == 1
    found = edges.split_touching(mask, edges.distance_markers(mask, min_distance=10))
    assert metrics.instance_average_precision(scene.instance_map, found) == 1
    np.testing.assert_array_equal(found > 0, mask)


def test_markers_keep_their_distance():
    mask = coin_scene(seed=0).label_map == 1
    for min_distance in (1, 5, 20):
        markers = edges.distance_markers(mask, min_distance)
        places = np.argwhere(markers)
        assert markers.max() == len(places) == len(np.unique(markers)) - 1
        for a, b in itertools.combinations(places, 2):
            assert np.abs(a - b).max() >= min_distance


def test_the_border_of_the_picture_counts_as_outside():
    mask = np.zeros((12, 12), dtype=bool)
    mask[:5, :5] = True
    assert np.argwhere(edges.distance_markers(mask, 3)).tolist() == [[2, 2]]


def test_a_min_distance_below_one_is_explained():
    with pytest.raises(ValueError, match="min_distance must be at least 1 pixel, got 0"):
        edges.distance_markers(np.ones((3, 3), dtype=bool), 0)


def test_the_split_is_a_watershed():
    mask = coin_scene(seed=1).label_map == 1
    markers = edges.distance_markers(mask, 8)
    expected = segmentation.watershed(-ndimage.distance_transform_edt(mask), markers, mask=mask)
    np.testing.assert_array_equal(edges.split_touching(mask, markers), expected)
