"""Make a file on the host.

falls without: landlock, root
"""

import os

with open("@OPEN@/planted", "w") as file:
    file.write("planted")
os.unlink("@OPEN@/planted")
print("GOT a file outside")
