"""Raise the limit on core files, to leave one behind.

falls without: limit on core files
"""

import resource

resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
print("GOT a core file")
