"""Make packets of any kind.

falls without: seccomp, userns, nobody, capabilities
"""

import socket

print("GOT", socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
