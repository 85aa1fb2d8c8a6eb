"""Clone a process that is the child of our parent, the executor, and not ours.

falls without: nothing: the executor would not wait for it, so that its pid namespace could not end
machine: x86_64
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)

child = libc.syscall(56, 0x8011, 0, 0, 0, 0)  # CLONE_PARENT
if child == 0:
    libc._exit(0)
if child > 0:
    print("GOT a sibling")
