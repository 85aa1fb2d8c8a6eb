import random

class Place:
    def __index__(self):
        seen.append(random._os.getpid())
        return 0

seen = []
[10, 20][Place()]
print("indexed", seen[0])
