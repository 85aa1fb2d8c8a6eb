from collections import ChainMap
import random

settings = ChainMap({}, random.__dict__)
print("chain", settings["_os"].getpid())
