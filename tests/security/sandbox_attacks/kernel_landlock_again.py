"""Make rules of our own for files.

falls without: seccomp
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
rules = struct.pack("Q", 1)
if libc.syscall(444, rules, 8, 0) >= 0:
    print("GOT a set of rules")
