"""A threshold for every pixel, from the mean of its neighbours: window and offset (lesson 02)."""

from functools import lru_cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from scipy import ndimage

from course_utils.figures import new_figure, set_alt_text
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo
from course_utils.widgets.threshold import LINE_COLOUR, scene, show_answer

ROWS = {"ink": 72, "coins": 70, "glands": 256, "cell": 330}  # scene -> the row that is drawn
WEIGHTS = ("mean", "Gaussian")


@lru_cache(maxsize=32)
def local_levels(name: str, window: int, weights: str) -> np.ndarray:
    """Weighted mean of each pixel's neighbours, like `skimage.filters.threshold_local`.

    Parameters
    ----------
    name : str
        One of `ROWS`.
    window : int, odd
        Side of the square of neighbours. The Gaussian's standard deviation is (window - 1) / 6.
    weights : str
        "mean" or "Gaussian".

    Returns
    -------
    ndarray of float32, shape (H, W)
        Shared: do not write to it.

    Raises
    ------
    ValueError
        If the weights are neither.

    Examples
    --------
    >>> local_levels("ink", 15, "mean").shape
    (191, 384)
    """
    if weights not in WEIGHTS:
        raise ValueError(f"weights must be one of {', '.join(WEIGHTS)}, got {weights!r}.")
    grey = scene(name).grey.astype(np.float32)
    if weights == "mean":
        return ndimage.uniform_filter(grey, window)
    return ndimage.gaussian_filter(grey, (window - 1) / 6)


def draw_neighbourhood(
    name: str = "ink", window: int = 15, offset: int = 20, weights: str = "mean"
) -> Figure:
    """Draw one row of a picture with its local threshold, and where the mask is right and wrong.

    Parameters
    ----------
    name : str
        One of `ROWS`.
    window : int, odd
        Side of the square of neighbours, in pixels.
    offset : int
        Grey levels taken off the neighbours' mean; the rest is the pixel's threshold.
    weights : str
        "mean" or "Gaussian".

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "window 15, offset 20" in alt_text(draw_neighbourhood("ink", 15, 20))
    True
    """
    chosen, row = scene(name), ROWS[name]
    threshold = local_levels(name, window, weights) - offset
    figure, axes = new_figure(1, 2, width=7.6, height=3.2)
    ax = axes[0, 0]
    columns = np.arange(chosen.grey.shape[1])
    ax.plot(columns, chosen.grey[row], color="0.55", linewidth=1, label="grey level")
    ax.plot(columns, threshold[row], color=LINE_COLOUR, linewidth=1.8, label="threshold")
    ax.set_axis_off()
    ax.set(xlim=(0, len(columns)), ylim=(0, 256), xticks=[], yticks=[])
    ax.set_title(f"row {row}", y=1)
    ax.hlines([0, 255], 0, len(columns), colors=["0", "0.85"], linewidths=0.8)
    for level in (0, 128, 255):
        ax.text(-0.02 * len(columns), level, str(level), ha="right", va="center", fontsize=9)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2)
    low, high = threshold[row].min(), threshold[row].max()
    set_alt_text(
        ax,
        f"Grey levels along row {row} of the {name} and the local threshold, {low:.0f} to "
        f"{high:.0f}: {weights}, window {window}, offset {offset}.",
    )
    show_answer(chosen, chosen.mask(chosen.grey, threshold), axes[0, 1])
    return figure


def demo() -> Demo:
    """Let the student change picture, window, offset and weights.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_neighbourhood,
        name=Dropdown(description="Find the", options=list(ROWS)),
        window=Slider("Window", 3, 151, 4, value=15, unit="pixels"),
        offset=Slider("Offset", -40, 60, 2, value=0, unit="levels"),
        weights=Dropdown(description="Weights", options=WEIGHTS),
    )
