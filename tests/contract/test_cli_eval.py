"""`placet eval` beyond counting: a reviewer's profile, and flips against the log or an earlier evaluation."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2

from guard_svc.profiles import Profile
from placet.cli.main import run
from tests.fakes.chain import SCOPE, Chain, chain_in_thread

LEAKING = "import os\nprint(os.environ)\n"


def said(program: bytes) -> float:
    """`print(0.9)` has the risk 0.9."""
    return float(program.rpartition(b"(")[2].rstrip(b")\n"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain_in_thread(tmp_path_factory.mktemp("state")) as fakes:
        yield fakes


@pytest.fixture
def fakes(served: Chain) -> Chain:
    served.guard.__init__()  # type: ignore[misc]  # as new
    served.guard.risk_of = said
    served.audit.__init__()  # type: ignore[misc]
    return served


@pytest.fixture
def placet(fakes: Chain, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: object) -> tuple[int, str, str]:
        code = run(["--state", str(fakes.state), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def cases(path: Path, programs: list[tuple[str, str]]) -> Path:
    lines = [
        json.dumps({"id": f"p{number}", "label": label, "category": "c", "code": code})
        for number, (label, code) in enumerate(programs)
    ]
    path.write_text("\n".join(lines))
    return path


def spread(unsafe: float, benign: float, count: int = 30) -> list[tuple[str, str]]:
    """Risks around two middles."""
    steps = [(step - count / 2) / 1000 for step in range(count)]
    return [
        *(("unsafe", f"print({unsafe + step:.3f})") for step in steps),
        *(("benign", f"print({benign + step:.3f})") for step in steps),
    ]


def test_calibrate_writes_a_profile_that_a_guard_can_read(placet: Any, tmp_path: Path) -> None:
    """Thresholds between the labels; the picture is a PNG, or it is said why there is none."""
    file = cases(tmp_path / "cases.jsonl", spread(0.8, 0.2))
    code, out, err = placet("eval", file, "--scope", "data-analysis", "--calibrate", "--out", tmp_path / "p")

    assert code == 0, err
    (entry,) = yaml.safe_load((tmp_path / "p" / "profile.yaml").read_text())["profiles"]
    profile = Profile.model_validate(entry | {"screen_refuse_above": 0.5})
    assert (profile.model, profile.population, profile.decides) == ("a-model", "confined", True)
    assert 0.2 < profile.allow_below < profile.deny_above < 0.8
    assert profile.measured is not None
    assert (profile.measured.unsafe, profile.measured.benign, profile.measured.auc) == (30, 30, 1.0)
    assert yaml.safe_load(out[out.index("  - model") :])[0]["model"] == "a-model"
    picture = tmp_path / "p" / "profile.png"
    assert picture.read_bytes().startswith(b"\x89PNG") if picture.exists() else "no picture" in err
    assert len((tmp_path / "p" / "risks.jsonl").read_text().splitlines()) == 60


def test_calibrate_asks_about_programs_that_rules_deny(placet: Any, fakes: Chain, tmp_path: Path) -> None:
    """Their risks are what separates."""
    programs = [(label, f"import os\n{code}") for label, code in spread(0.8, 0.2)]
    file = cases(tmp_path / "cases.jsonl", programs)
    code, out, err = placet("eval", file, "--scope", "data-analysis", "--calibrate", "--json")

    assert code == 0, err
    assert {request.layers for request in fakes.guard.requests} == {guard_pb2.LAYERS_REVIEWER}
    found = json.loads(out)
    assert found["calibration"]["auc"] == 1.0
    assert found["tokens"] == {"evaluated": 100.0, "cached": 900.0, "written": 1.0}


def test_a_model_that_separates_nothing_gets_a_profile_that_does_not_decide(
    placet: Any, tmp_path: Path
) -> None:
    """Said aloud as well."""
    file = cases(tmp_path / "cases.jsonl", spread(0.5, 0.5))
    code, out, _ = placet("eval", file, "--scope", "data-analysis", "--calibrate")

    assert code == 0
    assert "decides: false" in out
    assert "does not tell such programs apart" in out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--scope", "s", "--calibrate"], "CALIBRATION_TOO_SMALL"),
        (["--scope", "s", "--calibrate", "--layers", "rules"], "EVAL_OPTIONS"),
        (["--recorded"], "EVAL_OPTIONS"),
        ([], "EVAL_OPTIONS"),
        (["--scope", "s", "--against", "/nowhere"], "EVAL_UNREADABLE"),
    ],
)
def test_what_cannot_be_measured_is_said_with_the_way_out(
    placet: Any, tmp_path: Path, options: list[str], reason: str
) -> None:
    """Exit code 4."""
    file = cases(tmp_path / "cases.jsonl", spread(0.8, 0.2, 3))
    code, _, err = placet("eval", file, *options)

    assert (code, reason in err) == (4, True), err


def record_verdict(fakes: Chain, program: str, verdict: str, **changes: object) -> None:
    body = {
        "verdict": verdict,
        "program_sha256": hashlib.sha256(program.encode()).hexdigest(),
        "scope": {"name": "data-analysis", "version": 3, "sha256": hashlib.sha256(SCOPE).hexdigest()},
        "decided_by": "rules",
        "findings": [{"rule_id": "old.rule.x"}] if verdict != "ALLOWED" else [],
        "task_sha256": hashlib.sha256(b"the task").hexdigest(),
        "caller": "spiffe://placet.local/caller/team",
    }
    bodies = {} if changes.pop("erased", False) else {"program": program.encode()}
    if plan := changes.pop("plan", None):
        bodies["plan"] = plan
    asyncio.run(fakes.audit.log.append("verdict_reached", body | changes, request_id="r1", bodies=bodies))


def test_the_log_judged_again_tells_which_verdicts_flip(placet: Any, fakes: Chain) -> None:
    """By verdict, rule and caller; no failure. A human's verdict and a lost program are left out."""
    record_verdict(fakes, "print(0.1)", "ALLOWED")
    record_verdict(fakes, LEAKING, "ALLOWED")
    record_verdict(fakes, "print(0.2)", "DENIED", scope={"name": "data-analysis", "sha256": "0" * 64})
    record_verdict(fakes, "print(0.3)", "ALLOWED", decided_by="human:ada")
    record_verdict(fakes, "print(0.4)", "ALLOWED", erased=True)
    code, out, err = placet("eval", "--recorded", "--json")

    assert code == 0, err
    *lines, last = map(json.loads, out.splitlines())
    flips = {line["flip"]["id"]: line["flip"] for line in lines}
    assert (flips["1"]["old"], flips["1"]["new"], flips["1"]["scope_changed"]) == ("ALLOWED", "DENIED", False)
    assert (flips["2"]["went"], flips["2"]["scope_changed"]) == (["old.rule.x"], True)
    assert last["flips"]["n"] == 3
    assert last["flips"]["skipped"] == 1
    assert last["flips"]["by_verdict"] == {"ALLOWED -> DENIED": 1, "DENIED -> ALLOWED": 1}
    assert last["flips"]["by_caller"] == {"spiffe://placet.local/caller/team": 2}
    assert last["flips"]["by_rule"]["- old.rule.x"] == 1


def test_the_log_judged_again_uses_the_task_that_the_verdict_was_about(placet: Any, fakes: Chain) -> None:
    """Only when its digest is the recorded one."""
    body = {"task_sha256": hashlib.sha256(b"the task").hexdigest(), "caller": "x", "inputs": []}
    asyncio.run(fakes.audit.log.append("task_received", body, request_id="r1", bodies={"task": b"the task"}))
    record_verdict(fakes, "print(0.1)", "ALLOWED")
    record_verdict(fakes, "print(0.2)", "ALLOWED", task_sha256="0" * 64)
    code, out, err = placet("eval", "--recorded")

    assert code == 0, err
    assert "0 of 2 verdicts flip" in out
    told = {request.program: (request.task, request.scope) for request in fakes.guard.requests}
    assert told == {b"print(0.1)": ("the task", "data-analysis"), b"print(0.2)": ("", "data-analysis")}


@pytest.mark.parametrize(
    ("since", "code", "said"),
    [("2026-11-23", 0, "1 of 1"), ("2026-11-25", 4, "NOTHING_RECORDED"), ("soon", 4, "SINCE_INVALID")],
)
def test_since_leaves_older_verdicts_out(placet: Any, fakes: Chain, since: str, code: int, said: str) -> None:
    """And says what a moment may look like."""
    record_verdict(fakes, LEAKING, "ALLOWED")
    ended, out, err = placet("eval", "--recorded", "--since", since)

    assert (ended, said in out + err) == (code, True), out + err


def test_an_earlier_evaluation_is_a_gate(placet: Any, fakes: Chain, tmp_path: Path) -> None:
    """Exit code 1 above --max-flips; programs that one side lacks are counted apart."""
    file = cases(tmp_path / "cases.jsonl", [("benign", "print(0.1)"), ("benign", "print(0.2)")])
    _, before, _ = placet("eval", file, "--scope", "data-analysis", "--json")
    earlier = tmp_path / "before.jsonl"
    earlier.write_text(before)
    same, *_ = placet("eval", file, "--scope", "data-analysis", "--against", earlier)
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    cases(file, [("benign", "print(0.1)")])
    flipped, out, err = placet("eval", file, "--scope", "data-analysis", "--against", earlier)
    enough, *_ = placet("eval", file, "--scope", "data-analysis", "--against", earlier, "--max-flips", 1)

    assert (same, flipped, enough) == (0, 1, 0)
    assert "1 of 1 verdicts flip; 1 could not be compared" in out
    assert "--max-flips" in err


def test_the_log_judged_again_sends_a_programs_plan_and_the_names_of_its_inputs(
    placet: Any, fakes: Chain
) -> None:
    """Without its plan a compiled program would seem to flip; where the plan is erased nothing is said."""
    plan = b'{"steps":[],"version":1}'
    named = {"plan_sha256": hashlib.sha256(plan).hexdigest(), "decided_by": "actions"}
    inputs = [{"name": "sales.csv", "sha256": "0" * 64, "size": 3}]
    record_verdict(fakes, "print(0.5)", "ALLOWED", plan=plan, inputs=inputs, **named)
    record_verdict(fakes, "print(0.6)", "ALLOWED", inputs=inputs, **named)
    code, out, err = placet("eval", "--recorded", "--json")

    assert code == 0, err
    (asked,) = (request for request in fakes.guard.requests if b"0.5" in request.program)
    assert (asked.plan, [ref.name for ref in asked.inputs]) == (plan, ["sales.csv"])
    assert not any(b"0.6" in request.program for request in fakes.guard.requests)
    assert json.loads(out.splitlines()[-1])["flips"]["skipped"] == 1
