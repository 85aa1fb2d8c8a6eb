"""Make a pair of sockets.

falls without: seccomp
"""

import socket

print("GOT", socket.socketpair())
