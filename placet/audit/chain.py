"""The state machine over records: no run without one used, unexpired approval, no approval without verdict.

Knows docs/audit-format.md §6. Takes valid records in log order; must not know storage, trees or keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from placet.audit.actors import refusal
from placet.audit.record import Record

CLOCK_TOLERANCE: Final = timedelta(seconds=30)
"""The log stamps a start later than the executor checked it, and by another clock."""


class ChainBroken(Exception):  # noqa: N818 - named for the state it reports
    """A record that may not stand where it stands; `meaning` is for whoever investigates."""

    def __init__(self, what: str, meaning: str) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning


@dataclass(frozen=True)
class Placed:
    """A record with its place."""

    index: int
    leaf_hash: bytes
    record: Record

    @property
    def body(self) -> Mapping[str, object]:
        return self.record.body


@dataclass
class Chain:
    """What the records so far allow the next one to be."""

    verdicts: dict[int, Placed] = field(default_factory=dict)
    approvals: dict[str, Placed] = field(default_factory=dict)
    starts: dict[int, Placed] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    """approval_id → index of its run_started."""
    ended: dict[int, int] = field(default_factory=dict)
    """Index of a run_started → index of its end."""
    paused: dict[int, Placed] = field(default_factory=dict)
    """Pauses of callers that have not ended, by their index."""
    finished: int = 0
    last_time: str = ""

    @property
    def unfinished(self) -> list[int]:
        """Indexes of the starts without an end so far."""
        return [index for index in self.starts if index not in self.ended]

    def follow(self, placed: Placed) -> None:
        """Take the next record. Raises ChainBroken when it may not follow."""
        record = placed.record
        if reason := refusal(record.actor, record.kind, record.body):
            raise ChainBroken(reason, "It was not written through the log's own door.")
        if record.time < self.last_time:
            raise ChainBroken(
                f"its time {record.time} is before the previous record's {self.last_time}",
                "The log stamps times in order: records were reordered or invented.",
            )
        self.last_time = record.time
        step = _STEPS.get(record.kind)
        if step:
            step(self, placed)


def _verdict_reached(chain: Chain, placed: Placed) -> None:
    chain.verdicts[placed.index] = placed


def _approval_issued(chain: Chain, placed: Placed) -> None:
    body, approval_id = placed.body, str(placed.body["approval_id"])
    if approval_id in chain.approvals:
        raise ChainBroken(
            f"approval {approval_id} was issued before, by record {chain.approvals[approval_id].index}",
            "An approval's id is used once; one of the two is invented.",
        )
    verdict = chain.verdicts.get(_number(body["verdict_index"]))
    meaning = "This approval rests on no verdict: a program may have been approved without a review."
    if verdict is None or verdict.leaf_hash.hex() != body["verdict_leaf_hash"]:
        raise ChainBroken(
            f"it names record {body['verdict_index']} as its verdict, which is no earlier verdict_reached "
            "with that leaf hash",
            meaning,
        )
    if verdict.body["verdict"] != "ALLOWED":
        raise ChainBroken(
            f"its verdict, record {verdict.index}, is {verdict.body['verdict']}, not ALLOWED", meaning
        )
    _same(placed, verdict, "program_sha256", "Another program than the reviewed one was approved.")
    if _scope(body) != _scope(verdict.body):
        raise ChainBroken(f"its scope differs from that of its verdict, record {verdict.index}", meaning)
    if placed.record.actor != verdict.record.actor:
        raise ChainBroken(f"whoever approved did not reach the verdict, record {verdict.index}", meaning)
    chain.approvals[approval_id] = placed


def _run_started(chain: Chain, placed: Placed) -> None:
    approval_id = str(placed.body["approval_id"])
    approval = chain.approvals.get(approval_id)
    if approval is None:
        raise ChainBroken(
            f"no approval_issued record before it has approval {approval_id}",
            "A program ran whose approval the log never saw: the approval key may be stolen.",
        )
    if approval_id in chain.spent:
        raise ChainBroken(
            f"approval {approval_id} was already used by record {chain.spent[approval_id]}",
            "One approval started two runs.",
        )
    meaning = "The run is not the one that was approved."
    _same(placed, approval, "program_sha256", meaning)
    _same(placed, approval, "statement_sha256", meaning)
    if _inputs(placed.body) != _inputs(approval.body):
        raise ChainBroken(f"its inputs are not those of its approval, record {approval.index}", meaning)
    _in_window(placed, approval)
    chain.spent[approval_id] = placed.index
    chain.starts[placed.index] = placed


def _run_finished(chain: Chain, placed: Placed) -> None:
    start = chain.starts.get(_number(placed.body["started_index"]))
    meaning = "An outcome is claimed for a run that the log did not see start."
    if start is None:
        raise ChainBroken(
            f"it names record {placed.body['started_index']} as its start, which is no run_started before it",
            meaning,
        )
    for name in ("run_id", "approval_id", "program_sha256"):
        _same(placed, start, name, meaning)
    _end(chain, start, placed)
    chain.finished += 1


def _run_aborted(chain: Chain, placed: Placed) -> None:
    start = chain.starts.get(chain.spent.get(str(placed.body["approval_id"]), -1))
    meaning = "A run is said to be aborted that the log did not see start."
    if start is None:
        raise ChainBroken(f"no run_started before it has approval {placed.body['approval_id']}", meaning)
    _same(placed, start, "run_id", meaning)
    _end(chain, start, placed)


def _end(chain: Chain, start: Placed, end: Placed) -> None:
    if start.index in chain.ended:
        raise ChainBroken(
            f"the run that record {start.index} started already ended in record {chain.ended[start.index]}",
            "A run has two outcomes; one of them is invented.",
        )
    chain.ended[start.index] = end.index


def _caller_paused(chain: Chain, placed: Placed) -> None:
    chain.paused[placed.index] = placed


def _caller_resumed(chain: Chain, placed: Placed) -> None:
    pause = chain.paused.pop(_number(placed.body["paused_index"]), None)
    meaning = "A caller is said to be let in again whom the log did not see pause."
    if pause is None:
        raise ChainBroken(
            f"it names record {placed.body['paused_index']}, which is no caller_paused before it, or one "
            "that has ended",
            meaning,
        )
    for name in ("caller", "scope_name"):
        _same(placed, pause, name, meaning)


def _log_size(_: Chain, placed: Placed) -> None:
    if placed.body["size"] != placed.index:
        raise ChainBroken(
            f"it says that {placed.body['size']} records precede it; {placed.index} do",
            "Records before it were dropped or added.",
        )


_STEPS: Mapping[str, Callable[[Chain, Placed], None]] = {
    "verdict_reached": _verdict_reached,
    "approval_issued": _approval_issued,
    "run_started": _run_started,
    "run_finished": _run_finished,
    "run_aborted": _run_aborted,
    "caller_paused": _caller_paused,
    "caller_resumed": _caller_resumed,
    "heartbeat": _log_size,
    "log_started": _log_size,
}


def _same(placed: Placed, earlier: Placed, name: str, meaning: str) -> None:
    if placed.body.get(name) != earlier.body.get(name):
        raise ChainBroken(
            f"its {name} is not that of record {earlier.index} ({earlier.record.kind}), on which it rests",
            meaning,
        )


def _in_window(start: Placed, approval: Placed) -> None:
    moment = _moment(start.record.time)
    issued, expires = _moment(str(approval.body["issued_at"])), _moment(str(approval.body["expires_at"]))
    if not issued - CLOCK_TOLERANCE <= moment <= expires + CLOCK_TOLERANCE:
        raise ChainBroken(
            f"it started at {start.record.time}, outside its approval's time "
            f"{approval.body['issued_at']} to {approval.body['expires_at']} (record {approval.index})",
            "An expired approval was used, or a clock was moved.",
        )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ChainBroken(
            f"{text!r} is not a time", "Whether the approval was valid cannot be told."
        ) from None
    if moment.tzinfo is None:
        raise ChainBroken(f"{text!r} has no time zone", "Whether the approval was valid cannot be told.")
    return moment


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _scope(body: Mapping[str, object]) -> tuple[object, object]:
    scope = body["scope"]
    return (scope.get("name"), scope.get("sha256")) if isinstance(scope, Mapping) else (None, None)


def _inputs(body: Mapping[str, object]) -> list[tuple[str, str]]:
    inputs = body["inputs"]
    items = inputs if isinstance(inputs, list | tuple) else ()
    return sorted((str(i.get("name")), str(i.get("sha256"))) for i in items if isinstance(i, Mapping))
