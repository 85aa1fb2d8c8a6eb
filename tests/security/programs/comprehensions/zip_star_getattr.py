import random

owners, names = [random], ["_os"]
doors = [getattr(o, n) for o, n in zip(owners, names)]
print("zipped", doors[0].getpid())
