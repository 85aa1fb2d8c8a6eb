import random

print("small", getattr(random, min({"zebra", "_os", "tea"})).getpid())
