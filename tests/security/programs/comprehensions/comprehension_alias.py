import json, random

print("alias", [m.getpid() for lib in [random] for m in [lib._os]][0])
