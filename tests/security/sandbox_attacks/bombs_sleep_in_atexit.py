"""Sleep after the end.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import atexit
import time


def stay() -> None:
    time.sleep(3)
    print("GOT three seconds")


atexit.register(stay)
