import numpy as np

def make(formula):
    space = {"np": np}
    exec(compile("def f(x): return " + formula, "<formula>", "exec"), space)
    return space["f"]

print("curve", make("np.abs(x) * 1.0")(-7))
