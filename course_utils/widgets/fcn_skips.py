"""Switch the skips of a trained FCN-8s on and off, and see mask and scores follow (lesson 11)."""

from functools import lru_cache

import numpy as np
import torch
from ipywidgets import Checkbox
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import metrics
from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.figures import new_figure, set_alt_text
from course_utils.models.fcn import FCN
from course_utils.plotting import show_error_map, show_image
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo


@lru_cache(maxsize=4)
def _answers(network: FCN, data: SegmentationData) -> tuple[Tensor, dict[str, Tensor]]:
    """Images in [-0.5, 0.5], as the lesson trains on them, and the network's score maps."""
    images = torch.from_numpy(data.arrays()[0]).float() / 255 - 0.5
    with torch.no_grad():
        return images, network.eval().scores(images)


@lru_cache(maxsize=16)
def skip_masks(network: FCN, data: SegmentationData, pool4: bool, pool3: bool) -> np.ndarray:
    """Where a network with some of its skips sees the second class, in all pictures.

    Parameters
    ----------
    network : FCN
        Two classes, stride 8; learned on images in [-0.5, 0.5], and trained no further: its scores
        are computed once.
    data : SegmentationData
        Two classes.
    pool4, pool3 : bool
        Whether their scores are added.

    Returns
    -------
    ndarray of bool, shape (N, H, W)
        Shared: do not write to it.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> ships = load_data("ships", "val", count=2)
    >>> skip_masks(FCN(2, width=4, head=8), ships, True, False).shape
    (2, 128, 128)
    """
    images, scores = _answers(network, data)
    with torch.no_grad():
        logits = network.fuse(scores, images.shape[2:], pool4, pool3)
    return (logits[:, 1] > logits[:, 0]).numpy()


@lru_cache(maxsize=16)
def skip_iou(network: FCN, data: SegmentationData, pool4: bool, pool3: bool) -> float:
    """Mean IoU over all pictures, pooled, of a network with some of its skips.

    Parameters
    ----------
    network, data, pool4, pool3
        As in `skip_masks`.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> ships = load_data("ships", "val", count=2)
    >>> 0 <= skip_iou(FCN(2, width=4, head=8), ships, True, True) <= 1
    True
    """
    masks = skip_masks(network, data, pool4, pool3)
    table = metrics.confusion_matrix(data.arrays()[1], masks.astype(np.uint8), 2)
    return float(metrics.mean_iou(table))


def draw_skips(
    network: FCN, data: SegmentationData, picture: int = 0, pool4: bool = True, pool3: bool = True
) -> tuple[Figure, str]:
    """Draw a picture, its errors, and the score maps that are added.

    Parameters
    ----------
    network, data, pool4, pool3
        As in `skip_masks`.
    picture : int
        Index in the data.

    Returns
    -------
    tuple of Figure and str
        And a line with the IoU of this picture and the mean IoU of all.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> ships = load_data("ships", "val", count=2)
    >>> draw_skips(FCN(2, width=4, head=8), ships, 1, pool3=False)[1].split(":")[0]
    'pool4 on, pool3 off'
    """
    images, scores = _answers(network, data)
    target = data[picture].label_map == 1
    mask = skip_masks(network, data, pool4, pool3)[picture]
    figure, axes = new_figure(2, 3, width=7.6, height=5.2)
    show_image(images[picture].permute(1, 2, 0).numpy() + 0.5, axes[0, 0], title="picture")
    show_image(mask, axes[0, 1], title="mask")
    names = data.class_names
    show_error_map(target, mask, axes[0, 2], class_names=names, legend=False, title="its errors")
    used = {"score32": True, "score_pool4": pool4, "score_pool3": pool3}
    for ax, (name, on) in zip(axes[1], used.items(), strict=True):
        difference = (scores[name][picture, 1] - scores[name][picture, 0]).numpy()
        title = f"{name}{'' if on else ': off'}"
        show_image(_grey(difference if on else np.zeros_like(difference)), ax, title=title)
    iou = metrics.mask_iou(target, mask)
    state = f"pool4 {'on' if pool4 else 'off'}, pool3 {'on' if pool3 else 'off'}"
    line = (
        f"{state}: IoU of {names[1]} in this picture {iou:.3f}, mean IoU of all "
        f"{len(data)} pictures {skip_iou(network, data, pool4, pool3):.3f}."
    )
    set_alt_text(
        figure,
        f"Picture {picture}, mask and errors (sky blue found, vermilion false alarm, purple "
        f"missed), and the score maps of stride 32, 16 and 8, bright for {names[1]}. {line}",
    )
    return figure, line


def _grey(difference: np.ndarray) -> np.ndarray:
    """Scores of one map as grey in [0, 1]; 1/2 is undecided."""
    largest = np.abs(difference).max()
    return 0.5 + 0.5 * difference / largest if largest > 0 else np.full_like(difference, 0.5)


def demo(network: FCN, data: SegmentationData) -> Demo:
    """Let the student switch the skips and choose the picture.

    Parameters
    ----------
    network, data
        As in `skip_masks`.

    Returns
    -------
    Demo

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> ships = load_data("ships", "val", count=2)
    >>> isinstance(demo(FCN(2, width=4, head=8), ships), Demo)
    True
    """
    return explore(
        lambda picture, pool4, pool3: draw_skips(network, data, picture, pool4, pool3),
        picture=Slider("Picture", 0, len(data) - 1, 1, value=min(3, len(data) - 1)),
        pool4=Checkbox(value=True, description="Add pool4's scores (stride 16)"),
        pool3=Checkbox(value=True, description="Add pool3's scores (stride 8)"),
    )
