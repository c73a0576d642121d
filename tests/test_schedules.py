"""Learning rates: where they start, how they fall, and that only the step's number matters."""

import math

import pytest

from course_utils.schedules import SCHEDULES, learning_rate


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 100])
@pytest.mark.parametrize("warmup", [0, 0.05, 0.5, 0.99])
def test_rates_are_positive_rise_then_never_rise_again(schedule, steps, warmup):
    rates = [
        learning_rate(step, steps, highest=0.3, schedule=schedule, warmup=warmup)
        for step in range(steps)
    ]
    top = rates.index(max(rates))
    assert all(0 < rate <= 0.3 for rate in rates)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_warm_up_ends_at_the_highest_rate():
    rates = [learning_rate(i, 20, highest=1.0, schedule="cosine", warmup=0.2) for i in range(6)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert rates[5] == pytest.approx((1 + math.cos(math.pi / 16)) / 2)


def test_poly_is_the_power_of_what_is_left():
    assert learning_rate(30, 40, highest=2.0, schedule="poly") == pytest.approx(2 * 0.25**0.9)


def test_constant_stays():
    assert learning_rate(99, 100, highest=0.1, schedule="constant") == 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"step": 10}, "step must be 0 to 9, got 10"),
        ({"step": -1}, "step must be 0 to 9, got -1"),
        ({"schedule": "linear"}, "one of poly, cosine, constant, got 'linear'"),
        ({"warmup": 1}, r"\[0, 1\), got 1"),
    ],
)
def test_what_is_no_schedule_is_refused(change, message):
    arguments = {"step": 0, "steps": 10, "highest": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        learning_rate(**arguments)
