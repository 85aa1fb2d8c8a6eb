"""What a person signs of a replay: an in-toto Statement v1 (docs/replay-format.md §2).

Knows the statement's members and form. Must not know who asked which guard, or whether flips are right: pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from placet.audit.checkpoint import Checkpoint
from placet.audit.note import CheckpointRefused, Note
from placet.audit.record import RecordInvalid, canonical, parse_object

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://placet.dev/attestation/replay/v1"
MAX_REPORT_BYTES: Final = 2 * 1024 * 1024
MAX_TOLD_CHARS: Final = 200
"""Of what a decoder says of a report, which may repeat a key that stands there, however long."""
MAX_FLIPS: Final = 1000
MAX_RULES: Final = 8
MAX_RULE_CHARS: Final = 64


class ReportInvalid(ValueError):  # noqa: N818 - named for the state it reports
    """The bytes are no report; the message says which part of docs/replay-format.md they break."""


class ScopeEdition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A scope file by name, version and the hex SHA-256 of its bytes."""

    name: str
    version: int
    sha256: str


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What judged: an edition of a scope, versions of rules and prompt, a model; empty where not known."""

    scope: ScopeEdition
    rules: str
    prompt: str
    model: str
    verdicts: int
    """How many it judged."""


class Flip(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """One verdict that became another."""

    index: int
    leaf_hash: str
    before: str
    after: str
    came: tuple[str, ...]
    went: tuple[str, ...]


class Range(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What was asked for, and the indexes that it came to: the first, and one past the last."""

    since: str
    until: str
    scope: str
    from_index: int
    to_index: int


class LogState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The log as it was: what a signed checkpoint says, and that checkpoint."""

    origin: str
    size: int
    root: str
    checkpoint: str

    @classmethod
    def of(cls, note: str) -> LogState:
        """What a signed note says; its signature is for its readers. Raises CheckpointRefused."""
        said = Checkpoint.parse(Note.parse(note).text)
        return cls(said.origin, said.size, said.root.hex(), note)


class Policies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sorted by their JCS bytes, so that equal sets have equal digests."""

    before: tuple[Policy, ...]
    after: tuple[Policy, ...]


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The predicate."""

    reported_by: str
    reported_at: str
    log: LogState
    range: Range
    guard: str
    layers: str
    policies: Policies
    verdicts: int
    skipped: int
    unanswered: int
    flipped: int
    flips: tuple[Flip, ...]

    def to_bytes(self) -> bytes:
        """The statement's bytes, which are then signed. Raises ReportInvalid when they break the format."""
        statement = {
            "_type": STATEMENT_TYPE,
            "subject": subjects(self.policies),
            "predicateType": PREDICATE_TYPE,
            "predicate": msgspec.to_builtins(self),
        }
        payload = canonical(statement)
        if Report.from_bytes(payload) != self:
            raise ReportInvalid("the report does not read back as it was")
        return payload

    @classmethod
    def from_bytes(cls, payload: bytes) -> Report:
        """Read a statement; its signature is the caller's business. Raises ReportInvalid."""
        report = _predicate(_statement(payload))
        _check(report)
        return report


def subjects(policies: Policies) -> list[dict[str, object]]:
    """Both sides by digest (docs/replay-format.md, 2.2)."""
    sides = {"before": policies.before, "after": policies.after}
    return [{"name": name, "digest": {"sha256": digest_of(side)}} for name, side in sides.items()]


def digest_of(side: Sequence[Policy]) -> str:
    """SHA-256 over the JCS bytes of the policies, in hex."""
    return hashlib.sha256(canonical(msgspec.to_builtins(list(side)))).hexdigest()


def ordered(side: Sequence[Policy]) -> tuple[Policy, ...]:
    """The policies in their one order."""
    return tuple(sorted(side, key=lambda policy: canonical(msgspec.to_builtins(policy))))


_DIGEST = re.compile(r"[0-9a-f]{64}")
_PERSON = re.compile(r"human:[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WORDS: Final = frozenset({"ALLOWED", "DENIED", "NEEDS_REVIEW"})


def _statement(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > MAX_REPORT_BYTES:
        raise ReportInvalid(f"2.1: a report has at most {MAX_REPORT_BYTES} bytes")
    try:
        found = parse_object(payload)
        if canonical(found) != payload:
            raise ReportInvalid("2.1: these are not the canonical bytes of their content")
    except RecordInvalid as error:
        raise ReportInvalid(f"2.1: {error}") from error
    if set(found) != {"_type", "subject", "predicateType", "predicate"}:
        raise ReportInvalid("2.1: a statement has _type, subject, predicateType and predicate")
    if (found["_type"], found["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise ReportInvalid("2.1: this is another kind of statement")
    return found


def _predicate(statement: Mapping[str, Any]) -> Report:
    try:
        report = msgspec.convert(statement["predicate"], Report)
    except msgspec.ValidationError as error:
        raise ReportInvalid(f"2.1: {str(error)[:MAX_TOLD_CHARS]}") from error
    if statement["subject"] != subjects(report.policies):
        raise ReportInvalid("2.2: the subjects are not the digests of the policies")
    return report


def _check(report: Report) -> None:
    """The rest of §2."""
    if not _PERSON.fullmatch(report.reported_by):
        raise ReportInvalid("reportedBy names no person")
    if report.layers not in ("rules", "all"):
        raise ReportInvalid("layers is rules or all")
    try:
        if LogState.of(report.log.checkpoint) != report.log:
            raise ReportInvalid("2.3: the checkpoint says something else of the log")
    except CheckpointRefused as error:
        raise ReportInvalid(f"2.3: {error}") from error
    if not 0 <= report.range.from_index <= report.range.to_index <= report.log.size:
        raise ReportInvalid("2.3: the checkpoint does not cover the range")
    for side in (report.policies.before, report.policies.after):
        if ordered(side) != side:
            raise ReportInvalid("2.2: the policies are not in their order")
    _check_flips(report)


def _check_flips(report: Report) -> None:
    indexes = [flip.index for flip in report.flips]
    inside = all(report.range.from_index <= index < report.range.to_index for index in indexes)
    if indexes != sorted(set(indexes)) or not inside:
        raise ReportInvalid("flips are by index, each once, within the range")
    for flip in report.flips:
        if not _DIGEST.fullmatch(flip.leaf_hash):
            raise ReportInvalid("2.4: a flip names its record's leaf hash")
        if max(len(flip.came), len(flip.went)) > MAX_RULES:
            raise ReportInvalid(f"a flip names at most {MAX_RULES} rules a side")
        if any(len(rule) > MAX_RULE_CHARS for rule in (*flip.came, *flip.went)):
            raise ReportInvalid(f"a flip names a rule by at most {MAX_RULE_CHARS} characters")
        if not {flip.before, flip.after} <= _WORDS or flip.before == flip.after:
            raise ReportInvalid("a flip is from one verdict to another")
    if not len(indexes) <= report.flipped <= report.verdicts or len(indexes) > MAX_FLIPS:
        raise ReportInvalid("2.5: the number of flips is not the number flipped")
    if len(indexes) < min(report.flipped, MAX_FLIPS):
        raise ReportInvalid("2.5: flips are left out")
