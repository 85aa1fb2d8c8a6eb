"""What is stored beside a record so that it can be found: derived from its bytes, and checked against them.

Knows which fields of which kinds people search by, and the retention class of a body. Must not know SQL.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from placet.audit.record import Record

_DIGEST = re.compile(r"[0-9a-f]{64}")
_WORD = re.compile(r"[^\W_]+")
MAX_WORD: Final = 64
MAX_COLUMN: Final = 256
_VERDICTS: Final = frozenset({"ALLOWED", "DENIED", "NEEDS_REVIEW"})
_SEARCHED_DIGESTS: Final = frozenset({"program_sha256", "task_sha256"})

CLASS_OF_ROLE: Final[Mapping[str, str]] = {
    "task": "task",
    "program": "program",
    "plan": "program",
    "prompt": "prompt",
    "reply": "reply",
    "stdout": "output",
    "stderr": "output",
    "artifacts": "output",
    "artifact": "output",
}
"""Retention class of a body by the first word of its role; every other role is `evidence`."""
CLASSES: Final = ("task", "program", "prompt", "reply", "output", "evidence")


@dataclass(frozen=True)
class Columns:
    """What a record is found by. A field that its kind does not have is the empty string."""

    time: str
    approval_id: str
    caller: str
    """Identity on whose behalf it was written."""
    scope: str
    """Name of the scope, without version."""
    verdict: str
    rules: tuple[str, ...]
    """Rule ids of its findings, sorted, each once."""
    words: tuple[str, ...]
    """Of every string of the body but `query`; digests other than a program's and a task's aside."""


def columns_of(record: Record) -> Columns:
    """Derive the columns; total over valid records."""
    body = record.body
    return Columns(
        time=record.time,
        approval_id=_string(body.get("approval_id")),
        caller=_string(body.get("caller")),
        scope=_scope(body),
        verdict=_verdict(body),
        rules=rules_of(record),
        words=words_of("\n".join(_strings(body, "", []))),
    )


def stored_of(record: Record) -> tuple[str, ...]:
    """The columns of log_entry after its hash, in the table's order (docs/audit-format.md §7)."""
    body = record.body
    return (
        record.kind,
        record.request_id,
        record.actor,
        _string(body.get("approval_id")),
        record.idempotency_key,
        record.time,
        _string(body.get("caller")),
        _scope(body),
        _verdict(body),
    )


def rules_of(record: Record) -> tuple[str, ...]:
    """Rule ids of the record's findings, sorted, each once."""
    return tuple(sorted(set(_rules(record.body.get("findings")))))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text or of a query, sorted, each once: letters and digits, without case or accents.

    A word of more than 64 characters is found by its first 64.
    """
    if not text.isascii():
        apart = unicodedata.normalize("NFKD", text)
        text = "".join(char for char in apart if not unicodedata.combining(char))
    return tuple(sorted({word[:MAX_WORD] for word in _WORD.findall(text.casefold())}))


@lru_cache(maxsize=1024)
def class_of(role: str) -> str:
    """The retention class of a body."""
    return CLASS_OF_ROLE.get(role.partition("/")[0], "evidence")


def _string(value: object) -> str:
    """The value as every database can index it; one that is too long, or holds a NUL, counts as none."""
    return value if isinstance(value, str) and len(value) <= MAX_COLUMN and "\0" not in value else ""


def _verdict(body: Mapping[str, object]) -> str:
    """Only the words that it can be: with four long columns an index's entry would be too large."""
    value = body.get("verdict")
    return value if isinstance(value, str) and value in _VERDICTS else ""


def _scope(body: Mapping[str, object]) -> str:
    scope = body.get("scope", body.get("scope_name"))
    # Plain types first: this is asked of every record of a log, and an ABC takes its time.
    if scope is None or type(scope) is str:
        return scope or ""
    if isinstance(scope, dict) or isinstance(scope, Mapping):  # noqa: SIM101 - the first is the fast one
        return _string(scope.get("name"))
    return ""


def _rules(findings: object) -> Iterator[str]:
    for finding in findings if isinstance(findings, list | tuple) else ():
        if isinstance(finding, Mapping) and (rule := _string(finding.get("rule_id"))):
            yield rule


def _strings(value: object, key: str, found: list[str]) -> list[str]:
    if isinstance(value, str):
        if key in _SEARCHED_DIGESTS or not _DIGEST.fullmatch(value):
            found.append(value)
    elif isinstance(value, dict | Mapping):  # most are dict, which costs less to tell
        for name, inner in value.items():
            if name != "query":  # what a reader looked for: every search would find itself
                _strings(inner, name, found)
    elif isinstance(value, list | tuple):
        for inner in value:
            _strings(inner, key, found)
    return found
