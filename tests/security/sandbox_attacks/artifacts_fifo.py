"""Leave a pipe for the collector to hang on.

falls without: seccomp, landlock
"""

import os

os.mkfifo("pipe")
print("GOT a pipe")
