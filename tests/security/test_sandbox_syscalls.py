"""A program makes system calls itself, past every library."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = {
    "socket": (41, "2, 1, 0"),
    "socketpair": (53, "1, 1, 0, buffer"),
    "connect": (42, "0, buffer, 16"),
    "ptrace": (101, "0, 0, 0, 0"),
    "mount": (165, "b'none', b'/box', b'tmpfs', 0, 0"),
    "umount2": (166, "b'/work', 2"),
    "pivot_root": (155, "b'.', b'.'"),
    "chroot": (161, "b'.'"),
    "unshare user": (272, "0x10000000"),
    "setns": (308, "0, 0"),
    "clone new user namespace": (56, "0x10000011, 0, 0, 0, 0"),
    "clone3": (435, "buffer, 88"),
    "vfork": (58, ""),
    "execve": (59, "b'/bin/true', 0, 0"),
    "execveat": (322, "-100, b'/bin/true', 0, 0, 0"),
    "io_uring_setup": (425, "8, buffer"),
    "bpf": (321, "0, buffer, 64"),
    "perf_event_open": (298, "buffer, 0, -1, -1, 0"),
    "userfaultfd": (323, "0"),
    "keyctl": (250, "0, -3, 0"),
    "add_key": (248, "b'user', b'a', b'b', 1, -3"),
    "process_vm_readv": (310, "1, buffer, 1, buffer, 1, 0"),
    "pidfd_open": (434, "1, 0"),
    "pidfd_getfd": (438, "0, 0, 0"),
    "open_by_handle_at": (304, "-100, buffer, 0"),
    "mknod": (133, "b'device', 0o20666, 0x103"),
    "setuid": (105, "0"),
    "setresuid": (117, "0, 0, 0"),
    "capset": (126, "buffer, buffer"),
    "init_module": (175, "buffer, 10, b''"),
    "kexec_load": (246, "0, 0, 0, 0"),
    "reboot": (169, "0xfee1dead, 672274793, 0, 0"),
    "personality": (135, "0x0040000"),
    "modify_ldt": (154, "0, buffer, 16"),
    "memfd_secret": (447, "0"),
    "fsopen": (430, "b'tmpfs', 0"),
    "open_tree": (428, "-100, b'/', 1"),
    "seccomp": (317, "0, 0, 0"),
    "prctl dumpable": (157, "4, 1, 0, 0, 0"),
    "prctl seccomp": (157, "22, 1, 0, 0, 0"),
    "fcntl set owner": (72, "1, 8, 1"),
    "ioctl push input": (16, "1, 0x5412, b'x'"),
    "prlimit of another process": (302, "1, 7, 0, buffer"),
    "shmget": (29, "1, 4096, 0o1666"),
    "inotify": (253, ""),
    "quotactl": (179, "0, 0, 0, 0"),
    "symlink": (88, "b'/etc/shadow', b'link'"),
    "link": (86, "b'a', b'b'"),
    "landlock": (444, "0, 0, 1"),
}


@pytest.mark.skipif(__import__("platform").machine() != "x86_64", reason="numbers are those of x86-64")
@pytest.mark.parametrize("name", CALLS)
async def test_a_raw_system_call_fails_or_ends_the_program(sandbox: Sandbox, name: str) -> None:
    number, arguments = CALLS[name]
    program = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
buffer = ctypes.create_string_buffer(256)
print(libc.syscall({", ".join(part for part in (str(number), arguments) if part)}))
"""
    ran = await run(sandbox, program)
    if ran.status == "SIGNALED":
        assert ran.result.signal == 31
    else:
        assert (ran.result.exit_code, ran.stdout, ran.stderr) == (0, b"-1\n", b"")
