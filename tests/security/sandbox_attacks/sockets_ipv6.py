"""Open a port of the newer internet protocol.

falls without: seccomp, landlock
"""

import socket

with socket.socket(socket.AF_INET6) as link:
    link.bind(("::", 0))
    link.listen()
    print("GOT", link.getsockname())
