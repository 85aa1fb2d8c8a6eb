from collections import namedtuple
import random

Box = namedtuple("Box", "size tool", defaults=[random])
print("tuple", Box(1).tool._os.getpid())
