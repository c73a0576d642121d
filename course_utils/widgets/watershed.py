"""Markers of a watershed from a distance transform: their spacing decides the count (lesson 04)."""

from functools import cache

import numpy as np
from ipywidgets import Dropdown
from matplotlib.figure import Figure
from scipy import ndimage

from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.pictures import load_picture
from course_utils.edges import distance_markers, split_touching
from course_utils.figures import new_figure, set_alt_text
from course_utils.metrics import instance_average_precision
from course_utils.plotting import show_image, show_instances
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

OBJECTS = ("touching coins", "nuclei", "glands")


@cache
def true_instances(objects: str) -> np.ndarray:
    """Instance map of the objects of one kind, every second (glands: fourth) pixel.

    Parameters
    ----------
    objects : str
        One of `OBJECTS`.

    Returns
    -------
    ndarray of int, shape (H, W)

    Raises
    ------
    ValueError
        If the objects are none of them.

    Examples
    --------
    >>> true_instances("touching coins").shape
    (120, 160)
    """
    if objects not in OBJECTS:
        raise ValueError(f"objects must be one of {', '.join(OBJECTS)}, got {objects!r}.")
    if objects == "touching coins":
        return coin_scene(seed=0).instance_map[::2, ::2]
    tissue = load_picture("immunohistochemistry")
    name, part = {
        "nuclei": ("nucleus", np.s_[205:317, 80:375]),
        "glands": ("gland", np.s_[::4, ::4]),
    }[objects]
    mine = tissue.label_map == tissue.class_names.index(name)
    return np.where(mine, tissue.instance_map, 0)[part]


def draw_watershed(objects: str = "touching coins", min_distance: int = 5) -> Figure:
    """Draw the distance transform of the true mask with its markers, and the regions they flood.

    Parameters
    ----------
    objects : str
        One of `OBJECTS`.
    min_distance : int, at least 1
        Of two peaks nearer than this only the higher one becomes a marker, in pixels as drawn.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "14 markers for 14 objects" in alt_text(draw_watershed("touching coins", 5))
    True
    """
    markers, regions, _ = _split(objects, min_distance)
    figure, axes = new_figure(1, 2, width=7.6, height=3.2)
    show_image(_distance(objects), axes[0, 0], title="distance transform, markers")
    rows, columns = np.nonzero(markers)
    axes[0, 0].plot(columns, rows, ".", color="#ffcc00", markersize=9, markeredgecolor="black")
    show_instances(regions, axes[0, 1], title="one region for each marker")
    set_alt_text(figure, how_many(objects, min_distance))
    return figure


def how_many(objects: str, min_distance: int) -> str:
    """Say in one line how many markers there are, and how good their regions.

    Parameters
    ----------
    objects, min_distance
        As for `draw_watershed`.

    Returns
    -------
    str

    Examples
    --------
    >>> how_many("touching coins", 5)
    'Minimum distance 5: 14 markers for 14 objects, AP 1.00.'
    """
    markers, _, score = _split(objects, min_distance)
    count = np.count_nonzero(np.unique(true_instances(objects)))
    return (
        f"Minimum distance {min_distance}: {markers.max()} markers for {count} objects, "
        f"AP {score:.2f}."
    )


def demo() -> Demo:
    """Let the student choose the objects and the markers' smallest distance.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """

    def draw(objects: str, min_distance: int) -> tuple[Figure, str]:
        return draw_watershed(objects, min_distance), how_many(objects, min_distance)

    return explore(
        draw,
        objects=Dropdown(description="Objects", options=OBJECTS),
        min_distance=Slider("Smallest distance of two markers", 1, 40, value=1, unit="px"),
    )


@cache
def _distance(objects: str) -> np.ndarray:
    distance = ndimage.distance_transform_edt(true_instances(objects) > 0)
    return distance / distance.max()


@cache
def _split(objects: str, min_distance: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Markers, regions and AP."""
    target = true_instances(objects)
    markers = distance_markers(target > 0, min_distance)
    regions = split_touching(target > 0, markers)
    return markers, regions, float(instance_average_precision(target, regions))
