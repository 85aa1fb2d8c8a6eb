"""Change the mode of a library (to what it is).

falls without: sealed, nobody
"""

import ctypes
import os

mode = os.stat(os.__file__).st_mode & 0o777
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(90, os.__file__.encode(), mode) == 0:
    print("GOT", os.__file__)
