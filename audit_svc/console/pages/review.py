"""`/queue/INDEX`: one item with all that a decision is about, and the approval that came of it.

Knows what is shown and who may see it. Must not know how it is decided (decisions.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from audit_svc.access import Role
from audit_svc.console import bodies
from audit_svc.console.attempts import findings_of, plan_of
from audit_svc.console.case import Case, Issued
from audit_svc.console.decisions import Decisions
from audit_svc.console.dossier import Item
from audit_svc.console.labels import Labels
from audit_svc.console.listing import listing, teller
from audit_svc.console.live import Growth, Live
from audit_svc.console.people import Person
from audit_svc.console.proposal import Proposal
from audit_svc.console.prose import prose
from audit_svc.console.refusals import Refused
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.scopes import Scopes
from audit_svc.console.shown import shown, text_of
from audit_svc.console.stream import Event, stream
from audit_svc.console.web import console_of, page, require
from placet.approval.reading import write_time
from placet.audit.note import b64
from placet.audit.ocsf_objects import short
from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.comparison import Comparison, compare

READ_ROLES: Final = ("program", "task", "findings", "scope", "proposal")
"""What nobody can decide without."""
_PLAN: Final = "plan"
"""Only where one came with the program that the program comes of: then it says all that happens."""
_MOVES: Final = {
    "review_claimed": "has claimed this",
    "review_released": "has ended the claim",
    "review_given": "has decided",
}


async def show(request: Request) -> Response:
    """An item with all that a decision is about. Being shown it is on record first."""
    person, console, now = require(request, Role.REVIEWER), console_of(request), datetime.now(UTC)
    size = console.part(Live).size
    case = await case_named(request)
    kept = await bodies.shown_to(person, console.log, case.entry, (*READ_ROLES, _PLAN))
    proposal, unfit = await _proposal(request, case)
    loaded = console.part(Scopes).named(case.entry.scope)
    return page(
        request,
        "review.html",
        here="queue",
        title=f"Review {case.index}",
        size=size,
        case=case,
        body=case.record.body,
        asked_by=short(case.entry.caller),
        texts=_texts(Item(case.entry, case.record, tuple(kept), kept)),
        b64=b64,
        loaded=loaded,
        comparison=_comparison(kept.get("scope"), loaded),
        proposal=proposal,
        seen=text_of(shown(case, proposal, loaded)) if proposal else "",
        trusted=" ".join(key.key_id for key in console.part(Reviewers).of(person.name)),
        claim=case.claim_at(now),
        now=write_time(now),
        obstacle=unfit or _obstacle(person, case, kept),
        to_sign=case.signer == person.name,
        # Only afterwards: what others think of the verdict must not decide for this person.
        labels=console.part(Labels).view(person, case.entry, case.record) if case.settled else None,
    )


async def _proposal(request: Request, case: Case) -> tuple[Proposal | None, str]:
    """What an approval would grant; or why that cannot be said."""
    try:
        return await decisions_of(request).proposal(case), ""
    except Refused as refused:
        return None, str(refused)


def _texts(item: Item) -> dict[str, object]:
    """The item's texts as they are drawn."""
    kept, plan = item.bodies, plan_of(item)
    return {
        "listed": listing(kept["program"], findings_of(item)) if "program" in kept else None,
        "teller": teller,
        "task": prose(kept["task"]) if "task" in kept else None,
        "plan": prose(plan) if plan is not None else None,
        "scope": prose(kept["scope"]) if "scope" in kept else None,
    }


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
    case = await case_named(request)

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


async def approval(request: Request) -> Response:
    """The approval file, for `placet exec`; being handed it is on record first."""
    person, console = require(request, Role.REVIEWER), console_of(request)
    case = await case_named(request)
    signed: Issued | None = case.signed
    if signed is None:
        raise HTTPException(404)
    entry = await console.log.ask(lambda reader: reader.get(signed.signed_index or 0))
    kept = await bodies.shown_to(person, console.log, entry, ("approval",)) if entry else {}
    if "approval" not in kept:
        raise HTTPException(404)
    headers = {"Content-Disposition": f'attachment; filename="approval-{case.index}.jsonl"'}
    return Response(kept["approval"], media_type="application/jsonl", headers=headers)


async def case_named(request: Request) -> Case:
    """The item that the address names."""
    return await decisions_of(request).case(request.path_params["index"])


def decisions_of(request: Request) -> Decisions:
    """What decides."""
    decisions: Decisions = console_of(request).part(Decisions)
    return decisions


ROUTES: Final = [
    Route("/queue/{index:int}", show),
    Route("/queue/{index:int}/live", moved),
    Route("/queue/{index:int}/approval", approval),
]
