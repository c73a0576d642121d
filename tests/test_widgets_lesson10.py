"""The demo of lesson 10: it moves as the library does, and tells when the label map was left."""

import numpy as np
import pytest

from course_utils.figures import alt_text
from course_utils.widgets import augmentation


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (3, 12, 12)).astype(np.uint8)
    return image, rng.integers(0, 3, (12, 12)).astype(np.uint8)


def test_without_a_change_everything_stays(sample):
    image, label_map = augmentation.moved(*sample)
    np.testing.assert_array_equal(image, sample[0])
    np.testing.assert_array_equal(label_map, sample[1])


def test_a_flip_exchanges_left_and_right_of_both(sample):
    image, label_map = augmentation.moved(*sample, flip=True)
    np.testing.assert_array_equal(image, sample[0][:, :, ::-1])
    np.testing.assert_array_equal(label_map, sample[1][:, ::-1])


def test_a_turn_by_90_degrees_is_a_turn_and_its_sign_counts(sample):
    turned = {angle: augmentation.moved(*sample, turn=angle)[1] for angle in (90, -90)}
    wanted = [np.rot90(sample[1]), np.rot90(sample[1], -1)]
    assert any(np.array_equal(turned[90], each) for each in wanted)
    np.testing.assert_array_equal(np.rot90(turned[90], 2), turned[-90])


def test_the_window_is_the_middle(sample):
    image, label_map = augmentation.moved(*sample, crop=50)
    np.testing.assert_array_equal(label_map, sample[1][3:9, 3:9])
    np.testing.assert_array_equal(image, sample[0][:, 3:9, 3:9])


def test_a_smaller_picture_has_void_around_it(sample):
    label_map = augmentation.moved(*sample, zoom=50)[1]
    assert np.mean(label_map == 255) == pytest.approx(0.75)


@pytest.mark.parametrize("brightness", [-30, 30])
def test_brightness_and_noise_leave_the_label_map(brightness):
    image = np.full((3, 16, 16), 128, np.uint8)
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16) % 5
    bright, label_map = augmentation.moved(image, labels, brightness=brightness)
    assert np.all(bright == np.rint(128 + 2.55 * brightness))
    noisy, _ = augmentation.moved(image, labels, noise=10)
    assert noisy.std() == pytest.approx(25.5, rel=0.1)
    np.testing.assert_array_equal(label_map, labels)


@pytest.mark.parametrize("picture", augmentation.PICTURES)
def test_only_the_image_moved_alone_has_wrong_labels(picture):
    move = {"picture": picture, "flip": True, "turn": 20}
    _, right = augmentation.draw_augmentation(**move)
    figure, wrong = augmentation.draw_augmentation(**move, image_alone=True)
    assert right.endswith("100.0% of the pixels have the right label.")
    assert wrong.startswith("Image moved alone: ")
    assert "100.0%" not in wrong
    assert wrong in alt_text(figure)


def test_brightness_alone_does_no_harm_to_the_accident():
    _, line = augmentation.draw_augmentation(brightness=40, noise=10, image_alone=True)
    assert "100.0%" in line
