"""LeNet-5 as it was published in 1998, and the network that goes by its name today.

Both read a 32 x 32 picture of one grey channel and tell ten digits apart. The old one sub-samples
with trainable coefficients, connects C3 only in part, and compares its last features with ten drawn
codes; the modern one has max pooling, full connections and a linear output.

References
----------
LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998,
section II.B, https://doi.org/10.1109/5.726791
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

PAPER, INK = -0.1, 1.175
"""Grey of the background and of the strokes: about zero mean and unit variance over a digit."""

_TABLE_I = "012 123 234 345 045 015 0123 1234 2345 0345 0145 0125 0134 1245 0235 012345"
C3_SOURCES = tuple(tuple(map(int, sources)) for sources in _TABLE_I.split())
"""Maps of S2 from which each of C3's 16 maps is computed (Table I of the paper)."""

_CODES = """
..###.. ...#... .#####. .#####. ....##. ####### ..####. ####### .#####. .#####.
.##.##. ..##... ##...## ##...## ...###. ##..... .##.... ##...## ##...## ##...##
##...## .###... ##...## .....## ..####. ##..... ##..... .....## ##...## ##...##
##...## ...#... .....## .....## .##.##. ##..... ##..... ....##. ##...## ##...##
##...## ...#... ....##. ....##. ##..##. ######. ######. ....##. .##.##. ##...##
##...## ...#... ...##.. ..###.. ##..##. ##...## ##...## ...##.. ..###.. .######
##...## ...#... ..##... ....##. ####### .....## ##...## ...##.. .##.##. .....##
##...## ...#... .##.... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##..... .....## ....##. .....## ##...## ..##... ##...## .....##
##...## ...#... ##...## ##...## ....##. ##...## ##...## ..##... ##...## ....##.
.##.##. ...#... ##...## ##...## ....##. ##...## ##...## ..##... ##...## ...##..
..###.. .#####. ####### .#####. ....##. .#####. .#####. ..##... .#####. .###...
"""
"""Ten digits of 7 x 12 cells, drawn for this course after the paper's idea."""


def squash(a: Tensor) -> Tensor:
    """The paper's activation, 1.7159 tanh(2 a / 3), which maps -1 and 1 to themselves.

    Parameters
    ----------
    a : Tensor of float, any shape

    Returns
    -------
    Tensor of float, same shape
        In (-1.7159, 1.7159).

    Examples
    --------
    >>> squash(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-1.0000,  0.0000,  1.0000])
    """
    return 1.7159 * torch.tanh(2 * a / 3)


def digit_codes() -> Tensor:
    """The ten drawn digits that F6's 84 features are compared with.

    Returns
    -------
    Tensor of float, shape (10, 84)
        1 where a cell of 7 x 12 is ink, -1 elsewhere, row by row.

    Examples
    --------
    >>> codes = digit_codes()
    >>> codes.shape, sorted(set(codes.ravel().tolist()))
    (torch.Size([10, 84]), [-1.0, 1.0])
    """
    rows = [line.split() for line in _CODES.strip().splitlines()]  # 12 lines of 10 digits
    drawn = [[rows[row][digit] for row in range(12)] for digit in range(10)]
    return torch.tensor([[1.0 if c == "#" else -1.0 for c in "".join(d)] for d in drawn])


class SubSampling(nn.Module):
    """Trainable sub-sampling: four neighbours added, times a coefficient, plus a bias.

    Parameters
    ----------
    channels : int
        Maps; each has a coefficient and a bias of its own.

    Examples
    --------
    >>> layer = SubSampling(6)
    >>> layer(torch.zeros(1, 6, 28, 28)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([1, 6, 14, 14]), 12)
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.full((channels, 1, 1), 0.25))
        self.bias = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, maps: Tensor) -> Tensor:
        """Halve height and width; (N, C, H, W) -> (N, C, H/2, W/2), not yet squashed."""
        added = 4 * functional.avg_pool2d(maps, 2)
        return added * self.coefficient + self.bias


class PartialConvolution(nn.Module):
    """C3: a 5 x 5 convolution in which each output map sees some of the input maps.

    Parameters
    ----------
    sources : sequence of tuples of int
        Input maps of each output map.
    num_inputs : int
        Input maps in all.

    Examples
    --------
    >>> layer = PartialConvolution()
    >>> layer(torch.zeros(1, 6, 14, 14)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([1, 16, 10, 10]), 1516)
    """

    pairs: Tensor

    def __init__(
        self, sources: tuple[tuple[int, ...], ...] = C3_SOURCES, num_inputs: int = 6
    ) -> None:
        super().__init__()
        pairs = [(out, each) for out, inputs in enumerate(sources) for each in inputs]
        self.register_buffer("pairs", torch.tensor(pairs).T, persistent=False)  # (2, 60)
        self.shape = (len(sources), num_inputs, 5, 5)
        self.kernels = nn.Parameter(torch.zeros(len(pairs), 5, 5))
        self.bias = nn.Parameter(torch.zeros(len(sources)))

    def forward(self, maps: Tensor) -> Tensor:
        """(N, 6, 14, 14) -> (N, 16, 10, 10), not yet squashed."""
        out, source = self.pairs
        weight = self.kernels.new_zeros(self.shape).index_put((out, source), self.kernels)
        return functional.conv2d(maps, weight, self.bias)


class LeNet5(nn.Module):
    """LeNet-5 of 1998: 60,000 parameters, trained with its own loss (`map_loss`).

    Examples
    --------
    >>> net = LeNet5()
    >>> net(torch.zeros(2, 1, 32, 32)).shape, sum(p.numel() for p in net.parameters())
    (torch.Size([2, 10]), 60000)
    """

    codes: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = SubSampling(6)
        self.c3 = PartialConvolution()
        self.s4 = SubSampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.register_buffer("codes", digit_codes())  # (10, 84), fixed
        self._start_small()

    def forward(self, image: Tensor) -> Tensor:
        """Score ten digits by minus the squared distance to their codes, (N, 10), at most 0.

        `image` is (N, 1, 32, 32), `PAPER` where it is empty and `INK` on a stroke.
        """
        x = squash(self.c1(image))  # (N,   6, 28, 28)
        x = squash(self.s2(x))  # (N,   6, 14, 14)
        x = squash(self.c3(x))  # (N,  16, 10, 10)
        x = squash(self.s4(x))  # (N,  16,  5,  5)
        x = squash(self.c5(x))  # (N, 120,  1,  1)
        x = squash(self.f6(x.flatten(1)))  # (N,  84)
        return -torch.cdist(x, self.codes).square()  # (N,  10)

    def _start_small(self) -> None:
        """Weights uniform within 2.4 / fan-in, as in the paper, so that no unit starts squashed."""
        fan_in = {"c1": 25, "c3": 25 * 60 / 16, "c5": 16 * 25, "f6": 120}
        for name, count in fan_in.items():
            layer = getattr(self, name)
            weight = layer.kernels if name == "c3" else layer.weight
            nn.init.uniform_(weight, -2.4 / count, 2.4 / count)
            nn.init.zeros_(layer.bias)


class ModernLeNet(nn.Module):
    """What most texts call LeNet-5 now: 61,706 parameters, ReLU, max pooling, linear output.

    Examples
    --------
    >>> net = ModernLeNet()
    >>> net(torch.zeros(2, 1, 32, 32)).shape, sum(p.numel() for p in net.parameters())
    (torch.Size([2, 10]), 61706)
    """

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Logits of ten digits, (N, 10), of images (N, 1, 32, 32)."""
        x = functional.max_pool2d(self.c1(image).relu(), 2)  # (N,   6, 14, 14)
        x = functional.max_pool2d(self.c3(x).relu(), 2)  # (N,  16,  5,  5)
        x = self.c5(x).relu()  # (N, 120,  1,  1)
        x = self.f6(x.flatten(1)).relu()  # (N,  84)
        return self.output(x)  # (N,  10)


def map_loss(scores: Tensor, target: Tensor, rubbish: float = 0.1) -> Tensor:
    """The paper's loss: near the right code, far from the others, and from nothing too far.

    It is the cross-entropy of the scores with one more class, "rubbish", of the constant distance
    `rubbish`. That class keeps the distances from collapsing.

    Parameters
    ----------
    scores : Tensor of float, shape (N, 10)
        Minus the squared distances, from `LeNet5`.
    target : Tensor of int, shape (N,)
    rubbish : float, above 0
        The paper's j.

    Returns
    -------
    Tensor of float, shape ()
        Mean over the batch; equation 9 of the paper.

    Examples
    --------
    >>> scores = torch.tensor([[0.0, -9.0]])
    >>> round(map_loss(scores, torch.tensor([0])).item(), 3)
    0.644
    """
    constant = scores.new_full((len(scores), 1), -rubbish)
    return functional.cross_entropy(torch.cat([scores, constant], dim=1), target)
