"""The history of a run: its columns, its best epoch, and its file."""

import json

import numpy as np
import pytest

from course_utils.history import FILE, History

NAN = float("nan")


def test_columns_are_arrays():
    history = History()
    history.add(epoch=1, mean_iou=0.25, iou_per_class=[0.5, NAN])
    history.add(epoch=2, mean_iou=0.5, iou_per_class=[0.75, 0.25])
    np.testing.assert_array_equal(history["epoch"], [1, 2])
    np.testing.assert_array_equal(history["iou_per_class"], [[0.5, NAN], [0.75, 0.25]])
    with pytest.raises(KeyError):
        history["colour"]


@pytest.mark.parametrize(
    ("scores", "best"), [([], None), ([NAN], None), ([NAN, 0.1], 2), ([0.3, 0.3, 0.2], 1)]
)
def test_the_best_epoch_is_the_first_of_the_highest(scores, best):
    history = History([{"epoch": n, "mean_iou": iou} for n, iou in enumerate(scores, start=1)])
    assert (history.best and history.best["epoch"]) == best


def test_its_file_is_plain_json_and_comes_back(tmp_path):
    rows = [{"epoch": 1, "mean_iou": NAN, "iou_per_class": [0.1 + 0.2, NAN], "memory_mb": 3.5}]
    path = History(rows).save(tmp_path / "new")
    text = path.read_text(encoding="utf-8")
    assert path.name == FILE
    assert "NaN" not in text  # which is no JSON
    assert json.loads(text)[0]["iou_per_class"] == [0.1 + 0.2, None]
    again = History.load(tmp_path / "new").rows
    assert again[0]["iou_per_class"][0] == 0.1 + 0.2
    assert np.isnan([again[0]["mean_iou"], again[0]["iou_per_class"][1]]).all()
    assert [path.name for path in path.parent.iterdir()] == [FILE]


def test_a_history_starts_with_rows_of_its_own():
    rows = [{"epoch": 1, "mean_iou": 0.5}]
    History(rows).add(epoch=2, mean_iou=0.6)
    assert len(rows) == 1
