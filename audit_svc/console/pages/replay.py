"""Policy replay: which verdicts would flip, asked, watched, signed and kept.

Knows its forms and pages. Must not know how a verdict is judged again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console import stream
from audit_svc.console.people import Person
from audit_svc.console.recorded import MAX_VERDICTS
from audit_svc.console.replay import Outcome, Replay
from audit_svc.console.replay_form import Unfit, read_order
from audit_svc.console.replays import Replays
from audit_svc.console.reporting import report_of
from audit_svc.console.reports import Reports
from audit_svc.console.web import console_of, page, person_of, require
from placet.audit.ocsf_objects import short
from placet.audit.record import Record
from placet.audit.replay_report import ReportInvalid, digest_of
from placet.rpc.errors import ServiceError

HERE: Final = "replay"
SHOWN: Final = 100
"""Flips shown one by one; the report has more."""
USUAL_DAYS: Final = 7


async def show_form(request: Request) -> Response:
    """The form, the replays of this console, and the reports in the log."""
    return await _form(request, {"since": _ago(USUAL_DAYS), "scope": request.query_params.get("scope", "")})


async def start(request: Request) -> Response:
    """Start a replay; its page follows."""
    person = require(request, Role.REVIEWER)
    form = await request.form()
    fields = {name: _text(form, name) for name in ("guard", "layers", "scope", "document", "since", "until")}
    try:
        replay = _replays(request).start(person, read_order(fields, _replays(request).guards.names))
    except Unfit as error:
        return await _form(request, fields, trouble=str(error), status=400)
    except ServiceError as error:
        return await _form(request, fields, trouble=error.message, status=409)
    return RedirectResponse(f"/replay/{replay.name}", 303)


async def show(request: Request) -> Response:
    """How far it is, and what flips."""
    replay, person = _replay(request), person_of(request)
    told = replay.summary()
    return page(
        request,
        "replay_one.html",
        here=HERE,
        title="Replay",
        replay=replay,
        summary=told | {"by_caller": {short(name): count for name, count in told["by_caller"].items()}},
        shown=[_row(outcome) for outcome in replay.flips[:SHOWN]],
        seen=_seen(replay, person) if is_reportable(replay) and person.may(Role.REVIEWER) else None,
    )


async def events(request: Request) -> Response:
    """Progress as server-sent events, until it has ended."""
    replay = _replay(request)
    return StreamingResponse(_progress(replay), 200, stream.HEADERS, "text/event-stream")


async def stop(request: Request) -> Response:
    """End it early."""
    require(request, Role.REVIEWER)
    replay = _replay(request)
    _replays(request).stop(replay.name)
    return RedirectResponse(f"/replay/{replay.name}", 303)


async def statement(request: Request) -> Response:
    """The bytes that the person who asks may sign."""
    person = require(request, Role.REVIEWER)
    try:
        payload = report_of(_reportable(_replay(request)), person).to_bytes()
    except ReportInvalid as error:
        raise HTTPException(409, f"There is no report: {error}. Choose a shorter range.") from error
    return Response(payload, media_type="application/json")


async def sign(request: Request) -> Response:
    """Put a signed report into the log. Asked by a script, for a form's field would be too short for it."""
    person = require(request, Role.REVIEWER)
    report = report_of(_reportable(_replay(request)), person)
    done = await _reports(request).record(person, report, await request.body())
    return JSONResponse({"address": f"/replay/reports/{done.index}"})


async def report(request: Request) -> Response:
    """One report of the log, shown."""
    index: int = request.path_params["index"]
    entry = await console_of(request).log.ask(lambda reader: reader.get(index))
    if entry is None or entry.kind != "replay_reported":
        raise HTTPException(404)
    record = Record.decode(entry.leaf)
    return page(
        request,
        "replay_report.html",
        here=HERE,
        title="Replay report",
        entry=entry,
        record=record.body,
    )


async def download(request: Request) -> Response:
    """The signed envelope; reading it is recorded."""
    person = require(request, Role.REVIEWER)
    index: int = request.path_params["index"]
    signed = await _reports(request).signed(person, index)
    if not signed:
        raise HTTPException(404)
    name = f"placet-replay-{index}.dsse.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(signed, media_type="application/json", headers=headers)


ROUTES: Final = [
    Route("/replay", show_form),
    Route("/replay", start, methods=["POST"]),
    Route("/replay/reports/{index:int}", report),
    Route("/replay/reports/{index:int}/download", download),
    Route("/replay/{name}", show),
    Route("/replay/{name}/events", events),
    Route("/replay/{name}/stop", stop, methods=["POST"]),
    Route("/replay/{name}/statement", statement),
    Route("/replay/{name}/report", sign, methods=["POST"]),
]


async def _form(
    request: Request, fields: Mapping[str, str], *, trouble: str = "", status: int = 200
) -> Response:
    replays = _replays(request)
    reports = await _reports(request).newest_first(person_of(request))
    return page(
        request,
        "replay.html",
        here=HERE,
        title="Replay",
        status=status,
        fields={"guard": "", "layers": "rules", "document": "", "until": ""} | dict(fields),
        guards=replays.guards.names,
        scopes=await _scopes(replays),
        trouble=trouble,
        most=MAX_VERDICTS,
        replays=replays.newest_first(),
        reports=[(each, Record.decode(each.leaf).body) for each in reports],
    )


async def _scopes(replays: Replays) -> list[str]:
    """Of the first guard that answers; without one, every verdict can still be replayed."""
    for name in replays.guards.names:
        try:
            return list(await replays.guards.named(name).scopes())
        except ServiceError:
            continue
    return []


async def _progress(replay: Replay) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    async for done in replay.progress():
        told = {"done": done, "total": replay.total, "flips": replay.flipped, "state": replay.state}
        yield stream.encode(stream.Event("progress", told), done)
        if replay.state == "running":
            await asyncio.sleep(stream.GATHER_S)


def _row(outcome: Outcome) -> dict[str, Any]:
    recorded, compared = outcome.recorded, outcome.compared
    return {
        "index": recorded.index,
        "request_id": recorded.request_id,
        "caller": short(recorded.caller),
        "scope": compared.scope,
        "scope_changed": compared.scope_changed,
        "before": compared.old.verdict,
        "after": compared.new.verdict,
        "changes": compared.changes,
    }


def _seen(replay: Replay, person: Person) -> dict[str, object]:
    """What the page shows of the report; the browser signs nothing that says otherwise."""
    found = report_of(replay, person)
    return {
        "before": digest_of(found.policies.before),
        "after": digest_of(found.policies.after),
        "size": found.log.size,
        "fromIndex": found.range.from_index,
        "toIndex": found.range.to_index,
        "verdicts": found.verdicts,
        "flipped": found.flipped,
    }


def is_reportable(replay: Replay) -> bool:
    """Whether there is a report of it: of all of its range, and of something."""
    return replay.state == "done" and bool(replay.answered)


def _reportable(replay: Replay) -> Replay:
    if not is_reportable(replay):
        raise HTTPException(
            409, "There is no report of this replay: it has not ended well, or judged nothing."
        )
    return replay


def _ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _replays(request: Request) -> Replays:
    replays: Replays = console_of(request).part(Replays)
    return replays


def _reports(request: Request) -> Reports:
    reports: Reports = console_of(request).part(Reports)
    return reports


def _replay(request: Request) -> Replay:
    replay = _replays(request).named(request.path_params["name"])
    if replay is None:
        raise HTTPException(404, "This console remembers no such replay; the log keeps what was reported.")
    return replay
