"""Train a network, score it, use it: `fit`, `evaluate`, `predict`.

`fit` reads from top to bottom: gather a batch, change it at random, compute the loss, step; after
each epoch score on the validation part, keep the best weights, write the state down. The data lie
on the device as bytes, and every random number is drawn from a seed made of the run's seed and the
step's number: a run that was killed at any moment goes on as if nothing had happened.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.history import History
from course_utils.resident_data import ResidentData
from course_utils.scoring import Scores, predicted_maps, score
from course_utils.training_config import Config, choose_device, choose_precision
from course_utils.training_errors import require_fitting_model
from course_utils.training_loop import TrainingLoop, run_settings
from course_utils.training_loss import make_loss
from course_utils.training_report import Report


@dataclass(frozen=True, eq=False)
class Run:
    """What `fit` gives back.

    Attributes
    ----------
    model : Module
        The model that was given, with the weights of its best epoch; ready to predict (``eval``).
    history : History
    best_epoch : int or None
        From 1; None if the run was stopped before its first validation: the weights are the last.
    stopped : bool
        Whether it was stopped before its end.
    """

    model: nn.Module
    history: History
    best_epoch: int | None
    stopped: bool


def fit(
    model: nn.Module,
    train: SegmentationData,
    val: SegmentationData,
    config: Config | None = None,
    *,
    out: Path | str | None = None,
    resume: bool = False,
    report: Report | None = None,
    details: Mapping[str, Any] | None = None,
) -> Run:
    """Train a model, and keep the weights that score best on the validation part.

    Parameters
    ----------
    model : Module
        From images (N, 3, H, W) in [0, 1] to logits (N, C, H, W); trained in place.
    train, val : SegmentationData
        Two parts of one data set.
    config : Config, optional
    out : path, optional
        Folder for model.safetensors (the best weights), history.json and the run's state. Without
        it nothing is written.
    resume : bool
        Go on from the state in `out` if there is one; otherwise a run starts anew and replaces it.
    report : Report, optional
        Is told what happens; ``PlainReport()`` prints it.
    details : mapping, optional
        Written into model.safetensors; ``{"model": {...}}`` for `checkpoints.load_model`.

    Returns
    -------
    Run
        Ctrl-C, or a notebook's stop button, also ends here, with ``stopped=True``: best weights and
        history are kept, and the state in `out` is that of the last checkpoint.

    Raises
    ------
    ValueError
        If model, data and config do not go together.
    TrainingError
        If the loss is no number, or memory does not suffice.
    CheckpointError
        If `out` holds the state of another run, or no whole one.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> train, val = load_data("ships", count=4), load_data("ships", "val", count=2)
    >>> config = Config(epochs=2, batch_size=2, device="cpu")
    >>> run = fit(nn.Conv2d(3, 2, 1), train, val, config)
    >>> len(run.history), run.stopped
    (2, False)
    """
    config = config or Config()
    folder = None if out is None else Path(out)
    stopped = False
    with run_settings(config):
        loop = TrainingLoop(model, train, val, config, folder, report, details)
        try:
            loop.start(resume=resume)
            while loop.state.epoch < config.epochs:
                for batch in loop.batches():
                    loop.learn(batch)
                    loop.tell()
                    loop.save_if_due()
                loop.validate()
                loop.save()
        except KeyboardInterrupt:
            stopped = True
        loop.finish()
    history = loop.state.history
    run = Run(model, history, None if history.best is None else history.best["epoch"], stopped)
    if report is not None:
        report.ended(run)
    return run


def evaluate(
    model: nn.Module,
    data: SegmentationData,
    *,
    batch_size: int = 16,
    size: tuple[int, int] | None = None,
    device: str = "auto",
    precision: str = "fp32",
    loss: str | Callable[..., Tensor] = "cross_entropy",
) -> Scores:
    """Score a model on all pictures of one part.

    Parameters
    ----------
    model : Module
        From images (N, 3, H, W) in [0, 1] to logits (N, C, H, W); moved to the device.
    data : SegmentationData
    batch_size : int
        Pictures at a time; more is faster up to a point, and changes nothing else.
    size : tuple of int, optional
        Rows and columns to bring every picture and label map to.
    device : str
    precision : {"fp32", "bf16", "auto"}
    loss : str or callable
        As in `Config`.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If the model does not take the pictures, or has not one channel for each class.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> scores = evaluate(nn.Conv2d(3, 2, 1), load_data("ships", "val", count=2))
    >>> scores.table.shape, 0 <= scores.mean_iou <= 1
    ((2, 2), True)
    """
    where = choose_device(device)
    config = Config(loss=loss, batch_size=batch_size)
    pictures = ResidentData(data, where, size)
    model.to(where)
    image = torch.zeros(1, 3, *pictures.size, device=where)
    require_fitting_model(model, image, data.num_classes, config)
    return score(
        model,
        pictures,
        data.num_classes,
        batch_size=batch_size,
        precision=choose_precision(precision, where),
        loss=make_loss(config, data),
    )


def predict(
    model: nn.Module,
    images: np.ndarray | Tensor,
    *,
    batch_size: int = 16,
    device: str = "auto",
    precision: str = "fp32",
) -> np.ndarray:
    """The most probable class of every pixel.

    Parameters
    ----------
    model : Module
        From images in [0, 1] to logits; one channel means: object where the logit is above 0.
    images : array or Tensor of uint8, shape (N, 3, H, W), or (3, H, W) for one picture
    batch_size : int
    device : str
    precision : {"fp32", "bf16", "auto"}

    Returns
    -------
    ndarray of uint8, shape (N, H, W), or (H, W) for one picture

    Raises
    ------
    TypeError
        If the images are not uint8.
    ValueError
        If their shape is another, or the model does not take it.

    Examples
    --------
    >>> predict(nn.Conv2d(3, 2, 1), np.zeros((5, 3, 8, 8), np.uint8)).shape
    (5, 8, 8)
    """
    where = choose_device(device)
    stored = torch.as_tensor(images)
    if stored.ndim not in (3, 4):
        raise ValueError(
            f"images must have shape (N, 3, H, W), or (3, H, W) for one, got {tuple(stored.shape)}."
        )
    maps = predicted_maps(
        model.to(where),
        stored if stored.ndim == 4 else stored[None],
        batch_size=batch_size,
        device=where,
        precision=choose_precision(precision, where),
    )
    return maps if stored.ndim == 4 else maps[0]
