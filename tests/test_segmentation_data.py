"""Data sets as lists: items, subsets, sizes, arrays and frequencies, from memory and from files."""

import numpy as np
import pytest

from course_utils.datasets.segmentation_data import Item, SegmentationData, from_arrays

LOOKS = {"class_names": ["background", "dot", "line"], "palette": [(0, 0, 0), (9, 9, 9), (5, 5, 5)]}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    label_maps = rng.integers(0, 3, (6, 8, 10), dtype=np.uint8)
    label_maps[:, 0] = 255
    instance_maps = rng.integers(0, 400, (6, 8, 10)).astype(np.int32)
    return rng.integers(0, 256, (6, 3, 8, 10), dtype=np.uint8), label_maps, instance_maps


@pytest.fixture
def in_memory(arrays):
    return from_arrays("dots", "train", *arrays, **LOOKS)


@pytest.fixture
def of_unlike_sizes():
    """A set that is read item by item; `reads` counts how often."""
    reads = []

    def read(key):
        reads.append(key)
        rows, columns = key
        return Item(np.full((3, *key), rows, np.uint8), np.full(key, columns % 3, np.uint8))

    data = SegmentationData(
        "sheets", "val", [(4, 6), (8, 5), (4, 6)], read, has_instances=False, **LOOKS
    )
    return data, reads


def test_it_is_a_list_of_items(in_memory, arrays):
    assert (in_memory.name, in_memory.part, len(in_memory)) == ("dots", "train", 6)
    assert (in_memory.num_classes, in_memory.ignore_index) == (3, 255)
    assert in_memory.class_names == ("background", "dot", "line")
    assert in_memory.palette.dtype == np.uint8
    assert in_memory.has_instances
    items = list(in_memory)
    assert len(items) == 6
    for number, item in enumerate(items):
        for array, expected in zip(
            (item.image, item.label_map, item.instance_map), arrays, strict=True
        ):
            np.testing.assert_array_equal(array, expected[number])
            assert array.dtype == expected.dtype
    np.testing.assert_array_equal(in_memory[-1].image, arrays[0][5])
    np.testing.assert_array_equal(in_memory[-6].image, arrays[0][0])


@pytest.mark.parametrize("number", [6, -7])
def test_a_number_too_far_is_an_index_error(in_memory, number):
    with pytest.raises(IndexError):
        in_memory[number]
    with pytest.raises(IndexError):
        in_memory.take([0, number])


def test_writing_to_an_item_harms_nobody(in_memory, arrays):
    in_memory[0].image[:] = 0
    in_memory[0].label_map[:] = 0
    in_memory.arrays()[2][:] = 0
    np.testing.assert_array_equal(in_memory[0].image, arrays[0][0])
    np.testing.assert_array_equal(in_memory[0].label_map, arrays[1][0])
    np.testing.assert_array_equal(in_memory[0].instance_map, arrays[2][0])


def test_take_picks_items_and_counts_anew(in_memory, arrays):
    in_memory.class_frequencies()
    taken = in_memory.take([4, 0, 4])
    assert len(taken) == 3
    for array, expected in zip(taken.arrays(), arrays, strict=True):
        np.testing.assert_array_equal(array, expected[[4, 0, 4]])
    counted = arrays[1][[4, 0, 4]]
    shares = np.bincount(counted[counted < 255], minlength=3) / (counted < 255).sum()
    np.testing.assert_allclose(taken.class_frequencies(), shares)
    assert len(in_memory) == 6
    assert len(in_memory.take([])) == 0


def test_frequencies_leave_void_out(in_memory, arrays):
    counted = arrays[1][arrays[1] < 255]
    expected = np.bincount(counted, minlength=3) / counted.size
    np.testing.assert_allclose(in_memory.class_frequencies(), expected)
    assert in_memory.class_frequencies().dtype == np.float64
    in_memory.class_frequencies()[:] = 0
    np.testing.assert_allclose(in_memory.class_frequencies(), expected)


def test_frequencies_are_counted_once(of_unlike_sizes):
    data, reads = of_unlike_sizes
    np.testing.assert_allclose(data.class_frequencies(), [48 / 88, 0, 40 / 88])
    data.class_frequencies()
    assert len(reads) == 3


def test_frequencies_are_known_once_all_were_read(in_memory):
    before = in_memory.class_frequencies()
    data = in_memory.take(range(6))
    data.arrays()
    data._read = None  # nothing is read any more
    np.testing.assert_array_equal(data.class_frequencies(), before)


def test_frequencies_of_nothing_but_void_are_nan():
    void = np.full((2, 4, 4), 255, np.uint8)
    data = from_arrays("void", "train", np.zeros((2, 3, 4, 4), np.uint8), void, **LOOKS)
    assert np.isnan(data.class_frequencies()).all()


def test_a_label_out_of_range_is_found():
    labels = np.full((2, 4, 4), 3, np.uint8)
    data = from_arrays("dots", "train", np.zeros((2, 3, 4, 4), np.uint8), labels, **LOOKS)
    with pytest.raises(ValueError, match=r"must hold 0 to 2 or 255, found \[3\]"):
        data.class_frequencies()


def test_pictures_of_unlike_sizes_need_a_size(of_unlike_sizes):
    data, _ = of_unlike_sizes
    with pytest.raises(ValueError, match=r"got \(4, 6\) and, at number 1, \(8, 5\). Give size="):
        data.arrays()
    images, label_maps, instance_maps = data.arrays(size=(6, 6))
    assert images.shape == (3, 3, 6, 6)
    assert [int(m.max()) for m in label_maps] == [0, 2, 0]
    assert instance_maps is None


def test_resized_items_are_resized_when_read(of_unlike_sizes, in_memory):
    data, reads = of_unlike_sizes
    resized = data.resized((2, 3)).take([1])
    assert reads == []
    assert resized[0].image.shape == (3, 2, 3)
    assert resized[0].instance_map is None
    assert data[1].image.shape == (3, 8, 5)
    small = in_memory.resized((4, 5))
    assert small[2].instance_map.dtype == np.int32
    assert set(np.unique(small[2].instance_map)) <= set(np.unique(in_memory[2].instance_map))


def test_an_empty_part_has_no_arrays(in_memory):
    with pytest.raises(ValueError, match="has no pictures"):
        in_memory.take([]).arrays()


def test_what_does_not_fit_together_is_refused(arrays):
    images, label_maps, instance_maps = arrays
    with pytest.raises(ValueError, match="Colours come first"):
        from_arrays("dots", "train", images.transpose(0, 2, 3, 1), label_maps, **LOOKS)
    with pytest.raises(ValueError, match="maps"):
        from_arrays("dots", "train", images, label_maps, instance_maps[:3], **LOOKS)
    with pytest.raises(ValueError, match="one colour for each class, got"):
        from_arrays("dots", "train", images, label_maps, class_names=["a"], palette=[(0, 0, 0)] * 2)


def test_it_says_what_it_is(in_memory):
    assert repr(in_memory) == "<dots train: 6 pictures, 3 classes>"
