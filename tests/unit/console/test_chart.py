"""Bars are as long as their figures, and the table says the same."""

from __future__ import annotations

import pytest

from audit_svc.console.chart import Bar, Chart, Series, count, duration, percent

GOOD, BAD = Series("allowed", "good"), Series("denied", "bad")


def chart(*bars: Bar) -> Chart:
    return Chart("Verdicts", (GOOD, BAD), bars, count)


def test_bars_stack_from_the_bottom_and_the_highest_fits() -> None:
    made = chart(Bar("mon", (30, 10)), Bar("tue", (0, 0)), Bar("wed", (0, 5)))
    assert made.top == 50
    assert [(r.look, r.y, r.height) for r in made.columns] == [
        ("good", 40, 60),
        ("bad", 20, 20),
        ("bad", 90, 10),
    ]
    assert all(r.x >= 0 and r.x + r.width <= 100 for r in made.columns)


def test_a_row_is_drawn_from_the_left_on_the_same_scale() -> None:
    bar = Bar("shop", (10, 10))
    assert [(r.x, r.width) for r in chart(Bar("all", (50, 0)), bar).row(bar)] == [(0, 20), (20, 20)]


def test_nothing_is_no_chart() -> None:
    assert chart().empty
    assert chart(Bar("mon", (0, 0))).empty
    assert chart(Bar("mon", (0, 0))).columns == []


def test_the_table_has_every_bar_with_something_in_it() -> None:
    made = chart(Bar("mon", (1234, 0)), Bar("tue", (0, 0)))
    assert [(bar.label, made.cells(bar)) for bar in made.told] == [("mon", ("1,234", "0"))]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.0123, "12 ms"),
        (3.44, "3.4 s"),
        (45, "45 s"),
        (600, "10 min"),
        (18_000, "5.0 h"),
        (259_200, "3 days"),
    ],
)
def test_durations_are_written_in_the_unit_that_people_use(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_a_share_of_nothing_is_a_dash() -> None:
    assert (percent(None), percent(0.125)) == ("–", "12.5 %")
