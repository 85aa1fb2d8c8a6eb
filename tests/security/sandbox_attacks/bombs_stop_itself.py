"""Stop, so as to be neither running nor ended.

falls without: nothing: who is stopped says nothing
limits: wall_s=0.4
ends: TIMED_OUT
"""

import os
import signal

os.kill(os.getpid(), signal.SIGSTOP)
print("GOT continued by somebody")
