"""Attack: somebody changes a file of labelled verdicts, to train the guard to their liking."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from audit_svc.access import Role
from audit_svc.console.labelled import Export
from audit_svc.console.people import Person
from audit_svc.console.tree import LogTree
from placet.audit.checkpoint import LogVerifier
from placet.audit.dataset_proof import verify
from placet.audit.merkle import leaf_hash
from tests.fakes.audit_world import World
from tests.fakes.console_log import console_log
from tests.fakes.labels import FINDING, judge, say

PROGRAM = "import os\nos.system('true')\n"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], LogVerifier]:
    world = World(tmp_path_factory.mktemp("log"))
    return asyncio.run(exported(world)), world.signer.verifier


async def exported(world: World) -> list[Row]:
    async with console_log(world) as (log, services):
        for program in (PROGRAM, "print(1)\n"):
            judged = await judge(services, "DENIED", program, FINDING)
            for person in ("ana", "ben"):
                await say(services, judged, person, "DENIED")
        export = Export(log, LogTree(log), Person("otto", Role.AUDITOR))
        await export.begin()
        return [json.loads(line) async for line in export.lines()]


def proven(row: object, log: LogVerifier) -> bool:
    return verify([json.dumps(row).encode()], log).ok


def places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every single value of a row."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in pairs:
            yield from places(inner, (*path, key))
    else:
        yield path


def changed(row: Row, path: tuple[Any, ...], change: Callable[[Any], object]) -> Row:
    copied = copy.deepcopy(row)
    at: Any = copied
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = change(at[path[-1]])
    return copied


def another(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return not value
    return value + 1 if isinstance(value, int) else f"{value} "


def test_no_value_of_a_row_can_be_changed_alone(made: tuple[list[Row], LogVerifier]) -> None:
    (row, _), log = made
    assert proven(row, log)

    # §4.4 and §5.4: everything follows from program, task and leaves, or stands there as it was signed.
    forged = [path for path in places(row) if proven(changed(row, path, another), log)]
    assert forged == []


def test_no_member_can_be_dropped_or_added(made: tuple[list[Row], LogVerifier]) -> None:
    (row, _), log = made
    for name in row:
        assert not proven({key: value for key, value in row.items() if key != name}, log), name
    assert not proven(row | {"weight": None}, log)
    assert not proven(changed(row, ("log",), lambda told: told | {"more": 1}), log)


def test_a_member_cannot_stand_there_twice(made: tuple[list[Row], LogVerifier]) -> None:
    """§5.1: what one reader takes first, another takes last."""
    (row, _), log = made
    text = json.dumps(row)
    assert not verify([f'{{"label": "benign", {text[1:]}'.encode()], log).ok


def test_a_label_cannot_be_turned_around_with_all_that_follows_from_it(
    made: tuple[list[Row], LogVerifier],
) -> None:
    (row, _), log = made
    turned = row | {
        "label": "benign",
        "messages": [*row["messages"][:2], *row["non_preferred_output"]],
        "preferred_output": row["non_preferred_output"],
        "non_preferred_output": row["preferred_output"],
    }
    assert not proven(turned, log)


def test_a_rewritten_label_is_in_no_tree(made: tuple[list[Row], LogVerifier]) -> None:
    """§5.2: with its own hash recomputed, too."""
    (row, _), log = made
    forged = copy.deepcopy(row)
    for label in forged["log"]["labels"]:
        label["leaf"] = (
            label["leaf"]
            .replace('"verdict":"DENIED"', '"verdict":"ALLOWED"')
            .replace('"label":"agree"', '"label":"wrong"')
        )
        label["leaf_hash"] = leaf_hash(label["leaf"].encode()).hex()
    assert not proven(forged, log)


def test_a_program_cannot_be_given_another_programs_labels(
    made: tuple[list[Row], LogVerifier],
) -> None:
    """§5.3: also not with records that are all in the log."""
    (row, other), log = made
    assert not proven(row | {"code": other["code"]}, log)
    assert not proven(changed(row, ("log", "labels"), lambda _: other["log"]["labels"]), log)


def test_one_persons_label_is_not_that_of_two(made: tuple[list[Row], LogVerifier]) -> None:
    """§5.3: by different people."""
    (row, _), log = made
    assert not proven(changed(row, ("log", "labels"), lambda labels: [labels[0], labels[0]]), log)
    assert not proven(changed(row, ("log", "labels"), lambda _: []), log)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{",
        b'{"log": 1}',
        b'{"log": {"checkpoint": 1, "labels": []}}',
        b"[" * 100_000,
        b'{"log": "\\ud800"}',
        b'{"log": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"log": 1' + b"0" * 5000 + b"}",
    ],
    ids=range(11),
)
def test_what_is_no_row_is_refused_and_breaks_nothing(
    made: tuple[list[Row], LogVerifier], line: bytes
) -> None:
    found = verify([line], made[1])
    assert (found.ok, found.line) == (False, 1)


def test_values_of_other_types_are_refused_and_break_nothing(
    made: tuple[list[Row], LogVerifier],
) -> None:
    (row, _), log = made
    for path in places(row):
        for value in (None, True, 0, 2**80, -1, 0.5, "", "\ud800", [], {}, [[]]):
            if value != changed_value(row, path):
                assert not proven(changed(row, path, lambda _, value=value: value), log), path


def changed_value(row: Row, path: tuple[Any, ...]) -> object:
    at: Any = row
    for key in path:
        at = at[key]
    return at
