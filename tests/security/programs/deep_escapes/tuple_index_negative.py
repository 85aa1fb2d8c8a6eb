import json, random

tools = (json, 1, "x", random)
print("last", tools[1:][-1]._os.getpid())
