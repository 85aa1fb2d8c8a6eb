"""`/requests/ID`: one request from its task to its artifacts.

Knows what is shown and who may see it. Must not know how it is found (dossier.py) or drawn (templates).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.attempts import Attempt, Run, attempts, findings_of
from audit_svc.console.difference import differences
from audit_svc.console.dossier import READINGS, Dossier, Item, collect
from audit_svc.console.evidence import export
from audit_svc.console.judged import Judged, judged_by
from audit_svc.console.labels import Labels, View
from audit_svc.console.listing import listing, teller
from audit_svc.console.live import Growth, Live
from audit_svc.console.observed import grants, handed, measures
from audit_svc.console.people import Person
from audit_svc.console.prose import Prose, prose
from audit_svc.console.scopes import Scopes
from audit_svc.console.stream import Event, stream
from audit_svc.console.tree import LogTree
from audit_svc.console.web import Console, console_of, page, person_of, require
from audit_svc.threads import in_thread
from placet.audit.note import b64
from placet.audit.sentences import sentence
from placet.audit.timeline import headline, timeline
from placet.scope import Scope

MAX_ATTEMPTS: Final = 8
"""Shown with their programs; a task has three at most, but a caller may name one request many times."""
_STREAMS: Final = ("stdout", "stderr")


async def show(request: Request) -> Response:
    """The whole request. Bodies are for reviewers, and being shown them is on record first."""
    person = person_of(request)
    console = console_of(request)
    dossier = await collect(console.log, request.path_params["request_id"], person)
    if not dossier.items:
        raise HTTPException(404)
    items = {item.index: item for item in dossier.items}
    made = attempts(dossier)
    loaded = await in_thread(console.part(Scopes).all)
    scopes = {scope.name: scope for scope in loaded}
    # A long program takes a while to be coloured; other people's pages go on meanwhile.
    newest = made[-MAX_ATTEMPTS:]
    shown = await in_thread(lambda: [_attempt(each, made, scopes) for each in newest])
    return page(
        request,
        "request.html",
        here="requests",
        title=f"Request {dossier.request_id}",
        dossier=dossier,
        address=quote(dossier.request_id, safe=""),
        size=console.part(Live).size,
        headline=headline(dossier.told()),
        moments=[
            (moment, items[moment.index])
            for moment in timeline(dossier.told())
            if not _hidden(console, person, items[moment.index])
        ],
        readings=[(item, sentence(item.record)) for item in dossier.readings if item.record],
        labels=_labels(console, person, made),
        task=_task(dossier),
        screening=next(dossier.of_kind("task_screened"), None),
        attempts=shown,
        earlier=len(made) - len(shown),
        waiting=_waiting(made),
        reads=person.may(Role.REVIEWER),
        teller=teller,
        findings_of=findings_of,
        b64=b64,
    )


async def grown(request: Request) -> Response:
    """Events: how many records the request has got beside readings of it."""
    request_id = request.path_params["request_id"]

    async def make(growth: Growth) -> Iterable[Event]:
        about = [news for news in growth.news if news.request_id == request_id]
        new = [news for news in about if news.kind not in READINGS]
        return [Event("grown", {"records": len(new)})] if new else []

    return stream(request, console_of(request).part(Live), make)


async def bundle(request: Request) -> Response:
    """The proof bundle (docs/audit-format.md §15), on record as an export before it leaves."""
    person = require(request, Role.REVIEWER)
    request_id = request.path_params["request_id"]
    console = console_of(request)
    packed = await export(console.log, console.part(LogTree), request_id, person)
    name = "".join(c if c.isalnum() or c in "-_" else "_" for c in request_id[:80])
    headers = {"Content-Disposition": f'attachment; filename="{name}.bundle.zip"'}
    return Response(packed, media_type="application/zip", headers=headers)


def _hidden(console: Console, person: Person, item: Item) -> bool:
    """Whether it is a label that must not be shown to this person yet (docs/labels-format.md §2.4)."""
    return item.record is not None and console.part(Labels).hides_record(person, item.entry, item.record)


def _labels(console: Console, person: Person, made: Sequence[Attempt]) -> Mapping[int, View]:
    """By verdict: what people said of it, as far as this person may see it."""
    judged = [item for attempt in made for item in attempt.verdicts]
    return {
        item.index: console.part(Labels).view(person, item.entry, item.record)
        for item in judged
        if item.record
    }


def _task(dossier: Dossier) -> tuple[Item, Prose] | None:
    """The task's text and a record that names its digest."""
    item = next((item for item in dossier.items if "task" in item.bodies), None)
    return (item, prose(item.bodies["task"])) if item else None


def _waiting(made: Sequence[Attempt]) -> int | None:
    """The verdict that waits for people, if one does."""
    waiting = [each.verdicts[-1].index for each in made if each.verdict == "NEEDS_REVIEW"]
    return waiting[-1] if waiting else None


def _attempt(attempt: Attempt, made: Sequence[Attempt], scopes: Mapping[str, Scope]) -> dict[str, object]:
    """An attempt with everything that its part of the page shows."""
    before = made[attempt.number - 2].program if attempt.number > 1 else None
    program, judged = attempt.program, judged_by(attempt, scopes)
    compared = before is not None and program is not None
    return {
        "attempt": attempt,
        "listing": listing(program, attempt.findings) if program is not None else None,
        "plan": prose(attempt.plan) if attempt.plan is not None else None,
        "compared": compared,
        "changes": differences(before, program) if before is not None and program is not None else (),
        "judged": judged,
        "scope_text": prose(judged.document) if judged and judged.document is not None else None,
        "runs": [_run(run, judged) for run in attempt.runs],
    }


def _run(run: Run, judged: Judged | None) -> dict[str, object]:
    end = run.end
    files, kept = (handed(end), end.kept) if end else ([], ())
    streams = {name: prose(end.bodies[name]) for name in _STREAMS if end and name in end.bodies}
    return {
        "run": run,
        "measures": measures(run, judged.scope if judged else None),
        "grants": grants(run),
        "files": files,
        "absent": any(f"artifact/{file.name}" not in kept for file in files),
        **{name: streams.get(name) for name in _STREAMS},
    }


ROUTES: Final = [
    Route("/requests/{request_id:path}", show),
    Route("/live/request/{request_id:path}", grown),
    Route("/bundles/{request_id:path}", bundle),
]
