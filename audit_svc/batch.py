"""Turn drafts into the next records of the log, one after the other, each with its own answer.

Knows idempotency and spending (docs/audit-format.md §4). Blocking; runs in the sequencer's thread.
Must not know asyncio or gRPC servers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import grpc

from audit_svc.closing import GUARD, Item, check_open, closed_by, closed_in, item_of
from audit_svc.draft import Draft as Draft
from audit_svc.ledger import Asked, Ledger
from audit_svc.revocation import EXECUTOR, check_key, key_used, revocation_key
from audit_svc.store.types import BodyKey, NewEntry, Store
from audit_svc.usage import REFUSED
from placet.audit.reader import Entry, StoredBody
from placet.audit.record import BodyRef, Record, RecordInvalid, body_digest, new_salt
from placet.rpc.errors import ServiceError

Outcome = Entry | ServiceError
"""The record that answers a draft, new or found again; or why there is none."""


class Batch:
    """Plans records on top of what the store holds. Nothing is written before the sequencer commits `new`."""

    def __init__(
        self, store: Store, ledger: Ledger, *, origin: str, size: int, clock: Callable[[], str]
    ) -> None:
        """`size` is the number of records already in the log; `clock` gives RFC 3339 times.

        `ledger` counts what is planned: it must forget that unless `new` becomes the log.
        """
        self._store, self._origin, self._size, self._clock = store, origin, size, clock
        self._ledger = ledger
        self.new: list[NewEntry] = []
        self._by_key: dict[tuple[str, str], NewEntry] = {}
        self._stored: dict[tuple[str, str], Entry] = {}
        self._spent: set[str] = set()
        self._revoked: set[str] = set()
        self._closed: set[Item] = set()
        self._erased: set[BodyKey] = set()

    def plan(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Give each draft its place, or find the record it repeats. Once. Raises StoreFailed."""
        self._look_up(drafts)
        outcomes = [self._plan(draft) for draft in drafts]
        for refusals in self._ledger.untold(self._clock()):
            self.new.append(self._entry(refusals))
        return outcomes

    def _look_up(self, drafts: Sequence[Draft]) -> None:
        """Ask the store once for all: a question for each draft would cost more than writing them."""
        keys = defaultdict[str, set[str]](set)
        for draft in drafts:
            if draft.idempotency_key:
                keys[draft.actor].add(draft.idempotency_key)
        for actor, used in keys.items():
            for key, entry in self._store.same_keys(actor, used).items():
                self._stored[actor, key] = entry
        if starts := {_approval_id(draft) for draft in drafts if draft.kind == "run_started"}:
            self._spent.update(self._store.spent(starts))
        if keys_used := set(filter(None, map(key_used, drafts))):
            names = {revocation_key(key_id): key_id for key_id in keys_used}
            self._revoked.update(names[name] for name in self._store.same_keys(EXECUTOR, names.keys()))
        if items := set(filter(None, map(item_of, drafts))):
            requests = {request_id for request_id, _ in items}
            self._closed.update(closed_in(self._store.verdicts(requests, GUARD)))

    def _plan(self, draft: Draft) -> Outcome:
        try:
            return self._repeated(draft) or self._placed(draft)
        except ServiceError as error:
            return error
        except RecordInvalid as error:
            return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID", str(error))

    def _repeated(self, draft: Draft) -> Entry | None:
        if not draft.idempotency_key:
            return None
        name = (draft.actor, draft.idempotency_key)
        if planned := self._by_key.get(name):
            salts = {body.role: body.salt for body in planned.bodies}
            return _same_or_conflict(draft, planned.entry, salts)
        stored = self._stored.get(name)
        return stored and _same_or_conflict(draft, stored, self._store.salts(stored.index))

    def _placed(self, draft: Draft) -> Entry:
        check_key(draft, self._revoked)
        if draft.kind == "run_started":
            self._check_unspent(_approval_id(draft))
        check_open(draft, self._closed)
        self._check_kept(draft.erases)
        self._check_quota(draft)
        new = self._entry(draft)
        self.new.append(new)
        self._ledger.count(draft.kind, draft.body, new.entry.time)
        self._erased.update(draft.erases)
        self._by_key[draft.actor, draft.idempotency_key] = new
        if draft.kind == "run_started":
            self._spent.add(_approval_id(draft))
        elif draft.kind == "key_revoked":
            self._revoked.add(str(draft.body["key_id"]))
        elif item := closed_by(draft):
            self._closed.add(item)
        return new.entry

    def _check_unspent(self, approval_id: str) -> None:
        if approval_id in self._spent:
            raise ServiceError(
                grpc.StatusCode.ALREADY_EXISTS,
                "APPROVAL_SPENT",
                "This approval has already started a run. Ask the guard to review the program again.",
            )

    def _check_kept(self, bodies: Sequence[BodyKey]) -> None:
        """A body is erased once: a second record that says so would be untrue."""
        for body in bodies:
            if body in self._erased or body.role not in self._store.salts(body.index):
                raise ServiceError(
                    grpc.StatusCode.ALREADY_EXISTS,
                    "BODY_ERASED",
                    f"Body {body.role} of record {body.index} is not kept (any more). Ask for what is left.",
                )

    def _check_quota(self, draft: Draft) -> None:
        """What is too much is refused; the record of it is in this batch, so durable before the answer."""
        if draft.kind not in REFUSED:
            return
        asked = Asked(str(draft.body.get("caller", "")), draft.kind, draft.request_id)
        if refusal := self._ledger.refusal(asked, self._clock()):
            if refusal.record:
                self.new.append(self._entry(refusal.record))
            raise refusal.error

    def _entry(self, draft: Draft) -> NewEntry:
        index = self._size + len(self.new)
        bodies = tuple(StoredBody(role, new_salt(), content) for role, content in draft.bodies.items())
        record = Record(
            log=self._origin,
            time=self._clock(),
            kind=draft.kind,
            request_id=draft.request_id,
            actor=draft.actor,
            body=_with_index(draft, index),
            bodies=tuple(BodyRef(b.role, body_digest(b.salt, b.content), len(b.content)) for b in bodies),
            idempotency_key=draft.idempotency_key,
        )
        return NewEntry.of(index, record, record.encode(), bodies, draft.erases)


def _approval_id(draft: Draft) -> str:
    return str(draft.body.get("approval_id", ""))


def _with_index(draft: Draft, index: int) -> Mapping[str, object]:
    """The log's own records say how many precede them; only here is that known."""
    return {**draft.body, "size": index} if draft.kind in ("heartbeat", "log_started") else draft.body


def _same_or_conflict(draft: Draft, first: Entry, salts: Mapping[str, bytes]) -> Entry:
    record = Record.decode(first.leaf)
    refs = {body.role: body.sha256 for body in record.bodies}
    same = (
        record.kind == draft.kind
        and record.request_id == draft.request_id
        and dict(record.body) == dict(draft.body)
        and refs.keys() == draft.bodies.keys()
        and all(body_digest(salts.get(role, b""), draft.bodies[role]) == refs[role] for role in refs)
    )
    if same:
        return first
    raise ServiceError(
        grpc.StatusCode.ALREADY_EXISTS,
        "IDEMPOTENCY_CONFLICT",
        f"Record {first.index} has this idempotency key and other content. Use a new key for a new record.",
    )
