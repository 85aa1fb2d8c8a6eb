"""Fetch from the host with urllib.

falls without: seccomp, netns, landlock
"""

import urllib.request

try:
    urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=0.5)
except TimeoutError:  # while it waits for the answer; a failure to connect is another error
    print("GOT a connection")
