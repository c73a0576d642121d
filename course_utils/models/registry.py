"""The course's networks by name, for the command line and for checkpoints.

One line of `MODELS` is one name: what is built, and which of its options the name fixes.
"""

import inspect
from typing import Any

from course_utils.models.fcn import FCN
from course_utils.models.layers import SegmentationModel
from course_utils.models.unet import OriginalUNet, UNet

MODELS: dict[str, tuple[type[SegmentationModel], dict[str, Any]]] = {
    "unet": (UNet, {}),
    "unet-sum": (UNet, {"join": "sum"}),
    "unet-no-skips": (UNet, {"skips": False}),
    "original-unet": (OriginalUNet, {}),
    "fcn32": (FCN, {"stride": 32}),
    "fcn16": (FCN, {"stride": 16}),
    "fcn8": (FCN, {"stride": 8}),
}


def model_names() -> tuple[str, ...]:
    """Names that `build_model` knows.

    Examples
    --------
    >>> model_names()[0]
    'unet'
    """
    return tuple(MODELS)


def model_options(name: str) -> dict[str, Any]:
    """Options of a model with their defaults.

    Parameters
    ----------
    name : str
        One of `model_names`.

    Returns
    -------
    dict of str to value
        Without `num_classes`, `in_channels`, and what the name itself fixes.

    Raises
    ------
    ValueError
        If there is no such model.

    Examples
    --------
    >>> model_options("original-unet")
    {'width': 64}
    """
    model, fixed = _entry(name)
    taken = {"num_classes", "in_channels", *fixed}
    parameters = inspect.signature(model).parameters
    return {key: option.default for key, option in parameters.items() if key not in taken}


def build_model(
    name: str, num_classes: int, *, in_channels: int = 3, **options: Any
) -> SegmentationModel:
    """A new network, with weights that follow ``torch.manual_seed``.

    Parameters
    ----------
    name : str
        One of `model_names`.
    num_classes : int
        Channels of the logits, background included.
    in_channels : int
        Channels of the image.
    **options
        What else the model takes; see `model_options`.

    Returns
    -------
    SegmentationModel

    Raises
    ------
    ValueError
        If there is no such model, or the model does not take a value.
    TypeError
        If the model has no such option.

    Examples
    --------
    >>> net = build_model("unet", num_classes=11, width=8)
    >>> type(net).__name__, net.size_multiple
    ('UNet', 16)
    """
    model, fixed = _entry(name)
    known = model_options(name)
    unknown = sorted(set(options) - set(known))
    if unknown:
        listed = ", ".join(f"{key}={value!r}" for key, value in known.items())
        raise TypeError(
            f"model {name!r} has no option {', '.join(map(repr, unknown))}. "
            f"Its options and their defaults: {listed}."
        )
    return model(num_classes=num_classes, in_channels=in_channels, **fixed, **options)


def _entry(name: str) -> tuple[type[SegmentationModel], dict[str, Any]]:
    if name not in MODELS:
        raise ValueError(f"there is no model {name!r}. Known names: {', '.join(MODELS)}.")
    return MODELS[name]
