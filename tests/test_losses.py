"""Losses: equal to torch and to the published formulas, finite everywhere, blind to void."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch.nn import functional

from course_utils import losses

IGNORE = 255
ALL = {
    "cross-entropy": losses.cross_entropy,
    "weighted cross-entropy": lambda x, t: losses.cross_entropy(x, t, class_weights=[1, 2, 0.5]),
    "cross-entropy by pixel": lambda x, t: losses.cross_entropy(
        x, t, pixel_weights=torch.arange(t.numel()).reshape(t.shape) / t.numel()
    ),
    "focal": losses.focal_loss,
    "focal, gamma 0.5": lambda x, t: losses.focal_loss(x, t, gamma=0.5, alpha=0.25),
    "Dice": losses.dice_loss,
    "Tversky": losses.tversky_loss,
    "Lovasz": losses.lovasz_softmax,
}


def random_batch():
    """Random logits in double precision and a target with all classes and void."""
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, 3, (2, 4, 5), generator=generator)
    target[0, 0, :3] = IGNORE
    target[1, 2, 1] = IGNORE
    return logits, target


@pytest.fixture
def batch():
    return random_batch()


def targets():
    """What a batch may hold at its worst, by name."""
    shape = (2, 4, 5)
    half = torch.zeros(shape, dtype=torch.int64)
    half[1] = IGNORE
    return {
        "nothing but void": torch.full(shape, IGNORE),
        "background alone": torch.zeros(shape, dtype=torch.int64),
        "one class alone": torch.full(shape, 2),
        "one picture void": half,
    }


# ------------------------------------------------------------------------------- what all promise


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_those_of_the_values(name, batch):
    logits, loss = batch[0].requires_grad_(), ALL[name]
    for target in (batch[1], *targets().values()):
        assert torch.autograd.gradcheck(loss, (logits, target))


@pytest.mark.parametrize("scale", [0, 1, 30, 1e4])
@pytest.mark.parametrize("name", ALL)
def test_value_and_gradient_are_finite_whatever_the_batch(name, scale, batch):
    for target in (batch[1], *targets().values()):
        logits = (scale * batch[0]).float().requires_grad_()
        loss = ALL[name](logits, target)
        loss.backward()
        assert loss.shape == ()
        assert torch.isfinite(loss)
        assert loss >= -1e-6
        assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ALL)
def test_nothing_but_void_costs_nothing(name, batch):
    logits = batch[0].clone().requires_grad_()
    loss = ALL[name](logits, targets()["nothing but void"])
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


@pytest.mark.parametrize("name", ALL)
def test_what_lies_under_void_changes_nothing(name, batch):
    logits, target = batch
    void = (target == IGNORE)[:, None].expand_as(logits)
    other = torch.where(void, torch.randn_like(logits) * 50, logits)
    assert not torch.equal(other, logits)
    assert ALL[name](other, target).item() == pytest.approx(ALL[name](logits, target).item())
    other.requires_grad_()
    ALL[name](other, target).backward()
    assert (other.grad[void] == 0).all()
    assert (other.grad[~void] != 0).any()


@pytest.mark.parametrize("void", [7, 99])
@pytest.mark.parametrize(
    "loss",
    [
        losses.cross_entropy,
        losses.focal_loss,
        losses.dice_loss,
        losses.tversky_loss,
        losses.lovasz_softmax,
    ],
)
def test_void_may_have_another_number(loss, void, batch):
    logits, target = batch
    other = target.masked_fill(target == IGNORE, void)
    assert loss(logits, other, ignore_index=void) == loss(logits, target)


@pytest.mark.parametrize("name", ALL)
def test_a_perfect_answer_costs_nothing_and_a_wrong_one_more(name, batch):
    target = batch[1]
    one_hot = functional.one_hot(target.clamp(max=2), 3).movedim(-1, 1).double()
    perfect, wrong = ALL[name](100 * one_hot, target), ALL[name](100 * one_hot.roll(1, 1), target)
    assert perfect.item() == pytest.approx(0, abs=1e-9)
    assert wrong > 0.5


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_any_integer_type_will_do(name, dtype, batch):
    logits, target = batch
    assert ALL[name](logits, target.to(dtype)) == ALL[name](logits, target)


# ------------------------------------------------------------------------------- equal to formulas


def test_cross_entropy_is_torchs(batch):
    logits, target = batch
    for weights in (None, [1.0, 2.0, 0.5], [0.0, 1.0, 3.0]):
        expected = functional.cross_entropy(
            logits,
            target,
            weight=None if weights is None else torch.tensor(weights, dtype=logits.dtype),
            ignore_index=IGNORE,
        )
        torch.testing.assert_close(losses.cross_entropy(logits, target, weights), expected)


def test_pixel_weights_count_a_pixel_several_times():
    logits = torch.tensor([[1.0, -1.0, 2.0], [0.0, 0.0, 0.0]])[None, :, None, :]  # (1, 2, 1, 3)
    target = torch.tensor([[[0, 1, 1]]])
    weighted = losses.cross_entropy(logits, target, pixel_weights=torch.tensor([[[1.0, 3.0, 0.0]]]))
    repeated = losses.cross_entropy(logits[..., [0, 1, 1, 1]], target[..., [0, 1, 1, 1]])
    torch.testing.assert_close(weighted, repeated)


def test_class_weights_and_pixel_weights_are_multiplied(batch):
    logits, target = batch
    class_weights = [1.0, 2.0, 0.5]
    by_pixel = torch.arange(1.0, target.numel() + 1, dtype=logits.dtype).reshape(target.shape)
    total = weight_of_all = 0.0
    for place in np.argwhere(target.numpy() != IGNORE):
        n, row, column = place
        true = int(target[n, row, column])
        weight = class_weights[true] * by_pixel[n, row, column].item()
        total += -weight * logits[n, :, row, column].softmax(dim=0)[true].log().item()
        weight_of_all += weight
    found = losses.cross_entropy(logits, target, class_weights, by_pixel).item()
    assert found == pytest.approx(total / weight_of_all)


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_only_the_ratio_of_the_weights_counts(scale, batch):
    weights = torch.tensor([1.0, 2.0, 0.5])
    found = losses.cross_entropy(*batch, class_weights=scale * weights)
    torch.testing.assert_close(found, losses.cross_entropy(*batch, class_weights=weights))


def test_weights_that_are_all_zero_cost_nothing(batch):
    assert losses.cross_entropy(*batch, class_weights=[0, 0, 0]) == 0


def test_focal_loss_is_the_papers_formula(batch):
    logits, target = batch
    probabilities = logits.softmax(dim=1)
    for gamma, alpha in ((2.0, None), (0.0, None), (1.5, 0.25), (2.0, [0.2, 0.3, 0.5])):
        total, count = 0.0, 0
        for n, row, column in np.ndindex(*target.shape):
            true = int(target[n, row, column])
            if true == IGNORE:
                continue
            p = probabilities[n, true, row, column].item()
            weight = 1.0
            if alpha is not None:
                weight = alpha[true] if isinstance(alpha, list) else alpha if true else 1 - alpha
            total += -weight * (1 - p) ** gamma * math.log(p)
            count += 1
        found = losses.focal_loss(logits, target, gamma, alpha).item()
        assert found == pytest.approx(total / count)


def test_focal_loss_forgives_what_the_paper_says():
    for p, times in ((0.9, 100), (0.968, 976.6)):
        logits = torch.tensor([p, 1 - p], dtype=torch.float64).log().reshape(1, 2, 1, 1)
        target = torch.zeros(1, 1, 1, dtype=torch.int64)
        ratio = losses.cross_entropy(logits, target) / losses.focal_loss(logits, target)
        assert ratio.item() == pytest.approx(times, rel=1e-4)


def areas_by_loop(logits, target):
    """Soft TP, FP and FN of each class, over the batch."""
    probabilities = logits.softmax(dim=1)
    counts = np.zeros((3, logits.shape[1]))
    for n, row, column in np.ndindex(*target.shape):
        if target[n, row, column] == IGNORE:
            continue
        for c in range(logits.shape[1]):
            p, is_class = probabilities[n, c, row, column].item(), target[n, row, column] == c
            counts[:, c] += (p, 0, 1 - p) if is_class else (0, p, 0)
    return counts


def test_dice_and_tversky_are_their_formulas(batch):
    tp, fp, fn = areas_by_loop(*batch)
    dice = 1 - np.mean((2 * tp + 1) / (2 * tp + fp + fn + 1))
    assert losses.dice_loss(*batch).item() == pytest.approx(dice)
    tversky = 1 - np.mean((tp + 0.5) / (tp + 0.3 * fp + 0.7 * fn + 0.5))
    assert losses.tversky_loss(*batch).item() == pytest.approx(tversky)
    exact = losses.tversky_loss(*batch, alpha=1, beta=1, smooth=0).item()
    assert exact == pytest.approx(1 - np.mean(tp / (tp + fp + fn)))


def test_an_absent_class_has_a_dice_and_a_tversky_index(batch):
    logits, target = batch
    target = target.where(target != 2, 1)
    tp, fp, fn = areas_by_loop(logits, target)
    assert fp[2] > 0 == tp[2] == fn[2]
    dice = 1 - np.mean((2 * tp + 1) / (2 * tp + fp + fn + 1))
    assert losses.dice_loss(logits, target).item() == pytest.approx(dice)
    tversky = 1 - np.mean((tp + 0.5) / (tp + 0.3 * fp + 0.7 * fn + 0.5))
    assert losses.tversky_loss(logits, target).item() == pytest.approx(tversky)


def test_nothing_but_void_costs_nothing_without_smoothing(batch):
    logits = batch[0].requires_grad_()
    loss = losses.tversky_loss(logits, targets()["nothing but void"], smooth=0)
    loss.backward()
    assert loss == 0
    assert (logits.grad == 0).all()


def lovasz_by_definition(logits, target):
    """Mean over present classes of sum of error_i (J(i wrong) - J(i - 1 wrong)), errors falling."""
    probabilities = logits.softmax(dim=1).movedim(1, -1)[target != IGNORE].numpy()
    true = target[target != IGNORE].numpy()
    values = []
    for c in np.unique(true):
        errors = np.where(true == c, 1 - probabilities[:, c], probabilities[:, c])
        total, wrong, before = 0.0, np.zeros(len(true), dtype=bool), 0.0
        for i in np.argsort(-errors):
            wrong[i] = True
            predicted = (true == c) ^ wrong
            jaccard = 1 - np.sum(predicted & (true == c)) / np.sum(predicted | (true == c))
            total += errors[i] * (jaccard - before)
            before = jaccard
        values.append(total)
    return np.mean(values)


def test_lovasz_is_its_definition(batch):
    assert losses.lovasz_softmax(*batch).item() == pytest.approx(lovasz_by_definition(*batch))


def test_lovasz_asks_for_present_classes_only(batch):
    logits, target = batch
    target = target.where(target != 2, 1)
    found = losses.lovasz_softmax(logits, target).item()
    assert found == pytest.approx(lovasz_by_definition(logits, target))


def test_lovasz_of_hard_answers_is_the_iou(batch):
    target = batch[1]
    predicted = torch.randint(0, 3, target.shape, generator=torch.Generator().manual_seed(1))
    logits = 1000 * functional.one_hot(predicted, 3).movedim(-1, 1).double()
    counted = target != IGNORE
    ious = []
    for c in range(3):
        both = ((predicted == c) & (target == c) & counted).sum()
        ious.append(both / (((predicted == c) | (target == c)) & counted).sum())
    found = losses.lovasz_softmax(logits, target).item()
    assert found == pytest.approx(1 - np.mean(ious), abs=1e-6)


# ------------------------------------------------------------------------------- border weights


def random_cells(seed, size=(21, 26), count=5):
    """Discs of random place and size, later ones in front."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(size)
    cells = np.zeros(size, dtype=np.int32)
    for number in range(1, count + 1):
        row, column, radius = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(2, 6)
        cells[np.hypot(rows - row, columns - column) < radius] = number
    return cells


def weights_by_pixel(cells, w0, sigma, class_weights):
    """The paper's formula, pixel by pixel, from the list of every cell's border pixels."""
    borders = {}
    for cell in set(cells[cells > 0].tolist()):
        inside = cells == cell
        borders[cell] = [
            (r, c)
            for r, c in np.argwhere(inside)
            if any(
                0 <= r + dr < cells.shape[0]
                and 0 <= c + dc < cells.shape[1]
                and not inside[r + dr, c + dc]
                for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0))
            )
        ]
    weights = np.zeros(cells.shape)
    for row, column in np.ndindex(*cells.shape):
        distances = sorted(
            min(math.hypot(row - r, column - c) for r, c in border) for border in borders.values()
        )
        weights[row, column] = class_weights[int(cells[row, column] > 0)]
        if len(distances) > 1:
            weights[row, column] += w0 * math.exp(-(sum(distances[:2]) ** 2) / (2 * sigma**2))
    return weights


@pytest.mark.parametrize("seed", range(4))
def test_border_weights_are_the_papers_formula_at_every_pixel(seed):
    cells = random_cells(seed)
    assert len(np.unique(cells)) > 3
    found = losses.unet_border_weights(cells, w0=7, sigma=3, class_weights=[0.5, 2])
    np.testing.assert_allclose(found, weights_by_pixel(cells, 7, 3, (0.5, 2)), rtol=1e-5)


@pytest.mark.parametrize(("distance", "term"), [(1, 9.23), (2, 7.26), (5, 1.35), (10, 0.003)])
def test_border_weights_midway_between_two_cells(distance, term):
    cells = np.zeros((1, 2 * distance + 5), dtype=int)
    cells[0, :3], cells[0, -3:] = 1, 2
    middle = losses.unet_border_weights(cells)[0, 2 + distance]
    assert middle - 1 == pytest.approx(term, abs=0.005)


def test_fewer_than_two_cells_have_class_weights_alone():
    one = np.zeros((4, 5), dtype=np.uint8)
    np.testing.assert_array_equal(losses.unet_border_weights(one), np.ones((4, 5)))
    one[1:3, 1:3] = 7
    expected = np.where(one > 0, 3, 0.5)
    np.testing.assert_array_equal(losses.unet_border_weights(one, class_weights=[0.5, 3]), expected)


def test_touching_cells_and_cells_at_the_edge_of_the_picture():
    cells = np.array([[1, 1, 2, 2]] * 3)
    weights = losses.unet_border_weights(cells)
    assert (weights[:, 1:3] > weights[:, [0, 3]]).all(), "the picture's edge is no border"
    assert weights[0, 1] == pytest.approx(1 + 10 * math.exp(-1 / 50))  # d1 = 0, d2 = 1
    assert ndimage.label(weights > 10)[1] == 1


# ------------------------------------------------------------------------------- refusals

GOOD = torch.zeros(2, 3, 4, 5), torch.zeros(2, 4, 5, dtype=torch.int64)


@pytest.mark.parametrize(
    ("logits", "target", "words"),
    [
        (GOOD[0][0], GOOD[1], r"logits must be float of shape \(N, C, H, W\), got .* \(3, 4, 5\)"),
        (GOOD[0].long(), GOOD[1], "logits must be float"),
        (GOOD[0][:, :1], GOOD[1], "got 1 channel. Give the network num_classes=2"),
        (GOOD[0], GOOD[1][:, :2], r"= \(2, 4, 5\) to match logits, got \(2, 2, 5\). Resize logits"),
        (GOOD[0], GOOD[1] + 3, "target must hold class indices 0 to 2 or 255"),
        (GOOD[0], GOOD[1] - 1, "target must hold class indices 0 to 2 or 255"),
    ],
)
@pytest.mark.parametrize("name", ["cross-entropy", "focal", "Dice", "Tversky", "Lovasz"])
def test_a_batch_that_does_not_fit_is_refused_with_the_remedy(name, logits, target, words):
    with pytest.raises(ValueError, match=words):
        ALL[name](logits, target)


def test_a_float_target_is_refused():
    with pytest.raises(TypeError, match="target"):
        losses.cross_entropy(GOOD[0], GOOD[1].float())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.cross_entropy(*GOOD, class_weights=[1, 2]), "must be 3 numbers"),
        (lambda: losses.cross_entropy(*GOOD, class_weights=[1, 2, -1]), "at least 0, got -1"),
        (lambda: losses.cross_entropy(*GOOD, pixel_weights=torch.ones(4, 5)), "target's shape"),
        (lambda: losses.cross_entropy(*GOOD, pixel_weights=-torch.ones(2, 4, 5)), "got -1"),
        (lambda: losses.focal_loss(*GOOD, gamma=-1), "gamma must be at least 0, got -1"),
        (lambda: losses.focal_loss(*GOOD, alpha=1.5), r"alpha must be in \[0, 1\], got 1.5"),
        (lambda: losses.dice_loss(*GOOD, smooth=-1), "must be at least 0"),
        (lambda: losses.tversky_loss(*GOOD, alpha=-1), "must be at least 0, got -1"),
        (lambda: losses.unet_border_weights(np.zeros((1, 2, 3), int)), r"shape \(H, W\), got"),
        (lambda: losses.unet_border_weights(np.zeros((2, 3), int), sigma=0), "sigma above 0"),
        (lambda: losses.unet_border_weights(np.zeros((2, 3), int), class_weights=[1]), "got 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
