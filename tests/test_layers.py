"""The table of layers beside torch and beside gradients; blocks, crops, kernels and messages."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from course_utils.geometry import Layer, receptive_field
from course_utils.models import layers
from course_utils.models.description import describe, outputs_of
from course_utils.models.lenet import LeNet5, ModernLeNet
from course_utils.models.registry import build_model, model_names

SIZES = {"original-unet": (220, 204)}
SMALL = {"fcn32": {"head": 8}, "fcn16": {"head": 8}, "fcn8": {"head": 8}}


def built(name, **options):
    torch.manual_seed(0)
    return build_model(name, 3, in_channels=2, width=2, **SMALL.get(name, {}), **options)


def footprint(model, image, channels_of_output=slice(None)):
    """Largest count of input rows whose gradient is not zero, over some rows of the output."""
    made = model(image)
    found = 0
    middle = made.shape[2] // 2
    for row in range(middle, min(middle + 32, made.shape[2])):
        (gradient,) = torch.autograd.grad(
            made[0, :, row, made.shape[3] // 2].sum(), image, retain_graph=True
        )
        rows = gradient[0].abs().sum(dim=(0, 2)).nonzero()
        found = max(found, int(rows.max() - rows.min()) + 1)
    return found


def without_dead_units(model):
    """Replace ReLU and maxima, whose gradient may be zero by chance, by means; weights positive."""
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.MaxPool2d):
                average = nn.AvgPool2d(child.kernel_size, ceil_mode=child.ceil_mode)
                setattr(parent, name, average)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.1 + parameter.abs())
    return model.double()


@pytest.mark.parametrize("name", model_names())
@pytest.mark.parametrize("depth", [1, 2, None])
def test_rows_agree_with_torch(name, depth):
    """Parameters, the shape that each layer really makes, and half the floating operations."""
    model, size = built(name), SIZES.get(name, (64, 96))
    rows = model.describe(size, depth=depth)
    shapes, modules = {}, dict(model.named_modules())
    for row in rows:
        modules[row.name].register_forward_hook(
            lambda layer, given, made, name=row.name: shapes.update({name: tuple(made.shape[1:])})
        )
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 2, *size))
    flops = counter.get_flop_counts()
    for row in rows:
        assert row.output_shape == shapes[row.name]
        assert row.parameters == sum(p.numel() for p in modules[row.name].parameters())
        counted = sum(flops.get(f"{type(model).__name__}.{row.name}", {}).values())
        assert 2 * row.multiply_adds == counted, row.name
    assert rows.parameters == sum(p.numel() for p in model.parameters())
    assert 2 * rows.multiply_adds == counter.get_total_flops()


@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("unet", {"depth": 2}, (96, 16)),
        ("unet", {"depth": 3}, (192, 16)),
        ("unet-sum", {"depth": 2}, (96, 16)),
        ("unet-no-skips", {"depth": 2}, (96, 16)),
        ("original-unet", {}, (508, 188)),
        ("fcn32", {"kernel": 1}, (512, 32)),
        ("fcn16", {"kernel": 1}, (768, 32)),
        ("fcn8", {"kernel": 1}, (768, 32)),
        ("fcn8", {"kernel": 1, "upsampling": "learned"}, (768, 32)),
    ],
)
def test_the_receptive_field_is_the_footprint_of_the_gradient(name, options, size):
    model = built(name, **options)
    with torch.no_grad():
        for layer in [getattr(model, each, None) for each in ("score_pool4", "score_pool3")]:
            if layer is not None:
                layer.weight.fill_(0.1)
    image = torch.rand(1, 2, *size, dtype=torch.double, requires_grad=True)
    model = without_dead_units(model)
    assert model.describe(size)[-1].receptive_field == footprint(model, image)


def test_without_upsampling_the_field_is_geometrys():
    model = build_model("fcn32", 2, width=64, convolutions=(2, 2, 3, 3, 3), kernel=7)
    fields = {row.name: row.receptive_field for row in model.describe((224, 224))}
    stack = []
    for number, count in enumerate((2, 2, 3, 3, 3), start=1):
        stack += [Layer(3, padding=1)] * count + [Layer(2, stride=2)]
        assert fields[f"pool{number}"] == receptive_field(stack)[-1].size
    assert fields["fc6"] == 404  # Long 2015, table 1


def test_a_join_sees_what_its_widest_branch_sees():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.narrow = nn.Conv2d(3, 2, 1)
            self.wide = nn.Conv2d(3, 2, 3, padding=6, dilation=6)
            self.last = nn.Conv2d(4, 1, 1)

        def forward(self, image):
            return self.last(torch.cat([self.narrow(image), self.wide(image)], dim=1))

    assert [row.receptive_field for row in describe(Branches(), (16, 16))] == [1, 13, 13]


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
def test_interpolation_is_followed_too(mode):
    class Enlarging(nn.Module):
        def __init__(self):
            super().__init__()
            self.small = nn.AvgPool2d(4)
            self.last = nn.Conv2d(1, 1, 3, padding=1)

        def forward(self, image):
            return self.last(functional.interpolate(self.small(image), scale_factor=4, mode=mode))

    model = Enlarging().double()
    image = torch.rand(1, 1, 64, 8, dtype=torch.double, requires_grad=True)
    rows = describe(model, (64, 8), in_channels=1)
    assert rows[-1].receptive_field == footprint(model, image)


def test_dense_layers_see_the_whole_picture():
    rows = describe(ModernLeNet(), (32, 32), in_channels=1)
    assert [row.receptive_field for row in rows] == [5, 14, 32, 32, 32]
    assert rows[-1].output_shape == (10,)
    assert rows[-1].multiply_adds == 84 * 10
    assert rows.parameters == 61_706


def test_what_runs_in_no_layer_is_a_row_of_its_own():
    class Bare(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(1, 2, 3)
            self.kernel = nn.Parameter(torch.zeros(1, 2, 3, 3))

        def forward(self, image):
            return functional.conv2d(self.first(image), self.kernel)

    outside = describe(Bare(), (8, 8), in_channels=1)[-1]
    assert outside == ("outside", (1, 4, 4), 18, 18 * 16, 5)


def test_a_layer_that_runs_twice_has_two_rows_and_its_parameters_once():
    layer = nn.Conv2d(1, 1, 3)
    rows = describe(nn.Sequential(layer, nn.ReLU(), layer), (9, 9), in_channels=1)
    assert [row.parameters for row in rows] == [10, 0, 0]
    assert [row.receptive_field for row in rows] == [3, 3, 5]


def test_describing_changes_nothing():
    model = build_model("unet", 2, width=2, batch_norm=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.c1.norm1.eval()
    model.describe((32, 32))
    assert model.training
    assert not model.c1.norm1.training
    assert not any(layer._forward_hooks for layer in model.modules())
    for name, tensor in model.state_dict().items():
        assert tensor.device.type == "cpu"
        torch.testing.assert_close(tensor, before[name])


def test_the_partial_convolution_of_lenet_is_described():
    rows = {row.name: row for row in describe(LeNet5(), (32, 32), in_channels=1)}
    assert rows["c3"].parameters == 1516
    assert rows["f6"].output_shape == (84,)


def test_a_table_is_aligned():
    lines = str(build_model("unet", 1).describe((128, 128))).splitlines()
    assert lines[0].split("  ")[0] == "layer"
    assert lines[-1].split() == ["total", "1,941,105", "758,120,448"]
    assert len({len(line) for line in lines[:-1]}) == 1


@pytest.mark.parametrize("size", [(128,), (0, 4), ("a", 2)])
def test_an_input_size_is_two_numbers(size):
    with pytest.raises(ValueError, match=r"input_size must be \(height, width\)"):
        describe(nn.Conv2d(3, 1, 1), size)


def test_outputs_of_keeps_the_last_output_and_takes_its_hooks_away():
    layer = nn.MaxPool2d(2)
    model = nn.Sequential(layer)
    assert outputs_of(model, torch.zeros(1, 1, 4, 4))["0"].shape[2:] == (2, 2)
    assert not layer._forward_hooks


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 8])
def test_the_bilinear_kernel_is_the_pyramid_of_the_lesson(factor):
    side = 2 * factor - factor % 2
    slope = 1 - np.abs(np.arange(side) - (side - 1) / 2) / factor
    kernel = layers.bilinear_kernel(factor)
    np.testing.assert_allclose(kernel.numpy(), np.outer(slope, slope), rtol=1e-6)
    assert kernel.sum().item() == pytest.approx(factor**2)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("factor", [1, 2, 8, 16, 32])
def test_upsampling_starts_as_interpolation_up_to_the_border(factor, learned):
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 4, 5)
    layer = layers.BilinearUpsampling(3, factor, learned=learned)
    wanted = functional.interpolate(maps, scale_factor=factor, mode="bilinear")
    torch.testing.assert_close(layer(maps), wanted, rtol=1e-5, atol=1e-5)
    assert len(list(layer.parameters())) == learned


def test_an_odd_factor_is_refused():
    with pytest.raises(ValueError, match=r"factor must be even, got 3.* by 4"):
        layers.BilinearUpsampling(1, 3)


def test_the_fixed_kernel_moves_with_the_model_but_is_not_stored():
    layer = layers.BilinearUpsampling(2, 4)
    assert layer.state_dict() == {}
    assert layer.to(torch.float64).weight.dtype == torch.float64


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_double_convolution_is_two_convolutions_with_relu(batch_norm):
    torch.manual_seed(0)
    block = layers.DoubleConvolution(3, 4, batch_norm=batch_norm).eval()
    image = torch.randn(1, 3, 6, 6)
    x = functional.conv2d(image, block.conv1.weight, block.conv1.bias, padding=1)
    x = block.norm1(x).clamp_min(0) if batch_norm else x.clamp_min(0)
    x = functional.conv2d(x, block.conv2.weight, block.conv2.bias, padding=1)
    wanted = (block.norm2(x) if batch_norm else x).clamp_min(0)
    torch.testing.assert_close(block(image), wanted)


def test_a_centre_crop_takes_the_middle():
    maps = torch.arange(35.0).reshape(1, 1, 5, 7)
    assert layers.centre_crop(maps, (3, 4))[0, 0].tolist() == maps[0, 0, 1:4, 1:5].tolist()
    assert layers.centre_crop(maps, (5, 7)).shape == maps.shape
    with pytest.raises(ValueError, match=r"must fit into the maps, got \(6, 7\) out of \(5, 7\)"):
        layers.centre_crop(maps, (6, 7))


def test_he_normal_keeps_the_size_of_what_passes_through():
    torch.manual_seed(0)
    stack = nn.Sequential(
        *(each for _ in range(10) for each in (nn.Conv2d(64, 64, 3, padding=1), nn.ReLU()))
    )
    layers.start_he_normal(stack)
    image = torch.randn(1, 64, 24, 24)
    ratio = stack(image).square().mean() / image.square().mean()
    assert 0.2 < ratio < 2  # torch's own start leaves 1e-7 of it
    assert all(layer.bias.abs().max() == 0 for layer in stack if isinstance(layer, nn.Conv2d))


@pytest.mark.parametrize(
    ("image", "error", "words"),
    [
        (torch.zeros(2, 3, 16, 16, dtype=torch.uint8), TypeError, "got torch.uint8.*to_float"),
        (np.zeros((2, 3, 16, 16)), TypeError, "got ndarray"),
        (torch.zeros(3, 16, 16), ValueError, r"shape \(N, 3, H, W\), got \(3, 16, 16\)"),
        (torch.zeros(2, 1, 16, 16), ValueError, "3 channels, got 1 .*in_channels=1"),
        (torch.zeros(2, 16, 16, 3), ValueError, r"movedim\(-1, 1\)"),
        (
            torch.zeros(2, 3, 100, 128),
            ValueError,
            "multiples of 16, got 100 x 128.*height 96 or 112, width 128. Resize",
        ),
        (torch.zeros(2, 3, 8, 16), ValueError, "height 16, width 16"),
    ],
)
def test_what_a_model_cannot_take_is_refused_with_the_fix(image, error, words):
    with pytest.raises(error, match=words):
        build_model("unet", 2, width=2)(image)


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "3"])
def test_counts_are_whole_numbers(number):
    with pytest.raises(ValueError, match="num_classes must be a whole number of at least 1"):
        layers.SegmentationModel(number)
