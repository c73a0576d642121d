"""SLIC super-pixels: the step of their grid and their compactness by slider (lesson 03)."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure
from scipy import ndimage
from skimage.segmentation import slic

from course_utils.clustering import name_by_majority
from course_utils.datasets.pictures import load_picture
from course_utils.drawing import draw_outlines
from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import mask_iou
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

STEP, ROUNDS = 4, 5  # every fourth pixel, half of the usual rounds: quick enough for a slider


def boundary_recall(regions: np.ndarray, target: np.ndarray, reach: int = 1) -> float:
    """Share of the true boundary that lies within some pixels of a boundary of the regions.

    Parameters
    ----------
    regions, target : ndarray of int or bool, shape (H, W)
        Super-pixels, and the true label map. A boundary pixel differs from the pixel below or to
        the right.
    reach : int
        Largest distance in pixels, along rows and columns.

    Returns
    -------
    float
        In [0, 1]; nan if the truth has no boundary.

    References
    ----------
    Achanta et al., SLIC Superpixels Compared to State-of-the-Art Superpixel Methods, 2012,
    doi 10.1109/TPAMI.2012.120

    Examples
    --------
    >>> target = np.array([[0, 0, 0, 1, 1, 1]])
    >>> boundary_recall(np.array([[0, 0, 0, 0, 1, 1]]), target)
    1.0
    """
    near = ndimage.maximum_filter(_boundary(regions), 2 * reach + 1, mode="constant")
    true = _boundary(target)
    return float(np.mean(near[true])) if true.any() else float("nan")


def draw_superpixels(grid_step: int = 13, compactness: float = 10) -> tuple[Figure, str]:
    """Draw SLIC's super-pixels on the astronaut, and the suit that they can at best make.

    Parameters
    ----------
    grid_step : int
        Distance S of the centres at the start, in drawn pixels; there are about as many
        super-pixels as squares of that side.
    compactness : float
        Weight of position against colour.

    Returns
    -------
    tuple of Figure and str
        The figure and a line with the scores.

    Examples
    --------
    >>> draw_superpixels(16)[1].split(";")[0].endswith("super-pixels")
    True
    """
    image, target, scored, suit = _picture()
    number = round(target.size / grid_step**2)
    regions = slic(image, number, compactness, max_num_iter=ROUNDS, start_label=0)
    best = name_by_majority(regions, suit, scored)
    recall, iou = boundary_recall(regions, target), mask_iou(suit, best, scored)
    count = int(regions.max()) + 1
    figure, axes = new_figure(1, 2, width=7.2, height=3.5)
    for ax, picture in ((axes[0, 0], image), (axes[0, 1], _tinted(image, best))):
        ax.imshow(picture, interpolation="nearest")
        ax.set_axis_off()
    draw_outlines(axes[0, 0], regions, linewidth=0.5)
    axes[0, 0].set_title("super-pixels")
    axes[0, 1].set_title("those that are mostly suit")
    text = f"{count} super-pixels; boundary recall {recall:.2f}; best IoU of the suit {iou:.2f}"
    settings = f"step {grid_step}, compactness {compactness:g}"
    set_alt_text(figure, f"SLIC on the astronaut, {settings}: {text}.")
    return figure, text


def demo() -> Demo:
    """Let the student choose the grid of the super-pixels and their compactness.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    def draw(grid_step: int, exponent: float) -> tuple[Figure, str]:
        figure, text = draw_superpixels(grid_step, round(10**exponent, 1))
        return figure, f"compactness {10**exponent:.3g}: {text}"

    return explore(
        draw,
        grid_step=Slider("Grid step S", 5, 40, value=13, unit="px"),
        exponent=Slider("Compactness, power of 10", 0.0, 2.0, 0.1, value=1.0),
    )


def _boundary(label_map: np.ndarray) -> np.ndarray:
    boundary = np.zeros(label_map.shape, dtype=bool)
    boundary[:-1] |= label_map[:-1] != label_map[1:]
    boundary[:, :-1] |= label_map[:, :-1] != label_map[:, 1:]
    return boundary


def _tinted(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The image, pale outside the mask."""
    return np.where(mask[..., None], image, 200 + image // 5)


@cache
def _picture() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Image, true label map, where it is scored, and the mask of the suit."""
    picture = load_picture("astronaut")
    label_map = picture.label_map[::STEP, ::STEP]
    suit = label_map == picture.class_names.index("suit")
    return picture.image[::STEP, ::STEP].copy(), label_map, label_map != IGNORE_INDEX, suit
