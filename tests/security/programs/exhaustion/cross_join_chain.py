import pandas as pd

table = pd.DataFrame({"k": range(1000)})
for _ in range(4):
    table = table.merge(table, how="cross")
print(len(table))
