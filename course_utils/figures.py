"""Figures that everyone can read: their style, their alternative text, their small PNG.

A figure made from data can be described from data. Each panel carries one factual sentence, the
figure's alternative text joins them, and importing this module inside a notebook makes every
Matplotlib figure arrive there as an `<img>` with that text, for a screen reader and for an export.
"""

import base64
import html
import io
import sys
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

STYLE: dict[str, Any] = {
    "figure.dpi": 100,  # pixels on screen: 10 pt text is 14 pixels high
    "figure.figsize": (7.0, 3.6),
    "figure.constrained_layout.use": True,
    # The layout is found in two steps from this one: panels this low are lower than wide, so that
    # the first step already sees the whole height of the legends under them.
    "figure.subplot.bottom": 0.4,
    "figure.subplot.top": 0.6,
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.handlelength": 1.3,
    "legend.handleheight": 0.9,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.2,
    "legend.borderpad": 0.2,
    "image.interpolation": "nearest",
    "hatch.linewidth": 1.0,
}
MARGIN = 6  # pixels left around the drawing where white borders are trimmed
FLAT_COLOURS, FLAT_SHARE = 32, 0.003  # how many colours stay exact, if they cover that much
GREYS = 48  # even steps in a picture's palette: 5 of 255 apart, too little to be seen as an edge

_texts: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 7.0, height: float = 3.2
) -> tuple[Figure, np.ndarray]:
    """Make a figure and its grid of axes outside pyplot, for pictures that are redrawn often.

    pyplot keeps every figure until it is closed, so a callback that redraws would leak them, and
    the notebook would show each of them a second time.

    Parameters
    ----------
    rows, columns : int
        Size of the grid.
    width, height : float
        Size in inches; a hundred pixels each.

    Returns
    -------
    tuple of Figure and ndarray of Axes, shape (rows, columns)

    Examples
    --------
    >>> figure, axes = new_figure(1, 2)
    >>> axes.shape
    (1, 2)
    """
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def set_alt_text(figure_or_ax: Figure | Axes, text: str) -> None:
    """Set the sentence that stands for a panel, or for the whole figure, where it is not seen.

    Parameters
    ----------
    figure_or_ax : Figure or Axes
        A figure's own text replaces those of its panels.
    text : str
        What the picture shows, with its numbers.

    Raises
    ------
    ValueError
        If the text is empty.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> set_alt_text(axes[0, 0], "IoU falls from 1.0 to 0.0.")
    >>> alt_text(figure)
    'IoU falls from 1.0 to 0.0.'
    """
    if not text.strip():
        raise ValueError(
            "The alternative text must say what the picture shows, got an empty text. "
            "Write one sentence with the facts a reader should take from it."
        )
    _texts[figure_or_ax] = " ".join(text.split())


def alt_text(figure: Figure) -> str:
    """Read the alternative text of a figure.

    Parameters
    ----------
    figure : Figure
        Its own text, if it was given one, otherwise the texts of its panels with their titles.

    Returns
    -------
    str
        Empty if a panel with something drawn on it has no text: half a description
        would hide that the other half is missing.

    Examples
    --------
    >>> figure, axes = new_figure(1, 2)
    >>> _ = axes[0, 0].set_title("target")
    >>> set_alt_text(axes[0, 0], "A square.")
    >>> set_alt_text(axes[0, 1], "A disc.")
    >>> alt_text(figure)
    'target: A square. A disc.'
    """
    if figure in _texts:
        return _texts[figure]
    parts = []
    for ax in figure.axes:
        if ax in _texts:
            title = " ".join(ax.get_title().split())
            parts.append(f"{title}: {_texts[ax]}" if title else _texts[ax])
        elif ax.has_data() and not hasattr(ax, "_colorbar"):
            return ""
    heading = " ".join(figure.get_suptitle().split())
    return " ".join([f"{heading}." if heading and parts else "", *parts]).strip()


def to_png(figure: Figure, *, trim: bool = False) -> bytes:
    """Draw a figure and encode it as a PNG with a palette of at most 256 colours.

    Parameters
    ----------
    figure : Figure
        Any Matplotlib figure; it is not changed.
    trim : bool
        Cut white borders. Leave it off for pictures that follow one another in one place:
        they then keep one size.

    Returns
    -------
    bytes
        The file. The same drawing gives the same bytes.

    Examples
    --------
    >>> figure, axes = new_figure(width=2, height=1)
    >>> png_size(to_png(figure))
    (200, 100)
    """
    pixels = draw_pixels(figure)
    return encode_pixels(_without_border(pixels) if trim else pixels)


def draw_pixels(figure: Figure) -> np.ndarray:
    """Draw a figure.

    Parameters
    ----------
    figure : Figure
        Any Matplotlib figure; it is not changed.

    Returns
    -------
    ndarray of uint32, shape (H, W)
        Red, green, blue and alpha of a pixel, a byte each, in one number.

    Examples
    --------
    >>> figure, axes = new_figure(width=2, height=1)
    >>> draw_pixels(figure).shape
    (100, 200)
    """
    canvas = figure.canvas
    try:
        agg = canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
        agg.draw()
        return np.asarray(agg.buffer_rgba()).view(np.uint32)[..., 0]
    finally:
        figure.set_canvas(canvas)


def encode_pixels(pixels: np.ndarray) -> bytes:
    """Encode what `draw_pixels` drew.

    Parameters
    ----------
    pixels : ndarray of uint32, shape (H, W)

    Returns
    -------
    bytes
        A PNG with a palette of at most 256 colours.

    Examples
    --------
    >>> png_size(encode_pixels(np.full((10, 20), 0xFFFFFFFF, dtype=np.uint32)))
    (20, 10)
    """
    file = io.BytesIO()
    _with_palette(pixels).save(file, "png")
    return file.getvalue()


def png_size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels, read from its header.

    Examples
    --------
    >>> figure, axes = new_figure(width=2, height=1)
    >>> png_size(to_png(figure))
    (200, 100)
    """
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def picture_bundle(png: bytes, alt: str) -> dict[str, str]:
    """Wrap a PNG and its alternative text for `IPython.display.display(..., raw=True)`.

    Parameters
    ----------
    png : bytes
        The file.
    alt : str
        Its alternative text. Without one there is no `<img>`: only the PNG.

    Returns
    -------
    dict of str
        The representations a front end chooses from, by media type.

    Examples
    --------
    >>> figure, axes = new_figure(width=2, height=1)
    >>> bundle = picture_bundle(to_png(figure), "Nothing yet.")
    >>> bundle["text/html"][:42]
    '<img alt="Nothing yet." width="200" src="d'
    """
    encoded = base64.b64encode(png).decode("ascii")
    if not alt:
        return {"image/png": encoded}
    width, _ = png_size(png)
    source = f"data:image/png;base64,{encoded}"
    return {
        "text/html": f'<img alt="{html.escape(alt)}" width="{width}" src="{source}">',
        "image/png": encoded,
        "text/plain": alt,
    }


def _without_border(pixels: np.ndarray) -> np.ndarray:
    drawn = pixels != pixels[0, 0]
    if not drawn.any():
        return pixels
    (top, bottom), (left, right) = (
        (max(0, line.argmax() - MARGIN), len(line) - max(0, line[::-1].argmax() - MARGIN))
        for line in (drawn.any(axis=1), drawn.any(axis=0))
    )
    return np.ascontiguousarray(pixels[top:bottom, left:right])


def _with_palette(pixels: np.ndarray) -> Image.Image:
    """Picture with a palette: even steps of grey, exact flat areas, an octree for other colours.

    About a third of the size and of the time of the full-colour PNG of a photograph. An octree
    alone leaves some twenty greys, whose borders look like edges. `pixels` holds red, green, blue
    and alpha of a pixel in one 32-bit integer.
    """
    channels = pixels.view(np.uint8).reshape(*pixels.shape, 4)
    picture = Image.fromarray(channels).convert("RGB")
    coarse = picture.quantize(256 - FLAT_COLOURS - GREYS, Image.Quantize.FASTOCTREE)
    colours_found = np.array(coarse.getpalette(), dtype=np.uint8).reshape(-1, 3)
    index = np.array(coarse)
    red, green, blue = (channels[..., number] for number in range(3))
    is_grey = (red == green) & (green == blue)
    nearest = np.rint(np.arange(256) * (GREYS - 1) / 255).astype(np.uint8)
    index[is_grey] = len(colours_found) + nearest[green[is_grey]]
    greys = np.repeat(np.rint(np.linspace(0, 255, GREYS))[:, None], 3, axis=1).astype(np.uint8)
    colours, counts = np.unique(pixels[::3, ::3], return_counts=True)
    largest = np.argsort(-counts, kind="stable")[:FLAT_COLOURS]
    flat = colours[largest[counts[largest] >= FLAT_SHARE * counts.sum()]]
    for number, colour in enumerate(flat, start=len(colours_found) + GREYS):
        index[pixels == colour] = number
    exact = Image.fromarray(index)
    flat_colours = flat.view(np.uint8).reshape(-1, 4)[:, :3]
    exact.putpalette(np.concatenate([colours_found, greys, flat_colours]).tobytes())
    return exact


def _register(shell: Any) -> None:
    """Let a notebook's shell show every figure through `picture_bundle`, encoded once."""
    display = shell.display_formatter

    def bundle(figure: Figure) -> tuple[dict[str, str], dict[str, Any]]:
        if not (figure.axes or figure.images):
            return {}, {}
        # The inline backend registers a PNG formatter of its own at the first figure, and one for
        # a single type is asked after this one and wins: it would draw a second, larger picture.
        for formatter in display.formatters.values():
            formatter.pop(Figure, None)
        alt = alt_text(figure)
        data = picture_bundle(to_png(figure, trim=True), alt)
        return data, {"image/png": {"alt": alt}} if alt else {}

    display.mimebundle_formatter.for_type(Figure, bundle)


style.use(STYLE)
if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    _register(_shell)
