"""Clone a process into new namespaces with clone3.

falls without: seccomp
machine: x86_64
"""

import ctypes
import struct

libc = ctypes.CDLL(None, use_errno=True)
arguments = struct.pack("11Q", 0x7E020000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0)
child = libc.syscall(435, arguments, len(arguments))
if child == 0:
    libc._exit(0)
if child > 0:
    print("GOT a child in namespaces of its own")
