"""What was declared stands beside what was observed, and the difference is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from audit_svc.console.attempts import Run, attempts
from audit_svc.console.dossier import Dossier, Item
from audit_svc.console.observed import Measure, grants, handed, measures
from placet.audit.reader import Entry
from placet.audit.record import canonical
from placet.scope import Scope, load_scope
from tests.fakes.any_records import BODIES, DIGEST, record

LIMITS = {"wall_s": 30, "cpu_s": 20, "memory_mib": 512, "output_kib": 1, "artifacts": 2, "artifact_mib": 1}
USAGE = {"wall_ms": 400, "cpu_ms": 300, "max_memory_bytes": 20 << 20, "stdout_bytes": 10, "stderr_bytes": 0}
INPUTS = [{"name": "a.csv", "sha256": DIGEST, "size": 3}]
Fields = Mapping[str, object]
STATED = {"wallS": 3, "cpuS": 2, "memoryMib": 64, "outputKib": 1, "artifacts": 2, "artifactMib": 1}


def item(index: int, kind: str, change: Fields | None = None, **bodies: bytes) -> Item:
    told = record(kind, {**BODIES[kind], **(change or {})})
    entry = Entry(index, b"", b"", kind, told.request_id, told.actor, "", "", told.time, "", "", "")
    return Item(entry, told, tuple(bodies), bodies)


def run(
    start: Mapping[str, object] | None = None, end: Mapping[str, object] | None = None, **bodies: bytes
) -> Run:
    approval = item(1, "approval_issued", {"inputs": INPUTS, "min_tier": "T1"}, **bodies)
    begun = item(2, "run_started", {"inputs": INPUTS, "limits": LIMITS, **(start or {})})
    return Run(approval, begun, item(3, "run_finished", {"usage": USAGE, **(end or {})}))


def found(made: Run, scope: Scope | None = None) -> dict[str, Measure]:
    return {measure.what: measure for measure in measures(made, scope)}


def test_a_run_within_its_bounds_is_so_in_every_line() -> None:
    assert {measure.state for measure in measures(run(), None)} == {"within"}


@pytest.mark.parametrize(
    ("usage", "what", "state"),
    [
        ({"wall_ms": 30_000}, "wall time", "reached"),
        ({"cpu_ms": 20_001}, "CPU time", "beyond"),
        ({"max_memory_bytes": 513 << 20}, "memory", "beyond"),
        ({"stdout_bytes": 1024}, "standard output", "reached"),
        ({"stderr_bytes": 1025}, "standard error", "beyond"),
    ],
)
def test_a_bound_that_was_reached_or_passed_is_named(usage: dict[str, int], what: str, state: str) -> None:
    assert found(run(end={"usage": USAGE | usage}))[what].state == state


def test_the_signed_statement_goes_before_what_the_executor_says_of_the_limits() -> None:
    statement = json.dumps({"predicate": {"limits": STATED, "minTier": "T2", "grants": ["import:pandas"]}})
    made = run(statement=statement.encode())
    assert found(made)["wall time"].declared == "at most 3 s"
    assert found(made)["isolation"].state == "beyond"
    assert grants(made) == ["import:pandas"]


def test_other_inputs_than_the_approved_ones_are_named() -> None:
    other = [{"name": "a.csv", "sha256": "6" * 64, "size": 3}]
    assert found(run(start={"inputs": other}))["inputs"].state == "beyond"


def test_files_count_by_number_size_and_kind() -> None:
    files = [{"name": name, "sha256": DIGEST, "size": 1 << 20} for name in ("a.png", "b.svg", "c")]
    scope = load_scope(Path("examples/scopes/data-analysis.yaml").read_bytes())
    told = found(run(end={"artifacts": files}), scope)
    assert [told[what].state for what in ("files", "size of files", "kinds of files")] == ["beyond"] * 3


def test_a_long_list_of_files_is_read_from_its_body() -> None:
    listed = [{"name": f"{n}.csv", "sha256": DIGEST, "size": n} for n in range(900)]
    end = item(3, "run_finished", {"artifacts_total": 900}, artifacts=json.dumps(listed).encode())
    assert len(handed(end)) == 900
    assert handed(item(3, "run_finished", {"artifacts_total": 900}, artifacts=b"not json")) == []


def test_what_the_log_does_not_say_is_unknown_and_not_fine() -> None:
    made = Run(None, item(2, "run_started"), item(3, "run_finished", {"usage": {}, "tier": "T9"}))
    told = found(made)
    assert {told[what].state for what in ("wall time", "memory", "isolation", "inputs")} == {"unknown"}


def test_a_run_without_an_end_has_nothing_to_compare() -> None:
    assert measures(Run(None, item(2, "run_started"), None), None) == []
    assert measures(Run(None, item(2, "run_started"), item(3, "run_aborted")), None) == []


def test_programs_are_told_apart_in_the_order_in_which_they_came() -> None:
    program = item(1, "program_generated", program=b"print(1)\n")
    other = {"program_sha256": "7" * 64}
    findings = canonical([{"rule_id": "a.b", "severity": "HIGH", "line": 1, "source": "rule"}])
    items = (
        program,
        item(2, "verdict_reached", findings=findings),
        item(3, "program_generated", other),
        item(4, "review_given", other),
        item(5, "run_started", {"run_id": "first"}),
        item(6, "run_finished", {"run_id": "first"}),
        item(7, "records_read"),
    )
    first, second = attempts(Dossier("req-1", items))
    assert (first.program, first.verdict, [each.rule_id for each in first.findings]) == (
        b"print(1)\n",
        "DENIED",
        ["a.b"],
    )
    assert [(made.start.index, made.end and made.end.index) for made in first.runs] == [(5, 6)]
    assert (second.program, second.verdict, len(second.votes)) == (None, "", 1)


def test_findings_that_are_no_findings_are_none() -> None:
    for kept in (b"{", b"[1, 2]", b'{"a": 1}', b"[" * 2000):
        made = attempts(Dossier("r", (item(1, "verdict_reached", {"findings": []}, findings=kept),)))
        assert made[0].findings == []
