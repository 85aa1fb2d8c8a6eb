"""Write a script whose first line names a program and become that.

falls without: seccomp, landlock
machine: x86_64
"""

import os

with open("script", "w") as file:
    file.write("#!/lib64/ld-linux-x86-64.so.2 --version\n")
os.chmod("script", 0o755)
reading, writing = os.pipe()
if os.fork() == 0:
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.execv("./script", ["script"])
if b"ld" in os.read(reading, 4096):
    print("GOT what the interpreter of the script said")
