"""Leave by an open directory above the working directory.

falls without: landlock, root
"""

import os

os.fchdir(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
print("GOT", open("@SECRET@".lstrip("/")).read())
