"""What is special to the checks of lesson 07: other right answers, changes that change nothing."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import geometry
from course_utils.widgets import pooling


def max_pool_by_torch(image, window, stride):
    import torch

    pooled, indices = torch.nn.functional.max_pool2d(
        torch.from_numpy(np.asarray(image, dtype=np.float32))[None, None],
        window,
        stride,
        return_indices=True,
    )
    return pooled[0, 0], indices[0, 0]


def max_pool_by_views(image, window, stride):
    views = sliding_window_view(image, (window, window))[::stride, ::stride]
    places = sliding_window_view(np.arange(image.size).reshape(image.shape), (window, window))
    flat = views.reshape(*views.shape[:2], -1)
    chosen = flat.argmax(axis=-1)[..., None]
    places = places[::stride, ::stride].reshape(flat.shape)
    return [np.take_along_axis(a, chosen, axis=-1)[..., 0] for a in (flat, places)]


def max_pool_by_running_best(image, window, stride):
    rows, columns = ((side - window) // stride + 1 for side in image.shape)
    best = [[-np.inf] * columns for _ in range(rows)]
    where = [[0] * columns for _ in range(rows)]
    for row, column, down, right in np.ndindex(rows, columns, window, window):
        place = (row * stride + down, column * stride + right)
        if image[place] > best[row][column]:
            best[row][column] = image[place]
            where[row][column] = place[0] * image.shape[1] + place[1]
    return best, where


def average_pool_by_torch(image, window, stride, padding):
    import torch

    layer = torch.nn.AvgPool2d(window, stride, padding, count_include_pad=False)
    return layer(torch.from_numpy(image.astype(np.float64))[None, None])[0, 0]


def average_pool_by_counts(image, window, stride, padding):
    sums, counts = (
        pooling.pool(np.pad(values.astype(float), padding), "average", window, stride)
        for values in (image, np.ones_like(image))
    )
    return sums / counts


def fields_by_geometry(layers):
    stack = [geometry.Layer(k, s, 0, r) for k, s, r in layers]
    return [(field.size, field.jump) for field in geometry.receptive_field(stack)]


def fields_from_the_top(layers):
    """Walk down from each layer: how many units of the layer below does one see."""
    found = []
    for depth in range(1, len(layers) + 1):
        size = 1
        for kernel, stride, dilation in reversed(layers[:depth]):
            size = (size - 1) * stride + dilation * (kernel - 1) + 1
        found.append([size, np.prod([stride for _, stride, _ in layers[:depth]])])
    return np.array(found)


def shapes_by_geometry(shape, layers):
    found = []
    for filters, *sizes in layers:
        sides = [geometry.conv_output_size(side, *sizes) for side in shape[1:]]
        shape = (filters or shape[0], *sides)
        found.append(shape)
    return np.array(found)


def parameters_by_torch(channels, layers):
    from torch import nn

    counts = []
    for filters, kernel, pairs in layers:
        if not filters:
            counts.append(sum([channels, channels]))
            continue
        layer = nn.Conv2d(channels, filters, kernel)
        missing = channels * filters - pairs if pairs else 0
        counts.append(sum(p.numel() for p in layer.parameters()) - missing * kernel * kernel)
        channels = filters
    return counts


def shift_change_by_loop(before, after):
    squares = [
        (after[row, column] - (before[row, column - 1] + before[row, column]) / 2) ** 2
        for row in range(before.shape[0])
        for column in range(1, before.shape[1])
    ]
    variance = np.mean((before - before.mean()) ** 2)
    return (sum(squares) / len(squares) / variance) ** 0.5


def effective_by_loop(gradient, held):
    sizes = sorted((abs(value) for value in gradient.ravel().tolist()), reverse=True)
    total = count = 0
    while total < held * sum(sizes):
        total += sizes[count]
        count += 1
    return count / len(sizes)


OTHER_RIGHT_ANSWERS = [
    ("7.1", max_pool_by_torch),
    ("7.1", max_pool_by_views),
    ("7.1", max_pool_by_running_best),
    ("7.2", average_pool_by_torch),
    ("7.2", average_pool_by_counts),
    ("7.3", fields_by_geometry),
    ("7.3", fields_from_the_top),
    ("7.4", shapes_by_geometry),
    ("7.5", parameters_by_torch),
    ("7.6", shift_change_by_loop),
    ("7.6", lambda before, after: np.float32(pooling.shift_change(before, after, 1, 2))),
    ("7.7", effective_by_loop),
]

MUTATED_NAMES = {"rows": "columns", "columns": "rows"}

EQUIVALENT: set[tuple[str, str]] = set()
"""Changes that leave every result the same."""
