from collections import deque
import random

letters = deque("s_o")
letters.rotate(2)
name = "".join(letters)
print("turned", getattr(random, name).getpid())
