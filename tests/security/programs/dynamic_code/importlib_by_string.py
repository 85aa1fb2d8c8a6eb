name = "".join(["s", "y", "s"])
module = __import__(name)
print(module.platform)
