"""What was learned, on disk: tensors as safetensors, everything else as JSON in the same file.

One file is one state, so it is there whole or not at all: it is written beside its place, forced
onto the disk, then renamed. A digest over all that it holds is kept with it, and a file that does
not agree with its digest is refused. Nothing is pickled: to read a checkpoint runs no code of it.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from course_utils.models.registry import build_model

MODEL_FILE = "model.safetensors"
"""Name of a model's file where a folder is given."""


class CheckpointError(ValueError):
    """A file that is no whole checkpoint, or not one of this model."""


def save_checkpoint(
    path: Path | str, model: nn.Module | Mapping[str, Tensor], details: Mapping[str, Any]
) -> Path:
    """Write tensors and what there is to say about them, whole or not at all.

    Parameters
    ----------
    path : path
        A file that ends in .safetensors, replaced if it exists, or a folder, in which
        model.safetensors is written.
    model : Module or mapping of str to Tensor
        A module's ``state_dict``, or any tensors by name.
    details : mapping
        What JSON can hold. ``load_model`` reads "model" in it: the keyword arguments of
        ``build_model``, such as ``{"name": "unet", "num_classes": 11}``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TypeError
        If the details hold what JSON cannot.
    OSError
        If the file cannot be written; one that was there before is left as it was.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_checkpoint(folder, {"scale": torch.ones(2)}, {"epoch": 3})
    ...     tensors, details = load_checkpoint(folder)
    >>> path.name, tensors["scale"], details
    ('model.safetensors', tensor([1., 1.]), {'epoch': 3})
    """
    tensors = model.state_dict() if isinstance(model, nn.Module) else model
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(details, sort_keys=True)
    metadata = {"format": "pt", "details": text, "sha256": _digest(plain, text)}
    return write_atomically(_file(path), safetensors.torch.save(plain, metadata))


def load_checkpoint(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `save_checkpoint` wrote, after a check that it is whole.

    Parameters
    ----------
    path : path
        The file, or the folder of a model.safetensors.

    Returns
    -------
    tuple of dict of str to Tensor, and dict
        Tensors on the CPU, and the details.

    Raises
    ------
    CheckpointError
        If the file is damaged, or was not written by `save_checkpoint`.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_checkpoint(folder, {"scale": torch.ones(2)}, {})
    ...     _ = path.write_bytes(path.read_bytes()[:-1])
    ...     load_checkpoint(path)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    course_utils.checkpoints.CheckpointError: model.safetensors is damaged
    """
    file = _file(path)
    if not file.is_file():
        raise FileNotFoundError(
            f"No checkpoint at {file}. Give the folder that a training run wrote, or its file."
        )
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{file} is damaged: {error}. {_REMEDY}") from error
    if not {"details", "sha256"} <= metadata.keys():
        raise CheckpointError(
            f"{file} has no details and no digest: save_checkpoint did not write it. Read a foreign"
            " file with safetensors.torch.load_file."
        )
    if _digest(tensors, metadata["details"]) != metadata["sha256"]:
        raise CheckpointError(
            f"{file} is damaged: its content does not agree with its digest. {_REMEDY}"
        )
    return tensors, json.loads(metadata["details"])


def load_model(path: Path | str) -> tuple[nn.Module, dict[str, Any]]:
    """Build the model that a checkpoint names, and fill it.

    Parameters
    ----------
    path : path
        The file, or the folder of a model.safetensors.

    Returns
    -------
    tuple of Module and dict
        The model, ready to predict (``eval``), on the CPU; and the details.

    Raises
    ------
    CheckpointError
        If the file is damaged, names no model, or its tensors are not those of that model.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> recipe = {"name": "unet", "num_classes": 2, "width": 2, "depth": 1}
    >>> model = build_model(**recipe)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_checkpoint(folder, model, {"model": recipe})
    ...     again, details = load_model(path)
    >>> type(again).__name__, details["model"]["width"]
    ('UNet', 2)
    """
    tensors, details = load_checkpoint(path)
    if "model" not in details:
        raise CheckpointError(
            f"{_file(path)} does not say which model its tensors belong to. Build the model "
            "yourself and fill it: model.load_state_dict(load_checkpoint(path)[0])."
        )
    model = build_model(**details["model"])
    fill(model, tensors, str(_file(path)))
    return model.eval(), details


def fill(model: nn.Module, tensors: Mapping[str, Tensor], source: str = "the checkpoint") -> None:
    """Copy tensors into a model, or say which of them do not fit.

    Parameters
    ----------
    model : Module
    tensors : mapping of str to Tensor
        One for each entry of its ``state_dict``.
    source : str
        Where they come from, for the message.

    Raises
    ------
    CheckpointError
        If a tensor is missing, is one too many, or has another shape; the model is left as it was.

    Examples
    --------
    >>> layer = nn.Linear(1, 1, bias=False)
    >>> fill(layer, {"weight": torch.tensor([[2.0]])})
    >>> layer(torch.tensor([3.0])).item()
    6.0
    """
    own = model.state_dict()
    problems = [f"{name} is missing" for name in own.keys() - tensors.keys()]
    problems += [f"{name} is one too many" for name in tensors.keys() - own.keys()]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, the model's {tuple(own[name].shape)}"
        for name in own.keys() & tensors.keys()
        if tensors[name].shape != own[name].shape
    ]
    if problems:
        shown = "; ".join(sorted(problems)[:3]) + ("; ..." if len(problems) > 3 else "")
        raise CheckpointError(
            f"The tensors of {source} are not those of this {type(model).__name__}: {shown}. Build "
            "the model with the options it was trained with."
        )
    model.load_state_dict(dict(tensors))


def write_atomically(path: Path, content: bytes) -> Path:
    """Write a file so that a reader, or a crash, finds the old content or the new, never a part.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    content : bytes

    Returns
    -------
    Path
        The same path.

    Raises
    ------
    OSError
        If there is no room, or no leave to write.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "log.json", b"{}").read_bytes()
    b'{}'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return path


_REMEDY = "Delete it, and use the one before it or train again."


def _file(path: Path | str) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" else path / MODEL_FILE


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.reshape(-1).view(torch.uint8) if tensor.numel() else np.empty(0, np.uint8)
        digest.update(np.asarray(flat).data)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Force the folder's entries onto the disk, where the system can (Windows cannot)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
