"""Leave links to the input, to itself, to directories and out of the box.

ends: EXITED or CONTRACT_VIOLATED
"""

import os

for number, target in enumerate(("staff.csv", "/etc/passwd", "/proc/self/environ", "..", ".", "link-4", "/")):
    os.symlink(target, f"link-{number}")
    os.symlink(target, f"link-{number}.csv")
try:
    os.link("staff.csv", "hard.csv")
except OSError:
    pass
