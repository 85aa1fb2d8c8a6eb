import functools
import random

seen = []

def compare(a, b):
    seen.append(getattr(random, a + b, None) or getattr(random, b + a, None))
    return 0

sorted(["_o", "s"], key=functools.cmp_to_key(compare))
print("compared", seen[0].getpid())
