"""A street that is drawn, not photographed, with the exact truth of every pixel.

No picture of a real street comes with the libraries of this course. This one is painted in code: a
road in perspective between houses, with cars that hide one another, people, trees and signs. It
shows what semantic, instance and panoptic truth of a street look like; whoever trains for real
streets needs real ones.
"""

import itertools
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from scipy import ndimage

from course_utils.datasets.brush import Brush
from course_utils.datasets.pictures import Picture
from course_utils.datasets.street_things import (
    car,
    house,
    person,
    shade,
    sign,
    street_lamp,
    traffic_light,
    tree,
)

SIZE = (256, 384)
CLASS_NAMES = (
    "background",
    "sky",
    "building",
    "tree",
    "road",
    "lane mark",
    "pavement",
    "pole",
    "car",
    "person",
    "traffic light",
    "sign",
)
"""Class 0 stays without a pixel: every pixel of the drawing belongs to something."""
THINGS = ("car", "person", "traffic light", "sign")
"""Classes whose pixels belong to instances; the others are stuff and have instance 0."""
INDEX = {name: index for index, name in enumerate(CLASS_NAMES)}
ROUGHNESS = {"building": 5, "tree": 9, "road": 4.5, "lane mark": 4, "pavement": 4, "sky": 1.2}
KERB_LEFT, KERB_RIGHT, HOUSES_LEFT, HOUSES_RIGHT = -4.0, 5.6, -7.0, 8.4
FAR = 90.0
CAR_COLOURS = [(178, 40, 44), (48, 88, 150), (226, 226, 222), (70, 74, 82), (214, 164, 54)]
CAR_COLOURS += [(60, 118, 108), (150, 152, 158), (120, 54, 84), (110, 150, 190), (196, 98, 46)]
COATS = [(196, 72, 60), (50, 92, 150), (232, 186, 84), (74, 118, 84), (134, 84, 140)]
COATS += [(236, 226, 210), (66, 142, 148), (150, 104, 76), (206, 128, 150)]

Thing = tuple[float, Callable[[], None]]


def drawn_street(seed: int = 0) -> Picture:
    """Draw a street scene.

    Parameters
    ----------
    seed : int
        The same number gives the same scene. It decides on colours, houses, trees, and on how many
        cars and people there are, and where.

    Returns
    -------
    Picture
        RGB image of shape (256, 384, 3), label map, instance map, and the names of 12 classes.
        Cars, people, traffic lights and signs are instances; the rest has instance 0.

    Examples
    --------
    >>> street = drawn_street()
    >>> street.image.shape, street.class_names[:3], int(street.label_map.min())
    ((256, 384, 3), ('background', 'sky', 'building'), 1)
    """
    rng = np.random.default_rng([4, seed])  # 4: seed 0 makes a scene that is good to look at
    brush = Brush(SIZE, horizon=112, centre=182, across=0.7, up=2.15, focal=330)
    _sky(brush, rng)
    _houses(brush, rng)
    _ground(brush)
    for _, paint in sorted(_things(brush, rng), key=lambda thing: -thing[0]):
        paint()
    image = np.clip(np.rint(_roughen(brush, rng)), 0, 255).astype(np.uint8)
    return Picture(image, brush.label_map, _count(brush.instance_map), CLASS_NAMES)


def _count(instance_map: np.ndarray) -> np.ndarray:
    """Instance numbers from 1 without gaps, in order: what is hidden entirely has none."""
    _, numbers = np.unique(np.append(0, instance_map), return_inverse=True)
    return numbers[1:].reshape(instance_map.shape).astype(np.int32)


def _roughen(brush: Brush, rng: np.random.Generator) -> np.ndarray:
    """The picture with the grain of each surface, and a little noise over all."""
    fine = ndimage.gaussian_filter(rng.normal(size=SIZE), 0.7) * 2.2
    coarse = ndimage.gaussian_filter(rng.normal(size=SIZE), 5) * 12
    rough = np.array([ROUGHNESS.get(name, 1.5) for name in CLASS_NAMES])[brush.label_map]
    image = brush.canvas * (1 + rough * (0.7 * fine + 0.4 * coarse) / 150)[..., None]
    return image + rng.normal(0, 1.2, image.shape)


def _sky(brush: Brush, rng: np.random.Generator) -> None:
    rows, columns = SIZE
    corners = [(-0.5, -0.5), (-0.5, columns), (rows, columns), (rows, -0.5)]
    brush.polygon(corners, (104, 156, 212), foot=(246, 240, 226), label=INDEX["sky"])
    cloud = ndimage.gaussian_filter(rng.normal(size=SIZE), (5, 16)) * 22
    cloud += ndimage.gaussian_filter(rng.normal(size=SIZE), (2, 6)) * 4
    share = np.clip(cloud * 0.5 - 0.1, 0, 0.8)[..., None]
    brush.canvas += share * (np.array([252.0, 250, 246]) - brush.canvas)
    for start in np.arange(-36, 44, 5.0):  # hills and roofs where the street ends
        top = rng.uniform(5, 11)
        points = [
            (start, 0, FAR),
            (start, top, FAR),
            (start + 5.2, top, FAR),
            (start + 5.2, 0, FAR),
        ]
        tone = rng.choice([(150, 130, 118), (166, 150, 140), (136, 128, 132)])
        brush.face(points, tone, label=INDEX["building"])


def _houses(brush: Brush, rng: np.random.Generator) -> None:
    colours = [(226, 196, 150), (202, 128, 100), (232, 222, 200), (170, 184, 196), (216, 170, 120)]
    colours += [(186, 152, 140), (196, 204, 178)]
    for wall in (HOUSES_LEFT, HOUSES_RIGHT):
        borders = [9.0]
        while borders[-1] < 78:
            borders.append(borders[-1] + rng.uniform(6.5, 10))
        order = rng.permutation(len(colours))
        for number in reversed(range(len(borders) - 1)):
            house(
                brush,
                rng,
                INDEX["building"],
                wall=wall,
                near=borders[number],
                far=borders[number + 1],
                height=rng.uniform(8.5, 13.5),
                colour=np.array(colours[order[number % len(colours)]], float),
                shop=bool(rng.random() < 0.5),
            )


def _ground(brush: Brush) -> None:
    near = 3.0

    def flat(
        left: float, right: float, up: float = 0.0, first: float = near, last: float = FAR
    ) -> list:
        return [(left, up, first), (right, up, first), (right, up, last), (left, up, last)]

    road, kerb, slab = (112, 112, 118), (196, 192, 184), (186, 178, 166)
    brush.face(flat(KERB_LEFT, KERB_RIGHT), (150, 150, 154), label=INDEX["road"])
    corners = brush.project(flat(KERB_LEFT, KERB_RIGHT))
    brush.polygon(corners, brush.hazy(road, 60), foot=road, label=INDEX["road"])
    for inner, outer in ((KERB_LEFT, HOUSES_LEFT), (KERB_RIGHT, HOUSES_RIGHT)):
        side = 1 if outer > inner else -1
        corners = brush.project(flat(inner, outer + side * 0.1, 0.12))
        light = 1.0 if side > 0 else 0.72
        brush.polygon(
            corners,
            brush.hazy(shade(slab, light), 60),
            foot=shade(slab, light),
            label=INDEX["pavement"],
        )
        for ahead in np.arange(5, 40, 1.2):
            brush.face(
                flat(inner, outer, 0.12, ahead, ahead + 0.05), shade(slab, 0.8 * light), opacity=0.7
            )
        brush.face(
            flat(inner + side * 1.4, inner + side * 1.45, 0.12),
            shade(slab, 0.8 * light),
            opacity=0.6,
        )
        edge = [(inner, 0, near), (inner, 0.12, near), (inner, 0.12, FAR), (inner, 0, FAR)]
        brush.face(edge, shade(kerb, 0.7), label=INDEX["pavement"])
        corners = brush.project(flat(inner, inner + side * 0.22, 0.12))
        brush.polygon(corners, shade(kerb, light), label=INDEX["pavement"])
    mark = partial(brush.face, label=INDEX["lane mark"])
    white = (232, 230, 222)
    for ahead in np.arange(11.5, 80, 5.0):
        mark(flat(-0.07, 0.07, 0, ahead, ahead + 2.6), white)
    mark(flat(3.32, 3.42, 0, 11.0, 78), shade(white, 0.95))
    for left in np.arange(KERB_LEFT + 0.4, KERB_RIGHT - 0.5, 1.0):
        mark(flat(left, left + 0.52, 0, 6.3, 8.9), white)
    mark(flat(0.2, 3.3, 0, 5.4, 5.75), white)
    shadow = [(KERB_LEFT, 0, near), (-1.9, 0, near), (-1.9, 0, FAR), (KERB_LEFT, 0, FAR)]
    brush.polygon(brush.project(shadow), (30, 34, 56), opacity=0.36)


def _things(brush: Brush, rng: np.random.Generator) -> list[Thing]:
    """What stands on the ground: how far away it is, and what paints it."""
    instances = itertools.count(1)
    return [
        *_cars(brush, rng, instances),
        *_people(brush, rng, instances),
        *_trees_and_lamps(brush, rng),
        *_lights_and_signs(brush, instances),
    ]


def _cars(brush: Brush, rng: np.random.Generator, instances: Iterator[int]) -> Iterator[Thing]:
    cars = [(0.85, rng.uniform(10.5, 12), False), (-2.75, rng.uniform(9.2, 10), True)]
    cars += [(0.75, rng.uniform(19, 23), False), (-2.7, rng.uniform(17, 22), True)]
    cars += [(-2.7, rng.uniform(28, 40), True), (0.8, rng.uniform(32, 44), False)]
    ahead = rng.uniform(10.2, 11)
    while ahead < 45:  # those that are parked along the kerb
        cars.append((4.5, ahead, bool(rng.random() < 0.15)))
        ahead += rng.uniform(5.0, 6.2) if rng.random() < 0.85 else 11.0
    colours = rng.permutation(CAR_COLOURS).astype(float)
    for number, (left, ahead, coming) in enumerate(cars):
        place = partial(car, across=left + 0.88, ahead=ahead, coming=coming)
        colour = colours[number % len(colours)]
        yield ahead, partial(place, brush, INDEX["car"], next(instances), colour=colour)


def _people(brush: Brush, rng: np.random.Generator, instances: Iterator[int]) -> Iterator[Thing]:
    walkers = [
        (rng.uniform(-1.4, -0.5), 0.0, rng.uniform(7.2, 8.2), 0.12),
        (rng.uniform(2.7, 3.6), 0.0, rng.uniform(6.9, 8.2), 0.1),
        (rng.uniform(6.4, 7.4), 0.12, rng.uniform(11.5, 13.0), 0.06),
    ]
    places = rng.permutation(np.arange(10.0, 24.0, 1.7))
    for ahead in places[: rng.integers(4, 7)]:
        across = rng.uniform(-6.4, -5.0) if rng.random() < 0.7 else rng.uniform(6.4, 7.8)
        walkers.append((across, 0.12, float(ahead), rng.uniform(0.02, 0.1)))
    coats = rng.permutation(COATS).astype(float)
    for number, (across, up, ahead, stride) in enumerate(walkers):
        named = {"height": rng.uniform(1.58, 1.85), "stride": stride, "coat": coats[number % 9]}
        where = INDEX["person"], next(instances), (across, up, ahead)
        yield ahead, partial(person, brush, rng, *where, **named)


def _trees_and_lamps(brush: Brush, rng: np.random.Generator) -> Iterator[Thing]:
    for across, places in ((-4.7, (14.5, 22, 30, 39, 50)), (6.2, (20, 28, 37, 48))):
        for place in places:
            foot = (across, 0.12, place + rng.uniform(-1, 1))
            measures = rng.uniform(5.0, 6.2), rng.uniform(1.5, 1.95)
            yield foot[2], partial(tree, brush, rng, INDEX["tree"], foot, *measures)
    for across, ahead, side in ((-4.4, 18.5, 1), (6.0, 15.5, -1), (-4.4, 34.0, 1), (6.0, 33.0, -1)):
        yield ahead, partial(street_lamp, brush, INDEX["pole"], (across, 0.12, ahead), side)


def _lights_and_signs(brush: Brush, instances: Iterator[int]) -> Iterator[Thing]:
    labels = INDEX["traffic light"], INDEX["pole"]
    for across, ahead in ((5.95, 9.4), (-4.3, 9.6)):
        foot = (across, 0.12, ahead)
        yield ahead, partial(traffic_light, brush, labels, next(instances), foot)
    labels = INDEX["sign"], INDEX["pole"]
    for across, ahead, warning in ((6.05, 12.6, False), (-4.35, 16.0, True)):
        foot = (across, 0.12, ahead)
        yield ahead, partial(sign, brush, labels, next(instances), foot, warning=warning)
