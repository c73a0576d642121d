"""The demos of lesson 04: what they draw follows their controls and tells the truth."""

import re

import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import canny as library_canny

from course_utils import edges, metrics
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.figures import alt_text
from course_utils.widgets import canny, markers, watershed


@pytest.mark.parametrize("name", canny.SHRINK)
def test_the_small_picture_is_the_mean_of_squares(name):
    from course_utils.datasets.pictures import load_picture
    from course_utils.thresholding import grey_levels

    side, small = canny.SHRINK[name], canny.small_picture(name)
    levels = grey_levels(load_picture(name).image)
    assert small.shape == tuple(length // side for length in levels.shape)
    assert small[3, 5] == levels[3 * side : 4 * side, 5 * side : 6 * side].mean()


@pytest.mark.parametrize(("sigma", "low", "high"), [(0, 50, 130), (1, 50, 130), (2.5, 20, 200)])
def test_fates_are_those_of_hysteresis(sigma, low, high):
    fates = canny.canny_fates("coins", sigma, low, high)
    smooth = ndimage.gaussian_filter(canny.small_picture("coins"), sigma, mode="nearest")
    strength = edges.non_maximum_suppression(*edges.gradient(smooth))
    np.testing.assert_array_equal(fates > 0, strength >= low)
    np.testing.assert_array_equal(fates == 3, strength >= high)
    np.testing.assert_array_equal(fates >= 2, edges.hysteresis(strength, low, high))


def test_edges_are_near_those_of_the_library():
    fates = canny.canny_fates("camera", 1, 50, 130)
    library = library_canny(canny.small_picture("camera"), 1, 50, 130, mode="nearest")
    near = ndimage.binary_dilation(library, np.ones((3, 3)))
    assert near[fates >= 2].mean() > 0.94


def test_the_canny_picture_tells_its_numbers():
    text = alt_text(canny.draw_canny("cat", 1.5, 40, 100))
    counts = np.bincount(canny.canny_fates("cat", 1.5, 40, 100).ravel(), minlength=4)
    assert "picture cat, sigma 1.5, thresholds 40 and 100" in text
    strong, kept, dropped = map(int, re.findall(r"(\d+)(?: strong| weak| dropped)", text))
    assert [dropped, kept, strong] == counts[1:].tolist()


def test_crossed_thresholds_are_drawn_and_explained():
    line = canny.what_happens("coins", 1, 200, 100)
    assert line.startswith("The thresholds are crossed: low 200 is above high 100")
    np.testing.assert_array_equal(
        canny.canny_fates("coins", 1, 200, 100), canny.canny_fates("coins", 1, 100, 100)
    )
    assert canny.what_happens("coins", 1, 50, 125).endswith("high is 2.5 times low.")


def test_a_picture_that_the_demo_has_not_is_explained():
    with pytest.raises(ValueError, match="name must be one of coins, camera, coffee, cat, got 'x'"):
        canny.small_picture("x")


@pytest.mark.parametrize(
    ("objects", "count"), [("touching coins", 14), ("nuclei", 30), ("glands", 4)]
)
def test_the_true_objects_are_all_there(objects, count):
    target = watershed.true_instances(objects)
    assert len(np.unique(target)) == count + 1
    assert f"for {count} objects" in watershed.how_many(objects, 5)


def test_a_larger_distance_leaves_fewer_markers():
    for objects in watershed.OBJECTS:
        counts = [
            int(re.search(r": (\d+) markers", watershed.how_many(objects, distance)).group(1))
            for distance in (1, 2, 4, 8, 16, 32)
        ]
        assert counts == sorted(counts, reverse=True)
        assert counts[0] > counts[-1]


def test_no_distance_is_right_for_coins_and_nuclei_and_glands():
    def best(objects):
        scores = [float(watershed.how_many(objects, d)[-5:-1]) for d in range(1, 41)]
        return {d + 1 for d in np.flatnonzero(np.array(scores) == max(scores))}

    assert not best("touching coins") & best("nuclei") & best("glands")


def test_the_watershed_picture_says_what_the_line_says():
    figure = watershed.draw_watershed("nuclei", 3)
    assert alt_text(figure) == watershed.how_many("nuclei", 3)
    (dots,) = figure.axes[0].lines
    assert f": {len(dots.get_xdata())} markers" in alt_text(figure)


def test_unknown_objects_are_explained():
    with pytest.raises(ValueError, match="objects must be one of touching coins, nuclei, glands"):
        watershed.true_instances("stars")


def cells_in_coins():
    """A cell in the middle of each coin."""
    target = coin_scene(seed=0).instance_map
    middles = ndimage.center_of_mass(target > 0, target, range(1, 15))
    return [(int(row) // markers.CELL, int(column) // markers.CELL) for row, column in middles]


def test_a_marker_in_each_coin_finds_all():
    cells = cells_in_coins()
    assert markers.how_many(cells) == "14 markers: 14 of 14 coins found, AP 1.00."
    assert alt_text(markers.draw_markers(cells)) == markers.how_many(cells)


def test_fewer_and_doubled_markers_find_fewer():
    cells = cells_in_coins()
    target = coin_scene(seed=0).instance_map[::2, ::2]
    for chosen in (cells[:3], cells[:-1], [*cells, (cells[0][0] + 2, cells[0][1])]):
        line = markers.how_many(chosen)
        score = metrics.instance_average_precision(target, markers._flooded(tuple(chosen)))
        assert line.endswith(f"AP {score:.2f}.")
        assert score < 1
    assert markers.how_many([(0, 0)]) == "1 marker: 0 of 14 coins found, AP 0.00."


def test_the_same_square_again_takes_its_marker_away():
    demo = markers.demo()
    canvas, again = demo._controls
    for count, (row, column) in enumerate([(12, 13), (20, 20), (12, 13)], start=1):
        canvas.event = {"row": row, "column": column, "count": count}
    assert demo.caption.startswith("1 marker:")
    again.click()
    assert demo.caption.startswith("0 markers:")
    canvas.event = {"row": 12, "column": 13, "count": 4}
    assert demo.caption.startswith("1 marker:")


def test_a_cell_outside_the_grid_is_explained():
    with pytest.raises(
        ValueError, match=r"cells must lie on 60 rows and 80 columns, got \(60, 0\)"
    ):
        markers.draw_markers([(60, 0)])
