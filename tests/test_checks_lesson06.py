"""The checks of lesson 06: what `test_check_strength.py` needs to know, and what is special."""

import math

import numpy as np
import pytest
import torch
from lesson_checks import verdicts
from scipy import signal

from course_utils.checks.exercise import judge
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


def patches_by_torch(inputs, side, stride, dilation):
    return torch.nn.functional.unfold(torch.from_numpy(inputs)[None], side, dilation, 0, stride)[0]


def patches_by_rows(inputs, side, stride, dilation):
    channels, height, width = inputs.shape
    last = dilation * (side - 1)
    return [
        [
            inputs[channel, top + dilation * row, left + dilation * column]
            for top in range(0, height - last, stride)
            for left in range(0, width - last, stride)
        ]
        for channel in range(channels)
        for row in range(side)
        for column in range(side)
    ]


def maps_by_loops(patches, filters, bias, shape):
    pictures, rows, columns = shape
    result = np.zeros((pictures, len(filters), rows * columns))
    for picture, number, place in np.ndindex(*result.shape):
        column = patches[:, picture * rows * columns + place]
        result[picture, number, place] = filters[number].ravel() @ column + bias[number]
    return result.reshape(pictures, -1, rows, columns)


def maps_by_einsum(patches, filters, bias, shape):
    blocks = patches.reshape(*filters.shape[1:], *shape)
    return np.einsum("fcij,cijnrs->nfrs", filters, blocks) + bias.reshape(-1, 1, 1)


def maps_picture_by_picture(patches, filters, bias, shape):
    weights = filters.reshape(len(filters), -1)
    parts = np.split(patches, shape[0], axis=1)
    return [(weights @ p + bias[:, None]).reshape(-1, *shape[1:]).tolist() for p in parts]


def count_by_torch(channels, filters, kernel, groups, bias):
    layer = torch.nn.Conv2d(channels, filters, kernel, groups=groups, bias=bias)
    return sum(p.numel() for p in layer.parameters())


def count_by_adding(channels, filters, kernel, groups, bias):
    weights = channels * filters * kernel * kernel / groups
    return weights + filters if bias else weights


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
    ("6.4", maps_picture_by_picture),
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
    ("6.4", "maps.swapaxes(0, 1) -> maps.swapaxes(1, 0)"),
    ("6.5", "channels // groups -> channels / groups"),  # it is divisible, and floats count
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


def loops(inputs, filters, bias, settings, window_of, fill):
    """A student's four loops: `window_of` cuts a channel's window, `fill` writes its sum."""
    stride, padding, dilation = settings
    padded = np.pad(inputs, [(0, 0), (padding,) * 2, (padding,) * 2])
    side = filters.shape[-1]
    rows, columns = (conv_output_size(n, side, *settings) for n in inputs.shape[1:])
    output = np.zeros((len(filters), rows, columns))
    for number, row, column in np.ndindex(*output.shape):
        for channel in range(len(inputs)):
            window = window_of(padded[channel], row * stride, column * stride, side, dilation)
            fill(output, (number, row, column), np.sum(window * filters[number, channel]))
        output[number, row, column] += bias[number]
    return output


def whole_window(pixels, top, left, side, dilation):
    reach = dilation * (side - 1) + 1
    return pixels[top : top + reach : dilation, left : left + reach : dilation]


def short_window(pixels, top, left, side, dilation):
    return pixels[top : top + side : dilation, left : left + side : dilation]


def add(output, place, value):
    output[place] += value


def overwrite(output, place, value):
    output[place] = value


def patches_with_padding(inputs, side, stride, padding):
    """The lesson's own function, whose fourth argument is the padding."""
    padded = np.pad(inputs, [(0, 0), (padding, padding), (padding, padding)])
    rows, columns = (conv_output_size(n, side, stride, padding) for n in inputs.shape[1:])
    patches = [
        padded[:, r : r + side, c : c + side].ravel()
        for r in range(0, rows * stride, stride)
        for c in range(0, columns * stride, stride)
    ]
    return np.array(patches).T


def patches_unmoved(inputs, side, stride, dilation):
    rows, columns = (conv_output_size(n, side, stride, 0, dilation) for n in inputs.shape[1:])
    windows = [
        [whole_window(channel, row, column, side, dilation) for channel in inputs]
        for row in range(rows)
        for column in range(columns)
    ]
    return np.array(windows).reshape(rows * columns, -1).T


def lesson_product(patches, filters, bias, shape):
    """The lesson's own lines: one picture, the filters first."""
    product = filters.reshape(len(filters), -1) @ patches
    return (product + bias[:, None]).reshape(len(filters), *shape)


def product_without_axis(patches, filters, bias, shape):
    product = filters.reshape(len(filters), -1) @ patches + bias
    return product.reshape(len(filters), *shape).swapaxes(0, 1)


def size_guarded_by_kernel(n, kernel, stride, padding, dilation):
    if kernel > n + 2 * padding:
        return 0
    return (n + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


WRONG_ANSWERS = [
    ("6.1", size_guarded_by_kernel, "Whether the kernel fits is judged without its gaps."),
    (
        "6.1",
        lambda n, k, s, p, d: max(0, (n + 2 * p) // s),
        "The kernel's own length is not subtracted",
    ),
    ("6.2", lambda x, w, b, *s: loops(x, w, b, s, whole_window, overwrite), "Each channel overwr"),
    ("6.2", lambda x, w, b, *s: loops(x, w, b, s, short_window, add), "The window ends too early"),
    ("6.3", patches_with_padding, "The dilation is used as padding"),
    ("6.3", patches_unmoved, "The windows lie one pixel apart: use the stride."),
    ("6.4", lesson_product, "The filters come first"),
    ("6.4", product_without_axis, "The biases are laid along the places"),
    ("6.5", lambda c, f, k, g, b: f * (c * k * k + b), "The groups are not used"),
]


@pytest.mark.parametrize(("number", "answer", "message"), WRONG_ANSWERS)
def test_what_students_write_is_named(number, answer, message):
    told = [text for text, _ in verdicts(number, answer)]
    assert any(text.startswith(f"not yet. {message}") for text in told), told


def test_the_loops_are_right_where_nothing_is_wrong():
    def conv2d(inputs, filters, bias, *settings):
        return loops(inputs, filters, bias, settings, whole_window, add)

    assert verdicts("6.2", conv2d) == []


@pytest.mark.parametrize("aspect", ["stride and padding", "dilation"])
def test_the_counter_example_of_a_forgotten_setting_can_be_read(aspect):
    cases = EXERCISES["6.2"].cases(np.random.default_rng(0))[aspect]

    def plain(inputs, filters, bias, stride, padding, dilation):
        return EXERCISES["6.2"].reference(inputs, filters, bias, 1, 0, 1)

    message, example = judge(EXERCISES["6.2"], plain, cases)
    assert example[0].size <= 12
    assert len(message) < 300
