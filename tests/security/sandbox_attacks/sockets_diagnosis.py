"""Ask the kernel which sockets listen on the host.

falls without: seccomp, netns
"""

import socket
import struct

link = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 4)  # NETLINK_SOCK_DIAG
request = struct.pack("BBBBI", socket.AF_INET, 6, 0, 0, 1 << 10) + bytes(48)
link.send(struct.pack("IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
link.settimeout(2)
told = b""
while True:
    part = link.recv(1 << 16)
    told += part
    if struct.unpack_from("H", part, 4)[0] == 3:  # NLMSG_DONE
        break
    if struct.pack("!H", int("@PORT@")) in part:
        print("GOT the port that listens")
        break
