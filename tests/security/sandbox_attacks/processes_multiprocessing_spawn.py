"""Have `multiprocessing` start an interpreter.

falls without: seccomp, landlock
tiers: T0, T1
"""

import multiprocessing.util
import os
import sys

# what its context "spawn" begins with
reading, writing = os.pipe()
path = os.fsencode(getattr(sys, "_base_executable", sys.executable))
process = multiprocessing.util.spawnv_passfds(path, [path, b"-I", b"-S", b"-c", b"print('GOT')"], [1, 2])
os.waitpid(process, 0)
