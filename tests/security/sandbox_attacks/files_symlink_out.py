"""Plant a symbolic link on the host.

falls without: seccomp, landlock, root
"""

import os

os.symlink("/etc/passwd", "@OPEN@/link")
os.unlink("@OPEN@/link")
print("GOT a link outside")
