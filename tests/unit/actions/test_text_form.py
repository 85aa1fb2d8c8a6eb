"""docs/actions-format.md §6: a plan as a person writes it."""

from __future__ import annotations

import pytest

from placet.actions import TableType, TextInvalid, check, make_catalogue, plan_of, read_text, text_of

READ = {"action": "read", "file": "sales.csv"}
WHERE = {"action": "filter_rows", "table": 1, "where": [{"column": "year", "op": ">=", "value": 2020}]}
MEAN = {
    "action": "aggregate",
    "table": 2,
    "by": ["region"],
    "column": "price",
    "how": "mean",
    "name": "mean price",
}
TOP = {"action": "top", "table": 3, "column": "mean price", "count": 5}
BAR = {"action": "bar", "table": 4, "x": "region", "y": "mean price"}


def test_the_short_query_of_the_page_is_five_steps() -> None:
    """§6.1."""
    text = "MEAN price BY region WHERE year >= 2020 TOP 5 BAR"
    assert read_text(text, ["sales.csv"]) == plan_of([READ, WHERE, MEAN, TOP, BAR])
    assert text_of(plan_of([READ, WHERE, MEAN, TOP, BAR]), ["sales.csv"]) == text


def test_the_lines_of_the_page_are_three_steps() -> None:
    """§6.1."""
    text = (
        'read file="sales.csv"\nfilter_rows table=1 where=[year >= 2020]\n'
        'aggregate table=2 by=[region] column=price how=mean name="mean price"\n'
    )
    assert read_text(text) == plan_of([READ, WHERE, MEAN])


@pytest.mark.parametrize(
    "text",
    [
        "COUNT",
        "COUNT BY region",
        "COUNT price AS n BY region",
        "MAX price",
        "FROM costs.csv SUM cost BY region PIE",
        'FROM "the costs.csv" STD "unit cost" AS spread BY region, "BY" BOTTOM 3 LINE',
        'MEDIAN price BY region WHERE region in [N, "S 1"] AND sold missing AND paid = true BAR',
        "MIN price BY region WHERE name starts with A AND name not in [B]",
        "DISTINCT region AS regions BY year PIE",
        "DISTINCT region WHERE price not in [1, 2.5, -3] AND sold > \"2024-02-29\"",
        "SUM price BY region, year BAR",
    ],
)  # fmt: skip
def test_a_query_is_written_as_it_was_read(text: str) -> None:
    """§6.4."""
    assert text_of(read_text(text, ["sales.csv"]), ["sales.csv"]) == text


TABLE = TableType.of(
    {"region": "text", "year": "number", "price": "number", "sold": "date", "paid": "boolean"}
)


@pytest.mark.parametrize("verb", ["MEAN", "SUM", "MEDIAN", "MIN", "MAX", "STD", "DISTINCT", "COUNT"])
@pytest.mark.parametrize(
    "rest", ["", " BY region", ' AS x BY year, region WHERE sold > "2024-01-31" TOP 3 BAR']
)
def test_each_verb_stands_for_built_in_actions_that_fit(verb: str, rest: str) -> None:
    """§6.1: with groups and without, in the order measure, top, chart."""
    inputs = {"sales.csv": TABLE}
    for chart in ("",) if not rest.endswith("BAR") else ("", " LINE", " TABLE"):
        text = f"{verb} price{rest}".removesuffix(" BAR" if chart else "") + chart
        plan = read_text(text, inputs)
        assert check(plan, make_catalogue(), inputs) == ()
    assert check(read_text(f"{verb} price BY region PIE", inputs), make_catalogue(), inputs) == ()


def test_rows_are_counted_without_a_column() -> None:
    inputs = {"sales.csv": TABLE}
    for text in ("COUNT", "COUNT BY region", "COUNT BY region, paid BAR", "DISTINCT region BY year"):
        assert check(read_text(text, inputs), make_catalogue(), inputs) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "average price per region, as a bar chart",
        "MEAN price please",
        "mean price BY region",
        "MEAN price BY region\nMEAN price BY year",
        "MEAN price TOP 5",
        "MEAN price BY a, b, c BAR",
        "MEAN price BY region WHERE year",
        "MEAN price BY region TOP five",
        "MEAN price WHERE year >= 2020 BY region",
        "FROM sales.csv price",
        "read file=sales.csv file=costs.csv",
        "read file=[sales.csv",
        'read file="sales',
        "read file=sales.csv; drop table",
        "filter table=1 where=[year >= ]",
        "read file=" + "x" * 70_000,
        "show x = 007",
        "MEAN price BY region TOP 05",
        "read file=\u0663",
        "read file=" + "9" * 5000,
        "read file=" + "[" * 8000,
    ],
)
def test_what_is_not_wholly_a_plan_is_none(text: str) -> None:
    """§6.3."""
    with pytest.raises(TextInvalid):
        read_text(text, ["sales.csv"])


def test_a_query_without_from_needs_exactly_one_input() -> None:
    """§6.2."""
    with pytest.raises(TextInvalid, match="FROM"):
        read_text("MEAN price", ["a.csv", "b.csv"])
    with pytest.raises(TextInvalid, match="FROM"):
        read_text("MEAN price")


def test_a_plan_that_no_query_says_is_written_in_lines() -> None:
    """§6.4: other table, other name of a group, an action that no verb stands for."""
    for steps in (
        [READ, WHERE, {**MEAN, "table": 1}],
        [READ, WHERE, MEAN, {**TOP, "column": "region"}],
        [READ, WHERE, MEAN, {**BAR, "table": 3, "title": "by region"}],
        [
            {
                "action": "missing",
                "in": "true",
                "with": ["null", "a b", 'q"', "\n\u2028", "MEAN", "", 1.5, False],
            }
        ],
    ):
        text = text_of(plan_of(steps), ["sales.csv"])
        assert text.count("\n") == len(steps) - 1
        assert read_text(text, ["sales.csv"]) == plan_of(steps)
