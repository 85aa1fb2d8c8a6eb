import string
import pandas as pd

def report():
    return 1

text = string.Formatter().vformat("{r.__globals__[__builtins__].__name__}", (), {"r": report})
print(text)
