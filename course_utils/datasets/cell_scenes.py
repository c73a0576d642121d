"""Nuclei of cells under a fluorescence microscope: generated, with the exact truth of each.

What a microscope does is done in its order: dye glows in flat, textured bodies that lie side by
side or press against each other; uneven light excites it; the optics blur it (a Gaussian as point
spread function, wider for bodies out of focus) and scatter a little of it far; the camera counts
photons (Poisson) and adds its own noise; the counts are scaled to grey levels. The truth is known
before all that, so it is exact where the picture is not. Nothing here is a photograph.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from course_utils.datasets.pictures import Picture

PARTS = ("train", "val", "test")
CLASS_NAMES = ("background", "nucleus")
SMALLEST = 48
SIDE = 48
"""Side in pixels of the square in which a nucleus is shaped."""
MARGIN = SIDE // 2
"""Pixels around the picture: a nucleus has its middle in the picture and may be cut off."""
LARGEST_CUT = 0.12
"""Share of its area that a nucleus gives up where it presses against others."""
TRIES = 12
_WAVES = (2, 3, 4, 5)  # waves around an outline


@dataclass(frozen=True)
class _Kind:
    """What the nuclei of one picture have in common."""

    radius: float  # pixels
    slim: float  # usual ratio of the short to the long axis
    crowd: float  # share of nuclei that are laid against another one
    spots: float  # contrast of the texture
    dark: bool  # dark nucleoli, else bright grains


def cell_scene(
    seed: int = 0, *, size: tuple[int, int] = (128, 128), part: str = "train"
) -> Picture:
    """Take a picture of fluorescent nuclei.

    Parameters
    ----------
    seed : int
        The same number, size and part give the same scene: the first of `cell_scenes`.
    size : tuple of int
        Rows and columns, each 48 or more. A nucleus is 12 to 30 pixels across, whatever the size.
    part : {"train", "val", "test"}
        Scenes of different parts share nothing but the way they are made.

    Returns
    -------
    Picture
        RGB image (three times the same grey), label map, instance map, and the class names
        "background" and "nucleus".

    Raises
    ------
    ValueError
        The size is too small, or there is no such part.

    Examples
    --------
    >>> scene = cell_scene(seed=1)
    >>> scene.image.shape, scene.class_names, bool(scene.instance_map.max() > 5)
    ((128, 128, 3), ('background', 'nucleus'), True)
    """
    images, label_maps, instance_maps = cell_scenes(1, seed=seed, size=size, part=part)
    return Picture(images[0].transpose(1, 2, 0), label_maps[0], instance_maps[0], CLASS_NAMES)


def cell_scenes(
    count: int, *, seed: int = 0, size: tuple[int, int] = (128, 128), part: str = "train"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take many pictures of fluorescent nuclei, as a data set.

    Parameters
    ----------
    count : int
        How many. The first scenes stay the same when more are asked for.
    seed, size, part
        As in `cell_scene`.

    Returns
    -------
    images : ndarray of uint8, shape (N, 3, H, W)
        Grey levels, three times.
    label_maps : ndarray of uint8, shape (N, H, W)
        0 is background, 1 is nucleus.
    instance_maps : ndarray of int32, shape (N, H, W)
        Number of the nucleus, counted from 1 in each scene; 0 is background.

    Raises
    ------
    ValueError
        Fewer than no scenes are asked for, or as `cell_scene`.

    Examples
    --------
    >>> images, label_maps, instance_maps = cell_scenes(3)
    >>> images.shape, label_maps.max(), instance_maps.dtype
    ((3, 3, 128, 128), np.uint8(1), dtype('int32'))
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}.")
    if len(size) != 2 or min(size) < SMALLEST:
        raise ValueError(
            f"size must be rows and columns, each {SMALLEST} or more, got {size}. "
            "Cut a piece out of a larger scene if you need less."
        )
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}. Ask for some scenes.")
    images = np.empty((count, 3, *size), np.uint8)
    instance_maps = np.empty((count, *size), np.int32)
    for number in range(count):
        rng = np.random.default_rng([seed, PARTS.index(part), number])
        images[number], instance_maps[number] = _scene(rng, size)
    return images, (instance_maps > 0).astype(np.uint8), instance_maps


def _scene(rng: np.random.Generator, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Grey levels and instance map."""
    kind = _Kind(
        radius=rng.uniform(7.5, 12.5),
        slim=rng.choice([0.62, 0.78, 0.92]),
        crowd=rng.uniform(0.35, 0.85),
        spots=rng.uniform(0.2, 0.5),
        dark=rng.random() < 0.7,
    )
    dish = _Dish(rng, size, kind)
    wanted = rng.uniform(0.12, 0.4) * size[0] * size[1] / (np.pi * kind.radius**2)
    for _ in range(max(1, round(wanted))):
        dish.add_nucleus()
    inside = np.s_[MARGIN:-MARGIN, MARGIN:-MARGIN]
    instance_map = dish.instance_map[inside]
    present = np.unique(np.append(instance_map, 0))
    return _photograph(rng, dish.dye, inside), np.searchsorted(present, instance_map).astype(
        np.int32
    )


class _Dish:
    """Where nuclei lie, and how much dye there is: in focus and out of focus."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int], kind: _Kind):
        large = (size[0] + 2 * MARGIN, size[1] + 2 * MARGIN)
        self.rng, self.kind, self.size = rng, kind, size
        self.instance_map = np.zeros(large, np.int32)
        self.taken = np.zeros(large, bool)
        self.dye = np.zeros((2, *large), np.float32)
        self.texture = _texture(rng, large, kind)
        self.corners: list[np.ndarray] = []  # of the windows of the nuclei

    def add_nucleus(self) -> None:
        """Shape a nucleus, find a place for it and dye it; nothing where there is no place."""
        dividing = self.rng.random() < 0.05
        height = _outline(self.rng, self.kind, dividing)
        mask = height < 0
        for _ in range(TRIES):
            corner = self._place(height)
            if corner is None:
                continue
            window = _window(corner)
            own = mask & ~self.taken[window]
            if own.sum() >= (1 - LARGEST_CUT) * mask.sum() and ndimage.label(own)[1] == 1:
                break
        else:
            return
        self.corners.append(corner)
        self.instance_map[window][own] = len(self.corners)
        self.taken[window] |= own
        depth = ndimage.distance_transform_edt(own)
        body = 1 - np.exp(-depth / (1.5 if dividing else 2.5))  # flat, thinner towards its rim
        glow = self.rng.lognormal(0, 0.28) * (2.0 if dividing else 1.0)
        grains = 1.0 if dividing else self.texture[window]
        out_of_focus = int(self.rng.random() < 0.12)
        self.dye[out_of_focus][window] += glow * body * grains

    def _place(self, height: np.ndarray) -> np.ndarray | None:
        """Corner on free ground, or where a nucleus pushed at another one comes to rest."""
        if not self.corners or self.rng.random() > self.kind.crowd:
            corner = self.rng.integers(0, self.size)
            return None if (self.taken[_window(corner)] & (height < 2)).any() else corner
        goal = self.corners[self.rng.integers(len(self.corners))]
        angle = self.rng.uniform(0, 2 * np.pi)
        path = goal + np.arange(SIDE, 4, -1.5)[:, None] * [np.sin(angle), np.cos(angle)]
        path = path[((path >= 0) & (path < self.size)).all(axis=1)].astype(np.intp)
        mask = height < 0
        most = self.rng.uniform(0, LARGEST_CUT) * mask.sum()
        rest = None
        for corner in path:
            covered = np.count_nonzero(mask & self.taken[_window(corner)])
            if covered > most:
                break
            if covered:
                rest = corner
        return rest


def _outline(rng: np.random.Generator, kind: _Kind, dividing: bool) -> np.ndarray:
    """Pixels from the outline of a round or long body outwards, roughly; shape (48, 48)."""
    rows, columns = np.indices((SIDE, SIDE), np.float32) - np.float32(SIDE / 2 - rng.uniform(0, 1))
    radius = float(kind.radius * rng.lognormal(0, 0.13) * (0.75 if dividing else 1))
    slim = 0.5 if dividing else float(np.clip(kind.slim * rng.lognormal(0, 0.12), 0.45, 1))
    angle = rng.uniform(0, np.pi)
    cos, sin, stretch = float(np.cos(angle)), float(np.sin(angle)), slim**0.5
    along = (columns * cos + rows * sin) * stretch
    across = (rows * cos - columns * sin) / stretch
    around = np.arctan2(across, along)
    strengths = (rng.normal(0, 0.1, len(_WAVES)) / (np.array(_WAVES) - 0.5)).tolist()
    waves = sum(
        strength * np.cos(wave * around + rng.uniform(0, 2 * np.pi))
        for wave, strength in zip(_WAVES, strengths, strict=True)
    )
    height = np.hypot(along, across) - radius * (1 + waves)
    height[[0, -1]] = height[:, [0, -1]] = np.maximum(height[0, 0], 1)
    return height


def _window(corner: np.ndarray) -> tuple[slice, slice]:
    row, column = corner
    return slice(row, row + SIDE), slice(column, column + SIDE)


def _texture(rng: np.random.Generator, size: tuple[int, int], kind: _Kind) -> np.ndarray:
    """Unevenness of the dye inside nuclei, around 1."""
    clumps = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), 2.2)
    grains = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), 1.1)
    clumps /= clumps.std()
    grains /= grains.std()
    peaks = np.clip(clumps - 1.1, 0, 1.2)
    spots = -1.2 * peaks if kind.dark else 1.6 * peaks
    return np.clip(1 + kind.spots * (spots + 0.45 * clumps + 0.35 * grains), 0.15, None)


def _photograph(
    rng: np.random.Generator, dye: np.ndarray, inside: tuple[slice, slice]
) -> np.ndarray:
    """Light it, blur it, count its photons, scale them to grey levels."""
    rows, columns = (np.linspace(-1, 1, side, dtype=np.float32) for side in dye.shape[1:])
    middle = rng.uniform(-0.7, 0.7, 2).astype(np.float32)
    light = (rows[:, None] - middle[0]) ** 2 + (columns - middle[1]) ** 2
    light = 1 / (1 + np.float32(rng.uniform(0.05, 0.35)) * light)
    sigma = rng.uniform(0.7, 1.4)
    sharp = ndimage.gaussian_filter(dye[0] * light, sigma)
    sharp += ndimage.gaussian_filter(dye[1] * light, 2.2 * sigma)
    far = ndimage.gaussian_filter(sharp, 9, truncate=2)
    scattered = rng.uniform(0.05, 0.25)
    expected = (1 - scattered) * sharp + scattered * far + rng.uniform(0.02, 0.12) * light
    photons = rng.uniform(25, 250) * expected[inside]  # so many at a usual nucleus
    counted = rng.poisson(photons) + rng.normal(0, rng.uniform(1, 3), photons.shape)
    grey = counted * rng.uniform(130, 250) / np.percentile(counted, 99.7)
    return np.clip(np.rint(grey + rng.uniform(2, 12)), 0, 255).astype(np.uint8)
