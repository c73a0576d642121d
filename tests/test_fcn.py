"""FCN: a dense layer as a convolution, scores that are summed, sizes, alignment, and learning."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from course_utils.models.fcn import FCN, dense_to_conv

SMALL = {"width": 4, "head": 16}
VGG16 = {"width": 64, "convolutions": (2, 2, 3, 3, 3), "head": 4096, "kernel": 7}


def net_with_scores(**options):
    """A small network whose scores do not start at zero."""
    torch.manual_seed(0)
    net = FCN(3, **{**SMALL, **options}).eval()
    for name in ("score32", "score_pool4", "score_pool3"):
        if hasattr(net, name):
            nn.init.normal_(getattr(net, name).weight)
    return net


@pytest.mark.parametrize("bias", [True, False])
def test_a_dense_layer_gives_the_same_answer_as_a_convolution(bias):
    torch.manual_seed(0)
    linear = nn.Linear(6 * 5 * 5, 10, bias=bias)
    convolution = dense_to_conv(linear, in_channels=6, kernel=5)
    maps = torch.randn(4, 6, 5, 5)
    torch.testing.assert_close(
        convolution(maps).flatten(1), linear(maps.flatten(1)), rtol=0, atol=1e-6
    )


def test_on_a_larger_map_each_place_is_the_answer_on_its_crop():
    torch.manual_seed(0)
    linear = nn.Linear(6 * 5 * 5, 10)
    maps = torch.randn(1, 6, 9, 12)
    answers = dense_to_conv(linear, in_channels=6, kernel=5)(maps)
    assert answers.shape == (1, 10, 5, 8)
    for row, column in ((0, 0), (2, 7), (4, 3)):
        crop = maps[:, :, row : row + 5, column : column + 5]
        torch.testing.assert_close(
            answers[:, :, row, column], linear(crop.flatten(1)), rtol=0, atol=1e-6
        )


def test_the_reshaped_weights_are_a_copy_of_the_same_kind():
    linear = nn.Linear(8, 2, dtype=torch.float64)
    convolution = dense_to_conv(linear, in_channels=2, kernel=2)
    assert convolution.weight.dtype == torch.float64
    nn.init.zeros_(linear.weight)
    assert convolution.weight.abs().max() > 0


def test_a_dense_layer_that_reads_another_map_is_refused():
    with pytest.raises(ValueError, match="6 x 5 x 5 = 150 values, got one that reads 120"):
        dense_to_conv(nn.Linear(120, 10), in_channels=6, kernel=5)


@pytest.mark.parametrize("stride", [32, 16, 8])
@pytest.mark.parametrize("size", [(64, 96), (1, 1), (33, 31), (100, 130)])
def test_any_size_comes_out_as_it_went_in(stride, size):
    net = net_with_scores(stride=stride)
    assert net.size_multiple == 1
    assert net(torch.rand(1, 3, *size)).shape == (1, 3, *size)


@pytest.mark.parametrize("size", [(128, 128), (100, 130)])
def test_score_maps_have_their_names_and_round_up(size):
    scores = net_with_scores().scores(torch.rand(1, 3, *size))
    assert list(scores) == ["score32", "score_pool4", "score_pool3"]
    for stride, made in zip((32, 16, 8), scores.values(), strict=True):
        assert made.shape[2:] == tuple(-(-n // stride) for n in size)


def test_a_coarser_network_has_fewer_scores():
    image = torch.rand(1, 3, 64, 64)
    assert list(FCN(3, stride=32, **SMALL).scores(image)) == ["score32"]
    assert list(FCN(3, stride=16, **SMALL).scores(image)) == ["score32", "score_pool4"]


def test_scores_are_enlarged_and_summed():
    """The whole decoder beside torch's interpolation, with each toggle."""
    net = net_with_scores()
    image = torch.rand(2, 3, 96, 64)
    coarse, pool4, pool3 = net.scores(image).values()

    def enlarged(maps, factor):
        return functional.interpolate(maps, scale_factor=factor, mode="bilinear")

    for use_pool4 in (True, False):
        for use_pool3 in (True, False):
            x = enlarged(coarse, 2) + use_pool4 * pool4
            x = enlarged(x, 2) + use_pool3 * pool3
            made = net(image, use_pool4=use_pool4, use_pool3=use_pool3)
            torch.testing.assert_close(made, enlarged(x, 8), rtol=1e-4, atol=1e-4)


def test_all_scores_start_at_zero_and_the_skips_then_change_nothing():
    net = FCN(3, **SMALL)
    assert net(torch.rand(2, 3, 64, 64)).abs().max() == 0


def test_the_answer_does_not_stand_beside_the_picture():
    """Mirroring picture and kernels mirrors the answer: nothing is shifted by half a unit."""
    net, image = net_with_scores().double(), torch.rand(1, 3, 64, 96, dtype=torch.double)
    made = net(image)
    with torch.no_grad():
        for layer in net.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.copy_(layer.weight.flip(2, 3))
    torch.testing.assert_close(net(image.flip(2, 3)).flip(2, 3), made)


def test_a_picture_cut_at_its_far_end_keeps_the_place_of_what_is_left():
    """The crop takes from the far end only: a unit at 32 stays at 32."""
    net = net_with_scores(kernel=1)
    image = torch.rand(1, 3, 640, 32)
    whole, part = net(image), net(image[:, :, :600])
    torch.testing.assert_close(part[:, :, :300], whole[:, :, :300], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("upsampling", "learned"),
    [
        ("fixed", set()),
        ("paper", {"enlarge32.weight", "enlarge16.weight"}),
        ("learned", {"enlarge32.weight", "enlarge16.weight", "enlarge.weight"}),
    ],
)
def test_what_is_learned_of_the_enlargements(upsampling, learned):
    net, fixed = net_with_scores(upsampling=upsampling), net_with_scores()
    names = {name for name, _ in net.named_parameters()}
    assert {name for name in names if name.startswith("enlarge")} == learned
    image = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(net(image), fixed(image), rtol=1e-4, atol=1e-4)


def test_with_vggs_widths_it_has_vggs_weights():
    with torch.device("meta"):
        net = FCN(21, stride=32, batch_norm=False, **VGG16)
    counts = {
        name: sum(p.numel() for p in part.parameters()) for name, part in net.named_children()
    }
    encoder = sum(counts[f"pool{number}"] for number in range(1, 6))
    assert encoder == 14_714_688
    assert counts["fc6"] == 102_764_544
    assert counts["fc7"] == 16_781_312


def test_the_usual_network_is_small():
    assert 500_000 < sum(p.numel() for p in FCN(11).parameters()) < 1_000_000


def test_dropout_is_for_training_only():
    net, image = net_with_scores(dropout=0.5), torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(net(image), net(image), rtol=0, atol=0)
    net.train()
    assert not torch.equal(net(image), net(image))


def test_batch_normalisation_says_when_it_has_one_value_only():
    net = FCN(3, batch_norm=True, **SMALL)
    with pytest.raises(ValueError, match=r"one value for each channel.*batch_norm=False"):
        net(torch.zeros(1, 3, 16, 16))
    net(torch.zeros(2, 3, 16, 16))
    net.eval()(torch.zeros(1, 3, 16, 16))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stride": 4}, r"stride must be one of \(32, 16, 8\), got 4"),
        ({"upsampling": "nearest"}, "one of fixed, paper, learned, got 'nearest'"),
        ({"convolutions": (2, 2)}, "five numbers"),
        ({"convolutions": (2, 2, 2, 2, 0)}, r"convolutions\[4\] must be a whole number"),
        ({"kernel": 4}, "kernel must be odd"),
        ({"dropout": 1.0}, "below 1, got 1.0"),
        ({"head": 0}, "head must be a whole number"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        FCN(3, **options)


@pytest.mark.parametrize("stride", [32, 8])
def test_it_learns_one_batch_by_heart(stride):
    torch.manual_seed(0)
    net = FCN(2, stride=stride, **SMALL)
    target = torch.zeros(2, 64, 64, dtype=torch.long)
    target[0, 16:, 24:] = 1
    target[1, :40, 8:48] = 1
    image = torch.rand(2, 3, 64, 64) + target[:, None]
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        functional.cross_entropy(net(image), target).backward()
        optimiser.step()
    right = (net(image).argmax(dim=1) == target).float().mean()
    assert right > (0.85 if stride == 32 else 0.93)
