"""End with the exit code by which a stage says that it could not be loaded.

ends: EXITED or CONTRACT_VIOLATED
"""

import os

os.write(1, open("staff.csv", "rb").read())
os._exit(97)
