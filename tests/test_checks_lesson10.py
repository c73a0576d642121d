"""What is special to the checks of lesson 10: other right answers, and the library's own."""

import numpy as np
import pytest
from lesson_checks import all_cases
from PIL import Image

from course_utils import schedules
from course_utils.checks import lesson10


def crop_by_padding(image, label_map, top, left, size, flip):
    image = np.pad(image, ((0, 0), (0, size[0]), (0, size[1])))
    label_map = np.pad(label_map, ((0, size[0]), (0, size[1])), constant_values=255)
    window = np.s_[..., top : top + size[0], left : left + size[1]]
    pair = [array[window] for array in (image, label_map)]
    image, label_map = [np.flip(array, -1) for array in pair] if flip else pair
    return {"label_map": label_map.tolist(), "image": image}


def crop_by_pillow(image, label_map, top, left, size, flip):
    box = (left, top, left + size[1], top + size[0])
    inverse = 255 - label_map  # Pillow fills with 0
    pictures = [Image.fromarray(plane).crop(box) for plane in (*image, inverse)]
    if flip:
        pictures = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in pictures]
    *planes, inverse = map(np.asarray, pictures)
    return {"image": np.stack(planes), "label_map": 255 - inverse}


def random_by_padding(image, label_map, size, seed):
    rng = np.random.default_rng(seed)
    top = int(rng.integers(label_map.shape[0] - size[0] + 1))
    left = int(rng.integers(label_map.shape[1] - size[1] + 1))
    return crop_by_padding(image, label_map, top, left, size, rng.random() < 0.5)


def report_by_bincount(label_map, num_classes, ignore_index=255):
    kind = np.where(label_map == ignore_index, num_classes, label_map.astype(int))
    outside = ((label_map < 0) | (label_map >= num_classes)) & (label_map != ignore_index)
    kind = np.where(outside, num_classes + 1, kind)
    return np.bincount(kind.ravel(), minlength=num_classes + 2)


def pipeline_by_wrapping(image, label_map, factor, flip):
    """Bytes wrap round: 0 - 1 is 255, which is void."""
    rows, columns = (np.arange(n // factor) * factor + factor // 2 for n in label_map.shape)
    target = label_map[np.ix_(rows, columns)] - np.uint8(1)
    shape = image.shape[1] // factor, factor, image.shape[2] // factor, factor
    small = np.array([(plane / 255).reshape(shape).mean(axis=(1, 3)) for plane in image])
    if flip:
        small, target = np.flip(small, 2), np.fliplr(target)
    return {"image": small.astype(np.float32), "target": target}


def rate_by_library(step, steps, highest, warmup_steps):
    return schedules.learning_rate(step, steps, highest=highest, warmup=warmup_steps / steps)


def means_by_sum(weights, keep):
    """Every mean as a weighted sum of all weights so far."""
    found = []
    for step in range(len(weights)):
        shares = (1 - keep) * keep ** np.arange(step, -1, -1.0)
        shares[0] = keep**step
        found.append(shares @ weights[: step + 1])
    return found


OTHER_RIGHT_ANSWERS = [
    ("10.1", crop_by_padding),
    ("10.1", crop_by_pillow),
    ("10.2", random_by_padding),
    ("10.3", report_by_bincount),
    ("10.4", pipeline_by_wrapping),
    ("10.5", rate_by_library),
    ("10.6", means_by_sum),
]

EQUIVALENT = {
    # a draw of exactly 1/2 comes once in 2^53
    ("10.2", "rng.random() < 0.5 -> rng.random() <= 0.5"),
}
"""Changes that leave every result the same."""


@pytest.mark.parametrize("seed", range(3))
def test_the_running_means_are_those_of_the_training_engine(seed):
    import torch

    from course_utils.training_state import average_into

    for weights, keep in all_cases("10.6", seed):
        layers = [torch.nn.Linear(weights.shape[1], 1, bias=False).double() for _ in weights]
        for layer, row in zip(layers, weights, strict=True):
            layer.weight.data = torch.from_numpy(row)[None].clone()
        found = []
        averaged = layers[0]
        for layer in layers:
            if layer is not averaged:
                average_into(averaged, layer, keep)
            found.append(averaged.weight.detach().numpy()[0].copy())
        np.testing.assert_allclose(found, lesson10.running_means(weights, keep), rtol=1e-9)


def test_the_first_flip_case_differs_from_its_unflipped_one():
    for image, label_map, top, left, size, flip in all_cases("10.1"):
        right = lesson10.crop_and_flip(image, label_map, top, left, size, flip)
        other = lesson10.crop_and_flip(image, label_map, top, left, size, not flip)
        assert not np.array_equal(right["image"], other["image"])
