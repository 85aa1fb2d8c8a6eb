from collections import defaultdict
import statistics

store = defaultdict(lambda: statistics.sys.getrecursionlimit())
print("factory", store["x"])
