import io
import numpy as np

rows = np.genfromtxt(io.StringIO("2*21\n3*5"), converters={0: lambda cell: float(eval(cell))})
print("column", rows.astype(int))
