import random

def prepare():
    global tool
    tool = random._os

[prepare() for _ in range(1)]
print("global", tool.getpid())
