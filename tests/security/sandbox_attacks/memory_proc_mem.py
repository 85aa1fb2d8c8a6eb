"""Read the memory of another process through /proc.

falls without: landlock
tiers: T0, T1
"""

with open("/proc/@VICTIM@/maps") as maps:
    address = int(maps.readline().split("-")[0], 16)
with open("/proc/@VICTIM@/mem", "rb") as memory:
    memory.seek(address)
    print("GOT", memory.read(4))
