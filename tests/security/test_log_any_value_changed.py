"""Attack: the database's administrator changes any one value of any row of any table that is proven."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_svc.batch import Draft
from audit_svc.store.types import BodyKey
from placet.audit.cosignature import WitnessSigner
from placet.audit.note import Note
from placet.audit.trust import parse_policy
from tests.fakes.audit_world import AUDIT, GUARD, World, verdict

WITNESS = WitnessSigner.generate("security.example/witness")
POLICY = parse_policy(f"witness w {WITNESS.verifier.vkey}\nquorum w\n".encode())
PROVEN = ("log_entry", "finding_rule", "body", "checkpoint", "cosignature", "tile")
"""All tables but the index of words, of which docs/audit-format.md §6.14 says that it is not proven."""


@pytest.fixture
async def world(tmp_path: Path) -> World:
    """A row in every table: a run, findings, an erasure, 256 records for a tile, a cosignature."""
    world = World(tmp_path)
    async with world.writing() as log:
        await log.whole_run()
        await log.append(GUARD, "verdict_reached", verdict(findings=[{"rule_id": "threat.a"}]))
        erased = {"by": AUDIT, "reason": "retention", "erased": [{"index": 0, "role": "program"}]}
        await log.sequencer.append(
            Draft("bodies_erased", "req-1", AUDIT, erased, erases=(BodyKey(0, "program"),))
        )
        note = log.sequencer.head.checkpoint
        line = WITNESS.cosign(Note.parse(note).text, 1_780_000_000)
        await log.sequencer.cosign(int(note.split("\n")[1]), {WITNESS.verifier.name: line})
    return world


def values(db: sqlite3.Connection) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Every stored value: table, column, and the row that it is in."""
    for table in PROVEN:
        columns = [info[1] for info in db.execute(f"PRAGMA table_info({table})")]
        for stored in db.execute(f"SELECT * FROM {table}").fetchall():
            row = dict(zip(columns, stored, strict=True))
            yield from ((table, column, row) for column in columns)


def other(value: object) -> object:
    """The value with one bit changed in its middle; something where nothing was."""
    if isinstance(value, int):
        return value + 1000
    if value is None:
        return b"\x00"
    raw = bytearray(value if isinstance(value, bytes) else str(value).encode())
    if not raw:
        return b"x" if isinstance(value, bytes) else "x"
    raw[len(raw) // 2] ^= 1
    return bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")


async def test_the_untouched_log_is_proven(world: World) -> None:
    report = world.verify(policy=POLICY)

    assert report.ok, report.first_break
    assert report.witnessed_size == 6


async def test_every_value_counts(world: World) -> None:
    """docs/audit-format.md §6.7, §6.13, §6.14, §6.19, §9.5."""
    world.unguard()
    db = sqlite3.connect(world.database, isolation_level=None)
    db.execute("PRAGMA ignore_check_constraints = 1")
    unnoticed, tried = [], set()
    for table, column, row in list(values(db)):
        tried.add(table)
        keys = [info[1] for info in db.execute(f"PRAGMA table_info({table})") if info[5]]
        where = " AND ".join(f"{key} = ?" for key in keys)
        sql = f"UPDATE {table} SET {column} = ? WHERE {where}"
        changed = {**row, column: other(row[column])}
        try:
            db.execute(sql, (changed[column], *(row[key] for key in keys)))
        except sqlite3.IntegrityError:
            changed[column] = 7  # a number's column takes numbers only
            db.execute(sql, (7, *(row[key] for key in keys)))
        if world.verify(policy=POLICY).ok:
            unnoticed.append((table, column, row))
        db.execute(sql, (row[column], *(changed[key] for key in keys)))
    db.close()

    assert tried == set(PROVEN) - {"tile"}, "tiles have a file of their own"
    assert unnoticed == []
    assert world.verify(policy=POLICY).ok


@pytest.mark.parametrize("table", ["log_entry", "finding_rule", "body", "cosignature"])
async def test_no_row_can_be_dropped(world: World, table: str) -> None:
    """A checkpoint may: the later ones prove the same. Tiles have a file of their own."""
    db = sqlite3.connect(world.database)
    rows = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    keys = [info[1] for info in db.execute(f"PRAGMA table_info({table})") if info[5]]
    places = db.execute(f"SELECT {', '.join(keys)} FROM {table}").fetchall()
    db.close()
    assert len(places) == rows
    unnoticed = []
    for place in places:
        back = world.backup()
        where = " AND ".join(f"{key} = {at!r}" for key, at in zip(keys, place, strict=True))
        world.tamper(f"DELETE FROM {table} WHERE {where}")
        if world.verify(policy=POLICY).ok:
            unnoticed.append(place)
        back()

    assert unnoticed == []
