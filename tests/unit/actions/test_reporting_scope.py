"""The example of a team's own actions: what its plans give on the real tables of examples/."""

from __future__ import annotations

import csv
import io
import json
import shutil
import statistics
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from placet.actions.catalogue import catalogue_for
from placet.actions.checking import check
from placet.actions.compiling import compile_plan
from placet.actions.textform import TextInvalid, read_text
from placet.actions.types import ANYTHING
from placet.scope import load_scope
from placet.scope.companions import read_companions

EXAMPLES = Path(__file__).parents[3] / "examples"
INSIDE = Path(__file__).parent / "inside"
PYTHON = EXAMPLES.parent / ".venv-sandbox/bin/python"
SCOPE = load_scope((EXAMPLES / "scopes/reporting.yaml").read_bytes())
CATALOGUE = catalogue_for(SCOPE, read_companions(SCOPE, EXAMPLES / "scopes"))
TABLES = ("penguins.csv", "sunspots.csv", "us_macro.csv")
MORE = {
    "deflated": 'read file="us_macro.csv"\n'
    "deflate table=1 amount=realgdp prices=cpi period=year base=2000 name=gdp\n"
    "export_csv table=2 file=gdp\n",
    "no such base": 'read file="us_macro.csv"\n'
    "deflate table=1 amount=realgdp prices=cpi period=year base=1800 name=gdp\n",
    "no index": 'read file="us_macro.csv"\n'
    "deflate table=1 amount=realgdp prices=realint period=year base=2000 name=gdp\n",
    "with gaps": 'read file="penguins.csv"\nrecession table=1 column=bill_length_mm name=falls\n',
    "no numbers": 'read file="penguins.csv"\nrecession table=1 column=species name=falls\n',
}


def _plans() -> dict[str, str]:
    found = dict(MORE)
    for number, text in enumerate(SCOPE.examples.allowed):
        try:
            read_text(text)
        except TextInvalid:
            continue
        found[f"allowed {number}"] = text
    return found


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("programs")
    (folder / "inputs").mkdir()
    for name in TABLES:
        shutil.copy(EXAMPLES / name, folder / "inputs")
    for name, text in _plans().items():
        plan = read_text(text)
        assert check(plan, CATALOGUE, dict.fromkeys(TABLES, ANYTHING)) == ()
        (folder / f"{name}.py").write_bytes(compile_plan(plan, CATALOGUE))
    command = [str(PYTHON), "-W", "ignore", str(INSIDE / "programs.py"), str(folder), str(EXAMPLES.parent)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=110, check=True)
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def _macro() -> list[dict[str, float]]:
    rows = csv.DictReader((EXAMPLES / "us_macro.csv").read_text().splitlines())
    return [{name: float(value) for name, value in row.items()} for row in rows]


@pytest.mark.parametrize("name", [name for name in _plans() if name.startswith("allowed")])
def test_each_plan_that_the_scope_shows_runs(name: str, outcomes: dict[str, Any]) -> None:
    found = outcomes[name]
    assert found["failure"] == ""
    assert found["stdout"] or found["figures"] or found["files"]


def test_amounts_are_told_in_the_prices_of_the_base_period(outcomes: dict[str, Any]) -> None:
    found = csv.DictReader(io.StringIO(outcomes["deflated"]["files"]["gdp.csv"]))
    base = statistics.fmean(row["cpi"] for row in _macro() if row["year"] == 2000)
    wanted = [row["realgdp"] * base / row["cpi"] for row in _macro()]
    assert [float(row["gdp"]) for row in found] == pytest.approx(wanted)


def test_a_recession_is_two_quarters_of_falling(outcomes: dict[str, Any]) -> None:
    [text] = (text for each in outcomes.values() if (text := each["files"].get("recessions.csv")))
    found = [(float(row["year"]), float(row["quarter"])) for row in csv.DictReader(io.StringIO(text))]
    rows = _macro()
    falls = [later["realgdp"] < earlier["realgdp"] for earlier, later in pairwise(rows)]
    wanted = [
        (row["year"], row["quarter"])
        for row, (before, now) in zip(rows[2:], pairwise(falls), strict=True)
        if before and now
    ]
    assert found == wanted
    assert (2009.0, 1.0) in found


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no such base", "no value in the base period"),
        ("no index", "is no price index"),
        ("with gaps", "has missing values"),
        ("no numbers", "does not hold numbers"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(name: str, words: str, outcomes: dict[str, Any]) -> None:
    assert words in outcomes[name]["failure"].splitlines()[-1]
    assert outcomes[name]["stdout"] == ""
