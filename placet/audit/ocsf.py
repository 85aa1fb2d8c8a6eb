"""Records as OCSF 1.8 events, one for each, for a SIEM (docs/audit-format.md §11).

Knows which class and activity a kind becomes. The leaf's exact bytes travel along as `raw_data`, so that an
event can be proven later. Must not know where events are sent. No I/O.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from placet.audit import ocsf_objects as parts
from placet.audit.ocsf_objects import Fields, number, present, text
from placet.audit.record import Record

OCSF_VERSION: Final = "1.8.0"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECURITY: Final = "security_control"
_AI: Final = "ai_operation"
_CATEGORIES: Final = {0: 0, 1007: 1, 1008: 1, 2004: 2, 6002: 6, 6003: 6}
_LOW, _MEDIUM, _HIGH = 2, 3, 4

_ALLOWED: Final[Fields] = {
    "action_id": 1,
    "action": "Allowed",
    "disposition_id": 8,
    "disposition": "Approved",
}
_BLOCKED: Final[Fields] = {"action_id": 2, "action": "Denied", "disposition_id": 2, "disposition": "Blocked"}
_DELAYED: Final[Fields] = {"action_id": 2, "action": "Denied", "disposition_id": 14, "disposition": "Delayed"}
_REVOKED: Final[Fields] = {
    "action_id": 2,
    "action": "Denied",
    "disposition_id": 24,
    "disposition": "Access Revoked",
}
_SUCCESS: Final[Fields] = {"status_id": 1, "status": "Success"}


def event(index: int, leaf: bytes, leaf_hash: str) -> Fields:
    """One record as an event of OCSF 1.8. Raises RecordInvalid when the leaf is not a record.

    A kind that has no class of its own becomes a base event, so that nothing is left out.
    """
    record = Record.decode(leaf)
    made = _MAPPINGS.get(record.kind, _other)(record)
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


def _call(record: Record, activity: int, operation: str, **more: object) -> Fields:
    """API Activity."""
    return {
        "class_uid": 6003,
        "activity_id": activity,
        "actor": parts.actor(record),
        "api": parts.api(record, operation),
        "src_endpoint": parts.endpoint(record),
        **_SUCCESS,
        **more,
    }


def _failed(reason: str) -> Fields:
    return {"status_id": 2, "status": "Failure", "status_code": reason, "severity_id": _LOW}


def _finding(record: Record, title: str, control: Fields, severity: int, **more: object) -> Fields:
    """Detection Finding; its uid is what a later event about the same thing repeats."""
    body = record.body
    rules = [text(found, "rule_id") for found in parts.findings(body)]
    words = "; ".join(text(found, "message") for found in parts.findings(body))
    return {
        "class_uid": 2004,
        "activity_id": 1,
        "profiles": [_SECURITY],
        "severity_id": severity,
        "is_alert": severity >= _HIGH,
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


def _verdict_reached(record: Record) -> Fields:
    body = record.body
    if body["verdict"] == "ALLOWED":
        scored = present(risk_score=number(body, "risk_pct"))
        control = {**_ALLOWED, **parts.policy(body), **scored, "profiles": [_SECURITY]}
        return _call(record, 1, "Review", message=f"allowed by {body['decided_by']}", **control)
    evidence = [{"script": parts.script(record), **present(user=_caller(record))}]
    severity = parts.severity(body, _MEDIUM)
    if body["verdict"] == "NEEDS_REVIEW":
        return _finding(
            record, "A program waits for a person's decision", _DELAYED, severity, evidences=evidence
        ) | {"is_alert": True}
    return _finding(record, "A program was denied", _BLOCKED, severity, evidences=evidence)


def _caller(record: Record) -> Fields | None:
    uri = text(record.body, "caller")
    return parts.user(uri) if uri else None


def _review_given(record: Record) -> Fields:
    body = record.body
    told = {**parts.policy(body), "profiles": [_SECURITY], **present(message=text(body, "reason"))}
    allowed = body["verdict"] == "ALLOWED"
    return _call(record, 1, "Vote", **(_ALLOWED if allowed else _BLOCKED), **told)


def _key_revoked(record: Record) -> Fields:
    """What the key signed is worth nothing from here on."""
    title, key_id = "An approval key is revoked", text(record.body, "key_id")
    made = _finding(record, title, _REVOKED, _HIGH, evidences=[{"actor": parts.actor(record)}])
    named = {"uid": f"key/{key_id}", "title": title, "desc": f"key {key_id}", **parts.analytics(record.body)}
    return made | {"finding_info": named}


def _task_screened(record: Record) -> Fields:
    if record.body["in_scope"] is True:
        control = {**_ALLOWED, **parts.policy(record.body), "profiles": [_SECURITY]}
        return _call(record, 1, "ScreenTask", **control)
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    severity = parts.severity(record.body, _LOW)
    return _finding(record, "A task was refused: outside its scope", _BLOCKED, severity, evidences=evidence)


def _task_refused(record: Record) -> Fields:
    control = {**_BLOCKED, **parts.policy(record.body), "profiles": [_SECURITY]}
    message = text(record.body, "message")
    return _call(
        record, 1, "Solve", **_failed(text(record.body, "reason")), **present(message=message), **control
    )


def _program_generated(record: Record) -> Fields:
    return _call(record, 1, "Generate", **parts.ai(record.body), profiles=[_AI])


def _generation_failed(record: Record) -> Fields:
    failed = _failed(text(record.body, "reason"))
    return _call(record, 1, "Generate", **parts.ai(record.body), **failed, profiles=[_AI])


def _review_failed(record: Record) -> Fields:
    return _call(record, 1, "Review", **_failed(text(record.body, "reason")))


def _caller_paused(record: Record) -> Fields:
    title = "A caller is paused: too many of its programs were denied"
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    return _finding(record, title, _REVOKED, _HIGH, evidences=evidence) | _pause_info(record, title)


def _caller_resumed(record: Record) -> Fields:
    title = "A caller's pause is over"
    closed = {"activity_id": 3, "status_id": 4, "status": "Resolved", "is_alert": False}
    allowed = {"action_id": 1, "action": "Allowed", "disposition_id": 9, "disposition": "Restored"}
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    made = _finding(record, title, allowed, parts.INFORMATIONAL, evidences=evidence)
    return made | closed | _pause_info(record, title)


def _pause_info(record: Record, title: str) -> Fields:
    """Begin and end of a pause are one finding: the same caller in the same scope."""
    uid = f"pause/{text(record.body, 'caller')}/{text(record.body, 'scope_name')}"
    return {"finding_info": {"uid": uid, "title": title, **parts.analytics(record.body)}}


def _admission_refused(record: Record) -> Fields:
    reason = text(record.body, "reason")
    evidence = [{"script": parts.script(record), **present(user=_caller(record))}]
    title = "The executor refused to run a program"
    return _finding(record, title, _BLOCKED, _MEDIUM, evidences=evidence, status_code=reason)


def _approval_issued(record: Record) -> Fields:
    control = {**_ALLOWED, **parts.policy(record.body), "profiles": [_SECURITY]}
    return _call(record, 1, "Approve", message=f"decided by {record.body['decided_by']}", **control)


def _run(record: Record, activity: int, **more: object) -> Fields:
    """Process Activity."""
    return {
        "class_uid": 1007,
        "activity_id": activity,
        "actor": parts.actor(record),
        "device": parts.device(record),
        "process": parts.process(record),
        **_SUCCESS,
        **more,
    }


def _run_finished(record: Record) -> Fields:
    status, code = text(record.body, "status"), number(record.body, "exit_code")
    ended = present(status_code=status, exit_code=code)
    usage = record.body.get("usage")
    spent = present(duration=number(usage, "wall_ms") if isinstance(usage, Mapping) else None)
    if status == "EXITED" and not code:
        return _run(record, 2, **ended, **spent)
    return _run(record, 2, **{**_failed(status), **ended}, **spent)


def _run_aborted(record: Record) -> Fields:
    return _run(record, 2, **_failed(text(record.body, "reason")))


def _log(record: Record, activity: int, name: str, **more: object) -> Fields:
    """Event Log Activity: what was done with the log itself."""
    return {
        "class_uid": 1008,
        "activity_id": activity,
        "activity_name": name,
        "actor": parts.actor(record),
        "log_name": record.log,
        "log_type_id": 2,
        "log_type": "Application",
        **_SUCCESS,
        **more,
    }


def _application(record: Record, activity: int, name: str) -> Fields:
    """Application Lifecycle."""
    return {
        "class_uid": 6002,
        "activity_id": activity,
        "activity_name": name,
        "app": {"name": "Placet audit log", "uid": record.log},
        **_SUCCESS,
    }


def _other(record: Record) -> Fields:
    return {"class_uid": 0, "activity_id": 99, "activity_name": record.kind, "message": record.kind}


_MAPPINGS: Final[Mapping[str, Callable[[Record], Fields]]] = {
    "task_received": lambda record: _call(record, 1, "Solve"),
    "task_refused": _task_refused,
    "task_screened": _task_screened,
    "program_generated": _program_generated,
    "generation_failed": _generation_failed,
    "task_finished": lambda record: _call(record, 3, "Solve", status_detail=text(record.body, "outcome")),
    "verdict_reached": _verdict_reached,
    "review_given": _review_given,
    "review_failed": _review_failed,
    "caller_paused": _caller_paused,
    "caller_resumed": _caller_resumed,
    "approval_issued": _approval_issued,
    "run_started": lambda record: _run(record, 1),
    "run_finished": _run_finished,
    "run_aborted": _run_aborted,
    "admission_refused": _admission_refused,
    "key_revoked": _key_revoked,
    "log_started": lambda record: _application(record, 3, "Start"),
    "heartbeat": lambda record: _application(record, 99, "Heartbeat"),
    "records_read": lambda record: _log(record, 99, "Read"),
    "records_exported": lambda record: _log(record, 3, "Export"),
    "bodies_erased": lambda record: _log(record, 2, "Delete", severity_id=_LOW),
}
