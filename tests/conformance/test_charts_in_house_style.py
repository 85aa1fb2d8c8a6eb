"""Honest charts of pandas, matplotlib and seaborn: what they say survives the house style.

Compared by the artists in both figures, and by the ink that is there. All charts are drawn in one
process under the sandbox's interpreter; the real stages are tests/security/test_style_overridden.py's.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from placet.scope.style import read_style
from tests.conformance.sandbox_kit import PYTHON, ROOT

INSIDE = Path(__file__).with_name("charts_inside.py")
pytestmark = pytest.mark.timeout(600)  # all charts are drawn for the first of the tests

PERIODS = {"pandas_monthly"}
"""Whose axis counts periods, where the house's counts days."""
ACROSS = {"lines_on_dates": 2}
"""Lines across the axes, which the house draws as lines from side to side."""


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each chart shows as its library drew it (`was`) and in house style (`is`)."""
    directory = tmp_path_factory.mktemp("charts")
    style = directory / "style.json"
    style.write_bytes(read_style(None, {}).for_cell())
    done = subprocess.run(
        [str(PYTHON), str(INSIDE), str(directory), str(style), str(ROOT)],
        env={"MPLBACKEND": "Agg", "MPLCONFIGDIR": str(directory)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {found["name"]: found for found in map(json.loads, done.stdout.splitlines())}


def test_there_are_enough_charts_of_each_library(charts: dict[str, dict[str, Any]]) -> None:
    assert len(charts) >= 20
    for library in ("pandas_", "seaborn_"):
        assert sum(name.startswith(library) for name in charts) >= 5


def test_every_word_of_a_chart_is_in_its_house_figure(charts: dict[str, dict[str, Any]]) -> None:
    lost = {name: set(found["was"]["words"]) - set(found["is"]["words"]) for name, found in charts.items()}
    assert {name: words for name, words in lost.items() if words} == {}
    assert {"Mean price per region", "price (EUR)", "N", "S", "E", "W"} <= set(
        charts["pandas_bar"]["is"]["words"]
    )


def test_every_mark_of_a_chart_is_in_its_house_figure(charts: dict[str, dict[str, Any]]) -> None:
    for name, found in charts.items():
        was, now = found["was"]["marks"], found["is"]["marks"]
        assert was["shapes"] == now["shapes"], name
        for kind in ("lines", "bars", "points", "cells"):
            more = ACROSS.get(name, 0) if kind == "lines" else 0
            assert now[kind][0] - more == was[kind][0], (name, kind)
            assert more or now[kind][1] == pytest.approx(was[kind][1], rel=1e-6, abs=1e-6), (name, kind)


def test_axes_keep_their_limits(charts: dict[str, dict[str, Any]]) -> None:
    for name, found in charts.items():
        was, now = found["was"]["limits"], found["is"]["limits"]
        if name in PERIODS:
            was, now = [axes[2:] for axes in was], [axes[2:] for axes in now]
        assert [pytest.approx(axes, rel=1e-6) for axes in was] == now, name


def test_nothing_of_an_honest_chart_is_left_out(charts: dict[str, dict[str, Any]]) -> None:
    assert {name: found["left_out"] for name, found in charts.items() if found["left_out"]} == {}


def test_there_is_ink_in_the_middle_of_every_chart(charts: dict[str, dict[str, Any]]) -> None:
    assert [name for name, found in charts.items() if found["ink"] < 0.01] == []
