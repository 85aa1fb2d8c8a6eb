"""Write a program and become it through a descriptor.

falls without: seccomp, landlock
machine: x86_64
"""

import os
import struct


def binary() -> bytes:
    """A program that says what it has got."""
    text = b"GOT a program of our own\n"
    # mov eax, 1 (write); mov edi, eax; lea rsi, [rip + 16]; mov edx, LENGTH
    code = bytes.fromhex("b80100000089c7488d3510000000ba") + struct.pack("I", len(text))
    # syscall; mov eax, 60 (exit); xor edi, edi; syscall
    code += bytes.fromhex("0f05b83c00000031ff0f05") + text
    size, start = 120 + len(code), 0x400000
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 4096) + code


with open("binary", "wb") as file:
    file.write(binary())
os.chmod("binary", 0o755)
os.execve(os.open("binary", os.O_RDONLY), ["binary"], {})
