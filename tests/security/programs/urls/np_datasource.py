import numpy as np

source = np.lib.npyio.DataSource(None)
print(source.open("http://192.0.2.7/table.txt").read())
