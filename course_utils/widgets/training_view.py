"""What `training.fit` tells, drawn in a notebook: progress, curves, sample predictions, Stop.

Two widgets stand in one place and only their content changes, so nothing flickers: a bar that
follows every report of a step, and one picture that is drawn anew after an epoch. Drawing takes
time from training, a tenth of it at most: a picture that would come too early is dropped, and the
next one shows all that it would have shown. At the end the last picture stays as an ordinary
output, with alternative text, in the stored notebook too.
"""

import html
import time
from typing import Any

import anywidget
import numpy as np
import traitlets
from IPython.display import DisplayHandle, display
from ipywidgets import VBox
from matplotlib.figure import Figure

from course_utils.figures import alt_text, picture_bundle, set_alt_text, to_png
from course_utils.history import History
from course_utils.labels import IGNORE_INDEX
from course_utils.training_figures import curves_in_words, draw_curves
from course_utils.training_report import Plan, Progress, Samples, Validated, in_words
from course_utils.widgets.browser import KEEP_KEYS, LOOK
from course_utils.widgets.canvas import Canvas

SECONDS_BETWEEN_PICTURES = 0.5
SHARE_OF_TIME = 0.1
"""Of the training, that drawing may take."""
VOID_COLOUR = (170, 170, 170)
GAP = 2
"""Pixels between sample pictures."""

_BROWSER = """
function render({ model, el }) {
  const id = newId();
  const root = make("div", el, { className: "course-widget course-training" });
  make("label", root, { textContent: "Training", htmlFor: id });
  const bar = make("progress", root, { id, max: 1 });
  const text = make("span", root);
  const stop = make("button", root, { textContent: "Stop" });
  stop.onclick = () => {                  // the kernel is at work: only an interrupt reaches it
    stop.disabled = true;
    const kernel = model.widget_manager?.kernel;
    if (kernel?.interrupt) kernel.interrupt();
    else { model.set("stop_asked", true); model.save_changes(); }
  };
  const show = () => {
    bar.value = model.get("share");
    text.textContent = model.get("text");
  };
  keepKeys(root);
  show();
  model.on("change:share change:text", show);
}
export default { render };
"""

_STYLE = """
.course-training { display: flex; align-items: center; gap: 10px; min-height: 36px;
  flex-wrap: wrap; }
.course-training progress { width: 220px; accent-color: var(--jp-brand-color1, #1976d2); }
.course-training span { font-variant-numeric: tabular-nums; }
"""


class ProgressBar(anywidget.AnyWidget):
    """A named progress bar with a line of text and a Stop button.

    Attributes
    ----------
    share : float
        Of the run that is done, 0 to 1.
    text : str
    stop_asked : bool
        Whether Stop was pressed where the page cannot interrupt the kernel itself.

    Examples
    --------
    >>> ProgressBar(share=0.5, text="6 s left").share
    0.5
    """

    _esm = KEEP_KEYS + _BROWSER
    _css = LOOK + _STYLE
    share = traitlets.Float(0.0).tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    stop_asked = traitlets.Bool(False).tag(sync=True)


class TrainingView:
    """A report for `training.fit` that draws in the notebook's cell.

    Parameters
    ----------
    samples : int
        Validation pictures shown with their truth and their prediction; 0 for none.

    Attributes
    ----------
    drawn, dropped : int
        Pictures that were drawn, and those that came too early.

    Raises
    ------
    ValueError
        If the number of samples is negative.

    Examples
    --------
    ``training.fit(model, train, val, config, report=TrainingView())``

    >>> TrainingView(samples=2).drawn
    0
    """

    def __init__(self, samples: int = 4) -> None:
        if samples < 0:
            raise ValueError(f"samples must be 0 or more, got {samples}. 0 shows curves alone.")
        self.samples, self.drawn, self.dropped = samples, 0, 0
        self._bar, self._picture = ProgressBar(), Canvas("Training", alt="No epoch is done yet.")
        self._box = VBox([self._bar, self._picture])
        self._place: DisplayHandle | None = None
        self._plan: Plan | None = None
        self._latest: Validated | None = None
        self._drawn_at, self._cost = -np.inf, 0.0

    def started(self, plan: Plan) -> None:
        """Show the bar and the place of the picture."""
        self._plan = plan
        self._say(plan.steps_done / (plan.epochs * plan.steps_per_epoch), "begins")
        self._place = display(self._box, display_id=True)

    def stepped(self, progress: Progress) -> None:
        """Move the bar; stop the run if that was asked for."""
        left = in_words(progress.seconds_left)
        self._say(
            progress.step / progress.steps,
            f"epoch {progress.epoch}, step {progress.step} of {progress.steps}, "
            f"loss {progress.loss:.3f}, {left} left",
        )
        self._stop_if_asked()

    def validated(self, validated: Validated) -> None:
        """Draw the epoch, if the last picture is old enough."""
        self._latest = validated
        now = time.perf_counter()
        wait = max(SECONDS_BETWEEN_PICTURES, self._cost / SHARE_OF_TIME)
        if now - self._drawn_at < wait:
            self.dropped += 1
        else:
            figure = self._drawing(validated)
            with self._picture.hold_sync():
                self._picture.png, self._picture.alt = to_png(figure), alt_text(figure)
            self._drawn_at = time.perf_counter()
            self._cost = self._drawn_at - now
        self._stop_if_asked()

    def ended(self, run: Any) -> None:
        """Put the last picture in the place of bar and picture, to stay."""
        text = _ending(run)
        bundle = {"text/plain": text, "text/html": f"<p>{html.escape(text)}</p>"}
        if self._latest is not None:
            figure = self._drawing(self._latest)
            bundle = picture_bundle(to_png(figure), alt_text(figure))
            bundle["text/html"] = f"<p>{html.escape(text)}</p>" + bundle["text/html"]
            bundle["text/plain"] = f"{text}\n{bundle['text/plain']}"
        if self._place is not None:
            self._place.update(bundle, raw=True)
        for widget in (self._bar, self._picture, self._box):
            widget.close()

    def _say(self, share: float, text: str) -> None:
        with self._bar.hold_sync():
            self._bar.share, self._bar.text = share, text

    def _stop_if_asked(self) -> None:
        if self._bar.stop_asked:
            raise KeyboardInterrupt

    def _drawing(self, validated: Validated) -> Figure:
        assert self._plan is not None
        self.drawn += 1
        samples = validated.samples(self.samples) if self.samples else None
        return draw_training(validated.history, samples, self._plan.palette)


def draw_training(history: History, samples: Samples | None, palette: np.ndarray) -> Figure:
    """Draw the curves of a run above a strip of images, their truth and their predictions.

    Parameters
    ----------
    history : History
    samples : tuple of ndarray, or None
        Images uint8 (N, 3, H, W), label maps and predictions (N, H, W), N at least 1.
    palette : ndarray of uint8, shape (C, 3)

    Returns
    -------
    Figure

    Examples
    --------
    >>> images, maps = np.zeros((2, 3, 8, 8), np.uint8), np.zeros((2, 8, 8), np.uint8)
    >>> palette = np.zeros((1, 3), np.uint8)
    >>> len(draw_training(History(), (images, maps, maps), palette).axes)
    3
    """
    figure = Figure(figsize=(7.6, 2.6 if samples is None else 5.2))
    grid = figure.add_gridspec(1 if samples is None else 2, 2)
    draw_curves(history, [figure.add_subplot(grid[0, column]) for column in (0, 1)])
    words = curves_in_words(history)
    if samples is not None:
        images, label_maps, predictions = samples
        ax = figure.add_subplot(grid[1, :])
        ax.imshow(sample_strip(images, label_maps, predictions, palette))
        height = label_maps.shape[1]
        middles = [row * (height + GAP) + height / 2 for row in range(3)]
        ax.set_yticks(middles, ["image", "truth", "prediction"])
        ax.set_xticks([])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        counted = label_maps != IGNORE_INDEX
        right = np.mean((label_maps == predictions)[counted]) if counted.any() else np.nan
        words += (
            f" Below, {len(images)} validation pictures with truth and prediction, {right:.1%} of "
            "their pixels right."
        )
    set_alt_text(figure, words)
    return figure


def sample_strip(
    images: np.ndarray, label_maps: np.ndarray, predictions: np.ndarray, palette: np.ndarray
) -> np.ndarray:
    """Images side by side, their truth below them, and the predictions below that, as one picture.

    Parameters
    ----------
    images : ndarray of uint8, shape (N, 3, H, W)
    label_maps, predictions : ndarray of int, shape (N, H, W)
        Void is grey.
    palette : ndarray of uint8, shape (C, 3)

    Returns
    -------
    ndarray of uint8, shape (3 H + 2 GAP, N W + (N - 1) GAP, 3)
        White between them.

    Examples
    --------
    >>> images, maps = np.zeros((2, 3, 8, 8), np.uint8), np.full((2, 8, 8), 255, np.uint8)
    >>> sample_strip(images, maps, maps, np.zeros((1, 3), np.uint8)).shape
    (28, 18, 3)
    """
    colours = np.tile(np.array(VOID_COLOUR, np.uint8), (256, 1))
    colours[: len(palette)] = palette
    rows = [images.transpose(0, 2, 3, 1), colours[label_maps], colours[predictions]]
    height, width = label_maps.shape[1:]
    down, right = height + GAP, width + GAP
    strip = np.full((3 * down - GAP, len(images) * right - GAP, 3), 255, np.uint8)
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = row * down, column * right
            strip[top : top + height, left : left + width] = picture
    return strip


def _ending(run: Any) -> str:
    best, how = run.history.best, "Stopped" if run.stopped else "Done"
    if best is None:
        return f"{how} before the first epoch was validated."
    return f"{how}: best mean IoU {best['mean_iou']:.3f}, in epoch {best['epoch']}."
