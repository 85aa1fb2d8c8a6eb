"""What one record says, in a sentence for people.

Knows the kinds of docs/audit-format.md §2. Bodies come from models and programs as well: sentences are for
showing, never for deciding, and whoever prints them makes them harmless first. No I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from placet.audit.ocsf_objects import number, short, text
from placet.audit.record import Record

Body = Mapping[str, object]


def sentence(record: Record) -> str:
    """What one record says, on one line."""
    told = _SENTENCES.get(record.kind)
    return told(record.body) if told else record.kind


def ending(record: Record) -> str:
    """How the record ended its request; empty when it is no end."""
    told = _ENDINGS.get(record.kind)
    return told(record.body) if told else ""


def _run_ending(body: Body) -> str:
    code = number(body, "exit_code")
    ended = f"exited with {code}" if body.get("status") == "EXITED" else f"ended as {body.get('status')}"
    return f"its program {ended}{_first_violation(body)}"


def _first_violation(body: Body) -> str:
    """Where the contract was broken; the words of a message are left to the record."""
    found = body.get("violations")
    first = found[0] if isinstance(found, list) and found else None
    return f" at {text(first, 'path')} ({text(first, 'rule')})" if isinstance(first, Mapping) else ""


_ENDINGS: Final[Mapping[str, Callable[[Body], str]]] = {
    "task_finished": lambda body: f"ended: {body.get('outcome')}",
    "task_refused": lambda body: f"refused: {body.get('reason')}",
    "run_finished": _run_ending,
    "run_aborted": lambda body: f"aborted: {body.get('reason')}",
    "admission_refused": lambda body: f"not admitted: {body.get('reason')}",
    "review_failed": lambda body: f"not reviewed: {body.get('reason')}",
    "verdict_reached": lambda body: f"verdict {body.get('verdict')}",
}


def scope_of(body: Body) -> str:
    """A scope by name and version; empty when the record names none."""
    scope = body.get("scope")
    if isinstance(scope, Mapping):
        version = number(scope, "version")
        return text(scope, "name") + (f" version {version}" if version is not None else "")
    return text(body, "scope") or text(body, "scope_name")


def _program(body: Body) -> str:
    digest = text(body, "program_sha256")
    return f"program {digest[:12]}" if digest else "a program"


def _inputs(body: Body) -> str:
    inputs = body.get("inputs")
    names = (
        [text(i, "name") for i in inputs if isinstance(i, Mapping)]
        if isinstance(inputs, list | tuple)
        else []
    )
    return f" with {', '.join(names)}" if names else ""


def _count(value: object) -> str:
    return str(len(value)) if isinstance(value, list | tuple) else "some"


def _task_received(body: Body) -> str:
    return f"task received from {short(text(body, 'caller'))}{_inputs(body)}"


def _task_screened(body: Body) -> str:
    verdict = "lies within" if body.get("in_scope") is True else "lies OUTSIDE"
    return f"the task {verdict} scope {scope_of(body)}"


def _program_generated(body: Body) -> str:
    spent = [number(body, name) for name in ("prompt_tokens", "completion_tokens")]
    tokens = f", {spent[0]} + {spent[1]} tokens" if None not in spent else ""
    return f"{_program(body)} {_written(body)}, attempt {body.get('attempt')}{tokens}"


def _written(body: Body) -> str:
    plan, model = text(body, "plan_sha256"), text(body, "model")
    by = f"by {model}" if model else "in the task's own words"
    return f"compiled from plan {plan[:12]}, which was written {by}" if plan else f"written by {model}"


def _verdict_reached(body: Body) -> str:
    risk = number(body, "risk_pct")
    told = f", risk {risk} %" if risk is not None else ""
    return f"{body.get('verdict')} on {_program(body)} by {body.get('decided_by')}{told}"


def _approval_issued(body: Body) -> str:
    return (
        f"approval {text(body, 'approval_id')[:12]} for {_program(body)}{_inputs(body)}, "
        f"until {text(body, 'expires_at')[11:19]}"
    )


def _name(body: Body) -> str:
    return text(body, "decided_by").removeprefix("human:")


def _label_given(body: Body) -> str:
    rule, line = text(body, "rule"), number(body, "line")
    about = f"finding {rule} in line {line} of" if rule else ""
    why = f": {text(body, 'why')}" if body.get("why") else ""
    return (
        f"{_name(body)} calls {about} verdict {body.get('verdict_index')} {text(body, 'label')}{why}"
    ).replace("  ", " ")


def _replay_reported(body: Body) -> str:
    span = f"records {body.get('from_index')} to {body.get('to_index')}"
    return f"{_name(body)} replayed {span}: {body.get('flipped')} of {body.get('verdicts')} verdicts flip"


def _run_started(body: Body) -> str:
    return (
        f"run of {_program(body)} started on tier {text(body, 'tier')}, "
        f"by approval {text(body, 'approval_id')[:12]}{_inputs(body)}"
    )


def _run_finished(body: Body) -> str:
    usage = body.get("usage")
    used = usage if isinstance(usage, Mapping) else {}
    spent = number(used, "wall_ms")
    took = f" after {spent / 1000:.2f} s" if spent is not None else ""
    return f"{_run_ending(body)}{took}, {_count(body.get('artifacts'))} artifacts"


def _bodies_erased(body: Body) -> str:
    return f"{_count(body.get('erased'))} bodies erased for {short(text(body, 'by'))}: {text(body, 'reason')}"


def _records_read(body: Body) -> str:
    reader, query = short(text(body, "reader")), body.get("query")
    if isinstance(query, Mapping):
        asked = ", ".join(f"{name} {value}" for name, value in query.items()) or "everything"
        return f"records listed by {reader}: {asked}"
    indexes = body.get("indexes")
    shown = ", ".join(map(str, indexes)) if isinstance(indexes, list | tuple) else "?"
    return f"bodies of record {shown} read by {reader}"


_SENTENCES: Final[Mapping[str, Callable[[Body], str]]] = {
    "task_received": _task_received,
    "task_refused": lambda body: f"task refused: {body.get('reason')}, {body.get('message')}",
    "task_screened": _task_screened,
    "program_generated": _program_generated,
    "generation_failed": lambda b: f"no program came of attempt {b.get('attempt')}: {b.get('reason')}",
    "task_finished": lambda body: f"task ended: {body.get('outcome')}",
    "verdict_reached": _verdict_reached,
    "review_given": lambda body: (
        f"{_name(body)} votes {body.get('verdict')} on {_program(body)}: {text(body, 'reason')}"
    ),
    "review_claimed": lambda body: (
        f"{_name(body)} is at {_program(body)}, until {text(body, 'until')[11:19]}"
    ),
    "review_released": lambda body: f"{_name(body)} leaves review {body.get('verdict_index')} to others",
    "review_failed": lambda body: (
        f"{'a task' if 'task_sha256' in body else _program(body)} was not reviewed: {body.get('reason')}"
    ),
    "caller_paused": lambda body: (
        f"{short(text(body, 'caller'))} paused in scope {scope_of(body)} for {body.get('pause_s')} s: "
        f"{body.get('denials')} denials"
    ),
    "caller_resumed": lambda body: f"{short(text(body, 'caller'))} let in again in scope {scope_of(body)}",
    "quota_exceeded": lambda body: (
        f"{short(text(body, 'caller'))} has used up its quota ({text(body, 'limit')})"
        + (f"; refused {body.get('untold')} times more" if body.get("untold") else "")
    ),
    "approval_issued": _approval_issued,
    "approval_signed": lambda body: f"approval {text(body, 'approval_id')[:12]} is signed",
    "label_given": _label_given,
    "replay_reported": _replay_reported,
    "console_entered": lambda body: (
        f"{short(text(body, 'who'))} at the console, by {text(body, 'how')}: {text(body, 'outcome')}"
    ),
    "run_started": _run_started,
    "run_finished": _run_finished,
    "run_aborted": lambda body: f"run aborted: {body.get('reason')}",
    "admission_refused": lambda body: f"{_program(body)} was not admitted: {body.get('reason')}",
    "key_revoked": lambda body: f"approval key {text(body, 'key_id')[:12]} is revoked",
    "log_started": lambda body: f"the log started with {body.get('size')} records",
    "heartbeat": lambda body: f"nothing happened; {body.get('size')} records",
    "records_read": _records_read,
    "records_exported": lambda body: (
        f"records {body.get('from_index')} to {body.get('to_index')} exported "
        f"by {short(text(body, 'reader'))}"
    ),
    "bodies_erased": _bodies_erased,
}
