"""A ship on an empty sea, 100 pixels: scores that rise although nothing is found (lesson 05)."""

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure

from course_utils.figures import new_figure
from course_utils.plotting import show_error_map, show_label_map
from course_utils.widgets.explore import explore
from course_utils.widgets.scores import mask_scores, show_scores
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

SIDE = 10  # the picture has 10 x 10 pixels, so an area in pixels is a percentage
ANSWERS = ("nothing found", "half of the ship", "the whole ship", "ship everywhere")


def ship_masks(area: int, answer: str) -> tuple[np.ndarray, np.ndarray]:
    """Make the true mask of a ship and a detector's answer to it.

    Parameters
    ----------
    area : int, 0 to 100
        Pixels of the ship.
    answer : str
        One of `ANSWERS`.

    Returns
    -------
    target, prediction : ndarray of bool, shape (10, 10)

    Raises
    ------
    ValueError
        If the answer is none of them, or the ship does not fit.

    Examples
    --------
    >>> target, prediction = ship_masks(5, "nothing found")
    >>> int(target.sum()), int(prediction.sum())
    (5, 0)
    """
    if answer not in ANSWERS:
        raise ValueError(f"answer must be one of {', '.join(ANSWERS)}, got {answer!r}.")
    if not 0 <= area <= SIDE**2:
        raise ValueError(f"area must be 0 to {SIDE**2} pixels, got {area}.")
    row, column = np.indices((SIDE, SIDE))
    # Pixels join the ship in this order: along the hull first, then upwards and downwards.
    distance = np.hypot(2.5 * (row - 4), column - 5)
    order = np.argsort(distance, axis=None, kind="stable").reshape(-1)
    target = np.zeros(SIDE**2, dtype=bool)
    target[order[:area]] = True
    prediction = np.zeros(SIDE**2, dtype=bool)
    if answer == "ship everywhere":
        prediction[:] = True
    elif answer != "nothing found":
        found = area if answer == "the whole ship" else (area + 1) // 2
        prediction[order[:found]] = True
    return target.reshape(SIDE, SIDE), prediction.reshape(SIDE, SIDE)


def draw_ship(area: int = 5, answer: str = "nothing found") -> Figure:
    """Draw the true ship, a detector's answer, and every score of that answer.

    Parameters
    ----------
    area : int, 0 to 100
        Pixels of the ship; of 100, so also its share in percent.
    answer : str
        One of `ANSWERS`.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "pixel accuracy 0.950" in alt_text(draw_ship(area=5))
    True
    """
    target, prediction = ship_masks(area, answer)
    figure, axes = new_figure(1, 3, width=8.2, height=2.9)
    names = ("background", "ship")
    show_label_map(target.astype(np.uint8), axes[0, 0], class_names=names, title="truth")
    show_error_map(target, prediction, axes[0, 1], class_names=names, title=answer, counts=False)
    show_scores(mask_scores(target, prediction, class_name="ship"), axes[0, 2])
    return figure


def demo() -> Demo:
    """Let the student change the ship's area and the detector's answer.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_ship,
        area=Slider("Ship area (pixels of 100)", 0, 50, value=20),
        answer=Dropdown(description="Answer", options=ANSWERS),
    )
