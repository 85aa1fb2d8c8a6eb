"""A program looks for secrets: the environment, other processes' memory, files of the host."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import ROOT, run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = "canary-7d1f"


@pytest.fixture(params=["tmp", "home", "shm"])
def canary(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file of the host that everybody on the host may read."""
    where = {"tmp": tempfile.gettempdir(), "home": Path.home(), "shm": "/dev/shm"}[request.param]
    path = Path(where) / f"placet-test-canary-{os.getpid()}"
    path.write_text(SECRET)
    path.chmod(0o644)
    yield path
    path.unlink()


async def test_files_of_the_host_cannot_be_read(sandbox: Sandbox, canary: Path) -> None:
    program = f"import os\nprint(open({str(canary)!r}).read())"
    ran = await run(sandbox, program)
    assert ran.result.exit_code == 1
    assert SECRET not in ran.stdout.decode()


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/hostname", "/root", "/home", "/var", "/run", "/proc", "/boot"]
)
async def test_directories_of_the_host_cannot_be_looked_into(sandbox: Sandbox, path: str) -> None:
    program = f"import os\ntry:\n    print(os.listdir({path!r}))\nexcept OSError:\n    open({path!r})"
    ran = await run(sandbox, program)
    assert (ran.result.exit_code, ran.stdout) == (1, b"")


async def test_our_own_source_cannot_be_read(sandbox: Sandbox) -> None:
    path = str(ROOT / "executor_svc" / "sandbox" / "child.py")
    ran = await run(sandbox, f"print(open({path!r}).read())")
    assert (ran.result.exit_code, ran.stdout) == (1, b"")


async def test_the_environment_of_the_executor_is_not_inherited(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACET_TEST_SECRET", SECRET)
    program = """
import ctypes, os
print(sorted(os.environ))
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
i = 0
while environ[i]:
    print(environ[i]); i += 1
"""
    ran = await run(sandbox, program)
    assert ran.result.exit_code == 0
    for word in (SECRET, "PLACET_TEST", "PATH=", "USER", "API_KEY", "PWD"):
        assert word not in ran.stdout.decode()


async def test_memory_and_environment_of_other_processes_cannot_be_read(sandbox: Sandbox) -> None:
    program = f"""
import os
for pid in (1, 2, os.getppid(), {os.getpid()}, "self", "thread-self"):
    for name in ("environ", "mem", "maps", "cmdline", "root/etc/shadow", "cwd", "fdinfo/0", "status"):
        try:
            print("READ", pid, name, open(f"/proc/{{pid}}/{{name}}", "rb").read(10))
        except OSError:
            pass
"""
    assert (await run(sandbox, program)).stdout == b""


async def test_no_way_up_out_of_the_root(sandbox: Sandbox) -> None:
    program = """
import os
seen = set()
for path in ("../" * 20, "/..", "/../..", "../../../../etc/shadow"):
    try:
        seen |= set(os.listdir(path))
    except OSError:
        pass
print(sorted(seen & {"root", "proc", "sys", "boot", "var", "opt", "srv"}))
try:
    os.chroot(".")
except OSError:
    print("refused")
"""
    ran = await run(sandbox, program)
    assert (ran.status, ran.stdout) in (("SIGNALED", b"[]\n"), ("EXITED", b"[]\nrefused\n"))
