"""The tables of docs/SCALING.md follow from the costs at its head: whoever changes one learns of the rest."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "SCALING.md").read_text()
BUSY = 0.6
NAMES = {"executor, front and sandbox together": "executor", "together": "processors"}


def table(head: str) -> list[list[str]]:
    """The rows of the table whose first line begins so."""
    rows = PAGE[PAGE.index(head) :].split("\n\n", 1)[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [cells[0], *cells[2:]]


def number(text: str) -> float:
    return float(text.replace(",", ""))


def costs(column: int) -> dict[str, float]:
    """Seconds of processor time by service, and of all."""
    _, *rows = table("| processor time of one request")
    return {NAMES.get(row[0], row[0]): number(row[column]) / 1000 for row in rows}


@pytest.mark.parametrize(("column", "head"), [(1, "| Solves a second |"), (2, "| runs a second |")])
def test_processors_are_the_rate_times_the_cost_over_how_busy_they_may_be(column: int, head: str) -> None:
    cost = costs(column)
    names, *rows = table(head)
    for row in rows:
        rate = number(row[0])
        for name, told in zip(names[1:-1], row[1:-1], strict=True):
            step = 10.0 ** -len(told.partition(".")[2])
            assert abs(rate * cost[name] / BUSY - number(told)) <= step / 2 + 1e-6, (rate, name)


@pytest.mark.parametrize(("column", "head"), [(1, "| Solves a second |"), (2, "| runs a second |")])
def test_a_log_takes_what_one_process_can(column: int, head: str) -> None:
    """Its leader is one process on one processor, so no number of replicas changes it."""
    rate_of_one = math.floor(BUSY / costs(column)["audit"])
    assert f"rate ÷ {rate_of_one} (0.6" in PAGE or f"Logs = rate ÷ {rate_of_one}" in PAGE
    for row in table(head)[1:]:
        assert number(row[-1]) == math.ceil(number(row[0]) / rate_of_one)


def test_all_together_is_the_sum() -> None:
    for column in (1, 2):
        found = costs(column)
        assert found.pop("processors") == pytest.approx(sum(found.values()))


def test_what_a_million_costs_is_its_parts_times_their_prices() -> None:
    processors, log, model = (row[1:] for row in table("| | amount | price |")[1:])
    hours = costs(1)["processors"] * 1e6 / BUSY / 3600
    gib = 16 * 1024 * 1e6 / 2**30
    assert f"= {hours:.0f} hours" in processors[0]
    assert number(processors[1]) == pytest.approx(hours * 0.04, abs=0.005)
    assert f"= {gib:.1f} GiB" in log[0]
    assert number(log[1]) == pytest.approx(2 * gib * 0.10, abs=0.005)
    tokens = number(re.search(r"([\d,]+) tokens ×", model[0])[1])  # type: ignore[index]
    assert tokens == pytest.approx(9800 / 3.5)
    assert number(model[1]) == pytest.approx(tokens * 0.15)
