"""A real executor and a real audit log for a bench: two processes, mutual TLS, SQLite, and signed approvals.

Knows how the one-machine stack starts its services. There is no guard: approvals are signed here with the
state directory's key, for a scope that the executor knows, just before they are used.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from placet.approval import Approval, InputDigest, Limits, LogRef, ScopeRef, SigningKey
from placet.approval.envelope import sign
from placet.approval.statement import new_approval_id
from placet.client import Placet, new_request_id
from placet.inputs import Input
from placet.local import Endpoint
from placet.local.client import client_tls
from placet.local.layout import Layout
from placet.local.prepare import LOG_ORIGIN, prepare
from placet.local.process import Process
from placet.local.services import Wiring
from placet.rpc.identity import service_uri
from placet.scope import Scope, load_scope

SCOPE_FILE: Final = "data-analysis.yaml"
POOL_SIZE: Final = "PLACET_EXECUTOR_POOL_SIZE"
SETTINGS: Final = {
    POOL_SIZE: "6",  # four bombs must not keep an honest run waiting for a cell
    "PLACET_EXECUTOR_MAX_CONCURRENT_RUNS": "8",
    "PLACET_EXECUTOR_MAX_QUEUED_RUNS": "64",
}
"""What the bench changes of the executor's defaults; the environment may say otherwise."""
READY_S: Final = 90.0
STOP_S: Final = 12.0


@dataclass(frozen=True)
class Approver:
    """Signs what the bench runs, as the guard would."""

    key: SigningKey
    scope: Scope

    @property
    def limits(self) -> Limits:
        """The scope's."""
        return Limits(**self.scope.limits.model_dump())

    def sign(
        self,
        program: str,
        grants: Sequence[str] = (),
        *,
        inputs: Sequence[Input] = (),
        limits: Limits | None = None,
    ) -> bytes:
        """An approval for one run, good for ten minutes; without `limits`, with the scope's."""
        now = datetime.now(UTC)
        approval = Approval(
            approval_id=new_approval_id(),
            issued_at=now,
            expires_at=now + timedelta(minutes=10),
            program_sha256=hashlib.sha256(program.encode()).digest(),
            scope=ScopeRef(self.scope.name, self.scope.version, self.scope.sha256),
            request_id=new_request_id(),
            audience=("local",),
            inputs=tuple(InputDigest(item.name, item.sha256, len(item.content)) for item in inputs),
            grants=tuple(grants),
            limits=limits or self.limits,
            min_tier="T0",  # whatever this machine reaches is measured, and told
            findings_sha256=hashlib.sha256(b"[]").digest(),
            audit_log=LogRef(LOG_ORIGIN, 0, bytes(32)),
            decided_by="rules",
            verifier_id=service_uri("guard"),
            verifier_version="bench",
        )
        return sign(approval.to_bytes(), self.key)


@dataclass(frozen=True)
class Services:
    """The running two, and what is needed to call the executor."""

    placet: Placet
    executor: Process
    approver: Approver
    pool_size: int
    endpoint: Endpoint


@asynccontextmanager
async def running(state: Path, environ: Mapping[str, str]) -> AsyncIterator[Services]:
    """Both services on a fresh state directory, stopped at the end.

    Raises StackError when one does not come up.
    """
    layout = Layout(state)
    prepare(layout)
    settings = {**SETTINGS, **environ}
    wiring = Wiring(layout, settings, {})
    started: list[Process] = []
    try:
        for name in ("audit", "executor"):
            process = await Process.start(wiring.command(name))
            started.append(process)
            address = await process.address(READY_S)
            wiring = replace(wiring, addresses={**wiring.addresses, name: address})
        endpoint = Endpoint(wiring.addresses, client_tls(layout))
        approver = Approver(
            SigningKey.load(layout.approval_key), load_scope((layout.scopes / SCOPE_FILE).read_bytes())
        )
        async with Placet.connect(endpoint=endpoint) as placet:
            yield Services(placet, started[-1], approver, int(settings[POOL_SIZE]), endpoint)
    finally:
        for process in reversed(started):
            await process.stop(STOP_S)
