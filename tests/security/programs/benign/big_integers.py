import math

print(len(str(2 ** 1000)), len(str(math.factorial(500))), math.comb(100, 50) % 97, pow(7, 10 ** 9, 13))
