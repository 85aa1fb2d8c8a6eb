line = "-" * (1 << 36)
print(len(line))
