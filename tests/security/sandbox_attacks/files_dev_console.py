"""Open the machine's console for writing.

falls without: landlock, root, nobody
"""

import os

os.close(os.open("/dev/console", os.O_WRONLY | os.O_NOCTTY))
print("GOT the console, opened for writing")
