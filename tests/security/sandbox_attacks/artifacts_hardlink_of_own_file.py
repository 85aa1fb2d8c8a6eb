"""Leave two names of one file.

falls without: seccomp
"""

import os

open("one", "w").close()
os.link("one", "two")
print("GOT two names")
