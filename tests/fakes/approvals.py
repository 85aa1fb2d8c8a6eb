"""Approvals for tests: a good one, and ways to make it bad. The bad ones are signed as well, unless said."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from executor_svc.admission import Case, Pool, RunRequest
from executor_svc.delivery.wanted import NOTHING, STAGES, Wanted
from executor_svc.sandbox import InputFile
from executor_svc.trust import KnownScopes, Trust
from placet.approval import Approval, InputDigest, KeySet, Limits, LogRef, ScopeRef, SigningKey, envelope
from placet.approval.statement import new_approval_id

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
PROGRAM = b"import pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"
INPUTS = (InputFile.of("sales.csv", b"region,price\nnorth,1\n"),)
SCOPE = ScopeRef("data-analysis", 3, hashlib.sha256(b"a scope file").digest())
LIMITS = Limits(30, 20, 512, 1024, 16, 20)
CEILING = Limits(60, 60, 1024, 4096, 32, 64)
CALLER = "spiffe://placet.local/caller/team"

KEY = SigningKey.generate()
OTHER_KEY = SigningKey.generate()


def digests(inputs: tuple[InputFile, ...]) -> tuple[InputDigest, ...]:
    """What an approval says of these inputs."""
    return tuple(InputDigest(i.name, i.sha256, i.size) for i in inputs)


def good_approval(**changes: Any) -> Approval:
    """An approval of PROGRAM and INPUTS, valid at NOW, for the pool "local"; each has an id of its own."""
    approval = Approval(
        approval_id=new_approval_id(),
        issued_at=NOW - timedelta(seconds=10),
        expires_at=NOW + timedelta(seconds=290),
        program_sha256=hashlib.sha256(PROGRAM).digest(),
        scope=SCOPE,
        request_id="request-1",
        audience=("local",),
        inputs=digests(INPUTS),
        grants=("import:pandas", "fs.read:inputs"),
        limits=LIMITS,
        min_tier="T1",
        findings_sha256=hashlib.sha256(b"[]").digest(),
        audit_log=LogRef("placet.local/log", 7, b"\x07" * 32),
        decided_by="rules+reviewer",
        verifier_id="spiffe://placet.local/svc/guard",
        verifier_version="0.1.0",
    )
    return replace(approval, **changes)


def signed(approval: Approval | None = None, key: SigningKey = KEY) -> bytes:
    """The envelope of an approval."""
    return envelope.sign((approval or good_approval()).to_bytes(), key)


def resigned(change: Callable[[dict[str, Any]], None], key: SigningKey = KEY) -> bytes:
    """A good statement, changed as JSON and signed after that: what only a broken guard would send."""
    statement = json.loads(good_approval().to_bytes())
    change(statement)
    return envelope.sign(json.dumps(statement).encode(), key)


def tampered(document: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """An envelope changed after it was signed."""
    parsed = json.loads(document)
    change(parsed)
    return json.dumps(parsed).encode()


def foreign(payload_type: str = "application/vnd.dsse.other+json") -> bytes:
    """A good statement, truly signed with our key as a document of another type."""
    payload = good_approval().to_bytes()
    signature = KEY.sign(envelope.pae(payload_type, payload))
    return json.dumps(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [{"keyid": KEY.key_id, "sig": base64.b64encode(signature).decode()}],
        }
    ).encode()


def known(*digests: bytes, wanted: Wanted = NOTHING) -> KnownScopes:
    """Scopes that approvals may name, and what is done around their programs."""
    return KnownScopes(frozenset(digests), wanted=dict.fromkeys(digests, wanted))


@dataclass(frozen=True)
class World:
    """Everything an admission depends on; good unless replaced."""

    program: bytes = PROGRAM
    inputs: tuple[InputFile, ...] = INPUTS
    approval: bytes = field(default_factory=signed)
    keys: KeySet = field(default_factory=lambda: KeySet.of(KEY.public))
    scopes: KnownScopes = field(default_factory=lambda: known(SCOPE.sha256))
    pool: Pool = field(default_factory=lambda: Pool("local", CEILING, "T1", STAGES))
    now: datetime = NOW

    @property
    def request(self) -> RunRequest:
        """As it arrives."""
        return RunRequest(CALLER, self.program, self.approval, self.inputs)

    @property
    def case(self) -> Case:
        """What admission judges."""
        return Case(self.request, self.keys, self.scopes, self.pool, self.now)

    @property
    def trust(self) -> Trust:
        """Keys and scopes."""
        return Trust(self.keys, self.scopes)
