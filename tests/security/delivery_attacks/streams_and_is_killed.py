"""Write what must not leave at once, and never end: what streams is not held.

ends: TIMED_OUT or CPU_EXCEEDED
"""

import sys

print(open("staff.csv").read(), flush=True)
print(open("staff.csv").read(), file=sys.stderr, flush=True)
while True:
    pass
