"""Edges and regions: the gradient of a picture, Canny's stages, and the split of touching objects.

An edge is where a picture changes fast. `gradient` measures the change, `non_maximum_suppression`
thins it to lines, `hysteresis` decides which lines stay; `split_touching` goes the other way, from
a mask to one region per object, by flooding from markers. Lesson 04 builds each of them from
scratch.
"""

import numpy as np
from scipy import ndimage
from skimage.feature import peak_local_max
from skimage.segmentation import watershed

STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""(rows, columns) of one step in each of the four directions of `rounded_direction`."""


def gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient of a picture by Sobel's two kernels.

    Parameters
    ----------
    image : ndarray of number, shape (H, W)
        Grey levels, in any range.

    Returns
    -------
    rows, columns : ndarray of float64, shape (H, W)
        How fast the picture grows downwards and to the right: 8 times the slope per pixel, as
        Sobel's kernel sums 8 differences of neighbours. Beyond its border the picture continues
        with its border pixels.

    Raises
    ------
    ValueError
        If the picture has no two axes. Take one channel of a colour picture at a time.

    Examples
    --------
    >>> rows, columns = gradient(np.array([[0, 0, 9], [0, 0, 9], [0, 0, 9]]))
    >>> columns[1], rows[1]
    (array([ 0., 36., 36.]), array([0., 0., 0.]))
    """
    levels = np.asarray(image, dtype=float)
    if levels.ndim != 2:
        raise ValueError(
            f"image must have shape (H, W), got {levels.shape}. "
            "Take the gradient of one channel at a time."
        )
    return ndimage.sobel(levels, axis=0), ndimage.sobel(levels, axis=1)


def gradient_magnitude(image: np.ndarray) -> np.ndarray:
    """Length of Sobel's gradient: the Euclidean norm of its two parts.

    Parameters
    ----------
    image : ndarray of number, shape (H, W)

    Returns
    -------
    ndarray of float64, shape (H, W)
        At least 0; 4 sqrt(2) times what `skimage.filters.sobel` returns, which divides Sobel's
        kernel by 4 and takes the root mean square of the two parts.

    Examples
    --------
    >>> gradient_magnitude(np.array([[0, 0, 9], [0, 0, 9], [0, 0, 9]]))[1]
    array([ 0., 36., 36.])
    """
    return np.hypot(*gradient(image))


def rounded_direction(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Direction of a gradient, rounded to one of four; opposite directions are one.

    Parameters
    ----------
    rows, columns : ndarray of float, shape (H, W)
        As `gradient` returns them.

    Returns
    -------
    ndarray of int, shape (H, W)
        0: along the row; 1: down and to the right; 2: down the column; 3: down and to the left.
        `STEPS` holds the steps. 0 where the gradient is 0.

    Examples
    --------
    >>> rounded_direction(np.array([[0, 2, -5, 2]]), np.array([[-3, 2, 1, -2]]))
    array([[0, 1, 2, 3]])
    """
    return np.rint(np.arctan2(rows, columns) / (np.pi / 4)).astype(int) % 4


def non_maximum_suppression(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Keep the gradient magnitude where it is largest across the edge, and 0 elsewhere.

    Parameters
    ----------
    rows, columns : ndarray of float, shape (H, W)
        As `gradient` returns them.

    Returns
    -------
    ndarray of float64, shape (H, W)
        The magnitude where it is at least that of both neighbours along `rounded_direction`; a
        neighbour outside the picture counts as 0.

    References
    ----------
    J. Canny, A Computational Approach to Edge Detection, 1986,
    https://doi.org/10.1109/TPAMI.1986.4767851

    Examples
    --------
    >>> columns = np.array([[1.0, 4.0, 2.0], [1.0, 4.0, 2.0]])
    >>> non_maximum_suppression(np.zeros((2, 3)), columns)
    array([[0., 4., 0.],
           [0., 4., 0.]])
    """
    magnitude = np.hypot(rows, columns)
    direction = rounded_direction(rows, columns)
    height, width = magnitude.shape
    padded = np.pad(magnitude, 1)
    kept = np.zeros(magnitude.shape, dtype=bool)
    for number, (down, right) in enumerate(STEPS):
        ahead = padded[1 + down : 1 + down + height, 1 + right : 1 + right + width]
        behind = padded[1 - down : 1 - down + height, 1 - right : 1 - right + width]
        kept |= (direction == number) & (magnitude >= ahead) & (magnitude >= behind)
    return np.where(kept, magnitude, 0.0)


def hysteresis(strength: np.ndarray, low: float, high: float) -> np.ndarray:
    """Keep strong pixels, and the weak ones that are connected to a strong one.

    Parameters
    ----------
    strength : ndarray of float, shape (H, W)
        Such as the result of `non_maximum_suppression`.
    low, high : float, 0 < low <= high
        Weak pixels are at least `low`, strong ones at least `high`.

    Returns
    -------
    ndarray of bool, shape (H, W)
        Connected means in the 8-neighbourhood, through weak pixels.

    Raises
    ------
    ValueError
        If `low` is above `high`, or not positive.

    Notes
    -----
    `skimage.filters.apply_hysteresis_threshold` asks for *more* than the thresholds and connects in
    the 4-neighbourhood.

    Examples
    --------
    >>> hysteresis(np.array([[1, 2, 5, 0, 2]]), low=2, high=4)
    array([[False,  True,  True, False, False]])
    """
    if not 0 < low <= high:
        raise ValueError(
            f"The thresholds must be 0 < low <= high, got low {low} and high {high}. "
            "Exchange them if they are crossed."
        )
    chains, count = ndimage.label(strength >= low, structure=np.ones((3, 3)))
    has_strong = np.zeros(count + 1, dtype=bool)
    has_strong[chains[strength >= high]] = True
    return has_strong[chains]


def distance_markers(mask: np.ndarray, min_distance: int) -> np.ndarray:
    """One marker where a mask is thickest: the peaks of its distance transform.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    min_distance : int, at least 1
        Of two peaks nearer than this, in rows and in columns, only the higher one counts.

    Returns
    -------
    ndarray of int, shape (H, W)
        1, 2, ... in one pixel each, 0 elsewhere.

    Raises
    ------
    ValueError
        If `min_distance` is below 1.

    Examples
    --------
    >>> distance_markers(np.ones((3, 3), dtype=bool), min_distance=1)
    array([[0, 0, 0],
           [0, 1, 0],
           [0, 0, 0]])
    """
    if min_distance < 1:
        raise ValueError(f"min_distance must be at least 1 pixel, got {min_distance}.")
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    peaks = peak_local_max(
        distance, min_distance=min_distance, labels=mask.astype(int), exclude_border=False
    )
    markers = np.zeros(mask.shape, dtype=int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return markers


def split_touching(mask: np.ndarray, markers: np.ndarray) -> np.ndarray:
    """Divide a mask among markers, by flooding its distance transform turned upside down.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)
    markers : ndarray of int, shape (H, W)
        Numbers of the objects, such as from `distance_markers`; 0 elsewhere.

    Returns
    -------
    ndarray of int, shape (H, W)
        Instance map: each pixel of the mask has the number of the marker whose water reached it
        first; 0 outside the mask, and where no marker's water comes.

    References
    ----------
    P. J. Soille, M. M. Ansoult, Automated basin delineation from digital elevation models using
    mathematical morphology, 1990, https://doi.org/10.1016/0165-1684(90)90127-K

    Examples
    --------
    >>> mask = np.array([[1, 1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 1]]) > 0
    >>> split_touching(mask, distance_markers(mask, min_distance=2))[0]
    array([1, 1, 1, 0, 2, 2, 2])
    """
    distance = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return watershed(-distance, markers, mask=mask)
