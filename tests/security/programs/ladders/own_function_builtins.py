import pandas as pd

def total(column):
    return sum(column)

print(total(pd.read_csv("sales.csv").quantity))
print("import", total.__builtins__["__import__"])
