steps = ["import os", "print('mapped', os.getpid())"]
space = {}
list(map(exec, steps, [space, space]))
