"""The cost that lessons print: what is called, how often, and the middle of it."""

import pytest

from course_utils import timing


def test_the_median_forgives_a_disturbed_call(monkeypatch):
    now = iter([0.0, 0.010, 1.0, 1.900, 2.0, 2.012])  # 10 ms, 900 ms, 12 ms
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(now))
    assert timing.milliseconds(len, "abc", repeats=3) == pytest.approx(12)


def test_the_first_call_is_not_counted_and_arguments_are_handed_on():
    calls = []
    timing.milliseconds(lambda *given: calls.append(given), 1, "two", repeats=4)
    assert calls == 5 * [(1, "two")]


def test_no_repeats_are_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        timing.milliseconds(len, "abc", repeats=0)
