"""Write to the executor over the socket that the order came by.

falls without: order
"""

import os

os.write(3, b"armed")
print("GOT an answer out")
