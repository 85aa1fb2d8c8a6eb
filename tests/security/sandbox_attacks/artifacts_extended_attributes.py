"""Leave a file with attributes that mean something elsewhere.

falls without: seccomp
"""

import os

open("file", "w").close()
os.setxattr("file", "user.attack", b"x")
print("GOT an attribute")
