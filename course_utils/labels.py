"""What a label map is: its ignore value, its colours, and the checks every module shares.

A label map holds one class index per pixel. Two kinds of colour belong to it and are never mixed:
`display_palette` is for looking at a picture, the colours of a file format are for reading a file
(`decode_colours`) and writing one (`encode_colours`).

The checks work on NumPy arrays and on torch tensors, and importing this module loads no torch.
"""

from typing import Any

import numpy as np

IGNORE_INDEX = 255
"""Value of pixels that nobody is trained or scored on (void)."""

# Found by a search over the 16 x 16 x 16 sRGB colours whose channels are multiples of 17. The first
# seven start near the palette of Okabe & Ito (2008, jfly.uni-koeln.de/color) and were moved, each
# within 22 of its start, to push them apart; the other thirteen were then added and exchanged one
# by one to raise the smallest distance. The distance of two colours is the smallest CIE76 distance
# seen with normal vision and with the three colour-vision deficiencies (Machado, Oliveira &
# Fernandes 2009, doi 10.1109/TVCG.2009.113, severity 1). Among the first 8 it is at least 27,
# among all 21 and the white of the page 19.9.
_DISPLAY_COLOURS = np.array(
    [
        (0, 0, 0),  # background: black
        (221, 136, 34),  # orange
        (17, 85, 170),  # blue
        (0, 204, 255),  # sky blue
        (136, 85, 119),  # mauve
        (119, 170, 119),  # green
        (255, 204, 0),  # yellow
        (170, 51, 0),  # rust
        (187, 255, 187),
        (187, 170, 187),
        (136, 68, 238),
        (85, 17, 68),
        (17, 17, 136),
        (255, 51, 85),
        (119, 0, 0),
        (153, 136, 255),
        (51, 0, 85),
        (68, 0, 255),
        (187, 221, 102),
        (119, 34, 51),
        (204, 102, 187),
    ],
    dtype=np.uint8,
)


def display_palette(num_classes: int) -> np.ndarray:
    """Colours for looking at label maps, safe for colour-blind eyes.

    The first colours stay the same when classes are added, so a class keeps its colour.

    Parameters
    ----------
    num_classes : int, 1 to 21
        Number of classes C, background included.

    Returns
    -------
    ndarray of uint8, shape (C, 3)
        Red, green, blue, 0 to 255. Row 0, the background, is black.

    Raises
    ------
    ValueError
        If there are more classes than colours that every eye can tell apart.

    Examples
    --------
    >>> display_palette(3)
    array([[  0,   0,   0],
           [221, 136,  34],
           [ 17,  85, 170]], dtype=uint8)
    """
    if not 1 <= num_classes <= len(_DISPLAY_COLOURS):
        raise ValueError(
            f"num_classes must be 1 to {len(_DISPLAY_COLOURS)}, got {num_classes}. "
            "Show groups of classes, or one class at a time: more colours cannot be told apart."
        )
    return _DISPLAY_COLOURS[:num_classes].copy()


def encode_colours(
    label_map: Any, colours: Any, *, ignore_colour: tuple[int, int, int] | None = None
) -> np.ndarray:
    """Colour-coded image of a label map, the inverse of `decode_colours`.

    Parameters
    ----------
    label_map : array or tensor of int, shape (..., H, W)
        Class index per pixel.
    colours : array of uint8, shape (C, 3)
        Red, green, blue of each class.
    ignore_colour : tuple of three int, optional
        Colour of pixels that are `IGNORE_INDEX`. Without it they are an error.

    Returns
    -------
    ndarray of uint8, shape (..., H, W, 3)

    Raises
    ------
    ValueError
        If a value is not the index of a colour.

    Examples
    --------
    >>> encode_colours(np.array([[0, 1]]), [(0, 0, 0), (255, 0, 0)])
    array([[[  0,   0,   0],
            [255,   0,   0]]], dtype=uint8)
    """
    table = _require_colours(colours)
    label_map = to_numpy(label_map)
    require_class_indices(label_map, len(table))
    ignored = label_map == IGNORE_INDEX
    if ignore_colour is not None:
        table = np.concatenate([table, _require_colours([ignore_colour])])
    elif ignored.any():
        raise ValueError(
            f"every value must have a colour, got none for {IGNORE_INDEX} (ignored). "
            "Give ignore_colour=(red, green, blue)."
        )
    return table[np.where(ignored, len(table) - 1, label_map.astype(np.intp))]


def decode_colours(
    image: Any, colours: Any, *, ignore_colour: tuple[int, int, int] | None = None
) -> np.ndarray:
    """Label map of a colour-coded image: each pixel's colour is looked up in `colours`.

    Parameters
    ----------
    image : array of uint8, shape (..., H, W, 3)
        Red, green, blue. Only exact colours count: read such an image from a lossless file (PNG,
        not JPEG), and resize it with nearest neighbour only.
    colours : array of uint8, shape (C, 3)
        Red, green, blue of each class, at most 255 classes.
    ignore_colour : tuple of three int, optional
        This colour becomes `IGNORE_INDEX`.

    Returns
    -------
    ndarray of uint8, shape (..., H, W)
        Class index per pixel.

    Raises
    ------
    ValueError
        If a pixel's colour is not in the table (the error names the colour and the pixel), if two
        classes share a colour, or if the image is not red, green, blue in uint8.

    Examples
    --------
    >>> image = np.array([[(255, 0, 0), (0, 0, 0)]], dtype=np.uint8)
    >>> decode_colours(image, [(0, 0, 0), (255, 0, 0)])
    array([[1, 0]], dtype=uint8)
    """
    table = _require_colours(colours)
    if ignore_colour is not None:
        table = np.concatenate([table, _require_colours([ignore_colour])])
    codes = _pack(table)
    if len(np.unique(codes)) < len(codes):
        twice = next(tuple(c.tolist()) for c in table if (table == c).all(axis=1).sum() > 1)
        raise ValueError(
            f"colours must differ from class to class, got {twice} twice. "
            "Give each class its own colour, or map both to one class."
        )
    image = _require_rgb(to_numpy(image))

    # One entry per 24-bit colour, 0 where no class has it. The 32 MB are virtual: only the pages
    # that the image's colours fall on are ever touched.
    index_plus_one = np.zeros(1 << 24, dtype=np.uint16)
    index_plus_one[codes] = np.arange(1, len(codes) + 1)
    if ignore_colour is not None:
        index_plus_one[codes[-1]] = IGNORE_INDEX + 1
    found = index_plus_one[_pack(image)]
    if not found.all():
        *_, row, column = where = tuple(int(i) for i in np.argwhere(found == 0)[0])
        raise ValueError(
            f"image has the colour {tuple(image[where].tolist())}, which is not in the table of "
            f"{len(table)} colours, for example at pixel (row {row}, column {column}). "
            "Add the colour to the table, or reload the image without smoothing (a lossless file, "
            "nearest-neighbour resizing)."
        )
    return (found - 1).astype(np.uint8)


def to_numpy(array: Any) -> np.ndarray:
    """Hand back the values as a NumPy array, without a copy where that is possible.

    Parameters
    ----------
    array : array, list or tensor, any shape
        A tensor may be on any device.

    Returns
    -------
    ndarray, the same shape

    Examples
    --------
    >>> to_numpy([0, 1])
    array([0, 1])
    """
    return array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)


def require_same_shape(target: Any, prediction: Any) -> None:
    """Raise ValueError unless target and prediction have the same shape.

    Parameters
    ----------
    target, prediction : array or tensor, any shape
        True and predicted label map, or two masks.

    Raises
    ------
    ValueError
        If the shapes differ; the message tells what the difference looks like: logits, a colour
        image, or another size.

    Examples
    --------
    >>> require_same_shape(np.zeros((2, 3)), np.zeros((3, 2)))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: target and prediction must have the same shape, got (2, 3) and (3, 2). Resize ...
    """
    shapes = tuple(np.shape(target)), tuple(np.shape(prediction))
    if shapes[0] != shapes[1]:
        raise ValueError(
            "target and prediction must have the same shape, "
            f"got {shapes[0]} and {shapes[1]}. {_remedy_for_shapes(*shapes)}"
        )


def require_class_indices(
    label_map: Any,
    num_classes: int,
    ignore_index: int | None = IGNORE_INDEX,
    *,
    name: str = "label map",
) -> None:
    """Raise unless every value is an integer in 0 ... num_classes - 1, or `ignore_index`.

    Parameters
    ----------
    label_map : array or tensor of int or bool, any shape
        Class index per pixel. A bool mask counts as classes 0 and 1.
    num_classes : int
        Number of classes C, background included.
    ignore_index : int or None, optional
        A further value that is allowed; None: no other value is.
    name : str, optional
        What the error calls it, for example "target".

    Raises
    ------
    TypeError
        If the values are not integers (logits, probabilities, a smoothed label map).
    ValueError
        If a value is not a class index.

    Examples
    --------
    >>> require_class_indices(np.array([[0, 1, 255]]), num_classes=2)
    >>> require_class_indices(np.array([[0, 1, 2]]), 2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: label map must hold class indices 0 to 1 or 255 (ignored), found 2 at ...
    """
    require_integers(label_map, name=name)
    values = to_numpy(label_map)
    wrong = (values < 0) | (values >= num_classes)
    if ignore_index is not None:
        wrong &= values != ignore_index
    if not wrong.any():
        return
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    found = np.unique(values[wrong])
    allowed = f"0 to {num_classes - 1}"
    if ignore_index is not None:
        allowed += f" or {ignore_index} (ignored)"
    shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    raise ValueError(
        f"{name} must hold class indices {allowed}, "
        f"found {shown} at index {where}. {_remedy_for_values(values, found, num_classes)}"
    )


def require_integers(label_map: Any, *, name: str = "label map") -> None:
    """Raise TypeError unless the values are integers or bool.

    Parameters
    ----------
    label_map : array or tensor, any shape
        Class indices, object numbers or a mask.
    name : str, optional
        What the error calls it, for example "target".

    Raises
    ------
    TypeError
        If the values are floating point, or the argument is no array.

    Examples
    --------
    >>> require_integers(np.array([0.2, 0.8]), name="prediction")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    TypeError: prediction must hold integers (class indices), got float64. ...
    """
    if not hasattr(label_map, "dtype"):
        raise TypeError(
            f"{name} must be a NumPy array or a torch tensor, got {type(label_map).__name__}. "
            "Convert it with np.asarray first."
        )
    kind = getattr(label_map.dtype, "name", str(label_map.dtype).removeprefix("torch."))
    if kind.startswith(("int", "uint", "bool")):
        return
    raise TypeError(
        f"{name} must hold integers (class indices), got {kind}. "
        "Logits or probabilities (N, C, H, W): take argmax over the class axis, .argmax(1). "
        "One probability per pixel: compare it with a threshold, probability > 0.5. "
        "A label map that became float: load it without scaling and resize it with nearest "
        "neighbour."
    )


def _remedy_for_values(values: np.ndarray, found: np.ndarray, num_classes: int) -> str:
    if values.ndim >= 3 and values.shape[-1] in (3, 4):
        return "This looks like a colour-coded image: convert it with decode_colours first."
    if found.tolist() == [num_classes]:
        return (
            f"Give num_classes={num_classes + 1}, or, if the classes are numbered from 1, "
            "subtract 1."
        )
    if found.tolist() == [255]:
        return "If 255 means ignored, it belongs in the target; if it means object, use map > 0."
    return "Check num_classes, and that the values are class indices rather than grey levels."


def _remedy_for_shapes(target: tuple[int, ...], prediction: tuple[int, ...]) -> str:
    if len(target) == len(prediction):
        if target[-2:] == prediction[-2:]:
            return "Give one prediction for each picture of the target."
        return "Resize the prediction to the target with nearest neighbour first."
    longer, shorter = sorted((target, prediction), key=len, reverse=True)
    name = "prediction" if longer == prediction else "target"
    if len(longer) == len(shorter) + 1 and longer[:-1] == shorter:
        remedy = f"Turn scores of the classes into class indices with {name}.argmax(-1)."
        if longer[-1] in (3, 4):
            remedy = f"Turn a colour-coded {name} into class indices with decode_colours. {remedy}"
        return remedy
    if len(longer) == len(shorter) + 1 and len(longer) >= 3:
        return (
            f"The {name} has one more axis, as logits and one-hot masks have: "
            f"turn it into class indices with {name}.argmax({len(longer) - 3})."
        )
    return "Give both as class indices of the same pictures, (H, W) or (N, H, W)."


def _require_colours(colours: Any) -> np.ndarray:
    table = np.asarray(colours)
    if table.ndim != 2 or table.shape[1] != 3 or not 1 <= len(table) <= 255:
        raise ValueError(
            f"colours must have shape (C, 3) with 1 to 255 classes, got {table.shape}. "
            "Give one (red, green, blue) per class."
        )
    if table.dtype.kind not in "iu" or table.min() < 0 or table.max() > 255:
        raise ValueError(
            f"colours must be integers 0 to 255, got {table.dtype} from {table.min()} to "
            f"{table.max()}. Multiply colours in [0, 1] by 255 and round."
        )
    return table.astype(np.uint8)


def _require_rgb(image: np.ndarray) -> np.ndarray:
    remedy = ""
    if image.dtype != np.uint8:
        remedy = "Load the file's own bytes, without scaling to [0, 1]."
    elif image.ndim < 3:
        remedy = (
            "It has one channel: it may hold class indices already (a palette file does). "
            'If it should be colours, open it with PIL and .convert("RGB").'
        )
    elif image.shape[-1] == 4:
        remedy = "It has an alpha channel: drop it with image[..., :3]."
    elif image.shape[-1] != 3:
        remedy = "Put the channels last, for example with np.moveaxis(image, -3, -1)."
    if remedy:
        raise ValueError(
            f"image must be uint8 of shape (H, W, 3), got {image.dtype} {image.shape}. {remedy}"
        )
    return image


def _pack(colours: np.ndarray) -> np.ndarray:
    """One integer per colour: red * 65536 + green * 256 + blue."""
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return (red << 16) | (green << 8) | blue
