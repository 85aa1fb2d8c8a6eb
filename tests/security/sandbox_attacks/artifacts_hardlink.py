"""Leave a second name of a file that is not ours.

falls without: nothing: the libraries lie on another mount
"""

import os

os.link(os.__file__, "hard.py")
print("GOT a link")
