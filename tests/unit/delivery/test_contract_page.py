"""docs/contract.md itself: its numbers are tested, its example works."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from executor_svc.delivery.wanted import Wanted
from placet.scope import load_scope
from tests.fakes import tables
from tests.fakes.orders import AnyOrder, Handed, carried_out

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "contract.md").read_text()
TESTS = (*ROOT.glob("tests/unit/delivery/*.py"), *ROOT.glob("tests/property/test_contract_*.py"))
HEAD = "apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 1, owner: b}\npurpose: Prices.\n"
ORDERS = "region,price,date,customer,email,order_id\n" + "".join(
    f"{region},{price},2024-01-0{price},c{price},person{price}@example.org,{1000000 + price}\n"
    for region in ("north", "south")
    for price in range(1, 8)
)


def test_every_numbered_sentence_is_quoted_by_a_test() -> None:
    numbers = set(re.findall(r"(?<![\d.])[V1-6]\.\d+(?= [A-Zo`])", PAGE))
    assert len(numbers) > 30
    quoted = set(
        re.findall(r"(?<![\d.])[V1-6]\.\d+(?=[\s\"])", "\n".join(path.read_text() for path in TESTS))
    )
    assert numbers - quoted == set()


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    """The example's scope, applied to orders: cut, then what two programs left of them."""
    example = PAGE.partition("```yaml\n")[2].partition("```")[0]
    wanted = Wanted.by(load_scope((HEAD + example).encode()), {})
    regions = tables.made(
        r={"kind": "parquet", "columns": {"region": ["north"], "inhabitants": [9], "x": [1]}}
    )
    given = {"orders 2024.csv": ORDERS.encode(), "regions.parquet": regions["r"]}
    directory = tmp_path_factory.mktemp("page")
    first = carried_out(
        {"cut": AnyOrder(stage="cut", inputs=given, columns=wanted.columns)}, directory / "cut"
    )
    left = AnyOrder(
        inputs=first["cut"].files,
        artifacts={"result.json": b'{"mean": 4}', "means.csv": b"region,mean,n\nnorth,4,7\nsouth,4,7\n"},
        kinds=wanted.kinds,
        contract=wanted.contract,
    )
    small = {"means.csv": b"region,date,mean,n\nnorth,2024-01-01,1,5\n", "result.json": b'{"mean": "4"}'}
    return first | carried_out({"kept": left, "broken": replace(left, artifacts=small)}, directory / "left")


def test_the_example_cuts_what_programs_find(handed: dict[str, Handed]) -> None:
    assert not handed["cut"].violations
    lines = handed["cut"].files["orders 2024.csv"].decode().splitlines()
    assert lines[0] == "region,price,date,customer"
    assert re.fullmatch(r"north,1,2024-01-01,p-[0-9a-f]{16}", lines[1])


def test_the_example_lets_aggregates_out_and_nothing_smaller(handed: dict[str, Handed]) -> None:
    assert not handed["kept"].violations
    assert sorted(handed["kept"].files) == ["means.csv", "result.json"]
    found = [(one["path"], one["rule"]) for one in handed["broken"].violations]
    assert sorted(found) == [
        ("artifacts/means.csv", "min_group.backing"),
        ("result.json:$.mean", "result.type"),
    ]
