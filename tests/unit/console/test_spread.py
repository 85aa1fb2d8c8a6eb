"""Percentiles of many durations from few numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit_svc.console.spread import LEAST_S, Spread

SECONDS = st.floats(min_value=LEAST_S, max_value=1e6)


def spread(*seconds: float) -> Spread:
    made = Spread()
    for each in seconds:
        made.add(each)
    return made


@given(st.lists(SECONDS, min_size=1, max_size=50), st.sampled_from([50, 95]))
def test_a_percentile_is_right_to_within_an_eighth(seconds: list[float], percent: int) -> None:
    found = spread(*seconds).percentile(percent)
    exact = sorted(seconds)[max(0, -(-len(seconds) * percent // 100) - 1)]
    assert found is not None
    assert exact / 1.125 <= found <= exact * 1.125


@given(st.lists(SECONDS), st.lists(SECONDS))
def test_spreads_add_up_to_the_spread_of_all(one: list[float], other: list[float]) -> None:
    both, whole = Spread.of([spread(*one), spread(*other)]), spread(*one, *other)
    assert both.number == whole.number == len(one) + len(other)
    assert both.percentile(95) == whole.percentile(95)


def test_a_sample_stands_for_its_share() -> None:
    made = Spread()
    made.add(1, weight=1)
    made.add(100, weight=99)
    assert round(made.percentile(50) or 0) in range(90, 112)


def test_of_nothing_there_is_no_percentile() -> None:
    assert Spread().percentile(50) is None
