"""The scores of one mask as bars that move together: the panel that lesson 05's demos share."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from course_utils import metrics
from course_utils.figures import set_alt_text

BAR_COLOUR = "#1155aa"
FRAGILE_COLOUR = "#dd8822"  # scores that a large background lifts


def mask_scores(
    target: np.ndarray, prediction: np.ndarray, *, class_name: str = "object"
) -> dict[str, float]:
    """Score one predicted mask in every way that has a value in [0, 1].

    Parameters
    ----------
    target, prediction : ndarray of bool, shape (H, W)
    class_name : str
        What the mask shows; it names the bars.

    Returns
    -------
    dict of str to float
        In drawing order; nan where a score is undefined.

    Examples
    --------
    >>> ship = np.arange(100).reshape(10, 10) < 5
    >>> scores = mask_scores(ship, np.zeros_like(ship), class_name="ship")
    >>> [scores["pixel accuracy"], scores["IoU of ship"], scores["mean IoU"]]
    [0.95, 0.0, 0.475]
    """
    table = metrics.confusion_matrix(target.astype(np.uint8), prediction.astype(np.uint8), 2)
    return {
        "pixel accuracy": float(metrics.pixel_accuracy(table)),
        "frequency-weighted IoU": float(metrics.frequency_weighted_iou(table)),
        "IoU of background": float(metrics.iou_per_class(table)[0]),
        "mean IoU": float(metrics.mean_iou(table)),
        f"IoU of {class_name}": float(metrics.iou_per_class(table)[1]),
        f"Dice of {class_name}": float(metrics.dice_per_class(table)[1]),
        "precision": float(metrics.precision_per_class(table)[1]),
        "recall": float(metrics.recall_per_class(table)[1]),
        "boundary IoU": metrics.boundary_iou(target, prediction),
    }


def show_scores(scores: dict[str, float], ax: Axes) -> Axes:
    """Draw scores as bars from 0 to 1, each with its number; an undefined score has no bar.

    Parameters
    ----------
    scores : dict of str to float, [0, 1] or nan
        Drawn from top to bottom. Scores that count background are drawn in another colour.
    ax : Axes
        Where to draw.

    Returns
    -------
    Axes

    Examples
    --------
    >>> from course_utils.figures import alt_text, new_figure
    >>> figure, axes = new_figure()
    >>> _ = show_scores({"mean IoU": 0.475, "precision": float("nan")}, axes[0, 0])
    >>> alt_text(figure)
    'mean IoU 0.475, precision undefined.'
    """
    # Plain texts and no axis: Matplotlib takes far longer to make ticks, at every step of a slider.
    ax.set_axis_off()
    ax.vlines([0, 0.5, 1], -0.6, len(scores) - 0.4, colors=["0", "0.85", "0.85"], linewidths=0.8)
    colours = [FRAGILE_COLOUR if _counts_background(name) else BAR_COLOUR for name in scores]
    ax.barh(
        list(range(len(scores))), np.nan_to_num(list(scores.values())), color=colours, height=0.7
    )
    for row, (name, value) in enumerate(scores.items()):
        ax.text(-0.03, row, name, ha="right", va="center_baseline", fontsize=9)
        ax.text(1.03, row, as_text(value), va="center_baseline", fontsize=9)
    ax.text(1.03, 0, as_text(np.nan), alpha=0, fontsize=9)  # room for it, so that nothing jumps
    for position in (0, 0.5, 1):
        ax.text(position, len(scores) - 0.2, f"{position:g}", ha="center", va="top", fontsize=9)
    key = "orange: counts the background too"
    ax.text(0.5, len(scores) + 0.7, key, ha="center", va="top", fontsize=9, color="0.3")
    ax.set(xlim=(0, 1), ylim=(len(scores) - 0.4, -0.6))
    set_alt_text(ax, ", ".join(f"{n} {as_text(v)}" for n, v in scores.items()) + ".")
    return ax


def as_text(value: Any) -> str:
    """Write a score with three digits, or say that it is undefined.

    Parameters
    ----------
    value : float

    Returns
    -------
    str

    Examples
    --------
    >>> as_text(0.97436), as_text(float("nan"))
    ('0.974', 'undefined')
    """
    return "undefined" if np.isnan(value) else f"{value:.3f}"


def _counts_background(name: str) -> bool:
    return name in ("pixel accuracy", "frequency-weighted IoU", "IoU of background", "mean IoU")
