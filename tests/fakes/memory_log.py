"""An audit log in memory that fails on command; it refuses what the real one refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from placet.audit.client import NO_BODIES, Appended
from placet.audit.record import RecordInvalid, canonical, check_body
from placet.rpc.errors import ServiceError


@dataclass(frozen=True)
class MemoryRecord:
    """One appended record, as the caller gave it."""

    index: int
    kind: str
    request_id: str
    body: Mapping[str, object]
    bodies: Mapping[str, bytes]
    idempotency_key: str
    answer: Appended


class MemoryLog:
    """AuditLog. `fail_on` names the kind whose append fails as with an unreachable log; "*" fails all."""

    def __init__(self, fail_on: str | None = None) -> None:
        self.fail_on = fail_on
        self.records: list[MemoryRecord] = []

    async def append(
        self,
        kind: str,
        body: Mapping[str, object],
        *,
        request_id: str,
        bodies: Mapping[str, bytes] = NO_BODIES,
        idempotency_key: str = "",
    ) -> Appended:
        """See AuditLog.append; `leaf_hash` is a digest of the body, not a real leaf hash."""
        if self.fail_on in (kind, "*"):
            raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "told to fail")
        encoded = _encode(kind, body)
        if repeated := self._same_key(idempotency_key):
            return _repeat(repeated, kind, encoded)
        if kind == "run_started" and self._spent(body["approval_id"]):
            raise ServiceError(grpc.StatusCode.ALREADY_EXISTS, "APPROVAL_SPENT", "the approval was used")
        index = len(self.records)
        answer = Appended(index, hashlib.sha256(b"\0" + encoded).digest(), f"memory\n{index + 1}\n")
        self.records.append(
            MemoryRecord(index, kind, request_id, dict(body), dict(bodies), idempotency_key, answer)
        )
        return answer

    def kinds(self) -> list[str]:
        """The kinds appended so far, in order."""
        return [record.kind for record in self.records]

    def of(self, kind: str) -> list[MemoryRecord]:
        """The records of one kind, in order."""
        return [record for record in self.records if record.kind == kind]

    def _same_key(self, key: str) -> MemoryRecord | None:
        return next((r for r in self.records if key and r.idempotency_key == key), None)

    def _spent(self, approval_id: object) -> bool:
        return any(r.body["approval_id"] == approval_id for r in self.of("run_started"))


def _encode(kind: str, body: Mapping[str, object]) -> bytes:
    try:
        check_body(kind, body)
        return canonical(body)
    except RecordInvalid as error:
        raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, "RECORD_INVALID", str(error)) from error


def _repeat(first: MemoryRecord, kind: str, encoded: bytes) -> Appended:
    if first.kind == kind and canonical(first.body) == encoded:
        return first.answer
    raise ServiceError(grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_CONFLICT", "the key names another record")
