from itertools import starmap
import statistics

pairs = [(statistics, "sys")]
print("starred", len(next(starmap(getattr, pairs)).path))
