here = locals()
print("locals", len(here["__builtins__"].__dict__))
