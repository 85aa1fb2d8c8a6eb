"""What a log's clients were told, held against the log as it is now.

Knows the lines of `tests.fakes.log_writer`. Must not know how the log was disturbed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from placet.audit.checkpoint import LogVerifier
from placet.audit.merkle import CompactRange
from placet.audit.reader import Entry
from tests.fakes.audit_world import GENERATOR, World
from tests.fakes.log_writer import BODY, content_of


@dataclass(frozen=True)
class Confirmed:
    """One append that a client was told is safe."""

    key: str
    index: int
    leaf_hash: bytes
    checkpoint: str


def told(lines: Iterable[bytes]) -> tuple[list[Confirmed], list[str]]:
    """What was confirmed, and every key that was refused at least once."""
    confirmed, refused = [], []
    for line in lines:
        said = json.loads(line)
        if "refused" in said:
            refused.append(said["key"])
            continue
        said["leaf_hash"] = bytes.fromhex(said["leaf_hash"])
        confirmed.append(Confirmed(**said))
    return confirmed, refused


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


async def goes_on(world: World, confirmed: Iterable[Confirmed], keys: Iterable[str], size: int) -> None:
    """Open the log, try everything again, append something new: the same records answer, each stands once."""
    known = {one.key: one for one in confirmed}
    async with world.writing() as log:
        for key in (*keys, "afterwards"):
            done = await log.append(GENERATOR, "task_received", BODY, key=key, task=content_of(key, size))
            if key in known:
                assert (done.index, done.leaf_hash) == (known[key].index, known[key].leaf_hash)
