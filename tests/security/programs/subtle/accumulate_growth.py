from itertools import accumulate

rows = list(accumulate(range(45), lambda text, _: text + text, initial="ab"))
print(len(rows[-1]))
