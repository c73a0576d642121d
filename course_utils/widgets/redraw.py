"""Draw a figure like the last one again, and only what changed: text is most of the work.

A demo draws nearly the same figure at every step of a slider. Titles, legends and other texts that
stand beside the panels and say the same are not drawn again: their pixels are copied from the
picture before. The panels themselves are always drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from course_utils.figures import draw_pixels, encode_pixels

_TOUCH = 2  # pixels: tick marks and frames may touch a panel's border


@dataclass(frozen=True)
class _Part:
    """Words beside a panel: what they say and how, and the rows and columns of pixels they take."""

    words: Any
    box: tuple[slice, slice] | None  # None: they stand on a panel, or nowhere


class Redrawer:
    """Encodes one figure after another for the same place on the screen.

    Examples
    --------
    >>> from course_utils.figures import new_figure, png_size
    >>> redrawer = Redrawer()
    >>> for value in (1, 2):
    ...     figure, axes = new_figure(width=2, height=1)
    ...     _ = axes[0, 0].set(title="value", xlim=(0, 3)), axes[0, 0].barh([0], [value])
    ...     png = redrawer.encode(figure, keep_places=True)
    >>> png_size(png)
    (200, 100)
    """

    def __init__(self) -> None:
        self._places: list[Bbox] = []
        self._parts: dict[tuple[int, str], _Part] = {}
        self._pixels = np.zeros((0, 0), dtype=np.uint32)

    def encode(self, figure: Figure, *, keep_places: bool) -> bytes:
        """Draw the figure and encode it.

        Parameters
        ----------
        figure : Figure
        keep_places : bool
            Whether its panels stay where they were, if there are as many as before: nothing jumps
            while a slider moves, the time to find new places is spared, and words are copied.

        Returns
        -------
        bytes
            A PNG.
        """
        keep = keep_places and self._has_shape_of(figure)
        if keep:
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, self._places, strict=True):
                ax.set_position(place)
        artists = dict(_beside_panels(figure))
        words = {key: _words_of(artist) for key, artist in artists.items()}
        copied = {
            key: part
            for key, part in self._parts.items()
            if keep and part.box is not None and key in words and part.words == words[key]
        }
        for key in copied:
            artists[key].set_visible(False)
        pixels = draw_pixels(figure).copy()
        for part in copied.values():
            pixels[part.box] = self._pixels[part.box]
        self._parts = {
            key: copied.get(key) or _Part(words[key], _box(artist, figure))
            for key, artist in artists.items()
        }
        self._places = [ax.get_position(original=True) for ax in figure.axes]
        self._pixels = pixels
        return encode_pixels(pixels)

    def _has_shape_of(self, figure: Figure) -> bool:
        height, width = self._pixels.shape
        same_size = (width, height) == figure.canvas.get_width_height()
        return same_size and len(figure.axes) == len(self._places)


def _beside_panels(figure: Figure) -> Iterator[tuple[tuple[int, str], Artist]]:
    for number, ax in enumerate(figure.axes):
        if ax.title.get_text():
            yield (number, "title"), ax.title
        for name, axis in (("x", ax.xaxis), ("y", ax.yaxis)):
            if ax.axison and axis.get_visible():
                yield (number, name), axis
        if (legend := ax.get_legend()) is not None:
            yield (number, "legend"), legend
        for index, text in enumerate(ax.texts):
            if text.get_alpha() != 0:  # one that only keeps room free has no pixels of its own
                yield (number, f"text {index}"), text


def _words_of(artist: Artist) -> Any:
    """All that decides how a part looks where it stands; equal words look equal."""
    if isinstance(artist, Text):
        look = artist.get_color(), artist.get_alpha(), artist.get_fontsize(), artist.get_rotation()
        return artist.get_text(), artist.get_position(), look
    if isinstance(artist, Axis):
        labels = [_words_of(text) for text in (artist.label, *artist.get_ticklabels())]
        return labels, tuple(artist.get_majorticklocs()), tuple(artist.get_view_interval())
    assert isinstance(artist, Legend)
    colours = [patch.get_facecolor() for patch in artist.get_patches()]
    colours += [line.get_color() for line in artist.get_lines()]
    return [_words_of(text) for text in artist.get_texts()], colours


def _box(artist: Artist, figure: Figure) -> tuple[slice, slice] | None:
    """Where a part was drawn; None if a panel lies below it, whose content may change."""
    if isinstance(artist, Axis) and any(line.get_visible() for line in artist.get_gridlines()):
        return None
    extent = artist.get_tightbbox()
    if extent is None:
        return None
    extent = extent.padded(1)  # letters may be a pixel wider than their box
    if isinstance(artist, Axis):
        extent = _with_tick_marks(extent, artist.axes.bbox)
    if any(_overlap(extent, ax) for ax in figure.axes):
        return None
    height = figure.canvas.get_width_height()[1]
    top, bottom = int(height - extent.y1), int(np.ceil(height - extent.y0))
    left, right = int(extent.x0), int(np.ceil(extent.x1))
    return slice(max(0, top), bottom), slice(max(0, left), right)


def _with_tick_marks(labels: Bbox, panel: Bbox) -> Bbox:
    """Extend the box of tick labels to the panel's side that they stand at."""
    x0, y0, x1, y1 = panel.extents
    if labels.y1 <= y0 or labels.y0 >= y1:
        y = y0 if labels.y1 <= y0 else y1
        return Bbox.union([labels, Bbox([[x0, y], [x1, y]])])
    x = x0 if labels.x1 <= x0 else x1
    return Bbox.union([labels, Bbox([[x, y0], [x, y1]])])


def _overlap(extent: Bbox, ax: Axes) -> bool:
    common = Bbox.intersection(extent, ax.bbox)
    return common is not None and min(common.width, common.height) > _TOUCH
