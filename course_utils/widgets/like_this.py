"""Point at a pixel, find all pixels like it: a first segmenter, with its score (lesson 01)."""

from functools import cache

import numpy as np
from matplotlib.figure import Figure
from skimage.color import rgb2lab

from course_utils.figures import new_figure, set_alt_text
from course_utils.labels import IGNORE_INDEX
from course_utils.metrics import mask_iou
from course_utils.plotting import show_image
from course_utils.widgets.canvas import Canvas
from course_utils.widgets.explore import explore
from course_utils.widgets.pixel_reader import coloured, reduced_picture
from course_utils.widgets.slider import Slider
from course_utils.widgets.still import Demo

DIM = 0.25  # what is left of the brightness outside the mask


def pixels_like(lab: np.ndarray, row: int, column: int, tolerance: float) -> np.ndarray:
    """Pixels whose colour is near that of one pixel.

    Parameters
    ----------
    lab : ndarray of float, shape (H, W, 3)
        Colours in CIELAB, where equal distances look about equally different.
    row, column : int
        The pixel; the mean of it and its eight neighbours is compared.
    tolerance : float, at least 0
        Largest distance in CIELAB, exclusive.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    ValueError
        If the pixel lies outside, or the tolerance is negative.

    Examples
    --------
    >>> lab = np.zeros((1, 4, 3))
    >>> lab[0, 2:] = 50
    >>> pixels_like(lab, 0, 0, tolerance=10)
    array([[ True,  True, False, False]])
    """
    if not (0 <= row < lab.shape[0] and 0 <= column < lab.shape[1]):
        raise ValueError(
            f"the pixel must lie in the picture of {lab.shape[0]} x {lab.shape[1]}, "
            f"got row {row}, column {column}. Count from 0."
        )
    if tolerance < 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance}. Give a distance.")
    around = lab[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    colour = around.reshape(-1, 3).mean(axis=0)
    return np.linalg.norm(lab - colour, axis=-1) < tolerance


def draw_like_this(
    cell: tuple[int, int] | None = None, tolerance: float = 20, picture: str = "coffee"
) -> tuple[Figure, str]:
    """Draw the pixels that are like one, and score them as a mask of that pixel's class.

    Parameters
    ----------
    cell : tuple of int, optional
        (row, column) in the reduced picture; the middle by default.
    tolerance : float, at least 0
        As for `pixels_like`.
    picture : str
        As for `pixel_reader.reduced_picture`.

    Returns
    -------
    tuple of Figure and str

    Examples
    --------
    >>> figure, line = draw_like_this((50, 36), 30, "immunohistochemistry")
    >>> line
    'gland: IoU 0.95 with the truth'
    """
    source, lab = reduced_picture(picture), _lab(picture)
    row, column = cell or (lab.shape[0] // 2, lab.shape[1] // 2)
    found = pixels_like(lab, row, column, tolerance)
    colour = coloured(source, "photograph")
    shown = np.where(found[..., None], colour, DIM * colour).astype(np.uint8)
    shown[_edge(found)] = (0, 204, 255)
    figure, axes = new_figure(width=3.6, height=3.6 * lab.shape[0] / lab.shape[1])
    show_image(shown, axes[0, 0])
    label = int(source.label_map[row, column])
    if label == IGNORE_INDEX:
        line = "This pixel is void: nobody can say what the mask should be."
    else:
        scored = source.label_map != IGNORE_INDEX
        iou = mask_iou(source.label_map == label, found, scored=scored)
        line = f"{source.class_names[label]}: IoU {iou:.2f} with the truth"
    set_alt_text(
        figure,
        f"The picture {picture}, darkened where the colour differs from row {row}, column "
        f"{column} by {tolerance:g} or more: {found.mean():.0%} of it is left. {line}.",
    )
    return figure, line


def demo(picture: str = "coffee") -> Demo:
    """Let the student point at a pixel and move the tolerance.

    Parameters
    ----------
    picture : str
        As for `pixel_reader.reduced_picture`.

    Returns
    -------
    Demo

    Examples
    --------
    >>> isinstance(demo(), Demo)
    True
    """
    source = reduced_picture(picture)
    canvas = Canvas(
        "Point at a pixel",
        image=source.image,
        alt=f"The picture {picture}, with {', '.join(source.class_names[1:])}.",
        width=320,
    )

    def draw(cell: tuple[int, int] | None, tolerance: float) -> tuple[Figure, str]:
        return draw_like_this(cell, tolerance, picture)

    return explore(draw, canvas, tolerance=Slider("Tolerance", 0, 60, value=20))


@cache
def _lab(name: str) -> np.ndarray:
    return rgb2lab(coloured(reduced_picture(name), "photograph"))


def _edge(mask: np.ndarray) -> np.ndarray:
    """Pixels of the mask with a neighbour outside it."""
    padded = np.pad(mask, 1, mode="edge")
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inside
