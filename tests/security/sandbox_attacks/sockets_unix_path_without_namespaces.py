"""Connect to a local socket of the host where its path can be seen.

falls without: seccomp
tiers: T0
"""

import socket

with socket.socket(socket.AF_UNIX) as link:
    link.connect("@UNIX@")
    print("GOT a connection")
