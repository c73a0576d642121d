"""Models by name: what a name builds, what it can be given, and that all keep one promise."""

import pytest
import torch

from course_utils.models.fcn import FCN
from course_utils.models.registry import MODELS, build_model, model_names, model_options
from course_utils.models.unet import OriginalUNet, UNet

SIZE = {"original-unet": 188}


def test_names_build_what_they_say():
    assert isinstance(build_model("unet", 2), UNet)
    assert build_model("unet-sum", 2).join == "sum"
    assert not build_model("unet-no-skips", 2).skips
    assert isinstance(build_model("original-unet", 2, in_channels=1), OriginalUNet)
    for stride in (8, 16, 32):
        model = build_model(f"fcn{stride}", 2)
        assert isinstance(model, FCN)
        assert model.stride == stride


@pytest.mark.parametrize("name", model_names())
def test_every_model_keeps_the_promise(name):
    torch.manual_seed(0)
    model = build_model(name, 5, in_channels=2, width=2)
    n = SIZE.get(name, 64)
    assert (model.num_classes, model.in_channels) == (5, 2)
    assert model.size_multiple >= 1
    assert model.nearest_sizes(n) == (n,)
    assert model(torch.rand(2, 2, n, n)).shape == (2, 5, *(model.output_size(n),) * 2)
    assert model.describe((n, n))[-1].output_shape == (5, *(model.output_size(n),) * 2)
    assert next(iter(model.tensors(torch.rand(2, 2, n, n)))) in ("c1", "pool1")


@pytest.mark.parametrize("name", model_names())
def test_one_seed_gives_one_network(name):
    torch.manual_seed(3)
    first = build_model(name, 2, width=2).state_dict()
    torch.manual_seed(3)
    second = build_model(name, 2, width=2).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", model_names())
def test_channels_last_and_half_precision_give_nearly_the_same(name):
    torch.manual_seed(0)
    model = build_model(name, 3, width=4).eval()
    n = SIZE.get(name, 64)
    image = torch.rand(1, 3, n, n)
    with torch.no_grad():
        plain = model(image)
        model = model.to(memory_format=torch.channels_last)
        turned = model(image.contiguous(memory_format=torch.channels_last))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = model(image)
    torch.testing.assert_close(turned, plain, rtol=1e-3, atol=1e-4)
    assert (half.float() - plain).abs().max() <= 0.05 * plain.abs().max()


def test_options_are_those_that_a_name_leaves_open():
    assert model_options("unet") == {
        "width": 16, "depth": 4, "skips": True, "batch_norm": False, "join": "concatenate"
    }  # fmt: skip
    assert "join" not in model_options("unet-sum")
    assert "stride" not in model_options("fcn8")
    assert all("num_classes" not in model_options(name) for name in MODELS)


def test_an_unknown_name_lists_the_names():
    with pytest.raises(ValueError, match=r"no model 'unet\+\+'. Known names: unet, unet-sum"):
        build_model("unet++", 2)
    with pytest.raises(ValueError, match="no model 'vgg'"):
        model_options("vgg")


def test_an_unknown_option_lists_the_options():
    with pytest.raises(TypeError, match=r"'unet' has no option 'filters'.*width=16, depth=4"):
        build_model("unet", 2, filters=16)
    with pytest.raises(TypeError, match="'fcn8' has no option 'stride'"):
        build_model("fcn8", 2, stride=16)
