"""Pictures: what is drawn (values, colours, limits), what is named, what is said in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from test_labels import VISIONS, smallest_distance

from course_utils import drawing
from course_utils.figures import alt_text, new_figure
from course_utils.labels import IGNORE_INDEX, display_palette
from course_utils.plotting import (
    OUTCOME_COLOURS,
    OUTCOMES,
    compare,
    show_confusion_matrix,
    show_error_map,
    show_image,
    show_instances,
    show_label_map,
    show_overlay,
)

CLASSES = ("background", "cat", "dog")
PHOTO = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
LABELS = np.array([[0, 0, 1, 1, 2], [0, 255, 1, 1, 2], [0, 255, 255, 0, 2], [0, 0, 0, 0, 0]])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def drawn(ax, number=-1):
    """Colours of a picture as drawn, uint8, shape (H, W, 4); nothing drawn has alpha 0."""
    image = ax.images[number]
    assert image.get_interpolation() == "nearest"
    array = image.get_array()
    return array if array.ndim == 3 else image.to_rgba(array, bytes=True)


def legend_of(ax):
    """Entries of the legend: label -> colour, or "hatched"."""
    legend = ax.get_legend()
    if legend is None:
        return {}
    return {
        text.get_text(): "hatched" if patch.get_hatch() else to_rgb(patch.get_facecolor())
        for text, patch in zip(legend.get_texts(), legend.get_patches(), strict=True)
    }


def hatched(ax, shape):
    """Which pixels of a picture are hatched, shape (H, W)."""
    areas = [patch for patch in ax.patches if patch.get_hatch()]
    rows, columns = np.indices(shape)
    centres = np.stack([columns.ravel(), rows.ravel()], axis=1)
    inside = np.zeros(len(centres), dtype=bool)
    for area in areas:
        inside |= np.array([area.get_path().contains_point(centre) for centre in centres])
    return inside.reshape(shape)


def outlines(ax):
    """Ends of the strokes between regions, (x, y), as a set of two-point tuples."""
    paths = [patch.get_path() for patch in ax.patches if not patch.get_fill()]
    strokes = [tuple(map(tuple, path.vertices.reshape(-1, 2, 2).tolist())) for path in paths]
    return [{tuple(map(tuple, stroke)) for stroke in path} for path in strokes]


# ---- every function ----

DRAWN = {
    "image": lambda ax: show_image(PHOTO, ax, "title"),
    "label map": lambda ax: show_label_map(LABELS, ax, class_names=CLASSES, title="title"),
    "overlay": lambda ax: show_overlay(PHOTO, LABELS, ax, class_names=CLASSES, title="title"),
    "instances": lambda ax: show_instances(LABELS % 255, ax, title="title"),
    "errors": lambda ax: show_error_map(LABELS, LABELS, ax, title="title"),
    "table": lambda ax: show_confusion_matrix(np.eye(3), CLASSES, ax, title="title"),
}


@pytest.mark.parametrize("name", DRAWN)
def test_draws_where_it_is_told(name):
    figure, axes = new_figure(1, 2)
    before = plt.get_fignums()
    ax = DRAWN[name](axes[0, 1])
    assert ax is axes[0, 1]
    assert not axes[0, 0].has_data()
    assert ax.get_title() == "title"
    assert plt.get_fignums() == before
    assert alt_text(figure).startswith("title: ")
    assert alt_text(figure).endswith(".")


@pytest.mark.parametrize("name", DRAWN)
def test_draws_on_a_new_figure_and_does_not_show_it(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_: pytest.fail("plt.show was called"))
    first, second = DRAWN[name](None), DRAWN[name](None)
    assert first.figure is not second.figure
    assert plt.get_fignums() == [first.figure.number, second.figure.number]


@pytest.mark.parametrize("name", [name for name in DRAWN if name != "table"])
def test_pixels_are_square_and_unlabelled(name):
    ax = DRAWN[name](None)
    assert ax.get_aspect() == 1
    assert not ax.xaxis.get_visible()
    assert not ax.yaxis.get_visible()
    assert all(image.get_extent() == [-0.5, 4.5, 3.5, -0.5] for image in ax.images)


@pytest.mark.parametrize("name", DRAWN)
def test_tensors_are_drawn_like_arrays(name, monkeypatch):
    from_arrays = DRAWN[name](None)
    for array in ("PHOTO", "LABELS"):
        monkeypatch.setitem(globals(), array, torch.from_numpy(globals()[array]))
    from_tensors = DRAWN[name](None)
    np.testing.assert_array_equal(drawn(from_arrays), drawn(from_tensors))
    assert alt_text(from_arrays.figure) == alt_text(from_tensors.figure)


# ---- images ----


@pytest.mark.parametrize(
    ("image", "brightest", "words"),
    [
        (
            np.full((2, 3), 51, np.uint8),
            255,
            "Grey image, 2 rows by 3 columns, mean value 51 of 255",
        ),
        (np.full((2, 3), 0.2), 1, "Grey image, 2 rows by 3 columns, mean value 0.2 of 1"),
        (
            np.array([[True, False]]),
            1,
            "Mask, 1 row by 2 columns: 50.0 % of the pixels are inside",
        ),
    ],
)
def test_grey_is_drawn_over_its_whole_range(image, brightest, words):
    ax = show_image(image)
    assert ax.images[0].get_clim() == (0, brightest)
    np.testing.assert_array_equal(drawn(ax)[..., 0], np.round(image / brightest * 255))
    assert alt_text(ax.figure) == f"{words}."


@pytest.mark.parametrize("image", [PHOTO, PHOTO / 255])
def test_colours_are_drawn_as_they_are(image):
    ax = show_image(image)
    np.testing.assert_array_equal(ax.images[0].get_array(), image)
    assert "Colour image, 4 rows by 5 columns, mean value" in alt_text(ax.figure)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            np.zeros((3, 8, 9)),
            r"\(H, W\) or \(H, W, 3\), got \(3, 8, 9\)\. Move .*moveaxis\(image, 0",
        ),
        (np.zeros((8, 9, 4)), r"got \(8, 9, 4\)\. Drop the alpha channel"),
        (np.zeros((1, 8, 9)), r"got \(1, 8, 9\)\. Drop the axis of length 1"),
        (np.zeros((2, 8, 9, 3)), r"got \(2, 8, 9, 3\)\. Pick one picture"),
        (
            np.zeros((8, 9), dtype=int),
            r"uint8 .* float .* bool, got int64\. Class indices: show_label",
        ),
        (np.full((8, 9), 255.0), r"in \[0, 1\], got 255 to 255\. Divide grey levels by 255"),
        (np.full((8, 9), -0.1), r"in \[0, 1\], got -0\.1 to -0\.1\."),
        (np.full((8, 9), np.nan), r"in \[0, 1\], got nan to nan\."),
    ],
)
def test_what_is_no_image(image, message):
    with pytest.raises(ValueError, match=message):
        show_image(image)


# ---- label maps ----


def test_each_class_has_its_colour_and_void_none():
    ax = show_label_map(LABELS, class_names=CLASSES)
    void = LABELS == IGNORE_INDEX
    colours = drawn(ax)
    np.testing.assert_array_equal(colours[~void][:, :3], display_palette(3)[LABELS[~void]])
    assert (colours[void][:, 3] == 0).all()
    np.testing.assert_array_equal(hatched(ax, LABELS.shape), void)
    assert ax.images[0].get_clim() == (-0.5, 2.5)


def test_a_colour_does_not_depend_on_the_classes_present():
    ax = show_label_map(np.full((2, 2), 2), class_names=CLASSES)
    assert (drawn(ax)[..., :3] == display_palette(3)[2]).all()
    assert legend_of(ax) == {"dog": tuple(display_palette(3)[2] / 255)}
    assert not hatched(ax, (2, 2)).any()


def test_legend_names_the_classes_that_are_present():
    assert legend_of(show_label_map(LABELS, class_names=CLASSES)) == {
        **{
            name: tuple(colour / 255)
            for name, colour in zip(CLASSES, display_palette(3), strict=True)
        },
        "void (not scored)": "hatched",
    }
    assert list(legend_of(show_label_map(LABELS))) == [
        "class 0", "class 1", "class 2", "void (not scored)",
    ]  # fmt: skip
    assert list(legend_of(show_label_map(LABELS == 1))) == ["outside the mask", "in the mask"]
    assert legend_of(show_label_map(LABELS, legend=False)) == {}


def test_shares_in_words():
    figure = show_label_map(LABELS, class_names=CLASSES).figure
    assert alt_text(figure) == (
        "Label map, 4 rows by 5 columns: background 50.0 %, cat 20.0 %, dog 15.0 %, "
        "void (not scored) 15.0 %."
    )
    rare = np.zeros((100, 100), dtype=int)
    rare[0, 0] = 1
    assert "class 0 99.99 %" not in alt_text(show_label_map(rare).figure)
    assert "class 1 under 0.1 %" in alt_text(show_label_map(rare).figure)
    assert "class 0 100 %" in alt_text(show_label_map(rare * 0).figure)


def test_a_palette_of_ones_own():
    palette = np.array([(1, 2, 3), (4, 5, 6), (7, 8, 9)], dtype=np.uint8)
    ax = show_label_map(LABELS, palette=palette)
    assert drawn(ax)[0, 4, :3].tolist() == [7, 8, 9]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_all_colours_at_once(dtype):
    label_map = np.arange(21, dtype=dtype).reshape(3, 7)
    ax = show_label_map(label_map)
    np.testing.assert_array_equal(drawn(ax)[..., :3], display_palette(21)[label_map])


@pytest.mark.parametrize(
    ("label_map", "options", "message"),
    [
        (LABELS, {"class_names": CLASSES[:2]}, r"name and a colour: got 2 .* 0 to 1, .* holds 2\."),
        (LABELS, {"palette": display_palette(2)}, r"got 2 of them, .* holds 2\. Name every class"),
        (
            LABELS,
            {"class_names": CLASSES, "palette": display_palette(4)},
            r"one name for each of the 4 classes, got 3\. Name every class",
        ),
        (LABELS, {"palette": np.zeros((3, 4))}, r"uint8 of shape \(C, 3\).*got float64 \(3, 4\)\."),
        (np.full((2, 2), -1), {"class_names": CLASSES}, r"class indices 0 to 2 .* found -1"),
        (np.full((2, 2), 30), {}, r"num_classes must be 1 to 21, got 31\."),
        (LABELS[None], {}, r"label_map must have shape \(H, W\), got \(1, 4, 5\)\. Pick one"),
    ],
)
def test_what_is_no_label_map(label_map, options, message):
    with pytest.raises(ValueError, match=message):
        show_label_map(label_map, **options)


def test_probabilities_are_no_label_map():
    with pytest.raises(TypeError, match=r"label_map must hold integers .* got float64\."):
        show_label_map(np.zeros((2, 2)))


# ---- overlays ----


def test_overlay_tints_all_but_background():
    ax = show_overlay(PHOTO, LABELS, class_names=CLASSES, alpha=0.4)
    under, tint = ax.images
    np.testing.assert_array_equal(under.get_array(), PHOTO)
    assert tint.get_alpha() == 0.4
    shown = ~np.ma.getmaskarray(tint.get_array())
    np.testing.assert_array_equal(shown, (LABELS == 1) | (LABELS == 2))
    np.testing.assert_array_equal(hatched(ax, LABELS.shape), LABELS == IGNORE_INDEX)
    assert list(legend_of(ax)) == ["cat", "dog", "void (not scored)"]
    assert "Label map over its image, 4 rows by 5 columns: background 50.0 %" in alt_text(ax.figure)


def test_outlines_run_between_pixels():
    mask = np.zeros((4, 5), dtype=bool)
    mask[1:3, 2:4] = True
    under, over = outlines(show_overlay(PHOTO, mask))
    square = {
        ((1.5, 0.5), (3.5, 0.5)),
        ((1.5, 2.5), (3.5, 2.5)),
        ((1.5, 0.5), (1.5, 2.5)),
        ((3.5, 0.5), (3.5, 2.5)),
    }
    assert under == over == square


def test_outlines_of_void_are_those_of_background():
    label_map = np.array([[0, 255, 0, 1]])
    assert outlines(show_overlay(np.zeros((1, 4)), label_map))[0] == {((2.5, -0.5), (2.5, 0.5))}


def test_overlay_of_another_size():
    with pytest.raises(
        ValueError, match=r"size of its image, \(4, 5\), got \(2, 5\)\. Resize the map"
    ):
        show_overlay(PHOTO, LABELS[:2])


# ---- instances ----


def touching_squares(side, count):
    """A board of count x count squares, numbered from 1."""
    numbers = np.arange(1, count * count + 1).reshape(count, count)
    return np.kron(numbers, np.ones((side, side), dtype=int))


@pytest.mark.parametrize("count", [2, 6, 18])
def test_neighbours_differ_in_colour(count):
    board = touching_squares(3, count)
    board[board % 5 == 0] = 0
    colours = drawn(show_instances(board)).astype(int)
    for rows, columns in ((0, 1), (1, 0), (1, 1)):
        here, there = (slice(None, -rows or None), slice(None, -columns or None)), (
            slice(rows, None),
            slice(columns, None),
        )  # fmt: skip
        border = board[here] != board[there]
        assert (colours[here] != colours[there]).any(axis=-1)[border].all()
    for number in np.unique(board):
        assert len(np.unique(colours[board == number], axis=0)) == 1
    assert (colours[board == 0][:, :3] == display_palette(1)).all()
    assert (colours[board != 0][:, :3] != display_palette(1)).any(axis=1).all()


def test_objects_that_lie_near_differ_too():
    instance_map = np.zeros((90, 90), dtype=np.int32)
    for number, (row, column) in enumerate(np.ndindex(3, 3)):
        instance_map[row * 30 + 4 : row * 30 + 28, column * 30 + 4 : column * 30 + 28] = (
            1000 + number
        )
    colours = drawn(show_instances(instance_map))
    assert len(np.unique(colours[instance_map > 0], axis=0)) == 9


def test_more_than_255_objects_are_all_drawn():
    board = touching_squares(2, 18)
    ax = show_instances(board)
    assert len(np.unique(board)) == 324
    assert (drawn(ax)[..., 3] == 255).all()
    assert not hatched(ax, board.shape).any()
    assert "324 objects covering 100 % of the pixels" in alt_text(ax.figure)


@pytest.mark.parametrize(
    ("instance_map", "words"),
    [
        (np.zeros((4, 5), dtype=int), "0 objects covering 0 % of the pixels."),
        (np.eye(4, 5, dtype=np.int32) * 7, "1 object covering 20.0 % of the pixels."),
        (np.eye(4, 5, dtype=bool), "1 object covering 20.0 % of the pixels."),
        (np.array([[-1, 0, 3]]), "2 objects covering 66.7 % of the pixels."),
    ],
)
def test_objects_are_counted(instance_map, words):
    assert alt_text(show_instances(instance_map).figure).endswith(words)


def test_instances_over_an_image_with_numbers():
    instance_map = np.zeros((4, 5), dtype=int)
    instance_map[:2, :3], instance_map[3, 4] = 12, 5
    ax = show_instances(instance_map, image=PHOTO, numbers=True)
    assert {text.get_text(): text.get_position() for text in ax.texts} == {
        "12": (1, 0),
        "5": (4, 3),
    }
    shown = ~np.ma.getmaskarray(ax.images[1].get_array())
    np.testing.assert_array_equal(shown, instance_map > 0)
    with pytest.raises(ValueError, match=r"instance_map must have the size of its image, \(4, 5\)"):
        show_instances(instance_map[:2], image=PHOTO)


# ---- errors ----

TARGET = np.array([[1, 1, 1, 0, 0, 0, 255, 255]])
PREDICTION = np.array([[1, 1, 0, 1, 0, 0, 1, 0]])


def test_outcomes_have_their_colours_and_counts():
    ax = show_error_map(TARGET, PREDICTION)
    positive, false_positive, false_negative, negative = OUTCOME_COLOURS
    expected = [positive, positive, false_negative, false_positive, negative, negative]
    np.testing.assert_array_equal(drawn(ax)[0, :6, :3], expected)
    assert hatched(ax, (1, 8)).tolist() == [[False] * 6 + [True] * 2]
    assert legend_of(ax) == {
        "true positive: 2": tuple(positive / 255),
        "false positive: 1": tuple(false_positive / 255),
        "false negative: 1": tuple(false_negative / 255),
        "true negative: 2": tuple(negative / 255),
        "void (not scored): 2": "hatched",
    }
    assert alt_text(ax.figure) == (
        "Errors of class 1, 1 row by 8 columns. Pixels: true positive: 2, false positive: 1, "
        "false negative: 1, true negative: 2, void (not scored): 2."
    )


def test_colours_stay_when_outcomes_are_missing():
    ax = show_error_map(TARGET * 0, TARGET * 0)
    assert (drawn(ax)[..., :3] == OUTCOME_COLOURS[OUTCOMES.index("true negative")]).all()


def test_masks_and_named_classes():
    words = alt_text(show_error_map(TARGET == 1, PREDICTION == 1).figure)
    assert words.startswith("Errors of the mask, 1 row by 8 columns. Pixels: true positive: 2, ")
    words = alt_text(show_error_map(TARGET, PREDICTION, class_names=CLASSES).figure)
    assert words.startswith("Errors of cat, ")


def test_one_class_of_several():
    target, prediction = np.array([[0, 1, 2, 2]]), np.array([[2, 1, 2, 0]])
    ax = show_error_map(target, prediction, class_index=2, class_names=CLASSES)
    counts = [int(label.split(": ")[1]) for label in legend_of(ax)]
    assert dict(zip(OUTCOMES, counts, strict=True)) == {
        "true positive": 1,
        "false positive": 1,
        "false negative": 1,
        "true negative": 1,
    }
    assert alt_text(ax.figure).startswith("Errors of dog, ")


def test_several_classes_are_right_or_wrong():
    target, prediction = np.array([[0, 1, 2, 255]]), np.array([[0, 2, 2, 1]])
    ax = show_error_map(target, prediction)
    assert list(legend_of(ax)) == ["right: 2", "wrong: 1", "void (not scored): 1"]
    right, wrong = OUTCOME_COLOURS[:2]
    np.testing.assert_array_equal(drawn(ax)[0, :3, :3], [right, wrong, right])
    assert alt_text(ax.figure).startswith("Errors, 1 row by 4 columns. Pixels: right: 2, wrong: 1")


def test_error_map_without_legend_still_says_its_counts():
    ax = show_error_map(TARGET, PREDICTION, legend=False)
    assert legend_of(ax) == {}
    assert "true positive: 2" in alt_text(ax.figure)


def test_error_map_of_two_sizes():
    with pytest.raises(ValueError, match=r"same shape, got \(1, 8\) and \(1, 4\)\. Resize"):
        show_error_map(TARGET, PREDICTION[:, ::2])
    with pytest.raises(ValueError, match=r"prediction must have shape \(H, W\), got \(2, 1, 8\)"):
        show_error_map(TARGET, np.stack([PREDICTION, PREDICTION]))


@pytest.mark.parametrize("vision", VISIONS)
def test_every_eye_can_tell_the_outcomes_apart(vision):
    assert smallest_distance(OUTCOME_COLOURS, vision) > 30
    grey_hatching_on_white = [(128, 128, 128), (255, 255, 255)]
    assert smallest_distance([*OUTCOME_COLOURS[:3], *grey_hatching_on_white], vision) > 20


# ---- confusion matrices ----

TABLE = np.array([[900, 80, 20], [3, 1, 0], [0, 0, 0]])


def test_table_is_coloured_by_share_of_the_true_class():
    for normalise in (False, True):
        ax = show_confusion_matrix(TABLE, CLASSES, normalise=normalise)
        image = ax.images[0]
        assert image.get_clim() == (0, 1)
        np.testing.assert_allclose(
            image.get_array(), [[0.9, 0.08, 0.02], [0.75, 0.25, 0], [0, 0, 0]]
        )
        written = np.array([text.get_text() for text in ax.texts]).reshape(3, 3)
        expected = ["90%", "8%", "2%"] if normalise else ["900", "80", "20"]
        assert written[0].tolist() == expected
        positions = [text.get_position() for text in ax.texts]
        assert positions[1] == (1, 0), "column 1, row 0"


def test_table_says_which_way_it_is_read():
    ax = show_confusion_matrix(TABLE, CLASSES)
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")
    for axis in (ax.xaxis, ax.yaxis):
        assert [label.get_text() for label in axis.get_ticklabels()] == list(CLASSES)
    assert alt_text(ax.figure) == (
        "Confusion matrix of 3 classes. True background: 1,000 pixels, 90.0 % found; "
        "cat: 4 pixels, 25.0 % found; dog: no pixels."
    )


def test_numbers_in_cells_can_be_read():
    steps = np.linspace(0, 1, 41)
    for share in steps:
        plt.close("all")
        ax = show_confusion_matrix(np.array([[share, 1 - share], [0, 1]]))
        background = to_rgb(ax.images[0].to_rgba(share))
        assert contrast(background, to_rgb(ax.texts[0].get_color())) > 4.5


def contrast(first, second):
    """Contrast ratio of two colours (sRGB, 0 to 1) as WCAG 2 defines it, 1 to 21."""
    light = []
    for colour in (first, second):
        value = np.asarray(colour)
        linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
        light.append(linear @ [0.2126, 0.7152, 0.0722] + 0.05)
    return max(light) / min(light)


@pytest.mark.parametrize(
    ("table", "names", "message"),
    [
        (
            np.zeros((2, 3)),
            None,
            r"shape \(C, C\), counts of pixels, got shape \(2, 3\)\. Make one",
        ),
        (np.zeros((4, 2, 2)), None, r"got shape \(4, 2, 2\)\. .* sum the tables"),
        (-np.eye(2), None, r"must hold counts of pixels, got -1\. Draw one"),
        (TABLE, CLASSES[:2], r"one name for each of the 3 classes, got 2\."),
    ],
)
def test_what_is_no_table(table, names, message):
    with pytest.raises(ValueError, match=message):
        show_confusion_matrix(table, names)


# ---- side by side ----


def test_compare_draws_each_array_as_what_it_is():
    grey = np.array([[0, 200], [31, 7]], dtype=np.uint8)
    axes = compare(
        np.zeros((2, 2, 3), np.uint8), grey, grey / 255, grey > 9, np.array([[0, 2], [255, 1]]),
        class_names=CLASSES, titles=["photo", "grey", "float", "mask", "labels"],
    )  # fmt: skip
    assert axes.shape == (5,)
    kinds = [text.split(",")[0] for text in alt_text(axes[0].figure).split(": ")]
    assert kinds[1:5] == ["Colour image", "Grey image", "Grey image", "Mask"]
    assert alt_text(axes[0].figure).endswith(
        "labels: Label map, 2 rows by 2 columns: background 25.0 %, cat 25.0 %, dog 25.0 %, "
        "void (not scored) 25.0 %."
    )
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [*CLASSES, "void (not scored)"]
    assert not any(ax.get_legend() for ax in axes)


def test_compare_shares_colours_and_legend():
    axes = compare(np.zeros((2, 2), int), np.full((2, 2), 5), np.full((2, 2), 2))
    for ax, value in zip(axes, (0, 5, 2), strict=True):
        assert (drawn(ax)[..., :3] == display_palette(6)[value]).all()
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["class 0", "class 2", "class 5"]


def test_compare_on_given_axes():
    figure, grid = new_figure(1, 2)
    axes = compare(LABELS, PHOTO, axes=grid[0], class_names=CLASSES, legend=False)
    assert list(axes) == list(grid[0])
    assert figure.legends == []
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("pictures", "options", "message"),
    [
        (
            (PHOTO, PHOTO),
            {"titles": ["one"]},
            r"titles must have one entry .* 2 pictures, got 1\. Give 2",
        ),
        ((PHOTO,), {"axes": []}, r"axes must have one entry for each of the 1 pictures, got 0\."),
        ((), {}, r"compare needs pictures, got none\. Give it"),
        ((LABELS + 300,), {}, r"image must hold uint8 .* got int64\. Class indices"),
    ],
)
def test_what_cannot_be_compared(pictures, options, message):
    with pytest.raises(ValueError, match=message):
        compare(*pictures, **options)


def test_removed_axes_are_no_place_to_draw():
    ax = show_image(PHOTO)
    ax.remove()
    with pytest.raises(ValueError, match=r"ax must lie in a figure, got removed axes\. Make new"):
        drawing.root_figure(ax)
