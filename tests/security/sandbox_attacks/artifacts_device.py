"""Leave a disk of the host as a device.

falls without: nothing: only root of the host makes devices
"""

import os

os.mknod("device", 0o60666, os.makedev(254, 0))
print("GOT a device")
