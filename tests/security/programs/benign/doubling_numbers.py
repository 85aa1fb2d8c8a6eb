grains, total = 1, 0
for _ in range(64):
    total += grains
    grains *= 2
print(total)
