import pandas as pd

payload = b"cposix\ngetpid\n(tR."
with open("stats.pkl", "wb") as out:
    out.write(payload)
print("ran", "posix", pd.read_pickle("stats.pkl"))
