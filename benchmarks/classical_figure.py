"""The picture of results/classical.json: score against cost, one marker per method."""

import statistics

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

LESSONS = {
    "02": ("02 thresholds", "#0072B2", "o"),
    "03": ("03 clustering", "#D55E00", "s"),
    "04": ("04 edges and regions", "#009E73", "^"),
}
SHOWN = ("method", "oracle", "ceiling")  # kinds that have a place: no split is a line
PLACES = [  # of a name beside its marker: offset in points, alignment; the first that is free
    ((0, 11), {"ha": "center", "va": "bottom"}),
    ((0, -11), {"ha": "center", "va": "top"}),
    ((11, 0), {"ha": "left", "va": "center"}),
    ((-11, 0), {"ha": "right", "va": "center"}),
    ((9, 9), {"ha": "left", "va": "bottom"}),
    ((-9, 9), {"ha": "right", "va": "bottom"}),
    ((9, -9), {"ha": "left", "va": "top"}),
    ((-9, -9), {"ha": "right", "va": "top"}),
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
        ax.scatter(*zip(*points, strict=True), s=14, color=colour, marker=marker, alpha=0.16, lw=0)
        middles[method["name"]] = middle(points)
        filled = colour if method["kind"] == "method" else "white"
        ax.scatter(*middle(points), s=110, marker=marker, color=filled, edgecolor=colour, lw=2)
    draw_floor(ax, result)
    place_names(ax, middles)
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
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=11)
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
    """Write each name beside its marker, where it covers no marker and no other name."""
    ax.figure.draw_without_rendering()  # the layout is known from here
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    markers = ax.transData.transform(list(middles.values()))
    taken = []
    for name, where in middles.items():
        best = None
        for offset, alignment in PLACES:
            text = ax.annotate(
                name, where, xytext=offset, textcoords="offset points", fontsize=11, **alignment
            )
            box = text.get_window_extent(renderer).expanded(1.02, 1.1)
            hits = sum(box.overlaps(other) for other in taken)
            hits += box.padded(6).count_contains(markers)
            if best is None or hits < best[0]:
                if best:
                    best[1].remove()
                best = hits, text, box
            else:
                text.remove()
        taken.append(best[2])
