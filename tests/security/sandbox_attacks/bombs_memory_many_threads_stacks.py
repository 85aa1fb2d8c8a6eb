"""Take 256 MiB as the stacks of threads.

falls without: limit on data
"""

import threading
import time

threading.stack_size(64 << 20)


def fill(depth: int) -> int:
    if depth:
        return fill(depth - 1) + 1
    time.sleep(0.5)  # all of them at one time
    return 0


for _ in range(4):
    threading.Thread(target=fill, args=(900,)).start()
print("GOT stacks")
