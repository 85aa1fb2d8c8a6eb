"""Reading attack programs, the world that they attack, and running them. See sandbox_attacks/README.md."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import InputFile, RunLimits, Sandbox
from executor_svc.sandbox.namespaces import SANDBOX_ID
from tests.conformance.sandbox_kit import Ran, ordinary_user, run

DIRECTORY = Path(__file__).with_name("sandbox_attacks")
LIMITS = RunLimits(wall_s=10, cpu_s=4, memory_mib=96, output_kib=64, artifacts=8, artifact_mib=4)
INPUTS = (InputFile.of("given.csv", b"a,b\n1,2\n"),)
TIERS = ("T1", "T0")
TOKEN = "PLACET_ATTACKED_TOKEN"
"""The variable of the executor's environment that holds the token."""
_USER_ID = 4321
_FIELD = re.compile(r"^(falls without|tiers|ends|as|machine|limits|again): *(.+)$", re.MULTILINE)
_MARK = re.compile(rb"^GOT\b", re.MULTILINE)


@dataclass(frozen=True)
class Attack:
    """One program and what its docstring says of it."""

    name: str
    source: str
    aim: str
    falls_without: tuple[tuple[str, ...], ...]
    """Alternatives; empty when nothing lets it succeed here."""
    tiers: tuple[str, ...]
    ends: tuple[str, ...]
    people: tuple[str, ...]
    """Whether the executor is root or user."""
    machine: str
    """The only kind of machine that it makes sense on; empty for any."""
    limits: RunLimits
    runs: int
    """How often it runs: twice when the second looks for what the first left."""


def load(path: Path) -> Attack:
    """Read one. Raises ValueError when its docstring is not as README.md says."""
    source = path.read_text(encoding="utf-8")
    doc = re.match(r'"""(.+?)"""', source, re.DOTALL)
    fields = dict(_FIELD.findall(doc.group(1))) if doc else {}
    if doc is None or "falls without" not in fields:
        raise ValueError(f"{path.name}: the docstring must say what the attack falls without")
    told = fields["falls without"]
    ways = () if told.startswith("nothing:") else tuple(tuple(way.split(", ")) for way in told.split(" or "))
    return Attack(
        path.stem,
        source,
        doc.group(1).splitlines()[0],
        ways,
        tuple(fields.get("tiers", "T1, T0").split(", ")),
        tuple(fields["ends"].split(" or ")) if "ends" in fields else (),
        tuple(fields.get("as", "root, user").split(", ")),
        fields.get("machine", ""),
        replace(LIMITS, **_numbers(fields.get("limits", ""))),
        2 if "again" in fields else 1,
    )


def _numbers(text: str) -> dict[str, Any]:
    """What "wall_s=0.5, artifacts=2" says."""
    told = (part.partition("=") for part in text.split(", ") if part)
    return {name: float(value) if name.endswith("_s") else int(value) for name, _, value in told}


ATTACKS = tuple(
    attack
    for attack in map(load, sorted(DIRECTORY.glob("*.py")))
    if attack.machine in ("", platform.machine())
)


def without_twins(attacks: Iterable[Attack]) -> list[Attack]:
    """For places that have the same filter on system calls as one where every attack is tried.

    Of those that this filter stops, and that end alike and fall without the same defences, the first of each
    kind; of those that anything else stops, all.
    """
    found: dict[object, Attack] = {}
    for attack in attacks:
        ways = attack.falls_without
        filtered = "SIGNALED 31" in attack.ends or (ways and all("seccomp" in way for way in ways))
        kind = (attack.name.partition("_")[0], ways, attack.ends, attack.runs)
        found.setdefault(kind if filtered else attack.name, attack)
    return list(found.values())


@dataclass(frozen=True)
class World:
    """What there is on the host to be attacked.

    `token` is in the secret file, in the environment of the executor and of the victim, and in the shared
    memory, and nowhere else.
    """

    secret: str
    open: str
    memory: int
    token: str
    port: int
    udp: int
    abstract: str
    unix: str
    victim: int

    def arm(self, attack: Attack) -> str:
        """The program with the world's words in it."""
        words = {
            "@SECRET@": self.secret,
            "@OPEN@": self.open,
            "@MEMORY@": str(self.memory),
            "@PORT@": str(self.port),
            "@UDP@": str(self.udp),
            "@ABSTRACT@": self.abstract,
            "@UNIX@": self.unix,
            "@VICTIM@": str(self.victim),
            "@HOST@": socket.gethostname(),
        }
        return re.sub(r"@[A-Z0-9]+@", lambda word: words.get(word.group(0), word.group(0)), attack.source)


@contextlib.contextmanager
def world() -> Iterator[World]:
    """A host with something to lose."""
    directory = Path(
        tempfile.mkdtemp(prefix="placet-attacked-", dir="/var/tmp")
    )  # not where the sandbox has its own /tmp
    directory.chmod(0o755)
    token, abstract = secrets.token_hex(16), f"placet-attacked-{secrets.token_hex(8)}"
    (directory / "secret").write_text(token)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, directory)
        stack.enter_context(pytest.MonkeyPatch.context()).setenv(TOKEN, token)
        memory = stack.enter_context(_shared_memory(token))
        identity = {"user": SANDBOX_ID, "group": SANDBOX_ID, "extra_groups": ()} if os.geteuid() == 0 else {}
        victim = subprocess.Popen(["sleep", "3600"], env={"PATH": "/usr/bin:/bin", TOKEN: token}, **identity)
        stack.callback(victim.wait)
        stack.callback(victim.kill)
        listening = [
            stack.enter_context(socket.socket(family, kind))
            for family, kind in (
                (socket.AF_INET, socket.SOCK_STREAM),
                (socket.AF_INET, socket.SOCK_DGRAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
                (socket.AF_UNIX, socket.SOCK_STREAM),
            )
        ]
        unix = directory / "socket"
        for one, address in zip(
            listening, (("127.0.0.1", 0), ("127.0.0.1", 0), f"\0{abstract}", str(unix)), strict=True
        ):
            one.bind(address)
            if one.type == socket.SOCK_STREAM:
                one.listen(64)
        unix.chmod(0o777)
        ports = [one.getsockname()[1] for one in listening[:2]]
        yield World(
            str(directory / "secret"),
            _open_directory(directory),
            memory,
            token,
            ports[0],
            ports[1],
            abstract,
            str(unix),
            victim.pid,
        )


def _open_directory(within: Path) -> str:
    """Where everybody may do what they like, with files of several owners."""
    made = within / "open"
    made.mkdir()
    made.chmod(0o777)
    for name, owner in (("ours", -1), ("nobodys", SANDBOX_ID), ("users", _USER_ID)):
        (made / name).write_text("not to be changed")
        (made / name).chmod(0o666)
        if os.geteuid() == 0:
            os.chown(made / name, owner, owner)
    return str(made)


@contextlib.contextmanager
def _shared_memory(text: str) -> Iterator[int]:
    """A System V segment that everybody may read; its id."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    segment = libc.shmget(0, 4096, 0o1644)  # IPC_CREAT, of nobody's key
    assert segment >= 0, os.strerror(ctypes.get_errno())
    try:
        address = libc.shmat(segment, None, 0)
        ctypes.memmove(address, text.encode(), len(text))
        libc.shmdt(ctypes.c_void_p(address))
        yield segment
    finally:
        libc.shmctl(segment, 0, None)  # IPC_RMID


def reached(ran: Ran, here: World) -> bool:
    """Whether an attack got what it wanted."""
    text = ran.stdout + ran.stderr
    return bool(_MARK.search(text)) or here.token.encode() in text


def status_of(ran: Ran) -> str:
    """The run's status, with the signal's number for one that was signalled."""
    signal = ran.result.signal
    return ran.status if signal is None else f"{ran.status} {signal}"


async def attempt(sandbox: Sandbox, attack: Attack, here: World) -> Ran:
    """Run one attack, and once more where it looks for what it left."""
    for _ in range(attack.runs):
        ran = await run(sandbox, here.arm(attack), INPUTS, attack.limits)
        if reached(ran, here):
            break
    return ran


_AS_USER = """
import asyncio, json, sys
sys.path[:0] = sys.argv[3:]
from pathlib import Path
from executor_svc.sandbox import RunLimits, open_sandbox
from tests.conformance.sandbox_kit import run
from tests.security.sandbox_attacks_kit import INPUTS

async def main():
    tier = sys.argv[2]
    sandbox = open_sandbox(Path(sys.argv[1]), min_tier=tier, max_tier=tier, preload=())
    await sandbox.start()
    for line in sys.stdin:
        name, program, limits, runs = json.loads(line)
        for _ in range(runs):
            ran = await run(sandbox, program, INPUTS, RunLimits(**limits))
        signal = "" if ran.result.signal is None else f" {ran.result.signal}"
        said = (ran.stdout + ran.stderr).decode("utf-8", "replace")
        print(json.dumps([name, ran.status + signal, said]), flush=True)
    await sandbox.close()

asyncio.run(main())
"""


def attempt_as_user(
    python: Path, tier: str, attacks: Sequence[Attack], here: World
) -> dict[str, tuple[str, str]]:
    """Run attacks where the executor is somebody who owns nothing; per name the status and all output.

    Skips where that cannot be tried.
    """
    done = subprocess.run(
        ordinary_user(_USER_ID, _AS_USER, python, tier),
        input="".join(
            json.dumps([attack.name, here.arm(attack), asdict(attack.limits), attack.runs]) + "\n"
            for attack in attacks
        ),
        cwd="/",
        env={"PATH": "/usr/bin:/bin", TOKEN: os.environ[TOKEN]},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if "not permitted" in done.stderr:
        pytest.skip("user namespaces are not allowed here")
    assert done.returncode == 0, done.stderr
    return {name: (status, said) for name, status, said in map(json.loads, done.stdout.splitlines())}
