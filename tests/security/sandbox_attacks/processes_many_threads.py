"""Run more threads than a run may have.

falls without: limit on threads, control group, memory watch
"""

import threading
import time

stop = threading.Event()
threading.stack_size(32768)
try:
    for _ in range(140):
        threading.Thread(target=stop.wait, args=(5,), daemon=True).start()
    time.sleep(0.3)
    print("GOT", threading.active_count(), "threads")
finally:
    stop.set()
