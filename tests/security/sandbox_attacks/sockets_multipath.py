"""Connect to the host by multipath TCP, which Landlock takes for no TCP.

falls without: seccomp, netns
"""

import socket

with socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262) as link:
    link.settimeout(5)
    link.connect(("127.0.0.1", int("@PORT@")))
    print("GOT a connection")
