import random

name = "#!$".translate({35: "_", 33: "o", 36: "s"})
print("translated", getattr(random, name).getpid())
