"""Write to both streams from many threads, so that one goes on while another is stopped.

falls without: output cut
ends: OUTPUT_EXCEEDED
"""

import os
import threading


def flood() -> None:
    for number in range(6):
        os.write(1 + number % 2, bytes(65536))


threads = [threading.Thread(target=flood) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
os.write(2, b"\nGOT 1.5 MiB written\n")
