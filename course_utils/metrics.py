"""Scores of a segmentation.

Every overlap score is read from one table, the confusion matrix. Add the tables of many pictures
first and divide once at the end (pooled): the mean of per-image scores is a different number, and
lesson 05 shows both. What a table cannot tell, how far off the contour is and which object is
which, is scored from the two masks or the two instance maps.

A score that has nothing to measure is nan, never 0 or 1: a class absent from target and prediction
is neither right nor wrong.
"""

from typing import Any

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph

from course_utils.counting import count_pairs, count_pairs_on_device
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
    target : array or tensor of int or bool, shape (..., H, W)
        True label map. Pixels equal to `ignore_index` are not counted.
    prediction : the same kind, shape (..., H, W)
        Predicted label map. Its values under ignored pixels do not matter, out of range or not.
    num_classes : int
        Number of classes C, background included.
    ignore_index : int, optional
        Value in `target` that marks pixels nobody is scored on; -1 if 255 is a class. It means
        nothing in the prediction: under a counted pixel it is out of range.

    Returns
    -------
    array or tensor of int64, shape (C, C)
        Pixel counts, of the kind and on the device of the input. The table of a batch is the sum
        of its pictures' tables.

    Raises
    ------
    TypeError
        If the values are not integers (logits, probabilities), or the two are not of one kind.
    ValueError
        If the shapes differ, or a counted value is not a class index.

    Examples
    --------
    >>> target = np.array([[0, 0], [1, 255]])
    >>> prediction = np.array([[0, 1], [1, 7]])
    >>> confusion_matrix(target, prediction, num_classes=2)
    array([[1, 1],
           [0, 1]])
    """
    if num_classes < 1:
        raise ValueError(f"num_classes must be at least 1, got {num_classes}. Count background in.")
    require_same_shape(target, prediction)
    require_integers(target, name="target")
    require_integers(prediction, name="prediction")
    on_cpu, is_tensor = _where_they_live(target, prediction)
    if on_cpu:
        pair = to_numpy(target).reshape(-1), to_numpy(prediction).reshape(-1)
        table, ignored = count_pairs(*pair, num_classes, ignore_index)
    else:
        table, ignored = count_pairs_on_device(target, prediction, num_classes, ignore_index)
    if int(table.sum()) + ignored != int(np.prod(target.shape)):
        true, predicted = to_numpy(target), to_numpy(prediction)
        require_class_indices(true, num_classes, ignore_index, name="target")
        counted = np.where(true == ignore_index, 0, predicted)
        require_class_indices(counted, num_classes, ignore_index=None, name="prediction")
    if on_cpu and is_tensor:
        import torch  # costs nothing: whoever made the tensors has loaded it

        return torch.from_numpy(table)
    return table


def pixel_accuracy(table: Any) -> Any:
    """Share of the counted pixels whose class is right. A large background flatters it.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    float64, for a stack an array of shape (...)
        In [0, 1]; nan for a table without pixels.

    Examples
    --------
    >>> ships_missed = np.array([[95, 0], [5, 0]])
    >>> float(pixel_accuracy(ships_missed))
    0.95
    """
    hits, true, _ = _areas(table)
    return _ratio(hits.sum(axis=-1), true.sum(axis=-1))


def iou_per_class(table: Any) -> np.ndarray:
    """Intersection over union (Jaccard index) of each class.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    ndarray of float64, shape (..., C)
        In [0, 1]; nan for a class absent from target and prediction. A class that is only
        predicted, or only present, scores 0.

    Examples
    --------
    >>> iou_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    array([0.5, 0.5, nan])
    """
    hits, true, predicted = _areas(table)
    return _ratio(hits, true + predicted - hits)


def mean_iou(table: Any) -> Any:
    """Mean of the classes' IoU, over the classes present in target or prediction.

    The table of a whole data set gives the pooled score that benchmarks report. A stack gives one
    score per picture, whose mean is the per-image score.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    float64, for a stack an array of shape (...)
        In [0, 1]; nan for a table without pixels.

    Examples
    --------
    >>> ships_missed = np.array([[95, 0], [5, 0]])
    >>> float(mean_iou(ships_missed))
    0.475
    """
    iou = iou_per_class(table)
    return _ratio(np.nansum(iou, axis=-1), np.count_nonzero(~np.isnan(iou), axis=-1))


def frequency_weighted_iou(table: Any) -> Any:
    """Mean of the classes' IoU, each weighted by its share of the true pixels (Long 2015).

    The weights give a large background its dominance back.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    float64, for a stack an array of shape (...)
        In [0, 1]; nan for a table without pixels. A class that is not in the target weighs 0.

    References
    ----------
    Long, Shelhamer & Darrell, Fully Convolutional Networks for Semantic Segmentation, 2015,
    section 5, https://arxiv.org/abs/1411.4038v2

    Examples
    --------
    >>> ships_missed = np.array([[95, 0], [5, 0]])
    >>> float(frequency_weighted_iou(ships_missed))
    0.9025
    """
    _, true, _ = _areas(table)
    weighted = true * np.nan_to_num(iou_per_class(table))
    return _ratio(weighted.sum(axis=-1), true.sum(axis=-1))


def dice_per_class(table: Any) -> np.ndarray:
    """Dice coefficient (F1 score) of each class: twice the overlap over the sum of the two areas.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    ndarray of float64, shape (..., C)
        In [0, 1], equal to 2 IoU / (1 + IoU); nan for a class absent from target and prediction.

    References
    ----------
    Dice, Measures of the Amount of Ecologic Association Between Species, 1945,
    https://doi.org/10.2307/1932409

    Examples
    --------
    >>> dice_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])).round(3)
    array([0.667, 0.667,   nan])
    """
    hits, true, predicted = _areas(table)
    return _ratio(2 * hits, true + predicted)


def precision_per_class(table: Any) -> np.ndarray:
    """Share of the pixels predicted as a class that belong to it.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    ndarray of float64, shape (..., C)
        In [0, 1]; nan for a class that is never predicted, even if it is present.

    Examples
    --------
    >>> precision_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    array([1. , 0.5, nan])
    """
    hits, _, predicted = _areas(table)
    return _ratio(hits, predicted)


def recall_per_class(table: Any) -> np.ndarray:
    """Share of the pixels of a class that are predicted as it.

    Parameters
    ----------
    table : array or tensor, shape (..., C, C)
        Confusion matrix, rows are true classes; or a stack of them.

    Returns
    -------
    ndarray of float64, shape (..., C)
        In [0, 1]; nan for a class without true pixels, even if it is predicted.

    Examples
    --------
    >>> recall_per_class(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]]))
    array([0.5, 1. , nan])
    """
    hits, true, _ = _areas(table)
    return _ratio(hits, true)


def mask_iou(target_mask: Any, predicted_mask: Any, scored: Any | None = None) -> float:
    """IoU of two masks: the pixels in both, divided by the pixels in either.

    Parameters
    ----------
    target_mask, predicted_mask : array or tensor of bool, shape (H, W)
        True and predicted mask of one class or one object.
    scored : array or tensor of bool, shape (H, W), optional
        The pixels that count, such as ``label_map != IGNORE_INDEX``; all of them by default.

    Returns
    -------
    float
        In [0, 1]; nan if both masks are empty where pixels count.

    Raises
    ------
    ValueError
        If the shapes differ, or an array is not a bool mask of one picture.

    Examples
    --------
    >>> mask_iou(np.array([[True, True, False]]), np.array([[False, True, True]]))
    0.3333333333333333
    """
    target, predicted = _require_masks(target_mask, predicted_mask)
    if scored is not None:
        counted, _ = _require_masks(scored, target)
        target, predicted = target & counted, predicted & counted
    in_both, in_either = np.count_nonzero(target & predicted), np.count_nonzero(target | predicted)
    return float(in_both / in_either) if in_either else float("nan")


def boundary_iou(target_mask: Any, predicted_mask: Any, width: int | None = None) -> float:
    """IoU of the pixels of each mask that lie near its own contour (Boundary IoU, Cheng 2021).

    A large object's inside is easy and outweighs its outline in the plain IoU; here it is left out.

    Parameters
    ----------
    target_mask, predicted_mask : array or tensor of bool, shape (H, W)
        True and predicted mask of one class or one object.
    width : int, optional
        Pixels counted from the contour inwards, at least 1 (the contour alone). By default 2 % of
        the picture's diagonal, rounded, at least 1.

    Returns
    -------
    float
        In [0, 1]; nan if both masks are empty, 0 if one is.

    Raises
    ------
    ValueError
        If the shapes differ, an array is not a bool mask of one picture, or width is below 1.

    Notes
    -----
    As in the authors' code, a diagonal step counts like a straight one, and the picture's edge
    is contour.

    References
    ----------
    Cheng et al., Boundary IoU, 2021, https://arxiv.org/abs/2103.16562

    Examples
    --------
    >>> target = np.zeros((9, 9), dtype=bool)
    >>> target[1:8, 1:8] = True
    >>> predicted = target.copy()
    >>> predicted[4, 4] = False  # a hole: its 8 neighbours join the 24 pixels of the outer contour
    >>> boundary_iou(target, predicted, width=1)
    0.75
    """
    target, predicted = _require_masks(target_mask, predicted_mask)
    if width is None:
        width = max(1, round(0.02 * float(np.hypot(*target.shape))))
    if width < 1:
        raise ValueError(f"width must be at least 1 pixel, got {width}. 1 is the contour alone.")
    target_band, predicted_band = _inner_band(target, width), _inner_band(predicted, width)
    in_both = np.count_nonzero(target_band & predicted_band)
    in_either = np.count_nonzero(target_band | predicted_band)
    return float(in_both / in_either) if in_either else float("nan")


def hausdorff_distance(target_mask: Any, predicted_mask: Any, percentile: float = 100) -> float:
    """Distance of the two masks' contours where they are farthest apart.

    Each contour pixel of one mask has a nearest contour pixel of the other. The largest of these
    distances, over both directions, is the Hausdorff distance: a single stray pixel decides it.

    Parameters
    ----------
    target_mask, predicted_mask : array or tensor of bool, shape (H, W)
        True and predicted mask. Its contour: the pixels with one of their four neighbours outside
        the mask or outside the picture.
    percentile : float in [0, 100], optional
        Taken of each direction's distances instead of their maximum, before the larger of the two
        is returned; 95 forgives stray pixels.

    Returns
    -------
    float
        Euclidean distance in pixels; nan if both masks are empty, inf if one is.

    Raises
    ------
    ValueError
        If the shapes differ, an array is not a bool mask of one picture, or the percentile is not
        in [0, 100].

    Notes
    -----
    Contour and percentile are MONAI's. medpy takes one percentile of both directions together.
    skimage.metrics.hausdorff_distance gives the same number for two contours, but not for two
    filled masks.

    Examples
    --------
    >>> target, predicted = np.zeros((2, 8, 8), dtype=bool)
    >>> target[2:5, 2:5] = predicted[2:5, 2:5] = True
    >>> predicted[2, 7] = True
    >>> hausdorff_distance(target, predicted)
    3.0
    """
    target, predicted = _require_masks(target_mask, predicted_mask)
    if not 0 <= percentile <= 100:
        raise ValueError(
            f"percentile must be 0 to 100, got {percentile}. 100 is the Hausdorff distance."
        )
    if not (target.any() and predicted.any()):
        return float("inf") if target.any() or predicted.any() else float("nan")
    contours = [mask & ~ndimage.binary_erosion(mask) for mask in (target, predicted)]
    to_target, to_predicted = (ndimage.distance_transform_edt(~contour) for contour in contours)
    directions = to_predicted[contours[0]], to_target[contours[1]]
    return max(float(np.percentile(distances, percentile)) for distances in directions)


def instance_average_precision(
    target_instances: Any, predicted_instances: Any, iou_threshold: float = 0.5
) -> float:
    """Share of objects found: TP / (TP + FP + FN), objects being matched one to one by their IoU.

    TP is the largest number of pairs that can be matched; FP are the predicted objects left over,
    FN the true ones.

    Parameters
    ----------
    target_instances, predicted_instances : array or tensor of int, shape (..., H, W)
        One number per object, 0 = none. Each picture of a stack has its own numbers; matches are
        counted over all of them (pooled). Pad pictures of different sizes with 0.
    iou_threshold : float in [0, 1), optional
        Two objects can be matched if their IoU is above it.

    Returns
    -------
    float
        In [0, 1]; nan if neither map has an object, 0 if only one has.

    Raises
    ------
    TypeError
        If the values are not integers.
    ValueError
        If the shapes differ, a number is negative, or the threshold is not in [0, 1).

    Notes
    -----
    StarDist reports this number as average precision. It is not the area under a precision-recall
    curve, which needs a confidence per object. An IoU of exactly the threshold is no match, as in
    the paper (its code says match); so above 0.5 an object fits one other at most.

    References
    ----------
    Schmidt et al., Cell Detection with Star-Convex Polygons, 2018, section 3.2,
    https://arxiv.org/abs/1806.03535

    Examples
    --------
    >>> target = np.array([[1, 1, 1, 0, 2, 2]])
    >>> predicted = np.array([[7, 7, 0, 0, 0, 9]])  # IoU 2/3: matched, and 1/2: not matched
    >>> round(instance_average_precision(target, predicted), 3)
    0.333
    """
    require_same_shape(target_instances, predicted_instances)
    if not 0 <= iou_threshold < 1:
        raise ValueError(f"iou_threshold must be in [0, 1), got {iou_threshold}. 0.5 is usual.")
    target = _require_instances(target_instances, "target_instances")
    predicted = _require_instances(predicted_instances, "predicted_instances")
    counts = [_match(*maps, iou_threshold) for maps in zip(target, predicted, strict=True)]
    matched = sum(matches for matches, _ in counts)
    objects = sum(both for _, both in counts)
    return matched / (objects - matched) if objects else float("nan")


def _where_they_live(target: Any, prediction: Any) -> tuple[bool, bool]:
    """Whether both are on the CPU, and whether both are tensors."""
    kinds = [
        f"{type(label_map).__name__} on {getattr(label_map, 'device', 'cpu')}"
        for label_map in (target, prediction)
    ]
    is_tensor = [hasattr(label_map, "detach") for label_map in (target, prediction)]
    devices = [kind.split()[-1] for kind in kinds]
    if is_tensor[0] != is_tensor[1] or devices[0] != devices[1]:
        raise TypeError(
            "target and prediction must both be arrays, or both be tensors on one device, "
            f"got {kinds[0]} and {kinds[1]}. "
            "Convert one with torch.from_numpy(array), or move it with tensor.to(device)."
        )
    return devices[0] == "cpu", is_tensor[0]


def _areas(table: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixels of each class that are right, true, and predicted, each of shape (..., C)."""
    table = to_numpy(table).astype(np.float64)
    if table.ndim < 2 or table.shape[-1] != table.shape[-2]:
        raise ValueError(
            f"table must be a confusion matrix of shape (C, C), got {table.shape}. "
            "Make it with confusion_matrix(target, prediction, num_classes)."
        )
    return np.diagonal(table, axis1=-2, axis2=-1), table.sum(axis=-1), table.sum(axis=-2)


def _ratio(part: Any, whole: Any) -> Any:
    """Part over whole, nan where the whole is 0; a scalar if they are."""
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


def _require_instances(instance_map: Any, name: str) -> np.ndarray:
    """Instance maps as a stack, shape (N, H, W)."""
    require_integers(instance_map, name=name)
    instances = to_numpy(instance_map)
    if instances.ndim < 2 or instances.min(initial=0) < 0:
        raise ValueError(
            f"{name} must be of shape (..., H, W), one number per object and 0 = none, got shape "
            f"{instances.shape}, smallest number {instances.min(initial=0)}. "
            "Set pixels of no object to 0."
        )
    return instances.reshape(-1, *instances.shape[-2:])


def _match(target: np.ndarray, predicted: np.ndarray, iou_threshold: float) -> tuple[int, int]:
    """Matched pairs of one picture, and its objects, true and predicted together."""
    true_numbers, true = np.unique(target, return_inverse=True)
    predicted_numbers, found = np.unique(predicted, return_inverse=True)
    shape = len(true_numbers), len(predicted_numbers)
    ones = np.ones(target.size, dtype=np.int64)
    overlap = sparse.coo_array((ones, (true.ravel(), found.ravel())), shape).tocsr().tocoo()
    row, column = overlap.coords
    areas = np.bincount(true.ravel())[row] + np.bincount(found.ravel())[column]
    can_match = overlap.data / (areas - overlap.data) > iou_threshold
    can_match &= (true_numbers[row] > 0) & (predicted_numbers[column] > 0)
    pairs = row[can_match], column[can_match]
    graph = sparse.csr_matrix((np.ones(len(pairs[0])), pairs), shape)
    matches = np.count_nonzero(csgraph.maximum_bipartite_matching(graph) >= 0)
    objects = np.count_nonzero(true_numbers) + np.count_nonzero(predicted_numbers)
    return int(matches), int(objects)
