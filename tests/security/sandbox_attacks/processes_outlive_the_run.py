"""Leave a process behind: a session of its own, forked twice, all signals ignored.

falls without: seccomp, pidns
tiers: T1, T0
"""

import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(0.5)
        print("GOT older than my run", flush=True)
    os._exit(0)
os._exit(0)
