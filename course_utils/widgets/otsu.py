"""Otsu's curve with the student's own threshold on it (lesson 02)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure

from course_utils.figures import new_figure, set_alt_text
from course_utils.thresholding import between_class_variance, grey_histogram
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo
from course_utils.widgets.threshold import (
    LINE_COLOUR,
    SCENES,
    level_axis,
    scene,
    second_largest,
    show_histogram,
)


@cache
def _curve(name: str) -> tuple[np.ndarray, np.ndarray]:
    histogram = grey_histogram(scene(name).grey)
    return histogram, between_class_variance(histogram)


def draw_otsu(name: str = "coins", threshold: int = 60) -> Figure:
    """Draw a histogram cut in two classes with their means, and the variance between these.

    Parameters
    ----------
    name : str
        One of `course_utils.widgets.threshold.SCENES`.
    threshold : int, 0 to 255
        The levels <= threshold are class 0.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "at level 107, the highest" in alt_text(draw_otsu("coins", 107))
    True
    """
    histogram, curve = _curve(name)
    figure, axes = new_figure(1, 2, width=7.6, height=3.2)
    levels, best = np.arange(len(histogram)), int(curve.argmax())
    shares, means = [], []
    for part in (levels <= threshold, levels > threshold):
        shares.append(histogram[part].sum() / histogram.sum())
        means.append(histogram[part] @ levels[part] / max(histogram[part].sum(), 1))
    ax = show_histogram(histogram, axes[0, 0], threshold, title=f"{name}: two classes")
    for mean, share in zip(means, shares, strict=True):
        if share:
            ax.plot(mean, 0.05 * second_largest(histogram), "^", color="0", mec="1", markersize=10)
    top, height = 1.1 * curve.max(), curve[threshold]
    ax = axes[0, 1]
    ax.plot(levels, curve, color="0.3")
    ax.vlines(threshold, 0, height, colors=LINE_COLOUR, linewidths=1.5)
    ax.plot(threshold, height, "o", color=LINE_COLOUR, markersize=8)
    ax.set_title(f"between the classes: {height:.0f}", y=1)
    level_axis(ax, top, label="variance")
    words = f"{shares[0]:.2f} x {shares[1]:.2f} x ({means[1]:.0f} - {means[0]:.0f})²"
    ax.text(128, -0.22 * top, words, ha="center", va="top", fontsize=10, color=LINE_COLOUR)
    found = "the highest" if height == curve.max() else f"the highest is {curve.max():.0f}"
    found += "" if height == curve.max() else f" at level {best}"
    set_alt_text(
        ax,
        f"Variance between the classes for every threshold; {words.replace('²', ' squared')} = "
        f"{height:.0f} at level {threshold}, {found}.",
    )
    return figure


def demo() -> Demo:
    """Let the student look for the highest point of the curve.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_otsu,
        name=Dropdown(description="Picture of the", options=list(SCENES)),
        threshold=Slider("Threshold", 0, 255, value=60, unit="levels"),
    )
