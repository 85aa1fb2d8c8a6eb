owner = len.__self__
print("owner", owner.eval("__import__('os').getpid()"))
