"""What a cell hands out: under numbers, within bounds, and nothing beside a violation."""

from __future__ import annotations

import json
from pathlib import Path

from executor_svc.delivery import report
from executor_svc.delivery.inside.order import Order
from executor_svc.delivery.inside.parcel import Parcel
from tests.fakes.orders import AnyOrder


def parcel(directory: Path) -> Parcel:
    left = {"a.csv": b"1", "deep/b.csv": b"2"}
    AnyOrder(artifacts=left, streams={"stdout": b"out", "stderr": b""}).write(directory)
    return Parcel.of(Order.read(directory))


def told(directory: Path) -> report.Report:
    return report.read((directory / "report.json").read_bytes())


def test_what_came_in_is_named_and_what_is_new_lies_under_a_number(tmp_path: Path) -> None:
    made = parcel(tmp_path)
    made.put("../../etc/x", b"new")
    made.write()
    listed = {
        entry["name"]: entry["file"] for entry in json.loads((tmp_path / "report.json").read_text())["files"]
    }

    assert listed == {"../../etc/x": "leaves-0", "a.csv": "artifacts-0", "deep/b.csv": "artifacts-1"}
    assert (tmp_path / "leaves-0").read_bytes() == b"new"


def test_beside_a_violation_nothing_leaves_whatever_was_put_in(tmp_path: Path) -> None:
    made = parcel(tmp_path)
    made.put("c.csv", b"3")
    made.violate("stdout", "deny.value", "holds a value of a column")
    made.write()

    assert (told(tmp_path).files, told(tmp_path).streams) == ([], [])
    assert [each.rule for each in told(tmp_path).broken] == ["deny.value"]


def test_a_file_that_is_replaced_or_withheld_takes_no_room_any_more(tmp_path: Path) -> None:
    made = parcel(tmp_path)
    for content in (b"one", b"two"):
        made.put("a.csv", content)
    made.put("gone.csv", b"x" * 1000)
    made.withhold("gone.csv", "it is no figure")
    made.write()

    assert [path.read_bytes() for path in tmp_path.glob("leaves-*")] == [b"two"]
    assert list(tmp_path.glob("new-*")) == []
    assert told(tmp_path).notices == ["gone.csv was withheld: it is no figure"]


def test_words_of_a_program_are_cut_and_made_into_whole_characters(tmp_path: Path) -> None:
    made = parcel(tmp_path)
    for number in range(60):
        made.violate(f"result.json:$.\ud800{number}" + "x" * 400, "result.type", "\udfff")
    made.write()

    found = told(tmp_path)
    assert (len(found.broken), found.violations_total) == (50, 60)
    assert {len(each.path) for each in found.broken} == {300}
    assert found.broken[0].path.startswith("result.json:$.?0x")
