"""Ships at sea, seen from above: small generated pictures with a set share of foreground.

Made for what imbalance does to a network, so the share of ship pixels is chosen and everything else
varies: swell, colour and light of the sea, how many ships, how large, how bright. Some hulls are
nearly as dark as the water. Foam is in the picture to be mistaken for a ship: white caps, and the
wake behind each ship. Sea, hulls and wakes are drawn; nothing here is a photograph.
"""

import numpy as np
from scipy import ndimage

from course_utils.datasets.pictures import Picture

PARTS = ("train", "val", "test")
CLASS_NAMES = ("background", "ship")
MOST_SHIPS = 4
SMALLEST, LARGEST_SHARE = 32, 0.15
SLIM = 0.26
"""A hull's half width, as a share of half its length."""
_SQUEEZE = 0.97  # tries to place a ship make it smaller step by step


def ship_scene(
    seed: int = 0, *, size: tuple[int, int] = (128, 128), share: float = 0.04, part: str = "train"
) -> Picture:
    """Draw ships at sea.

    Parameters
    ----------
    seed : int
        The same number, size, share and part give the same scene: the first of `ship_scenes`.
    size : tuple of int
        Rows and columns, each 32 or more.
    share : float, 0 to 0.15
        Ship pixels wanted, as a share of the picture; 0 gives an empty sea. What comes is within a
        tenth of it, closer for more pixels.
    part : {"train", "val", "test"}
        Scenes of different parts share nothing but the way they are drawn.

    Returns
    -------
    Picture
        RGB image, label map, instance map, and the class names "background" and "ship".

    Raises
    ------
    ValueError
        The size or the share is out of range, or there is no such part.

    Examples
    --------
    >>> scene = ship_scene(seed=3, share=0.05)
    >>> bool(abs(np.mean(scene.label_map) - 0.05) < 0.005)
    True
    """
    _require(size, share, part)
    rng = np.random.default_rng([seed, PARTS.index(part), 0])
    image, instance_map = _scene(rng, size, share)
    return Picture(image, (instance_map > 0).astype(np.uint8), instance_map, CLASS_NAMES)


def ship_scenes(
    count: int,
    *,
    seed: int = 0,
    size: tuple[int, int] = (128, 128),
    share: float = 0.04,
    part: str = "train",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw many scenes of ships, as a data set.

    Parameters
    ----------
    count : int
        How many. The first scenes stay the same when more are asked for.
    seed, size, share, part
        As in `ship_scene`.

    Returns
    -------
    images : ndarray of uint8, shape (N, 3, H, W)
        RGB.
    label_maps : ndarray of uint8, shape (N, H, W)
        0 is background, 1 is ship.
    instance_maps : ndarray of int32, shape (N, H, W)
        Number of the ship, counted from 1 in each scene; 0 is background.

    Raises
    ------
    ValueError
        Fewer than no scenes are asked for, or as `ship_scene`.

    Examples
    --------
    >>> images, label_maps, instance_maps = ship_scenes(3, share=0.02)
    >>> images.shape, label_maps.dtype, instance_maps.shape
    ((3, 3, 128, 128), dtype('uint8'), (3, 128, 128))
    """
    _require(size, share, part)
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}. Ask for some scenes.")
    images = np.empty((count, 3, *size), np.uint8)
    instance_maps = np.empty((count, *size), np.int32)
    for number in range(count):
        rng = np.random.default_rng([seed, PARTS.index(part), number])
        image, instance_maps[number] = _scene(rng, size, share)
        images[number] = image.transpose(2, 0, 1)
    return images, (instance_maps > 0).astype(np.uint8), instance_maps


def _require(size: tuple[int, int], share: float, part: str) -> None:
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}.")
    if len(size) != 2 or min(size) < SMALLEST:
        raise ValueError(
            f"size must be rows and columns, each {SMALLEST} or more, got {size}. "
            "Cut a piece out of a larger scene if you need less."
        )
    if not 0 <= share <= LARGEST_SHARE:
        raise ValueError(
            f"share must be 0 to {LARGEST_SHARE}, got {share}. With more ships there is no sea."
        )


def _scene(
    rng: np.random.Generator, size: tuple[int, int], share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Image and instance map."""
    canvas, instance_map = _sea(rng, size), np.zeros(size, np.int32)
    wanted = share * size[0] * size[1]
    ships = min(int(rng.integers(1, MOST_SHIPS + 1)), int(wanted // 40) or 1) if wanted else 0
    for number, area in enumerate(wanted * rng.dirichlet(np.full(ships, 4.0)), start=1):
        shape = _free_place(rng, instance_map, area)
        _draw_wake(rng, canvas, shape)
        mask, cover = shape.cover()
        _draw_ship(rng, canvas, shape, cover)
        instance_map[mask] = number
    canvas += rng.uniform(1, 5) * rng.standard_normal(canvas.shape, np.float32)
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8), instance_map


class _Hull:
    """A hull's outline: where it lies, which way it points, and each pixel's place on it."""

    def __init__(self, size: tuple[int, int], middle: np.ndarray, angle: float, area: float):
        self.size, self.middle, self.half = size, middle, _half_length(area)
        self.cos, self.sin = float(np.cos(angle)), float(np.sin(angle))
        rows, columns = np.ogrid[: size[0], : size[1]]
        down = (rows - middle[0]).astype(np.float32)  # (H, 1)
        right = (columns - middle[1]).astype(np.float32)  # (1, W)
        self.along = (right * self.cos + down * self.sin) / self.half  # 1 at the bow
        self.across = (down * self.cos - right * self.sin) / (SLIM * self.half)

    def inside(self) -> bool:
        """Whether bow, stern and sides lie in the picture."""
        ends = self.half * np.array([[1, 0], [-1, SLIM], [-1, -SLIM], [0, SLIM], [0, -SLIM]])
        turn = np.array([[self.sin, self.cos], [self.cos, -self.sin]])  # to (row, column)
        corners = self.middle + ends @ turn
        return bool((corners > 0.5).all() and (corners < np.array(self.size) - 1.5).all())

    def depth(self) -> np.ndarray:
        """Pixels from the outline inwards, roughly; negative outside."""
        bow = np.clip(self.along, 0, None)
        width = np.clip(1 - bow**2.4, 0, None) * (1 - 0.12 * np.clip(-self.along, 0, 1) ** 2)
        side = (width - np.abs(self.across)) * SLIM * self.half
        ends = (1 - np.abs(self.along)) * self.half  # the tip of the bow and the flat stern
        return np.minimum(side, ends)

    def cover(self) -> tuple[np.ndarray, np.ndarray]:
        """The ship's mask, and how much of each pixel it covers."""
        depth = self.depth()
        return depth > 0, np.clip(depth + 0.5, 0, 1).astype(np.float32)


def _half_length(area: float) -> float:
    """Half the length of a hull that covers so many pixels."""
    return float(np.sqrt(area / (3.33 * SLIM)))  # 3.33: area of the outline with both halves 1


def _free_place(rng: np.random.Generator, instance_map: np.ndarray, area: float) -> _Hull:
    """A place where a ship of this area touches no other and lies wholly in the picture."""
    size = np.array(instance_map.shape)
    taken = ndimage.binary_dilation(instance_map > 0, iterations=3)
    while True:
        for _ in range(20):
            half = _half_length(area)
            middle = rng.uniform(np.minimum(half, size / 2), np.maximum(size - half, size / 2))
            shape = _Hull(instance_map.shape, middle, rng.uniform(0, 2 * np.pi), area)
            if shape.inside() and not (taken & (shape.depth() > 0)).any():
                return shape
        area *= _SQUEEZE


def _sea(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """Water with swell, light from one side, and white caps; float32, shape (H, W, 3)."""
    colour = np.array([38, 72, 98]) * rng.uniform(0.6, 1.5) + rng.normal(0, 5, 3)
    rows, columns = np.indices(size, dtype=np.float32)
    angle, height = rng.uniform(0, np.pi), np.zeros(size, np.float32)
    for _ in range(4):  # swell: a few long waves of nearly one direction
        turn, length = angle + rng.normal(0, 0.3), rng.uniform(7, 30)
        phase = (rows * np.sin(turn) + columns * np.cos(turn)) * (2 * np.pi / length)
        height += np.sin(phase + rng.uniform(0, 2 * np.pi)) * length / 30
    ripples = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), 0.8)
    caps = ndimage.gaussian_filter(rng.standard_normal(size, np.float32), (0.7, 1.6))
    caps = np.clip(caps / caps.std() + 0.25 * height - rng.uniform(2.7, 3.6), 0, 1)
    light = rng.uniform(-0.2, 0.2, 2) @ np.stack([rows / size[0], columns / size[1]]).reshape(2, -1)
    water = 5 * height + 14 * ripples
    sea = colour * (1 + light.reshape(size))[..., None] + water[..., None]
    return (sea + caps[..., None] * (215 - sea)).astype(np.float32)


def _draw_wake(rng: np.random.Generator, canvas: np.ndarray, shape: _Hull) -> None:
    """Foam behind the stern that widens and fades; some ships lie still."""
    length = rng.uniform(0, 3)
    if length < 0.8:
        return
    behind = np.clip((-0.85 - shape.along) / length, 0, 1)
    width = 0.35 + 0.8 * behind
    foam = np.clip(1 - np.abs(shape.across) / width, 0, 1) * (1 - behind) * (behind > 0)
    foam = foam * rng.uniform(0.3, 0.8) * rng.uniform(0.5, 1, foam.shape)
    canvas += foam[..., None].astype(np.float32) * (220 - canvas)


def _draw_ship(
    rng: np.random.Generator, canvas: np.ndarray, shape: _Hull, cover: np.ndarray
) -> None:
    """Deck, a rim that the light catches, hatches or none, and the bridge."""
    window = ndimage.find_objects((cover > 0).astype(np.int8))[0]
    along, cover = shape.along[window], cover[window]
    across = shape.across[window].clip(-1, 1)
    deck = rng.choice([45, 75, 120, 160, 200]) + rng.normal(0, 12, 3)
    if rng.random() < 0.3:
        deck = deck * np.array([1.3, 0.75, 0.65])  # rust, or red lead
    paint = deck + (18 * np.sign(rng.normal()) * across)[..., None]
    hatches = (np.sin(along * rng.uniform(12, 22)) > 0.2) & (np.abs(across) < 0.55)
    if rng.random() < 0.6:
        paint[hatches & (along < 0.6)] *= rng.choice([0.65, 1.35])
    bridge = (np.abs(along - rng.uniform(-0.8, -0.45)) < 0.13) & (np.abs(across) < 0.7)
    shade = 12 * across[bridge] + rng.normal(0, 5, bridge.sum())
    paint[bridge] = (rng.choice([130, 175, 220]) + shade)[:, None]
    canvas[window] += cover[..., None] * (np.clip(paint, 10, 245) - canvas[window])
