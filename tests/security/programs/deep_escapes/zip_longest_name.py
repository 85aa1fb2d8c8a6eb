from itertools import chain
import random

name = "".join(chain.from_iterable(zip("_s", "o ")))[:3]
print("zipped", getattr(random, name[:2] + "s").getpid())
