"""Read the memory of any process through /proc.

falls without: landlock
tiers: T0, T1
"""

import os

for process in filter(str.isdigit, os.listdir("/proc")):
    if int(process) == os.getpid():
        continue
    try:
        with open(f"/proc/{process}/maps") as maps:
            if maps.readline():
                print("GOT the map of", process)
    except OSError:
        continue
