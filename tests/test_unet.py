"""U-Net: sizes and counts of the course and of the paper, values by hand, tiles, and learning."""

import pytest
import torch
from torch.nn import functional

from course_utils.models.unet import OriginalUNet, UNet, logits_in_tiles

# the walk of lesson 12, at 128 x 128 x 3
WALK = {
    "c1": (16, 128), "p1": (16, 64), "c2": (32, 64), "p2": (32, 32), "c3": (64, 32),
    "p3": (64, 16), "c4": (128, 16), "p4": (128, 8), "c5": (256, 8), "u6": (128, 16),
    "c6": (128, 16), "u7": (64, 32), "c7": (64, 32), "u8": (32, 64), "c8": (32, 64),
    "u9": (16, 128), "c9": (16, 128), "out": (1, 128),
}  # fmt: skip


def count(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ({}, 1_941_105),
        ({"batch_norm": True}, 1_944_049),
        ({"num_classes": 2}, 1_941_122),
    ],
)
def test_it_has_its_known_number_of_parameters(options, parameters):
    assert count(UNet(**options)) == parameters


def test_every_tensor_has_its_name_and_shape_in_order():
    torch.manual_seed(0)
    model, image = UNet(), torch.rand(1, 3, 128, 128)
    tensors = model.tensors(image)
    found = {name: (made.shape[1], made.shape[2]) for name, made in tensors.items()}
    assert found == WALK
    assert list(found) == list(WALK)
    torch.testing.assert_close(tensors["out"], model(image))


@pytest.mark.parametrize("join", ["concatenate", "sum"])
@pytest.mark.parametrize("skips", [True, False])
def test_the_values_are_those_of_the_drawing(skips, join):
    torch.manual_seed(0)
    net = UNet(2, width=4, depth=2, skips=skips, join=join)
    image = torch.randn(1, 3, 16, 24)
    c1 = net.c1(image)
    c2 = net.c2(functional.max_pool2d(c1, 2))
    x = net.c3(functional.max_pool2d(c2, 2))
    for enlarge, convolve, skip in ((net.u4, net.c4, c2), (net.u5, net.c5, c1)):
        x = enlarge(x)
        if skips:
            x = torch.cat([x, skip], dim=1) if join == "concatenate" else x + skip
        x = convolve(x)
    torch.testing.assert_close(net(image), net.out(x))


def test_without_skips_the_first_map_reaches_the_answer_only_through_the_bottom():
    """Pictures that differ in what four poolings throw away give the same answer."""
    torch.manual_seed(0)
    bottom = {}
    for skips in (True, False):
        net = UNet(2, width=4, skips=skips).eval()
        tensors = net.tensors(torch.randn(1, 3, 32, 32))
        net.p4.register_forward_hook(lambda layer, given, made: torch.zeros_like(made))
        answers = [net(image) for image in torch.randn(2, 1, 3, 32, 32)]
        bottom[skips] = (answers[0] - answers[1]).abs().max().item()
        assert "c1" in tensors
    assert bottom[True] > 0
    assert bottom[False] == 0


@pytest.mark.parametrize(("depth", "multiple"), [(1, 2), (3, 8), (5, 32)])
def test_the_size_rule_follows_the_depth(depth, multiple):
    net = UNet(width=2, depth=depth)
    assert net.size_multiple == multiple
    assert net(torch.zeros(2, 3, multiple, 3 * multiple)).shape[2:] == (multiple, 3 * multiple)
    with pytest.raises(ValueError, match=f"multiples of {multiple}"):
        net(torch.zeros(2, 3, multiple, multiple + 1))


def test_nearest_sizes_are_tried_and_work():
    net = UNet(width=2)
    assert net.nearest_sizes(100) == (96, 112)
    assert net.nearest_sizes(112) == (112,)
    assert net.nearest_sizes(3) == (16,)
    assert net.output_size(112) == 112


def test_batch_normalisation_says_when_it_has_one_value_only():
    net = UNet(width=2, batch_norm=True)
    one = torch.zeros(1, 3, 16, 16)
    with pytest.raises(ValueError, match=r"cannot train on one value.*batch_norm=False"):
        net(one)
    net(one.expand(2, -1, -1, -1))
    net(torch.zeros(1, 3, 16, 32))
    net.eval()(one)
    UNet(width=2)(one)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"join": "add"}, "join must be one of concatenate, sum, got 'add'"),
        ({"depth": 0}, "depth must be a whole number of at least 1, got 0"),
        ({"width": 2.5}, "width must be a whole number of at least 1, got 2.5"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        UNet(**options)


@pytest.mark.parametrize("options", [{}, {"batch_norm": True}, {"join": "sum"}])
def test_it_learns_one_batch_by_heart(options):
    torch.manual_seed(0)
    net = UNet(2, width=8, depth=2, **options)
    target = torch.zeros(2, 16, 16, dtype=torch.long)
    target[0, 3:, 5:12] = 1
    target[1, :9, 2:14] = 1
    image = torch.rand(2, 3, 16, 16) + target[:, None]
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _ in range(80):
        optimiser.zero_grad()
        functional.cross_entropy(net(image), target).backward()
        optimiser.step()
    assert (net(image).argmax(dim=1) == target).float().mean() > 0.95


def test_the_original_has_the_papers_parameters_and_sizes():
    net = OriginalUNet()
    assert count(net) == 31_030_658
    assert net.output_size(572) == 388
    shapes = {row.name: row.output_shape for row in net.describe((572, 572))}
    assert shapes["c1"] == (64, 568, 568)
    assert shapes["p4"] == (512, 32, 32)
    assert shapes["c5"] == (1024, 28, 28)
    assert shapes["out"] == (2, 388, 388)
    convolutions = [row for row in net.describe((572, 572), depth=None) if row.parameters]
    assert len(convolutions) == 23


@pytest.mark.parametrize("size", [188, 204, 220])
def test_the_original_takes_the_sizes_it_names(size):
    net = OriginalUNet(width=1)
    made = net(torch.zeros(1, 1, size, 188))
    assert made.shape == (1, 2, net.output_size(size), 4)


@pytest.mark.parametrize(
    ("n", "nearest"), [(1, (188,)), (187, (188,)), (188, (188,)), (572, (572,)), (580, (572, 588))]
)
def test_the_originals_nearest_sizes(n, nearest):
    assert OriginalUNet(width=1).nearest_sizes(n) == nearest


def test_every_size_it_does_not_name_would_fail_a_pooling():
    """The rule by walking the U: each pooling needs an even side, each convolution 2 pixels."""

    def works(n):
        sides = []
        for _ in range(4):
            n -= 4
            sides.append(n)
            if n < 2 or n % 2:
                return False
            n //= 2
        n -= 4
        for skip in reversed(sides):
            n = 2 * n
            if n < 1 or skip < n:
                return False
            n -= 4
        return n >= 1

    net = OriginalUNet(width=1)
    for n in range(1, 300):
        assert works(n) == (net.nearest_sizes(n) == (n,)), n


def test_a_wrong_size_of_the_original_is_refused():
    with pytest.raises(ValueError, match=r"188, 204, 220 .*height 508 or 524, width 572"):
        OriginalUNet(width=1)(torch.zeros(1, 1, 512, 572))
    with pytest.raises(ValueError, match=r"got 128 x 128.*height 188"):
        OriginalUNet(width=1).output_size(128)


def test_tiles_give_what_one_large_tile_gives():
    torch.manual_seed(0)
    net, image = OriginalUNet(width=2).double(), torch.rand(2, 1, 100, 70, dtype=torch.double)
    whole = logits_in_tiles(net, image, tile=300)  # 116 x 116 pixels come out of it
    assert whole.shape == (2, 2, 100, 70)
    for tile in (204, 220):
        torch.testing.assert_close(logits_in_tiles(net, image, tile=tile), whole)


def test_a_tile_is_the_answer_to_the_picture_mirrored_around_it():
    torch.manual_seed(0)
    net, image = OriginalUNet(width=2), torch.rand(1, 1, 116, 116)
    mirrored = functional.pad(image, (92,) * 4, mode="reflect")
    torch.testing.assert_close(logits_in_tiles(net, image, tile=300), net(mirrored))


@pytest.mark.parametrize(("tile", "words"), [(188, "at least 204, got 188"), (200, "188 or 204")])
def test_a_tile_that_does_not_work_is_refused(tile, words):
    with pytest.raises(ValueError, match=words):
        logits_in_tiles(OriginalUNet(width=1), torch.zeros(1, 1, 50, 50), tile=tile)


def test_pictures_smaller_than_the_margin_are_mirrored_to_and_fro():
    net = OriginalUNet(width=1)
    flat = logits_in_tiles(net, torch.full((1, 1, 1, 3), 0.5), tile=204)
    wide = logits_in_tiles(net, torch.full((1, 1, 40, 40), 0.5), tile=204)
    torch.testing.assert_close(flat, wide[:, :, :1, :3])
