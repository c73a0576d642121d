"""Scenes of real coins that touch, with the exact truth of every coin.

In the photograph ``coins`` no coin touches another, so counting connected pixels is enough. Here
its 24 coins are cut out along their outlines, turned, and laid on its own cloth in groups that
touch. The cloth is the photograph's too: its large-scale light is a polynomial fitted to the bare
cloth, its grain is patched together from pieces of bare cloth. A coin goes where the light is
nearly that of its old place, and its brightness follows what difference is left, so that coins
stand out from the cloth as much as they do in the photograph.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from scipy import ndimage

from course_utils.datasets.pictures import Picture, load_picture

TILE = 16
"""Side in pixels of a piece of bare cloth; neighbours overlap by half."""
SIDE = 76
"""Side in pixels of the square in which a coin is cut out: the largest one can be turned in it."""
MARGIN = 3
"""Pixels of cloth between a coin and the border, and around a coin that touches none."""
CONTACT = 6
"""Where two coins touch, at least so many pixels of one lie beside or under the other."""
OVERLAP = 12
"""No coin covers more pixels of the others than this."""
TRIES = 200
"""Places looked at for one coin before the scene is started again."""
SCENES = 10
"""Scenes started before giving up."""


@dataclass(frozen=True, eq=False)
class Coin:
    """A coin cut out of the photograph.

    Attributes
    ----------
    grey : ndarray of float32, shape (76, 76)
        Grey levels above those of the cloth around the coin; the coin lies in the middle.
    cover : ndarray of float32, shape (76, 76)
        Share of each pixel that the coin covers, in [0, 1].
    cloth : float
        Grey level of the cloth around the coin.
    """

    grey: np.ndarray
    cover: np.ndarray
    cloth: float

    @property
    def mask(self) -> np.ndarray:
        """The pixels of which the coin covers half or more: bool, shape (76, 76)."""
        return self.cover >= 0.5


Place = tuple[Coin, tuple[slice, slice]]


def coin_scene(
    seed: int = 0,
    *,
    coins: int = 14,
    size: tuple[int, int] = (240, 320),
    turned: bool = True,
    unevenness: float = 1.0,
) -> Picture:
    """Lay real coins on real cloth so that many of them touch.

    Parameters
    ----------
    seed : int
        The same number gives the same scene.
    coins : int
        How many. About three of four touch another one, the rest touch none.
    size : tuple of int
        Rows and columns of the scene.
    turned : bool
        Turn every coin by an angle of its own.
    unevenness : float
        1 is the light of the photograph, whose cloth is four times brighter at the top left than
        at the bottom; 0 is even light. The coins lie in the same places either way.

    Returns
    -------
    Picture
        Grey levels, label map, instance map (1 to `coins`), class names. Where two coins touch,
        they lie side by side, or the one with the higher number covers at most a dozen pixels of
        the other.

    Raises
    ------
    ValueError
        No coin is asked for, or the coins do not fit.

    Examples
    --------
    >>> scene = coin_scene(seed=0)
    >>> scene.image.shape, scene.class_names, int(scene.instance_map.max())
    ((240, 320), ('background', 'coin'), 14)
    """
    if coins < 1:
        raise ValueError(f"coins must be 1 or more, got {coins}. Ask for at least one coin.")
    rng = np.random.default_rng(seed)
    light = _light(size)
    for _ in range(SCENES):
        places = _lay(rng, coins, light, turned)
        if places is not None:
            break
    else:
        raise ValueError(
            f"the coins must fit into the scene, got {coins} coins and size {size}. "
            "Ask for fewer coins, or for a larger size: about 5,000 pixels a coin."
        )
    light = light.mean() + unevenness * (light - light.mean())
    canvas = light + np.pad(_grain(rng, size), SIDE)
    instance_map = np.zeros(light.shape, np.int32)
    for number, (coin, window) in enumerate(places, start=1):
        grey = coin.grey + light[window][coin.mask].mean()
        canvas[window] += coin.cover * (grey - canvas[window])
        instance_map[window][coin.mask] = number
    image = np.clip(np.rint(canvas[INSIDE]), 0, 255).astype(np.uint8)
    instance_map = instance_map[INSIDE].copy()
    label_map = (instance_map > 0).astype(np.uint8)
    return Picture(image, label_map, instance_map, ("background", "coin"))


INSIDE = np.s_[SIDE:-SIDE, SIDE:-SIDE]
"""The scene in its frame, which lets a window stick out where its coin does not."""


def _lay(
    rng: np.random.Generator, coins: int, light: np.ndarray, turned: bool
) -> list[Place] | None:
    """Find a place for every coin; None where the scene is full."""
    border = np.ones(light.shape, bool)
    border[SIDE + MARGIN : -SIDE - MARGIN, SIDE + MARGIN : -SIDE - MARGIN] = False
    taken = np.zeros(light.shape, bool)
    used = np.zeros(len(_cut_coins()), int)
    places: list[Place] = []
    for _ in range(coins):
        touching = bool(places) and rng.random() < 0.7
        for _ in range(TRIES):
            path = _path(rng, places[rng.integers(len(places))][1] if touching else None, light)
            which = _like(rng, light[tuple(path[-1])], used)
            coin = _cut_coins()[which]
            degrees = rng.uniform(0, 360) if turned else 0.0
            cover = _turn(coin.cover, degrees, Image.Resampling.BILINEAR)
            window = _rest(cover >= 0.5, path, border, taken)
            if window is not None:
                break
        else:
            return None
        used[which] += 1
        taken[window] |= cover >= 0.5
        grey = _turn(coin.grey, degrees, Image.Resampling.BICUBIC)
        places.append((Coin(grey, cover, coin.cloth), window))
    return places


def _path(
    rng: np.random.Generator, partner: tuple[slice, slice] | None, light: np.ndarray
) -> np.ndarray:
    """Middles to try one after the other: from afar straight at a coin, or one place anywhere."""
    if partner is None:
        return rng.integers(SIDE, np.array(light.shape) - SIDE)[None]
    goal = np.array([part.start + SIDE // 2 for part in partner])
    angle = rng.uniform(0, 2 * np.pi)
    steps = np.arange(SIDE, SIDE // 3, -0.5)[:, None] * [np.sin(angle), np.cos(angle)]
    return np.clip(np.rint(goal + steps).astype(int), SIDE // 2, np.array(light.shape) - SIDE // 2)


def _like(rng: np.random.Generator, light: float, used: np.ndarray) -> int:
    """A coin from a place about as light as this, rather one that was used less."""
    unlike = [abs(coin.cloth - light) for coin in _cut_coins()]
    return int(rng.choice(np.argsort(unlike + 100 * used)[:6]))


def _rest(
    mask: np.ndarray, path: np.ndarray, border: np.ndarray, taken: np.ndarray
) -> tuple[slice, slice] | None:
    """Window where a coin comes to rest on its path; None where it finds no place."""
    alone = len(path) == 1
    near = ndimage.binary_dilation(mask, iterations=MARGIN if alone else 1)
    for row, column in path - SIDE // 2:
        window = slice(row, row + SIDE), slice(column, column + SIDE)
        met = np.count_nonzero(near & taken[window])
        if np.count_nonzero(mask & taken[window]) > OVERLAP or (alone and met):
            return None
        if (alone or met >= CONTACT) and not (mask & border[window]).any():
            return window
    return None


def _turn(values: np.ndarray, degrees: float, resample: Image.Resampling) -> np.ndarray:
    """A square turned around its middle."""
    if degrees == 0:
        return values
    return np.asarray(Image.fromarray(values).rotate(degrees, resample))


@functools.cache
def _cut_coins() -> tuple[Coin, ...]:
    picture = load_picture("coins")
    image = np.pad(picture.image.astype(float), SIDE, mode="edge")
    instance_map = np.pad(picture.instance_map, SIDE)
    coins = []
    for box in ndimage.find_objects(instance_map):
        row, column = (round((part.start + part.stop - SIDE) / 2) for part in box)
        window = slice(row, row + SIDE), slice(column, column + SIDE)
        mask = instance_map[window] == instance_map[row + SIDE // 2, column + SIDE // 2]
        around = ndimage.binary_dilation(mask, iterations=5)
        around &= ~ndimage.binary_dilation(mask, iterations=2)
        cloth = float(np.median(image[window][around]))
        cover = ndimage.gaussian_filter(mask.astype(float), 0.6)
        coins.append(
            Coin((image[window] - cloth).astype(np.float32), cover.astype(np.float32), cloth)
        )
    return tuple(coins)


@functools.cache
def _bare_cloth() -> tuple[np.ndarray, np.ndarray]:
    """Weights of the polynomial that is the cloth's light, and pieces of what is left over."""
    picture = load_picture("coins")
    bare = ~ndimage.binary_dilation(picture.label_map == 1, iterations=5)
    bare[:, 376:] = False  # the photograph's own dark corners
    surface = _surface(picture.label_map.shape)
    weights, *_ = np.linalg.lstsq(surface[bare], picture.image[bare].astype(float), rcond=None)
    left_over = picture.image - surface @ weights
    pieces = sliding_window_view(left_over, (TILE, TILE))[::2, ::2]
    whole = sliding_window_view(bare, (TILE, TILE))[::2, ::2].all(axis=(2, 3))
    pieces = pieces[whole]
    return weights, pieces - pieces.mean(axis=(1, 2), keepdims=True)


def _surface(size: tuple[int, ...]) -> np.ndarray:
    rows, columns = (np.linspace(-1, 1, side) for side in size)
    return np.polynomial.polynomial.polyvander2d(*np.meshgrid(rows, columns, indexing="ij"), (3, 3))


def _light(size: tuple[int, int]) -> np.ndarray:
    """Grey levels of smooth cloth: the whole photograph's light, over a scene and its frame."""
    weights, _ = _bare_cloth()
    return np.pad(_surface(size) @ weights, SIDE, mode="edge")


def _grain(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """What cloth has beside its light, from overlapping pieces: no seam, and as rough as they are.

    The squares of the four windows that meet in a pixel add to 1, so variance stays what it is.
    """
    _, pieces = _bare_cloth()
    half = TILE // 2
    rise = np.sin(np.pi * (np.arange(TILE) + 0.5) / TILE)
    down, right = (side // half + 2 for side in size)
    chosen = pieces[rng.integers(len(pieces), size=(down, right))] * np.outer(rise, rise)
    grain = np.zeros(((down + 1) * half, (right + 1) * half))
    for row in (0, half):
        for column in (0, half):
            part = chosen[:, :, row : row + half, column : column + half]
            grain[row : row + down * half, column : column + right * half] += part.transpose(
                0, 2, 1, 3
            ).reshape(down * half, right * half)
    return grain[half : half + size[0], half : half + size[1]]
