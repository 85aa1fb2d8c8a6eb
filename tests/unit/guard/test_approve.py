"""Approvals: recorded, then signed."""

from datetime import UTC, datetime, timedelta

import pytest

from guard_svc.approve import Approver, ApproverSettings, Grounds
from placet.approval.envelope import open_envelope
from placet.approval.keys import KeySet, SigningKey
from placet.approval.statement import Approval
from placet.audit.client import Appended
from placet.rpc.errors import ServiceError
from tests.fakes.guard_world import scope
from tests.fakes.memory_log import MemoryLog

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GROUNDS = Grounds(
    request_id="r",
    program_sha256=bytes(32),
    scope=scope(),
    inputs=(),
    grants=("import:pandas",),
    findings_sha256=bytes(32),
    decided_by="rules+reviewer",
    verdict=Appended(7, bytes(32), "placet.local/log\n8\nroot\n"),
)


class CountingKey(SigningKey):
    signatures = 0

    def sign(self, message: bytes) -> bytes:
        self.signatures += 1
        return super().sign(message)


def key() -> CountingKey:
    return CountingKey(SigningKey.generate()._private)


def approver(signing: SigningKey, log: MemoryLog) -> Approver:
    return Approver(signing, log, ApproverSettings("pool-a", timedelta(minutes=5)), now=lambda: NOW)


async def test_an_approval_says_what_it_rests_on_and_how_long_it_holds():
    signing = key()
    envelope = await approver(signing, MemoryLog()).issue(GROUNDS)
    approval = Approval.from_bytes(open_envelope(envelope, KeySet.of(signing.public)))
    assert (approval.audit_log.origin, approval.audit_log.index) == ("placet.local/log", 7)
    assert approval.expires_at - approval.issued_at == timedelta(minutes=5)
    assert (approval.audience, approval.grants) == (("pool-a",), ("import:pandas",))


async def test_without_a_record_nothing_is_signed():
    signing = key()
    with pytest.raises(ServiceError):
        await approver(signing, MemoryLog("approval_issued")).issue(GROUNDS)
    assert signing.signatures == 0


async def test_two_approvals_on_the_same_grounds_are_two():
    log, signing = MemoryLog(), key()
    await approver(signing, log).issue(GROUNDS)
    await approver(signing, log).issue(GROUNDS)
    first, second = log.of("approval_issued")
    assert first.body["approval_id"] != second.body["approval_id"]
