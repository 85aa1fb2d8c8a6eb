"""Remove an input.

falls without: sticky or inputs of others
tiers: T1
as: root
"""

import os

os.unlink("given.csv")
print("GOT an input away")
