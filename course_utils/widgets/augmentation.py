"""Augmentation explorer: image and label map moved together, or the image alone (lesson 10)."""

from functools import cache
from typing import Any, cast

import numpy as np
from ipywidgets import Checkbox, Dropdown
from matplotlib.figure import Figure

from course_utils import transforms
from course_utils.datasets.pictures import load_picture
from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import IGNORE_INDEX, display_palette
from course_utils.transforms import Augmentation
from course_utils.widgets.explore import explore
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

PICTURES = ("coffee", "cat", "astronaut", "coins")
SIDE = 144
"""Rows and columns of the picture that is moved, in pixels."""
TILE, GAP, TITLE = 240, 10, 26  # screen pixels


class _Chosen:
    """Random numbers that are chosen: `transforms.augment` draws exactly the move asked for."""

    def __init__(self, flip: bool, zoom: float, turn: float, brightness: float) -> None:
        self._draws = np.full((1, 9), 0.5, np.float32)
        self._draws[0, :2] = 1, 0 if flip else 1
        self._draws[0, 3], self._draws[0, 7] = turn >= 0, brightness >= 0
        self._draws[0, 8] = 1  # all of the noise that is allowed

    def random(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return self._draws.astype(dtype)

    def standard_normal(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.random.default_rng(0).standard_normal(shape, dtype)


def moved(
    image: np.ndarray,
    label_map: np.ndarray,
    *,
    flip: bool = False,
    zoom: int = 100,
    turn: int = 0,
    crop: int = 100,
    brightness: int = 0,
    noise: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Change image and label map by one move that is chosen, not drawn.

    Parameters
    ----------
    image : ndarray of uint8, shape (3, H, W)
    label_map : ndarray of uint8, shape (H, W)
    flip : bool
        Exchange left and right.
    zoom : int
        Percent: 200 doubles every length.
    turn : int, -180 to 180
        Degrees.
    crop : int, 1 to 100
        Side of the window in the middle, in percent.
    brightness : int, -100 to 100
        Percent of the range, added.
    noise : int, 0 to 100
        Standard deviation in percent of the range.

    Returns
    -------
    image, label_map : ndarray of uint8, shapes (3, h, w) and (h, w)

    Examples
    --------
    >>> image, label_map = np.zeros((3, 2, 2), np.uint8), np.array([[0, 1], [2, 3]], np.uint8)
    >>> moved(image, label_map, flip=True)[1]
    array([[1, 0],
           [3, 2]], dtype=uint8)
    """
    height, width = label_map.shape
    how = Augmentation(
        flip=flip,
        scale=(zoom / 100, zoom / 100),
        rotate=abs(turn),
        crop=None if crop == 100 else (height * crop // 100, width * crop // 100),
        brightness=abs(brightness) / 100,
        noise=noise / 100,
    )
    chosen = cast(np.random.Generator, _Chosen(flip, zoom, turn, brightness))
    return transforms.augment(image, label_map, how=how, rng=chosen)[:2]


def draw_augmentation(
    picture: str = "coffee",
    flip: bool = False,
    zoom: int = 100,
    turn: int = 0,
    crop: int = 100,
    brightness: int = 0,
    noise: int = 0,
    image_alone: bool = False,
) -> tuple[Figure, str]:
    """Draw a picture after a move, its label map, and both on top of each other.

    Parameters
    ----------
    picture : str
        One of `PICTURES`.
    flip, zoom, turn, crop, brightness, noise
        As for `moved`.
    image_alone : bool
        The accident: the label map is cropped at most, and otherwise stays where it was.

    Returns
    -------
    tuple of Figure and str
        And a line that says which share of the pixels has the right label.

    Examples
    --------
    >>> figure, line = draw_augmentation(flip=True)
    >>> line
    'Label map moved along: 100.0% of the pixels have the right label.'
    """
    image, label_map, names = _sample(picture)
    move = {"flip": flip, "zoom": zoom, "turn": turn, "crop": crop}
    new_image, right = moved(image, label_map, **move, brightness=brightness, noise=noise)  # type: ignore[arg-type]
    shown = moved(image, label_map, crop=crop)[1] if image_alone else right
    share = float(np.mean(shown == right))
    how = "Image moved alone" if image_alone else "Label map moved along"
    line = f"{how}: {share:.1%} of the pixels have the right label."
    colours = _coloured(shown, len(names))
    pixels = new_image.transpose(1, 2, 0)
    tint = np.where(shown > 0, 0.45, 0)[..., None]  # background stays clear
    both = np.where(_outlines(shown)[..., None], 255, (1 - tint) * pixels + tint * colours)
    figure = _tiled({"image": pixels, "label map": colours, "both": both.astype(np.uint8)})
    void = np.mean(shown == IGNORE_INDEX)
    set_alt_text(
        figure,
        f"The picture {picture}, {'flipped' if flip else 'not flipped'}, zoom {zoom} %, turned by "
        f"{turn} degrees, window {crop} %, brightness {brightness:+d} %, noise {noise} %; its "
        f"label map, {void:.0%} of it void; and both on top of each other. {line}",
    )
    return figure, line


def demo() -> Demo:
    """Let the student choose the move, and whether the label map comes along.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    return explore(
        draw_augmentation,
        picture=Dropdown(description="Picture", options=PICTURES),
        flip=Checkbox(description="Flip", value=True, indent=False),
        zoom=Slider("Zoom", 50, 200, 5, value=100, unit="%"),
        turn=Slider("Turn", -90, 90, 5, value=15, unit="degrees"),
        crop=Slider("Window", 25, 100, 5, value=100, unit="%"),
        brightness=Slider("Brightness", -50, 50, 5, value=0, unit="%"),
        noise=Slider("Noise", 0, 30, value=0, unit="%"),
        image_alone=Checkbox(description="Move the image alone", value=False, indent=False),
    )


@cache
def _sample(name: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """The middle square of a picture, made small: image (3, S, S), label map, class names."""
    picture = load_picture(name)
    image = picture.image if picture.image.ndim == 3 else picture.image[..., None].repeat(3, -1)
    label_map = np.asarray(picture.label_map, np.uint8)
    side = min(label_map.shape)
    top, left = ((length - side) // 2 for length in label_map.shape)
    window = np.s_[top : top + side, left : left + side]
    small, labels, _ = transforms.resize(
        image[window].transpose(2, 0, 1), label_map[window], size=(SIDE, SIDE)
    )
    return small, labels, tuple(picture.class_names)


def _coloured(label_map: np.ndarray, num_classes: int) -> np.ndarray:
    """Class colours, uint8 (H, W, 3); void is white with grey stripes."""
    stripes = np.where(np.add(*np.indices(label_map.shape)) % 6 < 2, 150, 255).astype(np.uint8)
    void = label_map == IGNORE_INDEX
    colours = display_palette(num_classes)[np.where(void, 0, label_map)]
    return np.where(void[..., None], stripes[..., None], colours)


def _outlines(label_map: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour has another value."""
    beyond = np.pad(label_map, ((0, 1), (0, 1)), mode="edge")
    return (beyond[:-1, :-1] != beyond[1:, :-1]) | (beyond[:-1, :-1] != beyond[:-1, 1:])


def _tiled(tiles: dict[str, np.ndarray]) -> Figure:
    """Titled square pictures as one: a panel for each would take twice as long to draw."""
    height, width = TITLE + TILE, len(tiles) * (TILE + GAP) - GAP
    canvas = np.full((height, width, 3), 255, np.uint8)
    figure, axes = new_figure(width=width / 100, height=height / 100)
    figure.set_layout_engine("none")
    ax = axes[0, 0]
    ax.set_position((0, 0, 1, 1))
    ax.set_axis_off()
    ax.set(xlim=(0, width), ylim=(height, 0))
    for index, (title, tile) in enumerate(tiles.items()):
        left = index * (TILE + GAP)
        rows, columns = (np.arange(TILE) * side // TILE for side in tile.shape[:2])
        canvas[TITLE:, left : left + TILE] = tile[rows[:, None], columns]
        ax.text(left + TILE / 2, TITLE - 8, title, ha="center", va="baseline", fontsize=11)
    figure.figimage(canvas, origin="upper", zorder=-1)
    return figure
