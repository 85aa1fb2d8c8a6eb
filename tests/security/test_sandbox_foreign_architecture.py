"""A program speaks to the kernel as a program of another architecture, whose calls have other numbers."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _call(sandbox: Sandbox, machine_code: bytes) -> tuple[str, int | None]:
    program = f"""
import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write({machine_code!r})
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_long)(address)())
"""
    ran = await run(sandbox, program)
    return ran.status, ran.result.signal


X86 = pytest.mark.skipif(__import__("platform").machine() != "x86_64", reason="x86-64 machine code")


@X86
async def test_our_own_machine_code_can_call_at_all(sandbox: Sandbox) -> None:
    # mov eax, 39 (getpid); syscall; ret
    assert await _call(sandbox, bytes.fromhex("b8270000000f05c3")) == ("EXITED", None)


@X86
@pytest.mark.parametrize("number", [20, 2, 11, 102, 359])  # getpid, fork, execve, socketcall, socket
async def test_a_32_bit_call_ends_the_program(sandbox: Sandbox, number: int) -> None:
    # mov eax, number; int 0x80; ret
    code = b"\xb8" + number.to_bytes(4, "little") + bytes.fromhex("cd80c3")
    assert await _call(sandbox, code) in [("SIGNALED", 31), ("SIGNALED", 11)]


@X86
@pytest.mark.parametrize("number", [39, 41, 57, 520])
async def test_an_x32_call_ends_the_program(sandbox: Sandbox, number: int) -> None:
    code = b"\xb8" + (0x40000000 + number).to_bytes(4, "little") + bytes.fromhex("0f05c3")
    assert await _call(sandbox, code) == ("SIGNALED", 31)
