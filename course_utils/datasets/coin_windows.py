"""Pictures of coins that touch, as a data set: scenes of `coin_scenes` cut into four.

Coins keep the size they have in the photograph, about 42 pixels across; some are cut off by the
picture's edge. All parts show the same 24 coins, each time turned and laid anew, so a score on the
test part says how well coins are told apart, not how well new coins are recognised.
"""

import numpy as np

from course_utils.datasets.coin_scenes import coin_scene

PARTS = ("train", "val", "test")
CLASS_NAMES = ("background", "coin")
SMALLEST = 96
"""Pixels on a side, at least: coins must fit into a scene of twice the size."""
ROOM = 5900
"""Pixels of a scene for each coin: dense, and every scene can be laid."""
_SCENES_OF_A_PART = 1_000_000


def coin_windows(
    count: int, *, seed: int = 0, size: tuple[int, int] = (128, 128), part: str = "train"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut pictures of touching coins out of scenes.

    Parameters
    ----------
    count : int
        How many. The first pictures stay the same when more are asked for.
    seed : int
        The same number, size and part give the same pictures.
    size : tuple of int
        Rows and columns, each 96 or more.
    part : {"train", "val", "test"}
        No scene is seen in two parts.

    Returns
    -------
    images : ndarray of uint8, shape (N, 3, H, W)
        Grey levels, three times.
    label_maps : ndarray of uint8, shape (N, H, W)
        0 is background, 1 is coin.
    instance_maps : ndarray of int32, shape (N, H, W)
        Number of the coin, counted from 1 in each picture; 0 is background.

    Raises
    ------
    ValueError
        Fewer than no pictures are asked for, the size is too small, or there is no such part.

    Examples
    --------
    >>> images, label_maps, instance_maps = coin_windows(2, part="val")
    >>> images.shape, label_maps.max(), instance_maps.dtype
    ((2, 3, 128, 128), np.uint8(1), dtype('int32'))
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, got {part!r}.")
    if count < 0:
        raise ValueError(f"count must be 0 or more, got {count}. Ask for some pictures.")
    if len(size) != 2 or min(size) < SMALLEST:
        raise ValueError(
            f"size must be rows and columns, each {SMALLEST} or more, got {size}. "
            "Cut a piece out of a larger picture if you need less."
        )
    rows, columns = size
    corners = [(top, left) for top in (0, rows) for left in (0, columns)]
    images = np.empty((count, 3, rows, columns), np.uint8)
    instance_maps = np.empty((count, rows, columns), np.int32)
    for number in range(count):
        if number % 4 == 0:
            scene_seed = (3 * seed + PARTS.index(part)) * _SCENES_OF_A_PART + number // 4
            coins = round(4 * rows * columns / ROOM)
            scene = coin_scene(scene_seed, coins=coins, size=(2 * rows, 2 * columns))
        top, left = corners[number % 4]
        window = np.s_[top : top + rows, left : left + columns]
        images[number] = scene.image[window]
        instance_maps[number] = _counted_from_one(scene.instance_map[window])
    return images, (instance_maps > 0).astype(np.uint8), instance_maps


def _counted_from_one(instance_map: np.ndarray) -> np.ndarray:
    """The same objects, numbered without gaps."""
    present = np.unique(np.append(instance_map, 0))
    return np.searchsorted(present, instance_map).astype(np.int32)
