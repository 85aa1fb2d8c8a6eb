"""Labelled verdicts as lines for training and measuring, each with the proof of what it rests on.

Knows a row of docs/labels-format.md §4, and when records fit together into one. Pure: must not know where
records, bodies and proofs come from; dataset_proof.py proves rows of somebody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from placet.audit.actors import path_of, refusal
from placet.audit.bundle import Exhibit
from placet.audit.labels import Label
from placet.audit.merkle import leaf_hash
from placet.audit.ocsf_objects import SEVERITY_IDS, findings, text
from placet.audit.record import Record, RecordInvalid
from placet.reviewer_wording import QUESTION, SYSTEM, tagged

FORMAT: Final = "placet-labels/1"
MAX_ROW_BYTES: Final = 1024 * 1024
_LABELS: Final[Mapping[str, str]] = {"DENIED": "unsafe", "ALLOWED": "benign"}
_ANSWERS: Final[Mapping[str, tuple[str, str]]] = {"DENIED": ("DENY", "ALLOW"), "ALLOWED": ("ALLOW", "DENY")}
"""The verdict that people say is right → the right answer and the other one."""
_GUARD: Final = "svc/guard"


class RowRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The row does not follow from what it carries, or that is not in the log."""


class RowTooLong(RowRefused):
    """The row would be longer than a line may be."""


@dataclass(frozen=True)
class Wording:
    """What the model is asked; part of a row, and proven by nothing."""

    system: str = SYSTEM
    question: str = QUESTION


@dataclass(frozen=True)
class Labelled:
    """A verdict with what people said of it. Proofs are under one checkpoint; nothing is checked yet."""

    verdict: Exhibit
    labels: tuple[Exhibit, ...]
    """Each person's newest label on the verdict as a whole, in log order."""
    code: str
    task: str
    """Empty when it is not kept."""


def row(found: Labelled, checkpoint: str, wording: Wording | None = None) -> dict[str, Any]:
    """One object of the file; `checkpoint` is the signed note. Raises RowRefused: the parts do not fit."""
    verdict, right = _judged(found)
    body = verdict.body
    answer, other = _ANSWERS[right]
    question = _question(found, wording or Wording())
    origin, size = checkpoint.split("\n")[:2]
    return {
        "format": FORMAT,
        "id": f"{origin}#{found.verdict.index}",
        "label": _LABELS[right],
        "code": found.code,
        "category": _gravest(body),
        "task": found.task,
        "guard": body["verdict"],
        "scope": body["scope"],
        "messages": [*question, _said(answer)],
        "input": {"messages": question},
        "preferred_output": [_said(answer)],
        "non_preferred_output": [_said(other)],
        "log": {
            "origin": origin,
            "tree_size": int(size),
            "checkpoint": checkpoint,
            **_shown(found.verdict),
            "labels": [_shown(label) for label in found.labels],
        },
    }


def to_line(made: Mapping[str, Any]) -> bytes:
    """The row as the file holds it. Raises RowTooLong (§4.3)."""
    line = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_ROW_BYTES:
        raise RowTooLong(f"the row has more than {MAX_ROW_BYTES} bytes")
    return line


def _judged(found: Labelled) -> tuple[Record, str]:
    """The verdict's record, and the verdict that its labels say is right (§5.3)."""
    verdict = _decoded(found.verdict)
    if verdict.kind != "verdict_reached" or path_of(verdict.actor) != _GUARD:
        raise RowRefused(f"record {found.verdict.index} is no verdict of the guard")
    _check_texts(found, verdict.body)
    labels = [_label_on(found.verdict, verdict, each) for each in found.labels]
    if not labels or len({label.person for label in labels}) < len(labels):
        raise RowRefused("it needs labels, by different people")
    said = {label.verdict for label in labels}
    if len(said) != 1 or not said <= _LABELS.keys():
        raise RowRefused(f"people do not all allow or all deny it: {', '.join(sorted(said))}")
    return verdict, said.pop()


def _decoded(exhibit: Exhibit) -> Record:
    try:
        record = Record.decode(exhibit.leaf)
    except RecordInvalid as error:
        raise RowRefused(f"record {exhibit.index} is not valid: {error}") from error
    if reason := refusal(record.actor, record.kind, record.body):
        raise RowRefused(f"record {exhibit.index}: {reason}")
    return record


def _check_texts(found: Labelled, body: Mapping[str, Any]) -> None:
    if _sha256_hex(found.code) != body["program_sha256"]:
        raise RowRefused("its code is not the program of the verdict")
    if found.task and _sha256_hex(found.task) != body.get("task_sha256"):
        raise RowRefused("its task is not that of the verdict")


def _label_on(verdict: Exhibit, judged: Record, exhibit: Exhibit) -> Label:
    record = _decoded(exhibit)
    label = Label.of(exhibit.index, record)
    about = (label.verdict_index, label.verdict_hash, label.program_sha256, label.rule)
    program = text(judged.body, "program_sha256")
    if record.kind != "label_given" or about != (verdict.index, leaf_hash(verdict.leaf), program, ""):
        raise RowRefused(f"record {exhibit.index} is no label on the verdict of record {verdict.index}")
    return label


def _question(found: Labelled, wording: Wording) -> list[dict[str, str]]:
    task = [tagged("task", found.task)] if found.task else []
    program = f"The program:\n{tagged('program', found.code)}"
    asked = "\n\n".join([*task, program, wording.question])
    return [{"role": "system", "content": wording.system}, {"role": "user", "content": asked}]


def _said(answer: str) -> dict[str, str]:
    return {"role": "assistant", "content": answer}


def _shown(exhibit: Exhibit) -> dict[str, object]:
    return {
        "index": exhibit.index,
        "leaf": exhibit.leaf.decode(),
        "leaf_hash": leaf_hash(exhibit.leaf).hex(),
        "proof": [digest.hex() for digest in exhibit.hashes],
    }


def _gravest(body: Mapping[str, object]) -> str:
    """The rule of the gravest finding, of equal ones the first."""
    ranked = sorted(findings(body), key=lambda item: -SEVERITY_IDS.get(text(item, "severity"), 0))
    return text(ranked[0], "rule_id") if ranked else ""


def _sha256_hex(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
