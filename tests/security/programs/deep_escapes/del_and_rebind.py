import random

mean = sum
del mean
mean = random._os.getpid
print("again", mean())
