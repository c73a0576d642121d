"""What is special to the checks of lesson 07: other right answers, changes that change nothing."""

import numpy as np
import pytest
from lesson_checks import verdicts
from numpy.lib.stride_tricks import sliding_window_view

from course_utils import geometry
from course_utils.widgets import pooling


def max_pool_by_torch(image, window, stride, padding):
    import torch

    pooled, indices = torch.nn.functional.max_pool2d(
        torch.from_numpy(np.asarray(image, dtype=np.float32))[None, None],
        window,
        stride,
        padding,
        return_indices=True,
    )
    return pooled[0, 0], indices[0, 0]


def max_pool_by_views(image, window, stride, padding):
    low = image.min() - 1
    places = np.arange(image.size).reshape(image.shape)
    image, places = np.pad(image, padding, constant_values=low), np.pad(places, padding)
    views, places = (
        sliding_window_view(a, (window, window))[::stride, ::stride] for a in (image, places)
    )
    flat = views.reshape(*views.shape[:2], -1)
    chosen = flat.argmax(axis=-1)[..., None]
    places = places.reshape(flat.shape)
    return [np.take_along_axis(a, chosen, axis=-1)[..., 0] for a in (flat, places)]


def max_pool_by_running_best(image, window, stride, padding):
    """Without a padded copy: places outside the image are skipped."""
    rows, columns = ((side + 2 * padding - window) // stride + 1 for side in image.shape)
    best = [[-np.inf] * columns for _ in range(rows)]
    where = [[0] * columns for _ in range(rows)]
    for row, column, down, right in np.ndindex(rows, columns, window, window):
        place = (row * stride + down - padding, column * stride + right - padding)
        if min(place) < 0 or place[0] >= image.shape[0] or place[1] >= image.shape[1]:
            continue
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
    return [tuple(field) for field in geometry.receptive_field(layers)]


def fields_from_the_top(layers):
    """Walk down from each layer: which units of the layer below does its first unit see."""
    found = []
    for depth in range(1, len(layers) + 1):
        first = last = 0
        for kernel, stride, padding, dilation in reversed(layers[:depth]):
            first, last = (at * stride - padding for at in (first, last))
            last += dilation * (kernel - 1)
        jump = np.prod([stride for _, stride, *_ in layers[:depth]])
        found.append([last - first + 1, jump, (first + last) / 2])
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


# ----------------------------------------------------------------------------------------------
# Frequent slips, written as a student would


def pooled_by_loop(place, *, best=-np.inf, where=0, dtype=float, fill=-np.inf, ignore=False):
    """Maximum pooling; `place` makes the index of row, column, window corner and the rest."""

    def answer(image, window, stride, padding):
        p = 0 if ignore else padding
        padded = np.pad(image.astype(float), p, constant_values=fill)
        rows, columns = ((side - window) // stride + 1 for side in padded.shape)
        pooled = np.full((rows, columns), best if dtype is float else 0, dtype=dtype)
        indices = np.full((rows, columns), where)
        for r, c in np.ndindex(rows, columns):
            top, left = r * stride, c * stride
            largest = best
            for row in range(top, top + window):
                for column in range(left, left + window):
                    if padded[row, column] > largest:
                        largest = pooled[r, c] = padded[row, column]
                        indices[r, c] = place(row - p, column - p, top - p, left - p, image, p)
        return pooled, indices

    return answer


def in_image(row, column, top, left, image, padding):
    return row * image.shape[1] + column


def first_equal_anywhere(image, window, stride, padding):
    pooled = max_pool_by_running_best(image, window, stride, padding)[0]
    return pooled, [[int(np.argmax(image.ravel() == v)) for v in row] for row in pooled]


def fields_by(grow, move=lambda start, jump, k, p, d: start + (d * (k - 1) / 2 - p) * jump):
    def answer(layers):
        size, jump, start, found = 1, 1, 0, []
        for k, s, p, d in layers:
            size = grow(size, jump, k, s, d)
            start = move(start, jump, k, p, d)
            jump *= s
            found.append((size, jump, start))
        return found

    return answer


def grow_right(size, jump, k, s, d):
    return size + d * (k - 1) * jump


def shapes_by(side, order=lambda c, h, w: (c, h, w)):
    def answer(shape, layers):
        c, h, w = shape
        found = []
        for filters, k, s, p in layers:
            c = filters or c
            h, w = side(h, filters, k, s, p), side(w, filters, k, s, p)
            found.append(order(c, h, w))
        return found

    return answer


def side_right(n, filters, k, s, p):
    return (n + 2 * p - k) // s + 1


def parameters_by(count, pool=lambda c, k: 2 * c, update=True):
    def answer(channels, layers):
        found = []
        for filters, k, pairs in layers:
            found.append(count(channels, filters, k, pairs) if filters else pool(channels, k))
            if filters and update:
                channels = filters
        return found

    return answer


def count_right(c, f, k, pairs):
    return (pairs or c * f) * k * k + f


def beyond(before, after):
    return after[:, 1:] - (before[:, 1:] + before[:, :-1]) / 2


def share_by(sums, reached=np.greater_equal):
    def answer(gradient, held):
        added = np.cumsum(sums(np.abs(gradient)))
        return (np.argmax(reached(added, held * added[-1])) + 1) / gradient.size

    return answer


SLIPS = [
    ("7.1", pooled_by_loop(in_image, ignore=True), "The padding is left out"),
    ("7.1", pooled_by_loop(in_image, best=0), "Values below 0 are lost"),
    ("7.1", pooled_by_loop(in_image, dtype=int), "The maxima are cut to whole numbers"),
    ("7.1", pooled_by_loop(in_image, fill=0), "The padding wins where all pixels are below 0"),
    (
        "7.1",
        pooled_by_loop(lambda r, c, top, left, i, p: top * i.shape[1] + left),
        "The index is that of the window's first pixel",
    ),
    (
        "7.1",
        pooled_by_loop(lambda r, c, t, e, i, p: (r + p) * (i.shape[1] + 2 * p) + c + p),
        "The index is counted over the padded image",
    ),
    (
        "7.1",
        pooled_by_loop(lambda r, c, t, e, i, p: (r + p) * i.shape[1] + c + p),
        "Row and column of the index are those of the padded image",
    ),
    ("7.1", first_equal_anywhere, "The index is searched in the whole image"),
    (
        "7.3",
        lambda layers: [(j, s, start) for s, j, start in fields_by(grow_right)(layers)],
        "Size and jump are exchanged",
    ),
    (
        "7.3",
        lambda layers: [pair[:2] for pair in fields_by(grow_right)(layers)],
        "The start is missing",
    ),
    ("7.3", fields_by(lambda size, j, k, s, d: size * k), "Kernels are multiplied"),
    (
        "7.3",
        fields_by(lambda size, j, k, s, d: (size - 1) * s + d * (k - 1) + 1),
        "A layer's stride multiplies the field below it",
    ),
    (
        "7.3",
        fields_by(lambda size, j, k, s, d: size + (k + (k - 1) * (d - 1)) * j),
        "The kernels are added up whole",
    ),
    (
        "7.3",
        fields_by(
            lambda size, j, k, s, d: size + (k - 1) * j,
            lambda start, j, k, p, d: start + ((k - 1) / 2 - p) * j,
        ),
        "Dilation is left out",
    ),
    (
        "7.3",
        fields_by(grow_right, lambda start, j, k, p, d: start + d * (k - 1) / 2 * j),
        "The start lacks the padding",
    ),
    (
        "7.3",
        fields_by(grow_right, lambda start, j, k, p, d: start + (d * (k // 2) - p) * j),
        "The start moves by whole steps only",
    ),
    (
        "7.3",
        lambda layers: [(s, j, at - (s - 1) / 2) for s, j, at in fields_by(grow_right)(layers)],
        "The start is where the first field begins",
    ),
    (
        "7.4",
        shapes_by(lambda n, f, k, s, p: (n + 2 * p - k) / s + 1),
        "Sizes are not rounded down",
    ),
    ("7.4", shapes_by(side_right, lambda c, h, w: (c, h, h)), "The number of rows is used for"),
    ("7.4", shapes_by(side_right, lambda c, h, w: (h, w, c)), "The channels come last"),
    ("7.4", lambda shape, layers: shapes_by(side_right)(shape, layers)[-1], "Only the last layer"),
    (
        "7.4",
        shapes_by(lambda n, f, k, s, p: side_right(n, f, k, s, p) if f else n // s),
        "A pooling's side is only divided by its stride",
    ),
    ("7.5", parameters_by(count_right, update=False), "Every layer is counted as if it read"),
    (
        "7.5",
        parameters_by(lambda c, f, k, pairs: pairs * (k * k + 1) if pairs else c * f * k * k + f),
        "There is a bias for every connected pair",
    ),
    (
        "7.5",
        parameters_by(lambda c, f, k, pairs: f * ((pairs or c) * k * k + 1)),
        "The pairs are counted for every filter",
    ),
    ("7.6", lambda before, after: np.std(beyond(before, after)) / before.std(), "The deviation of"),
    (
        "7.6",
        lambda before, after: np.sqrt(np.mean(beyond(before, after) ** 2)) / before.std(ddof=1),
        "The deviation is that of a sample",
    ),
    (
        "7.6",
        lambda before, after: np.sqrt(np.mean(beyond(before, after) ** 2)) / after.std(),
        "The change is divided by the deviation of the new output",
    ),
    (
        "7.6",
        lambda before, after: (
            np.sqrt(np.mean(beyond(before, after) ** 2))
            / ((before[:, 1:] + before[:, :-1]) / 2).std()
        ),
        "The deviation is that of the moved output",
    ),
    (
        "7.7",
        share_by(lambda sizes: np.sort(sizes.ravel())[::-1], np.greater),
        "The part must be exceeded",
    ),
    ("7.7", share_by(lambda sizes: np.sort(sizes)[::-1]), "Each row is sorted by itself"),
]


@pytest.mark.parametrize(("number", "answer", "told"), SLIPS)
def test_a_frequent_slip_is_told_by_its_name(number, answer, told):
    for seed in range(3):
        messages = [text for text, _ in verdicts(number, answer, seed=seed)]
        assert any(text.startswith(f"not yet. {told}") for text in messages), messages


def test_the_lessons_own_pooling_does_not_answer_the_exercise():
    def pasted(image, window, stride):
        return pooling.pool(image, "maximum", window, stride)

    told = [text for text, _ in verdicts("7.1", pasted)]
    assert told
    assert all("4 were given" in text for text in told), told
