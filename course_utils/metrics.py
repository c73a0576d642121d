"""Scores of a segmentation. Overlap scores are all read from one table, the confusion matrix.

Add the tables of many pictures first and divide once at the end (pooled): the mean of per-image
scores is a different number, and lesson 05 shows both.
"""

from typing import Any

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from course_utils.labels import (
    IGNORE_INDEX,
    require_class_indices,
    require_integers,
    require_same_shape,
    to_numpy,
)


def confusion_matrix(
    target: Any, prediction: Any, num_classes: int, ignore_index: int = IGNORE_INDEX
) -> Any:
    """Count pixels by true class (row) and predicted class (column).

    Parameters
    ----------
    target : ndarray or tensor of int or bool, shape (..., H, W)
        True label map. Pixels equal to `ignore_index` are not counted.
    prediction : the same kind, shape (..., H, W)
        Predicted label map. Its values under ignored pixels do not matter.
    num_classes : int
        Number of classes C, background included.
    ignore_index : int, optional
        Value in `target` that marks pixels nobody is scored on.

    Returns
    -------
    ndarray or tensor of int64, shape (C, C)
        Pixel counts, of the kind and on the device of `target`.

    Examples
    --------
    >>> target = np.array([[0, 0], [1, 255]])
    >>> prediction = np.array([[0, 1], [1, 7]])
    >>> confusion_matrix(target, prediction, num_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    require_same_shape(target, prediction)
    require_integers(target, name="target")
    require_integers(prediction, name="prediction")
    t, p = to_numpy(target).reshape(-1), to_numpy(prediction).reshape(-1)
    require_class_indices(t, num_classes, ignore_index, name="target")
    counted = t != ignore_index
    require_class_indices(p[counted], num_classes, None, name="prediction")
    pair = num_classes * t[counted].astype(np.int64) + p[counted]
    table = np.bincount(pair, minlength=num_classes**2).reshape(num_classes, num_classes)
    if hasattr(target, "detach"):
        import torch

        return torch.from_numpy(table).to(target.device)
    return table


def pixel_accuracy(table: Any) -> Any:
    """Share of pixels whose class is right; nan for an empty table.

    >>> float(pixel_accuracy(np.array([[95, 0], [5, 0]])))
    0.95
    """
    table = _as_tables(table)
    return _ratio(np.trace(table, axis1=-2, axis2=-1), table.sum((-2, -1)))


def iou_per_class(table: Any) -> np.ndarray:
    """Intersection over union of each class, from a confusion matrix.

    >>> iou_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    array([0.5, 0.5, nan])
    """
    hits, true, predicted = _areas(table)
    return _ratio(hits, true + predicted - hits)


def mean_iou(table: Any) -> Any:
    """Mean of the classes' IoU, over the classes present in target or prediction.

    >>> float(mean_iou(np.array([[95, 0], [5, 0]])))
    0.475
    """
    iou = iou_per_class(table)
    return _ratio(np.nansum(iou, axis=-1), (~np.isnan(iou)).sum(axis=-1))


def frequency_weighted_iou(table: Any) -> Any:
    """Mean of the classes' IoU, weighted by each class's share of the true pixels.

    >>> float(frequency_weighted_iou(np.array([[95, 0], [5, 0]])))
    0.9025
    """
    _, true, _ = _areas(table)
    return _ratio((true * np.nan_to_num(iou_per_class(table))).sum(-1), true.sum(-1))


def dice_per_class(table: Any) -> np.ndarray:
    """Dice coefficient (F1 score) of each class, from a confusion matrix.

    >>> dice_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])).round(3)
    array([0.667, 0.667,   nan])
    """
    hits, true, predicted = _areas(table)
    return _ratio(2 * hits, true + predicted)


def precision_per_class(table: Any) -> np.ndarray:
    """Share of the pixels predicted as a class that are of it; nan if never predicted.

    >>> precision_per_class(np.array([[1, 1], [0, 2]])).round(3)
    array([1.   , 0.667])
    """
    hits, _, predicted = _areas(table)
    return _ratio(hits, predicted)


def recall_per_class(table: Any) -> np.ndarray:
    """Share of the pixels of a class that are predicted as it; nan if there are none.

    >>> recall_per_class(np.array([[1, 1], [0, 2]]))
    array([0.5, 1. ])
    """
    hits, true, _ = _areas(table)
    return _ratio(hits, true)


def boundary_iou(target_mask: Any, predicted_mask: Any, width: int | None = None) -> float:
    """IoU of the two masks' inner borders (Cheng 2021); nan if both masks are empty."""
    target, predicted = _require_masks(target_mask, predicted_mask)
    if width is None:
        width = max(1, round(0.02 * float(np.hypot(*target.shape))))
    target_band, predicted_band = _inner_band(target, width), _inner_band(predicted, width)
    union = np.count_nonzero(target_band | predicted_band)
    return np.count_nonzero(target_band & predicted_band) / union if union else float("nan")


def hausdorff_distance(target_mask: Any, predicted_mask: Any, percentile: float = 100) -> float:
    """Distance in pixels between two masks' contours; nan both empty, inf one empty."""
    target, predicted = _require_masks(target_mask, predicted_mask)
    if not target.any() or not predicted.any():
        return float("inf") if target.any() or predicted.any() else float("nan")
    contours = [mask & ~ndimage.binary_erosion(mask) for mask in (target, predicted)]
    to_target, to_predicted = (ndimage.distance_transform_edt(~contour) for contour in contours)
    return float(
        max(
            np.percentile(to_predicted[contours[0]], percentile),
            np.percentile(to_target[contours[1]], percentile),
        )
    )


def instance_average_precision(
    target_instances: Any, predicted_instances: Any, iou_threshold: float = 0.5
) -> float:
    """TP / (TP + FP + FN) of objects matched at an IoU above the threshold."""
    require_same_shape(target_instances, predicted_instances)
    target, predicted = to_numpy(target_instances).ravel(), to_numpy(predicted_instances).ravel()
    shape = (int(target.max(initial=0)) + 1, int(predicted.max(initial=0)) + 1)
    overlap = sparse.coo_array((np.ones(target.size, np.int64), (target, predicted)), shape).tocsr()
    area_t = np.bincount(target, minlength=shape[0])
    area_p = np.bincount(predicted, minlength=shape[1])
    pairs = overlap[1:, 1:].tocoo()
    union = area_t[1:][pairs.row] + area_p[1:][pairs.col] - pairs.data
    good = pairs.data > iou_threshold * union
    graph = sparse.csr_array((good[good], (pairs.row[good], pairs.col[good])), shape=pairs.shape)
    matches = int((csgraph.maximum_bipartite_matching(sparse.csr_matrix(graph)) >= 0).sum())
    objects = int((area_t[1:] > 0).sum() + (area_p[1:] > 0).sum())
    return matches / (objects - matches) if objects else float("nan")


def _as_tables(table: Any) -> np.ndarray:
    table = to_numpy(table).astype(np.float64)
    if table.ndim < 2 or table.shape[-1] != table.shape[-2]:
        raise ValueError(
            f"table must be a confusion matrix of shape (C, C), got {table.shape}. "
            "Make one with confusion_matrix(target, prediction, num_classes)."
        )
    return table


def _areas(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels right, true and predicted, of each class, each of shape (..., C)."""
    table = _as_tables(table)
    return np.diagonal(table, axis1=-2, axis2=-1), table.sum(axis=-1), table.sum(axis=-2)


def _ratio(part: Any, whole: Any) -> Any:
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole)
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)[()]


def _require_masks(target_mask: Any, predicted_mask: Any) -> tuple[np.ndarray, np.ndarray]:
    require_same_shape(target_mask, predicted_mask)
    masks = to_numpy(target_mask), to_numpy(predicted_mask)
    for name, mask in zip(("target_mask", "predicted_mask"), masks, strict=True):
        if mask.dtype != bool or mask.ndim != 2:
            raise ValueError(
                f"{name} must be bool of shape (H, W), got {mask.dtype} {mask.shape}. "
                "Choose one class of one picture: label_map == class_index."
            )
    return masks


def _inner_band(mask: np.ndarray, width: int) -> np.ndarray:
    """Pixels of the mask within `width` pixels of its contour; the picture's edge is contour."""
    depth = ndimage.distance_transform_cdt(np.pad(mask, 1), metric="chessboard")[1:-1, 1:-1]
    return mask & (depth <= width)
