"""What is special to the checks of lesson 11: other right answers, and equality with torch."""

import numpy as np
import pytest
import torch
from lesson_checks import all_cases
from torch import nn
from torch.nn import functional

from course_utils.checks import lesson11
from course_utils.models.fcn import dense_to_conv
from course_utils.models.layers import bilinear_kernel


def kernels_by_library(weights, channels, side):
    linear = nn.Linear(weights.shape[1], len(weights), dtype=torch.float64)
    linear.weight.data = torch.from_numpy(weights)
    return dense_to_conv(linear, channels, side).weight.detach().numpy()


def kernels_by_row(weights, channels, side):
    return [[list(part.reshape(side, side)) for part in np.split(row, channels)] for row in weights]


def everywhere_by_torch(maps, kernels, bias):
    given = (torch.from_numpy(each) for each in (maps[None], kernels, bias))
    return functional.conv2d(*given)[0].numpy()


def everywhere_by_windows(maps, kernels, bias):
    windows = np.lib.stride_tricks.sliding_window_view(maps, kernels.shape[2:], axis=(1, 2))
    return np.einsum("crsij,ocij->ors", windows, kernels) + bias[:, None, None]


def weights_by_library(factor):
    return bilinear_kernel(factor).diagonal().double().sqrt()


def weights_by_halves(factor):
    half = (np.arange(factor) + 0.5) / factor
    return [*half, *half[::-1]]


def enlarge_by_torch(scores, factor):
    weights = torch.from_numpy(lesson11.bilinear_weights(factor))
    stamp = weights[:, None] * weights
    stamps = stamp.expand(len(scores), 1, *stamp.shape)
    given = torch.from_numpy(scores)[None]
    return functional.conv_transpose2d(
        given, stamps, stride=factor, padding=factor // 2, groups=len(scores)
    )[0]


def enlarge_by_rows(scores, factor):
    matrices = []
    for n in scores.shape[1:]:
        place = (np.arange(n * factor) + 0.5) / factor - 0.5
        matrices.append(np.maximum(1 - np.abs(place[:, None] - np.arange(n)), 0))
    return np.einsum("rh,sw,chw->crs", *matrices, scores)


def offset_by_hand(start, jump, factor, finer_start):
    return np.float64((finer_start - start) * factor / jump + factor - 0.5)


def head_by_torch(score32, pool4, pool3, weights4, weights3):
    def scores(maps, weights):
        given = torch.from_numpy(maps)[None], torch.from_numpy(weights)[:, :, None, None]
        return functional.conv2d(*given)[0].numpy()

    score16 = enlarge_by_torch(score32, 2).numpy() + scores(pool4, weights4)
    return enlarge_by_torch(score16, 2).numpy() + scores(pool3, weights3)


OTHER_RIGHT_ANSWERS = [
    ("11.1", kernels_by_library),
    ("11.1", kernels_by_row),
    ("11.2", everywhere_by_torch),
    ("11.2", everywhere_by_windows),
    ("11.3", weights_by_library),
    ("11.3", weights_by_halves),
    ("11.4", enlarge_by_torch),
    ("11.4", enlarge_by_rows),
    ("11.5", offset_by_hand),
    ("11.6", head_by_torch),
]

MUTATED_NAMES = {"channels": "side", "side": "channels"}

EQUIVALENT = {
    ("11.2", "2 -> 3"),  # kernels are square
    ("11.2", "(1, 2, 3) -> (2, 3, 1)"),  # a sum over three axes, in any order
}
"""Changes that leave every result the same."""

LIBRARY = {
    "11.1": kernels_by_library,
    "11.2": everywhere_by_torch,
    "11.3": weights_by_library,
    "11.4": enlarge_by_torch,
    "11.6": head_by_torch,
}


@pytest.mark.parametrize("number", LIBRARY)
def test_the_references_are_what_torch_computes(number):
    for seed in range(3):
        for case in all_cases(number, seed):
            expected = lesson11.EXERCISES[number].reference(*case)
            np.testing.assert_allclose(LIBRARY[number](*case), expected, rtol=2e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("given", "offset"),
    [
        ((12.5, 32, 32, 0), 19),
        ((12.5, 32, 2, -91.5), -5),
        ((-11.5, 16, 16, 0), 27),
        ((-11.5, 16, 2, -95.5), -9),
        ((-23.5, 8, 8, 0), 31),
    ],
)
def test_the_offsets_are_those_of_the_authors_networks(given, offset):
    assert lesson11.crop_offset(*given) == offset
