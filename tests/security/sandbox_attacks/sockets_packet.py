"""Read every packet of the network.

falls without: seccomp, userns, nobody, capabilities
"""

import socket

print("GOT", socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
