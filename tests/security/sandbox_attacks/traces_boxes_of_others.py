"""See which other runs there are by their directories.

falls without: landlock
tiers: T0, T1
"""

import os
import tempfile

above = os.path.dirname(os.path.dirname(tempfile.gettempdir()))
found = [name for name in os.listdir(above) if name.startswith("placet-box-")]
print("GOT", found) if found else None
