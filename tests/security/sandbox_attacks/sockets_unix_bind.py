"""Listen at a path in the working directory.

falls without: seccomp, landlock
"""

import socket

with socket.socket(socket.AF_UNIX) as link:
    link.bind("listening")
    link.listen()
    print("GOT a socket that listens")
