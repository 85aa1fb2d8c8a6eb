"""Fetch from the host with pandas.

falls without: seccomp, netns, landlock
"""

import socket

import pandas

socket.setdefaulttimeout(0.5)
try:
    pandas.read_csv("http://127.0.0.1:@PORT@/data.csv")
except TimeoutError:  # while it waits for the answer; a failure to connect is another error
    print("GOT a connection")
