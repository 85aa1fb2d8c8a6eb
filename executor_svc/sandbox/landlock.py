"""Landlock: which paths a process may read and write, and that it may reach nothing else.

Negotiates with the kernel what it supports. Standard library only; runs in the sandbox interpreter.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Sequence

from executor_svc.sandbox import kernel

_SYS_CREATE = 444
_SYS_ADD_RULE = 445
_SYS_RESTRICT_SELF = 446

_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_REMOVE_DIR = 1 << 4
_REMOVE_FILE = 1 << 5
_MAKE_DIR = 1 << 7
_MAKE_REG = 1 << 8
_REFER = 1 << 13
_TRUNCATE = 1 << 14

READ = _READ_FILE | _READ_DIR
# No devices, sockets, pipes or symbolic links: nothing a program needs for its files.
WRITE = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_FILE_RIGHTS = _WRITE_FILE | _READ_FILE | _TRUNCATE


def abi() -> int:
    """The Landlock version of the running kernel; 0 where there is none."""
    try:
        return kernel.syscall(_SYS_CREATE, None, 0, 1)
    except OSError:
        return 0


def _handled(version: int) -> tuple[int, int, int]:
    filesystem = (1 << 13) - 1
    if version >= 2:
        filesystem |= _REFER
    if version >= 3:
        filesystem |= _TRUNCATE
    if version >= 5:
        filesystem |= 1 << 15  # device ioctl
    network = 3 if version >= 4 else 0  # bind, connect: TCP
    scoped = 3 if version >= 6 else 0  # abstract sockets, signals
    return filesystem, network, scoped


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # less to reach, never more
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _FILE_RIGHTS
        kernel.syscall(_SYS_ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, handle), 0)
    finally:
        os.close(handle)


def restrict(readable: Sequence[str], writable: Sequence[str]) -> int:
    """Confine this process for ever.

    Needs no_new_privs. Returns the ABI used, 0 where the kernel has none.
    """
    version = abi()
    if version == 0:
        return 0
    handled = _handled(version)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("QQQ", *handled)[:size]
    ruleset = kernel.syscall(_SYS_CREATE, ctypes.c_char_p(attributes), size, 0)
    try:
        for path in readable:
            _allow(ruleset, path, READ & handled[0])
        for path in writable:
            _allow(ruleset, path, WRITE & handled[0])
        kernel.syscall(_SYS_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return version
