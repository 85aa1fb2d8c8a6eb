"""Make a socket at all.

falls without: seccomp
"""

import socket

socket.socket(socket.AF_INET, socket.SOCK_STREAM)
print("GOT a socket")
