"""Open a library's source for writing: the next run would load it.

falls without: landlock, sealed, nobody
"""

import os

os.close(os.open(os.__file__, os.O_WRONLY))
print("GOT", os.__file__)
