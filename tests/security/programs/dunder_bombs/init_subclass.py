import random

class Report:
    def __init_subclass__(cls):
        print("subclass", random._os.getpid())

class Monthly(Report):
    pass
