"""Write to the executor over the socket that the order came by.

falls without: order, deaf executor
"""

import os

os.write(3, b"armed")
print("GOT an answer out")
