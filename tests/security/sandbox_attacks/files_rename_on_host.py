"""Rename a directory of the host that belongs to root.

falls without: landlock, nobody
tiers: T0, T1
"""

import os

place = os.path.dirname("@OPEN@")
os.rename(place + "/open", place + "/gone")
os.rename(place + "/gone", place + "/open")
print("GOT a directory renamed")
