"""The demos of lesson 02: what they draw follows their controls and tells the truth."""

import numpy as np
import pytest
from skimage import filters

from course_utils.datasets.pictures import load_picture
from course_utils.figures import alt_text, new_figure
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import mask_iou
from course_utils.thresholding import between_class_variance, grey_histogram
from course_utils.widgets import neighbourhood, otsu, threshold


@pytest.mark.parametrize("name", threshold.SCENES)
def test_a_scene_is_its_picture(name):
    scene = threshold.scene(name)
    picture = load_picture(threshold.SCENES[name][0])
    assert scene.grey.shape == scene.target.shape == picture.label_map.shape
    np.testing.assert_array_equal(scene.scored, picture.label_map != IGNORE_INDEX)
    means = [scene.grey[scene.scored & part].mean() for part in (scene.target, ~scene.target)]
    assert scene.bright == (means[0] > means[1])


def test_an_unknown_scene_is_explained():
    with pytest.raises(ValueError, match="name must be one of coins, glands"):
        threshold.scene("dog")


@pytest.mark.parametrize(("name", "level"), [("coins", 107), ("glands", 186), ("cell", 93)])
def test_the_threshold_picture_tells_the_score_of_its_mask(name, level):
    scene = threshold.scene(name)
    mask = scene.grey > level if scene.bright else scene.grey <= level
    iou = mask_iou(scene.target, mask, scene.scored)
    text = alt_text(threshold.draw_threshold(name, level))
    assert f"IoU {iou:.3f}" in text
    assert f"{np.mean(scene.grey <= level):.0%} of the pixels are at levels <= {level}" in text


def test_the_bars_of_the_histogram_are_coloured_by_class():
    axes = new_figure()[1]
    histogram = np.arange(256)
    ax = threshold.show_histogram(histogram, axes[0, 0], threshold=99)
    low, high = (patch.get_data() for patch in ax.patches)
    np.testing.assert_array_equal(low.values, histogram[:100])
    np.testing.assert_array_equal(high.values, histogram[100:])
    assert low.edges[-1] == high.edges[0] == 99.5


@pytest.mark.parametrize("level", [0, 255])
def test_a_threshold_at_an_end_is_drawn(level):
    assert alt_text(threshold.draw_threshold("coins", level))
    assert alt_text(otsu.draw_otsu("coins", level))


def test_noise_fills_the_valley_and_smoothing_brings_it_back():
    levels = {
        key: grey_histogram(threshold.noisy_levels("glands", *key))
        for key in ((0, False), (30, False), (30, True))
    }
    depth = {key: counts[180] / counts[100:230].max() for key, counts in levels.items()}
    assert depth[30, False] > 0.8
    assert depth[30, True] < depth[0, False] + 0.1


def test_noise_is_the_same_at_every_call_and_of_the_size_asked_for():
    threshold.noisy_levels.cache_clear()
    first = threshold.noisy_levels("cell", 10).copy()
    threshold.noisy_levels.cache_clear()
    np.testing.assert_array_equal(first, threshold.noisy_levels("cell", 10))
    difference = first.astype(float) - threshold.scene("cell").grey
    assert difference.std() == pytest.approx(10, abs=0.5)


def test_otsus_picture_marks_the_height_of_the_curve():
    histogram = grey_histogram(threshold.scene("coins").grey)
    curve = between_class_variance(histogram)
    text = alt_text(otsu.draw_otsu("coins", 60))
    assert f"= {curve[60]:.0f} at level 60, the highest is {curve.max():.0f} at level 107" in text
    (_, ax) = otsu.draw_otsu("coins", 60).axes
    (line, dot) = ax.lines
    np.testing.assert_array_equal(line.get_ydata(), curve)
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (60, curve[60])


@pytest.mark.parametrize("weights", neighbourhood.WEIGHTS)
@pytest.mark.parametrize("window", [3, 25])
def test_local_levels_are_those_of_scikit_image(weights, window):
    expected = filters.threshold_local(
        threshold.scene("ink").grey, window, method=weights.lower(), offset=0
    )
    found = neighbourhood.local_levels("ink", window, weights)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_wrong_weights_are_explained():
    with pytest.raises(ValueError, match="weights must be one of mean, Gaussian, got 'median'"):
        neighbourhood.local_levels("ink", 3, "median")


@pytest.mark.parametrize(("name", "window", "offset"), [("ink", 15, 20), ("coins", 101, -8)])
def test_the_local_picture_tells_the_score_of_its_mask(name, window, offset):
    scene = threshold.scene(name)
    level = neighbourhood.local_levels(name, window, "mean") - offset
    iou = scene.iou(scene.mask(scene.grey, level))
    assert iou > 0.85
    text = alt_text(neighbourhood.draw_neighbourhood(name, window, offset))
    assert f"IoU {iou:.3f}" in text
    assert f"mean, window {window}, offset {offset}" in text


@pytest.mark.parametrize("name", neighbourhood.ROWS)
def test_the_row_that_is_drawn_crosses_the_object(name):
    assert threshold.scene(name).target[neighbourhood.ROWS[name]].any()
