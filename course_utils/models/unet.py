"""U-Net: an encoder, a decoder of the same depth, and joins between them at every level.

`UNet` is the small one of this course, with "same" padding; `OriginalUNet` is the one of the paper,
in which every convolution loses its rim, so that the answer is smaller than the picture. Both name
their layers after the tensors of the drawing: c for a double convolution, p for a pooling, u for an
enlargement, counted along the U.

References
----------
Ronneberger, Fischer and Brox, U-Net: convolutional networks for biomedical image segmentation,
2015, https://arxiv.org/abs/1505.04597
"""

import torch
from torch import Tensor, nn

from course_utils.models.layers import (
    DoubleConvolution,
    SegmentationModel,
    centre_crop,
    require_whole,
    start_he_normal,
)

JOINS = ("concatenate", "sum")
"""How a skip meets the enlarged map: side by side, or added."""


class UNet(SegmentationModel):
    """A small U-Net: "same" convolutions, so the logits have the image's size.

    ======  =================  ======================
    tensor  made of            shape at 128 x 128 x 3
    ======  =================  ======================
    c1, p1  image              16 x 128 x 128, pooled
    c2, p2  p1                 32 x 64 x 64, pooled
    c3, p3  p2                 64 x 32 x 32, pooled
    c4, p4  p3                 128 x 16 x 16, pooled
    c5      p4                 256 x 8 x 8
    u6, c6  c5, then u6 | c4   128 x 16 x 16
    u7, c7  c6, then u7 | c3   64 x 32 x 32
    u8, c8  c7, then u8 | c2   32 x 64 x 64
    u9, c9  c8, then u9 | c1   16 x 128 x 128
    out     c9                 num_classes x 128 x 128
    ======  =================  ======================

    Parameters
    ----------
    num_classes : int
        Channels of the logits.
    in_channels : int
    width : int
        Channels of c1; each level below has twice as many.
    depth : int
        Poolings. Height and width must be multiples of 2^depth.
    skips : bool
        Whether the decoder sees the encoder's maps. Without them nothing is joined.
    batch_norm : bool
        Batch normalisation behind each 3 x 3 convolution.
    join : {"concatenate", "sum"}
        How c6 ... c9 get the skip: beside the enlarged map, as in the paper, or added to it.

    Raises
    ------
    ValueError
        If a number is below 1 or no integer, or there is no such join.

    Notes
    -----
    Weights start as in `layers.start_he_normal`, so they follow ``torch.manual_seed``.

    Examples
    --------
    >>> net = UNet()
    >>> sum(p.numel() for p in net.parameters())
    1941105
    >>> list(net.tensors(torch.zeros(1, 3, 32, 32)))[:6]
    ['c1', 'p1', 'c2', 'p2', 'c3', 'p3']
    """

    def __init__(
        self,
        num_classes: int = 1,
        in_channels: int = 3,
        width: int = 16,
        depth: int = 4,
        skips: bool = True,
        batch_norm: bool = False,
        join: str = "concatenate",
    ) -> None:
        super().__init__(num_classes, in_channels)
        require_whole(width=width, depth=depth)
        if join not in JOINS:
            raise ValueError(f"join must be one of {', '.join(JOINS)}, got {join!r}.")
        self.depth, self.skips, self.join = depth, skips, join
        self.size_multiple = 2**depth
        self.normalised_at = self.size_multiple if batch_norm else 0
        before, channels = in_channels, width
        for level in range(1, depth + 1):
            self._add("c", level, DoubleConvolution(before, channels, batch_norm=batch_norm))
            self._add("p", level, nn.MaxPool2d(2))
            before, channels = channels, 2 * channels
        self._add("c", depth + 1, DoubleConvolution(before, channels, batch_norm=batch_norm))
        for number in range(depth + 2, 2 * depth + 2):
            half = channels // 2
            joined = channels if skips and join == "concatenate" else half
            self._add("u", number, nn.ConvTranspose2d(channels, half, 2, stride=2))
            self._add("c", number, DoubleConvolution(joined, half, batch_norm=batch_norm))
            channels = half
        self.out = nn.Conv2d(width, num_classes, 1)
        start_he_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits (N, num_classes, H, W) of an image (N, in_channels, H, W).

        Raises
        ------
        TypeError, ValueError
            If the batch is not one that the model takes; the message says what to do.
        """
        self.require_image(image)
        x, skips = image, []
        for level in range(1, self.depth + 1):  # shapes are those of depth 4
            x = self._run("c", level, x)  # c1 (N, w, H, W), c2 (N, 2w, H/2, W/2), ...
            skips.append(x)
            x = self._run("p", level, x)  # p1 (N, w, H/2, W/2), ..., p4 (N, 8w, H/16, W/16)
        x = self._run("c", self.depth + 1, x)  # c5 (N, 16w, H/16, W/16)
        for number in range(self.depth + 2, 2 * self.depth + 2):
            x = self._run("u", number, x)  # u6 (N, 8w, H/8, W/8), ..., u9 (N, w, H, W)
            x = self._joined(x, skips.pop())  # beside c4 (N, 16w, H/8, W/8), ..., c1 (N, 2w, H, W)
            x = self._run("c", number, x)  # c6 (N, 8w, H/8, W/8), ..., c9 (N, w, H, W)
        return self.out(x)  # (N, C, H, W)

    def _joined(self, x: Tensor, skip: Tensor) -> Tensor:
        if not self.skips:
            return x
        return x + skip if self.join == "sum" else torch.cat([x, skip], dim=1)

    def _add(self, kind: str, number: int, layer: nn.Module) -> None:
        self.add_module(f"{kind}{number}", layer)

    def _run(self, kind: str, number: int, x: Tensor) -> Tensor:
        return getattr(self, f"{kind}{number}")(x)


class OriginalUNet(SegmentationModel):
    """The U-Net of the paper: 23 convolutions without padding, 572 x 572 in, 388 x 388 out.

    Parameters
    ----------
    num_classes, in_channels : int
        2 and 1 in the paper: cell or not, on grey pictures.
    width : int
        Channels of c1, 64 in the paper.

    Attributes
    ----------
    margin : int
        Pixels lost on each side: 92.

    Raises
    ------
    ValueError
        If a number is below 1 or no integer.

    Examples
    --------
    >>> net = OriginalUNet()
    >>> sum(p.numel() for p in net.parameters()), net.output_size(572)
    (31030658, 388)
    """

    size_multiple = 16
    margin = 92

    def __init__(self, num_classes: int = 2, in_channels: int = 1, width: int = 64) -> None:
        super().__init__(num_classes, in_channels)
        require_whole(width=width)
        w = width
        self.c1 = DoubleConvolution(in_channels, w, padding=0)
        self.p1 = nn.MaxPool2d(2)
        self.c2 = DoubleConvolution(w, 2 * w, padding=0)
        self.p2 = nn.MaxPool2d(2)
        self.c3 = DoubleConvolution(2 * w, 4 * w, padding=0)
        self.p3 = nn.MaxPool2d(2)
        self.c4 = DoubleConvolution(4 * w, 8 * w, padding=0)
        self.p4 = nn.MaxPool2d(2)
        self.c5 = DoubleConvolution(8 * w, 16 * w, padding=0)
        self.u6 = nn.ConvTranspose2d(16 * w, 8 * w, 2, stride=2)
        self.c6 = DoubleConvolution(16 * w, 8 * w, padding=0)
        self.u7 = nn.ConvTranspose2d(8 * w, 4 * w, 2, stride=2)
        self.c7 = DoubleConvolution(8 * w, 4 * w, padding=0)
        self.u8 = nn.ConvTranspose2d(4 * w, 2 * w, 2, stride=2)
        self.c8 = DoubleConvolution(4 * w, 2 * w, padding=0)
        self.u9 = nn.ConvTranspose2d(2 * w, w, 2, stride=2)
        self.c9 = DoubleConvolution(2 * w, w, padding=0)
        self.out = nn.Conv2d(w, num_classes, 1)
        start_he_normal(self)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of the picture's inside, `margin` pixels smaller on each side.

        Raises
        ------
        TypeError, ValueError
            If the batch is not one that the model takes; the message says what to do.
        """
        self.require_image(image)  # (N, 1, 572, 572) in the paper
        c1 = self.c1(image)  # (N, 64, 568, 568)
        c2 = self.c2(self.p1(c1))  # (N, 128, 280, 280)
        c3 = self.c3(self.p2(c2))  # (N, 256, 136, 136)
        c4 = self.c4(self.p3(c3))  # (N, 512, 64, 64)
        x = self.c5(self.p4(c4))  # (N, 1024, 28, 28), of a p4 of 32 x 32
        x = self.c6(_beside(self.u6(x), c4))  # (N, 512, 52, 52), of 1024 x 56 x 56
        x = self.c7(_beside(self.u7(x), c3))  # (N, 256, 100, 100), of 512 x 104 x 104
        x = self.c8(_beside(self.u8(x), c2))  # (N, 128, 196, 196), of 256 x 200 x 200
        x = self.c9(_beside(self.u9(x), c1))  # (N, 64, 388, 388), of 128 x 392 x 392
        return self.out(x)  # (N, 2, 388, 388)

    def output_size(self, n: int) -> int:
        """Side of the logits of an image of side n, in pixels.

        Raises
        ------
        ValueError
            If the model does not take n; the message gives the nearest sizes.
        """
        self._require_size(n, n)
        return n - 2 * self.margin

    def nearest_sizes(self, n: int) -> tuple[int, ...]:
        """The sides next to n that the model takes: 188, 204, 220, ... 572, ...

        Each of four poolings must find an even side. Counted from a side b at the bottom, the image
        is 2 (2 (2 (2 b + 4) + 4) + 4) + 4 = 16 b + 60; below b = 8 nothing is left at the end.

        Examples
        --------
        >>> OriginalUNet(width=4).nearest_sizes(512)
        (508, 524)
        """
        b = max((n - 60) // 16, 7)
        below, above = 16 * b + 60, 16 * (b + 1) + 60
        if below == n and b >= 8:
            return (n,)
        return (below, above) if b >= 8 else (above,)

    def _size_rule(self) -> str:
        return "heights and widths of 188, 204, 220 and so on in steps of 16"


@torch.no_grad()
def logits_in_tiles(model: OriginalUNet, image: Tensor, tile: int = 572) -> Tensor:
    """Logits of a picture of any size, found tile by tile; the paper's overlap-tile strategy.

    The picture is mirrored at its borders. Input tiles overlap, output tiles join.

    Parameters
    ----------
    model : OriginalUNet
    image : Tensor of float, shape (N, in_channels, H, W)
    tile : int
        Side of an input tile, one that the model takes, 204 or more; memory grows with its square.

    Returns
    -------
    Tensor of float, shape (N, num_classes, H, W)
        The same for every tile, up to rounding: tiles begin at multiples of 16, so all of them
        meet the poolings alike.

    Raises
    ------
    ValueError
        If the model does not take the tile, or the tile gives no 16 pixels.

    Examples
    --------
    >>> logits_in_tiles(OriginalUNet(width=1), torch.zeros(1, 1, 40, 30), tile=204).shape
    torch.Size([1, 2, 40, 30])
    """
    side = model.output_size(tile)
    step = side // model.size_multiple * model.size_multiple
    if step == 0:
        raise ValueError(f"tile must be at least 204, got {tile}, of which only {side} are left.")
    height, width = image.shape[2:]
    rows = _mirrored(height, model.margin, -(-height // step) * step + tile)
    columns = _mirrored(width, model.margin, -(-width // step) * step + tile)
    around = image[:, :, rows.to(image.device)][:, :, :, columns.to(image.device)]
    logits = image.new_empty(len(image), model.num_classes, height, width)
    for top in range(0, height, step):
        for left in range(0, width, step):
            made = model(around[:, :, top : top + tile, left : left + tile])
            place = logits[:, :, top : top + step, left : left + step]
            place.copy_(made[:, :, : place.shape[2], : place.shape[3]])
    return logits


def _beside(x: Tensor, skip: Tensor) -> Tensor:
    """The enlarged map beside the middle of the skip, which lost less of its rim."""
    return torch.cat([x, centre_crop(skip, (x.shape[2], x.shape[3]))], dim=1)


def _mirrored(n: int, before: int, length: int) -> Tensor:
    """Indices of n pixels, mirrored to and fro at both ends, from `before` pixels ahead of them."""
    period = max(2 * (n - 1), 1)
    place = torch.arange(-before, length - before) % period
    return torch.minimum(place, period - place) if n > 1 else place
