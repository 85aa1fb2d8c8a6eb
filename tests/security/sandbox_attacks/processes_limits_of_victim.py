"""Change the limits of another process.

falls without: seccomp, pidns
"""

import resource

old = resource.prlimit(int("@VICTIM@"), resource.RLIMIT_NOFILE)
resource.prlimit(int("@VICTIM@"), resource.RLIMIT_NOFILE, old)
print("GOT the limits of another process")
