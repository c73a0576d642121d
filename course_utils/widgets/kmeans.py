"""k-means, half a round a click: pixels in a plane of colours and in their picture (lesson 03)."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from ipywidgets import Button, Dropdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.clustering import assign, inertia, plus_plus, update
from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import display_palette
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

PICTURES = {
    "tissue": ("immunohistochemistry", 4),
    "rocket": ("rocket", 5),
}  # name, every n-th pixel
STARTS = ("random pixels", "k-means++", "all in one place")
MOST_CLUSTERS = 8
SHOWN_POINTS = 600
_GREY = 165


@dataclass(frozen=True, eq=False)
class HalfStep:
    """What k-means knows after some half-steps.

    Attributes
    ----------
    centres : ndarray of float64, shape (K, 3)
    assignment : ndarray of int, shape (N,), or None
        None before the first assignment.
    spread : float
        Inertia divided by the number of pixels; nan before the first assignment.
    done : str
        What the last half-step did.
    """

    centres: np.ndarray
    assignment: np.ndarray | None
    spread: float
    done: str


@cache
def half_steps(picture: str, start: str, num_clusters: int) -> tuple[HalfStep, ...]:
    """All half-steps of one run, from the starting centres until no pixel changes its cluster.

    Parameters
    ----------
    picture : str
        One of `PICTURES`.
    start : str
        One of `STARTS`.
    num_clusters : int

    Returns
    -------
    tuple of HalfStep

    Raises
    ------
    ValueError
        If the start is none of them.

    Examples
    --------
    >>> steps = half_steps("tissue", "k-means++", 3)
    >>> [step.done for step in steps[:3]]
    ['start', 'assign', 'update']
    """
    points = _image(picture).reshape(-1, 3).astype(float)
    centres = _starting_centres(points, start, num_clusters)
    steps = [HalfStep(centres, None, np.nan, "start")]
    previous = None
    while True:
        assignment = assign(points, centres)
        if previous is not None and np.array_equal(assignment, previous):
            return tuple(steps)
        for done in ("assign", "update"):
            if done == "update":
                centres = update(points, assignment, centres)
            spread = inertia(points, centres, assignment) / len(points)
            steps.append(HalfStep(centres, assignment, spread, done))
        previous = assignment


def draw_kmeans(
    steps: int = 0, picture: str = "tissue", start: str = "random pixels", num_clusters: int = 3
) -> tuple[Figure, str]:
    """Draw k-means after some half-steps: colours with centres, the picture, and the inertia.

    Parameters
    ----------
    steps : int
        Half-steps: odd ones assign, even ones update. Beyond the last nothing moves.
    picture : str
        One of `PICTURES`.
    start : str
        One of `STARTS`.
    num_clusters : int

    Returns
    -------
    tuple of Figure and str
        The figure, and what the last half-step did.

    Examples
    --------
    >>> draw_kmeans(1)[1].split(":")[0]
    'Half-step 1, assign'
    """
    run = half_steps(picture, start, num_clusters)
    at_rest, steps = steps >= len(run), min(steps, len(run) - 1)
    now = run[steps]
    image = _image(picture)
    colours = display_palette(num_clusters + 1)[1:]
    figure, axes = new_figure(1, 3, width=7.6, height=2.9)
    figure.set_layout_engine(
        "none"
    )  # fixed places: nothing jumps, no time is spent on finding them
    for ax, left in zip(axes.flat, (0.04, 0.37, 0.71), strict=True):
        ax.set_position((left, 0.1, 0.28, 0.78))
    _show_colours(now, image.reshape(-1, 3), colours, axes[0, 0])
    painted = image if now.assignment is None else colours[now.assignment].reshape(image.shape)
    axes[0, 1].imshow(painted, interpolation="nearest")
    axes[0, 1].set_axis_off()
    axes[0, 1].set_title("the picture" if now.assignment is None else "its clusters")
    _show_history(run, steps, axes[0, 2])
    words = {
        "start": f"{num_clusters} centres placed. Click to assign the pixels",
        "assign": "every pixel joins its nearest centre",
        "update": "every centre moves to the mean of its pixels",
    }
    text = f"Half-step {steps}, {now.done}: {words[now.done]}."
    if at_rest:
        text = f"At rest after {steps} half-steps: no pixel changes its cluster."
    shares = ""
    if now.assignment is not None:
        count = np.bincount(now.assignment, minlength=num_clusters)
        shares = " Clusters: " + ", ".join(f"{n / count.sum():.0%}" for n in count) + "."
        shares += f" Mean squared distance {now.spread:,.0f}."
    places = "; ".join(f"red {c[0]:.0f}, blue {c[2]:.0f}" for c in now.centres)
    set_alt_text(figure, f"k-means on {picture}, start {start}. {text} Centres: {places}.{shares}")
    return figure, text


def demo() -> Demo:
    """Let the student click through k-means from a start of their choice.

    Returns
    -------
    Demo

    Examples
    --------
    >>> demo().caption.split(":")[0]
    'Half-step 0, start'
    """
    begun: dict[str, tuple[int, ...]] = {}  # the choice of a start -> the clicks until then

    def draw(
        half: int, to_end: int, again: int, picture: str, start: str, num_clusters: int
    ) -> tuple[Figure, str]:
        chosen = f"{again} {picture} {start} {num_clusters}"
        if chosen not in begun:  # another start begins at half-step 0
            begun.clear()
            begun[chosen] = half, to_end
        half_before, to_end_before = begun[chosen]
        steps = half - half_before
        if to_end > to_end_before:
            steps += len(half_steps(picture, start, num_clusters))
        return draw_kmeans(steps, picture, start, num_clusters)

    return explore(
        draw,
        Button(description="Half-step"),
        Button(description="To the end"),
        Button(description="Start again"),
        Dropdown(description="Picture", options=list(PICTURES)),
        Dropdown(description="Start", options=STARTS),
        Slider("Clusters K", 2, MOST_CLUSTERS, value=3),
    )


@cache
def _image(picture: str) -> np.ndarray:
    name, step = PICTURES[picture]
    return load_picture(name).image[::step, ::step]


def _starting_centres(points: np.ndarray, start: str, num_clusters: int) -> np.ndarray:
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}, got {start!r}.")
    rng = np.random.default_rng(3)
    if start == "k-means++":
        return plus_plus(points, num_clusters, rng)
    if start == "random pixels":
        return points[rng.choice(len(points), num_clusters, replace=False)]
    colours = np.unique(points, axis=0)
    first = points[rng.integers(len(points))]
    nearest = np.argsort(np.sum((colours - first) ** 2, axis=1), kind="stable")
    return colours[nearest[:num_clusters]]


def _show_colours(now: HalfStep, points: np.ndarray, colours: np.ndarray, ax: Axes) -> None:
    some = np.random.default_rng(0).choice(len(points), SHOWN_POINTS, replace=False)
    own = np.full((len(some), 3), _GREY)
    if now.assignment is not None:
        own = colours[now.assignment[some]]
    ax.scatter(points[some, 0], points[some, 2], s=5, c=own / 255, linewidths=0)
    red, _, blue = now.centres.T
    ax.scatter(red, blue, s=130, c="black", marker="X", linewidths=0)
    ax.scatter(red, blue, s=60, c=colours / 255, marker="X", linewidths=0)
    ax.set(xlim=(-5, 260), ylim=(-5, 260), xticks=[], yticks=[], aspect="equal")
    ax.set_title("its colours")
    ax.set_xlabel("red 0 to 255", fontsize=9)
    ax.set_ylabel("blue 0 to 255", fontsize=9)


def _show_history(run: tuple[HalfStep, ...], steps: int, ax: Axes) -> None:
    spread = np.array([step.spread for step in run])
    longest, highest = max(len(run), 8), spread[1]
    ax.plot(range(1, steps + 1), spread[1 : steps + 1], "o-", markersize=3, color="tab:blue")
    ax.set(xlim=(0, longest), ylim=(0, 1.1 * highest), xticks=[], yticks=[])
    ax.set_title("inertia / pixels")
    ax.set_xlabel(f"half-steps 0 to {longest}", fontsize=9)
    words = f"{spread[steps]:,.0f}" if steps else ""
    ax.text(0.95, 0.93, words, transform=ax.transAxes, ha="right", va="top", fontsize=10)
    ax.set_ylabel("mean squared distance", fontsize=9)
