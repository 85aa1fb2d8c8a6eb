"""Find the executor's secrets in the C library's environment.

falls without: environment
"""

import ctypes

libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
found = libc.getenv(b"PLACET_ATTACKED_TOKEN")
if found:
    print("GOT", found)
