import random

random.seed(1)
rolls = 0
while True:
    rolls += 1
    if random.randint(1, 6) == 6:
        break
print(rolls)
