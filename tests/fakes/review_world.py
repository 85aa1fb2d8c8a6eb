"""A real log with programs that wait for people, and people with keys who decide as their browsers do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit_svc.access import Role
from audit_svc.console import drafts
from audit_svc.console.case import Case
from audit_svc.console.cases import Cases
from audit_svc.console.claims import Claims
from audit_svc.console.decisions import Decisions, Progress
from audit_svc.console.log import Reading
from audit_svc.console.people import Person
from audit_svc.console.refusals import Refused
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.scopes import Scopes
from audit_svc.console.shown import shown, text_of, token_of
from audit_svc.draft import Draft
from audit_svc.policy import check_may_append
from audit_svc.sequencer import Sequencer
from placet.approval import KeySet, SigningKey
from placet.approval.decision import Decision, open_decision, sign_decision
from placet.approval.envelope import sign
from placet.audit.client import Appended
from placet.audit.reader import Entry, LogReader
from placet.audit.record import canonical
from placet.audit.report import Report
from placet.audit.verify import verify_database
from placet.rpc.identity import reviewer_uri
from placet.scope import Scope, load_scope
from tests.fakes.audit_world import GUARD, World

CONSOLE = drafts.CONSOLE
CALLER = "spiffe://placet.local/caller/reports"
PROGRAM = b"import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"
SCOPE = b"""\
apiVersion: placet/v1
kind: Scope
metadata: {name: data-analysis, version: 1, owner: insights}
purpose: Answer questions about the attached files.
allow: {imports: [pandas], read: [inputs], write: [outputs]}
"""
PEOPLE = ("ana", "ben", "cleo")


class ConsoleLog(Reading):
    """Log over the real sequencer: what svc/console may not append is refused as by the service."""

    def __init__(self, sequencer: Sequencer, reader: LogReader) -> None:
        super().__init__(reader)
        self._sequencer = sequencer
        self.fail_on = ""

    async def append(self, draft: Draft) -> Appended:
        check_may_append(CONSOLE, draft.kind, draft.body)
        if draft.kind == self.fail_on:
            raise asyncio.CancelledError
        return await self._sequencer.append(replace(draft, actor=CONSOLE))

    async def growth(self) -> AsyncIterator[int]:
        while True:
            yield self._sequencer.head.size
            await self._sequencer.wait_for_growth(self._sequencer.head.size)


@dataclass
class ReviewWorld:
    """The log, the directories that a console is shown, and a clock that tests may turn."""

    world: World
    directory: Path
    sequencer: Sequencer
    log: ConsoleLog
    keys: dict[str, SigningKey] = field(default_factory=dict)
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        for part in ("keys", "scopes"):
            (self.directory / part).mkdir()
        for name in PEOPLE:
            self.trust(name, SigningKey.generate())
        self.load(SCOPE)
        self.decisions, self.claims = self.console(), Claims(self.log, Cases(self.log), now=self.now)

    def console(self) -> Decisions:
        """Decisions as one process of the console takes them."""
        scopes, reviewers = Scopes(self.directory / "scopes"), Reviewers(self.directory / "keys")
        return Decisions(self.log, scopes, reviewers, now=self.now)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def trust(self, name: str, key: SigningKey) -> None:
        self.keys[name] = key
        (self.directory / "keys" / f"reviewer-{name}.pub.pem").write_bytes(key.public.to_pem())

    def revoke(self, name: str) -> None:
        (self.directory / "keys" / "revoked.txt").write_text(self.keys[name].key_id)

    def load(self, document: bytes) -> Scope:
        scope = load_scope(document)
        (self.directory / "scopes" / f"{scope.name}.yaml").write_bytes(document)
        return scope

    async def asked(
        self,
        *,
        caller: str = CALLER,
        request: str = "req-1",
        without: str = "",
        plan: bytes = b"",
        **change: object,
    ) -> int:
        """A NEEDS_REVIEW of the guard's; its index. `without` names a body that it lacks."""
        scope = load_scope(SCOPE)
        named = {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()}
        inputs = [{"name": "sales.csv", "sha256": "a" * 64, "size": 12}]
        proposal = canonical(
            {
                "audience": ["local"],
                "grants": ["import:pandas", "fs.read:inputs"],
                "inputs": inputs,
                "limits": scope.limits.model_dump(),
                "min_tier": "T1",
            }
        )
        body = {
            "verdict": "NEEDS_REVIEW",
            "program_sha256": hashlib.sha256(PROGRAM).hexdigest(),
            "scope": named,
            "decided_by": "rules+reviewer",
            "risk_pct": 40,
            "findings": [],
            "findings_sha256": hashlib.sha256(b"[]").hexdigest(),
            "task_sha256": hashlib.sha256(b"mean price").hexdigest(),
            "caller": caller,
            "inputs": inputs,
            "proposal_sha256": hashlib.sha256(proposal).hexdigest(),
        }
        bodies = {
            "program": PROGRAM,
            "findings": b"[]",
            "task": b"mean price",
            "scope": SCOPE,
            "proposal": proposal,
        }
        bodies.pop(without, None)
        if plan:
            bodies["plan"] = plan
            body["plan_sha256"] = hashlib.sha256(plan).hexdigest()
        draft = Draft("verdict_reached", request, GUARD, body | change, bodies)
        return (await self.sequencer.append(draft)).index

    async def seen(self, index: int) -> tuple[Case, str, bytes]:
        """What a person's page shows now: the item, the text of it, and its token."""
        case = await self.decisions.case(index)
        loaded = Scopes(self.directory / "scopes").named(case.entry.scope)
        what = shown(case, await self.decisions.proposal(case), loaded)
        return case, text_of(what), token_of(what)

    async def signed(
        self, name: str, index: int, verdict: str = "ALLOWED", **change: object
    ) -> tuple[bytes, str]:
        """A decision signed in this person's browser, and what the browser says that it saw."""
        case, text, token = await self.seen(index)
        proposal = await self.decisions.proposal(case)
        decision = Decision(
            verdict=verdict,
            decided_by=f"human:{name}",
            decided_at=self.now(),
            reason="read it twice",
            program_sha256=hashlib.sha256(PROGRAM).digest(),
            scope=drafts.scope_ref(case),
            inputs=proposal.inputs,
            quorum=case.needed,
            request_id=case.record.request_id,
            reviewed=drafts.reviewed(case),
            review_token=token,
        )
        return sign_decision(replace(decision, **change), self.keys[name]), text  # type: ignore[arg-type]

    async def decide(self, name: str, index: int, verdict: str = "ALLOWED", **change: object) -> Progress:
        envelope, text = await self.signed(name, index, verdict, **change)
        return await self.decisions.decide(person(name), index, envelope, text)

    async def approve(self, name: str, index: int) -> bytes:
        """Fetch the statement, sign it, hand it back: the approval file."""
        key = self.keys[name]
        payload = await self.decisions.statement(person(name), index, key.key_id)
        return await self.decisions.sign(person(name), index, sign(payload, key))

    async def vote_elsewhere(self, name: str, index: int) -> None:
        """What `placet approve --request` records first, under the reviewer's own identity."""
        case = await self.decisions.case(index)
        envelope, _ = await self.signed(name, index, review_token=None)
        decision = open_decision(envelope, KeySet.load(self.directory / "keys")).decision
        draft = drafts.vote(case, decision, envelope)
        body = {key: value for key, value in draft.body.items() if key != "review_token"}
        draft = replace(draft, body=body)
        await self.sequencer.append(replace(draft, actor=reviewer_uri(name), idempotency_key=""))

    async def settle_elsewhere(self, name: str, index: int) -> None:
        """And its verdict after that."""
        await self.vote_elsewhere(name, index)
        draft = drafts.verdict(await self.decisions.case(index))
        await self.sequencer.append(replace(draft, actor=reviewer_uri(name), idempotency_key=""))

    def entries(self) -> list[Entry]:
        return self.world.entries()

    def kinds(self) -> list[str]:
        """The kinds on record after the log's start."""
        return [entry.kind for entry in self.entries() if entry.kind not in ("log_started", "heartbeat")]

    def verify(self) -> Report:
        """The whole log, with the signatures of people."""
        reviewers = KeySet.load(self.directory / "keys")
        vkey = self.world.signer.verifier.vkey
        return verify_database(self.world.database, self.world.checkpoint, vkey, reviewers=reviewers)


def person(name: str, role: Role = Role.REVIEWER) -> Person:
    return Person(name, role)


def refused(reason: str) -> pytest.RaisesExc[Refused]:
    """`with refused("CLAIMED")`: the block is refused for this reason."""
    return pytest.RaisesExc(Refused, check=lambda error: error.reason == reason)


@asynccontextmanager
async def review_world(directory: Path, log: World | None = None) -> AsyncIterator[ReviewWorld]:
    """`log` is another than the SQLite one in the directory."""
    world = log or World(directory)
    async with world.writing() as writer:
        with world.reader() as reader:
            yield ReviewWorld(world, directory, writer.sequencer, ConsoleLog(writer.sequencer, reader))
