"""What a log's clients were told, held against the log as it is now.

Knows the lines of `tests.fakes.log_writer`. Must not know how the log was disturbed.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from placet.audit.checkpoint import LogVerifier
from placet.audit.merkle import CompactRange
from placet.audit.reader import Entry
from tests.fakes.audit_world import World
from tests.fakes.log_writer import append, leading

AT_ONCE = 500


@dataclass(frozen=True)
class Confirmed:
    """One append that a client was told is safe."""

    key: str
    index: int
    leaf_hash: bytes
    checkpoint: str


@dataclass(frozen=True)
class Told:
    """What one or more writers said."""

    confirmed: Sequence[Confirmed]
    tried: Sequence[str]
    """Keys that may or may not stand in the log."""
    refused: Sequence[str]
    """The reason of every refusal."""


def told(output: bytes) -> Told:
    """Read what was said. A last line that was cut off says nothing."""
    said = [json.loads(line) for line in output.split(b"\n")[:-1]]
    return Told(
        [
            Confirmed(one["key"], one["index"], bytes.fromhex(one["leaf_hash"]), one["checkpoint"])
            for one in said
            if "index" in one
        ],
        [one["key"] for one in said if "trying" in one],
        [one["refused"] for one in said if "refused" in one],
    )


def holds(world: World, confirmed: Iterable[Confirmed]) -> None:
    """The log is whole: every confirmed record once and in its place, every checkpoint that was given out."""
    report = world.verify()
    assert report.ok, report.first_break
    entries = world.entries()
    roots = roots_of(entries)
    keys = [(entry.actor, entry.idempotency_key) for entry in entries if entry.idempotency_key]
    assert len(set(keys)) == len(keys)
    for one in confirmed:
        assert one.index < len(entries), f"{one.key} was confirmed as record {one.index} and is gone"
        assert entries[one.index].idempotency_key == one.key
        assert entries[one.index].leaf_hash == one.leaf_hash
        assert_is_of_the_log(one.checkpoint, world.signer.verifier, roots)


def assert_is_of_the_log(note: str, verifier: LogVerifier, roots: list[bytes]) -> None:
    """A checkpoint that was given out is still one of this log."""
    checkpoint = verifier.open(note)
    assert roots[checkpoint.size] == checkpoint.root


def roots_of(entries: Iterable[Entry]) -> list[bytes]:
    """The root of the first n records, for every n."""
    tree = CompactRange()
    roots = [tree.root()]
    for entry in entries:
        tree.append(entry.leaf_hash)
        roots.append(tree.root())
    return roots


async def goes_on(world: World, found: Told, size: int) -> None:
    """Open the log, try everything again, append something new: the same records answer, and it is whole."""
    known = {one.key: one for one in found.confirmed}
    async with leading(world) as log:

        async def again(key: str) -> None:
            done = await append(log, key, size)
            if key in known:
                assert (done.index, done.leaf_hash) == (known[key].index, known[key].leaf_hash)

        for first in range(0, len(found.tried), AT_ONCE):
            await asyncio.gather(*map(again, found.tried[first : first + AT_ONCE]))
        await again(f"after-{uuid.uuid4()}")
    holds(world, found.confirmed)
