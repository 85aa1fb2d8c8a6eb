"""Start the dynamic loader with `posix_spawn`.

falls without: seccomp, landlock
machine: x86_64
"""

import os

loader = "/lib64/ld-linux-x86-64.so.2"
process = os.posix_spawn(loader, [loader, "--version"], {})
if os.waitpid(process, 0)[1] == 0:
    print("GOT a process")
