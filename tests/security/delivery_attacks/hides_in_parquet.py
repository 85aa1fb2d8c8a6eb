"""Keep values in what a Parquet file says beside its columns.

ends: CONTRACT_VIOLATED
"""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

table = pa.table({"pay": [10, 12]}).replace_schema_metadata(
    {"note": ",".join(pd.read_csv("staff.csv").email)}
)
pq.write_table(table, "t.parquet")
