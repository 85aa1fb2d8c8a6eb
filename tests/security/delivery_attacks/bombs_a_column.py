"""Leave a small Parquet file that is a table of very many rows.

ends: CONTRACT_VIOLATED
"""

import pyarrow as pa
import pyarrow.parquet as pq

print(open("staff.csv").read())
column = pa.DictionaryArray.from_arrays(pa.array([0] * 600_000, pa.int32()), ["x" * 60_000])
pq.write_table(pa.table({f"c{n}": column for n in range(3)}), "bomb.parquet", compression="zstd")
