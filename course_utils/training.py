"""Train a network, score it, use it: `fit`, `evaluate`, `predict`.

`fit` reads from top to bottom: gather a batch, change it at random, compute the loss, step; after
each epoch score on the validation part, keep the best weights, write the state down. The data lie
on the device as bytes, and every random number is drawn from a seed made of the run's seed and the
step's number: a run that was killed at any moment goes on as if nothing had happened.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import losses
from course_utils.checkpoints import save_checkpoint
from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.history import History
from course_utils.metrics import confusion_matrix, iou_per_class, mean_iou, pixel_accuracy
from course_utils.models.layers import centre_crop
from course_utils.resident_data import Batch, ResidentData, augmented, mixed_seed
from course_utils.schedules import learning_rate
from course_utils.training_config import Config, choose_device, choose_precision
from course_utils.training_errors import (
    require_finite,
    require_fitting_model,
    require_matching_data,
    require_trainable_batch,
    telling_what_fits,
)
from course_utils.training_report import Plan, Progress, Report, Validated
from course_utils.training_state import TrainingState
from course_utils.transforms import to_float

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


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


def fit(
    model: nn.Module,
    train: SegmentationData,
    val: SegmentationData,
    config: Config | None = None,
    *,
    out: Path | str | None = None,
    resume: bool = False,
    report: Report | None = None,
    details: dict[str, Any] | None = None,
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
    details : dict, optional
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
    device = choose_device(config.device)
    with _settings(config, device):
        loop = _Loop(model, train, val, config, device)
        folder = None if out is None else Path(out)
        if folder is not None and resume:
            loop.state.restore(folder, loop.fingerprint)
        stopped = False
        try:
            loop.start(report)
            while loop.state.epoch < config.epochs:
                for batch in loop.batches():
                    loop.learn(batch)
                    loop.tell(report)
                    if folder is not None and loop.checkpoint_is_due():
                        loop.save(folder)
                loop.validate(report, folder, details)
                if folder is not None:
                    loop.save(folder)
        except KeyboardInterrupt:
            stopped = True
        run = loop.finish(stopped)
    if folder is not None:
        run.history.save(folder)
        save_checkpoint(folder, run.model, _described(details, run))
    if report is not None:
        report.ended(run)
    return run


class _Loop:
    """The parts of `fit`, in the order in which it uses them."""

    def __init__(
        self,
        model: nn.Module,
        train: SegmentationData,
        val: SegmentationData,
        config: Config,
        device: torch.device,
    ) -> None:
        require_matching_data(train, val)
        self.config, self.device, self.train, self.val = config, device, train, val
        self.precision = choose_precision(config.precision, device)
        self.pictures = ResidentData(
            train, device, config.size, border_weights=config.border_weights
        )
        self.val_pictures = ResidentData(val, device, config.size)
        self.batch_size = min(config.batch_size, len(self.pictures))
        require_trainable_batch(model.train(), self.batch_size)
        layout = torch.channels_last if config.channels_last else torch.contiguous_format
        self.model = model.to(device, memory_format=layout)  # type: ignore[call-overload]
        crop = config.augmentation.crop if config.augmentation else None
        for size in {crop or self.pictures.size, self.val_pictures.size}:
            image = torch.zeros(1, 3, *size, device=device)
            require_fitting_model(model, image, train.num_classes, config)
        self.loss = make_loss(config, train)
        self.forward = torch.compile(model) if config.compile else model
        self.steps_per_epoch = len(self.pictures) // self.batch_size
        self.steps = config.epochs * self.steps_per_epoch
        self.state = TrainingState(model, config, self.steps_per_epoch)
        self.began = self.told = self.epoch_began = time.perf_counter()
        self.first_step = self.checked = self.epoch_first = 0

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What a state must agree with to be taken up again."""
        shapes = {k: list(v.shape) for k, v in self.model.state_dict().items()}
        return {
            "config": self.config.to_json(),
            "model": {"class": type(self.model).__name__, "tensors": shapes},
            "data": {
                "name": self.train.name,
                "pictures": [len(self.train), len(self.val)],
                "classes": list(self.train.class_names),
            },
        }

    def start(self, report: Report | None) -> None:
        self.began = self.told = time.perf_counter()
        self.first_step, self.checked = self.state.step, self.state.step_in_epoch
        if report is not None:
            report.started(
                Plan(
                    model=type(self.model).__name__,
                    data=self.train.name,
                    parameters=sum(p.numel() for p in self.model.parameters() if p.requires_grad),
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
            )

    def batches(self) -> Iterator[Batch]:
        """What is left of the epoch under way."""
        self.model.train()
        self.epoch_began, self.epoch_first = time.perf_counter(), self.state.step_in_epoch
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
        with telling_what_fits(lambda count: self._try(batch, count), self.batch_size):
            batch = augmented(batch, config.augmentation, seed=seed)
            for group in state.optimizer.param_groups:
                group["lr"] = self.rate_of(state.step)
            loss = self._loss_of(batch)
            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if config.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
            if self.device.type == "cpu":  # elsewhere to look would cost time: see `tell`
                require_finite(loss.detach()[None], state.step, self.rate_of)
            state.optimizer.step()
        state.finish_step(loss.detach())

    def rate_of(self, step: int) -> float:
        config = self.config
        return learning_rate(
            step,
            self.steps,
            highest=config.learning_rate,
            schedule=config.schedule,
            warmup=config.warmup,
        )

    def _loss_of(self, batch: Batch) -> Tensor:
        images, label_maps, weights = batch
        layout = torch.channels_last if self.config.channels_last else torch.contiguous_format
        with _autocast(self.precision, self.device):
            logits = self.forward(to_float(images).contiguous(memory_format=layout))
        return _loss(self.loss, logits, label_maps, weights)

    def _try(self, batch: Batch, count: int) -> None:
        self.model.zero_grad(set_to_none=True)
        part = (batch[0][:count], batch[1][:count], None if batch[2] is None else batch[2][:count])
        self._loss_of(part).backward()
        self.model.zero_grad(set_to_none=True)

    def losses_so_far(self) -> Tensor:
        """Losses of the epoch's steps, on the CPU, after a look that they are numbers."""
        losses_here = self.state.losses[: self.state.step_in_epoch].cpu()
        first = self.state.epoch * self.steps_per_epoch
        require_finite(losses_here, first, self.rate_of)
        return losses_here

    def tell(self, report: Report | None) -> None:
        """Say how far it is, at most ten times a second: on a GPU to look makes it wait."""
        now = time.perf_counter()
        if report is None or now - self.told < 0.1:
            return
        self.told = now
        report.stepped(
            Progress(
                epoch=self.state.epoch + 1,
                step=self.state.step,
                steps=self.steps,
                loss=self.losses_so_far().double().mean().item(),
                learning_rate=self.rate_of(self.state.step - 1),
                seconds=now - self.began,
                seconds_left=self._seconds_left(),
            )
        )

    def _seconds_left(self) -> float:
        done = self.state.step - self.first_step
        spent = time.perf_counter() - self.began
        return spent / max(1, done) * (self.steps - self.state.step)

    def checkpoint_is_due(self) -> bool:
        every = self.config.checkpoint_steps
        return every is not None and self.state.step % every == 0

    def save(self, folder: Path) -> None:
        self.losses_so_far()
        self.state.save(folder, self.fingerprint)

    def validate(
        self, report: Report | None, folder: Path | None, details: dict[str, Any] | None
    ) -> None:
        """Score the epoch, write its row down, and the weights if they are the best."""
        state, here = self.state, self.losses_so_far()
        trained = (state.step_in_epoch - self.epoch_first) * self.batch_size
        training_seconds = time.perf_counter() - self.epoch_began
        row: dict[str, Any] = {
            "epoch": state.epoch + 1,
            "step": state.step,
            "loss": here.double().mean().item(),
            "learning_rate": self.rate_of(state.step - 1),
        }
        scores = self._score()
        row |= {
            "val_loss": scores.loss,
            "mean_iou": scores.mean_iou,
            "accuracy": scores.accuracy,
            "iou_per_class": scores.iou_per_class.tolist(),
            "pictures_per_second": trained / training_seconds,
            "seconds": time.perf_counter() - self.epoch_began,
            "memory_mb": _memory_mb(self.device),
        }
        state.finish_epoch(row)
        is_best = state.history.best is state.history.rows[-1]
        if folder is not None:
            state.history.save(folder)
            if is_best:
                described = _described(details, Run(self.model, state.history, state.epoch, False))
                save_checkpoint(folder, state.best or {}, described)
        if report is not None:
            left = self._seconds_left()
            report.validated(Validated(row, state.history, is_best, left, self._samples))

    def _score(self) -> Scores:
        return _score(
            self.state.scored_model,
            self.val_pictures,
            self.val.num_classes,
            self.config.batch_size,
            self.precision,
            self.loss,
        )

    def _samples(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        images, label_maps, *_ = (tensor[:count] for tensor in self.val_pictures.tensors)
        predicted = predict(
            self.state.scored_model, images, device=str(self.device), precision=self.precision
        )
        return images.cpu().numpy(), label_maps.cpu().numpy(), predicted

    def finish(self, stopped: bool) -> Run:
        state = self.state
        self.model.load_state_dict(state.best or state.scored_model.state_dict())
        best = state.history.best
        best_epoch = None if best is None else best["epoch"]
        return Run(self.model.eval(), state.history, best_epoch, stopped)


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
    how = choose_precision(precision, where)
    return _score(model, pictures, data.num_classes, batch_size, how, make_loss(config, data))


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
    if stored.ndim == 3:
        return predict(
            model, stored[None], batch_size=batch_size, device=device, precision=precision
        )[0]
    model.to(where)
    maps = []
    with _evaluating(model), _autocast(choose_precision(precision, where), where):
        for start in range(0, len(stored), batch_size):
            logits = model(to_float(stored[start : start + batch_size].to(where)))
            maps.append(_classes(logits).cpu().numpy())
    return np.concatenate(maps)


def make_loss(config: Config, data: SegmentationData) -> Loss:
    """The loss of a config as a function of logits, target, and pixel weights or None.

    Parameters
    ----------
    config : Config
    data : SegmentationData
        Whence the frequencies of "balanced" class weights come.

    Returns
    -------
    callable

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> loss = make_loss(Config(loss="cross_entropy+dice_loss"), load_data("ships", count=1))
    >>> loss(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 1]]]), None)
    tensor(1.0265)
    """
    own = config.loss
    if not isinstance(own, str):
        return lambda logits, target, weights: (
            own(logits, target) if weights is None else own(logits, target, weights)
        )
    class_weights = class_weights_of(config, data)

    def loss(logits: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        total = logits.new_zeros(())
        for name in own.split("+"):
            if name == "cross_entropy":
                total = total + losses.cross_entropy(logits, target, class_weights, weights)
            elif name == "focal_loss":
                total = total + losses.focal_loss(logits, target, alpha=class_weights)
            else:
                total = total + getattr(losses, name)(logits, target)
        return total

    return loss


def class_weights_of(config: Config, data: SegmentationData) -> list[float] | None:
    """Class weights of a config; "balanced" is the median frequency over each class's own.

    A class that the data do not hold gets 0.

    References
    ----------
    Eigen and Fergus, 2015, section 6.3.2 (median frequency balancing),
    https://arxiv.org/abs/1411.4734 (here pixels of all pictures, also those without the class)

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> weights = class_weights_of(Config(class_weights="balanced"), load_data("ships", count=4))
    >>> weights[0] < 1 < weights[1]
    True
    """
    if config.class_weights is None or not isinstance(config.class_weights, str):
        return None if config.class_weights is None else [float(w) for w in config.class_weights]
    shares = data.class_frequencies()
    median = np.median(shares[shares > 0])
    return [float(median / share) if share > 0 else 0.0 for share in shares]


def _loss(loss: Loss, logits: Tensor, label_maps: Tensor, weights: Tensor | None) -> Tensor:
    """The loss in fp32; of a model that answers for the middle alone, on the target's middle."""
    size = (logits.shape[2], logits.shape[3])
    if label_maps.shape[1:] != size:
        label_maps = centre_crop(label_maps[:, None], size)[:, 0]
        weights = None if weights is None else centre_crop(weights[:, None], size)[:, 0]
    return loss(logits.float(), label_maps, weights)


def _score(
    model: nn.Module,
    pictures: ResidentData,
    num_classes: int,
    batch_size: int,
    precision: str,
    loss: Loss,
) -> Scores:
    table: Any = 0
    total = torch.zeros((), dtype=torch.float64, device=pictures.device)
    with _evaluating(model):
        for images, label_maps, _ in pictures.batches(batch_size):
            with _autocast(precision, pictures.device):
                logits = model(to_float(images))
            total += _loss(loss, logits, label_maps, None) * len(images)
            predicted = _classes(logits)
            if predicted.shape != label_maps.shape:
                size = (predicted.shape[1], predicted.shape[2])
                label_maps = centre_crop(label_maps[:, None], size)[:, 0].contiguous()
            table = table + confusion_matrix(label_maps, predicted, num_classes)
    return Scores(table.cpu().numpy(), total.item() / len(pictures))


def _classes(logits: Tensor) -> Tensor:
    """Class indices uint8 (N, H, W) of logits; of one channel: whether it is above 0."""
    return ((logits[:, 0] > 0) if logits.shape[1] == 1 else logits.argmax(1)).to(torch.uint8)


@contextlib.contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Without gradients, dropout and batch statistics; the mode comes back afterwards."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(was_training)


def _autocast(precision: str, device: torch.device) -> torch.autocast:
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


@contextlib.contextmanager
def _settings(config: Config, device: torch.device) -> Iterator[None]:
    """Threads, random numbers and cuDNN as the run wants them; as they were afterwards."""
    threads, benchmark = torch.get_num_threads(), torch.backends.cudnn.benchmark
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices):
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


def _described(details: dict[str, Any] | None, run: Run) -> dict[str, Any]:
    return {**(details or {}), "best_epoch": run.best_epoch, "history": run.history.to_json()}
