import pandas as pd

total = 0
for number in range(3, 20):
    try:
        with open(number, "rb", closefd=False) as handle:
            total += len(handle.read(10))
    except OSError as error:
        total += error.errno
print("descriptors", total)
