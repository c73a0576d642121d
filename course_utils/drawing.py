"""What the pictures of `plotting` are put together from: axes, areas, outlines, legends, words.

Areas and outlines follow the pixels' own edges, so that at any size a pixel is one square of one
class and an outline runs between pixels, never through them.
"""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from course_utils.labels import (
    IGNORE_INDEX,
    display_palette,
    require_class_indices,
    require_integers,
    to_numpy,
)

VOID_NAME = "void (not scored)"
MASK_NAMES = ("outside the mask", "in the mask")
VOID_STYLE: dict[str, Any] = {"facecolor": "white", "edgecolor": "0.5", "hatch": "/////"}
LONGEST_SIDE, FULL_WIDTH = 3.5, 8.0  # inches: of one picture, of all pictures in a row


def picture_axes(
    ax: Axes | None,
    shape: tuple[int, ...],
    title: str | None = None,
    entries: Sequence[Patch] = (),
) -> Axes:
    """Axes for a picture: a thin frame, no ticks, a legend under it.

    Parameters
    ----------
    ax : Axes or None
        None: in a new figure, of the size that the picture and its legend need.
    shape : tuple of int
        Rows and columns of the picture.
    title : str, optional
    entries : sequence of Patch
        What the legend names.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = picture_axes(None, (20, 40), "wide", [void_patch("cat"), void_patch("dog")])
    >>> len(ax.get_legend().get_texts())
    2
    """
    if ax is None:
        _, ax = plt.subplots(figsize=figure_size([shape], entries))
    ax.xaxis.set_visible(False)
    ax.yaxis.set_visible(False)
    ax.set_anchor("N")  # space that is left over goes under the picture, where the legend is
    ax.spines[:].set(visible=True, color="0.7", linewidth=0.8)
    if title is not None:
        ax.set_title(title)
    if entries:
        spec = ax.get_subplotspec()
        panels = spec.get_gridspec().ncols if spec else 1
        width = root_figure(ax).get_figwidth() / panels
        ax.legend(
            handles=entries,
            loc="upper center",
            bbox_to_anchor=(0.5, 0.0),
            ncols=legend_columns(entries, width),
        )
    return ax


def root_figure(ax: Axes) -> Figure:
    """The figure that holds the axes, also where they lie in a part of one.

    Examples
    --------
    >>> ax = picture_axes(None, (20, 40))
    >>> root_figure(ax) is ax.figure
    True
    """
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("ax must lie in a figure, got removed axes. Make new ones.")
    return figure


def figure_size(
    shapes: Sequence[tuple[int, ...]], entries: Sequence[Patch] = ()
) -> tuple[float, float]:
    """Width and height in inches of a figure with pictures in a row, titles above, legend below.

    Examples
    --------
    >>> width, height = figure_size([(128, 160), (128, 160)])
    >>> width > height
    True
    """
    side = min(LONGEST_SIDE, FULL_WIDTH / len(shapes))
    rows, columns = (max(shape[axis] for shape in shapes) for axis in (0, 1))
    width, height = columns * side / max(rows, columns), rows * side / max(rows, columns)
    width = len(shapes) * (max(width, 1.5) + 0.1)
    lines = math.ceil(len(entries) / legend_columns(entries, width)) if entries else 0
    return width, height + 0.4 + 0.22 * lines


def legend_columns(entries: Sequence[Patch], width: float) -> int:
    """Columns of a legend that fit a width in inches; entries fill one column after the other.

    Examples
    --------
    >>> legend_columns([void_patch("cat"), void_patch("dog")], width=2)
    2
    """
    width *= 0.9  # the text's width is a guess
    widths = [0.38 + 0.075 * len(str(entry.get_label())) for entry in entries]
    for columns in range(len(entries), 1, -1):
        lines = math.ceil(len(entries) / columns)
        if sum(max(widths[i : i + lines]) for i in range(0, len(widths), lines)) <= width:
            return math.ceil(len(entries) / lines)
    return 1


def draw_classes(
    ax: Axes,
    label_map: np.ndarray,
    colours: np.ndarray,
    *,
    alpha: float | None = None,
    skip_background: bool = False,
) -> None:
    """Fill the pixels of each class with its colour, hatch the void ones.

    Examples
    --------
    >>> ax = picture_axes(None, (1, 2), None)
    >>> draw_classes(ax, np.array([[0, 1]]), display_palette(2))
    >>> ax.images[0].get_clim()
    (-0.5, 1.5)
    """
    void = label_map == IGNORE_INDEX
    hidden = void | (label_map == 0) if skip_background else void
    ax.imshow(
        np.ma.masked_where(hidden, label_map).astype(np.int64),
        cmap=ListedColormap(colours / 255),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        alpha=alpha,
        interpolation="nearest",
    )
    if void.any():
        ax.add_artist(PathPatch(_area(void), **VOID_STYLE, linewidth=0, alpha=alpha and 0.8))


def draw_outlines(ax: Axes, regions: np.ndarray, *, linewidth: float = 1.0) -> None:
    """Draw a line between pixels that differ: white on black, visible on any picture.

    Examples
    --------
    >>> ax = picture_axes(None, (1, 2), None)
    >>> draw_outlines(ax, np.array([[0, 1]]))
    >>> ax.patches[0].get_path().vertices.tolist()
    [[0.5, -0.5], [0.5, 0.5]]
    """
    path = _edges(regions)
    for colour, width in (("black", 2.2 * linewidth), ("white", linewidth)):
        ax.add_artist(  # add_patch would look for limits in every segment: a tenth of a second
            PathPatch(path, fill=False, edgecolor=colour, linewidth=width, capstyle="projecting")
        )


def colour_numbers(index: np.ndarray, count: int, num_colours: int) -> np.ndarray:
    """Give each object a colour number that no object touching it has, nor, if possible, one near.

    Parameters
    ----------
    index : ndarray of int, shape (H, W)
        0 where there is no object, otherwise 1 ... count.
    count, num_colours : int

    Returns
    -------
    ndarray of int, shape (count,)
        0 ... num_colours - 1.

    Examples
    --------
    >>> colour_numbers(np.array([[1, 2, 1], [0, 3, 3]]), count=3, num_colours=3).tolist()
    [0, 1, 2]
    """
    touching = np.zeros((count + 1, count + 1), dtype=bool)
    whole, low, high = slice(None), slice(None, -1), slice(1, None)
    for first, second in (
        ((whole, low), (whole, high)),
        ((low, whole), (high, whole)),
        ((low, low), (high, high)),
        ((low, high), (high, low)),
    ):
        touching[index[first], index[second]] = True
    touching = (touching | touching.T)[1:, 1:] & ~np.eye(count, dtype=bool)
    near = _near(index, count)
    chosen = np.full(count, -1)
    for number in np.argsort(-touching.sum(axis=1), kind="stable"):
        taken = np.zeros(num_colours)
        for others, cost in ((touching[number], count), (near[number], 1)):
            used = chosen[others & (chosen >= 0)]
            taken += cost * np.bincount(used, minlength=num_colours)
        preferred = (number + np.arange(num_colours)) % num_colours
        chosen[number] = preferred[np.argmin(taken[preferred])]
    return chosen


def class_entries(
    label_maps: Sequence[np.ndarray], names: Sequence[str], colours: np.ndarray
) -> list[Patch]:
    """Legend entries of the classes that are present, void last.

    Examples
    --------
    >>> entries = class_entries([np.array([[0, 255]])], ["background"], display_palette(1))
    >>> [entry.get_label() for entry in entries]
    ['background', 'void (not scored)']
    """
    present = sorted({int(value) for label_map in label_maps for value in np.unique(label_map)})
    entries = [colour_patch(colours[i], names[i]) for i in present if i != IGNORE_INDEX]
    return entries + ([void_patch()] if IGNORE_INDEX in present else [])


def colour_patch(colour: np.ndarray, label: str) -> Patch:
    """Legend entry of one colour.

    Examples
    --------
    >>> colour_patch(display_palette(1)[0], "background").get_label()
    'background'
    """
    face = tuple((np.asarray(colour) / 255).tolist())
    return Patch(facecolor=face, edgecolor="0.5", linewidth=0.6, label=label)


def void_patch(label: str = VOID_NAME) -> Patch:
    """Legend entry of void pixels.

    Examples
    --------
    >>> void_patch().get_label()
    'void (not scored)'
    """
    return Patch(**VOID_STYLE, linewidth=0.6, label=label)


def class_names_and_colours(
    label_maps: Sequence[np.ndarray], class_names: Sequence[str] | None, palette: Any
) -> tuple[list[str], np.ndarray]:
    """Name and colour of every class, once names, colours and values were found to agree.

    Examples
    --------
    >>> names, colours = class_names_and_colours([np.array([[0, 1]])], None, None)
    >>> names
    ['class 0', 'class 1']
    """
    if class_names is None and palette is None and all(m.dtype == bool for m in label_maps):
        class_names = MASK_NAMES
    largest = max((int(m.max(initial=0, where=m != IGNORE_INDEX)) for m in label_maps), default=0)
    if palette is not None:
        colours = _require_palette(palette)
    elif class_names is not None:
        colours = display_palette(len(class_names))
    else:
        colours = display_palette(largest + 1)
    names = names_of(class_names, len(colours))
    if largest >= len(colours):
        raise ValueError(
            f"Each class must have a name and a colour: got {len(colours)} of them, for the class "
            f"indices 0 to {len(colours) - 1}, but the label map holds {largest}. "
            f"Name every class, background first; void pixels are {IGNORE_INDEX}."
        )
    for label_map in label_maps:
        require_class_indices(label_map, len(colours))
    return names, colours


def names_of(class_names: Sequence[str] | None, num_classes: int) -> list[str]:
    """Name of every class: those given, one for each, otherwise its index.

    Examples
    --------
    >>> names_of(None, 2)
    ['class 0', 'class 1']
    """
    if class_names is None:
        return [f"class {i}" for i in range(num_classes)]
    if len(class_names) != num_classes:
        raise ValueError(
            f"class_names must have one name for each of the {num_classes} classes, "
            f"got {len(class_names)}. Name every class, background first."
        )
    return list(class_names)


def require_image(image: Any) -> np.ndarray:
    """Hand back the array of an image, or raise ValueError saying how to make it one.

    Examples
    --------
    >>> require_image(np.zeros((3, 20, 20)))
    Traceback (most recent call last):
        ...
    ValueError: image must have shape (H, W) or (H, W, 3), got (3, 20, 20). Move the ...
    """
    image = to_numpy(image)
    if image.ndim != 2 and (image.ndim != 3 or image.shape[2] != 3):
        raise ValueError(
            f"image must have shape (H, W) or (H, W, 3), got {image.shape}. {_shape_remedy(image)}"
        )
    if image.dtype.kind not in "fb" and image.dtype != np.uint8:
        raise ValueError(
            f"image must hold uint8 (0 to 255), float (0 to 1) or bool, got {image.dtype}. "
            "Class indices: show_label_map. Object numbers: show_instances. "
            "More than 8 bits: divide by the largest possible value."
        )
    if image.dtype.kind == "f" and not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(
            f"A float image must hold values in [0, 1], got {image.min():.3g} to "
            f"{image.max():.3g}. Divide grey levels by 255; undo a normalisation first."
        )
    return image


def require_map(label_map: Any, name: str) -> np.ndarray:
    """Hand back the integers, or the mask, of one two-dimensional map, or raise.

    Examples
    --------
    >>> require_map(np.zeros((1, 20, 20), dtype=int), "target")
    Traceback (most recent call last):
        ...
    ValueError: target must have shape (H, W), got (1, 20, 20). Pick one picture ...
    """
    array = to_numpy(label_map)
    require_integers(array, name=name)
    if array.ndim != 2:
        raise ValueError(
            f"{name} must have shape (H, W), got {array.shape}. "
            "Pick one picture of a batch, for example [0]; decode a colour-coded image first."
        )
    return array


def require_same_size(image: np.ndarray, label_map: np.ndarray, name: str) -> None:
    """Raise ValueError unless a map has as many rows and columns as the image under it.

    Examples
    --------
    >>> require_same_size(np.zeros((2, 3, 3)), np.zeros((2, 3)), "label_map")
    """
    if image.shape[:2] != label_map.shape:
        raise ValueError(
            f"{name} must have the size of its image, {image.shape[:2]}, got {label_map.shape}. "
            "Resize the map with nearest neighbour."
        )


def size_in_words(array: np.ndarray) -> str:
    """Rows and columns.

    Examples
    --------
    >>> size_in_words(np.zeros((2, 3, 3)))
    '2 rows by 3 columns'
    """
    return f"{counted(array.shape[0], 'row')} by {counted(array.shape[1], 'column')}"


def counted(count: int, thing: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(20, "row")
    ('1 row', '20 rows')
    """
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def percent(share: float) -> str:
    """A share in words; a small one is not rounded to nothing.

    Examples
    --------
    >>> percent(0.1234), percent(0.0001), percent(1.0)
    ('12.3 %', 'under 0.1 %', '100 %')
    """
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def shares_in_words(label_map: np.ndarray, names: Sequence[str]) -> str:
    """Size of a label map, and the share of its pixels of every class present and of void.

    Examples
    --------
    >>> shares_in_words(np.array([[0, 1], [1, 255]]), ["background", "cat"])
    '2 rows by 2 columns: background 25.0 %, cat 50.0 %, void (not scored) 25.0 %'
    """
    values, counts = np.unique(label_map, return_counts=True)
    shares = ", ".join(
        f"{VOID_NAME if value == IGNORE_INDEX else names[int(value)]} {percent(n / label_map.size)}"
        for value, n in zip(values, counts, strict=True)
    )
    return f"{size_in_words(label_map)}: {shares}"


def _require_palette(palette: Any) -> np.ndarray:
    colours = np.asarray(palette)
    if colours.ndim != 2 or colours.shape[1] != 3 or colours.dtype != np.uint8:
        raise ValueError(
            "palette must be uint8 of shape (C, 3), one red, green, blue for each class, "
            f"got {colours.dtype} {colours.shape}. Leave it out for the colours of the course."
        )
    return colours


def _shape_remedy(image: np.ndarray) -> str:
    if image.ndim == 3 and image.shape[0] == 3:
        return "Move the channel axis last: np.moveaxis(image, 0, -1)."
    if image.ndim == 3 and image.shape[2] == 4:
        return "Drop the alpha channel: image[..., :3]."
    if image.ndim == 3 and 1 in (image.shape[0], image.shape[2]):
        return "Drop the axis of length 1: image.squeeze()."
    return "Pick one picture, for example [0] of a batch."


def _near(index: np.ndarray, count: int) -> np.ndarray:
    """Pairs of objects whose bounding boxes, widened a little, overlap; shape (count, count)."""
    rows, columns = np.nonzero(index)
    objects = index[rows, columns] - 1
    margin = max(index.shape) / 25
    near = ~np.eye(count, dtype=bool)
    for where in (rows, columns):
        first, last = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(first, objects, where - margin)
        np.maximum.at(last, objects, where + margin)
        near &= (first[:, None] <= last) & (first <= last[:, None])
    return near


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, first column and end column of every horizontal run of True."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(steps == 1)
    return rows, starts, np.nonzero(steps == -1)[1]


def _area(mask: np.ndarray) -> Path:
    """The pixels of a mask as one shape: a rectangle for every run."""
    rows, starts, stops = _runs(mask)
    top, left, right = rows - 0.5, starts - 0.5, stops - 0.5
    corners = [(left, top), (right, top), (right, top + 1), (left, top + 1), (left, top)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    vertices = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    return Path(vertices.reshape(-1, 2), np.tile(codes, len(rows)))


def _edges(regions: np.ndarray) -> Path:
    """The lines between pixels that differ: a stroke for every run."""
    rows, starts, stops = _runs(regions[1:] != regions[:-1])
    horizontal = [(starts - 0.5, rows + 0.5), (stops - 0.5, rows + 0.5)]
    columns, starts, stops = _runs((regions[:, 1:] != regions[:, :-1]).T)
    vertical = [(columns + 0.5, starts - 0.5), (columns + 0.5, stops - 0.5)]
    strokes = [
        np.stack([np.stack(end, axis=1) for end in ends], axis=1) for ends in (horizontal, vertical)
    ]
    vertices = np.concatenate(strokes).reshape(-1, 2)
    return Path(vertices, np.tile([Path.MOVETO, Path.LINETO], len(vertices) // 2))
