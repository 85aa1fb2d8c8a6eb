"""The canary: a program that attacks its own sandbox and says what it could not do.

The executor believes a tier only when this program, run as any other, saw it. Trusted side, except for the
source in `CANARY`, which runs inside.
"""

from __future__ import annotations

import json
import string
from collections.abc import Sequence

from executor_svc.sandbox.types import SandboxUnavailable

CANARY = string.Template(
    """
import json, os, socket, subprocess, sys
checks = {}
def refused(name, attempt):
    try:
        attempt()
    except BaseException:
        checks[name] = True
    else:
        checks[name] = False
refused("no socket of any family", lambda: socket.socket())
refused("no local socket", lambda: socket.socketpair())
refused("no new process", lambda: os.fork())
refused("no other program", lambda: subprocess.run(["/bin/true"]))
refused("no exec", lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"]))
for path in $secrets:
    refused("cannot read " + path, lambda: open(path, "rb").read(1) and None)
    refused("cannot list " + path, lambda: os.listdir(path))
refused("cannot write outside the working directory", lambda: open($outside, "w"))
def writable(place):
    path = os.path.join(place, "placet-canary")
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except OSError:
        return False
    os.unlink(path)
    return True
own = {os.getcwd(), os.environ["TMPDIR"]}
places = {"/", "/dev", "/dev/shm", "/etc", "/run", "/tmp", "/var/tmp", "/work", *sys.path}
if $isolated:
    try:
        places |= {"/" + name for name in os.listdir("/")}
    except OSError:
        pass  # not even that
checks["can write in its own directories"] = all(map(writable, own))
checks["cannot write in any other directory"] = not any(map(writable, places - own))
refused("cannot read other processes", lambda: open("/proc/1/environ", "rb"))
refused("cannot signal other processes", lambda: os.kill(-1, 0))
checks["not root"] = os.getuid() != 0 and os.geteuid() != 0
known = set($environment)
checks["environment holds only our own settings"] = set(os.environ) <= known
import ctypes, struct
libc = ctypes.CDLL(None)
sets = ctypes.create_string_buffer(24)
header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
checks["no capabilities"] = libc.capget(header, sets) == 0 and sets.raw == bytes(24)
checks["no new privileges"] = libc.prctl(39, 0, 0, 0, 0) == 1
checks["filter on system calls"] = libc.prctl(21, 0, 0, 0, 0) == 2
opened = []
for handle in range(3, 64):
    try:
        os.fstat(handle)
        opened.append(handle)
    except OSError:
        pass
checks["no inherited descriptor"] = not opened
if $isolated:
    checks["own process numbers"] = os.getpid() < 10
    checks["own root directory"] = not os.path.exists("/var") and not os.path.exists("/proc")
print(json.dumps(checks))
"""
)


def program(*, isolated: bool, secrets: Sequence[str], environment: Sequence[str]) -> bytes:
    """The canary for a tier; `secrets` are host paths that must not be readable."""
    text = CANARY.substitute(
        secrets=repr(tuple(secrets)),
        outside=repr("/var/placet-canary"),
        environment=repr(tuple(environment)),
        isolated=repr(isolated),
    )
    return text.encode()


def judge(output: bytes) -> tuple[str, ...]:
    """The properties that held, one line each. Raises SandboxUnavailable naming those that did not."""
    try:
        checks = json.loads(output)
        broken = sorted(name for name, held in checks.items() if held is not True)
    except (ValueError, AttributeError) as error:
        raise SandboxUnavailable("the sandbox's self-test did not answer; no program will be run") from error
    if broken or not checks:
        raise SandboxUnavailable(
            f"the sandbox's self-test failed: {'; '.join(broken)}; no program will be run"
        )
    return tuple(sorted(checks))
