"""Grey levels, histograms and thresholds, against scikit-image."""

import numpy as np
import pytest
from scipy import signal
from skimage import color, data, filters

from course_utils import thresholding
from course_utils.datasets.pictures import load_picture, picture_names


@pytest.fixture(scope="module", params=picture_names())
def grey(request):
    return thresholding.grey_levels(load_picture(request.param).image)


def random_histogram(rng, size=40):
    return rng.integers(0, 9, size) * (rng.random(size) < 0.8) + (np.arange(size) == size // 2)


def test_grey_levels_are_those_of_scikit_image():
    image = data.coffee()
    expected = np.rint(255 * color.rgb2gray(image)).astype(np.uint8)
    np.testing.assert_array_equal(thresholding.grey_levels(image), expected)
    assert thresholding.grey_levels(expected) is expected


def test_the_weights_leave_grey_and_white_as_they_are():
    image = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    np.testing.assert_array_equal(thresholding.grey_levels(image)[:, 0], np.arange(256))


@pytest.mark.parametrize("image", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8)])
def test_what_is_no_image_of_levels_is_refused(image):
    with pytest.raises(ValueError, match="image must be uint8 of shape"):
        thresholding.grey_levels(image)


def test_a_histogram_counts_every_pixel(grey):
    histogram = thresholding.grey_histogram(grey)
    assert histogram.shape == (256,)
    assert histogram.sum() == grey.size
    assert all(histogram[level] == np.sum(grey == level) for level in (0, 100, 255))


def test_a_histogram_of_floats_is_refused():
    with pytest.raises(ValueError, match="grey must be uint8"):
        thresholding.grey_histogram(np.zeros((2, 2)))


def test_otsu_is_that_of_scikit_image(grey):
    found = thresholding.otsu_threshold(thresholding.grey_histogram(grey))
    assert found == filters.threshold_otsu(grey)


def test_the_variances_add_up():
    rng = np.random.default_rng(0)
    for _ in range(30):
        histogram = random_histogram(rng)
        pixels = np.repeat(np.arange(len(histogram)), histogram).astype(float)
        for t, between in enumerate(thresholding.between_class_variance(histogram)):
            parts = pixels[pixels <= t], pixels[pixels > t]
            within = sum(part.size * part.var() for part in parts if part.size) / pixels.size
            assert within + between == pytest.approx(pixels.var(), abs=1e-9)


def test_one_level_has_no_variance():
    histogram = np.array([0, 0, 5, 0])
    np.testing.assert_array_equal(thresholding.between_class_variance(histogram), np.zeros(4))
    assert thresholding.otsu_threshold(histogram) == 0


def test_peaks_are_those_of_scipy():
    rng = np.random.default_rng(0)
    for _ in range(50):
        histogram = rng.integers(0, 5, 30)
        _, found = signal.find_peaks(np.concatenate([[-1], histogram, [-1]]), plateau_size=1)
        np.testing.assert_array_equal(thresholding.peaks(histogram), found["right_edges"] - 1)


def test_the_valley_is_that_of_scikit_image_but_for_a_peak_at_the_last_level():
    for name in picture_names():
        grey = thresholding.grey_levels(load_picture(name).image)
        found = thresholding.valley_threshold(thresholding.grey_histogram(grey))
        assert (found == filters.threshold_minimum(grey)) == (name != "rocket")


def test_one_peak_has_no_valley():
    assert thresholding.valley_threshold(np.array([1, 4, 9, 3])) is None
    assert thresholding.valley_threshold(np.array([0, 3, 0, 3, 0, 3, 0] * 9), most=1) is None


@pytest.mark.parametrize("histogram", [[[1, 2]], [1, -1], [0, 0]])
def test_what_is_no_histogram_is_refused(histogram):
    with pytest.raises(ValueError, match="histogram must be a row of counts"):
        thresholding.between_class_variance(np.array(histogram))
