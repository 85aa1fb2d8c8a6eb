"""What the sequencer relies on, of both stores (docs/audit-format.md §7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import BodyKey, Growth, NewEntry, Store, StoreFailed
from placet.audit.reader import StoredBody
from placet.audit.record import BodyRef, Record, body_digest
from placet.audit.tiles import Frontier, Tile
from tests.fakes.audit_world import AUDIT, EXECUTOR, GENERATOR, GUARD, ORIGIN, started, verdict

Opener = Callable[[], Store]
SALT = bytes(16)


@pytest.fixture(params=["sqlite", "postgres"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens one more store over the same, at first empty, log."""
    stores: list[Store] = []
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_log")

    def one_more() -> Store:
        if request.param == "postgres":
            stores.append(PostgresStore(database.as_service))
        else:
            stores.append(SqliteStore(tmp_path / "log"))
        return stores[-1]

    yield one_more
    for store in stores:
        store.close()


@pytest.fixture
def store(opener: Opener) -> Store:
    """The one that leads."""
    store = opener()
    assert store.lead()
    return store


def entry(index: int, kind: str = "heartbeat", *, key: str = "", **bodies: bytes) -> NewEntry:
    """A record; `run_started` uses approval `a…a`."""
    body = {"heartbeat": {"size": index}, "run_started": started(), "task_received": TASK}.get(kind, {})
    actor = {"heartbeat": AUDIT, "run_started": EXECUTOR}.get(kind, GENERATOR)
    refs = tuple(BodyRef(role, body_digest(SALT, content), len(content)) for role, content in bodies.items())
    record = Record(ORIGIN, "2026-01-01T00:00:00.000000Z", kind, "r", actor, body, refs, key)
    stored = tuple(StoredBody(role, SALT, content) for role, content in bodies.items())
    return NewEntry.of(index, record, record.encode(), stored)


TASK: dict[str, object] = {"task_sha256": "0" * 64, "caller": "c", "inputs": []}


def erasing(index: int, *keys: BodyKey) -> NewEntry:
    erased = [{"index": key.index, "role": key.role} for key in keys]
    body = {"by": AUDIT, "reason": "asked for", "erased": erased}
    record = Record(ORIGIN, "2026-01-01T00:00:00.000000Z", "bodies_erased", "r", AUDIT, body)
    return NewEntry.of(index, record, record.encode(), erases=keys)


def grown(*entries: NewEntry, tiles: tuple[Tile, ...] = ()) -> Growth:
    size = entries[-1].entry.index + 1
    return Growth(entries, tiles, size, f"note {size}")


def test_what_was_committed_is_there(store: Store, opener: Opener) -> None:
    new = entry(0, "task_received", key="k", task=b"content")
    store.commit(grown(new))
    store.close()
    store = opener()
    assert store.lead()

    assert store.size() == 1
    assert list(store.leaf_hashes()) == [(0, new.entry.leaf_hash)]
    assert (store.last_checkpoint(), store.newest_leaf()) == ("note 1", new.entry.leaf)
    assert store.same_keys(GENERATOR, {"k", "other"}) == {"k": new.entry}
    assert store.same_keys(EXECUTOR, {"k"}) == {}
    assert store.salts(0) == {"task": SALT}


def test_an_empty_log_has_nothing(store: Store) -> None:
    assert store.size() == 0
    assert list(store.leaf_hashes()) == []
    assert (store.last_checkpoint(), store.newest_leaf(), store.tile(0, 0)) == (None, None, None)
    assert store.spent({"a" * 32}) == set()


def test_hashes_are_read_on_from_where_one_stopped(store: Store) -> None:
    store.commit(grown(*(entry(index) for index in range(5))))

    assert [index for index, _ in store.leaf_hashes(3)] == [3, 4]
    assert list(store.leaf_hashes(5)) == []


def test_a_run_that_started_has_spent_its_approval(store: Store) -> None:
    store.commit(grown(entry(0, "run_started")))

    assert store.spent({"a" * 32, "b" * 32}) == {"a" * 32}


def test_verdicts_are_found_by_their_request_without_those_of_whoever_asked(store: Store) -> None:
    """§4.6: people's verdicts say which items are closed."""
    asked, closed = verdict_by(GUARD, 0), verdict_by("spiffe://placet.local/reviewer/kim", 1)
    store.commit(grown(asked, closed, entry(2), verdict_by("spiffe://placet.local/reviewer/kim", 3, "q")))

    assert list(store.verdicts({"r"}, GUARD)) == [closed.entry.leaf]
    assert len(list(store.verdicts({"r", "q", "none"}, EXECUTOR))) == 3
    assert list(store.verdicts({""}, EXECUTOR)) == []


def verdict_by(actor: str, index: int, request_id: str = "r") -> NewEntry:
    record = Record(ORIGIN, "2026-01-01T00:00:00.000000Z", "verdict_reached", request_id, actor, verdict())
    return NewEntry.of(index, record, record.encode())


@pytest.mark.parametrize(
    "second",
    [
        entry(1, "run_started"),
        entry(1, "task_received", key="k"),
        replace(entry(1), entry=replace(entry(1).entry, index=0)),
    ],
    ids=["an approval spent twice", "a key used twice", "a place taken twice"],
)
def test_a_batch_with_one_record_that_may_not_be_leaves_nothing(store: Store, second: NewEntry) -> None:
    """§7.2: in one transaction."""
    store.commit(grown(entry(0, "run_started" if second.entry.approval_id else "task_received", key="k")))
    good = entry(2, task=b"content")
    with pytest.raises(StoreFailed):
        store.commit(grown(good, second))

    assert store.size() == 1
    assert store.last_checkpoint() == "note 1"
    assert store.salts(2) == {}
    store.commit(grown(entry(1)))


def test_only_one_leads_and_the_next_takes_over(store: Store, opener: Opener) -> None:
    """§7.5: one process writes."""
    standby = opener()
    assert not standby.lead()
    with pytest.raises(StoreFailed):
        standby.commit(grown(entry(0)))
    store.commit(grown(entry(0)))
    assert store.lead()
    store.close()

    eventually(standby.lead)
    standby.commit(grown(entry(1)))
    assert standby.size() == 2


def eventually(holds: Callable[[], bool]) -> None:
    """A server notices a moment later that a session has ended."""
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_full_tiles_are_kept(store: Store) -> None:
    frontier = Frontier()
    entries = [entry(index) for index in range(256)]
    tiles = tuple(tile for new in entries for tile in frontier.append(new.entry.leaf_hash))
    store.commit(grown(*entries, tiles=tiles))

    assert [(tile.level, tile.index) for tile in tiles] == [(0, 0)]
    assert store.tile(0, 0) == b"".join(new.entry.leaf_hash for new in entries)
    assert store.tile(0, 1) is None


def test_a_body_is_erased_with_the_record_that_says_so_or_not_at_all(store: Store) -> None:
    """docs/audit-format.md §9.1."""
    store.commit(grown(entry(0, "task_received", task=b"content", prompt=b"kept")))
    with pytest.raises(StoreFailed):
        store.commit(grown(erasing(1, BodyKey(0, "task")), entry(1)))
    assert store.salts(0) == {"task": SALT, "prompt": SALT}

    store.commit(grown(erasing(1, BodyKey(0, "task"))))

    assert store.salts(0) == {"prompt": SALT}
    store.commit(grown(erasing(2, BodyKey(0, "task"))))


def test_cosignatures_are_kept_once_for_each_witness(store: Store) -> None:
    store.commit(grown(entry(0)))
    store.cosign(1, {"w1": "line 1"})
    store.cosign(1, {"w1": "another", "w2": "line 2"})

    assert store.cosignatures(1) == {"w1": "line 1", "w2": "line 2"}
    assert store.cosignatures(2) == {}
