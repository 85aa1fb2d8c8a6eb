from collections import deque
from itertools import repeat

deque(repeat(0), maxlen=0)
