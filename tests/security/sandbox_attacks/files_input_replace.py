"""Put another file in an input's place.

falls without: sticky or inputs of others
tiers: T1
as: root
"""

import os

open("mine", "w").close()
os.replace("mine", "given.csv")
print("GOT", os.stat("given.csv").st_size)
