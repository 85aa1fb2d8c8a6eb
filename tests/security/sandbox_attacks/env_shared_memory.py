"""Read shared memory of the host by its id.

falls without: seccomp, ipcns
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
address = libc.shmat(int("@MEMORY@"), None, 0o10000)  # SHM_RDONLY
if address != ctypes.c_void_p(-1).value:
    print("GOT", ctypes.string_at(address, 32))
