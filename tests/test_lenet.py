"""LeNet-5: every count of the paper's table, its loss, and that both networks learn to read."""

import math
from collections import Counter

import pytest
import torch
from torch import nn

from course_utils.geometry import Layer, receptive_field
from course_utils.models import lenet

# LeCun et al. 1998, section II.B and table I: maps, side, parameters, connections
TABLE = {
    "c1": (6, 28, 156, 122_304),
    "s2": (6, 14, 12, 5_880),
    "c3": (16, 10, 1_516, 151_600),
    "s4": (16, 5, 32, 2_000),
    "c5": (120, 1, 48_120, 48_120),
    "f6": (84, 1, 10_164, 10_164),
}


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", TABLE)
def test_shapes_parameters_and_connections_are_the_papers(name):
    net, shapes = lenet.LeNet5(), {}
    layer = getattr(net, name)
    layer.register_forward_hook(lambda module, given, made: shapes.update(made=made.shape))
    net(torch.zeros(1, 1, 32, 32))
    maps, side, parameters, connections = TABLE[name]
    assert shapes["made"].numel() == maps * side * side
    assert count(layer) == parameters
    if isinstance(layer, lenet.SubSampling):  # four inputs and a bias for each unit
        assert 5 * maps * side * side == connections
    else:  # every weight and every bias once at each place
        assert parameters * side * side == connections


def test_both_networks_have_their_known_size():
    assert count(lenet.LeNet5()) == 60_000
    assert count(lenet.ModernLeNet()) == 61_706


def test_c3_reads_every_map_of_s2_ten_times():
    assert len(lenet.C3_SOURCES) == len(set(lenet.C3_SOURCES)) == 16
    assert Counter(each for sources in lenet.C3_SOURCES for each in sources) == dict.fromkeys(
        range(6), 10
    )


def test_c3_is_a_convolution_with_the_other_kernels_zero():
    torch.manual_seed(0)
    partial, full = lenet.PartialConvolution(), nn.Conv2d(6, 16, 5)
    nn.init.normal_(partial.kernels)
    nn.init.normal_(partial.bias)
    with torch.no_grad():
        full.weight.zero_()
        for kernel, out, source in zip(partial.kernels, *partial.pairs.tolist(), strict=True):
            assert source in lenet.C3_SOURCES[out]
            full.weight[out, source] = kernel
        full.bias.copy_(partial.bias)
        maps = torch.randn(2, 6, 14, 14)
        torch.testing.assert_close(partial(maps), full(maps))


def test_sub_sampling_adds_four_neighbours():
    layer = lenet.SubSampling(2)
    with torch.no_grad():
        layer.coefficient.copy_(torch.tensor([2.0, -1.0]).reshape(2, 1, 1))
        layer.bias.copy_(torch.tensor([10.0, 0.0]).reshape(2, 1, 1))
    maps = torch.arange(16.0).reshape(1, 1, 4, 4).expand(1, 2, 4, 4)
    made = layer(maps)
    assert made[0, 0].tolist() == [[30.0, 46.0], [94.0, 110.0]]  # 10 + 2 (0 + 1 + 4 + 5), ...
    assert made[0, 1].tolist() == [[-10.0, -18.0], [-42.0, -50.0]]


def test_the_last_layer_sees_the_whole_picture():
    layers = [Layer(5), Layer(2, 2), Layer(5), Layer(2, 2), Layer(5)]
    assert receptive_field(layers)[-1].size == 32


def test_the_codes_are_ten_different_drawings():
    codes = lenet.digit_codes()
    differences = (codes[:, None] != codes[None]).sum(dim=-1)
    assert differences[~torch.eye(10, dtype=torch.bool)].min() >= 8


def test_the_score_is_minus_the_squared_distance_to_a_code():
    torch.manual_seed(0)
    net, image, features = lenet.LeNet5(), torch.rand(3, 1, 32, 32), {}
    net.f6.register_forward_hook(lambda module, given, made: features.update(x=lenet.squash(made)))
    scores = net(image)
    distance = (features["x"][:, None] - lenet.digit_codes()[None]).square().sum(dim=-1)
    torch.testing.assert_close(scores, -distance, rtol=1e-4, atol=1e-3)


def test_map_loss_is_equation_nine():
    distances = torch.tensor([[0.5, 2.0, 3.0], [4.0, 0.1, 6.0]])
    target, j = [0, 1], 0.3
    expected = [
        row[k] + math.log(math.exp(-j) + sum(math.exp(-y) for y in row))
        for row, k in zip(distances.tolist(), target, strict=True)
    ]
    found = lenet.map_loss(-distances, torch.tensor(target), rubbish=j)
    assert found.item() == pytest.approx(sum(expected) / 2)


@pytest.mark.parametrize(
    ("make", "loss"),
    [(lenet.LeNet5, lenet.map_loss), (lenet.ModernLeNet, nn.functional.cross_entropy)],
)
def test_it_learns_its_own_codes(make, loss):
    """A few noisy drawings of each digit are told apart after a few steps."""
    torch.manual_seed(0)
    drawn = nn.functional.interpolate(lenet.digit_codes().reshape(10, 1, 12, 7), (24, 14))
    ink = (nn.functional.pad(drawn, (9, 9, 4, 4), value=-1) + 1) / 2
    image = lenet.PAPER + (lenet.INK - lenet.PAPER) * ink.repeat(2, 1, 1, 1)
    image, target = image + 0.1 * torch.randn_like(image), torch.arange(10).repeat(2)
    net = make()
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    for _ in range(60):
        optimiser.zero_grad()
        loss(net(image), target).backward()
        optimiser.step()
    assert (net(image).argmax(dim=1) == target).float().mean() >= 0.9
