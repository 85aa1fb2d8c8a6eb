import random

class Counter(type):
    def __call__(cls, *args):
        return random._os.getpid()

class Item(metaclass=Counter):
    pass

print("meta", Item())
