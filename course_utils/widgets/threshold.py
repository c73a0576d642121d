"""A threshold on a histogram, the mask that it makes, and the mask's IoU (lesson 02).

`SCENES` and `show_histogram` also serve the lesson's other demos.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from ipywidgets import Checkbox, Dropdown
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from scipy import ndimage

from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import mask_iou
from course_utils.plotting import show_error_map
from course_utils.thresholding import LEVELS, grey_histogram, grey_levels
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

CLASS_COLOURS = ("0.62", "#00604f")  # the levels <= t and the levels > t
LINE_COLOUR = "#1155aa"
SMOOTHING = 2  # pixels: standard deviation of the Gaussian of the demo's check box


@dataclass(frozen=True, eq=False)
class Scene:
    """A grey picture and the one mask that is asked for.

    Attributes
    ----------
    grey : ndarray of uint8, shape (H, W)
    target : ndarray of bool, shape (H, W)
        The object, drawn by hand.
    scored : ndarray of bool, shape (H, W)
        False where the truth is void.
    bright : bool
        Whether the object is the brighter class, the levels above the threshold.
    name : str
        What the object is called.
    """

    grey: np.ndarray
    target: np.ndarray
    scored: np.ndarray
    bright: bool
    name: str

    def mask(self, grey: np.ndarray, threshold: float | np.ndarray) -> np.ndarray:
        """Pixels of the object's class: above the threshold, or not above it."""
        return grey > threshold if self.bright else grey <= threshold

    def iou(self, mask: np.ndarray) -> float:
        """IoU of a mask with the object, void left out."""
        return mask_iou(self.target, mask, self.scored)


SCENES: dict[str, tuple[str, Sequence[str], bool]] = {
    "coins": ("coins", ["coin"], True),
    "glands": ("immunohistochemistry", ["gland"], False),
    "man": ("camera", ["man"], False),
    "cell": ("cell", ["cell"], True),
    "ink": ("lit_text", ["ink"], False),
    "cat": ("cat", ["cat", "eye", "nose"], False),
}
"""Scene -> picture, classes of the object, whether the object is bright."""


@cache
def scene(name: str) -> Scene:
    """Make one of `SCENES`; do not write to its arrays, they are shared.

    Parameters
    ----------
    name : str
        One of `SCENES`.

    Returns
    -------
    Scene

    Raises
    ------
    ValueError
        If there is no such scene.

    Examples
    --------
    >>> scene("coins").grey.shape, scene("coins").bright
    ((303, 384), True)
    """
    if name not in SCENES:
        raise ValueError(f"name must be one of {', '.join(SCENES)}, got {name!r}. Choose one.")
    picture_name, classes, bright = SCENES[name]
    picture = load_picture(picture_name)
    indices = [picture.class_names.index(class_name) for class_name in classes]
    return Scene(
        grey=grey_levels(picture.image),
        target=np.isin(picture.label_map, indices),
        scored=picture.label_map != IGNORE_INDEX,
        bright=bright,
        name=name,
    )


def show_histogram(
    histogram: np.ndarray, ax: Axes, threshold: int | None = None, *, title: str = ""
) -> Axes:
    """Draw a histogram as steps; with a threshold, its two classes in two colours.

    Parameters
    ----------
    histogram : array of float or int, shape (256,)
    ax : Axes
        Where to draw.
    threshold : int, 0 to 255, optional
        The levels <= threshold are grey, the levels above it green, a line stands between them.
    title : str

    Returns
    -------
    Axes

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> ax = show_histogram(np.ones(256), axes[0, 0], threshold=63)
    >>> from course_utils.figures import alt_text
    >>> alt_text(figure)
    'Histogram of 256 grey levels, largest peak at level 0. 25% of the pixels are at levels <= 63.'
    """
    top = 1.08 * second_largest(histogram)
    edges = np.arange(LEVELS + 1) - 0.5
    split = LEVELS if threshold is None else threshold + 1
    for part, colour in zip((slice(0, split), slice(split, LEVELS)), CLASS_COLOURS, strict=True):
        counts = histogram[part]
        if len(counts):
            around = np.concatenate([edges[part], [edges[part][-1] + 1]])
            steps = StepPatch(counts, around, fill=True, color=colour, linewidth=0)
            ax.add_artist(steps)  # `stairs` would walk along every step to find the limits
    text = f"Histogram of 256 grey levels, largest peak at level {int(np.argmax(histogram))}."
    if threshold is not None:
        ax.vlines(threshold + 0.5, 0, top, colors=LINE_COLOUR, linewidths=1.5)
        below = np.sum(histogram[:split]) / np.sum(histogram)
        text += f" {below:.0%} of the pixels are at levels <= {threshold}."
    level_axis(ax, top, label="pixels")
    if title:
        ax.set_title(title, y=1)  # a fixed height spares the search for one
    set_alt_text(ax, text)
    return ax


def second_largest(histogram: np.ndarray) -> float:
    """Height that shows a histogram's shape: its second largest entry, a lone spike is cut off.

    Parameters
    ----------
    histogram : array of float or int, shape (L,)

    Returns
    -------
    float
        At least 1.

    Examples
    --------
    >>> second_largest(np.array([900, 3, 5]))
    5.0
    """
    return max(float(np.sort(histogram)[-2]), 1.0)


def level_axis(ax: Axes, top: float, label: str = "") -> None:
    """Write the grey levels under a panel, as plain texts: ticks take far longer to draw.

    Parameters
    ----------
    ax : Axes
    top : float
        Upper end of the panel.
    label : str
        What the height is, written along the left side.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> level_axis(axes[0, 0], top=10)
    >>> [float(end) for end in axes[0, 0].get_ylim()]
    [0.0, 10.0]
    """
    ax.set_axis_off()
    ax.set(xlim=(-4, 260), ylim=(0, top), xticks=[], yticks=[])
    ax.hlines(0, -4, 260, colors="0", linewidths=0.8, clip_on=False)
    for level in (0, 64, 128, 192, 255):
        ax.text(level, -0.02 * top, str(level), ha="center", va="top", fontsize=9)
    ax.text(128, -0.11 * top, "grey level", ha="center", va="top", fontsize=9)
    if label:
        ax.text(-8, 0.5 * top, label, ha="right", va="center", fontsize=9, rotation=90)


@lru_cache(maxsize=16)
def noisy_levels(name: str, noise: int = 0, smooth: bool = False) -> np.ndarray:
    """Grey levels of a scene with normal noise, smoothed afterwards if asked.

    Parameters
    ----------
    name : str
        One of `SCENES`.
    noise : int, at least 0
        Standard deviation in grey levels; the same noise at every call.
    smooth : bool
        Take the mean of the neighbours under a Gaussian of standard deviation 2 pixels.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Shared: do not write to it.

    Examples
    --------
    >>> bool((noisy_levels("coins") == scene("coins").grey).all())
    True
    """
    levels = scene(name).grey.astype(np.float32)
    if noise:
        levels = np.clip(np.rint(levels + noise * _field(levels.shape)), 0, 255)
    if smooth:
        levels = np.rint(ndimage.gaussian_filter(levels, SMOOTHING))
    return levels.astype(np.uint8)


@lru_cache(maxsize=4)
def _field(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def show_answer(scene: Scene, mask: np.ndarray, ax: Axes) -> float:
    """Draw where a mask of a scene is right and wrong, titled with its IoU.

    Parameters
    ----------
    scene : Scene
    mask : ndarray of bool, shape (H, W)
    ax : Axes
        Where to draw. Large pictures are drawn with every second pixel, and scored whole.

    Returns
    -------
    float
        The IoU.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> show_answer(scene("cell"), scene("cell").target, axes[0, 0])
    1.0
    """
    step = 1 + int(mask.size > 100_000)
    target = np.where(scene.scored, scene.target, IGNORE_INDEX).astype(np.uint8)
    iou = scene.iou(mask)
    show_error_map(
        target[::step, ::step],
        mask[::step, ::step].astype(np.uint8),
        ax,
        class_names=("background", scene.name),
        counts=False,
        title=f"IoU {iou:.3f}",
    )
    return iou


def draw_threshold(
    name: str = "coins", threshold: int = 107, noise: int = 0, smooth: bool = False
) -> Figure:
    """Draw a histogram with a threshold on it, and where the mask it makes is right and wrong.

    Parameters
    ----------
    name : str
        One of `SCENES`.
    threshold : int, 0 to 255
        The object is the levels above it where it is bright, and the others where it is dark.
    noise : int, at least 0
        Standard deviation of the noise that is added, in grey levels.
    smooth : bool
        Smooth the picture before the threshold.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from course_utils.figures import alt_text
    >>> "IoU 0.788" in alt_text(draw_threshold("coins", 107))
    True
    """
    chosen = scene(name)
    grey = noisy_levels(name, noise, smooth)
    figure, axes = new_figure(1, 2, width=7.6, height=3.2)
    sign = ">" if chosen.bright else "<="
    title = f"{name}: levels {sign} {threshold}"
    show_histogram(grey_histogram(grey), axes[0, 0], threshold, title=title)
    show_answer(chosen, chosen.mask(grey, threshold), axes[0, 1])
    return figure


def demo() -> Demo:
    """Let the student choose picture, threshold and noise.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_threshold,
        name=Dropdown(description="Find the", options=list(SCENES)),
        threshold=Slider("Threshold", 0, 255, value=60, unit="levels"),
        noise=Slider("Noise", 0, 60, 5, unit="levels"),
        smooth=Checkbox(description="Smooth the picture first", indent=False),
    )
