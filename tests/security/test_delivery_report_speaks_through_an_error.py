"""Attack: what broke into a stage's cell says values where our own side tells what is wrong with the report.

A report is refused with a sentence of ours: a decoder's would repeat the keys that stand there, of any length
(docs/contract.md V.1 and 7.3).
"""

from __future__ import annotations

import pytest

from executor_svc.delivery.report import LONGEST, MAX_BYTES
from executor_svc.fleet import told
from executor_svc.messages import violations
from executor_svc.sandbox import RunStatus
from tests.unit.executor.test_staged import CHECKED, Cells, broken, handed, play, report

VALUE = "kimearnsten"
LONG = VALUE * 20_000

REPORTS = {
    "an unknown key": report(**{LONG: 1}),
    "an unknown key of a file": report(files=[{"name": "a", "file": "artifacts-0", LONG: 1}]),
    "an unknown key of a violation": broken("a").replace(b'"rule"', f'"{LONG}": 1, "rule"'.encode()),
    "a rule": broken("a").replace(b"caps.rows", LONG.encode()),
    "a file that is not there": report(files=[{"name": "a", "file": f"{VALUE}-0"}]),
    "a stream": report(streams=[LONG]),
    "a version": report(version=LONG),
    "no JSON": LONG.encode(),
}


@pytest.mark.parametrize("said", REPORTS)
async def test_what_is_wrong_with_a_report_is_told_in_words_of_ours(said: str) -> None:
    """And is short enough for a front to believe it."""
    assert len(REPORTS[said]) <= MAX_BYTES

    result, _ = await play(Cells(deliver=handed(REPORTS[said])), CHECKED)

    (violation,) = result.violations
    assert (result.status, violation.rule) == (RunStatus.CONTRACT_VIOLATED, "delivery.failed")
    assert VALUE not in f"{violation.path} {violation.message}"
    assert len(violation.message) <= LONGEST
    ended = told.pb.RunEnded(status=told._VIOLATED, violations=violations(result.violations))
    assert told.violations(ended) == result.violations
