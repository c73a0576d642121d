"""The parts of `training.fit`, in the order in which it uses them."""

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.checkpoints import save_checkpoint
from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.history import History
from course_utils.resident_data import Batch, ResidentData, augmented, mixed_seed
from course_utils.schedules import learning_rate
from course_utils.scoring import autocast, predicted_maps, score
from course_utils.training_config import Config, choose_device, choose_precision
from course_utils.training_errors import (
    require_finite,
    require_fitting_model,
    require_matching_data,
    require_trainable_batch,
    telling_what_fits,
)
from course_utils.training_loss import loss_in_fp32, make_loss
from course_utils.training_report import Plan, Progress, Report, Samples, Validated
from course_utils.training_state import TrainingState
from course_utils.transforms import to_float

SECONDS_BETWEEN_REPORTS = 0.1


class TrainingLoop:
    """One run: its data on the device, its state, and what is done with them.

    Parameters
    ----------
    model, train, val, config
        As for `training.fit`.
    folder : Path or None
    report : Report or None
    details : mapping
        Goes into model.safetensors.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> data = load_data("ships", count=4)
    >>> loop = TrainingLoop(nn.Conv2d(3, 2, 1), data, data, Config(batch_size=3, epochs=5))
    >>> loop.steps  # a batch of three, and one picture left out, five times
    5
    """

    def __init__(
        self,
        model: nn.Module,
        train: SegmentationData,
        val: SegmentationData,
        config: Config,
        folder: Path | None = None,
        report: Report | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        require_matching_data(train, val)
        self.train, self.val, self.config = train, val, config
        self.folder, self.report, self.details = folder, report, dict(details or {})
        self.device = choose_device(config.device)
        self.precision = choose_precision(config.precision, self.device)
        self.layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.pictures = ResidentData(
            train, self.device, config.size, border_weights=config.border_weights
        )
        self.val_pictures = ResidentData(val, self.device, config.size)
        self.batch_size = min(config.batch_size, len(train))
        self.model = model.to(self.device, memory_format=self.layout)  # type: ignore[call-overload]
        self._require_fit()
        self.loss = make_loss(config, train)
        self.forward = torch.compile(model) if config.compile else model
        self.steps_per_epoch = len(train) // self.batch_size
        self.steps = config.epochs * self.steps_per_epoch
        self.state = TrainingState(model, config, self.steps_per_epoch)
        self.began = self.told = self.epoch_began = time.perf_counter()
        self.first_step = self.first_of_epoch = 0

    def _require_fit(self) -> None:
        """Refuse what would fail later: a batch of one, a size or a number of channels."""
        require_trainable_batch(self.model.train(), self.batch_size)
        crop = self.config.augmentation.crop if self.config.augmentation else None
        for size in {crop or self.pictures.size, self.val_pictures.size}:
            image = torch.zeros(1, 3, *size, device=self.device)
            require_fitting_model(self.model, image, self.train.num_classes, self.config)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What a stored state must agree with to be taken up again."""
        shapes = {k: list(v.shape) for k, v in self.model.state_dict().items()}
        counts = {"training pictures": len(self.train), "validation pictures": len(self.val)}
        return {
            "config": self.config.to_json(),
            "model": {"class": type(self.model).__name__, "tensors": shapes},
            "data": {"name": self.train.name, "classes": list(self.train.class_names), **counts},
        }

    def start(self, *, resume: bool) -> None:
        """Take up the stored state if there is one, and tell the plan."""
        if resume and self.folder is not None:
            self.state.restore(self.folder, self.fingerprint)
        self.first_step = self.state.step
        self.began = time.perf_counter()
        if self.report is not None:
            self.report.started(self._plan())

    def batches(self) -> Iterator[Batch]:
        """What is left of the epoch under way."""
        self.model.train()
        self.epoch_began, self.first_of_epoch = time.perf_counter(), self.state.step_in_epoch
        return self.pictures.shuffled(
            self.batch_size,
            seed=self.config.seed,
            epoch=self.state.epoch,
            start=self.state.step_in_epoch,
        )

    def learn(self, batch: Batch) -> None:
        """One step: the loss of a batch, its gradient, and a move against it."""
        state, config = self.state, self.config
        seed = mixed_seed(config.seed, state.epoch, state.step_in_epoch)
        torch.manual_seed(seed)  # for dropout
        with telling_what_fits(lambda count: self._attempt(batch, count), self.batch_size):
            loss = self._loss_of(augmented(batch, config.augmentation, seed=seed))
            state.optimizer.zero_grad()
            loss.backward()
            if config.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
            if self.device.type == "cpu":  # elsewhere a look costs time: `losses_so_far` does it
                require_finite(loss.detach()[None], state.step, self.rate_of)
            for group in state.optimizer.param_groups:
                group["lr"] = self.rate_of(state.step)
            state.optimizer.step()
        state.finish_step(loss.detach())

    def rate_of(self, step: int) -> float:
        """Learning rate of a step."""
        config = self.config
        return learning_rate(
            step,
            self.steps,
            highest=config.learning_rate,
            schedule=config.schedule,
            warmup=config.warmup,
        )

    def tell(self) -> None:
        """Report a step; seldom, since on a GPU a look at the loss makes everything wait."""
        now = time.perf_counter()
        if self.report is None or now - self.told < SECONDS_BETWEEN_REPORTS:
            return
        self.told = now
        self.report.stepped(
            Progress(
                epoch=self.state.epoch + 1,
                step=self.state.step,
                steps=self.steps,
                loss=self.losses_so_far().mean().item(),
                learning_rate=self.rate_of(self.state.step - 1),
                seconds=now - self.began,
                seconds_left=self._seconds_left(),
            )
        )

    def save_if_due(self) -> None:
        """Write the state down in the middle of an epoch, where the config says so."""
        every = self.config.checkpoint_steps
        if every is not None and self.state.step % every == 0:
            self.save()

    def save(self) -> None:
        """Write the state down, if there is a folder."""
        if self.folder is not None:
            self.losses_so_far()
            self.state.save(self.folder, self.fingerprint)

    def validate(self) -> None:
        """Score the epoch, add its row to the history, keep the weights if they are the best."""
        state = self.state
        row = self._trained_row()
        scores = score(
            state.scored_model,
            self.val_pictures,
            self.val.num_classes,
            batch_size=self.config.batch_size,
            precision=self.precision,
            loss=self.loss,
        )
        row |= {
            "val_loss": scores.loss,
            "mean_iou": scores.mean_iou,
            "accuracy": scores.accuracy,
            "iou_per_class": scores.iou_per_class.tolist(),
            "seconds": time.perf_counter() - self.epoch_began,
            "memory_mb": _memory_mb(self.device),
        }
        is_best = state.finish_epoch(row)
        if self.folder is not None:
            state.history.save(self.folder)
            if is_best and state.best is not None:
                save_checkpoint(self.folder, state.best, self._described())
        if self.report is not None:
            left = self._seconds_left()
            self.report.validated(Validated(row, state.history, is_best, left, self._samples))

    def finish(self) -> None:
        """Give the model its best weights; those of now if no epoch was scored."""
        state = self.state
        self.model.load_state_dict(state.best or state.scored_model.state_dict())
        self.model.eval()
        if self.folder is not None:
            state.history.save(self.folder)
            save_checkpoint(self.folder, self.model, self._described())

    def losses_so_far(self) -> Tensor:
        """Losses of this epoch's steps, float64 on the CPU, after a look that they are numbers."""
        here = self.state.losses[: self.state.step_in_epoch].cpu().double()
        require_finite(here, self.state.step - len(here), self.rate_of)
        return here

    def _trained_row(self) -> dict[str, Any]:
        losses = self.losses_so_far()  # on a GPU, waits until the steps are done
        seconds = time.perf_counter() - self.epoch_began
        return {
            "epoch": self.state.epoch + 1,
            "step": self.state.step,
            "loss": losses.mean().item(),
            "learning_rate": self.rate_of(self.state.step - 1),
            "pictures_per_second": (len(losses) - self.first_of_epoch) * self.batch_size / seconds,
        }

    def _loss_of(self, batch: Batch) -> Tensor:
        images, label_maps, weights = batch
        with autocast(self.precision, self.device):
            logits = self.forward(to_float(images).contiguous(memory_format=self.layout))
        return loss_in_fp32(self.loss, logits, label_maps, weights)

    def _attempt(self, batch: Batch, count: int) -> None:
        """A smaller batch's forward and backward pass, to see whether it fits."""
        images, label_maps, weights = batch
        part = images[:count], label_maps[:count], None if weights is None else weights[:count]
        self.model.zero_grad()
        self._loss_of(augmented(part, self.config.augmentation, seed=0)).backward()
        self.model.zero_grad()

    def _plan(self) -> Plan:
        trained = (p for p in self.model.parameters() if p.requires_grad)
        return Plan(
            model=type(self.model).__name__,
            data=self.train.name,
            parameters=sum(parameter.numel() for parameter in trained),
            pictures=len(self.train),
            val_pictures=len(self.val),
            class_names=tuple(self.train.class_names),
            palette=np.asarray(self.train.palette),
            epochs=self.config.epochs,
            steps_per_epoch=self.steps_per_epoch,
            batch_size=self.batch_size,
            steps_done=self.state.step,
            device=str(self.device),
            precision=self.precision,
            history=self.state.history,
        )

    def _seconds_left(self) -> float:
        done = self.state.step - self.first_step
        spent = time.perf_counter() - self.began
        return spent / max(1, done) * (self.steps - self.state.step)

    def _samples(self, count: int) -> Samples:
        images, label_maps = (tensor[:count] for tensor in self.val_pictures.tensors[:2])
        predicted = predicted_maps(
            self.state.scored_model,
            images,
            batch_size=self.batch_size,
            device=self.device,
            precision=self.precision,
        )
        return images.cpu().numpy(), label_maps.cpu().numpy(), predicted

    def _described(self) -> dict[str, Any]:
        history: History = self.state.history
        best = history.best
        return {
            **self.details,
            "best_epoch": None if best is None else best["epoch"],
            "history": history.to_json(),
        }


@contextlib.contextmanager
def run_settings(config: Config) -> Iterator[None]:
    """Threads, random numbers and cuDNN as a run wants them; as they were, afterwards.

    Examples
    --------
    >>> before = torch.get_num_threads()
    >>> with run_settings(Config(threads=1)):
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    device = choose_device(config.device)
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        try:
            torch.set_num_threads(config.threads or threads)
            torch.backends.cudnn.benchmark = device.type == "cuda"
            yield
        finally:
            torch.set_num_threads(threads)
            torch.backends.cudnn.benchmark = benchmark


def _memory_mb(device: torch.device) -> float:
    """Most memory used so far, in MB: by torch on CUDA, else by the process; nan if unknown."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if sys.platform == "win32":
        return float("nan")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3
