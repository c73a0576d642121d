"""The checks of lesson 06: what `test_check_strength.py` needs to know, and what is special."""

import math

import numpy as np
import pytest
import torch
from lesson_checks import verdicts
from scipy import signal

from course_utils.checks.lesson06 import EXERCISES
from course_utils.geometry import conv_output_size


def size_by_counting(n, kernel, stride, padding, dilation):
    places = 0
    for first in range(-padding, n + padding, stride):
        places += first + dilation * (kernel - 1) < n + padding
    return places


def size_by_error(n, kernel, stride, padding, dilation):
    try:
        return np.int64(conv_output_size(n, kernel, stride, padding, dilation))
    except ValueError:
        return 0


def size_by_floor(n, kernel, stride, padding, dilation):
    free = n + 2 * padding - dilation * (kernel - 1) - 1
    return 0.0 if free < 0 else math.floor(free / stride) + 1.0


def conv_by_torch(inputs, filters, bias, stride, padding, dilation):
    volume, weights, biases = (torch.from_numpy(np.array(a)) for a in (inputs, filters, bias))
    return torch.nn.functional.conv2d(volume[None], weights, biases, stride, padding, dilation)[0]


def conv_by_signal(inputs, filters, bias, stride, padding, dilation):
    padded = np.pad(inputs, [(0, 0), (padding,) * 2, (padding,) * 2])
    side = dilation * (filters.shape[-1] - 1) + 1
    spread = np.zeros((*filters.shape[:2], side, side))
    spread[..., ::dilation, ::dilation] = filters
    maps = [signal.correlate(padded, f, "valid", "direct")[0] for f in spread]
    return [(m[::stride, ::stride] + b).tolist() for m, b in zip(maps, bias, strict=True)]


def conv_by_einsum(inputs, filters, bias, stride, padding, dilation):
    padded = np.pad(inputs, [(0, 0), (padding,) * 2, (padding,) * 2])
    reach = dilation * (filters.shape[-1] - 1) + 1
    views = np.lib.stride_tricks.sliding_window_view(padded, (reach, reach), axis=(1, 2))
    views = views[:, ::stride, ::stride, ::dilation, ::dilation]
    maps = np.einsum("crsij,fcij->frs", views, filters)
    return (maps + bias[:, None, None]).astype(np.float32)


def patches_by_torch(inputs, side, stride):
    return torch.nn.functional.unfold(torch.from_numpy(inputs)[None], side, stride=stride)[0]


def patches_by_rows(inputs, side, stride):
    channels, height, width = inputs.shape
    return [
        [
            inputs[channel, top + row, left + column]
            for top in range(0, height - side + 1, stride)
            for left in range(0, width - side + 1, stride)
        ]
        for channel in range(channels)
        for row in range(side)
        for column in range(side)
    ]


def maps_by_loops(patches, filters, bias, shape):
    result = np.zeros((len(filters), shape[0] * shape[1]))
    for number, place in np.ndindex(*result.shape):
        result[number, place] = filters[number].ravel() @ patches[:, place] + bias[number]
    return result.reshape(-1, shape[0], shape[1])


def maps_by_einsum(patches, filters, bias, shape):
    blocks = patches.reshape(*filters.shape[1:], *shape)
    return np.einsum("fcij,cijrs->frs", filters, blocks) + bias.reshape(-1, 1, 1)


def count_by_torch(channels, filters, kernel, bias):
    layer = torch.nn.Conv2d(channels, filters, kernel, bias=bias)
    return sum(p.numel() for p in layer.parameters())


def count_by_adding(channels, filters, kernel, bias):
    weights = channels * filters * kernel * kernel
    return weights + filters if bias else float(weights)


def cost_by_shapes(height, width, channels, filters, kernel, stride, padding):
    layer = torch.nn.Conv2d(channels, filters, kernel, stride, padding)
    output = layer(torch.zeros(1, channels, height, width))
    return output.numel() * layer.weight[0].numel()


def flipped_by_rotation(filters):
    return np.rot90(filters, 2, axes=(2, 3)).tolist()


def flipped_by_flip(filters):
    return torch.from_numpy(np.array(filters)).flip(2, 3)


OTHER_RIGHT_ANSWERS = [
    ("6.1", size_by_counting),
    ("6.1", size_by_error),
    ("6.1", size_by_floor),
    ("6.2", conv_by_torch),
    ("6.2", conv_by_signal),
    ("6.2", conv_by_einsum),
    ("6.3", patches_by_torch),
    ("6.3", patches_by_rows),
    ("6.4", maps_by_loops),
    ("6.4", maps_by_einsum),
    ("6.5", count_by_torch),
    ("6.5", count_by_adding),
    ("6.6", cost_by_shapes),
    ("6.7", flipped_by_rotation),
    ("6.7", flipped_by_flip),
]
EQUIVALENT = {
    # a kernel's last two sides are equal, and NumPy takes any negative side for "the rest"
    ("6.2", "1 -> 2"),
    ("6.4", "1 -> 2"),
}


@pytest.mark.parametrize("number", EXERCISES)
def test_cases_are_small_enough_to_be_read(number):
    for cases in EXERCISES[number].cases(np.random.default_rng(0)).values():
        assert min(sum(np.size(a) for a in case) for case in cases) <= 60


def test_padding_all_axes_is_named_where_it_raises():
    def conv2d(inputs, filters, bias, stride, padding, dilation):
        padded = np.pad(inputs, padding)
        side = filters.shape[-1]
        reach = dilation * (side - 1) + 1
        rows, columns = (
            conv_output_size(n, side, stride, padding, dilation) for n in inputs.shape[1:]
        )
        output = np.zeros((len(filters), rows, columns))
        for number, row, column in np.ndindex(*output.shape):
            top, left = row * stride, column * stride
            window = padded[:, top : top + reach : dilation, left : left + reach : dilation]
            output[number, row, column] = np.sum(window * filters[number]) + bias[number]
        return output

    told = [message for message, _ in verdicts("6.2", conv2d)]
    assert told
    assert all("The channels are padded too" in message for message in told)
