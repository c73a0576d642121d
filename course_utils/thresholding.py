"""Grey levels, their histogram, and three ways to choose a threshold (lesson 02).

One convention for all of them: a threshold t is a grey level, class 0 is the levels <= t, class 1
the levels > t. A histogram has one entry for each of the 256 levels, so an entry's index is its
level.
"""

import numpy as np

LEVELS = 256
GREY_WEIGHTS = (0.2125, 0.7154, 0.0721)
"""Shares of red, green and blue in a grey level: about those with which the eye sees brightness
(ITU-R BT.709, as scikit-image rounds them)."""


def grey_levels(image: np.ndarray) -> np.ndarray:
    """Grey levels of a picture: the weighted mean of red, green and blue, rounded.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)

    Returns
    -------
    ndarray of uint8, shape (H, W)
        A picture that is grey already comes back as it is.

    Raises
    ------
    ValueError
        If the image is not uint8 of one of these shapes.

    References
    ----------
    ITU-R Recommendation BT.709. `skimage.color.rgb2gray` gives the same values in [0, 1].

    Examples
    --------
    >>> grey_levels(np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255)]], dtype=np.uint8))
    array([[ 54, 182,  18]], dtype=uint8)
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ValueError(
            f"image must be uint8 of shape (H, W) or (H, W, 3), got {image.dtype} of shape "
            f"{image.shape}. Scale a float image: np.rint(255 * image).astype(np.uint8)."
        )
    if image.ndim == 2:
        return image
    return np.rint(image @ np.array(GREY_WEIGHTS)).astype(np.uint8)


def grey_histogram(grey: np.ndarray) -> np.ndarray:
    """Number of pixels at each grey level.

    Parameters
    ----------
    grey : ndarray of uint8, any shape

    Returns
    -------
    ndarray of int, shape (256,)

    Raises
    ------
    ValueError
        If the values are not uint8.

    Examples
    --------
    >>> histogram = grey_histogram(np.array([[0, 2], [2, 255]], dtype=np.uint8))
    >>> histogram[[0, 1, 2, 255]]
    array([1, 0, 2, 1])
    """
    if grey.dtype != np.uint8:
        raise ValueError(
            f"grey must be uint8, one level of 0 to 255 for each pixel, got {grey.dtype}. "
            "Make the levels with grey_levels first."
        )
    return np.bincount(grey.ravel(), minlength=LEVELS)


def between_class_variance(histogram: np.ndarray) -> np.ndarray:
    """Otsu's curve: the variance between the two classes, for every threshold.

    Parameters
    ----------
    histogram : array of int, shape (L,)
        Number of pixels at each level, at least one.

    Returns
    -------
    ndarray of float64, shape (L,)
        w0 w1 (mu1 - mu0)^2 in squared grey levels; entry t has the levels <= t in class 0. It is 0
        where a class is empty: then nothing lies between.

    Raises
    ------
    ValueError
        If the histogram is not one-dimensional, has a negative entry, or counts no pixel.

    References
    ----------
    Otsu, *A Threshold Selection Method from Gray-Level Histograms*, 1979,
    doi 10.1109/TSMC.1979.4310076

    Examples
    --------
    >>> between_class_variance(np.array([2, 0, 2, 0]))
    array([1., 1., 0., 0.])
    """
    histogram = _require_histogram(histogram)
    levels = np.arange(len(histogram))
    pixels0, total0 = np.cumsum(histogram), np.cumsum(histogram * levels)
    pixels1, total1 = pixels0[-1] - pixels0, total0[-1] - total0
    mean0, mean1 = total0 / np.maximum(pixels0, 1), total1 / np.maximum(pixels1, 1)
    return pixels0 * pixels1 * (mean1 - mean0) ** 2 / pixels0[-1] ** 2


def otsu_threshold(histogram: np.ndarray) -> int:
    """Threshold at which the variance between the two classes is largest.

    Parameters
    ----------
    histogram : array of int, shape (L,)
        Number of pixels at each level.

    Returns
    -------
    int
        The lowest of the best thresholds: empty levels make no difference. 0 if all pixels have
        one level.

    Raises
    ------
    ValueError
        As for `between_class_variance`.

    References
    ----------
    Otsu, *A Threshold Selection Method from Gray-Level Histograms*, 1979,
    doi 10.1109/TSMC.1979.4310076

    Examples
    --------
    >>> otsu_threshold(np.array([3, 1, 0, 0, 4]))
    1
    """
    return int(between_class_variance(histogram).argmax())


def peaks(histogram: np.ndarray) -> np.ndarray:
    """Levels at which a histogram stops rising and falls next.

    Parameters
    ----------
    histogram : array of float or int, shape (L,)

    Returns
    -------
    ndarray of int, shape (P,)
        From left to right; of a flat top its last level. The histogram counts as rising before its
        first level, and as falling after its last.

    Examples
    --------
    >>> peaks(np.array([0, 3, 1, 2, 2, 0]))
    array([1, 4])
    """
    steps = np.diff(np.asarray(histogram, dtype=float), prepend=-np.inf, append=-np.inf)
    turns = np.flatnonzero(steps)  # flat steps do not end a rise
    falls_next = np.sign(steps[turns[:-1]]) > np.sign(steps[turns[1:]])
    return turns[1:][falls_next] - 1


def smoothed(histogram: np.ndarray) -> np.ndarray:
    """Mean of every entry and its two neighbours; the ends are their own outer neighbours.

    Parameters
    ----------
    histogram : array of float or int, shape (L,)

    Returns
    -------
    ndarray of float64, shape (L,)

    Examples
    --------
    >>> smoothed(np.array([3, 0, 0, 6]))
    array([2., 1., 2., 4.])
    """
    padded = np.pad(np.asarray(histogram, dtype=float), 1, mode="edge")
    return (padded[:-2] + padded[1:-1] + padded[2:]) / 3


def valley_threshold(histogram: np.ndarray, *, most: int = 10000) -> int | None:
    """Level with the smallest count between the last two peaks of a smoothed histogram.

    Parameters
    ----------
    histogram : array of int, shape (L,)
        Number of pixels at each level.
    most : int
        How often it may be smoothed.

    Returns
    -------
    int or None
        None if two peaks are never left, for example because there is only one from the start.

    Raises
    ------
    ValueError
        If the histogram is not one-dimensional, has a negative entry, or counts no pixel.

    Notes
    -----
    `skimage.filters.threshold_minimum` starts at the lowest level that occurs and ends at the
    highest, so a peak at one of these counts in another way.

    References
    ----------
    Prewitt & Mendelsohn, *The Analysis of Cell Images*, 1966,
    doi 10.1111/j.1749-6632.1965.tb11715.x

    Examples
    --------
    >>> valley_threshold(np.array([0, 5, 9, 5, 1, 4, 8, 4, 0]))
    4
    """
    smooth = _require_histogram(histogram).astype(float)
    for _ in range(most):
        found = peaks(smooth)
        if len(found) <= 2:
            break
        smooth = smoothed(smooth)
    if len(found) != 2:
        return None
    left, right = found
    return int(left + smooth[left : right + 1].argmin())


def _require_histogram(histogram: np.ndarray) -> np.ndarray:
    counts = np.asarray(histogram)
    if counts.ndim != 1 or (counts < 0).any() or not counts.sum():
        raise ValueError(
            "histogram must be a row of counts, one for each level and not all 0, got shape "
            f"{counts.shape} with sum {counts.sum()}. Count the levels of the picture first."
        )
    return counts
