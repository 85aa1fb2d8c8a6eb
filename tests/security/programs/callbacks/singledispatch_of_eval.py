from functools import singledispatch

parse = singledispatch(eval)
print("generic", parse("__import__('os').getpid()"))
