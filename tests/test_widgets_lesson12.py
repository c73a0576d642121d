"""The demo of lesson 12: what it draws are the network's tensors, and cut skips are cut."""

import numpy as np
import pytest
import torch

from course_utils.datasets.registry import load_data
from course_utils.figures import alt_text
from course_utils.models.unet import UNet
from course_utils.transforms import to_float
from course_utils.widgets import unet_walk


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return UNet(width=4, depth=3)


@pytest.fixture(scope="module")
def image():
    return load_data("cells", "test", count=1, size=(64, 64))[0].image


def test_the_walk_is_the_networks_own(net, image):
    run = unet_walk.walk(net, image)
    batch = to_float(torch.from_numpy(image)[None])
    with torch.no_grad():
        own = {name: x[0] for name, x in net.tensors(batch).items()}
    assert list(run) == ["image", *own]
    for name, x in own.items():
        np.testing.assert_allclose(run[name], x)
    np.testing.assert_allclose(run["out"], net(batch)[0].detach())


def test_cut_skips_are_zeros_beside_the_enlarged_map(net, image):
    whole, cut = (unet_walk.walk(net, image, skips=skips) for skips in (True, False))
    unchanged = [name for name in whole if np.array_equal(whole[name], cut[name])]
    assert unchanged == ["image", "c1", "p1", "c2", "p2", "c3", "p3", "c4", "u5"]
    u5 = torch.from_numpy(cut["u5"])[None]
    with torch.no_grad():
        by_hand = net.c5(torch.cat([u5, torch.zeros_like(u5)], dim=1))[0]
    np.testing.assert_allclose(cut["c5"], by_hand)


def test_a_walk_leaves_no_trace(net, image):
    batch = to_float(torch.from_numpy(image)[None])
    net.train()
    before = net(batch).detach()
    unet_walk.walk(net, image, skips=False)
    assert net.training
    torch.testing.assert_close(net(batch).detach(), before)


@pytest.mark.parametrize("options", [{"skips": False}, {"join": "sum"}])
def test_a_network_without_concatenated_skips_is_refused(image, options):
    with pytest.raises(ValueError, match="net must concatenate its skips"):
        unet_walk.walk(UNet(width=2, depth=1, **options), image)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_every_tensor_has_a_place_of_its_own_on_the_row_of_its_size(depth):
    at = unet_walk.places(depth)
    assert len(set(at.values())) == len(at) == 4 * depth + 3
    run = unet_walk.walk(UNet(width=1, depth=depth), np.zeros((3, 32, 32), np.uint8))
    assert list(run) == list(at)
    for name, (row, _) in at.items():
        assert run[name].shape[-1] == 32 // 2**row


def test_the_drawn_u_names_every_shape(net, image):
    run = unet_walk.walk(net, image)
    text = alt_text(unet_walk.draw_u(run))
    assert "c4 32 x 8 x 8" in text
    assert "out 1 x 64 x 64" in text


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("image", "the picture"),
        ("c1", "double convolution of the image"),
        ("p2", "c2 max-pooled"),
        ("c4", "double convolution of p3"),
        ("u5", "c4 enlarged by a transposed convolution"),
        ("c5", "double convolution of u5 beside c3"),
        ("c7", "double convolution of u7 beside c1"),
        ("out", "a 1 x 1 convolution of c7"),
    ],
)
def test_the_line_says_what_a_tensor_is_made_of(net, image, name, origin):
    run = unet_walk.walk(net, image)
    figure, line = unet_walk.draw_tensor(run, name)
    shape = " x ".join(map(str, run[name].shape))
    assert line.startswith(f"{name}: {shape} = {run[name].size:,} numbers, {origin}\n")
    assert origin in alt_text(figure)


def test_the_line_says_that_the_skips_are_cut(net, image):
    run = unet_walk.walk(net, image, skips=False)
    assert "beside zeros for c3" in unet_walk.draw_tensor(run, "c5", skips=False)[1]


def test_an_unknown_tensor_is_named(net, image):
    with pytest.raises(ValueError, match="name must be one of image, c1"):
        unet_walk.draw_tensor(unet_walk.walk(net, image), "c9")


def test_a_click_in_the_u_chooses_the_tensor(net, image):
    demo = unet_walk.demo(net, image)
    canvas, tensor, skips = demo._controls[0], demo._named["tensor"], demo._named["skips"]
    row, column = unet_walk.places(3)["u6"]
    canvas.event = {"row": row, "column": column, "count": 1}
    assert tensor.value == "u6"
    assert demo.caption.startswith("u6: ")
    assert canvas.alt.startswith("u6 is framed.")
    before = canvas.png
    skips.value = False
    assert canvas.png != before
    tensor.value = "c6"
    assert "zeros for c2" in demo.caption
    canvas.event = {"row": 3, "column": 0, "count": 2}  # nothing is drawn there
    assert tensor.value == "c6"
