total = 1
while total > 0:
    total += 1
