import pandas as pd

print(pd.read_parquet("s3://warehouse/sales.parquet"))
