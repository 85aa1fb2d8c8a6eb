import random

(head, *rest), tail = (1, 2, random), 3
print("unpacked", rest[-1]._os.getpid())
