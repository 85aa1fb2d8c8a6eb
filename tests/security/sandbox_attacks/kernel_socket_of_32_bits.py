"""Make a socket with a 32-bit call.

falls without: seccomp
machine: x86_64
ends: SIGNALED 31
"""

# mov eax, 359 (socket); mov ebx, 1 (AF_UNIX); mov ecx, 1; xor edx, edx; push rbx ... pop rbx; int 0x80; ret
import ctypes
import mmap

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("53b867010000bb01000000b90100000031d2cd805bc3"))
code = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if code() >= 0:
    print("GOT a socket")
