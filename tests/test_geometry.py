"""Sizes, receptive fields and valid taps: equal to what torch makes, and to known tables."""

import itertools

import numpy as np
import pytest
import torch

from course_utils.geometry import (
    Field,
    Layer,
    conv_output_size,
    kernel_extent,
    receptive_field,
    transposed_conv_output_size,
    valid_taps,
)

SETTINGS = list(itertools.product((1, 2, 5, 8, 13), (1, 2, 3, 5), (1, 2, 3), (0, 1, 3), (1, 2, 4)))


def torch_size(make, n, **settings):
    """Side that a torch layer makes of n pixels, None where it refuses."""
    try:
        return make(1, 1, **settings)(torch.zeros(1, 1, n)).shape[-1]
    except (RuntimeError, ValueError):
        return None


def ours_or_none(function, *numbers):
    try:
        return function(*numbers)
    except ValueError:
        return None


def test_convolution_gives_torchs_sizes_and_refuses_what_torch_refuses():
    refused = 0
    for n, kernel, stride, padding, dilation in SETTINGS:
        expected = torch_size(
            torch.nn.Conv1d,
            n,
            kernel_size=kernel,
            stride=stride,
            padding=padding,
            dilation=dilation,
        )
        assert ours_or_none(conv_output_size, n, kernel, stride, padding, dilation) == expected
        refused += expected is None
    assert refused > 20


def test_transposed_convolution_gives_torchs_sizes_and_refuses_what_torch_refuses():
    refused = 0
    for (n, kernel, stride, padding, dilation), extra in itertools.product(SETTINGS, (0, 1, 2)):
        expected = torch_size(
            torch.nn.ConvTranspose1d,
            n,
            kernel_size=kernel,
            stride=stride,
            padding=padding,
            output_padding=extra,
            dilation=dilation,
        )
        numbers = (n, kernel, stride, padding, extra, dilation)
        assert ours_or_none(transposed_conv_output_size, *numbers) == expected, numbers
        refused += expected is None
    assert refused > 20


def test_a_transposed_convolution_can_return_to_every_input_size():
    for n, kernel, stride, padding in itertools.product(
        (7, 8, 9, 12), (2, 3, 4), (1, 2, 3), (0, 1)
    ):
        made = conv_output_size(n, kernel, stride, padding)
        sizes = [
            transposed_conv_output_size(made, kernel, stride, padding, extra)
            for extra in range(stride)
        ]
        assert n in sizes


def test_known_extents():
    rates = (1, 2, 3, 6, 12, 18, 24)
    assert [kernel_extent(3, rate) for rate in rates] == [3, 5, 7, 13, 25, 37, 49]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((4, 5), "an extent of 5 in 4 \\+ 2 x 0 = 4 pixels. Pad by at least 1, or take .* least 5"),
        ((4, 9, 1, 1), "in 4 \\+ 2 x 1 = 6 pixels. Pad by at least 3, or take .* least 7"),
        ((4, 3, 1, 0, 4), r"an extent of 9 \(3 taps at dilation 4\).* Pad by at least 3"),
        ((4, 3, 0), "stride must be a whole number of at least 1, got 0. A stride of 1 moves"),
        ((4, 3, 1, -1), "padding must be a whole number of at least 0, got -1"),
        ((4, 3.0), "kernel must be a whole number of at least 1, got 3.0"),
    ],
)
def test_an_impossible_convolution_is_told_with_its_remedy(settings, words):
    with pytest.raises(ValueError, match=words):
        conv_output_size(*settings)


def test_the_remedies_work():
    assert conv_output_size(4, 3, 1, 3, 4) >= 1
    assert conv_output_size(4, 5, 1, 1) >= 1
    assert conv_output_size(5, 5) == 1
    assert conv_output_size(4, 9, padding=3) >= 1
    assert conv_output_size(7, 9, padding=1) == 1
    assert transposed_conv_output_size(1, 4, padding=1) >= 1
    assert transposed_conv_output_size(1, 3, 1, padding=1) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ((4, 3, 2, 0, 2), "got 2 with stride 2 and dilation 1. Use 0 to 1"),
        ((1, 3, 1, 2), "cuts 2 x 2 off 3. Use at most 1"),
        ((1, 4, 1, 2), "cuts 2 x 2 off 4. Use at most 1"),
        ((0, 3), "n must be a whole number of at least 1, got 0"),
    ],
)
def test_an_impossible_transposed_convolution_is_told_with_its_remedy(settings, words):
    with pytest.raises(ValueError, match=words):
        transposed_conv_output_size(*settings)


def test_lenets_receptive_fields():
    lenet = [(5,), (2, 2), (5,), (2, 2), (5,)]
    fields = receptive_field(lenet)
    assert [field.size for field in fields] == [5, 6, 14, 16, 32]
    assert [field.jump for field in fields] == [1, 2, 2, 4, 4]
    assert fields[-1].start == 15.5  # the only unit sees all 32 pixels, 0 ... 31


def test_vggs_receptive_field_at_fc6():
    layers = []
    for convolutions in (2, 2, 3, 3, 3):
        layers += [Layer(3, padding=1)] * convolutions + [Layer(2, stride=2)]
    assert receptive_field([*layers, Layer(7)])[-1].size == 404  # Long et al. 2015, table 1


def seen_pixels(layers, n, unit):
    """Input pixels that have a gradient from one unit, by torch."""
    x = torch.zeros(1, 1, n, dtype=torch.float64, requires_grad=True)
    y = x
    for layer in layers:
        weight = torch.ones(1, 1, layer.kernel, dtype=torch.float64)
        y = torch.nn.functional.conv1d(
            y, weight, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
        )
    y[0, 0, unit].backward()
    return np.flatnonzero(x.grad[0, 0].numpy())


def test_the_field_is_where_the_gradient_is():
    rng = np.random.default_rng(0)
    for _ in range(40):
        layers = [
            Layer(int(k), int(s), int(p), int(d))
            for k, s, p, d in zip(
                rng.integers(1, 4, 3),
                rng.integers(1, 3, 3),
                rng.integers(0, 2, 3),
                rng.integers(1, 3, 3),
                strict=True,
            )
        ]
        field, unit = receptive_field(layers)[-1], 10  # far enough from the padding
        seen = seen_pixels(layers, 200, unit)
        centre = field.start + unit * field.jump
        assert seen[0] == centre - (field.size - 1) / 2
        assert seen[-1] == centre + (field.size - 1) / 2


def test_no_layers_have_no_fields_and_bad_layers_are_refused():
    assert receptive_field([]) == []
    assert receptive_field([Layer(1)]) == [Field(1, 1, 0.0)]
    with pytest.raises(ValueError, match="stride must be"):
        receptive_field([(3, 0)])


@pytest.mark.parametrize(
    ("size", "dilations", "means"),
    [
        (65, (24,), (5.11,)),
        (33, (6, 12, 18), (6.95, 5.17, 3.64)),
        (16, (6, 12), (5.06, 2.25)),
        (8, (6, 12, 18), (2.25, 1.00, 1.00)),
    ],
)
def test_valid_taps_are_the_known_ones(size, dilations, means):
    assert [round(valid_taps(size, 3, d), 2) for d in dilations] == list(means)


def test_valid_taps_are_counted_by_convolution():
    for size, kernel, dilation in itertools.product((1, 4, 9), (1, 3, 5), (1, 2, 7)):
        padding = dilation * (kernel // 2)
        taps = torch.nn.functional.conv2d(
            torch.ones(1, 1, size, size),
            torch.ones(1, 1, kernel, kernel),
            padding=padding,
            dilation=dilation,
        )
        assert valid_taps(size, kernel, dilation) == pytest.approx(taps.mean().item())


def test_valid_taps_need_a_middle():
    with pytest.raises(ValueError, match="must be odd"):
        valid_taps(8, kernel=2)
