"""Which class, activity and outcome each kind of record becomes in OCSF 1.8 (docs/audit-format.md §11).

Knows kinds. A kind that is not named here becomes a base event, so that nothing is left out. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from placet.audit import ocsf_objects as parts
from placet.audit.ocsf_classes import (
    AI,
    ALLOWED,
    BLOCKED,
    DELAYED,
    HIGH,
    LOW,
    MEDIUM,
    REVOKED,
    SECURITY,
    application,
    call,
    failed,
    finding,
    log,
    logon,
    other,
    run,
)
from placet.audit.ocsf_objects import Fields, number, present, text
from placet.audit.record import Record


def fields_of(record: Record) -> Fields:
    """What the record's kind says: `class_uid`, `activity_id` and whatever goes with them."""
    return _MAPPINGS.get(record.kind, other)(record)


def caller(record: Record) -> Fields | None:
    uri = text(record.body, "caller")
    return parts.user(uri) if uri else None


def _verdict_reached(record: Record) -> Fields:
    body = record.body
    if body["verdict"] == "ALLOWED":
        scored = present(risk_score=number(body, "risk_pct"))
        control = {**ALLOWED, **parts.policy(body), **scored, "profiles": [SECURITY]}
        return call(record, 1, "Review", message=f"allowed by {body['decided_by']}", **control)
    evidence = [{"script": parts.script(record), **present(user=caller(record))}]
    severity = parts.severity(body, MEDIUM)
    if body["verdict"] == "NEEDS_REVIEW":
        return finding(
            record, "A program waits for a person's decision", DELAYED, severity, evidences=evidence
        ) | {"is_alert": True}
    return finding(record, "A program was denied", BLOCKED, severity, evidences=evidence)


def _review_given(record: Record) -> Fields:
    body = record.body
    told = {**parts.policy(body), "profiles": [SECURITY], **present(message=text(body, "reason"))}
    allowed = body["verdict"] == "ALLOWED"
    return call(record, 1, "Vote", **(ALLOWED if allowed else BLOCKED), **told)


def _approval_signed(record: Record) -> Fields:
    return call(record, 1, "SignApproval", **ALLOWED, profiles=[SECURITY])


def _console_entered(record: Record) -> Fields:
    """Whoever was not let in is a failed logon, whatever the reason is called."""
    outcome, told = text(record.body, "outcome"), present(message=text(record.body, "why"))
    if outcome in {"left", "ended"}:
        return logon(record, 2, **told)
    return logon(record, 1, **told) if outcome == "entered" else logon(record, 1, **failed(outcome), **told)


def _key_revoked(record: Record) -> Fields:
    """What the key signed is worth nothing from here on."""
    title, key_id = "An approval key is revoked", text(record.body, "key_id")
    made = finding(record, title, REVOKED, HIGH, evidences=[{"actor": parts.actor(record)}])
    named = {"uid": f"key/{key_id}", "title": title, "desc": f"key {key_id}", **parts.analytics(record.body)}
    return made | {"finding_info": named}


def _task_screened(record: Record) -> Fields:
    if record.body["in_scope"] is True:
        control = {**ALLOWED, **parts.policy(record.body), "profiles": [SECURITY]}
        return call(record, 1, "ScreenTask", **control)
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    severity = parts.severity(record.body, LOW)
    return finding(record, "A task was refused: outside its scope", BLOCKED, severity, evidences=evidence)


def _task_refused(record: Record) -> Fields:
    control = {**BLOCKED, **parts.policy(record.body), "profiles": [SECURITY]}
    message = text(record.body, "message")
    return call(
        record, 1, "Solve", **failed(text(record.body, "reason")), **present(message=message), **control
    )


def _program_generated(record: Record) -> Fields:
    if not text(record.body, "model"):  # the task was a plan of actions: no model was asked
        return call(record, 1, "Compile")
    return call(record, 1, "Generate", **parts.ai(record.body), profiles=[AI])


def _generation_failed(record: Record) -> Fields:
    outcome = failed(text(record.body, "reason"))
    return call(record, 1, "Generate", **parts.ai(record.body), **outcome, profiles=[AI])


def _review_failed(record: Record) -> Fields:
    return call(record, 1, "Review", **failed(text(record.body, "reason")))


def _caller_paused(record: Record) -> Fields:
    title = "A caller is paused: too many of its programs were denied"
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    return finding(record, title, REVOKED, HIGH, evidences=evidence) | _pause_info(record, title)


def _caller_resumed(record: Record) -> Fields:
    title = "A caller's pause is over"
    closed = {"activity_id": 3, "status_id": 4, "status": "Resolved", "is_alert": False}
    allowed = {"action_id": 1, "action": "Allowed", "disposition_id": 9, "disposition": "Restored"}
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    made = finding(record, title, allowed, parts.INFORMATIONAL, evidences=evidence)
    return made | closed | _pause_info(record, title)


def _quota_exceeded(record: Record) -> Fields:
    """Operators' business, and a sign of a program that has run wild."""
    title = "A caller has used up its quota"
    evidence = [{"user": parts.user(text(record.body, "caller"))}]
    made = finding(record, title, BLOCKED, LOW, evidences=evidence)
    uid = f"quota/{text(record.body, 'caller')}/{text(record.body, 'limit')}"
    return made | {"finding_info": {"uid": uid, "title": title, **parts.analytics(record.body)}}


def _pause_info(record: Record, title: str) -> Fields:
    """Begin and end of a pause are one finding: the same caller in the same scope."""
    uid = f"pause/{text(record.body, 'caller')}/{text(record.body, 'scope_name')}"
    return {"finding_info": {"uid": uid, "title": title, **parts.analytics(record.body)}}


def _admission_refused(record: Record) -> Fields:
    reason = text(record.body, "reason")
    evidence = [{"script": parts.script(record), **present(user=caller(record))}]
    title = "The executor refused to run a program"
    return finding(record, title, BLOCKED, MEDIUM, evidences=evidence, status_code=reason)


def _approval_issued(record: Record) -> Fields:
    control = {**ALLOWED, **parts.policy(record.body), "profiles": [SECURITY]}
    return call(record, 1, "Approve", message=f"decided by {record.body['decided_by']}", **control)


def _run_finished(record: Record) -> Fields:
    status, code = text(record.body, "status"), number(record.body, "exit_code")
    ended = present(status_code=status, exit_code=code)
    usage = record.body.get("usage")
    spent = present(duration=number(usage, "wall_ms") if isinstance(usage, Mapping) else None)
    if status == "EXITED" and not code:
        return run(record, 2, **ended, **spent)
    where = present(status_detail=_broken(record))
    return run(record, 2, **{**failed(status), **ended}, **spent, **where)


def _broken(record: Record) -> str | None:
    """Which rules of the scope's contract were broken, and where."""
    found = record.body.get("violations")
    listed = [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []
    return "; ".join(f"{text(each, 'rule')} at {text(each, 'path')}" for each in listed[:5]) or None


def _run_aborted(record: Record) -> Fields:
    return run(record, 2, **failed(text(record.body, "reason")))


_MAPPINGS: Final[Mapping[str, Callable[[Record], Fields]]] = {
    "task_received": lambda record: call(record, 1, "Solve"),
    "task_refused": _task_refused,
    "task_screened": _task_screened,
    "program_generated": _program_generated,
    "generation_failed": _generation_failed,
    "task_finished": lambda record: call(record, 3, "Solve", status_detail=text(record.body, "outcome")),
    "verdict_reached": _verdict_reached,
    "review_given": _review_given,
    "review_claimed": lambda record: call(record, 3, "ClaimReview"),
    "review_released": lambda record: call(record, 3, "ReleaseReview"),
    "review_failed": _review_failed,
    "caller_paused": _caller_paused,
    "caller_resumed": _caller_resumed,
    "quota_exceeded": _quota_exceeded,
    "approval_issued": _approval_issued,
    "approval_signed": _approval_signed,
    "label_given": lambda record: call(record, 1, "Label", **present(message=text(record.body, "label"))),
    "replay_reported": lambda record: call(record, 1, "Replay"),
    "console_entered": _console_entered,
    "run_started": lambda record: run(record, 1),
    "run_finished": _run_finished,
    "run_aborted": _run_aborted,
    "admission_refused": _admission_refused,
    "key_revoked": _key_revoked,
    "log_started": lambda record: application(record, 3, "Start"),
    "heartbeat": lambda record: application(record, 99, "Heartbeat"),
    "records_read": lambda record: log(record, 99, "Read"),
    "records_exported": lambda record: log(record, 3, "Export"),
    "bodies_erased": lambda record: log(record, 2, "Delete", severity_id=LOW),
}
