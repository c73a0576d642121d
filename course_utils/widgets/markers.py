"""Markers set by hand: click into a coin, and water rises from there (lesson 04)."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from ipywidgets import Button
from matplotlib.figure import Figure

from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import Picture
from course_utils.edges import split_touching
from course_utils.figures import new_figure, set_alt_text
from course_utils.metrics import instance_average_precision
from course_utils.plotting import show_instances
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.still import Demo

CELL = 4  # a square that can be clicked stands for 4 x 4 pixels of the scene
GRID = (60, 80)  # rows and columns of squares: 240 x 320 pixels

Cell = tuple[int, int]


def draw_markers(cells: Sequence[Cell] = ()) -> Figure:
    """Draw the regions that the watershed floods from the markers, on the mask of the coins.

    Parameters
    ----------
    cells : sequence of (row, column)
        Where markers are, on a grid of `GRID`; one on the cloth floods nothing.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If a cell lies outside the grid.

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> alt_text(draw_markers())
    '0 markers: 0 of 14 coins found, AP 0.00.'
    """
    regions = _flooded(tuple(cells))
    figure, axes = new_figure(1, 1, width=3.9, height=3.2)
    show_instances(regions, axes[0, 0], image=_scene().image[::2, ::2], title="what they flood")
    rows, columns = np.array(cells, dtype=int).reshape(-1, 2).T * CELL // 2 + CELL // 4
    axes[0, 0].plot(columns, rows, ".", color="#ffcc00", markersize=9, markeredgecolor="black")
    set_alt_text(figure, how_many(cells))
    return figure


def how_many(cells: Sequence[Cell]) -> str:
    """Say in one line how many coins the markers find.

    Parameters
    ----------
    cells : sequence of (row, column)
        As for `draw_markers`.

    Returns
    -------
    str

    Examples
    --------
    >>> how_many([(0, 0)])
    '1 marker: 0 of 14 coins found, AP 0.00.'
    """
    target, regions = _scene().instance_map[::2, ::2], _flooded(tuple(cells))
    score = instance_average_precision(target, regions)
    coins, found = int(target.max()), np.unique(regions[regions > 0]).size
    matched = round(score * (coins + found) / (1 + score))
    counted = f"{len(cells)} marker{'' if len(cells) == 1 else 's'}"
    return f"{counted}: {matched} of {coins} coins found, AP {score:.2f}."


def demo() -> Demo:
    """Let the student set markers by mouse or keyboard; the same square again takes one away.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    canvas = Canvas(
        "Click a marker into each coin",
        image=_scene().image,
        alt="Fourteen coins on dark cloth, eleven of them in two groups that touch.",
        rows=GRID[0],
        columns=GRID[1],
        width=320,
    )
    cells: list[Cell] = []
    seen = {"click": 0, "again": 0}

    def draw(clicked: Cell | None, again: int) -> tuple[Figure, str]:
        if again != seen["again"]:
            cells.clear()
        elif clicked is not None and canvas.event["count"] != seen["click"]:
            seen["click"] = canvas.event["count"]
            if clicked in cells:
                cells.remove(clicked)
            else:
                cells.append(clicked)
        seen["again"] = again
        return draw_markers(cells), how_many(cells)

    return explore(draw, canvas, Button(description="Start again"))


@cache
def _scene() -> Picture:
    return coin_scene(seed=0)


@cache
def _flooded(cells: tuple[Cell, ...]) -> np.ndarray:
    """Instance map of the coins' mask, every second pixel, flooded from the marked cells."""
    mask = _scene().label_map[::2, ::2] == 1
    markers = np.zeros(mask.shape, dtype=int)
    for number, (row, column) in enumerate(cells, start=1):
        if not (0 <= row < GRID[0] and 0 <= column < GRID[1]):
            raise ValueError(
                f"cells must lie on {GRID[0]} rows and {GRID[1]} columns, got ({row}, {column}). "
                f"Divide a pixel's row and column by {CELL}."
            )
        markers[row * CELL // 2 + CELL // 4, column * CELL // 2 + CELL // 4] = number
    return split_touching(mask, np.where(mask, markers, 0))
