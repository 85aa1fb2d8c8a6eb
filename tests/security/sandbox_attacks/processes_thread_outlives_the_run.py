"""Leave a thread behind that goes on after the first has ended.

falls without: wall clock
machine: x86_64
limits: wall_s=0.7
ends: TIMED_OUT
"""

import ctypes
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)


def stay() -> None:
    time.sleep(1.5)
    print("GOT older than my run", flush=True)


threading.Thread(target=stay).start()
libc.syscall(60, 0)  # exit: this thread only
