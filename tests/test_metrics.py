"""Scores: equal to the libraries', to the definitions, and to numbers counted by hand."""

import math
import warnings

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import directed_hausdorff
from skimage.metrics import hausdorff_distance as skimage_hausdorff_distance
from sklearn import metrics as sklearn_metrics

from course_utils import counting, metrics

IGNORE = 255
SHIPS_MISSED = np.array([[95, 0], [5, 0]])  # 5 of 100 pixels are ships, none was found
TABLE_FUNCTIONS = [
    metrics.pixel_accuracy,
    metrics.iou_per_class,
    metrics.mean_iou,
    metrics.frequency_weighted_iou,
    metrics.dice_per_class,
    metrics.precision_per_class,
    metrics.recall_per_class,
]


def random_maps(rng, num_classes, shape=(2, 11, 13)):
    """Target with void and a few classes missing; prediction half right, anything under void."""
    kept = rng.permutation(num_classes)[: rng.integers(1, num_classes + 1)]
    target = rng.choice(kept, size=shape)
    prediction = np.where(rng.random(shape) < 0.5, target, rng.integers(0, num_classes, shape))
    target[rng.random(shape) < 0.2] = IGNORE
    return target, prediction


def table_by_definition(target, prediction, num_classes, ignore_index=IGNORE):
    table = np.zeros((num_classes, num_classes), dtype=np.int64)
    for true, predicted in zip(target.flat, prediction.flat, strict=True):
        if true != ignore_index:
            table[int(true), int(predicted)] += 1
    return table


# ------------------------------------------------------------------------------ confusion matrix


@pytest.mark.parametrize("num_classes", [1, 2, 3, 15, 16, 21, 255, 256, 280])
def test_table_equals_its_definition(num_classes):
    rng = np.random.default_rng(num_classes)
    ignore_index = IGNORE if num_classes <= IGNORE else -1
    for _ in range(5):
        target, prediction = random_maps(rng, num_classes)
        target[target == IGNORE] = ignore_index
        table = metrics.confusion_matrix(target, prediction, num_classes, ignore_index)
        assert table.dtype == np.int64
        expected = table_by_definition(target, prediction, num_classes, ignore_index)
        np.testing.assert_array_equal(table, expected)


@pytest.mark.parametrize("num_classes", [2, 11, 15, 16, 21])
@pytest.mark.parametrize("size", [counting._CHUNK, 3 * counting._CHUNK + 1])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64])
def test_large_maps_are_counted_in_chunks(num_classes, size, dtype):
    rng = np.random.default_rng(0)
    target, prediction = random_maps(rng, num_classes, shape=(size,))
    target[-1], prediction[-1] = num_classes - 1, 0  # the last pixel counts too
    expected = sklearn_metrics.confusion_matrix(
        target[target != IGNORE], prediction[target != IGNORE], labels=range(num_classes)
    )
    target, prediction = target.astype(dtype), prediction.astype(dtype)
    table = metrics.confusion_matrix(target, prediction, num_classes)
    np.testing.assert_array_equal(table, expected)
    _, ignored = counting.count_pairs(target, prediction, num_classes, IGNORE)
    assert ignored == (target == IGNORE).sum()


@pytest.mark.parametrize("num_classes", [2, 5, 11])
def test_table_and_iou_equal_torchmetrics(num_classes):
    torchmetrics = pytest.importorskip(
        "torchmetrics.classification", reason="pip install torchmetrics", exc_type=ImportError
    )
    rng = np.random.default_rng(0)
    for _ in range(20):
        target, prediction = map(torch.from_numpy, random_maps(rng, num_classes))
        peer = torchmetrics.MulticlassConfusionMatrix(num_classes, ignore_index=IGNORE)
        table = metrics.confusion_matrix(target, prediction, num_classes)
        assert torch.equal(table, peer(prediction, target))
        # torchmetrics reports an absent class as nan when told to, and skips it in the mean
        peer = torchmetrics.MulticlassJaccardIndex(
            num_classes, average=None, ignore_index=IGNORE, zero_division=math.nan
        )
        iou = metrics.iou_per_class(table)
        np.testing.assert_allclose(iou, peer(prediction, target).numpy(), rtol=1e-6)
        np.testing.assert_allclose(metrics.mean_iou(table), np.nanmean(iou), rtol=1e-12)


def test_scores_equal_sklearn():
    rng = np.random.default_rng(1)
    for _ in range(20):
        target, prediction = random_maps(rng, num_classes=6)
        counted = target != IGNORE
        flat = {"y_true": target[counted], "y_pred": prediction[counted]}
        table = metrics.confusion_matrix(target, prediction, num_classes=6)
        labels = range(6)
        np.testing.assert_array_equal(
            table, sklearn_metrics.confusion_matrix(**flat, labels=labels)
        )
        accuracy = sklearn_metrics.accuracy_score(**flat)
        np.testing.assert_allclose(metrics.pixel_accuracy(table), accuracy)
        keywords = {"labels": labels, "average": None, "zero_division": np.nan}
        for ours, peer in [
            (metrics.dice_per_class, sklearn_metrics.f1_score),
            (metrics.precision_per_class, sklearn_metrics.precision_score),
            (metrics.recall_per_class, sklearn_metrics.recall_score),
        ]:
            np.testing.assert_allclose(ours(table), peer(**flat, **keywords))
        present = np.unique(np.concatenate(list(flat.values())))
        iou = sklearn_metrics.jaccard_score(**flat, labels=present, average=None)
        np.testing.assert_allclose(metrics.iou_per_class(table)[present], iou)
        weighted = sklearn_metrics.jaccard_score(**flat, average="weighted")
        np.testing.assert_allclose(metrics.frequency_weighted_iou(table), weighted)


@pytest.mark.parametrize(
    "dtype", [bool, "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", ">i4", ">u8"]
)
def test_any_integer_type(dtype):
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 2, size=(2, 40, 40))
    expected = table_by_definition(target, prediction, num_classes=2)
    for other in (dtype, np.int64):
        table = metrics.confusion_matrix(target.astype(dtype), prediction.astype(other), 2)
        np.testing.assert_array_equal(table, expected)
        assert table.dtype == np.int64


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tensors_give_the_same_table_as_a_tensor(dtype):
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 2, size=(2, 3, 8, 8))
    expected = table_by_definition(target, prediction, num_classes=2)
    tensors = [torch.from_numpy(values).to(dtype) for values in (target, prediction)]
    table = metrics.confusion_matrix(*tensors, num_classes=2)
    assert table.dtype == torch.int64
    assert table.device == tensors[0].device
    np.testing.assert_array_equal(table.numpy(), expected)
    for function in TABLE_FUNCTIONS:
        np.testing.assert_array_equal(function(table), function(expected))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_counting_on_a_device_equals_counting_here(dtype):
    rng = np.random.default_rng(0)
    for num_classes, ignore_index in [(2, IGNORE), (11, IGNORE), (21, 0), (5, -1)]:
        target, prediction = random_maps(rng, num_classes)
        if dtype == torch.int64:  # values that are no class stay out of both tables
            target[0, 0, :4] = num_classes, -7, 300, 0
            prediction[0, 1, :4] = num_classes, -7, 300, 0
        expected = counting.count_pairs(
            target.ravel(), prediction.ravel(), num_classes, ignore_index
        )
        tensors = [torch.from_numpy(values).to(dtype) for values in (target, prediction)]
        table, ignored = counting.count_pairs_on_device(*tensors, num_classes, ignore_index)
        np.testing.assert_array_equal(table.numpy(), expected[0])
        assert ignored == expected[1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_tensors_on_a_gpu_give_a_table_on_it():
    target, prediction = random_maps(np.random.default_rng(0), num_classes=11)
    tensors = [torch.from_numpy(values).cuda() for values in (target, prediction)]
    table = metrics.confusion_matrix(*tensors, num_classes=11)
    assert table.device == tensors[0].device
    np.testing.assert_array_equal(table.cpu(), table_by_definition(target, prediction, 11))


def test_arrays_need_not_be_contiguous():
    target, prediction = np.random.default_rng(0).integers(0, 3, size=(2, 9, 8))
    expected = table_by_definition(target[::2, ::-1], prediction[::2, ::-1], 3)
    table = metrics.confusion_matrix(target[::2, ::-1], prediction[::2, ::-1], 3)
    np.testing.assert_array_equal(table, expected)


def test_table_of_a_batch_is_the_sum_of_its_tables():
    target, prediction = random_maps(np.random.default_rng(0), 5, shape=(4, 3, 6, 7))
    tables = [metrics.confusion_matrix(*pair, 5) for pair in zip(target, prediction, strict=True)]
    np.testing.assert_array_equal(metrics.confusion_matrix(target, prediction, 5), sum(tables))


@pytest.mark.parametrize("junk", [IGNORE, 17, -3, 2**40])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_prediction_under_ignored_pixels_moves_nothing(junk, kind):
    target, prediction = random_maps(np.random.default_rng(0), num_classes=4)
    before = metrics.confusion_matrix(kind(target), kind(prediction), 4)
    prediction[target == IGNORE] = junk
    after = metrics.confusion_matrix(kind(target), kind(prediction), 4)
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("ignore_index", [0, 2, 7, -1, -100])
def test_any_value_can_be_the_ignored_one(ignore_index):
    rng = np.random.default_rng(0)
    target, prediction = rng.integers(0, 3, size=(2, 20, 20))
    target[rng.random(target.shape) < 0.3] = ignore_index
    table = metrics.confusion_matrix(target, prediction, 3, ignore_index)
    np.testing.assert_array_equal(table, table_by_definition(target, prediction, 3, ignore_index))


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_pixels_all_ignored_or_none_at_all(kind):
    for size in (0, 4):
        target = np.full(size, IGNORE)
        table = metrics.confusion_matrix(kind(target), kind(np.zeros_like(target)), 3)
        np.testing.assert_array_equal(table, np.zeros((3, 3)))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for function in TABLE_FUNCTIONS:
                assert np.isnan(function(table)).all()


LABELS = np.array([[[0, 1], [2, 0]]])  # (N, H, W), three classes


@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize(
    ("target", "prediction", "error", "message"),
    [
        (LABELS, LABELS[0], ValueError, r"same shape, got \(1, 2, 2\) and \(2, 2\)\. .*\(0\)"),
        (LABELS, np.zeros((1, 3, 2, 2)), ValueError, r"as logits.*prediction\.argmax\(1\)"),
        (LABELS, LABELS * 1.0, TypeError, r"prediction must hold integers.*got float64.*argmax"),
        (LABELS / 255, LABELS, TypeError, r"target must hold integers.*without scaling"),
        (
            LABELS + 1,
            LABELS,
            ValueError,
            r"target must .* 0 to 2 or 255.*found 3 at index.*tract 1",
        ),
        (
            LABELS,
            LABELS + 7,
            ValueError,
            r"prediction must hold .* 0 to 2, found 7, 8, 9 at index ",
        ),
        (LABELS, LABELS - 1, ValueError, r"found -1 at index \(0, 0, 0\)"),
        (LABELS, LABELS * 0 + 255, ValueError, r"found 255 .* it belongs in the target"),
        (np.full((4, 4, 3), 64), np.full((4, 4, 3), 64), ValueError, r"decode_colours"),
    ],
)
def test_mistakes_are_told_with_their_remedy(kind, target, prediction, error, message):
    with pytest.raises(error, match=message):
        metrics.confusion_matrix(kind(target), kind(prediction), num_classes=3)


def test_one_wrong_pixel_in_a_large_map_is_found():
    for dtype in (np.uint8, np.int64):
        target = np.zeros(3 * counting._CHUNK, dtype=dtype)
        prediction = target.copy()
        prediction[-2] = 3
        with pytest.raises(ValueError, match=f"found 3 at index .{len(target) - 2}"):
            metrics.confusion_matrix(target, prediction, num_classes=3)
        with pytest.raises(ValueError, match="target must hold"):
            metrics.confusion_matrix(prediction, target, num_classes=3)


@pytest.mark.parametrize("size", [4, counting._CHUNK + 3])
@pytest.mark.parametrize("num_classes", [3, 20])
def test_values_are_not_wrapped_into_a_smaller_type(size, num_classes):
    for dtype, wrong in [(np.int8, -1), (np.int16, -1), (np.int16, 256), (np.int64, 2**32 + 511)]:
        target, prediction = np.zeros((2, size), dtype=dtype)
        target[1] = wrong
        with pytest.raises(ValueError, match=rf"target must hold .* found {wrong} at index \(1,\)"):
            metrics.confusion_matrix(target, prediction, num_classes)
        with pytest.raises(ValueError, match=rf"prediction must hold .* found {wrong} at"):
            metrics.confusion_matrix(prediction, target, num_classes)
        table, ignored = counting.count_pairs(target, prediction, num_classes, ignore_index=wrong)
        assert (table.sum(), ignored) == (size - 1, 1)


def test_the_error_looks_past_ignored_pixels():
    target, prediction = np.array([IGNORE, 0]), np.array([9, 7])
    with pytest.raises(ValueError, match=r"prediction must hold .* found 7 at index \(1,\)"):
        metrics.confusion_matrix(target, prediction, num_classes=3)


def test_array_and_tensor_together():
    with pytest.raises(TypeError, match=r"got ndarray on cpu and Tensor on cpu. .*from_numpy"):
        metrics.confusion_matrix(LABELS, torch.from_numpy(LABELS), num_classes=3)
    tensor = torch.from_numpy(LABELS)
    with pytest.raises(TypeError, match=r"got Tensor on cpu and Tensor on meta. .*to\(device\)"):
        metrics.confusion_matrix(tensor, tensor.to("meta"), num_classes=3)


def test_no_classes():
    with pytest.raises(ValueError, match=r"num_classes must be at least 1, got 0\. Count backgr"):
        metrics.confusion_matrix(LABELS, LABELS, num_classes=0)


# ------------------------------------------------------------------------- scores from the table


def test_missed_ships_by_hand():
    target = np.zeros((10, 10), dtype=np.uint8)
    target[4, 2:7] = 1
    table = metrics.confusion_matrix(target, np.zeros_like(target), num_classes=2)
    np.testing.assert_array_equal(table, SHIPS_MISSED)
    assert metrics.pixel_accuracy(table) == 0.95
    np.testing.assert_allclose(metrics.iou_per_class(table), [0.95, 0])
    assert metrics.mean_iou(table) == pytest.approx(0.475)
    assert metrics.frequency_weighted_iou(table) == pytest.approx(0.9025)
    np.testing.assert_allclose(metrics.dice_per_class(table), [190 / 195, 0])
    np.testing.assert_allclose(metrics.precision_per_class(table), [0.95, np.nan])
    np.testing.assert_allclose(metrics.recall_per_class(table), [1, 0])


def test_three_classes_by_hand():
    table = np.array([[6, 2, 0, 0], [1, 3, 4, 0], [0, 0, 4, 0], [0, 0, 0, 0]])
    assert metrics.pixel_accuracy(table) == 13 / 20
    iou = [6 / 9, 3 / 10, 4 / 8]
    np.testing.assert_allclose(metrics.iou_per_class(table), [*iou, np.nan])
    assert metrics.mean_iou(table) == pytest.approx(sum(iou) / 3)
    weighted = (8 * iou[0] + 8 * iou[1] + 4 * iou[2]) / 20
    assert metrics.frequency_weighted_iou(table) == pytest.approx(weighted)
    np.testing.assert_allclose(metrics.dice_per_class(table), [12 / 15, 6 / 13, 8 / 12, np.nan])
    np.testing.assert_allclose(metrics.precision_per_class(table), [6 / 7, 3 / 5, 4 / 8, np.nan])
    np.testing.assert_allclose(metrics.recall_per_class(table), [6 / 8, 3 / 8, 1, np.nan])


def test_class_only_predicted_counts_in_the_mean():
    table = np.array([[8, 2], [0, 0]])
    np.testing.assert_allclose(metrics.iou_per_class(table), [0.8, 0])
    assert metrics.mean_iou(table) == pytest.approx(0.4)
    assert metrics.frequency_weighted_iou(table) == pytest.approx(0.8)
    np.testing.assert_allclose(metrics.precision_per_class(table), [1, 0])
    np.testing.assert_allclose(metrics.recall_per_class(table), [0.8, np.nan])


@pytest.mark.parametrize("function", TABLE_FUNCTIONS)
def test_a_stack_of_tables_gives_a_stack_of_scores(function):
    rng = np.random.default_rng(0)
    tables = rng.integers(0, 3, size=(2, 5, 4, 4))
    tables[0, 0] = 0
    expected = [[function(table) for table in row] for row in tables]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = function(tables)
    assert scores.dtype == np.float64
    assert isinstance(function(tables[0, 1]), np.ndarray | np.float64)
    np.testing.assert_array_equal(scores, expected)
    np.testing.assert_array_equal(function(torch.from_numpy(tables)), expected)


@pytest.mark.parametrize("function", TABLE_FUNCTIONS)
def test_what_is_no_table(function):
    with pytest.raises(ValueError, match=r"shape \(C, C\), got \(2, 3\)\. Make it with confusion"):
        function(np.zeros((2, 3), dtype=int))


# --------------------------------------------------------------------------- contours and objects


@pytest.mark.parametrize("with_void", [False, True])
def test_mask_iou_is_the_tables_iou(with_void):
    rng = np.random.default_rng(3)
    for _ in range(20):
        target, prediction = random_maps(rng, 2, (9, 11))
        scored = target != IGNORE if with_void else None
        given = (target == 1, prediction == 1)
        table = metrics.confusion_matrix(target if with_void else target % IGNORE, prediction, 2)
        expected = metrics.iou_per_class(table)[1]
        np.testing.assert_equal(metrics.mask_iou(*given, scored), expected)
        np.testing.assert_equal(metrics.mask_iou(*map(torch.from_numpy, given), scored), expected)


def test_mask_iou_of_nothing_is_undefined_and_bad_masks_are_refused():
    empty, full = np.zeros((2, 3), bool), np.ones((2, 3), bool)
    assert math.isnan(metrics.mask_iou(empty, empty))
    assert math.isnan(metrics.mask_iou(full, full, empty))
    assert metrics.mask_iou(full, empty) == 0
    with pytest.raises(ValueError, match="same shape"):
        metrics.mask_iou(full, full, full[:1])
    with pytest.raises(ValueError, match="must be bool of shape"):
        metrics.mask_iou(full, full.astype(int))


def random_mask(rng, shape=(21, 26)):
    """A few rectangles, some of them holes, some touching the edge."""
    mask = np.zeros(shape, dtype=bool)
    for fill in (True, True, False):
        top, left = (rng.integers(0, side) for side in shape)
        mask[top : top + rng.integers(1, 15), left : left + rng.integers(1, 15)] = fill
    return mask


def band_by_definition(mask, width):
    """Pixels of the mask with a pixel outside it (or the picture) at most `width` steps away."""
    outside = ~np.pad(mask, width)
    band = np.zeros_like(mask)
    for row, column in np.argwhere(mask):
        side = 2 * width + 1
        band[row, column] = outside[row : row + side, column : column + side].any()
    return band


@pytest.mark.parametrize("width", [1, 2, 5])
def test_boundary_iou_equals_its_definition(width):
    rng = np.random.default_rng(width)
    for _ in range(20):
        target, predicted = random_mask(rng), random_mask(rng)
        target[0, 0] = True
        bands = band_by_definition(target, width), band_by_definition(predicted, width)
        expected = (bands[0] & bands[1]).sum() / (bands[0] | bands[1]).sum()
        score = metrics.boundary_iou(target, predicted, width)
        assert score == pytest.approx(expected, abs=1e-12)
        tensors = torch.from_numpy(target), torch.from_numpy(predicted)
        assert metrics.boundary_iou(*tensors, width) == score


@pytest.mark.parametrize(
    ("shape", "width"), [((10, 10), 1), ((60, 80), 2), ((303, 384), 10), ((360, 480), 12)]
)
def test_boundary_iou_default_width_is_two_percent_of_the_diagonal(shape, width):
    target, predicted = np.zeros((2, *shape), dtype=bool)
    target[: shape[0] // 2] = True
    predicted[: shape[0] // 2 - 1] = True
    scores = [metrics.boundary_iou(target, predicted, w) for w in (None, width, width + 1)]
    assert scores[0] == scores[1]
    assert shape == (10, 10) or scores[0] != scores[2]


def test_boundary_iou_by_hand():
    target = np.zeros((20, 20), dtype=bool)
    target[2:18, 2:18] = True
    shifted = np.roll(target, 1, axis=1)
    # Two squares of 16 with walls 1 thick: each 60 pixels; in common the horizontal walls, 2 x 15.
    assert metrics.boundary_iou(target, shifted, width=1) == 30 / 90
    assert metrics.boundary_iou(target, target) == 1
    full = np.ones((9, 9), dtype=bool)
    hollow = full.copy()
    hollow[1:8, 1:8] = False
    assert metrics.boundary_iou(full, hollow, width=1) == 1  # the picture's edge is contour


def test_hausdorff_distance_equals_scipy_and_skimage_on_the_contours():
    rng = np.random.default_rng(0)
    for _ in range(30):
        target, predicted = random_mask(rng), random_mask(rng)
        target[0, 0] = predicted[3, 3] = True
        contours = [contour_by_definition(mask) for mask in (target, predicted)]
        distance = metrics.hausdorff_distance(target, predicted)
        points = [np.argwhere(contour) for contour in contours]
        there, back = directed_hausdorff(*points)[0], directed_hausdorff(*points[::-1])[0]
        assert distance == pytest.approx(max(there, back))
        assert distance == pytest.approx(skimage_hausdorff_distance(*contours))
        assert distance == metrics.hausdorff_distance(predicted, target)
        tensors = torch.from_numpy(target), torch.from_numpy(predicted)
        assert distance == metrics.hausdorff_distance(*tensors)


def contour_by_definition(mask):
    padded = np.pad(mask, 1)
    neighbours = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return mask & ~np.logical_and.reduce(neighbours)


@pytest.mark.parametrize("percentile", [0, 50, 95, 100])
def test_hausdorff_percentile_is_taken_in_each_direction(percentile):
    rng = np.random.default_rng(0)
    for _ in range(10):
        target, predicted = random_mask(rng), random_mask(rng)
        target[0, 0] = predicted[3, 3] = True
        points = [np.argwhere(contour_by_definition(mask)) for mask in (target, predicted)]
        apart = np.linalg.norm(points[0][:, None] - points[1][None], axis=-1)
        directions = [np.percentile(apart.min(axis=axis), percentile) for axis in (0, 1)]
        score = metrics.hausdorff_distance(target, predicted, percentile)
        assert score == pytest.approx(max(directions))


def test_hausdorff_percentile_forgives_a_stray_pixel():
    target = np.zeros((40, 40), dtype=bool)
    target[10:20, 10:20] = True
    predicted = target.copy()
    predicted[14, 35] = True
    assert metrics.hausdorff_distance(target, predicted) == 16
    assert metrics.hausdorff_distance(target, predicted, percentile=95) == 0


def test_empty_masks():
    empty, full = np.zeros((6, 6), dtype=bool), np.ones((6, 6), dtype=bool)
    assert math.isnan(metrics.boundary_iou(empty, empty))
    assert math.isnan(metrics.hausdorff_distance(empty, empty))
    for pair in ((empty, full), (full, empty)):
        assert metrics.boundary_iou(*pair) == 0
        assert metrics.hausdorff_distance(*pair) == math.inf


@pytest.mark.parametrize("score", [metrics.boundary_iou, metrics.hausdorff_distance])
def test_masks_that_are_none(score):
    mask = np.zeros((4, 4), dtype=bool)
    with pytest.raises(ValueError, match=r"target_mask must be bool.*got uint8 \(4, 4\).*== class"):
        score(mask.astype(np.uint8), mask)
    with pytest.raises(ValueError, match=r"predicted_mask must be bool.*got float32"):
        score(torch.from_numpy(mask), torch.zeros(4, 4))
    with pytest.raises(ValueError, match=r"got bool \(2, 4, 4\).*one picture"):
        score(np.stack([mask, mask]), np.stack([mask, mask]))
    with pytest.raises(ValueError, match=r"same shape, got \(4, 4\) and \(4, 3\)\. Resize"):
        score(mask, mask[:, :3])


def test_widths_and_percentiles_out_of_range():
    mask = np.ones((4, 4), dtype=bool)
    with pytest.raises(ValueError, match=r"width must be at least 1 pixel, got 0\. 1 is"):
        metrics.boundary_iou(mask, mask, width=0)
    with pytest.raises(ValueError, match=r"percentile must be 0 to 100, got 101\. 100 is"):
        metrics.hausdorff_distance(mask, mask, percentile=101)


def average_precision_by_assignment(target, predicted, iou_threshold):
    """As StarDist matches: the cheapest assignment, where a match counts most, then its IoU."""
    true_masks = [target == number for number in np.unique(target[target > 0])]
    found_masks = [predicted == number for number in np.unique(predicted[predicted > 0])]
    iou = np.array([[(a & b).sum() / (a | b).sum() for b in found_masks] for a in true_masks])
    iou = iou.reshape(len(true_masks), len(found_masks))
    rows, columns = linear_sum_assignment(iou * 1e-3 + (iou > iou_threshold), maximize=True)
    matches = (iou[rows, columns] > iou_threshold).sum()
    return matches / (len(true_masks) + len(found_masks) - matches)


@pytest.mark.parametrize("iou_threshold", [0, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_instance_average_precision_equals_optimal_assignment(iou_threshold):
    rng = np.random.default_rng(0)
    scores = []
    for _ in range(40):
        target, predicted = rng.integers(0, 6, size=(2, 4, 6)).repeat(3, axis=2)
        predicted = np.where(rng.random(target.shape) < 0.5, target, np.roll(predicted, 1, axis=1))
        target = target * 1000 + (target > 0)
        expected = average_precision_by_assignment(target, predicted, iou_threshold)
        scores.append(metrics.instance_average_precision(target, predicted, iou_threshold))
        assert scores[-1] == pytest.approx(expected)
    assert len(set(scores)) > 1 or iou_threshold == 0.9


def test_low_threshold_needs_the_best_assignment():
    # Object 1 meets 8 (IoU 2/5) and 7 (1/2), object 2 only 7 (1/5). Giving 7 to the object that it
    # fits best would leave one match of two.
    target = np.array([[1, 1, 1, 1, 1, 2, 2]])
    predicted = np.array([[8, 8, 7, 7, 7, 7, 0]])
    assert metrics.instance_average_precision(target, predicted, iou_threshold=0.1) == 1
    assert metrics.instance_average_precision(target, predicted, iou_threshold=0.45) == 1 / 3


def test_iou_of_exactly_the_threshold_is_no_match():
    target, predicted = np.array([[1] * 10]), np.array([[1] * 7 + [0] * 3])
    assert metrics.instance_average_precision(target, predicted, iou_threshold=0.7) == 0
    assert metrics.instance_average_precision(target, predicted, iou_threshold=0.699) == 1


def test_instance_average_precision_by_hand():
    target = np.zeros((10, 10), dtype=np.int32)
    target[0:3, 0:3], target[0:3, 5:9], target[6:9, 0:4] = 1, 2, 3
    predicted = np.zeros_like(target)
    predicted[0:3, 0:3] = 40  # found
    predicted[0:3, 5:7], predicted[0:3, 7:9] = 50, 60  # one object in two halves, IoU 1/2 each
    predicted[6:9, 0:3] = 70  # IoU 9/12: found
    assert metrics.instance_average_precision(target, predicted) == 2 / (2 + 2 + 1)
    assert metrics.instance_average_precision(target, predicted, iou_threshold=0.75) == 1 / 6
    assert metrics.instance_average_precision(target, target) == 1
    tensors = torch.from_numpy(target), torch.from_numpy(predicted)
    assert metrics.instance_average_precision(*tensors) == 0.4


def test_instances_of_a_stack_are_matched_per_picture_and_pooled():
    one = np.array([[1, 1, 0, 2, 2]])
    target = np.stack([one, one])
    predicted = np.stack(
        [one, one[:, ::-1] * (one[:, ::-1] == 1)]
    )  # second picture: 1 in 2's place
    assert metrics.instance_average_precision(target, predicted) == 3 / 4
    swapped = np.stack([one, np.zeros_like(one)])
    assert metrics.instance_average_precision(target, swapped) == 2 / 4


def test_no_instances():
    none, some = np.zeros((4, 4), dtype=int), np.eye(4, dtype=int)
    assert math.isnan(metrics.instance_average_precision(none, none))
    assert metrics.instance_average_precision(none, some) == 0
    assert metrics.instance_average_precision(some, none) == 0


@pytest.mark.parametrize(
    ("target", "predicted", "error", "message"),
    [
        (np.eye(3, dtype=int), np.eye(3), TypeError, "predicted_instances must hold integers"),
        (
            -np.eye(3, dtype=int),
            np.eye(3, dtype=int),
            ValueError,
            r"target_ins.*number -1\. Set pi",
        ),
        (np.array([1, 2]), np.array([1, 2]), ValueError, r"target_ins.*got shape \(2,\)"),
        (np.eye(3, dtype=int), np.eye(4, dtype=int), ValueError, r"same shape, got \(3, 3\) and"),
    ],
)
def test_instance_maps_that_are_none(target, predicted, error, message):
    with pytest.raises(error, match=message):
        metrics.instance_average_precision(target, predicted)


@pytest.mark.parametrize("iou_threshold", [-0.1, 1, 50])
def test_iou_threshold_out_of_range(iou_threshold):
    instances = np.eye(3, dtype=int)
    with pytest.raises(ValueError, match=rf"in \[0, 1\), got {iou_threshold}\. 0\.5 is usual"):
        metrics.instance_average_precision(instances, instances, iou_threshold)
