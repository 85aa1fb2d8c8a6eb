"""The sandbox's defences, one by one removable: what each attack must get past.

A defence inside the sandbox is removed from a copy of its modules, from which the zygote and the steward are
then started; one of the executor is replaced in this process. Nothing here is ever used outside tests.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from executor_svc.sandbox import Sandbox, forkserver, open_sandbox
from executor_svc.sandbox.backend import LinuxSandbox
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


DEFENCES: dict[str, Defence] = {
    "seccomp": Defence((("child.py", "    kernel.install_seccomp(_own_filter(arming.seccomp))\n", ""),)),
    "landlock": Defence((("landlock.py", "    if version == 0:\n        return 0\n", "    return 7\n"),)),
    "root": Defence(
        (
            (
                "namespaces.py",
                "    for device in DEVICES:\n        _bind_device(device)\n",
                "    for path in ('/var', '/proc', '/dev', '/run', '/root', '/home'):\n"
                "        if Path(path).is_dir():\n"
                "            Path(_STAGE + path).mkdir(exist_ok=True)\n"
                "            kernel.mount(path, _STAGE + path, None, kernel.MS_BIND | kernel.MS_REC)\n",
            ),
        )
    ),
    "netns": _flag("NET"),
    "ipcns": _flag("IPC"),
    "utsns": _flag("UTS"),
    "pidns": Defence(
        (
            ("steward.py", "kernel.fork_sibling(kernel.CLONE_NEWPID)", "kernel.fork_sibling()"),
            ("zygote.py", "kernel.setns(channels.keeper, kernel.CLONE_NEWPID)", "pass"),
        )
    ),
    "capabilities": Defence((("child.py", "    kernel.drop_capabilities()\n", ""),)),
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
