import json, random

a, b = json, random
a, b = b, a
print("swapped", a._os.getpid())
