import random

class Money:
    def __format__(self, spec):
        return getattr(random, spec).getpid().__str__()

print(f"text {Money():_os}")
