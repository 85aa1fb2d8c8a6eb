"""What somebody asks the log to record, before it has a place and a time. Must not know storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit_svc.store.types import BodyKey


@dataclass(frozen=True)
class Draft:
    """A record before it has a place and a time."""

    kind: str
    request_id: str
    actor: str
    body: Mapping[str, object]
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    idempotency_key: str = ""
    erases: tuple[BodyKey, ...] = ()
    """Bodies of earlier records that go when this record becomes durable."""

    @property
    def content_bytes(self) -> int:
        """Bytes of all bodies."""
        return sum(map(len, self.bodies.values()))
