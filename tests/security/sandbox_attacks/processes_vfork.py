"""Fork with vfork, in machine code, as the child lives on its parent's stack.

falls without: seccomp
machine: x86_64
"""

# mov eax, 58 (vfork); syscall; test rax, rax; jne end; xor edi, edi; mov eax, 60 (exit); syscall; end: ret
import ctypes
import mmap

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b83a0000000f054885c0750931ffb83c0000000f05c3"))
code = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if code() > 0:
    print("GOT a child")
