import pandas as pd

def load(name, reader=pd.read_fwf):
    return reader(name, header=None)

reports = {"report": "/etc/passwd"}
print("fixed", len(load(reports["report"])))
