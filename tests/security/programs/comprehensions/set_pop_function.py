steps = {eval}
print("popped", steps.pop()("__import__('os').getpid()"))
