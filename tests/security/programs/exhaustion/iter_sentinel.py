for step in iter(int, 1):
    pass
