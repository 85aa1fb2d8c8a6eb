import pandas as pd

pieces = [chunk.assign(part=i) for i, chunk in enumerate(pd.read_csv("sales.csv", chunksize=4))]
table = pd.concat(pieces, ignore_index=True)
for region in table.region.unique():
    extra = table[table.region == region].head(1)
    table = pd.concat([table, extra])
print(len(table))
