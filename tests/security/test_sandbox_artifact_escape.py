"""A program plants links, pipes and devices where its artifacts are looked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from executor_svc.sandbox import InputFile, Sandbox
from executor_svc.sandbox.collect import collect, place_inputs
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()


@pytest.mark.asyncio(loop_scope="module")
async def test_only_regular_files_leave_the_sandbox(sandbox: Sandbox) -> None:
    program = """
import os, socket
def attempt(f, *a):
    try:
        f(*a)
    except OSError:
        pass
attempt(os.symlink, "/etc/shadow", "shadow")
attempt(os.symlink, "/", "root")
attempt(os.symlink, "in.csv", "copy.csv")
attempt(os.link, "in.csv", "hard.csv")
attempt(os.link, "/etc/passwd", "passwd")
attempt(os.mkfifo, "pipe")
attempt(os.mknod, "device", 0o20666, os.makedev(1, 1))
open("a\\nb", "w").write("1")
open(b"\\xff", "w").write("1")
open("good", "w").write("1")
"""
    ran = await run(sandbox, program, [InputFile.of("in.csv", b"x")])
    assert [artifact.name for artifact in ran.result.artifacts] == ["good"]


def test_the_collector_follows_no_link_and_opens_no_pipe(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    work = tmp_path / "work"
    (work / "sub").mkdir(parents=True)
    (work / "good").write_text("good")
    (work / "link").symlink_to(secret)
    (work / "linked-directory").symlink_to(tmp_path)
    (work / "sub" / "up").symlink_to("../../secret")
    os.link(secret, work / "hard")
    os.mkfifo(work / "pipe")
    handle = os.open(work, os.O_RDONLY)
    try:
        found = collect(handle, (), 100, 1000)
    finally:
        os.close(handle)
    assert [(artifact.name, artifact.content) for artifact in found.artifacts] == [("good", b"good")]
    assert not found.exceeded


def test_the_collector_stops_at_its_caps(tmp_path: Path) -> None:
    for name in "abcd":
        (tmp_path / name).write_bytes(bytes(10))
    handle = os.open(tmp_path, os.O_RDONLY)
    try:
        few = collect(handle, (), 2, 1000)
        small = collect(handle, (), 10, 25)
    finally:
        os.close(handle)
    assert (len(few.artifacts), few.exceeded) == (2, True)
    assert (len(small.artifacts), small.exceeded) == (2, True)


def test_an_input_is_never_written_through_a_link(tmp_path: Path) -> None:
    target = tmp_path / "target"
    work = tmp_path / "work"
    work.mkdir()
    (work / "in.csv").symlink_to(target)
    handle = os.open(work, os.O_RDONLY)
    try:
        with pytest.raises(FileExistsError):
            place_inputs(handle, [InputFile.of("in.csv", b"x")])
    finally:
        os.close(handle)
    assert not target.exists()
