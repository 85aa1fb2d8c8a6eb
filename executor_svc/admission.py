"""Admission: the numbered steps of docs/approval-format.md §4, and the permit that passing them all gives.

Decides from what it is handed: no files, no clock, no gRPC. Its one act is the last step, the record that
spends the approval, through a function that is passed in. Everything in the request is untrusted until its
step has passed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from executor_svc import narrowing, people, refusals
from executor_svc.delivery.wanted import Wanted
from executor_svc.sandbox import InputFile, RunLimits
from executor_svc.trust import KnownScopes
from placet.approval import Approval, ApprovalRefused, InputDigest, KeySet, Limits, envelope
from placet.approval.statement import TIERS
from placet.audit.client import Appended
from placet.ids import fresh_id

MAX_PROGRAM_BYTES: Final = 64 * 1024
MAX_CLOCK_SKEW: Final = timedelta(seconds=5)
"""How much the guard's clock may be ahead of ours."""


@dataclass(frozen=True)
class RunRequest:
    """What a caller wants run. Everything but `caller` and `peer` is the caller's claim."""

    caller: str
    """Its URI: the authenticated peer, or the one for whom `peer` asks."""
    program: bytes
    approval: bytes
    inputs: tuple[InputFile, ...] = ()
    request_id: str = ""
    peer: str = ""
    """URI of the authenticated peer, where that is not the caller itself."""

    @cached_property
    def program_sha256(self) -> bytes:
        """Digest of the bytes that arrived."""
        return hashlib.sha256(self.program).digest()

    @cached_property
    def envelope(self) -> envelope.Envelope:
        """Parsed and not verified; `check_sizes` bounds what there is to parse. Raises ApprovalRefused."""
        return envelope.parse(envelope.first_line(self.approval))

    @cached_property
    def stated(self) -> Approval:
        """What the envelope's payload says, which nobody has verified. Raises ApprovalRefused."""
        return Approval.from_bytes(self.envelope.payload)

    def signer(self, keys: KeySet) -> str:
        """The trusted, unrevoked key that signed; empty when none did. Judged once for each set of keys.

        Raises ApprovalRefused as `envelope` does.
        """
        if not self._judged or self._judged[0] is not keys:
            self._judged[:] = keys, _signer(self.envelope, keys)
        return str(self._judged[1])

    @cached_property
    def _judged(self) -> list[object]:
        """The keys by which it was judged last, and what `signer` answered; empty before."""
        return []

    @cached_property
    def input_digests(self) -> tuple[InputDigest, ...]:
        """Names, digests and sizes of the bytes that arrived; they were digested while they did."""
        return tuple(InputDigest(i.name, i.sha256, i.size) for i in self.inputs)


def _signer(signed: envelope.Envelope, keys: KeySet) -> str:
    try:
        return envelope.verify(signed, keys)
    except ApprovalRefused:
        return ""


@dataclass(frozen=True)
class Pool:
    """What this executor is and offers."""

    audience: str
    ceiling: Limits
    tier: str
    """The isolation its probe observed."""
    stages: frozenset[str] = frozenset()
    """What can be done around programs there."""


@dataclass(frozen=True)
class Case:
    """One request beside everything that it is judged by. Steps read it in order and change nothing."""

    request: RunRequest
    keys: KeySet
    scopes: KnownScopes
    pool: Pool
    now: datetime

    @property
    def envelope(self) -> envelope.Envelope:
        """Parsed and not yet verified; step 4.1 has bounded its size."""
        return self.request.envelope

    @property
    def key_id(self) -> str:
        """The trusted, unrevoked key that signed; empty when none did, which step 4.3 refuses."""
        return self.request.signer(self.keys)

    @property
    def approval(self) -> Approval:
        """What the payload says; step 4.3 has verified its signature before any step reads it."""
        return self.request.stated

    @cached_property
    def decisions(self) -> tuple[bytes, ...]:
        """The envelopes that came with the approval; step 4.11 judges them."""
        return envelope.decision_lines(self.request.approval)


@dataclass(frozen=True)
class Start:
    """What the `run_started` record says, and the request that it starts."""

    run_id: str
    request: RunRequest
    approval: Approval
    statement_sha256: bytes
    key_id: str
    """Of the key that signed the approval."""
    tier: str
    decisions: tuple[bytes, ...] = ()
    """The envelopes of the people who allowed it, where several had to."""

    @property
    def request_id(self) -> str:
        """The caller's, or else the one that the approval was issued for."""
        return self.request.request_id or self.approval.request_id


Spend = Callable[[Start], Awaitable[Appended]]
"""Appends `run_started`. Raises ApprovalRefused APPROVAL_SPENT when the approval has one already; any other
exception means that the record may not be durable, so that nothing may run."""

_ADMITTED: Final = object()


class RunPermit:
    """Proof that every step passed, for one run. Only `admit` makes one."""

    def __init__(self, start: Start, record: Appended, wanted: Wanted, proof: object) -> None:
        """`proof` is what only this module holds; raises TypeError without it."""
        if proof is not _ADMITTED:
            raise TypeError("a permit comes from admit() only")
        self.start = start
        self.record = record
        self._wanted = wanted
        self._used = False

    @property
    def limits(self) -> RunLimits:
        """The approval's limits, as the sandbox takes them: no more than the grants need."""
        given = self.start.approval.limits
        limits = RunLimits(
            given.wall_s,
            given.cpu_s,
            given.memory_mib,
            given.output_kib,
            given.artifacts,
            given.artifact_mib,
        )
        return narrowing.limits_for(self.start.approval.grants, limits)

    @property
    def inputs(self) -> tuple[InputFile, ...]:
        """The files that the program finds: no more than the grants need."""
        return narrowing.inputs_for(self.start.approval.grants, self.start.request.inputs)

    @property
    def wanted(self) -> Wanted:
        """What the scope wants done around the program."""
        return self._wanted

    def use(self) -> Start:
        """Take the one run it allows. Raises RuntimeError the second time."""
        if self._used:
            raise RuntimeError("the permit was used; one approval is one run")
        self._used = True
        return self.start


def check_sizes(case: Case) -> None:
    """4.1: there is an approval and a program, and both are small enough to be read."""
    envelope.check_file_size(case.request.approval)
    size = len(case.request.program)
    if not size:
        raise ApprovalRefused("PROGRAM_EMPTY", "the program is empty; send its bytes")
    if size > MAX_PROGRAM_BYTES:
        raise ApprovalRefused(
            "PROGRAM_TOO_LARGE", f"the program has {size} bytes; at most {MAX_PROGRAM_BYTES} can be run"
        )


def check_envelope(case: Case) -> None:
    """4.2: a DSSE envelope, around an in-toto statement; what follows it may be decisions."""
    envelope.check_type(case.envelope)
    envelope.decision_lines(case.request.approval)


def check_signature(case: Case) -> None:
    """4.3: signed by a trusted key that is not revoked."""
    if not case.key_id:
        envelope.verify(case.envelope, case.keys)


def check_audience(case: Case) -> None:
    """4.4: made for this pool."""
    if case.pool.audience not in case.approval.audience:
        raise ApprovalRefused(
            "APPROVAL_AUDIENCE_WRONG",
            f"the approval is for {', '.join(case.approval.audience)}, and this pool is {case.pool.audience}",
        )


def check_time(case: Case) -> None:
    """4.5: already valid and not yet expired."""
    approval = case.approval
    if case.now < approval.issued_at - MAX_CLOCK_SKEW:
        raise ApprovalRefused(
            "APPROVAL_NOT_YET_VALID",
            f"issued at {approval.issued_at.isoformat()}, in this machine's future; compare the clocks",
        )
    if case.now >= approval.expires_at:
        raise ApprovalRefused(
            "APPROVAL_EXPIRED", f"expired at {approval.expires_at.isoformat()}; ask for a new approval"
        )


def check_program(case: Case) -> None:
    """4.6: the bytes that arrived are the bytes that were approved."""
    approved = case.approval.program_sha256
    if case.request.program_sha256 != approved:
        raise ApprovalRefused(
            "APPROVAL_DIGEST_MISMATCH",
            f"the approval is for the program {approved.hex()[:16]}…, what arrived is "
            f"{case.request.program_sha256.hex()[:16]}…; have the changed program reviewed",
        )


def check_inputs(case: Case) -> None:
    """4.7: the same names with the same bytes, none missing and none more."""
    approved = {entry.name: entry for entry in case.approval.inputs}
    arrived = {entry.name: entry for entry in case.request.input_digests}
    if missing := sorted(approved.keys() - arrived.keys()):
        raise _inputs("APPROVAL_INPUT_MISSING", "were approved and did not arrive", missing)
    if len(case.request.inputs) != len(arrived) or arrived.keys() - approved.keys():
        extra = sorted(arrived.keys() - approved.keys()) or sorted(arrived)
        raise _inputs("APPROVAL_INPUT_EXTRA", "arrived and were not approved", extra)
    if changed := sorted(name for name in approved if approved[name] != arrived[name]):
        raise _inputs("APPROVAL_INPUT_CHANGED", "are not the bytes that were approved", changed)


def check_scope(case: Case) -> None:
    """4.8: a scope that this pool knows and that is not retired."""
    scope = case.approval.scope
    label = f"{scope.name} version {scope.version} ({scope.sha256.hex()[:16]}…)"
    if scope.sha256 in case.scopes.retired:
        raise ApprovalRefused(
            "APPROVAL_SCOPE_RETIRED",
            f"the scope {label} is retired; have the program reviewed in a current one",
        )
    if scope.sha256 not in case.scopes.known:
        raise ApprovalRefused(
            "APPROVAL_SCOPE_UNKNOWN",
            f"this pool does not know the scope {label}; its operator can add the file",
        )


def check_limits(case: Case) -> None:
    """4.9: no limit above the pool's ceiling."""
    if above := case.approval.limits.above(case.pool.ceiling):
        raise ApprovalRefused(
            "APPROVAL_LIMITS_EXCEEDED",
            f"above this pool's ceiling: {', '.join(above)}; lower the scope's limits",
        )


def check_tier(case: Case) -> None:
    """4.10: isolation at least as strong as the approval asks for. An unknown tier is the weakest."""
    wanted, have = case.approval.min_tier, case.pool.tier
    if have not in TIERS or TIERS.index(have) < TIERS.index(wanted):
        raise ApprovalRefused(
            "APPROVAL_TIER_TOO_LOW",
            f"the approval needs isolation {wanted}, this pool has {have or 'none'}; use a stronger pool",
        )


def check_people(case: Case) -> None:
    """4.11: where a person decided, their key signed, and as many others allowed it as the scope wants."""
    people.check_signer(case.approval, case.key_id, case.keys)
    if case.approval.decided_by.startswith("human:"):
        quorum = case.scopes.quorums.get(case.approval.scope.sha256, people.UNKNOWN)
        people.check_decisions(case.approval, case.decisions, case.keys, quorum)
    else:
        people.check_none(case.decisions)


CHECKS: Final[tuple[Callable[[Case], None], ...]] = (
    check_sizes,
    check_envelope,
    check_signature,
    check_audience,
    check_time,
    check_program,
    check_inputs,
    check_scope,
    check_limits,
    check_tier,
    check_people,
)
"""Steps 4.1 to 4.11, in order. Step 4.12 is `Spend`."""


async def admit(case: Case, spend: Spend) -> RunPermit:
    """Take every step in order; the permit is for one run of exactly this request.

    Raises:
        ApprovalRefused: with the reason of the first step that fails. Nothing was spent.
        ServiceError: UNAVAILABLE with SCOPE_UNUSABLE or STAGES_UNAVAILABLE. Nothing was spent.
        Exception: what `spend` raises when it could not record.
    """
    for check in CHECKS:
        check(case)
    wanted = case.scopes.wanted_of(case.approval.scope.sha256)
    if not wanted.stages <= case.pool.stages:
        raise refusals.no_stages(wanted.stages)
    start = Start(
        run_id=fresh_id(),
        request=case.request,
        approval=case.approval,
        statement_sha256=hashlib.sha256(case.envelope.payload).digest(),
        key_id=case.key_id,
        tier=case.pool.tier,
        decisions=case.decisions,
    )
    return RunPermit(start, await spend(start), wanted, _ADMITTED)


def _inputs(reason: str, what: str, names: list[str]) -> ApprovalRefused:
    shown = ", ".join(repr(name) for name in names[:5]) + ("…" if len(names) > 5 else "")
    return ApprovalRefused(reason, f"{shown} {what}; send exactly the reviewed files, or review again")
