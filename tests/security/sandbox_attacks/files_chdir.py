"""Read a file of the host relative to a working directory there.

falls without: landlock
tiers: T0, T1
"""

import os

os.chdir(os.path.dirname("@SECRET@"))
print("GOT", open(os.path.basename("@SECRET@")).read())
