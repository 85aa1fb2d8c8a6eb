"""Leave a queue of messages with a name.

falls without: seccomp, landlock, ipcns, limit on message queues
machine: x86_64
again: yes
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(240, b"left", 2, 0, None) >= 0:  # mq_open
    libc.syscall(241, b"left")  # mq_unlink
    print("GOT the queue of the last run")
else:
    libc.syscall(240, b"left", 0o102, 0o600, None)
