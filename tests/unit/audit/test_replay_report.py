"""The report of a replay: what docs/replay-format.md §2 says of its bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from placet.audit.checkpoint import LogSigner
from placet.audit.record import canonical
from placet.audit.replay_report import (
    MAX_FLIPS,
    MAX_REPORT_BYTES,
    Flip,
    LogState,
    Policies,
    Policy,
    Range,
    Report,
    ReportInvalid,
    ScopeEdition,
    digest_of,
    ordered,
)

SIZE = 100
NOTE = LogSigner.generate("placet.local/log").sign(SIZE, b"r" * 32)


def policy(**change: object) -> Policy:
    edition = ScopeEdition("data-analysis", 3, "5" * 64)
    return msgspec.structs.replace(Policy(edition, "0" * 16, "p" * 16, "m", 2), **change)


def flip(index: int = 4, **change: object) -> Flip:
    whole = Flip(index, "a" * 64, "DENIED", "ALLOWED", (), ("capability.network.connect",))
    return msgspec.structs.replace(whole, **change)


def report(**change: object) -> Report:
    whole = Report(
        reported_by="human:ana",
        reported_at="2026-11-30T12:00:00.000000Z",
        log=LogState.of(NOTE),
        range=Range("", "", "data-analysis", 3, 9),
        guard="running",
        layers="rules",
        policies=Policies((policy(),), (policy(rules="1" * 16),)),
        verdicts=2,
        skipped=1,
        unanswered=0,
        flipped=1,
        flips=(flip(),),
    )
    return msgspec.structs.replace(whole, **change)


def changed(change: Callable[[Any], None]) -> bytes:
    statement = json.loads(report().to_bytes())
    change(statement)
    return canonical(statement)


def test_what_is_written_reads_back() -> None:
    """And names both sides by their digests: 2.2."""
    payload = report().to_bytes()
    statement = json.loads(payload)

    assert Report.from_bytes(payload) == report()
    assert [each["name"] for each in statement["subject"]] == ["before", "after"]
    assert statement["subject"][1]["digest"]["sha256"] == digest_of(report().policies.after)


def test_equal_policies_have_equal_digests_in_whatever_order_they_were_found() -> None:
    """2.2: a digest is of what judged, not of the order in which a console met it."""
    one, two = policy(), policy(model="n")

    assert digest_of(ordered([one, two])) == digest_of(ordered([two, one]))


@pytest.mark.parametrize(
    ("clause", "change"),
    [
        ("2.1", lambda s: s.update(more=1)),
        ("2.1", lambda s: s["predicate"].update(more=1)),
        ("2.1", lambda s: s["predicate"]["flips"][0].update(more=1)),
        ("2.1", lambda s: s["predicate"].pop("skipped")),
        ("2.1", lambda s: s.update(predicateType="https://placet.dev/attestation/approval/v1")),
        ("2.2", lambda s: s["subject"][0]["digest"].update(sha256="0" * 64)),
        ("2.2", lambda s: s["subject"].reverse()),
        ("2.2", lambda s: s["predicate"]["policies"]["after"][0].update(verdicts=3)),
        ("2.3", lambda s: s["predicate"]["log"].update(size=SIZE + 1)),
        ("2.3", lambda s: s["predicate"]["log"].update(root="0" * 64)),
        ("2.3", lambda s: s["predicate"]["range"].update(toIndex=SIZE + 1)),
        ("2.4", lambda s: s["predicate"]["flips"][0].update(leafHash="A" * 64)),
        ("2.5", lambda s: s["predicate"].update(flipped=0)),
        ("2.5", lambda s: s["predicate"].update(flipped=2)),
        ("within the range", lambda s: s["predicate"]["flips"][0].update(index=9)),
        ("one verdict to another", lambda s: s["predicate"]["flips"][0].update(after="DENIED")),
        ("names no person", lambda s: s["predicate"].update(reportedBy="svc/console")),
        ("layers", lambda s: s["predicate"].update(layers="none")),
    ],
)
def test_a_report_that_breaks_the_format_is_refused(clause: str, change: Callable[[Any], None]) -> None:
    """Each clause by a change that breaks it and nothing else."""
    with pytest.raises(ReportInvalid, match=clause):
        Report.from_bytes(changed(change))


def test_what_is_told_of_a_report_is_short_however_long_its_keys_are() -> None:
    """2.1: it stands in an answer and in a log."""
    with pytest.raises(ReportInvalid, match="unknown field") as refused:
        Report.from_bytes(changed(lambda statement: statement["predicate"].update({"k" * 500_000: 1})))
    assert len(str(refused.value)) < 300


def test_another_spelling_of_the_same_report_is_refused() -> None:
    """2.1: a reader refuses bytes that are not the JCS bytes of their content."""
    with pytest.raises(ReportInvalid, match="canonical"):
        Report.from_bytes(report().to_bytes() + b"\n")


def test_a_report_that_is_too_large_is_refused_before_it_is_read() -> None:
    """2.1."""
    with pytest.raises(ReportInvalid, match=str(MAX_REPORT_BYTES)):
        Report.from_bytes(b" " * (MAX_REPORT_BYTES + 1))


def test_flips_may_be_left_out_only_beyond_the_limit() -> None:
    """2.5: then `flipped` says how many there were."""
    flips = tuple(flip(index) for index in range(MAX_FLIPS))
    wide = {"log": LogState.of(_note(5000)), "range": Range("", "", "", 0, 5000)}
    whole = report(**wide, verdicts=3000, flipped=2500, flips=flips)

    assert Report.from_bytes(whole.to_bytes()).flipped == 2500
    with pytest.raises(ReportInvalid, match=r"2\.5"):
        report(**wide, verdicts=3000, flipped=2500, flips=flips[1:]).to_bytes()


def test_a_large_report_stays_within_its_bound() -> None:
    """2.1: with as many flips, and as many rules for each, as a report may name."""
    rules = tuple(f"capability.some_area.some_detail_{n:02}" for n in range(8))
    flips = tuple(flip(index, came=rules, went=rules) for index in range(MAX_FLIPS))
    wide = {"log": LogState.of(_note(5000)), "range": Range("", "", "", 0, 5000)}

    assert len(report(**wide, verdicts=3000, flipped=MAX_FLIPS, flips=flips).to_bytes()) < MAX_REPORT_BYTES


def _note(size: int) -> str:
    return LogSigner.generate("placet.local/log").sign(size, b"r" * 32)
