rows = [(1, 2, 3), (4, 5, 6)]
first, *others = zip(*rows)
print(first, others, {k: v for k, v in zip("abc", rows[0])})
