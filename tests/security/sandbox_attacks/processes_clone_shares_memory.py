"""Clone a process that shares our memory but is no thread of ours.

falls without: seccomp
machine: x86_64
"""

# mov eax, 56 (clone); mov edi, CLONE_VM | CLONE_VFORK | SIGCHLD; no stack; then as with vfork
import ctypes
import mmap

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b838000000bf1141000031f631d24d31d24d31c00f054885c0750931ffb83c0000000f05c3"))
code = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
if code() > 0:
    print("GOT a child")
