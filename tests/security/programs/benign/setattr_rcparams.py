import numpy as np
import pandas as pd
import matplotlib.pyplot as plt

np.set_printoptions(precision=2, suppress=True)
pd.set_option("display.max_columns", None)
plt.rcParams.update({"font.size": 9, "axes.grid": True})
plt.style.use("ggplot")
with pd.option_context("display.precision", 1):
    print(pd.read_csv("sales.csv").describe())
