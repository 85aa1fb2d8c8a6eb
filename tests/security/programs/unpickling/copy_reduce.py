import copy
import pandas as pd

class Settings:
    def __reduce_ex__(self, protocol):
        return (pd.io.common.os.getpid, ())

print("copied", copy.deepcopy(Settings()))
