"""Canny's edge detector with its three numbers to move: sigma and two thresholds (lesson 04)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy import ndimage

from course_utils.datasets.pictures import load_picture
from course_utils.edges import gradient, hysteresis, non_maximum_suppression
from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import display_palette
from course_utils.plotting import show_image
from course_utils.thresholding import grey_levels
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

SHRINK = {"coins": 2, "camera": 3, "coffee": 3, "cat": 2}  # pixels a side that become one
FATES = ("no candidate", "weak, dropped", "weak, kept", "strong")
FATE_COLOURS = display_palette(8)[[0, 7, 3, 6]]  # black, rust, sky blue, yellow
GAP = 6  # white pixels between the panels
_KEY = [
    Patch(facecolor=colour / 255, label=fate)
    for fate, colour in zip(FATES, FATE_COLOURS, strict=True)
]


@cache
def small_picture(name: str) -> np.ndarray:
    """Grey levels of a picture made small: each pixel is the mean of a square.

    Parameters
    ----------
    name : str
        One of `SHRINK`.

    Returns
    -------
    ndarray of float64, shape (H, W)

    Raises
    ------
    ValueError
        If the demo has no such picture.

    Examples
    --------
    >>> small_picture("coins").shape
    (151, 192)
    """
    if name not in SHRINK:
        raise ValueError(f"name must be one of {', '.join(SHRINK)}, got {name!r}.")
    side, levels = SHRINK[name], grey_levels(load_picture(name).image).astype(float)
    height, width = (length // side for length in levels.shape)
    squares = levels[: height * side, : width * side].reshape(height, side, width, side)
    return squares.mean(axis=(1, 3))


def canny_fates(name: str, sigma: float, low: float, high: float) -> np.ndarray:
    """Say of every pixel what Canny's last stage makes of it.

    Parameters
    ----------
    name : str
        One of `SHRINK`.
    sigma : float, at least 0
        Width of the Gaussian smoothing, in pixels of the small picture.
    low, high : float
        Thresholds on the gradient magnitude. A low one above the high one counts as high as it.

    Returns
    -------
    ndarray of int, shape (H, W)
        Index into `FATES`.

    Examples
    --------
    >>> fates = canny_fates("coins", 1.0, 50, 50)
    >>> int(np.sum(fates == FATES.index("weak, kept")))
    0
    """
    strength = _candidates(name, sigma)
    low = min(low, high)
    kept = hysteresis(strength, low, high)
    return (strength >= low) + kept.astype(int) + (strength >= high)


def draw_canny(
    picture: str = "coins", sigma: float = 1.0, low: float = 50, high: float = 130
) -> Figure:
    """Draw a picture, the candidates of its edges with their fate, and the edges that remain.

    Parameters
    ----------
    picture : str
        One of `SHRINK`.
    sigma : float, at least 0
        Width of the Gaussian smoothing, in pixels of the small picture.
    low, high : float
        Thresholds on the gradient magnitude.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "0 weak pixels kept" in alt_text(draw_canny("coins", 1.0, 50, 50))
    True
    """
    fates = canny_fates(picture, sigma, low, high)
    grey = np.repeat(small_picture(picture).astype(np.uint8)[..., None], 3, axis=-1)
    edges = np.where(fates >= 2, 255, 0).astype(np.uint8)[..., None].repeat(3, axis=-1)
    panels = {picture: grey, "candidates": FATE_COLOURS[fates], "edges": edges}
    gap = np.full((len(fates), GAP, 3), 255, dtype=np.uint8)
    row = np.hstack([part for panel in panels.values() for part in (panel, gap)])[:, :-GAP]
    figure, axes = new_figure(1, 1, width=7.6, height=2.9)
    ax = show_image(row, axes[0, 0])  # one panel in place of three: quicker to draw
    ax.set_frame_on(False)
    for number, title in enumerate(panels):
        middle = number * (fates.shape[1] + GAP) + fates.shape[1] / 2
        ax.text(middle, -3, title, ha="center", va="bottom", fontsize=11)
    ax.legend(handles=_KEY, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(FATES))
    dropped, kept, strong = (int(np.sum(fates == fate)) for fate in (1, 2, 3))
    set_alt_text(
        figure,
        f"Canny's edges of the picture {picture}, sigma {sigma:g}, thresholds {low:g} and "
        f"{high:g}: {strong} strong pixels, {kept} weak pixels kept, {dropped} dropped.",
    )
    return figure


def what_happens(picture: str, sigma: float, low: float, high: float) -> str:
    """Say in one line what the thresholds do.

    Parameters
    ----------
    picture, sigma, low, high
        As for `draw_canny`.

    Returns
    -------
    str

    Examples
    --------
    >>> what_happens("coins", 1.0, 90, 50)[:42]
    'The thresholds are crossed: low 90 is abov'
    """
    if low > high:
        return (
            f"The thresholds are crossed: low {low:g} is above high {high:g}, so no pixel can be "
            f"weak. Drawn with both at {high:g}; scikit-image refuses."
        )
    fates = canny_fates(picture, sigma, low, high)
    dropped, kept, strong = (int(np.sum(fates == fate)) for fate in (1, 2, 3))
    return (
        f"{strong} strong pixels bring in {kept} of {kept + dropped} weak ones; "
        f"high is {high / low:.1f} times low."
    )


def demo() -> Demo:
    """Let the student move sigma and both thresholds.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    def draw(picture: str, sigma: float, low: float, high: float) -> tuple[Figure, str]:
        return draw_canny(picture, sigma, low, high), what_happens(picture, sigma, low, high)

    return explore(
        draw,
        picture=Dropdown(description="Picture", options=list(SHRINK)),
        sigma=Slider("Sigma", 0, 4, 0.25, value=1.0, unit="px"),
        low=Slider("Low threshold", 10, 300, 10, value=50),
        high=Slider("High threshold", 10, 300, 10, value=130),
    )


@cache
def _candidates(name: str, sigma: float) -> np.ndarray:
    """Gradient magnitude of the smoothed picture where it is largest across the edge."""
    smooth = ndimage.gaussian_filter(small_picture(name), sigma, mode="nearest")
    return non_maximum_suppression(*gradient(smooth))
