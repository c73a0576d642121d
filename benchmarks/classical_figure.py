"""The picture of results/classical.json: score against cost, one marker per method."""

import statistics

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

LESSONS = {
    "02": ("02 thresholds", "#0072B2", "o"),
    "03": ("03 clustering", "#D55E00", "s"),
    "04": ("04 edges and regions", "#009E73", "^"),
}
SHOWN = ("method", "oracle", "ceiling")  # kinds that have a place: no split is a line
PLACES = [  # of a name: offset from its marker in points, nearest first
    (radius * np.cos(angle), radius * np.sin(angle))
    for radius in (12, 28, 45, 65, 85)
    for angle in np.deg2rad([90, 270, 0, 180, 45, 135, 315, 225, 20, 160, 340, 200])
]


def points_of(result, method):
    """(milliseconds per megapixel, IoU) of a method on each picture; no answer is IoU 0."""
    return [
        (case["milliseconds"] / result["megapixels"][case["picture"]], case["iou"] or 0)
        for case in result["cases"]
        if case["method"] == method["name"]
    ]


def middle(points):
    """Median cost and mean score."""
    costs, scores = zip(*points, strict=True)
    return statistics.median(costs), statistics.mean(scores)


def draw_figure(result):
    """One marker per method, one faint marker per picture, the references hollow."""
    figure = Figure(figsize=(11, 7), dpi=110, layout="constrained")
    ax = figure.subplots()
    ax.set(xscale="log", ylim=(-0.03, 1.03))
    middles = {}
    for method in result["methods"]:
        if method["kind"] not in SHOWN:
            continue
        _, colour, marker = LESSONS[method["lesson"]]
        points = points_of(result, method)
        ax.scatter(*zip(*points, strict=True), s=14, color=colour, marker=marker, alpha=0.22, lw=0)
        middles[method["name"]] = middle(points)
        filled = colour if method["kind"] == "method" else "white"
        ax.scatter(*middle(points), s=110, marker=marker, color=filled, edgecolor=colour, lw=2)
    draw_floor(ax, result)
    ax.set_xlabel("median milliseconds per megapixel (logarithmic)", fontsize=12)
    ax.set_ylabel("IoU of object, mean over the pictures", fontsize=12)
    ax.set_title(
        f"Classical methods on {len(result['pictures'])} pictures, groups named by the truth",
        loc="left",
        fontsize=14,
    )
    ax.tick_params(labelsize=11)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
    style = {"linestyle": "", "markersize": 9}
    handles = [
        Line2D([], [], color=colour, marker=marker, label=f"lesson {name}", **style)
        for name, colour, marker in LESSONS.values()
    ]
    hollow = {"color": "#555555", "marker": "o", "markerfacecolor": "white", "mew": 2, **style}
    faint = {"color": "#555555", "marker": "o", "alpha": 0.35, "linestyle": "", "markersize": 4}
    handles += [
        Line2D([], [], label="chosen with the truth, or hundreds of groups", **hollow),
        Line2D([], [], label="one picture", **faint),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False, fontsize=11)
    place_names(ax, middles)
    return figure


def draw_floor(ax: Axes, result):
    """A dashed line at what the naming earns without any split."""
    for method in result["methods"]:
        if method["kind"] == "floor":
            _, score = middle(points_of(result, method))
            ax.axhline(score, color="#555555", linestyle="--", linewidth=1, zorder=0)
            ax.annotate(
                "no split at all",
                (0.995, score),
                xycoords=("axes fraction", "data"),
                xytext=(0, 4),
                textcoords="offset points",
                ha="right",
                fontsize=11,
                color="#555555",
            )


def place_names(ax: Axes, middles):
    """Write each name beside its marker, at the nearest place where it covers no other thing."""
    ax.figure.draw_without_rendering()
    ax.figure.set_layout_engine("none")  # the layout stays from here
    markers = [
        Bbox.from_bounds(x - 10, y - 10, 20, 20)
        for x, y in ax.transData.transform(list(middles.values()))
    ]
    taken = []
    for name, where in middles.items():
        texts = []
        for across, up in PLACES:
            text = write_name(ax, name, where, across, up)
            box = box_of(text).padded(2)
            hits = sum(box.overlaps(other) for other in markers + taken)
            texts.append((hits, len(texts), text, box))
            if not hits:
                break
        *others, best = sorted(texts, key=lambda entry: entry[:2], reverse=True)
        for _, _, text, _ in others:
            text.remove()
        taken.append(best[3])


def write_name(ax: Axes, name, where, across, up):
    """Write a name at an offset from its marker, with a thin line where that is far."""
    far = np.hypot(across, up) > 12
    return ax.annotate(
        name,
        where,
        xytext=(across, up),
        textcoords="offset points",
        ha="center" if abs(across) < 6 else "left" if across > 0 else "right",
        va="center" if abs(up) < 6 else "bottom" if up > 0 else "top",
        fontsize=11,
        arrowprops={"arrowstyle": "-", "color": "#888888", "lw": 0.8, "shrinkB": 6}
        if far
        else None,
    )


def box_of(text):
    """What the letters of an annotation cover, its line left out."""
    renderer = FigureCanvasAgg(text.figure).get_renderer()
    text.update_positions(renderer)
    return Text.get_window_extent(text, renderer)
