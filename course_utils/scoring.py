"""How good a model is on one part: run over all its pictures, one confusion matrix."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.metrics import confusion_matrix, iou_per_class, mean_iou, pixel_accuracy
from course_utils.models.layers import centre_crop
from course_utils.resident_data import ResidentData
from course_utils.training_loss import Loss, loss_in_fp32
from course_utils.transforms import to_float


@dataclass(frozen=True, eq=False)
class Scores:
    """How good a model is on one part, pooled over all its pixels.

    Attributes
    ----------
    table : ndarray of int64, shape (C, C)
        Confusion matrix; rows are true classes.
    loss : float
        Mean over the batches, each weighted by its pictures.
    """

    table: np.ndarray
    loss: float

    @property
    def mean_iou(self) -> float:
        """Mean of the classes' IoU, over the classes present in target or prediction."""
        return float(mean_iou(self.table))

    @property
    def iou_per_class(self) -> np.ndarray:
        """IoU of each class, shape (C,); nan for a class that is absent."""
        return iou_per_class(self.table)

    @property
    def accuracy(self) -> float:
        """Share of the pixels whose class is right."""
        return float(pixel_accuracy(self.table))


def score(
    model: nn.Module,
    pictures: ResidentData,
    num_classes: int,
    *,
    batch_size: int,
    precision: str,
    loss: Loss,
) -> Scores:
    """Run a model over all pictures of a part.

    Parameters
    ----------
    model : Module
        On the device of the pictures. If it answers for the middle of a picture alone, that is
        what is scored.
    pictures : ResidentData
    num_classes : int
    batch_size : int
    precision : {"fp32", "bf16"}
    loss : callable
        From `make_loss`.

    Returns
    -------
    Scores

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> from course_utils.training_config import Config
    >>> from course_utils.training_loss import make_loss
    >>> data = load_data("ships", "val", count=2)
    >>> how = {"batch_size": 2, "precision": "fp32", "loss": make_loss(Config(), data)}
    >>> pictures = ResidentData(data, torch.device("cpu"))
    >>> score(nn.Conv2d(3, 2, 1), pictures, 2, **how).table.sum()
    np.int64(32768)
    """
    table: Any = 0
    total = torch.zeros((), dtype=torch.float64, device=pictures.device)
    with evaluating(model):
        for images, label_maps, _ in pictures.batches(batch_size):
            with autocast(precision, pictures.device):
                logits = model(to_float(images))
            total += loss_in_fp32(loss, logits, label_maps, None) * len(images)
            predicted = classes_of(logits)
            true = centre_crop(label_maps[:, None], (predicted.shape[1], predicted.shape[2]))[:, 0]
            table = table + confusion_matrix(true.contiguous(), predicted, num_classes)
    return Scores(table.cpu().numpy(), total.item() / len(pictures))


def predicted_maps(
    model: nn.Module, images: Tensor, *, batch_size: int, device: torch.device, precision: str
) -> np.ndarray:
    """The most probable class of every pixel.

    Parameters
    ----------
    model : Module
        On the device.
    images : Tensor of uint8, shape (N, 3, H, W)
    batch_size : int
    device : torch.device
    precision : {"fp32", "bf16"}

    Returns
    -------
    ndarray of uint8, shape (N, H, W)

    Examples
    --------
    >>> images, how = torch.zeros(3, 3, 4, 4).byte(), {"batch_size": 2, "precision": "fp32"}
    >>> predicted_maps(nn.Conv2d(3, 2, 1), images, device=torch.device("cpu"), **how).shape
    (3, 4, 4)
    """
    maps = []
    with evaluating(model), autocast(precision, device):
        for part in images.split(batch_size):
            maps.append(classes_of(model(to_float(part.to(device)))).cpu().numpy())
    return np.concatenate(maps)


def classes_of(logits: Tensor) -> Tensor:
    """Class indices uint8 (N, H, W) of logits; of one channel: whether it is above 0.

    Examples
    --------
    >>> classes_of(torch.tensor([-1.0, 2.0]).reshape(1, 1, 1, 2))
    tensor([[[0, 1]]], dtype=torch.uint8)
    """
    return ((logits[:, 0] > 0) if logits.shape[1] == 1 else logits.argmax(1)).to(torch.uint8)


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Without gradients, dropout and batch statistics; the mode comes back afterwards.

    Examples
    --------
    >>> model = nn.Linear(1, 1)
    >>> with evaluating(model):
    ...     model.training, torch.is_grad_enabled()
    (False, False)
    >>> model.training
    True
    """
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def autocast(precision: str, device: torch.device) -> torch.autocast:
    """A context in which a device computes convolutions in bf16, or all in fp32.

    Examples
    --------
    >>> with autocast("bf16", torch.device("cpu")):
    ...     nn.Linear(1, 1)(torch.ones(1)).dtype
    torch.bfloat16
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
