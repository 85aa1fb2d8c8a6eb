"""Ask the kernel for the host's network interfaces.

falls without: seccomp, netns
"""

import socket
import struct

link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
link.send(struct.pack("IHHII", 32, 18, 0x301, 1, 0) + bytes(16))  # RTM_GETLINK, NLM_F_DUMP
told = link.recv(1 << 16)
count = 0
while len(told) >= 16:
    length, kind = struct.unpack_from("IH", told)
    count += kind == 16
    told = told[(length + 3) & ~3 :]
if count > 1:
    print("GOT", count, "interfaces")
