"""Leave a link to a file of the host.

falls without: seccomp, landlock
"""

import os

os.symlink("/etc/shadow", "link.csv")
print("GOT a link")
