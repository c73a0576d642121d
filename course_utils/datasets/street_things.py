"""What stands in the drawn street: houses, trees, cars, people, poles, signs and traffic lights.

Every function paints one thing with a `Brush`, from its farthest part to its nearest. Lengths are
in metres, colours in RGB from 0 to 255. The light comes from the upper left.
"""

from functools import partial

import numpy as np

from course_utils.datasets.brush import Brush, Colour, Point, disc, limb


def shade(colour: Colour, light: float) -> np.ndarray:
    """A colour under more light (above 1) or less.

    Examples
    --------
    >>> shade((100, 50, 0), 1.5)
    array([150.,  75.,   0.])
    """
    return np.clip(np.asarray(colour, float) * light, 0, 255)


def house(
    brush: Brush,
    rng: np.random.Generator,
    label: int,
    *,
    wall: float,
    near: float,
    far: float,
    height: float,
    colour: Colour,
    shop: bool,
) -> None:
    """A house whose front stands along the road at `wall`, from `near` to `far` ahead."""
    out = 8 * np.sign(wall)
    light = 1.04 if wall > 0 else 0.74  # the fronts on the right face the light
    gable = [
        (wall, 0, near),
        (wall, height, near),
        (wall + out, height, near),
        (wall + out, 0, near),
    ]
    brush.face(gable, shade(colour, 0.84), foot=shade(colour, 0.7), label=label)
    ridge = [
        (wall, height, near),
        (wall, height, far),
        (wall + out / 2, height + 2.2, far),
        (wall + out / 2, height + 2.2, near),
    ]
    tiles = np.array([146.0, 92, 76]) if rng.random() < 0.6 else np.array([104.0, 104, 112])
    brush.face(ridge, shade(tiles, light), label=label)
    brush.face([ridge[0], ridge[3], (wall + out, height, near)], shade(colour, 0.8), label=label)

    def front(low: float, high: float, first: float, last: float) -> list[Point]:
        return [(wall, low, first), (wall, high, first), (wall, high, last), (wall, low, last)]

    brush.face(
        front(0, height, near, far),
        shade(colour, light),
        foot=shade(colour, 0.86 * light),
        label=label,
    )
    brush.face(front(height - 0.35, height, near, far), shade(colour, 1.14 * light), label=label)
    width = far - near
    count = max(2, round(width / 2.3))
    floors = int((height - 3.6) / 2.9) + 1 if near < 45 else 0  # farther windows are not seen
    glass, frame = np.array([92.0, 116, 138]), shade((236, 232, 222), light)
    for floor in range(floors):
        low = 3.9 + 2.9 * floor
        if low + 1.7 > height - 0.3:
            break
        for place in range(count):
            middle = near + width * (place + 0.5) / count
            brush.face(
                front(low - 0.14, low + 1.68, middle - 0.62, middle + 0.62), frame, label=label
            )
            tint = rng.uniform(0.75, 1.25)
            brush.face(
                front(low, low + 1.55, middle - 0.5, middle + 0.5),
                shade(glass, 1.3 * tint * light),
                foot=shade(glass, 0.7 * tint * light),
                label=label,
            )
            brush.face(front(low - 0.2, low - 0.08, middle - 0.7, middle + 0.7), shade(frame, 0.8))
    _ground_floor(brush, rng, label, wall=wall, near=near, far=far, light=light, shop=shop)


def _ground_floor(
    brush: Brush,
    rng: np.random.Generator,
    label: int,
    *,
    wall: float,
    near: float,
    far: float,
    light: float,
    shop: bool,
) -> None:
    def front(low: float, high: float, first: float, last: float, out: float = 0) -> list[Point]:
        in_front = wall - np.sign(wall) * out
        return [
            (wall, high, first),
            (wall, high, last),
            (in_front, low, last),
            (in_front, low, first),
        ]

    door = near + (far - near) * rng.choice([0.14, 0.86])
    wood = shade(rng.choice([(96, 60, 44), (52, 80, 68), (60, 70, 98)]), light)
    brush.face(front(0, 2.45, door - 0.6, door + 0.6), shade(wood, 0.8), label=label)
    brush.face(front(0.1, 2.3, door - 0.48, door + 0.48), wood, foot=shade(wood, 0.75), label=label)
    first, last = (near + 1.9, far - 0.5) if door < (near + far) / 2 else (near + 0.5, far - 1.9)
    glass = np.array([120.0, 138, 146])
    if not shop:
        for middle in np.linspace(first + 0.8, last - 0.8, 2):
            bright = shade((232, 228, 220), light)
            brush.face(front(1.0, 2.5, middle - 0.62, middle + 0.62), bright, label=label)
            pane = front(1.12, 2.38, middle - 0.5, middle + 0.5)
            brush.face(pane, shade(glass, light), foot=shade(glass, 0.6 * light), label=label)
        return
    brush.face(front(0.3, 2.6, first, last), shade((70, 64, 60), light), label=label)
    width = (last - first) / 3
    for start in first + width * np.arange(3) + 0.1:
        stop = start + width - 0.2
        warm = shade((236, 214, 176), light * rng.uniform(0.75, 1.05))
        brush.face(front(0.55, 2.45, start, stop), warm, foot=shade(glass, 0.5), label=label)
        for goods in rng.uniform(start + 0.3, max(stop - 0.3, start + 0.4), 5):
            tone = shade(rng.choice([(150, 66, 58), (58, 92, 110), (214, 180, 110)]), light)
            top = rng.uniform(0.9, 1.5)
            brush.face(front(0.6, top, goods - 0.16, goods + 0.16), tone, foot=shade(tone, 0.6))
    width = (last - first) / 9
    cloth = rng.choice([(178, 52, 48), (40, 100, 92), (52, 74, 128), (206, 138, 44)])
    for stripe in range(9):
        start = first + width * stripe
        tone = cloth if stripe % 2 == 0 else np.array([240, 234, 222])
        brush.face(
            front(2.35, 2.95, start, start + width, out=0.9), shade(tone, light), label=label
        )


def tree(
    brush: Brush, rng: np.random.Generator, label: int, foot: Point, height: float, radius: float
) -> None:
    """A tree: a trunk that forks, and a crown of many blobs, dark below and bright above."""
    across, up, ahead = foot
    bark = np.array([98.0, 76, 58])
    top = (across, up + height - radius, ahead)
    brush.face(limb(foot, top, 0.34, 0.2), bark, foot=shade(bark, 0.75), label=label)
    for side in (-0.5, 0.5):
        branch = (across + side * radius, up + height - 0.4 * radius, ahead)
        brush.face(
            limb((across, up + height - 1.5 * radius, ahead), branch, 0.15), bark, label=label
        )
    leaf = np.array([88.0, 126, 58]) * rng.uniform(0.88, 1.1, size=3)
    middle = np.array([across, up + height - 0.3 * radius])
    for tone, spread, size, shift in (
        (0.58, 0.66, 0.42, (0.06, -0.1)),
        (0.82, 0.62, 0.34, (0.0, 0.02)),
        (1.05, 0.52, 0.26, (-0.1, 0.14)),
        (1.28, 0.46, 0.17, (-0.2, 0.26)),
    ):
        for turn in np.sort(rng.uniform(0, 2 * np.pi, 16 if ahead < 25 else 8)):
            away = radius * spread * np.sqrt(rng.uniform(0.1, 1))
            blob = middle + radius * np.array(shift) + away * np.array([np.cos(turn), np.sin(turn)])
            points = disc((*blob, ahead), radius * size * rng.uniform(0.7, 1.2), turns=14)
            points[:, :2] += rng.normal(0, 0.035 * radius, (len(points), 2))
            brush.face(points, shade(leaf, tone * rng.uniform(0.9, 1.1)), label=label)


CAR_BODY = [(0, 0.3), (0, 0.8), (0.1, 0.98), (3.05, 0.96), (4.1, 0.8), (4.25, 0.6), (4.25, 0.3)]
"""Outline of the side, from the rear bumper over the bonnet to the front: metres ahead, up."""
CAR_CABIN = [(0.1, 0.98), (0.72, 1.44), (2.1, 1.46), (3.05, 0.96)]
CAR_WIDTH, CAR_LENGTH = 1.78, 4.25
GLASS, DARK = np.array([62.0, 76, 90]), np.array([36.0, 36, 40])


def car(
    brush: Brush,
    label: int,
    instance: int,
    *,
    across: float,
    ahead: float,
    colour: Colour,
    coming: bool,
) -> None:
    """A car whose nearest end lies at `ahead`: its rear, or its front if it is coming."""

    def at(side: float, length: float, up: float) -> Point:
        inset = 0.17 * np.clip((up - 0.97) / 0.48, 0, 1)  # the cabin narrows towards the roof
        place = CAR_LENGTH - length if coming else length
        return across + side * (CAR_WIDTH / 2 - inset), up, ahead + place

    def face(points: list[Point] | np.ndarray, tone: Colour, foot: Colour | None = None) -> None:
        brush.face(points, tone, foot=foot, label=label, instance=instance)

    def strip(
        first: tuple[float, float], last: tuple[float, float], left: float = -1, right: float = 1
    ) -> list[Point]:
        """A piece from side to side of the car, between two points of its outline."""
        return [at(left, *first), at(right, *first), at(right, *last), at(left, *last)]

    shadow = [
        at(side, length, 0) for side, length in ((-1.1, -0.1), (1.1, -0.1), (1.1, 4.4), (-1.1, 4.4))
    ]
    brush.face(shadow, (22, 22, 28), opacity=0.6)
    tyre = CAR_LENGTH - 0.5 if coming else 0.5
    face(strip((tyre, 0.14), (tyre, 0.36)), shade(DARK, 0.8))
    for left in (-0.94, 0.72):
        face(strip((tyre, 0.0), (tyre, 0.5), left, left + 0.22), DARK)
    face(strip((0.72, 1.44), (2.1, 1.46)), shade(colour, 1.25))
    visible = 1 if across < brush.across else -1  # the side that is turned to the camera
    light = 0.8 if visible > 0 else 1.0
    face(
        [at(visible, *point) for point in CAR_BODY],
        shade(colour, light),
        shade(colour, 0.6 * light),
    )
    face([at(visible, *point) for point in CAR_CABIN], shade(colour, 0.92 * light))
    for pane in (
        [(0.5, 1.02), (0.86, 1.37), (1.32, 1.39), (1.36, 1.02)],
        [(1.46, 1.02), (1.42, 1.39), (2.06, 1.39), (2.76, 1.02)],
    ):
        points = [at(visible, *point) for point in pane]
        face(points, shade(GLASS, 1.35 * light), shade(GLASS, 0.8 * light))
    for place in (0.8, 3.4):
        hub = at(visible * 1.01, place, 0.33)
        face(disc(hub, 0.37, normal="across"), shade(DARK, 0.75))
        face(disc(hub, 0.22, normal="across"), np.array([156.0, 158, 162]) * light)
        face(disc(hub, 0.08, normal="across"), DARK)
    if coming:
        face(strip((2.1, 1.46), (3.05, 0.96)), shade(colour, 0.9))
        face(strip((2.15, 1.43), (3.0, 1.0), -0.9, 0.9), shade(GLASS, 1.7), shade(GLASS, 0.8))
        face(strip((3.05, 0.96), (4.1, 0.8)), shade(colour, 1.18))
        face(strip((4.1, 0.8), (4.25, 0.6)), shade(colour, 1.0))
        face(strip((4.25, 0.6), (4.25, 0.3)), shade(colour, 0.9), shade(colour, 0.6))
        face(strip((4.25, 0.57), (4.25, 0.43), -0.5, 0.5), DARK)
        face(strip((4.25, 0.41), (4.25, 0.31), -0.3, 0.3), np.array([236.0, 236, 228]))
        for left in (-0.95, 0.6):
            face(strip((4.13, 0.77), (4.25, 0.6), left, left + 0.35), np.array([255.0, 248, 214]))
        return
    face(strip((0.1, 0.98), (0.72, 1.44)), shade(colour, 0.9))
    face(strip((0.17, 1.03), (0.66, 1.4), -0.86, 0.86), shade(GLASS, 1.5), shade(GLASS, 0.75))
    face(strip((0, 0.8), (0.1, 0.98)), shade(colour, 1.1))
    face(strip((0, 0.3), (0, 0.8)), shade(colour, 0.95), shade(colour, 0.68))
    face(strip((0, 0.28), (0, 0.42)), shade(colour, 0.42))
    face(strip((0, 0.55), (0, 0.68), -0.3, 0.3), np.array([236.0, 236, 228]))
    for left in (-0.98, 0.66):
        face(strip((0, 0.66), (0.06, 0.9), left, left + 0.32), np.array([198.0, 34, 34]))
        face(strip((0, 0.7), (0, 0.76), left + 0.04, left + 0.28), np.array([255.0, 150, 120]))


def person(
    brush: Brush,
    rng: np.random.Generator,
    label: int,
    instance: int,
    foot: Point,
    *,
    height: float,
    stride: float,
    coat: Colour,
) -> None:
    """A person on foot, seen from the front or the back; `stride` parts the legs."""
    across, up, ahead = foot
    legs = rng.choice([(48, 54, 74), (84, 70, 60), (60, 62, 66), (36, 40, 48)])
    skin = rng.choice([(236, 196, 168), (206, 156, 122), (142, 98, 72), (96, 66, 50)])
    hair = rng.choice([(48, 34, 28), (92, 62, 38), (28, 26, 28), (176, 140, 84)])

    def place(side: float, share: float) -> Point:
        return across + side * height, up + share * height, ahead

    def part(points: np.ndarray, colour: Colour, foot: Colour | None = None) -> None:
        brush.face(points, colour, foot=foot, label=label, instance=instance)

    long = CAR_WIDTH * height / 2
    shadow = [(across, up, ahead), (across + 0.3, up, ahead), (across + long, up, ahead + 0.5)]
    brush.face(shadow, (30, 30, 36), opacity=0.35)
    for side, light in ((1, 0.8), (-1, 1.0)):
        knee, heel = (
            place(side * 0.5 * stride + side * 0.03, 0.27),
            place(side * stride + side * 0.03, 0.035),
        )
        width = 0.095 * height
        part(limb(knee, heel, 0.85 * width, 0.6 * width), shade(legs, light))
        part(limb(place(side * 0.05, 0.5), knee, width, 0.85 * width), shade(legs, light))
        toe = (heel[0] + 0.05 * height * np.sign(stride or 1), heel[1] - 0.01 * height, ahead)
        part(limb((heel[0], toe[1], ahead), toe, 0.05 * height), DARK)
    for side, light in ((1, 0.72), (-1, 0.95)):
        elbow = place(side * (0.132 + 0.2 * stride), 0.64)
        hand = place(side * (0.12 + 0.35 * stride), 0.485 + 0.3 * stride * (side > 0))
        part(limb(elbow, hand, 0.062 * height, 0.05 * height), shade(coat, light))
        part(disc(hand, 0.027 * height, turns=12), np.asarray(skin, float))
        part(
            limb(place(side * 0.105, 0.79), elbow, 0.072 * height, 0.062 * height),
            shade(coat, light),
        )
    torso = [
        place(s, u)
        for s, u in (
            (-0.1, 0.83),
            (0.1, 0.83),
            (0.128, 0.78),
            (0.1, 0.46),
            (-0.1, 0.46),
            (-0.128, 0.78),
        )
    ]
    part(np.array(torso), shade(coat, 1.1), shade(coat, 0.78))
    part(limb(place(0, 0.8), place(0, 0.88), 0.06 * height), shade(skin, 0.85))
    part(disc(place(0, 0.935), 0.066 * height, turns=20), shade(hair, 1.0))
    face = disc(place(-0.008, 0.92), 0.052 * height, turns=20)
    part(face, np.asarray(skin, float), shade(skin, 0.9))


def pole(brush: Brush, label: int, foot: Point, height: float, width: float = 0.12) -> None:
    """A grey pole."""
    across, up, ahead = foot
    sides = [(across - width / 2, 0.55), (across + width / 2, 1.0)]
    points = [(sides[0][0], up, ahead), (sides[1][0], up, ahead)]
    points += [(sides[1][0], up + height, ahead), (sides[0][0], up + height, ahead)]
    brush.face(points, (104, 108, 114), foot=(78, 80, 86), label=label)
    bright = [(across - width / 2, up, ahead), (across - width / 6, up, ahead)]
    bright += [(across - width / 6, up + height, ahead), (across - width / 2, up + height, ahead)]
    brush.face(bright, (150, 152, 156), opacity=0.7)


def street_lamp(brush: Brush, label: int, foot: Point, side: float) -> None:
    """A lamp whose arm reaches over the road; `side` is 1 where the road lies to the right."""
    across, up, ahead = foot
    pole(brush, label, foot, 6.0, 0.14)
    end = (across + 1.3 * side, up + 6.25, ahead)
    brush.face(limb((across, up + 5.95, ahead), end, 0.1), (96, 100, 106), label=label)
    brush.face(limb((end[0] - 0.3 * side, end[1], ahead), end, 0.2), (196, 196, 186), label=label)


def traffic_light(brush: Brush, labels: tuple[int, int], instance: int, foot: Point) -> None:
    """A traffic light that is red, on a pole (labels of light and pole)."""
    across, up, ahead = foot
    pole(brush, labels[1], foot, 2.6, 0.13)
    box = limb((across, up + 2.52, ahead), (across, up + 3.22, ahead), 0.44)
    brush.face(box, (46, 50, 50), foot=(26, 28, 30), label=labels[0], instance=instance)
    for number, colour in enumerate([(244, 58, 44), (96, 74, 26), (24, 80, 46)]):
        middle = (across, up + 3.2 - 0.33 * number, ahead)
        brush.face(disc(middle, 0.135, turns=18), colour)


def sign(
    brush: Brush, labels: tuple[int, int], instance: int, foot: Point, *, warning: bool
) -> None:
    """A sign on a pole (labels of sign and pole): crossing ahead, or no stopping."""
    across, up, ahead = foot
    pole(brush, labels[1], foot, 2.5, 0.08)
    middle = (across, up + 2.55, ahead)
    face = partial(brush.face, label=labels[0], instance=instance)
    if warning:
        for reach, colour in ((0.5, (196, 40, 40)), (0.33, (244, 242, 236))):
            angle = np.pi / 2 + 2 * np.pi * np.arange(3) / 3
            points = [
                (across + reach * np.cos(a), middle[1] + reach * np.sin(a), ahead) for a in angle
            ]
            face(points, colour)
        brush.face(
            limb((across, middle[1] - 0.06, ahead), (across, middle[1] + 0.1, ahead), 0.07), DARK
        )
        return
    face(disc(middle, 0.4), (196, 40, 40))
    face(disc(middle, 0.31), (40, 78, 158))
    for end in (-0.2, 0.2):
        bar = limb(
            (across - end, middle[1] + 0.2, ahead), (across + end, middle[1] - 0.2, ahead), 0.08
        )
        brush.face(bar, (196, 40, 40))
