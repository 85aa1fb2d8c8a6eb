import pandas as pd

found = []

def note(group):
    found.append(group.__class__.__init__.__globals__["sys"].maxsize)
    return len(group)

sizes = pd.read_csv("sales.csv").groupby("region").apply(note)
print(sizes.sum(), found[0] % 1000)
