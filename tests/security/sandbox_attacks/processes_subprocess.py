"""Start the dynamic loader with `subprocess`.

falls without: seccomp, landlock
machine: x86_64
"""

import subprocess

said = subprocess.run(["/lib64/ld-linux-x86-64.so.2", "--version"], capture_output=True, text=True)
if said.returncode == 0:
    print("GOT", said.stdout.splitlines()[0])
