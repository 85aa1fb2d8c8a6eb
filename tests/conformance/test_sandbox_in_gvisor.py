"""The sandbox inside the real gVisor, where `runsc` is installed and works.

A worker in a pod with a gVisor RuntimeClass is in this place. Every test starts a gVisor of its own, without
a network and with the host's files read-only beneath an overlay.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import gvisor, seccomp
from tests.conformance.sandbox_kit import PYTHON, ROOT

Inside = Callable[..., Any]
_SECONDS = 120
_PATH = "import json, os, sys\nsys.path[:0] = json.loads(sys.argv[1])\n"
DOUBTS = "from executor_svc.sandbox import gvisor\nprint(json.dumps(gvisor.doubts()))"
SIBLING = """
from executor_svc.sandbox import kernel
link, theirs = os.pipe()
middle = os.fork()
if middle == 0:
    try:
        sibling = kernel.fork_sibling()
        if sibling == 0:
            os._exit(7)
        told = sibling
    except OSError as error:
        told = str(error)
    os.write(theirs, json.dumps(told).encode())
    os._exit(0)
os.waitpid(middle, 0)
told = json.loads(os.read(link, 1000))
print(json.dumps(os.waitstatus_to_exitcode(os.waitpid(told, 0)[1]) if isinstance(told, int) else told))
"""
FILTER = """
import base64, ctypes, errno
from executor_svc.sandbox import kernel, seccomp
instructions = seccomp.build()
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def attempt(number):
    link, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_seccomp(instructions)
        answer = libc.syscall(number, *(ctypes.c_long(0) for _ in range(6)))
        told = errno.errorcode[ctypes.get_errno()] if answer < 0 else "allowed"
        os.write(theirs, told.encode())
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    os.close(theirs)
    return os.read(link, 100).decode() or f"signal {os.WTERMSIG(status)}"
told = {name: attempt(number) for name, number in json.loads(sys.argv[2]).items()}
print(json.dumps([base64.b64encode(instructions).decode(), told]))
"""
SANDBOX = """
import asyncio
from pathlib import Path
from executor_svc.sandbox import RunLimits, SandboxUnavailable, open_sandbox
async def main():
    sandbox = open_sandbox(Path(sys.argv[2]), pool_size=1, preload=())
    try:
        await sandbox.start()
    except SandboxUnavailable as error:
        return {"refused": str(error)}
    told = {"tier": sandbox.tier, "isolation": sandbox.isolation, "runs": []}
    for program in json.loads(sys.argv[3]):
        output = bytearray()
        async def keep(_stream, data):
            output.extend(data)
        limits = RunLimits(20, 4, 96, 64, 8, 4)
        result = await sandbox.run(program.encode(), [], limits, keep)
        told["runs"].append([result.status.value, output.decode()])
    await sandbox.close()
    return told
print(json.dumps(asyncio.run(main())))
"""
ATTACKS = ROOT / "tests" / "security" / "sandbox_attacks"
CHOSEN = (
    "files_etc_shadow",
    "files_mount",
    "files_own_mounts",
    "files_pivot_root",
    "fds_every_number",
    "env_variables",
    "sockets_every_family",
    "sockets_raw",
)
NUMBERS = {"getpid": 39, "socket": 41, "fork": 57, "execve": 59, "ptrace": 101, "unshare": 272}


def _gvisor(arguments: Sequence[str], state: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a gVisor of its own."""
    found = shutil.which("runsc")
    if found is None:
        pytest.skip("runsc is not installed")
    rootless = () if os.geteuid() == 0 else ("--rootless",)
    command = (found, f"--root={state}", "--network=none", "--ignore-cgroups", *rootless, "do", *arguments)
    # As root it gives its standard input to nobody, even when that is the machine's /dev/null: so a pipe.
    return subprocess.run(
        command, input="", capture_output=True, text=True, timeout=_SECONDS, check=False, cwd="/"
    )


@pytest.fixture
def inside(tmp_path: Path) -> Inside:
    """Call with a script and its arguments: what it prints last, as JSON, in gVisor."""
    try:
        first = _gvisor(["/bin/true"], tmp_path)
    except subprocess.TimeoutExpired:
        pytest.skip(f"runsc does not answer within {_SECONDS} seconds on this machine")
    if first.returncode != 0:
        told = (first.stderr.strip().splitlines() or [f"exit code {first.returncode}"])[-1]
        pytest.skip(f"runsc does not work on this machine: {told}")
    path = json.dumps([str(ROOT), *(entry for entry in sys.path if entry.endswith("-packages"))])

    def call(script: str, *arguments: str) -> Any:
        ended = _gvisor([sys.executable, "-B", "-c", _PATH + script, path, *arguments], tmp_path)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.strip().splitlines()[-1])

    return call


def test_the_real_gvisor_is_recognised(inside: Inside) -> None:
    assert inside(DOUBTS) == []


def test_a_machine_that_only_calls_itself_gvisor_is_not_believed(tmp_path: Path) -> None:
    """As with a RuntimeClass of that name whose handler is runc, and a version file put over the real one."""
    uname = os.uname()
    (tmp_path / "version").write_text(f"Linux version {uname.release} {uname.version}\n")
    script = f'hostname gvisor && mount --bind {tmp_path}/version /proc/version && exec "$@"'
    program = _PATH + "print(os.uname().nodename, file=sys.stderr)\n" + DOUBTS
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    command = ("unshare", *user, "--mount", "--uts", "sh", "-c", script, "sh")
    ended = subprocess.run(
        [*command, sys.executable, "-c", program, json.dumps([str(ROOT)])],
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode != 0 and "unshare" in ended.stderr:
        pytest.skip(f"namespaces are not allowed here: {ended.stderr.strip()}")
    assert ended.stderr.strip() == "gvisor"
    assert len(json.loads(ended.stdout)) == 2  # the version file is the one sign that was forged
    assert "log" in gvisor.doubts()[0]


def test_a_process_that_would_get_the_wrong_parent_in_gvisor_is_not_made(inside: Inside) -> None:
    assert inside(SIBLING) in (7, "[Errno 95] clone: this kernel ignores CLONE_PARENT")


def test_the_filter_is_the_same_in_gvisor_and_holds_there(inside: Inside) -> None:
    if os.uname().machine != "x86_64":
        pytest.skip("the calls are named by their numbers on x86-64")
    instructions, told = inside(FILTER, json.dumps(NUMBERS))
    assert base64.b64decode(instructions) == seccomp.build()
    assert told == {
        "getpid": "allowed",
        "socket": "EPERM",
        "fork": "EPERM",
        "execve": "EPERM",
        "ptrace": "signal 31",
        "unshare": "signal 31",
    }


def _told(inside: Inside, programs: Sequence[str]) -> Any:
    return inside(SANDBOX, str(PYTHON), json.dumps(programs))


def test_inside_gvisor_the_sandbox_is_t2_or_says_what_this_gvisor_lacks(inside: Inside) -> None:
    """Never a weaker tier in silence, and never a doubt about gVisor itself."""
    told = _told(inside, ["print(6 * 7)"])
    if "refused" in told:
        assert "T2: this kernel has no " in told["refused"]
        assert "not gVisor" not in told["refused"]
        return
    assert told["tier"] == "T2"
    assert told["runs"] == [["EXITED", "42\n"]]


def test_attacks_fail_inside_gvisor(inside: Inside) -> None:
    programs = [(ATTACKS / f"{name}.py").read_text(encoding="utf-8") for name in CHOSEN]
    told = _told(inside, programs)
    if "refused" in told:
        pytest.skip(f"no sandbox in this gVisor: {told['refused']}")
    assert len(told["runs"]) == len(CHOSEN)
    assert [name for name, (_, output) in zip(CHOSEN, told["runs"], strict=True) if "GOT" in output] == []
