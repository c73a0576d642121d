"""What is special to the checks of lesson 05; test_check_strength.py tests every lesson's."""

import json
import runpy

import numpy as np
import pytest
from lesson_checks import LESSONS, groups, run, verdicts
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from course_utils import metrics
from course_utils.checks import lesson05
from course_utils.checks.exercise import judge
from course_utils.checks.lesson05 import EXERCISES
from course_utils.labels import decode_colours
from course_utils.places import data_folder

SLUG = "05_evaluating_segmentation"


# ----------------------------------------------------------------------------------------------
# Other right answers


def counts_by_loop(target, prediction, class_index):
    counts = [0, 0, 0, 0]
    for t, p in zip(target.ravel().tolist(), prediction.ravel().tolist(), strict=True):
        kind = {(1, 1): 0, (0, 1): 1, (1, 0): 2, (0, 0): 3}
        counts[kind[int(t == class_index), int(p == class_index)]] += 1
    return counts


def counts_by_torch(target, prediction, class_index):
    torch = pytest.importorskip("torch")
    t, p = (torch.as_tensor(m.astype(np.int64)) == class_index for m in (target, prediction))
    return torch.stack([(t & p).sum(), (~t & p).sum(), (t & ~p).sum(), (~t & ~p).sum()])


def counts_by_sklearn(target, prediction, class_index):
    from sklearn.metrics import confusion_matrix

    t, p = (target == class_index).ravel(), (prediction == class_index).ravel()
    tn, fp, fn, tp = confusion_matrix(t, p, labels=[False, True]).ravel()
    return tp, fp, fn, tn


def matrix_by_loop(target, prediction, num_classes, ignore_index=255):
    table = [[0] * num_classes for _ in range(num_classes)]
    for row in range(target.shape[0]):
        for column in range(target.shape[1]):
            if target[row, column] != ignore_index:
                table[target[row, column]][prediction[row, column]] += 1
    return table


def matrix_by_einsum(target, prediction, num_classes, ignore_index=255):
    classes = np.arange(num_classes)[:, None, None]
    t = (target == classes) & (target != ignore_index)
    return np.einsum("ihw,jhw->ij", t.astype(float), (prediction == classes).astype(float))


def matrix_by_add_at(target, prediction, num_classes, ignore_index=255):
    table = np.zeros((num_classes, num_classes), dtype=np.float32)
    valid = target != ignore_index
    np.add.at(table, (target[valid], prediction[valid]), 1)
    return table


def matrix_by_torchmetrics(target, prediction, num_classes, ignore_index=255):
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    t, p = (torch.as_tensor(m.astype(np.int64)) for m in (target, prediction))
    return functional.multiclass_confusion_matrix(p, t, num_classes, ignore_index=ignore_index)


def iou_by_loop(table):
    result = []
    for c in range(len(table)):
        tp = int(table[c, c])
        fp, fn = int(sum(table[:, c])) - tp, int(sum(table[c])) - tp
        result.append(tp / (tp + fp + fn) if tp + fp + fn else float("nan"))
    return result


def iou_with_warnings(table):
    table = table.astype(np.float32)
    return np.diag(table) / (table.sum(0) + table.sum(1) - np.diag(table))


def iou_from_dice(table):
    dice = metrics.dice_per_class(table)
    return dice / (2 - dice)


def scores_by_loop(table):
    rows = [[], [], []]
    for c in range(len(table)):
        tp, predicted, true = table[c, c], table[:, c].sum(), table[c].sum()
        rows[0].append(tp / predicted if predicted else np.nan)
        rows[1].append(tp / true if true else np.nan)
        rows[2].append(2 * tp / (true + predicted) if true + predicted else np.nan)
    return rows


def summary_by_loop(table):
    iou = [value for value in iou_by_loop(table) if value == value]
    weights = [sum(row) for row in table.tolist()]
    weighted = sum(w * v for w, v in zip(weights, iou_by_loop(table), strict=True) if w)
    return {
        "frequency_weighted_iou": weighted / sum(weights),
        "mean_iou": np.float32(sum(iou) / len(iou)),
        "pixel_accuracy": np.array(np.diag(table).sum() / table.sum()),
        "and more": None,
    }


def per_image_by_masked_means(tables):
    iou = np.ma.masked_invalid([iou_by_loop(table) for table in tables])
    return float(iou.mean(axis=1).mean()), float(metrics.mean_iou(np.add.reduce(tables)))


def evaluate_by_distance(target_image, prediction_image):
    """Nearest colour instead of an exact look-up, and a table by loops."""
    table = json.loads((data_folder() / "evaluation" / f"{SLUG}_classes.json").read_text())
    colours = np.array([*table["classes"].values(), table["void"]], dtype=float)
    target, prediction = (
        ((image[:, :, None, :] - colours) ** 2).sum(axis=-1).argmin(axis=-1)
        for image in (target_image, prediction_image)
    )
    return summary_by_loop(np.array(matrix_by_loop(target, prediction, 5, ignore_index=5)))


def report_by_matplotlib():
    from matplotlib.image import imread

    folder = data_folder() / "evaluation"
    target, prediction = (
        np.round(255 * imread(folder / f"{SLUG}_{part}.png")[..., :3])
        for part in ("ground_truth", "prediction")
    )
    return evaluate_by_distance(target, prediction)


def instances_by_flat_loop(target, predicted):
    pairs: dict[tuple[int, int], int] = {}
    for pair in zip(target.ravel().tolist(), predicted.ravel().tolist(), strict=True):
        pairs[pair] = pairs.get(pair, 0) + 1
    area_t, area_p = {}, {}
    for (t, p), pixels in pairs.items():
        area_t[t] = area_t.get(t, 0) + pixels
        area_p[p] = area_p.get(p, 0) + pixels
    tp = sum(
        t > 0 < p and pixels / (area_t[t] + area_p[p] - pixels) > 0.5
        for (t, p), pixels in pairs.items()
    )
    objects = len(area_t.keys() - {0}) + len(area_p.keys() - {0})
    return tp / (objects - tp) if objects else np.nan


OTHER_RIGHT_ANSWERS = [
    ("5.1", counts_by_loop),
    ("5.1", counts_by_torch),
    ("5.1", counts_by_sklearn),
    ("5.2", matrix_by_loop),
    ("5.2", matrix_by_einsum),
    ("5.2", matrix_by_add_at),
    ("5.2", matrix_by_torchmetrics),
    ("5.2", metrics.confusion_matrix),
    ("5.3", iou_by_loop),
    ("5.3", iou_with_warnings),
    ("5.3", iou_from_dice),
    ("5.4", scores_by_loop),
    ("5.4", lambda table: tuple(map(np.float32, scores_by_loop(table)))),
    ("5.5", summary_by_loop),
    ("5.6", per_image_by_masked_means),
    ("5.7", evaluate_by_distance),
    ("5.8", report_by_matplotlib),
    ("5.9", instances_by_flat_loop),
    ("5.9", metrics.instance_average_precision),
]


EQUIVALENT = {
    ("5.6", "tables.sum -> tables.mean"),  # a table's scale does not change its IoU
    (
        "5.9",  # the score treats both maps alike
        "(target_instances, predicted_instances) -> (predicted_instances, target_instances)",
    ),
}
"""Changes that leave every result the same."""


# ----------------------------------------------------------------------------------------------
# Wrong answers with a message of their own


def swapped(number):
    return lambda first, second, *rest: EXERCISES[number].reference(second, first, *rest)


@pytest.mark.parametrize("number", ["5.1", "5.2", "5.7"])
def test_exchanged_arguments_fail(number):
    assert verdicts(number, swapped(number))


def test_a_dictionary_with_other_names_fails():
    def renamed(table):
        return {key.upper(): value for key, value in lesson05.summary_scores(table).items()}

    (message, _), _ = verdicts("5.5", renamed)
    assert "The dictionary lacks 'pixel_accuracy', 'mean_iou'" in message


def test_a_dictionary_in_place_of_four_numbers_is_told_so():
    wanted = "It returns a dictionary; expected: four numbers."
    assert wanted in verdicts("5.1", lambda *given: {"TP": 1})[0][0]


def test_void_that_is_not_left_out_is_named():
    solution = LESSONS["05"].solution

    def by_bincount(target, prediction, num_classes, ignore_index=255):
        pair = num_classes * target.astype(np.int64) + prediction
        return np.bincount(pair.ravel(), minlength=num_classes**2).reshape(num_classes, num_classes)

    def by_loop(target, prediction, num_classes, ignore_index=255):
        table = np.zeros((num_classes, num_classes), dtype=int)
        for true, found in zip(target.ravel(), prediction.ravel(), strict=True):
            table[true, found] += 1
        return table

    for answer in (by_bincount, by_loop):
        ((message, _),) = verdicts("5.2", answer)
        assert message.startswith("not yet. 255 reaches the table: leave void pixels out first. S")

    def evaluate(target_image, prediction_image, void=True, matrix=solution["confusion_matrix"]):
        ignore = {"ignore_colour": solution["VOID"]} if void else {}
        target = decode_colours(target_image, solution["COLOURS"], **ignore)
        prediction = decode_colours(prediction_image, solution["COLOURS"], **ignore)
        return solution["summary_scores"](matrix(target, prediction, 5))

    def without_void(*images):
        return evaluate(*images, void=False)

    ((message, _),) = verdicts("5.7", without_void)
    assert message.startswith(
        "not yet. White is void: pass ignore_colour=VOID to decode_colours. Seen for"
    )
    assert "..." not in message
    for matrix in (solution["confusion_matrix"], matrix_by_add_at):
        told = verdicts("5.7", lambda t, p, m=matrix: evaluate(p, t, matrix=m))
        assert len(told) == 2
        assert all("Target and prediction are exchanged" in message for message, _ in told)
    pair = lesson05._given_pair()
    told = verdicts("5.8", lambda: evaluate(*pair[::-1]))
    assert "Target and prediction are exchanged" in told[0][0]


def at_least_half(target, predicted):
    true, found = ([m == n for n in np.unique(m) if n] for m in (target, predicted))
    tp = sum(np.sum(t & f) >= 0.5 * np.sum(t | f) for t in true for f in found)
    return lesson05._ratio(tp, len(true) + len(found) - tp)


def test_exactly_one_half_is_named_in_every_aspect():
    for message, _ in verdicts("5.9", at_least_half):
        assert message.startswith("not yet. An IoU of exactly one half counts as a match")
    assert "corner cases" in groups("5.9")
    assert judge(EXERCISES["5.9"], at_least_half, groups("5.9")["corner cases"]) is not None


def test_two_empty_maps_are_said_in_words():
    def zero_for_none(*maps):
        return np.nan_to_num(lesson05.instance_score(*maps))

    ((message, _),) = verdicts("5.9", zero_for_none)
    assert message.endswith("which is nan. Here both maps are empty, and it returns 0.")


# ----------------------------------------------------------------------------------------------
# The evaluation exercise's two images


def load(part):
    folder = data_folder() / "evaluation"
    table = json.loads((folder / f"{SLUG}_classes.json").read_text(encoding="utf-8"))
    image = np.asarray(Image.open(folder / f"{SLUG}_{part}.png"))
    colours = list(table["classes"].values())
    return decode_colours(image, colours, ignore_colour=tuple(table["void"]))


def test_the_images_are_what_the_script_draws():
    script = runpy.run_path(str(data_folder() / "evaluation" / "make_images.py"))
    for drawn, part in zip(script["draw_pair"](), ("ground_truth", "prediction"), strict=True):
        np.testing.assert_array_equal(load(part), drawn)


def test_the_images_hold_the_trap():
    target, prediction = load("ground_truth"), load("prediction")
    table = metrics.confusion_matrix(target, prediction, 5)
    assert 0.01 < np.mean(target == 255) < 0.05
    assert not (prediction == 255).any()
    assert metrics.pixel_accuracy(table) > 0.97
    assert metrics.frequency_weighted_iou(table) > 0.95
    assert metrics.mean_iou(table) < 0.7
    assert metrics.iou_per_class(table)[3] < 0.25  # boats, 1 % of the pixels
    assert table[3].sum() / table.sum() < 0.015
    assert table[4].sum() == table[:, 4].sum() == 0  # no bridge, true or predicted


def test_a_kernel_shows_pictures_and_stops_endless_loops():
    cells = [
        "from course_utils.checks import exercise\n"
        "from course_utils.checks.check import check\n"
        "exercise.TIME_LIMIT = 0.3",
        "def too_many(target, predicted):\n    return 1 + len(target)",
        'check("5.9", too_many, aspect="objects")',
        "def endless(table):\n    while True:\n        pass",
        'check("5.3", endless, aspect="present classes")',
        "print('still alive')",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    errors = run(notebook)
    assert [len(lines) for lines in errors] == [0, 0, 1, 0, 1, 0]
    assert len(errors[2][0]) == len(errors[4][0]) == 1
    assert "is there a loop that never ends?" in errors[4][0][0]
    assert " For the pictures above it returns " in errors[2][0][0]
    assert "[" not in errors[2][0][0]
    (picture,) = (o for o in notebook.cells[2].outputs if o.output_type == "display_data")
    assert "<img alt=" in picture.data["text/html"]
