import random

doors = sorted(n for n in dir(random) if len(n) == 3 and n.startswith("_"))
print("chosen", getattr(random, doors[0]).getpid())
