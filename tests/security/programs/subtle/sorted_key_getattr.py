from functools import partial
import random

look = partial(getattr, random)
print("min", min(map(look, ["_os"]), key=id).getpid())
