import functools

compute = functools.lru_cache(maxsize=8)(eval)
print("cached", compute("__import__('os').getpid()"))
