"""A cup's mask shifted, eroded or dilated: all scores move together (lesson 05)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from scipy import ndimage

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure
from course_utils.plotting import show_error_map
from course_utils.widgets.explore import explore
from course_utils.widgets.scores import mask_scores, show_scores
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

CHANGES = ("shift", "erode", "dilate")
LARGEST_AMOUNT = 80
STEP = 2  # the masks have every second pixel of every second row: quicker to draw


@cache
def cup_mask() -> np.ndarray:
    """The cup of the picture `coffee`, with the coffee in it.

    Returns
    -------
    ndarray of bool, shape (400, 600)

    Examples
    --------
    >>> cup_mask().shape
    (400, 600)
    """
    picture = load_picture("coffee")
    cup = [picture.class_names.index(name) for name in ("cup", "coffee")]
    return np.isin(picture.label_map, cup)


def changed_mask(mask: np.ndarray, change: str, amount: int) -> np.ndarray:
    """Shift a mask to the right, or move its border inwards or outwards.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    change : str
        "shift", "erode" or "dilate".
    amount : int, at least 0
        Pixels. What is shifted out of the picture is lost.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    ValueError
        If the change is none of the three, or the amount is negative.

    Examples
    --------
    >>> square = np.zeros((5, 5), dtype=bool)
    >>> square[1:4, 1:4] = True
    >>> [int(changed_mask(square, change, 1).sum()) for change in CHANGES]
    [9, 1, 21]
    """
    if change not in CHANGES:
        raise ValueError(f"change must be one of {', '.join(CHANGES)}, got {change!r}.")
    if amount < 0:
        raise ValueError(f"amount must be at least 0 pixels, got {amount}.")
    if change == "shift":
        moved = np.zeros_like(mask)
        moved[:, amount:] = mask[:, : mask.shape[1] - amount]
        return moved
    if change == "erode":
        return ndimage.distance_transform_edt(mask) > amount
    return ndimage.distance_transform_edt(~mask) <= amount


def draw_overlap(change: str = "shift", amount: int = 20) -> Figure:
    """Draw a changed mask of the coffee cup against the true one, with every score.

    Parameters
    ----------
    change : str
        "shift", "erode" or "dilate".
    amount : int, at least 0
        Pixels of the photograph, in steps of 2.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "IoU of cup 1.000" in alt_text(draw_overlap("shift", 0))
    True
    """
    target = cup_mask()[::STEP, ::STEP]
    prediction = changed_mask(target, change, amount // STEP)
    figure, axes = new_figure(1, 2, width=7.6, height=3.0)
    names = ("background", "cup")
    title = f"{change} by {amount} pixels"
    show_error_map(target, prediction, axes[0, 0], class_names=names, title=title, counts=False)
    show_scores(mask_scores(target, prediction, class_name="cup"), axes[0, 1])
    return figure


def demo() -> Demo:
    """Let the student choose the change and its amount.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_overlap,
        change=Dropdown(description="Change", options=CHANGES),
        amount=Slider("Amount (pixels)", 0, LARGEST_AMOUNT, STEP, value=40),
    )
