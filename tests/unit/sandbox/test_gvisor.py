"""Believing that the kernel beneath is gVisor's, and what becomes of a kernel that lacks what we need.

The signs are played here; tests/conformance/test_sandbox_in_gvisor.py meets the real one.
"""

from __future__ import annotations

import asyncio
import errno
import os
from types import SimpleNamespace

import pytest

from executor_svc.sandbox import SandboxUnavailable, gvisor, kernel, open_sandbox
from tests.conformance.sandbox_kit import PYTHON, descendants

UNAME = SimpleNamespace(
    sysname="Linux", release="4.4.0", version="#1 SMP Sun Jan 10 15:06:54 PST 2016", machine="x86_64"
)
LOG = "<6>[    0.000000] Starting gVisor...\n<6>[    0.2] Reading process obituaries...\n"
VERSION = "Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n"
ANSWERS = {298: errno.ENODEV, 303: errno.EOPNOTSUPP}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A kernel that answers as gVisor does; a test changes what it likes."""
    signs = SimpleNamespace(log=LOG, version=VERSION, answers=dict(ANSWERS))

    def log() -> str:
        if signs.log is None:
            raise PermissionError(errno.EPERM, "klogctl")
        return str(signs.log)

    def syscall(number: int, *_: object) -> int:
        if signs.answers[number]:
            raise OSError(signs.answers[number], "played")
        return 0

    monkeypatch.setattr(kernel, "log", log)
    monkeypatch.setattr(kernel, "syscall", syscall)
    monkeypatch.setattr(os, "uname", lambda: UNAME)
    monkeypatch.setattr(gvisor, "Path", lambda _: SimpleNamespace(read_text=lambda **_: signs.version))
    return signs


def test_a_kernel_with_every_sign_is_believed(played: SimpleNamespace) -> None:
    assert gvisor.doubts() == ()


@pytest.mark.parametrize(
    ("sign", "value", "doubt"),
    [
        ("log", None, "log"),
        ("log", "", "log"),
        ("log", "<6>[    0.000000] Linux version 6.1\n" + LOG, "log"),
        ("log", "<6>[   99.000000] Starting gVisor...\n", "log"),
        ("version", "Linux version 4.4.0 (root@host) (gcc 12) #1 SMP Sun Jan 10 15:06:54 PST 2016", "built"),
        ("version", "Linux version 4.4.0-gvisor", "built"),
        ("answers", {**ANSWERS, 298: errno.EFAULT}, "senseless"),
        ("answers", {**ANSWERS, 303: errno.EFAULT}, "senseless"),
        ("answers", {**ANSWERS, 298: errno.EPERM}, "senseless"),
        ("answers", {**ANSWERS, 303: 0}, "senseless"),
    ],
)
def test_each_sign_is_needed(played: SimpleNamespace, sign: str, value: object, doubt: str) -> None:
    setattr(played, sign, value)
    (found,) = gvisor.doubts()
    assert doubt in found


def test_this_machine_is_not_taken_for_gvisor() -> None:
    assert len(gvisor.doubts()) == 3


@pytest.mark.asyncio
async def test_without_gvisor_t2_is_refused_with_the_reason() -> None:
    sandbox = open_sandbox(PYTHON, min_tier="T2", preload=())
    with pytest.raises(SandboxUnavailable, match=r"T2: this is not gVisor: the kernel's log .*; .*; "):
        await sandbox.start()
    assert sandbox.tier == ""


@pytest.mark.asyncio
async def test_inside_gvisor_a_sandbox_that_holds_is_t2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gvisor, "doubts", lambda: ())
    sandbox = open_sandbox(PYTHON, pool_size=1, min_tier="T1", preload=())
    await sandbox.start()
    try:
        assert sandbox.tier == "T2"
        assert any(line.startswith("gVisor beneath") for line in sandbox.isolation)
        assert "own root directory" in sandbox.isolation
    finally:
        await sandbox.close()


@pytest.mark.asyncio
async def test_a_kernel_without_the_calls_is_refused_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    real = kernel.syscall

    def syscall(number: int, *arguments: object) -> int:
        if number in (437, 442):
            raise OSError(errno.ENOSYS, "played")
        return real(number, *arguments)

    monkeypatch.setattr(kernel, "syscall", syscall)
    with pytest.raises(
        SandboxUnavailable,
        match=r"T1: this kernel has no openat2, mount_setattr \| T0: this kernel has no openat2$",
    ):
        await open_sandbox(PYTHON, preload=()).start()


def test_this_kernel_has_every_call_that_is_needed() -> None:
    assert kernel.lacking(namespaces=True) == ()


@pytest.mark.asyncio
async def test_a_start_that_cannot_be_watched_fails_and_leaves_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_pid: int, _flags: int = 0) -> int:
        raise PermissionError(errno.EPERM, "pidfd_open")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    before = descendants(os.getpid())
    sandbox = open_sandbox(PYTHON, preload=())
    async with asyncio.timeout(30):
        with pytest.raises(SandboxUnavailable, match="cannot be watched"):
            await sandbox.start()
    assert descendants(os.getpid()) == before
