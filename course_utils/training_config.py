"""How to train: every choice of a run in one frozen object, checked when it is made."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils.schedules import SCHEDULES
from course_utils.transforms import Augmentation

LOSSES = ("cross_entropy", "focal_loss", "dice_loss", "tversky_loss", "lovasz_softmax")
OPTIMIZERS = ("adamw", "sgd")
PRECISIONS = ("auto", "fp32", "bf16")
FREE = ("device", "threads", "checkpoint_steps")
"""Choices that may differ when a run is taken up again: they say where it runs, not what."""


@dataclass(frozen=True)
class Config:
    """What `fit` needs to know besides model and data.

    Parameters
    ----------
    epochs : int
        Times that the training pictures are gone through, at least 1.
    batch_size : int
        Pictures of one step; all of them where there are fewer. What is left at the end of an
        epoch, less than a batch, is left out of it: each epoch has an order of its own.
    learning_rate : float
        The highest one, above 0.
    optimizer : {"adamw", "sgd"}
    momentum : float in [0, 1)
        For "sgd".
    weight_decay : float, at least 0
        Applied to weights, not to biases and batch norm.
    schedule : {"poly", "cosine", "constant"}
        See `schedules.learning_rate`.
    warmup : float in [0, 1)
        Share of the steps in which the learning rate rises.
    loss : str or callable
        Names in `losses`, joined by + for a sum ("cross_entropy+dice_loss"); or a function of
        logits (N, C, H, W), target (N, H, W), and pixel weights (N, H, W) where there are any.
    class_weights : "balanced" or sequence of C float, optional
        For cross-entropy and focal loss. "balanced" is the median of the classes' frequencies
        divided by each one, from the training data.
    border_weights : bool
        Weight pixels by `losses.unet_border_weights` (cross-entropy); needs instance maps.
    ema : float in [0, 1), optional
        Also keep a running mean of the weights and of batch norm's numbers, which forgets 1 - ema
        a step (faster at first), and score and return that one.
    clip_norm : float above 0, optional
        Longest gradient, as one vector; a longer one is shortened to it.
    precision : {"auto", "fp32", "bf16"}
        "auto" is bf16 where the hardware gains: CUDA, and processors with AMX.
    channels_last : bool
        Lay the channels of a pixel side by side: faster convolutions, same numbers.
    compile : bool
        Let torch.compile fuse the steps: a minute at first, faster later; on CUDA.
    augmentation : Augmentation, optional
    size : tuple of int, optional
        Rows and columns to bring all pictures to.
    seed : int
        Of order and augmentation; the model's first weights are the caller's.
    device : str
        "auto" is CUDA where there is one, else the CPU.
    threads : int, optional
        Of the CPU, during the run.
    checkpoint_steps : int, optional
        Write a checkpoint every so many steps, besides the one at the end of each epoch.

    Raises
    ------
    ValueError
        If a choice is out of its range.

    Examples
    --------
    >>> Config(epochs=3, loss="cross_entropy+dice_loss").batch_size
    16
    """

    epochs: int = 10
    batch_size: int = 16
    learning_rate: float = 1e-3
    optimizer: str = "adamw"
    momentum: float = 0.9
    weight_decay: float = 1e-2
    schedule: str = "poly"
    warmup: float = 0.05
    loss: str | Callable[..., Tensor] = "cross_entropy"
    class_weights: str | Sequence[float] | None = None
    border_weights: bool = False
    ema: float | None = None
    clip_norm: float | None = None
    precision: str = "auto"
    channels_last: bool = True
    compile: bool = False
    augmentation: Augmentation | None = None
    size: tuple[int, int] | None = None
    seed: int = 0
    device: str = "auto"
    threads: int | None = None
    checkpoint_steps: int | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "threads", "checkpoint_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, got {value}.")
        for name in ("learning_rate", "clip_norm"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}. 1e-3 is a usual rate.")
        for name in ("momentum", "warmup", "ema"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 1:
                raise ValueError(f"{name} must be in [0, 1), got {value}.")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be at least 0, got {self.weight_decay}.")
        for name, known in (
            ("optimizer", OPTIMIZERS),
            ("schedule", SCHEDULES),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}."
                )
        self._require_loss()

    def _require_loss(self) -> None:
        if callable(self.loss):
            return
        unknown = [name for name in self.loss.split("+") if name not in LOSSES]
        if unknown:
            raise ValueError(
                f"loss must be made of {', '.join(LOSSES)}, joined by +, or be a function, got "
                f"{self.loss!r}."
            )
        if isinstance(self.class_weights, str) and self.class_weights != "balanced":
            raise ValueError(
                f'class_weights must be "balanced" or numbers, got {self.class_weights!r}.'
            )
        weighted = {"cross_entropy", "focal_loss"} & set(self.loss.split("+"))
        if self.class_weights is not None and not weighted:
            raise ValueError(
                f"{self.loss} takes no class weights: it counts areas. Use cross_entropy or "
                "focal_loss, alone or in a sum, or class_weights=None."
            )
        if self.border_weights and "cross_entropy" not in self.loss.split("+"):
            raise ValueError(f"{self.loss} takes no pixel weights. Use cross_entropy.")

    def to_json(self) -> dict[str, Any]:
        """The choices as JSON knows them; a function is its name.

        Examples
        --------
        >>> Config(size=(64, 64)).to_json()["size"]
        [64, 64]
        """
        plain = dataclasses.asdict(self)
        if callable(self.loss):
            plain["loss"] = getattr(self.loss, "__qualname__", type(self.loss).__name__)
        if self.class_weights is not None and not isinstance(self.class_weights, str):
            plain["class_weights"] = [float(weight) for weight in self.class_weights]
        return {name: _as_lists(value) for name, value in plain.items()}


def choose_device(name: str = "auto") -> torch.device:
    """The device of a name; "auto" is CUDA where there is one, else the CPU.

    Raises
    ------
    ValueError
        If this machine has no such device.

    Examples
    --------
    >>> choose_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"device {name!r} is not to be had here: {str(error).splitlines()[0]} Use auto, or see "
            "`python -m course_utils doctor`."
        ) from error
    return device


def choose_precision(precision: str, device: torch.device) -> str:
    """fp32 or bf16: what "auto" means on a device.

    bf16 (8 bits of a number instead of 24) is faster where the hardware multiplies it: on CUDA
    and on processors with AMX. On others it was three times slower.

    Examples
    --------
    >>> choose_precision("fp32", torch.device("cpu"))
    'fp32'
    """
    if precision != "auto":
        return precision
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    return "bf16" if device.type == "cpu" and has_amx() else "fp32"


def has_amx() -> bool:
    """Whether this processor multiplies matrices of bf16 (Intel's AMX).

    Examples
    --------
    >>> has_amx() in (True, False)
    True
    """
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return torch.cpu._is_amx_tile_supported()


def _as_lists(value: Any) -> Any:
    """Tuples as lists, deep down: what JSON gives back."""
    if isinstance(value, dict):
        return {name: _as_lists(item) for name, item in value.items()}
    return [_as_lists(item) for item in value] if isinstance(value, list | tuple) else value
