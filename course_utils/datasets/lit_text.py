"""Printed text under uneven light, with the exact truth of every letter.

The strokes of scikit-image's ``page`` are too thin to trace by hand, and its edges are blurred. So
we print our own text: the letters are rendered eight times larger than needed and averaged down,
which gives the share of each pixel that ink covers; a pixel is ink where that share is at least one
half. The paper's brightness, the contrast of the ink and the grain are measured on ``page``.
"""

from pathlib import Path

import matplotlib
import numpy as np
import skimage
from PIL import Image, ImageDraw, ImageFont

LINES = (
    (20, "Light is never even"),
    (13, "A threshold asks one question of every pixel: is it"),
    (13, "darker than this? Where the paper lies in shade, the"),
    (13, "paper itself is darker than ink that lies in the sun."),
    (13, "So no single answer can be right for the whole page."),
    (13, "Better to ask each pixel about its neighbours: is it"),
    (13, "darker than the paper around it? That, light allows."),
)
OVERSAMPLING = 8


def lit_text() -> tuple[np.ndarray, np.ndarray]:
    """Print the text on paper lit like scikit-image's ``page``.

    Returns
    -------
    image : ndarray of uint8, shape (191, 384)
        Grey levels; the same at every call.
    instance_map : ndarray of int32, shape (191, 384)
        Number of the letter whose ink covers half the pixel or more, in reading order from 1;
        0 is paper.

    Examples
    --------
    >>> image, instance_map = lit_text()
    >>> image.shape, int(instance_map.max()) == sum(len(t.replace(" ", "")) for _, t in LINES)
    ((191, 384), True)
    """
    page = skimage.data.page().astype(float)
    paper = paper_brightness(page)
    ink, instance_map = print_letters(page.shape)
    contrast = page / paper
    is_print = contrast < 0.75
    print_contrast = np.median(contrast[is_print])
    steps = np.abs(np.diff(contrast))[~is_print[:, 1:] & ~is_print[:, :-1]]
    grain = 1.48 / np.sqrt(2) * np.median(steps)  # standard deviation of one pixel's normal noise
    noise = np.random.default_rng(0).normal(0, grain, page.shape)
    lit = paper * (1 - ink * (1 - print_contrast) + noise)
    return np.clip(np.rint(lit), 0, 255).astype(np.uint8), instance_map


def paper_brightness(page: np.ndarray) -> np.ndarray:
    """Brightness of the bare paper: the smooth surface under a printed page.

    A polynomial of degree 3 in row and column is fitted to one pixel in 25, then again and again
    without those that are darker than it: the ink drops out.

    Parameters
    ----------
    page : ndarray of float, shape (H, W)
        Grey levels of dark print on bright paper.

    Returns
    -------
    ndarray of float64, shape (H, W)
        Grey levels.

    Examples
    --------
    >>> page = np.full((60, 60), 200.0)
    >>> page[15:18, 10:50] = 40.0
    >>> bool(np.allclose(paper_brightness(page), 200))
    True
    """
    rows, columns = (np.linspace(-1, 1, size) for size in page.shape)
    surface = np.polynomial.polynomial.polyvander2d(
        *np.meshgrid(rows, columns, indexing="ij"), (3, 3)
    )
    sample, grey = surface[::5, ::5].reshape(-1, 16), page[::5, ::5].ravel()
    is_paper = np.ones(grey.shape, bool)
    for _ in range(8):
        weights, *_ = np.linalg.lstsq(sample[is_paper], grey[is_paper], rcond=None)
        is_paper = grey > 0.95 * (sample @ weights)
    return surface @ weights


def print_letters(size: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Set the text and tell for each pixel how much of it is ink, and of which letter.

    Parameters
    ----------
    size : tuple of int
        Rows and columns of the paper.

    Returns
    -------
    ink : ndarray of float64, shape (H, W)
        Share of each pixel that is covered by ink, in [0, 1].
    instance_map : ndarray of int32, shape (H, W)
        Letter number where the share is at least one half, else 0.

    Examples
    --------
    >>> ink, instance_map = print_letters((191, 384))
    >>> bool(np.all((ink >= 0.5) == (instance_map > 0)))
    True
    """
    ink = np.zeros(size)
    instance_map = np.zeros(size, np.int32)
    number, top = 0, 6.0
    for points, text in LINES:
        font = ImageFont.truetype(font_file(), points * OVERSAMPLING)
        for position, letter in enumerate(text):
            if letter == " ":
                continue
            left = 8 + font.getlength(text[:position]) / OVERSAMPLING
            window = (
                slice(int(top), int(top) + 2 * points),
                slice(int(left), int(left) + 2 * points),
            )
            covered = _cover(letter, font, top % 1, left % 1)
            covered = covered[: ink[window].shape[0], : ink[window].shape[1]]
            number += 1
            instance_map[window][covered >= 0.5] = number
            ink[window] = np.maximum(ink[window], covered)
        top += 1.85 * points
    return ink, instance_map


def font_file() -> Path:
    """The font that comes with Matplotlib: DejaVu Sans.

    Returns
    -------
    Path
        A TrueType file.

    Examples
    --------
    >>> font_file().name
    'DejaVuSans.ttf'
    """
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def _cover(letter: str, font: ImageFont.FreeTypeFont, down: float, right: float) -> np.ndarray:
    size = round(2 * font.size / OVERSAMPLING)
    large = Image.new("1", (size * OVERSAMPLING, size * OVERSAMPLING))
    corner = (round(right * OVERSAMPLING), round(down * OVERSAMPLING))
    ImageDraw.Draw(large).text(corner, letter, font=font, fill=1)
    blocks = np.asarray(large).reshape(size, OVERSAMPLING, size, OVERSAMPLING)
    return blocks.mean(axis=(1, 3))
