"""What `fit` tells while it works, and the lines that a terminal shows of it.

`fit` never draws: it calls the four methods of a report. `PlainReport` prints; a notebook has a
report of its own that draws.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

import numpy as np

from course_utils.history import History


@dataclass(frozen=True, eq=False)
class Plan:
    """What is about to be trained.

    Attributes
    ----------
    model, data : str
        Names of the model's class and of the data set.
    parameters : int
        Numbers that the model learns.
    pictures, val_pictures : int
    class_names : sequence of str
    palette : ndarray of uint8, shape (C, 3)
    epochs, steps_per_epoch, batch_size : int
    steps_done : int
        Above 0 where a run is taken up again.
    device, precision : str
    history : History
        Rows of the epochs done before.
    """

    model: str
    data: str
    parameters: int
    pictures: int
    val_pictures: int
    class_names: Sequence[str]
    palette: np.ndarray
    epochs: int
    steps_per_epoch: int
    batch_size: int
    steps_done: int
    device: str
    precision: str
    history: History


@dataclass(frozen=True)
class Progress:
    """Where a run is after a step.

    Attributes
    ----------
    epoch : int
        The one under way, from 1.
    step, steps : int
        Steps done, and steps of the whole run.
    loss : float
        Mean over the steps of this epoch.
    learning_rate : float
    seconds, seconds_left : float
        Since `fit` began, and to its end at this pace.
    """

    epoch: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    seconds: float
    seconds_left: float


Samples = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Images uint8 (N, 3, H, W), label maps (N, H, W), predictions (N, H, W)."""


@dataclass(frozen=True, eq=False)
class Validated:
    """What an epoch gave.

    Attributes
    ----------
    row : dict
        The epoch's row of the history (see `History`).
    history : History
        All rows so far.
    is_best : bool
    seconds_left : float
    samples : callable of int
        ``samples(n)`` predicts the first n validation pictures: images uint8 (n, 3, H, W), label
        maps and predictions uint8 (n, H, W).
    """

    row: dict[str, Any]
    history: History
    is_best: bool
    seconds_left: float
    samples: Callable[[int], Samples]


class Report(Protocol):
    """What `fit` calls. Raise KeyboardInterrupt in any of the first three to stop the run."""

    def started(self, plan: Plan) -> None:
        """Before the first step."""

    def stepped(self, progress: Progress) -> None:
        """After a step, at most ten times a second."""

    def validated(self, validated: Validated) -> None:
        """After an epoch and its validation."""

    def ended(self, run: Any) -> None:
        """At the end, stopped or not; gets what `fit` returns."""


class PlainReport:
    """Lines for a terminal: one an epoch, and on a screen a line that counts steps between them.

    Parameters
    ----------
    stream : text file, optional
        Where to print; the standard output by default.

    Examples
    --------
    >>> PlainReport().stepped(Progress(1, 2, 10, 0.5, 1e-3, 4.0, 16.0))  # no screen, no line
    >>> in_words(200)
    '3 min 20 s'
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.epochs = 0
        self.shown = 0.0

    def started(self, plan: Plan) -> None:
        """Say what is trained, on what, where."""
        self.epochs = plan.epochs
        self._print(
            f"{plan.model}, {plan.parameters:,} parameters, on {plan.device} in {plan.precision}\n"
            f"{plan.data}: {plan.pictures} pictures to train on, {plan.val_pictures} to validate; "
            f"{plan.epochs} epochs of {plan.steps_per_epoch} steps, {plan.batch_size} pictures each"
        )
        if plan.steps_done:
            done = f"{plan.steps_done} of {plan.epochs * plan.steps_per_epoch} steps"
            self._print(f"going on after {done}")

    def stepped(self, progress: Progress) -> None:
        """Count steps, on a screen; twice a second."""
        if self.stream.isatty() and progress.seconds - self.shown > 0.5:
            self.shown = progress.seconds
            line = (
                f"epoch {progress.epoch}: step {progress.step} of {progress.steps}, "
                f"loss {progress.loss:.4f}, {in_words(progress.seconds_left)} left"
            )
            self.stream.write(f"\r{line:<78}\r")
            self.stream.flush()

    def validated(self, validated: Validated) -> None:
        """One line for the epoch."""
        row = validated.row
        star = " *" if validated.is_best else "  "
        width = len(str(self.epochs))
        self._print(
            f"epoch {row['epoch']:>{width}}/{self.epochs}  loss {row['loss']:.4f}  "
            f"val loss {row['val_loss']:.4f}  mean IoU {row['mean_iou']:.4f}{star}  "
            f"{row['pictures_per_second']:.0f} pictures/s  "
            f"{in_words(validated.seconds_left)} left"
        )

    def ended(self, run: Any) -> None:
        """Say how it ended."""
        how = "stopped" if run.stopped else "done"
        best = run.history.best
        self._print(
            f"{how}: best mean IoU {best['mean_iou']:.4f} in epoch {best['epoch']}"
            if best
            else f"{how} before the first epoch was validated"
        )

    def _print(self, text: str) -> None:
        if self.stream.isatty():
            self.stream.write(f"\r{'':78}\r")
        print(text, file=self.stream, flush=True)


def in_words(seconds: float) -> str:
    """A time as people say it.

    Examples
    --------
    >>> in_words(7.4), in_words(3725)
    ('7 s', '1 h 2 min')
    """
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
