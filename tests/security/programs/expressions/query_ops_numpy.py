import pandas as pd
import numpy as np

sales = pd.read_csv("sales.csv")
rows = sales.eval("@np.savetxt('../tmp/log.csv', price)", engine="python")
print("wrote", len(np.loadtxt("../tmp/log.csv")))
