from functools import total_ordering
import random

@total_ordering
class Region:
    def __init__(self, name):
        self.name = name

    def __lt__(self, other):
        seen.append(random._os.getpid())
        return self.name < other.name

    def __eq__(self, other):
        return False

seen = []
sorted([Region("b"), Region("a")])
print("ordered", seen[0])
