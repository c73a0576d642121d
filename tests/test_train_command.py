"""The train command: what its folder holds, how it goes on, and what it says when it cannot."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from PIL import Image

from course_utils.__main__ import main
from course_utils.checkpoints import load_model
from course_utils.datasets import nuclei
from course_utils.datasets.registry import load_data
from course_utils.history import History
from course_utils.models.registry import model_names
from course_utils.train_command import RECIPES, option_of
from course_utils.training import evaluate

TINY = ["--data", "ships", "--pictures", "8", "--option", "width=2", "--option", "depth=1"]
TINY += ["--size", "32", "32", "--batch-size", "4", "--device", "cpu", "--threads", "1"]


def train(*arguments):
    """Run the command in this process; its exit code."""
    return main(["train", *TINY, *arguments])


def test_the_folder_holds_all_that_was_promised(tmp_path, capsys):
    out = tmp_path / "demo"
    assert train("--epochs", "2", "--out", str(out), "--seed", "3", "--learning-rate", "0.02") == 0
    assert {path.name for path in out.iterdir()} == {
        "config.json",
        "history.json",
        "model.safetensors",
        "training.safetensors",
        "training.previous.safetensors",
        "curves.png",
        "predictions.png",
        "scores.json",
    }
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["model"] == {"name": "unet", "num_classes": 2, "width": 2, "depth": 1}
    assert config["data"] == "ships"
    assert (config["config"]["seed"], config["config"]["learning_rate"]) == (3, 0.02)
    assert len(History.load(out)) == 2
    for name in ("curves.png", "predictions.png"):
        assert min(Image.open(out / name).size) > 100
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    model, details = load_model(out)
    assert details["data"] == "ships"
    test = load_data("ships", "test")
    again = evaluate(model, test, size=(32, 32), device="cpu")
    assert scores["mean_iou"] == pytest.approx(again.mean_iou, abs=1e-6)
    assert (scores["part"], scores["pictures"]) == ("test", len(test))
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 2
    assert lines[-1].startswith(f"test: mean IoU {scores['mean_iou']:.4f} on {len(test)} pictures")


def test_a_run_is_never_overwritten(tmp_path, capsys, monkeypatch):
    out = str(tmp_path / "demo")
    assert train("--epochs", "1", "--out", out) == 0
    before = (tmp_path / "demo" / "model.safetensors").read_bytes()
    assert train("--epochs", "1", "--out", out) == 1
    assert "holds a run. Add --resume" in capsys.readouterr().err
    assert (tmp_path / "demo" / "model.safetensors").read_bytes() == before
    assert train("--epochs", "2", "--out", out, "--resume") == 1
    assert "epochs was 1, is 2" in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert train("--epochs", "1") == 0
    assert train("--epochs", "1") == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == [
        "unet-ships",
        "unet-ships-2",
    ]


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_ctrl_c_then_resume_equals_an_undisturbed_run(tmp_path):
    command = [sys.executable, "-m", "course_utils", "train", *TINY, "--epochs", "12"]
    whole = subprocess.run(
        [*command, "--out", str(tmp_path / "whole")], capture_output=True, text=True, check=False
    )
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "cut")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch  3"):
            process.send_signal(signal.SIGINT)
            break
    rest = process.stdout.read()
    assert process.wait() == 130, rest
    assert "--resume goes on" in rest
    assert (tmp_path / "cut" / "curves.png").exists()
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "cut"), "--resume"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "going on after" in done.stdout
    for name in ("scores.json", "predictions.png"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_the_list_names_models_and_data(capsys):
    assert main(["train", "--list"]) == 0
    text = capsys.readouterr().out
    for name in (*model_names(), "digits", "coins", "ships"):
        assert f"\n  {name} " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "unett"], "no model 'unett'"),
        (["--data", "digit"], "digits"),
        (["--option", "colour=1"], "no option 'colour'"),
        (["--option", "width"], "NAME=VALUE"),
        (["--loss", "dice"], "dice_loss"),
        (["--size", "33", "32"], "nearest sizes"),
        (["--batch-size", "1", "--option", "batch_norm=true"], "batch of one"),
        (["--root", "nowhere"], "root"),
        (["--device", "toaster"], "'toaster' is not to be had here"),
        (["--epochs", "0"], "epochs must be at least 1"),
    ],
)
def test_what_does_not_go_together_is_one_plain_message(arguments, message, tmp_path, capsys):
    assert train("--out", str(tmp_path / "x"), *arguments) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=1", 1), ("a=0.5", 0.5), ("a=False", False), ("a=sum", "sum"), ("a=[1, 2]", [1, 2])],
)
def test_options_are_read_as_what_they_look_like(text, value):
    assert option_of(text) == ("a", value)


def test_every_recipe_belongs_to_a_data_set():
    from course_utils.datasets.registry import data_names

    assert set(RECIPES) <= set(data_names())


SHORT = ["--epochs", "1", "--option", "width=2", "--size", "48", "64", "--batch-size", "2"]


@pytest.fixture
def real_camvid(require_shared, tmp_path):
    """A few frames of CamVid in their original layout."""
    packed = require_shared / "data" / "camvid" / "CamVid"
    if not packed.is_dir():
        pytest.skip("needs CamVid in ../shared/data")
    folder = tmp_path / "CamVid"
    for part in ("train", "val", "test"):
        lines = (packed / f"{part}.txt").read_text().splitlines()[:4]
        for kind, ending in (("", "webp"), ("annot", "png")):
            (folder / f"{part}{kind}").mkdir(parents=True)
            for line in lines:
                stem = line.split("/")[-1].removesuffix(".png")
                picture = Image.open(packed / f"{part}{kind}" / f"{stem}.{ending}")
                picture.save(folder / f"{part}{kind}" / f"{stem}.png")
        (folder / f"{part}.txt").write_text("\n".join(lines))
    return tmp_path


@pytest.fixture
def real_nuclei(require_shared, tmp_path, monkeypatch):
    """Some nuclei as they were published; each part has three, whatever the table says."""
    packed = require_shared / "data" / "nuclei_dsb2018" / "sample_original_layout" / "stage1_train"
    if not packed.is_dir():
        pytest.skip("needs nuclei in ../shared/data")
    names = sorted(path.name for path in packed.iterdir())[:9]
    for name in names:
        shutil.copytree(packed / name, tmp_path / "stage1_train" / name)
    table = {
        name: nuclei.split_table()[name] | {"split": part}
        for name, part in zip(names, 3 * tuple(nuclei.PARTS), strict=True)
    }
    monkeypatch.setattr(nuclei, "split_table", lambda: table)
    return tmp_path


@pytest.mark.parametrize("name", ["camvid", "nuclei"])
def test_real_data_train_and_are_scored(name, request, tmp_path, capsys):
    root = request.getfixturevalue(f"real_{name}")
    out = tmp_path / "out"
    where = ["--data", name, "--from", str(root), "--out", str(out), "--device", "cpu"]
    assert main(["train", *where, *SHORT]) == 0, capsys.readouterr().err
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert scores["part"] == "test"
    assert 0 <= scores["mean_iou"] <= 1
    assert len(scores["iou_per_class"]) == (11 if name == "camvid" else 2)
    assert History.load(out)["loss"][0] > 0
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))["config"]
    assert config["augmentation"]["brightness"] == 0.2
    assert config["augmentation"]["crop"] == ([48, 64] if name == "camvid" else None)
