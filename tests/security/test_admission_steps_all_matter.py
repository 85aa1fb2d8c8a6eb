"""Every step of docs/approval-format.md §4 is needed: without it, something gets in that must not."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from executor_svc import admission
from executor_svc.admission import CHECKS, Start, admit
from executor_svc.sandbox import InputFile
from placet.approval import ApprovalRefused, Limits
from placet.audit.client import Appended
from tests.fakes.approvals import OTHER_KEY, PROGRAM, World, foreign, good_approval, signed
from tests.fakes.executor import runner
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.memory_log import MemoryLog

GOOD = World()
DOCUMENT = Path(__file__).parents[2] / "docs" / "approval-format.md"

WITHOUT = {
    "check_sizes": replace(GOOD, approval=signed().ljust(70_000)),
    "check_envelope": replace(GOOD, approval=foreign()),
    "check_signature": replace(GOOD, approval=signed(key=OTHER_KEY)),
    "check_audience": replace(GOOD, approval=signed(good_approval(audience=("other",)))),
    "check_time": replace(GOOD, now=GOOD.now + timedelta(days=1)),
    "check_program": replace(GOOD, program=PROGRAM + b"\n"),
    "check_inputs": replace(GOOD, inputs=(InputFile.of("other.csv", b"1"),)),
    "check_scope": replace(GOOD, scopes=replace(GOOD.scopes, retired=GOOD.scopes.known)),
    "check_limits": replace(GOOD, approval=signed(good_approval(limits=Limits(999, 20, 512, 1024, 16, 20)))),
    "check_people": replace(GOOD, approval=signed(good_approval(decided_by="human:kim"))),
    "check_tier": replace(GOOD, approval=signed(good_approval(min_tier="T3"))),
}


async def no_spending(_start: Start) -> Appended:
    """What step 4.12 would be without the log."""
    return Appended(0, b"\0" * 32, "")


@pytest.mark.parametrize("step", CHECKS, ids=lambda step: step.__name__)
async def test_without_this_step_a_bad_request_gets_in(step, monkeypatch: pytest.MonkeyPatch) -> None:
    """And with it, it does not; no other step would have caught it."""
    case = WITHOUT[step.__name__].case
    with pytest.raises(ApprovalRefused):
        await admit(case, no_spending)
    monkeypatch.setattr(admission, "CHECKS", tuple(check for check in CHECKS if check is not step))

    assert await admit(WITHOUT[step.__name__].case, no_spending)


async def test_without_spending_an_approval_works_twice() -> None:
    """Step 4.12 is the only one that tells the second use from the first."""
    spend = runner(MemoryLog(), FakeSandbox(), GOOD)._spend
    assert await admit(GOOD.case, spend)
    with pytest.raises(ApprovalRefused, match="APPROVAL_SPENT"):
        await admit(GOOD.case, spend)

    assert await admit(GOOD.case, no_spending)


def test_the_document_numbers_the_steps_as_the_code_does() -> None:
    """4.1 … 4.11 are the checks in this order, 4.12 is the spending."""
    documented = re.findall(r"^\| (4\.\d+) ", DOCUMENT.read_text(), re.MULTILINE)
    coded = [(step.__doc__ or "").split(":")[0] for step in CHECKS]

    assert [*coded, "4.12"] == documented
