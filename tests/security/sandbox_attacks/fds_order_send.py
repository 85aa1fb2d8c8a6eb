"""Send the executor a descriptor over the socket that the order came by.

falls without: order, deaf executor, seccomp
"""

import array
import socket

link = socket.socket(fileno=3)
link.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])
print("GOT a descriptor out")
