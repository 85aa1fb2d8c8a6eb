"""`/queue`: what waits for people; `/queue/INDEX`: one item, where a person decides and signs.

Knows what is shown and who may do what. Must not know how a decision is recorded (decisions.py).
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Final

import grpc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console import bodies
from audit_svc.console.attempts import findings_of
from audit_svc.console.case import Case, Issued
from audit_svc.console.cases import KINDS
from audit_svc.console.claims import Claims
from audit_svc.console.decisions import Decisions, Progress
from audit_svc.console.dossier import Item
from audit_svc.console.labels import Labels
from audit_svc.console.listing import listing, teller
from audit_svc.console.live import Growth, Live
from audit_svc.console.people import Person
from audit_svc.console.prose import prose
from audit_svc.console.queue import ORDERS, Queue, told
from audit_svc.console.refusals import Refused
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.scopes import Scopes
from audit_svc.console.shown import MAX_SHOWN_BYTES, shown, text_of
from audit_svc.console.stream import Event, stream
from audit_svc.console.web import console_of, page, problem, require
from placet.approval.envelope import MAX_ENVELOPE_BYTES
from placet.approval.reading import write_time
from placet.audit.note import b64
from placet.rpc.errors import ServiceError
from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.comparison import Comparison, compare

ON_PAGE: Final = 50
READ_ROLES: Final = ("program", "task", "findings", "scope", "proposal")
_MOVES: Final = {
    "review_claimed": "has claimed this",
    "review_released": "has ended the claim",
    "review_given": "has decided",
}


async def index(request: Request) -> Response:
    """The queue, the most urgent first."""
    person, queue = require(request, Role.VIEWER), _queue(request)
    order = _order(request)
    now = datetime.now(UTC)
    return page(
        request,
        "queue.html",
        here="queue",
        title="Queue",
        size=console_of(request).part(Live).size,
        order=order,
        rows=[told(item, person.name, now) for item in queue.waiting(ON_PAGE, order)],
        total=len(queue),
        unsigned=[told(item, person.name, now) for item in queue.unsigned(person.name, now)],
    )


async def live(request: Request) -> Response:
    """Events: the queue's first rows, whenever something in it has changed."""
    person, queue, order = require(request, Role.VIEWER), _queue(request), _order(request)

    async def make(growth: Growth) -> Iterable[Event]:
        if not any(news.kind in KINDS for news in growth.news):
            return []
        now = datetime.now(UTC)
        rows = [told(item, person.name, now) for item in queue.waiting(ON_PAGE, order)]
        return [Event("queue", {"rows": rows, "total": len(queue)})]

    return stream(request, console_of(request).part(Live), make)


async def show(request: Request) -> Response:
    """An item with all that a decision is about. Being shown it is on record first."""
    person = require(request, Role.REVIEWER)
    console, now = console_of(request), datetime.now(UTC)
    size = console.part(Live).size
    case = await _case(request)
    kept = await bodies.shown_to(person, console.log, case.entry, READ_ROLES)
    proposal = None
    problem_text = ""
    try:
        proposal = await _decisions(request).proposal(case)
    except Refused as refused:
        problem_text = str(refused)
    body = case.record.body
    loaded = console.part(Scopes).named(case.entry.scope)
    item = Item(case.entry, case.record, tuple(kept), kept)
    program = kept.get("program")
    return page(
        request,
        "review.html",
        here="queue",
        title=f"Review {case.index}",
        size=size,
        case=case,
        body=body,
        item=item,
        listed=listing(program, findings_of(item)) if program is not None else None,
        teller=teller,
        b64=b64,
        task=prose(kept["task"]) if "task" in kept else None,
        scope=prose(kept["scope"]) if "scope" in kept else None,
        loaded=loaded,
        comparison=_comparison(kept.get("scope"), loaded),
        proposal=proposal,
        seen=text_of(shown(case, proposal, loaded)) if proposal else "",
        trusted=" ".join(key.key_id for key in console.part(Reviewers).of(person.name)),
        claim=case.claim_at(now),
        now=write_time(now),
        obstacle=problem_text or _obstacle(person, case, kept),
        to_sign=case.signer == person.name,
        # Only afterwards: what others think of the verdict must not decide for this person.
        labels=console.part(Labels).view(person, case.entry, case.record) if case.settled else None,
    )


def _comparison(judged: bytes | None, loaded: Scope | None) -> Comparison | None:
    try:
        return compare(load_scope(judged), loaded) if judged is not None and loaded else None
    except ScopeInvalid:
        return None


def _obstacle(person: Person, case: Case, kept: Iterable[str]) -> str:
    """Why this person cannot decide about the item, whatever they think of it; empty when they can."""
    missing = [role for role in READ_ROLES if role not in kept]
    if missing:
        return f"{', '.join(missing)} of this verdict is not kept. What cannot be read cannot be decided."
    if case.requester == person.name:
        return "You asked for this program yourself. Somebody else must decide."
    if case.deciding and not case.settled:
        return f"{case.deciding.name} is deciding about it, with `placet approve`."
    if case.vote_of(person.name) and not case.settled:
        return "You have decided. Others must decide as well."
    return ""


async def moved(request: Request) -> Response:
    """Events: what others do on this item while somebody reads it."""
    require(request, Role.REVIEWER)
    console, index = console_of(request), request.path_params["index"]
    case = await _case(request)

    async def make(growth: Growth) -> Iterable[Event]:
        about = [n for n in growth.news if n.request_id == case.record.request_id and n.kind in _MOVES]
        found = []
        for news in about:
            entry = await console.log.ask(lambda reader, at=news.index: reader.get(at))  # type: ignore[misc]
            record = bodies.record_of(entry)
            if record.body.get("verdict_index") == index:
                by = str(record.body["decided_by"]).removeprefix("human:")
                found.append(Event("moved", {"by": by, "kind": _MOVES[news.kind]}))
        return found

    return stream(request, console.part(Live), make)


async def claim(request: Request) -> Response:
    """Tell others that somebody is at it."""
    claims: Claims = console_of(request).part(Claims)
    return await _moving(request, claims.claim)


async def release(request: Request) -> Response:
    """Leave it to others."""
    claims: Claims = console_of(request).part(Claims)
    return await _moving(request, claims.release)


async def _moving(request: Request, move: Callable[[Person, int], Awaitable[None]]) -> Response:
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    try:
        await move(person, index)
    except Refused as refused:
        return problem(request, 409, str(refused), reason=refused.reason)
    return RedirectResponse(f"/queue/{index}", 303)


async def decide(request: Request) -> Response:
    """Take a signed decision."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, envelope=MAX_ENVELOPE_BYTES, seen=MAX_SHOWN_BYTES)

    async def act() -> dict[str, object]:
        envelope = fields["envelope"].encode()
        progress: Progress = await _decisions(request).decide(person, index, envelope, fields["seen"])
        return vars(progress)

    return await _answered(act)


async def statement(request: Request) -> Response:
    """Hand out the statement that the last of those who allowed it signs."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, key_id=64)

    async def act() -> dict[str, object]:
        payload = await _decisions(request).statement(person, index, fields["key_id"])
        return {"statement": base64.b64encode(payload).decode()}

    return await _answered(act)


async def sign(request: Request) -> Response:
    """Take the signed approval."""
    person, index = require(request, Role.REVIEWER), request.path_params["index"]
    fields = await _fields(request, envelope=MAX_ENVELOPE_BYTES)

    async def act() -> dict[str, object]:
        await _decisions(request).sign(person, index, fields["envelope"].encode())
        return {"verdict": "ALLOWED"}

    return await _answered(act)


async def approval(request: Request) -> Response:
    """The approval file, for `placet exec`; being handed it is on record first."""
    person, console = require(request, Role.REVIEWER), console_of(request)
    case = await _case(request)
    signed: Issued | None = case.signed
    if signed is None:
        raise HTTPException(404)
    entry = await console.log.ask(lambda reader: reader.get(signed.signed_index or 0))
    kept = await bodies.shown_to(person, console.log, entry, ("approval",)) if entry else {}
    if "approval" not in kept:
        raise HTTPException(404)
    headers = {"Content-Disposition": f'attachment; filename="approval-{case.index}.jsonl"'}
    return Response(kept["approval"], media_type="application/jsonl", headers=headers)


async def _fields(request: Request, **most: int) -> dict[str, str]:
    """The form's fields of at most so many characters. Raises HTTPException 400."""
    form = await request.form()
    found = {name: form.get(name) for name in most}
    if not all(isinstance(found[name], str) and len(found[name]) <= size for name, size in most.items()):  # type: ignore[arg-type]
        raise HTTPException(400, "Deciding needs JavaScript: your own browser signs the decision.")
    return {name: str(value) for name, value in found.items()}


async def _answered(act: Callable[[], Awaitable[dict[str, object]]]) -> Response:
    """What a script is told: the answer, or why not."""
    try:
        return JSONResponse(await act())
    except Refused as refused:
        said = {"reason": refused.reason, "message": str(refused), "changes": list(refused.changes)}
        return JSONResponse(said, 409)
    except ServiceError as error:
        status = 404 if error.code == grpc.StatusCode.NOT_FOUND else 503
        return JSONResponse({"reason": error.reason, "message": error.message}, status)


async def _case(request: Request) -> Case:
    """The item that the address names."""
    try:
        return await _decisions(request).case(request.path_params["index"])
    except ServiceError as error:
        if error.code != grpc.StatusCode.NOT_FOUND:
            raise
        raise HTTPException(404) from error


def _order(request: Request) -> str:
    order = request.query_params.get("order", ORDERS[0])
    return order if order in ORDERS else ORDERS[0]


def _queue(request: Request) -> Queue:
    queue: Queue = console_of(request).part(Queue)
    return queue


def _decisions(request: Request) -> Decisions:
    decisions: Decisions = console_of(request).part(Decisions)
    return decisions


ROUTES: Final = [
    Route("/queue", index),
    Route("/live/queue", live),
    Route("/queue/{index:int}", show),
    Route("/queue/{index:int}/live", moved),
    Route("/queue/{index:int}/claim", claim, methods=["POST"]),
    Route("/queue/{index:int}/release", release, methods=["POST"]),
    Route("/queue/{index:int}/decision", decide, methods=["POST"]),
    Route("/queue/{index:int}/statement", statement, methods=["POST"]),
    Route("/queue/{index:int}/approval", sign, methods=["POST"]),
    Route("/queue/{index:int}/approval", approval),
]
