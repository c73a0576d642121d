"""The demos of lesson 09: what they draw follows their controls and tells the truth."""

import numpy as np
import pytest
import torch

from course_utils import losses
from course_utils.figures import alt_text
from course_utils.widgets import focal, imbalance


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_the_focal_curve_and_its_slope_are_those_of_the_loss(gamma):
    for p in (0.05, 0.5, 0.9, 0.99):
        logits = torch.tensor([p, 1 - p], dtype=torch.float64).log().reshape(1, 2, 1, 1)
        logits.requires_grad_()
        loss = losses.focal_loss(logits, torch.zeros(1, 1, 1, dtype=torch.int64), gamma)
        (gradient,) = torch.autograd.grad(loss, logits)
        assert focal.focal_curve(np.array(p), gamma) == pytest.approx(loss.item())
        assert focal.focal_slope(np.array(p), gamma) == pytest.approx(gradient[0, 0].item())


@pytest.mark.parametrize(
    ("gamma", "times"), [(0.0, "1.0"), (1.0, "10.0"), (2.0, "100"), (5.0, "100,000")]
)
def test_the_line_says_how_much_less_an_easy_pixel_costs(gamma, times):
    figure, line = focal.draw_focal(gamma, 0.25)
    assert f"costs {times} times less" in line
    assert f"gamma {gamma:g}, alpha 0.25" in alt_text(figure)


def test_alpha_weights_the_ship():
    lines = [focal.draw_focal(2, alpha)[1].replace(",", "") for alpha in (0.2, 0.8)]
    pull = [float(line.split("as much as ")[1].split()[0]) for line in lines]
    assert pull[1] == pytest.approx(16 * pull[0], rel=0.01)  # 4 against 1/4


def test_a_higher_weight_finds_more_and_is_less_precise():
    ship = imbalance._scenes("val")[2].numpy() == 1
    found = {weight: imbalance.ship_probability(weight) > 0.5 for weight in (1, 10, 200)}
    recall = {weight: mask[ship].mean() for weight, mask in found.items()}
    precision = {weight: ship[mask].mean() for weight, mask in found.items()}
    iou = {weight: (mask & ship).sum() / (mask | ship).sum() for weight, mask in found.items()}
    assert recall[1] + 0.05 < recall[10] < recall[200]
    assert precision[1] > precision[10] > precision[200] + 0.05
    assert iou[10] > iou[1] + 0.01  # weighting helps,
    assert iou[1] > iou[200] + 0.03  # then hurts


def test_the_picture_tells_the_scores_and_the_training_leaves_no_trace():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    imbalance.ship_probability.cache_clear()
    figure, line = imbalance.draw_imbalance(3)
    assert line in alt_text(figure)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    first = imbalance.ship_probability(3).copy()
    imbalance.ship_probability.cache_clear()
    np.testing.assert_array_equal(first, imbalance.ship_probability(3))


def test_the_gap_weight_of_the_lesson_is_the_papers():
    weights = losses.unet_border_weights(np.array([[1, 1, 0, 2, 2]]))
    assert weights[0, 2] == pytest.approx(1 + 10 * np.exp(-4 / 50))
