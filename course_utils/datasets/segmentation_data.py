"""One form for all data sets: a list of pictures, each with its label map and its instances.

A data set lies in memory (what the course makes itself) or is read from files item by item (what
was fetched). Either way an item is uint8 and complete; floats are made last, by
`transforms.to_float`, where the network is.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_utils.labels import IGNORE_INDEX
from course_utils.transforms import resize


@dataclass(frozen=True, eq=False)
class Item:
    """A picture with its truth.

    Attributes
    ----------
    image : ndarray of uint8, shape (3, H, W)
        Red, green, blue.
    label_map : ndarray of uint8, shape (H, W)
        Class index of each pixel, 255 (`IGNORE_INDEX`) where it is void.
    instance_map : ndarray of int32, shape (H, W), or None
        Number of the object, counted from 1; 0 where there is none.
    """

    image: np.ndarray
    label_map: np.ndarray
    instance_map: np.ndarray | None = None


class SegmentationData:
    """A part of a data set, as a list of items.

    Parameters
    ----------
    name, part : str
        Such as "digits" and "train".
    keys : sequence
        One for each item: file name, number, or what `read` needs.
    read : callable
        `read(key)` gives the `Item`. It is called anew each time an item is asked for.
    class_names : sequence of str
        Name of each class index.
    palette : array of uint8, shape (C, 3)
        Colour of each class, for looking at label maps.
    has_instances : bool
        Whether the items have an instance map.

    Raises
    ------
    ValueError
        If there is not one colour for each class.

    Examples
    --------
    >>> item = Item(np.zeros((3, 2, 2), np.uint8), np.array([[0, 0], [1, 255]], np.uint8))
    >>> data = SegmentationData(
    ...     "dots", "train", ["only"], {"only": item}.get, class_names=["background", "dot"],
    ...     palette=[(0, 0, 0), (221, 136, 34)], has_instances=False,
    ... )
    >>> len(data), data.num_classes, data[-1].label_map[1, 0], data.class_frequencies().round(2)
    (1, 2, np.uint8(1), array([0.67, 0.33]))
    """

    ignore_index = IGNORE_INDEX

    def __init__(
        self,
        name: str,
        part: str,
        keys: Sequence[Any],
        read: Callable[[Any], Any],
        *,
        class_names: Sequence[str],
        palette: Any,
        has_instances: bool,
    ):
        self.name, self.part, self.keys = name, part, tuple(keys)
        self.class_names = tuple(class_names)
        self.palette = np.array(palette, np.uint8)
        self.has_instances = has_instances
        self._read = read
        self._counts: np.ndarray | None = None  # pixels of each label, 0 to 255
        if self.palette.shape != (len(self.class_names), 3):
            raise ValueError(
                f"palette must have shape (C, 3) = ({len(self.class_names)}, 3), one colour for "
                f"each class, got {self.palette.shape}. Take labels.display_palette."
            )

    @property
    def num_classes(self) -> int:
        """Number of classes C, void not counted."""
        return len(self.class_names)

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, number: int) -> Item:
        return self._read(self.keys[number])

    def __iter__(self) -> Iterator[Item]:
        return map(self._read, self.keys)

    def __repr__(self) -> str:
        return f"<{self.name} {self.part}: {len(self)} pictures, {self.num_classes} classes>"

    def take(self, numbers: Iterable[int]) -> "SegmentationData":
        """Pick items by their numbers.

        Parameters
        ----------
        numbers : iterable of int
            In the order wanted; a number may come twice.

        Returns
        -------
        SegmentationData
            The same data set with those items alone.

        Raises
        ------
        IndexError
            If there is no item of that number.
        """
        taken = copy.copy(self)
        taken.keys = tuple(self.keys[number] for number in numbers)
        taken._counts = None
        return taken

    def resized(self, size: tuple[int, int]) -> "SegmentationData":
        """The same pictures, each brought to one size when it is read.

        Parameters
        ----------
        size : tuple of int
            Rows and columns. The sides' ratio is not kept.

        Returns
        -------
        SegmentationData
        """
        other, read = copy.copy(self), self._read

        def read_resized(key: Any) -> Item:
            item = read(key)
            return Item(*resize(item.image, item.label_map, item.instance_map, size=size))

        other._read, other._counts = read_resized, None
        return other

    def arrays(
        self, size: tuple[int, int] | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The whole part in memory.

        Parameters
        ----------
        size : tuple of int, optional
            Rows and columns to bring every picture to. Needed where pictures differ in size.

        Returns
        -------
        images : ndarray of uint8, shape (N, 3, H, W)
        label_maps : ndarray of uint8, shape (N, H, W)
        instance_maps : ndarray of int32, shape (N, H, W), or None
            Fresh arrays: writing to them harms nobody.

        Raises
        ------
        ValueError
            If there is no item, or pictures differ in size and none was given.
        """
        if not len(self):
            raise ValueError(f"{self!r} has no pictures, so no size. Take at least one item.")
        source = self if size is None else self.resized(size)
        first = source[0]
        count, sides = len(self), first.label_map.shape
        images = np.empty((count, 3, *sides), np.uint8)
        label_maps = np.empty((count, *sides), np.uint8)
        instance_maps = np.empty((count, *sides), np.int32) if self.has_instances else None
        for number in range(count):
            item = first if number == 0 else source[number]
            if item.label_map.shape != sides:
                raise ValueError(
                    f"pictures of {self.name} must have one size to form one array, got {sides} "
                    f"and, at number {number}, {item.label_map.shape}. Give size=(rows, columns)."
                )
            images[number], label_maps[number] = item.image, item.label_map
            if instance_maps is not None:
                instance_maps[number] = item.instance_map
        if size is None:
            self._counts = np.bincount(label_maps.ravel(), minlength=256)
        return images, label_maps, instance_maps

    def class_frequencies(self) -> np.ndarray:
        """Share of each class among the pixels that are not void.

        Returns
        -------
        ndarray of float64, shape (C,)
            Sums to 1; nan if every pixel is void. Counted at the first call, then remembered.

        Raises
        ------
        ValueError
            If a label map holds a value that is neither a class index nor void.
        """
        if self._counts is None:
            counts = np.zeros(256, np.int64)
            for item in self:
                counts += np.bincount(item.label_map.ravel(), minlength=256)
            self._counts = counts
        wrong = np.flatnonzero(self._counts[self.num_classes : IGNORE_INDEX]) + self.num_classes
        if len(wrong):
            raise ValueError(
                f"label maps of {self.name} must hold 0 to {self.num_classes - 1} or "
                f"{IGNORE_INDEX}, found {wrong.tolist()}. Mend the reader or the files."
            )
        counted = self._counts[: self.num_classes]
        with np.errstate(invalid="ignore"):
            return counted / counted.sum()


def from_arrays(
    name: str,
    part: str,
    images: np.ndarray,
    label_maps: np.ndarray,
    instance_maps: np.ndarray | None = None,
    *,
    class_names: Sequence[str],
    palette: Any,
) -> SegmentationData:
    """Make a data set of arrays in memory.

    Parameters
    ----------
    name, part : str
    images : ndarray of uint8, shape (N, 3, H, W)
    label_maps : ndarray of uint8, shape (N, H, W)
    instance_maps : ndarray of int32, shape (N, H, W), optional
    class_names : sequence of str
    palette : array of uint8, shape (C, 3)

    Returns
    -------
    SegmentationData
        Its items are copies.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> images, label_maps = np.zeros((2, 3, 4, 6), np.uint8), np.zeros((2, 4, 6), np.uint8)
    >>> data = from_arrays(
    ...     "dots", "train", images, label_maps, class_names=["all"], palette=[(0, 0, 0)]
    ... )
    >>> data.arrays(size=(2, 3))[0].shape
    (2, 3, 2, 3)
    """
    expected = (len(images), *images.shape[2:])
    maps = [label_maps] if instance_maps is None else [label_maps, instance_maps]
    if images.ndim != 4 or images.shape[1] != 3 or any(m.shape != expected for m in maps):
        raise ValueError(
            "images must have shape (N, 3, H, W) and maps (N, H, W) of the same pictures, got "
            f"{images.shape} and {', '.join(str(m.shape) for m in maps)}. "
            "Colours come first: images.transpose(0, 3, 1, 2)."
        )

    def read(number: int) -> Item:
        instance_map = None if instance_maps is None else instance_maps[number].copy()
        return Item(images[number].copy(), label_maps[number].copy(), instance_map)

    return SegmentationData(
        name,
        part,
        range(len(images)),
        read,
        class_names=class_names,
        palette=palette,
        has_instances=instance_maps is not None,
    )
