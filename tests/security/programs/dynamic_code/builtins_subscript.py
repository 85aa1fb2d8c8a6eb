import pandas as pd

core = vars(__builtins__)
rule = core["ev" + "al"]
print("evaluated", rule("40 + 2"))
