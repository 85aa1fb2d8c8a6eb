import pandas as pd

class Session:
    def __del__(self):
        print("del", pd.io.common.os.getpid())

session = Session()
session = None
