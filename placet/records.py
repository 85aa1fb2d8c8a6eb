"""The log's verbs: what is on record, what it proves, and what is kept of it.

Knows one service. What it says is not checked here: `placet audit verify` does that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import TypedDict, Unpack

from placetpb.audit.v1 import audit_pb2, audit_pb2_grpc

from placet import wire
from placet.answers import CallerUsage, LogRecord
from placet.audit.actors import path_of
from placet.connected import READ_TIMEOUT_S, Connected, cancelled_with_us, errors
from placet.evidence import Evidence
from placet.labelled import LabelledVerdicts


class Filters(TypedDict, total=False):
    """What a record must have to be listed; see docs/audit-format.md §10."""

    request_id: str
    kind: str
    caller: str
    """The whole identity."""
    scope: str
    verdict: str
    rule: str
    since: str
    """RFC 3339 UTC with microseconds and Z, inclusive."""
    until: str
    """The same, exclusive."""
    text: str
    """Words, all of which must be there."""


class Records(Connected):
    """What the log is asked for."""

    async def records(
        self,
        *,
        from_index: int = 0,
        limit: int = 100,
        newest_first: bool = False,
        **filters: Unpack[Filters],
    ) -> tuple[LogRecord, ...]:
        """At most `limit` records of the audit log for which every filter holds; empty ones do not filter."""
        found: list[LogRecord] = []
        next_index, more = from_index, True
        while more and len(found) < limit:
            request = audit_pb2.ListRecordsRequest(
                **filters,
                from_index=next_index,
                page_size=min(1000, limit - len(found)),
                descending=newest_first,
            )
            async with errors("audit"):
                page = await self._audit().ListRecords(request, timeout=READ_TIMEOUT_S)
            found += [wire.log_record(record) for record in page.records]
            next_index, more = page.next_index, page.more and bool(page.records)
        return tuple(found)

    async def usage(self, caller: str = "") -> tuple[CallerUsage, ...]:
        """What `spiffe://…/caller/NAME` used of its quota; without a name, everybody's who used any.

        Others' is for whoever may read the log: PERMISSION_DENIED/ROLE_MISSING.
        """
        request = audit_pb2.GetUsageRequest(caller=path_of(caller))
        async with errors("audit"):
            reply = await self._audit().GetUsage(request, timeout=READ_TIMEOUT_S)
        return tuple(map(wire.caller_usage, reply.callers))

    async def record(self, index: int, *, with_bodies: bool = True) -> tuple[LogRecord, Mapping[str, bytes]]:
        """One record and the bodies that are still kept, by role."""
        request = audit_pb2.GetRecordRequest(index=index, with_bodies=with_bodies)
        async with errors("audit"):
            reply = await self._audit().GetRecord(request, timeout=READ_TIMEOUT_S)
        return wire.log_record(reply.record), {body.role: body.content for body in reply.bodies}

    async def kept(self, index: int) -> tuple[str, ...]:
        """Roles of the bodies of a record that are not erased."""
        async with errors("audit"):
            request = audit_pb2.GetRecordRequest(index=index)
            reply = await self._audit().GetRecord(request, timeout=READ_TIMEOUT_S)
        return tuple(reply.kept)

    async def erase(
        self, request_id: str, *, reason: str, classes: Sequence[str] = ()
    ) -> tuple[tuple[int, str], ...]:
        """Erase the bodies of a request, of all retention classes or of these; (index, role) of each.

        The log records who asked and why. Records and proofs stay.

        Raises:
            ServiceError: ROLE_MISSING, NOTHING_TO_ERASE, ERASURE_INVALID.
        """
        request = audit_pb2.EraseBodiesRequest(request_id=request_id, reason=reason, classes=classes)
        async with errors("audit"):
            reply = await self._audit().EraseBodies(request, timeout=READ_TIMEOUT_S)
        return tuple((body.index, body.role) for body in reply.erased)

    async def checkpoint(self) -> tuple[str, str]:
        """The latest signed checkpoint, and the log's verification key as the log itself gives it."""
        async with errors("audit"):
            reply = await self._audit().GetCheckpoint(
                audit_pb2.GetCheckpointRequest(), timeout=READ_TIMEOUT_S
            )
        return reply.checkpoint, reply.vkey

    async def bundle(self, request_id: str) -> bytes:
        """A zip that proves what the log holds on one request, to whoever has the log's key.

        Raises ServiceError REQUEST_UNKNOWN, REQUEST_TOO_LARGE, ROLE_MISSING.
        """
        async with errors("audit"):
            return (await Evidence(self._audit()).bundle(request_id)).to_zip()

    async def labelled(self, on_line: Callable[[bytes], object]) -> tuple[int, int]:
        """Call `on_line` for each labelled verdict; how many there were, and how many were left out.

        The log records it as an export (docs/labels-format.md §4). Raises ServiceError ROLE_MISSING, and
        DATA_LOSS/RECORD_INVALID when what the log gave does not fit together.
        """
        rows, found = 0, LabelledVerdicts(self._audit())
        async with errors("audit"):
            async for line in found.lines():
                on_line(line)
                rows += 1
        return rows, found.left_out

    async def stream(
        self, *, from_index: int = 0, follow: bool = True, use: str = ""
    ) -> AsyncGenerator[LogRecord]:
        """Each record from an index on; with `follow`, for ever. The log records it as an export.

        `use` says what for (`jsonl`, `ocsf`), as it is recorded.
        """
        request = audit_pb2.TailRecordsRequest(from_index=from_index, follow=follow, format=use)
        async with errors("audit"):
            call = self._audit().TailRecords(request)
            async with cancelled_with_us(call):
                async for message in call:
                    yield wire.log_record(message.record)

    async def tail(
        self,
        on_record: Callable[[LogRecord], None],
        *,
        from_index: int = 0,
        follow: bool = True,
        use: str = "",
    ) -> None:
        """Call `on_record` for each record of `stream`."""
        async with aclosing(self.stream(from_index=from_index, follow=follow, use=use)) as records:
            async for record in records:
                on_record(record)

    def _audit(self) -> audit_pb2_grpc.AuditServiceStub:
        return self._stub("audit", audit_pb2_grpc.AuditServiceStub)
