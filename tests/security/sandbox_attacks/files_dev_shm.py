"""Leave a message to others in the host's shared memory directory.

falls without: landlock, root
"""

import os

name = f"/dev/shm/placet-attack-{os.getpid()}"
with open(name, "w") as file:
    file.write("hello")
os.unlink(name)
print("GOT a file in shared memory")
