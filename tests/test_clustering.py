"""k-means against scikit-learn and by hand; the histogram trick against k-means on pixels."""

import itertools

import numpy as np
import pytest
from sklearn.cluster import KMeans

from course_utils import clustering
from course_utils.datasets.pictures import load_picture


def blobs(seed, count=400, dimensions=3, clusters=4):
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 100, (clusters, dimensions))
    return middles[rng.integers(0, clusters, count)] + rng.normal(0, 12, (count, dimensions))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weighted", [False, True])
def test_kmeans_is_that_of_scikit_learn(seed, weighted):
    points, rng = blobs(seed), np.random.default_rng(seed)
    weights = rng.integers(1, 9, len(points)) if weighted else None
    start = points[rng.choice(len(points), 4, replace=False)]
    ours = clustering.kmeans(points, 4, centres=start, weights=weights)
    library = KMeans(4, init=start, n_init=1, tol=0, algorithm="lloyd").fit(points, None, weights)
    np.testing.assert_array_equal(ours.assignment, library.labels_)
    np.testing.assert_allclose(ours.centres, library.cluster_centers_)
    np.testing.assert_allclose(ours.inertia, library.inertia_)


def test_kmeans_on_a_picture_is_that_of_scikit_learn():
    points = load_picture("coffee").image[::5, ::5].reshape(-1, 3).astype(float)
    start = points[:: len(points) // 5][:5]
    ours = clustering.kmeans(points, 5, centres=start)
    library = KMeans(5, init=start, n_init=1, tol=0, algorithm="lloyd").fit(points)
    np.testing.assert_array_equal(ours.assignment, library.labels_)
    np.testing.assert_allclose(ours.inertia, library.inertia_)


def test_inertia_never_rises_and_the_end_is_a_rest():
    for seed in range(20):
        points = blobs(seed, count=60)
        result = clustering.kmeans(points, 5, seed=seed, starts=1)
        assert (np.diff(result.history) <= 1e-9 * result.history[0]).all()
        assert result.history[-1] == result.inertia
        assert result.rounds == len(result.history) - 1
        again = clustering.kmeans(points, 5, centres=result.centres)
        np.testing.assert_allclose(again.centres, result.centres)
        assert again.rounds == 1


def test_assign_takes_the_first_of_equally_near_centres():
    centres = np.array([[4.0], [0.0], [4.0]])
    np.testing.assert_array_equal(clustering.assign(np.array([[2.0], [5.0]]), centres), [0, 0])


def test_assign_in_blocks_is_assign_at_once(monkeypatch):
    points, centres = blobs(0), blobs(1, count=30)
    whole = clustering.assign(points, centres)
    monkeypatch.setattr(clustering, "_BLOCK", 1000)
    np.testing.assert_array_equal(clustering.assign(points, centres), whole)
    distance = np.linalg.norm(points[:, None] - centres, axis=2)
    np.testing.assert_array_equal(whole, distance.argmin(axis=1))


def test_a_picture_of_bytes_does_not_wrap_round():
    points = np.array([[10, 0, 0], [250, 0, 0]], dtype=np.uint8)
    assert clustering.assign(points, points).tolist() == [0, 1]
    assert clustering.inertia(points, points[[1, 0]], np.array([0, 1])) == 2 * 240**2


def test_an_empty_cluster_keeps_its_centre():
    points, centres = np.array([[1.0, 1.0], [3.0, 3.0]]), np.array([[0.0, 0.0], [99.0, 99.0]])
    moved = clustering.update(points, np.array([0, 0]), centres)
    np.testing.assert_array_equal(moved, [[2, 2], [99, 99]])
    np.testing.assert_array_equal(centres, [[0, 0], [99, 99]])


def test_a_weight_counts_a_point_several_times():
    points, weights = blobs(3, count=50), np.random.default_rng(0).integers(1, 5, 50)
    start = points[:3]
    once = clustering.kmeans(points, 3, centres=start, weights=weights)
    often = clustering.kmeans(np.repeat(points, weights, axis=0), 3, centres=start)
    np.testing.assert_allclose(once.centres, often.centres)
    np.testing.assert_allclose(once.inertia, often.inertia)


def test_the_best_of_several_starts_is_kept():
    points = blobs(5, clusters=8)
    one, many = (clustering.kmeans(points, 8, seed=1, starts=n).inertia for n in (1, 10))
    assert many <= one


def test_a_tolerance_stops_earlier():
    points = blobs(2)
    start = points[:4]
    exact = clustering.kmeans(points, 4, centres=start)
    early = clustering.kmeans(points, 4, centres=start, tolerance=0.01)
    cut = clustering.kmeans(points, 4, centres=start, max_rounds=1)
    assert 1 == cut.rounds < early.rounds < exact.rounds


def test_plus_plus_draws_by_squared_distance():
    points, weights = np.array([[0.0], [1.0], [3.0], [7.0]]), np.array([1, 2, 1, 1])
    expected: dict[tuple, float] = {}
    for first, second in itertools.product(range(4), repeat=2):
        chance = weights * (points[:, 0] - points[first, 0]) ** 2
        pair = (points[first, 0], points[second, 0])
        expected[pair] = weights[first] / 5 * chance[second] / chance.sum()
    rng, draws = np.random.default_rng(0), 20_000
    drawn = [tuple(clustering.plus_plus(points, 2, rng, weights)[:, 0]) for _ in range(draws)]
    for pair, chance in expected.items():
        assert drawn.count(pair) / draws == pytest.approx(chance, abs=0.012)


def test_plus_plus_repeats_a_point_only_if_it_must():
    points = np.repeat([[0.0], [5.0], [9.0]], 4, axis=0)
    for seed in range(30):
        three, four = (
            clustering.plus_plus(points, k, np.random.default_rng(seed))[:, 0] for k in (3, 4)
        )
        assert sorted(three) == [0, 5, 9]
        assert set(four) == {0, 5, 9}


@pytest.mark.parametrize("bits", [1, 4, 5, 8])
def test_the_histogram_holds_the_mean_colour_of_its_bins(bits):
    image = load_picture("rocket").image[::3, ::3]
    colours, counts, index = clustering.colour_histogram(image, bits)
    shift = 8 - bits
    bins, inverse = np.unique(image.reshape(-1, 3) >> shift, axis=0, return_inverse=True)
    assert len(colours) == len(bins)
    assert counts.sum() == image[..., 0].size
    for row in range(0, len(colours), max(len(colours) // 50, 1)):
        pixels = image[index == row]
        assert len(pixels) == counts[row]
        assert len(np.unique(pixels >> shift, axis=0)) == 1
        np.testing.assert_allclose(colours[row], pixels.mean(axis=0))
    assert len(np.unique(inverse * len(colours) + index.reshape(-1))) == len(bins)


def test_with_all_bits_the_histogram_gives_the_same_clusters():
    image = load_picture("cat").image[::4, ::4]
    pixels = image.reshape(-1, 3).astype(float)
    colours, counts, index = clustering.colour_histogram(image, bits=8)
    by_pixel = clustering.kmeans(pixels, 4, centres=pixels[:4])
    by_colour = clustering.kmeans(colours, 4, centres=pixels[:4], weights=counts)
    np.testing.assert_allclose(by_pixel.centres, by_colour.centres)
    np.testing.assert_array_equal(by_pixel.assignment, by_colour.assignment[index].reshape(-1))


@pytest.mark.parametrize("name", ["astronaut", "coffee", "rocket", "immunohistochemistry"])
@pytest.mark.parametrize("seed", [0, 1])
def test_colours_are_clustered_within_one_percent_of_scikit_learn(name, seed):
    image = load_picture(name).image
    pixels = image.reshape(-1, 3).astype(np.float32)
    best = KMeans(5, n_init=3, random_state=0).fit(pixels[::9])
    known = clustering.assign(pixels, best.cluster_centers_)
    limit = 1.01 * clustering.inertia(pixels, best.cluster_centers_, known)
    label_map, centres = clustering.kmeans_of_colours(image, 5, seed=seed)
    assert clustering.inertia(pixels, centres, label_map.reshape(-1)) <= limit
    size = np.bincount(label_map.reshape(-1), minlength=5)
    assert (np.diff(size) <= 0).all()
    assert label_map.shape == image.shape[:2]
    assert label_map.dtype == np.uint8


def test_colours_are_clustered_the_same_way_each_time():
    image = load_picture("coffee").image
    first, second = (clustering.kmeans_of_colours(image, 6, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_a_picture_of_few_colours_is_split_exactly():
    image = np.zeros((4, 6, 3), dtype=np.uint8)
    image[:2, :, 0], image[2:, :2, 2] = 200, 90
    label_map, centres = clustering.kmeans_of_colours(image, 3)
    np.testing.assert_array_equal(centres[label_map], image)


def test_clusters_are_named_by_the_majority_of_the_pixels_that_vote():
    label_map = np.array([[0, 0, 1, 1], [0, 2, 2, 2]])
    target = np.array([[1, 1, 1, 0], [0, 1, 0, 0]], dtype=bool)
    np.testing.assert_array_equal(clustering.name_by_majority(label_map, target), label_map == 0)
    votes = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], dtype=bool)
    everything = clustering.name_by_majority(label_map, target, votes)
    np.testing.assert_array_equal(everything, np.ones_like(target))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clustering.assign(np.zeros(3), np.zeros((1, 1))), "points must have shape"),
        (
            lambda: clustering.assign(np.zeros((3, 2)), np.zeros((2, 3))),
            r"\(K, 2\) .* got \(2, 3\)",
        ),
        (lambda: clustering.assign(np.zeros((3, 2)), np.zeros((0, 2))), "K at least 1"),
        (lambda: clustering.kmeans(np.zeros((3, 1)), 4), "number of points, 3, got 4"),
        (lambda: clustering.kmeans(np.zeros((3, 1)), 2, starts=0), "starts must be at least 1"),
        (
            lambda: clustering.kmeans(np.zeros((3, 1)), 2, centres=np.zeros((1, 1))),
            "one row for each of the 2 clusters, got 1",
        ),
        (lambda: clustering.colour_histogram(np.zeros((2, 2), np.uint8)), "got uint8"),
        (lambda: clustering.colour_histogram(np.zeros((2, 2, 3))), "got float64"),
        (lambda: clustering.colour_histogram(np.zeros((2, 2, 3), np.uint8), 9), "bits must be 1"),
        (
            lambda: clustering.kmeans_of_colours(np.zeros((2, 2, 3), np.uint8), 2),
            "different colours .* 1, got 2",
        ),
    ],
)
def test_what_cannot_be_clustered_is_explained(call, message):
    with pytest.raises(ValueError, match=message):
        call()
