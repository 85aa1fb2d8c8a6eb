"""See the processes of the host.

falls without: landlock, root
"""

import os

if "@VICTIM@" in os.listdir("/proc"):
    print("GOT the processes")
