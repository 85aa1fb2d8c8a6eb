import random

def helper():
    return helper.source._os.getpid()

helper.source = random
print("hung", helper())
