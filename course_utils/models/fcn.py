"""FCN: a classifier whose dense layers became convolutions, with finer scores added on the way up.

The encoder halves the picture five times, so its scores stand 32 pixels apart (FCN-32s). FCN-16s
adds scores of the map before the last pooling, FCN-8s also of the one before that. The paper's
encoder is VGG-16: ``FCN(21, width=64, convolutions=(2, 2, 3, 3, 3), head=4096, kernel=7)``; the
defaults here are small enough to be trained on a CPU.

References
----------
Long, Shelhamer and Darrell, Fully convolutional networks for semantic segmentation, 2015,
https://arxiv.org/abs/1411.4038v2
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.models.layers import (
    BilinearUpsampling,
    SegmentationModel,
    require_whole,
    start_he_normal,
)

STRIDES = (32, 16, 8)
UPSAMPLINGS = {"fixed": (False, False), "paper": (True, False), "learned": (True, True)}
"""Whether the two enlargements between scores are learned, and whether the last one is."""


class FCN(SegmentationModel):
    """Fully convolutional network with summed scores; takes pictures of any size.

    Parameters
    ----------
    num_classes, in_channels : int
    stride : {32, 16, 8}
        Pixels from one to the next of the finest scores.
    width : int
        Channels of the first block; the others have 2, 4, 8 and 8 times as many.
    convolutions : sequence of five int
        3 x 3 convolutions of each block.
    head : int
        Channels of fc6 and fc7.
    kernel : int, odd
        Side of fc6, in units of 32 pixels; VGG-16's dense layer sees 7 x 7 of them.
    dropout : float in [0, 1)
        Share of fc6's and fc7's maps that is dropped in training; the paper has 0.5.
    batch_norm : bool
        Batch normalisation behind each 3 x 3 convolution; VGG-16 has none.
    upsampling : {"fixed", "paper", "learned"}
        All enlargements bilinear; those between scores learned from a bilinear start and only the
        last one fixed; or all of them learned.

    Raises
    ------
    ValueError
        If a number is out of its range, or there is no such stride or upsampling.

    Notes
    -----
    All scores start at zero, as in the paper, so a new network is equally unsure of everything.
    The other weights start as in `layers.start_he_normal`; the paper took VGG-16's.

    Examples
    --------
    >>> net = FCN(num_classes=11, stride=8)
    >>> net(torch.zeros(1, 3, 100, 130)).shape
    torch.Size([1, 11, 100, 130])
    >>> [(name, tuple(s.shape[2:])) for name, s in net.scores(torch.zeros(1, 3, 96, 96)).items()]
    [('score32', (3, 3)), ('score_pool4', (6, 6)), ('score_pool3', (12, 12))]
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int = 3,
        stride: int = 8,
        width: int = 16,
        convolutions: Sequence[int] = (2, 2, 2, 2, 2),
        head: int = 256,
        kernel: int = 3,
        dropout: float = 0.0,
        batch_norm: bool = False,
        upsampling: str = "fixed",
    ) -> None:
        super().__init__(num_classes, in_channels)
        _require_settings(stride, convolutions, kernel, dropout, upsampling)
        require_whole(width=width, head=head)
        self.stride, self.dropout = stride, dropout
        self.normalised_at = 16 if batch_norm else 0
        widths = [in_channels, *(width * times for times in (1, 2, 4, 8, 8))]
        blocks = [
            _block(before, after, count, batch_norm)
            for before, after, count in zip(widths, widths[1:], convolutions, strict=False)
        ]
        self.pool1, self.pool2, self.pool3, self.pool4, self.pool5 = blocks
        self.fc6 = nn.Conv2d(8 * width, head, kernel, padding=kernel // 2)
        self.fc7 = nn.Conv2d(head, head, 1)
        start_he_normal(self)
        learned, last_learned = UPSAMPLINGS[upsampling]
        self.score32 = _zero_scores(head, num_classes)
        if stride <= 16:
            self.enlarge32 = BilinearUpsampling(num_classes, 2, learned=learned)
            self.score_pool4 = _zero_scores(8 * width, num_classes)
        if stride == 8:
            self.enlarge16 = BilinearUpsampling(num_classes, 2, learned=learned)
            self.score_pool3 = _zero_scores(4 * width, num_classes)
        self.enlarge = BilinearUpsampling(num_classes, stride, learned=last_learned)

    def forward(self, image: Tensor, use_pool4: bool = True, use_pool3: bool = True) -> Tensor:
        """Logits (N, num_classes, H, W) of an image (N, in_channels, H, W).

        `use_pool4` and `use_pool3` leave a score out of the sum, to see what it adds.

        Raises
        ------
        TypeError, ValueError
            If the batch is not one that the model takes; the message says what to do.
        """
        return self.fuse(self.scores(image), image.shape[2:], use_pool4, use_pool3)

    def scores(self, image: Tensor) -> dict[str, Tensor]:
        """The score maps before they are added: score32, score_pool4, score_pool3, as there are.

        Shapes are (N, num_classes, H/32, W/32), H/16 and H/8, all rounded up.
        """
        self.require_image(image)
        pool3 = self.pool3(self.pool2(self.pool1(image)))  # (N, 4w, H/8, W/8)
        pool4 = self.pool4(pool3)  # (N, 8w, H/16, W/16)
        pool5 = self.pool5(pool4)  # (N, 8w, H/32, W/32)
        x = self._dense(self.fc6, pool5)  # (N, head, H/32, W/32)
        x = self._dense(self.fc7, x)  # (N, head, H/32, W/32)
        scores = {"score32": self.score32(x)}  # (N, C, H/32, W/32)
        if self.stride <= 16:
            scores["score_pool4"] = self.score_pool4(pool4)  # (N, C, H/16, W/16)
        if self.stride == 8:
            scores["score_pool3"] = self.score_pool3(pool3)  # (N, C, H/8, W/8)
        return scores

    def _dense(self, layer: nn.Conv2d, x: Tensor) -> Tensor:
        x = functional.relu(layer(x), inplace=True)
        return functional.dropout2d(x, self.dropout, self.training) if self.dropout else x

    def fuse(
        self,
        scores: dict[str, Tensor],
        size: Sequence[int],
        use_pool4: bool = True,
        use_pool3: bool = True,
    ) -> Tensor:
        """Add the score maps, coarse to fine, and enlarge the sum to (height, width)."""
        # Pooling rounds up, so the first n / 32 units of a map stand for the first n pixels, and an
        # enlarged map is at most one unit larger than the next finer one, at its far end: the crop.
        x = scores["score32"]  # (N, C, H/32, W/32)
        if self.stride <= 16:
            finer = scores["score_pool4"]
            x = _cut(self.enlarge32(x), finer.shape[2:])  # (N, C, H/16, W/16)
            x = x + finer if use_pool4 else x
        if self.stride == 8:
            finer = scores["score_pool3"]
            x = _cut(self.enlarge16(x), finer.shape[2:])  # (N, C, H/8, W/8)
            x = x + finer if use_pool3 else x
        return _cut(self.enlarge(x), size)  # (N, C, H, W)


def dense_to_conv(linear: nn.Linear, in_channels: int, kernel: int) -> nn.Conv2d:
    """A dense layer over a flattened map, as the convolution that gives the same answers.

    Each row of the dense layer's weights is a kernel as large as the map, written in one line.

    Parameters
    ----------
    linear : Linear
        Reads ``maps.flatten(1)``, maps being (N, in_channels, kernel, kernel).
    in_channels : int
    kernel : int
        Side of those maps.

    Returns
    -------
    Conv2d
        Without padding; with a copy of the weights. On a larger map it gives one answer for each
        place of the kernel.

    Raises
    ------
    ValueError
        If the dense layer reads another number of values.

    Examples
    --------
    >>> convolution = dense_to_conv(nn.Linear(120 * 5 * 5, 84), in_channels=120, kernel=5)
    >>> convolution(torch.zeros(1, 120, 5, 9)).shape
    torch.Size([1, 84, 1, 5])
    """
    require_whole(in_channels=in_channels, kernel=kernel)
    if linear.in_features != in_channels * kernel**2:
        raise ValueError(
            f"the dense layer must read {in_channels} x {kernel} x {kernel} = "
            f"{in_channels * kernel**2} values, got one that reads {linear.in_features}. "
            "Give the shape of the map as it was before it was flattened."
        )
    has_bias = linear.bias is not None
    conv = nn.Conv2d(in_channels, linear.out_features, kernel, bias=has_bias)
    conv = conv.to(linear.weight.device, linear.weight.dtype)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.reshape(conv.weight.shape))
        if conv.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


def _block(before: int, channels: int, count: int, batch_norm: bool) -> nn.Sequential:
    """`count` times 3 x 3 convolution and ReLU, then a pooling that rounds up."""
    layers: list[nn.Module] = []
    for number in range(count):
        layers.append(nn.Conv2d(channels if number else before, channels, 3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(channels))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True))


def _zero_scores(channels: int, num_classes: int) -> nn.Conv2d:
    scores = nn.Conv2d(channels, num_classes, 1)
    for parameter in scores.parameters():
        nn.init.zeros_(parameter)
    return scores


def _cut(maps: Tensor, size: Sequence[int]) -> Tensor:
    """The first rows and columns of maps."""
    return maps[:, :, : size[0], : size[1]]


def _require_settings(
    stride: int, convolutions: Sequence[int], kernel: int, dropout: float, upsampling: str
) -> None:
    if stride not in STRIDES:
        raise ValueError(f"stride must be one of {STRIDES}, got {stride!r}.")
    if upsampling not in UPSAMPLINGS:
        raise ValueError(f"upsampling must be one of {', '.join(UPSAMPLINGS)}, got {upsampling!r}.")
    if len(convolutions) != 5:
        raise ValueError(
            f"convolutions must be five numbers, one for each block, got {convolutions!r}."
        )
    require_whole(kernel=kernel, **{f"convolutions[{n}]": c for n, c in enumerate(convolutions)})
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd, so that fc6 keeps the size, got {kernel}.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be at least 0 and below 1, got {dropout}.")
