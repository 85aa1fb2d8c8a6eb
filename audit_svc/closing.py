"""An item is decided once, whoever decides it (docs/audit-format.md §4.6).

Knows which records decide one. The log is the one order of all things: of two people who decide at once, the
first counts and the other is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

import grpc

from audit_svc.draft import Draft
from placet.audit.record import Record
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri

GUARD: Final = service_uri("guard")
"""Whose verdicts ask for people, and close nothing."""
_NAMES: Final = {"verdict_reached": "reviewed_index", "review_given": "verdict_index"}
Item = tuple[str, int]
"""The request, and the index of the verdict that asked for people."""


def item_of(draft: Draft) -> Item | None:
    """The item that a record decides, or votes on; None when it does neither."""
    index = draft.body.get(_NAMES.get(draft.kind, ""))
    return (draft.request_id, index) if isinstance(index, int) else None


def closed_by(draft: Draft) -> Item | None:
    """The item that a record closes."""
    return item_of(draft) if draft.kind == "verdict_reached" else None


def closed_in(leaves: Iterable[bytes]) -> set[Item]:
    """The items that people's verdicts have closed."""
    found = map(Record.decode, leaves)
    items = ((record.request_id, record.body.get("reviewed_index")) for record in found)
    return {(request_id, index) for request_id, index in items if isinstance(index, int)}


def check_open(draft: Draft, closed: Collection[Item]) -> None:
    """Raises ServiceError FAILED_PRECONDITION/REVIEW_DECIDED."""
    if item_of(draft) in closed:
        raise ServiceError(
            grpc.StatusCode.FAILED_PRECONDITION,
            "REVIEW_DECIDED",
            "Somebody else has decided this meanwhile, so nothing of yours was recorded. Look at it again.",
        )
