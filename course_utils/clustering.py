"""k-means: points in groups, each round its centre.

One round has two half-steps. *Assign* gives every point to its nearest centre, *update* moves
every centre to the mean of its points. Neither can raise the inertia, the sum of all squared
distances, so the rounds end; where they end depends on where they began.

Points are rows: colours, or colours and positions, or whatever has a mean. Weights count a point
several times, so a picture's colours can be clustered instead of its pixels (`colour_histogram`).
A cluster has a number and no name: numbers follow the order of the centres.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

_BLOCK = 1 << 20  # distances held at a time
_STARTS, _FIRST_ROUNDS, _LATER_ROUNDS = 16, 4, 8  # of `kmeans_of_colours`, on a coarse histogram
_SETTLED = 1e-4  # centres that move less, as a share of the variance, rest


@dataclass(frozen=True, eq=False)
class Clustering:
    """Where k-means ended, and the way there.

    Attributes
    ----------
    centres : ndarray of float64, shape (K, D)
    assignment : ndarray of int, shape (N,)
        Number of each point's nearest centre, 0 ... K - 1.
    inertia : float
        Sum of the (weighted) squared distances.
    history : list of float
        Inertia of the starting centres, then after each round; it never rises. The last one is
        `inertia`.
    """

    centres: np.ndarray
    assignment: np.ndarray
    inertia: float
    history: list[float]

    @property
    def rounds(self) -> int:
        """How often the centres moved."""
        return len(self.history) - 1


def assign(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the nearest centre of each point; of equally near ones the first.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    centres : ndarray, shape (K, D)

    Returns
    -------
    ndarray of int, shape (N,)
        0 ... K - 1.

    Raises
    ------
    ValueError
        If the two do not have the same number of columns, or there is no centre.

    Notes
    -----
    |x - c|^2 = |x|^2 - 2 x c + |c|^2, and |x|^2 is the same for every centre, so it is left out.

    Examples
    --------
    >>> assign(np.array([[0.0], [4.0], [5.0]]), np.array([[1.0], [6.0]]))
    array([0, 1, 1])
    """
    points, centres = _require_points(points), _require_points(centres, "centres")
    if len(centres) == 0 or centres.shape[1] != points.shape[1]:
        raise ValueError(
            f"centres must have shape (K, {points.shape[1]}) with K at least 1, got "
            f"{centres.shape}. Give one row for each centre, in the space of the points."
        )
    lengths = np.sum(centres**2, axis=1)[:, None]  # (K, 1)
    assignment = np.zeros(len(points), dtype=np.intp)
    block = max(_BLOCK // len(centres), 1)
    for start in range(0, len(points), block):
        distance = lengths - 2 * centres @ points[start : start + block].T  # (K, block) up to |x|^2
        nearest, number = distance[0], assignment[start : start + block]
        for k in range(1, len(centres)):
            np.putmask(number, distance[k] < nearest, k)
            np.minimum(nearest, distance[k], out=nearest)
    return assignment


def update(
    points: np.ndarray,
    assignment: np.ndarray,
    centres: np.ndarray,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Mean of each cluster's points. A cluster without points keeps its centre.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    assignment : ndarray of int, shape (N,)
        Cluster of each point, 0 ... K - 1.
    centres : ndarray, shape (K, D)
        The centres until now; only those of empty clusters are used.
    weights : ndarray, shape (N,), optional
        How often each point counts.

    Returns
    -------
    ndarray of float64, shape (K, D)

    Notes
    -----
    An empty cluster has no mean, and something must be chosen. Keeping its centre is the simplest
    rule under which the inertia cannot rise; scikit-learn moves it to a far point instead.

    Examples
    --------
    >>> points, centres = np.array([[0.0], [2.0], [9.0]]), np.array([[1.0], [8.0], [50.0]])
    >>> update(points, np.array([0, 0, 1]), centres).tolist()
    [[1.0], [9.0], [50.0]]
    """
    points, centres = _require_points(points), _require_points(centres, "centres")
    count = np.bincount(assignment, weights, minlength=len(centres))
    moved = centres.copy()
    for axis, values in enumerate(points.T):
        weighted = values if weights is None else values * weights
        total = np.bincount(assignment, weighted, minlength=len(centres))
        np.divide(total, count, out=moved[:, axis], where=count > 0)
    return moved


def inertia(
    points: np.ndarray,
    centres: np.ndarray,
    assignment: np.ndarray,
    weights: np.ndarray | None = None,
) -> float:
    """Sum of the squared distances of all points to the centres they are assigned to.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    centres : ndarray, shape (K, D)
    assignment : ndarray of int, shape (N,)
    weights : ndarray, shape (N,), optional
        How often each point counts.

    Returns
    -------
    float

    Examples
    --------
    >>> inertia(np.array([[0.0], [2.0], [9.0]]), np.array([[1.0], [7.0]]), np.array([0, 0, 1]))
    6.0
    """
    squared = (_require_points(points) - np.asarray(centres, dtype=float)[assignment]) ** 2
    if weights is None:
        return float(squared.sum())
    return float(np.dot(squared.sum(axis=1), weights))


def plus_plus(
    points: np.ndarray,
    num_clusters: int,
    rng: np.random.Generator,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Starting centres by k-means++: each next one is drawn far from those before.

    The first centre is a point drawn at random. Each further one is a point drawn with a
    probability proportional to its squared distance from the nearest centre so far.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    num_clusters : int
        Number of centres K.
    rng : numpy.random.Generator
    weights : ndarray, shape (N,), optional
        How often each point counts.

    Returns
    -------
    ndarray of float64, shape (K, D)
        Rows of `points`; the same one twice only where there are fewer than K different points.

    References
    ----------
    David Arthur and Sergei Vassilvitskii, k-means++: The Advantages of Careful Seeding, SODA 2007,
    https://dl.acm.org/doi/10.5555/1283383.1283494

    Examples
    --------
    >>> points = np.array([[0.0], [0.0], [8.0]])
    >>> sorted(plus_plus(points, 2, np.random.default_rng(0)).tolist())
    [[0.0], [8.0]]
    """
    return _draw_starts(points, num_clusters, 1, rng, weights)[0]


def kmeans(
    points: np.ndarray,
    num_clusters: int,
    *,
    seed: int = 0,
    starts: int = 4,
    centres: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    tolerance: float = 0.0,
    max_rounds: int = 300,
) -> Clustering:
    """Cluster points around K centres: assign, update, repeat.

    Parameters
    ----------
    points : ndarray, shape (N, D)
    num_clusters : int
        Number of clusters K.
    seed : int
        Of the draws of k-means++.
    starts : int
        How many k-means++ starts are run to the end; the one of lowest inertia is returned.
    centres : ndarray, shape (K, D), optional
        Starting centres, in place of k-means++; cluster k is then the one that began at row k.
    weights : ndarray, shape (N,), optional
        How often each point counts.
    tolerance : float, at least 0
        Stop when the squared movements of all centres add up to no more than this share of the
        points' mean variance. 0 runs until no point changes its cluster.
    max_rounds : int
        Stop after so many rounds in any case.

    Returns
    -------
    Clustering

    Raises
    ------
    ValueError
        If there are fewer points than clusters, or `centres` has not K rows.

    References
    ----------
    Stuart Lloyd, Least squares quantization in PCM, 1982, doi 10.1109/TIT.1982.1056489

    Examples
    --------
    >>> points = np.array([[0.0], [2.0], [10.0], [14.0]])
    >>> result = kmeans(points, 2, centres=points[:2])
    >>> result.centres.tolist(), result.assignment.tolist(), result.inertia
    ([[1.0], [12.0]], [0, 0, 1, 1], 10.0)
    """
    points = _require_points(points)
    _require_count(num_clusters, len(points))
    limit = tolerance * _mean_variance(points, weights) if tolerance else 0.0
    if centres is not None:
        centres = _require_points(centres, "centres")
        if len(centres) != num_clusters:
            raise ValueError(
                f"centres must have one row for each of the {num_clusters} clusters, got "
                f"{len(centres)} rows."
            )
        return _descend(points, centres, weights, limit, max_rounds)
    if starts < 1:
        raise ValueError(f"starts must be at least 1, got {starts}. 4 are a good number.")
    rng = np.random.default_rng(seed)
    drawn = _draw_starts(points, num_clusters, starts, rng, weights)
    results = [_descend(points, start, weights, limit, max_rounds) for start in drawn]
    return min(results, key=lambda result: result.inertia)


def colour_histogram(image: np.ndarray, bits: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colours of an image that share their leading bits, as one colour and a count each.

    A picture of 512 x 512 has 262,144 pixels but only some thousand such bins, and k-means on the
    bins, weighted by their counts, is nearly k-means on the pixels.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    bits : int, 1 to 8
        Leading bits of each channel: 5 make 32 x 32 x 32 bins.

    Returns
    -------
    colours : ndarray of float64, shape (M, 3)
        Mean colour of the pixels of each bin that has any.
    counts : ndarray of int, shape (M,)
        Pixels in each.
    index : ndarray of int, shape (H, W)
        Row of `colours` for each pixel.

    Raises
    ------
    ValueError
        If the image is not uint8 with three channels, or `bits` is not 1 to 8.

    Examples
    --------
    >>> image = np.array([[[0, 0, 0], [4, 2, 0], [255, 0, 0]]], dtype=np.uint8)
    >>> colours, counts, index = colour_histogram(image)
    >>> colours.tolist(), counts.tolist(), index.tolist()
    ([[2.0, 1.0, 0.0], [255.0, 0.0, 0.0]], [2, 1], [[0, 0, 1]])
    """
    code, totals, counts = _bins(image, bits)
    used = np.flatnonzero(counts)
    row_of_code = np.zeros(len(counts), dtype=np.intp)
    row_of_code[used] = np.arange(len(used))
    return totals[used] / counts[used, None], counts[used], row_of_code[code]


def kmeans_of_colours(
    image: np.ndarray, num_clusters: int, *, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Cluster the colours of an image by k-means on its colour histogram.

    Many k-means++ starts are tried on a coarse histogram (4 bits); the best goes on at 5 bits and
    is finished at 6, so bad optima are rare and no round touches a pixel. All pixels of a bin get
    the same label, which costs a few thousandths of the inertia.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W, 3)
    num_clusters : int
        Number of clusters K.
    seed : int
        Of the draws of k-means++.

    Returns
    -------
    label_map : ndarray of uint8 (K up to 256) or int64, shape (H, W)
        Number of the cluster, 0 ... K - 1; the largest cluster is 0.
    centres : ndarray of float64, shape (K, 3)
        Mean colours of the clusters.

    Raises
    ------
    ValueError
        If the image is not uint8 with three channels, or has fewer bins than clusters.

    Examples
    --------
    >>> image = np.zeros((2, 3, 3), dtype=np.uint8)
    >>> image[0, 1] = 200
    >>> label_map, centres = kmeans_of_colours(image, 2)
    >>> label_map.tolist(), centres[1].tolist()
    ([[0, 1, 0], [0, 0, 0]], [200.0, 200.0, 200.0])
    """
    code, totals, counts = _bins(image, bits=6)
    used = np.flatnonzero(counts)
    _require_count(num_clusters, len(used), "different colours (to 6 bits)")
    fine = used, totals[used], counts[used]
    middle = _coarser(*fine, bits=6)
    coarse = _coarser(*middle, bits=5)
    levels = [
        (total / count[:, None], count)
        for _, total, count in (coarse, middle, fine)
        if len(count) >= num_clusters
    ]
    centres = _best_start(*levels[0], num_clusters, np.random.default_rng(seed))
    for (colours, weights), rounds in zip(levels[-2:], (30, 2)[-len(levels) :], strict=True):
        centres = _settle(colours, centres, weights, rounds)
    assignment = assign(colours, centres)
    size = np.bincount(assignment, weights, minlength=num_clusters)
    order = np.argsort(-size, kind="stable")  # cluster numbers from the largest to the smallest
    number = np.empty(num_clusters, dtype=np.uint8 if num_clusters <= 256 else np.int64)
    number[order] = np.arange(num_clusters)
    label_of_code = np.zeros(len(counts), dtype=number.dtype)
    label_of_code[used] = number[assignment]
    return label_of_code[code], centres[order]


def name_by_majority(
    label_map: np.ndarray, target_mask: np.ndarray, scored: np.ndarray | None = None
) -> np.ndarray:
    """Mask of the clusters that lie mostly inside a true mask: names that only the truth can give.

    A clustering has no names, so it cannot be scored before somebody names its clusters. Here the
    truth does. The score then says how well the clusters follow the object, not whether a computer
    would find it, and it rises with the number of clusters.

    Parameters
    ----------
    label_map : ndarray of int, shape (H, W)
        Cluster or super-pixel of each pixel, numbers from 0.
    target_mask : ndarray of bool, shape (H, W)
        The true mask.
    scored : ndarray of bool, shape (H, W), optional
        The pixels that vote, such as ``label_map != IGNORE_INDEX``; all of them by default.

    Returns
    -------
    ndarray of bool, shape (H, W)
        True in every cluster of which more than half of the voting pixels are inside.

    Examples
    --------
    >>> label_map = np.array([[0, 0, 0, 1, 1]])
    >>> name_by_majority(label_map, np.array([[True, True, False, True, False]]))
    array([[ True,  True,  True, False, False]])
    """
    votes = np.ones(label_map.shape, dtype=bool) if scored is None else scored
    count = int(label_map.max()) + 1
    all_votes = np.bincount(label_map[votes], minlength=count)
    inside = np.bincount(label_map[votes & target_mask], minlength=count)
    return (2 * inside > all_votes)[label_map]


def _descend(
    points: np.ndarray,
    centres: np.ndarray,
    weights: np.ndarray | None,
    limit: float,
    max_rounds: int,
) -> Clustering:
    """Rounds of update and assign until the centres rest."""
    assignment = assign(points, centres)
    history = [inertia(points, centres, assignment, weights)]
    for _ in range(max_rounds):
        before, previous = centres, assignment
        centres = update(points, assignment, before, weights)
        assignment = assign(points, centres)
        history.append(inertia(points, centres, assignment, weights))
        moved = float(np.sum((centres - before) ** 2))
        if moved <= limit or np.array_equal(assignment, previous):
            break
    return Clustering(centres, assignment, history[-1], history)


def _draw_starts(
    points: np.ndarray,
    num_clusters: int,
    starts: int,
    rng: np.random.Generator,
    weights: np.ndarray | None,
) -> np.ndarray:
    """Centres (S, K, D) of S starts of k-means++, drawn side by side."""
    points = _require_points(points)
    _require_count(num_clusters, len(points))
    weight = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=float)
    chance = np.tile(weight, (starts, 1))  # (S, N)
    distance = np.full_like(chance, np.inf)  # squared, to the nearest centre so far
    centres = np.empty((starts, num_clusters, points.shape[1]))
    for k in range(num_clusters):
        upto = np.cumsum(chance, axis=1)
        upto[upto[:, -1] == 0] = np.cumsum(weight)  # every point is a centre already
        drawn = (upto <= rng.random((starts, 1)) * upto[:, -1:]).sum(axis=1)
        centres[:, k] = points[np.minimum(drawn, len(points) - 1)]
        to_new = np.zeros_like(distance)
        for axis, values in enumerate(points.T):
            to_new += (values - centres[:, k, axis, None]) ** 2
        chance = weight * np.minimum(distance, to_new, out=distance)
    return centres


def _best_start(
    points: np.ndarray, weights: np.ndarray, num_clusters: int, rng: np.random.Generator
) -> np.ndarray:
    """Centres (K, D) of the best of many starts, run side by side; only a quarter runs on."""
    centres = _draw_starts(points, num_clusters, _STARTS, rng, weights)  # (S, K, D)
    weighted = np.column_stack([points, np.ones(len(points))]) * weights[:, None]  # (M, D + 1)
    for rounds_left in reversed(range(_FIRST_ROUNDS + _LATER_ROUNDS + 1)):
        distance = np.sum(centres**2, axis=2)[..., None] - 2 * centres @ points.T  # (S, K, M)
        nearest = distance.min(axis=1)  # (S, M), up to the squared length of the point
        if rounds_left == _LATER_ROUNDS:
            best = np.argsort(nearest @ weights)[: _STARTS // 4]
            centres, distance, nearest = centres[best], distance[best], nearest[best]
        if rounds_left:
            mine = (distance == nearest[:, None]).astype(float)  # a tie counts twice: only a start
            total = mine @ weighted  # (S, K, D + 1)
            np.divide(total[..., :-1], total[..., -1:], out=centres, where=total[..., -1:] > 0)
    return centres[np.argmin(nearest @ weights)]


def _settle(
    points: np.ndarray, centres: np.ndarray, weights: np.ndarray, max_rounds: int
) -> np.ndarray:
    """Centres after rounds until they hardly move, without a history."""
    limit = _SETTLED * _mean_variance(points, weights)
    for _ in range(max_rounds):
        before, centres = centres, update(points, assign(points, centres), centres, weights)
        if np.sum((centres - before) ** 2) <= limit:
            break
    return centres


def _bins(image: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bin of each pixel (H, W), and of all 8**bits bins the summed colours and the counts."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"image must be uint8 of shape (H, W, 3), got {image.dtype} {image.shape}. "
            "A grey picture has a histogram of its own: np.bincount(image.ravel())."
        )
    if not 1 <= bits <= 8:
        raise ValueError(f"bits must be 1 to 8, got {bits}. 5 are a good number.")
    leading = image >> (8 - bits)
    code = leading[..., 0].astype(np.int32)
    for channel in (1, 2):
        code <<= bits
        code |= leading[..., channel]
    # One row for each bin, one column for each pixel, a 1 where they meet: times the colours.
    size = code.size
    meets = sparse.csc_array(
        (np.ones(size, dtype=np.int32), code.reshape(-1), np.arange(size + 1, dtype=np.int32)),
        shape=(8**bits, size),
    )
    totals = meets @ image.reshape(-1, 3).astype(np.int32)
    return code, totals, np.bincount(code.reshape(-1), minlength=8**bits)


def _coarser(
    codes: np.ndarray, totals: np.ndarray, counts: np.ndarray, bits: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, summed colours and counts of the used bins at one bit less."""
    keep = (1 << bits) - 1
    red, green, blue = codes >> (2 * bits + 1), (codes >> bits & keep) >> 1, (codes & keep) >> 1
    code = (red << (2 * bits - 2)) | (green << (bits - 1)) | blue
    size = 8 ** (bits - 1)
    count = np.bincount(code, counts, minlength=size)
    total = np.stack([np.bincount(code, channel, minlength=size) for channel in totals.T], axis=1)
    used = np.flatnonzero(count)
    return used, total[used], count[used]


def _mean_variance(points: np.ndarray, weights: np.ndarray | None) -> float:
    mean = np.average(points, axis=0, weights=weights)
    return float(np.mean(np.average((points - mean) ** 2, axis=0, weights=weights)))


def _require_points(points: np.ndarray, name: str = "points") -> np.ndarray:
    points = np.asarray(points, dtype=float)
    if points.ndim != 2:
        raise ValueError(
            f"{name} must have shape (number, dimensions), got {points.shape}. "
            "Pixels of an image become rows by image.reshape(-1, 3)."
        )
    return points


def _require_count(num_clusters: int, available: int, of_what: str = "points") -> None:
    if not 1 <= num_clusters <= available:
        raise ValueError(
            f"num_clusters must be 1 to the number of {of_what}, {available}, got {num_clusters}."
        )
