import json, random

for library in (json, random):
    pass
else:
    print("else", library._os.getpid())
