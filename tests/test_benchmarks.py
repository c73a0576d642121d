"""What the benchmarks compare is sound, and what they wrote is complete. No test is about time."""

import dataclasses
import itertools
import json
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.datasets.pictures import Picture, load_picture, picture_names
from course_utils.labels import IGNORE_INDEX
from course_utils.places import course_root

sys.path.insert(0, str(course_root() / "benchmarks"))

import classical
import classical_convolution
import classical_figure
import classical_methods
import classical_peers
import side_by_side

SPLITS = [method for method in classical.ALL_METHODS if method is not classical.BEST_THRESHOLD]


@pytest.fixture(scope="module")
def result():
    path = side_by_side.RESULTS / "classical.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(params=["grey", "colour"])
def easy(request):
    """A bright disc on a dark ground, a little noise."""
    rows, columns = np.indices((80, 100))
    disc = (rows - 40) ** 2 + (columns - 45) ** 2 < 15**2
    noise = np.random.default_rng(0).integers(-6, 7, disc.shape)
    image = (np.where(disc, 200, 60) + noise).astype(np.uint8)
    if request.param == "colour":
        image = np.stack([image, image, 255 - image], axis=2)
    return Picture(image, disc.astype(np.uint8), disc.astype(np.int32), ("background", "disc"))


@pytest.mark.parametrize("method", SPLITS, ids=lambda method: method.name)
def test_a_method_makes_groups(method, easy):
    before = easy.image.copy()
    groups = method.split(easy.image)
    assert groups.shape == easy.image.shape[:2]
    assert np.issubdtype(groups.dtype, np.integer)
    assert groups.min() >= 0
    count = len(np.unique(groups))
    assert count == 1 if method is classical.NO_SPLIT else count >= 2
    assert method.groups is None or count <= method.groups
    np.testing.assert_array_equal(easy.image, before)
    np.testing.assert_array_equal(method.split(easy.image), groups)  # no luck of the draw


@pytest.mark.parametrize("method", classical.METHODS, ids=lambda method: method.name)
def test_a_method_finds_what_is_easy(method, easy):
    dark_disc = dataclasses.replace(easy, image=255 - easy.image)
    iou, _ = classical.score_method(method, dark_disc)
    assert iou > 0.7


def test_a_method_without_an_answer_has_no_score():
    even = np.full((30, 40), 90, dtype=np.uint8)
    nothing = np.zeros(even.shape, dtype=np.uint8)
    picture = Picture(even, nothing, nothing.astype(np.int32), ("background", "object"))
    valley = next(method for method in classical.METHODS if method.name == "valley")
    assert classical.score_method(valley, picture) == (None, None)
    classical.answer(valley, even)  # and is timed all the same


def test_a_group_is_object_if_more_than_half_of_its_scored_pixels_are():
    groups = np.array([[0, 0, 0, 1, 1], [2, 2, 3, 3, 3], [4, 4, 4, 4, 4]])
    label_map = np.array([[1, 2, 0, 1, 0], [0, 0, 2, 255, 255], [255, 255, 255, 255, 255]])
    is_object, scored = classical.object_and_scored(SimpleNamespace(label_map=label_map))
    named = classical.name_groups(groups, is_object & scored, scored)
    #        two of three | one of two   |   none       | one of one, two void | nothing scored
    expected = np.isin(groups, [0, 3])
    np.testing.assert_array_equal(named, expected)
    under_void = classical.name_groups(groups, is_object | (label_map == IGNORE_INDEX), scored)
    np.testing.assert_array_equal(under_void, expected)


def test_the_best_threshold_is_the_best(easy):
    for picture in (easy, dataclasses.replace(easy, image=255 - easy.image)):
        assert classical.best_threshold_score(picture) > 0.999
    real = load_picture("page")
    otsu, _ = classical.score_method(classical.METHODS[1], real)
    assert classical.best_threshold_score(real) >= otsu


def test_an_object_outside_of_what_is_scored_does_not_count():
    instance_map = np.array([[1, 1, 1, 0, 0, 0, 0, 0]])
    found = np.array([[5, 5, 5, 0, 7, 7, 7, 7]])
    scored = np.array([[True, True, True, True, False, False, False, True]])
    assert classical.average_precision(instance_map, found, scored) == 1
    assert classical.average_precision(instance_map, found, np.ones_like(scored)) == 0.5


@pytest.mark.parametrize("name", classical.INSTANCE_METHODS)
def test_an_instance_method_finds_the_disc(name, easy):
    if easy.image.ndim == 2:
        found = classical.INSTANCE_METHODS[name](easy.image)
        assert classical.average_precision(easy.instance_map, found, found >= 0) == 1


def test_every_method_was_run_on_every_picture(result):
    """Fails when a method or a picture is new: run benchmarks/classical.py."""
    names = [method.name for method in classical.ALL_METHODS]
    assert [method["name"] for method in result["methods"]] == names
    assert result["pictures"] == list(picture_names())
    run = sorted((case["method"], case["picture"]) for case in result["cases"])
    assert run == sorted(itertools.product(names, picture_names()))
    assert result["rule"] == classical.RULE


def test_every_instance_method_was_run_on_every_instance_picture(result):
    pictures = [name for name, *_ in classical.instance_pictures()]
    run = sorted((case["method"], case["picture"]) for case in result["instances"])
    assert run == sorted(itertools.product(classical.INSTANCE_METHODS, pictures))


def test_what_was_written_is_a_score_and_a_time(result):
    for case in result["cases"] + result["instances"]:
        score = case["iou"] if "iou" in case else case["ap"]
        assert score is None or 0 <= score <= 1
        assert case["milliseconds"] >= 0
    assert all(lesson["lesson"] in classical_figure.LESSONS for lesson in result["methods"])


@pytest.mark.parametrize(
    ("method", "picture"),
    [
        (method, picture)
        for method in ("Otsu", "valley", "k-means, K = 2", "marker watershed", "no split")
        for picture in ("coins", "page")
    ],
)
def test_the_scores_are_those_of_today(result, method, picture):
    """A method that was changed afterwards is found by its score."""
    chosen = next(one for one in classical.ALL_METHODS if one.name == method)
    iou, _ = classical.score_method(chosen, load_picture(picture))
    written = next(
        case["iou"]
        for case in result["cases"]
        if (case["method"], case["picture"]) == (method, picture)
    )
    assert iou == pytest.approx(written, abs=0.01)


def test_the_peers_were_run(result):
    titles = " ".join(result["peers"])
    for name in (*classical_peers.KMEANS_PICTURES, "Otsu", "Sobel", "Canny", "SLIC"):
        assert name in titles
    for title, timings in result["peers"].items():
        assert all("times_ours" in timing for timing in timings.values())
        if title.startswith("k-means"):
            ours = timings["course_utils, colours"]["inertia"]
            assert ours["median_above_best"] <= 0.01


@pytest.mark.parametrize("title", classical_convolution.LAYERS)
def test_the_lessons_convolutions_give_equal_answers(title):
    layer = classical_convolution.LAYERS[title]
    assert len(classical_convolution.conv_ways(*layer)) == 5  # compares before it hands them out


def test_the_peers_give_equal_answers():
    """The comparisons stand inside: a difference raises."""
    assert classical_peers.otsu_ways()
    assert classical_peers.sobel_ways()
    assert classical_peers.canny_ways()


def test_inertia_is_measured_from_the_means_of_the_clusters():
    image = np.array([[[0, 0, 0], [4, 0, 0], [9, 9, 9]]], dtype=np.uint8)
    assert classical_peers.inertia_of(image, np.array([[0, 0, 1]])) == pytest.approx(8)


def test_every_name_has_a_place_of_its_own(result):
    figure = classical_figure.draw_figure(result)
    figure.draw_without_rendering()
    shown = [m["name"] for m in result["methods"] if m["kind"] in classical_figure.SHOWN]
    texts = {text.get_text(): text for text in figure.axes[0].texts}
    assert set(shown) < set(texts)
    boxes = [classical_figure.box_of(texts[name]) for name in shown]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_a_noisy_machine_is_refused_unless_its_spreads_are_judged_elsewhere(monkeypatch):
    lengths = itertools.cycle([1.0, 1.0, 5.0, 9.0])
    now = itertools.accumulate(length for one in lengths for length in (0.0, one))
    monkeypatch.setattr(side_by_side.time, "perf_counter", lambda: next(now))
    with pytest.raises(side_by_side.TooNoisyError, match=r"at most 25%.*nothing was written"):
        side_by_side.time_side_by_side({"one": int}, rounds=8)
    timings = side_by_side.time_side_by_side({"one": int}, rounds=8, largest_spread=np.inf)
    assert timings["one"]["spread"] > 0.25


def test_other_programs_are_noticed(monkeypatch):
    seconds = iter([100.0, 107.0])  # of work, by whomever
    elapsed = iter([(3.0, 0.0, 0.0, 0.0, 50.0), (4.0, 0.0, 0.0, 0.0, 60.0)])
    monkeypatch.setattr(side_by_side, "_busy_seconds", lambda: next(seconds))
    monkeypatch.setattr(side_by_side.os, "times", lambda: os.times_result(next(elapsed)))
    monkeypatch.setattr(side_by_side.os, "cpu_count", lambda: 2)
    with pytest.raises(side_by_side.TooNoisyError, match="used 30%"), side_by_side.alone():
        pass


def test_a_quiet_moment_is_waited_for(monkeypatch):
    monkeypatch.setattr(side_by_side, "_busy_seconds", lambda: 0.0)
    monkeypatch.setattr(side_by_side.time, "sleep", lambda seconds: None)
    noise = iter([True, True, False])

    def measure(answer):
        if next(noise, True):
            raise side_by_side.TooNoisyError
        return answer

    assert side_by_side.patiently(measure, 7) == 7
    with pytest.raises(side_by_side.TooNoisyError):
        side_by_side.patiently(measure, 7)  # it stays noisy


def test_all_parameters_are_those_of_the_module():
    """Nothing is chosen for one picture: a method sees the image and nothing else."""
    for method in classical_methods.METHODS:
        assert method.split.__code__.co_argcount == 1
