"""What is special to the checks of lesson 12: other right answers, changes that change nothing."""

import numpy as np
import pytest
from lesson_checks import groups
from scipy import ndimage, signal

from course_utils.checks import lesson12


def convolved(x, weight, bias):
    """Convolution with zeros around the map, by scipy, channel by channel."""
    return np.array(
        [
            [
                sum(
                    signal.correlate2d(channel, kernel, mode="same")
                    for channel, kernel in zip(picture, kernels, strict=True)
                )
                + shift
                for kernels, shift in zip(weight, bias, strict=True)
            ]
            for picture in x
        ]
    )


def double_by_scipy(x, weight1, bias1, weight2, bias2):
    arrays = [np.asarray(tensor) for tensor in (x, weight1, bias1, weight2, bias2)]
    inner = np.maximum(convolved(*arrays[:3]), 0)
    return np.maximum(convolved(inner, *arrays[3:]), 0)


def encoder_by_scipy(image, levels):
    x, maps = np.asarray(image), []
    for weights in levels:
        maps.append(double_by_scipy(x, *weights))
        n, c, height, width = maps[-1].shape
        if len(maps) < len(levels):
            x = maps[-1].reshape(n, c, height // 2, 2, width // 2, 2).max(axis=(3, 5))
    return {f"c{i + 1}": m for i, m in enumerate(maps)}


def encoder_with_all_names(image, levels):
    """The pooled maps are given back too: the drawing names them."""
    torch = pytest.importorskip("torch")
    found = lesson12.encoder(image, levels)
    names = list(found)[:-1]
    return found | {n.replace("c", "p"): torch.max_pool2d(found[n], 2) for n in names}


def decoder_by_stamps(skips, bottom, levels):
    x = np.asarray(bottom)
    for skip, (weight, bias, *weights) in zip(skips[::-1], levels, strict=True):
        stamps = np.einsum("nchw,cdij->ndhiwj", x, np.asarray(weight))
        n, d, height, _, width, _ = stamps.shape
        enlarged = stamps.reshape(n, d, 2 * height, 2 * width) + np.asarray(bias)[:, None, None]
        x = double_by_scipy(np.concatenate([enlarged, np.asarray(skip)], axis=1), *weights)
    return x


def unet_by_module(image, down, up, last):
    """The library's network, filled with the given weights."""
    torch = pytest.importorskip("torch")
    from course_utils.models.unet import UNet

    net = UNet(len(last[1]), width=len(down[0][1]), depth=len(up)).double()
    given = [tensor for level in down for tensor in level]
    given += [tensor for level in up for tensor in level] + list(last)
    with torch.no_grad():
        for parameter, tensor in zip(net.parameters(), given, strict=True):
            parameter.copy_(tensor)
    return net(image)


def unet_by_scipy(image, down, up, last):
    *skips, bottom = encoder_by_scipy(image, down).values()
    weight, bias = (np.asarray(tensor) for tensor in last)
    x = decoder_by_stamps(skips, bottom, up)
    return np.einsum("nchw,kc->nkhw", x, weight[:, :, 0, 0]) + bias[:, None, None]


def sizes_by_search(n, depth):
    below = above = n
    while below % 2**depth:
        below -= 1
    while above % 2**depth:
        above += 1
    return [below, above]


def valid_by_running(n, depth):
    """Run a stack of shapes through torch's own layers."""
    torch = pytest.importorskip("torch")
    x = torch.empty(1, 1, n, n, device="meta")
    valid = torch.nn.Conv2d(1, 1, 5, device="meta")
    try:
        for _ in range(depth):
            x = valid(x)
            if x.shape[-1] % 2:
                return 0
            x = torch.nn.functional.max_pool2d(x, 2)
        x = valid(x)
        for _ in range(depth):
            x = valid(torch.nn.functional.interpolate(x, scale_factor=2))
    except RuntimeError:  # nothing is left
        return 0
    return x.shape[-1]


def carve_by_filters(instance_map):
    cross = ndimage.generate_binary_structure(2, 1)
    none = instance_map.max() + 1
    filled = np.where(instance_map > 0, instance_map, none)
    most = ndimage.maximum_filter(instance_map, footprint=cross)
    least = ndimage.minimum_filter(filled, footprint=cross)
    return np.where((most > instance_map) | (least < filled), 0, instance_map)


def carve_by_loop(instance_map):
    height, width = instance_map.shape
    carved = instance_map.astype(np.int64)
    for row, column in np.argwhere(instance_map > 0):
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            inside = 0 <= r < height and 0 <= c < width
            if inside and instance_map[r, c] not in (0, instance_map[row, column]):
                carved[row, column] = 0
    return carved


OTHER_RIGHT_ANSWERS = [
    ("12.1", double_by_scipy),
    ("12.2", encoder_by_scipy),
    ("12.2", encoder_with_all_names),
    ("12.3", decoder_by_stamps),
    ("12.4", unet_by_module),
    ("12.4", unet_by_scipy),
    ("12.5", sizes_by_search),
    ("12.6", valid_by_running),
    ("12.7", carve_by_filters),
    ("12.7", carve_by_loop),
]

MUTATED_NAMES = {"relu": "sigmoid", "conv2d": "relu", "max_pool2d": "avg_pool2d", "row": "column"}

EQUIVALENT = {
    ("12.3", "True -> False"),  # strict: both lists have the same length
    ("12.6", "n // 2 -> n / 2"),  # of an even number
    ("12.6", "max(n, 0) -> max(0, n)"),
}
"""Changes that leave every result the same."""


# ----------------------------------------------------------------------------------------------
# What is special


def test_the_paper_and_the_lesson_agree_on_sizes():
    assert lesson12.valid_output_size(572, 4) == 388
    for n in range(180, 300):
        assert lesson12.valid_output_size(n, 4) == _by_the_library(n)


def _by_the_library(n):
    from course_utils.models.unet import OriginalUNet

    net = OriginalUNet(width=1)
    return net.output_size(n) if net.nearest_sizes(n) == (n,) else 0


def test_what_is_carved_falls_apart():
    for cases in groups("12.7").values():
        for (instance_map,) in cases:
            carved = lesson12.carve(instance_map)
            labels, count = ndimage.label(carved)
            for label in range(1, count + 1):
                assert len(np.unique(carved[labels == label])) == 1


def test_no_case_lets_a_dead_network_pass():
    """Where ReLU kills all, a wrong answer would look right."""
    for seed in range(5):
        for number in ("12.1", "12.3", "12.4"):
            for cases in groups(number, seed).values():
                reference = getattr(lesson12, {"1": "DOUBLE_CONVOLUTION", "3": "DECODER",
                                               "4": "UNET"}[number[-1]]).reference  # fmt: skip
                alive = [np.std(np.asarray(reference(*case))) > 1e-3 for case in cases]
                assert sum(alive) >= 2
