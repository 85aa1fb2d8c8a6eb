import random

class Item:
    def __repr__(self):
        return "shown %d" % random._os.getpid()

print([Item()])
