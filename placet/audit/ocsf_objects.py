"""The parts of OCSF 1.8 events that several of our records need: who, which program, policy and finding.

Knows OCSF's objects and enumerations. Bodies come from other services and may hold anything beside the fields
that their kind must have, so every value is taken only when it is of the wanted type. No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from placet.audit.actors import path_of
from placet.audit.record import Record

Fields = dict[str, object]

INFORMATIONAL: Final = 1
SEVERITY_IDS: Final[Mapping[str, int]] = {"INFO": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5}
SEVERITY_NAMES: Final = {1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical"}
_SHA256: Final = 3
_PYTHON: Final = 3
_REGULAR_FILE: Final = 1
_SERVER: Final = 1
_RULE, _LEARNING, _OTHER = 1, 4, 99


def text(body: Mapping[str, object], name: str) -> str:
    """The field when it is a string, otherwise nothing."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def number(body: Mapping[str, object], name: str) -> int | None:
    """The field when it is an integer."""
    value = body.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def present(**fields: object) -> Fields:
    """The fields that say something: OCSF has no null, and an empty string tells nothing."""
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def short(uri: str) -> str:
    """`guard` of a service's URI, `reviewer/kim` of a reviewer's; the whole of anything else."""
    return path_of(uri).removeprefix("svc/") or uri


def actor(record: Record) -> Fields:
    """Who did it: the service that appended the record, and the person or caller for whom."""
    person = record.actor if path_of(record.actor).startswith("reviewer/") else _person(record)
    on_behalf = person or text(record.body, "caller") or text(record.body, "reader")
    who = present(user=user(on_behalf)) if on_behalf else {}
    return {"app_name": short(record.actor), "app_uid": record.actor, **who}


def _person(record: Record) -> str:
    """The person for whom a service wrote a record, as the log names people; empty when it was nobody."""
    kind, _, name = text(record.body, "decided_by").partition(":")
    service = path_of(record.actor)
    return f"{record.actor.removesuffix(service)}reviewer/{name}" if kind == "human" and service else ""


def user(uri: str) -> Fields:
    """A caller or a person."""
    return {"name": short(uri), "uid": uri}


def endpoint(record: Record) -> Fields:
    """From where: the log knows its peers by name, not by address."""
    return {"svc_name": short(record.actor), "uid": record.actor}


def device(record: Record) -> Fields:
    """The machine that a program ran on, as far as the log knows it: the executor."""
    return {"type_id": _SERVER, "name": short(record.actor), "uid": record.actor}


def api(record: Record, operation: str) -> Fields:
    """What was asked of which service."""
    request = present(request=present(uid=record.request_id))
    return {"operation": operation, "service": {"name": short(record.actor)}, **request}


def hashes(sha256: str) -> list[Fields]:
    """One SHA-256 fingerprint; none of nothing."""
    return [{"algorithm_id": _SHA256, "algorithm": "SHA-256", "value": sha256}] if sha256 else []


def script(record: Record) -> Fields:
    """The program by its digest. Its text stays in the log, where it can be erased."""
    sizes = {body.role: body.size for body in record.bodies}
    content = present(value="", is_truncated=True, untruncated_size=sizes.get("program"))
    return {
        "type_id": _PYTHON,
        "type": "Python",
        "script_content": {"value": "", **content},
        **present(hashes=hashes(text(record.body, "program_sha256"))),
    }


def process(record: Record) -> Fields:
    """A run."""
    program = present(hashes=hashes(text(record.body, "program_sha256")))
    return {
        "uid": text(record.body, "run_id"),
        "name": "python",
        "file": {"name": "program.py", "type_id": _REGULAR_FILE, **program},
        **present(sandbox=text(record.body, "tier")),
    }


def policy(body: Mapping[str, object]) -> Fields:
    """The scope that was applied; nothing when the record names none."""
    scope = body.get("scope")
    if isinstance(scope, Mapping):
        version = number(scope, "version")
        named = present(name=text(scope, "name"), uid=text(scope, "sha256"), version=version and str(version))
    else:
        named = present(name=text(body, "scope") or text(body, "scope_name"))
    return {"policy": {"type": "scope", **named, "is_applied": True}} if named else {}


def ai(body: Mapping[str, object]) -> Fields:
    """The model that was asked and what that took, in tokens."""
    tokens = body.get("tokens")
    counts = tokens if isinstance(tokens, Mapping) else {}
    prompt = number(body, "prompt_tokens") or number(counts, "prompt")
    completion = number(body, "completion_tokens") or number(counts, "completion")
    context = present(
        prompt_tokens=prompt, completion_tokens=completion, total_tokens=(prompt or 0) + (completion or 0)
    )
    return {
        "ai_model": {"name": text(body, "model") or "unknown", "ai_provider": "OpenAI-compatible"},
        "message_context": {"ai_role_id": 2, "ai_role": "Assistant", "service": {"name": "model"}, **context},
    }


def findings(body: Mapping[str, object]) -> list[Mapping[str, object]]:
    """The findings of a verdict or a screening."""
    value = body.get("findings")
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list | tuple) else []


def severity(body: Mapping[str, object], at_least: int = INFORMATIONAL) -> int:
    """The gravest finding's severity."""
    return max([at_least, *(SEVERITY_IDS.get(text(found, "severity"), 1) for found in findings(body))])


def analytics(body: Mapping[str, object]) -> Fields:
    """Rules and reviewer that found something; whoever decided, when nobody names a finding."""
    found = {text(item, "rule_id"): text(item, "source") for item in findings(body)}
    listed: list[Fields] = [
        {"uid": rule, "type_id": _RULE if source in ("rule", "intake", "policy") else _LEARNING}
        for rule, source in found.items()
        if rule
    ]
    if not listed:
        return {
            "analytic": {"name": text(body, "decided_by") or "placet", "type_id": _OTHER, "type": "placet"}
        }
    return {"analytic": listed[0], **present(related_analytics=listed[1:])}
