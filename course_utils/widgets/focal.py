"""The focal loss of one pixel and its gradient, for any gamma and alpha (lesson 09)."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.figures import new_figure, set_alt_text
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

SHIP_COLOUR, SEA_COLOUR = "#dd8822", "#1155aa"
TOP = 3.0
"""Where the loss is cut off; it has no largest value."""
_P = np.concatenate([np.linspace(0.002, 0.05, 20), np.linspace(0.06, 1, 95)])


def focal_curve(p: np.ndarray, gamma: float) -> np.ndarray:
    """Loss of a pixel, -(1 - p)^gamma log p.

    Parameters
    ----------
    p : ndarray of float, in (0, 1]
        Probability of the true class.
    gamma : float, at least 0

    Returns
    -------
    ndarray of float, the same shape

    Examples
    --------
    >>> float(focal_curve(np.array(0.9), 0) / focal_curve(np.array(0.9), 2)).__round__(6)
    100.0
    """
    return -((1 - p) ** gamma) * np.log(p)


def focal_slope(p: np.ndarray, gamma: float) -> np.ndarray:
    """Gradient of the loss with respect to the logit of the true class, against one other class.

    Parameters
    ----------
    p : ndarray of float, in (0, 1]
    gamma : float, at least 0

    Returns
    -------
    ndarray of float, the same shape
        At most 0: raising the logit lowers the loss. At gamma 0 it is p - 1.

    Examples
    --------
    >>> float(focal_slope(np.array(0.75), 0))
    -0.25
    """
    return (1 - p) ** gamma * (gamma * p * np.log(p) + p - 1)


def draw_focal(gamma: float = 2.0, alpha: float = 0.25) -> tuple[Figure, str]:
    """Draw loss and gradient of a ship pixel and of a sea pixel against cross-entropy's.

    Parameters
    ----------
    gamma : float, at least 0
    alpha : float, [0, 1]
        Weight of the ship; the sea has 1 - alpha.

    Returns
    -------
    tuple of Figure and str
        And a line that compares an easy sea pixel with a hard ship pixel.

    Examples
    --------
    >>> "At p = 0.9 a pixel costs 100 times less" in draw_focal(gamma=2, alpha=0.5)[1]
    True
    """
    figure, axes = new_figure(1, 2, width=7.6, height=3.3)
    loss, slope = focal_curve(_P, gamma), np.abs(focal_slope(_P, gamma))
    _panel(axes[0, 0], loss, -np.log(_P), alpha, TOP, "loss of one pixel")
    _panel(axes[0, 1], slope, 1 - _P, alpha, 1.35, "size of its gradient")
    entries = axes[0, 0].lines  # the same in both panels
    for ax, shown in ((axes[0, 0], entries[1:]), (axes[0, 1], entries[:1])):
        ax.legend(handles=shown, loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    hard, easy = (float(np.abs(focal_slope(np.array(p), gamma))) for p in (0.3, 0.9))
    ratio = alpha * hard / ((1 - alpha) * easy) if alpha < 1 else np.inf
    less = float((1 - np.float64(0.9)) ** -gamma)
    line = (
        f"At p = 0.9 a pixel costs {_digits(less)} times less than with cross-entropy, before "
        "alpha (0.5 halves either class). A ship pixel at p = 0.3 pulls as much as "
        f"{_digits(ratio)} sea pixels at p = 0.9."
    )
    set_alt_text(
        figure,
        f"Loss and size of the gradient against p, gamma {gamma:g}, alpha {alpha:g}: all fall to 0 "
        f"at p = 1. At p = 0.9 a ship pixel has the loss {alpha * loss[_at(0.9)]:.4f} and a sea "
        f"pixel {(1 - alpha) * loss[_at(0.9)]:.4f}; cross-entropy is 0.1054.",
    )
    return figure, line


def _digits(number: float) -> str:
    return f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"


def _at(p: float) -> int:
    return int(np.abs(_P - p).argmin())


def _panel(
    ax: Axes, values: np.ndarray, plain: np.ndarray, alpha: float, top: float, title: str
) -> None:
    """One curve for each class, and cross-entropy dotted."""
    ax.plot(_P, plain, ":", color="0.4", label="cross-entropy")
    ax.plot(_P, alpha * values, color=SHIP_COLOUR, label="ship, alpha")
    ax.plot(_P, (1 - alpha) * values, "--", color=SEA_COLOUR, label="sea, 1 - alpha")
    ax.set(xlim=(0, 1), ylim=(0, top), xticks=(0, 0.5, 1), yticks=range(int(top) + 1), title=title)
    ax.set_xlabel("p of the true class")


def demo() -> Demo:
    """Let the student move gamma and alpha.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_focal,
        gamma=Slider("gamma", 0.0, 5.0, 0.25, value=2.0),
        alpha=Slider("alpha", 0.05, 0.95, 0.05, value=0.25),
    )
