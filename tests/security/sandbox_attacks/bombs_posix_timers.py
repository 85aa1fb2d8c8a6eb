"""Make 1000 timers in the kernel.

falls without: seccomp
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
timer = ctypes.c_void_p()
for _ in range(1000):
    if libc.timer_create(0, None, ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create")
print("GOT 1000 timers")
