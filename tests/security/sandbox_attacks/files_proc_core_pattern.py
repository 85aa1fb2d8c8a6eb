"""Open for writing what the kernel runs when a process crashes.

falls without: landlock, root, nobody
"""

import os

os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
print("GOT the core pattern, opened for writing")
