"""Read and bend the clock.

falls without: seccomp
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(305, 0, ctypes.create_string_buffer(208)) >= 0:
    print("GOT the clock")
