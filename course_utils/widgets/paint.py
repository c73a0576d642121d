"""Paint a prediction by hand and see every score move (lesson 05)."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure
from course_utils.plotting import show_error_map
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.overlap import cup_mask
from course_utils.widgets.scores import mask_scores, show_scores
from course_utils.widgets.still import Demo

BLOCK = 8  # a painted square stands for 8 x 8 pixels of the photograph
GRID = (50, 75)  # rows and columns of squares: 400 x 600 pixels


def draw_painting(painting: np.ndarray) -> Figure:
    """Draw a painted mask of the cup against the true one, with every score.

    Parameters
    ----------
    painting : ndarray of int, shape `GRID`
        1 where the cup was painted; each square stands for 8 x 8 pixels.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the painting has another shape.

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "IoU of cup 0.000" in alt_text(draw_painting(np.zeros(GRID, dtype=np.uint8)))
    True
    """
    if painting.shape != GRID:
        raise ValueError(
            f"painting must have shape {GRID}, got {painting.shape}. "
            f"Give one number for each square of {BLOCK} x {BLOCK} pixels."
        )
    target, prediction = _cup_squares(), painting == 1
    figure, axes = new_figure(1, 2, width=7.6, height=3.0)
    names = ("background", "cup")
    show_error_map(
        target, prediction, axes[0, 0], class_names=names, title="your painting", counts=False
    )
    show_scores(mask_scores(target, prediction, class_name="cup"), axes[0, 1])
    return figure


def demo() -> Demo:
    """Let the student paint the cup on the photograph.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    canvas = Canvas(
        "Paint the cup",
        image=load_picture("coffee").image,
        alt="Photograph: a red cup of coffee on a red saucer, with a spoon, on a wooden table.",
        rows=GRID[0],
        columns=GRID[1],
        paint={"cup": "#00ccff"},  # seen on coffee, on the cup and on wood
        brush=5,
        width=450,
    )
    return explore(draw_painting, canvas)


@cache
def _cup_squares() -> np.ndarray:
    """Squares of which at least half belong to the cup."""
    return cup_mask().reshape(GRID[0], BLOCK, GRID[1], BLOCK).mean(axis=(1, 3)) >= 0.5
