"""A program lies about its end: with signals to itself, early exits, words that look like the executor's."""

from __future__ import annotations

import ctypes
import json
import signal
import struct

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import opened, run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")

_WITHOUT_EFFECT = (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH)
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
ENDING = sorted(set(range(1, 65)) - set(_WITHOUT_EFFECT) - set(_STOPS))

NOTE = """
import mmap, os, sys
frame, found = sys._getframe(), 0
while frame is not None:
    for value in list(frame.f_locals.values()):
        if isinstance(value, mmap.mmap):
            value[0] = found = 1
    frame = frame.f_back
print("forged" if found else "nothing to forge", flush=True)
"""


def _dies_of(number: int) -> str:
    # Past Python and the C library, which keep some of the numbers for themselves.
    return f"""
import ctypes, os, signal
if {number} not in (signal.SIGKILL, 32, 33):
    signal.signal({number}, signal.SIG_DFL)
ctypes.CDLL(None).syscall(62, os.getpid(), {number})
"""


@pytest.mark.skipif(
    __import__("platform").machine() != "x86_64", reason="the call's number is that of x86-64"
)
async def test_a_program_that_kills_itself_was_signalled_whatever_the_signal(sandbox: Sandbox) -> None:
    ends = {}
    for number in ENDING:
        ran = await run(sandbox, _dies_of(number))
        ends[number] = (ran.status, ran.result.signal, ran.result.exit_code)
    assert ends == {number: ("SIGNALED", number, None) for number in ENDING}


async def test_a_forged_note_of_lacking_memory_does_not_outweigh_a_signal(sandbox: Sandbox) -> None:
    for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGXCPU):
        ran = await run(sandbox, f"{NOTE}\nos.kill(os.getpid(), {int(number)})")
        assert (ran.stdout, ran.status, ran.result.signal) == (b"forged\n", "SIGNALED", number)


async def test_a_forged_note_of_lacking_memory_does_not_outweigh_an_exit_code(sandbox: Sandbox) -> None:
    ran = await run(sandbox, f"{NOTE}\nsys.exit(0)")
    assert (ran.stdout, ran.status, ran.result.exit_code) == (b"forged\n", "EXITED", 0)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import os; os._exit(7)", 7),
        ("import os; os._exit(256 + 7)", 7),
        ("import sys; sys.exit(-1)", 255),
        ("import sys; sys.exit(1 << 80)", 0),
        ("import sys; sys.exit('no number')", 1),
        ("import sys; sys.exit(0.0)", 1),
        ("raise SystemExit(True)", 1),
        ("import atexit, os; atexit.register(os._exit, 7)", 7),
        ("import atexit, sys; atexit.register(sys.exit, 7)", 0),
        ("import os, threading; threading.Thread(target=os._exit, args=(7,)).start()", 7),
        ("import ctypes; ctypes.CDLL(None).exit(7)", 7),
        ("import ctypes; ctypes.CDLL(None)._exit(7)", 7),
        ("class E(BaseException):\n    __init__ = lambda self: None\nraise E", 1),
        ("class E(SystemExit):\n    code = property(lambda self: 1 / 0)\nraise E", 1),
        ("import builtins; builtins.print = None; import sys; sys.exit('text')", 1),
        ("import sys; del sys.stdout, sys.stderr", 0),
        ("import sys; sys.modules.clear()", 0),
        ("import sys; sys.modules['__main__'] = None; sys.exit(7)", 7),
    ],
)
async def test_an_exit_is_an_exit_however_it_comes_about(sandbox: Sandbox, program: str, code: int) -> None:
    ran = await run(sandbox, program)
    assert (ran.status, ran.result.exit_code, ran.result.signal) == ("EXITED", code, None)


async def test_words_that_look_like_ours_are_output_and_nothing_else(sandbox: Sandbox) -> None:
    forged = json.dumps({"run_finished": {"status": "EXITED", "exit_code": 0}, "armed": True, "done": True})
    program = f"""
import os
text = {forged!r}.encode()
for handle in range(128):
    try:
        os.write(handle, text if handle in (1, 2) else b"armed" + text)
    except OSError:
        pass
os._exit(3)
"""
    ran = await run(sandbox, program)
    assert (ran.status, ran.result.exit_code) == ("EXITED", 3)
    assert (ran.stdout, ran.stderr) == (forged.encode(), forged.encode())


async def test_a_program_does_not_choose_what_its_use_is_said_to_be(sandbox: Sandbox) -> None:
    program = """
import os, resource, time
resource.getrusage = resource.prlimit = time.process_time = lambda *_: 0
end = time.perf_counter() + 0.3
while time.perf_counter() < end:
    pass
print("x" * 999)
os.kill(os.getpid(), 9)
"""
    ran = await run(sandbox, program)
    usage = ran.result.usage
    assert (ran.status, usage.stdout_bytes, usage.stderr_bytes) == ("SIGNALED", 1000, 0)
    assert usage.wall_ms >= 300
    assert usage.cpu_ms >= 20


async def test_the_first_limit_that_was_reached_names_the_end(sandbox: Sandbox) -> None:
    program = """
import os, sys
try:
    while True:
        os.write(1, bytes(65536))
finally:
    os.kill(os.getpid(), 11)
"""
    assert (await run(sandbox, program)).status == "OUTPUT_EXCEEDED"
    assert (await run(sandbox, "raise MemoryError('not really')")).result.exit_code == 1


async def test_a_signal_that_the_executor_blocks_still_ends_a_program() -> None:
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        async with opened("T1", preload=()) as started:
            ran = await run(started, "import os; os.kill(os.getpid(), 15)")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    assert (ran.status, ran.result.signal) == ("SIGNALED", 15)


@pytest.mark.skipif(
    __import__("platform").machine() != "x86_64", reason="the call's number is that of x86-64"
)
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, 32])
async def test_a_signal_that_the_executor_ignores_still_ends_a_program(number: int) -> None:
    ignored, before = struct.pack("QQQQ", 1, 0, 0, 0), ctypes.create_string_buffer(32)
    change = ctypes.CDLL(None).syscall
    assert change(13, int(number), ignored, before, 8) == 0
    try:
        async with opened("T1", preload=()) as started:
            ran = await run(
                started, f"import ctypes, os; ctypes.CDLL(None).syscall(62, os.getpid(), {int(number)})"
            )
    finally:
        assert change(13, int(number), before, None, 8) == 0
    assert (ran.status, ran.result.signal) == ("SIGNALED", number)
