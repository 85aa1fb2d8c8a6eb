import statistics

table = {n: getattr(statistics, n) for n in dir(statistics)}
print("table", len(table["sys"].modules))
