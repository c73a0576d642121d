"""A data set held on the device: as bytes, ready to be cut into batches without a copy from disk.

A picture of 128 x 128 is 48 kB as uint8 and four times that as float32. So whole data sets fit, and
batches are gathered, augmented and made floats where they are used.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.labels import require_class_indices
from course_utils.losses import unet_border_weights
from course_utils.transforms import Augmentation, augment_batch

Batch = tuple[Tensor, Tensor, Tensor | None]
"""Images uint8 (B, 3, H, W), label maps uint8 (B, H, W), pixel weights float32 (B, H, W)."""


class ResidentData:
    """All pictures of one part on a device.

    Parameters
    ----------
    data : SegmentationData
    device : torch.device
        Where batches appear. On CUDA the pictures lie there too if they take less than half of the
        free memory; otherwise each batch is copied.
    size : tuple of int, optional
        Rows and columns to bring every picture to.
    border_weights : bool
        Compute `unet_border_weights` once for each picture.

    Raises
    ------
    ValueError
        If a label is out of range, pictures differ in size, or weights are wanted of data that has
        no instance maps.

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> data = ResidentData(load_data("digits", "val", count=4), torch.device("cpu"))
    >>> [len(images) for images, *_ in data.batches(3)]
    [3, 1]
    """

    def __init__(
        self,
        data: SegmentationData,
        device: torch.device,
        size: tuple[int, int] | None = None,
        *,
        border_weights: bool = False,
    ) -> None:
        images, label_maps, instance_maps = data.arrays(size)
        require_class_indices(label_maps, data.num_classes, name=f"label maps of {data.name}")
        self.device = device
        self.tensors = [torch.from_numpy(images), torch.from_numpy(label_maps)]
        if border_weights:
            if instance_maps is None:
                raise ValueError(
                    f"border_weights needs instance maps, and {data.name} has none. Use data with "
                    "instances (coins, cells, nuclei), or border_weights=False."
                )
            weights = np.stack([unet_border_weights(instances) for instances in instance_maps])
            self.tensors.append(torch.from_numpy(weights))
        if _fits(sum(tensor.nbytes for tensor in self.tensors), device):
            self.tensors = [tensor.to(device) for tensor in self.tensors]

    def __len__(self) -> int:
        return len(self.tensors[0])

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of every picture."""
        height, width = self.tensors[0].shape[2:]
        return height, width

    def batches(self, batch_size: int) -> Iterator[Batch]:
        """All pictures in their order, the last batch being what is left."""
        for start in range(0, len(self), batch_size):
            yield self._moved([tensor[start : start + batch_size] for tensor in self.tensors])

    def shuffled(
        self, batch_size: int, *, seed: int, epoch: int, start: int = 0
    ) -> Iterator[Batch]:
        """Batches of one epoch in its own order, from step `start`; what is left is left out.

        The order is a function of seed and epoch alone: a run that is taken up again in the middle
        sees the same batches.
        """
        generator = torch.Generator().manual_seed(mixed_seed(seed, epoch))
        order = torch.randperm(len(self), generator=generator)
        size = min(batch_size, len(self))
        for step in range(start, len(self) // size):
            chosen = order[step * size : (step + 1) * size].to(self.tensors[0].device)
            yield self._moved([tensor[chosen] for tensor in self.tensors])

    def _moved(self, tensors: list[Tensor]) -> Batch:
        images, label_maps, *weights = (t.to(self.device, non_blocking=True) for t in tensors)
        return images, label_maps, weights[0] if weights else None


def augmented(batch: Batch, how: Augmentation | None, *, seed: int) -> Batch:
    """The batch after one draw of augmentation, which is a function of the seed alone.

    Examples
    --------
    >>> images, label_maps = torch.zeros(1, 3, 8, 8, dtype=torch.uint8), torch.ones(1, 8, 8).byte()
    >>> augmented((images, label_maps, None), Augmentation(crop=(4, 4)), seed=0)[1].shape
    torch.Size([1, 4, 4])
    """
    if how is None:
        return batch
    images, label_maps, weights = batch
    generator = torch.Generator(images.device).manual_seed(seed)
    others = () if weights is None else (weights,)
    images, label_maps, *rest = augment_batch(
        images, label_maps, *others, how=how, generator=generator
    )
    return images, label_maps, rest[0] if rest else None


def mixed_seed(*numbers: int) -> int:
    """One seed of several numbers, so that (0, 1) and (1, 0) give unlike random numbers.

    Examples
    --------
    >>> mixed_seed(0, 1) == mixed_seed(0, 1), mixed_seed(0, 1) == mixed_seed(1, 0)
    (True, False)
    """
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def _fits(size: int, device: torch.device) -> bool:
    return device.type != "cuda" or size < torch.cuda.mem_get_info(device)[0] / 2
