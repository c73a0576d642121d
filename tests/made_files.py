"""Small data sets in the original layouts, made for the tests of the readers."""

from pathlib import Path

import numpy as np
from PIL import Image


def save(path, pixels, **options):
    """Write an array (H, W) or (H, W, 3) as a picture, with the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)
    return path


def write(path: Path, text: str) -> Path:
    """Write a text file, with the folders it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def colours(seed, rows=6, columns=8):
    """A picture of noise: uint8, shape (H, W, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)


def cut_short(path: Path) -> Path:
    """Drop the last third of a file, as a broken copy does."""
    content = path.read_bytes()
    path.write_bytes(content[: 2 * len(content) // 3])
    return path
