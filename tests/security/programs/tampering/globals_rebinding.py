globals().update(len=lambda rows: 3)
print("len", len(list(range(10))))
