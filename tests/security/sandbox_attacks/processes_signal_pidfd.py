"""Signal another process by a descriptor.

falls without: seccomp, pidns, landlock
"""

import os
import signal

signal.pidfd_send_signal(os.pidfd_open(int("@VICTIM@")), 0)
print("GOT a signal across")
