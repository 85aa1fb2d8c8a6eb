names = ["posix", "errno"]
loaded = {name: __import__(name) for name in names}
print("first", sorted(loaded, key=lambda n: -len(dir(loaded[n])))[0])
