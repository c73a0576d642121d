"""Draw the two images of lesson 05's evaluation exercise: `python data/evaluation/make_images.py`.

A harbour from above, drawn, not photographed. Water fills most of it and the boats, which matter,
are about one pixel in a hundred. The prediction gets water and land nearly right, half of the pier,
and two boats of twelve; no bridge exists in either. A ring around land, pier and boats is void.
"""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.draw import ellipse, polygon

from course_utils.labels import IGNORE_INDEX, encode_colours

FOLDER = Path(__file__).parent
NAME = "05_evaluating_segmentation"
SIZE = (240, 320)  # rows, columns
WATER, LAND, PIER, BOAT = range(4)
BOATS = [  # row, column, half length, half width, turned by (radians)
    (52, 118, 7, 3, 0.3),
    (40, 176, 8, 3, 1.2),
    (66, 214, 7, 2, 2.0),
    (44, 262, 7, 3, 0.0),
    (94, 146, 8, 3, 0.9),
    (104, 240, 7, 2, 2.6),
    (84, 292, 7, 3, 1.6),
    (150, 176, 10, 4, 0.5),
    (152, 232, 11, 4, 2.2),
    (150, 292, 7, 3, 1.0),
    (184, 208, 7, 2, 0.2),
    (188, 270, 8, 3, 1.9),
]
FOUND = (7, 8)  # the two largest boats


def shore(amplitude: float, offset: float) -> np.ndarray:
    """Mask of the land: the left edge and the bottom, with a wavy shore line, shape (H, W)."""
    rows, columns = np.indices(SIZE)
    left = 52 + amplitude * np.sin(rows / 17) + 5 * np.sin(rows / 41) + offset
    bottom = 216 - amplitude * np.sin(columns / 23) - offset
    return (columns < left) | (rows > bottom)


def draw_boats(label_map: np.ndarray, chosen: tuple[int, ...], shift: int = 0) -> None:
    """Draw the chosen boats onto a label map, in place."""
    for index in chosen:
        row, column, length, width, angle = BOATS[index]
        inside = ellipse(row + shift, column + shift, length, width, label_map.shape, angle)
        label_map[inside] = BOAT


def draw_pier(label_map: np.ndarray, end: int) -> None:
    """Draw the pier from the shore to a column, in place."""
    corners = np.array([(122, 40), (122, end), (127, end), (127, 40)])
    inside = polygon(corners[:, 0], corners[:, 1], label_map.shape)
    label_map[inside] = np.where(label_map[inside] == LAND, LAND, PIER)


def draw_pair() -> tuple[np.ndarray, np.ndarray]:
    """Target and prediction, two label maps of uint8, shape (240, 320)."""
    target = shore(amplitude=4, offset=0).astype(np.uint8)
    draw_pier(target, end=150)
    draw_boats(target, tuple(range(len(BOATS))))
    rings = [
        ndimage.binary_dilation(target == c) & ~ndimage.binary_erosion(target == c, border_value=1)
        for c in (LAND, PIER)
    ]
    rings.append(ndimage.binary_dilation(target == BOAT) & (target != BOAT))
    target[np.any(rings, axis=0)] = IGNORE_INDEX

    prediction = shore(amplitude=3, offset=2).astype(np.uint8)
    draw_pier(prediction, end=104)
    draw_boats(prediction, FOUND, shift=1)
    prediction[30:33, 240:248] = BOAT  # the crest of a wave
    prediction[200:206, 120:150] = LAND  # a shallow
    return target, prediction


def main() -> None:
    """Write both images beside this script."""
    table = json.loads((FOLDER / f"{NAME}_classes.json").read_text(encoding="utf-8"))
    colours, void = list(table["classes"].values()), tuple(table["void"])
    for name, label_map in zip(("ground_truth", "prediction"), draw_pair(), strict=True):
        image = encode_colours(label_map, colours, ignore_colour=void)
        Image.fromarray(image).save(FOLDER / f"{NAME}_{name}.png", optimize=True)


if __name__ == "__main__":
    main()
