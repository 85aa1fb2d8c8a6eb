"""Leave a thread that does not end.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import threading
import time


def stay() -> None:
    time.sleep(3)
    print("GOT three seconds")


threading.Thread(target=stay).start()
