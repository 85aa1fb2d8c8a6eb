"""One person's opinion on a verdict or a finding: from a form to the record of it.

Knows what a label must be (docs/labels-format.md §1). The form is untrusted. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from audit_svc.console.people import Person
from audit_svc.draft import Draft
from placet.audit.columns import rules_of
from placet.audit.labels import AGREE, MAX_RULES, MAX_WHY, VERDICTS, WRONG, Label
from placet.audit.ocsf_objects import findings, number, text
from placet.audit.reader import Entry
from placet.audit.record import Record, canonical
from placet.rpc.identity import service_uri


class OpinionUnfit(ValueError):  # noqa: N818 - named for the state it reports
    """The form says nothing that can be recorded; the message says what to do."""


@dataclass(frozen=True)
class Opinion:
    """What somebody says, fit to be recorded."""

    rule: str
    line: int
    label: str
    verdict: str
    why: str

    @classmethod
    def read(cls, form: Mapping[str, str], record: Record) -> Opinion:
        """The opinion in a form on a `verdict_reached`. Raises OpinionUnfit."""
        rule, line, judged = form.get("rule", ""), _line(form), text(record.body, "verdict")
        if rule:
            _check_finding(rule, line, record)
            verdict, label = judged, form.get("label", "")
        else:
            verdict = form.get("verdict", "")
            label = AGREE if verdict == judged else WRONG
        if verdict not in VERDICTS or label not in (AGREE, WRONG):
            raise OpinionUnfit("Choose what is right, then send the form again.")
        return cls(rule, line, label, verdict, _why(form, label))

    def draft(
        self, person: Person, entry: Entry, record: Record, *, blind: bool, before: Label | None
    ) -> Draft:
        """The record to append; `before` is what this person said of the same thing until now."""
        body = {
            "verdict_index": entry.index,
            "verdict_leaf_hash": entry.leaf_hash.hex(),
            "program_sha256": record.body["program_sha256"],
            "decided_by": person.decided_by,
            "label": self.label,
            "rule": self.rule,
            "line": self.line,
            "verdict": self.verdict,
            "why": self.why,
            "blind": blind,
            "judged": record.body["verdict"],
            "judged_by": record.body["decided_by"],
            "rules": list(rules_of(record)[:MAX_RULES]),
            "scope": record.body["scope"],
        }
        # Sent twice it is one label; given again after another one it is a new label.
        said = hashlib.sha256(canonical(body)).hexdigest()
        key = f"label/{before.index if before else '-'}/{said}"
        return Draft("label_given", entry.request_id, service_uri("console"), body, idempotency_key=key)


def _line(form: Mapping[str, str]) -> int:
    line = form.get("line", "0")
    return int(line) if line.isascii() and line.isdigit() and len(line) < 8 else 0


def _check_finding(rule: str, line: int, record: Record) -> None:
    named = {(text(each, "rule_id"), number(each, "line") or 0) for each in findings(record.body)}
    if (rule, line) not in named:
        raise OpinionUnfit("The verdict has no such finding. Load the page again and choose one there.")


def _why(form: Mapping[str, str], label: str) -> str:
    why = " ".join(form.get("why", "").split())
    if len(why) > MAX_WHY:
        raise OpinionUnfit(f"Say why in at most {MAX_WHY} characters.")
    if label == WRONG and not why:
        raise OpinionUnfit("Say why it is wrong: whoever trains or tunes the guard learns from that.")
    return why
