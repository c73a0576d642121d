"""The demos of lesson 03: what they draw follows their controls and tells the truth."""

import numpy as np
import pytest
from ipywidgets import Button, Dropdown
from sklearn.cluster import KMeans

from course_utils import clustering
from course_utils.datasets.pictures import load_picture
from course_utils.figures import alt_text
from course_utils.metrics import mask_iou
from course_utils.widgets import colour_position, kmeans, superpixels
from course_utils.widgets.slider import Slider


def control(demo, kind, label):
    """The control of a demo with this label."""
    found = [demo]
    while found:
        widget = found.pop()
        name = getattr(widget, "description", "") or getattr(widget, "label", "")
        if isinstance(widget, kind) and name == label:
            return widget
        found += getattr(widget, "children", ())
    raise AssertionError(f"no {kind.__name__} {label}")


@pytest.mark.parametrize("picture", kmeans.PICTURES)
@pytest.mark.parametrize("start", kmeans.STARTS)
def test_half_steps_alternate_and_never_raise_the_inertia(picture, start):
    steps = kmeans.half_steps(picture, start, 4)
    assert [step.done for step in steps[:5]] == ["start", "assign", "update", "assign", "update"]
    spread = [step.spread for step in steps[1:]]
    assert (np.diff(spread) <= 1e-9 * spread[0]).all()
    assert steps[0].centres.shape == (4, 3)
    assert len(np.unique(steps[0].centres, axis=0)) == 4


def test_the_last_half_step_is_the_end_of_kmeans():
    steps = kmeans.half_steps("rocket", "k-means++", 5)
    points = load_picture("rocket").image[::5, ::5].reshape(-1, 3).astype(float)
    library = KMeans(5, init=steps[0].centres, n_init=1, tol=0).fit(points)
    np.testing.assert_allclose(steps[-1].centres, library.cluster_centers_)
    assert steps[-1].spread * len(points) == pytest.approx(library.inertia_)


def test_a_bad_start_ends_worse():
    ends = {start: kmeans.half_steps("rocket", start, 5)[-1].spread for start in kmeans.STARTS}
    assert max(ends.values()) > 1.02 * min(ends.values())


def test_the_picture_tells_what_the_half_step_did():
    figure, text = kmeans.draw_kmeans(0)
    assert "Click to assign" in text
    assert "Clusters" not in alt_text(figure)
    figure, text = kmeans.draw_kmeans(1)
    assert text == "Half-step 1, assign: every pixel joins its nearest centre."
    spread = kmeans.half_steps("tissue", "random pixels", 3)[1].spread
    assert f"Mean squared distance {spread:,.0f}" in alt_text(figure)
    assert "At rest after" in kmeans.draw_kmeans(10_000)[1]


def test_an_unknown_start_is_explained():
    with pytest.raises(ValueError, match="start must be one of random pixels, k-means"):
        kmeans.half_steps("tissue", "anywhere", 3)


def test_clicks_count_from_the_last_choice_of_a_start():
    demo = kmeans.demo()
    half = control(demo, Button, "Half-step")
    for number in (1, 2, 3):
        half.click()
        assert demo.caption.startswith(f"Half-step {number}, ")
    control(demo, Dropdown, "Start").value = "k-means++"
    assert demo.caption.startswith("Half-step 0")
    half.click()
    assert demo.caption.startswith("Half-step 1")
    control(demo, Slider, "Clusters K").value = 5
    assert demo.caption.startswith("Half-step 0")
    control(demo, Button, "To the end").click()
    assert demo.caption.startswith("At rest")
    control(demo, Button, "Start again").click()
    assert demo.caption.startswith("Half-step 0")


def test_position_is_scaled_by_the_longer_side():
    values = colour_position.with_position(np.zeros((50, 100, 3)), 2.0)
    assert values[49, 99, 3:] == pytest.approx([98, 198])
    assert (values[..., :3] == 0).all()


def test_position_helps_the_suit_and_costs_the_rocket():
    def iou(name, weight):
        text = alt_text(colour_position.draw_segmented(name, 8, weight))
        return float(text.rstrip(".").rsplit(" ", 1)[1])

    assert iou("suit", 2.0) > iou("suit", 0.0) + 0.1
    assert iou("rocket", 2.0) < iou("rocket", 0.0)


def test_boundary_recall_counts_true_boundaries_within_reach():
    target = np.zeros((4, 8), dtype=int)
    target[:, 4:] = 1
    shifted = np.roll(target, 2, axis=1)
    assert superpixels.boundary_recall(target, target) == 1
    assert superpixels.boundary_recall(shifted, target, reach=1) == 0
    assert superpixels.boundary_recall(shifted, target, reach=2) == 1
    assert np.isnan(superpixels.boundary_recall(target, np.zeros_like(target)))


def test_the_line_below_the_super_pixels_holds_their_scores():
    from skimage.segmentation import slic

    picture = load_picture("astronaut")
    suit = (picture.label_map == picture.class_names.index("suit"))[::4, ::4]
    scored = (picture.label_map != 255)[::4, ::4]
    regions = slic(picture.image[::4, ::4], 256, 20, max_num_iter=5, start_label=0)
    iou = mask_iou(suit, clustering.name_by_majority(regions, suit, scored), scored)
    figure, text = superpixels.draw_superpixels(8, 20)  # 128 / 8 = 16 squares a side
    assert text.startswith(f"{regions.max() + 1} super-pixels; ")
    assert text.endswith(f"best IoU of the suit {iou:.2f}")
    assert text in alt_text(figure)


def test_compactness_moves_in_powers_of_ten():
    demo = superpixels.demo()
    control(demo, Slider, "Compactness, power of 10").value = 2.0
    assert demo.caption.startswith("compactness 100: ")
