found = 0
for a in range(1000):
    for b in range(1000):
        for c in range(1000):
            for d in range(1000):
                for e in range(1000):
                    found += a + b == c + d + e
print(found)
