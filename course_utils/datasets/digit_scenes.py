"""Handwritten digits on real textures: small pictures with 11 classes, as many as one likes.

The digits are scikit-learn's: 1,797 of them, each written by a person and stored as 8 x 8 numbers
that say how much of a field is ink, from 0 to 16. Between the numbers we interpolate smoothly, and
ink is where half a field or more would be inked. The textures are cut out of photographs in
scikit-image's wheel. Ink is of any colour, and of two digits laid one after the other one is darker
than the texture and one brighter where the texture leaves room for it, so no threshold finds both.

Digits and textures are divided between the parts ``train``, ``val`` and ``test``: a digit, or a
piece of texture, that is seen in one part is never seen in another.
"""

import functools
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import skimage
from PIL import Image
from scipy import ndimage
from sklearn.datasets import load_digits

from course_utils.datasets.pictures import Picture

PARTS = ("train", "val", "test")
SHARES = (0.0, 0.5, 0.75, 1.0)
"""A part has the digits, and of each texture the rows, between one share and the next."""
CLASS_NAMES = ("background", *"0123456789")
FINE = 4
"""Points per stored number of a digit after interpolation."""
GAP = 2
"""Pixels at least between the ink of two digits."""
ROOM = 1.28
"""Sides of a scene must be so many times the largest digit, which is turned and slanted."""


@dataclass(frozen=True)
class Writing:
    """How the digits of a scene are written.

    Parameters
    ----------
    heights : tuple of float
        Pixels that the smallest and the largest digit are high, at least 8.
    digits : tuple of int, optional
        How many are tried for, fewest and most; by default 3 to 6 on 128 x 128 pixels, and in
        proportion on other sizes. Where no room is found there are fewer.
    contrast : tuple of float
        Grey levels, of 255, between ink and texture, least and most.
    turn : float
        Largest turn to either side, in degrees.
    slant : float
        Largest slant to either side: columns a row.

    Raises
    ------
    ValueError
        If a range runs downwards or begins too low.

    Examples
    --------
    >>> Writing(heights=(16, 24)).smallest_side
    31
    """

    heights: tuple[float, float] = (32, 50)
    digits: tuple[int, int] | None = None
    contrast: tuple[float, float] = (40, 100)
    turn: float = 15.0
    slant: float = 0.2

    def __post_init__(self) -> None:
        for name, least in (("heights", 8), ("digits", 1), ("contrast", 0)):
            given = getattr(self, name)
            if given is not None and not least <= given[0] <= given[1]:
                raise ValueError(
                    f"{name} must be a lowest and a highest number, {least} or more, got {given}."
                )

    @property
    def smallest_side(self) -> int:
        """Pixels on a side of a scene, at least: the largest digit must fit."""
        return round(ROOM * self.heights[1])


LARGE = Writing()
"""Strokes of some five pixels, of which many hardly differ from the ground."""
SMALL = Writing(heights=(16, 24), digits=(6, 8), contrast=(90, 150), turn=8.0, slant=0.1)
"""Many to a picture, and clearer: what a network can learn in minutes without a GPU."""


def digit_scene(
    seed: int = 0,
    *,
    size: tuple[int, int] = (128, 128),
    part: str = "train",
    writing: Writing = LARGE,
) -> Picture:
    """Write digits on a texture.

    Parameters
    ----------
    seed : int
        The same number, size and part give the same scene: the first one of `digit_scenes`.
    size : tuple of int
        Rows and columns, each `writing.smallest_side` or more.
    part : {"train", "val", "test"}
        Whence the digits and the texture come.
    writing : Writing

    Returns
    -------
    Picture
        RGB image, label map, instance map, and the names of 11 classes.

    Raises
    ------
    ValueError
        The size is too small, or there is no such part.

    Examples
    --------
    >>> scene = digit_scene(seed=0)
    >>> scene.image.shape, scene.class_names[:3], int(scene.instance_map.max())
    ((128, 128, 3), ('background', '0', '1'), 6)
    """
    _require(size, part, writing)
    rng = np.random.default_rng([seed, 0])
    image, instance_map, classes = _scene(rng, size, part, writing)
    return Picture(image, classes[instance_map], instance_map, CLASS_NAMES)


def digit_scenes(
    count: int,
    *,
    seed: int = 0,
    size: tuple[int, int] = (128, 128),
    part: str = "train",
    writing: Writing = LARGE,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Write many scenes of digits, as a data set.

    Parameters
    ----------
    count : int
        How many. The first scenes stay the same when more are asked for.
    seed, size, part, writing
        As in `digit_scene`.

    Returns
    -------
    images : ndarray of uint8, shape (N, 3, H, W)
        RGB.
    label_maps : ndarray of uint8, shape (N, H, W)
        0 is background, 1 the digit 0, ..., 10 the digit 9.
    instance_maps : ndarray of int32, shape (N, H, W)
        Number of the digit, counted from 1 in each scene; 0 is background.

    Raises
    ------
    ValueError
        Fewer than no scenes are asked for, the size is too small, or there is no such part.

    Examples
    --------
    >>> images, label_maps, instance_maps = digit_scenes(3, part="val")
    >>> images.shape, label_maps.shape, instance_maps.dtype
    ((3, 3, 128, 128), (3, 128, 128), dtype('int32'))
    """
    _require(size, part, writing)
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}. Ask for some scenes.")
    images = np.empty((count, 3, *size), np.uint8)
    label_maps = np.empty((count, *size), np.uint8)
    instance_maps = np.empty((count, *size), np.int32)
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        image, instance_maps[number], classes = _scene(rng, size, part, writing)
        images[number] = image.transpose(2, 0, 1)
        label_maps[number] = classes[instance_maps[number]]
    return images, label_maps, instance_maps


def digit_numbers(part: str) -> range:
    """Which of scikit-learn's digits a part uses.

    They are taken in the order of the file, where neighbours may come from one hand.

    Parameters
    ----------
    part : {"train", "val", "test"}

    Returns
    -------
    range
        Indices into ``sklearn.datasets.load_digits().images``.

    Examples
    --------
    >>> [digit_numbers(part) for part in PARTS]
    [range(0, 898), range(898, 1347), range(1347, 1797)]
    """
    return range(*_bounds(part, 1797))


def _bounds(part: str, length: int) -> tuple[int, int]:
    low, high = list(pairwise(SHARES))[PARTS.index(part)]
    return int(low * length), int(high * length)


def _require(size: tuple[int, int], part: str, writing: Writing) -> None:
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}.")
    if len(size) != 2 or min(size) < writing.smallest_side:
        raise ValueError(
            f"size must be rows and columns, each {writing.smallest_side} or more, got {size}. "
            "Cut a piece out of a larger scene if you need less."
        )


def _scene(
    rng: np.random.Generator, size: tuple[int, int], part: str, writing: Writing
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Image, instance map, and the class index of each instance number."""
    canvas = _texture(rng, size, part)
    instance_map = np.zeros(size, np.int32)
    classes = [0]
    dark_first = rng.integers(2)
    low, high = _bounds(part, len(_digits()[0]))
    if writing.digits is None:
        wanted = max(1, round(rng.integers(3, 7) * size[0] * size[1] / 128**2))
    else:
        wanted = int(rng.integers(writing.digits[0], writing.digits[1] + 1))
    for _ in range(8 * wanted):
        number = rng.integers(low, high)
        cover = _write(rng, _digits()[0][number], writing)
        place = [rng.integers(0, side - len(cover) + 1) for side in size]
        window = tuple(slice(start, start + len(cover)) for start in place)
        mask = cover >= 0.5
        if np.any(ndimage.binary_dilation(mask, iterations=GAP) & (instance_map[window] > 0)):
            continue
        opacity = rng.uniform(0.75, 1.0) * cover[..., None]
        step = rng.uniform(*writing.contrast)
        darker = len(classes) % 2 == dark_first
        ink = _ink(rng, canvas[window].mean(axis=(0, 1)), -step if darker else step)
        canvas[window] += opacity * (ink - canvas[window])
        instance_map[window][mask] = len(classes)
        classes.append(_digits()[1][number] + 1)
        if len(classes) > wanted:
            break
    canvas += rng.uniform(1, 5) * rng.standard_normal(canvas.shape, np.float32)
    image = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    return image, instance_map, np.array(classes, np.uint8)


def _write(rng: np.random.Generator, ink: np.ndarray, writing: Writing) -> np.ndarray:
    """A digit enlarged, turned and slanted: how much of each pixel is ink, in a square window."""
    height = rng.uniform(*writing.heights)
    side = int(height * 1.2)
    angle = np.deg2rad(rng.uniform(-writing.turn, writing.turn))
    slant = rng.uniform(-writing.slant, writing.slant)
    cos, sin = np.cos(angle) * len(ink) / height, np.sin(angle) * len(ink) / height
    across, down = np.array([cos, -sin + slant * cos]), np.array([sin, cos + slant * sin])
    middle = (len(ink) - side * np.array([across.sum(), down.sum()])) / 2
    matrix = (*across, middle[0], *down, middle[1])
    large = Image.fromarray(ink).transform(
        (side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )
    return np.clip((np.asarray(large) - 0.5) * 2.5 + 0.5, 0, 1)


def _ink(rng: np.random.Generator, ground: np.ndarray, step: float) -> np.ndarray:
    """A colour some grey levels darker or brighter than the ground, and of any hue."""
    if not 10 < ground.mean() + step < 245:
        step = -step
    return np.clip(ground + step + rng.normal(0, 30, 3), 0, 255).astype(np.float32)


def _texture(rng: np.random.Generator, size: tuple[int, int], part: str) -> np.ndarray:
    """A piece of a texture, flipped, its contrast and colour changed, lit from one side."""
    textures = _textures()
    texture = textures[rng.integers(len(textures))]
    texture = texture[slice(*_bounds(part, len(texture)))]
    room = [max(0, side - have) for side, have in zip(size, texture.shape, strict=False)]
    if any(room):
        texture = np.pad(texture, [(0, room[0]), (0, room[1]), (0, 0)], mode="symmetric")
    top, left = (
        rng.integers(have - side + 1) for have, side in zip(texture.shape, size, strict=False)
    )
    piece = texture[top : top + size[0], left : left + size[1]].astype(np.float32)
    piece = piece[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    mean = piece.mean(axis=(0, 1))
    colour = np.clip(rng.uniform(60, 195) + mean - mean.mean() + rng.normal(0, 12, 3), 30, 225)
    piece = (colour + rng.uniform(0.4, 0.9) * (piece - mean)).astype(np.float32)
    down, right = rng.uniform(-0.2, 0.2, size=2)
    light = 1 + down * np.linspace(-1, 1, size[0])[:, None] + right * np.linspace(-1, 1, size[1])
    return piece * light[..., None].astype(np.float32)


@functools.cache
def _textures() -> tuple[np.ndarray, ...]:
    """Pieces of photographs without anything to recognise: uint8, shape (H, W, 3)."""
    grey = (skimage.data.brick(), skimage.data.grass(), skimage.data.gravel(), skimage.data.moon())
    return (
        *(np.repeat(texture[..., None], 3, axis=2) for texture in grey),
        skimage.data.immunohistochemistry(),
        skimage.data.hubble_deep_field(),
        _twice(skimage.data.chelsea()[180:, 40:200]),
        _twice(skimage.data.coffee()[290:, 480:]),
    )


def _twice(piece: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(piece).resize((2 * piece.shape[1], 2 * piece.shape[0])))


@functools.cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """Ink of every digit on a finer grid, float32 of shape (1797, 40, 40), and which digit it is.

    A border of one empty field lies around, so that a stroke at the edge ends softly.
    """
    bunch = load_digits()
    stored = np.pad(bunch.images / 16, [(0, 0), (1, 1), (1, 1)])
    count = stored.shape[1]
    points = (np.arange(FINE * count) + 0.5) / FINE - 0.5
    weights = ndimage.map_coordinates(
        np.eye(count),
        [np.repeat(points, count).reshape(-1, count), np.tile(np.arange(count), (len(points), 1))],
        order=3,
        mode="nearest",
    )
    return (weights @ stored @ weights.T).astype(np.float32), bunch.target
