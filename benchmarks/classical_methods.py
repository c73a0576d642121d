"""The classical methods of lessons 02 to 04, each a short function of a picture.

A method of `METHODS` splits a picture into groups of pixels and knows no classes: it returns one
group number per pixel, counted from 0. A method of `INSTANCE_METHODS` finds bright objects on a
dark ground and numbers them from 1. All parameters stand here, those of the lessons where a lesson
has one, and are the same for every picture; none was tuned on these scores.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage import color, feature, filters, morphology, segmentation, transform
from sklearn.cluster import MeanShift

from course_utils.clustering import assign, kmeans, kmeans_of_colours
from course_utils.edges import distance_markers, gradient_magnitude, split_touching
from course_utils.thresholding import (
    grey_histogram,
    grey_levels,
    otsu_threshold,
    valley_threshold,
)

WINDOW, OFFSET = 25, 30  # local mean: pixels a side, levels below the mean (lesson 02)
POSITION_WEIGHT = 1  # 1: the picture's longer side counts as much as black to white (lesson 03)
STEP = 3  # every third row and column looks for the centres (lesson 03)
BANDWIDTH, SAMPLE = 30, 2000  # mean-shift: levels; pixels that look for the modes
CANNY = {"sigma": 1.5, "low_threshold": 20, "high_threshold": 50, "mode": "nearest"}  # lesson 04
CLOSING, OPENING = morphology.disk(2), morphology.disk(3)  # lesson 04
WALKER_SIDE = 200  # the random walker sees the longer side of a picture with so many pixels
SPECKS = morphology.disk(2)  # what is thinner is no object
MARKER_DISTANCE = 10  # pixels from one object's marker to the next, at least (lesson 04)


class UndefinedError(Exception):
    """The method gives no answer for this picture."""


@dataclass(frozen=True)
class Method:
    """A classical method, with the lesson that teaches it.

    Attributes
    ----------
    name : str
    lesson : str
    groups : int or None
        How many groups it makes; None where that depends on the picture.
    split : callable
        From an image, uint8 of shape (H, W) or (H, W, 3), to group numbers, int of shape (H, W).
    """

    name: str
    lesson: str
    groups: int | None
    split: Callable[[np.ndarray], np.ndarray]


def no_split(image):
    """Everything in one group: what the naming alone earns."""
    return np.zeros(image.shape[:2], dtype=int)


def valley(image):
    """The lowest level between the two peaks of the smoothed histogram."""
    grey = grey_levels(image)
    threshold = valley_threshold(grey_histogram(grey))
    if threshold is None:
        raise UndefinedError("the histogram never has exactly two peaks")
    return (grey > threshold).astype(int)


def otsu(image):
    """The threshold of the largest between-class variance."""
    grey = grey_levels(image)
    return (grey > otsu_threshold(grey_histogram(grey))).astype(int)


def three_level_otsu(image):
    """Two thresholds, three classes."""
    grey = grey_levels(image)
    return np.digitize(grey, filters.threshold_multiotsu(grey, classes=3), right=True)


def local_mean(image):
    """A threshold for each pixel: a little below the mean of its neighbourhood."""
    grey = grey_levels(image)
    return (grey > filters.threshold_local(grey, WINDOW, "mean", offset=OFFSET)).astype(int)


def to_rgb(image):
    """A grey picture as a colour picture with three equal channels."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def colour_kmeans(image, num_clusters):
    """k-means of the colours."""
    return kmeans_of_colours(to_rgb(image), num_clusters)[0].astype(int)


def position_kmeans(image, num_clusters):
    """k-means of colour (Lab) and position: centres from some pixels, then all join one."""
    shape = image.shape[:2]
    place = np.moveaxis(np.indices(shape), 0, -1) * 100 / max(shape)  # (H, W, 2)
    features = np.dstack([color.rgb2lab(to_rgb(image)), POSITION_WEIGHT * place])  # (H, W, 5)
    few = features[::STEP, ::STEP].reshape(-1, 5)
    centres = kmeans(few, num_clusters, tolerance=1e-4).centres
    return assign(features.reshape(-1, 5), centres).reshape(shape)


def superpixels(image, count):
    """SLIC super-pixels."""
    return segmentation.slic(to_rgb(image), n_segments=count, start_label=0)


def superpixel_kmeans(image, count, num_clusters):
    """k-means of the super-pixels' mean colours, each weighing as much as it has pixels."""
    regions = superpixels(image, count)
    channels = to_rgb(image).reshape(-1, 3).T
    pixels = np.bincount(regions.ravel())
    totals = [np.bincount(regions.ravel(), channel) for channel in channels]
    mean_colours = np.stack(totals, axis=1) / np.maximum(pixels, 1)[:, None]
    return kmeans(mean_colours, num_clusters, weights=pixels).assignment[regions]


def mean_shift(image):
    """Every pixel to the nearest mode of the colours, found from evenly spaced pixels."""
    colours = to_rgb(image).reshape(-1, 3).astype(float)
    sample = colours[:: max(1, len(colours) // SAMPLE)]
    modes = MeanShift(bandwidth=BANDWIDTH, bin_seeding=True).fit(sample)
    return modes.predict(colours).reshape(image.shape[:2])


def filled_edges(image):
    """Canny's edges with their gaps closed, what they enclose filled, loose lines taken away."""
    edges = feature.canny(grey_levels(image).astype(float), **CANNY)
    filled = ndimage.binary_fill_holes(morphology.closing(edges, CLOSING))
    return morphology.opening(filled, OPENING).astype(int)


def extreme_markers(grey):
    """1 where darker than Otsu's dark class is on average, 2 where brighter than its bright one."""
    bright = grey > filters.threshold_otsu(grey)
    return np.select([grey <= grey[~bright].mean(), grey >= grey[bright].mean()], [1, 2])


def marker_watershed(image):
    """Flood the gradient magnitude from the two extremes of grey level."""
    grey = grey_levels(image)
    return segmentation.watershed(gradient_magnitude(grey), extreme_markers(grey)) - 1


def random_walker(image):
    """The same markers, on a smaller picture: which would a random walker reach first?"""
    grey = grey_levels(image) / 255
    small = transform.rescale(grey, min(1, WALKER_SIDE / max(grey.shape)), anti_aliasing=True)
    groups = segmentation.random_walker(small, extreme_markers(small), mode="bf") - 1
    return transform.resize(groups, grey.shape, order=0, preserve_range=True).astype(int)


METHODS = (
    Method("valley", "02", 2, valley),
    Method("Otsu", "02", 2, otsu),
    Method("3-level Otsu", "02", 3, three_level_otsu),
    Method("local mean", "02", 2, local_mean),
    Method("k-means, K = 2", "03", 2, lambda image: colour_kmeans(image, 2)),
    Method("k-means, K = 4", "03", 4, lambda image: colour_kmeans(image, 4)),
    Method("k-means with position", "03", 4, lambda image: position_kmeans(image, 4)),
    Method("SLIC 100 + k-means", "03", 4, lambda image: superpixel_kmeans(image, 100, 4)),
    Method("SLIC 400 + k-means", "03", 4, lambda image: superpixel_kmeans(image, 400, 4)),
    Method("mean-shift", "03", None, mean_shift),
    Method("Canny, filled", "04", 2, filled_edges),
    Method("marker watershed", "04", 2, marker_watershed),
    Method("random walker", "04", 2, random_walker),
)
NO_SPLIT = Method("no split", "02", 1, no_split)
CEILING = Method("SLIC 400 alone", "03", None, lambda image: superpixels(image, 400))


def otsu_mask(grey):
    """The pixels above Otsu's threshold."""
    return grey > otsu_threshold(grey_histogram(grey))


def opened(mask):
    """The mask with its holes filled, and without what is thinner than the disk."""
    return morphology.opening(ndimage.binary_fill_holes(mask), SPECKS)


def components(mask):
    """Connected pixels are one object."""
    return ndimage.label(mask)[0]


def cut(mask):
    """Connected pixels, cut apart where the mask is narrow."""
    return split_touching(mask, distance_markers(mask, MARKER_DISTANCE))


INSTANCE_METHODS = {
    "Otsu, components": lambda grey: components(otsu_mask(grey)),
    "Otsu, opening, components": lambda grey: components(opened(otsu_mask(grey))),
    "Otsu, opening, distance watershed": lambda grey: cut(opened(otsu_mask(grey))),
    "marker watershed, distance watershed": lambda grey: cut(opened(marker_watershed(grey) == 1)),
}
"""From grey levels, uint8 of shape (H, W), to an instance map, int of the same shape."""
