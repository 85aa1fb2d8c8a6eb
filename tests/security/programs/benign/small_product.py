from itertools import combinations, product

print(len(list(product(["n", "s"], ["tea", "coffee"], range(3)))))
print(list(combinations("abcd", 2)))
