"""People who decide about a program, for tests: their keys, and what the console records of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from placet.approval import Approval, InputDigest, KeySet, Limits, LogRef, ScopeRef, SigningKey
from placet.approval.decision import Decision, sign_decision
from placet.approval.envelope import approval_file, sign
from placet.audit.client import Appended
from tests.fakes.audit_world import (
    EXECUTOR,
    GUARD,
    ORIGIN,
    OTHER_SHA256,
    PROGRAM,
    SCOPE,
    Writer,
    approval,
    started,
    verdict,
)

CONSOLE = "spiffe://placet.local/svc/console"
KEYS = {name: SigningKey.generate() for name in ("kim", "lee", "max")}
REVIEWERS = KeySet(
    {key.key_id: key.public for key in KEYS.values()}, people={key.key_id: n for n, key in KEYS.items()}
)
TOKEN = hashlib.sha256(b"all that was shown").digest()
SCOPE_REF = ScopeRef("data-analysis", 1, bytes.fromhex(str(SCOPE["sha256"])))


def decision(name: str = "kim", **change: Any) -> Decision:
    """What a person says about PROGRAM."""
    made = Decision(
        verdict="ALLOWED",
        decided_by=f"human:{name}",
        decided_at=datetime.now(UTC),
        reason="reads its input only",
        program_sha256=hashlib.sha256(PROGRAM).digest(),
        scope=SCOPE_REF,
        inputs=(),
        quorum=1,
        request_id="req-1",
    )
    return replace(made, **change)


async def asks(log: Writer, **change: object) -> Appended:
    """The guard sends a program to people: an item."""
    return await log.append(GUARD, "verdict_reached", verdict(verdict="NEEDS_REVIEW", **change))


@dataclass
class Deciding:
    """One item at the console."""

    log: Writer
    item: Appended
    _statement: bytes = b""

    @property
    def approval_id(self) -> str:
        """One of its own for each item."""
        return f"{self.item.index:032x}"

    def says(self, name: str, **change: Any) -> Decision:
        """A person's decision on this item, as their browser makes it."""
        about = LogRef(ORIGIN, self.item.index, self.item.leaf_hash)
        return decision(name, **({"reviewed": about, "review_token": TOKEN} | change))

    async def decides(self, name: str, *, signed: bytes = b"", **change: Any) -> bytes:
        """The console records a decision; its envelope. `signed` is kept in its place."""
        said = self.says(name, **change)
        kept = signed or sign_decision(said, KEYS[name])
        body = {
            "verdict": said.verdict,
            "program_sha256": said.program_sha256.hex(),
            "scope": SCOPE,
            "decided_by": f"human:{name}",
            "reason": said.reason[:256],
            "verdict_index": self.item.index,
            "review_token": TOKEN.hex(),
            "envelope_sha256": hashlib.sha256(kept).hexdigest(),
        }
        await self.log.append(CONSOLE, "review_given", body, decision=kept)
        return kept

    async def closes(self, name: str, verdict_: str = "ALLOWED", **change: object) -> Appended:
        """The console records that this person's decision was the last one."""
        by: dict[str, object] = {"decided_by": f"human:{name}", "reviewed_index": self.item.index}
        return await self.log.append(CONSOLE, "verdict_reached", verdict(verdict=verdict_, **by, **change))

    def statement(self, name: str, reached: Appended) -> bytes:
        """What the approver signs."""
        now = datetime.now(UTC)
        return Approval(
            approval_id=self.approval_id,
            issued_at=now,
            expires_at=now.replace(year=now.year + 1),
            program_sha256=hashlib.sha256(PROGRAM).digest(),
            scope=SCOPE_REF,
            request_id="req-1",
            audience=("local",),
            inputs=(InputDigest("a.csv", b"\3" * 32, 4),),
            grants=(),
            limits=Limits(30, 20, 512, 1024, 16, 20),
            min_tier="T1",
            findings_sha256=b"\4" * 32,
            audit_log=LogRef(ORIGIN, reached.index, reached.leaf_hash),
            decided_by=f"human:{name}",
            verifier_id="placet console",
            verifier_version="1",
        ).to_bytes()

    async def issues(self, name: str, reached: Appended, **change: object) -> tuple[Appended, bytes]:
        """The approval's record, and the statement that it speaks of."""
        statement = self.statement(name, reached)
        fields: dict[str, object] = {
            "approval_id": self.approval_id,
            "decided_by": f"human:{name}",
            "key_id": KEYS[name].key_id,
            "statement_sha256": hashlib.sha256(statement).hexdigest(),
        }
        self._statement = statement
        body = approval(reached, **(fields | change))
        return await self.log.append(CONSOLE, "approval_issued", body, statement=statement), statement

    async def signs(self, issued: Appended, file: bytes, **change: object) -> Appended:
        """The signature arrives."""
        body = {
            "approval_id": self.approval_id,
            "program_sha256": hashlib.sha256(PROGRAM).hexdigest(),
            "issued_index": issued.index,
            "envelope_sha256": hashlib.sha256(file).hexdigest(),
        } | change
        return await self.log.append(CONSOLE, "approval_signed", body, approval=file)

    async def runs(self, *decisions: str) -> Appended:
        """The executor starts it, on these decisions."""
        statement = hashlib.sha256(self._statement).hexdigest()
        body = started(approval_id=self.approval_id, statement_sha256=statement, decisions=list(decisions))
        return await self.log.append(EXECUTOR, "run_started", body)

    async def shown_elsewhere(self) -> str:
        """A reviewer decides about the item's program, without the console; the digest of what was signed."""
        of = {"program_sha256": OTHER_SHA256, "scope": SCOPE, "verdict": "ALLOWED", "reason": "fine"}
        body = {**of, "decided_by": "human:lee", "envelope_sha256": "8" * 64}
        await self.log.append("spiffe://placet.local/reviewer/lee", "review_given", body)
        return "8" * 64

    async def approves(self, name: str) -> Appended:
        """All that follows an ALLOWED, in order."""
        mine = await self.decides(name)
        issued, statement = await self.issues(name, await self.closes(name))
        return await self.signs(issued, approval_file(sign(statement, KEYS[name]), mine))


async def at_the_console(log: Writer, **change: object) -> Deciding:
    """A new item, at the console."""
    return Deciding(log, await asks(log, **change))
