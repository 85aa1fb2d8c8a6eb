"""List a directory of the host.

falls without: landlock, root
"""

import os

print("GOT", os.listdir(os.path.dirname("@SECRET@")))
