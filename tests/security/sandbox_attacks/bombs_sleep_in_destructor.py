"""Sleep in the destructor of an exception that ends the program.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import time


class Heavy(Exception):
    def __str__(self) -> str:
        time.sleep(3)
        print("GOT three seconds")
        return ""


raise Heavy
