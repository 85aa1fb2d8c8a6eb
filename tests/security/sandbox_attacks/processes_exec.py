"""Become another program: the dynamic loader, which is there for the libraries.

falls without: seccomp, landlock
machine: x86_64
"""

import os

print("a loader that is run without arguments complains with its name", flush=True)
os.dup2(1, 2)
os.execv("/lib64/ld-linux-x86-64.so.2", ["GOT a loader"])
