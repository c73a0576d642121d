"""Pictures moved together with their label maps: resized, flipped, turned, zoomed, cropped.

The one idea: a move is an affine map from a pixel of the result to a place in the picture, and the
same map serves image, label map and instance map. Only the reading differs: an image is
interpolated, a map takes the nearest value, since halfway between class 2 and class 6 lies no class
4. Outside the picture the label map is void, the instance map 0, the image its own mean colour.

`augment` moves one sample with NumPy, `augment_batch` a batch on its device with torch. Both draw
the same kind of moves, and the same draw gives the same result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from course_utils.labels import IGNORE_INDEX

_DRAWS = 9
"""Random numbers for each sample: flips (2), scale, angle, place (2), brightness, contrast,
noise."""


@dataclass(frozen=True)
class Augmentation:
    """How far a sample may be changed at random.

    Parameters
    ----------
    flip : bool
        Swap left and right in half of the cases.
    upside_down : bool
        Swap top and bottom in half of the cases; for pictures without an up, such as cells.
    scale : tuple of float, above 0
        Smallest and largest zoom. Drawn so that halving is as likely as doubling.
    rotate : float, 0 to 180
        Largest turn to either side, in degrees.
    crop : tuple of int, optional
        Rows and columns of the result; by default those of the picture. A crop lies anywhere in the
        zoomed picture; where it is the larger one, the picture lies anywhere in the crop.
    brightness : float, 0 to 1
        Largest number added to all pixels, as a share of the range.
    contrast : float, 0 to 1
        Differences from the picture's mean are multiplied by 1 plus or minus at most this.
    noise : float, 0 to 1
        Largest standard deviation of the noise added, as a share of the range.

    Raises
    ------
    ValueError
        If a number is out of its range.

    Examples
    --------
    >>> Augmentation(scale=(0.5, 2), crop=(96, 96)).crop
    (96, 96)
    """

    flip: bool = True
    upside_down: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    rotate: float = 0.0
    crop: tuple[int, int] | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        if len(self.scale) != 2 or not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(
                "scale must be the smallest and the largest zoom, both above 0, got "
                f"{self.scale}. (0.5, 2) halves to doubles; (1, 1) leaves the size."
            )
        if not 0 <= self.rotate <= 180:
            raise ValueError(f"rotate must be 0 to 180 degrees, got {self.rotate}.")
        if self.crop is not None and (len(self.crop) != 2 or min(self.crop) < 1):
            raise ValueError(f"crop must be rows and columns, each 1 or more, got {self.crop}.")
        for name in ("brightness", "contrast", "noise"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} must be 0 to 1, a share of the range, got {getattr(self, name)}. "
                    "Divide grey levels by 255."
                )

    @property
    def moves(self) -> bool:
        """Whether pixels may change their place."""
        return (
            self.flip
            or self.upside_down
            or self.scale != (1, 1)
            or self.rotate > 0
            or self.crop is not None
        )

    @property
    def recolours(self) -> bool:
        """Whether grey levels may change."""
        return max(self.brightness, self.contrast, self.noise) > 0


def to_float(
    images: Any, mean: Sequence[float] | None = None, std: Sequence[float] | None = None
) -> Tensor:
    """Turn stored images into what a network reads.

    Parameters
    ----------
    images : Tensor or ndarray of uint8, shape (N, 3, H, W) or (3, H, W)
    mean, std : sequence of 3 float, optional
        Of each colour, in [0, 1]: subtract the one, then divide by the other.

    Returns
    -------
    Tensor of float32, same shape
        In [0, 1], or normalised; on the device of the images.

    Raises
    ------
    TypeError
        If the images are not uint8: dividing twice by 255 is a mistake that no error reports.
    ValueError
        If the colours are not the third axis from the end, or only one of mean and std is given.

    Examples
    --------
    >>> to_float(np.full((1, 3, 1, 1), 255, np.uint8)).unique()
    tensor([1.])
    """
    images = torch.as_tensor(images)
    if images.dtype != torch.uint8:
        raise TypeError(
            f"images must be uint8 (0 to 255), got {images.dtype}. "
            "Give the stored images: this function divides by 255, once."
        )
    if images.ndim not in (3, 4) or images.shape[-3] != 3:
        raise ValueError(
            f"images must have shape (N, 3, H, W), got {tuple(images.shape)}. "
            "Put the colours first: image.transpose(2, 0, 1)."
        )
    scaled = images.float() / 255
    if mean is None and std is None:
        return scaled
    if mean is None or std is None:
        raise ValueError("mean and std must be given together, got one of them. Give both.")
    shift, width = (scaled.new_tensor(v).reshape(-1, 1, 1) for v in (mean, std))
    return (scaled - shift) / width


def resize(
    image: np.ndarray,
    label_map: np.ndarray,
    instance_map: np.ndarray | None = None,
    *,
    size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Bring a sample to another size.

    Parameters
    ----------
    image : ndarray of uint8, shape (3, H, W)
        Averaged over areas where it shrinks, interpolated linearly where it grows.
    label_map : ndarray of int, shape (H, W)
        Takes the nearest value, so no class appears that was not there. A thin object may vanish.
    instance_map : ndarray of int, shape (H, W), optional
        As the label map.
    size : tuple of int
        Rows and columns wanted.

    Returns
    -------
    image, label_map, instance_map
        Of the same types.

    Raises
    ------
    ValueError
        If a side is less than 1 or the shapes do not match.

    Examples
    --------
    >>> image, label_map = np.zeros((3, 4, 4), np.uint8), np.array([[0, 6]] * 2)
    >>> resize(image[:, :2, :2], label_map, size=(1, 4))[1]
    array([[0, 0, 6, 6]])
    """
    _require_sample(image, label_map, instance_map)
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size must be rows and columns, each 1 or more, got {size}.")
    if tuple(size) == label_map.shape:
        return image, label_map, instance_map
    shrinks = all(new <= old for new, old in zip(size, label_map.shape, strict=True))
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    picture = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    resized = np.asarray(picture.resize((size[1], size[0]), how)).transpose(2, 0, 1)
    rows, columns = (
        ((np.arange(new) + 0.5) * old / new).astype(np.intp)
        for new, old in zip(size, label_map.shape, strict=True)
    )
    nearest = np.ix_(rows, columns)
    instances = None if instance_map is None else instance_map[nearest]
    return np.ascontiguousarray(resized), label_map[nearest], instances


def augment(
    image: np.ndarray,
    label_map: np.ndarray,
    instance_map: np.ndarray | None = None,
    *,
    how: Augmentation,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Change one sample at random: image, label map and instance map by the same move.

    Parameters
    ----------
    image : ndarray of uint8, shape (3, H, W)
    label_map : ndarray of int, shape (H, W)
    instance_map : ndarray of int, shape (H, W), optional
    how : Augmentation
    rng : numpy Generator
        The same state gives the same result.

    Returns
    -------
    image, label_map, instance_map
        Fresh arrays of the same types, of size `how.crop` or as they were. Outside the picture the
        image has its mean colour, the label map is 255 (`IGNORE_INDEX`), the instance map 0.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> image, label_map = np.zeros((3, 2, 2), np.uint8), np.array([[1, 0], [0, 0]], np.uint8)
    >>> how = Augmentation(flip=False, crop=(3, 2))  # a row more than there is
    >>> augment(image, label_map, how=how, rng=np.random.default_rng(0))[1]
    array([[  1,   0],
           [  0,   0],
           [255, 255]], dtype=uint8)
    """
    _require_sample(image, label_map, instance_map)
    draws = torch.from_numpy(rng.random((1, _DRAWS), np.float32))
    image, label_map = image.copy(), label_map.copy()
    instance_map = None if instance_map is None else instance_map.copy()
    if how.moves:
        size = how.crop or label_map.shape
        matrix, offset = (move[0].double().numpy() for move in _moves(how, draws, label_map, size))
        image = _read_linear(image, matrix, offset, size)
        label_map = _read_nearest(label_map, matrix, offset, size, IGNORE_INDEX)
        if instance_map is not None:
            instance_map = _read_nearest(instance_map, matrix, offset, size, 0)
    if how.recolours:
        noise = torch.from_numpy(rng.standard_normal((1, *image.shape), np.float32))
        image = _recolour(torch.from_numpy(image)[None], how, draws, noise)[0].numpy()
    return image, label_map, instance_map


def augment_batch(
    images: Tensor,
    label_maps: Tensor,
    *others: Tensor,
    how: Augmentation,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, ...]:
    """Change each sample of a batch by a move of its own, on the device where the batch is.

    Parameters
    ----------
    images : Tensor of uint8, shape (N, 3, H, W)
    label_maps : Tensor of int, shape (N, H, W)
    *others : Tensor, shape (N, H, W)
        Further maps that go along: integers (instance maps) take the nearest value, floats (pixel
        weights) are interpolated; both are 0 outside the picture.
    how : Augmentation
    generator : torch Generator, optional
        Whence the random numbers come; best on the device of the images.

    Returns
    -------
    tuple of Tensor
        Images, label maps and others, of the same types; label maps 255 (`IGNORE_INDEX`) outside.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> images, label_maps = torch.zeros(2, 3, 4, 4, dtype=torch.uint8), torch.ones(2, 4, 4).long()
    >>> moved = augment_batch(images, label_maps, how=Augmentation(crop=(2, 6)))
    >>> moved[0].shape, (moved[1] == 255).sum(dim=(1, 2)).tolist()
    (torch.Size([2, 3, 2, 6]), [4, 4])
    """
    _require_batch(images, label_maps, others)
    device = images.device if generator is None else generator.device
    draws = torch.rand(len(images), _DRAWS, generator=generator, device=device).to(images.device)
    if how.moves:
        size = how.crop or tuple(label_maps.shape[1:])
        grid = _grid(*_moves(how, draws, label_maps[0], size), label_maps[0], size)
        floats = [map for map in others if map.is_floating_point()]
        integers = [label_maps, *(map for map in others if not map.is_floating_point())]
        smooth = _sample_linear(images, floats, grid)
        exact = _sample_nearest(integers, grid)
        images, label_maps = smooth.pop(0), exact.pop(0)
        others = tuple((smooth if m.is_floating_point() else exact).pop(0) for m in others)
    if how.recolours:
        noise = torch.randn(images.shape, generator=generator, device=device).to(images.device)
        images = _recolour(images, how, draws, noise)
    return images, label_maps, *others


def _moves(
    how: Augmentation, draws: Tensor, like: Any, size: tuple[int, ...]
) -> tuple[Tensor, Tensor]:
    """Matrices (N, 2, 2) and offsets (N, 2) that take a pixel (row, column) of the result back.

    A pixel's place is counted from the picture's first pixel, as SciPy does. From the result's
    middle: flip, turn, go to the window's place in the zoomed picture, undo the zoom.
    """
    smallest, largest = how.scale
    scale = smallest * (largest / smallest) ** draws[:, 2]  # (N,)
    angle = (2 * draws[:, 3] - 1) * float(np.deg2rad(how.rotate))
    row_sign = 1.0 - 2.0 * (draws[:, 0] < 0.5) * how.upside_down
    column_sign = 1.0 - 2.0 * (draws[:, 1] < 0.5) * how.flip
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([cos * row_sign, sin * column_sign, -sin * row_sign, cos * column_sign], 1)
    matrix = turn.reshape(-1, 2, 2) / scale[:, None, None]  # (N, 2, 2)

    old, new = (draws.new_tensor(tuple(sides)) for sides in (like.shape, size))
    room = scale[:, None] * old - new  # (N, 2) pixels of the zoomed picture; negative: too small
    corner = torch.minimum((draws[:, 4:6] * (room.abs() + 1)).floor(), room.abs()) * room.sign()
    middle = (corner + new / 2) / scale[:, None] - 0.5  # of the window, in pixels of the picture
    offset = middle - (matrix @ ((new - 1) / 2)[:, None])[..., 0]
    return matrix, offset


def _recolour(images: Tensor, how: Augmentation, draws: Tensor, noise: Tensor) -> Tensor:
    """Change contrast, brightness and noise of uint8 images (N, 3, H, W)."""
    floats = images.float()
    contrast, brightness = ((2 * draws[:, 6:8] - 1)[..., None, None, None]).unbind(
        1
    )  # (N, 1, 1, 1)
    mean = floats.mean(dim=(1, 2, 3), keepdim=True)
    floats = mean + (1 + how.contrast * contrast) * (floats - mean)
    floats = floats + 255 * how.brightness * brightness
    floats = floats + 255 * how.noise * draws[:, 8].reshape(-1, 1, 1, 1) * noise
    return floats.round().clamp(0, 255).to(torch.uint8)


def _read_linear(
    image: np.ndarray, matrix: np.ndarray, offset: np.ndarray, size: tuple[int, ...]
) -> np.ndarray:
    """Interpolate; the picture's mean colour outside."""
    inside = _read_nearest(np.ones(image.shape[1:], np.uint8), matrix, offset, size, 0) == 1
    moved = np.empty((len(image), *size), np.uint8)
    for channel, values in zip(moved, image, strict=True):
        read = ndimage.affine_transform(
            values.astype(np.float32), matrix, offset, size, order=1, mode="nearest"
        )
        channel[:] = np.rint(np.where(inside, read, values.mean()))
    return moved


def _read_nearest(
    values: np.ndarray, matrix: np.ndarray, offset: np.ndarray, size: tuple[int, ...], outside: int
) -> np.ndarray:
    rows, columns = np.indices(size)
    places = matrix @ np.stack([rows.ravel(), columns.ravel()]) + offset[:, None]  # (2, P)
    places = np.rint(places).astype(np.intp)
    inside = ((places >= 0) & (places < np.array(values.shape)[:, None])).all(axis=0)
    places[:, ~inside] = 0
    found = np.where(inside, values[places[0], places[1]], values.dtype.type(outside))
    return found.reshape(size)


def _grid(matrix: Tensor, offset: Tensor, like: Tensor, size: tuple[int, ...]) -> Tensor:
    """Places in the picture for `grid_sample`, (N, h, w, 2): column, row, each from -1 to 1."""
    rows = torch.arange(size[0], device=matrix.device, dtype=matrix.dtype)
    columns = torch.arange(size[1], device=matrix.device, dtype=matrix.dtype)
    pixels = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)  # (h, w, 2)
    places = pixels @ matrix.mT[:, None] + offset[:, None, None]  # (N, h, w, 2)
    sides = matrix.new_tensor(like.shape)
    return ((2 * places + 1) / sides - 1).flip(-1)


def _sample_linear(images: Tensor, floats: list[Tensor], grid: Tensor) -> list[Tensor]:
    """Read images, with their mean colour outside, and float maps, with 0 outside."""
    stacked = torch.cat([images.float(), *(map[:, None].float() for map in floats)], dim=1)
    moved = functional.grid_sample(stacked, grid, padding_mode="border", align_corners=False)
    inside = (grid.abs() <= 1).all(dim=-1)[:, None]  # (N, 1, h, w)
    outside = images.float().mean(dim=(2, 3), keepdim=True)
    image = torch.where(inside, moved[:, :3], outside).round().to(torch.uint8)
    maps = (moved[:, 3:] * inside).unbind(1)
    return [image, *(new.to(old.dtype) for new, old in zip(maps, floats, strict=True))]


def _sample_nearest(maps: list[Tensor], grid: Tensor) -> list[Tensor]:
    """Read a label map, void outside, and further integer maps, 0 outside.

    `grid_sample` gives 0 outside, so the label map is read as its distance from void.
    """
    stacked = torch.stack([maps[0] - float(IGNORE_INDEX), *(map.float() for map in maps[1:])], 1)
    moved = functional.grid_sample(stacked, grid, mode="nearest", align_corners=False)
    moved[:, 0] += IGNORE_INDEX
    return [new.to(old.dtype) for new, old in zip(moved.unbind(1), maps, strict=True)]


def _require_sample(
    image: np.ndarray, label_map: np.ndarray, instance_map: np.ndarray | None
) -> None:
    maps = [label_map] if instance_map is None else [label_map, instance_map]
    if image.ndim != 3 or len(image) != 3 or any(m.shape != image.shape[1:] for m in maps):
        raise ValueError(
            "image must have shape (3, H, W) and its maps (H, W), got "
            f"{image.shape} and {', '.join(str(m.shape) for m in maps)}. "
            "Colours come first: image.transpose(2, 0, 1)."
        )


def _require_batch(images: Tensor, label_maps: Tensor, others: Sequence[Tensor]) -> None:
    expected = (len(images), *images.shape[2:])
    shapes = [tuple(map.shape) for map in (label_maps, *others)]
    if images.ndim != 4 or images.shape[1] != 3 or any(shape != expected for shape in shapes):
        raise ValueError(
            "images must have shape (N, 3, H, W) and maps (N, H, W) of the same pictures, got "
            f"{tuple(images.shape)} and {', '.join(map(str, shapes))}. "
            "One map of each kind for each picture."
        )
