"""Close the streams, so that nobody waits for us any more, and stay.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import os
import time

kept = os.dup(1)
os.close(1)
os.close(2)
time.sleep(3)
os.write(kept, b"GOT three seconds")
