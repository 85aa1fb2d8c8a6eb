"""The state machine over records: no run without one used, unexpired approval, no approval without verdict.

Knows docs/audit-format.md §6. Takes valid records in log order; must not know storage, trees or keys. Of each
record it keeps only what a later one can rest on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar

from placet.audit.actors import path_of, refusal
from placet.audit.items import CONSOLE, Item, Items, scope_digest
from placet.audit.placed import ChainBroken as ChainBroken
from placet.audit.placed import Placed as Placed
from placet.audit.quorum import Ballot, Votes

ACTIONS: Final = "actions"
"""`decided_by` of a verdict on what a plan of actions compiles to."""
CLOCK_TOLERANCE: Final = timedelta(seconds=30)
"""The log stamps a start later than the executor checked it, and by another clock."""
_SHOWN: Final = ("verdict_index", "review_token", "envelope_sha256")
"""What the console's record of a decision has besides."""
T = TypeVar("T")
Scope = tuple[str, str]
"""Name and digest."""
Inputs = tuple[tuple[str, str], ...]
"""Name and digest of each, sorted."""


class Verdict(NamedTuple):
    """What is kept of a verdict_reached."""

    leaf_hash: bytes
    verdict: object
    program: bytes
    scope: Scope
    actor: str
    decided_by: object


class Issued(NamedTuple):
    """What is kept of an approval_issued."""

    place: int
    program: object
    statement: object
    inputs: Inputs
    key_id: object
    window: tuple[str, str]


class Start(NamedTuple):
    """What is kept of a run_started: its id, its approval and its program, and for whom it was."""

    run: tuple[object, object, object]
    caller: object


@dataclass
class Chain:
    """What the records so far allow the next one to be."""

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    issued: dict[str, int] = field(default_factory=dict)
    """approval_id → index of its approval_issued."""
    unspent: dict[str, Issued] = field(default_factory=dict)
    """approval_id → what its start must be."""
    starts: dict[int, Start] = field(default_factory=dict)
    """Runs that have not ended, by their index."""
    spent: dict[str, int] = field(default_factory=dict)
    """approval_id → index of its run_started."""
    ended: dict[int, int] = field(default_factory=dict)
    """Index of a run_started → index of its end."""
    paused: dict[int, tuple[object, object]] = field(default_factory=dict)
    """Pauses that have not ended, by their index: caller and scope."""
    revoked: dict[str, int] = field(default_factory=dict)
    """Key id → index of its key_revoked."""
    tasks: dict[str, object] = field(default_factory=dict)
    """Request id → caller of its task_received."""
    votes: Votes = field(default_factory=Votes)
    items: Items = field(default_factory=Items)
    closing: dict[int, Item] = field(default_factory=dict)
    """A person's verdict → the item that it closed."""
    by_people: dict[int, dict[str, object]] = field(default_factory=dict)
    """approval_issued by a person → what its signature must say."""
    last_time: str = ""

    @property
    def unfinished(self) -> list[int]:
        """Indexes of the starts without an end so far."""
        return list(self.starts)

    def follow(self, placed: Placed) -> None:
        """Take the next record. Raises ChainBroken when it may not follow; the next one may still."""
        record = placed.record
        if reason := refusal(record.actor, record.kind, record.body):
            raise ChainBroken(reason, "It was not written through the log's own door.")
        if record.time < self.last_time:
            raise ChainBroken(
                f"its time {record.time} is before an earlier record's {self.last_time}",
                "The log stamps times in order: records were reordered or invented.",
            )
        self.last_time = record.time
        step = STEPS.get(record.kind)
        if step:
            step(self, placed)


def _task_received(chain: Chain, placed: Placed) -> None:
    chain.tasks[placed.record.request_id] = _one(placed.body["caller"])


def _program_generated(chain: Chain, placed: Placed) -> None:
    if "caller" in placed.body:
        _for_its_caller(chain, placed)


def _for_its_caller(chain: Chain, placed: Placed) -> None:
    """What is done for a task is done in the name of whoever the task came from."""
    caller, task = placed.body.get("caller"), chain.tasks.get(placed.record.request_id)
    if not task or caller != task:
        raise ChainBroken(
            f"it is for {caller}, and the task of its request came from {task or 'nobody'}",
            "What one caller used is put down to another.",
        )


def _verdict_reached(chain: Chain, placed: Placed) -> None:
    body, actor = placed.body, placed.record.actor
    scope = _scope(body)
    chain.verdicts[placed.place] = Verdict(
        placed.leaf_hash,
        _one(body["verdict"]),
        _packed(body["program_sha256"]),
        _one(scope),
        _one(actor),
        _one(body["decided_by"]),
    )
    if body["decided_by"] == ACTIONS:
        _plan_shown(placed)
    if path_of(actor) == "svc/guard":
        chain.votes.require(scope[1], body.get("quorum", 1))
        chain.items.ask(placed)
    elif item := chain.items.close(placed):
        chain.closing[placed.place] = item


def _plan_shown(placed: Placed) -> None:
    """What actions decided can be compiled again from the plan that the record shows."""
    record, body = placed.record, placed.body
    missing = [] if "plan_sha256" in body else ["plan_sha256"]
    missing += [] if any(ref.role == "plan" for ref in record.bodies) else ["plan"]
    if missing:
        raise ChainBroken(
            f"actions decided, and it has no {', '.join(missing)}",
            "A program is said to be compiled from a plan that nobody can look at.",
        )
    if (path_of(record.actor), body["verdict"]) != ("svc/guard", "ALLOWED"):
        raise ChainBroken(
            f"actions decide nothing but ALLOWED, by the guard; it is {body['verdict']} by {record.actor}",
            "A verdict was put down to a plan that did not lead to it.",
        )


def _review_given(chain: Chain, placed: Placed) -> None:
    body = placed.body
    item = _decision_shown(chain, placed)
    about = Ballot(body["program_sha256"], scope_digest(body), item.ballot.item if item else None)
    chain.votes.give(str(body["decided_by"]), about, body["verdict"])


def _decision_shown(chain: Chain, placed: Placed) -> Item | None:
    """The item that is decided; by the console only with the person's own statement."""
    item, missing = chain.items.decide(placed), []
    if path_of(placed.record.actor) == CONSOLE:
        missing = [name for name in _SHOWN if name not in placed.body]
        missing += [] if any(ref.role == "decision" for ref in placed.record.bodies) else ["decision"]
    if missing:
        raise ChainBroken(
            f"it has no {', '.join(missing)}",
            "The console says that a person decided, and does not show their signed decision.",
        )
    return item


def _approval_signed(chain: Chain, placed: Placed) -> None:
    chain.items.sign(placed, chain.by_people.get(_number(placed.body["issued_index"])))


def _claim(chain: Chain, placed: Placed) -> None:
    chain.items.claim(placed)


def _label_given(chain: Chain, placed: Placed) -> None:
    body = placed.body
    verdict = chain.verdicts.get(_number(body["verdict_index"]))
    if verdict is None or verdict.program != _packed(body["program_sha256"]):
        raise ChainBroken(
            f"record {body['verdict_index']}, which it names, is no earlier verdict_reached on that program",
            "An opinion is claimed on a verdict that was never reached.",
        )


def _approval_issued(chain: Chain, placed: Placed) -> None:
    body, approval_id = placed.body, str(placed.body["approval_id"])
    if chain.issued.setdefault(approval_id, placed.place) != placed.place:
        raise ChainBroken(
            f"approval {approval_id} was issued before, by record {chain.issued[approval_id]}",
            "An approval's id is used once; one of the two is invented.",
        )
    # Kept before it is judged: a start that uses it is then judged for itself.
    chain.unspent[approval_id] = Issued(
        placed.place,
        body["program_sha256"],
        body["statement_sha256"],
        _inputs(body),
        body["key_id"],
        (str(body["issued_at"]), str(body["expires_at"])),
    )
    if str(body["decided_by"]).startswith("human:"):
        names = ("approval_id", "program_sha256")
        chain.by_people[placed.place] = {"actor": placed.record.actor} | {n: body[n] for n in names}
    verdict = _verdict_of(chain, placed)
    _quorum_met(chain, placed, verdict)
    _key_good(chain, body["key_id"], "it was signed with")


def _verdict_of(chain: Chain, placed: Placed) -> Verdict:
    """The verdict that an approval rests on. Raises ChainBroken when it rests on none."""
    body = placed.body
    verdict = chain.verdicts.get(_number(body["verdict_index"]))
    meaning = "This approval rests on no verdict: a program may have been approved without a review."
    if verdict is None or verdict.leaf_hash.hex() != body["verdict_leaf_hash"]:
        raise ChainBroken(
            f"it names record {body['verdict_index']} as its verdict, which is no earlier verdict_reached "
            "with that leaf hash",
            meaning,
        )
    rests_on = f"record {body['verdict_index']} (verdict_reached), on which it rests"
    if verdict.verdict != "ALLOWED":
        raise ChainBroken(f"{rests_on}, is {verdict.verdict}, not ALLOWED", meaning)
    if _packed(body["program_sha256"]) != verdict.program:
        raise ChainBroken(
            f"its program_sha256 is not that of {rests_on}",
            "Another program than the reviewed one was approved.",
        )
    if _scope(body) != verdict.scope:
        raise ChainBroken(f"its scope is not that of {rests_on}", meaning)
    if (placed.record.actor, body["decided_by"]) != (verdict.actor, verdict.decided_by):
        raise ChainBroken(f"whoever approved did not reach the verdict of {rests_on}", meaning)
    return verdict


def _quorum_met(chain: Chain, placed: Placed, verdict: Verdict) -> None:
    body = placed.body
    if not str(body["decided_by"]).startswith("human:"):
        return
    item = chain.closing.get(_number(body["verdict_index"]))
    about = item.ballot if item else Ballot(body["program_sha256"], verdict.scope[1])
    needed = item.quorum if item else chain.votes.needed(verdict.scope[1])
    given = chain.votes.given(str(verdict.decided_by), about)
    if given < needed:
        raise ChainBroken(
            f"its scope needs {needed} people to allow a program; {given} did",
            "One person decided what several had to decide.",
        )


def _key_good(chain: Chain, key_id: object, how: str) -> None:
    if key_id in chain.revoked:
        raise ChainBroken(
            f"{how} key {str(key_id)[:16]}…, which record {chain.revoked[str(key_id)]} revoked",
            "A revoked key was used: it may be in the wrong hands.",
        )


def _key_revoked(chain: Chain, placed: Placed) -> None:
    key_id = str(placed.body["key_id"])
    if chain.revoked.setdefault(key_id, placed.place) != placed.place:
        raise ChainBroken(
            f"record {chain.revoked[key_id]} has revoked key {key_id[:16]}… before",
            "A key is revoked once; one of the two is invented.",
        )


def _run_started(chain: Chain, placed: Placed) -> None:
    body, approval_id = placed.body, str(placed.body["approval_id"])
    chain.starts[placed.place] = Start(_run(body), _one(body.get("caller")))
    if approval_id not in chain.issued:
        raise ChainBroken(
            f"no approval_issued record before it has approval {approval_id}",
            "A program ran whose approval the log never saw: the approval key may be stolen.",
        )
    if chain.spent.setdefault(approval_id, placed.place) != placed.place:
        raise ChainBroken(
            f"approval {approval_id} was already used by record {chain.spent[approval_id]}",
            "One approval started two runs.",
        )
    approval = chain.unspent.pop(approval_id)
    rests_on = f"record {approval.place} (approval_issued), on which it rests"
    pairs = (
        ("program_sha256", body["program_sha256"] == approval.program),
        ("statement_sha256", body["statement_sha256"] == approval.statement),
        ("list of inputs", _inputs(body) == approval.inputs),
    )
    if body.get("key_id", approval.key_id) != approval.key_id:
        raise ChainBroken(f"its key_id is not that of {rests_on}", "Another key signed what was executed.")
    for name, same in pairs:
        if not same:
            raise ChainBroken(f"its {name} is not that of {rests_on}", "The run is not the approved one.")
    _in_window(placed.record.time, approval)
    chain.items.start(placed)
    if "peer" in body:
        _for_its_caller(chain, placed)
    _key_good(chain, approval.key_id, "its approval was signed with")


def _run_finished(chain: Chain, placed: Placed) -> None:
    body, place = placed.body, _number(placed.body["started_index"])
    _not_ended(chain, place)
    start = chain.starts.get(place)
    meaning = "An outcome is claimed for a run that the log did not see start."
    if start is None:
        raise ChainBroken(f"it names record {place} as its start, which is no run_started before it", meaning)
    for name, mine, its in zip(
        ("run_id", "approval_id", "program_sha256"), _run(body), start.run, strict=True
    ):
        if mine != its:
            raise ChainBroken(f"its {name} is not that of its start, record {place}", meaning)
    _end(chain, place, placed)
    _same_caller(body, start, place)


def _run_aborted(chain: Chain, placed: Placed) -> None:
    body, place = placed.body, chain.spent.get(str(placed.body["approval_id"]), -1)
    _not_ended(chain, place)
    start = chain.starts.get(place)
    meaning = "A run is said to be aborted that the log did not see start."
    if start is None:
        raise ChainBroken(f"no run_started before it has approval {body['approval_id']}", meaning)
    if body["run_id"] != start.run[0]:
        raise ChainBroken(f"its run_id is not that of its start, record {place}", meaning)
    _end(chain, place, placed)
    _same_caller(body, start, place)


def _same_caller(body: Mapping[str, object], start: Start, place: int) -> None:
    if body.get("caller", start.caller) != start.caller:
        raise ChainBroken(
            f"its caller is not that of its start, record {place}",
            "What one caller used is put down to another.",
        )


def _not_ended(chain: Chain, start: int) -> None:
    if start in chain.ended:
        raise ChainBroken(
            f"the run that record {start} started already ended in record {chain.ended[start]}",
            "A run has two outcomes; one of them is invented.",
        )


def _end(chain: Chain, start: int, end: Placed) -> None:
    del chain.starts[start]
    chain.ended[start] = end.place


def _caller_paused(chain: Chain, placed: Placed) -> None:
    chain.paused[placed.place] = (placed.body["caller"], placed.body["scope_name"])


def _caller_resumed(chain: Chain, placed: Placed) -> None:
    body = placed.body
    pause = chain.paused.pop(_number(body["paused_index"]), None)
    meaning = "A caller is said to be let in again whom the log did not see pause."
    if pause is None:
        raise ChainBroken(
            f"it names record {body['paused_index']}, which is no caller_paused before it, or one "
            "that has ended",
            meaning,
        )
    if pause != (body["caller"], body["scope_name"]):
        raise ChainBroken(
            f"its caller or scope is not that of record {body['paused_index']} (caller_paused)", meaning
        )


def _log_size(_: Chain, placed: Placed) -> None:
    if placed.body["size"] != placed.place:
        raise ChainBroken(
            f"it says that {placed.body['size']} records precede it; {placed.place} do",
            "Records before it were dropped or added.",
        )


STEPS: Final[dict[str, Callable[[Chain, Placed], None]]] = {
    "task_received": _task_received,
    "program_generated": _program_generated,
    "verdict_reached": _verdict_reached,
    "review_given": _review_given,
    "review_claimed": _claim,
    "review_released": _claim,
    "label_given": _label_given,
    "approval_issued": _approval_issued,
    "approval_signed": _approval_signed,
    "key_revoked": _key_revoked,
    "run_started": _run_started,
    "run_finished": _run_finished,
    "run_aborted": _run_aborted,
    "caller_paused": _caller_paused,
    "caller_resumed": _caller_resumed,
    "heartbeat": _log_size,
    "log_started": _log_size,
}
"""What a record of a kind needs and leaves; other kinds need nothing."""


def _in_window(time: str, approval: Issued) -> None:
    issued, expires = map(_moment, approval.window)
    if not issued - CLOCK_TOLERANCE <= _moment(time) <= expires + CLOCK_TOLERANCE:
        raise ChainBroken(
            f"it started at {time}, outside its approval's time {approval.window[0]} to "
            f"{approval.window[1]} (record {approval.place})",
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


@lru_cache(maxsize=4096)
def _one(value: T) -> T:
    """The first of equal values: scopes and actors are few, and each is kept once."""
    return value


def _packed(digest: object) -> bytes:
    return bytes.fromhex(str(digest))


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _run(body: Mapping[str, object]) -> tuple[object, object, object]:
    return body["run_id"], body["approval_id"], body["program_sha256"]


def _scope(body: Mapping[str, object]) -> Scope:
    scope = body["scope"]
    return (str(scope.get("name")), str(scope.get("sha256"))) if isinstance(scope, dict) else ("", "")


def _inputs(body: Mapping[str, object]) -> Inputs:
    inputs = body["inputs"]
    if not isinstance(inputs, list) or not inputs:
        return ()
    return tuple(sorted((str(i.get("name")), str(i.get("sha256"))) for i in inputs if isinstance(i, dict)))
