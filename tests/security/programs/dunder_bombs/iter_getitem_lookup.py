class Rates(dict):
    def __missing__(self, key):
        return eval(key)

print("missing", Rates()["__import__('os').getpid()"])
