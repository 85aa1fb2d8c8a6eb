"""Pools over time: zygotes are replaced, sets of libraries fit, a failing self-test stops every run."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Rotation, SandboxUnavailable, open_sandbox, probe
from executor_svc.sandbox.libraries import DATA, DELIVERY, SCIENCE, USUAL, fitting
from tests.conformance.sandbox_kit import PYTHON, run

HASH = "print(hash('a word'))"


async def test_a_zygote_is_replaced_after_its_runs_and_no_run_fails() -> None:
    sandbox = open_sandbox(
        PYTHON, pool_size=1, min_tier="T1", max_tier="T1", preload=(), rotation=Rotation(forks=3)
    )
    await sandbox.start()
    try:
        seen: set[bytes] = set()

        for _ in range(30):
            ran = await run(sandbox, HASH)
            assert (ran.status, ran.result.exit_code) == ("EXITED", 0)
            seen.add(ran.stdout)
        assert len(seen) >= 2  # each zygote has a hash seed of its own
    finally:
        await sandbox.close()


async def test_a_failing_self_test_stops_every_run_until_one_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = open_sandbox(PYTHON, pool_size=1, min_tier="T1", max_tier="T1", preload=())
    await sandbox.start()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(probe, "program", lambda **_: b"print('{}')")
            with pytest.raises(SandboxUnavailable, match="self-test failed"):
                await sandbox.probe()  # type: ignore[attr-defined]
        assert sandbox.tier == ""
        with pytest.raises(SandboxUnavailable, match="self-test failed"):
            await run(sandbox, "print(1)")
        await sandbox.probe()  # type: ignore[attr-defined]
        assert sandbox.tier == "T1"
        assert (await run(sandbox, "print(1)")).stdout == b"1\n"
    finally:
        await sandbox.close()


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ((), DATA),
        (("pandas", "json"), DATA),
        (("sklearn",), SCIENCE),
        (("pandas", "scipy"), SCIENCE),
        (DELIVERY.packages, DELIVERY),
    ],
)
def test_the_smallest_set_that_holds_the_most_is_taken(imports: tuple[str, ...], expected: object) -> None:
    assert fitting(USUAL, imports) is expected
