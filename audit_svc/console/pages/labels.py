"""`/labels`: what people said about verdicts, what it amounts to, blind reviews, and the export.

Knows what is shown and who may see it. Must not know how labels are kept (labels.py) or
counted (agreement.py).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console.blindness import has_seen
from audit_svc.console.bodies import record_of, shown_to
from audit_svc.console.labelled import Export, task_of
from audit_svc.console.labels import Labels, Sampled, unfit
from audit_svc.console.listing import Listing, listing, teller
from audit_svc.console.live import Live
from audit_svc.console.log import Log
from audit_svc.console.opinion import Opinion, OpinionUnfit
from audit_svc.console.people import Person
from audit_svc.console.prose import Prose, prose
from audit_svc.console.tree import LogTree
from audit_svc.console.web import Forbidden, console_of, page, person_of, problem, require
from placet.audit.labels import VERDICTS
from placet.audit.ocsf_objects import findings, text
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record

SHOWN: Final = 50
"""Labels in the list, and disputed verdicts."""
FOLLOWED_S: Final = 2.0
"""How long a page waits until what was just recorded is seen on it."""


async def overview(request: Request) -> Response:
    """Figures, the next blind review, the newest labels."""
    person, labels = person_of(request), _labels(request)
    newest = list(islice(labels.newest_first(), SHOWN))
    return page(
        request,
        "labels.html",
        here="labels",
        title="Labels",
        figures=labels.figures,
        verdicts=VERDICTS,
        wanted=len(labels.wanted(person)) if person.may(Role.REVIEWER) else 0,
        percent=labels.sample.percent,
        disputed=[(each, _address(each[0].request_id)) for each in labels.disputed(person)[:SHOWN]],
        newest=[(label, labels.hides(person, label), _address(label.request_id)) for label in newest],
        reviews=person.may(Role.REVIEWER),
        exports=person.may(Role.AUDITOR),
    )


async def next_review(request: Request) -> Response:
    """The verdict of the sample that waits for this person, or that there is none."""
    waiting = _labels(request).wanted(require(request, Role.REVIEWER))
    index = await console_of(request).log.ask(partial(_first_kept, waiting))
    if index is not None:
        return RedirectResponse(f"/labels/review/{index}", 303)
    return page(request, "labels_done.html", here="labels", title="Blind review")


async def review(request: Request) -> Response:
    """A verdict of the sample without the verdict; afterwards with it, and with what others said."""
    person, labels = require(request, Role.REVIEWER), _labels(request)
    entry, record = await _verdict(request)
    if not labels.sample.has(entry.leaf_hash):
        raise HTTPException(404)
    if why := unfit(person, record):
        raise Forbidden(why.rstrip("."))
    told = labels.has_opinion(person, entry.index)
    seen = await has_seen(console_of(request).log, person, entry)
    code, task, inputs = await _texts(console_of(request).log, person, entry, record)
    return page(
        request,
        "labels_review.html",
        here="labels",
        title=f"Blind review of verdict {entry.index}",
        index=entry.index,
        record=record,
        verdicts=VERDICTS,
        listed=code,
        task=task,
        inputs=inputs,
        seen=seen and not told,
        view=labels.view(person, entry, record) if told else None,
        findings=findings(record.body) if told else (),
        teller=teller,
        address=_address(record.request_id),
        left=len(labels.wanted(person)),
    )


async def give(request: Request) -> Response:
    """Record an opinion, then show it where it was given."""
    person, labels = require(request, Role.REVIEWER), _labels(request)
    entry, record = await _verdict(request)
    async with request.form() as sent:
        form = {name: value for name, value in sent.items() if isinstance(value, str)}
    if why := unfit(person, record):
        raise Forbidden(why.rstrip("."))
    try:
        opinion = Opinion.read(form, record)
    except OpinionUnfit as error:
        return problem(request, 400, str(error))
    blind = form.get("back") == "labels" and await _is_blind(request, person, entry, opinion)
    before = labels.view(person, entry, record).mine.get((opinion.rule, opinion.line))
    draft = opinion.draft(person, entry, record, blind=blind, before=before)
    done = await console_of(request).log.append(draft)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(FOLLOWED_S):
            await console_of(request).part(Live).since(done.index)
    return RedirectResponse(_back(form.get("back", ""), entry), 303)


async def export(request: Request) -> Response:
    """The labelled verdicts as a file; on record before its first line leaves."""
    person = require(request, Role.AUDITOR)
    console = console_of(request)
    exported = Export(console.log, console.part(LogTree), person)
    if not await exported.begin():
        return problem(
            request, 404, "No verdict of the guard has labels that agree and a program that is kept."
        )
    headers = {"Content-Disposition": 'attachment; filename="labels.jsonl"'}
    return StreamingResponse(exported.lines(), media_type="application/jsonl", headers=headers)


async def _is_blind(request: Request, person: Person, entry: Entry, opinion: Opinion) -> bool:
    """Whether this opinion owes nothing to what others thought (docs/labels-format.md §2.5)."""
    labels = _labels(request)
    fresh = not opinion.rule and not labels.has_opinion(person, entry.index)
    return (
        fresh
        and labels.sample.has(entry.leaf_hash)
        and not await has_seen(console_of(request).log, person, entry)
    )


async def _verdict(request: Request) -> tuple[Entry, Record]:
    index = request.path_params["index"]
    entry = await console_of(request).log.ask(lambda reader: reader.get(index))
    if entry is None or entry.kind != "verdict_reached":
        raise HTTPException(404)
    return entry, record_of(entry)


async def _texts(
    log: Log, person: Person, entry: Entry, record: Record
) -> tuple[Listing | None, Prose | None, list[str]]:
    """Program and task, put on record, None for what is erased; and the names of the inputs."""
    shown = await shown_to(person, log, entry, ("program",))
    holder = await log.ask(lambda reader: task_of(reader, entry, record.body.get("task_sha256")))
    task = (await shown_to(person, log, holder, ("task",))).get("task") if holder else None
    program = shown.get("program")
    return (
        listing(program) if program is not None else None,
        prose(task) if task is not None else None,
        _inputs(record) or (_inputs(record_of(holder)) if holder else []),
    )


def _first_kept(waiting: Sequence[Sampled], reader: LogReader) -> int | None:
    """The first of which there still is a program to judge."""
    return next((each.index for each in waiting if "program" in reader.kept(each.index)), None)


def _inputs(record: Record) -> list[str]:
    listed = record.body.get("inputs")
    named = listed if isinstance(listed, list) else []
    return [text(each, "name") for each in named if isinstance(each, Mapping)]


def _labels(request: Request) -> Labels:
    labels: Labels = console_of(request).part(Labels)
    return labels


def _back(name: str, entry: Entry) -> str:
    """Where the form stood. Only places of our own: the form is untrusted."""
    if name == "labels":
        return f"/labels/review/{entry.index}"
    if name == "queue":
        return f"/queue/{entry.index}"
    return (
        f"{_address(entry.request_id)}#label-{entry.index}" if entry.request_id else f"/records/{entry.index}"
    )


def _address(request_id: str) -> str:
    return f"/requests/{quote(request_id, safe='')}" if request_id else ""


ROUTES: Final = [
    Route("/labels", overview),
    Route("/labels/review", next_review),
    Route("/labels/review/{index:int}", review),
    Route("/labels/export", export, methods=["POST"]),
    Route("/labels/{index:int}", give, methods=["POST"]),
]
