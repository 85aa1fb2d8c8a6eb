name = "__GLOBALS__".swapcase()

def f():
    return 0

print("cased", len(getattr(f, name)))
