"""What the sandbox interpreter is made of: its version, its paths, its libraries. Asked once, of the
interpreter itself.

Trusted side. Runs the interpreter without any program.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from executor_svc.sandbox.types import SandboxUnavailable

_QUESTION = """
import json, os, sys, sysconfig
from importlib import metadata
paths = sysconfig.get_paths()
stdlib = [p for p in sys.path if p.startswith(sys.base_prefix) and not p.endswith("-packages")]
site = list(dict.fromkeys(os.path.realpath(paths[k]) for k in ("purelib", "platlib")))
late = [p for p in [os.path.realpath(os.path.join(sys.prefix, "late"))] if os.path.isdir(p)]
found = {d.metadata["Name"]: d.version for d in metadata.distributions(path=[*late, *site])}
libraries = sorted(f"{n}=={v}" for n, v in found.items() if n not in ("pip", "setuptools", "wheel"))
base = os.path.realpath(sys.base_prefix)
print(json.dumps({"stdlib": stdlib, "site": site, "late": late, "base": base, "libraries": libraries}))
"""
_SYSTEM = ("/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo")


@dataclass(frozen=True)
class Interpreter:
    """`path` becomes sys.path, `readable` is all a program can see of the host.

    `late` is appended to the path once libraries are loaded: what lies there each run loads for itself.
    """

    python: Path
    path: tuple[str, ...]
    late: tuple[str, ...]
    readable: tuple[str, ...]
    libraries: tuple[str, ...]


async def describe(python: Path) -> Interpreter:
    """Ask the interpreter. Raises SandboxUnavailable if it cannot be started."""
    try:
        process = await asyncio.create_subprocess_exec(
            str(python),
            "-I",
            "-c",
            _QUESTION,
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
    except OSError as error:
        raise SandboxUnavailable(
            f"cannot start the sandbox interpreter {python}: {error.strerror}"
        ) from error
    if process.returncode != 0:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SandboxUnavailable(f"the sandbox interpreter {python} does not work: {' '.join(last)}")
    answer = json.loads(output)
    late = tuple(answer["late"])
    readable = _outermost([f"{answer['base']}/lib", *answer["site"], *late, *_SYSTEM])
    path = (*answer["stdlib"], *answer["site"])
    return Interpreter(python, path, late, readable, tuple(answer["libraries"]))


def _outermost(paths: list[str]) -> tuple[str, ...]:
    """Existing paths, none inside another, links (such as /lib) last."""
    existing = sorted(
        {path for path in paths if Path(path).exists()}, key=lambda path: (Path(path).is_symlink(), path)
    )
    kept: list[str] = []
    for path in existing:
        if not any(path == other or path.startswith(other + "/") for other in kept):
            kept.append(path)
    return tuple(kept)
