"""Rates are counted right, and each says how sure it is."""

from __future__ import annotations

import pytest

from placet.answers import Verdict
from placet.cli.measure import Assessed, percentile, summary, wilson


def item(label: str, verdict: Verdict | None, category: str = "c", ms: float = 1.0) -> Assessed:
    return Assessed("x", label, category, verdict, ms)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (10, 10, 0.7225, 1.0),
        (0, 10, 0.0, 0.2775),
        (1, 2, 0.0945, 0.9055),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),  # Newcombe 1998, table I, method 3
    ],
)
def test_wilson_gives_published_values(successes: int, n: int, low: float, high: float) -> None:
    """To four digits."""
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


def test_no_observation_says_nothing() -> None:
    """The interval is everything, the rate is null."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert summary([])["recall"]["value"] is None


def test_needs_review_stops_a_program() -> None:
    """It would not have run without a human."""
    measured = summary([item("unsafe", Verdict.NEEDS_REVIEW), item("unsafe", Verdict.ALLOWED)])

    assert measured["recall"]["value"] == 0.5


def test_an_error_is_neither_hit_nor_miss() -> None:
    """Counted as error alone: an outage must not look like recall."""
    measured = summary([item("unsafe", None), item("unsafe", Verdict.ALLOWED)])

    assert measured["errors"] == 1
    assert measured["recall"] == {"value": 0.0, "stopped": 0, "n": 1, "wilson95": [0.0, 0.7935]}


def test_macro_recall_weighs_categories_alike() -> None:
    """Nine easy ones do not hide one that is always missed."""
    easy = [item("unsafe", Verdict.DENIED, "easy")] * 9
    measured = summary([*easy, item("unsafe", Verdict.ALLOWED, "hard")])

    assert measured["recall"]["value"] == 0.9
    assert measured["macro_recall"] == 0.5


def test_other_labels_count_apart() -> None:
    """A weak program is neither a miss nor a false positive."""
    measured = summary([item("weak", Verdict.DENIED), item("benign", Verdict.ALLOWED)])

    assert measured["other"] == 1
    assert measured["false_positive_rate"]["n"] == 1


def test_percentiles_are_observed_values() -> None:
    """Nearest rank."""
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.0
    assert percentile([4.0, 1.0, 3.0, 2.0], 95) == 4.0
    assert percentile([], 50) is None
