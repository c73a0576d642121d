"""What a training run measured, one row an epoch, kept as JSON."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.checkpoints import write_atomically

FILE = "history.json"
"""Name of the file in a run's folder."""
MEASURED = ("seconds", "pictures_per_second", "memory_mb")
"""Columns that differ from one run to the next; all others are the same for the same seed."""


class History:
    """Rows of a run, one for each epoch, oldest first.

    A row maps names to numbers: ``epoch`` (from 1), ``step`` (steps done), ``loss`` (mean over the
    epoch's batches), ``learning_rate`` (of the last step), ``val_loss``, ``mean_iou``,
    ``accuracy``, ``iou_per_class`` (a list; nan for an absent class), ``seconds`` (training and
    validation), ``pictures_per_second`` (training alone) and ``memory_mb`` (largest so far).

    Parameters
    ----------
    rows : list of dict, optional

    Examples
    --------
    >>> history = History()
    >>> history.add(epoch=1, loss=0.7, mean_iou=0.40)
    >>> history.add(epoch=2, loss=0.5, mean_iou=0.65)
    >>> history.add(epoch=3, loss=0.4, mean_iou=0.61)
    >>> len(history), history.best["epoch"], history["loss"]
    (3, 2, array([0.7, 0.5, 0.4]))
    """

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = list(rows or [])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, column: str) -> np.ndarray:
        """One column as float64, shape (epochs,), or (epochs, C) for ``iou_per_class``."""
        return np.array([row[column] for row in self.rows], float)

    @property
    def best(self) -> dict[str, Any] | None:
        """The row of the highest mean IoU, the earliest of equal ones; None before the first."""
        known = [row for row in self.rows if not math.isnan(row["mean_iou"])]
        return max(known, key=lambda row: row["mean_iou"], default=None)

    def add(self, **row: Any) -> None:
        """Append a row."""
        self.rows.append(row)

    def to_json(self) -> list[dict[str, Any]]:
        """Rows as JSON knows them: nan is None."""
        return [{name: _to_json(value) for name, value in row.items()} for row in self.rows]

    @classmethod
    def from_json(cls, rows: list[dict[str, Any]]) -> "History":
        """The inverse of `to_json`."""
        return cls([{name: _from_json(value) for name, value in row.items()} for row in rows])

    def save(self, folder: Path | str) -> Path:
        """Write history.json into a folder, whole or not at all.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = History([{"epoch": 1, "mean_iou": float("nan")}]).save(folder)
        ...     History.load(folder).rows
        [{'epoch': 1, 'mean_iou': nan}]
        """
        text = json.dumps(self.to_json(), indent=1, allow_nan=False)
        return write_atomically(Path(folder) / FILE, f"{text}\n".encode())

    @classmethod
    def load(cls, folder: Path | str) -> "History":
        """Read the history.json of a folder."""
        return cls.from_json(json.loads((Path(folder) / FILE).read_text(encoding="utf-8")))


def _to_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, list):
        return [_from_json(item) for item in value]
    return math.nan if value is None else value
