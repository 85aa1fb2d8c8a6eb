"""A run with stages around its program: nothing leaves before it may."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from executor_svc.delivery import shipping, staged
from executor_svc.delivery.report import MAX_BYTES
from executor_svc.delivery.staged import FIGURES_MIB, Work
from executor_svc.delivery.wanted import NOTHING, Wanted
from executor_svc.sandbox import (
    InputFile,
    RunArtifact,
    RunLimits,
    RunResult,
    RunStatus,
    SandboxUnavailable,
    Usage,
)
from executor_svc.sandbox.types import FIGURES, OnCancelled, OnOutput
from executor_svc.trust import KnownScopes
from placet.rpc.errors import ServiceError
from tests.fakes.approvals import SCOPE, World, known
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import artifact
from tests.fakes.memory_log import MemoryLog
from tests.fakes.orders import PYTHON

LIMITS = RunLimits(30, 20, 512, 1024, 4, 1)
SALES = InputFile.of("sales.csv", b"region,price\nnorth,1\n")
WORK = Work(b"print(1)", (SALES,), LIMITS, {"pandas"})
CHECKED = Wanted(kinds=("text", "csv"), contract={"max_rows": 1})
CUT = Wanted(columns=({"input": "*", "grant": ["price"], "mask": []},))
DRAWN = Wanted(style="house.yaml", files={"house.yaml": b"background: white"})
USED = Usage(12, 7, 1 << 20, 4, 3, 1)


def report(**change: Any) -> bytes:
    """A report that is one, unless changed."""
    told = {"version": 1, "files": [], "streams": [], "violations": [], "violations_total": 0, "notices": []}
    return json.dumps(told | change).encode()


def broken(*paths: str) -> bytes:
    """The report of a contract that is violated there."""
    found = [{"path": path, "rule": "caps.rows", "message": "3 rows, at most 1"} for path in paths]
    return report(violations=found, violations_total=len(found))


def ended(*left: RunArtifact, code: int | None = 0, status: RunStatus = RunStatus.EXITED) -> RunResult:
    return RunResult(status, code, None, USED, left, False, False)


def handed(document: bytes, **made: bytes) -> RunResult:
    """What a stage leaves that came to its end."""
    files = [artifact(name.replace("_", "-"), content) for name, content in made.items()]
    return ended(artifact("report.json", document), *files)


@dataclass
class Cells:
    """A sandbox that plays what each stage leaves, and keeps what each was given."""

    program: RunResult = field(default_factory=lambda: ended(artifact("a.csv", b"price\n1\n")))
    deliver: Any = None
    cut: Any = None
    seen: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    on_cut: Callable[[], object] = lambda: None
    on_deliver: Callable[[], object] = lambda: None
    said: bytes = b""
    """What the last stage writes."""

    tier = "T1"
    isolation = ()
    libraries = ()

    async def run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        *,
        imports: Collection[str] = (),
        on_cancelled: OnCancelled | None = None,
        describe_figures: bool = False,
    ) -> RunResult:
        """Play."""
        ours = {shipping.program(stage): stage for stage in ("cut", "deliver")}
        stage = ours.get(program, "program")
        files = {item.name: b"".join(item.held.chunks()) for item in inputs}
        self.seen[stage] = {
            "files": files,
            "limits": limits,
            "describe": describe_figures,
            "imports": imports,
        }
        if stage == "program":
            await on_output("stdout", b"one ")
            await on_output("stderr", b"two")
            await on_output("stdout", b"three")
            return self.program
        if stage == "cut":
            self.on_cut()
        if stage == "deliver":
            self.on_deliver()
            await on_output("stderr", self.said)
        result = getattr(self, stage)
        if isinstance(result, BaseException):
            raise result
        assert isinstance(result, RunResult)
        return result

    def order(self, stage: str) -> Any:
        """What that stage was asked for."""
        return json.loads(self.seen[stage]["files"]["order.json"])


@dataclass
class Heard:
    """What was told to the caller, and of a run that was cancelled."""

    output: list[tuple[str, bytes]] = field(default_factory=list)
    cancelled: list[RunResult] = field(default_factory=list)

    async def tell(self, stream: str, data: bytes) -> None:
        self.output.append((stream, data))


async def play(cells: Cells, wanted: Wanted, work: Work = WORK) -> tuple[RunResult, Heard]:
    heard = Heard()
    return await staged.run(cells, wanted, work, heard.tell, heard.cancelled.append), heard


ALL = [("stdout", b"one "), ("stderr", b"two"), ("stdout", b"three")]


async def test_where_nothing_is_wanted_there_is_the_program_only() -> None:
    cells = Cells()

    result, heard = await play(cells, NOTHING)

    assert result is cells.program
    assert heard.output == ALL
    assert set(cells.seen) == {"program"}
    assert cells.seen["program"] == {
        "files": {"sales.csv": b"region,price\nnorth,1\n"},
        "limits": LIMITS,
        "describe": False,
        "imports": {"pandas"},
    }


async def test_output_is_told_once_all_of_it_was_checked() -> None:
    """docs/contract.md 7.2: not a byte before."""
    heard = Heard()
    told_before: list[int] = []
    cells = Cells(deliver=handed(report(streams=["stderr", "stdout"])))
    cells.on_deliver = lambda: told_before.append(len(heard.output))

    result = await staged.run(cells, CHECKED, WORK, heard.tell, heard.cancelled.append)

    assert told_before == [0]
    assert heard.output == ALL
    assert cells.seen["deliver"]["files"]["streams-0"] == b"one three"
    assert cells.seen["deliver"]["files"]["streams-1"] == b"two"
    assert (result.usage.stdout_bytes, result.usage.stderr_bytes) == (4, 3)


@pytest.mark.parametrize("streams", [("stdout",), ("stdout", "stderr")])
async def test_what_is_held_letter_by_letter_takes_no_more_room(streams: tuple[str, ...]) -> None:
    held, heard = staged._Held(), Heard()
    for at in range(100_000):
        await held.keep(streams[at % len(streams)], b"%d" % (at % 10))

    await held.tell(streams, heard.tell)

    assert len(held.chunks) <= staged.MOST_TURNS
    assert max(len(data) for _, data in heard.output) <= 1 << 16
    for stream in streams:
        assert b"".join(data for name, data in heard.output if name == stream) == held.streams[stream]
    assert sum(map(len, held.streams.values())) == 100_000


async def test_what_a_stage_said_that_was_ended_is_told_to_nobody() -> None:
    """docs/contract.md V.1: its last line may be a program's."""
    cells = Cells(deliver=ended(code=None, status=RunStatus.TIMED_OUT), said=b"warned of\nkim")

    result, _ = await play(cells, CHECKED)

    assert "kim" not in result.violations[0].message


def test_a_stage_that_fails_says_the_kind_of_its_error_only(tmp_path: Path) -> None:
    failing = shipping.program("cut").replace(b"stage.main(Path())", b"raise ValueError('a\\nkim')")
    late = {"PYTHONPATH": str(PYTHON.parents[1] / "late")}

    done = subprocess.run(
        [PYTHON, "-"], input=failing, cwd=tmp_path, capture_output=True, check=False, env=late
    )

    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"ValueError\n")


async def test_a_stream_that_the_report_does_not_name_stays_here() -> None:
    result, heard = await play(Cells(deliver=handed(report(streams=["stderr"]))), CHECKED)

    assert heard.output == [("stderr", b"two")]
    assert (result.usage.stdout_bytes, result.usage.stderr_bytes) == (0, 3)


async def test_of_a_broken_contract_nothing_leaves_and_its_paths_are_told() -> None:
    result, heard = await play(Cells(deliver=handed(broken("artifacts/a.csv", "stdout"))), CHECKED)

    assert result.status is RunStatus.CONTRACT_VIOLATED
    assert [(each.path, each.rule) for each in result.violations] == [
        ("artifacts/a.csv", "caps.rows"),
        ("stdout", "caps.rows"),
    ]
    assert (result.artifacts, result.exit_code, heard.output) == ((), None, [])
    assert (result.usage.stdout_bytes, result.usage.cpu_ms) == (0, 7)


async def test_a_run_that_a_limit_ended_keeps_that_status_and_leaves_nothing() -> None:
    """docs/contract.md 7.5."""
    ran = ended(artifact("a.csv", b"1"), code=None, status=RunStatus.TIMED_OUT)
    cells = Cells(program=ran, deliver=handed(broken("stdout")))

    result, heard = await play(cells, CHECKED)

    assert (result.status, result.violations, result.artifacts, heard.output) == (
        RunStatus.TIMED_OUT,
        (),
        (),
        [],
    )
    assert result.notices == ("what it left was withheld: caps.rows at stdout",)
    assert cells.order("deliver")["succeeded"] is False


FAILURES: dict[str, RunResult] = {
    "it ended otherwise": ended(artifact("report.json", report()), code=1),
    "it ran out of time": ended(artifact("report.json", report()), code=None, status=RunStatus.TIMED_OUT),
    "it ran out of memory": ended(artifact("report.json", report()), status=RunStatus.MEMORY_EXCEEDED),
    "it left more than it may": ended(artifact("report.json", report()), status=RunStatus.DISK_EXCEEDED),
    "no report": ended(),
    "a report that is too long": handed(report(notices=["x"] * 50).ljust(MAX_BYTES + 1)),
    "a report that is no JSON": handed(b"{"),
    "a report that is nested": handed(b"[" * 100_000),
    "another version": handed(report(version=2)),
    "an unknown key": handed(report(more=1)),
    "a missing key": handed(b'{"version": 1}'),
    "a stream of another name": handed(report(streams=["stdin"])),
    "a file that is not there": handed(report(files=[{"name": "a.csv", "file": "artifacts-7"}])),
    "an input as a file": handed(report(files=[{"name": "a.csv", "file": "inputs-0"}])),
    "a path as a file": handed(report(files=[{"name": "a.csv", "file": "../artifacts-0"}])),
    "a name that leads out": handed(report(files=[{"name": "../a.csv", "file": "artifacts-0"}])),
    "an absolute name": handed(report(files=[{"name": "/a.csv", "file": "artifacts-0"}])),
    "a name of control characters": handed(report(files=[{"name": "a\n.csv", "file": "artifacts-0"}])),
    "a name that is too deep": handed(report(files=[{"name": "a/b/c/d/e/f", "file": "artifacts-0"}])),
    "a name twice": handed(report(files=[{"name": "a", "file": "artifacts-0"}] * 2)),
    "a violation, and a stream": handed(broken("stdout").replace(b'"streams": []', b'"streams": ["stdout"]')),
    "a violation that is not told": handed(report(violations_total=1)),
    "a rule that is a sentence": handed(broken("stdout").replace(b"caps.rows", b"see my page")),
    "a path without end": handed(broken("x" * 301)),
    "too many violations": handed(broken(*map(str, range(51)))),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_stage_that_does_not_come_to_its_end_lets_nothing_out(failure: str) -> None:
    """docs/contract.md 7.3."""
    result, heard = await play(Cells(deliver=FAILURES[failure]), CHECKED)

    assert result.status is RunStatus.CONTRACT_VIOLATED
    assert [(each.path, each.rule) for each in result.violations] == [("delivery", "delivery.failed")]
    assert (result.artifacts, heard.output) == ((), [])


async def test_what_leaves_keeps_to_the_approvals_limits_whatever_the_stage_makes() -> None:
    """docs/contract.md 7.4."""
    for files, sizes in ((5, 1), (2, 700_000)):
        made = {f"leaves_{number}": b"x" * sizes for number in range(files)}
        listed = [{"name": name, "file": name.replace("_", "-")} for name in made]
        result, _ = await play(Cells(deliver=handed(report(files=listed), **made)), CHECKED)

        assert [each.rule for each in result.violations] == ["delivery.too_large"]
        assert result.artifacts == ()


async def test_files_leave_under_the_names_of_the_report_with_their_own_bytes() -> None:
    listed = [{"name": "plots/b.png", "file": "leaves-0"}, {"name": "a.csv", "file": "artifacts-0"}]
    cells = Cells(deliver=handed(report(files=listed, notices=["x.gif was withheld"]), leaves_0=b"PNG"))

    result, _ = await play(cells, DRAWN)

    assert [(each.name, each.media_type, each.content) for each in result.artifacts] == [
        ("plots/b.png", "image/png", b"PNG"),
        ("a.csv", "text/csv", b"price\n1\n"),
    ]
    assert result.notices == ("x.gif was withheld",)


async def test_no_name_that_a_program_or_a_caller_chose_is_a_files_name_in_a_cell() -> None:
    """docs/contract.md 7.1."""
    sent = (InputFile.of("order.json", b"{}"), InputFile.of("report.json", b"{}"))
    left = ended(artifact("report.json", report()), artifact("deep/order.json", b"{}"))
    cells = Cells(program=left, deliver=handed(report()))

    await play(cells, CHECKED, replace(WORK, inputs=sent))

    order = cells.order("deliver")
    assert order["inputs"] == {"order.json": "inputs-0", "report.json": "inputs-1"}
    assert order["artifacts"] == {"report.json": "artifacts-0", "deep/order.json": "artifacts-1"}
    assert set(cells.seen["deliver"]["files"]) == {
        *("order.json", "inputs-0", "inputs-1", "artifacts-0", "artifacts-1", "streams-0", "streams-1")
    }


async def test_the_program_finds_what_was_cut_and_nothing_else() -> None:
    cut = handed(report(files=[{"name": "sales.csv", "file": "leaves-0"}]), leaves_0=b"price\n1\n")
    cells = Cells(cut=cut)

    result, heard = await play(cells, CUT)

    assert cells.seen["program"]["files"] == {"sales.csv": b"price\n1\n"}
    assert cells.order("cut")["columns"] == list(CUT.columns or ())
    assert result.status is RunStatus.EXITED
    assert heard.output == ALL  # without a contract nothing is held


async def test_inputs_that_cannot_be_cut_are_an_answer_and_nothing_runs() -> None:
    """docs/contract.md 7.7."""
    for cut, rule in (
        (handed(broken("inputs/sales.csv")), "caps.rows"),
        (ended(code=1), "delivery.failed"),
    ):
        cells = Cells(cut=cut)

        result, heard = await play(cells, CUT)

        assert (result.status, [each.rule for each in result.violations]) == (
            RunStatus.CONTRACT_VIOLATED,
            [rule],
        )
        assert "program" not in cells.seen
        assert (heard.output, result.usage.cpu_ms) == ([], 0)


async def test_a_sandbox_that_fails_is_an_error_whichever_stage_it_fails_in() -> None:
    """docs/contract.md 7.6."""
    for cells, wanted in (
        (Cells(deliver=SandboxUnavailable("gone")), CHECKED),
        (Cells(cut=SandboxUnavailable("gone")), CUT),
        (Cells(deliver=ended(code=shipping.UNUSABLE)), CHECKED),
    ):
        with pytest.raises(SandboxUnavailable):
            await play(cells, wanted)


@pytest.mark.parametrize("lacking", shipping.LATE)
@pytest.mark.parametrize("stage", ["cut", "deliver"])
def test_a_library_that_is_not_there_is_missed_before_anything_is_read(
    tmp_path: Path, stage: str, lacking: str
) -> None:
    """docs/contract.md 7.6: whatever the stage would come to need it for, and however late."""
    without = f"import importlib.util\nimportlib.util.find_spec = lambda name: name != {lacking!r} or None\n"
    told = without.encode() + shipping.program(stage)

    done = subprocess.run([PYTHON, "-"], input=told, cwd=tmp_path, capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (shipping.UNUSABLE, b"")
    assert done.stderr == f"lacks.{lacking}\n".encode()


async def test_a_library_that_is_not_there_is_our_fault_and_named() -> None:
    """docs/contract.md 7.6: no violation, so never the program's."""
    cells = Cells(deliver=ended(code=shipping.UNUSABLE), said=b"lacks.jsonschema\n")

    with pytest.raises(SandboxUnavailable, match=r"lacks\.jsonschema\); run deploy/setup\.sh again"):
        await play(cells, CHECKED)


async def test_usage_is_the_programs_and_the_time_of_the_stages_stands_beside_it() -> None:
    """docs/contract.md 7.8: `delivery_ms` is the wall time of both stages, and nothing else has it in it."""

    def slowly() -> None:
        time.sleep(0.05)

    cells = Cells(cut=handed(report()), deliver=handed(report()), on_cut=slowly, on_deliver=slowly)
    log, here = MemoryLog(), world(replace(CUT, contract={}))

    finished = await runner(log, cells, here).run(here.request, Listener())

    used = finished.result.usage
    assert (used.wall_ms, used.cpu_ms, used.max_memory_bytes) == (USED.wall_ms, USED.cpu_ms, 1 << 20)
    assert used.delivery_ms >= 100
    assert log.records[-1].body["usage"] == {**asdict(used)}


async def test_a_run_without_stages_has_no_time_of_theirs() -> None:
    """docs/contract.md 7.8."""
    log, here = MemoryLog(), world(NOTHING)

    await runner(log, Cells(), here).run(here.request, Listener())

    assert "delivery_ms" not in log.records[-1].body["usage"]


async def test_what_a_program_used_is_on_record_when_the_sandbox_fails_after_it() -> None:
    """docs/contract.md 7.8: what was done around it too, so that quotas count both."""
    log, here = MemoryLog(), world(CHECKED)
    cells = Cells(deliver=SandboxUnavailable("gone"), on_deliver=lambda: time.sleep(0.02))

    with pytest.raises(ServiceError, match="SANDBOX_UNAVAILABLE"):
        await runner(log, cells, here).run(here.request, Listener())

    body = log.records[-1].body
    assert (log.records[-1].kind, body["reason"]) == ("run_aborted", "SANDBOX_UNAVAILABLE")
    assert body["usage"]["cpu_ms"] == USED.cpu_ms
    assert body["usage"]["delivery_ms"] >= 20
    assert "limits" not in body


async def test_what_a_program_used_is_told_also_when_its_caller_leaves_during_the_last_stage() -> None:
    heard = Heard()

    with pytest.raises(asyncio.CancelledError):
        await staged.run(
            Cells(deliver=asyncio.CancelledError()), CHECKED, WORK, heard.tell, heard.cancelled.append
        )

    (told,) = heard.cancelled
    assert (told.status, told.usage.cpu_ms, told.artifacts) == (RunStatus.CANCELLED, 7, ())


async def test_a_caller_that_does_not_take_what_was_held_ends_the_run() -> None:
    heard = Heard()

    async def gone(stream: str, data: bytes) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await staged.run(
            Cells(deliver=handed(report(streams=["stdout"]))), CHECKED, WORK, gone, heard.cancelled.append
        )

    assert [told.status for told in heard.cancelled] == [RunStatus.CANCELLED]


async def test_what_is_told_of_figures_goes_to_the_last_stage_and_nowhere_else() -> None:
    told, drawn = artifact(FIGURES, b"{}"), artifact("a.png", b"PNG")
    cells = Cells(program=ended(told, drawn), deliver=handed(report()))

    result, _ = await play(cells, DRAWN)

    assert cells.seen["program"]["describe"]
    assert cells.seen["program"]["limits"].artifacts == LIMITS.artifacts + 1
    assert cells.seen["program"]["limits"].artifact_mib == LIMITS.artifact_mib + FIGURES_MIB
    assert cells.seen["deliver"]["files"]["figures"] == b"{}"
    assert cells.seen["deliver"]["files"]["files-0"] == b"background: white"
    assert cells.order("deliver")["artifacts"] == {"a.png": "artifacts-0"}
    assert result.artifacts == ()


@pytest.mark.parametrize(
    ("left", "kept"), [([b"x"] * (LIMITS.artifacts + 1), LIMITS.artifacts), ([b"x" * ((1 << 20) + 1)], 0)]
)
async def test_the_room_for_what_is_told_of_figures_is_no_room_for_files(
    left: list[bytes], kept: int
) -> None:
    files = [artifact(str(number), content) for number, content in enumerate(left)]
    cells = Cells(program=ended(*files), deliver=handed(report()))

    result, _ = await play(cells, replace(DRAWN, contract={}))

    assert result.status is RunStatus.DISK_EXCEEDED
    assert len(cells.order("deliver")["artifacts"]) == kept


async def test_a_program_that_may_leave_nothing_is_not_asked_for_its_figures() -> None:
    cells = Cells(program=ended())

    await play(cells, DRAWN, replace(WORK, limits=replace(LIMITS, artifacts=0, artifact_mib=0)))

    assert not cells.seen["program"]["describe"]
    assert "deliver" not in cells.seen


async def test_bytes_that_do_not_leave_are_let_go_of_and_those_that_leave_are_not() -> None:
    listed = [{"name": "b.csv", "file": "leaves-0"}]
    cells = Cells(deliver=handed(report(files=listed), leaves_0=b"price\n1\n"))

    result, _ = await play(cells, CHECKED)

    assert result.artifacts[0].content == b"price\n1\n"
    with pytest.raises(ValueError, match="not within a spool of 0"):
        _ = cells.program.artifacts[0].content


async def test_pseudonyms_have_a_salt_of_their_run() -> None:
    salts = set()
    for _ in range(2):
        cells = Cells(cut=handed(report()), deliver=handed(report()))
        await play(cells, replace(CUT, contract={}))
        assert cells.order("cut")["salt"] == cells.order("deliver")["salt"]
        salts.add(cells.order("cut")["salt"])

    assert len(salts) == 2


def world(wanted: Wanted) -> World:
    return World(scopes=known(SCOPE.sha256, wanted=wanted))


async def test_a_broken_contract_is_on_record_with_its_paths_and_without_any_output() -> None:
    """docs/contract.md 7.9."""
    log, listener, here = MemoryLog(), Listener(), world(CHECKED)
    cells = Cells(deliver=handed(broken("artifacts/a.csv")))

    finished = await runner(log, cells, here).run(here.request, listener)

    record = log.records[-1]
    assert record.kind == "run_finished"
    assert record.body["status"] == "CONTRACT_VIOLATED"
    assert record.body["violations"] == [
        {"path": "artifacts/a.csv", "rule": "caps.rows", "message": "3 rows, at most 1"}
    ]
    assert record.body["stdout_sha256"] == hashlib.sha256(b"").hexdigest()
    assert (record.body["artifacts"], record.bodies) == ([], {})
    assert "exit_code" not in record.body
    assert [kind for kind, _ in listener.heard] == ["started"]
    assert finished.result.violations


async def test_the_record_of_a_program_that_chose_long_paths_can_still_be_written() -> None:
    here, log = world(CHECKED), MemoryLog()
    cells = Cells(deliver=handed(broken(*("\U0001f4a5" * 299 + chr(65 + number) for number in range(50)))))

    await runner(log, cells, here).run(here.request, Listener())

    body = log.records[-1].body
    assert body["violations_total"] == 50
    assert 0 < len(json.dumps(body)) < 32 * 1024


async def test_a_scope_that_the_executor_cannot_use_runs_nothing_and_spends_nothing() -> None:
    """docs/scope-format.md, Companions 4: an error, never a denial."""
    log, cells = MemoryLog(), Cells()
    unread = KnownScopes(frozenset({SCOPE.sha256}), unusable={SCOPE.sha256: "s.yaml: files.house.yaml: gone"})
    here = World(scopes=unread)

    with pytest.raises(ServiceError, match=r"mend: s\.yaml: files\.house\.yaml: gone") as raised:
        await runner(log, cells, here).run(here.request, Listener())

    assert (raised.value.code, raised.value.reason) == (grpc.StatusCode.UNAVAILABLE, "SCOPE_UNUSABLE")
    assert (log.records, cells.seen) == ([], {})
