"""Label maps: the palette is safe for colour-blind eyes, colour tables are exact, errors help."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from skimage import color

from course_utils.labels import (
    IGNORE_INDEX,
    decode_colours,
    display_palette,
    encode_colours,
    require_class_indices,
    require_integers,
    require_same_shape,
    to_numpy,
)

# Machado, Oliveira & Fernandes 2009, table 1 of the supplement, severity 1.0; on linear RGB.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
CAMVID_COLOURS = [  # the colours of the data set's files, for comparison
    (128, 128, 128),
    (128, 0, 0),
    (192, 192, 128),
    (128, 64, 128),
    (0, 0, 192),
    (128, 128, 0),
    (192, 128, 128),
    (64, 64, 128),
    (64, 0, 128),
    (64, 64, 0),
    (0, 128, 192),
]


def smallest_distance(colours, vision):
    """Smallest CIE76 distance of two of the colours (uint8, sRGB), as that eye sees them."""
    encoded = np.asarray(colours) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(VISIONS[vision]), 0, 1)
    encoded = np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = color.rgb2lab(encoded)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return distance[np.triu_indices(len(lab), k=1)].min()


@pytest.mark.parametrize("vision", VISIONS)
def test_every_eye_can_tell_the_colours_apart(vision):
    white = [(255, 255, 255)]
    assert smallest_distance([*display_palette(21), *white], vision) >= 19
    assert smallest_distance([*display_palette(8), *white], vision) >= 27


def test_the_simulation_finds_a_palette_that_is_not_safe():
    distances = [smallest_distance(CAMVID_COLOURS, vision) for vision in VISIONS]
    assert distances[0] > 15
    assert min(distances) < 10


def test_a_class_keeps_its_colour_when_classes_are_added():
    for num_classes in range(1, 22):
        palette = display_palette(num_classes)
        assert palette.dtype == np.uint8
        np.testing.assert_array_equal(palette, display_palette(21)[:num_classes])
    np.testing.assert_array_equal(display_palette(1), [[0, 0, 0]])


def test_changing_a_palette_changes_no_other():
    display_palette(3)[:] = 7
    assert display_palette(3)[1].tolist() != [7, 7, 7]


@pytest.mark.parametrize("num_classes", [0, 22])
def test_palette_of_too_many_classes(num_classes):
    with pytest.raises(ValueError, match=f"num_classes must be 1 to 21, got {num_classes}. Show"):
        display_palette(num_classes)


def test_colours_survive_a_round_trip():
    rng = np.random.default_rng(0)
    for num_classes in (1, 2, 21, 255):
        packed = rng.choice(1 << 24, size=num_classes + 1, replace=False)
        *colours, void = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=-1)
        label_map = rng.integers(0, num_classes, size=(2, 9, 7)).astype(np.uint8)
        label_map[rng.random(label_map.shape) < 0.1] = IGNORE_INDEX
        image = encode_colours(label_map, colours, ignore_colour=tuple(void))
        assert image.dtype == np.uint8
        assert image.shape == (2, 9, 7, 3)
        decoded = decode_colours(image, colours, ignore_colour=tuple(void))
        assert decoded.dtype == np.uint8
        np.testing.assert_array_equal(decoded, label_map)


def test_every_bit_of_a_colour_counts():
    colours = np.packbits(np.eye(24, dtype=np.uint8), axis=1)  # (24, 3), one bit set in each
    np.testing.assert_array_equal(decode_colours(colours[None], colours), [range(24)])


def test_encode_takes_tensors_and_bool_masks():
    black_and_red = [(0, 0, 0), (255, 0, 0)]
    expected = [[[255, 0, 0], [0, 0, 0]]]
    np.testing.assert_array_equal(encode_colours(torch.tensor([[1, 0]]), black_and_red), expected)
    np.testing.assert_array_equal(
        encode_colours(np.array([[True, False]]), black_and_red), expected
    )


def test_unknown_colour_is_named_with_its_pixel():
    image = np.zeros((4, 5, 3), dtype=np.uint8)
    image[2, 3] = (1, 2, 3)
    with pytest.raises(
        ValueError, match=r"colour \(1, 2, 3\).* 1 colours.*pixel \(row 2, column 3\).*Add the"
    ):
        decode_colours(image, [(0, 0, 0)])
    with pytest.raises(ValueError, match=r"pixel \(row 2, column 3\)"):
        decode_colours(np.stack([np.zeros_like(image), image]), [(0, 0, 0)])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 2, 4), np.uint8), r"got uint8 \(2, 2, 4\).*drop it with image\[\.\.\., :3\]"),
        (np.zeros((2, 2), np.uint8), r"got uint8 \(2, 2\).*one channel.*convert"),
        (np.zeros((3, 8, 8), np.uint8), r"got uint8 \(3, 8, 8\).*channels last"),
        (np.zeros((2, 2, 3)), r"got float64 \(2, 2, 3\).*without scaling"),
    ],
)
def test_images_that_hold_no_colours(image, message):
    with pytest.raises(ValueError, match=r"image must be uint8 of shape \(H, W, 3\), " + message):
        decode_colours(image, [(0, 0, 0)])


@pytest.mark.parametrize(
    ("colours", "message"),
    [
        ([0, 0, 0], r"shape \(C, 3\).*got \(3,\).*one \(red, green, blue\) per class"),
        (np.zeros((256, 3), int), r"1 to 255 classes, got \(256, 3\)"),
        ([(0.0, 0.5, 1.0)], r"integers 0 to 255, got float64 from 0.0 to 1.0.*by 255"),
        ([(0, 0, 256)], r"integers 0 to 255, got int64 from 0 to 256"),
        ([(0, 0, 0), (9, 9, 9), (9, 9, 9)], r"differ.*got \(9, 9, 9\) twice"),
    ],
)
def test_colour_tables_that_are_none(colours, message):
    with pytest.raises(ValueError, match=message):
        decode_colours(np.zeros((2, 2, 3), np.uint8), colours)


def test_encode_without_a_colour_for_a_value():
    with pytest.raises(ValueError, match=r"0 to 1 or 255.*found 2 at index"):
        encode_colours(np.array([[2]]), display_palette(2))
    with pytest.raises(ValueError, match=r"none for 255.*Give ignore_colour"):
        encode_colours(np.array([[255]]), display_palette(2))


@pytest.mark.parametrize(
    ("target", "prediction", "remedy"),
    [
        ((4, 6), (2, 3), "Resize the prediction"),
        ((2, 4, 6), (3, 4, 6), "one prediction for each picture"),
        ((2, 4, 6), (2, 5, 4, 6), r"prediction has one more axis, as logits.*argmax\(1\)"),
        ((2, 4, 6), (2, 5, 2, 3), r"argmax\(1\)"),
        ((4, 6), (5, 4, 6), r"argmax\(0\)"),
        ((5, 4, 6), (4, 6), r"target has one more axis.*target\.argmax\(0\)"),
        ((4, 6), (4, 6, 5), r"Turn scores.*prediction\.argmax\(-1\)"),
        ((4, 6, 3), (4, 6), "colour-coded target.*decode_colours"),
        ((4,), (2, 3, 4), r"\(H, W\) or \(N, H, W\)"),
    ],
)
@pytest.mark.parametrize("make", [np.zeros, torch.zeros])
def test_shapes_that_differ(target, prediction, remedy, make):
    with pytest.raises(ValueError, match="must have the same shape, got .* and .*" + remedy):
        require_same_shape(make(target), make(prediction))
    require_same_shape(make(target), make(target))


@pytest.mark.parametrize("convert", [np.array, torch.tensor])
def test_class_indices_accepted(convert):
    require_class_indices(convert([[0, 1, 255]]), num_classes=2)
    require_class_indices(convert([[True, False]]), num_classes=2)
    require_class_indices(convert([[0, -1]]), num_classes=2, ignore_index=-1)


@pytest.mark.parametrize("convert", [np.array, torch.tensor])
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[0, 7]], r"indices 0 to 2 or 255 \(ignored\), found 7 at index \(0, 1\). Check num_cl"),
        ([[0], [-1]], r"found -1 at index \(1, 0\)"),
        ([[1, 3]], r"found 3 .*Give num_classes=4, or, if .*from 1, subtract 1"),
        ([[9, 8, 7, 6, 5, 4]], r"found 4, 5, 6, 7, 8, \.\.\. at index \(0, 0\)"),
        ([[[128, 0, 0]]], "looks like a colour-coded image.*decode_colours"),
    ],
)
def test_values_that_are_no_class_index(convert, values, message):
    with pytest.raises(ValueError, match="target must hold class " + ".*" + message):
        require_class_indices(convert(values), num_classes=3, name="target")


def test_ignored_value_where_none_is_allowed():
    with pytest.raises(ValueError, match=r"0 to 2, found 255 .*it belongs in the target.*map > 0"):
        require_class_indices(np.array([255]), num_classes=3, ignore_index=None)


@pytest.mark.parametrize("convert", [np.array, torch.tensor])
def test_values_that_are_no_integers(convert):
    with pytest.raises(TypeError, match=r"prediction must hold integers.*got float\d\d.*argmax"):
        require_integers(convert([0.5]), name="prediction")
    with pytest.raises(TypeError, match=r"label map must hold integers"):
        require_class_indices(convert([0.5]), num_classes=2)


def test_a_list_is_no_label_map():
    with pytest.raises(TypeError, match=r"must be a NumPy array or a torch tensor, got list.*np.a"):
        require_integers([[0, 1]])


def test_to_numpy_shares_memory_where_it_can():
    tensor = torch.zeros(3, requires_grad=True)
    assert np.shares_memory(to_numpy(tensor), tensor.detach().numpy())


def test_importing_labels_loads_no_torch():
    code = "import course_utils.labels, course_utils.metrics, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
