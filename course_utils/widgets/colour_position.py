"""k-means on colour and position: K and the position's weight by slider (lesson 03)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from skimage.color import rgb2lab

from course_utils.clustering import assign, kmeans, name_by_majority
from course_utils.datasets.pictures import load_picture
from course_utils.figures import alt_text, new_figure, set_alt_text
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import mask_iou
from course_utils.plotting import show_error_map
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

OBJECTS = {"suit": "astronaut", "rocket": "rocket"}  # class that is scored -> its picture
STEP, COARSE = 4, 3  # every 4th pixel is drawn, every third of these is clustered


def with_position(lab: np.ndarray, position_weight: float) -> np.ndarray:
    """Five numbers a pixel: its colour in Lab, and its position times a weight.

    Parameters
    ----------
    lab : ndarray, shape (H, W, 3)
        The picture in Lab.
    position_weight : float, at least 0
        With 1, the longer side of the picture is as long as the way from black to white, 100.

    Returns
    -------
    ndarray of float64, shape (H, W, 5)

    Examples
    --------
    >>> with_position(np.zeros((2, 4, 3)), 1.0)[1, 2].tolist()
    [0.0, 0.0, 0.0, 25.0, 50.0]
    """
    place = np.moveaxis(np.indices(lab.shape[:2]), 0, -1) * 100 / max(lab.shape[:2])
    return np.concatenate([lab, position_weight * place], axis=-1)


@cache
def segmented(name: str, num_clusters: int, position_weight: float) -> np.ndarray:
    """Cluster of each drawn pixel.

    Parameters
    ----------
    name : str
        One of `OBJECTS`.
    num_clusters : int
    position_weight : float

    Returns
    -------
    ndarray of int, shape (H, W)

    Examples
    --------
    >>> segmented("suit", 3, 0.0).shape
    (128, 128)
    """
    pixels = with_position(_lab(name), position_weight)  # (H, W, 5)
    coarse = pixels[::COARSE, ::COARSE].reshape(-1, 5)
    result = kmeans(coarse, num_clusters, starts=2, tolerance=1e-3, max_rounds=25)
    return assign(pixels.reshape(-1, 5), result.centres).reshape(pixels.shape[:2])


def draw_segmented(
    name: str = "suit", num_clusters: int = 8, position_weight: float = 0.0
) -> Figure:
    """Draw the clusters in their mean colours, and the object that they make, named by the truth.

    Parameters
    ----------
    name : str
        One of `OBJECTS`.
    num_clusters : int
    position_weight : float

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "8 clusters, position weight 0" in alt_text(draw_segmented())
    True
    """
    image, target, scored = _picture(name)
    label_map = segmented(name, num_clusters, position_weight)
    prediction = name_by_majority(label_map, target, scored)
    iou = mask_iou(target, prediction, scored)
    count = np.bincount(label_map.ravel(), minlength=num_clusters)
    mean = [np.bincount(label_map.ravel(), image[..., c].ravel(), num_clusters) for c in range(3)]
    painted = (np.stack(mean, axis=1) / np.maximum(count, 1)[:, None]).astype(np.uint8)[label_map]
    figure, axes = new_figure(1, 2, width=7.2, height=3.4)
    axes[0, 0].imshow(painted, interpolation="nearest")
    axes[0, 0].set_axis_off()
    axes[0, 0].set_title("clusters in their mean colours")
    show_error_map(
        np.where(scored, target, IGNORE_INDEX),
        prediction.astype(np.uint8),
        axes[0, 1],
        class_names=("background", name),
        counts=False,
        title=f"{name}: IoU {iou:.2f}",
    )
    set_alt_text(axes[0, 0], f"{num_clusters} clusters, position weight {position_weight:g}.")
    set_alt_text(figure, f"{alt_text(figure)} IoU of {name} {iou:.2f}.")
    return figure


def demo() -> Demo:
    """Let the student choose the object, K and the weight of the position.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_segmented,
        name=Dropdown(description="Object", options=list(OBJECTS)),
        num_clusters=Slider("Clusters K", 2, 12, value=8),
        position_weight=Slider("Position weight", 0.0, 3.0, 0.25, value=0.0),
    )


@cache
def _lab(name: str) -> np.ndarray:
    return rgb2lab(_picture(name)[0])


@cache
def _picture(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, mask of the object, and where it is scored."""
    picture = load_picture(OBJECTS[name])
    target = picture.label_map == picture.class_names.index(name)
    scored = picture.label_map != IGNORE_INDEX
    return picture.image[::STEP, ::STEP], target[::STEP, ::STEP], scored[::STEP, ::STEP]
