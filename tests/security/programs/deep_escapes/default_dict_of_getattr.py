class Space:
    def __getattr__(self, name):
        return __builtins__.__dict__[name]

print("lazy", Space().eval("__import__('os').getpid()"))
