"""Make and remove a directory on the host.

falls without: landlock, root
"""

import os

os.mkdir("@OPEN@/made")
os.rmdir("@OPEN@/made")
print("GOT a directory outside")
