"""What the course's networks share: their blocks, their input checks, and the names inside them.

A network here is a `SegmentationModel` whose children are the tensors of its drawing: the child
`c1` makes the tensor c1. So `named_outputs` can hand out every tensor by name, and
`SegmentationModel.describe` has one row for each.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.models.description import Description, describe, outputs_of


class SegmentationModel(nn.Module):
    """A network from images (N, in_channels, H, W) to logits (N, num_classes, H, W).

    Parameters
    ----------
    num_classes : int, at least 1
        Channels of the logits; background is a class.
    in_channels : int, at least 1
        Channels of the image, 3 for colours.

    Attributes
    ----------
    size_multiple : int
        Height and width must be a multiple of it; 1 takes any size.
    normalised_at : int
        Pixels for each value along a side of the coarsest map with batch normalisation; 0 if there
        is none.

    Raises
    ------
    ValueError
        If a number is below 1 or no integer.

    Examples
    --------
    >>> model = SegmentationModel(num_classes=11)
    >>> model.num_classes, model.in_channels, model.size_multiple
    (11, 3, 1)
    """

    size_multiple = 1
    normalised_at = 0

    def __init__(self, num_classes: int, in_channels: int = 3) -> None:
        super().__init__()
        require_whole(num_classes=num_classes, in_channels=in_channels)
        self.num_classes = num_classes
        self.in_channels = in_channels

    def output_size(self, n: int) -> int:
        """Side of the logits of an image of side n, in pixels; n, unless the model says otherwise.

        Examples
        --------
        >>> SegmentationModel(2).output_size(128)
        128
        """
        return n

    def nearest_sizes(self, n: int) -> tuple[int, ...]:
        """The sides next to n that the model takes: n itself, or one below (if any) and one above.

        Examples
        --------
        >>> SegmentationModel(2).nearest_sizes(100)
        (100,)
        """
        below = n // self.size_multiple * self.size_multiple
        if below == n and n > 0:
            return (n,)
        return tuple(size for size in (below, below + self.size_multiple) if size > 0)

    def describe(self, input_size: tuple[int, int], depth: int | None = 1) -> Description:
        """The table of layers at an input of (height, width); see `description.describe`."""
        return describe(self, input_size, depth=depth)

    def tensors(self, image: Tensor) -> dict[str, Tensor]:
        """Every tensor of the drawing by its name, in the order in which they are made.

        Parameters
        ----------
        image : Tensor of float, shape (N, in_channels, H, W)

        Returns
        -------
        dict of str to Tensor
            One for each child; the last one is the output's.
        """
        return outputs_of(self, image)

    def require_image(self, image: Tensor) -> None:
        """Refuse a batch that the model cannot take, and say what to do.

        Raises
        ------
        TypeError
            If the image is no float tensor.
        ValueError
            If it has not four axes, the wrong channels, a size that does not work, or so few
            pixels that batch normalisation cannot train on them.
        """
        if not isinstance(image, Tensor) or not image.is_floating_point():
            got = image.dtype if isinstance(image, Tensor) else type(image).__name__
            raise TypeError(
                f"image must be a float tensor, got {got}. Make it one with "
                "course_utils.transforms.to_float, which also divides by 255."
            )
        shape = tuple(image.shape)
        if len(shape) != 4:
            raise ValueError(
                f"image must have shape (N, {self.in_channels}, H, W), got {shape}. "
                "One picture is a batch of one: image[None]."
            )
        if shape[1] != self.in_channels:
            last = " Channels come before rows: use image.movedim(-1, 1)."
            raise ValueError(
                f"image must have {self.in_channels} channels, got {shape[1]} in shape {shape}."
                + (last if shape[3] == self.in_channels else "")
                + f" Or build the model with in_channels={shape[1]}."
            )
        self._require_size(*shape[2:])
        self._require_values(*shape)

    def _require_size(self, height: int, width: int) -> None:
        wrong = [n for n in (height, width) if n not in self.nearest_sizes(n)]
        if wrong:
            nearest = ", ".join(
                f"{name} {' or '.join(map(str, self.nearest_sizes(n)))}"
                for name, n in (("height", height), ("width", width))
            )
            raise ValueError(
                f"{type(self).__name__} takes {self._size_rule()}, got {height} x {width}. "
                f"The nearest sizes that work: {nearest}. Resize, crop or pad the pictures."
            )

    def _require_values(self, pictures: int, channels: int, height: int, width: int) -> None:
        side = self.normalised_at
        if self.training and pictures == 1 and max(height, width) <= side:
            raise ValueError(
                "batch normalisation cannot train on one value for each channel, got one picture "
                f"of {height} x {width}, of which {side} x {side} make one value. Use a larger "
                "batch or picture, batch_norm=False, or model.eval()."
            )

    def _size_rule(self) -> str:
        return f"heights and widths that are multiples of {self.size_multiple}"


class DoubleConvolution(nn.Module):
    """Twice 3 x 3 convolution and ReLU, with batch normalisation between them if asked for.

    Parameters
    ----------
    in_channels, out_channels : int
    padding : int
        1 keeps the size ("same"), 0 loses two pixels at each side ("valid").
    batch_norm : bool

    Examples
    --------
    >>> block = DoubleConvolution(3, 16)
    >>> block(torch.zeros(1, 3, 8, 8)).shape, sum(p.numel() for p in block.parameters())
    (torch.Size([1, 16, 8, 8]), 2768)
    """

    def __init__(
        self, in_channels: int, out_channels: int, *, padding: int = 1, batch_norm: bool = False
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=padding)
        self.norm1 = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=padding)
        self.norm2 = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(N, in, H, W) -> (N, out, H, W), at least 0; smaller by 4 without padding."""
        x = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        return functional.relu(self.norm2(self.conv2(x)), inplace=True)


def bilinear_kernel(factor: int) -> Tensor:
    """The stamp of a transposed convolution that enlarges bilinearly.

    A pyramid: a value's influence falls linearly to 0 over `factor` pixels.

    Parameters
    ----------
    factor : int, at least 1
        The stride.

    Returns
    -------
    Tensor of float32, shape (2 factor, 2 factor), or (2 factor - 1, 2 factor - 1) if it is odd
        Adds up to factor x factor.

    Raises
    ------
    ValueError
        If the factor is below 1 or no integer.

    Examples
    --------
    >>> 16 * bilinear_kernel(2)[1]
    tensor([3., 9., 9., 3.])
    """
    require_whole(factor=factor)
    side = 2 * factor - factor % 2
    place = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    slope = 1 - place.abs() / factor
    return torch.outer(slope, slope)


class BilinearUpsampling(nn.Module):
    """Enlarge by a whole factor with a transposed convolution that starts bilinear.

    Fixed, each channel is stamped by itself and the layer equals bilinear interpolation with
    ``align_corners=False``. Learned, every channel may come to write into every other.

    Parameters
    ----------
    channels : int
    factor : int, even, or 1
    learned : bool
        Whether the stamps are parameters.

    Raises
    ------
    ValueError
        If the factor is odd: then no cut lets the new pixels' centres keep their places.

    Examples
    --------
    >>> layer = BilinearUpsampling(1, factor=2)
    >>> layer(torch.tensor([[[[0.0, 4.0]]]]))[0, 0, 0]
    tensor([0., 1., 3., 4.])
    """

    weight: Tensor

    def __init__(self, channels: int, factor: int, *, learned: bool = False) -> None:
        super().__init__()
        require_whole(channels=channels, factor=factor)
        if factor % 2 and factor > 1:
            raise ValueError(
                f"factor must be even, got {factor}. Enlarge by {factor + 1} and crop."
            )
        self.factor, self.groups = factor, 1 if learned else channels
        kernel = bilinear_kernel(factor)
        if learned:
            diagonal = torch.eye(channels)[:, :, None, None] * kernel  # (C, C, 2f, 2f)
            self.weight = nn.Parameter(diagonal)
        else:
            each = kernel.expand(channels, 1, *kernel.shape).clone()  # (C, 1, 2f, 2f)
            self.register_buffer("weight", each, persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C, f H, f W)."""
        f = self.factor
        # The rim is repeated once, since stamps from beyond it would be missing there. The stamp of
        # a pixel begins f / 2 before the f pixels that replace it: cut that off, and the rim's f.
        repeated = functional.pad(maps, (1, 1, 1, 1), mode="replicate")
        cut = f + f // 2
        return functional.conv_transpose2d(
            repeated, self.weight, stride=f, padding=cut, groups=self.groups
        )


def centre_crop(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut the middle out of maps; where it cannot be the middle, half a pixel up and left.

    Parameters
    ----------
    maps : Tensor, shape (N, C, H, W)
    size : tuple of int
        Rows and columns to keep.

    Returns
    -------
    Tensor, shape (N, C, rows, columns)
        A view of the maps.

    Raises
    ------
    ValueError
        If the maps are smaller than the size.

    Examples
    --------
    >>> centre_crop(torch.arange(6.0).reshape(1, 1, 1, 6), (1, 4))[0, 0, 0]
    tensor([1., 2., 3., 4.])
    """
    top, left = ((had - kept) // 2 for had, kept in zip(maps.shape[2:], size, strict=True))
    if top < 0 or left < 0:
        raise ValueError(
            f"a crop must fit into the maps, got {tuple(size)} out of {tuple(maps.shape[2:])}. "
            "Pad the maps, or crop the other side of the join."
        )
    return maps[:, :, top : top + size[0], left : left + size[1]]


def start_he_normal(model: nn.Module) -> None:
    """He's start for ReLU: weights normal with variance 2 / fan-in, biases 0, in place.

    Parameters
    ----------
    model : Module
        Its convolutions, transposed convolutions and dense layers are set.

    References
    ----------
    He et al., Delving deep into rectifiers, 2015, https://arxiv.org/abs/1502.01852

    Examples
    --------
    >>> layer = nn.Conv2d(64, 64, 3)
    >>> start_he_normal(layer)
    >>> round((layer.weight.var() * 9 * 64).item())
    2
    """
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def require_whole(**numbers: int) -> None:
    """Refuse what is no whole number of at least 1, by its name.

    Raises
    ------
    ValueError
        If one is below 1 or no integer.

    Examples
    --------
    >>> require_whole(width=16, depth=4)
    """
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {number!r}.")
