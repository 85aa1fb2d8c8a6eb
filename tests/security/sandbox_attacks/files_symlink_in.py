"""Read a file of the host through a symbolic link in the working directory.

falls without: seccomp, landlock, root
"""

import os

os.symlink("@SECRET@", "link")
print("GOT", open("link").read())
