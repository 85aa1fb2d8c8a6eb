"""Checkpoints that witnesses cosigned, from either database, and which one a console hands to browsers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import pytest

from audit_svc.console.witnesses import Witnesses
from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Growth, Store
from placet.audit.checkpoint import LogSigner
from placet.audit.cosignature import WitnessSigner
from placet.audit.reader import LogReader
from placet.audit.reader_postgres import PostgresReader
from placet.audit.trust import PolicyRefused
from tests.fakes.console_site import ConsoleLog
from tests.unit.audit.test_store import entry

T = TypeVar("T")
SIGNER = LogSigner.generate("placet.local/log")
ONE, TWO = (WitnessSigner.generate(f"w{number}.example/witness") for number in (1, 2))
POLICY = f"witness one {ONE.verifier.vkey}\nwitness two {TWO.verifier.vkey}\n"
Written = tuple[Store, LogReader]


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    """A log of three records, each under a checkpoint of its own; and a reader of it."""
    store: Store
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_log")
        store, reader = PostgresStore(database.as_service), PostgresReader(database.as_reader)
    else:
        store = SqliteStore(tmp_path / "log")
        reader = LogReader(tmp_path / "log")
    with closing(store), closing(reader):
        assert store.lead()
        for index in range(3):
            store.commit(Growth((entry(index),), (), index + 1, note(index + 1)))
        yield store, reader


def note(size: int) -> str:
    return SIGNER.sign(size, bytes(32))


def cosigned(size: int, *signers: WitnessSigner) -> dict[str, str]:
    text = note(size).partition("\n\n")[0] + "\n"
    return {signer.verifier.vkey: signer.cosign(text, 1_760_000_000) for signer in signers}


class Read(ConsoleLog):
    """The console's log over a reader."""

    def __init__(self, reader: LogReader) -> None:
        super().__init__()
        self._reader = reader

    async def ask(self, read: Callable[[LogReader], T]) -> T:
        return read(self._reader)

    async def vkey(self) -> str:
        return SIGNER.verifier.vkey


def test_cosigned_checkpoints_come_newest_first_with_every_line(log: Written) -> None:
    store, reader = log
    assert reader.cosigned(10) == []
    lines = cosigned(1, ONE, TWO)
    store.cosign(1, lines)
    store.cosign(2, cosigned(2, ONE))

    assert [size for size, _ in reader.cosigned(10)] == [2, 1]
    assert [size for size, _ in reader.cosigned(1)] == [2]
    whole = reader.cosigned(10)[1][1]
    assert whole.startswith(note(1))
    assert set(whole.removeprefix(note(1)).splitlines(keepends=True)) == set(lines.values())


async def test_browsers_are_given_the_newest_that_the_quorum_cosigned(log: Written) -> None:
    """One that lacks a witness may be newer."""
    store, reader = log
    store.cosign(1, cosigned(1, ONE, TWO))
    store.cosign(2, cosigned(2, ONE))
    both = Witnesses(Read(reader), f"{POLICY}group both all one two\nquorum both\n")
    first = Witnesses(Read(reader), f"{POLICY}quorum one\n")

    assert (await both.newest()).startswith(note(1))
    assert (await first.newest()).startswith(note(2))


async def test_without_a_policy_or_before_a_cosignature_there_is_nothing(log: Written) -> None:
    _, reader = log
    assert await Witnesses(Read(reader), f"{POLICY}quorum one\n").newest() == ""
    assert (await Witnesses(Read(reader)).newest(), Witnesses(Read(reader)).text) == ("", "")


def test_a_policy_that_is_none_keeps_the_console_from_starting() -> None:
    with pytest.raises(PolicyRefused, match="line 1"):
        Witnesses(ConsoleLog(), "quorum everybody\n")
