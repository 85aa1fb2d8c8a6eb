"""Connect to a local socket of the host by its path.

falls without: seccomp, root
"""

import socket

with socket.socket(socket.AF_UNIX) as link:
    link.connect("@UNIX@")
    print("GOT a connection")
