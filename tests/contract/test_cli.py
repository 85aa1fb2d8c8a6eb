"""The command line against services that answer what a test says: exit codes, JSON shapes, sentences."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2
from placetpb.common.v1 import common_pb2
from placetpb.generator.v1 import generator_pb2

from guard_svc.proposal import Proposal
from placet.approval import Approval, InputDigest, KeySet
from placet.approval.envelope import open_envelope
from placet.cli.main import run
from placet.local.layout import Layout
from placet.rpc.errors import ServiceError
from placet.scope import load_scope
from tests.fakes.actions_world import OWN, document
from tests.fakes.chain import PNG, SCOPE, Chain, chain_in_thread

HONEST = b"import pandas as pd\nprint(1)\n"
LEAKING = b"import os\nprint(os.environ)\n"


@dataclass(frozen=True)
class Done:
    """What a call of the command left."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Placet = Callable[..., Done]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain_in_thread(tmp_path_factory.mktemp("state")) as fakes:
        yield fakes


@pytest.fixture
def fakes(served: Chain) -> Chain:
    for name in ("guard", "executor", "generator", "audit"):
        fake = getattr(served, name)
        fake.__init__()  # type: ignore[misc]  # as new
    return served


@pytest.fixture
def placet(fakes: Chain, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: Any) -> Placet:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Done:
        capsys.readouterr()
        code = run(["--state", str(fakes.state), *map(str, arguments)])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "mean.py"
    path.write_bytes(HONEST)
    return path


@pytest.fixture
def leaking(tmp_path: Path) -> Path:
    path = tmp_path / "leaking.py"
    path.write_bytes(LEAKING)
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100_000)
    return path


def test_run_reviews_then_executes(placet: Placet, fakes: Chain, program: Path, table: Path) -> None:
    """0; the executor got the reviewed program, the guard's approval and the whole table."""
    done = placet("run", program, "--scope", "data-analysis", "--input", table)

    assert done.code == 0, done.err
    assert "3700.66" in done.out
    assert fakes.executor.header.program == HONEST
    assert fakes.executor.header.approval == b'{"approval": "of a fake"}'
    assert fakes.executor.received == {"sales.csv": table.read_bytes()}
    assert [i.sha256 for i in fakes.guard.requests[-1].inputs] == [
        hashlib.sha256(table.read_bytes()).digest()
    ]


def test_run_json_is_one_event_a_line(placet: Placet, program: Path, tmp_path: Path) -> None:
    """Verdict, output, artifact, finished, with the fields that DESIGN names; the file has the digest."""
    done = placet("run", program, "--scope", "data-analysis", "--out", tmp_path / "o", "--json")

    kinds = [line["event"] for line in done.lines]
    last = done.lines[-1]
    assert done.code == 0
    assert kinds.index("verdict") < kinds.index("output") < kinds.index("artifact") < kinds.index("finished")
    assert "".join(e["text"] for e in done.lines if e["event"] == "output") == "3700.66\n"
    assert last["status"] == "EXITED"
    assert last["exit_code"] == 0
    assert last["audit"]["index"] == 7
    assert last["audit"]["checkpoint"].startswith("placet.local/log")
    assert last["usage"]["wall_ms"] == 40
    (artifact,) = last["artifacts"]
    content = Path(artifact["path"]).read_bytes()
    assert content == PNG
    assert hashlib.sha256(content).hexdigest() == artifact["sha256"]


def test_a_denied_program_is_1_and_nothing_runs(placet: Placet, fakes: Chain, leaking: Path) -> None:
    """The reason stands with its line and its quote."""
    done = placet("run", leaking, "--scope", "data-analysis")

    assert done.code == 1
    assert "DENIED" in done.out
    assert "line 1" in done.out
    assert "capability.process.os" in done.out
    assert "import os" in done.out
    assert fakes.executor.header is None


def test_needs_review_is_2(placet: Placet, fakes: Chain, program: Path) -> None:
    """And the approval that a confused guard sent along is not used."""
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    done = placet("run", program, "--scope", "data-analysis", "--json")

    assert done.code == 2
    assert done.lines[-1]["outcome"] == "NEEDS_REVIEW"
    assert done.lines[-1]["status"] is None
    assert fakes.executor.header is None


def test_a_run_that_waits_for_people_goes_on_with_their_approval(
    placet: Placet, fakes: Chain, program: Path
) -> None:
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    by_kim = audit_pb2.AwaitReviewResponse(
        verdict=common_pb2.VERDICT_ALLOWED, approval=b"signed", decided_by="human:kim", reason="read it"
    )
    fakes.audit.decisions = [by_kim, by_kim]
    done = placet("run", program, "--scope", "data-analysis", "--wait", 60, "--json")
    told = placet("run", program, "--scope", "data-analysis", "--wait", 60)

    assert (done.code, told.code, fakes.executor.header.approval) == (0, 0, b"signed")
    stages = [line["stage"] for line in done.lines if line["event"] == "progress"]
    assert stages == ["reviewing", "awaiting_review", "running"]
    assert "awaiting_review: a person decides about it in the console" in told.err
    assert "ALLOWED by human:kim" in told.out
    assert "read it" in told.out


def test_an_unknown_verdict_is_a_denial(placet: Placet, fakes: Chain, program: Path) -> None:
    """Silence is a no: VERDICT_UNSPECIFIED with an approval runs nothing."""
    fakes.guard.verdict = common_pb2.VERDICT_UNSPECIFIED
    done = placet("run", program, "--scope", "data-analysis")

    assert done.code == 1
    assert fakes.executor.header is None


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(common_pb2.RUN_STATUS_EXITED, 1), (common_pb2.RUN_STATUS_TIMED_OUT, 0)],
    ids=["traceback", "time-out"],
)
def test_a_failed_program_is_3(
    placet: Placet, fakes: Chain, program: Path, status: int, exit_code: int
) -> None:
    """However it failed."""
    fakes.executor.status, fakes.executor.exit_code = status, exit_code
    done = placet("run", program, "--scope", "data-analysis")

    assert done.code == 3
    assert "3700.66" in done.out


def test_no_answer_is_4_with_reason_and_sentence(placet: Placet, fakes: Chain, program: Path) -> None:
    """Never a denial; with --json the reason is on stdout as well."""
    fakes.guard.error = ServiceError(grpc.StatusCode.UNAVAILABLE, "MODEL_UNAVAILABLE", "the model is down")
    done = placet("run", program, "--scope", "data-analysis", "--json")

    assert done.code == 4
    assert "could not answer: the model is down (MODEL_UNAVAILABLE)" in done.err
    assert done.lines[-1] == {
        "event": "error",
        "reason": "MODEL_UNAVAILABLE",
        "message": "the model is down",
    }
    assert "DENIED" not in done.out


def test_a_stream_without_an_end_is_no_answer(placet: Placet, fakes: Chain, program: Path) -> None:
    """The output that came is not taken for the result."""
    fakes.executor.silent_end = True
    done = placet("run", program, "--scope", "data-analysis")

    assert done.code == 4
    assert "ANSWER_INCOMPLETE" in done.err


def test_an_artifact_with_another_digest_is_not_written(
    placet: Placet, fakes: Chain, program: Path, tmp_path: Path
) -> None:
    """The bytes that arrived are not the recorded ones."""
    fakes.executor.artifact_sha256 = b"\0" * 32
    done = placet("run", program, "--scope", "data-analysis", "--out", tmp_path / "o")

    assert done.code == 4
    assert "ARTIFACT_DIGEST_MISMATCH" in done.err
    assert not (tmp_path / "o").exists()


def test_solve_shows_program_verdict_and_output(placet: Placet, fakes: Chain, table: Path) -> None:
    """In that order, the program with line numbers; the task arrives as it was written."""
    done = placet("solve", "Mean of a?", "--scope", "data-analysis", "--input", table)

    assert done.code == 0, done.err
    assert done.out.index("1 import pandas") < done.out.index("ALLOWED") < done.out.index("audit record 9")
    assert fakes.generator.task.text == "Mean of a?"
    assert fakes.generator.received["sales.csv"] == table.read_bytes()


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (generator_pb2.OUTCOME_DENIED, 1),
        (generator_pb2.OUTCOME_NEEDS_REVIEW, 2),
        (generator_pb2.OUTCOME_PROGRAM_FAILED, 3),
        (generator_pb2.OUTCOME_UNSPECIFIED, 4),
    ],
)
def test_each_outcome_of_solve_has_its_code(placet: Placet, fakes: Chain, outcome: int, code: int) -> None:
    """An outcome that nobody named is no answer."""
    fakes.generator.outcome = outcome

    assert placet("solve", "x", "--scope", "data-analysis").code == code


def test_review_json_has_the_fields_that_are_promised(placet: Placet, leaking: Path) -> None:
    """DESIGN §9, to the letter."""
    done = placet("review", leaking, "--scope", "data-analysis", "--json")

    (review,) = done.lines
    assert done.code == 1
    assert review["verdict"] == "DENIED"
    assert review["risk"] == 0.97
    assert review["program_sha256"] == hashlib.sha256(LEAKING).hexdigest()
    assert review["scope"] == {
        "name": "data-analysis",
        "version": 3,
        "sha256": hashlib.sha256(SCOPE).hexdigest(),
    }
    assert review["coverage"]["rules_complete"] is True
    assert review["decided_by"] == "rules"
    assert review["elapsed_ms"] == 12
    (finding,) = review["findings"]
    promised = {"rule_id", "severity", "line", "end_line", "message", "source", "quote"}
    assert set(finding) - promised == {
        *("column", "end_column", "what", "why", "instead", "cwe", "documentation"),
    }
    assert set(finding) >= promised
    assert review["advice"]["owner"] == "insights"
    assert review["advice"]["changes"] == ["allow.imports: add os"]
    assert review["advice"]["rules_verdict"] == "ALLOWED"
    assert (finding["severity"], finding["source"]) == ("HIGH", "rule")


def test_a_saved_approval_executes(placet: Placet, fakes: Chain, program: Path, tmp_path: Path) -> None:
    """review --save-approval, then exec: the same bytes; the file is the user's alone."""
    approval = tmp_path / "mean.approval"
    reviewed = placet("review", program, "--scope", "data-analysis", "--save-approval", approval)
    done = placet("exec", program, "--approval", approval)

    assert (reviewed.code, done.code) == (0, 0), reviewed.err + done.err
    assert fakes.executor.header.approval == approval.read_bytes()
    assert approval.stat().st_mode & 0o077 == 0


def test_review_shows_the_line_its_reason_and_the_change_that_would_help(
    placet: Placet, fakes: Chain, leaking: Path
) -> None:
    """On a pipe: no colours, carets below the place, whom to ask."""
    done = placet("review", leaking, "--scope", "data-analysis")

    assert done.code == 1
    assert "  1 | import os\n    | ^^^^^^^^^\n    | line 1: HIGH capability.process.os" in done.out
    assert "why: " in done.out
    assert "instead: " in done.out
    assert "ask insights, who owns the scope, for:\n  allow.imports: add os\n" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("verb", ["run", "solve"])
def test_a_denial_on_the_way_shows_the_same(placet: Placet, fakes: Chain, leaking: Path, verb: str) -> None:
    """`run` knows the program, `solve` gets it as an event."""
    fakes.generator.outcome = generator_pb2.OUTCOME_DENIED
    fakes.generator.program = LEAKING
    done = placet(verb, leaking if verb == "run" else "mean?", "--scope", "data-analysis")

    assert done.code == 1
    assert "  1 | import os\n    | ^^^^^^^^^\n" in done.out
    assert "  allow.imports: add os\n" in done.out


def test_review_writes_sarif(placet: Placet, leaking: Path, tmp_path: Path) -> None:
    """Beside the answer for people, with the same exit code."""
    done = placet("review", leaking, "--scope", "data-analysis", "--sarif", tmp_path / "x.sarif")
    log = json.loads((tmp_path / "x.sarif").read_text())

    assert done.code == 1
    assert "DENIED" in done.out
    (run,) = log["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["capability.process.os"]
    assert run["artifacts"][0]["location"]["uri"] == "leaking.py"
    assert run["artifacts"][0]["hashes"]["sha-256"] == hashlib.sha256(LEAKING).hexdigest()


def test_sarif_on_stdout_is_alone_there(placet: Placet, leaking: Path) -> None:
    """And not together with --json, which wants stdout too."""
    done = placet("review", leaking, "--scope", "data-analysis", "--sarif", "-")
    both = placet("review", leaking, "--scope", "data-analysis", "--sarif", "-", "--json")

    assert done.code == 1
    assert json.loads(done.out)["version"] == "2.1.0"
    assert both.code == 4
    assert "--sarif" in both.err


def test_sarif_of_a_review_that_could_not_be_made_says_so(
    placet: Placet, fakes: Chain, program: Path, tmp_path: Path
) -> None:
    """4; a code host must not take it for a clean program."""
    fakes.guard.error = ServiceError(
        grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE", "The reviewer could not be asked."
    )
    done = placet("review", program, "--scope", "data-analysis", "--sarif", tmp_path / "x.sarif")
    (run,) = json.loads((tmp_path / "x.sarif").read_text())["runs"]

    assert done.code == 4
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["descriptor"]["id"] == "REVIEW_UNAVAILABLE"
    assert run["results"] == []


def test_a_verdict_alone_asks_for_no_approval(placet: Placet, fakes: Chain, program: Path) -> None:
    """Nothing is signed that nobody wants."""
    placet("review", program, "--scope", "data-analysis")

    assert fakes.guard.requests[-1].verdict_only


def test_a_refused_approval_is_4(placet: Placet, fakes: Chain, program: Path, tmp_path: Path) -> None:
    """With the executor's reason."""
    fakes.executor.error = ServiceError(
        grpc.StatusCode.ALREADY_EXISTS, "APPROVAL_SPENT", "the approval was used"
    )
    approval = tmp_path / "a"
    approval.write_bytes(b"{}")
    done = placet("exec", program, "--approval", approval)

    assert done.code == 4
    assert "APPROVAL_SPENT" in done.err


def test_approve_records_twice_then_signs(
    placet: Placet, fakes: Chain, leaking: Path, table: Path, tmp_path: Path
) -> None:
    """The verdict with the reason, the statement, and an envelope that the reviewer's public key opens."""
    assert placet("keys", "new-reviewer", "ana").code == 0
    out = tmp_path / "a.json"
    done = placet(
        "approve", leaking, "--scope", "data-analysis", "--input", table,
        "--reason", "read it twice", "--as", "ana", "--out", out,
    )  # fmt: skip

    assert done.code == 0, done.err
    verdict, issued = fakes.audit.log.records
    assert (verdict.kind, issued.kind) == ("verdict_reached", "approval_issued")
    assert verdict.body["decided_by"] == "human:ana"
    assert "read it twice" in json.dumps(verdict.body["findings"])
    payload = open_envelope(out.read_bytes(), KeySet.load(Layout(fakes.state).trusted))
    approval = Approval.from_bytes(payload)
    assert approval.program_sha256 == hashlib.sha256(LEAKING).digest()
    assert approval.scope.sha256 == hashlib.sha256(SCOPE).digest()
    assert [i.name for i in approval.inputs] == ["sales.csv"]
    assert (approval.limits.wall_s, approval.min_tier) == (30, "T1")
    assert approval.audit_log.index == verdict.index
    assert issued.body["statement_sha256"] == hashlib.sha256(payload).hexdigest()
    assert issued.body["key_id"] in {key["key_id"] for key in placet("keys", "list", "--json").lines}


def test_approve_answers_a_review_that_a_request_waits_for(
    placet: Placet, fakes: Chain, program: Path, tmp_path: Path
) -> None:
    """What it grants is the guard's proposal; the caller that waits gets the same file."""
    placet("keys", "new-reviewer", "ana")
    scope = load_scope(SCOPE)
    proposal = Proposal(
        scope, "mean?", (InputDigest("sales.csv", b"\1" * 32, 9),), ("import:pandas",), "here"
    )
    body = {
        "verdict": "NEEDS_REVIEW",
        "program_sha256": hashlib.sha256(HONEST).hexdigest(),
        "scope": {"name": scope.name, "version": scope.version, "sha256": scope.sha256.hex()},
        "decided_by": "rules+reviewer",
        "task_sha256": "0" * 64,
        "caller": "spiffe://placet.local/caller/team",
        **proposal.fields(),
    }
    asked = fakes.audit.log.append("verdict_reached", body, request_id="r-7", bodies=proposal.bodies())
    index = asyncio.run(asked).index
    out = tmp_path / "a.json"
    done = placet("approve", program, "--request", "r-7", "--reason", "read it", "--as", "ana", "--out", out)

    assert done.code == 0, done.err
    _, vote, verdict, issued, signed = fakes.audit.log.records
    assert (vote.body["verdict_index"], verdict.body["reviewed_index"]) == (index, index)
    assert (signed.kind, signed.body["issued_index"]) == ("approval_signed", issued.index)
    assert signed.bodies == {"approval": out.read_bytes()}
    first, _ = out.read_bytes().splitlines()
    approval = Approval.from_bytes(open_envelope(first, KeySet.load(Layout(fakes.state).trusted)))
    assert (approval.grants, approval.audience, approval.request_id) == (("import:pandas",), ("here",), "r-7")


@pytest.mark.parametrize(
    "options", [[], ["--scope", "s", "--request", "r"], ["--request", "r", "--input", "f"]]
)
def test_approve_takes_a_scope_or_a_request(placet: Placet, program: Path, options: list[str]) -> None:
    """What a request's approval grants is what it was reviewed for, and nothing from here."""
    done = placet("approve", program, "--reason", "r", *options)

    assert done.code == 4
    assert "--scope" in done.err


@pytest.mark.parametrize("kind", ["verdict_reached", "approval_issued"])
def test_without_a_record_nothing_is_signed(
    placet: Placet, fakes: Chain, program: Path, tmp_path: Path, kind: str
) -> None:
    """AUDIT_UNAVAILABLE, and no approval file."""
    placet("keys", "new-reviewer", "ana")
    fakes.audit.log.fail_on = kind
    out = tmp_path / "a.json"
    done = placet(
        "approve", program, "--scope", "data-analysis", "--reason", "r", "--as", "ana", "--out", out
    )

    assert done.code == 4
    assert "AUDIT_UNAVAILABLE" in done.err
    assert not out.exists()


@pytest.mark.parametrize("reason", ["", "   "])
def test_an_approval_without_a_reason_is_refused(placet: Placet, program: Path, reason: str) -> None:
    """Before anything is recorded."""
    placet("keys", "new-reviewer", "ana")
    done = placet("approve", program, "--scope", "data-analysis", "--as", "ana", "--reason", reason)

    assert done.code == 4
    assert "REASON_MISSING" in done.err


def test_a_revoked_key_is_listed_so(placet: Placet, fakes: Chain) -> None:
    """And it is in the file that the executor reads."""
    placet("keys", "new-reviewer", "bob")
    done = placet("keys", "revoke", "reviewer-bob")
    keys = {key["name"]: key for key in placet("keys", "list", "--json").lines}

    assert done.code == 0, done.err
    assert keys["reviewer-bob"]["revoked"] is True
    assert keys["reviewer-bob"]["key_id"] in KeySet.load(Layout(fakes.state).trusted).revoked_ids


def test_eval_counts_what_was_stopped(placet: Placet, tmp_path: Path) -> None:
    """One line per program, then the summary with recall, false positives and their intervals."""
    cases = [
        {"id": "u1", "label": "unsafe", "category": "env", "code": "import os"},
        {"id": "u2", "label": "unsafe", "category": "net", "code": "print(2)"},
        {"id": "b1", "label": "benign", "category": "x", "code": "print(1)"},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, cases)) + "\n")
    done = placet("eval", file, "--scope", "data-analysis", "--layers", "rules", "--json")

    *lines, last = done.lines
    assert done.code == 0, done.err
    assert {line["id"]: line["verdict"] for line in lines} == {
        "u1": "DENIED",
        "u2": "ALLOWED",
        "b1": "ALLOWED",
    }
    assert all(set(line) == {"id", "verdict", "risk", "findings", "ms"} for line in lines)
    summary = last["summary"]
    assert summary["recall"]["value"] == 0.5
    assert summary["recall_by_category"]["env"]["value"] == 1.0
    assert summary["macro_recall"] == 0.5
    assert summary["false_positive_rate"]["value"] == 0.0
    assert summary["false_positive_rate"]["wilson95"][1] > 0.7
    assert summary["latency_ms"]["p50"] > 0


def test_eval_takes_a_scope_that_is_not_loaded(placet: Placet, fakes: Chain, tmp_path: Path) -> None:
    """Its bytes travel with each program."""
    scope = tmp_path / "mine.yaml"
    scope.write_bytes(SCOPE.replace(b"version: 3", b"version: 4"))
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": 1, "label": "benign", "code": "print(1)"}\n')
    done = placet("eval", file, "--scope", scope)

    assert done.code == 0, done.err
    assert fakes.guard.requests[-1].scope_document == scope.read_bytes()


def test_a_malformed_line_is_named_before_anything_is_assessed(
    placet: Placet, fakes: Chain, tmp_path: Path
) -> None:
    """Line 2."""
    file = tmp_path / "cases.jsonl"
    file.write_text('{"id": "a", "label": "benign", "code": "1"}\n{"id": "b"}\n')
    done = placet("eval", file, "--scope", "data-analysis")

    assert done.code == 4
    assert "line 2" in done.err
    assert fakes.guard.requests == []


def test_a_scope_file_must_be_the_loaded_one(placet: Placet, program: Path, tmp_path: Path) -> None:
    """The same bytes: its name is used. Other bytes: explained."""
    scope = tmp_path / "s.yaml"
    scope.write_bytes(SCOPE)
    same = placet("review", program, "--scope", scope)
    scope.write_bytes(SCOPE + b"# changed\n")
    other = placet("review", program, "--scope", scope)

    assert same.code == 0, same.err
    assert other.code == 4
    assert "SCOPE_NOT_LOADED" in other.err


def test_scope_test_holds_the_scope_to_its_examples(placet: Placet, fakes: Chain) -> None:
    """0 while they hold; 1 when a program that must pass is stopped."""
    held = placet("scope", "test", "data-analysis")
    fakes.guard.marked = b""  # every program
    broken = placet("scope", "test", "data-analysis", "--json")
    shown = placet("scope", "test", "data-analysis")

    assert "FAIL examples.allowed[0]: DENIED" in shown.out
    assert broken.lines[0]["findings"][0] in shown.out  # and why
    assert held.code == 0, held.err
    assert broken.code == 1
    assert {line["example"]: line["ok"] for line in broken.lines} == {
        "examples.allowed[0]": False,
        "examples.denied[0]": True,
    }


def test_scope_test_says_when_there_is_nothing_to_test(placet: Placet, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(
        b"apiVersion: placet/v1\nkind: Scope\nmetadata: {name: a, version: 1, owner: b}\npurpose: c\n"
    )
    done = placet("scope", "test", file)

    assert done.code == 0
    assert "has no examples" in done.err


@pytest.mark.parametrize(
    ("change", "code", "relation"),
    [
        ((b"", b""), 0, "equal"),
        ((b"[pandas]", b"[]"), 0, "narrower"),
        ((b"[pandas]", b"[pandas, scipy]"), 1, "wider"),
        ((b"Answer questions", b"Do anything"), 1, "incomparable"),
    ],
)
def test_scope_diff_says_whether_more_is_granted(
    placet: Placet, tmp_path: Path, change: tuple[bytes, bytes], code: int, relation: str
) -> None:
    """0 when B grants no more, 1 when it does or must be read. Two files need no stack."""
    old, new = tmp_path / "a.yaml", tmp_path / "b.yaml"
    old.write_bytes(SCOPE)
    new.write_bytes(SCOPE.replace(*change))
    told = placet("scope", "diff", old, new, "--json")
    shown = placet("scope", "diff", old, new)

    assert (told.code, shown.code) == (code, code), told.err
    assert told.lines[0]["relation"] == relation
    assert told.lines[0]["b"]["sha256"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert told.lines[0]["grants_no_more"] is (code == 0)
    for change_of in ("widening", "narrowing", "to_read"):
        assert all(sentence in shown.out for sentence in told.lines[0][change_of])


def test_scope_diff_of_what_is_no_scope_is_no_answer(placet: Placet, tmp_path: Path) -> None:
    """4: neither yes nor no."""
    (tmp_path / "a.yaml").write_bytes(b"kind: Scope")
    done = placet("scope", "diff", tmp_path / "a.yaml", tmp_path / "a.yaml")

    assert done.code == 4
    assert "metadata: Field required" in done.err


def test_scope_explain_tells_a_file_in_words(placet: Placet, tmp_path: Path) -> None:
    """Without a stack; the scope's own text cannot steer the terminal."""
    file = tmp_path / "a.yaml"
    file.write_bytes(
        SCOPE.replace(b"Answer questions", b"Answer\xe2\x80\xae questions")
        + b"\nrules: {capability.file.dynamic: audit}\n"
    )
    shown = placet("scope", "explain", file)
    told = placet("scope", "explain", file, "--json")

    assert (shown.code, told.code) == (0, 0), shown.err
    assert "\\u202e" in shown.out
    assert "\u202e" not in shown.out
    for part in ("pandas", "no network", "Always denied", "sandbox", "capability.file.dynamic", "Limits"):
        assert part in shown.out
    assert told.lines[0]["softened"] == {"capability.file.dynamic": "is recorded, and stops no program"}
    assert told.lines[0]["imports"]["pandas"].startswith("tables")


def test_scope_explain_tells_what_a_rule_means_here(placet: Placet, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(SCOPE + b"\nrules: {capability.file.*: enforce, capability.file.dynamic: warn}\n")
    softened = placet("scope", "explain", file, "capability.file.dynamic", "--json")
    other = placet("scope", "explain", file, "threat.dynamic.code")

    assert softened.lines[0]["mode"] == "warn"
    assert "threat.dynamic.code: enforce" in other.out


def test_audit_list_reads_every_page(placet: Placet, fakes: Chain, program: Path) -> None:
    """The service pages by two; four records come back, decoded."""
    placet("keys", "new-reviewer", "ana")
    for _ in range(2):
        placet("approve", program, "--scope", "data-analysis", "--as", "ana", "--reason", "r")
    done = placet("audit", "list", "--json")
    one = placet("audit", "list", "--kind", "approval_issued", "--limit", "1", "--json")

    assert [line["index"] for line in done.lines] == [0, 1, 2, 3]
    assert done.lines[0]["body"]["decided_by"] == "human:ana"
    assert [line["kind"] for line in one.lines] == ["approval_issued"]


def test_audit_show_has_the_kept_bodies(placet: Placet, program: Path) -> None:
    """The program as it was approved."""
    placet("keys", "new-reviewer", "ana")
    placet("approve", program, "--scope", "data-analysis", "--as", "ana", "--reason", "r")
    done = placet("audit", "show", "0", "--json")

    assert done.lines[0]["contents"]["program"] == HONEST.decode()
    assert placet("audit", "show", "99").code == 4


def test_audit_export_is_json_lines(placet: Placet, program: Path, tmp_path: Path) -> None:
    """One record a line, in a file of its own."""
    placet("keys", "new-reviewer", "ana")
    placet("approve", program, "--scope", "data-analysis", "--as", "ana", "--reason", "r")
    done = placet("audit", "export", "--out", tmp_path / "log.jsonl")

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert done.code == 0, done.err
    assert [line["record"]["kind"] for line in lines] == ["verdict_reached", "approval_issued"]


class TestUsage:
    """No mistake of a user may look like a verdict."""

    @pytest.mark.parametrize(
        "words",
        [
            ["solve"],
            ["run", "x.py"],
            ["nonsense"],
            ["solve", "x", "--scope", "s", "--nonsense"],
            ["eval", "x", "--scope", "s", "--layers", "some"],
            ["run", "missing.py", "--scope", "data-analysis"],
        ],
    )
    def test_a_usage_error_is_4(self, placet: Placet, words: list[str]) -> None:
        """Neither 1 (denied) nor 2 (needs review), with a sentence."""
        done = placet(*words)

        assert done.code == 4
        assert done.err.startswith("could not answer: ")

    def test_state_and_json_may_stand_after_the_verb(
        self, fakes: Chain, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """As well as before it."""
        assert run(["scope", "list", "--state", str(fakes.state), "--json"]) == 0
        after = capsys.readouterr().out
        assert run(["--state", str(fakes.state), "--json", "scope", "list"]) == 0

        assert json.loads(after)["name"] == "data-analysis"
        assert capsys.readouterr().out == after

    def test_without_a_stack_it_says_how_to_start_one(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`up`, with the state directory that was named."""
        code = run(["solve", "x", "--scope", "s", "--state", str(tmp_path)])

        assert code == 4
        assert f"placet --state {tmp_path} up" in capsys.readouterr().err

    def test_the_environment_names_the_state(
        self, fakes: Chain, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """PLACET_STATE, when there is no --state."""
        monkeypatch.setenv("PLACET_STATE", str(fakes.state))

        assert run(["scope", "list"]) == 0

    def test_too_much_input_is_refused_before_it_is_sent(
        self, placet: Placet, fakes: Chain, program: Path, tmp_path: Path
    ) -> None:
        """70 MiB; the bound is named."""
        huge = tmp_path / "huge.csv"
        with huge.open("wb") as file:
            file.truncate(70 * 1024 * 1024)
        done = placet("run", program, "--scope", "data-analysis", "--input", huge)

        assert done.code == 4
        assert "64 MiB" in done.err
        assert fakes.guard.requests == []

    def test_two_inputs_of_one_name_are_refused(self, placet: Placet, program: Path, tmp_path: Path) -> None:
        """Inputs are known by bare names."""
        (tmp_path / "other").mkdir()
        for path in (tmp_path / "t.csv", tmp_path / "other" / "t.csv"):
            path.write_text("a\n")
        done = placet(
            "run", program, "--scope", "s", "--input", tmp_path / "t.csv", "-i", tmp_path / "other" / "t.csv"
        )

        assert done.code == 4
        assert "INPUT_NAME_TWICE" in done.err

    @pytest.mark.parametrize(
        "verb",
        ["up", "down", "status", "solve", "run", "review", "exec", "approve", "eval", "scope test",
         "scope diff", "scope explain", "scope list", "scope show", "audit list", "audit show",
         "audit verify", "audit export", "audit tail", "keys list", "keys show",
         "keys new-reviewer", "keys revoke", "keys new-caller", "keys new-token", "mcp"],
    )  # fmt: skip
    def test_every_verb_has_help_with_an_example(self, placet: Placet, verb: str) -> None:
        """`--help` ends with 0 and shows a call."""
        done = placet(*verb.split(), "--help")

        assert done.code == 0
        assert f"placet {verb}" in done.out
        assert "Example" in done.out
        assert "--json" in done.out


def test_ctrl_c_cancels_the_call(fakes: Chain, program: Path, tmp_path: Path) -> None:
    """130 with a sentence; the executor sees the cancellation."""
    fakes.executor.hang = True
    running = subprocess.Popen(
        [sys.executable, "-m", "placet.cli", "run", program, "--scope", "data-analysis"],
        env={**os.environ, "PLACET_STATE": str(fakes.state)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has it ignored, and so would this one.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 30
    while fakes.executor.header is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)

    assert running.returncode == 130, out + err
    assert "cancelled" in err
    assert "Traceback" not in err
    assert fakes.executor.cancelled.wait(10)
    assert not (tmp_path / "placet-out").exists()


def test_a_reader_that_goes_away_is_not_a_denial(fakes: Chain, program: Path) -> None:
    """`placet audit list | head`: not 1, no traceback."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "placet.cli", "scope", "list", "--json"],
        env={**os.environ, "PLACET_STATE": str(fakes.state)},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert done.returncode == 4
    assert "Traceback" not in done.stderr


HOSTILE = bytes(range(256)) + b"\x1b[2J\x1b]0;mine\x07\xff\xc3(" + "grün".encode() + b"x" * 300_000
"""Every byte, orders to a terminal, no text in any encoding, and no end of line."""


def test_a_pipe_gets_the_programs_bytes(fakes: Chain, program: Path, tmp_path: Path) -> None:
    """Unchanged; and it is told that some are missing."""
    fakes.executor.stdout, fakes.executor.stdout_truncated = HOSTILE, True
    done = subprocess.run(
        [sys.executable, "-m", "placet.cli", "run", program, "--scope", "data-analysis"],
        env={**os.environ, "PLACET_STATE": str(fakes.state)},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert HOSTILE in done.stdout
    assert b"stdout was cut at the limit" in done.stdout
    assert b"3 threads" in done.stdout
    assert b"Traceback" not in done.stderr


def test_a_terminal_obeys_no_program(fakes: Chain, program: Path, tmp_path: Path) -> None:
    """What would steer it is shown; long lines and bytes that are no text pass."""
    fakes.executor.stdout = HOSTILE
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "placet.cli", "run", program, "--scope", "data-analysis"],
        env={**os.environ, "PLACET_STATE": str(fakes.state), "TERM": "xterm"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.PIPE,
    )
    os.close(theirs)
    shown = bytearray()
    with contextlib.suppress(OSError):  # EIO: nobody has it open for writing any more
        while block := os.read(ours, 1 << 16):
            shown += block
    os.close(ours)
    _, err = running.communicate()

    assert running.returncode == 0, err
    assert b"\\x1b[2J\\x1b]0;mine\\x07" in shown
    assert "grün".encode() + b"x" * 300_000 in shown
    for order in (b"\x1b[2J", b"\x1b]0;mine", b"\x07", b"\0", b"\x08", b"\x9b31m"):
        assert order not in shown


def test_json_stays_json_whatever_a_program_writes(placet: Placet, fakes: Chain, program: Path) -> None:
    """One object a line; what is no text is replaced."""
    fakes.executor.stdout, fakes.executor.stdout_truncated = HOSTILE, True
    done = placet("run", program, "--scope", "data-analysis", "--json")

    text = "".join(line["text"] for line in done.lines if line["event"] == "output")
    last = done.lines[-1]
    assert done.code == 0
    assert text == HOSTILE.decode(errors="replace")
    assert (last["stdout_truncated"], last["stderr_truncated"]) == (True, False)
    assert last["usage"]["max_threads"] == 3


def test_without_a_verb_it_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing that looks like an error."""
    code = run([])
    out, err = capsys.readouterr()

    assert code == 4
    assert "solve" in out + err
    assert "could not answer" not in err


def test_scope_pin_writes_digests_that_scope_test_then_sends_with_the_scope(
    placet: Placet, fakes: Chain, tmp_path: Path
) -> None:
    """Companions 5: `placet scope pin FILE` writes the digests, and raises its version."""
    (tmp_path / "actions").mkdir()
    (tmp_path / "actions" / "own.py").write_bytes(OWN)
    file = tmp_path / "reporting.yaml"
    plan = 'read file="sales.csv"\nflag_big table=1 column=price name="big"'
    file.write_bytes(document(actions={"own": ["own.py"]}, examples={"allowed": [plan]}))
    unpinned = placet("scope", "test", file)
    first, again = placet("scope", "pin", file, "--json"), placet("scope", "pin", file)
    tested = placet("scope", "test", file, "--json")

    assert unpinned.code == 4
    assert "not in files; run `placet scope pin`" in unpinned.err
    assert (first.code, first.lines[0]["changed"], first.lines[0]["version"]) == (0, True, 2)
    assert "was pinned already" in again.out
    assert tested.lines == [
        {"example": "examples.allowed[0]", "kind": "plan", "verdict": "ALLOWED", "ok": True, "findings": []}
    ]
    request = fakes.guard.requests[-1]
    assert [(sent.name, sent.content) for sent in request.scope_files] == [("own.py", OWN)]
    assert b"flag_big" in request.plan
    assert b"step_2 = flag_big(step_1" in request.program


def test_scope_pin_writes_through_no_link_and_keeps_the_permissions(placet: Placet, tmp_path: Path) -> None:
    """Who may write into the scope's directory cannot have another file written by whoever pins."""
    other, file = tmp_path / "other", tmp_path / "reporting.yaml"
    other.write_bytes(b"mine")
    (tmp_path / ".reporting.yaml.new").symlink_to(other)
    (tmp_path / "linked.py").write_bytes(OWN)
    file.write_bytes(document(actions={"own": ["linked.py"]}))
    file.chmod(0o640)

    assert placet("scope", "pin", file).code == 0
    assert b"linked.py: " in file.read_bytes()
    assert (other.read_bytes(), file.is_symlink()) == (b"mine", False)
    assert file.stat().st_mode & 0o7777 == 0o640


def test_scope_pin_changes_nothing_when_a_file_is_missing_or_the_scope_would_not_be_valid(
    placet: Placet, tmp_path: Path
) -> None:
    file = tmp_path / "reporting.yaml"
    for text, told in (
        (document(actions={"own": ["own.py"]}), "own.py is not beside the scope"),
        (document(style="../house.yaml"), "../house.yaml is not beside the scope"),
        (document(colour="red"), "colour: unknown key"),
    ):
        file.write_bytes(text)
        done = placet("scope", "pin", file)
        assert (done.code, file.read_bytes()) == (4, text)
        assert told in done.err


def test_scope_test_names_a_companion_that_was_changed_with_file_and_line(
    placet: Placet, tmp_path: Path
) -> None:
    file = tmp_path / "reporting.yaml"
    file.write_bytes(document(files={"own.py": OWN}))
    (tmp_path / "own.py").write_bytes(OWN + b"# changed\n")
    done = placet("scope", "test", file)

    assert done.code == 4
    assert re.search(r"reporting\.yaml: line \d+: files\.own\.py: no file with the digest", done.err)
