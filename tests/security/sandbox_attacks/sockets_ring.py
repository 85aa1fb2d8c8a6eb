"""Make a socket by a request in an io_uring, which no filter sees.

falls without: seccomp, limit on locked memory
ends: SIGNALED 31
"""

import ctypes
import mmap
import struct

libc = ctypes.CDLL(None, use_errno=True)
parameters = ctypes.create_string_buffer(120)
ring = libc.syscall(425, 4, parameters)  # io_uring_setup
if ring < 0:
    raise OSError(ctypes.get_errno(), "io_uring_setup")
submission = struct.unpack_from("10I", parameters.raw, 40)  # head, tail, ring_mask, ring_entries, flags, dropped, array
completion = struct.unpack_from("10I", parameters.raw, 80)  # head, tail, ring_mask, ring_entries, overflow, cqes
queue = mmap.mmap(ring, 4096, mmap.MAP_SHARED, offset=0)
entries = mmap.mmap(ring, 4096, mmap.MAP_SHARED, offset=0x10000000)
entries[:64] = struct.pack("BBHiQQIIQ", 45, 0, 0, 2, 1, 0, 0, 0, 7) + bytes(24)  # IORING_OP_SOCKET: AF_INET, SOCK_STREAM
struct.pack_into("I", queue, submission[6], 0)
struct.pack_into("I", queue, submission[1], 1)
libc.syscall(426, ring, 1, 1, 1, None, 0)  # io_uring_enter, IORING_ENTER_GETEVENTS
_, made = struct.unpack_from("Qi", queue, completion[5])
if made >= 0:
    print("GOT", made)
