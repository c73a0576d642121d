"""The slider's values, limits and errors; its keys and name are tried in tests/browser."""

import numpy as np
import pytest

from course_utils.widgets.slider import Slider


def test_whole_limits_give_whole_values():
    slider = Slider("Shift", 0, 16, value=3)
    slider.value = 7.0  # as JSON may bring it
    assert slider.value == 7
    assert type(slider.value) is int


def test_a_fractional_step_gives_floats():
    slider = Slider("Threshold", 0, 1, 0.05, value=0.5)
    slider.value = 1
    assert type(slider.value) is float


@pytest.mark.parametrize(("step", "decimals"), [(1, 0), (10, 0), (0.1, 1), (0.25, 2), (0.001, 3)])
def test_as_many_digits_are_shown_as_the_step_has(step, decimals):
    assert Slider("x", 0, 100, step).decimals == decimals


def test_it_starts_at_the_minimum_and_stays_within_limits():
    slider = Slider("Shift", 2, 16)
    assert slider.value == 2
    slider.value = 99
    assert slider.value == 16
    slider.value = -99
    assert slider.value == 2


def test_numpy_limits_are_whole_too():
    assert type(Slider("Class", np.int64(0), np.int64(4), np.int64(1)).value) is int


def test_observers_hear_each_new_value_once():
    slider, heard = Slider("Shift", 0, 16), []
    slider.observe(lambda change: heard.append(change.new), "value")
    for value in (1, 2, 2, 3):
        slider.value = value
    assert heard == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 0, 1), "needs a label, got an empty one"),
        (("x", 1, 1), "minimum must be below its maximum, got 1 and 1"),
        (("x", 0, float("nan")), "minimum must be below its maximum, got 0 and nan"),
        (("x", 0, 1, 0), "step must be positive, got 0"),
        (("x", 0, 1, 0.1, 2), r"value must lie in \[0, 1\], got 2"),
    ],
)
def test_a_senseless_slider_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Slider(*arguments)
