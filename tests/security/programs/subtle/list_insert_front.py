rows = []
for number in range(10_000_000):
    rows.insert(0, number)
print(rows[0])
