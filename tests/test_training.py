"""Training: exact after every stop, blind to void, and errors that tell the fix."""

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.checkpoints import CheckpointError, load_checkpoint
from course_utils.datasets.registry import load_data
from course_utils.datasets.segmentation_data import from_arrays
from course_utils.history import MEASURED
from course_utils.losses import cross_entropy
from course_utils.metrics import confusion_matrix
from course_utils.models.registry import build_model
from course_utils.training import Config, evaluate, fit, predict
from course_utils.training_errors import TrainingError
from course_utils.training_loss import class_weights_of
from course_utils.training_report import PlainReport
from course_utils.training_state import LAST, PREVIOUS
from course_utils.transforms import Augmentation, to_float

BASE = Config(epochs=3, batch_size=4, learning_rate=0.01, device="cpu", precision="fp32", threads=1)


def change(**choices):
    """The base configuration with other choices."""
    return Config(**{**BASE.__dict__, **choices})


def dots(count=10, side=16, part="train", seed=0, void=True, classes=3):
    """Pictures of coloured rectangles on noise: quickly learnt, with instances and void."""
    rng = np.random.default_rng([seed, len(part)])
    images = rng.integers(0, 90, (count, 3, side, side), dtype=np.uint8)
    label_maps = np.zeros((count, side, side), np.uint8)
    instance_maps = np.zeros((count, side, side), np.int32)
    for image, label_map, instance_map in zip(images, label_maps, instance_maps, strict=True):
        for number, place in enumerate(((1, 1), (1, 9), (9, 1)), start=1):
            kind = rng.integers(1, classes)
            rows, columns = (slice(start, start + rng.integers(3, 7)) for start in place)
            image[kind - 1, rows, columns] += 120
            label_map[rows, columns] = kind
            instance_map[rows, columns] = number
        if void:
            label_map[-2:] = 255
    names = ["background", "red", "green", "blue"][:classes]
    palette = np.eye(classes, 3, dtype=np.uint8) * 255
    return from_arrays(
        "dots", part, images, label_maps, instance_maps, class_names=names, palette=palette
    )


def small_net(seed=0, classes=3, dropout=0.2):
    """Convolutions, batch norm and dropout: all that could go astray on resume."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Dropout2d(dropout),
        nn.Conv2d(6, classes, 3, padding=1),
    )


def facts(history):
    """What must be the same for the same seed."""
    return [{k: v for k, v in row.items() if k not in MEASURED} for row in history.to_json()]


def same_tensors(one, other):
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


class Recorder:
    """A report that remembers, and presses the stop button after an epoch or a step."""

    def __init__(self, stop_epoch=None, stop_step=None):
        self.calls, self.stop_epoch, self.stop_step = [], stop_epoch, stop_step

    def started(self, plan):
        self.calls.append(("started", plan))

    def stepped(self, progress):
        self.calls.append(("stepped", progress))
        if self.stop_step is not None and progress.step >= self.stop_step:
            raise KeyboardInterrupt

    def validated(self, validated):
        self.calls.append(("validated", validated))
        if validated.row["epoch"] == self.stop_epoch:
            raise KeyboardInterrupt

    def ended(self, run):
        self.calls.append(("ended", run))

    def of(self, kind):
        return [what for name, what in self.calls if name == kind]


# -------------------------------------------------------------------------------- what it learns


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"optimizer": "sgd", "learning_rate": 0.1},
        {"loss": "focal_loss", "class_weights": "balanced"},
        {"loss": "cross_entropy+dice_loss", "schedule": "cosine", "class_weights": [1, 2, 2]},
        {"loss": "lovasz_softmax"},
        {"loss": "tversky_loss"},
        {"border_weights": True, "augmentation": Augmentation(rotate=10, noise=0.02)},
        {"ema": 0.9, "clip_norm": 1.0},
        {"precision": "bf16"},
        {"channels_last": False, "augmentation": Augmentation(scale=(0.8, 1.2), crop=(12, 12))},
        {"loss": lambda logits, target: cross_entropy(logits, target, class_weights=[1, 2, 2])},
        {"size": (24, 24)},
    ],
    ids=str,
)
def test_every_way_to_train_learns_the_dots(choices):
    train, val = dots(24), dots(8, part="val")
    config = change(**{"epochs": 12, "learning_rate": 0.02, **choices})
    before = evaluate(small_net(), val, size=config.size, device="cpu").mean_iou
    run = fit(small_net(dropout=0), train, val, config)
    assert run.history.best["mean_iou"] > max(0.6, before)
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert not run.stopped
    assert not run.model.training


def test_the_best_weights_come_back_not_the_last():
    """The rate goes to where all is forgotten, so the last epoch is not the best."""
    train, val = dots(24), dots(8, part="val")

    def wild(logits, target):
        wild.steps += logits.requires_grad
        return cross_entropy(logits, target) * (1 if wild.steps < 40 else -1)

    wild.steps = 0
    run = fit(small_net(), train, val, change(epochs=12, loss=wild, schedule="constant"))
    assert run.best_epoch < 12
    assert evaluate(run.model, val, device="cpu").mean_iou == run.history.best["mean_iou"]


def test_scores_are_those_of_the_pictures():
    model, data = small_net().eval(), dots(5, part="val")
    images, label_maps, _ = data.arrays()
    with torch.no_grad():
        logits = model(to_float(images))
    table = confusion_matrix(label_maps, logits.argmax(1).numpy(), 3)
    model.train()
    for batch_size in (1, 2, 5, 16):
        scores = evaluate(model, data, batch_size=batch_size, device="cpu")
        np.testing.assert_array_equal(scores.table, table)
        assert scores.table.sum() == (label_maps != 255).sum()
    assert scores.loss == pytest.approx(
        cross_entropy(logits, torch.from_numpy(label_maps)).item(), rel=1e-5
    )
    assert model.training  # as it was


def test_predictions_of_one_picture_and_of_many():
    model, (images, _, _) = small_net().eval(), dots(5).arrays()
    many = predict(model, images, batch_size=2, device="cpu")
    assert many.dtype == np.uint8
    np.testing.assert_array_equal(predict(model, images[3], device="cpu"), many[3])
    np.testing.assert_array_equal(
        predict(model, torch.from_numpy(images), batch_size=5, device="cpu"), many
    )
    with pytest.raises(TypeError, match="uint8"):
        predict(model, images.astype(np.float32), device="cpu")
    with pytest.raises(ValueError, match=r"\(N, 3, H, W\)"):
        predict(model, images[0, 0], device="cpu")


def test_one_channel_means_above_zero():
    model = nn.Conv2d(3, 1, 1)
    with torch.no_grad():
        model.weight.fill_(1.0)
        model.bias.fill_(-1.5)
    images = np.array([0, 127, 128, 255], np.uint8).reshape(1, 1, 1, 4).repeat(3, axis=1)
    assert predict(model, images, device="cpu").tolist() == [[[0, 0, 1, 1]]]


def test_void_pixels_teach_nothing():
    train, val = dots(8), dots(4, part="val")
    images, label_maps, instances = train.arrays()
    images = images.copy()
    how = {"class_names": train.class_names, "palette": train.palette}
    kept = from_arrays("dots", "train", images, label_maps, instances, **how)
    one = fit(nn.Conv2d(3, 3, 1), kept, val, BASE)  # sees one pixel at a time
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
    second.load_state_dict(first.state_dict())
    fit(first, kept, val, BASE)
    images[:, :, label_maps[0] == 255] = 255 - images[:, :, label_maps[0] == 255]
    fit(second, from_arrays("dots", "train", images, label_maps, instances, **how), val, BASE)
    assert same_tensors(first, second)
    assert len(one.history) == 3


def test_balanced_weights_are_median_over_frequency():
    data = dots(6)
    shares = data.class_frequencies()
    weights = class_weights_of(change(class_weights="balanced"), data)
    np.testing.assert_allclose(weights, np.median(shares) / shares)


def test_the_running_mean_holds_batch_norm_too():
    train, val = dots(8), dots(4, part="val")
    plain, mean = small_net(), small_net()
    fit(plain, train, val, change(epochs=1))
    fit(mean, train, val, change(epochs=1, ema=0.5))
    for name in ("0.weight", "1.running_mean", "1.running_var"):
        assert not torch.equal(plain.state_dict()[name], mean.state_dict()[name])
    assert mean.state_dict()["1.num_batches_tracked"] == 2


def test_pictures_left_over_are_left_out():
    recorder = Recorder()
    fit(small_net(), dots(9), dots(4, part="val"), BASE, report=recorder)
    (plan,) = recorder.of("started")
    assert (plan.steps_per_epoch, plan.batch_size, plan.pictures) == (2, 4, 9)
    fit(small_net(), dots(3), dots(4, part="val"), BASE, report=recorder)
    assert recorder.of("started")[1].batch_size == 3


# ------------------------------------------------------------------------------- the same again


def test_the_same_seed_gives_the_same_run_bit_for_bit():
    train, val = dots(), dots(4, part="val")
    config = change(augmentation=Augmentation(rotate=20, brightness=0.1, noise=0.1), ema=0.9)
    runs = []
    for disturbance in range(2):
        model = small_net()
        torch.rand(disturbance)  # another state of torch's own generator
        runs.append(fit(model, train, val, config))
    assert facts(runs[0].history) == facts(runs[1].history)
    assert same_tensors(runs[0].model, runs[1].model)
    other = fit(small_net(), train, val, Config(**{**config.__dict__, "seed": 1}))
    assert facts(other.history) != facts(runs[0].history)


def test_threads_and_random_numbers_are_left_as_they_were():
    torch.manual_seed(5)
    expected, threads = torch.rand(3), torch.get_num_threads()
    torch.manual_seed(5)
    model = nn.Conv2d(3, 3, 1, bias=False)
    torch.manual_seed(5)
    fit(model, dots(4), dots(4, part="val"), BASE)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("stop", [{"stop_epoch": 1}, {"stop_epoch": 3}, {"stop_step": 3}], ids=str)
def test_stopped_and_taken_up_again_is_never_stopped(stop, tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.training_loop.SECONDS_BETWEEN_REPORTS", 0)
    train, val = dots(), dots(4, part="val")
    config = change(
        epochs=4, ema=0.8, clip_norm=0.5, checkpoint_steps=1, augmentation=Augmentation(rotate=9)
    )
    whole = fit(small_net(), train, val, config)
    half = fit(small_net(), train, val, config, out=tmp_path, report=Recorder(**stop))
    assert half.stopped
    model = small_net(seed=9)  # its own weights do not matter
    again = fit(model, train, val, config, out=tmp_path, resume=True)
    assert not again.stopped
    assert facts(again.history) == facts(whole.history)
    assert same_tensors(again.model, whole.model)
    assert json.loads((tmp_path / "history.json").read_text(encoding="utf-8"))[3]["epoch"] == 4


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_sgd_and_adamw_are_taken_up_again(optimizer, tmp_path):
    train, val, config = dots(), dots(4, part="val"), change(optimizer=optimizer)
    whole = fit(small_net(), train, val, config)
    fit(small_net(), train, val, config, out=tmp_path, report=Recorder(stop_epoch=2))
    again = fit(small_net(), train, val, config, out=tmp_path, resume=True)
    assert same_tensors(again.model, whole.model)


def test_a_finished_run_taken_up_again_trains_no_more(tmp_path):
    train, val = dots(), dots(4, part="val")
    first = fit(small_net(), train, val, BASE, out=tmp_path)
    recorder = Recorder()
    again = fit(small_net(), train, val, BASE, out=tmp_path, resume=True, report=recorder)
    assert same_tensors(first.model, again.model)
    assert [name for name, _ in recorder.calls] == ["started", "ended"]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_training as t
import torch._dynamo  # which an optimiser imports at its first step
from course_utils import checkpoints
from course_utils.training_state import TrainingState

def dying(function, count):
    def wrapped(*arguments, **named):
        wrapped.calls += 1
        if wrapped.calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    wrapped.calls = 0
    return wrapped

def train(folder, where, count):
    owner, name = {"TrainingState": TrainingState, "Path": Path, "os": os}[where[0]], where[1]
    setattr(owner, name, dying(getattr(owner, name), count))
    data = t.dots(), t.dots(4, part="val")
    run = t.fit(t.small_net(), *data, t.KILLED_CONFIG, out=folder, resume=True)
    facts = {"facts": t.facts(run.history)}
    checkpoints.save_checkpoint(folder / "end.safetensors", run.model, facts)

# This process only imports; each attempt is a process of its own, forked from it.
for attempt in sys.argv[3:]:
    where, count = attempt.split(":")
    child = os.fork()
    if child == 0:
        train(Path(sys.argv[2]), where.split("."), int(count))
        os._exit(0)
    print(attempt, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
KILLED_CONFIG = change(
    epochs=12, ema=0.8, checkpoint_steps=3, augmentation=Augmentation(rotate=9, noise=0.1)
)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is known on POSIX alone")
def test_killed_again_and_again_is_never_killed(tmp_path):
    """Real processes, killed before the first checkpoint, between steps and inside writes."""
    whole = fit(small_net(), dots(), dots(4, part="val"), KILLED_CONFIG)
    kills = [
        "TrainingState.finish_step:1",
        "TrainingState.finish_step:4",
        "os.fsync:3",  # inside a checkpoint
        "os.replace:4",  # written, not yet in its place
        "Path.replace:1",  # before the last state becomes the previous one
        "Path.replace:2",
        "TrainingState.finish_epoch:2",
        "os.replace:1",  # the first of a process: the previous state is all there is
        "TrainingState.finish_step:2",
        "TrainingState.save:3",
    ]
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path)]
    done = subprocess.run(
        [*command, *kills, "os.replace:10000"], capture_output=True, text=True, check=False
    )
    expected = [f"{kill} -9" for kill in kills] + ["os.replace:10000 0"]
    assert done.stdout.splitlines() == expected, done.stderr
    tensors, details = load_checkpoint(tmp_path / "end.safetensors")
    assert details["facts"] == facts(whole.history)
    for name, tensor in whole.model.state_dict().items():
        assert torch.equal(tensors[name], tensor), name


# ---------------------------------------------------------------------------- stop and checkpoint


def test_the_stop_button_keeps_the_best_model_and_the_history(tmp_path):
    train, val, recorder = dots(24), dots(8, part="val"), Recorder(stop_epoch=2)
    run = fit(small_net(), train, val, change(epochs=9), out=tmp_path, report=recorder)
    assert run.stopped
    assert len(run.history) == 2
    assert evaluate(run.model, val, device="cpu").mean_iou == run.history.best["mean_iou"]
    assert recorder.of("ended") == [run]
    kept, details = load_checkpoint(tmp_path)
    assert details["best_epoch"] == run.best_epoch
    assert all(torch.equal(kept[k], v) for k, v in run.model.state_dict().items())


@pytest.mark.skipif(os.name != "posix", reason="sends itself a signal")
def test_a_real_interrupt_is_heeded():
    """SIGINT as Ctrl-C and a notebook's stop button send it."""
    stopper = threading.Timer(0.5, os.kill, (os.getpid(), 2))
    stopper.start()
    run = fit(small_net(), dots(), dots(4, part="val"), change(epochs=10**6))
    stopper.join()
    assert run.stopped
    assert run.best_epoch is not None


def test_stopped_before_the_first_validation_has_the_last_weights(monkeypatch):
    monkeypatch.setattr("course_utils.training_loop.SECONDS_BETWEEN_REPORTS", 0)
    run = fit(small_net(), dots(), dots(4, part="val"), BASE, report=Recorder(stop_step=1))
    assert run.stopped
    assert run.best_epoch is None
    assert len(run.history) == 0
    assert not same_tensors(run.model, small_net())


def test_a_damaged_state_is_refused_and_the_one_before_it_used(tmp_path):
    train, val = dots(), dots(4, part="val")
    whole = fit(small_net(), train, val, BASE, out=tmp_path)
    content = bytearray((tmp_path / LAST).read_bytes())
    content[-5] ^= 255
    (tmp_path / LAST).write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged.*goes on from the state before it"):
        again = fit(small_net(), train, val, BASE, out=tmp_path, resume=True)
    assert same_tensors(again.model, whole.model)
    assert facts(again.history) == facts(whole.history)
    for name in (LAST, PREVIOUS):
        (tmp_path / name).write_bytes(b"nonsense")
    with pytest.raises(CheckpointError, match="no whole state before it either"):
        fit(small_net(), train, val, BASE, out=tmp_path, resume=True)


@pytest.mark.parametrize(
    ("config", "model", "count", "message"),
    [
        ({"learning_rate": 0.5}, {}, 10, "learning_rate was 0.01, is 0.5"),
        ({"epochs": 9}, {}, 10, "epochs was 3, is 9"),
        ({"augmentation": Augmentation()}, {}, 10, "augmentation was None, is .*flip"),
        ({}, {}, 8, "data training pictures was 10, is 8"),
        ({}, {"width": 4}, 10, "model tensors was .*, is "),
    ],
)
def test_another_run_is_not_taken_up(config, model, count, message, tmp_path):
    options = {"num_classes": 3, "width": 2, "depth": 1}
    val = dots(4, part="val")
    fit(build_model("unet", **options), dots(), val, BASE, out=tmp_path)
    other = build_model("unet", **{**options, **model})
    with pytest.raises(CheckpointError, match=message):
        fit(other, dots(count), val, change(**config), out=tmp_path, resume=True)


def test_another_number_of_threads_is_no_other_run(tmp_path):
    fit(small_net(), dots(), dots(4, part="val"), BASE, out=tmp_path)
    run = fit(
        small_net(), dots(), dots(4, part="val"), change(threads=2), out=tmp_path, resume=True
    )
    assert len(run.history) == 3


# ------------------------------------------------------------------------- errors that tell the fix


def test_a_loss_that_is_no_number_names_step_and_rate():
    def breaking(logits, target):
        breaking.steps += logits.requires_grad  # validation is no step
        return cross_entropy(logits, target) * (float("nan") if breaking.steps == 4 else 1)

    breaking.steps = 0
    model = small_net()
    with pytest.raises(TrainingError, match=r"nan at step 4 \(learning rate 0.00\d+\).*clip_norm"):
        fit(model, dots(), dots(4, part="val"), change(loss=breaking, warmup=0))
    assert all(torch.isfinite(p).all() for p in model.parameters())  # not stepped with it


def test_too_high_a_rate_is_found():
    config = change(optimizer="sgd", learning_rate=1e25, epochs=20)
    with pytest.raises(TrainingError, match=r"too high \(try learning_rate=1e\+24\)"):
        fit(nn.Conv2d(3, 3, 1), dots(), dots(4, part="val"), config)


def test_a_label_out_of_range_is_found_before_training():
    data = dots(4)
    images, label_maps, _ = data.arrays()
    label_maps[2, 3, 4] = 3
    wrong = from_arrays(
        "dots", "train", images, label_maps, class_names=data.class_names, palette=data.palette
    )
    with pytest.raises(ValueError, match=r"label maps of dots must hold .* 0 to 2 .*found 3 at"):
        fit(small_net(), wrong, dots(4, part="val"), BASE)


def test_one_channel_for_classes_is_refused():
    train, val = dots(4), dots(4, part="val")
    message = r"1 channel.*each of the data's 3.*num_classes=3"
    with pytest.raises(ValueError, match=message):
        fit(build_model("unet", 1, width=2), train, val, BASE)
    with pytest.raises(ValueError, match=message):
        evaluate(build_model("unet", 1, width=2), val, device="cpu")
    with pytest.raises(ValueError, match=r"5 channels, the data has 3 classes.*num_classes=3"):
        fit(build_model("unet", 5, width=2), train, val, BASE)


def test_one_channel_with_a_loss_of_its_own_is_welcome():
    def logistic(logits, target):
        return nn.functional.binary_cross_entropy_with_logits(
            logits[:, 0], (target == 1).float(), weight=(target != 255).float()
        )

    train, val = dots(12, classes=2), dots(4, part="val", classes=2)
    run = fit(small_net(classes=1, dropout=0), train, val, change(loss=logistic, epochs=12))
    assert run.history.best["mean_iou"] > 0.6


def test_a_size_that_does_not_work_names_those_that_do():
    model = build_model("unet", 3, width=2)
    train, val = dots(4, side=100), dots(4, side=100, part="val")
    with pytest.raises(ValueError, match=r"96 or 112.*size=\(height, width\)"):
        fit(model, train, val, BASE)
    with pytest.raises(ValueError, match="96 or 112"):
        evaluate(model, val, device="cpu")
    run = fit(model, train, val, change(size=(96, 112), epochs=1))
    assert len(run.history) == 1


def test_a_foreign_model_that_takes_no_such_size_gets_advice_too():
    class Joining(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x):
            small = nn.functional.max_pool2d(self.conv(x), 4)
            return torch.cat([nn.functional.interpolate(small, scale_factor=4), x], 1)[:, :3]

    with pytest.raises(ValueError, match=r"pictures of 50 x 50.*try height 32 or 64"):
        fit(Joining(), dots(4, side=50), dots(4, side=50, part="val"), BASE)
    crop = change(augmentation=Augmentation(crop=(25, 25)))
    with pytest.raises(ValueError, match="does not take pictures of 25 x 25"):
        fit(Joining(), dots(4, side=48), dots(4, side=48, part="val"), crop)


def test_a_batch_of_one_and_batch_norm():
    val = dots(4, part="val")
    for data, size in ((dots(4), 1), (dots(1), 4)):
        with pytest.raises(ValueError, match=r"batch of one.*batch_size=2"):
            fit(small_net(), data, val, change(batch_size=size))
    assert fit(nn.Conv2d(3, 3, 1), dots(1), val, BASE).history.best is not None


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError, MemoryError, "can't allocate memory: you tried to"], ids=str
)
def test_out_of_memory_names_a_batch_that_fits(error):
    class Hungry(nn.Conv2d):
        def forward(self, x):
            if self.training and len(x) > 2:
                raise RuntimeError(error) if isinstance(error, str) else error("too much")
            return super().forward(x)

    config = change(batch_size=12, augmentation=Augmentation())
    with pytest.raises(TrainingError, match=r"at 12 pictures a step. .*batch_size=[12]"):
        fit(Hungry(3, 3, 1), dots(12), dots(4, part="val"), config)


def test_other_errors_of_a_model_pass_through():
    class Broken(nn.Conv2d):
        def forward(self, x):
            if self.training:
                raise RuntimeError("a slip of mine")
            return super().forward(x)

    with pytest.raises(RuntimeError, match="a slip of mine"):
        fit(Broken(3, 3, 1), dots(4), dots(4, part="val"), BASE)


def test_data_that_do_not_go_together():
    with pytest.raises(ValueError, match="train has 3 classes, val has 2"):
        fit(small_net(), dots(4), dots(4, part="val", classes=2), BASE)
    with pytest.raises(ValueError, match="val has no pictures"):
        fit(small_net(), dots(4), dots(4).take([]), BASE)
    data = dots(4)
    images, label_maps, _ = data.arrays()
    how = {"class_names": data.class_names, "palette": data.palette}
    without = from_arrays("dots", "train", images, label_maps, **how)
    with pytest.raises(ValueError, match="needs instance maps, and dots has none"):
        fit(small_net(), without, data, change(border_weights=True))


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0, got nan"),
        ({"optimizer": "adam"}, "one of adamw, sgd, got 'adam'"),
        ({"schedule": "step"}, "one of poly, cosine, constant"),
        ({"precision": "fp16"}, "one of auto, fp32, bf16"),
        ({"ema": 1.0}, r"ema must be in \[0, 1\)"),
        ({"loss": "dice"}, "cross_entropy, focal_loss, dice_loss"),
        ({"loss": "dice_loss", "class_weights": "balanced"}, "takes no class weights"),
        ({"loss": "dice_loss", "border_weights": True}, "takes no pixel weights"),
        ({"class_weights": "even"}, '"balanced" or numbers'),
        ({"weight_decay": -1}, "weight_decay must be at least 0"),
    ],
)
def test_choices_out_of_range(choices, message):
    with pytest.raises(ValueError, match=message):
        change(**choices)


def test_a_device_that_is_not_there():
    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(ValueError, match=r"'cuda' is not to be had here.*doctor"):
        fit(small_net(), dots(4), dots(4, part="val"), change(device="cuda"))


# --------------------------------------------------------------------------------- what it tells


def test_reports_come_in_order_with_true_numbers(monkeypatch):
    monkeypatch.setattr("course_utils.training_loop.SECONDS_BETWEEN_REPORTS", 0)
    recorder, val = Recorder(), dots(4, part="val")
    run = fit(small_net(), dots(), val, BASE, report=recorder)
    names = [name for name, _ in recorder.calls]
    assert names == ["started", *(["stepped"] * 2 + ["validated"]) * 3, "ended"]
    assert [p.step for p in recorder.of("stepped")] == list(range(1, 7))
    assert [p.epoch for p in recorder.of("stepped")] == [1, 1, 2, 2, 3, 3]
    for progress, row in zip(recorder.of("stepped")[1::2], run.history.rows, strict=True):
        assert progress.loss == row["loss"]
        assert progress.learning_rate == row["learning_rate"]
    images, label_maps, predicted = recorder.of("validated")[-1].samples(3)
    np.testing.assert_array_equal(images, val.arrays()[0][:3])
    np.testing.assert_array_equal(label_maps, val.arrays()[1][:3])
    assert predicted.shape == (3, 16, 16)
    row = run.history.rows[-1]
    assert row["pictures_per_second"] > 0
    assert row["memory_mb"] > 10 or os.name == "nt"
    assert len(row["iou_per_class"]) == 3


def test_plain_lines_say_what_happens(capsys):
    fit(small_net(), dots(), dots(4, part="val"), BASE, report=PlainReport())
    lines = capsys.readouterr().out.splitlines()
    assert "10 pictures to train on, 4 to validate; 3 epochs of 2 steps" in lines[1]
    assert [line.split()[1] for line in lines[2:5]] == ["1/3", "2/3", "3/3"]
    assert all("left" in line for line in lines[2:5])
    assert lines[-1].startswith("done: best mean IoU 0.")


def test_without_a_folder_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(small_net(), dots(), dots(4, part="val"), change(checkpoint_steps=1))
    assert list(tmp_path.iterdir()) == []


def test_a_network_of_the_course_learns_ships(measured):
    """The whole way with real parts: a U-Net, generated scenes, augmentation, a running mean."""
    train, val = load_data("ships", count=24, size=(64, 64)), load_data("ships", "val", count=8)
    torch.manual_seed(0)
    model = build_model("unet", 2, width=4, depth=2, batch_norm=True)
    config = change(epochs=6, ema=0.8, size=(64, 64), augmentation=Augmentation(rotate=10))
    began = time.perf_counter()
    run = fit(model, train, val, config)
    measured(f"U-Net on ships: mean IoU {run.history.best['mean_iou']:.2f}")
    measured(f"  {6 * 24 / (time.perf_counter() - began):.0f} pictures/s of 64 x 64, one thread")
    assert run.history["loss"][-1] < run.history["loss"][0]
