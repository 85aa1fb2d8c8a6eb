"""docs/audit-format.md §15: a request's bundle, collected over gRPC and verified by the file in it."""

from __future__ import annotations

import ast
import json
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from placetpb.audit.v1 import audit_pb2_grpc

from placet.audit.bundle import standalone_verifier
from placet.audit.reader import LogReader
from placet.evidence import Evidence
from placet.rpc.errors import ServiceError
from tests.contract.test_audit import READER, served
from tests.fakes.audit_world import GUARD, World, Writer, verdict

REQUEST = "req-1"


async def collected(world: World, story, request_id: str = REQUEST) -> Path:
    """A bundle file of a log with that story."""
    async with world.writing() as writer:
        await story(writer)
        with LogReader(world.database) as reader:
            async with (
                served(writer.sequencer, reader, world.directory / "pki") as as_peer,
                as_peer(READER) as to,
            ):
                found = await Evidence(audit_pb2_grpc.AuditServiceStub(to)).bundle(request_id)
    path = world.directory / "bundle.zip"
    path.write_bytes(found.to_zip())
    return path


def alone(bundle: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the bundle's own verify.py, unpacked to an empty directory, without this repository."""
    home = bundle.parent / "unpacked"
    with zipfile.ZipFile(bundle) as packed:
        packed.extract("verify.py", home)
    command = [sys.executable, "-I", str(home / "verify.py"), str(bundle), *options]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def key(world: World) -> Path:
    path = world.directory / "audit.vkey"
    path.write_text(world.signer.verifier.vkey + "\n")
    return path


def used_s() -> float:
    """Processor time of processes that ended, in seconds: what the clock says depends on who else runs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def test_the_bundle_proves_a_run_by_itself_in_under_a_second(world: World, key: Path) -> None:
    bundle = await collected(world, Writer.whole_run)
    before = used_s()
    ran = alone(bundle, "--key", str(key))
    took = used_s() - before

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.startswith("PROVEN: request req-1 in log placet.local/log")
    assert "run_finished" in ran.stdout
    assert "bodies: 4 match their digests, 0 erased" in ran.stdout
    assert took < 1, f"{took:.2f} s"


async def test_without_a_key_it_says_that_nothing_is_proven(world: World) -> None:
    """§15.3: it MUST say whose key it used."""
    ran = alone(await collected(world, Writer.whole_run))

    assert ran.returncode == 2
    assert ran.stdout.startswith("FITS TOGETHER, NOT PROVEN")


async def test_under_another_logs_key_it_is_broken(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other.vkey"
    other.write_text(World(tmp_path).signer.verifier.vkey)
    ran = alone(await collected(world, Writer.whole_run), "--key", str(other))

    assert ran.returncode == 1
    assert "no signature" in ran.stdout


async def test_a_run_under_another_request_is_found_by_its_approval(world: World, key: Path) -> None:
    """§15.1: every record that names an approval of these."""

    async def story(log: Writer) -> None:
        await log.whole_run()
        await log.whole_run("2")

    bundle = await collected(world, story)
    report = json.loads(alone(bundle, "--key", str(key), "--json").stdout)

    assert report["ok"]
    assert report["records"] == 8


async def test_an_unknown_request_has_no_bundle(world: World) -> None:
    with pytest.raises(ServiceError) as refused:
        await collected(world, Writer.whole_run, "nobody")

    assert refused.value.reason == "REQUEST_UNKNOWN"


async def test_a_denied_request_is_a_bundle_too(world: World, key: Path) -> None:
    bundle = await collected(
        world, lambda log: log.append(GUARD, "verdict_reached", verdict(verdict="DENIED"))
    )
    ran = alone(bundle, "--key", str(key))

    assert ran.returncode == 0
    assert "DENIED" in ran.stdout


async def test_the_same_records_give_the_same_bytes(world: World) -> None:
    bundle = await collected(world, Writer.whole_run)
    with zipfile.ZipFile(bundle) as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert packed.namelist()[:4] == ["README.txt", "verify.py", "bundle.json", "checkpoint"]


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    tree = ast.parse(standalone_verifier(), feature_version=(3, 9))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert imported - sys.stdlib_module_names == {"cryptography"}
