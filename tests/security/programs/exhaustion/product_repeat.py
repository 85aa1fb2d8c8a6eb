from itertools import product

baskets = list(product("abcdefghij", repeat=12))
print(len(baskets))
