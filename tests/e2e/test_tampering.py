"""Whoever changes the stored log is found out by `placet audit verify`, which names the place."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import COUNT_ROWS, EXAMPLES, Stack, agreeable, scripted_stack
from tests.fakes.openai_server import OpenAIServer

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """A stack that has solved one task and is down."""
    state = tmp_path_factory.mktemp("solved") / "state"
    with OpenAIServer(agreeable(COUNT_ROWS)) as model, scripted_stack(state, model) as stack:
        done = stack.placet(
            "solve", "How many rows?", "--scope", "data-analysis", "--input", EXAMPLES / "penguins.csv"
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return stack


@pytest.fixture
def log(solved: Stack, tmp_path: Path) -> Stack:
    """A copy of its state directory."""
    copy = tmp_path / "copy"
    shutil.copytree(solved.state, copy)
    return Stack(copy, solved.environment)


def change(stack: Stack, edit: Callable[[sqlite3.Connection], object]) -> None:
    """Edit the database as its administrator can: triggers dropped first."""
    database = sqlite3.connect(stack.state / "audit" / "audit.sqlite")
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    edit(database)
    database.commit()
    database.close()


def verify(stack: Stack) -> tuple[int, dict[str, object]]:
    done = stack.ask("audit", "verify", "--json")
    return done.returncode, json.loads(done.stdout)


def flip(database: sqlite3.Connection, table: str, column: str, where: str) -> None:
    (value,) = database.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
    raw = bytearray(value if isinstance(value, bytes) else str(value).encode())
    raw[len(raw) // 2] ^= 1
    changed = bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")
    database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (changed,))


def test_the_untouched_log_verifies(log: Stack) -> None:
    """The control: a copy of the log is as good as the log."""
    code, report = verify(log)

    assert code == 0
    assert report["ok"] is True


@pytest.mark.parametrize(
    "edit",
    [
        lambda db: flip(db, "log_entry", "leaf", "idx = 3"),
        lambda db: flip(db, "log_entry", "leaf_hash", "idx = 3"),
        lambda db: flip(db, "body", "content", "idx = (SELECT min(idx) FROM body)"),
        lambda db: db.execute("DELETE FROM log_entry WHERE idx = 3"),
        lambda db: db.execute("DELETE FROM log_entry WHERE idx = (SELECT max(idx) FROM log_entry)"),
    ],
    ids=["leaf byte", "leaf hash", "body byte", "record dropped", "tail cut"],
)
def test_each_change_is_found(log: Stack, edit: Callable[[sqlite3.Connection], object]) -> None:
    """Exit code not 0, and a sentence that names the record."""
    change(log, edit)
    code, report = verify(log)

    assert code != 0
    assert report["ok"] is False
    assert "record" in json.dumps(report["first_break"])
