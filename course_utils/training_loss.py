"""The loss that a config asks for, as one function of logits, target and pixel weights."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from course_utils import losses
from course_utils.datasets.segmentation_data import SegmentationData
from course_utils.models.layers import centre_crop
from course_utils.training_config import Config

Loss = Callable[[Tensor, Tensor, Tensor | None], Tensor]


def make_loss(config: Config, data: SegmentationData | None) -> Loss:
    """The loss of a config as a function of logits, target, and pixel weights or None.

    Parameters
    ----------
    config : Config
    data : SegmentationData or None
        Whence the frequencies of "balanced" class weights come; None where they are not asked for.

    Returns
    -------
    callable

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> import torch
    >>> loss = make_loss(Config(loss="cross_entropy+dice_loss"), load_data("ships", count=1))
    >>> loss(torch.zeros(1, 2, 1, 2), torch.tensor([[[0, 1]]]), None)
    tensor(1.0265)
    """
    own = config.loss
    if not isinstance(own, str):
        return lambda logits, target, weights: (
            own(logits, target) if weights is None else own(logits, target, weights)
        )
    class_weights = class_weights_of(config, data)

    def loss(logits: Tensor, target: Tensor, weights: Tensor | None) -> Tensor:
        total = logits.new_zeros(())
        for name in own.split("+"):
            if name == "cross_entropy":
                total = total + losses.cross_entropy(logits, target, class_weights, weights)
            elif name == "focal_loss":
                total = total + losses.focal_loss(logits, target, alpha=class_weights)
            else:
                total = total + getattr(losses, name)(logits, target)
        return total

    return loss


def class_weights_of(config: Config, data: SegmentationData | None) -> list[float] | None:
    """Class weights of a config; "balanced" is the median frequency over each class's own.

    A class that the data do not hold gets 0.

    References
    ----------
    Eigen and Fergus, 2015, section 6.3.2 (median frequency balancing),
    https://arxiv.org/abs/1411.4734 (here pixels of all pictures, also those without the class)

    Examples
    --------
    >>> from course_utils.datasets.registry import load_data
    >>> weights = class_weights_of(Config(class_weights="balanced"), load_data("ships", count=4))
    >>> weights[0] < 1 < weights[1]
    True
    """
    if config.class_weights is None or not isinstance(config.class_weights, str):
        return None if config.class_weights is None else [float(w) for w in config.class_weights]
    if data is None:
        raise ValueError('class_weights="balanced" needs the data whose classes are counted.')
    shares = data.class_frequencies()
    median = np.median(shares[shares > 0])
    return [float(median / share) if share > 0 else 0.0 for share in shares]


def loss_in_fp32(loss: Loss, logits: Tensor, label_maps: Tensor, weights: Tensor | None) -> Tensor:
    """The loss in fp32; of a model that answers for the middle alone, on the target's middle.

    Examples
    --------
    >>> import torch
    >>> logits, target = torch.zeros(1, 2, 2, 2), torch.zeros(1, 4, 4).long()
    >>> loss = make_loss(Config(), None)
    >>> loss_in_fp32(loss, logits, target, None)
    tensor(0.6931)
    """
    size = (logits.shape[2], logits.shape[3])
    label_maps = centre_crop(label_maps[:, None], size)[:, 0]
    weights = None if weights is None else centre_crop(weights[:, None], size)[:, 0]
    return loss(logits.float(), label_maps, weights)
