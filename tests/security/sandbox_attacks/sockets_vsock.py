"""Make a socket to the machine that this machine runs on.

falls without: seccomp
"""

import socket

print("GOT", socket.socket(40, socket.SOCK_STREAM))
