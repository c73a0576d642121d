"""Lesson 12: a U-Net from its parts, the sizes that it takes, and borders between objects.

Conventions that all exercises share: maps are float64 tensors (N, C, H, W); a list of weights holds
the tensors of one level in the order in which they are used; convolutions are 3 x 3 and keep the
size; 2 x 2 transposed convolutions with stride 2 enlarge. Torch is loaded by the cases, not by the
import of this module.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.checks.exercise import Arguments, Exercise

if TYPE_CHECKING:
    from torch import Tensor

Cases = dict[str, list[Arguments]]
Level = list["Tensor"]


def _tensor(rng: np.random.Generator, *shape: int) -> "Tensor":
    import torch

    return torch.from_numpy(rng.normal(0, 1, shape).round(2))


def _convolution(rng: np.random.Generator, before: int, after: int, side: int = 3) -> Level:
    """Weight and bias; the bias has no zeros, so that whoever forgets it is seen."""
    weight = _tensor(rng, after, before, side, side) / (before * side)
    return [weight, _tensor(rng, after) / 2 + 0.3]


def _double(rng: np.random.Generator, before: int, after: int) -> Level:
    return [*_convolution(rng, before, after), *_convolution(rng, after, after)]


def _place(index: tuple[int, ...]) -> str:
    names = ("picture", "channel", "row", "column")
    return ", ".join(f"{name} {i}" for name, i in zip(names, index, strict=False))


def _shape(maps: "Tensor") -> str:
    return " x ".join(map(str, maps.shape))


# ----------------------------------------------------------------------------------------------
# 12.1 Double convolution


def _double_cases(rng: np.random.Generator) -> Cases:
    one = [(_tensor(rng, 1, 1, *size), *_double(rng, 1, 1)) for size in [(2, 2), (3, 4), (5, 5)]]
    many = [
        (_tensor(rng, n, before, *size), *_double(rng, before, after))
        for n, before, after, size in [(1, 2, 3, (4, 4)), (2, 3, 2, (5, 4)), (2, 2, 2, (4, 6))]
    ]
    return {"one channel": one, "many channels": many}


def double_convolution(
    x: "Tensor", weight1: "Tensor", bias1: "Tensor", weight2: "Tensor", bias2: "Tensor"
) -> "Tensor":
    """Twice convolution and ReLU; height and width stay."""
    return _doubled(x, weight1, bias1, weight2, bias2)


def _doubled(
    x: "Tensor",
    *weights: "Tensor",
    mode: str = "constant",
    biases: bool = True,
    relu: tuple[bool, bool] = (True, True),
    first: bool = False,
    turned: bool = False,
) -> "Tensor":
    """Twice convolution and ReLU, with a mistake if asked for."""
    from torch.nn import functional

    for number, rectified in enumerate(relu):
        weight, bias = weights[2 * number : 2 * number + 2]
        if rectified and first:
            x = functional.relu(x)
        around = functional.pad(x, (1, 1, 1, 1), mode=mode) if mode else x
        kernel = weight.flip(2, 3) if turned else weight
        x = functional.conv2d(around, kernel, bias if biases else None)
        if rectified and not first:
            x = functional.relu(x)
    return x


def _double_with(**mistake: Any) -> Callable[..., "Tensor"]:
    def mistaken(
        x: "Tensor", weight1: "Tensor", bias1: "Tensor", weight2: "Tensor", bias2: "Tensor"
    ) -> "Tensor":
        return _doubled(x, weight1, bias1, weight2, bias2, **mistake)

    return mistaken


def _once(x: "Tensor", weight1: "Tensor", bias1: "Tensor", *_: "Tensor") -> "Tensor":
    return _doubled(x, weight1, bias1, weight1, bias1, relu=(True,))  # type: ignore[arg-type]


DOUBLE_CONVOLUTION = Exercise(
    reference=double_convolution,
    cases=_double_cases,
    mistakes={
        "ReLU is missing behind the second convolution: it follows both.": (
            _double_with(relu=(True, False))
        ),
        "ReLU is missing between the two convolutions: it follows both.": (
            _double_with(relu=(False, True))
        ),
        "There is no ReLU at all: two convolutions alone are one larger convolution.": (
            _double_with(relu=(False, False))
        ),
        "ReLU stands ahead of each convolution: it follows them.": _double_with(first=True),
        "The map becomes smaller: pad it with one ring, so that height and width stay.": (
            _double_with(mode="")
        ),
        "The ring around the map holds copies of its rim or mirrors it: it holds zeros.": (
            _double_with(mode="replicate"),
            _double_with(mode="reflect"),
            _double_with(mode="circular"),
        ),
        "The biases are not used.": _double_with(biases=False),
        "The kernels are turned by 180 degrees: torch's convolution does not turn them.": (
            _double_with(turned=True)
        ),
        "There is only one convolution: a second one follows, with weights of its own.": _once,
        "The first convolution's weights are used twice: the second has its own.": (
            lambda x, weight1, bias1, weight2, bias2: _doubled(x, weight1, bias1, weight1, bias1)
        ),
    },
    entry=_place,
    words=lambda x, *_: f"the maps have shape {_shape(x)}" if x.numel() > 9 else None,
)

# ----------------------------------------------------------------------------------------------
# 12.2 Encoder


def _encoder_weights(rng: np.random.Generator, before: int, width: int, depth: int) -> list[Level]:
    channels = [before, *(width * 2**level for level in range(depth + 1))]
    return [_double(rng, *pair) for pair in pairwise(channels)]


def _small_numbers(rng: np.random.Generator) -> Arguments:
    """Two poolings on whole numbers and one channel: a result that can be written out."""
    import torch

    def whole(low: int, high: int, *shape: int) -> "Tensor":
        return torch.from_numpy(rng.integers(low, high, shape).astype(float))

    def level() -> Level:
        return [whole(-1, 2, 1, 1, 3, 3), whole(0, 2, 1), whole(-1, 2, 1, 1, 3, 3), whole(1, 3, 1)]

    return whole(0, 2, 1, 1, 4, 4), [level() for _ in range(3)]


def _encoder_cases(rng: np.random.Generator) -> Cases:
    def case(n: int, before: int, width: int, depth: int, *size: int) -> Arguments:
        return _tensor(rng, n, before, *size), _encoder_weights(rng, before, width, depth)

    return {
        "one pooling": [case(1, 1, 1, 1, 2, 2), case(1, 1, 2, 1, 4, 4), case(2, 3, 2, 1, 4, 6)],
        "more poolings": [
            _small_numbers(rng),
            case(1, 1, 1, 2, 4, 8),
            case(1, 3, 2, 2, 8, 8),
            case(2, 1, 1, 3, 8, 8),
        ],
    }


def encoder(image: "Tensor", levels: list[Level]) -> dict[str, "Tensor"]:
    """Every double convolution's result by its name, c1, c2, ..."""
    return _encoded(image, levels)


def _encoded(
    image: "Tensor",
    levels: Sequence[Level],
    *,
    pool: Any = None,
    first: int = 1,
    double: Any = _doubled,
    before: bool = False,
    after: bool = False,
) -> dict[str, "Tensor"]:
    from torch.nn import functional

    pool = pool or (lambda x: functional.max_pool2d(x, 2))
    maps, x = {}, image
    for number, weights in enumerate(levels):
        if number > 0 or before:
            x = pool(x)
        x = double(x, *weights)
        maps[f"c{number + first}"] = pool(x) if after else x
    return maps


def _averaged(x: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.avg_pool2d(x, 2)


def _encoder_with(**mistake: Any) -> Callable[..., dict[str, "Tensor"]]:
    return lambda image, levels: _encoded(image, levels, **mistake)


def _from_the_image(image: "Tensor", levels: list[Level]) -> dict[str, "Tensor"]:
    """The pooled maps stand where the unpooled ones are asked for, but for the last."""
    maps = _encoded(image, levels)
    last = f"c{len(levels)}"
    return {name: x if name == last else _pooled(x) for name, x in maps.items()}


def _pooled(x: "Tensor") -> "Tensor":
    from torch.nn import functional

    return functional.max_pool2d(x, 2)


ENCODER = Exercise(
    reference=encoder,
    cases=_encoder_cases,
    mistakes={
        "The pooling takes means: it takes maxima.": _encoder_with(pool=_averaged),
        "The pooling keeps one pixel of each window, whatever its value: it takes the largest.": (
            _encoder_with(pool=lambda x: x[:, :, ::2, ::2])
        ),
        "Nothing is pooled: height and width halve from level to level.": (
            _encoder_with(pool=lambda x: x)
        ),
        "The image is pooled before the first double convolution: c1 has the image's size.": (
            _encoder_with(before=True)
        ),
        "The maps are those behind the pooling: c1, c2 and so on are taken before it.": (
            _from_the_image
        ),
        "The names begin with c0: the drawing counts from c1.": _encoder_with(first=0),
        "ReLU is missing behind the second convolution of each level.": (
            _encoder_with(double=_double_with(relu=(True, False)))
        ),
        "The maps are named from the bottom: c1 is the one of the image's size.": (
            lambda image, levels: dict(
                zip(
                    (f"c{len(levels) - number}" for number in range(len(levels))),
                    _encoded(image, levels).values(),
                    strict=True,
                )
            )
        ),
    },
    entry=_place,
    words=lambda image, levels: (
        f"the image has shape {_shape(image)} and there are {len(levels)} levels"
    ),
)

# ----------------------------------------------------------------------------------------------
# 12.3 Decoder


def _decoder_weights(rng: np.random.Generator, width: int, depth: int) -> list[Level]:
    """From the bottom up: transposed convolution, double convolution."""
    levels = []
    for level in reversed(range(depth)):
        half = width * 2**level
        grow = [_tensor(rng, 2 * half, half, 2, 2) / (2 * half) ** 0.5, _tensor(rng, half) / 2]
        levels.append([*grow, *_double(rng, 2 * half, half)])
    return levels


def _decoder_cases(rng: np.random.Generator) -> Cases:
    def case(n: int, width: int, depth: int, height: int, columns: int) -> Arguments:
        skips = [
            _tensor(rng, n, width * 2**level, height // 2**level, columns // 2**level).abs()
            for level in range(depth + 1)
        ]
        bottom = skips.pop()
        return skips, bottom, _decoder_weights(rng, width, depth)

    return {
        "one level": [case(1, 1, 1, 2, 2), case(1, 2, 1, 4, 2), case(2, 2, 1, 4, 6)],
        "more levels": [case(1, 1, 2, 4, 8), case(2, 2, 2, 8, 8), case(1, 1, 3, 8, 8)],
    }


def decoder(skips: list["Tensor"], bottom: "Tensor", levels: list[Level]) -> "Tensor":
    """The last double convolution's result, of the first skip's size."""
    return _decoded(skips, bottom, levels)


def _decoded(
    skips: Sequence["Tensor"],
    bottom: "Tensor",
    levels: Sequence[Level],
    *,
    join: Any = None,
    order: Any = reversed,
    relu: bool = False,
    bias: bool = True,
    turned: bool = False,
    double: Any = _doubled,
) -> "Tensor":
    import torch
    from torch.nn import functional

    join = join or (lambda x, skip: torch.cat([x, skip], dim=1))
    x = bottom
    for skip, (grow, shift, *weights) in zip(order(skips), levels, strict=True):
        kernel = grow.flip(2, 3) if turned else grow
        x = functional.conv_transpose2d(x, kernel, shift if bias else None, stride=2)
        x = functional.relu(x) if relu else x
        x = double(join(x, skip), *weights)
    return x


def _joined_by(dim: int, *, skip_first: bool = False) -> Callable[..., "Tensor"]:
    def join(x: "Tensor", skip: "Tensor") -> "Tensor":
        import torch

        return torch.cat([skip, x] if skip_first else [x, skip], dim=dim)

    return join


def _decoder_with(**mistake: Any) -> Callable[..., "Tensor"]:
    return lambda skips, bottom, levels: _decoded(skips, bottom, levels, **mistake)


def _twice(x: "Tensor", _: "Tensor") -> "Tensor":
    import torch

    return torch.cat([x, x], dim=1)


def _silent(x: "Tensor", skip: "Tensor") -> "Tensor":
    import torch

    return torch.cat([x, torch.zeros_like(skip)], dim=1)


DECODER = Exercise(
    reference=decoder,
    cases=_decoder_cases,
    mistakes={
        "The skip stands ahead of the enlarged map: the enlarged map's channels come first.": (
            _decoder_with(join=_joined_by(1, skip_first=True))
        ),
        "Enlarged map and skip are added: concatenation keeps all channels of both.": (
            _decoder_with(join=lambda x, skip: x + skip)
        ),
        "They are joined along rows or columns: the channels are axis 1.": (
            _decoder_with(join=_joined_by(2)),
            _decoder_with(join=_joined_by(3)),
        ),
        "The skips are taken from the top: the decoder begins at the bottom, with the last one.": (
            _decoder_with(order=list)
        ),
        "The skips are not used: the enlarged map is joined with itself.": (
            _decoder_with(join=_twice)
        ),
        "Zeros stand in place of the skips.": _decoder_with(join=_silent),
        "ReLU follows the transposed convolution: it enlarges alone.": _decoder_with(relu=True),
        "The bias of the transposed convolution is not used.": _decoder_with(bias=False),
        "The kernels of the transposed convolutions are turned by 180 degrees.": (
            _decoder_with(turned=True)
        ),
        "ReLU is missing behind the second convolution of each level.": (
            _decoder_with(double=_double_with(relu=(True, False)))
        ),
    },
    entry=_place,
    words=lambda skips, bottom, levels: (
        f"the bottom has shape {_shape(bottom)} and there are {len(skips)} skips"
    ),
)

# ----------------------------------------------------------------------------------------------
# 12.4 The whole


def _unet_cases(rng: np.random.Generator) -> Cases:
    def case(n: int, classes: int, width: int, depth: int, *size: int) -> Arguments:
        return (
            _tensor(rng, n, 3, *size),
            _encoder_weights(rng, 3, width, depth),
            _decoder_weights(rng, width, depth),
            [_tensor(rng, classes, width, 1, 1), _tensor(rng, classes)],
        )

    return {
        "one class": [case(1, 1, 1, 1, 2, 2), case(1, 1, 2, 1, 4, 4), case(1, 1, 2, 2, 4, 8)],
        "several classes": [
            case(1, 2, 1, 1, 2, 2),
            case(1, 2, 2, 1, 4, 6),
            case(2, 3, 2, 2, 8, 8),
            case(1, 2, 1, 3, 8, 8),
        ],
    }


def unet(image: "Tensor", down: list[Level], up: list[Level], last: Level) -> "Tensor":
    """Logits of an image, of its height and width."""
    return _logits(image, down, up, last)


def _logits(
    image: "Tensor",
    down: list[Level],
    up: list[Level],
    last: Level,
    *,
    end: Any = None,
    bias: bool = True,
    **mistake: Any,
) -> "Tensor":
    from torch.nn import functional

    *skips, bottom = _encoded(image, down).values()
    x = _decoded(skips, bottom, up, **mistake)
    logits = functional.conv2d(x, last[0], last[1] if bias else None)
    return end(logits) if end else logits


def _unet_with(**mistake: Any) -> Callable[..., "Tensor"]:
    return lambda image, down, up, last: _logits(image, down, up, last, **mistake)


def _features(image: "Tensor", down: list[Level], up: list[Level], _: Level) -> "Tensor":
    *skips, bottom = _encoded(image, down).values()
    return _decoded(skips, bottom, up)


UNET = Exercise(
    reference=unet,
    cases=_unet_cases,
    mistakes={
        "These are probabilities: a network gives logits, and the loss does the rest.": (
            _unet_with(end=lambda logits: logits.sigmoid()),
            _unet_with(end=lambda logits: logits.softmax(dim=1)),
        ),
        "ReLU follows the last convolution: a logit may be negative.": (
            _unet_with(end=lambda logits: logits.relu())
        ),
        "These are the features before the last convolution: it makes one channel for each "
        "class.": _features,
        "The bias of the last convolution is not used.": _unet_with(bias=False),
        "The skips are not used: zeros stand in their place.": _unet_with(join=_silent),
        "The skips are not used: the enlarged map is joined with itself.": _unet_with(join=_twice),
        "These are class numbers: the largest logit is chosen later.": (
            _unet_with(end=lambda logits: logits.argmax(dim=1, keepdim=True))
        ),
    },
    entry=_place,
    words=lambda image, down, up, last: (
        f"the image has shape {_shape(image)}, with {len(up)} poolings and {len(last[1])} classes"
    ),
)

# ----------------------------------------------------------------------------------------------
# 12.5 and 12.6 Sizes


def _multiple_cases(rng: np.random.Generator) -> Cases:
    depths = [1, 2, 3, 4, 5]
    fitting = [(int(rng.integers(1, 9)) * 2**depth, depth) for depth in depths]
    others = [(int(rng.integers(1, 9)) * 2**depth + shift, depth)
              for depth in depths for shift in (1, 2**depth - 1)]  # fmt: skip
    return {
        "sizes that fit": [(128, 4), (6, 1), *fitting],
        "sizes between": [(100, 4), (250, 4), (7, 2), (3, 3), *others],
    }


def nearest_sizes(n: int, depth: int) -> tuple[int, int]:
    """The largest side that fits and is not above n, and the smallest that is not below it."""
    step = 2**depth
    return n - n % step, n + -n % step


NEAREST_SIZES = Exercise(
    reference=nearest_sizes,
    cases=_multiple_cases,
    mistakes={
        "The step is 2 times the number of poolings: each pooling halves what the last one left.": (
            lambda n, depth: (n // (2 * depth) * 2 * depth, -(-n // (2 * depth)) * 2 * depth)
        ),
        "Any even side is taken: the side must be even at every pooling, not only at the first.": (
            lambda n, depth: (n - n % 2, n + n % 2)
        ),
        "One pooling too many is counted.": lambda n, depth: nearest_sizes(n, depth + 1),
        "One pooling too few is counted.": lambda n, depth: nearest_sizes(n, depth - 1),
        "A side that fits is not its own answer: there both numbers are n.": (
            lambda n, depth: (n // 2**depth * 2**depth, n // 2**depth * 2**depth + 2**depth)
        ),
        "These are powers of 2: multiples are enough, 48 is taken with 4 poolings.": (
            lambda n, depth: (2 ** int(np.floor(np.log2(n))), 2 ** int(np.ceil(np.log2(n))))
        ),
        "The two numbers are exchanged: the smaller one comes first.": (
            lambda n, depth: nearest_sizes(n, depth)[::-1]
        ),
        "These are the sides at the bottom: multiply them up to the image.": (
            lambda n, depth: (n // 2**depth, -(-n // 2**depth))
        ),
    },
    entry=lambda index: ("the number below", "the number above")[index[0]],
)


def _valid_cases(rng: np.random.Generator) -> Cases:
    def side(depth: int, bottom: int) -> int:
        for _ in range(depth):
            bottom = 2 * bottom + 4
        return bottom

    depths = [1, 2, 3, 4]
    fitting = [(side(depth, int(rng.integers(8, 20))), depth) for depth in depths]
    odd = [(n + int(rng.integers(1, 2**depth)), depth) for n, depth in fitting]
    small = [(side(depth, bottom), depth) for depth in depths for bottom in (4, 7)]
    return {
        "sizes that fit": [(572, 4), (188, 4), (20, 1), *fitting],
        "sizes that do not": [(571, 4), (512, 4), (21, 1), (30, 2), *odd, *small],
    }


def valid_output_size(n: int, depth: int) -> int:
    """Side of the logits of a U-Net without padding, or 0 if it does not take n."""
    b = n
    for _ in range(depth):
        if b % 2:
            return 0
        b = (b - 4) // 2
    margin = sum(4 * 2**level for level in range(depth)) * 2 + 4 * 2**depth
    return max(n - margin, 0)


def _valid(
    n: int, depth: int, *, down: int = 4, bottom: int = 4, up: int = 4, rule: str = "all"
) -> int:
    """The size, with other losses at a double convolution; which poolings must find even sides."""
    for level in range(depth):
        n -= down
        if n % 2 and (rule == "all" or (rule == "first" and level == 0)):
            return 0
        n //= 2
    n -= bottom
    for _ in range(depth):
        n = 2 * n - up
    return max(n, 0)


def _unbounded(n: int, depth: int) -> int:
    return n - 12 * 2**depth + 8 if valid_output_size(n + 2**16, depth) else 0


VALID_OUTPUT_SIZE = Exercise(
    reference=valid_output_size,
    cases=_valid_cases,
    mistakes={
        "A double convolution loses 2 pixels here: each of its two convolutions loses 2.": (
            lambda n, depth: _valid(n, depth, down=2, bottom=2, up=2)
        ),
        "The double convolution at the bottom is forgotten.": (
            lambda n, depth: _valid(n, depth, bottom=0)
        ),
        "The decoder's double convolutions lose nothing here: they have no padding either.": (
            lambda n, depth: _valid(n, depth, up=0)
        ),
        "The encoder's double convolutions lose nothing here: they have no padding either.": (
            lambda n, depth: _valid(n, depth, down=0)
        ),
        "Odd sides are pooled: a size of which a pooling meets an odd side is not taken.": (
            lambda n, depth: _valid(n, depth, rule="none")
        ),
        "Only the first pooling is asked for an even side: each must find one.": (
            lambda n, depth: _valid(n, depth, rule="first")
        ),
        "A size is negative: where nothing is left, the answer is that of a size not taken.": (
            _unbounded
        ),
        "This is the side at the bottom: go up again.": (
            lambda n, depth: max((n + 4) // 2**depth - 8, 0) if valid_output_size(n, depth) else 0
        ),
    },
)

# ----------------------------------------------------------------------------------------------
# 12.7 A border of background


def _grown(rng: np.random.Generator, shape: tuple[int, int], count: int) -> np.ndarray:
    """Discs that overwrite each other: most of them touch."""
    rows, columns = np.indices(shape)
    instances = np.zeros(shape, int)
    for number in rng.permutation(9)[:count] + 1:
        row, column = rng.integers(0, shape)
        instances[np.hypot(rows - row, columns - column) <= rng.uniform(1, 3)] = number
    return instances


def _carve_cases(rng: np.random.Generator) -> Cases:
    pair = np.array([[0, 3, 3, 5, 5, 0]])
    two = [(pair,), (pair[:, ::-1].copy(),), (pair.T.copy(),), (np.kron([[1, 2]], np.ones((3, 3))).astype(int),)]  # fmt: skip  # noqa: E501
    two.append((np.array([[4, 4, 4], [4, 7, 4], [4, 4, 4]]),))
    corner = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 2]])
    apart = [(corner,), (np.array([[6, 6, 0, 9, 9]]),), (np.ones((3, 3), int),)]
    apart.append((np.zeros((2, 3), int),))
    many = [(_grown(rng, shape, count),) for shape, count in [((7, 9), 5), ((9, 8), 7), ((8, 8), 6)]]  # fmt: skip  # noqa: E501
    return {"two objects that touch": two, "other maps": [*apart, *many]}


def carve(instance_map: np.ndarray) -> np.ndarray:
    """The map with 0 where a pixel has another object's pixel above, below, left or right."""
    return _carved(instance_map)


_SIDES = ((0, 1), (0, -1), (1, 0), (-1, 0))
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))


def _carved(
    instance_map: np.ndarray,
    steps: tuple[tuple[int, int], ...] = _SIDES,
    *,
    background: bool = False,
    ring: bool = False,
) -> np.ndarray:
    padded = np.pad(instance_map, 1, mode="wrap" if ring else "edge")
    carved = instance_map.copy()
    for row, column in steps:
        neighbour = np.roll(padded, (row, column), axis=(0, 1))[1:-1, 1:-1]
        other = neighbour != instance_map
        carved[other if background else other & (neighbour > 0)] = 0
    return carved


CARVE = Exercise(
    reference=carve,
    cases=_carve_cases,
    mistakes={
        "Every outline is carved: a pixel beside background stays.": (
            lambda instance_map: _carved(instance_map, background=True)
        ),
        "Only one of two touching objects is carved: both lose their pixels along the border.": (
            lambda instance_map: _carved(instance_map, _SIDES[::2]),
            lambda instance_map: _carved(instance_map, _SIDES[1::2]),
        ),
        "Only left and right neighbours are asked: ask those above and below too.": (
            lambda instance_map: _carved(instance_map, _SIDES[:2])
        ),
        "Only neighbours above and below are asked: ask those left and right too.": (
            lambda instance_map: _carved(instance_map, _SIDES[2:])
        ),
        "Neighbours at the corners are asked too: above, below, left and right are enough.": (
            lambda instance_map: _carved(instance_map, _SIDES + _CORNERS)
        ),
        "The picture is closed to a ring: a pixel at its edge has no neighbour beyond it.": (
            lambda instance_map: _carved(instance_map, ring=True)
        ),
        "This is a mask: keep the numbers of the objects.": (
            lambda instance_map: _carved(instance_map) > 0,
            lambda instance_map: (_carved(instance_map) > 0).astype(int),
        ),
        "This is the border itself: it becomes 0, and everything else stays.": (
            lambda instance_map: np.where(_carved(instance_map) == 0, instance_map, 0)
        ),
        "Nothing is carved.": lambda instance_map: instance_map.copy(),
    },
    entry=lambda index: f"row {index[0]}, column {index[1]}",
    stands_for="number",
)

EXERCISES = {
    "12.1": DOUBLE_CONVOLUTION,
    "12.2": ENCODER,
    "12.3": DECODER,
    "12.4": UNET,
    "12.5": NEAREST_SIZES,
    "12.6": VALID_OUTPUT_SIZE,
    "12.7": CARVE,
}
