"""Verdicts of the audit log, with what it takes to judge their programs again. Knows the client."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from placet.answers import LogRecord
from placet.cli.cases import Case, refused
from placet.client import Placet
from placet.flips import Judged

_AGO = re.compile(r"(\d{1,6})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True)
class Recorded:
    """One verdict of the guard, and the program it was about."""

    case: Case
    """Its id is the record's index."""
    judged: Judged
    caller: str
    scope_sha256: str


def since(text: str, now: datetime.datetime) -> datetime.datetime:
    """A moment: an ISO date or time, or how long ago (30m, 24h, 7d).

    Raises:
        ServiceError: SINCE_INVALID.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - datetime.timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        moment = datetime.datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise refused(
            "SINCE_INVALID",
            f"--since {text}: give a date like 2026-11-24, a time, or how long ago: 30m, 24h, 7d",
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


async def verdicts(
    placet: Placet, *, after: datetime.datetime | None, limit: int, on_read: Callable[[], None]
) -> tuple[list[Recorded], int]:
    """The guard's newest verdicts with their programs, newest first; and how many could not be used.

    A human's verdict is left out without a count: no guard could repeat it. What cannot be used has lost its
    program or its plan (erased, or never kept).
    """
    records = await placet.records(kind="verdict_reached", limit=limit, newest_first=True)
    found, skipped = [], 0
    for record in records:
        on_read()
        if after is not None and _time(record) < after:
            break
        if str(_body(record).get("decided_by", "")).startswith("human:"):
            continue
        recorded = await _recorded(placet, record)
        found += [recorded] if recorded else []
        skipped += recorded is None
    return found, skipped


async def _recorded(placet: Placet, record: LogRecord) -> Recorded | None:
    _, contents = await placet.record(record.index)
    program = _text(contents.get("program"))
    if program is None:
        return None
    body = _body(record)
    if "plan_sha256" in body and "plan" not in contents:
        return None
    scope = body.get("scope") or {}
    case = Case(
        id=str(record.index),
        label="",
        category="",
        code=program,
        task=await _task(placet, record),
        scope=str(scope.get("name", "")),
        plan=contents.get("plan", b""),
        inputs=_inputs(body),
    )
    rules = tuple(dict.fromkeys(str(item.get("rule_id")) for item in body.get("findings") or ()))
    judged = Judged(str(body.get("verdict")), rules)
    return Recorded(case, judged, str(body.get("caller", "")), str(scope.get("sha256", "")))


async def _task(placet: Placet, record: LogRecord) -> str:
    """The words of the task, when the log still has those that the verdict was about; otherwise none."""
    request, digest = record.content.get("request_id"), _body(record).get("task_sha256")
    if not request:
        return ""
    for received in await placet.records(kind="task_received", request_id=str(request), limit=1):
        if _body(received).get("task_sha256") == digest:
            _, contents = await placet.record(received.index)
            return contents.get("task", b"").decode(errors="replace")
    return ""


def _inputs(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Only verdicts that depend on their names say them: those on plans, and those that went to people."""
    listed = body.get("inputs")
    named = [item for item in listed if isinstance(item, Mapping)] if isinstance(listed, list) else []
    return tuple(str(item.get("name")) for item in named)


def _text(content: bytes | None) -> str | None:
    """None too for bytes that are no text: intake refused those, and will again."""
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


def _body(record: LogRecord) -> Mapping[str, Any]:
    body = record.content.get("body")
    return body if isinstance(body, Mapping) else {}


def _time(record: LogRecord) -> datetime.datetime:
    return datetime.datetime.fromisoformat(str(record.content.get("time")))
