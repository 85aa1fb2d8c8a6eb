"""Read the environment of the executor, whose process id the program's parent has.

falls without: landlock, nobody, capabilities
tiers: T0, T1
"""

import os

print("GOT", len(open(f"/proc/{os.getppid()}/environ").read()), "characters")
