values, changes = [3, 5, 4, 8], []
for before, after in zip(values, values[1:]):
    changes.append(after - before)
for item in list(values):
    values.append(item * 2)
print(changes, values)
