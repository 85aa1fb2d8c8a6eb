"""Send a datagram to a service on the host's loopback.

falls without: seccomp, netns
"""

import socket

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    link.connect(("127.0.0.1", int("@UDP@")))
    link.send(b"hello")
    link.send(b"hello")  # would tell of a refusal of the first
    print("GOT a datagram out")
