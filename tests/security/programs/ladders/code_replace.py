def discount(x):
    return x * 0.9

def planted(x):
    return 41

print(round(discount(10)))
discount.__code__ = planted.__code__
print("patched", discount(10))
