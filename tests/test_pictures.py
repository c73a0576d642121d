"""The pictures load without a network, their ground truth is right, damage is reported."""

import copy
import dataclasses
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from scipy import ndimage
from skimage import color, data, draw, filters, measure

from course_utils.datasets import lit_text, pictures
from course_utils.datasets.annotations import Annotation
from course_utils.datasets.painting import fill, paint
from course_utils.datasets.pictures import (
    PIECES,
    SOURCES,
    draw_sheet,
    load_picture,
    picture_names,
)
from course_utils.labels import IGNORE_INDEX
from course_utils.places import data_folder

ANNOTATIONS = data_folder() / "annotations"
DRAWN = (*SOURCES, *PIECES)


@pytest.fixture(params=(*picture_names(), *PIECES))
def name(request):
    return request.param


def coins_file():
    return json.loads((ANNOTATIONS / "coins.json").read_text(encoding="utf-8"))


# What loads


def test_pictures_load_with_neither_network_nor_cache(tmp_path):
    code = (
        "import socket\n"
        "def refuse(*arguments, **named): raise OSError('no network in this test')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "from course_utils.datasets.pictures import PIECES, load_picture, picture_names\n"
        "names = (*picture_names(), *PIECES)\n"
        "print(sum(load_picture(name).image.size > 0 for name in names))\n"
    )
    home = {key: str(tmp_path) for key in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **home}
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(picture_names()) + len(PIECES)


def test_there_are_enough_pictures_and_instances():
    drawn = {name: load_picture(name).instance_map.max() for name in SOURCES}
    assert len(drawn) >= 8
    assert sum(drawn.values()) >= 60
    assert drawn["coins"] == 24
    assert set(picture_names()) == {*drawn, "lit_text"}
    assert not set(picture_names()) & set(PIECES)


def test_every_annotation_file_belongs_to_a_picture():
    assert {path.stem for path in ANNOTATIONS.glob("*.json")} == set(DRAWN)


def test_arrays_have_the_documented_types(name):
    picture = load_picture(name)
    assert picture.image.dtype == np.uint8
    assert picture.image.shape in (picture.label_map.shape, (*picture.label_map.shape, 3))
    assert picture.label_map.dtype == np.uint8
    assert picture.instance_map.dtype == np.int32
    assert picture.instance_map.shape == picture.label_map.shape
    assert picture.class_names[0] == "background"
    assert all(isinstance(class_name, str) for class_name in picture.class_names)


def test_labels_and_instances_agree(name):
    picture = load_picture(name)
    present = set(np.unique(picture.label_map).tolist())
    assert present - {IGNORE_INDEX} == set(range(len(picture.class_names)))
    inside = picture.instance_map > 0
    assert np.all(picture.label_map[inside] > 0)
    assert np.all(picture.label_map[inside] != IGNORE_INDEX)
    numbers = np.unique(picture.instance_map[inside])
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    for number in numbers:
        assert np.unique(picture.label_map[picture.instance_map == number]).size == 1


def test_void_is_used_sparingly_and_says_why():
    for name in DRAWN:
        share = np.mean(load_picture(name).label_map == IGNORE_INDEX)
        assert share < (0.35 if name == "immunohistochemistry" else 0.06), name
        objects = json.loads((ANNOTATIONS / f"{name}.json").read_text(encoding="utf-8"))["objects"]
        assert all(entry.get("why") for entry in objects if entry["class"] == "void"), name


def test_every_call_returns_arrays_of_its_own(name):
    first = load_picture(name)
    expected = first.image.copy(), first.label_map.copy(), first.instance_map.copy()
    for array in (first.image, first.label_map, first.instance_map):
        array[...] = 7
    again = load_picture(name)
    for array, before in zip(
        (again.image, again.label_map, again.instance_map), expected, strict=True
    ):
        np.testing.assert_array_equal(array, before)


def test_a_picture_is_frozen():
    picture = load_picture("cell")
    with pytest.raises(dataclasses.FrozenInstanceError):
        picture.image = None


def test_data_readme_tells_origin_and_licence_of_every_picture():
    readme = (data_folder() / "README.md").read_text(encoding="utf-8")
    for name in (*picture_names(), *PIECES):
        assert f"| `{name}`" in readme
    for name in DRAWN:
        content = json.loads((ANNOTATIONS / f"{name}.json").read_text(encoding="utf-8"))
        assert content["source"].startswith("skimage.data.")
        assert "annotation: CC BY 4.0" in content["license"]


# Whether it is right


def edge_offsets(picture, mask, reach=6):
    """Distance in pixels from each point of an outline to the strongest edge along its normal."""
    around = ndimage.binary_dilation(mask, iterations=2 * reach)
    rows, columns = ndimage.find_objects(around.astype(int))[0]
    mask, void = mask[rows, columns], picture.label_map[rows, columns] == IGNORE_INDEX
    image = picture.image[rows, columns]
    image = color.rgb2lab(image) if image.ndim == 3 else image[..., None]
    channels = [ndimage.gaussian_filter(channel.astype(float), 0.7) for channel in image.T]
    inward = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    normal_map = np.stack(np.gradient(ndimage.gaussian_filter(inward, 1.5)))
    points = np.concatenate(measure.find_contours(mask.astype(float), 0.5))
    normal = np.stack([sample(part, points) for part in normal_map], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-9
    steps = np.arange(-reach, reach + 0.5, 0.5)
    path = points[:, None] + steps[:, None] * normal[:, None]
    across = [
        sample(channel.T, path + normal[:, None]) - sample(channel.T, path - normal[:, None])
        for channel in channels
    ]
    offsets = steps[np.linalg.norm(across, axis=0).argmax(axis=1)]
    known = np.all(sample(1.0 * void, path) == 0, axis=1)
    whole = np.all((path >= 1) & (path <= np.array(mask.shape) - 2), axis=(1, 2))
    return offsets[known & whole]


def sample(values, points):
    flat = ndimage.map_coordinates(values, points.reshape(-1, 2).T, order=1, mode="nearest")
    return flat.reshape(points.shape[:-1])


@pytest.mark.parametrize(
    ("name", "class_name", "at_least"),
    [
        ("coins", "coin", 0.97),
        ("cell", "cell", 0.97),
        ("astronaut", "head", 0.95),
        ("coffee", "coffee", 0.93),
        ("camera", "man", 0.85),
        ("coffee", "cup", 0.8),
        ("coffee", "spoon", 0.8),
        ("astronaut", "flag", 0.8),
        ("astronaut", "shuttle", 0.75),
        ("immunohistochemistry", "gland", 0.75),
        ("astronaut", "suit", 0.7),
        ("astronaut", "helmet", 0.7),
        ("coffee", "saucer", 0.7),
        ("motorcycle", "wheel", 0.65),
        ("immunohistochemistry", "nucleus", 0.55),
        ("rocket", "rocket", 0.55),
        ("motorcycle", "motorcycle", 0.55),
        ("face", "hair", 0.95),
        ("face", "skin", 0.65),
    ],
)
def test_outlines_lie_on_edges(name, class_name, at_least):
    """Within 2 pixels of the strongest edge around; the same outlines 4 pixels off are not.

    The share stays below 1 where another edge nearby is stronger than the object's own: a lamp
    mirrored in porcelain, spokes, the far side of a thin rail.
    """
    picture = load_picture(name)
    index = picture.class_names.index(class_name)
    numbers = np.unique(picture.instance_map[picture.label_map == index])
    masks = [picture.instance_map == number for number in numbers]
    offsets = np.concatenate([edge_offsets(picture, mask) for mask in masks])
    shifted = [edge_offsets(picture, np.roll(mask, (4, 4), axis=(0, 1))) for mask in masks]
    share = np.mean(np.abs(offsets) <= 2)
    assert share >= at_least
    assert abs(np.median(offsets)) <= 1
    assert np.mean(np.abs(np.concatenate(shifted)) <= 2) < share - 0.2


def test_coins_are_brighter_than_what_surrounds_them():
    coins = load_picture("coins")
    for number in range(1, 25):
        mask = coins.instance_map == number
        assert 900 < mask.sum() < 3300
        ring = ndimage.binary_dilation(mask, iterations=5) & (coins.label_map == 0)
        assert coins.image[mask].mean() > 1.3 * coins.image[ring].mean()


def test_the_small_parts_of_the_face_differ_from_what_surrounds_them():
    """They are too thin for a walk of 6 pixels along the normals of their outlines."""
    face = load_picture("face")
    lightness, redness, _ = color.rgb2lab(face.image).transpose(2, 0, 1)
    index = {name: number for number, name in enumerate(face.class_names)}

    def step(values, name, around):
        """How much more there is within a part than in the ring of another class around it."""
        numbers = np.unique(face.instance_map[face.label_map == index[name]])
        for number in numbers:
            mask = face.instance_map == number
            ring = ndimage.binary_dilation(mask, iterations=3) & (face.label_map == index[around])
            yield values[mask].mean() - values[ring].mean()

    assert max(step(lightness, "eyebrow", "skin")) < -10
    assert max(step(lightness, "eye", "skin")) < -15
    assert min(step(lightness, "teeth", "lips")) > 15
    assert min(step(redness, "lips", "skin")) > 3
    assert [len(list(step(lightness, name, "skin"))) for name in ("eyebrow", "eye")] == [2, 2]
    mouth = np.isin(face.label_map, (index["lips"], index["teeth"], IGNORE_INDEX))
    assert ndimage.label(ndimage.binary_fill_holes(mouth))[1] == 1


def test_the_face_is_the_astronauts():
    face, astronaut = load_picture("face"), load_picture("astronaut")
    here = np.s_[:192, 136:308]
    np.testing.assert_array_equal(face.image, astronaut.image[here])
    head = astronaut.label_map[here] == astronaut.class_names.index("head")
    suit = astronaut.label_map[here] == astronaut.class_names.index("suit")
    parts = face.label_map > 0
    assert np.mean(parts[head]) > 0.97  # two drawings of one outline
    assert np.mean(parts[~head & ~suit]) < 0.03


def test_text_lines_hold_the_ink_of_the_page():
    page = load_picture("page")
    contrast = page.image / lit_text.paper_brightness(page.image.astype(float))
    ink = contrast < 0.6
    assert np.mean(page.label_map[ink] != 0) > 0.985  # the rest is a printed rule
    for number in range(1, 8):
        mask = page.instance_map == number
        written = np.nonzero(ink & mask)
        region = np.nonzero(mask)
        for axis in (0, 1):
            assert abs(written[axis].min() - region[axis].min()) <= 3
        assert abs(written[1].max() - region[1].max()) <= 3


@pytest.mark.parametrize(
    ("name", "class_name", "pixels"),
    [
        ("coins", "coin", 38812),
        ("coffee", "saucer", 56696),
        ("coffee", "coffee", 12439),
        ("cat", "cat", 95093),
        ("cat", "nose", 843),
        ("astronaut", "head", 18128),
        ("rocket", "rocket", 4841),
        ("motorcycle", "wheel", 33893),
        ("cell", "cell", 12452),
        ("immunohistochemistry", "nucleus", 1930),
        ("face", "hair", 9413),
        ("face", "teeth", 139),
    ],
)
def test_areas_stay_what_they_are(name, class_name, pixels):
    picture = load_picture(name)
    count = np.sum(picture.label_map == picture.class_names.index(class_name))
    assert count == pytest.approx(pixels, rel=0.005)


# Painting


def test_filling_agrees_with_scikit_image():
    rng = np.random.default_rng(0)
    for _ in range(200):
        points = rng.uniform(-0.5, 29.5, size=(rng.integers(3, 25), 2))
        expected = draw.polygon(*points.T, shape=(30, 40))
        found = fill([points.tolist()], (30, 40))
        np.testing.assert_array_equal(np.sort(found), np.sort(expected))


def test_what_lies_outside_the_picture_is_not_filled():
    rng = np.random.default_rng(1)
    for _ in range(200):
        points = rng.uniform(-20, 60, size=(rng.integers(3, 9), 2))
        expected, found = np.zeros((2, 30, 40), bool)
        expected[draw.polygon(*points.T, shape=(30, 40))] = True
        found[fill([points], (30, 40))] = True
        np.testing.assert_array_equal(found, expected)


def test_a_pixel_belongs_to_the_shape_that_holds_its_centre():
    square = [[0.6, 0.6], [0.6, 3.4], [3.4, 3.4], [3.4, 0.6]]
    hole = [[1.5, 1.5], [1.5, 2.5], [2.5, 2.5], [2.5, 1.5]]
    rows, columns = fill([square, hole], (5, 5))
    assert sorted(zip(rows.tolist(), columns.tolist(), strict=True)) == [
        (row, column) for row in (1, 2, 3) for column in (1, 2, 3) if (row, column) != (2, 2)
    ]


def test_later_objects_cover_earlier_ones_and_pieces_make_one_instance():
    def block(class_name, instance, columns):
        corners = [[-0.5, columns[0]], [-0.5, columns[1]], [0.5, columns[1]], [0.5, columns[0]]]
        return {"class": class_name, "instance": instance, "shape": "polygon", "points": corners}

    objects = [block("a", 2, (-0.5, 5.5)), block("b", 1, (1.5, 3.5)), block("void", 0, (4.5, 5.5))]
    label_map, instance_map = paint(
        Annotation(Path("x.json"), (1, 7), ("background", "a", "b"), objects)
    )
    assert label_map.tolist() == [[1, 1, 2, 2, 1, IGNORE_INDEX, 0]]
    assert instance_map.tolist() == [[2, 2, 1, 1, 2, 0, 0]]


# Errors


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"one of coins, .*got 'coin'\. Did you mean 'coins'\?"):
        load_picture("coin")
    with pytest.raises(ValueError, match=r"got 'zebra'\.$"):
        load_picture("zebra")


def test_missing_annotation_file_names_it_and_the_remedy(tmp_path):
    with pytest.raises(
        FileNotFoundError,
        match=r"no annotation file .*cat\.json.*git checkout data/annotations/cat\.json",
    ):
        load_picture("cat", folder=tmp_path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2], r"not JSON from line \d+, column \d+ on"),
        (lambda text: text.replace('"objects": [', '"objects": ', 1), r"not JSON from line 16, "),
        (lambda text: "", r"not JSON from line 1, column 1"),
        (lambda text: "[]", "the file must be a JSON object, got list"),
    ],
)
def test_broken_json_tells_the_line(tmp_path, damage, words):
    path = tmp_path / "coins.json"
    path.write_text(damage((ANNOTATIONS / "coins.json").read_text(encoding="utf-8")), "utf-8")
    with pytest.raises(ValueError, match=rf"coins\.json is damaged: {words}") as error:
        load_picture("coins", folder=tmp_path)
    assert "git checkout data/annotations/coins.json" in str(error.value)


def test_binary_rubbish_is_no_annotation(tmp_path):
    (tmp_path / "coins.json").write_bytes(b"\x80\x81\x82")
    with pytest.raises(ValueError, match="not UTF-8 text"):
        load_picture("coins", folder=tmp_path)


def without(key):
    return lambda content: content["objects"][3].pop(key)


def entry(**changes):
    return lambda content: content["objects"][3].update(changes)


def whole(**changes):
    return lambda content: content.update(changes)


CIRCLE = {"shape": "circle", "center": [5, 5], "radius": 3}


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (whole(format=2), "format must be 1, got 2"),
        (whole(picture="cat"), "picture must be 'coins', got 'cat'"),
        (whole(size=[303]), r"size must be \[rows, columns\], got \[303\]"),
        (whole(size="big"), r"size must be \[rows, columns\], got 'big'"),
        (whole(classes=["coin"]), r"'background' first, got \['coin'\]"),
        (whole(classes=["background", "coin", "coin"]), "different names"),
        (whole(classes=["background", "coin", "void"]), "different names"),
        (whole(classes=[0, 1]), "classes must be a list of names"),
        (whole(objects={}), "objects must be a list, got dict"),
        (lambda content: content.pop("size"), "the file lacks size"),
        (lambda content: content["objects"].append(7), r"objects\[24\] must be a JSON object"),
        (without("class"), r"objects\[3\] lacks class"),
        (without("points"), r"objects\[3\] lacks points"),
        (entry(**{"class": "dog"}), r"objects\[3\]: class must be one of background, coin, void"),
        (entry(instance=-1), r"objects\[3\]: instance must be 0, 1, 2, \.\.\., got -1"),
        (entry(instance="4"), r"objects\[3\]: instance must be .* got '4'"),
        (entry(**{"class": "void"}), r"objects\[3\]: void must have instance 0, got 4"),
        (entry(shape="blob"), r"objects\[3\]: shape must be one of polygon, circle, got 'blob'"),
        (entry(shape=["polygon"]), r"objects\[3\]: shape must be one of"),
        (entry(points=[[1, 2], [3, 4]]), r"objects\[3\]: points must be a list of 3 or more"),
        (entry(points=[[1, 2], [3, 4], [5]]), r"objects\[3\]: points\[2\] must be \[row, column\]"),
        (
            entry(points=[[1, 2], [3, 400], [5, 6]]),
            r"objects\[3\]: points\[1\] must lie in the picture of 303 rows and 384 columns, "
            r"got \[3, 400\]",
        ),
        (entry(points=[[1, 2], [float("nan"), 4], [5, 6]]), r"points\[1\] must be \[row, column\]"),
        (entry(points=[[1.1, 1.1], [1.2, 1.3], [1.3, 1.1]]), r"objects\[3\] must cover a pixel"),
        (entry(holes=7), r"objects\[3\]: holes must be a list"),
        (entry(holes=[[[1, 1]]]), r"objects\[3\]: holes\[0\] must be a list of 3 or more"),
        (entry(**{**CIRCLE, "radius": 0}), r"objects\[3\]: radius must be positive, got 0"),
        (entry(**{**CIRCLE, "center": [-9, 0]}), r"objects\[3\]: center must lie in the picture"),
        (
            lambda content: content["objects"].append(
                {
                    "class": "coin",
                    "instance": 25,
                    "shape": "polygon",
                    "points": [[-0.5, -0.5], [-0.5, 383.5], [302.5, 383.5], [302.5, -0.5]],
                }
            ),
            r"objects\[0\]: nothing of instance 1 is visible",
        ),
    ],
)
def test_a_wrong_entry_is_named_with_its_remedy(tmp_path, damage, words):
    content = coins_file()
    damage(content)
    path = tmp_path / "coins.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=words) as error:
        load_picture("coins", folder=tmp_path)
    assert str(path) in str(error.value)
    assert "git checkout data/annotations/coins.json" in str(error.value)


def test_one_instance_keeps_one_class(tmp_path):
    content = json.loads((ANNOTATIONS / "cat.json").read_text(encoding="utf-8"))
    content["objects"][1]["instance"] = content["objects"][0]["instance"]
    (tmp_path / "cat.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"objects\[1\]: instance 1 must keep one class, got 'eye' after 'cat'"
    ):
        load_picture("cat", folder=tmp_path)


def test_a_picture_of_another_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(SOURCES, "coins", lambda: data.coins()[:300])
    with pytest.raises(
        ValueError,
        match=r"size \(303, 384\), but scikit-image \d+\.\d+\S* ships coins with \(300, 384\)",
    ):
        load_picture("coins")


def test_an_undamaged_copy_loads(tmp_path):
    content = copy.deepcopy(coins_file())
    (tmp_path / "coins.json").write_text(json.dumps(content), encoding="utf-8")
    np.testing.assert_array_equal(
        load_picture("coins", folder=tmp_path).instance_map, load_picture("coins").instance_map
    )


# Text under uneven light


def test_the_letters_are_where_the_font_says():
    """The same heading, filled from the font's own curves by another library."""
    _, instance_map = lit_text.print_letters((191, 384))
    heading = instance_map[:34] > 0
    rows, columns = np.nonzero(heading)
    points, text = lit_text.LINES[0]
    font = FontProperties(fname=lit_text.font_file())
    curves = TextPath((0, 0), text, size=points, prop=font).to_polygons()
    left, top = (limit(np.concatenate(curves)[:, axis]) for axis, limit in ((0, min), (1, max)))
    overlaps = []
    for down, right in itertools.product(np.arange(-0.5, 0.51, 0.25), repeat=2):
        inside = np.zeros(heading.shape, bool)
        for curve in curves:
            outline = top - curve[:, 1] + rows.min() + down, curve[:, 0] - left + columns.min()
            inside[draw.polygon(outline[0], outline[1] + right, shape=inside.shape)] ^= True
        overlaps.append(np.sum(inside & heading) / np.sum(inside | heading))
    assert max(overlaps) > 0.88


def test_the_truth_of_lit_text_is_exact():
    picture = load_picture("lit_text")
    ink, instance_map = lit_text.print_letters(picture.label_map.shape)
    np.testing.assert_array_equal(picture.label_map == 1, ink >= 0.5)
    np.testing.assert_array_equal(picture.instance_map, instance_map)
    letters = sum(len(text.replace(" ", "")) for _, text in lit_text.LINES)
    assert np.unique(instance_map).size == letters + 1
    bare = lit_text.paper_brightness(data.page().astype(float))
    assert picture.image[ink == 1].mean() < 0.6 * bare[ink == 1].mean()
    assert picture.image[ink == 0] == pytest.approx(bare[ink == 0], abs=25)


def test_lit_text_is_the_same_at_every_call():
    first, second = lit_text.lit_text(), lit_text.lit_text()
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_no_single_threshold_reads_lit_text():
    picture = load_picture("lit_text")
    truth = picture.label_map == 1

    def overlap(prediction):
        return np.sum(truth & prediction) / np.sum(truth | prediction)

    best = max(overlap(picture.image <= level) for level in range(256))
    local = overlap(picture.image < filters.threshold_local(picture.image, 35, offset=10))
    assert overlap(picture.image <= filters.threshold_otsu(picture.image)) < 0.3
    assert best < local - 0.1


def test_paper_brightness_ignores_the_ink():
    rows, columns = np.mgrid[0:60, 0:80]
    paper = 120 + rows + 0.5 * columns
    page = paper.copy()
    page[20:24, 10:70] *= 0.3
    np.testing.assert_allclose(lit_text.paper_brightness(page), paper, rtol=0.01)


# The sheet


def test_the_sheet_is_drawn_and_its_path_returned(tmp_path):
    path = draw_sheet(tmp_path / "sheet.png")
    assert path == tmp_path / "sheet.png"
    content = path.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert 200_000 < len(content) < 1_500_000


def test_the_sheet_needs_an_existing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"existing folder, but there is no .*nowhere"):
        draw_sheet(tmp_path / "nowhere" / "sheet.png")


def test_the_sheet_shows_every_picture():
    shown = [*DRAWN, *(name for name, _ in pictures.CLOSE_UPS)]
    assert set(shown) == {*picture_names(), *PIECES}
