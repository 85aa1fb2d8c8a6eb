import random

def outer():
    tool = 1
    def change():
        nonlocal tool
        tool = random._os
    change()
    return tool

print("rebound", outer().getpid())
