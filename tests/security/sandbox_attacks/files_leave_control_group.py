"""Leave the control group that bounds the run's memory.

falls without: landlock, nobody
tiers: T0, T1
"""

import os

for group in ("/sys/fs/cgroup/memory", "/sys/fs/cgroup"):
    try:
        with open(f"{group}/cgroup.procs", "w") as file:
            file.write(str(os.getpid()))
    except OSError as error:
        print(error)
    else:
        print("GOT", group)
