"""Scenes put together from real parts, and the drawn street: exact truth, the same at every call.

How long a scene takes is measured and printed; no test fails on a time.
"""

import itertools
import time

import numpy as np
import pytest
from scipy import ndimage
from skimage.segmentation import watershed
from sklearn.datasets import load_digits

from course_utils.datasets import brush, coin_scenes, digit_scenes, street
from course_utils.datasets.coin_scenes import coin_scene
from course_utils.datasets.digit_scenes import PARTS, digit_numbers, digit_scene
from course_utils.datasets.pictures import load_picture
from course_utils.datasets.street import drawn_street


def require_picture(picture, size):
    """Types and shapes as documented, instances numbered 1, 2, 3, ... and each of one class."""
    assert picture.image.dtype == np.uint8
    assert picture.image.shape[:2] == picture.label_map.shape == picture.instance_map.shape == size
    assert picture.label_map.dtype == np.uint8
    assert picture.instance_map.dtype == np.int32
    assert picture.class_names[0] == "background"
    numbers = np.unique(picture.instance_map)
    assert numbers[numbers > 0].tolist() == list(range(1, numbers.max() + 1))
    for number in numbers[numbers > 0]:
        assert np.unique(picture.label_map[picture.instance_map == number]).size == 1
    assert not np.any(picture.label_map[picture.instance_map > 0] == 0)


def require_same(first, second):
    for name in ("image", "label_map", "instance_map"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def milliseconds_each(make, count):
    make(0)
    start = time.perf_counter()
    for seed in range(count):
        make(seed)
    return 1000 * (time.perf_counter() - start) / count


# Coins


@pytest.mark.parametrize("seed", range(4))
def test_coin_scene_is_a_picture_with_every_coin(seed):
    scene = coin_scene(seed, coins=10, size=(220, 260))
    require_picture(scene, (220, 260))
    assert scene.image.ndim == 2
    assert scene.class_names == ("background", "coin")
    np.testing.assert_array_equal(scene.label_map == 1, scene.instance_map > 0)
    assert scene.instance_map.max() == 10


def test_coin_scene_depends_on_the_seed_alone():
    first = coin_scene(3)
    coin_scene(4)
    require_same(first, coin_scene(3))
    assert np.any(first.label_map != coin_scene(4).label_map)
    first.image[...] = 0
    assert coin_scene(3).image.max() > 200


def touching_pairs(instance_map):
    """Pairs of coins with at least `CONTACT` pixels of one beside the other."""
    pairs = []
    for one, other in itertools.combinations(range(1, instance_map.max() + 1), 2):
        near = ndimage.binary_dilation(instance_map == one)
        if np.sum(near & (instance_map == other)) >= coin_scenes.CONTACT // 2:
            pairs.append((one, other))
    return pairs


@pytest.mark.parametrize("seed", range(6))
def test_many_coins_touch_and_are_one_piece_where_they_do(seed):
    scene = coin_scene(seed)
    pairs = touching_pairs(scene.instance_map)
    assert len({number for pair in pairs for number in pair}) >= scene.instance_map.max() / 2
    for one, other in pairs:
        mask = np.isin(scene.instance_map, (one, other))
        assert ndimage.label(mask)[1] == 1  # joined by whole sides of pixels, no gap between them
    assert ndimage.label(scene.label_map)[1] < scene.instance_map.max() - 3


@pytest.mark.parametrize("seed", range(6))
def test_a_coin_is_whole_and_of_its_own_size(seed):
    """No coin hides more than a few pixels of another, and none is cut by the border."""
    photograph = load_picture("coins").instance_map
    areas = np.bincount(photograph.ravel())[1:]
    scene = coin_scene(seed, turned=False)
    for number in range(1, scene.instance_map.max() + 1):
        mask = scene.instance_map == number
        assert ndimage.label(mask)[1] == 1
        assert np.abs(areas - mask.sum()).min() <= 3 * coin_scenes.OVERLAP
        assert not mask[[0, -1]].any()
        assert not mask[:, [0, -1]].any()


@pytest.mark.parametrize("seed", range(6))
def test_coins_stand_out_from_the_cloth_as_in_the_photograph(seed):
    scene = coin_scene(seed)
    for number in range(1, scene.instance_map.max() + 1):
        mask = scene.instance_map == number
        ring = ndimage.binary_dilation(mask, iterations=5) & (scene.label_map == 0)
        assert 40 < scene.image[mask].mean() - scene.image[ring].mean() < 150


def edge_strength_along(picture, shift):
    """Mean step of brightness from inside to outside of every coin, its truth moved by a shift."""
    strengths = []
    for number in range(1, picture.instance_map.max() + 1):
        mask = np.roll(picture.instance_map == number, shift, axis=(0, 1))
        inner = mask & ~ndimage.binary_erosion(mask, iterations=2)
        outer = ndimage.binary_dilation(mask, iterations=2) & ~mask
        strengths.append(picture.image[inner].mean() - picture.image[outer].mean())
    return np.mean(strengths)


def test_the_truth_of_coins_lies_on_their_edges():
    scene = coin_scene(1, turned=True)
    here = edge_strength_along(scene, (0, 0))
    for shift in ((2, 0), (-2, 0), (0, 2), (0, -2)):
        assert edge_strength_along(scene, shift) < here


def test_the_cloth_is_as_rough_as_in_the_photograph():
    photograph, scene = load_picture("coins"), coin_scene(0, size=(303, 384), coins=4)

    def roughness(picture):
        bare = ~ndimage.binary_dilation(picture.label_map == 1, iterations=8)
        bare[:, 370:] = False
        grey = picture.image.astype(float)
        grain = (grey - ndimage.gaussian_filter(grey, 5))[bare]
        return np.median(np.abs(grain)), np.mean(grey[bare])

    assert roughness(scene) == pytest.approx(roughness(photograph), rel=0.2)


def test_the_cloth_has_no_seams():
    """Steps from pixel to pixel are no larger where pieces of cloth meet than elsewhere."""
    rng = np.random.default_rng(0)
    grain = np.concatenate([coin_scenes._grain(rng, (240, 240)) for _ in range(8)])
    half = coin_scenes.TILE // 2
    for values in (grain, grain.T):
        steps = np.abs(np.diff(values, axis=1)).mean(axis=0)
        by_column = [steps[column::half].mean() for column in range(half)]
        assert max(by_column) < 1.15 * min(by_column)


def test_light_can_be_evened_and_the_coins_stay_where_they_are():
    uneven, even = coin_scene(2), coin_scene(2, unevenness=0.0)
    np.testing.assert_array_equal(uneven.instance_map, even.instance_map)
    bare = even.label_map == 0
    corners = np.zeros_like(bare)
    corners[:60, :60] = True
    assert uneven.image[bare & corners].mean() > uneven.image[bare].mean() + 20
    assert abs(even.image[bare & corners].mean() - even.image[bare].mean()) < 5


def test_touching_coins_are_counted_wrongly_as_pieces_and_rightly_from_markers():
    scene = coin_scene(5)
    markers = np.zeros_like(scene.instance_map)
    middles = ndimage.center_of_mass(scene.label_map, scene.instance_map, range(1, 15))
    for number, middle in enumerate(middles, start=1):
        markers[tuple(np.rint(middle).astype(int))] = number
    mask = scene.label_map == 1
    regions = watershed(-ndimage.distance_transform_edt(mask), markers, mask=mask)
    assert ndimage.label(mask)[1] < 14
    assert np.mean(regions[mask] == scene.instance_map[mask]) > 0.9


@pytest.mark.parametrize("coins", [0, -3])
def test_a_scene_has_at_least_one_coin(coins):
    with pytest.raises(ValueError, match=f"coins must be 1 or more, got {coins}"):
        coin_scene(coins=coins)


@pytest.mark.parametrize(("coins", "size"), [(40, (100, 100)), (1, (30, 300))])
def test_coins_that_do_not_fit_are_refused(coins, size):
    with pytest.raises(ValueError, match=rf"must fit .*got {coins} coins.*Ask for fewer"):
        coin_scene(coins=coins, size=size)


def test_a_single_coin_fits_a_small_scene():
    assert coin_scene(0, coins=1, size=(80, 80)).instance_map.max() == 1


def test_time_of_a_coin_scene(measured):
    measured(f"coin_scene: {milliseconds_each(coin_scene, 10):.0f} ms each")


# Digits


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("size", [(128, 128), (64, 200)])
def test_digit_scene_is_a_picture_of_11_classes(part, size):
    scene = digit_scene(2, size=size, part=part)
    require_picture(scene, size)
    assert scene.image.shape == (*size, 3)
    assert scene.class_names == ("background", *"0123456789")
    assert scene.instance_map.max() >= 1
    np.testing.assert_array_equal(scene.label_map > 0, scene.instance_map > 0)


def test_digit_scenes_are_many_and_the_first_is_digit_scene():
    images, label_maps, instance_maps = digit_scenes.digit_scenes(4, seed=7)
    assert (images.dtype, label_maps.dtype, instance_maps.dtype) == (np.uint8, np.uint8, np.int32)
    assert images.shape == (4, 3, 128, 128)
    assert label_maps.shape == instance_maps.shape == (4, 128, 128)
    scene = digit_scene(7)
    np.testing.assert_array_equal(images[0].transpose(1, 2, 0), scene.image)
    np.testing.assert_array_equal(label_maps[0], scene.label_map)
    np.testing.assert_array_equal(instance_maps[0], scene.instance_map)


def test_digit_scenes_depend_on_seed_and_part_alone():
    few, more = digit_scenes.digit_scenes(3, seed=1), digit_scenes.digit_scenes(6, seed=1)
    for first, second in zip(few, more, strict=True):
        np.testing.assert_array_equal(first, second[:3])
    assert len({image.tobytes() for image in more[0]}) == 6
    for other in (digit_scene(2), digit_scene(1, part="val")):
        assert np.any(other.image != digit_scene(1).image)


def test_every_class_occurs_and_background_is_most():
    _, label_maps, instance_maps = digit_scenes.digit_scenes(100)
    share = np.bincount(label_maps.ravel(), minlength=11) / label_maps.size
    assert 0.8 < share[0] < 0.95
    assert min(share[1:]) > 0.004
    assert 3 < instance_maps.max(axis=(1, 2)).mean() < 6


def test_parts_share_no_digit_and_no_row_of_a_texture():
    numbers = [set(digit_numbers(part)) for part in PARTS]
    assert set.union(*numbers) == set(range(1797))
    assert sum(map(len, numbers)) == 1797
    for texture in digit_scenes._textures():
        bounds = [digit_scenes._bounds(part, len(texture)) for part in PARTS]
        assert [low for low, _ in bounds] == [0, bounds[0][1], bounds[1][1]]
        assert bounds[2][1] == len(texture)


@pytest.mark.parametrize("part", PARTS)
def test_a_scene_draws_only_on_its_own_part(part, monkeypatch):
    """Digits and texture rows of the other parts are painted over; the scene stays the same."""
    before = [digit_scene(seed, part=part) for seed in range(12)]
    ink, digits = digit_scenes._digits()
    only = np.zeros_like(ink)
    only[digit_numbers(part)] = ink[digit_numbers(part)]
    textures = []
    for texture in digit_scenes._textures():
        rows = slice(*digit_scenes._bounds(part, len(texture)))
        textures.append(np.zeros_like(texture))
        textures[-1][rows] = texture[rows]
    monkeypatch.setattr(digit_scenes, "_digits", lambda: (only, digits))
    monkeypatch.setattr(digit_scenes, "_textures", lambda: tuple(textures))
    for seed, scene in enumerate(before):
        require_same(scene, digit_scene(seed, part=part))


def test_stored_digits_come_back_from_the_finer_grid():
    """Averaged over a field, the interpolated ink is nearly what is stored."""
    fine, target = digit_scenes._digits()
    step = digit_scenes.FINE
    fields = fine.reshape(1797, 10, step, 10, step).mean(axis=(2, 4))
    stored = np.pad(load_digits().images / 16, [(0, 0), (1, 1), (1, 1)])
    assert np.abs(fields - stored).mean() < 0.03
    np.testing.assert_array_equal(target, load_digits().target)


def test_labels_of_digits_follow_the_ink(monkeypatch):
    """On plain paper the ink can be measured, but for noise: half of it is where a digit begins."""
    paper = np.full((128, 128, 3), 128, np.float32)
    monkeypatch.setattr(digit_scenes, "_texture", lambda rng, size, part: paper.copy())
    wrong = checked = 0
    for seed in range(10):
        scene = digit_scene(seed)
        changed = scene.image - paper
        for number in range(1, scene.instance_map.max() + 1):
            mask = scene.instance_map == number
            near = ndimage.binary_dilation(mask, iterations=digit_scenes.GAP)
            full = changed[ndimage.binary_erosion(mask)].mean(axis=0)  # the middle of the strokes
            ink = changed[near] @ full / (full @ full)
            sure = np.abs(ink - 0.5) > 0.2
            wrong += np.sum((ink > 0.5)[sure] != mask[near][sure])
            checked += sure.sum()
    assert checked > 10_000
    assert wrong < 0.01 * checked


def test_digits_keep_apart():
    _, _, instance_maps = digit_scenes.digit_scenes(20, seed=3)
    for instance_map in instance_maps:
        for number in range(1, instance_map.max() + 1):
            near = ndimage.binary_dilation(instance_map == number, iterations=digit_scenes.GAP)
            assert set(np.unique(instance_map[near])) <= {0, number}


def test_no_threshold_finds_the_digits():
    """Not even one that is chosen for every scene with its truth in hand."""
    best = []
    for seed in range(20):
        scene = digit_scene(seed)
        grey, truth = scene.image.mean(axis=2), scene.label_map > 0
        masks = [grey <= level for level in range(0, 256, 5)]
        masks += [~mask for mask in masks]
        best.append(max(np.sum(m & truth) / np.sum(m | truth) for m in masks))
    assert np.mean(best) < 0.6


@pytest.mark.parametrize("size", [(63, 128), (128, 20), (128,)])
def test_scenes_too_small_for_a_digit_are_refused(size):
    with pytest.raises(ValueError, match=r"size must be .* 64 or more, got \(.*Cut a piece"):
        digit_scene(size=size)


def test_small_writing_fits_in_small_scenes():
    small = digit_scenes.SMALL
    _, label_maps, instance_maps = digit_scenes.digit_scenes(40, size=(64, 64), writing=small)
    heights = [
        np.ptp(np.nonzero(instance_map == number)[0]) + 1
        for instance_map in instance_maps
        for number in range(1, instance_map.max() + 1)
    ]
    assert 10 < min(heights) <= max(heights) <= 24 * 1.2
    counts = instance_maps.max(axis=(1, 2))
    assert 4 <= counts.min() <= counts.max() == 8
    np.testing.assert_array_equal(label_maps > 0, instance_maps > 0)
    with pytest.raises(ValueError, match=r"size must be .* 31 or more"):
        digit_scene(size=(30, 64), writing=small)


@pytest.mark.parametrize(
    "ranges",
    [{"heights": (24, 16)}, {"heights": (4, 16)}, {"digits": (0, 3)}, {"contrast": (9, 2)}],
)
def test_ranges_of_writing_run_upwards(ranges):
    with pytest.raises(ValueError, match=f"{next(iter(ranges))} must be a lowest and a highest"):
        digit_scenes.Writing(**ranges)


def test_unknown_parts_and_negative_counts_are_refused():
    for make in (digit_scene, lambda **named: digit_scenes.digit_scenes(1, **named)):
        with pytest.raises(ValueError, match="one of train, val, test, got 'dev'"):
            make(part="dev")
    with pytest.raises(ValueError, match="count must be 0 or more, got -1"):
        digit_scenes.digit_scenes(-1)
    assert digit_scenes.digit_scenes(0)[0].shape == (0, 3, 128, 128)


def test_time_of_digit_scenes(measured):
    digit_scene()
    start = time.perf_counter()
    digit_scenes.digit_scenes(100)
    measured(f"digit_scenes: {time.perf_counter() - start:.2f} s for 100 of 128 x 128")


# The drawn street


@pytest.fixture(scope="module", params=range(4))
def scene(request):
    return drawn_street(request.param)


def test_drawn_street_is_a_picture_in_which_every_pixel_is_something(scene):
    require_picture(scene, (256, 384))
    assert scene.image.shape == (256, 384, 3)
    assert set(np.unique(scene.label_map)) == set(range(1, len(scene.class_names)))
    assert len(scene.class_names) == 12


def test_things_have_instances_and_stuff_has_none(scene):
    things = [scene.class_names.index(name) for name in street.THINGS]
    np.testing.assert_array_equal(np.isin(scene.label_map, things), scene.instance_map > 0)
    areas = np.bincount(scene.instance_map.ravel())[1:]
    assert len(areas) >= 18
    assert areas.min() >= 10
    of_class = [np.unique(scene.instance_map[scene.label_map == index]).size for index in things]
    assert of_class[0] >= 7
    assert of_class[1] >= 5
    assert of_class[2:] == [2, 2]


def test_cars_hide_one_another_and_are_one_blob_without_instances(scene):
    cars = scene.label_map == scene.class_names.index("car")
    count = np.unique(scene.instance_map[cars]).size
    assert ndimage.label(cars)[1] <= count - 2


def test_the_street_is_the_right_way_up(scene):
    rows = {
        name: np.nonzero(scene.label_map == index)[0].mean()
        for index, name in enumerate(scene.class_names)
        if index
    }
    assert rows["sky"] < rows["building"] < rows["car"] < rows["road"]
    assert rows["tree"] < rows["pavement"]
    sky = scene.image[scene.label_map == scene.class_names.index("sky")].mean(axis=0)
    tree = scene.image[scene.label_map == scene.class_names.index("tree")].mean(axis=0)
    assert sky.argmax() == 2
    assert tree.argmax() == 1


def test_the_street_depends_on_the_seed_alone():
    first = drawn_street(1)
    drawn_street(2)
    require_same(first, drawn_street(1))
    assert np.any(first.label_map != drawn_street(2).label_map)


def test_the_truth_of_the_street_lies_on_its_edges(scene):
    """Colour changes more across the borders of the label map than across moved ones."""
    image = scene.image.astype(float)

    def change(shift):
        regions = np.roll(100 * scene.label_map.astype(int) + scene.instance_map, shift, axis=1)
        border = (regions[:, 1:] != regions[:, :-1])[:, 8:-8]
        step = np.linalg.norm(np.diff(image, axis=1), axis=2)[:, 8:-8]
        return step[border].mean()

    assert change(0) > 1.5 * max(change(-3), change(3))


def test_time_of_the_drawn_street(measured):
    measured(f"drawn_street: {milliseconds_each(drawn_street, 3):.0f} ms each")


def plain_brush(size):
    return brush.Brush(size, horizon=0, centre=0, across=0, up=0, focal=1)


@pytest.mark.parametrize("side", [1, 2, 5])
def test_a_polygon_covers_its_area_and_labels_what_it_covers_by_half(side):
    painter = plain_brush((9, 9))
    low, high = 1.5, 1.5 + side
    corners = [(low, low), (low, high), (high, high), (high, low)]
    painter.polygon(corners, (100, 100, 100), label=7, instance=3)
    expected = np.zeros((9, 9))
    expected[2 : 2 + side, 2 : 2 + side] = 1
    np.testing.assert_array_equal(painter.canvas[..., 0], 100 * expected)
    np.testing.assert_array_equal(painter.label_map, 7 * expected)
    np.testing.assert_array_equal(painter.instance_map, 3 * expected)


def test_a_polygon_shares_pixels_by_what_it_covers():
    painter = plain_brush((3, 6))
    painter.polygon(
        [(-0.5, -0.5), (-0.5, 1.75), (2.5, 1.75), (2.5, -0.5)], (200, 200, 200), label=1
    )
    assert painter.canvas[1, :, 0].tolist() == [200, 200, 50, 0, 0, 0]
    assert painter.label_map[1].tolist() == [1, 1, 0, 0, 0, 0]
    painter.polygon([(-0.5, 1.75), (-0.5, 4), (2.5, 4), (2.5, 1.75)], (200, 200, 200), label=2)
    assert painter.label_map[1].tolist() == [1, 1, 2, 2, 2, 0]


def test_a_polygon_outside_the_picture_leaves_it_alone():
    painter = plain_brush((4, 4))
    painter.polygon([(-9, -9), (-9, -5), (-5, -5)], (255, 0, 0), label=1)
    painter.polygon([(9, 9), (9, 15), (15, 15)], (255, 0, 0), label=1)
    assert painter.label_map.max() == painter.canvas.max() == 0


def test_paint_without_a_label_is_a_shadow_and_shade_runs_down():
    painter = plain_brush((4, 4))
    whole = [(-0.5, -0.5), (-0.5, 3.5), (3.5, 3.5), (3.5, -0.5)]
    painter.polygon(whole, (0, 0, 0), foot=(80, 80, 80), label=2)
    assert np.all(np.diff(painter.canvas[..., 0], axis=0) > 0)
    painter.polygon(whole, (255, 255, 255), opacity=0.5)
    assert np.all(painter.label_map == 2)
    assert painter.canvas.min() > 120
