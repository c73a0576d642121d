"""A brush that paints polygons in perspective, and the truth of what it paints along with them.

The scene is seen by a pinhole camera. A point lies `across` metres to the right of the camera's
path, `up` metres above the road, and `ahead` metres before the camera. Every polygon is drawn four
times larger than needed and averaged down, which gives the share of each pixel that it covers: so
much of its colour goes into the picture, and the pixel takes its label where the share is at least
one half.
"""

from collections.abc import Sequence

import numpy as np

from course_utils.datasets.painting import fill

Point = tuple[float, float, float]
Colour = Sequence[float] | np.ndarray
OVERSAMPLING = 4


class Brush:
    """Picture, label map and instance map that grow with every polygon.

    Parameters
    ----------
    size : tuple of int
        Rows and columns.
    horizon, centre : float
        Row and column of the point at which the camera looks.
    across, up : float
        Where the camera is, in metres.
    focal : float
        Pixels for one metre at a distance of one metre.

    Attributes
    ----------
    canvas : ndarray of float64, shape (H, W, 3)
        RGB from 0 to 255.
    label_map : ndarray of uint8, shape (H, W)
    instance_map : ndarray of int32, shape (H, W)

    Examples
    --------
    >>> brush = Brush((4, 6), horizon=1.5, centre=2.5, across=0, up=0, focal=1)
    >>> brush.polygon([(-0.5, 1.5), (-0.5, 5.5), (1.5, 5.5), (1.5, 1.5)], (200, 0, 0), label=3)
    >>> brush.label_map
    array([[0, 0, 3, 3, 3, 3],
           [0, 0, 3, 3, 3, 3],
           [0, 0, 0, 0, 0, 0],
           [0, 0, 0, 0, 0, 0]], dtype=uint8)
    """

    def __init__(
        self,
        size: tuple[int, int],
        *,
        horizon: float,
        centre: float,
        across: float,
        up: float,
        focal: float,
    ) -> None:
        self.canvas = np.zeros((*size, 3))
        self.label_map = np.zeros(size, np.uint8)
        self.instance_map = np.zeros(size, np.int32)
        self.horizon, self.centre, self.focal = horizon, centre, focal
        self.across, self.up = across, up
        self.haze = np.array([222.0, 226, 228])
        self.clear = 95.0  # metres after which haze has taken two thirds of a colour

    def project(self, points: Sequence[Point] | np.ndarray) -> np.ndarray:
        """Row and column of points in space, shape (..., 2).

        Examples
        --------
        >>> brush = Brush((10, 10), horizon=5, centre=5, across=0, up=2, focal=10)
        >>> brush.project([(0, 2, 1), (1, 0, 10)])
        array([[5., 5.],
               [7., 6.]])
        """
        across, up, ahead = np.moveaxis(np.asarray(points, float), -1, 0)
        rows = self.horizon - self.focal * (up - self.up) / ahead
        columns = self.centre + self.focal * (across - self.across) / ahead
        return np.stack([rows, columns], axis=-1)

    def polygon(
        self,
        corners: Sequence[tuple[float, float]] | np.ndarray,
        colour: Colour,
        *,
        foot: Colour | None = None,
        label: int | None = None,
        instance: int = 0,
        opacity: float = 1.0,
    ) -> None:
        """Paint a polygon given by rows and columns.

        Parameters
        ----------
        corners : sequence of (row, column)
            The centre of a pixel has integer coordinates.
        colour, foot : sequence of 3 floats
            RGB at the highest and at the lowest corner; without `foot` one colour all over.
        label, instance : int
            Written where half a pixel or more is covered; `label` None leaves both as they are.
        opacity : float
            Share of the colour that goes into the picture.
        """
        corners = np.asarray(corners, float)
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int) - 1, 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 2, self.label_map.shape)
        if np.any(high <= low):
            return
        window = slice(low[0], high[0]), slice(low[1], high[1])
        cover = _cover(corners - low, tuple(high - low))
        paint = np.asarray(colour, float)
        if foot is not None:
            top, bottom = corners[:, 0].min(), corners[:, 0].max()
            share = (np.arange(low[0], high[0]) - top) / max(bottom - top, 1e-9)
            share = np.clip(share, 0, 1)[:, None, None]
            paint = (1 - share) * paint + share * np.asarray(foot, float)
        self.canvas[window] += opacity * cover[..., None] * (paint - self.canvas[window])
        if label is not None:
            self.label_map[window][cover >= 0.5] = label
            self.instance_map[window][cover >= 0.5] = instance

    def face(
        self,
        points: Sequence[Point] | np.ndarray,
        colour: Colour,
        *,
        foot: Colour | None = None,
        label: int | None = None,
        instance: int = 0,
        opacity: float = 1.0,
    ) -> None:
        """Paint a polygon given by points in space; the farther it lies, the hazier it is."""
        points = np.asarray(points, float)
        distance = points[:, 2].mean()
        colour = self.hazy(colour, distance)
        foot = None if foot is None else self.hazy(foot, distance)
        corners = self.project(points)
        self.polygon(corners, colour, foot=foot, label=label, instance=instance, opacity=opacity)

    def hazy(self, colour: Colour, distance: float) -> np.ndarray:
        """A colour as it looks from afar.

        Examples
        --------
        >>> brush = Brush((2, 2), horizon=0, centre=0, across=0, up=0, focal=1)
        >>> brush.hazy((0, 0, 0), 0.0)
        array([0., 0., 0.])
        """
        share = 1 - np.exp(-distance / self.clear)
        return np.asarray(colour, float) * (1 - share) + share * self.haze


def disc(
    middle: Point, radius: float, *, normal: str = "ahead", flat: float = 1.0, turns: int = 28
) -> np.ndarray:
    """Points on a circle that faces the camera (normal "ahead") or the side ("across").

    Examples
    --------
    >>> disc((0, 1, 5), 1, turns=4).round(3) + 0.0
    array([[ 1.,  1.,  5.],
           [ 0.,  2.,  5.],
           [-1.,  1.,  5.],
           [ 0.,  0.,  5.]])
    """
    angle = 2 * np.pi * np.arange(turns) / turns
    points = np.tile(np.asarray(middle, float), (turns, 1))
    points[:, 0 if normal == "ahead" else 2] += radius * np.cos(angle)
    points[:, 1] += flat * radius * np.sin(angle)
    return points


def limb(start: Point, end: Point, width: float, end_width: float | None = None) -> np.ndarray:
    """Points around a bar with round ends that faces the camera: an arm, a leg, a pole.

    Examples
    --------
    >>> points = limb((0, 0, 9), (0, 2, 9), 0.5)
    >>> points.max(axis=0)
    array([0.25, 2.25, 9.  ])
    """
    first, last = np.asarray(start, float), np.asarray(end, float)
    along = np.arctan2(last[1] - first[1], last[0] - first[0])
    around = np.linspace(-np.pi / 2, np.pi / 2, 9)
    caps = []
    for middle, radius, turn in (
        (last, (end_width or width) / 2, along),
        (first, width / 2, along + np.pi),
    ):
        cap = np.tile(middle, (len(around), 1))
        cap[:, 0] += radius * np.cos(turn + around)
        cap[:, 1] += radius * np.sin(turn + around)
        caps.append(cap)
    return np.concatenate(caps)


def _cover(corners: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    large = np.zeros((size[0] * OVERSAMPLING, size[1] * OVERSAMPLING), np.uint8)
    large[fill([(corners + 0.5) * OVERSAMPLING - 0.5], large.shape)] = 1
    by_row = large.reshape(large.shape[0], size[1], OVERSAMPLING).sum(axis=2, dtype=np.uint8)
    blocks = by_row.reshape(size[0], OVERSAMPLING, size[1]).sum(axis=1, dtype=np.uint8)
    return blocks / OVERSAMPLING**2
