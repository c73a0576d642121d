"""What goes wrong in training, said before it starts or where it happens, with the fix."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.training_config import Config


class TrainingError(RuntimeError):
    """A run that cannot go on; the message says what to change."""


def require_matching_data(train: SegmentationData, val: SegmentationData) -> None:
    """Refuse parts that are empty or do not have the same classes.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> ships, digits = load_data("ships", count=2), load_data("digits", "val", count=2)
    >>> require_matching_data(ships, digits)
    Traceback (most recent call last):
    ValueError: train has 2 classes, val has 11. Take two parts of one data set.
    """
    for name, data in (("train", train), ("val", val)):
        if len(data) == 0:
            raise ValueError(f"{name} has no pictures. Take at least one.")
    if tuple(train.class_names) != tuple(val.class_names):
        raise ValueError(
            f"train has {train.num_classes} classes, val has {val.num_classes}. Take two parts of "
            "one data set."
            if train.num_classes != val.num_classes
            else f"train's classes are {', '.join(train.class_names)}, val's "
            f"{', '.join(val.class_names)}. Take two parts of one data set."
        )


def require_trainable_batch(model: nn.Module, batch_size: int) -> None:
    """Refuse a batch of one picture for a model with batch normalisation.

    Examples
    --------
    >>> require_trainable_batch(nn.BatchNorm2d(3), 2)
    """
    norms = [name for name, m in model.named_modules() if isinstance(m, _BatchNorm) and m.training]
    if batch_size == 1 and norms:
        raise ValueError(
            f"A batch of one picture, and {type(model).__name__} has batch normalisation "
            f"({norms[0] or 'itself'} and {len(norms) - 1} more): one picture's mean stands in for "
            "the data's, which scores badly later, and fails outright on maps of 1 x 1. Use "
            "batch_size=2 or more (and as many pictures), or a model without batch normalisation."
        )


@torch.no_grad()
def require_fitting_model(
    model: nn.Module, image: Tensor, num_classes: int, config: Config | None = None
) -> None:
    """Try the model on one picture: does it take the size, and does it answer for each class?

    Parameters
    ----------
    model : Module
        Run once without learning; comes back in the mode it was in.
    image : Tensor of float32, shape (1, 3, H, W)
    num_classes : int
        Of the data.
    config : Config, optional
        Its loss decides whether one channel will do.

    Raises
    ------
    ValueError
        If it does not take the picture, or its channels are not the data's classes.

    Examples
    --------
    >>> require_fitting_model(nn.Conv2d(3, 1, 1), torch.zeros(1, 3, 8, 8), 2, Config())
    Traceback (most recent call last):
    ValueError: Conv2d answers with 1 channel, and cross_entropy compares classes: ...
    """
    was_training = model.training
    try:
        logits = model.eval()(image)
    except (RuntimeError, ValueError, TypeError) as error:
        raise ValueError(_size_remedy(model, image, error)) from error
    finally:
        model.train(was_training)
    name, loss = type(model).__name__, config.loss if config else "the score"
    if not isinstance(logits, Tensor) or logits.ndim != 4:
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"{name} must answer with logits of shape (N, C, H, W), got {got}.")
    channels = logits.shape[1]
    if channels == 1 and num_classes > 1 and not (callable(loss) and num_classes == 2):
        raise ValueError(
            f"{name} answers with 1 channel, and {loss} compares classes: it needs a channel for "
            f"each of the data's {num_classes}, background included. Build the model with "
            f"num_classes={num_classes}."
        )
    if channels not in (1, num_classes):
        raise ValueError(
            f"{name} answers with {channels} channels, the data has {num_classes} classes. Build "
            f"the model with num_classes={num_classes}."
        )


def require_finite(losses: Tensor, first_step: int, rate_of: Callable[[int], float]) -> None:
    """Refuse to go on after a loss that is no number.

    Parameters
    ----------
    losses : Tensor of float, shape (S,)
        Of consecutive steps.
    first_step : int
        Number of the first of them, from 0.
    rate_of : callable of int
        Learning rate of a step.

    Raises
    ------
    TrainingError
        Names the first such step and its learning rate.

    Examples
    --------
    >>> require_finite(torch.tensor([0.7, math.inf]), 10, lambda step: 0.5)
    Traceback (most recent call last):
    course_utils.training_errors.TrainingError: The loss was inf at step 12 (learning rate 0.5). ...
    """
    wrong = (~torch.isfinite(losses)).nonzero()
    if len(wrong):
        step = first_step + int(wrong[0])
        rate = rate_of(step)
        raise TrainingError(
            f"The loss was {losses[int(wrong[0])].item()} at step {step + 1} (learning rate "
            f"{rate:.3g}). Usual causes, in this order: the learning rate is too high (try "
            f"learning_rate={rate / 10:.1g}), no warm-up (warmup=0.1), a single huge gradient "
            "(clip_norm=1.0), or a loss function of your own that takes the logarithm of 0."
        )


@contextmanager
def telling_what_fits(attempt: Callable[[int], None], batch_size: int) -> Iterator[None]:
    """Turn "out of memory" into a message that names a batch that fits.

    Parameters
    ----------
    attempt : callable of int
        Runs a step of that many pictures without learning from it; tried with ever smaller batches.
    batch_size : int
        Pictures of the steps inside.

    Raises
    ------
    TrainingError
        In place of ``torch.OutOfMemoryError``.
    """
    try:
        yield
        return
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        reason = (str(error) or "out of memory").splitlines()[0]
    fitting = _largest_that_fits(attempt, batch_size)
    remedy = (
        f"A batch of {fitting} fits: batch_size={fitting}"
        if fitting
        else "Not even one picture fits: take a smaller size or crop"
    )
    raise TrainingError(
        f"Out of memory at {batch_size} pictures a step. {remedy}; bf16 (precision), smaller "
        f"pictures (size, Augmentation.crop) or a narrower model also help. ({reason})"
    )


def _largest_that_fits(attempt: Callable[[int], None], batch_size: int) -> int:
    while batch_size > 1:
        batch_size //= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        try:
            attempt(batch_size)
        except (RuntimeError, MemoryError) as error:
            if _is_out_of_memory(error):
                continue
        return batch_size
    return 0


def _is_out_of_memory(error: Exception) -> bool:
    """Whether it says so: CUDA and Python with a type of their own, torch on the CPU in words."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in str(
        error
    )


def _size_remedy(model: nn.Module, image: Tensor, error: Exception) -> str:
    """What to say of a picture that the model does not take."""
    height, width = image.shape[2:]
    if hasattr(model, "nearest_sizes"):  # a model of the course says it itself
        return f"{error} (In fit and evaluate: size=(height, width), or Augmentation(crop=...).)"
    nearest = [
        " or ".join(str(n) for n in sorted({32 * (s // 32), 32 * math.ceil(s / 32)}) if n)
        for s in (height, width)
    ]
    return (
        f"{type(model).__name__} does not take pictures of {height} x {width}: "
        f"{str(error).splitlines()[0]} Multiples of 32 suit most networks: try height "
        f"{nearest[0]}, width {nearest[1]} (size=..., or Augmentation(crop=...))."
    )
