"""Leave a mark for the next run in the times of a device of the host.

falls without: sealed devices
"""

import os

for device in ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"):
    try:
        os.utime(device)
    except OSError as error:
        print(error)
    else:
        print("GOT the times of", device)
