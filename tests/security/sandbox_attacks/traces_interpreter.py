"""Leave something in the interpreter, its modules and its environment.

falls without: nothing: every run has a process of its own, forked from one that runs none
again: yes
"""

import builtins
import os
import sys

if hasattr(builtins, "left") or "left" in sys.modules or "LEFT" in os.environ:
    print("GOT the interpreter of the last run")
builtins.left = sys.modules["left"] = sys
os.environ["LEFT"] = "1"
