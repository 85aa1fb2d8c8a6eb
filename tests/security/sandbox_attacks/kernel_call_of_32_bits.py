"""Call the kernel as a 32-bit program, whose calls have other numbers.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

# mov eax, 20 (getpid); int 0x80; ret
import ctypes
import mmap
import os

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))
code = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if code() == os.getpid():
    print("GOT an answer to a 32-bit call")
