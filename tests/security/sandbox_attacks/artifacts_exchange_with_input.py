"""Exchange an input for a file of our own.

falls without: sticky
tiers: T1
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
open("mine.csv", "w").close()
if libc.renameat2(-100, b"mine.csv", -100, b"given.csv", 2):  # RENAME_EXCHANGE
    raise OSError(ctypes.get_errno())
print("GOT another input")
