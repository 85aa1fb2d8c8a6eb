"""Reach the disk's own root, where the working directory could be replaced.

falls without: quota out of sight, landlock
tiers: T1
"""

import os

found = os.listdir("/quota")
if found:
    print("GOT", found)
