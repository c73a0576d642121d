"""Sizes and fields of convolutions: what comes out, what each output sees, which taps count.

Plain arithmetic along one axis, in pixels; a picture is two such axes. One idea organises it: a
kernel of `kernel` taps at dilation d reaches over `kernel_extent` pixels, and every other size
follows from that extent.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Layer(NamedTuple):
    """A convolution or pooling layer, as far as geometry goes; all counts in pixels of its input.

    Examples
    --------
    >>> Layer(kernel=3, stride=2)
    Layer(kernel=3, stride=2, padding=0, dilation=1)
    """

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


class Field(NamedTuple):
    """What the units of one layer see of the input picture.

    Attributes
    ----------
    size : int
        Side of the receptive field: input pixels that can change one unit.
    jump : int
        Input pixels from one unit to the next.
    start : float
        Place of the first unit's centre, where 0 is the centre of the first input pixel. Negative
        if the field begins in the padding.

    Examples
    --------
    >>> Field(size=5, jump=1, start=2.0).start
    2.0
    """

    size: int
    jump: int
    start: float


def kernel_extent(kernel: int, dilation: int = 1) -> int:
    """Pixels from the first tap of a kernel to the last, both included.

    Parameters
    ----------
    kernel : int, at least 1
        Taps along one side.
    dilation : int, at least 1
        Pixels from one tap to the next; 1 leaves no gap.

    Returns
    -------
    int
        ``kernel + (kernel - 1) (dilation - 1)``, in pixels.

    Raises
    ------
    ValueError
        If a number is below 1 or no integer.

    References
    ----------
    Chen et al., DeepLab (v2), 2016, section 3.1, https://arxiv.org/abs/1606.00915

    Examples
    --------
    >>> [kernel_extent(3, dilation) for dilation in (1, 2, 6, 24)]
    [3, 5, 13, 49]
    """
    _require_whole(kernel=kernel, dilation=dilation)
    return dilation * (kernel - 1) + 1


def conv_output_size(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Side of what a convolution or pooling makes of a side of n pixels.

    Parameters
    ----------
    n, kernel, stride, dilation : int, at least 1
        Side of the input, taps along one side of the kernel, step between two places of the
        kernel, pixels from one tap to the next.
    padding : int, at least 0
        Pixels added on each of the two ends.

    Returns
    -------
    int
        ``floor((n + 2 padding - extent) / stride) + 1``, at least 1.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded input, or a number is too small or no integer.

    Notes
    -----
    Where the division leaves a rest, the last pixels of the input reach no output.

    References
    ----------
    Dumoulin and Visin, A guide to convolution arithmetic, 2016, https://arxiv.org/abs/1603.07285

    Examples
    --------
    >>> conv_output_size(7, kernel=3, stride=2)
    3
    >>> conv_output_size(128, kernel=3, padding=1)  # "same"
    128
    """
    _require_whole(n=n, kernel=kernel, stride=stride, dilation=dilation)
    _require_whole(0, padding=padding)
    extent, padded = kernel_extent(kernel, dilation), n + 2 * padding
    if extent > padded:
        with_gaps = f" ({kernel} taps at dilation {dilation})" if dilation > 1 else ""
        raise ValueError(
            f"the kernel must fit into the padded input, got an extent of {extent}{with_gaps} in "
            f"{n} + 2 x {padding} = {padded} pixels. Pad by at least {-((n - extent) // 2)}, or "
            f"take an input of at least {extent - 2 * padding}."
        )
    return (padded - extent) // stride + 1


def transposed_conv_output_size(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    output_padding: int = 0,
    dilation: int = 1,
) -> int:
    """Side of what a transposed convolution makes of a side of n pixels.

    Several input sizes of a strided convolution give the same output size; `output_padding` says
    which of them the transposed convolution returns to.

    Parameters
    ----------
    n, kernel, stride, dilation : int, at least 1
        As in `conv_output_size`, of the convolution that is transposed.
    padding : int, at least 0
        Pixels cut off at each of the two ends: the padding of that convolution.
    output_padding : int, at least 0
        Pixels added at the far end only.

    Returns
    -------
    int
        ``(n - 1) stride - 2 padding + extent + output_padding``, at least 1.

    Raises
    ------
    ValueError
        If `output_padding` is not smaller than stride or dilation, if padding cuts off everything,
        or a number is too small or no integer.

    References
    ----------
    Dumoulin and Visin, A guide to convolution arithmetic, 2016, chapter 4,
    https://arxiv.org/abs/1603.07285

    Examples
    --------
    >>> transposed_conv_output_size(3, kernel=3, stride=2)
    7
    >>> transposed_conv_output_size(64, kernel=4, stride=2, padding=1)
    128
    """
    _require_whole(n=n, kernel=kernel, stride=stride, dilation=dilation)
    _require_whole(0, padding=padding, output_padding=output_padding)
    if output_padding >= max(stride, dilation):
        raise ValueError(
            f"output_padding must be smaller than stride or dilation, got {output_padding} with "
            f"stride {stride} and dilation {dilation}. Use 0 to {max(stride, dilation) - 1}."
        )
    whole = (n - 1) * stride + kernel_extent(kernel, dilation) + output_padding
    if whole - 2 * padding < 1:
        raise ValueError(
            f"padding must leave some pixels, got {padding}, which cuts 2 x {padding} off {whole}. "
            f"Use at most {(whole - 1) // 2}."
        )
    return whole - 2 * padding


def receptive_field(layers: Iterable[Layer | tuple[int, ...]]) -> list[Field]:
    """What the units of each layer of a stack can see of the input picture.

    The receptive field is every input pixel that can change a unit. It equals the kernel's extent
    in the first layer only.

    Parameters
    ----------
    layers : iterable of Layer, or of tuples (kernel, stride, padding, dilation)
        From the input upwards; what a tuple lacks at its end is as in `Layer`.

    Returns
    -------
    list of Field
        One for each layer.

    Raises
    ------
    ValueError
        If a number of a layer is too small or no integer.

    References
    ----------
    Araujo, Norris and Sim, Computing receptive fields of convolutional neural networks, Distill,
    2019, https://doi.org/10.23915/distill.00021

    Examples
    --------
    >>> lenet = [Layer(5), Layer(2, stride=2), Layer(5), Layer(2, stride=2), Layer(5)]
    >>> [field.size for field in receptive_field(lenet)]
    [5, 6, 14, 16, 32]
    """
    fields, size, jump, start = [], 1, 1, 0.0
    for each in layers:
        layer = Layer(*each)
        _require_whole(kernel=layer.kernel, stride=layer.stride, dilation=layer.dilation)
        _require_whole(0, padding=layer.padding)
        reach = kernel_extent(layer.kernel, layer.dilation) - 1
        start += (reach / 2 - layer.padding) * jump
        size += reach * jump
        jump *= layer.stride
        fields.append(Field(size, jump, start))
    return fields


def valid_taps(size: int, kernel: int, dilation: int = 1) -> float:
    """Mean number of taps that fall on a square map, of kernel x kernel, with "same" padding.

    On a small map a strongly dilated kernel hangs over the edge nearly everywhere; what is left
    then is a 1 x 1 convolution.

    Parameters
    ----------
    size : int, at least 1
        Side of the map, in pixels.
    kernel : int, odd, at least 1
        Taps along one side of the kernel.
    dilation : int, at least 1

    Returns
    -------
    float
        In [1, kernel x kernel]: the mean over all places of the kernel's centre on the map.

    Raises
    ------
    ValueError
        If a number is below 1 or no integer, or the kernel has no middle tap.

    References
    ----------
    Chen et al., Rethinking atrous convolution (DeepLab v3), 2017, section 3.3,
    https://arxiv.org/abs/1706.05587

    Examples
    --------
    >>> valid_taps(8, kernel=3, dilation=12)
    1.0
    >>> round(valid_taps(65, kernel=3, dilation=24), 2)
    5.11
    """
    _require_whole(size=size, kernel=kernel, dilation=dilation)
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd to have a middle tap, got {kernel}.")
    half = kernel // 2
    along_one_side = sum(max(size - abs(tap) * dilation, 0) for tap in range(-half, half + 1))
    return (along_one_side / size) ** 2


def _require_whole(least: int = 1, /, **numbers: int) -> None:
    """Refuse what is no integer of at least `least`, by its name."""
    for name, number in numbers.items():
        if isinstance(number, bool) or not hasattr(number, "__index__") or number < least:
            raise ValueError(
                f"{name} must be a whole number of at least {least}, got {number!r}."
                + (" A stride of 1 moves the kernel pixel by pixel." if name == "stride" else "")
            )
