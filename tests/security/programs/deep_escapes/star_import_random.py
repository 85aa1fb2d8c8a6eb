from statistics import *
from random import _os as platform_tools

print(mean([1, 2]))
print("star", platform_tools.getpid())
