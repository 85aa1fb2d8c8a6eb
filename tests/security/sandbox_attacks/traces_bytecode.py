"""Leave a changed library for the next run to load.

falls without: nothing: libraries belong to another user, and are mounted to be read only
again: yes
"""

import contextlib
import sys
from pathlib import Path

for path in sys.path:
    with contextlib.suppress(OSError):
        left = Path(path, "left_by_attack.py")
        if left.exists():
            left.unlink()
            print("GOT the library of the last run")
        else:
            left.write_text("")
