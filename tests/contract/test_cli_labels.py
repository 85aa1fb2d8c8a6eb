"""`placet audit export --labels` over a real log, and `placet audit verify --dataset` over its file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2_grpc

from audit_svc.access import Role
from audit_svc.console.labelled import Export
from audit_svc.console.people import Person
from audit_svc.console.tree import LogTree
from audit_svc.servicer import AuditServicer
from placet.cli.cases import read_cases
from placet.cli.main import run
from placet.labelled import LabelledVerdicts
from placet.rpc.errors import ServiceError
from placet.rpc.identity import reviewer_uri
from tests.contract.test_audit import ACCESS, READER, served
from tests.fakes.audit_world import World, Writer
from tests.fakes.chain import chain_in_thread
from tests.fakes.console_log import console_log
from tests.fakes.labels import FINDING, judge, say

PROGRAMS = ("import os\nos.system('true')\n", "print(1)\n", "print('ä')  # \\u2028\n")
OTTO = Person("otto", Role.AUDITOR)


async def tell(log: Writer) -> None:
    """Two settled verdicts, a disputed one, and records that are none."""
    judged = [await judge(log, "DENIED", program, FINDING) for program in PROGRAMS]
    sayings = {"ana": ("DENIED", "ALLOWED", "DENIED"), "ben": ("DENIED", "ALLOWED", "ALLOWED")}
    for person, said in sayings.items():
        for one, right in zip(judged, said, strict=True):
            await say(log, one, person, right)
    await log.whole_run()


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "audit").mkdir()
    return World(tmp_path / "audit")


@asynccontextmanager
async def serving_to(world: World, writer: Writer, uri: str) -> AsyncIterator[LabelledVerdicts]:
    with world.reader() as reader:
        log = served(writer.sequencer, reader, world.directory / "pki")
        async with log as peer, peer(uri) as channel:
            yield LabelledVerdicts(audit_pb2_grpc.AuditServiceStub(channel))


@asynccontextmanager
async def as_peer(world: World, uri: str) -> AsyncIterator[LabelledVerdicts]:
    async with world.writing() as writer:
        await tell(writer)
        async with serving_to(world, writer, uri) as export:
            yield export


async def test_the_log_records_the_export_and_what_was_read(world: World) -> None:
    """docs/labels-format.md §4.5."""
    async with as_peer(world, READER) as export:
        rows = [json.loads(line) async for line in export.lines()]
    kinds = [entry.kind for entry in world.entries()]
    (exported,) = [json.loads(e.leaf)["body"] for e in world.entries() if e.kind == "records_exported"]

    assert [(row["label"], row["code"]) for row in rows] == [("unsafe", PROGRAMS[0]), ("benign", PROGRAMS[1])]
    assert (exported["reader"], exported["format"], exported["from_index"]) == (READER, "labels", 6)
    assert kinds.count("records_read") > len(rows)


async def test_both_doors_give_the_same_rows(world: World) -> None:
    """Over gRPC and from the console; only the checkpoints, and so the proofs, are of other sizes."""
    async with as_peer(world, READER) as export:
        over_grpc = [json.loads(line) async for line in export.lines()]
    async with console_log(world) as (log, _):
        console = Export(log, LogTree(log), OTTO)
        await console.begin()
        from_console = [json.loads(line) async for line in console.lines()]
    for row in (*over_grpc, *from_console):
        for place in (row["log"], *row["log"]["labels"]):
            place.pop("proof")
        row["log"].pop("checkpoint")
        row["log"].pop("tree_size")

    assert from_console == over_grpc


async def test_one_program_that_is_too_long_for_a_line_keeps_nobody_from_the_others(world: World) -> None:
    """§4.3: characters of six bytes in JSON, three times in a row."""
    async with world.writing() as log:
        for program in ("#" + "\x01" * 60_000, PROGRAMS[0]):
            await say(log, await judge(log, "DENIED", program), "ana", "DENIED")
    async with console_log(world) as (log, _):
        export = Export(log, LogTree(log), OTTO)
        await export.begin()
        from_console = [line async for line in export.lines() if line]
    async with world.writing() as writer, serving_to(world, writer, READER) as over_grpc:
        lines = [line async for line in over_grpc.lines()]

    assert [json.loads(line)["code"] for line in from_console] == [PROGRAMS[0]]
    assert [json.loads(line)["code"] for line in lines] == [PROGRAMS[0]]
    assert over_grpc.left_out == 1


async def test_whoever_is_no_auditor_gets_nothing(world: World) -> None:
    async with as_peer(world, reviewer_uri("ana")) as export:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            [line async for line in export.lines()]

    assert ServiceError.from_rpc(refused.value).reason == "ROLE_MISSING"


@pytest.fixture
async def file(world: World) -> Path:
    """An exported file in a state directory as `placet up` leaves it."""
    async with as_peer(world, READER) as export:
        lines = [line async for line in export.lines()]
    state = world.directory.parent
    (state / "keys").mkdir()
    (state / "keys" / "audit.vkey").write_text(world.signer.verifier.vkey + "\n")
    path = state / "labels.jsonl"
    path.write_bytes(b"".join(lines))
    return path


@pytest.fixture
def placet(world: World, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--state", str(world.directory.parent), "audit", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_file_is_proven_with_the_logs_key_alone(placet: Any, file: Path) -> None:
    """§5."""
    code, out, _ = placet("verify", "--dataset", file)

    assert code == 0
    assert out.startswith("PROVEN: 2 labelled verdicts of log placet.local/log, 1 of them unsafe")


def test_the_first_line_that_is_not_proven_is_named(placet: Any, file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + lines[1].replace('"benign"', '"unsafe"'))
    code, out, _ = placet("verify", "--dataset", file)
    _, told, _ = placet("verify", "--dataset", file, "--json")

    assert code == 1
    assert f"line 2 of {file} is not proven: label does not follow" in out
    assert json.loads(told)["first_break"]["line"] == 2
    assert json.loads(told)["rows"] == 1


def test_a_key_that_is_none_and_a_file_that_is_not_there_are_no_proof(placet: Any, file: Path) -> None:
    (file.parent / "bad.vkey").write_text("nonsense")

    assert placet("verify", "--dataset", file, "--key", file.parent / "bad.vkey")[0] == 4
    assert placet("verify", "--dataset", file.parent / "none.jsonl")[0] == 4


def test_export_writes_a_file_that_is_proven(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").mkdir()
    world, file = World(tmp_path / "log"), tmp_path / "labels.jsonl"
    key = tmp_path / "audit.vkey"
    key.write_text(world.signer.verifier.vkey)
    state = str(tmp_path / "state")
    with chain_in_thread(tmp_path / "state", audit=running(world)):
        exported = run(["--state", state, "audit", "export", "--labels", str(file), "--json"])
    told = json.loads(capsys.readouterr().out)

    assert (exported, told["rows"], told["left_out"]) == (0, 2, 0)
    assert run(["--state", state, "audit", "verify", "--dataset", str(file), "--key", str(key)]) == 0


@asynccontextmanager
async def running(world: World) -> AsyncIterator[AuditServicer]:
    async with world.writing() as writer:
        await tell(writer)
        with world.reader() as reader:
            yield AuditServicer(writer.sequencer, reader, ACCESS)


def test_placet_eval_reads_the_file(file: Path) -> None:
    assert [(case.label, case.code) for case in read_cases(file)] == [
        ("unsafe", PROGRAMS[0]),
        ("benign", PROGRAMS[1]),
    ]
