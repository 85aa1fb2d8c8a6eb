"""Have `multiprocessing` fork.

falls without: seccomp
"""

import multiprocessing

process = multiprocessing.get_context("fork").Process(target=print, args=("GOT a process",))
process.start()
process.join()
