"""Checkpoints: exact, never half a file, never a damaged one, no code inside."""

import inspect
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from course_utils import checkpoints
from course_utils.checkpoints import (
    CheckpointError,
    fill,
    load_checkpoint,
    load_model,
    save_checkpoint,
    write_atomically,
)
from course_utils.models.registry import build_model

RECIPE = {"name": "unet", "num_classes": 3, "width": 2, "depth": 1, "batch_norm": True}


@pytest.fixture
def tensors():
    """Of all kinds that a state holds."""
    generator = torch.Generator().manual_seed(0)
    return {
        "weight": torch.randn(4, 3, 3, 3, generator=generator).to(
            memory_format=torch.channels_last
        ),
        "half": torch.randn(5, generator=generator).bfloat16(),
        "double": torch.tensor([0.1, float("nan"), float("inf")], dtype=torch.float64),
        "count": torch.tensor(7),
        "bytes": torch.arange(6, dtype=torch.uint8).reshape(2, 3),
        "flags": torch.tensor([True, False]),
        "nothing": torch.empty(0, 3),
    }


def test_every_bit_comes_back(tensors, tmp_path):
    details = {"epoch": 3, "names": ["a", "ä"], "nested": {"x": None, "y": 0.1}}
    path = save_checkpoint(tmp_path / "deep" / "state.safetensors", tensors, details)
    again, read = load_checkpoint(path)
    assert read == details
    assert again.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert again[name].dtype == tensor.dtype
        torch.testing.assert_close(again[name], tensor, rtol=0, atol=0, equal_nan=True)
    assert [file.name for file in path.parent.iterdir()] == ["state.safetensors"]


def test_no_damaged_byte_changes_what_is_read(tmp_path):
    path = save_checkpoint(tmp_path, {"a": torch.arange(9.0)}, {"epoch": 1})
    whole, harmless = path.read_bytes(), 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            tensors, details = load_checkpoint(tmp_path)
        except CheckpointError:
            continue
        harmless += 1  # a byte of the header that says nothing, such as the name of the format
        assert torch.equal(tensors["a"], torch.arange(9.0))
        assert details == {"epoch": 1}
    assert harmless < 20


@pytest.mark.parametrize("length", [0, 1, 7, 8, 50, -1])
def test_a_part_of_a_file_is_damaged(length, tmp_path):
    path = save_checkpoint(tmp_path, {"a": torch.arange(9.0)}, {})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(tmp_path)


def test_a_foreign_file_and_a_missing_one(tmp_path):
    from safetensors.torch import save_file

    save_file({"a": torch.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="save_checkpoint did not write it"):
        load_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match="Give the folder"):
        load_checkpoint(tmp_path / "nowhere")


def test_a_model_is_built_and_filled(tmp_path):
    model = build_model(**RECIPE)
    model(torch.rand(2, 3, 8, 8))  # moves batch norm's running numbers
    save_checkpoint(tmp_path, model, {"model": RECIPE, "note": "x"})
    again, details = load_model(tmp_path)
    assert details["note"] == "x"
    assert not again.training
    image = torch.rand(1, 3, 8, 8)
    assert torch.equal(again(image), model.eval()(image))


def test_a_model_of_other_options_is_refused_and_nothing_is_filled(tmp_path):
    save_checkpoint(tmp_path, build_model(**RECIPE), {"model": {**RECIPE, "width": 4}})
    with pytest.raises(CheckpointError, match=r"not those of this UNet: .* with the options"):
        load_model(tmp_path)
    layer = nn.Linear(2, 2)
    before = layer.weight.clone()
    with pytest.raises(CheckpointError, match="bias is missing; extra is one too many"):
        fill(layer, {"weight": torch.zeros(2, 2), "extra": torch.ones(1)})
    assert torch.equal(layer.weight, before)


def test_a_file_without_a_model_says_how_to_read_it(tmp_path):
    save_checkpoint(tmp_path, {"a": torch.ones(1)}, {})
    with pytest.raises(CheckpointError, match="load_state_dict"):
        load_model(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "a.json", b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"old")]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is known on POSIX alone")
@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_process_killed_while_it_writes_leaves_the_old_file(moment, tmp_path):
    path = write_atomically(tmp_path / "state.bin", b"old")
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from course_utils.checkpoints import write_atomically\n"
        f"os.{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_atomically(Path(sys.argv[1]), b'new' * 10**6)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert path.read_bytes() == b"old"


def test_nothing_is_pickled():
    source = inspect.getsource(checkpoints)
    assert "torch.load(" not in source
    assert "torch.save(" not in source.replace("safetensors.torch.save(", "")
    assert "import pickle" not in source
