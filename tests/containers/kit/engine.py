"""podman, as deploy/images/machine calls it on this machine; images in a store of the tests' own.

Knows containers. Must not know what runs in them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "placet"
STORE = CACHE / "containers"
"""Kept from one time to the next, so that only what changed is built."""
BASE = "localhost/placet-base:bookworm"
TAG = "test"
NEEDED = ("podman", "runc", "mmdebstrap", "nft", "ip")
BUILD_S = 480


def needed() -> None:
    """Skip, by name, what this machine cannot do."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(
            f"{', '.join(missing)} not here: deploy/setup.sh dev installs what containers are tested with"
        )
    if os.geteuid() != 0:
        pytest.skip("networks of containers are made as root")


def environment(*, gvisor: bool = False) -> Mapping[str, str]:
    return {**os.environ, "PLACET_CONTAINERS": str(STORE), **({"PLACET_GVISOR": "1"} if gvisor else {})}


def podman(*arguments: str, gvisor: bool = False, timeout: float = 60, check: bool = True) -> str:
    """What podman prints, both streams. Raises AssertionError with it on failure if `check` is set."""
    code, told = attempt(*arguments, gvisor=gvisor, timeout=timeout)
    assert not check or code == 0, f"podman {' '.join(arguments)}:\n{told}"
    return told


def attempt(*arguments: str, gvisor: bool = False, timeout: float = 60) -> tuple[int, str]:
    """The exit code of podman or of what it ran, and what was printed."""
    done = subprocess.run(
        [ROOT / "deploy/images/machine/podman.sh", *arguments],
        env=environment(gvisor=gvisor),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout


def build(*arguments: str) -> str:
    """Run deploy/images/build.sh from a base made here; what it prints. One at a time."""
    STORE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "containers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [ROOT / "deploy/images/build.sh", "--base", "local", "--tag", TAG, *arguments],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=BUILD_S,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout
