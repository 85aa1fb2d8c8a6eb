"""Write to the own memory through a file, past the protection of its pages.

falls without: landlock, root, dumpable
"""

import ctypes

text = ctypes.cast(ctypes.pythonapi.Py_IncRef, ctypes.c_void_p).value
with open("/proc/self/mem", "r+b", buffering=0) as memory:
    memory.seek(text)
    first = memory.read(1)
    memory.seek(text)
    memory.write(first)
print("GOT code written to")
