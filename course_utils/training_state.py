"""All that a training run is at one moment, so that it can go on from there exactly.

Model, optimiser, running mean, best weights, losses of the epoch so far and history are kept.
Random states are not: order, augmentation and dropout of a step are drawn from a seed made of the
run's seed and the step's number, so the number is enough.
"""

import copy
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checkpoints import CheckpointError, fill, load_checkpoint, save_checkpoint
from course_utils.history import History
from course_utils.training_config import FREE, Config

LAST, PREVIOUS = "training.safetensors", "training.previous.safetensors"
"""Where a run's folder keeps its state, and the one before it."""


class TrainingState:
    """Model, optimiser and everything else that a step changes.

    Parameters
    ----------
    model : Module
        On its device; trained in place.
    config : Config
    steps_per_epoch : int

    Attributes
    ----------
    epoch : int
        Epochs done; also the number of the epoch that is under way, from 0.
    step_in_epoch : int
        Steps done in it.
    losses : Tensor of float32, shape (steps_per_epoch,)
        Of those steps, on the device.
    averaged : Module or None
        The running mean of the model, with `Config.ema`.
    best : dict of str to Tensor or None
        Weights of the best epoch.
    history : History

    Examples
    --------
    >>> state = TrainingState(nn.Linear(2, 1), Config(ema=0.9), steps_per_epoch=5)
    >>> state.step, state.averaged is not None
    (0, True)
    """

    def __init__(self, model: nn.Module, config: Config, steps_per_epoch: int) -> None:
        self.model, self.config, self.steps_per_epoch = model, config, steps_per_epoch
        self.optimizer = make_optimizer(model, config)
        self.averaged = copy.deepcopy(model).eval() if config.ema is not None else None
        device = next(model.parameters()).device
        self.losses = torch.full((steps_per_epoch,), float("nan"), device=device)
        self.epoch = self.step_in_epoch = 0
        self.best: dict[str, Tensor] | None = None
        self.history = History()

    @property
    def step(self) -> int:
        """Steps done in the whole run."""
        return self.epoch * self.steps_per_epoch + self.step_in_epoch

    @property
    def scored_model(self) -> nn.Module:
        """The model that is scored and kept: the running mean where there is one."""
        return self.model if self.averaged is None else self.averaged

    def finish_step(self, loss: Tensor) -> None:
        """Remember a step's loss, and move the running mean."""
        self.losses[self.step_in_epoch] = loss
        if self.averaged is not None and self.config.ema is not None:
            keep = min(self.config.ema, (1 + self.step) / (10 + self.step))
            average_into(self.averaged, self.model, keep)
        self.step_in_epoch += 1

    def finish_epoch(self, row: Mapping[str, Any]) -> bool:
        """Add a row to the history, and keep the weights if they are the best; whether they are."""
        self.history.add(**row)
        self.epoch, self.step_in_epoch = self.epoch + 1, 0
        self.losses.fill_(float("nan"))
        is_best = self.best is None or self.history.best is self.history.rows[-1]
        if is_best:
            self.best = {k: v.clone() for k, v in self.scored_model.state_dict().items()}
        return is_best

    def save(self, folder: Path, fingerprint: Mapping[str, Any]) -> None:
        """Write the state into a folder; the state that lay there becomes the previous one."""
        if (folder / LAST).is_file():
            (folder / LAST).replace(folder / PREVIOUS)
        details = {
            "fingerprint": dict(fingerprint),
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "history": self.history.to_json(),
        }
        save_checkpoint(folder / LAST, self._tensors(), details)

    def restore(self, folder: Path, fingerprint: Mapping[str, Any]) -> bool:
        """Go back to the state of a folder; whether there was one.

        Raises
        ------
        CheckpointError
            If it is the state of a run with other choices, another model or other data, or if no
            file of the folder is whole.
        """
        found = _newest_whole(folder)
        if found is None:
            return False
        tensors, details = found
        _require_same_run(details["fingerprint"], fingerprint)
        groups: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            group, _, rest = name.partition("/")
            groups.setdefault(group, {})[rest] = tensor
        fill(self.model, groups["model"])
        if self.averaged is not None:
            fill(self.averaged, groups["averaged"])
        self.best = None
        if "best" in groups:
            own = self.model.state_dict()
            self.best = {k: torch.empty_like(own[k]).copy_(v) for k, v in groups["best"].items()}
        self._fill_optimizer(groups.get("optimizer", {}))
        self.losses.copy_(tensors["losses"])
        self.epoch, self.step_in_epoch = details["epoch"], details["step_in_epoch"]
        self.history = History.from_json(details["history"])
        return True

    def _tensors(self) -> dict[str, Tensor]:
        tensors = {f"model/{k}": v for k, v in self.model.state_dict().items()}
        if self.averaged is not None:
            tensors |= {f"averaged/{k}": v for k, v in self.averaged.state_dict().items()}
        if self.best is not None:
            tensors |= {f"best/{k}": v for k, v in self.best.items()}
        for name, parameter in self.model.named_parameters():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                if isinstance(value, Tensor):
                    tensors[f"optimizer/{name}/{key}"] = value
        return tensors | {"losses": self.losses}

    def _fill_optimizer(self, tensors: Mapping[str, Tensor]) -> None:
        parameters = dict(self.model.named_parameters())
        for path, value in tensors.items():
            name, _, key = path.rpartition("/")
            parameter = parameters[name]
            like = parameter if value.shape == parameter.shape else value
            held = torch.empty_like(like, device=parameter.device, dtype=value.dtype)
            self.optimizer.state[parameter][key] = held.copy_(value)


def make_optimizer(model: nn.Module, config: Config) -> torch.optim.Optimizer:
    """AdamW or SGD, with weight decay on weights alone.

    Examples
    --------
    >>> optimizer = make_optimizer(nn.Linear(2, 1), Config(weight_decay=0.1))
    >>> [(len(group["params"]), group["weight_decay"]) for group in optimizer.param_groups]
    [(1, 0.1), (1, 0.0)]
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    rate, fused = config.learning_rate, trained[0].device.type in ("cpu", "cuda")
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=rate, momentum=config.momentum, fused=fused)
    return torch.optim.AdamW(groups, lr=rate, fused=fused)


@torch.no_grad()
def average_into(averaged: nn.Module, model: nn.Module, keep: float) -> None:
    """Move a running mean towards a model: keep * old + (1 - keep) * new, batch norm included.

    Examples
    --------
    >>> old, new = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.zeros_(old.weight), nn.init.ones_(new.weight)
    >>> average_into(old, new, keep=0.75)
    >>> old.weight.item()
    0.25
    """
    pairs = list(zip(averaged.state_dict().values(), model.state_dict().values(), strict=True))
    means = [pair for pair in pairs if pair[0].is_floating_point()]
    torch._foreach_lerp_([old for old, _ in means], [new for _, new in means], 1 - keep)
    for old, new in pairs:
        if not old.is_floating_point():
            old.copy_(new)


def _newest_whole(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The last state, else the one before it; None where there is none at all."""
    problem = None
    for name in (LAST, PREVIOUS):
        try:
            found = load_checkpoint(folder / name)
        except FileNotFoundError:
            continue
        except CheckpointError as error:
            problem = error
            continue
        if problem is not None:
            warnings.warn(
                f"{problem} The run goes on from the state before it, {name}.", stacklevel=4
            )
        return found
    if problem is not None:
        raise CheckpointError(
            f"{problem} There is no whole state before it either: train again, without resume."
        )
    return None


def _require_same_run(stored: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to go on with other choices than those that the run was started with."""
    differences = []
    for part in ("config", "model", "data"):
        for name in sorted(stored[part].keys() | now[part].keys()):
            then, new = stored[part].get(name), now[part].get(name)
            if then != new and not (part == "config" and name in FREE):
                label = name if part == "config" else f"{part} {name}"
                differences.append(f"{label} was {then}, is {new}")
    if differences:
        raise CheckpointError(
            "The run in this folder had other choices: " + "; ".join(differences) + ". Go on with "
            "those it had, or start a new one: another folder, or without resume."
        )
