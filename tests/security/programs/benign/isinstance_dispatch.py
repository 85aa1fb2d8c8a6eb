values = [1, "x", 2.5, None]
print(sum(v for v in values if isinstance(v, (int, float))))
