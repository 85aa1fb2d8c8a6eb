import random

print(random._𝑜𝑠.getpid())
