"""The connection to PostgreSQL breaks at every message of an append, before or after the server has it."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from audit_svc.store.postgres import PostgresStore
from audit_svc.store.types import Store
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import Writer
from tests.fakes.confirmed import Confirmed, holds
from tests.fakes.log_writer import append
from tests.fakes.postgres import Database
from tests.fakes.postgres_world import PostgresWorld
from tests.fakes.wire import Wire

SIZE = 300
TRIES, PAUSE_S = 200, 0.05


@dataclass
class WiredWorld(PostgresWorld):
    """Its service reaches the database over a wire."""

    wire: Wire | None = None

    def store(self) -> Store:
        assert self.wire is not None
        server = self.place.socket
        return PostgresStore(self.place.as_service.replace(str(server), str(self.wire.directory)))


@pytest.mark.parametrize("after", [False, True], ids=["not_persisted", "persisted"])
async def test_a_cut_at_any_message_loses_no_record_and_doubles_none(
    tmp_path: Path, postgres_log: Database, after: bool
) -> None:
    world = WiredWorld.make(tmp_path, postgres_log)
    confirmed, refused = [], 0
    # Not tmp_path: a socket's path has 107 bytes.
    with tempfile.TemporaryDirectory() as short, Wire.between(postgres_log.socket, Path(short)) as wire:
        world.wire = wire
        async with world.writing() as log:
            for message in count():
                wire.cut(message, after=after)
                one, tries = await confirmed_at_last(log, f"k{message}")
                confirmed.append(one)
                refused += tries
                if not wire.was_cut:
                    break
    assert refused >= 3, "an append is some messages long"
    assert len({one.index for one in confirmed}) == len(confirmed)
    holds(world, confirmed)


async def confirmed_at_last(log: Writer, key: str) -> tuple[Confirmed, int]:
    """Append and try again; and how often it was refused."""
    for refused in range(TRIES):
        try:
            done = await append(log, key, SIZE)
        except ServiceError as error:
            # The second: the server has not noticed yet that the session which leads is gone.
            if error.reason not in ("AUDIT_UNAVAILABLE", "AUDIT_STANDBY"):
                raise
            await asyncio.sleep(PAUSE_S)
        else:
            return Confirmed(key, done.index, done.leaf_hash, done.checkpoint), refused
    raise AssertionError(f"{key} was never confirmed")
