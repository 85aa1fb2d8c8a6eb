"""Sleep after the end.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import atexit
import time


def stay() -> None:
    time.sleep(1)
    print("GOT a second")


atexit.register(stay)
