"""Read of the host's devices in /sys.

falls without: landlock
tiers: T0, T1
"""

print("GOT", open("/sys/class/net/lo/address").read())
