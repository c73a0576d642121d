"""How fast are the course's classical functions beside those of other libraries?

Every candidate's answer is compared before anything is timed: where the definitions agree the
answers must be equal, elsewhere the result says how far they agree.
"""

import numpy as np
from scipy import ndimage
from side_by_side import patiently, print_timings, time_side_by_side
from skimage import feature, filters, segmentation
from sklearn.cluster import KMeans, MiniBatchKMeans

from course_utils import clustering, edges
from course_utils.datasets.pictures import load_picture, picture_names
from course_utils.thresholding import grey_histogram, grey_levels, otsu_threshold

K = 5
KMEANS_PICTURES = ("astronaut", "coffee", "immunohistochemistry", "motorcycle")
SEEDS = range(2)  # of one timed call: how many rounds k-means needs depends on the start
SCORED_SEEDS = range(10)
SIGMA, LOW, HIGH = 2.0, 0.1, 0.2  # Canny, on grey levels 0 to 1
PICTURE = "astronaut"  # 512 x 512, for what is timed on one picture


def peers():
    """Timings by title of the case. k-means has "inertia" beside its times.

    That is the share above the inertia of scikit-learn's KMeans with ten starts, or below it.
    """
    cases = {}
    for name in KMEANS_PICTURES:
        rows, columns = load_picture(name).label_map.shape
        title = f"k-means of {name}, {rows} x {columns}, K = {K}"
        cases[title] = compare_kmeans(name, slow=False)
        if name == PICTURE:
            cases[f"{title}, slow ways"] = compare_kmeans(name, slow=True)
    for title, ways in (
        ("Otsu's threshold", otsu_ways()),
        ("gradient magnitude (Sobel)", sobel_ways()),
        ("Canny", canny_ways()),
        ("SLIC, 400 super-pixels", slic_ways()),
    ):
        cases[f"{title} of {PICTURE}, 512 x 512"] = patiently(time_side_by_side, ways)
    for title, timings in cases.items():
        print_timings(title, timings)
        for way, timing in timings.items():
            if "inertia" in timing:
                print(f"    inertia {timing['inertia']} of {way}")
    return cases


def kmeans_ways(image, slow):
    """Ways from a seed to a label map, by name; ours first. Peers get floats, made beforehand."""
    pixels = image.reshape(-1, 3)
    floats = pixels.astype(np.float32)
    ours = {
        "course_utils, colours": lambda seed: clustering.kmeans_of_colours(image, K, seed=seed)[0]
    }
    if slow:
        return ours | {
            "course_utils, pixels": lambda seed: (
                clustering.kmeans(pixels, K, seed=seed, starts=1, tolerance=1e-4).assignment
            ),
            "scikit-learn MiniBatchKMeans": lambda seed: (
                MiniBatchKMeans(K, random_state=seed).fit(floats).labels_
            ),
        }
    return ours | {
        "scikit-learn KMeans, 1 start": lambda seed: (
            KMeans(K, n_init=1, random_state=seed).fit(floats).labels_
        ),
        "scikit-learn KMeans, 4 starts": lambda seed: (
            KMeans(K, n_init=4, random_state=seed).fit(floats).labels_
        ),
    }


def inertia_of(image, label_map):
    """Sum of the squared distances of all pixels to the mean colour of their cluster."""
    pixels, labels = image.reshape(-1, 3).astype(float), label_map.ravel()
    count = np.bincount(labels, minlength=K)
    totals = np.stack([np.bincount(labels, channel, minlength=K) for channel in pixels.T])
    return float((pixels**2).sum() - (totals**2 / np.maximum(count, 1)).sum())


def compare_kmeans(name, slow):
    """Mean time over a few seeds, and inertia over more of them."""
    # KMeans() alone means one start of k-means++ since scikit-learn 1.4.
    assert (KMeans().n_init, KMeans().init) == ("auto", "k-means++")
    image = load_picture(name).image
    ways = kmeans_ways(image, slow)

    def all_seeds(cluster):
        for seed in SEEDS:
            cluster(seed)

    calls = {way: lambda c=cluster: all_seeds(c) for way, cluster in ways.items()}
    timings = patiently(time_side_by_side, calls, rounds=9)
    lowest = inertia_of(
        image, KMeans(K, n_init=10, random_state=0).fit(image.reshape(-1, 3)).labels_
    )
    for way, timing in timings.items():
        timing["milliseconds"] = round(timing["milliseconds"] / len(SEEDS), 2)
        found = [inertia_of(image, ways[way](seed)) / lowest - 1 for seed in SCORED_SEEDS]
        timing["inertia"] = {
            f"{word}_above_best": round(float(of(found)), 5)
            for word, of in (("median", np.median), ("mean", np.mean), ("largest", np.max))
        }
    return timings


def otsu_ways():
    """Ways to Otsu's threshold; equal on every picture."""
    ways = {
        "course_utils": lambda grey: otsu_threshold(grey_histogram(grey)),
        "scikit-image": filters.threshold_otsu,
    }
    for name in picture_names():
        grey = grey_levels(load_picture(name).image)
        thresholds = {way: int(find(grey)) for way, find in ways.items()}
        assert len(set(thresholds.values())) == 1, (name, thresholds)
    grey = grey_levels(load_picture(PICTURE).image)
    return {way: lambda f=find: f(grey) for way, find in ways.items()}


def sobel_ways():
    """Ways to the gradient magnitude; equal up to the factor 4 sqrt(2) that lesson 04 explains."""
    levels = grey_levels(load_picture(PICTURE).image) / 255
    np.testing.assert_allclose(
        edges.gradient_magnitude(levels), 4 * np.sqrt(2) * filters.sobel(levels), atol=1e-12
    )
    return {
        "course_utils": lambda: edges.gradient_magnitude(levels),
        "scikit-image": lambda: filters.sobel(levels),
    }


def canny_ways():
    """Ways to Canny's edges. scikit-image compares a pixel with values between its neighbours."""
    levels = grey_levels(load_picture(PICTURE).image) / 255

    def with_stages():
        smooth = ndimage.gaussian_filter(levels, SIGMA)
        thin = edges.non_maximum_suppression(*edges.gradient(smooth))
        return edges.hysteresis(thin, LOW, HIGH)

    def with_library():
        return feature.canny(levels, SIGMA, LOW, HIGH, mode="reflect")

    ours, theirs = with_stages(), with_library()
    for one, other in ((ours, theirs), (theirs, ours)):
        near = ndimage.binary_dilation(other, np.ones((3, 3)))
        print(f"Canny: {near[one].mean():.1%} within a pixel of the other's edges")
        assert near[one].mean() > 0.95
    return {"course_utils": with_stages, "scikit-image": with_library}


def slic_ways():
    """SLIC is used from scikit-image as it is."""
    image = load_picture(PICTURE).image
    return {"scikit-image": lambda: segmentation.slic(image, n_segments=400)}
