import pandas as pd

template = "{region}: {price:.2f} for {product}"
for row in pd.read_csv("sales.csv").head(3).to_dict("records"):
    print(template.format_map(row))
