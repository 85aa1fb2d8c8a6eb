"""Records as OCSF 1.8 events, one for each, for a SIEM (docs/audit-format.md §11).

Knows what every event has. The leaf's exact bytes travel along as `raw_data`, so that an event can be proven
later. Must not know kinds, nor where events are sent. No I/O.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Final

from placet.audit import ocsf_objects as parts
from placet.audit.ocsf_kinds import fields_of
from placet.audit.ocsf_objects import Fields, present
from placet.audit.record import Record

OCSF_VERSION: Final = "1.8.0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CATEGORIES: Final = {0: 0, 1007: 1, 1008: 1, 2004: 2, 3002: 3, 6002: 6, 6003: 6}


def event(index: int, leaf: bytes, leaf_hash: str) -> Fields:
    """One record as an event of OCSF 1.8. Raises RecordInvalid when the leaf is not a record."""
    record = Record.decode(leaf)
    made = fields_of(record)
    class_uid, activity = made.pop("class_uid"), made.pop("activity_id")
    assert isinstance(class_uid, int)
    assert isinstance(activity, int)
    severity = made.pop("severity_id", parts.INFORMATIONAL)
    assert isinstance(severity, int)
    return {
        "class_uid": class_uid,
        "category_uid": _CATEGORIES[class_uid],
        "activity_id": activity,
        "type_uid": class_uid * 100 + activity,
        "time": _milliseconds(record.time),
        "severity_id": severity,
        "severity": parts.SEVERITY_NAMES[severity],
        "metadata": _metadata(record, index, made.pop("profiles", [])),
        **made,
        "raw_data": leaf.decode(),
        "unmapped": {"leaf_hash": leaf_hash},
    }


def line(index: int, leaf: bytes, leaf_hash: str) -> bytes:
    """`event` as one line of JSON with its line break."""
    made = event(index, leaf, leaf_hash)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _milliseconds(time: str) -> int:
    return (datetime.fromisoformat(time) - _EPOCH) // timedelta(milliseconds=1)


def _metadata(record: Record, index: int, profiles: object) -> Fields:
    """`uid` is the same however often a record is delivered: that is how a receiver drops repetitions."""
    return {
        "version": OCSF_VERSION,
        "product": {"name": "Placet", "vendor_name": "Placet"},
        "uid": f"{record.log}#{index}",
        "sequence": index,
        "log_name": record.log,
        "event_code": record.kind,
        "original_time": record.time,
        **present(correlation_uid=record.request_id, profiles=profiles),
    }
