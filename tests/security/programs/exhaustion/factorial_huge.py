import math

print(math.factorial(50_000_000) % 1_000_003)
