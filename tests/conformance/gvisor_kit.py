"""Running Python inside the real gVisor, as a worker does in a pod that Pod Security calls restricted.

User 65532, no capability, no new privileges, a root file system that is read-only, a tmpfs on /tmp and on
/var/tmp, no network but the loopback. Nothing of the host can be written to.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.sandbox_kit import PYTHON, ROOT

PERSON = 65532
FETCHED = Path.home() / ".cache" / "placet" / "gvisor" / "runsc"
"""Where `deploy/setup.sh dev` puts a gVisor that is newer than the distribution's."""
SECONDS = 420
_SYSTEM = ("bin", "sbin", "lib", "lib64", "usr", "etc")
_CALLED_NEW = 2023


def installed() -> dict[str, str]:
    """The gVisors of this machine, by the date of their release; empty where there is none."""
    found = {}
    for candidate in (shutil.which("runsc"), shutil.which("runsc", path=str(FETCHED.parent))):
        if candidate is not None:
            found[_released(candidate)] = candidate
    return found


def newest() -> str:
    """A gVisor in which the sandbox can work. Skips where there is none, or where it cannot be tried."""
    found = installed()
    if not found or int(max(found)[:4]) < _CALLED_NEW:
        pytest.skip("no gVisor of 2023 or newer is installed: run `deploy/setup.sh dev`")
    if os.geteuid() != 0:
        pytest.skip("needs root to start a gVisor as the container runtime does")
    return found[max(found)]


@functools.cache
def _released(runsc: str) -> str:
    told = subprocess.run([runsc, "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[2].rpartition("-")[2].partition("~")[2] or told.split()[2].removeprefix("release-")


def in_pod(
    runsc: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command in a gVisor of its own, to its end."""
    with tempfile.TemporaryDirectory(prefix="placet-pod-") as directory:
        bundle = Path(directory)
        bundle.chmod(0o755)
        (bundle / "config.json").write_text(json.dumps(_bundle(bundle / "root", command, environment or {})))
        state = f"--root={bundle / 'state'}"
        start = (runsc, state, "--network=none", "--ignore-cgroups", "run", "--bundle", directory)
        name = f"placet-{os.getpid()}-{bundle.name}"
        try:
            return subprocess.run(
                [*start, name],
                input="",  # as root it gives its standard input to nobody, even when that is /dev/null
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        finally:
            subprocess.run([runsc, state, "kill", name, "KILL"], capture_output=True, check=False)


def python_in_pod(runsc: str, script: str, *arguments: str) -> Any:
    """What a script prints last, as JSON. It can import what this process can."""
    path = json.dumps([str(ROOT), *(entry for entry in sys.path if entry.endswith("-packages"))])
    begin = "import json, os, sys\nsys.path[:0] = json.loads(sys.argv[1])\n"
    ended = in_pod(runsc, [sys.executable, "-B", "-c", begin + script, path, *arguments])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return json.loads(ended.stdout.strip().splitlines()[-1])


def _bundle(root: Path, command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    none: list[str] = []
    return {
        "ociVersion": "1.0.0",
        "root": {"path": str(root), "readonly": True},
        "process": {
            "user": {"uid": PERSON, "gid": PERSON},
            "args": list(command),
            "cwd": "/",
            "noNewPrivileges": True,
            "env": [f"{name}={value}" for name, value in {"PATH": "/usr/bin:/bin", **environment}.items()],
            "capabilities": dict.fromkeys(("bounding", "effective", "permitted", "inheritable"), none),
        },
        "mounts": _mounts(root),
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }


def _mounts(root: Path) -> list[dict[str, Any]]:
    """Ours, beneath empty directories, so that a home that is closed to others does not close them."""
    ours = [ROOT, Path(sys.base_prefix), PYTHON.resolve().parents[1]]
    tops = {path.parts[1] for path in ours} - {*_SYSTEM, "tmp"}
    writable = {"/tmp": "size=1g,mode=1777", "/var/tmp": "size=64m,mode=1777"}
    closed = {f"/{top}": "mode=755" for top in tops}
    mounts: list[dict[str, Any]] = [{"destination": "/proc", "type": "proc"}]
    for place, options in {"/dev": "mode=755", **writable, **closed}.items():
        mounts.append({"destination": place, "type": "tmpfs", "options": options.split(",")})
    for path in _system(root) + [path for path in ours if path.parts[1] not in _SYSTEM]:
        shown = {"destination": str(path), "source": str(path), "type": "bind", "options": ["ro", "bind"]}
        if shown not in mounts:
            mounts.append(shown)
    for place in ("proc", "dev", "sys", "tmp", "var/tmp", *tops):
        (root / place).mkdir(parents=True, exist_ok=True)
    return mounts


def _system(root: Path) -> list[Path]:
    """The distribution's directories; links such as /lib are made anew."""
    shown = []
    root.mkdir()
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            (root / name).symlink_to(path.readlink())
        elif path.exists():
            (root / name).mkdir()
            shown.append(path)
    return shown
