"""The classes of OCSF 1.8 that our records become: each fills what its class must have.

Knows classes, activities, dispositions and profiles. Must not know kinds of records. No I/O.
"""

from __future__ import annotations

from typing import Final

from placet.audit import ocsf_objects as parts
from placet.audit.ocsf_objects import Fields, number, present, short, text
from placet.audit.record import Record

SECURITY: Final = "security_control"
AI: Final = "ai_operation"
LOW, MEDIUM, HIGH = 2, 3, 4

ALLOWED: Final[Fields] = {
    "action_id": 1,
    "action": "Allowed",
    "disposition_id": 8,
    "disposition": "Approved",
}
BLOCKED: Final[Fields] = {"action_id": 2, "action": "Denied", "disposition_id": 2, "disposition": "Blocked"}
DELAYED: Final[Fields] = {"action_id": 2, "action": "Denied", "disposition_id": 14, "disposition": "Delayed"}
REVOKED: Final[Fields] = {
    "action_id": 2,
    "action": "Denied",
    "disposition_id": 24,
    "disposition": "Access Revoked",
}
SUCCESS: Final[Fields] = {"status_id": 1, "status": "Success"}


def call(record: Record, activity: int, operation: str, **more: object) -> Fields:
    """API Activity."""
    return {
        "class_uid": 6003,
        "activity_id": activity,
        "actor": parts.actor(record),
        "api": parts.api(record, operation),
        "src_endpoint": parts.endpoint(record),
        **SUCCESS,
        **more,
    }


def failed(reason: str) -> Fields:
    """What a call or a run says when nothing came of it."""
    return {"status_id": 2, "status": "Failure", "status_code": reason, "severity_id": LOW}


def finding(record: Record, title: str, control: Fields, severity: int, **more: object) -> Fields:
    """Detection Finding; its uid is what a later event about the same thing repeats."""
    body = record.body
    rules = [text(found, "rule_id") for found in parts.findings(body)]
    words = "; ".join(text(found, "message") for found in parts.findings(body))
    return {
        "class_uid": 2004,
        "activity_id": 1,
        "profiles": [SECURITY],
        "severity_id": severity,
        "is_alert": severity >= HIGH,
        "status_id": 1,
        "status": "New",
        "message": title,
        **control,
        **parts.policy(body),
        **present(risk_score=number(body, "risk_pct")),
        "finding_info": {
            "uid": text(body, "program_sha256") or record.request_id or record.kind,
            "title": title,
            **present(desc=words, types=sorted({rule for rule in rules if rule})),
            **parts.analytics(body),
        },
        **more,
    }


def run(record: Record, activity: int, **more: object) -> Fields:
    """Process Activity."""
    return {
        "class_uid": 1007,
        "activity_id": activity,
        "actor": parts.actor(record),
        "device": parts.device(record),
        "process": parts.process(record),
        **SUCCESS,
        **more,
    }


def log(record: Record, activity: int, name: str, **more: object) -> Fields:
    """Event Log Activity: what was done with the log itself."""
    return {
        "class_uid": 1008,
        "activity_id": activity,
        "activity_name": name,
        "actor": parts.actor(record),
        "log_name": record.log,
        "log_type_id": 2,
        "log_type": "Application",
        **SUCCESS,
        **more,
    }


def logon(record: Record, activity: int, **more: object) -> Fields:
    """Authentication."""
    return {
        "class_uid": 3002,
        "activity_id": activity,
        "user": parts.user(text(record.body, "who")),
        "service": {"name": short(record.actor), "uid": record.actor},
        "actor": parts.actor(record),
        **SUCCESS,
        **more,
    }


def application(record: Record, activity: int, name: str) -> Fields:
    """Application Lifecycle."""
    return {
        "class_uid": 6002,
        "activity_id": activity,
        "activity_name": name,
        "app": {"name": "Placet audit log", "uid": record.log},
        **SUCCESS,
    }


def other(record: Record) -> Fields:
    """Base Event, for a kind without a class of its own."""
    return {"class_uid": 0, "activity_id": 99, "activity_name": record.kind, "message": record.kind}
