"""docs/quotas.md §5: what a refused command says, and `placet audit usage`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2 as pb

from placet.cli.main import run
from placet.rpc.errors import ServiceError
from tests.contract.test_cli import HONEST, Done, Placet
from tests.fakes.chain import Chain, chain_in_thread

EXCEEDED = ServiceError(
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    "QUOTA_EXCEEDED",
    "caller/local has used up its quota (runs_per_minute: 2 of 2). Nothing was spent.",
    retry_after_s=12.2,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain_in_thread(tmp_path_factory.mktemp("state")) as fakes:
        yield fakes


@pytest.fixture
def placet(served: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any) -> Placet:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mean.py").write_bytes(HONEST)
    served.executor.error = served.generator.error = EXCEEDED

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run(["--state", str(served.state), *map(str, arguments)])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call


@pytest.mark.parametrize("command", [("solve", "What is the mean?"), ("run", "mean.py")])
def test_a_used_up_quota_is_no_answer_and_says_when_to_come_back(placet: Placet, command: Any) -> None:
    """4, and never 1: it is no denial. The time is rounded up, so that it is not too early."""
    done = placet(*command, "--scope", "data-analysis")
    assert done.code == 4
    assert "could not answer" in done.err
    assert "runs_per_minute: 2 of 2" in done.err
    assert "try again in 13 s" in done.err


@pytest.mark.parametrize("command", [("solve", "What is the mean?"), ("run", "mean.py")])
def test_programs_are_told_the_reason_and_the_seconds(placet: Placet, command: Any) -> None:
    done = placet(*command, "--scope", "data-analysis", "--json")
    assert done.code == 4
    last = done.lines[-1]
    assert (last["event"], last["reason"], last["retry_after_s"]) == ("error", "QUOTA_EXCEEDED", 12.2)


@pytest.fixture
def used(served: Chain) -> Chain:
    limits = [
        pb.LimitUsage(limit="runs_at_once", at_most=8, used=3),
        pb.LimitUsage(limit="cpu_s_per_hour", at_most=60, used=61),
    ]
    served.audit.usage = pb.GetUsageResponse(callers=[pb.CallerUsage(caller="caller/reports", limits=limits)])
    served.audit.usage_asked.clear()
    return served


def test_usage_is_shown_limit_by_limit(placet: Placet, used: Chain) -> None:
    done = placet("audit", "usage")
    assert done.code == 0
    lines = [line.split() for line in done.out.splitlines()]
    assert lines == [
        ["caller/reports", "runs_at_once", "3", "of", "8"],
        ["caller/reports", "cpu_s_per_hour", "61", "of", "60"],
    ]
    assert [request.caller for request in used.audit.usage_asked] == [""]


@pytest.mark.parametrize("name", ["reports", "caller/reports", "spiffe://placet.local/caller/reports"])
def test_usage_of_one_caller_for_programs(placet: Placet, used: Chain, name: str) -> None:
    done = placet("audit", "usage", "--caller", name, "--json")
    limits = {
        "runs_at_once": {"used": 3, "at_most": 8},
        "cpu_s_per_hour": {"used": 61, "at_most": 60},
    }
    assert done.lines == [{"caller": "caller/reports", "limits": limits}]
    assert [request.caller for request in used.audit.usage_asked] == ["caller/reports"]


def test_without_usage_there_is_a_word_and_no_output(placet: Placet, used: Chain) -> None:
    used.audit.usage = pb.GetUsageResponse()
    done = placet("audit", "usage")
    assert (done.code, done.out) == (0, "")
    assert "nobody with a quota" in done.err
