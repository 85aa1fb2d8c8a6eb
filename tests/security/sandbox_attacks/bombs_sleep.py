"""Sleep longer than the run may last.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import time

time.sleep(3)
print("GOT three seconds")
