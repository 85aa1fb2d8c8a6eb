found = []
for a in range(1, 60):
    for b in range(a, 60):
        for c in range(b, 85):
            if a * a + b * b == c * c:
                found.append((a, b, c))
print(len(found))
