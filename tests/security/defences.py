"""The sandbox's defences, one by one removable: what each attack must get past.

A defence inside the sandbox is removed from a copy of its modules, from which the zygote and the steward are
then started; one of the executor is replaced in this process. Nothing here is ever used outside tests.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import (
    InputFile,
    Sandbox,
    aio,
    cell,
    cgroup,
    forkserver,
    hostbox,
    open_sandbox,
    quota,
    run,
)
from executor_svc.sandbox.backend import LinuxSandbox
from executor_svc.sandbox.collect import place_inputs
from executor_svc.sandbox.namespaces import SANDBOX_ID
from executor_svc.sandbox.run import Run
from tests.conformance.sandbox_kit import PYTHON, reachable_python

SOURCES = Path(forkserver.__file__).parent


@dataclass(frozen=True)
class Defence:
    """How to be without it: texts to replace in the copied modules, attributes to replace in ours."""

    texts: tuple[tuple[str, str, str], ...] = ()
    """Module, text that occurs in it, what stands there instead."""
    ours: tuple[tuple[Any, str, Any], ...] = field(default=())
    """Object, attribute, replacement."""


def _flag(name: str) -> Defence:
    """Without one namespace."""
    return Defence((("namespaces.py", f"kernel.CLONE_NEW{name}", "0"),))


def _limit(line: str) -> Defence:
    """Without a limit that a program process takes upon itself."""
    return Defence((("child.py", line, ""),))


async def _watch_without_clock(run: Run) -> None:
    while True:
        await asyncio.sleep(0.02)
        run._check_cpu()
        run._check_memory()
        await run._check_disk()


async def _no_look(_run: Run) -> None:
    pass


async def _pump_without_cut(run: Run, stream: Any) -> None:
    """Beyond a MiB it forwards nothing but does not mind either."""
    while True:
        await aio.readable(stream.handle)
        data = os.read(stream.handle, 1 << 16)
        if not data:
            return
        kept = data[: (1 << 20) - stream.count]
        stream.count += len(kept)
        if kept:
            await run._on_output(stream.name, kept)


def _everybodys_inputs(directory: int, inputs: Collection[InputFile]) -> None:
    """Inputs that belong to the program."""
    place_inputs(directory, inputs)
    for item in inputs:
        handle = os.open(item.name, os.O_RDONLY, dir_fd=directory)
        os.fchown(handle, SANDBOX_ID, SANDBOX_ID)
        os.fchmod(handle, 0o666)
        os.close(handle)


_create_box, _remove_box = hostbox.create, hostbox.remove


@functools.cache
def _lasting_box() -> Path:
    """One box for all runs."""
    box = _create_box()
    atexit.register(_remove_box, box)
    return box


def _place_anew(directory: int, inputs: Collection[InputFile]) -> None:
    for item in inputs:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(item.name, dir_fd=directory)
    place_inputs(directory, inputs)


def _remove_others(box: Path) -> None:
    if box != _lasting_box():
        _remove_box(box)


class _Inheriting:
    """What the executor starts its children with, when it gives them all of its environment."""

    DEVNULL = subprocess.DEVNULL

    @staticmethod
    def Popen(command: Sequence[str], env: Mapping[str, str], **rest: Any) -> subprocess.Popen[bytes]:  # noqa: N802
        return subprocess.Popen(command, env={**os.environ, **env}, **rest)


DEFENCES: dict[str, Defence] = {
    "seccomp": Defence((("child.py", "    kernel.install_seccomp(_own_filter(arming.seccomp))\n", ""),)),
    "landlock": Defence((("landlock.py", "    if version == 0:\n        return 0\n", "    return 7\n"),)),
    "root": Defence(
        (
            (
                "namespaces.py",
                "    for device in DEVICES:\n        _put_device(device, bind_device)\n",
                "    for path in ('/var', '/proc', '/dev', '/run', '/root', '/home'):\n"
                # One that nobody may enter would hide the interpreter, where that lies there.
                "        if Path(path).is_dir() and Path(path).stat().st_mode & 0o001:\n"
                "            Path(_STAGE + path).mkdir(exist_ok=True)\n"
                "            kernel.mount(path, _STAGE + path, None, kernel.MS_BIND | kernel.MS_REC)\n",
            ),
        )
    ),
    "netns": _flag("NET"),
    "ipcns": _flag("IPC"),
    "utsns": Defence(
        (
            ("namespaces.py", "kernel.CLONE_NEWUTS", "0"),
            ("namespaces.py", "    socket.sethostname(_HOST_NAME)\n", ""),
        )
    ),
    "pidns": Defence(
        (
            ("steward.py", "kernel.fork_sibling(kernel.CLONE_NEWPID)", "kernel.fork_sibling()"),
            ("zygote.py", "kernel.setns(channels.keeper, kernel.CLONE_NEWPID)", "pass"),
        )
    ),
    "capabilities": Defence((("child.py", "    kernel.drop_capabilities()\n", ""),)),
    "userns": Defence(
        (
            ("namespaces.py", "        kernel.unshare(kernel.CLONE_NEWUSER)\n", ""),
            ("namespaces.py", "        _write_maps(proc, SANDBOX_ID, SANDBOX_ID)\n", ""),
            (
                "namespaces.py",
                "kernel.setns(keeper, kernel.CLONE_NEWUSER | _ISOLATED)",
                "kernel.setns(keeper, _ISOLATED)",
            ),
        )
    ),
    "nobody": Defence(
        (
            ("namespaces.py", "    if as_root:\n        os.setresgid", "    if False:\n        os.setresgid"),
            ("child.py", "        namespaces.become_nobody()\n", "        pass\n"),
        )
    ),
    # Of the run's disk and the libraries.
    "sealed": Defence(
        (
            (
                "namespaces.py",
                "    kernel.restrict_mount(target, _SEALED | kernel.MOUNT_ATTR_NODEV, recursive=True)\n",
                "",
            ),
        )
    ),
    "sealed devices": Defence((("namespaces.py", "    kernel.restrict_mount(target, _SEALED)", "    pass"),)),
    "nodev": Defence((("namespaces.py", "kernel.MS_NOSUID | kernel.MS_NODEV", "kernel.MS_NOSUID"),)),
    "quota out of sight": Defence((("namespaces.py", "    kernel.umount_detached(_QUOTA)\n", ""),)),
    "sticky": Defence((("namespaces.py", "0o1777", "0o777"),)),
    # Of what the program's process was before.
    "environment": Defence(ours=((forkserver, "subprocess", _Inheriting),)),
    "forgetting": Defence((("program.py", "        sys.modules.pop(name, None)\n", "        pass\n"),)),
    "dumpable": Defence((("child.py", "kernel.PR_SET_DUMPABLE, 0", "kernel.PR_SET_DUMPABLE, 1"),)),
    "descriptors": Defence(
        (
            (
                "child.py",
                "    os.closerange(len(high), resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n",
                "",
            ),
        )
    ),
    "order": Defence((("child.py", "        os.close(order)\n", ""),)),
    "deaf executor": Defence(ours=((cell, "_stop_listening", lambda _order: None),)),
    "keeper handle": Defence((("child.py", "        os.close(4)\n", ""),)),
    "keeper dumpable": Defence((("keeper.py", "            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)\n", ""),)),
    # Of limits.
    "limit on data": _limit("    resource.setrlimit(resource.RLIMIT_DATA, (data, data + spare))\n"),
    "limit on cpu": _limit("    resource.setrlimit(resource.RLIMIT_CPU, (2 * cpu_s, 2 * cpu_s + 1))\n"),
    "limit on file size": _limit("    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))\n"),
    "limit on core files": _limit("        resource.RLIMIT_CORE: 0,\n"),
    "limit on open files": _limit("        resource.RLIMIT_NOFILE: _OPEN_FILES,\n"),
    "limit on threads": Defence((("child.py", "limits[resource.RLIMIT_NPROC] = _THREADS", "pass"),)),
    "limit on message queues": _limit("        resource.RLIMIT_MSGQUEUE: 0,\n"),
    "limit on locked memory": _limit("        resource.RLIMIT_MEMLOCK: 0,\n"),
    "control group": Defence(ours=((cgroup, "create", lambda: None),)),
    "cpu watch": Defence(ours=((Run, "_check_cpu", lambda _run: None),)),
    "memory watch": Defence(ours=((Run, "_check_memory", lambda _run: None),)),
    "disk watch": Defence(ours=((Run, "_check_disk", _no_look),)),
    "wall clock": Defence(ours=((Run, "_watch", _watch_without_clock),)),
    "output cut": Defence(ours=((Run, "_pump", _pump_without_cut),)),
    "quota": Defence(ours=((quota, "disk_of", lambda *_: (1 << 30, 1 << 20)),)),
    "inputs of others": Defence(ours=((run, "place_inputs", _everybodys_inputs),)),
    "box of its own": Defence(
        ours=(
            (hostbox, "create", _lasting_box),
            (hostbox, "remove", _remove_others),
            (run, "place_inputs", _place_anew),
        )
    ),
}


async def _untested(_sandbox: LinuxSandbox, _tier: str) -> tuple[str, ...]:
    return ("not tested",)


@contextlib.contextmanager
def removed(names: Sequence[str]) -> Iterator[None]:
    """Sandboxes that are started meanwhile lack these defences, and do not test themselves.

    Raises AssertionError when a text to replace is not there any more.
    """
    with (
        tempfile.TemporaryDirectory(prefix="placet-mutated-") as directory,
        pytest.MonkeyPatch.context() as patch,
    ):
        package = Path(directory) / "executor_svc" / "sandbox"
        shutil.copytree(SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
        Path(directory).chmod(0o755)
        for name in names:
            for module, text, instead in DEFENCES[name].texts:
                source = (package / module).read_text()
                assert text in source, f"{name}: {module} does not hold {text!r}"
                (package / module).write_text(source.replace(text, instead))
            for thing, attribute, replacement in DEFENCES[name].ours:
                patch.setattr(thing, attribute, replacement)
        patch.setattr(forkserver, "LAUNCHER", package / "launch.py")
        patch.setattr(LinuxSandbox, "_probe", _untested)
        yield


@contextlib.asynccontextmanager
async def without(names: Sequence[str], tier: str) -> AsyncIterator[Sandbox]:
    """A started sandbox of that tier that lacks these defences."""
    with removed(names):
        python = reachable_python() if tier == "T0" else PYTHON
        sandbox = open_sandbox(python, pool_size=1, min_tier=tier, max_tier=tier, preload=())
        await sandbox.start()
        try:
            yield sandbox
        finally:
            await sandbox.close()
