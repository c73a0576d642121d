"""Pictures of a training run: its curves, and what it predicts beside the truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from course_utils.drawing import class_entries, class_names_and_colours
from course_utils.figures import new_figure, set_alt_text
from course_utils.history import History
from course_utils.plotting import show_image, show_label_map


def draw_curves(history: History, axes: Sequence[Axes] | None = None) -> Figure:
    """Loss and mean IoU over the epochs.

    Parameters
    ----------
    history : History
    axes : sequence of two Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Figure
        Its alternative text has the last and the best numbers.

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.5, "val_loss": 0.6, "mean_iou": 0.4}])
    >>> [ax.get_ylabel() for ax in draw_curves(history).axes]
    ['loss', 'mean IoU']
    """
    if axes is None:
        figure, grid = new_figure(1, 2)
        axes = list(grid[0])
    else:
        figure = axes[0].get_figure(root=True)  # type: ignore[assignment]
    left, right = axes
    marker = "o" if len(history) < 3 else None
    if len(history):
        epochs = history["epoch"]
        left.plot(epochs, history["loss"], marker=marker, label="training")
        left.plot(epochs, history["val_loss"], marker=marker, label="validation")
        left.legend()
        right.plot(epochs, history["mean_iou"], marker=marker)
    if best := history.best:
        right.plot(best["epoch"], best["mean_iou"], "*", markersize=12)
        right.set_title(f"best: {best['mean_iou']:.3f} in epoch {best['epoch']}")
    right.set_ylim(0, 1)
    left.set_ylim(bottom=0)
    for ax, label in ((left, "loss"), (right, "mean IoU")):
        ax.set_xlabel("epoch")
        ax.set_ylabel(label)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    set_alt_text(figure, curves_in_words(history))
    return figure


def draw_predictions(
    images: np.ndarray,
    label_maps: np.ndarray,
    predictions: np.ndarray,
    *,
    class_names: Sequence[str],
    palette: Any = None,
) -> Figure:
    """Pictures above their true label maps above the predicted ones.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, 3, H, W)
    label_maps, predictions : ndarray of int, shape (N, H, W)
        Where the truth is void, the prediction is shown all the same.
    class_names : sequence of C str
    palette : array of uint8, shape (C, 3), optional

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is no picture.

    Examples
    --------
    >>> images, maps = np.zeros((2, 3, 8, 8), np.uint8), np.zeros((2, 8, 8), np.uint8)
    >>> len(draw_predictions(images, maps, maps, class_names=["all"]).axes)
    6
    """
    if len(images) == 0:
        raise ValueError("images must hold at least one picture, got none.")
    names, colours = class_names_and_colours([*label_maps, *predictions], class_names, palette)
    height, width = label_maps.shape[1:]
    side = 1.7
    figure, axes = new_figure(
        3, len(images), width=side * len(images) + 0.3, height=3 * side * height / width + 0.7
    )
    for column, ax in enumerate(axes[0]):
        show_image(images[column].transpose(1, 2, 0), ax)
    for row, maps in ((1, label_maps), (2, predictions)):
        for label_map, ax in zip(maps, axes[row], strict=True):
            show_label_map(label_map, ax, class_names=names, palette=colours, legend=False)
    for ax, title in zip(axes[:, 0], ("image", "truth", "prediction"), strict=True):
        ax.set_title(title, loc="left", fontsize="medium")
    entries = class_entries([*label_maps, *predictions], names, colours)
    figure.legend(handles=entries, loc="outside lower center", ncols=min(6, len(entries)))
    right = (label_maps == predictions)[label_maps != 255]
    share = f", {right.mean():.1%} of the pixels right" if right.size else ""
    set_alt_text(figure, f"{len(images)} pictures, their truth and their prediction{share}.")
    return figure


def curves_in_words(history: History) -> str:
    """What the curves show, as one or two sentences.

    Examples
    --------
    >>> curves_in_words(History())
    'Curves of loss and mean IoU, without an epoch so far.'
    """
    if not len(history):
        return "Curves of loss and mean IoU, without an epoch so far."
    first, last, best = history.rows[0], history.rows[-1], history.best
    text = (
        f"Curves over {last['epoch']} epochs: the training loss goes from {first['loss']:.3f} to "
        f"{last['loss']:.3f}, the validation loss from {first['val_loss']:.3f} to "
        f"{last['val_loss']:.3f}."
    )
    if best:
        text += f" The best mean IoU is {best['mean_iou']:.3f}, in epoch {best['epoch']}."
    return text
