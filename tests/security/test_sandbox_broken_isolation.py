"""The isolation is weaker than it claims: the sandbox must notice and run nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pyseccomp
import pytest

from executor_svc.sandbox import SandboxUnavailable, open_sandbox, pool, probe, seccomp
from tests.conformance.sandbox_kit import PYTHON, run


def _permissive_filter(**_: bool) -> bytes:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    rules.add_rule(pyseccomp.ERRNO(1), "reboot")
    handle = os.memfd_create("filter")
    with os.fdopen(handle, "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


async def _refusal() -> str:
    sandbox = open_sandbox(PYTHON, preload=())
    with pytest.raises(SandboxUnavailable) as refused:
        await sandbox.start()
    with pytest.raises(SandboxUnavailable):
        await run(sandbox, "print(1)")
    return str(refused.value)


async def test_a_filter_that_lets_calls_pass_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp, "build", _permissive_filter)
    reason = await _refusal()
    assert "self-test" in reason
    assert "no program will be run" in reason


async def test_a_readable_secret_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    readable = os.__file__ if os.__file__.startswith("/usr/lib") else "/usr/lib/os-release"
    sandbox = open_sandbox(PYTHON, preload=(), secrets=(readable,))
    with pytest.raises(SandboxUnavailable, match="cannot read"):
        await sandbox.start()


async def test_a_leaked_environment_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "ENVIRONMENT", {**pool.ENVIRONMENT, "OPENAI_API_KEY": "x"})
    canary = probe.program(isolated=True, secrets=(), environment=("LANG",))
    sandbox = open_sandbox(PYTHON, preload=())
    monkeypatch.setattr(probe, "program", lambda **_: canary)
    with pytest.raises(SandboxUnavailable, match="environment holds only our own settings"):
        await sandbox.start()


async def test_a_tier_that_is_not_reached_is_refused_not_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = open_sandbox(PYTHON, min_tier="T1", preload=())

    async def refuse(tier: str) -> None:
        raise SandboxUnavailable("namespaces are not allowed here")

    monkeypatch.setattr(sandbox, "_try", refuse)
    with pytest.raises(SandboxUnavailable, match="namespaces are not allowed"):
        await sandbox.start()
    assert sandbox.tier == ""


async def test_an_interpreter_that_does_not_work_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="cannot start the sandbox interpreter"):
        await open_sandbox(tmp_path / "python").start()


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b"nonsense", b'{"no socket": false}', b'{"no socket": 1}']
)
def test_only_a_clear_yes_to_every_question_counts(answer: bytes) -> None:
    with pytest.raises(SandboxUnavailable):
        probe.judge(answer)


def test_a_clear_yes_is_believed() -> None:
    assert probe.judge(b'{"b": true, "a": true}') == ("a", "b")


def test_the_filter_is_an_allow_list_with_our_own_process_only() -> None:
    code = seccomp.build()
    assert len(code) % 8 == 0
    assert code.count((0x5EC0DE01).to_bytes(4, "little")) >= 1
