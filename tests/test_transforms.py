"""Augmentation: image and maps move together, one by one and as a batch, and stay what they are."""

import numpy as np
import pytest
import torch

from course_utils import transforms
from course_utils.labels import IGNORE_INDEX
from course_utils.transforms import Augmentation, augment, augment_batch, resize, to_float

STILL = Augmentation(flip=False)
MOVES = {
    "flip": Augmentation(),
    "upside down": Augmentation(upside_down=True),
    "crop": Augmentation(flip=False, crop=(20, 30)),
    "crop larger than the picture": Augmentation(crop=(60, 70)),
    "crop larger one way": Augmentation(crop=(20, 70)),
    "zoom in": Augmentation(scale=(1.5, 2.5)),
    "zoom out": Augmentation(scale=(0.4, 0.9)),
    "turn": Augmentation(rotate=40),
    "all": Augmentation(upside_down=True, scale=(0.5, 2), rotate=180, crop=(31, 47)),
}
COLOURS = Augmentation(flip=False, brightness=0.2, contrast=0.3, noise=0.05)


@pytest.fixture
def sample():
    """Fields of 8 x 8 pixels; red is 20 times the class, green the number of the field."""
    rng = np.random.default_rng(0)
    fields = np.kron(np.arange(1, 31).reshape(5, 6), np.ones((8, 8), np.int32))
    instance_map = fields.astype(np.int32)  # (40, 48), 1 to 30
    label_map = np.append(0, rng.integers(0, 7, 30)).astype(np.uint8)[instance_map]
    image = np.stack([20 * label_map, instance_map, np.full_like(label_map, 90)])
    return image.astype(np.uint8), label_map, instance_map


@pytest.fixture
def scattered():
    """A sample of noise, in which every pixel tells its place."""
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (3, 40, 48), dtype=np.uint8)
    return (
        image,
        rng.integers(0, 7, (40, 48), dtype=np.uint8),
        rng.permutation(1920).reshape(40, 48),
    )


class Drawn:
    """A random generator that gives out one row of numbers that was drawn before."""

    def __init__(self, row):
        self.row = row

    def random(self, shape, dtype):
        return np.asarray(self.row, dtype).reshape(shape)


def one_by_one(batch, how, seed):
    """What `augment` makes of each sample with the numbers that `augment_batch` would draw."""
    draws = torch.rand(
        len(batch[0]), transforms._DRAWS, generator=torch.Generator().manual_seed(seed)
    )
    samples = zip(*batch, strict=True)
    return [
        augment(*sample, how=how, rng=Drawn(row))
        for sample, row in zip(samples, draws, strict=True)
    ]


def as_batch(sample, count):
    return [np.stack([array] * count) for array in sample]


def in_batch(batch, how, seed):
    tensors = [torch.from_numpy(array) for array in batch]
    generator = torch.Generator().manual_seed(seed)
    return [moved.numpy() for moved in augment_batch(*tensors, how=how, generator=generator)]


@pytest.mark.parametrize("name", MOVES)
def test_image_and_maps_move_together(name):
    """Red tells the row, green the column, the maps tell both: they agree to half a pixel."""
    rows, columns = np.indices((40, 48))
    image = np.stack([6 * rows, 5 * columns, 0 * rows]).astype(np.uint8)
    label_map, instance_map = (rows % 7 + columns % 11).astype(np.uint8), 48 * rows + columns + 1
    batch = as_batch((image, label_map, instance_map), 40)
    images, label_maps, instance_maps = in_batch(batch, MOVES[name], seed=3)
    inside = label_maps != IGNORE_INDEX
    assert 0.05 < inside.mean() <= 1
    np.testing.assert_array_equal(inside, instance_maps > 0)
    row, column = np.divmod(instance_maps[inside] - 1, 48)
    np.testing.assert_array_equal(label_maps[inside], row % 7 + column % 11)
    assert np.abs(images[:, 0][inside] / 6 - row).max() <= 0.5 + 0.5 / 6 + 1e-3
    assert np.abs(images[:, 1][inside] / 5 - column).max() <= 0.5 + 0.5 / 5 + 1e-3
    if MOVES[name].scale == (1, 1) and not MOVES[name].rotate:
        np.testing.assert_array_equal(images[:, 0][inside], 6 * row)
        np.testing.assert_array_equal(images[:, 1][inside], 5 * column)


@pytest.mark.parametrize("name", MOVES)
def test_one_by_one_is_as_in_a_batch(name, scattered):
    batch = as_batch(scattered, 12)
    images, label_maps, instance_maps = in_batch(batch, MOVES[name], seed=5)
    for number, sample in enumerate(one_by_one(batch, MOVES[name], seed=5)):
        assert np.abs(sample[0].astype(int) - images[number]).max() <= 1
        assert (sample[0] != images[number]).mean() < 0.01, "rounding alone"
        np.testing.assert_array_equal(sample[1], label_maps[number])
        np.testing.assert_array_equal(sample[2], instance_maps[number])


def test_brightness_and_contrast_one_by_one_are_as_in_a_batch(scattered):
    how = Augmentation(flip=False, brightness=0.2, contrast=0.3, noise=0)
    batch = as_batch(scattered, 6)

    class DrawnQuietly(Drawn):
        def standard_normal(self, shape, dtype):
            return np.zeros(shape, dtype)

    draws = torch.rand(6, transforms._DRAWS, generator=torch.Generator().manual_seed(2))
    images = in_batch(batch, how, seed=2)[0]
    for number, row in enumerate(draws):
        image = augment(*scattered, how=how, rng=DrawnQuietly(row))[0]
        np.testing.assert_array_equal(image, images[number])
    assert len({image.mean() for image in images}) == 6


@pytest.mark.parametrize("name", MOVES)
def test_no_value_is_invented(name, scattered):
    _, label_maps, instance_maps = in_batch(as_batch(scattered, 10), MOVES[name], seed=1)
    assert set(np.unique(label_maps)) <= {*range(7), IGNORE_INDEX}
    assert np.isin(instance_maps, scattered[2]).all()


@pytest.mark.parametrize("how", [STILL, Augmentation(flip=False, crop=(40, 48))])
def test_nothing_asked_nothing_changed(how, scattered):
    for moved in (
        [a[0] for a in in_batch(as_batch(scattered, 1), how, 0)],
        augment(*scattered, how=how, rng=np.random.default_rng(0)),
    ):
        for array, original in zip(moved, scattered, strict=True):
            np.testing.assert_array_equal(array, original)
            assert array.dtype == original.dtype


def test_one_sample_is_never_changed_in_place(scattered):
    before = [array.copy() for array in scattered]
    moved = augment(*scattered, how=STILL, rng=np.random.default_rng(0))
    for array in moved:
        array[:] = 0
    augment(*scattered, how=MOVES["all"], rng=np.random.default_rng(0))
    for array, original in zip(scattered, before, strict=True):
        np.testing.assert_array_equal(array, original)


@pytest.mark.parametrize("how", [MOVES["all"], COLOURS])
def test_the_same_generator_gives_the_same_result_and_another_another(how, scattered):
    batch = as_batch(scattered, 4)
    first, again, other = (in_batch(batch, how, seed) for seed in (7, 7, 8))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first[0] != other[0]).any()
    assert (first[0][0] != first[0][1]).any(), "each sample has a move of its own"
    one, two = (augment(*scattered, how=how, rng=np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(one[0], two[0])


def test_flips_come_in_half_of_the_cases(scattered):
    images = in_batch(as_batch(scattered, 400), Augmentation(upside_down=True), seed=0)[0]
    image = scattered[0]
    kinds = [image, image[:, ::-1], image[:, :, ::-1], image[:, ::-1, ::-1]]
    shares = [np.mean([np.array_equal(image, kind) for image in images]) for kind in kinds]
    assert sum(shares) == 1
    assert max(shares) < 0.33


def test_a_crop_lies_anywhere(scattered):
    instance_maps = in_batch(as_batch(scattered, 600), Augmentation(flip=False, crop=(38, 45)), 0)[
        2
    ]
    corners = {int(instance_map[0, 0]) for instance_map in instance_maps}
    assert corners == set(scattered[2][:3, :4].ravel().tolist())


def test_a_small_picture_lies_anywhere_in_a_large_crop(scattered):
    moved = in_batch(as_batch(scattered, 300), Augmentation(flip=False, crop=(42, 48)), 0)
    label_maps = moved[1]
    assert ((label_maps == IGNORE_INDEX).sum(axis=(1, 2)) == 2 * 48).all()
    first = {int(np.argmax(rows)) for rows in (label_maps != IGNORE_INDEX).all(axis=2)}
    assert first == {0, 1, 2}
    outside = moved[0][label_maps[:, None].repeat(3, 1) == IGNORE_INDEX]
    assert np.abs(outside - scattered[0].mean()).max() < 10, "the picture's mean colour"


def test_zoom_halves_as_often_as_it_doubles(sample):
    how = Augmentation(flip=False, scale=(0.5, 2), crop=(40, 48))
    label_maps = in_batch(as_batch(sample, 2000), how, seed=0)[1]
    smaller = (label_maps == IGNORE_INDEX).any(axis=(1, 2)).mean()
    assert 0.45 < smaller < 0.55


def test_further_maps_go_along(scattered):
    images, label_maps, instance_maps = map(torch.from_numpy, as_batch(scattered, 5))
    weights = torch.rand(5, 40, 48) + 1
    how = Augmentation(scale=(0.5, 0.7), rotate=20)
    moved = augment_batch(
        images,
        label_maps,
        weights,
        instance_maps,
        weights.clone(),
        how=how,
        generator=torch.Generator().manual_seed(0),
    )
    assert [map.dtype for map in moved] == [
        *(torch.uint8, torch.uint8),
        torch.float32,
        torch.int64,
        torch.float32,
    ]
    torch.testing.assert_close(moved[2], moved[4], atol=0, rtol=0)
    outside = moved[1] == IGNORE_INDEX
    assert outside.any()
    assert (moved[2][outside] == 0).all()
    inside = ~outside
    assert (moved[2][inside] >= 0.999).all()
    assert (moved[2][inside] <= 2).all()
    alone = augment_batch(
        images, label_maps, instance_maps, how=how, generator=torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(alone[2], moved[3], atol=0, rtol=0)


def test_recolouring_changes_the_image_alone(scattered):
    images, label_maps, instance_maps = in_batch(as_batch(scattered, 20), COLOURS, seed=0)
    assert images.dtype == np.uint8
    assert (label_maps == scattered[1]).all()
    assert (instance_maps == scattered[2]).all()
    assert np.ptp(images.reshape(20, -1).mean(axis=1)) > 20
    assert np.abs(images.mean() - scattered[0].mean()) < 15


def test_bright_stays_bright_and_dark_dark():
    images = torch.tensor([[0], [255]], dtype=torch.uint8).expand(2, 3)[..., None, None]
    images = images.expand(2, 3, 8, 8).contiguous()
    how = Augmentation(brightness=0.1, noise=0.3)
    bright = augment_batch(images, torch.zeros(2, 8, 8, dtype=torch.uint8), how=how)[0].float()
    assert bright[0].mean() < 128 < bright[1].mean(), "no value runs over"


def test_a_batch_on_another_device_than_its_generator():
    if not torch.cuda.is_available():
        pytest.skip("needs a GPU")
    images = torch.randint(0, 256, (4, 3, 32, 40), dtype=torch.uint8)
    label_maps = torch.randint(0, 5, (4, 32, 40), dtype=torch.uint8)
    here = augment_batch(
        images, label_maps, how=MOVES["all"], generator=torch.Generator().manual_seed(0)
    )
    there = augment_batch(
        images.cuda(),
        label_maps.cuda(),
        how=MOVES["all"],
        generator=torch.Generator().manual_seed(0),
    )
    assert (here[1] != there[1].cpu()).float().mean() < 0.001
    assert ((here[0].float() - there[0].cpu().float()).abs() > 1).float().mean() < 0.001


# ------------------------------------------------------------------------------ sizes and floats


def test_resize_keeps_classes_and_numbers(sample):
    for size in [(20, 24), (7, 48), (80, 96), (40, 49), (100, 10)]:
        image, label_map, instance_map = resize(*sample, size=size)
        assert image.shape == (3, *size)
        assert image.dtype == np.uint8
        assert label_map.shape == instance_map.shape == size
        assert set(np.unique(label_map)) <= set(np.unique(sample[1]))
        assert set(np.unique(instance_map)) <= set(range(1, 31))


def test_resize_averages_and_takes_the_nearest(sample):
    image, label_map, _ = resize(*sample, size=(5, 6))  # one pixel for each field
    np.testing.assert_array_equal(image[0], 20 * label_map)
    np.testing.assert_array_equal(label_map, sample[1][::8, ::8])
    large = resize(*sample, size=(80, 96))
    np.testing.assert_array_equal(large[1], sample[1].repeat(2, 0).repeat(2, 1))
    assert resize(*sample[:2], size=(5, 6))[2] is None


def test_resize_to_its_own_size_changes_nothing(scattered):
    for array, original in zip(resize(*scattered, size=(40, 48)), scattered, strict=True):
        np.testing.assert_array_equal(array, original)


def test_to_float_scales_once_and_normalises():
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 2, 2) * 10
    floats = to_float(images)
    assert floats.dtype == torch.float32
    np.testing.assert_allclose(floats.numpy(), images / 255, atol=1e-6)
    normal = to_float(torch.from_numpy(images), mean=(0.1, 0.2, 0.3), std=(1, 2, 4))
    expected = (images / 255 - np.array([0.1, 0.2, 0.3])[:, None, None]) / np.array([1, 2, 4])[
        :, None, None
    ]
    np.testing.assert_allclose(normal.numpy(), expected, atol=1e-6)
    assert to_float(images[0]).shape == (3, 2, 2)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: to_float(np.zeros((1, 3, 2, 2))), TypeError, "must be uint8 .* got torch.float64"),
        (lambda: to_float(np.zeros((2, 2, 3), np.uint8)), ValueError, "Put the colours first"),
        (lambda: to_float(np.zeros((3, 2, 2), np.uint8), mean=[0] * 3), ValueError, "together"),
        (lambda: Augmentation(scale=(0, 1)), ValueError, "scale must be"),
        (lambda: Augmentation(scale=(2, 1)), ValueError, "scale must be"),
        (lambda: Augmentation(rotate=200), ValueError, "rotate must be 0 to 180"),
        (lambda: Augmentation(crop=(0, 5)), ValueError, "crop must be rows and columns"),
        (lambda: Augmentation(noise=5), ValueError, "noise must be 0 to 1"),
        (
            lambda: resize(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4)), size=(2, 2)),
            ValueError,
            "Colours come first",
        ),
        (
            lambda: resize(np.zeros((3, 4, 4), np.uint8), np.zeros((4, 4)), size=(0, 2)),
            ValueError,
            "size must be rows and columns",
        ),
        (
            lambda: augment(
                np.zeros((3, 4, 4), np.uint8), np.zeros((4, 5)), how=STILL, rng=np.random
            ),
            ValueError,
            r"image must have shape \(3, H, W\) and its maps",
        ),
        (
            lambda: augment_batch(torch.zeros(2, 3, 4, 4), torch.zeros(1, 4, 4), how=STILL),
            ValueError,
            "One map of each kind for each picture",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()
