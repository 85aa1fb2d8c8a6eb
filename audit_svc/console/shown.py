"""All that a review page shows, by digest, and the review token over it (docs/audit-format.md §16).

A decision holds for exactly what was shown: the browser digests what it got, the console what it would show.
Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from audit_svc.console.case import Case
from audit_svc.console.proposal import Proposal
from placet.approval.statement import inputs_json
from placet.audit.record import RecordInvalid, canonical, parse_object
from placet.scope import Scope

Shown = Mapping[str, object]

NOT_LOADED: Final = "none"
MAX_SHOWN_BYTES: Final = 256 * 1024

_CHANGES: Final[Mapping[str, str]] = {
    "verdict": "this page was about another verdict",
    "program": "the program is another one",
    "task": "the task is another one",
    "findings": "the findings are others",
    "scope": "the scope as judged is another one",
    "scope_now": "the scope of this name has been changed meanwhile",
    "inputs": "the inputs are others",
    "grants": "what the program would be granted is different",
    "limits": "the limits are different",
    "pool": "the executor that may run it is another one",
    "quorum": "another number of people must allow it",
    "decisions": "somebody else has decided meanwhile",
}


def shown(case: Case, proposal: Proposal, now: Scope | None) -> dict[str, object]:
    """What an item's page shows, when `now` is the loaded scope of the name that it was judged under."""
    body = case.record.body
    scope = body["scope"]
    assert isinstance(scope, Mapping)  # the log holds no other verdict
    return {
        "verdict": case.entry.leaf_hash.hex(),
        "program": body["program_sha256"],
        "task": body.get("task_sha256", ""),
        "findings": body.get("findings_sha256", ""),
        "scope": dict(scope),
        "scope_now": now.sha256.hex() if now else NOT_LOADED,
        "inputs": inputs_json(proposal.inputs),
        "grants": list(proposal.grants),
        "limits": dict(proposal.shown_limits),
        "pool": {"audience": list(proposal.audience), "min_tier": proposal.min_tier},
        "quorum": case.needed,
        "decisions": [vote.leaf_hash.hex() for vote in case.votes],
    }


def text_of(what: Shown) -> str:
    """The one spelling, which the browser digests."""
    return canonical(what).decode()


def token_of(what: Shown) -> bytes:
    """The review token: SHA-256 of that spelling, 32 bytes."""
    return hashlib.sha256(canonical(what)).digest()


def changes(before: str, now: Shown) -> list[str]:
    """How what is shown now differs from what a browser says it was shown, in sentences."""
    try:
        old = parse_object(before.encode()[:MAX_SHOWN_BYTES])
    except (RecordInvalid, UnicodeEncodeError):
        return ["this page was not the console's"]
    return list(_differences(old, now))


def _differences(old: Shown, now: Shown) -> Iterator[str]:
    for name, sentence in _CHANGES.items():
        if old.get(name) != now[name]:
            yield sentence
