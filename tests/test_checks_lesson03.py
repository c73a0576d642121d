"""How strong the checks of lesson 03 are: what `test_check_strength` cannot know."""

import numpy as np
import pytest
from lesson_checks import groups, verdicts
from scipy.cluster.vq import vq
from scipy.spatial.distance import cdist

from course_utils.checks import lesson03
from course_utils.checks.check import find_exercise
from course_utils.checks.exercise import judge


def assign_by_loop(points, centres):
    numbers = []
    for point in points.tolist():
        distances = [
            sum((p - c) ** 2 for p, c in zip(point, centre, strict=True))
            for centre in centres.tolist()
        ]
        numbers.append(distances.index(min(distances)))
    return numbers


def assign_by_scipy(points, centres):
    return vq(points.astype(float), centres.astype(float))[0].astype(np.uint8)


def assign_by_product(points, centres):
    points, centres = points.astype(np.float64), centres.astype(np.float64)
    return np.argmax(points @ centres.T - np.sum(centres**2, axis=1) / 2, axis=1)


def update_by_one_hot(points, assignment, centres):
    one_hot = np.eye(len(centres))[assignment]  # (N, K)
    count = one_hot.sum(axis=0)[:, None]
    return np.where(count > 0, one_hot.T @ points / np.maximum(count, 1), centres)


def update_by_lists(points, assignment, centres):
    moved = centres.tolist()
    for k in set(assignment.tolist()):
        members = [p for p, a in zip(points.tolist(), assignment.tolist(), strict=True) if a == k]
        moved[k] = [sum(column) / len(members) for column in zip(*members, strict=True)]
    return moved


def inertia_by_loop(points, centres, assignment):
    return sum(
        float(np.linalg.norm(p - centres[a])) ** 2 for p, a in zip(points, assignment, strict=True)
    )


def inertia_in_single_precision(points, centres, assignment):
    return np.square(points - centres[assignment], dtype=np.float64).sum().astype(np.float32)


def kmeans_by_for(points, centres, max_rounds):
    nearest = cdist(points, centres).argmin(axis=1)
    for rounds in range(1, max_rounds + 1):  # noqa: B007
        centres = update_by_one_hot(points, nearest, centres)
        before, nearest = nearest, cdist(points, centres).argmin(axis=1)
        if (before == nearest).all():
            break
    return {"rounds": rounds, "assignment": nearest.tolist(), "centres": centres, "more": None}


def kmeans_by_recursion(points, centres, max_rounds, rounds=0, before=None):
    now = assign_by_scipy(points, centres)
    if rounds == max_rounds or (before is not None and np.array_equal(now, before)):
        return {"centres": centres, "assignment": now, "rounds": float(rounds)}
    moved = update_by_one_hot(points, now, centres)
    return kmeans_by_recursion(points, moved, max_rounds, rounds + 1, now)


def chances_by_scipy(points, centres):
    squared = cdist(points, centres, "sqeuclidean").min(axis=1)
    return squared / squared.sum() if squared.any() else np.ones(len(points)) / len(points)


def chances_by_loop(points, centres):
    nearest = [min(float(((p - c) ** 2).sum()) for c in centres) for p in points]
    return [d / sum(nearest) if sum(nearest) else 1 / len(points) for d in nearest]


def silhouette_by_sklearn(points, assignment):
    from sklearn.metrics import silhouette_samples

    return silhouette_samples(points, assignment)


def silhouette_by_table(points, assignment):
    numbers, index = np.unique(assignment, return_inverse=True)
    one_hot = np.eye(len(numbers))[index]
    count = one_hot.sum(axis=0)
    sums = cdist(points, points) @ one_hot
    own = np.take_along_axis(sums, index[:, None], axis=1)[:, 0]
    a = own / np.maximum(count[index] - 1, 1)
    b = np.where(one_hot == 1, np.inf, sums / count).min(axis=1)
    return np.where(count[index] == 1, 0, (b - a) / np.maximum(a, b)).astype(np.float32)


def choose_by_sklearn(points, assignments):
    from sklearn.metrics import silhouette_score

    scores = {len(set(a.tolist())): silhouette_score(points, a) for a in assignments}
    return np.int64(max(scores, key=scores.get))


OTHER_RIGHT_ANSWERS = [
    ("3.1", assign_by_loop),
    ("3.1", assign_by_scipy),
    ("3.1", assign_by_product),
    ("3.2", update_by_one_hot),
    ("3.2", update_by_lists),
    ("3.3", inertia_by_loop),
    ("3.3", inertia_in_single_precision),
    ("3.4", kmeans_by_for),
    ("3.4", kmeans_by_recursion),
    ("3.5", chances_by_scipy),
    ("3.5", chances_by_loop),
    ("3.6", silhouette_by_sklearn),
    ("3.6", silhouette_by_table),
    ("3.7", choose_by_sklearn),
]
EQUIVALENT = {
    ("3.1", "np.sum -> np.mean"),  # every distance is divided by the same D: the same is nearest
    ("3.5", "np.sum -> np.mean"),  # all squared distances are divided by D, and then by their sum
    ("3.6", "np.sum -> np.mean"),  # all distances are divided by the root of D: so are a and b
    ("3.6", "max(a, b) -> max(b, a)"),
    ("3.7", "np.mean -> np.sum"),  # every assignment has the same number of points
}


def test_ties_are_of_whole_numbers_only():
    """Of two right answers that round otherwise, both are right; at a tie nothing is rounded."""
    for seed in range(20):
        ties = 0
        for points, centres in groups("3.1", seed)["points"]:
            nearest = np.sort(cdist(points, centres, "sqeuclidean"), axis=1)
            whole = all((each == each.round()).all() for each in (points, centres))
            assert whole or (np.diff(np.sqrt(nearest), axis=1) > 1e-4).all()
            ties += np.sum(nearest[:, 0] == nearest[:, 1])
        assert ties >= 3


def told(number, answer, aspect):
    cases = groups(number)[aspect]
    return judge(find_exercise(number), answer, cases)[0]


def test_stopping_when_the_centres_stop_is_told():
    def late(points, centres, max_rounds):
        assignment = assign_by_loop(points, centres)
        for rounds in range(1, max_rounds + 1):  # noqa: B007
            moved = update_by_one_hot(points, np.array(assignment), centres)
            assignment = assign_by_loop(points, moved)
            if np.allclose(moved, centres):
                break
            centres = moved
        return {"centres": moved, "assignment": assignment, "rounds": rounds}

    assert "not when no centre moves" in told("3.4", late, "to the end")


def test_a_tuple_in_place_of_a_dictionary_is_told():
    def three(*arguments):
        return tuple(lesson03.kmeans(*arguments).values())

    assert "It returns a tuple; expected: a dictionary." in told("3.4", three, "to the end")


def test_zeros_where_every_point_is_a_centre_are_told():
    def zeros(points, centres):
        return np.zeros(len(points))

    assert "still add up to one" in told("3.5", zeros, "every point is a centre")


def test_the_median_silhouette_does_not_pass_for_the_mean():
    for seed in range(10):
        answers = [
            (lesson03.choose_k(*case), lesson03._chosen(lesson03._median_silhouette)(*case))
            for case in groups("3.7", seed)["choice"]
        ]
        assert sum(mean != median for mean, median in answers) >= 2


@pytest.mark.parametrize("aspect", ["to the end", "stopped by max_rounds"])
def test_kmeans_is_cut_or_not(aspect):
    for points, centres, max_rounds in groups("3.4")[aspect]:
        result = lesson03.kmeans(points, centres, max_rounds)
        further = lesson03.kmeans(points, centres, max_rounds + 1)
        cut = not np.array_equal(result["assignment"], further["assignment"])
        assert (result["rounds"] == max_rounds) == (aspect != "to the end")
        assert aspect != "to the end" or not cut


def test_other_numbers_for_the_same_clusters_are_not_the_answer():
    def renumbered(points, centres):
        return len(centres) - 1 - lesson03.assign(points, centres)

    assert len(verdicts("3.1", renumbered)) == 2
