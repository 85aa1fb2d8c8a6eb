"""Read the streams, to see or take what another wrote.

falls without: nothing: the ends that we hold can only be written
"""

import os

os.set_blocking(1, False)
print("written")
print("GOT", os.read(1, 100))
