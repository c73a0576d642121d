"""The demos of lesson 05: what they draw follows their controls and tells the truth."""

import numpy as np
import pytest
from scipy import ndimage

from course_utils import metrics
from course_utils.datasets.pictures import load_picture
from course_utils.figures import alt_text
from course_utils.widgets import overlap, paint, scores, ship


def test_the_ship_picture_has_its_known_scores():
    target, prediction = ship.ship_masks(5, "nothing found")
    values = scores.mask_scores(target, prediction, class_name="ship")
    assert values["pixel accuracy"] == pytest.approx(0.95)
    assert values["frequency-weighted IoU"] == pytest.approx(0.9025)
    assert values["IoU of background"] == pytest.approx(0.95)
    assert values["mean IoU"] == pytest.approx(0.475)
    assert values["IoU of ship"] == 0
    assert values["Dice of ship"] == 0
    assert np.isnan(values["precision"])


@pytest.mark.parametrize("area", [0, 1, 5, 50, 100])
@pytest.mark.parametrize(
    ("answer", "found"), [("nothing found", 0), ("half of the ship", 0.5), ("the whole ship", 1)]
)
def test_the_ship_has_the_area_of_its_slider(area, answer, found):
    target, prediction = ship.ship_masks(area, answer)
    assert target.sum() == area
    assert abs(prediction.sum() - found * area) <= 0.5
    assert not (prediction & ~target).any()


def test_the_ship_grows_without_moving():
    previous = np.zeros((10, 10), dtype=bool)
    for area in range(1, 101):
        target, _ = ship.ship_masks(area, "nothing found")
        assert (target | previous).sum() == target.sum()
        previous = target


def test_a_wrong_answer_or_area_is_explained():
    with pytest.raises(ValueError, match="answer must be one of nothing found"):
        ship.ship_masks(5, "something")
    with pytest.raises(ValueError, match="area must be 0 to 100 pixels, got 101"):
        ship.ship_masks(101, "nothing found")


def test_a_shift_moves_the_mask_and_loses_what_leaves_the_picture():
    mask = np.zeros((3, 6), dtype=bool)
    mask[1, 2:5] = True
    assert np.flatnonzero(overlap.changed_mask(mask, "shift", 2)[1]).tolist() == [4, 5]


@pytest.mark.parametrize("amount", [0, 1, 2, 5])
def test_erosion_and_dilation_move_the_border_by_the_amount(amount):
    rng = np.random.default_rng(amount)
    mask = ndimage.gaussian_filter(rng.random((40, 50)), 3) > 0.5
    offsets = np.hypot(*np.indices((2 * amount + 1,) * 2) - amount)
    disc = offsets <= amount
    np.testing.assert_array_equal(
        overlap.changed_mask(mask, "dilate", amount), ndimage.binary_dilation(mask, disc)
    )
    eroded = ndimage.binary_erosion(mask, disc, border_value=True)
    np.testing.assert_array_equal(overlap.changed_mask(mask, "erode", amount), eroded)


def test_a_wrong_change_or_amount_is_explained():
    mask = np.ones((2, 2), dtype=bool)
    with pytest.raises(ValueError, match="change must be one of shift, erode, dilate, got 'turn'"):
        overlap.changed_mask(mask, "turn", 1)
    with pytest.raises(ValueError, match="amount must be at least 0 pixels, got -1"):
        overlap.changed_mask(mask, "shift", -1)


def test_the_overlap_picture_tells_the_score_of_its_mask():
    coffee = load_picture("coffee")
    cup = np.isin(coffee.label_map, [2, 3])[::2, ::2]
    table = metrics.confusion_matrix(cup, overlap.changed_mask(cup, "shift", 15), 2)
    expected = f"IoU of cup {metrics.iou_per_class(table)[1]:.3f}"
    assert expected in alt_text(overlap.draw_overlap("shift", 30))


def test_a_perfect_painting_scores_one():
    target = paint._cup_squares()
    text = alt_text(paint.draw_painting(target.astype(np.uint8)))
    assert "IoU of cup 1.000" in text
    assert "boundary IoU 1.000" in text


def test_a_painting_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r"painting must have shape \(50, 75\), got \(2, 2\)"):
        paint.draw_painting(np.zeros((2, 2)))


def test_bars_show_every_score_and_undefined_ones_as_words():
    from course_utils.figures import new_figure

    figure, axes = new_figure()
    ax = scores.show_scores({"mean IoU": 0.25, "recall": float("nan")}, axes[0, 0])
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0]
    shown = [text.get_text() for text in ax.texts if text.get_alpha() != 0]
    assert shown[:7] == ["mean IoU", "0.250", "recall", "undefined", "0", "0.5", "1"]
    assert ax.get_xlim() == (0, 1)
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    assert alt_text(figure) == "mean IoU 0.250, recall undefined."
