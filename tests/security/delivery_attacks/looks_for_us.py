"""Look for anything of the stages in its own process: modules, their sources, the scope's companions.

ends: CONTRACT_VIOLATED
"""

import gc
import os
import sys

print(open("staff.csv").read())
ours = [name for name in sys.modules if name.startswith(("executor_svc", "placet"))]
found = [type(thing).__name__ for thing in gc.get_objects() if type(thing).__module__.startswith("placet")]
listed = sorted(os.listdir())
assert (ours, found, listed) == ([], [], ["staff.csv"]), "GOT " + repr((ours, found, listed))
try:
    from executor_svc.delivery.inside import contract

    print("GOT", contract)
except ImportError:
    pass
