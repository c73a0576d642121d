"""Pictures of images, label maps, instances, errors and confusion matrices.

Every function draws on `ax` (or on a new figure), returns it, keeps a pixel a square of one colour,
and writes what it drew onto the axes as one factual sentence: the picture's alternative text
(`course_utils.figures`). A colour means the same class in every picture, and void pixels are
hatched: they are neither background nor an error.
"""

from collections.abc import Sequence
from itertools import repeat
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from course_utils import drawing
from course_utils.figures import set_alt_text
from course_utils.labels import IGNORE_INDEX, display_palette, require_same_shape, to_numpy

OUTCOMES = ("true positive", "false positive", "false negative", "true negative")
OUTCOME_COLOURS = np.array(
    [(86, 180, 233), (213, 94, 0), (59, 15, 112), (226, 226, 226)], dtype=np.uint8
)
"""Colours of the outcomes, in the order of `OUTCOMES`: sky blue, vermilion, dark purple, pale."""

CENTRED: dict[str, Any] = {"ha": "center", "va": "center"}


def show_image(image: Any, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw an image with its full range of values: 0 is black whatever the picture holds.

    Parameters
    ----------
    image : array of uint8 (0 to 255), float ([0, 1]) or bool, shape (H, W) or (H, W, 3)
        A mask (bool) is drawn in black and white.
    ax : Axes, optional
        Where to draw; without it a new figure.
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the shape or the range is not that of an image.

    Examples
    --------
    >>> ax = show_image(np.zeros((2, 3), dtype=np.uint8), title="dark")
    >>> ax.images[0].get_clim()
    (0.0, 255.0)
    """
    image = drawing.require_image(image)
    ax = drawing.picture_axes(ax, image.shape, title)
    brightest = 255 if image.dtype == np.uint8 else 1
    ax.imshow(image, cmap="gray", vmin=0, vmax=brightest, interpolation="nearest")
    if image.dtype == bool:
        inside = drawing.percent(image.mean())
        text = f"Mask, {drawing.size_in_words(image)}: {inside} of the pixels are inside."
    else:
        kind = "Colour image" if image.ndim == 3 else "Grey image"
        text = (
            f"{kind}, {drawing.size_in_words(image)}, mean value {image.mean():.3g} of {brightest}."
        )
    set_alt_text(ax, text)
    return ax


def show_label_map(
    label_map: Any,
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    legend: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw a label map with one fixed colour per class; void pixels are hatched.

    Parameters
    ----------
    label_map : array of int or bool, shape (H, W)
        Class index per pixel, `IGNORE_INDEX` for void.
    ax : Axes, optional
        Where to draw; without it a new figure.
    class_names : sequence of str, length C, optional
        Background first. Without it classes are called by their index.
    palette : array of uint8, shape (C, 3), optional
        Colours, by default `display_palette`.
    legend : bool
        Name the classes that are present, under the picture.
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If a value has no colour, or if names and colours differ in number.

    Examples
    --------
    >>> label_map = np.array([[0, 1], [1, 255]])
    >>> ax = show_label_map(label_map, class_names=["background", "cat"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['background', 'cat', 'void (not scored)']
    """
    label_map = drawing.require_map(label_map, "label_map")
    names, colours = drawing.class_names_and_colours([label_map], class_names, palette)
    entries = drawing.class_entries([label_map], names, colours) if legend else []
    ax = drawing.picture_axes(ax, label_map.shape, title, entries)
    drawing.draw_classes(ax, label_map, colours)
    set_alt_text(ax, f"Label map, {drawing.shares_in_words(label_map, names)}.")
    return ax


def show_overlay(
    image: Any,
    label_map: Any,
    ax: Axes | None = None,
    *,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    alpha: float = 0.45,
    legend: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw a label map over its image: tinted regions with an outline, background left clear.

    Parameters
    ----------
    image : array, shape (H, W) or (H, W, 3)
        As for `show_image`.
    label_map : array of int or bool, shape (H, W)
        Class index per pixel, or a mask.
    ax, class_names, palette, legend, title
        As for `show_label_map`.
    alpha : float, [0, 1]
        Strength of the tint; 0 leaves the outlines alone.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If image and label map differ in size, or a value has no colour.

    Examples
    --------
    >>> ax = show_overlay(np.zeros((4, 4)), np.eye(4, dtype=bool))
    >>> len(ax.images)
    2
    """
    image = drawing.require_image(image)
    label_map = drawing.require_map(label_map, "label_map")
    drawing.require_same_size(image, label_map, "label_map")
    names, colours = drawing.class_names_and_colours([label_map], class_names, palette)
    entries = drawing.class_entries([label_map[label_map > 0]], names, colours) if legend else []
    ax = show_image(image, drawing.picture_axes(ax, label_map.shape, title, entries))
    drawing.draw_classes(ax, label_map, colours, alpha=alpha, skip_background=True)
    drawing.draw_outlines(ax, np.where(label_map == IGNORE_INDEX, 0, label_map))
    set_alt_text(ax, f"Label map over its image, {drawing.shares_in_words(label_map, names)}.")
    return ax


def show_instances(
    instance_map: Any,
    ax: Axes | None = None,
    *,
    image: Any = None,
    numbers: bool = False,
    alpha: float = 0.55,
    title: str | None = None,
) -> Axes:
    """Draw each object in a colour of its own, different from that of its neighbours.

    Parameters
    ----------
    instance_map : array of int, shape (H, W)
        One number per object, 0 where there is none.
    ax : Axes, optional
        Where to draw; without it a new figure.
    image : array, shape (H, W) or (H, W, 3), optional
        Drawn underneath.
    numbers : bool
        Write each object's number in its middle.
    alpha : float, [0, 1]
        Strength of the tint over an image.
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the map is not two-dimensional, or differs in size from the image.

    Notes
    -----
    There are more objects than colours that can be told apart: a colour comes back where no
    neighbour has it, so it says nothing about the object.

    Examples
    --------
    >>> ax = show_instances(np.array([[7, 7, 0], [0, 3, 3]]), numbers=True)
    >>> [text.get_text() for text in ax.texts]
    ['3', '7']
    """
    instance_map = drawing.require_map(instance_map, "instance_map").astype(np.int64)
    ids = np.unique(instance_map[instance_map != 0])
    index = np.where(instance_map == 0, 0, np.searchsorted(ids, instance_map) + 1)
    colours = display_palette(13)
    chosen = drawing.colour_numbers(index, len(ids), num_colours=len(colours) - 1)
    colour_map = np.concatenate([[0], 1 + chosen])[index]
    if image is None:
        ax = drawing.picture_axes(ax, instance_map.shape, title)
        drawing.draw_classes(ax, colour_map, colours)
        drawing.draw_outlines(ax, index, linewidth=0.5)
    else:
        image = drawing.require_image(image)
        drawing.require_same_size(image, instance_map, "instance_map")
        ax = show_image(image, ax, title)
        drawing.draw_classes(ax, colour_map, colours, alpha=alpha, skip_background=True)
        drawing.draw_outlines(ax, index)
    for number, instance in enumerate(ids, start=1) if numbers else ():
        row, column = (int(np.median(where)) for where in np.nonzero(index == number))
        outlined = [withStroke(linewidth=2, foreground="black")]
        ax.text(column, row, str(instance), color="white", path_effects=outlined, **CENTRED)
    size, objects = drawing.size_in_words(instance_map), drawing.counted(len(ids), "object")
    covered = drawing.percent((instance_map != 0).mean())
    set_alt_text(ax, f"Instance map, {size}: {objects} covering {covered} of the pixels.")
    return ax


def show_error_map(
    target: Any,
    prediction: Any,
    ax: Axes | None = None,
    *,
    class_index: int | None = None,
    class_names: Sequence[str] | None = None,
    legend: bool = True,
    counts: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw where a prediction is right and where it is wrong, with the number of pixels of each.

    Parameters
    ----------
    target, prediction : array of int or bool, shape (H, W)
        True and predicted label map, or two masks. Pixels that are void in the target are hatched.
    ax : Axes, optional
        Where to draw; without it a new figure.
    class_index : int, optional
        Draw the true and false positives and negatives of this class. By default 1 where both
        maps hold nothing but 0 and 1; with more classes, pixels are right or wrong.
    class_names : sequence of str, length C, optional
        Used for the class's name in the alternative text.
    legend : bool
        Name the colours under the picture.
    counts : bool
        Write the numbers of pixels behind the names; the alternative text always has them.
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the shapes differ, or a value is not a class index.

    Examples
    --------
    >>> target = np.array([[1, 1, 0, 0]])
    >>> prediction = np.array([[1, 0, 1, 0]])
    >>> ax = show_error_map(target, prediction, title="one of each")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['true positive: 1', 'false positive: 1', 'false negative: 1', 'true negative: 1']
    """
    target = drawing.require_map(target, "target")
    prediction = drawing.require_map(prediction, "prediction")
    require_same_shape(target, prediction)
    void = target == IGNORE_INDEX
    if class_index is None and max(_largest(target, void), _largest(prediction, void)) <= 1:
        class_index = 1
    names: Sequence[str]
    if class_index is None:
        outcome, names, subject = target != prediction, ("right", "wrong"), "Errors"
    else:
        is_true, is_predicted = target == class_index, prediction == class_index
        outcome = np.select([is_true & is_predicted, is_predicted, is_true], [0, 1, 2], 3)
        fallback = "the mask" if target.dtype == bool else f"class {class_index}"
        name = class_names[class_index] if class_names else fallback
        names, subject = OUTCOMES, f"Errors of {name}"
    outcome = np.where(void, IGNORE_INDEX, outcome)
    pixels = {name: int((outcome == i).sum()) for i, name in enumerate(names)}
    colours: dict[str, Any] = dict(zip(names, OUTCOME_COLOURS, strict=False))
    if void.any():
        pixels[drawing.VOID_NAME] = int(void.sum())
    in_words = {name: f"{name}: {count:,}" for name, count in pixels.items()}
    entries = [
        drawing.colour_patch(colours[name], in_words[name] if counts else name)
        if name in colours
        else drawing.void_patch(in_words[name] if counts else name)
        for name in pixels
    ]
    ax = drawing.picture_axes(ax, target.shape, title, entries if legend else [])
    drawing.draw_classes(ax, outcome, OUTCOME_COLOURS[: len(names)])
    shares = ", ".join(in_words.values())
    set_alt_text(ax, f"{subject}, {drawing.size_in_words(target)}. Pixels: {shares}.")
    return ax


def show_confusion_matrix(
    table: Any,
    class_names: Sequence[str] | None = None,
    ax: Axes | None = None,
    *,
    normalise: bool = False,
    title: str | None = None,
) -> Axes:
    """Draw a confusion matrix: the darker a cell, the larger its share of the true class.

    Parameters
    ----------
    table : array of int, shape (C, C)
        Rows are true classes, columns predicted classes.
    class_names : sequence of str, length C, optional
    ax : Axes, optional
        Where to draw; without it a new figure.
    normalise : bool
        Write the share of the row in percent instead of the number of pixels. The colours are the
        same either way, so that a rare class is as visible as a common one.
    title : str, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the table is not square, has negative entries, or the names differ in number.

    Examples
    --------
    >>> ax = show_confusion_matrix(np.array([[90, 10], [1, 3]]), ["background", "cat"])
    >>> [text.get_text() for text in ax.texts]
    ['90', '10', '1', '3']
    """
    table = _require_table(table)
    names = drawing.names_of(class_names, len(table))
    pixels = table.sum(axis=1, keepdims=True)
    share = np.divide(table, pixels, out=np.zeros(table.shape), where=pixels > 0)
    ax = ax or plt.subplots(figsize=(1.6 + 0.8 * len(table), 1.2 + 0.7 * len(table)))[1]
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for (row, column), value in np.ndenumerate(table):
        text = f"{share[row, column]:.0%}" if normalise else f"{value:,.0f}"
        colour = "white" if share[row, column] > 0.715 else "black"
        ax.text(column, row, text, color=colour, **CENTRED)
    turned: dict[str, Any] = (
        {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if len(names) > 3 else {}
    )
    ax.set_xticks(range(len(names)), names, **turned)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    if title:
        ax.set_title(title)
    rows = (
        f"{name}: {drawing.counted(int(total), 'pixel')}, {drawing.percent(share[i, i])} found"
        if total
        else f"{name}: no pixels"
        for i, (name, total) in enumerate(zip(names, pixels[:, 0], strict=True))
    )
    set_alt_text(ax, f"Confusion matrix of {len(names)} classes. True {'; '.join(rows)}.")
    return ax


def compare(
    *pictures: Any,
    titles: Sequence[str] | None = None,
    axes: Sequence[Axes] | np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    palette: Any = None,
    legend: bool = True,
) -> np.ndarray:
    """Draw pictures side by side, with one legend for all label maps among them.

    Parameters
    ----------
    *pictures : array, shape (H, W) or (H, W, 3)
        Colour images and floats are drawn by `show_image`, and so are masks. Integers of shape
        (H, W) are a label map if each is a class index (below C, or 32 without names) or void;
        otherwise they are grey levels.
    titles : sequence of str, optional
        One for each picture.
    axes : sequence of Axes, optional
        One for each picture; without it a new figure.
    class_names, palette, legend
        As for `show_label_map`.

    Returns
    -------
    ndarray of Axes, one for each picture

    Raises
    ------
    ValueError
        If there are not as many titles or axes as pictures.

    Examples
    --------
    >>> target = np.array([[0, 1], [1, 1]])
    >>> axes = compare(np.zeros((2, 2)), target, titles=["image", "target"])
    >>> [ax.get_title() for ax in axes]
    ['image', 'target']
    """
    arrays = [to_numpy(picture) for picture in pictures]
    _require_one_each(len(arrays), titles=titles, axes=axes)
    num_classes = len(class_names) if class_names is not None else 32
    is_map = [_is_label_map(array, num_classes) for array in arrays]
    maps = [array for array, chosen in zip(arrays, is_map, strict=True) if chosen]
    names, colours = drawing.class_names_and_colours(maps, class_names, palette)
    entries = drawing.class_entries(maps, names, colours) if legend else []
    if axes is None:
        size = drawing.figure_size([array.shape for array in arrays], entries)
        axes = plt.subplots(1, len(arrays), figsize=size, squeeze=False)[1][0]
    for array, ax, title, chosen in zip(arrays, axes, titles or repeat(None), is_map, strict=False):
        if chosen:
            show_label_map(array, ax, class_names=names, palette=colours, legend=False, title=title)
        else:
            show_image(array, ax, title)
    if entries:
        figure = drawing.root_figure(axes[0])
        columns = drawing.legend_columns(entries, figure.get_figwidth())
        figure.legend(handles=entries, loc="outside lower center", ncols=columns)
    return np.asarray(axes)


def _is_label_map(array: np.ndarray, num_classes: int) -> bool:
    if array.ndim != 2 or array.dtype.kind not in "iu":
        return False
    return bool(((array >= 0) & (array < num_classes) | (array == IGNORE_INDEX)).all())


def _require_table(table: Any) -> np.ndarray:
    table = to_numpy(table)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ValueError(
            "table must be a confusion matrix: shape (C, C), counts of pixels, "
            f"got shape {table.shape}. Make one with confusion_matrix(target, prediction, C); "
            "sum the tables of a batch first."
        )
    if table.min() < 0:
        raise ValueError(
            f"table must hold counts of pixels, got {table.min():g}. "
            "Draw one table at a time, not a difference of two."
        )
    return table


def _largest(label_map: np.ndarray, void: np.ndarray) -> int:
    return int(label_map.max(initial=0, where=~void))


def _require_one_each(count: int, **given: Sequence[Any] | np.ndarray | None) -> None:
    if count == 0:
        raise ValueError("compare needs pictures, got none. Give it at least one array.")
    for name, values in given.items():
        if values is not None and len(values) != count:
            raise ValueError(
                f"{name} must have one entry for each of the {count} pictures, got {len(values)}. "
                f"Give {count}, or leave {name} out."
            )
