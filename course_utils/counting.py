"""Counting pixels by true and predicted class, fast: the engine under `metrics.confusion_matrix`.

A confusion matrix is a histogram of pairs. Each pixel becomes one code, row * base + column, where
row and column 0 stand for "no class", so the range check costs nothing extra: whoever calls checks
that every pixel was either counted or ignored.
"""

from typing import Any

import numpy as np

_CHUNK = 1 << 17  # pixels counted at a time: their codes and the bins stay in a core's cache
_DEVICE_TABLES = 32  # as many as there are threads in a warp


def count_pairs(
    target: np.ndarray, prediction: np.ndarray, num_classes: int, ignore_index: int
) -> tuple[np.ndarray, int]:
    """Confusion matrix of the pixels whose two values are classes.

    Parameters
    ----------
    target, prediction : ndarray of int or bool, shape (P,)
        Values of the same P pixels.
    num_classes, ignore_index : int
        As in `metrics.confusion_matrix`.

    Returns
    -------
    ndarray of int64, shape (C, C)
        Rows are true classes. Pixels with a value that is no class are left out.
    int
        Number of pixels whose target is `ignore_index`.

    Examples
    --------
    >>> count_pairs(np.array([0, 1, 1, 255]), np.array([0, 1, 7, 0]), 2, ignore_index=255)
    (array([[1, 0],
           [0, 1]]), 1)
    """
    # A step of bincount waits for the step before if both meet one bin, and in label maps they
    # mostly do. Up to 15 classes a code fits in a byte, so two neighbouring pixels are counted in
    # one step as a 16-bit number. All work is done in a few buffers that stay in the cache.
    in_pairs = num_classes < 16 and target.size >= _CHUNK
    base = 16 if in_pairs else num_classes + 1
    dtype = np.dtype(np.uint8 if in_pairs else np.uint16 if base <= 256 else np.int64)
    length = min(_CHUNK, target.size)
    row_buffer, column_buffer = np.empty((2, length), dtype=dtype)
    flag_buffer, step_buffer = np.empty(length, dtype=bool), np.empty(length, dtype=np.intp)
    counts = np.zeros(1 << 16 if in_pairs else base * base, dtype=np.int64)
    ignored = 0
    for start in range(0, target.size, _CHUNK):
        size = min(_CHUNK, target.size - start)
        rows, columns, is_class = row_buffer[:size], column_buffer[:size], flag_buffer[:size]
        true = _load(target[start : start + size], rows)
        predicted = _load(prediction[start : start + size], columns)
        ignored += int(np.count_nonzero(np.equal(true, ignore_index, out=is_class)))
        for values, index_plus_one in ((true, rows), (predicted, columns)):
            np.less(_unsigned(values), num_classes, out=is_class)
            index_plus_one += dtype.type(1)
            index_plus_one *= is_class
        rows *= dtype.type(base)
        rows += columns
        if in_pairs:
            row_buffer[size : size + size % 2] = 0  # an odd last pixel gets a neighbour
            rows = row_buffer[: size + size % 2].view(np.uint16)
        steps = step_buffer[: rows.size]
        steps[:] = rows  # what bincount would otherwise do in new memory
        counts += np.bincount(steps, minlength=counts.size)
    if in_pairs:
        counts = counts.reshape(256, 256).sum(axis=0) + counts.reshape(256, 256).sum(axis=1)
    table = counts.reshape(base, base)[1 : num_classes + 1, 1 : num_classes + 1].copy()
    if 0 <= ignore_index < num_classes:
        table[ignore_index] = 0
    return table, ignored


def count_pairs_on_device(
    target: Any, prediction: Any, num_classes: int, ignore_index: int
) -> tuple[Any, int]:
    """Do what `count_pairs` does, for torch tensors where they are. Tested on the CPU only.

    Label maps have few classes and large areas: thousands of GPU threads would add to the same
    few bins and wait for each other. Neighbouring threads therefore count into tables of their own.

    Examples
    --------
    >>> import torch
    >>> target, prediction = torch.tensor([0, 1, 1, 255]), torch.tensor([0, 1, 7, 0])
    >>> count_pairs_on_device(target, prediction, 2, ignore_index=255)
    (tensor([[1, 0],
            [0, 1]]), 1)
    """
    import torch

    true, predicted = target.reshape(-1).long(), prediction.reshape(-1).long()
    ignored = true == ignore_index
    counted = (true >= 0) & (true < num_classes) & (predicted >= 0) & (predicted < num_classes)
    counted &= ~ignored
    bins = num_classes * num_classes + 1  # the last one takes all other pixels
    codes = torch.where(counted, true * num_classes + predicted, bins - 1)
    codes += bins * (torch.arange(codes.numel(), device=codes.device) % _DEVICE_TABLES)
    counts = torch.bincount(codes, minlength=_DEVICE_TABLES * bins)
    table = counts.reshape(_DEVICE_TABLES, bins).sum(dim=0)[:-1]
    return table.reshape(num_classes, num_classes), int(ignored.sum())


def _load(values: np.ndarray, buffer: np.ndarray) -> np.ndarray:
    """Copy the values to the buffer; hand back the buffer, or the values if one does not fit."""
    np.copyto(buffer, values, casting="unsafe")
    if values.dtype == bool:
        return buffer
    largest = min(np.iinfo(buffer.dtype).max, np.iinfo(values.dtype).max)
    return buffer if _unsigned(values).max() <= largest else values


def _unsigned(values: np.ndarray) -> np.ndarray:
    """Read the same bytes as unsigned, so that -1 is very large."""
    return values.view(values.dtype.str.replace("i", "u"))
