"""Make a queue of messages, which is memory of the kernel.

falls without: seccomp, landlock, limit on message queues
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(240, b"attack", 0o102, 0o600, None) >= 0:  # mq_open
    libc.syscall(241, b"attack")  # mq_unlink
    print("GOT a queue")
