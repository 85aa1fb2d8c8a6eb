"""Open a port.

falls without: seccomp, landlock
"""

import socket

with socket.socket() as link:
    link.bind(("0.0.0.0", 0))
    link.listen()
    print("GOT", link.getsockname())
