"""Change the mode of somebody's files on the host, without opening them.

falls without: seccomp
tiers: T0, T1
"""

import os

for name in ("nobodys", "users"):
    try:
        os.chmod(f"@OPEN@/{name}", 0o666)
    except OSError as error:
        print(error)
    else:
        print("GOT a mode changed")
