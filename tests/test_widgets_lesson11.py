"""The demo of lesson 11: what it draws follows its switches and tells the truth."""

import numpy as np
import pytest
import torch
from torch import nn

from course_utils import metrics
from course_utils.datasets.registry import load_data
from course_utils.figures import alt_text
from course_utils.models.fcn import FCN
from course_utils.widgets import fcn_skips

SWITCHES = [(False, False), (False, True), (True, False), (True, True)]


@pytest.fixture(scope="module")
def data():
    return load_data("coins", "val", count=3)


@pytest.fixture(scope="module")
def network(data):
    """Random scores, each about as often for the coin as against it."""
    torch.manual_seed(1)
    made = FCN(2, width=4, head=8).requires_grad_(False).eval()
    layers = (made.score32, made.score_pool4, made.score_pool3)
    for layer in layers:
        nn.init.normal_(layer.weight)
    scores = made.scores(torch.from_numpy(data.arrays()[0]).float() / 255 - 0.5)
    for layer, each in zip(layers, scores.values(), strict=True):
        layer.bias[1] = (each[:, 0] - each[:, 1]).mean()
    return made


@pytest.mark.parametrize(("pool4", "pool3"), SWITCHES)
def test_masks_and_scores_are_those_of_the_network(network, data, pool4, pool3):
    images, label_maps, _ = data.arrays()
    logits = network(torch.from_numpy(images).float() / 255 - 0.5, pool4, pool3)
    masks = fcn_skips.skip_masks(network, data, pool4, pool3)
    np.testing.assert_array_equal(masks, logits.argmax(dim=1).numpy() == 1)
    table = metrics.confusion_matrix(label_maps, masks.astype(int), 2)
    assert fcn_skips.skip_iou(network, data, pool4, pool3) == metrics.mean_iou(table)


def test_the_switches_change_the_mask(network, data):
    masks = [fcn_skips.skip_masks(network, data, *switches) for switches in SWITCHES]
    for number, mask in enumerate(masks):
        assert all(np.any(mask != other) for other in masks[:number])


@pytest.mark.parametrize(("pool4", "pool3"), SWITCHES)
def test_the_line_tells_the_switches_and_both_scores(network, data, pool4, pool3):
    figure, line = fcn_skips.draw_skips(network, data, 2, pool4, pool3)
    assert line in alt_text(figure)
    assert line.startswith(f"pool4 {'on' if pool4 else 'off'}, pool3 {'on' if pool3 else 'off'}:")
    mask = fcn_skips.skip_masks(network, data, pool4, pool3)[2]
    iou = metrics.mask_iou(data[2].label_map == 1, mask)
    assert f"in this picture {iou:.3f}" in line
    assert f"{fcn_skips.skip_iou(network, data, pool4, pool3):.3f}." in line


def test_a_score_map_that_is_off_is_drawn_even(network, data):
    figure, _ = fcn_skips.draw_skips(network, data, 0, pool4=False, pool3=True)
    drawn = {ax.get_title(): np.ptp(ax.images[0].get_array()) for ax in figure.axes[3:]}
    assert list(drawn) == ["score32", "score_pool4: off", "score_pool3"]
    assert [spread > 0 for spread in drawn.values()] == [True, False, True]
