"""The demos of lesson 08: what they draw follows their controls and tells the truth."""

import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.figures import alt_text
from course_utils.geometry import transposed_conv_output_size
from course_utils.widgets import checkerboard, number_grid, stamper, upsamplers

# ----------------------------------------------------------------------------------------------
# The stamper


def by_torch(values, kernel, **settings):
    batch = (torch.as_tensor(np.asarray(a, dtype=float))[None, None] for a in (values, kernel))
    return functional.conv_transpose2d(*batch, **settings)[0, 0].numpy()


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "output_padding"),
    [(1, 1, 0, 0), (3, 2, 0, 0), (3, 2, 1, 1), (4, 2, 1, 0), (5, 3, 2, 2), (2, 4, 0, 3)],
)
@pytest.mark.parametrize("name", stamper.KERNELS)
def test_stamping_is_torchs_transposed_convolution(name, kernel, stride, padding, output_padding):
    weights = stamper.make_kernel(name, kernel)
    settings = {"stride": stride, "padding": padding, "output_padding": output_padding}
    expected = by_torch(stamper.VALUES, weights, **settings)
    np.testing.assert_allclose(stamper.stamp(stamper.VALUES, weights, **settings), expected)
    ones = np.ones((3, 3)), np.ones((kernel, kernel))
    counts = stamper.overlap_counts(3, kernel, **settings)
    np.testing.assert_allclose(counts, by_torch(*ones, **settings))


def test_stamps_come_one_by_one():
    kernel = stamper.make_kernel("counting", 3)
    steps = [stamper.stamp(stamper.VALUES, kernel, 2, stamps=count) for count in range(10)]
    assert not steps[0].any()
    for index, (before, after) in enumerate(itertools.pairwise(steps)):
        row, column = divmod(index, 3)
        expected = np.zeros_like(before)
        expected[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] = kernel
        np.testing.assert_array_equal(after - before, stamper.VALUES[row, column] * expected)


def test_the_stamp_picture_tells_its_size_and_sum():
    text = alt_text(stamper.draw_stamps(9, kernel=4, stride=2, padding=1, values="all ones"))
    assert "output 6 x 6" in text
    expected = by_torch(stamper.VALUES, np.ones((4, 4)), stride=2, padding=1)
    assert f"sum {expected.sum():.0f};" in text
    assert f"first row {expected[0].astype(int).tolist()}" in text
    assert alt_text(stamper.draw_stamps(0)) != alt_text(stamper.draw_stamps(1))


@pytest.mark.parametrize(("stamps", "frame"), [(0, False), (1, True), (9, True)])
def test_the_last_stamp_is_framed(stamps, frame):
    figure = stamper.draw_stamps(stamps)
    pixels = np.asarray(figure.images[0].get_array())[..., :3]
    for panel in np.array_split(pixels, 3, axis=1):
        assert (panel == number_grid.CURRENT).all(axis=-1).any() == frame


def test_a_stamp_that_padding_cuts_off_is_not_framed_outside():
    figure = stamper.draw_stamps(1, kernel=1, stride=4, padding=2)
    assert "output 5 x 5" in alt_text(figure)


def test_numbers_are_written_where_they_belong():
    pixels = np.asarray(number_grid.shaded_numbers(np.array([[0, 7], [12, 100]]), 240))
    darkness = [pixels[i : i + 120, j : j + 120].mean() for i in (0, 120) for j in (0, 120)]
    assert darkness == sorted(darkness, reverse=True)


def test_impossible_settings_are_told_in_words():
    with pytest.raises(ValueError, match="padding must leave some pixels"):
        stamper.draw_stamps(kernel=1, stride=1, padding=5)
    demo = stamper.demo()
    demo._named["output_padding"].value = 3
    assert demo.caption == (
        "Impossible: output padding must be smaller than the stride, got 3 with stride 2."
    )
    demo._named["output_padding"].value = 1
    assert demo.caption.endswith("(3 - 1) x 2 - 2 x 0 + 3 + 1 = 8.")


def test_wrong_names_are_explained():
    with pytest.raises(ValueError, match="name must be one of all ones, counting, pyramid"):
        stamper.make_kernel("flat", 3)
    with pytest.raises(ValueError, match="name must be one of all equal, random, got 'learned'"):
        checkerboard.layer_weights("learned", 3, 2)


@pytest.mark.parametrize("kernel", range(1, 9))
@pytest.mark.parametrize("stride", range(1, 5))
def test_the_overlap_is_even_exactly_if_the_stride_divides_the_kernel(kernel, stride):
    counts = checkerboard.inner_counts(kernel, stride)
    assert (np.ptp(counts) == 0) == (kernel % stride == 0)
    whole = stamper.overlap_counts(checkerboard.FLAT, kernel, stride)
    assert counts.shape[0] % stride == 0
    assert len(counts) >= 3 * stride
    assert counts.max() == whole.max()
    assert len(whole) == transposed_conv_output_size(checkerboard.FLAT, kernel, stride)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (4, 2), (5, 3), (8, 4), (2, 4), (1, 1)])
def test_inside_is_the_middle_of_the_whole(kernel, stride):
    rng = np.random.default_rng(0)
    values, weights = rng.random((6, 6)), rng.random((kernel, kernel))
    margin = stride * ((kernel - 1) // stride)
    part = checkerboard.inside(values, weights, stride)
    whole = stamper.stamp(values, weights, stride)
    seen = whole[margin:, margin:][: len(part), : len(part)]
    np.testing.assert_allclose(part[: len(seen), : len(seen)], seen)
    assert not part[len(seen) :].any()


def test_flat_grey_stays_flat_with_equal_weights_only():
    flat = "between 0.50 and 0.50"
    assert flat in alt_text(checkerboard.draw_checkerboard(4, 2))
    assert flat not in alt_text(checkerboard.draw_checkerboard(4, 2, "random"))
    assert flat not in alt_text(checkerboard.draw_checkerboard(3, 2))
    assert "between 0.00 and" in alt_text(checkerboard.draw_checkerboard(1, 3))


@pytest.mark.parametrize("weights", checkerboard.WEIGHTS)
def test_weights_keep_the_brightness(weights):
    assert checkerboard.layer_weights(weights, 5, 3).sum() == pytest.approx(9)


@pytest.mark.parametrize("kernel", range(1, 9))
@pytest.mark.parametrize("stride", range(1, 5))
@pytest.mark.parametrize("weights", checkerboard.WEIGHTS)
def test_the_rule_is_what_the_picture_shows(kernel, stride, weights):
    said = checkerboard.rule_in_words(kernel, stride, weights)
    flat = checkerboard.from_flat_grey(kernel, stride, weights)
    pattern = ("empty", "unevenly", "bring a pattern back")
    assert any(word in said for word in pattern) == (np.ptp(flat) > 1e-9)
    assert ("drawn as white" in said) == (flat.max() > 1)
    assert flat.mean() == pytest.approx(checkerboard.GREY)
    drawn = alt_text(checkerboard.draw_checkerboard(kernel, stride, weights))
    assert ("between 0.50 and 0.50" in drawn) == (np.ptp(flat) < 1e-9)


def test_one_stamp_is_no_plural():
    assert "a pixel has 1 stamp." in alt_text(checkerboard.draw_checkerboard(2, 2))


def test_the_overlap_demo_says_the_rule():
    demo = checkerboard.demo()
    assert demo.caption == "3 divided by 2 leaves 1: the stamps overlap unevenly."
    demo._named["kernel"].value = 4
    assert demo.caption == "4 is divisible by 2: the stamps overlap evenly."
    demo._named["weights"].value = "random"
    assert "Unequal weights bring a pattern back" in demo.caption
    demo._named["kernel"].value = 1
    assert "pixels between stay empty" in demo.caption
    demo._named["stride"].value = 1
    assert demo.caption.endswith("no pattern, whatever they are.")


# ----------------------------------------------------------------------------------------------
# The upsamplers


@pytest.mark.parametrize("factor", [2, 3, 8])
def test_every_upsampler_returns_to_the_size(factor):
    image = upsamplers.grey_picture("coins", factor)
    assert image.shape[0] % factor == image.shape[1] % factor == 0
    for method in upsamplers.METHODS:
        assert upsamplers.enlarged("coins", factor, method).shape == image.shape


def test_making_small_takes_means():
    image = np.arange(24.0).reshape(4, 6)
    expected = functional.avg_pool2d(torch.from_numpy(image)[None], 2)[0]
    np.testing.assert_allclose(upsamplers.made_small(image, 2), expected)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_no_other_kernel_restores_its_teacher_better(factor):
    best = upsamplers.learned_kernel(factor)
    image = upsamplers.grey_picture(upsamplers.TEACHER, factor)
    small = upsamplers.made_small(image, factor)
    inside = np.s_[factor:-factor, factor:-factor]
    rng = np.random.default_rng(0)

    def error(kernel):
        large = by_torch(small, kernel, stride=factor, padding=factor)
        return np.mean((image - large)[inside] ** 2)

    assert all(error(best) < error(best + 0.02 * rng.normal(size=best.shape)) for _ in range(5))
    assert best.sum() == pytest.approx(factor**2, rel=0.01)


def test_unpooling_keeps_maxima_in_their_places():
    image = upsamplers.grey_picture("cat", 4)
    large = upsamplers.enlarged("cat", 4, "unpooling")
    kept = large > 0
    np.testing.assert_array_equal(large[kept], image[kept])
    assert kept.mean() == pytest.approx(1 / 16, abs=0.001)


@pytest.mark.parametrize("picture", upsamplers.PICTURES)
def test_learning_beats_bilinear_on_pictures_it_never_saw(picture):
    assert picture != upsamplers.TEACHER
    gains = []
    for factor in (2, 4, 8):
        scores = upsamplers.scores_of(picture, factor)
        assert scores["learned stamp"] > scores["bilinear"] > scores["unpooling"]
        assert 0 < scores["learned stamp"] - scores["cubic"] < 0.35
        gains.append(scores["learned stamp"] - scores["bilinear"])
    assert gains[0] == max(gains)


def test_the_comparison_tells_its_scores_and_place():
    scores = upsamplers.scores_of("coins", 4)
    text = alt_text(upsamplers.draw_upsamplers("coins", 4, down=0, right=100))
    assert "rows 0 to 59, columns 324 to 383" in text
    for method, value in scores.items():
        assert f"{method} {value:.1f} dB" in text


def test_the_stamp_fills_its_tile_in_the_same_colours_at_every_factor():
    for factor in (2, 7, 8):
        pixels = np.asarray(upsamplers.draw_upsamplers("coins", factor).images[0].get_array())
        last = slice(-upsamplers.GAP - upsamplers.TILE, -upsamplers.GAP)
        tile = pixels[last, last, :3].astype(int)
        middle = tile[upsamplers.TILE // 2, upsamplers.TILE // 2]
        assert middle[0] > middle[2] + 50  # orange: far above 0
        assert not (tile[-1] == 255).all()
        assert not (tile[:, -1] == 255).all()


@pytest.mark.parametrize("place", [0, 100])
@pytest.mark.parametrize("factor", [2, 7, 8])
def test_every_zoom_place_is_drawn(factor, place):
    assert alt_text(upsamplers.draw_upsamplers("page", factor, place, place))


def test_psnr_of_equal_pictures_is_infinite():
    assert upsamplers.psnr(np.ones((2, 2)), np.ones((2, 2))) == np.inf


def test_an_unknown_method_is_explained():
    with pytest.raises(ValueError, match="method must be one of nearest, bilinear, cubic"):
        upsamplers.enlarged("cat", 2, "magic")
