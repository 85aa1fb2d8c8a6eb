"""Running programs in every sandbox backend: what the conformance and the attack tests are written with."""

from __future__ import annotations

import asyncio
import atexit
import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from executor_svc.sandbox import InputFile, RunLimits, RunResult, Sandbox, SandboxUnavailable, open_sandbox
from executor_svc.sandbox.backend import PRELOAD

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-sandbox" / "bin" / "python"
TIERS = tuple(os.environ.get("PLACET_TESTED_TIERS", "T1 T0").split())
"""What `sandbox_fixture` opens; T2 is for inside gVisor."""
LIMITS = RunLimits(wall_s=60, cpu_s=45, memory_mib=256, output_kib=256, artifacts=16, artifact_mib=8)


@dataclass(frozen=True)
class Ran:
    """A result together with what was streamed."""

    result: RunResult
    stdout: bytes
    stderr: bytes

    @property
    def status(self) -> str:
        return self.result.status.value


async def run(
    sandbox: Sandbox,
    program: str | bytes,
    inputs: Sequence[InputFile] = (),
    limits: RunLimits = LIMITS,
    imports: Collection[str] = (),
) -> Ran:
    """Run and keep what was streamed."""
    streams = {"stdout": bytearray(), "stderr": bytearray()}

    async def keep(stream: str, data: bytes) -> None:
        streams[stream].extend(data)

    source = program.encode() if isinstance(program, str) else program
    result = await sandbox.run(source, inputs, limits, keep, imports=imports)
    return Ran(result, bytes(streams["stdout"]), bytes(streams["stderr"]))


@functools.cache
def reachable_python() -> Path:
    """An interpreter that an unprivileged user can read: ours, or the system's with the same libraries.

    Without a mount namespace a root-owned home directory hides the interpreter from the sandbox user, and the
    libraries as well if the checkout lies there.
    """
    if os.geteuid() != 0 or _world_readable(PYTHON.resolve()):
        return PYTHON
    version = subprocess.run(
        [PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    system = Path(f"/usr/bin/python{version}")
    if not system.exists():
        pytest.skip("no interpreter that an unprivileged user could read")
    # Not in pytest's directory, which every other session closes to all but its owner.
    home = Path(tempfile.mkdtemp(prefix="placet-test-python-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    home.chmod(0o755)
    subprocess.run([system, "-m", "venv", "--without-pip", home], check=True)
    site = home / "lib" / f"python{version}" / "site-packages"
    shutil.rmtree(site)
    _bring(next((ROOT / ".venv-sandbox" / "lib").glob("python*/site-packages")), site)
    _bring(ROOT / ".venv-sandbox" / "late", home / "late")
    return home / "bin" / "python"


def ordinary_user(user_id: int, script: str, python: Path, tier: str) -> list[str]:
    """A command: a script as somebody who owns nothing, given an interpreter, a tier and import paths.

    Skips where that cannot be tried.
    """
    outer = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    if os.geteuid() != 0 or not outer.exists() or shutil.which("setpriv") is None:
        pytest.skip("needs root, setpriv and a system interpreter to become an ordinary user")
    if not _world_readable(ROOT / "any"):
        pytest.skip(f"an ordinary user cannot read a checkout in {ROOT}: clone to /srv, say")
    person = ["--reuid", str(user_id), "--regid", str(user_id), "--clear-groups"]
    imports = [str(ROOT), sysconfig.get_paths()["purelib"]]
    return ["setpriv", *person, str(outer), "-c", script, str(python), tier, *imports]


def _bring(libraries: Path, to: Path) -> None:
    """By name where it can be read there, else file by file, and without copies where that can be."""
    if _world_readable(libraries / "any"):
        to.symlink_to(libraries)
    else:
        shutil.copytree(libraries, to, copy_function=_linked)


def _linked(source: str, to: str) -> None:
    try:
        os.link(source, to)
    except OSError:
        shutil.copy2(source, to)


def _world_readable(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o005 == 0o005 for parent in path.parents)


@asynccontextmanager
async def opened(
    tier: str, pool_size: int = 1, preload: Sequence[str] | None = PRELOAD
) -> AsyncIterator[Sandbox]:
    """A started sandbox of exactly this tier; skips where this machine cannot have it.

    `preload` is as for `open_sandbox`: None for the usual sets of libraries.
    """
    python = reachable_python() if tier == "T0" else PYTHON
    if not PYTHON.exists():
        pytest.skip("no sandbox interpreter: run `make setup`")
    sandbox = open_sandbox(python, pool_size=pool_size, min_tier=tier, max_tier=tier, preload=preload)
    try:
        await sandbox.start()
    except SandboxUnavailable as reason:
        if tier == "T1" and os.geteuid() != 0:
            pytest.skip(f"namespaces are not allowed here: {reason}")
        raise
    try:
        yield sandbox
    finally:
        await sandbox.close()


def processes_mentioning(word: str) -> list[int]:
    """Process ids whose command line holds `word`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def lives(pid: int) -> bool:
    """Whether the process runs; one that has ended may stay in /proc until somebody has asked how."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def descendants(pid: int) -> set[int]:
    """Every process below `pid`, but the database server and the workers that other tests have started."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().rpartition(")")
            worker = b"executor_svc.worker" in path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if not worker and not name.endswith("(postgres"):
            parents[int(path.parent.name)] = int(rest.split()[1])
    found = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found - {pid}
        found |= more


async def eventually(condition: object, seconds: float = 5) -> bool:
    """Whether `condition()` becomes true in time."""
    assert callable(condition)
    for _ in range(int(seconds / 0.05)):
        if condition():
            return True
        await asyncio.sleep(0.05)
    return False


def sandbox_fixture(preload: Sequence[str] = ()) -> object:
    """A fixture `sandbox`: one started sandbox per tier and module."""

    @pytest_asyncio.fixture(scope="module", loop_scope="module", params=TIERS)
    async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
        async with opened(request.param, preload=preload) as started:
            yield started

    return sandbox
