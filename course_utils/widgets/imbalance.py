"""A class weight that is moved, and a tiny network trained anew for each value (lesson 09)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy import ndimage
from torch import Tensor, nn

from course_utils import metrics
from course_utils.datasets.ship_scenes import ship_scenes
from course_utils.figures import new_figure, set_alt_text
from course_utils.losses import cross_entropy
from course_utils.plotting import OUTCOME_COLOURS, show_error_map, show_image
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

SHARE = 0.03
STEPS, BATCH, RATE = 150, 4096, 0.03
SHOWN = (1, 3, 4, 7)
"""Validation scenes that are drawn, four of sixteen; the scores are those of all sixteen."""


@cache
def _scenes(part: str) -> tuple[np.ndarray, Tensor, Tensor]:
    """Sixteen scenes: images (16, 64, 64, 3), features (16, 64, 64, 9), label maps (16, 64, 64).

    The features say how a pixel, and its surroundings at two sizes, differ from the water.
    """
    images, label_maps, _ = ship_scenes(16, size=(64, 64), share=SHARE, part=part)
    colour = images.astype(np.float32) / 50
    water = np.median(colour, axis=(2, 3), keepdims=True)
    wide = [ndimage.gaussian_filter(colour, (0, 0, sigma, sigma)) - water for sigma in (0, 1, 2)]
    features = torch.from_numpy(np.concatenate(wide, axis=1)).movedim(1, -1)
    return images.transpose(0, 2, 3, 1), features, torch.from_numpy(label_maps).long()


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread, for a second would only wait, and random numbers of our own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


@lru_cache(maxsize=256)
def ship_probability(ship_weight: float, seed: int = 0) -> np.ndarray:
    """Train a network of 194 parameters with a class weight; apply it to the validation scenes.

    Parameters
    ----------
    ship_weight : float, above 0
        Weight of a ship pixel in the cross-entropy; sea has 1.
    seed : int
        Start of the network and choice of its pixels.

    Returns
    -------
    ndarray of float32, shape (16, 64, 64)
        Probability of ship. Shared: do not write to it.

    Examples
    --------
    >>> ship_probability(1).shape
    (16, 64, 64)
    """
    _, features, target = _scenes("train")
    features, target = features.reshape(-1, 9), target.reshape(-1)
    with _alone(seed):
        network = nn.Sequential(nn.Linear(9, 16), nn.ReLU(), nn.Linear(16, 2))
        optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / STEPS)
        for _ in range(STEPS):
            chosen = torch.randint(0, len(target), (BATCH,))  # pixels of any scene
            logits = network(features[chosen]).T.reshape(1, 2, BATCH, 1)
            loss = cross_entropy(logits, target[chosen].reshape(1, BATCH, 1), [1.0, ship_weight])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        with torch.no_grad():
            return network(_scenes("val")[1]).softmax(dim=-1)[..., 1].numpy()


def draw_imbalance(ship_weight: float = 1) -> tuple[Figure, str]:
    """Draw four validation scenes, the probability of ship after training, and where the mask errs.

    Parameters
    ----------
    ship_weight : float, above 0
        As in `ship_probability`.

    Returns
    -------
    tuple of Figure and str
        And a line with precision, recall and IoU of all sixteen validation scenes.

    Examples
    --------
    >>> figure, line = draw_imbalance(1)
    >>> line.startswith("weight 1: precision")
    True
    """
    probability = ship_probability(ship_weight)
    images, _, labels = _scenes("val")
    target = labels.numpy()
    prediction = probability > 0.5
    table = metrics.confusion_matrix(target, prediction.astype(np.uint8), 2)
    precision, recall, iou = (
        float(score(table)[1])
        for score in (
            metrics.precision_per_class,
            metrics.recall_per_class,
            metrics.iou_per_class,
        )
    )
    figure, axes = new_figure(1, 3, width=7.6, height=3.1)
    show_image(_tiled(images), axes[0, 0], title="four validation scenes")
    show_image(_tiled(probability), axes[0, 1], title="probability of ship")
    names = ("background", "ship")
    show_error_map(
        _tiled(target) == 1,
        _tiled(prediction),
        axes[0, 2],
        class_names=names,
        legend=False,
        title="its mask: errors",
    )
    entries = zip(OUTCOME_COLOURS / 255, ("found", "false alarm", "missed"), strict=False)
    patches = [Patch(color=colour, label=label) for colour, label in entries]
    figure.legend(handles=patches, loc="outside lower right", ncols=3)
    line = f"weight {ship_weight:g}: precision {precision:.2f}, recall {recall:.2f}, IoU {iou:.2f}"
    set_alt_text(
        figure,
        f"Four scenes with ships, the network's probability of ship, and its mask (sky blue found, "
        f"vermilion false alarm, purple missed). All sixteen scenes, {line}. Mean probability of "
        f"ship {probability.mean():.3f}.",
    )
    return figure, line


def _tiled(pictures: np.ndarray) -> np.ndarray:
    """Four of the pictures as one, two by two."""
    a, b, c, d = pictures[list(SHOWN)]
    return np.concatenate([np.concatenate([a, b], axis=1), np.concatenate([c, d], axis=1)])


def demo() -> Demo:
    """Let the student move the weight of ships; the network is trained anew at each value.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_imbalance,
        ship_weight=Slider("Weight of ship", 1, 200, 1, value=1),
    )
