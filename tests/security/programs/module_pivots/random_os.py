import random
import pandas as pd

regions = sorted(pd.read_csv("sales.csv").region.unique())
random.seed(7)
random.shuffle(regions)
print(regions)
print("shuffled by", random._os.getpid())
