"""Lesson 03: k-means by half-steps, careful starts, and the silhouette.

Conventions that all exercises share: points are rows, clusters are numbered from 0 in the order
of the centres, of equally near centres the first counts, and a cluster without points keeps its
centre. Every answer is fixed by its arguments (the starting centres among them), so no relabelling
of clusters has to be forgiven.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from course_utils import clustering
from course_utils.checks.exercise import Arguments, Exercise

Cases = dict[str, list[Arguments]]


# ----------------------------------------------------------------------------------------------
# What the exercises share: clouds of points without ties


def _cloud(rng: np.random.Generator, count: int, dimensions: int, clusters: int) -> np.ndarray:
    """Points around some middles, in a range where four digits tell them apart."""
    middles = rng.uniform(-20, 20, (clusters, dimensions))
    spread = rng.normal(0, 4, (count, dimensions))
    return np.round(middles[rng.integers(0, clusters, count)] + spread, 2)


def _points_and_centres(
    rng: np.random.Generator, count: int, dimensions: int, clusters: int
) -> tuple[np.ndarray, np.ndarray]:
    """A cloud, and as many different points of another one, none of them halfway from a point."""
    while True:
        points = _cloud(rng, count, dimensions, clusters)
        centres = _cloud(rng, clusters, dimensions, clusters)
        distance = np.sort(cdist(points, centres), axis=1)
        if np.all(np.diff(distance, axis=1) > 1e-3):
            return points, centres


def _squared(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return cdist(np.asarray(points, float), np.asarray(centres, float), "sqeuclidean")


def _by_point(index: tuple[int, ...]) -> str:
    return f"point {index[0]}"


def _by_centre(index: tuple[int, ...]) -> str:
    return f"centre {index[0]}, coordinate {index[1]}"


# ----------------------------------------------------------------------------------------------
# 3.1 Assign


def _halfway(rng: np.random.Generator, dimensions: int, clusters: int) -> Arguments:
    """Whole numbers, among them points exactly as far from one centre as from another."""
    while True:
        centres = 2 * rng.integers(-9, 10, (clusters, dimensions))
        points = np.vstack(
            [(centres[:-1] + centres[1:]) // 2, rng.integers(-20, 20, (1, dimensions))]
        )
        distance = np.sort(_squared(points, centres), axis=1)
        tied = distance[:, 0] == distance[:, 1]
        if len(np.unique(centres, axis=0)) == clusters and tied.any() and not tied.all():
            return rng.permutation(points).astype(float), centres.astype(float)


def _assign_cases(rng: np.random.Generator) -> Cases:
    sizes = [(3, 1, 2), (4, 2, 2), (5, 2, 3), (8, 3, 4), (30, 5, 6)]
    plain = [_points_and_centres(rng, *size) for size in sizes for _ in range(2)]
    plain += [_halfway(rng, *size) for size in [(1, 2), (2, 3), (3, 4)]]
    colours: list[Arguments] = []
    while len(colours) < 8:
        count, clusters = 3 + len(colours), 2 + len(colours) // 3
        points = rng.integers(0, 256, (count, 3)).astype(np.uint8)
        centres = rng.integers(0, 256, (clusters, 3)).astype(np.uint8)
        distance = np.sort(_squared(points, centres), axis=1)
        if np.all(np.diff(distance, axis=1) > 0):
            colours.append((points, centres))
    return {"points": plain, "colours of type uint8": colours}


def assign(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Number of the nearest centre of each point."""
    return clustering.assign(points, centres)


def _last_of_equals(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return len(centres) - 1 - _squared(points, centres)[:, ::-1].argmin(axis=1)


def _wrapping(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((points[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)


def _wrapping_before(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    difference = (points[:, None, :] - centres).astype(float)
    return (difference**2).sum(axis=2).argmin(axis=1)


ASSIGN = Exercise(
    reference=assign,
    cases=_assign_cases,
    mistakes={
        "This is the farthest centre of each point: take the nearest.": (
            lambda points, centres: _squared(points, centres).argmax(axis=1)
        ),
        "This is the nearest point of each centre: take the minimum along the other axis.": (
            lambda points, centres: _squared(points, centres).argmin(axis=0)
        ),
        "Of equally near centres the last one counts: take the first.": _last_of_equals,
        "The clusters are numbered from 1: the first is number 0.": (
            lambda points, centres: assign(points, centres) + 1
        ),
        "Differences of uint8 wrap round at 256 (10 - 20 is 246): make the arrays float first.": (
            _wrapping,
            _wrapping_before,
        ),
        "Absolute differences are added: k-means uses squared differences.": (
            lambda points, centres: cdist(points, centres, "cityblock").argmin(axis=1)
        ),
        "Only the largest of the differences counts: add up the squares of all coordinates.": (
            lambda points, centres: cdist(points, centres, "chebyshev").argmin(axis=1)
        ),
        "Differences are added without a square: positive and negative ones cancel.": (
            lambda points, centres: (points.astype(float)[:, None] - centres).sum(2).argmin(1),
            lambda points, centres: np.abs((points.astype(float)[:, None] - centres).sum(2)).argmin(
                1
            ),
        ),
        "Only the first coordinate is compared: add up the squares of all.": (
            lambda points, centres: _squared(points[:, :1], centres[:, :1]).argmin(axis=1)
        ),
        "These are the distances to the nearest centre: expected are the numbers of the centres.": (
            lambda points, centres: _squared(points, centres).min(axis=1),
            lambda points, centres: np.sqrt(_squared(points, centres).min(axis=1)),
        ),
        "This is one row of distances for each point: say which of them is the smallest.": _squared,
        "These are the coordinates of the nearest centres: expected are their numbers.": (
            lambda points, centres: centres[assign(points, centres)]
        ),
    },
    entry=_by_point,
    stands_for="cluster number",
)

# ----------------------------------------------------------------------------------------------
# 3.2 Update


def _update_cases(rng: np.random.Generator) -> Cases:
    def case(count: int, dimensions: int, clusters: int, empty: tuple[int, ...] = ()) -> Arguments:
        points, centres = _points_and_centres(rng, count, dimensions, clusters)
        full = [k for k in range(clusters) if k not in empty]
        assignment = rng.permutation(np.resize(np.array([*full, full[0]]), count))
        return points, assignment, centres

    full = [case(*size) for size in [(3, 1, 2), (4, 2, 2), (6, 2, 3), (9, 3, 4), (25, 5, 6)]]
    with_empty = [
        case(3, 1, 2, (1,)),
        case(4, 2, 3, (0,)),
        case(6, 2, 3, (2,)),
        case(8, 3, 5, (1, 4)),
        case(20, 5, 6, (5,)),
    ]
    return {"every cluster has points": full, "clusters without points": with_empty}


def update(points: np.ndarray, assignment: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Mean of each cluster's points; an empty cluster keeps its centre."""
    return clustering.update(points, assignment, centres)


def _empty_as(fill: Any) -> Any:
    """A mistake in what an empty cluster gets."""

    def mistaken(points: np.ndarray, assignment: np.ndarray, centres: np.ndarray) -> np.ndarray:
        moved = update(points, assignment, centres)
        empty = np.bincount(assignment, minlength=len(centres)) == 0
        moved[empty] = fill(points)
        return moved

    return mistaken


def _with_members(change: Any) -> Any:
    """A mistake in what is made of a cluster's points."""

    def mistaken(points: np.ndarray, assignment: np.ndarray, centres: np.ndarray) -> np.ndarray:
        moved = centres.astype(float)
        for k in np.unique(assignment):
            moved[k] = change(points[assignment == k], centres[k])
        return moved

    return mistaken


def _only_full(points: np.ndarray, assignment: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return update(points, assignment, centres)[np.unique(assignment)]


UPDATE = Exercise(
    reference=update,
    cases=_update_cases,
    mistakes={
        "A cluster without points becomes nan, the mean of nothing: it keeps its centre.": (
            _empty_as(lambda points: np.nan)
        ),
        "A cluster without points moves to the origin: it keeps its centre.": (
            _empty_as(lambda points: 0.0)
        ),
        "A cluster without points moves to the mean of all points: it keeps its centre.": (
            _empty_as(lambda points: points.mean(axis=0))
        ),
        "A cluster without points is dropped, its row with it: it keeps its centre.": _only_full,
        "These are sums: divide each by the number of points in the cluster.": (
            _with_members(lambda members, centre: members.sum(axis=0))
        ),
        "These are medians: the mean makes the sum of squared distances smallest.": (
            _with_members(lambda members, centre: np.median(members, axis=0))
        ),
        "The old centre is averaged in: the new centre is the mean of the points alone.": (
            _with_members(
                lambda members, centre: (members.sum(axis=0) + centre) / (len(members) + 1)
            ),
            _with_members(lambda members, centre: (members.mean(axis=0) + centre) / 2),
        ),
        "All coordinates of a centre are the same: take the mean along the points, axis 0.": (
            _with_members(lambda members, centre: members.mean())
        ),
        "Sums are divided by the number of all points: divide by the number in the cluster.": (
            lambda points, assignment, centres: np.where(
                (np.bincount(assignment, minlength=len(centres)) > 0)[:, None],
                (np.eye(len(centres))[assignment].T @ points) / len(points),
                centres,
            )
        ),
        "The centres stay where they were: move each to the mean of its points.": (
            lambda points, assignment, centres: centres.astype(float)
        ),
        "The points were assigned anew: use the assignment that is given.": (
            lambda points, assignment, centres: update(points, assign(points, centres), centres)
        ),
    },
    entry=_by_centre,
)

# ----------------------------------------------------------------------------------------------
# 3.3 Inertia


def _inertia_cases(rng: np.random.Generator) -> Cases:
    sizes = [(2, 1, 2), (4, 2, 2), (5, 2, 3), (8, 3, 4), (30, 5, 6)]
    nearest, given = [], []
    for size in sizes:
        for _ in range(2):
            points, centres = _points_and_centres(rng, *size)
            if len(points) < 5:  # small values, on which a small error is seen
                points, centres = points / 100, centres / 100
            nearest.append((points, centres, assign(points, centres)))
            assignment = rng.integers(0, len(centres), len(points))
            assignment[0] = cdist(points[:1], centres).argmax()
            given.append((points, centres, assignment))
    return {"each point in its nearest cluster": nearest, "any assignment": given}


def inertia(points: np.ndarray, centres: np.ndarray, assignment: np.ndarray) -> float:
    """Sum of squared distances to the own centres."""
    return clustering.inertia(points, centres, assignment)


INERTIA = Exercise(
    reference=inertia,
    cases=_inertia_cases,
    mistakes={
        "The distances are not squared before they are added.": (
            lambda points, centres, a: np.linalg.norm(points - centres[a], axis=1).sum()
        ),
        "This is the mean over the points: inertia is the sum.": (
            lambda points, centres, a: inertia(points, centres, a) / len(points)
        ),
        "This is the mean over points and coordinates: inertia is the sum.": (
            lambda points, centres, a: np.mean((points - centres[a]) ** 2)
        ),
        "This is the square root of the inertia: leave the root out.": (
            lambda points, centres, a: np.sqrt(inertia(points, centres, a))
        ),
        "The absolute differences are added: square them.": (
            lambda points, centres, a: np.abs(points - centres[a]).sum()
        ),
        "Every point is measured to its nearest centre: use the assignment that is given.": (
            lambda points, centres, a: _squared(points, centres).min(axis=1).sum()
        ),
        "Every point is measured to all centres: only its own counts.": (
            lambda points, centres, a: _squared(points, centres).sum()
        ),
        "Every point is measured to the mean of its cluster: use the centres that are given.": (
            lambda points, centres, a: inertia(points, update(points, a, centres), a)
        ),
        "The result is cut to a whole number: compute and store floats.": (
            lambda points, centres, a: int(inertia(points, centres, a))
        ),
        "There is one value for each point: add them up.": (
            lambda points, centres, a: np.sum((points - centres[a]) ** 2, axis=1)
        ),
        "There is one value for each coordinate: add up over these as well.": (
            lambda points, centres, a: np.sum((points - centres[a]) ** 2, axis=0)
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 3.4 k-means


def _kmeans_cases(rng: np.random.Generator) -> Cases:
    to_end: list[Arguments] = []
    cut: list[Arguments] = []
    sizes = [(5, 1, 2), (8, 2, 2), (12, 2, 3), (30, 2, 4), (60, 3, 5)]
    while len(to_end) < 10 or len(cut) < 8:
        points, centres = _points_and_centres(rng, *sizes[(len(to_end) + len(cut)) % len(sizes)])
        rounds = kmeans(points, centres, 100)["rounds"]
        if rounds >= 3 and len(cut) < 8:
            cut.append((points, centres, int(rng.integers(1, rounds - 1))))
        elif rounds >= 2 and len(to_end) < 10:
            to_end.append((points, centres, 100))
    crowded = np.array(
        [[0.0, 0.0], [50.0, 50.0], [60.0, 60.0]]
    )  # the last two lose all their points
    to_end.append((np.round(rng.normal(0, 1, (6, 2)), 2), crowded, 100))
    return {"to the end": to_end, "stopped by max_rounds": cut}


def kmeans(points: np.ndarray, centres: np.ndarray, max_rounds: int) -> dict[str, Any]:
    """Rounds of update and assign until no point changes its cluster."""
    centres, assignment, rounds = np.asarray(centres, float), assign(points, centres), 0
    while rounds < max_rounds:
        centres, previous = update(points, assignment, centres), assignment
        assignment, rounds = assign(points, centres), rounds + 1
        if np.array_equal(assignment, previous):
            break
    return {"centres": centres, "assignment": assignment, "rounds": rounds}


def _changed(**changes: Any) -> Any:
    """A mistake in parts of the result; each change gets the right result, points and centres."""

    def mistaken(points: np.ndarray, centres: np.ndarray, max_rounds: int) -> dict[str, Any]:
        right = kmeans(points, centres, max_rounds)
        return right | {part: change(right, points, centres) for part, change in changes.items()}

    return mistaken


def _late(points: np.ndarray, centres: np.ndarray, max_rounds: int) -> dict[str, Any]:
    """The assignment belongs to the centres before the last update."""
    result = kmeans(points, centres, max_rounds)
    before = kmeans(points, centres, result["rounds"] - 1)
    return result | {"assignment": before["assignment"]}


def _until_the_centres_rest(
    points: np.ndarray, centres: np.ndarray, max_rounds: int
) -> dict[str, Any]:
    """One round more than needed, to see that no centre moves."""
    right = kmeans(points, centres, max_rounds)
    further = kmeans(points, centres, max_rounds + 1)
    at_rest = np.array_equal(right["assignment"], further["assignment"])
    return right | {"rounds": min(right["rounds"] + at_rest, max_rounds)}


KMEANS = Exercise(
    reference=kmeans,
    cases=_kmeans_cases,
    mistakes={
        "It does a single round: repeat until no point changes its cluster.": (
            lambda points, centres, m: kmeans(points, centres, 1)
        ),
        "It always does max_rounds rounds: stop after the first in which no point changes its "
        "cluster.": (lambda points, centres, m: kmeans(points, centres, m) | {"rounds": m}),
        "It does not stop after max_rounds rounds.": (
            lambda points, centres, m: kmeans(points, centres, 10**4)
        ),
        "It does one round more than max_rounds.": (
            lambda points, centres, m: kmeans(points, centres, m + 1)
        ),
        "It does one round less than max_rounds.": (
            lambda points, centres, m: kmeans(points, centres, m - 1)
        ),
        "The rounds are counted from 0, or the last one is left out: count it as well.": (
            _changed(rounds=lambda right, *_: right["rounds"] - 1)
        ),
        "There is one round too many: stop when no point changes its cluster, not when no centre "
        "moves, and do not count the assignment to the first centres.": (
            _until_the_centres_rest,
            _changed(rounds=lambda right, *_: right["rounds"] + 1),
        ),
        "The assignment belongs to the centres before the last update: a round ends with assign.": (
            _late
        ),
        "The centres were updated once more after the last assign: end the round with assign.": (
            _changed(
                centres=lambda right, points, _: update(
                    points, right["assignment"], right["centres"]
                )
            )
        ),
        "The centres are those of the start: keep what update returns.": (
            _changed(centres=lambda right, points, centres: centres)
        ),
        "The clusters are sorted: keep them in the order of the starting centres.": (
            _changed(centres=lambda right, *_: np.sort(right["centres"], axis=0)[::-1])
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 3.5 k-means++


def _chances_cases(rng: np.random.Generator) -> Cases:
    one, several = [], []
    for count, dimensions, clusters in [(3, 1, 2), (4, 2, 2), (5, 2, 3), (7, 3, 3), (20, 5, 6)]:
        for _ in range(2):
            points = _cloud(rng, count, dimensions, 3)
            order = rng.permutation(count)
            one.append((points, points[order[:1]]))
            several.append((points, points[order[:clusters]]))
    corner = np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0]])
    return {
        "one centre": one,
        "several centres": several,
        "every point is a centre": [(corner, corner[[0, 2]]), (corner[:3], corner[[0, 2]])],
    }


def next_centre_chances(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Probability of each point to become the next centre of k-means++."""
    return _share(_squared(points, centres).min(axis=1))


def _share(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total else np.full(len(values), 1 / len(values))


def _zero_if_all_are_centres(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    squared = _squared(points, centres).min(axis=1)
    return squared / max(squared.sum(), 1e-300)


CHANCES = Exercise(
    reference=next_centre_chances,
    cases=_chances_cases,
    mistakes={
        "Where every point is a centre, the chances are all 0: they must still add up to one, all "
        "points being equally likely.": _zero_if_all_are_centres,
        "The chances go with the distance: k-means++ takes the squared distance.": (
            lambda points, centres: _share(cdist(points, centres).min(axis=1))
        ),
        "These are squared distances: divide by their sum, so that the chances add up to one.": (
            lambda points, centres: _squared(points, centres).min(axis=1)
        ),
        "The largest is divided to one: divide by the sum, so that the chances add up to one.": (
            lambda points, centres: (
                _squared(points, centres).min(1)
                / max(_squared(points, centres).min(1).max(), 1e-300)
            )
        ),
        "The distance to the farthest centre counts: take the nearest.": (
            lambda points, centres: _share(_squared(points, centres).max(axis=1))
        ),
        "The distances to all centres are added: take the nearest centre of each point.": (
            lambda points, centres: _share(_squared(points, centres).sum(axis=1))
        ),
        "Only the first centre is asked: take the nearest of all.": (
            lambda points, centres: _share(_squared(points, centres[:1])[:, 0])
        ),
        "Only the last centre is asked: take the nearest of all.": (
            lambda points, centres: _share(_squared(points, centres[-1:])[:, 0])
        ),
        "All points are equally likely: the farther a point from its centre, the likelier.": (
            lambda points, centres: _share(np.ones(len(points)))
        ),
        "The farthest point is chosen for certain: it is only the likeliest.": (
            lambda points, centres: np.eye(len(points))[_squared(points, centres).min(1).argmax()]
        ),
        "Where every point is a centre, the chances are nan: make all points equally likely.": (
            lambda points, centres: (
                _squared(points, centres).min(1)
                / np.float64(_squared(points, centres).min(1).sum())
            )
        ),
    },
    entry=_by_point,
)

# ----------------------------------------------------------------------------------------------
# 3.6 Silhouette, 3.7 choice of K


def _silhouette_cases(rng: np.random.Generator) -> Cases:
    def case(count: int, dimensions: int, clusters: int, single: bool) -> Arguments:
        points = _cloud(rng, count, dimensions, clusters)
        assignment = np.resize(np.repeat(np.arange(clusters - single), 2), count - single)
        assignment = np.append(assignment, [clusters - 1] * single)
        return points, rng.permutation(assignment)

    sizes = [(4, 1, 2), (5, 2, 2), (7, 2, 3), (9, 3, 3), (20, 4, 4)]
    several = [case(*size, False) for size in sizes for _ in range(2)]
    single = [case(*size, True) for size in sizes for _ in range(2)]
    return {"clusters of several points": several, "a cluster of one point": single}


def silhouette(points: np.ndarray, assignment: np.ndarray) -> np.ndarray:
    """Silhouette of each point; 0 in a cluster of one."""
    return _silhouette(points, assignment)


def _silhouette(
    points: np.ndarray,
    assignment: np.ndarray,
    *,
    distance: str = "euclidean",
    with_itself: bool = False,
    other: str = "nearest cluster",
    single: float = 0.0,
    divide: Any = np.maximum,
) -> np.ndarray:
    """The silhouette, and what becomes of it if a step is done otherwise."""
    apart = cdist(points, points, distance)
    values = np.full(len(points), single)
    for i, number in enumerate(assignment.tolist()):
        own = assignment == number
        size = own.sum() - (not with_itself)
        if own.sum() == 1 and not (with_itself and single):
            continue
        a = apart[i, own].sum() / size
        others = [apart[i, assignment == k] for k in np.unique(assignment) if k != number]
        b = {
            "nearest cluster": min(part.mean() for part in others),
            "farthest cluster": max(part.mean() for part in others),
            "nearest point": min(part.min() for part in others),
            "all others": np.concatenate(others).mean(),
        }[other]
        values[i] = (b - a) / divide(a, b)
    return values


def _to_centres(points: np.ndarray, assignment: np.ndarray) -> np.ndarray:
    numbers, index = np.unique(assignment, return_inverse=True)
    centres = np.stack([points[assignment == k].mean(axis=0) for k in numbers])
    apart = cdist(points, centres)
    a = apart[np.arange(len(points)), index]
    apart[np.arange(len(points)), index] = np.inf
    b = apart.min(axis=1)
    return np.where(np.bincount(index)[index] == 1, 0, (b - a) / np.maximum(a, b))


def _changed_silhouette(**changes: Any) -> Any:
    return lambda points, assignment: _silhouette(points, assignment, **changes)


SILHOUETTE = Exercise(
    reference=silhouette,
    cases=_silhouette_cases,
    mistakes={
        "The distance of a point to itself counts in a: divide by one point less.": (
            _changed_silhouette(with_itself=True)
        ),
        "As b stands the mean distance to all other points: take the nearest cluster.": (
            _changed_silhouette(other="all others")
        ),
        "As b stands the distance to the nearest point: take the mean over each cluster first.": (
            _changed_silhouette(other="nearest point")
        ),
        "As b stands the mean over the farthest cluster: take the nearest.": (
            _changed_silhouette(other="farthest cluster")
        ),
        "The distances are squared: the silhouette takes them as they are.": (
            _changed_silhouette(distance="sqeuclidean")
        ),
        "The sign is wrong: a point deep inside its cluster has a positive silhouette.": (
            lambda points, assignment: -silhouette(points, assignment)
        ),
        "The difference is divided by a + b: divide by the larger of the two.": (
            _changed_silhouette(divide=np.add)
        ),
        "The difference is divided by the smaller of the two: divide by the larger.": (
            _changed_silhouette(divide=np.minimum)
        ),
        "A point alone in its cluster has silhouette 1: by convention it is 0.": (
            _changed_silhouette(single=1.0)
        ),
        "A point alone in its cluster is nan, 0 divided by 0: by convention it is 0.": (
            _changed_silhouette(single=np.nan)
        ),
        "Distances to the centres are used: take mean distances to the points.": _to_centres,
        "This is the mean silhouette: expected is one value for each point.": (
            lambda points, assignment: silhouette(points, assignment).mean()
        ),
    },
    entry=_by_point,
)


def _choice_cases(rng: np.random.Generator) -> Cases:
    cases: list[Arguments] = []
    while len(cases) < 11:
        true = 2 + len(cases) % 4
        middles = 25 * rng.permutation(9)[:true, None] + np.array([[0, 40]])
        spread = 3 if len(cases) < 9 else 24  # in the last two the groups run into each other
        points = np.round(np.repeat(middles, 4, axis=0) + rng.normal(0, spread, (4 * true, 2)), 1)
        numbers = rng.permutation([2, 3, 4, 5])[: 2 + len(cases) % 3].tolist()
        assignments = [clustering.kmeans(points, k, seed=len(cases)).assignment for k in numbers]
        scores = sorted(silhouette(points, a).mean() for a in assignments)
        if scores[-1] - scores[-2] <= 0.01 or any(len(np.unique(a)) < 2 for a in assignments):
            continue
        by_median = _chosen(_median_silhouette)(points, assignments)
        if len(cases) < 9 or by_median != choose_k(points, assignments):
            cases.append((points, assignments))
    return {"choice": cases}


def choose_k(points: np.ndarray, assignments: list[np.ndarray]) -> int:
    """Number of clusters of the assignment with the highest mean silhouette."""
    return _chosen(lambda points, a: silhouette(points, a).mean())(points, assignments)


def _chosen(score: Any, result: Any = None) -> Any:
    """The assignment of the highest score, and what is told of it: its K, or something else."""

    def choice(points: np.ndarray, assignments: list[np.ndarray]) -> Any:
        scores = [score(points, assignment) for assignment in assignments]
        best = int(np.argmax(scores))
        return result(best, scores) if result else len(np.unique(assignments[best]))

    return choice


def _mean_silhouette(points: np.ndarray, assignment: np.ndarray) -> float:
    return float(silhouette(points, assignment).mean())


def _median_silhouette(points: np.ndarray, assignment: np.ndarray) -> float:
    return float(np.median(silhouette(points, assignment)))


def _minus_inertia(points: np.ndarray, assignment: np.ndarray) -> float:
    centres = np.zeros((assignment.max() + 1, points.shape[1]))
    return -inertia(points, update(points, assignment, centres), assignment)


CHOOSE_K = Exercise(
    reference=choose_k,
    cases=_choice_cases,
    mistakes={
        "This is the position in the list: expected is the number of clusters found there.": (
            _chosen(_mean_silhouette, lambda best, scores: best)
        ),
        "This is the K of the lowest mean silhouette: take the highest.": (
            _chosen(lambda points, a: -_mean_silhouette(points, a))
        ),
        "This is the K of the lowest inertia: that always falls with K, take the silhouette.": (
            _chosen(_minus_inertia)
        ),
        "This is the highest mean silhouette: expected is its number of clusters.": (
            _chosen(_mean_silhouette, lambda best, scores: scores[best])
        ),
        "This is the highest cluster number: numbers begin at 0, so there is one cluster more.": (
            lambda points, assignments: choose_k(points, assignments) - 1
        ),
        "This is the K of the highest median silhouette: compare the means.": (
            _chosen(_median_silhouette)
        ),
        "This is the K of the best single point: compare the means over all points.": (
            _chosen(lambda points, a: silhouette(points, a).max())
        ),
        "This is the K of the worst single point: compare the means over all points.": (
            _chosen(lambda points, a: silhouette(points, a).min())
        ),
    },
)

EXERCISES = {
    "3.1": ASSIGN,
    "3.2": UPDATE,
    "3.3": INERTIA,
    "3.4": KMEANS,
    "3.5": CHANCES,
    "3.6": SILHOUETTE,
    "3.7": CHOOSE_K,
}
