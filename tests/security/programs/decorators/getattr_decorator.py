import random

@lambda f: random._os.getpid
def value():
    return 1

print("pid", value())
