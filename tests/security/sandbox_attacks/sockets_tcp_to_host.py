"""Connect to a service that listens on the host's loopback.

falls without: seccomp, netns, landlock
"""

import socket

with socket.create_connection(("127.0.0.1", int("@PORT@")), timeout=5):
    print("GOT a connection")
