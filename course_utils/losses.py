"""Losses for segmentation, from logits: what a network is punished for, pixel by pixel or by area.

All take logits (N, C, H, W) and a target (N, H, W), leave void pixels out, and return one number
that is finite, with a finite gradient, for every batch: nothing but void gives 0. Two families:
`cross_entropy` and `focal_loss` are means over pixels, `dice_loss`, `tversky_loss` and
`lovasz_softmax` ask for the overlap of whole areas.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from course_utils.labels import IGNORE_INDEX, require_class_indices, require_integers

Weights = Sequence[float] | np.ndarray | Tensor


def cross_entropy(
    logits: Tensor,
    target: Tensor,
    class_weights: Weights | None = None,
    pixel_weights: Tensor | None = None,
    *,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """Mean over pixels of -log p, p being the probability given to the true class.

    Parameters
    ----------
    logits : Tensor of float, shape (N, C, H, W)
        Scores before softmax, C at least 2.
    target : Tensor of int, shape (N, H, W)
        True class indices, and `ignore_index` for void.
    class_weights : sequence of C floats, at least 0, optional
        What a pixel of each class counts; 1 by default.
    pixel_weights : Tensor of float, at least 0, shape (N, H, W), optional
        What each pixel counts, times its class weight; such as `unet_border_weights`.
    ignore_index : int
        Value of the target where a pixel is left out.

    Returns
    -------
    Tensor of float, shape ()
        Sum of weight times -log p, divided by the sum of the weights, as torch does; 0 if no pixel
        counts.

    Raises
    ------
    ValueError
        If shapes do not match, a class index is out of range, there is one channel, or a weight is
        negative. Values are looked at on the CPU only: on a GPU that would cost time at each step.
    TypeError
        If the target holds no integers.

    Examples
    --------
    >>> logits = torch.tensor([2.0, 0.0]).reshape(1, 2, 1, 1)
    >>> cross_entropy(logits, torch.zeros(1, 1, 1, dtype=torch.int64))
    tensor(0.1269)
    """
    true, counted = _require_batch(logits, target, ignore_index)
    weights = counted.to(logits.dtype)  # (N, H, W)
    if class_weights is not None:
        weights = weights * _class_weights(class_weights, logits)[true]
    if pixel_weights is not None:
        weights = weights * _require_pixel_weights(pixel_weights, target).to(logits)
    return _weighted_mean(-_log_probability(logits, true), weights)


def focal_loss(
    logits: Tensor,
    target: Tensor,
    gamma: float = 2.0,
    alpha: float | Weights | None = None,
    *,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """Cross-entropy in which a pixel that is already right counts little.

    Each pixel's -log p is multiplied by (1 - p)^gamma: at gamma 2 a pixel of probability 0.9 costs
    a hundredth of its cross-entropy.

    Parameters
    ----------
    logits : Tensor of float, shape (N, C, H, W)
    target : Tensor of int, shape (N, H, W)
    gamma : float, at least 0
        0 gives the cross-entropy.
    alpha : float in [0, 1], or sequence of C floats, optional
        One number weights every class but background by alpha and background by 1 - alpha; a
        sequence weights each class.
    ignore_index : int

    Returns
    -------
    Tensor of float, shape ()
        Mean over the pixels that count, not divided by the weights; 0 if none counts. (The paper
        divides by the number of boxes that hold an object; pictures have no such boxes.)

    Raises
    ------
    ValueError, TypeError
        As `cross_entropy`; also if gamma is negative or alpha outside [0, 1].

    References
    ----------
    Lin et al., Focal loss for dense object detection, 2017, https://arxiv.org/abs/1708.02002

    Examples
    --------
    >>> logits = torch.tensor([9.0, 1.0]).log().reshape(1, 2, 1, 1)  # probabilities 0.9 and 0.1
    >>> target = torch.zeros(1, 1, 1, dtype=torch.int64)
    >>> round((cross_entropy(logits, target) / focal_loss(logits, target)).item(), 2)
    100.0
    """
    if gamma < 0:
        raise ValueError(f"gamma must be at least 0, got {gamma}. 2 is the paper's choice.")
    true, counted = _require_batch(logits, target, ignore_index)
    log_p = _log_probability(logits, true)  # (N, H, W)
    missing = -torch.expm1(log_p)  # 1 - p, exact also where p is nearly 1
    missing = missing.clamp_min(torch.finfo(logits.dtype).tiny)  # its power keeps a finite slope
    loss = -(missing**gamma) * log_p
    if alpha is not None:
        loss = loss * _class_weights(_each_class(alpha, logits.shape[1]), logits)[true]
    return (loss * counted).sum() / counted.sum().clamp_min(1)


def dice_loss(
    logits: Tensor, target: Tensor, *, smooth: float = 1.0, ignore_index: int = IGNORE_INDEX
) -> Tensor:
    """1 - soft Dice: twice the probability inside each class's area, over both areas.

    Parameters
    ----------
    logits : Tensor of float, shape (N, C, H, W)
    target : Tensor of int, shape (N, H, W)
    smooth : float, at least 0
        Pixels added above and below the line of the division: an absent class that is not
        predicted scores 1. With 0 such a class is nan.
    ignore_index : int

    Returns
    -------
    Tensor of float, shape ()
        In [0, 1]: 1 - the mean over classes of their Dice, each pooled over the batch; 0 if no
        pixel counts.

    Raises
    ------
    ValueError, TypeError
        As `cross_entropy`; also if smooth is negative.

    References
    ----------
    Milletari, Navab and Ahmadi, V-Net, 2016, https://arxiv.org/abs/1606.04797 (with squares below
    the line; the plain areas here are the more common form)

    Examples
    --------
    >>> sure = torch.tensor([50.0, -50.0]).reshape(1, 2, 1, 1).expand(1, 2, 2, 2)
    >>> target = torch.tensor([[[0, 0], [0, 255]]])
    >>> dice_loss(sure, target)
    tensor(0.)
    """
    return tversky_loss(logits, target, 0.5, 0.5, smooth=smooth / 2, ignore_index=ignore_index)


def tversky_loss(
    logits: Tensor,
    target: Tensor,
    alpha: float = 0.3,
    beta: float = 0.7,
    *,
    smooth: float = 0.5,
    ignore_index: int = IGNORE_INDEX,
) -> Tensor:
    """1 - soft Tversky index: Dice with a price of its own for false alarms and for misses.

    Parameters
    ----------
    logits : Tensor of float, shape (N, C, H, W)
    target : Tensor of int, shape (N, H, W)
    alpha, beta : float, at least 0
        Price of a false positive and of a false negative; 0.5 and 0.5 give Dice, 1 and 1 IoU.
    smooth : float, at least 0
        As in `dice_loss`.
    ignore_index : int

    Returns
    -------
    Tensor of float, shape ()
        1 - the mean over classes of TP / (TP + alpha FP + beta FN), pooled over the batch; 0 if no
        pixel counts.

    Raises
    ------
    ValueError, TypeError
        As `cross_entropy`; also if alpha, beta or smooth is negative.

    References
    ----------
    Salehi, Erdogmus and Gholipour, Tversky loss function, 2017, https://arxiv.org/abs/1706.05721

    Examples
    --------
    >>> even = torch.zeros(1, 2, 1, 2)  # probability 1/2 everywhere: TP 1/2, FP 1/2, FN 1/2
    >>> tversky_loss(even, torch.tensor([[[0, 1]]]), alpha=1, beta=1, smooth=0)
    tensor(0.6667)
    """
    if min(alpha, beta, smooth) < 0:
        raise ValueError(
            f"alpha, beta and smooth must be at least 0, got {alpha}, {beta} and {smooth}."
        )
    true, counted = _require_batch(logits, target, ignore_index)
    probabilities = logits.softmax(dim=1) * counted[:, None]  # (N, C, H, W)
    one_hot = _one_hot(true, counted, logits)
    overlap = (probabilities * one_hot).sum(dim=(0, 2, 3))  # (C,) each, in pixels
    false_positive = probabilities.sum(dim=(0, 2, 3)) - overlap
    false_negative = one_hot.sum(dim=(0, 2, 3)) - overlap
    whole = overlap + alpha * false_positive + beta * false_negative
    if not counted.any():
        return logits.sum() * 0
    return 1 - ((overlap + smooth) / (whole + smooth)).mean()


def lovasz_softmax(logits: Tensor, target: Tensor, *, ignore_index: int = IGNORE_INDEX) -> Tensor:
    """A smooth stand-in for 1 - mean IoU, exact where every probability is 0 or 1.

    For each class, pixels are sorted by their error, the largest first. Each error is weighted by
    how much the IoU falls when that pixel becomes wrong too.

    Parameters
    ----------
    logits : Tensor of float, shape (N, C, H, W)
        The paper's function takes probabilities; here softmax is inside.
    target : Tensor of int, shape (N, H, W)
    ignore_index : int

    Returns
    -------
    Tensor of float, shape ()
        In [0, 1]: mean over the classes present in the target, pooled over the batch; 0 if no pixel
        counts.

    Raises
    ------
    ValueError, TypeError
        As `cross_entropy`.

    References
    ----------
    Berman, Rannen Triki and Blaschko, The Lovasz-Softmax loss, 2018,
    https://arxiv.org/abs/1705.08790

    Examples
    --------
    >>> called_zero = torch.tensor([50.0, -50.0]).reshape(1, 2, 1, 1).expand(1, 2, 1, 4)
    >>> lovasz_softmax(called_zero, torch.tensor([[[0, 0, 0, 1]]]))  # IoU 3/4 and 0
    tensor(0.6250)
    """
    true, counted = _require_batch(logits, target, ignore_index)
    probabilities = logits.softmax(dim=1).movedim(1, 0)[:, counted]  # (C, P) pixels that count
    losses = []
    for class_index in true[counted].unique().tolist():
        is_class = (true[counted] == class_index).to(logits.dtype)  # (P,)
        error, order = (is_class - probabilities[class_index]).abs().sort(descending=True)
        losses.append(error @ _fall_of_iou(is_class[order]))
    return torch.stack(losses).mean() if losses else logits.sum() * 0


def unet_border_weights(
    instance_map: np.ndarray,
    w0: float = 10.0,
    sigma: float = 5.0,
    class_weights: Sequence[float] | None = None,
) -> np.ndarray:
    """U-Net's weight of each pixel: large in the gaps between cells that nearly touch.

    ``w_c + w0 exp(-(d1 + d2)^2 / (2 sigma^2))``, where d1 and d2 are the distances to the borders
    of the nearest and the second nearest cell. As in the paper it holds for every pixel, inside
    cells too.

    Parameters
    ----------
    instance_map : ndarray of int, shape (H, W)
        One number for each cell, 0 for background.
    w0 : float, at least 0
        Largest weight that a border adds.
    sigma : float, above 0
        Width of its fall, in pixels.
    class_weights : sequence of 2 floats, optional
        w_c of background and of cells; 1 and 1 by default.

    Returns
    -------
    ndarray of float32, shape (H, W)
        With fewer than two cells the class weights alone.

    Raises
    ------
    ValueError
        If the map is no integer array of shape (H, W), w0 is negative, sigma is not positive, or
        there are not two class weights.

    Notes
    -----
    A cell's border is its own pixels that have a background or another cell's pixel above, below,
    left or right of them. The picture's edge is no border: the cell goes on behind it.

    References
    ----------
    Ronneberger, Fischer and Brox, U-Net, 2015, section 3, https://arxiv.org/abs/1505.04597

    Examples
    --------
    >>> cells = np.array([[1, 1, 0, 2, 2]])  # the gap's pixel is 1 from either border
    >>> unet_border_weights(cells).round(2)[0, 2]
    np.float32(10.23)
    """
    instance_map = np.asarray(instance_map)
    require_integers(instance_map, name="instance_map")
    if instance_map.ndim != 2:
        raise ValueError(
            f"instance_map must have shape (H, W), got {instance_map.shape}. Call it once for each "
            "picture of a batch."
        )
    if w0 < 0 or sigma <= 0:
        raise ValueError(f"w0 must be at least 0 and sigma above 0, got {w0} and {sigma}.")
    pair = (1.0, 1.0) if class_weights is None else tuple(class_weights)
    if len(pair) != 2:
        raise ValueError(
            f"class_weights must be two numbers, background's and cells', got {len(pair)}."
        )
    weights = np.where(instance_map > 0, pair[1], pair[0])
    cells = np.unique(instance_map[instance_map > 0])
    if len(cells) >= 2:
        nearest = np.full((2, *instance_map.shape), np.inf)  # d1 and d2 so far
        for cell in cells:
            mask = instance_map == cell
            border = mask & ~ndimage.binary_erosion(mask, border_value=1)
            distance = ndimage.distance_transform_edt(~border)
            nearest[1] = np.minimum(nearest[1], np.maximum(nearest[0], distance))
            nearest[0] = np.minimum(nearest[0], distance)
        weights = weights + w0 * np.exp(-(nearest.sum(axis=0) ** 2) / (2 * sigma**2))
    return weights.astype(np.float32)


def _require_batch(logits: Tensor, target: Tensor, ignore_index: int) -> tuple[Tensor, Tensor]:
    """Check a batch; its class indices with void set to 0, and which pixels count (N, H, W)."""
    if logits.ndim != 4 or not logits.is_floating_point():
        raise ValueError(
            f"logits must be float of shape (N, C, H, W), got {logits.dtype} {tuple(logits.shape)}."
            " Give the network's raw scores, one channel for each class."
        )
    if logits.shape[1] < 2:
        raise ValueError(
            "logits must have one channel for each class, got 1 channel. Give the network "
            "num_classes=2, background and object, or use a loss made for one channel."
        )
    expected = (logits.shape[0], *logits.shape[2:])
    if target.shape != expected:
        raise ValueError(
            f"target must have shape (N, H, W) = {expected} to match logits, got "
            f"{tuple(target.shape)}. Resize logits with bilinear interpolation to the target's "
            "size; a target holds class indices, not one channel for each class."
        )
    if target.device.type == "cpu":  # elsewhere it would make the device wait at every step
        require_class_indices(target, logits.shape[1], ignore_index, name="target")
    counted = target != ignore_index
    return target.long().masked_fill(~counted, 0), counted


def _require_pixel_weights(pixel_weights: Tensor, target: Tensor) -> Tensor:
    if pixel_weights.shape != target.shape:
        raise ValueError(
            f"pixel_weights must have the target's shape {tuple(target.shape)}, got "
            f"{tuple(pixel_weights.shape)}. Crop and flip them together with the target."
        )
    if pixel_weights.device.type == "cpu" and (pixel_weights < 0).any():
        raise ValueError(
            f"pixel_weights must be at least 0, got {pixel_weights.min().item():g}. A negative "
            "weight would reward errors."
        )
    return pixel_weights


def _class_weights(class_weights: Weights, logits: Tensor) -> Tensor:
    weights = torch.as_tensor(class_weights, dtype=logits.dtype, device=logits.device)
    if weights.shape != (logits.shape[1],):
        raise ValueError(
            f"class weights must be {logits.shape[1]} numbers, one for each channel of logits, got "
            f"shape {tuple(weights.shape)}."
        )
    if weights.device.type == "cpu" and (weights < 0).any():
        raise ValueError(
            f"class weights must be at least 0, got {weights.min().item():g}. A weight of 0 leaves "
            "a class out."
        )
    return weights


def _each_class(alpha: float | Weights, num_classes: int) -> Weights:
    if not isinstance(alpha, int | float):
        return alpha
    if not 0 <= alpha <= 1:
        raise ValueError(
            f"alpha must be in [0, 1], got {alpha}. It weights objects; background gets 1 - alpha."
        )
    return [1 - alpha] + [alpha] * (num_classes - 1)


def _log_probability(logits: Tensor, true: Tensor) -> Tensor:
    """log p of the true class at each pixel, (N, H, W); at most 0."""
    return logits.log_softmax(dim=1).gather(1, true[:, None])[:, 0]


def _one_hot(true: Tensor, counted: Tensor, logits: Tensor) -> Tensor:
    """1 where a pixel is of the class, (N, C, H, W); all 0 at void."""
    one_hot = functional.one_hot(true, logits.shape[1]).movedim(-1, 1)
    return (one_hot * counted[:, None]).to(logits.dtype)


def _weighted_mean(loss: Tensor, weights: Tensor) -> Tensor:
    """Sum of weight times loss over the sum of weights; 0 where no weight is left."""
    total = weights.sum()
    return (loss * weights).sum() / torch.where(total > 0, total, torch.ones_like(total))


def _fall_of_iou(is_class: Tensor) -> Tensor:
    """How much 1 - IoU grows as each pixel, in this order, becomes wrong; shape (P,)."""
    all_of_class = is_class.sum()
    in_both = all_of_class - is_class.cumsum(0)
    in_either = all_of_class + (1 - is_class).cumsum(0)
    loss = 1 - in_both / in_either
    return torch.diff(loss, prepend=loss.new_zeros(1))
