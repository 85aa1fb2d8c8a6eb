"""The sandbox inside the real gVisor, where `runsc` is installed and works.

A worker in a pod with a gVisor RuntimeClass is in this place. Every test starts a gVisor of its own, without
a network: what is asked of its kernel in the one on the path, the sandbox in the newest, as in such a pod.
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
from tests.conformance import gvisor_kit
from tests.conformance.sandbox_kit import PYTHON, ROOT
from tests.security.sandbox_attacks_kit import ATTACKS

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
    sandbox = open_sandbox(Path(sys.argv[2]), pool_size=1, preload=(), secrets=(sys.argv[3],))
    try:
        await sandbox.start()
    except SandboxUnavailable as error:
        return {"refused": str(error)}
    output = bytearray()
    async def keep(_stream, data):
        output.extend(data)
    result = await sandbox.run(sys.argv[4].encode(), [], RunLimits(20, 4, 96, 64, 8, 4), keep)
    await sandbox.close()
    ran = [result.status.value, output.decode()]
    return {"tier": sandbox.tier, "isolation": sandbox.isolation, "ran": ran}
print(json.dumps(asyncio.run(main())))
"""
LOST = """
import asyncio
from pathlib import Path
from executor_svc.sandbox import InputFile, Rotation, RunLimits, SandboxUnavailable, open_sandbox
from tests.conformance.sandbox_kit import descendants, eventually
LIMITS = RunLimits(20, 4, 96, 64, 8, 4)
async def nothing(_stream, _data):
    pass
def living(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
async def main():
    rotation = Rotation(forks=2)
    sandbox = open_sandbox(Path(sys.argv[2]), pool_size=1, preload=(), min_tier="T2", rotation=rotation)
    await sandbox.start()
    long = asyncio.create_task(sandbox.run(b"import time; time.sleep(4)", [], LIMITS, nothing))
    short = [(await sandbox.run(b"print(1)", [], LIMITS, nothing)).status.value for _ in range(5)]
    told = {"short": short, "long": (await long).status.value}
    large = [InputFile.of("large", bytes(80 << 20))]  # more than the disk of a cell that waits
    told["large"] = (await sandbox.run(b"print(1)", large, LIMITS, nothing)).status.value
    begun = asyncio.Event()
    async def saw(_stream, _data):
        begun.set()
    lost = asyncio.create_task(sandbox.run(b"print(1)%cwhile True: pass" % 10, [], LIMITS, saw))
    await begun.wait()
    for pool in sandbox._pools._pools.values():
        for zygote in (pool._zygote, *pool._retired):
            zygote._process.kill()
    try:
        await lost
    except SandboxUnavailable as error:
        told["lost"] = str(error)
    told["after"] = (await sandbox.run(b"print(1)", [], LIMITS, nothing)).status.value
    await sandbox.close()
    told["left"] = not await eventually(lambda: not any(map(living, descendants(os.getpid()))))
    return told
print(json.dumps(asyncio.run(main())))
"""
REACHING = """
import os, socket, time
done = []
def attempt(name, action):
    try:
        action()
        done.append(name)
    except OSError:
        pass
for pid in range(2, 400):
    attempt("signalled", lambda: os.kill(pid, 0))
attempt("connected", lambda: socket.create_connection(("127.0.0.1", @PORT@), 1))
attempt("read the key", lambda: open("/tmp/key").read())
attempt("listed processes", lambda: os.listdir("/proc"))
for place in ("/", "/usr/lib", "/dev", "/etc", "/quota", "/root"):
    attempt("wrote to " + place, lambda: open(place + "/written", "w"))
attempt("changed its root", lambda: os.chroot("/usr"))
attempt("gave away", lambda: os.chown("/usr", 0, 0))
attempt("became root", lambda: os.setuid(0))
for child in range(3):
    if os.fork() == 0:
        time.sleep(60)
print(done, os.getpid())
"""
BEHIND = """
import asyncio, socket
from pathlib import Path
from tests.security.defences import without
from tests.conformance.sandbox_kit import descendants, eventually, run
listening = socket.create_server(("127.0.0.1", 0))
async def main():
    Path("/tmp/key").write_text("secret")
    async with without(["seccomp", *sys.argv[3:]], "T2") as sandbox:
        ran = await run(sandbox, sys.argv[2].replace("@PORT@", str(listening.getsockname()[1])))
        gone = await eventually(lambda: len(descendants(os.getpid())) == 2)  # the zygote, a cell that waits
        return [ran.status, ran.stdout.decode(), ran.stderr.decode(), gone]
print(json.dumps(asyncio.run(main())))
"""
ATTACKED = """
import asyncio
from pathlib import Path
from executor_svc.sandbox import open_sandbox
from tests.security.sandbox_attacks_kit import ATTACKS, attempt, reached, status_of, without_twins, world
async def main():
    sandbox = open_sandbox(Path(sys.argv[2]), pool_size=3, preload=(), min_tier="T2")
    await sandbox.start()
    few = asyncio.Semaphore(3)
    with world() as here:
        async def one(attack):
            async with few:
                ran = await attempt(sandbox, attack, here)
                said = (ran.stdout + ran.stderr).decode("utf-8", "replace")
                return [attack.name, reached(ran, here), status_of(ran), said[-300:]]
        chosen = without_twins(attack for attack in ATTACKS if "user" in attack.people)
        told = await asyncio.gather(*map(one, chosen))
    await sandbox.close()
    return told
print(json.dumps(asyncio.run(main())))
"""
KIT = tuple(
    str(ROOT / "tests" / name)
    for name in (
        "conformance/test_sandbox.py",
        "security/test_sandbox_hostile_artifacts.py",
        "security/test_sandbox_signals.py",
    )
)
OTHERWISE = {
    "bombs_memory_page_tables": "SIGNALED 11",  # the mapping is refused before there is a page table
    "bombs_memory_small_objects": "CPU_EXCEEDED",  # memory is slow enough there that this is met first
    "bombs_directories": "DISK_EXCEEDED",  # having told that all are made: they are counted late
}
"""How attacks end inside gVisor, where not as elsewhere."""
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


@pytest.fixture
def newest() -> str:
    """A gVisor in which the sandbox can work."""
    return gvisor_kit.newest()


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


def test_a_gvisor_that_is_too_old_is_refused_and_nothing_weaker_is_taken() -> None:
    """Never a weaker tier in silence, and never a doubt about gVisor itself."""
    old = {date: path for date, path in gvisor_kit.installed().items() if date < "2023"}
    if not old or os.geteuid() != 0:
        pytest.skip("no gVisor from before 2023 is installed, or we are not root to start it")
    told = gvisor_kit.python_in_pod(old[max(old)], SANDBOX, str(PYTHON), "/etc/passwd", "print(1)")
    assert "T2: this gVisor has no namespaces for us" in told["refused"]
    assert "T1: this kernel has no pidfd_open" in told["refused"]
    assert "not gVisor" not in told["refused"]


def test_in_a_restricted_pod_inside_gvisor_the_sandbox_is_t2(newest: str) -> None:
    key = str(ROOT / "pyproject.toml")
    told = gvisor_kit.python_in_pod(newest, SANDBOX, str(PYTHON), key, "import os; print(os.getpid())")
    assert told["tier"] == "T2"
    assert told["ran"] == ["EXITED", "1\n"]
    assert {
        f"cannot read {key}",
        "cannot signal other processes",
        "cannot write in any other directory",
        "filter on system calls",
        "gVisor beneath: its kernel's log, version and answers agree",
        "no Landlock in this kernel",
        "no capabilities",
    } <= set(told["isolation"])


def test_a_lost_zygote_costs_its_run_and_a_replaced_one_none(newest: str) -> None:
    told = gvisor_kit.python_in_pod(newest, LOST, str(PYTHON))
    assert told == {
        "short": ["EXITED"] * 5,
        "long": "EXITED",
        "large": "EXITED",
        "lost": "the sandbox lost the run; nothing is known about the program",
        "after": "EXITED",
        "left": False,
    }


def test_behind_the_filter_a_program_inside_gvisor_still_reaches_nobody(newest: str) -> None:
    """Namespaces, the root and the lack of capabilities hold by themselves; nothing outlives the run."""
    assert gvisor_kit.python_in_pod(newest, BEHIND, REACHING) == ["EXITED", "[] 1\n", "", True]


def test_without_what_is_behind_the_filter_it_would_reach_somebody(newest: str) -> None:
    told = gvisor_kit.python_in_pod(newest, BEHIND, REACHING, "netns", "root")
    assert told[1] == "['connected', 'listed processes'] 1\n"


@pytest.mark.timeout(gvisor_kit.SECONDS)
def test_the_conformance_kit_passes_inside_gvisor(newest: str) -> None:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=120"]
    place = [f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"]
    ended = gvisor_kit.in_pod(newest, [*command, *place, *KIT], {"PLACET_TESTED_TIERS": "T2", "HOME": "/tmp"})
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-1000:]
    assert int(ended.stdout.split(" passed")[0].split()[-1]) >= 50


@pytest.mark.timeout(gvisor_kit.SECONDS)
def test_no_attack_reaches_its_aim_inside_gvisor(newest: str) -> None:
    told = gvisor_kit.python_in_pod(newest, ATTACKED, str(PYTHON))
    ends = {attack.name: attack.ends for attack in ATTACKS}
    wrong = []
    for name, aim_reached, status, said in told:
        otherwise = OTHERWISE.get(name)
        if aim_reached and not otherwise == status == "DISK_EXCEEDED":
            wrong.append(f"{name} reached its aim: {said}")
        elif ends[name] and status not in (*ends[name], otherwise):
            wrong.append(f"{name} ended {status}, not {' or '.join(ends[name])}: {said}")
    assert len(told) >= 150
    assert not wrong, "\n".join(wrong)
