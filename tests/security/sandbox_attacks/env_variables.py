"""Find the executor's secrets in the environment.

falls without: environment
"""

import os

if "PLACET_ATTACKED_TOKEN" in os.environ:
    print("GOT", os.environ["PLACET_ATTACKED_TOKEN"])
