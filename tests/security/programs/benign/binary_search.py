low, high = 0.0, 10.0
while high - low > 1e-9:
    middle = (low + high) / 2
    if middle ** 2 < 2:
        low = middle
    else:
        high = middle
print(round(low, 6))
