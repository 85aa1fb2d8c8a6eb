"""The guard's verdicts of a range of time, with what it takes to judge their programs again.

Knows the records and bodies that hold it. Must not know guards. Programs are read only after it is on record
who reads them, and held against the records' digests (docs/replay-format.md §1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from audit_svc.console import bodies
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.draft import Draft
from placet.approval.statement import InputDigest
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record
from placet.audit.replay_report import Policy, ScopeEdition
from placet.flips import Judged
from placet.rpc.identity import service_uri

GUARD: Final = service_uri("guard")
MAX_VERDICTS: Final = 5000
READ_AT_ONCE: Final = 200
_PROGRAM: Final = "program"
_TASK: Final = "task"
_PLAN: Final = "plan"
_NO_TASK: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Period:
    """Which verdicts: of a scope's name (empty: all), from `since` (inclusive) until `until` (exclusive)."""

    scope: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> Query:
        """The newest first."""
        return Query(
            kind="verdict_reached", scope=self.scope, since=self.since, until=self.until, descending=True
        )


@dataclass(frozen=True)
class Recorded:
    """One verdict of the guard. `program` is None when it, or the plan that came with it, is erased.

    `task` is None when the log has it no more; `plan` is empty where none came with the program.
    """

    index: int
    leaf_hash: bytes
    request_id: str
    caller: str
    judged: Judged
    findings: Sequence[Mapping[str, Any]]
    policy: Policy
    """What reached it."""
    inputs: tuple[InputDigest, ...]
    program: bytes | None
    task: str | None
    plan: bytes = b""


class Verdicts:
    """Reads for one person."""

    def __init__(self, log: Log, person: Person) -> None:
        self._log, self._person = log, person

    async def indexes(self, period: Period) -> list[int]:
        """The newest first, at most MAX_VERDICTS. Raises ServiceError AUDIT_UNAVAILABLE."""
        found: list[int] = []
        query = period.query
        while len(found) < MAX_VERDICTS:
            page = replace(query, limit=READ_AT_ONCE, from_index=found[-1] if found else 0)
            entries = await self._log.ask(lambda reader, page=page: list(reader.find(page)))  # type: ignore[misc]
            found += [entry.index for entry in entries]
            if len(entries) < READ_AT_ONCE or found[-1] == 0:
                break
        return found[:MAX_VERDICTS]

    async def read(self, indexes: Sequence[int]) -> tuple[list[Recorded], str]:
        """Those of the guard, in that order, and a checkpoint that covers them.

        Raises ServiceError: the reading cannot be put on record, or LOG_INCONSISTENT.
        """
        entries = await self._log.ask(lambda reader: list(filter(None, map(reader.get, indexes))))
        of_guard = [entry for entry in entries if entry.actor == GUARD]
        sources = {entry.index: await self._sources(entry) for entry in of_guard}
        read = sorted({entry.index for found in sources.values() for entry in found})
        body = {"reader": self._person.uri, "indexes": read, "roles": [_PROGRAM, _TASK, _PLAN]}
        done = await self._log.append(Draft("records_read", "", service_uri("console"), body))
        return [await self._recorded(entry, sources[entry.index]) for entry in of_guard], done.checkpoint

    async def _sources(self, entry: Entry) -> list[Entry]:
        """The verdict's record and, where the task is another's body, that one's."""
        received = await self._log.ask(lambda reader: _received(reader, entry))
        return [entry, *received]

    async def _recorded(self, entry: Entry, sources: Sequence[Entry]) -> Recorded:
        record = bodies.record_of(entry)
        body: Mapping[str, Any] = record.body
        texts: dict[str, bytes] = {}
        for source in reversed(sources):
            texts.update(await bodies.read(self._log, source, [_PROGRAM, _TASK, _PLAN]))
        return Recorded(
            index=entry.index,
            leaf_hash=entry.leaf_hash,
            request_id=entry.request_id,
            caller=entry.caller,
            judged=Judged(str(body["verdict"]), _rules(body)),
            findings=_findings(body),
            policy=_policy(body),
            inputs=_inputs(body, [bodies.record_of(source) for source in sources[1:]]),
            program=texts.get(_PROGRAM) if _PLAN in texts or "plan_sha256" not in body else None,
            plan=texts.get(_PLAN, b""),
            task=_task(texts.get(_TASK), body.get("task_sha256")),
        )


def _received(reader: LogReader, entry: Entry) -> list[Entry]:
    """The `task_received` with the very task that the verdict was about."""
    if not entry.request_id:
        return []
    query = Query(request_id=entry.request_id, kind="task_received", limit=10)
    wanted = Record.decode(entry.leaf).body.get("task_sha256")
    return [
        found for found in reader.find(query) if Record.decode(found.leaf).body.get("task_sha256") == wanted
    ][:1]


def _findings(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = body.get("findings")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _rules(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(item.get("rule_id")) for item in _findings(body)))


def _policy(body: Mapping[str, Any]) -> Policy:
    scope = body["scope"]
    version = scope.get("version")
    edition = ScopeEdition(scope["name"], version if isinstance(version, int) else 0, scope["sha256"])
    rules, prompt, model = (str(body.get(name, "")) for name in ("rules_version", "prompt_version", "model"))
    return Policy(edition, rules, prompt if model else "", model, verdicts=1)


def _inputs(body: Mapping[str, Any], others: Sequence[Record]) -> tuple[InputDigest, ...]:
    """Of the verdict itself, else of the task; for a judgement only their names count."""
    for listed in (body.get("inputs"), *(other.body.get("inputs") for other in others)):
        if isinstance(listed, list):
            return tuple(
                InputDigest(str(item["name"]), bytes.fromhex(str(item["sha256"])), int(item["size"]))
                for item in listed
                if isinstance(item, Mapping) and {"name", "sha256", "size"} <= set(item)
            )
    return ()


def _task(content: bytes | None, digest: object) -> str | None:
    """Whoever has a program reviewed may give no task: then there is no body, and its digest says so."""
    if content is None:
        return "" if digest == _NO_TASK else None
    return content.decode(errors="replace")
